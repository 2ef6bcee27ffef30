"""A signature file of schema 2, every entry checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...ct import PHASES, ContrastPhase
from ...errors import BadInput
from ...measures.radiomics import ExtractionSettings
from ...measures.radiomics.names import image_type_of, is_feature_name, log_sigma_of, near
from ...vois import IN_FILES, VOI
from .. import evidence_block, outcome
from ..entries import entries_of
from ..model import (
    RADIOMICS,
    Criterion,
    CriterionKind,
    Kind,
    Limits,
    Normalisation,
    NormalisationOrigin,
    Signature,
    Term,
    VoiSource,
)
from ..predictors import Predictor
from ..reader import Reader
from . import evidence, nomogram, predictors, protocol, schema1

SCHEMA = "ptlf-signature/2"


def read(data: Any) -> Signature:
    """A `Signature` from a file's JSON.

    Raises
    ------
    BadInput
        Where the file breaks the contract; the sentence names the entry.
    """
    schema = Reader(data).data.get("schema")
    if schema == schema1.SCHEMA:
        converted = schema1.upgrade(data)
        try:
            return replace(_read(converted.data), upgraded=converted.became)
        except BadInput as error:
            raise BadInput(schema1.in_its_names(error.message)) from error
    if schema != SCHEMA:
        raise BadInput(f"'schema' must be '{SCHEMA}', or '{schema1.SCHEMA}' of older files, not {schema!r}.")
    return _read(data)


def _read(data: Mapping[str, Any]) -> Signature:
    root = Reader(data)
    kind = Kind(root.choice("kind", tuple(Kind)))
    about = root.sub("outcome")
    about.text("title", default="")
    notes, beside = _notes(root)
    ranges = _ranges(root.sub("development_ranges"))
    known = predictors.read(root, ranges, beside)
    model = outcome.read(about, known)
    terms = _terms(root)
    extraction = ExtractionSettings.from_dict(root.mapping("extraction"))
    _check_extraction_covers(terms, extraction)
    block = evidence.read(root.sub("evidence"), known) if root.has("evidence") else None
    problem = evidence_block.problem(data, block)
    proven = None if problem else block
    input_entry = root.sub("input")
    taken = protocol.read(input_entry, proven)
    _check_phases(terms, taken.phases)
    normalisation = _normalisation(root, terms)
    if normalisation is not None and normalisation.origin is NormalisationOrigin.DEMO and kind is not Kind.DEMO:
        raise BadInput("'normalisation.origin' is 'demo': the signature's 'kind' must be 'demo' too.")
    _check_names(ranges, known, beside)
    return Signature(
        id=root.text("id", pattern=r"[a-z0-9][a-z0-9._-]*"),
        version=root.text("version"),
        title=root.text("title"),
        kind=Kind.DEMO if block is not None and block.synthetic else kind,
        citation=root.sub("citation").text("text"),
        outcome=about.text("name"),
        horizon=about.text("horizon"),
        population=root.text("population"),
        protocol=taken,
        voi_source=VoiSource(root.choice("voi_source", tuple(VoiSource))),
        extraction=extraction,
        radscore_intercept=root.number("radscore_intercept"),
        terms=terms,
        normalisation=normalisation,
        predictors=known,
        risk_model=model,
        nomogram=nomogram.read(root.sub("nomogram"), known, model),
        development_ranges=ranges,
        development_origin=root.sub("development_ranges").text("origin", default=""),
        eligibility=_criteria(root),
        limits=_limits(root),
        notes=notes,
        missing=root.texts("missing"),
        data=data,
        evidence=proven,
        evidence_problem=problem,
    )


def _terms(root: Reader) -> tuple[Term, ...]:
    found: dict[tuple[VOI, str], Term] = {}
    for entry in root.children("terms", at_least=1):
        term = _term(entry)
        if term.key in found:
            raise BadInput(f"'terms' names {term.voi.in_files} {term.feature} twice.")
        found[term.key] = term
    return tuple(found.values())


def _term(entry: Reader) -> Term:
    feature = entry.text("feature")
    if not is_feature_name(feature):
        raise BadInput(
            f"{entry.where('feature')} is '{feature}', which is no feature that can be computed.{near(feature)}"
        )
    return Term(
        voi=VOI.of_file(entry.choice("voi", IN_FILES)),
        feature=feature,
        coefficient=entry.number("coefficient"),
        short=entry.text("short", default=feature),
        measures=entry.text("measures", default=""),
        cannot_vary=entry.text("cannot_vary", default=""),
        measure=entry.choice("measure", (RADIOMICS,)),
        phase=_phase(entry),
    )


def _phase(entry: Reader) -> ContrastPhase | None:
    """Of a term's CT; null, which must stand there, for any that is taken."""
    if "phase" in entry.data and entry.data["phase"] is None:
        return None
    return ContrastPhase(entry.choice("phase", PHASES))


def _check_phases(terms: Sequence[Term], taken: Sequence[ContrastPhase]) -> None:
    for index, term in enumerate(terms):
        if term.phase not in (None, *taken):
            raise BadInput(f"'terms[{index}].phase' is '{term.phase}'; it must be one of {', '.join(taken)}.")


def _check_extraction_covers(terms: Sequence[Term], extraction: ExtractionSettings) -> None:
    for term in terms:
        image_type = image_type_of(term.feature)
        if image_type not in extraction.image_types:
            raise BadInput(f"'terms' uses {term.feature}, but 'extraction' has no image type {image_type}.")
        sigma = log_sigma_of(term.feature)
        if sigma is not None and sigma not in extraction.image_types["LoG"]["sigma"]:
            raise BadInput(f"'terms' uses {term.feature}, but 'extraction' lists no LoG sigma of {sigma} mm.")


def _normalisation(root: Reader, terms: Sequence[Term]) -> Normalisation | None:
    entry = root.optional("normalisation")
    if entry is None:
        return None
    mean, sd, log = {}, {}, {}
    for item in entry.children("values"):
        key = VOI.of_file(item.choice("voi", IN_FILES)), item.text("feature")
        if key in mean:
            raise BadInput(f"'normalisation' names {key[0].in_files} {key[1]} twice.")
        mean[key], sd[key] = item.number("mean"), item.number("sd", above=0)
        if item.has("log_mean") or item.has("log_sd"):
            log[key] = item.number("log_mean"), item.number("log_sd", above=0)
    lacking = [t.feature for t in terms if t.key not in mean]
    if lacking:
        raise BadInput(f"'normalisation' has no mean and SD of {', '.join(lacking)}.")
    origin = NormalisationOrigin(entry.choice("origin", tuple(NormalisationOrigin)))
    of_the_public = None if origin is NormalisationOrigin.PUBLIC else ""
    ranks = {}
    if entry.has("radscore_percentiles"):
        ranks = evidence.percentiles(entry.mapping("radscore_percentiles"), entry.sub("radscore_percentiles"))
    return Normalisation(
        origin=origin,
        n=entry.whole("n", at_least=2),
        how=entry.text("how"),
        mean=mean,
        sd=sd,
        name=entry.text("name", default=of_the_public),
        licence=entry.text("licence", default=of_the_public),
        radscore_percentiles=ranks,
        log=log,
    )


def _ranges(entry: Reader) -> dict[str, tuple[float, float] | None]:
    names = [name for name in entry.data if name not in ("origin", "how")]
    return {name: entry.pair(name) if entry.has(name) else None for name in names}


def _notes(root: Reader) -> tuple[dict[str, str], dict[str, str]]:
    """Notes by id, and those that must stand beside a predictor by its id."""
    notes, beside = {}, {}
    for entry in root.children("notes"):
        _add(notes, entry.text("id"), entry.text("text"))
        if entry.has("predictor"):
            _add(beside, entry.text("predictor"), entry.text("text"))
    return notes, beside


def _add(notes: dict[str, str], name: str, text: str) -> None:
    notes[name] = f"{notes[name]} {text}" if name in notes else text


def _check_names(ranges: Mapping[str, Any], known: Sequence[Predictor], beside: Mapping[str, str]) -> None:
    """Names that nothing is called by would be read past in silence."""
    entries = {entry.id: entry for entry in entries_of(known)}
    names = {one.id for one in known} | set(entries)
    for where, given in (("development_ranges", ranges), ("notes", beside)):
        if strange := sorted(set(given) - names):
            raise BadInput(f"'{where}' has {', '.join(strange)}; the signature has {', '.join(sorted(names))}.")
    for name, bounds in ranges.items():
        if bounds is not None and name in entries and (quantity := entries[name].quantity) is not None:
            low, high = quantity.range
            if not low <= bounds[0] <= bounds[1] <= high:
                raise BadInput(
                    f"'development_ranges.{name}' is {bounds[0]:g} to {bounds[1]:g}; of {entries[name].label} only "
                    f"{quantity.range_words} can be meant."
                )


def _criteria(root: Reader) -> tuple[Criterion, ...]:
    found = tuple(_criterion(item) for item in root.children("eligibility"))
    names = [criterion.id for criterion in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise BadInput(f"'eligibility' has {twice[0]} twice.")
    return found


def _criterion(entry: Reader) -> Criterion:
    return Criterion(entry.text("id"), CriterionKind(entry.choice("kind", tuple(CriterionKind))), entry.text("text"))


def _limits(root: Reader) -> Limits:
    if "limits" not in root.data:
        return Limits()
    entry = root.sub("limits")
    names = tuple(Limits.__dataclass_fields__)
    entry.only((*names, "origin"))
    return replace(Limits(), **{name: entry.number(name, above=0) for name in names if name in entry.data})
