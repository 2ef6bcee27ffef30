"""Signature files: what is in one, read and checked.

A signature is data: features, coefficients, normalisation, risk model, nomogram scale, ranges, and for each of
them whether it was published, derived, read from a figure or fitted.  ``Resources/Signatures/signature.schema.json``
is the same contract for editors and other programs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .. import json_text
from ..ct import Protocol
from ..ct.phase import ARTERIAL, DELAYED, PORTAL_VENOUS, UNENHANCED
from ..errors import BadInput
from ..measures.radiomics import ExtractionSettings
from ..measures.radiomics.names import is_feature_name
from ..vois import IN_FILES, VOI
from . import covariance, limits
from . import evidence as evidence_block
from .covariance import INTERCEPT, Covariance
from .evidence import Evidence
from .limits import Limits
from .reading import Reader

SCHEMA = "ptlf-signature/1"
FOLDER = Path(__file__).resolve().parents[2] / "Resources" / "Signatures"

PREDICTORS = ("ALB", "INR", "Radscore")
"""Predictors of the risk model, in the order of the nomogram and of a covariance matrix after the intercept."""

UNITS = {"ALB": "g/L", "INR": "1", "Radscore": "1"}
"""Units of the predictors, in which their coefficients must be."""

ORIGINS = ("published", "derived", "figure", "fitted")

PHASES = (UNENHANCED, ARTERIAL, PORTAL_VENOUS, DELAYED)


@dataclass(frozen=True)
class Term:
    """One term of the Radscore: ``coefficient * z`` of one feature of one VOI.

    Parameters
    ----------
    voi : VOI
    feature, short : str
        `short` is its name for people.
    coefficient : float
    measures, cannot_vary : str
        What it really measures, and when it cannot vary, in sentences for a radiologist; "" where the file says none.
    """

    voi: VOI
    feature: str
    coefficient: float
    short: str
    measures: str = ""
    cannot_vary: str = ""

    @property
    def key(self) -> tuple[VOI, str]:
        return self.voi, self.feature


@dataclass(frozen=True)
class Normalisation:
    """Mean and SD of each term's feature in the cohort that the coefficients belong to.

    Parameters
    ----------
    origin : {"published", "site", "public", "demo"}
        The training cohort's own numbers, a hospital's own cases, a public cohort's, or synthetic cases.
    n : int
        Number of cases behind the numbers.
    mean, sd : mapping of (voi, feature) to float
        In the features' own units; SD above 0.
    log : mapping of (voi, feature) to (float, float)
        Mean and SD of the natural logarithm of skewed features, on which their distance from the cohort is judged; the
        Radscore itself takes `mean` and `sd`.
    name, licence : str
        Of the public cohort.
    radscore_percentiles : mapping of str to float
        ``{"p5": ..., "p95": ...}`` of the Radscore in these cases, ascending; empty where not known.
    """

    origin: str
    n: int
    how: str
    mean: Mapping[tuple[VOI, str], float]
    sd: Mapping[tuple[VOI, str], float]
    name: str = ""
    licence: str = ""
    radscore_percentiles: Mapping[str, float] = field(default_factory=dict)
    log: Mapping[tuple[VOI, str], tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Prevalence:
    """How frequent the outcome is among the patients that an intercept belongs to.

    Parameters
    ----------
    share : float
        0 to 1.
    of : str
        Who they are, e.g. "the training cohort (36 of 147)".
    intercept : float or None
        What the intercept would be for another prevalence.
    """

    share: float
    of: str
    intercept: float | None = None


@dataclass(frozen=True)
class Intercept:
    """Intercept b0 of the risk model (logit) and where it came from.

    Parameters
    ----------
    range : (float, float) or None
        Of a derived or read value.
    prevalence : Prevalence or None
        What the intercept assumes.
    elsewhere : tuple of Prevalence
        Other prevalences, with the intercept that they would give.
    """

    value: float
    origin: str
    range: tuple[float, float] | None
    how: str
    prevalence: Prevalence | None = None
    elsewhere: tuple[Prevalence, ...] = ()


@dataclass(frozen=True)
class RiskModel:
    """Logistic model ``logit P = intercept + sum of coefficients * predictors`` (ALB in g/L).

    Parameters
    ----------
    intercept : Intercept or None
    coefficients : mapping of str to float
        For `PREDICTORS`.
    covariance : Covariance or None
        Of the intercept and `PREDICTORS`, as the file gives it outside its evidence.
    standard_errors, centres : mapping of str to float
        Printed standard errors of the coefficients, and the development cohort's means that they apply around (a
        coefficient's error moves no risk there); empty where one of them is not known.
    """

    intercept: Intercept | None
    coefficients: Mapping[str, float]
    covariance: Covariance | None
    standard_errors: Mapping[str, float] = field(default_factory=dict)
    centres: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class AxisStyle:
    """How one predictor's axis is drawn; `zero_points_at` is the value that gets 0 points."""

    label: str
    range: tuple[float, float]
    zero_points_at: float
    step: float
    hatched_above: float | None = None
    hatch_note: str = ""


@dataclass(frozen=True)
class Criterion:
    """One line of the eligibility checklist: an inclusion criterion or an exclusion."""

    id: str
    kind: str
    text: str


@dataclass(frozen=True)
class Signature:
    """A signature file in memory.

    Parameters
    ----------
    data : mapping
        The file's own JSON, for records and copies.
    evidence : Evidence or None
        What the numbers were fitted on; None where the file has none, or void evidence.
    evidence_problem : str
        Why there is no evidence, "" where there is.
    """

    id: str
    version: str
    title: str
    kind: str
    citation: str
    outcome: str
    horizon: str
    population: str
    protocol: Protocol
    voi_source: str
    extraction: ExtractionSettings
    radscore_intercept: float
    terms: tuple[Term, ...]
    normalisation: Normalisation | None
    risk_model: RiskModel
    points_per_logit: float
    axes: Mapping[str, AxisStyle]
    development_ranges: Mapping[str, tuple[float, float] | None]
    eligibility: tuple[Criterion, ...]
    limits: Limits
    notes: Mapping[str, str]
    missing: tuple[str, ...]
    data: Mapping[str, Any]
    evidence: Evidence | None = None
    evidence_problem: str = ""

    @property
    def wanted(self) -> dict[VOI, list[str]]:
        """Features to compute, by VOI."""
        return {voi: names for voi in VOI if (names := [t.feature for t in self.terms if t.voi == voi])}

    @property
    def is_demo(self) -> bool:
        return self.kind == "demo"

    @property
    def covariance(self) -> Covariance | None:
        """Of what was estimated by the evidence; else what the file gives by itself."""
        if self.evidence is not None and self.evidence.covariance is not None:
            return self.evidence.covariance
        return self.risk_model.covariance

    def with_data(self, **changes: Any) -> Signature:
        """A copy whose file has other top-level entries; checked like a file."""
        return parse({**self.data, **changes})


def available() -> list[Path]:
    """Signature files that are shipped, by name."""
    return sorted(path for path in FOLDER.glob("*.json") if not path.name.endswith(".schema.json"))


def load(spec: str | Path) -> Signature:
    """Read a signature by the id of a shipped one, or from a file.

    Raises
    ------
    BadInput
        When there is none, or when the file breaks the contract; the sentence names the entry.
    """
    shipped = {path.stem: path for path in available()}
    aliases = {"demo": "ptlf-demo", "published": "ptlf-published"}
    path = shipped.get(aliases.get(str(spec), str(spec)), Path(spec))
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise BadInput(
            f"There is no signature '{spec}'. Shipped are {', '.join(shipped)}; or name a signature file (JSON)."
        ) from error
    try:
        data = json_text.loads(raw)
    except ValueError as error:
        raise BadInput(f"The signature file {Path(path).name} is not JSON: {error}.") from error
    try:
        return parse(data)
    except BadInput as error:
        raise BadInput(f"The signature file {Path(path).name} cannot be used: {error}") from error


def parse(data: Any) -> Signature:
    """A `Signature` from its JSON, every entry checked."""
    root = Reader(data, "")
    if root.data.get("schema") != SCHEMA:
        raise BadInput(f"'schema' must be '{SCHEMA}', not {root.data.get('schema')!r}.")
    kind = root.choice("kind", ("published", "site", "demo"))
    terms = tuple(_term(root.child("terms", i)) for i in range(len(root.sequence("terms", at_least=1))))
    seen: set[tuple[VOI, str]] = set()
    for term in terms:
        if term.key in seen:
            raise BadInput(f"'terms' names {term.voi.in_files} {term.feature} twice.")
        seen.add(term.key)
    extraction = ExtractionSettings.from_dict(root.mapping("extraction"))
    _check_extraction_covers(terms, extraction)
    outcome, nomogram = root.sub("outcome"), root.sub("nomogram")
    outcome.text("title", default="")
    nomogram.choice("origin", ORIGINS, default="")
    normalisation = _normalisation(root, terms)
    if normalisation is not None and normalisation.origin == "demo" and kind != "demo":
        raise BadInput("'normalisation.origin' is 'demo': the signature's 'kind' must be 'demo' too.")
    risk_model = _risk_model(root.sub("risk_model"))
    axes = {name: _axis(nomogram.sub("axes").sub(name)) for name in PREDICTORS}
    for name, axis in axes.items():
        _check_zero(name, axis, risk_model.coefficients[name])
    block = None
    if root.data.get("evidence") is not None:
        block = evidence_block.read(root.sub("evidence"), PHASES)
    problem = evidence_block.problem(root.data, block)
    signature = Signature(
        id=root.text("id", pattern=r"[a-z0-9][a-z0-9._-]*"),
        version=root.text("version"),
        title=root.text("title"),
        kind="demo" if block is not None and block.synthetic else kind,
        citation=root.sub("citation").text("text"),
        outcome=outcome.text("name"),
        horizon=outcome.text("horizon"),
        population=root.text("population"),
        protocol=_protocol(root.sub("input"), None if problem else block),
        voi_source=root.choice("voi_source", ("automatic", "corrected", "manual")),
        extraction=extraction,
        radscore_intercept=root.number("radscore_intercept"),
        terms=terms,
        normalisation=normalisation,
        risk_model=risk_model,
        points_per_logit=nomogram.number("points_per_logit", above=0),
        axes=axes,
        development_ranges=_ranges(root.sub("development_ranges")),
        eligibility=tuple(_criterion(root.child("eligibility", i)) for i in range(len(root.sequence("eligibility")))),
        limits=_limits(root),
        notes=dict(_note(root.child("notes", i)) for i in range(len(root.sequence("notes")))),
        missing=root.texts("missing"),
        data=data,
        evidence=None if problem else block,
        evidence_problem=problem,
    )
    limits.check(signature, FOLDER / "ptlf-published.json")
    return signature


def _term(entry: Reader) -> Term:
    feature = entry.text("feature")
    if not is_feature_name(feature):
        raise BadInput(f"{entry.where('feature')} is '{feature}', which is no feature that can be computed.")
    return Term(
        voi=VOI.of_file(entry.choice("voi", IN_FILES)),
        feature=feature,
        coefficient=entry.number("coefficient"),
        short=entry.text("short", default=feature),
        measures=entry.text("measures", default=""),
        cannot_vary=entry.text("cannot_vary", default=""),
    )


def _check_extraction_covers(terms: Sequence[Term], extraction: ExtractionSettings) -> None:
    from ..measures.radiomics.names import image_type_of, log_sigma_of

    for term in terms:
        image_type = image_type_of(term.feature)
        if image_type not in extraction.image_types:
            raise BadInput(f"'terms' uses {term.feature}, but 'extraction' has no image type {image_type}.")
        sigma = log_sigma_of(term.feature)
        if sigma is not None and sigma not in extraction.image_types["LoG"]["sigma"]:
            raise BadInput(f"'terms' uses {term.feature}, but 'extraction' lists no LoG sigma of {sigma} mm.")


def _protocol(entry: Reader, evidence: Evidence | None) -> Protocol:
    """What `input` takes, and of what it leaves open what the cases of valid evidence had."""
    phases = entry.sequence("phase", at_least=1)
    seen = None if evidence is None else evidence.protocol
    return Protocol(
        phases=tuple(Reader({"phase": phase}, "input").choice("phase", PHASES) for phase in phases),
        slice_thickness_mm=entry.pair("slice_thickness_mm"),
        in_plane_spacing_mm=entry.pair("in_plane_spacing_mm"),
        kvp=limits.voltages(entry, seen),
        kernels=limits.kernels(entry, seen),
        saturated_hu=seen is not None and seen.saturated_hu,
        fractional_hu=seen is not None and seen.fractional_hu,
    )


def _normalisation(root: Reader, terms: Sequence[Term]) -> Normalisation | None:
    if root.data.get("normalisation", "absent") is None:
        return None
    entry = root.sub("normalisation")
    mean, sd, log = {}, {}, {}
    for i in range(len(entry.sequence("values"))):
        item = entry.child("values", i)
        key = VOI.of_file(item.choice("voi", IN_FILES)), item.text("feature")
        if key in mean:
            raise BadInput(f"'normalisation' names {key[0].in_files} {key[1]} twice.")
        mean[key], sd[key] = item.number("mean"), item.number("sd", above=0)
        if any(item.data.get(name) is not None for name in ("log_mean", "log_sd")):
            log[key] = item.number("log_mean"), item.number("log_sd", above=0)
    lacking = [t.feature for t in terms if t.key not in mean]
    if lacking:
        raise BadInput(f"'normalisation' has no mean and SD of {', '.join(lacking)}.")
    origin = entry.choice("origin", ("published", "site", "public", "demo"))
    public, ranks = origin == "public", {}
    if entry.data.get("radscore_percentiles") is not None:
        ranks = evidence_block.percentiles(entry.mapping("radscore_percentiles"), entry.sub("radscore_percentiles"))
    return Normalisation(
        origin=origin,
        n=int(entry.number("n", above=1)),
        how=entry.text("how"),
        mean=mean,
        sd=sd,
        name=entry.text("name", default=None if public else ""),
        licence=entry.text("licence", default=None if public else ""),
        radscore_percentiles=ranks,
        log=log,
    )


def _risk_model(entry: Reader) -> RiskModel:
    intercept = _intercept(entry.sub("intercept")) if entry.data.get("intercept", "absent") is not None else None
    coefficients = entry.sub("coefficients")
    coefficients.only(PREDICTORS)
    errors, centres = {}, {}
    for name, unit in UNITS.items():
        item = coefficients.sub(name)
        item.choice("origin", ORIGINS, default="")
        item.choice("unit", (unit,), default=unit)
        if item.data.get("odds_ratio") is not None and "ci95" in item.mapping("odds_ratio"):
            errors[name] = _standard_error(item.sub("odds_ratio"))
        if item.data.get("development_mean") is not None:
            centres[name] = item.sub("development_mean").number("value")
    matrix = None
    if entry.data.get("covariance") is not None:
        matrix = covariance.read(entry.sub("covariance"), [INTERCEPT, *PREDICTORS])
    known = len(errors) == len(centres) == len(PREDICTORS)
    return RiskModel(
        intercept=intercept,
        coefficients={name: coefficients.sub(name).number("value") for name in PREDICTORS},
        covariance=matrix,
        standard_errors=errors if known else {},
        centres=centres if known else {},
    )


def _intercept(entry: Reader) -> Intercept:
    bounds = entry.pair("range") if entry.data.get("range") is not None else None
    prevalence, elsewhere = None, ()
    if entry.data.get("prevalence") is not None:
        item = entry.sub("prevalence")
        prevalence = _prevalence(item)
        if "elsewhere" in item.data:
            others = range(len(item.sequence("elsewhere")))
            elsewhere = tuple(_prevalence(item.child("elsewhere", i), with_intercept=True) for i in others)
    intercept = Intercept(
        entry.number("value"), entry.choice("origin", ORIGINS), bounds, entry.text("how"), prevalence, elsewhere
    )
    if bounds and not bounds[0] <= intercept.value <= bounds[1]:
        raise BadInput(f"{entry.where('range')} does not contain the intercept itself.")
    return intercept


def _prevalence(entry: Reader, with_intercept: bool = False) -> Prevalence:
    share = entry.number("share", above=0)
    if share >= 1:
        raise BadInput(f"{entry.where('share')} is {share:g}; it must be a share between 0 and 1.")
    return Prevalence(share, entry.text("of"), entry.number("intercept") if with_intercept else None)


def _standard_error(odds_ratio: Reader) -> float:
    """Standard error of a coefficient from the 95 % interval of its odds ratio."""
    low, high = odds_ratio.pair("ci95")
    if low <= 0:
        raise BadInput(f"{odds_ratio.where('ci95')} must lie above 0.")
    return (math.log(high) - math.log(low)) / (2 * covariance.NORMAL_95)


def _axis(entry: Reader) -> AxisStyle:
    above = entry.data.get("hatched_above")
    return AxisStyle(
        label=entry.text("label"),
        range=entry.pair("range"),
        zero_points_at=entry.number("zero_points_at"),
        step=entry.number("step", above=0),
        hatched_above=None if above is None else entry.number("hatched_above"),
        hatch_note=entry.text("hatch_note", default=""),
    )


def _check_zero(name: str, axis: AxisStyle, coefficient: float) -> None:
    """No point of an axis may have points below 0, which the points ruler does not show."""
    if coefficient == 0:
        raise BadInput(f"'risk_model.coefficients.{name}.value' is 0: a predictor without effect has no axis.")
    low, high = axis.range
    least = low if coefficient >= 0 else high
    if coefficient * (least - axis.zero_points_at) < -1e-9:
        raise BadInput(
            f"'nomogram.axes.{name}.zero_points_at' is {axis.zero_points_at:g}: part of the axis would have points "
            f"below 0. With a coefficient of {coefficient:g} the end of 0 points is {least:g}."
        )


def _ranges(entry: Reader) -> dict[str, tuple[float, float] | None]:
    return {name: None if entry.data.get(name) is None else entry.pair(name) for name in PREDICTORS}


def _criterion(entry: Reader) -> Criterion:
    return Criterion(entry.text("id"), entry.choice("kind", ("inclusion", "exclusion")), entry.text("text"))


def _note(entry: Reader) -> tuple[str, str]:
    return entry.text("id"), entry.text("text")


def _limits(root: Reader) -> Limits:
    if "limits" not in root.data:
        return Limits()
    entry = root.sub("limits")
    names = tuple(Limits.__dataclass_fields__)
    entry.only((*names, "origin"))
    return replace(Limits(), **{name: entry.number(name, above=0) for name in names if name in entry.data})
