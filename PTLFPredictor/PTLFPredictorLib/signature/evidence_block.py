"""The evidence block of a signature file: what its numbers were fitted on, and the hash that binds it to them.

``content_sha256`` is over everything that a patient's number depends on, so that a number changed afterwards voids the
block.  That guards against slips and against files typed by hand; it is no digital signature: who wants to forge a
block can compute the hash too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..ct import ContrastPhase
from ..hashes import json_sha256
from ..measures.radiomics import ExtractionSettings
from ..vois import VOI
from .outcome import Covariance

NONE = "the file has no evidence"

COVERED = (
    "input",
    "voi_source",
    "extraction",
    "radscore_intercept",
    "normalisation",
    "predictors",
    "nomogram",
    "development_ranges",
    "eligibility",
    "limits",
)
"""Entries of a signature file that the hash covers whole; of terms and outcome it covers what is no text."""

TEXTS = ("title", "criteria")
"""Entries of the outcome that it leaves out."""


@dataclass(frozen=True)
class ObservedProtocol:
    """How the cases were scanned: phases, and the range of slices (mm), pixels (mm) and tube voltage (kV) seen.

    Of a cohort it is what at least 5 % of the cases have (`cohort.covered`).
    """

    phase: tuple[ContrastPhase, ...]
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
        SHA-256 of the weights of each model that drew some, or its first 16 digits or more.
    by_hand : bool
        Whether some were drawn by hand.
    edited_share : float
        Share of its voxels that a reader had changed in at least 5 % of the cases, 0 to 1.
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
        The intercept and each design column of the model stand in one of the two.
    covariance : Covariance or None
        Of what was estimated, in that order; without it there is no interval, and no risk of a patient.
    protocol : ObservedProtocol
    masks : ObservedMasks
    calibration : mapping
        What the report says of it (slope, intercept, Brier score ...).  ``no_risk``: why the fit gives no risk, as part
        of a sentence ("12 of 80 cases have PTLF ...").
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
    percentiles: Mapping[tuple[VOI, str], Mapping[str, float]] = field(default_factory=dict)
    axes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    settings_sha256: str = ""
    synthetic: bool = False
    content_sha256: str = ""

    @property
    def no_risk(self) -> str:
        """Why the fit gives no risk, within a sentence; "" where it gives one, or does not say."""
        return str(self.calibration.get("no_risk") or "")

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


def settings_sha256(extraction: Mapping[str, Any]) -> str:
    """SHA-256 of extraction settings as they are used, defaults included."""
    return json_sha256(plain(ExtractionSettings.from_dict(extraction).to_dict()))


def content_sha256(data: Mapping[str, Any]) -> str:
    """SHA-256 over all that a patient's number depends on in a signature file (schema 2), and over its evidence."""
    words = ("short", "measures", "cannot_vary")
    terms = [{name: value for name, value in term.items() if name not in words} for term in data["terms"]]
    outcome = {name: value for name, value in data["outcome"].items() if name not in TEXTS}
    covered = {name: data.get(name) for name in COVERED}
    return json_sha256(
        plain({**covered, "terms": terms, "outcome": outcome, "evidence": without_hash(data["evidence"])})
    )


def without_hash(block: Mapping[str, Any]) -> dict[str, Any]:
    """What of an evidence block its own hash covers."""
    return {name: value for name, value in block.items() if name != "content_sha256"}


def plain(value: Any) -> Any:
    """JSON in which 5 and 5.0 are one number: programs that rewrite a file write either."""
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
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


def ends(values: Mapping[str, float]) -> tuple[str, str]:
    """Names of the lowest and the highest percentile."""
    names = list(values)
    return names[0], names[-1]
