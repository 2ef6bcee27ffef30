"""The evidence block of a file, every entry checked; whether it is void is another question (`evidence_block`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...ct import PHASES, ContrastPhase
from ...errors import BadInput
from ...vois import IN_FILES, VOI
from ..evidence_block import Evidence, Excluded, ObservedMasks, ObservedProtocol
from ..outcome import INTERCEPT, covariance
from ..predictors import Predictor
from ..reader import Reader

SHA256 = r"[0-9a-f]{64}"

WEIGHTS = r"[0-9a-f]{16,64}"
"""Of a model: as much of its SHA-256 as a mark of its segments has (NIfTI and DICOM SEG have no room for all)."""


def read(entry: Reader, predictors: Sequence[Predictor]) -> Evidence:
    """The block of a signature with these predictors."""
    entry.only(tuple(Evidence.__dataclass_fields__))
    n = entry.whole("n", at_least=2)
    events = entry.whole("events")
    if events > n:
        raise BadInput(f"{entry.where('events')} is {events}, more than the {n} cases.")
    coefficients = [INTERCEPT, *(column for predictor in predictors for column in predictor.columns)]
    estimated, fixed = entry.texts("estimated"), entry.texts("fixed")
    if sorted((*estimated, *fixed)) != sorted(coefficients):
        raise BadInput(
            f"{entry.where('estimated')} and {entry.where('fixed')} must name each of {', '.join(coefficients)} once."
        )
    if estimated and not 0 < events < n:
        raise BadInput(
            f"{entry.where('events')} is {events} of {n} cases: where all or none have it, nothing is estimated."
        )
    matrix = entry.optional("covariance")
    axes = entry.sub("axes")
    axes.only([predictor.id for predictor in predictors])
    return Evidence(
        written_by=entry.text("written_by"),
        time=entry.text("time"),
        report_sha256=entry.text("report_sha256", pattern=SHA256),
        lock_sha256=entry.text("lock_sha256", pattern=SHA256),
        n=n,
        events=events,
        estimated=estimated,
        fixed=fixed,
        covariance=None if matrix is None else covariance.read(matrix, estimated),
        protocol=_protocol(entry.sub("protocol")),
        masks=_masks(entry.sub("masks")),
        calibration=entry.mapping("calibration"),
        excluded=tuple(Excluded(item.text("reason"), item.whole("n")) for item in entry.children("excluded")),
        percentiles=dict(map(_percentiles, entry.children("percentiles"))),
        axes={name: axes.numbers(name) for name in axes.data},
        settings_sha256=entry.text("settings_sha256", pattern=SHA256),
        synthetic=entry.flag("synthetic"),
        content_sha256=entry.text("content_sha256", pattern=SHA256),
    )


def _protocol(entry: Reader) -> ObservedProtocol:
    entry.only(tuple(ObservedProtocol.__dataclass_fields__))
    return ObservedProtocol(
        phase=phases(entry),
        slice_thickness_mm=entry.span("slice_thickness_mm"),
        in_plane_spacing_mm=entry.span("in_plane_spacing_mm"),
        kvp=entry.list_of_numbers("kvp"),
        kernels=entry.texts("kernels"),
        saturated_hu=entry.flag("saturated_hu"),
        fractional_hu=entry.flag("fractional_hu"),
    )


def phases(entry: Reader) -> tuple[ContrastPhase, ...]:
    """Contrast phases at ``phase``."""
    return tuple(ContrastPhase(phase) for phase in entry.choices("phase", PHASES, at_least=1))


def _masks(entry: Reader) -> ObservedMasks:
    entry.only(tuple(ObservedMasks.__dataclass_fields__))
    share = entry.number("edited_share")
    if not 0 <= share <= 1:
        raise BadInput(f"{entry.where('edited_share')} is {share:g}; it must be a share from 0 to 1.")
    return ObservedMasks(entry.texts("models", pattern=WEIGHTS), entry.flag("by_hand"), share)


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
