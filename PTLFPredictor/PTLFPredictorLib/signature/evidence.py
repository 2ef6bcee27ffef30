"""Evidence: what a signature's numbers were fitted on, written into its file by the program that fitted them.

Only `write` makes the block.  Its ``content_sha256`` is over everything that a patient's number depends on, so that a
number changed afterwards voids it.  That guards against slips and against files typed by hand; it is no digital
signature: who wants to forge a block can compute the hash too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import BadInput
from ..hashes import json_sha256
from ..measures.radiomics import ExtractionSettings
from ..vois import IN_FILES, VOI
from . import covariance
from .covariance import INTERCEPT, Covariance
from .reading import Reader

COEFFICIENTS = (INTERCEPT, "ALB", "INR", "Radscore")
"""What a fit can estimate, in the order of a covariance matrix."""

NONE = "the file has no evidence"

SHA256 = r"[0-9a-f]{64}"

COVERED = (
    "input",
    "voi_source",
    "extraction",
    "radscore_intercept",
    "normalisation",
    "risk_model",
    "nomogram",
    "development_ranges",
    "eligibility",
    "limits",
)
"""Entries of a signature file that the hash covers whole; of the terms and the outcome it covers what is no text."""


@dataclass(frozen=True)
class ObservedProtocol:
    """How the cases were scanned: phases, and the range of slices (mm), pixels (mm) and tube voltage (kV) seen."""

    phase: tuple[str, ...]
    slice_thickness_mm: tuple[float, float]
    in_plane_spacing_mm: tuple[float, float]
    kvp: tuple[float, ...] = ()
    kernels: tuple[str, ...] = ()
    saturated_hu: bool = False
    fractional_hu: bool = False


@dataclass(frozen=True)
class ObservedMasks:
    """Who drew the cases' segments.

    Parameters
    ----------
    models : tuple of str
        SHA-256 of the weights of each model that drew some.
    by_hand : bool
        Whether some were drawn by hand.
    edited_share : float
        Largest share of a case's voxels that a reader had changed, 0 to 1.
    """

    models: tuple[str, ...] = ()
    by_hand: bool = False
    edited_share: float = 0.0


@dataclass(frozen=True)
class Excluded:
    """How many cases were left out, and why."""

    reason: str
    n: int


@dataclass(frozen=True)
class Evidence:
    """The evidence block of a signature file.

    Parameters
    ----------
    written_by : str
        Program and version, e.g. "ptlf cohort calibrate 0.2.0".
    time : str
        ISO 8601.
    report_sha256, lock_sha256 : str
        Of the report on the fit, and of the locked plan and table that it was made from.
    n, events : int
        Cases, and those with the outcome (0 where outcomes are not known).
    estimated, fixed : tuple of str
        Each of `COEFFICIENTS` stands in one of the two.
    covariance : Covariance or None
        Of what was estimated, in that order; without it there is no interval, and no risk of a patient.
    protocol : ObservedProtocol
    masks : ObservedMasks
    calibration : mapping
        What the report says of it (slope, intercept, Brier score ...).
    excluded : tuple of Excluded
    percentiles : mapping of (voi, feature) to mapping
        ``{"p5": ..., "p50": ..., "p95": ...}`` of each term's feature.
    axes : mapping of str to mapping
        Quantiles of each predictor in the cases.
    settings_sha256 : str
        Of the extraction settings that the features were computed with; see `settings_sha256`.
    synthetic : bool
        Cases drawn by the product itself: the signature is a demonstration, whatever its file says.
    content_sha256 : str
        "" until `write` has set it.
    """

    written_by: str
    time: str
    report_sha256: str
    lock_sha256: str
    n: int
    events: int
    estimated: tuple[str, ...]
    fixed: tuple[str, ...]
    covariance: Covariance | None
    protocol: ObservedProtocol
    masks: ObservedMasks
    calibration: Mapping[str, Any] = field(default_factory=dict)
    excluded: tuple[Excluded, ...] = ()
    percentiles: Mapping[tuple[str, str], Mapping[str, float]] = field(default_factory=dict)
    axes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    settings_sha256: str = ""
    synthetic: bool = False
    content_sha256: str = ""

    @property
    def words(self) -> str:
        """Who wrote it, when, on what: for a terminal or a report."""
        fitted = ", ".join(self.estimated) or "nothing"
        fixed = f"; fixed: {', '.join(self.fixed)}" if self.fixed else ""
        return (
            f"written by {self.written_by}, {self.time}; {self.n} cases, {self.events} with the outcome; "
            f"estimated: {fitted}{fixed}"
        )

    def to_dict(self) -> dict[str, Any]:
        """The block as it stands in a file."""
        protocol, masks = self.protocol, self.masks
        return {
            "written_by": self.written_by,
            "time": self.time,
            "report_sha256": self.report_sha256,
            "lock_sha256": self.lock_sha256,
            "n": int(self.n),
            "events": int(self.events),
            "estimated": list(self.estimated),
            "fixed": list(self.fixed),
            "covariance": None if self.covariance is None else self.covariance.to_dict(),
            "calibration": dict(self.calibration),
            "excluded": [{"reason": item.reason, "n": int(item.n)} for item in self.excluded],
            "protocol": {
                "phase": list(protocol.phase),
                "slice_thickness_mm": [float(x) for x in protocol.slice_thickness_mm],
                "in_plane_spacing_mm": [float(x) for x in protocol.in_plane_spacing_mm],
                "kvp": [float(x) for x in protocol.kvp],
                "kernels": list(protocol.kernels),
                "saturated_hu": protocol.saturated_hu,
                "fractional_hu": protocol.fractional_hu,
            },
            "masks": {
                "models": list(masks.models),
                "by_hand": masks.by_hand,
                "edited_share": float(masks.edited_share),
            },
            "percentiles": [
                {"voi": voi.in_files, "feature": feature, **{name: float(value) for name, value in values.items()}}
                for (voi, feature), values in self.percentiles.items()
            ],
            "axes": {name: {key: float(x) for key, x in values.items()} for name, values in self.axes.items()},
            "settings_sha256": self.settings_sha256,
            "synthetic": self.synthetic,
            "content_sha256": self.content_sha256,
        }


def write(signature_data: Mapping[str, Any], evidence: Evidence) -> dict[str, Any]:
    """The signature file's JSON with its evidence: the one way to make it.

    Parameters
    ----------
    signature_data : mapping
        A signature file's JSON, complete; evidence that it has already is replaced.
    evidence : Evidence
        Without `content_sha256`; without `settings_sha256`, that of the file's extraction is taken.

    Raises
    ------
    BadInput
        Where the file would be refused: a number that is none, limits looser than the evidence covers, features
        computed with other settings.
    """
    from .model import parse  # which reads evidence itself

    settings = settings_sha256(signature_data["extraction"])
    if evidence.settings_sha256 not in ("", settings):
        raise BadInput("The features were computed with other settings than the signature's 'extraction'.")
    block = {**evidence.to_dict(), "settings_sha256": settings}
    try:
        data = json.loads(json.dumps({**signature_data, "evidence": block}, allow_nan=False))
    except ValueError as error:
        raise BadInput(f"The evidence cannot be written: {error}.") from error
    data["evidence"]["content_sha256"] = content_sha256(data)
    signature = parse(data)
    if signature.evidence is None:
        raise BadInput(f"The evidence cannot be written: {signature.evidence_problem}.")
    return data


def settings_sha256(extraction: Mapping[str, Any]) -> str:
    """SHA-256 of extraction settings as they are used, defaults included."""
    return json_sha256(_plain(ExtractionSettings.from_dict(extraction).to_dict()))


def content_sha256(data: Mapping[str, Any]) -> str:
    """SHA-256 over all that a patient's number depends on in a signature file, and over its evidence."""
    terms = [[term["voi"], term["feature"], term["coefficient"]] for term in data["terms"]]
    outcome = {name: data["outcome"].get(name) for name in ("name", "horizon")}
    block = {name: value for name, value in data["evidence"].items() if name != "content_sha256"}
    covered = {name: data.get(name) for name in COVERED}
    return json_sha256(_plain({**covered, "terms": terms, "outcome": outcome, "evidence": block}))


def _plain(value: Any) -> Any:
    """JSON in which 5 and 5.0 are one number: programs that rewrite a file write either."""
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 53
    return float(value) if whole else value


def problem(data: Mapping[str, Any], evidence: Evidence | None) -> str:
    """Why a file has no valid evidence, "" where it has."""
    if evidence is None:
        return NONE
    if evidence.content_sha256 != content_sha256(data):
        return "the evidence in the file is void: a number was changed after it was written"
    if evidence.settings_sha256 != settings_sha256(data["extraction"]):
        return "the evidence in the file is void: its features were computed with other extraction settings"
    return ""


def read(entry: Reader, phases: tuple[str, ...]) -> Evidence:
    """The block of a file, every entry checked; whether it is void is another question (`problem`)."""
    entry.only(_KEYS)
    n = entry.whole("n", at_least=2)
    events = entry.whole("events")
    if events > n:
        raise BadInput(f"{entry.where('events')} is {events}, more than the {n} cases.")
    estimated, fixed = entry.texts("estimated"), entry.texts("fixed")
    if sorted((*estimated, *fixed)) != sorted(COEFFICIENTS):
        raise BadInput(
            f"{entry.where('estimated')} and {entry.where('fixed')} must name each of {', '.join(COEFFICIENTS)} once."
        )
    if estimated and not 0 < events < n:
        raise BadInput(
            f"{entry.where('events')} is {events} of {n} cases: where all or none have it, nothing is estimated."
        )
    matrix = None
    if entry.data.get("covariance", "absent") is not None:
        matrix = covariance.read(entry.sub("covariance"), estimated)
    excluded = [entry.child("excluded", i) for i in range(len(entry.sequence("excluded")))]
    ranked = [entry.child("percentiles", i) for i in range(len(entry.sequence("percentiles")))]
    axes = entry.sub("axes")
    axes.only(COEFFICIENTS[1:])
    return Evidence(
        written_by=entry.text("written_by"),
        time=entry.text("time"),
        report_sha256=entry.text("report_sha256", pattern=SHA256),
        lock_sha256=entry.text("lock_sha256", pattern=SHA256),
        n=n,
        events=events,
        estimated=estimated,
        fixed=fixed,
        covariance=matrix,
        protocol=_protocol(entry.sub("protocol"), phases),
        masks=_masks(entry.sub("masks")),
        calibration=entry.mapping("calibration"),
        excluded=tuple(Excluded(item.text("reason"), item.whole("n")) for item in excluded),
        percentiles=dict(map(_percentiles, ranked)),
        axes={name: axes.numbers(name) for name in axes.data},
        settings_sha256=entry.text("settings_sha256", pattern=SHA256),
        synthetic=entry.flag("synthetic"),
        content_sha256=entry.text("content_sha256", pattern=SHA256),
    )


_KEYS = tuple(Evidence.__dataclass_fields__)


def _protocol(entry: Reader, phases: tuple[str, ...]) -> ObservedProtocol:
    entry.only(tuple(ObservedProtocol.__dataclass_fields__))
    named = entry.sequence("phase", at_least=1)
    return ObservedProtocol(
        phase=tuple(Reader({"phase": phase}, entry.path).choice("phase", phases) for phase in named),
        slice_thickness_mm=entry.span("slice_thickness_mm"),
        in_plane_spacing_mm=entry.span("in_plane_spacing_mm"),
        kvp=tuple(entry.child_number("kvp", value) for value in entry.sequence("kvp")),
        kernels=entry.texts("kernels"),
        saturated_hu=entry.flag("saturated_hu"),
        fractional_hu=entry.flag("fractional_hu"),
    )


def _masks(entry: Reader) -> ObservedMasks:
    entry.only(tuple(ObservedMasks.__dataclass_fields__))
    share = entry.number("edited_share")
    if not 0 <= share <= 1:
        raise BadInput(f"{entry.where('edited_share')} is {share:g}; it must be a share from 0 to 1.")
    models = entry.texts("models")
    for model in models:
        Reader({"models": model}, entry.path).text("models", pattern=SHA256)
    return ObservedMasks(models, entry.flag("by_hand"), share)


def _percentiles(entry: Reader) -> tuple[tuple[VOI, str], dict[str, float]]:
    key = VOI.of_file(entry.choice("voi", IN_FILES)), entry.text("feature")
    return key, percentiles({name: entry.data[name] for name in entry.data if name not in ("voi", "feature")}, entry)


def percentiles(values: Mapping[str, Any], entry: Reader) -> dict[str, float]:
    """``{"p5": ..., "p95": ...}`` in ascending order; at least two, and no value below the one before."""
    reader = Reader(values, entry.path)
    try:
        ordered = sorted(values, key=lambda name: float(name.removeprefix("p")))
        if len(ordered) < 2 or not all(name.startswith("p") and 0 <= float(name[1:]) <= 100 for name in ordered):
            raise ValueError
    except ValueError:
        raise BadInput(f"'{entry.path}' must have percentiles by name, such as p5, p50 and p95.") from None
    found = {name: reader.number(name) for name in ordered}
    if list(found.values()) != sorted(found.values()):
        raise BadInput(f"'{entry.path}' has percentiles that do not ascend.")
    return found


def ends(values: Mapping[str, float]) -> tuple[str, str]:
    """Names of the lowest and the highest percentile."""
    names = list(values)
    return names[0], names[-1]
