"""Fitted numbers as parts of a signature file's JSON: what `calibrate`, `develop` and the demo signature share.

Each function gives the value of one key of the file (schema 2).  Predictors are the file's own ``predictors``: a list
of mappings; coefficients are by design column (`columns_of`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..segmentation.origin import SIGNED_EDIT_SHARE
from ..signature import evidence, scales
from ..signature.model import NormalisationOrigin, VoiSource
from ..signature.outcome import INTERCEPT, Covariance, Origin
from ..signature.policy.limits import TOLERANCE
from ..vois import VOI

WIDEST_AXIS_POINTS = 100.0
"""Points of the axis with the widest effect."""

MOST_STEPS = 12
"""Ticks of an axis lie so that it has at most as many steps."""

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)

Key = tuple[VOI, str]


@dataclass(frozen=True)
class FittedOutcome:
    """A risk model as it was fitted.

    Parameters
    ----------
    intercept : float
    coefficients : mapping of str to float
        Log odds ratio per unit of each design column.
    estimated : tuple of str
        "intercept" and the columns that were estimated; the other coefficients were fixed beforehand.
    covariance : ndarray of shape (len(estimated), len(estimated)) or None
        Of what was estimated, in that order.
    how : str
        On what, e.g. "150 cases of this hospital, 40 with PTLF".
    """

    intercept: float
    coefficients: Mapping[str, float]
    estimated: tuple[str, ...]
    covariance: np.ndarray | None
    how: str

    @property
    def fixed(self) -> tuple[str, ...]:
        """The intercept and the columns that were not estimated."""
        return tuple(name for name in (INTERCEPT, *self.coefficients) if name not in self.estimated)

    @property
    def for_evidence(self) -> Covariance | None:
        """The covariance with its names."""
        return None if self.covariance is None else Covariance(self.estimated, np.asarray(self.covariance, float))


def columns_of(predictor: Mapping[str, Any]) -> list[str]:
    """Design columns of a file's predictor: its id, or ``id=level`` for each level but the first."""
    if predictor["kind"] == "categorical":
        return [f"{predictor['id']}={level['value']}" for level in predictor["levels"][1:]]
    return [predictor["id"]]


def outcome(base: Mapping[str, Any], predictors: Sequence[Mapping[str, Any]], fitted: FittedOutcome) -> dict[str, Any]:
    """The file's ``outcome``: what the risk is of from `base`, the model from `fitted`.

    A coefficient that was fixed stands as in `base`, with its origin and printed interval.
    """
    units = {column: one.get("unit", "1") for one in predictors for column in columns_of(one)}
    coefficients = {
        column: base["coefficients"][column]
        if column in fitted.fixed
        else {"value": float(value), "unit": units[column], "origin": str(Origin.FITTED)}
        for column, value in fitted.coefficients.items()
    }
    whole = fitted.covariance is not None and fitted.estimated == (INTERCEPT, *fitted.coefficients)
    texts = ("name", "title", "horizon", "criteria")
    return {
        **{name: base[name] for name in texts if name in base},
        "kind": "logistic",
        "intercept": {"value": float(fitted.intercept), "origin": str(Origin.FITTED), "how": fitted.how},
        "coefficients": coefficients,
        "covariance": fitted.for_evidence.to_dict() if whole else None,
    }


def normalisation(
    origin: NormalisationOrigin,
    n: int,
    how: str,
    mean: Mapping[Key, float],
    sd: Mapping[Key, float],
    log: Mapping[Key, tuple[float, float]] | None = None,
    radscore: np.ndarray | None = None,
) -> dict[str, Any]:
    """The file's ``normalisation``.

    Parameters
    ----------
    mean, sd : mapping of (voi, feature) to float
        The SD with n - 1.
    log : mapping of (voi, feature) to (float, float), optional
        Mean and SD of the logarithm of skewed features.
    radscore : ndarray of shape (n,), optional
        The cases' Radscores, whose percentiles place a patient's among them.
    """
    values = []
    for key in mean:
        voi, feature = key
        entry = {"voi": voi.in_files, "feature": feature, "mean": float(mean[key]), "sd": float(sd[key])}
        if log and key in log:
            entry |= {"log_mean": float(log[key][0]), "log_sd": float(log[key][1])}
        values.append(entry)
    made: dict[str, Any] = {"origin": str(origin), "n": int(n), "how": how, "values": values}
    if radscore is not None:
        made["radscore_percentiles"] = percentiles(radscore)
    return made


def percentiles(values: np.ndarray) -> dict[str, float]:
    """``{"p1": ..., "p50": ..., "p99": ...}``; linear between the two nearest values (R's type 7)."""
    return {f"p{rank}": float(np.percentile(values, rank)) for rank in PERCENTILES}


def development_ranges(values: Mapping[str, np.ndarray], how: str) -> dict[str, Any]:
    """The file's ``development_ranges``: the central 95 % of each continuous predictor (and of what a measure takes).

    None for a predictor that is the same in nearly all cases.
    """
    found: dict[str, Any] = {}
    for name, column in values.items():
        low, high = map(float, np.quantile(column, (0.025, 0.975)))
        found[name] = None
        if high - low > 1e-9 * max(abs(low), abs(high)):
            places = max(3, 2 - math.floor(math.log10(high - low)))  # three digits of the width, at least
            found[name] = [round(low, places), round(high, places)]
    return {**found, "origin": str(Origin.FITTED), "how": f"central 95 % of {how}"}


def axis(low: float, high: float, within: Sequence[float] | None = None) -> dict[str, Any]:
    """An axis that holds `low` to `high`, its ends and ticks round numbers.

    Parameters
    ----------
    within : (float, float), optional
        What can be meant: the axis ends there.
    """
    width = (high - low) or max(abs(low), 1.0)
    unit = 10.0 ** math.floor(math.log10(width / MOST_STEPS))
    step = next(unit * factor for factor in (1, 2, 5, 10) if width / (unit * factor) <= MOST_STEPS)
    ends = [step * math.floor(low / step + 1e-9), step * math.ceil(high / step - 1e-9)]
    if ends[0] == ends[1]:
        ends = [ends[0] - step, ends[1] + step]
    if within is not None:
        ends = [max(ends[0], float(within[0])), min(ends[1], float(within[1]))]
    return {"range": [round(x, 10) for x in ends], "step": round(step, 10), "tick_rule": "multiples and ends"}


def radscore_axis(radscore: np.ndarray) -> dict[str, Any]:
    """The Radscore's axis: the cases' range and one SD beyond it, since a score off its axis is withheld."""
    sd = float(np.std(radscore, ddof=1))
    return axis(float(np.min(radscore)) - sd, float(np.max(radscore)) + sd)


def nomogram(
    predictors: Sequence[Mapping[str, Any]],
    coefficients: Mapping[str, float],
    axes: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """The file's ``nomogram``; the axis with the widest effect has `WIDEST_AXIS_POINTS` points.

    Parameters
    ----------
    axes : mapping of str to mapping
        Of each continuous predictor, as `axis` gives it or as it stands in a file; where its 0 points lie follows from
        the coefficient.  A categorical predictor needs none.
    """
    made: dict[str, Any] = {}
    effects: dict[str, float] = {}
    for one in predictors:
        name = one["id"]
        if one["kind"] == "categorical":
            levels = [level["value"] for level in one["levels"]]
            of_level = [0.0, *(coefficients[column] for column in columns_of(one))]
            least = int(np.argmin(of_level))
            made[name] = {"zero_points_at": levels[least]}
            effects[name] = max(of_level) - of_level[least]
            continue
        low, high = axes[name]["range"]
        made[name] = {**axes[name], "zero_points_at": low if coefficients[name] >= 0 else high}
        effects[name] = abs(coefficients[name]) * (high - low)
    per_logit = WIDEST_AXIS_POINTS / max(effects.values())
    return {
        "points_per_logit": per_logit,
        "origin": str(Origin.FITTED),
        "how": "the axis with the widest effect has 100 points",
        **scales.rulers({name: effect * per_logit for name, effect in effects.items()}),
        "axes": made,
    }


def input_of(base: Mapping[str, Any], seen: evidence.ObservedProtocol) -> dict[str, Any]:
    """The file's ``input``: what was seen in the cases, with the tolerance that evidence covers.

    Tube voltages of `base` stay where no case's file says its own; kernels are left to the evidence.
    """
    made: dict[str, Any] = {"phase": [str(phase) for phase in seen.phase]}
    for name in ("slice_thickness_mm", "in_plane_spacing_mm"):
        low, high = getattr(seen, name)
        made[name] = [low * (1 - TOLERANCE), high * (1 + TOLERANCE)]
    if seen.kvp:
        made["kvp"] = [float(kv) for kv in seen.kvp]
    elif "kvp" in base:
        made["kvp"] = base["kvp"]
    how = f"what 5 % of the cases have or more; {100 * TOLERANCE:g} % beyond the ends of slices and pixels are taken"
    return {**made, "origin": str(Origin.FITTED), "how": how}


def voi_source_of(masks: evidence.ObservedMasks) -> VoiSource:
    """The file's ``voi_source``: who drew the cases' segments."""
    if masks.by_hand and not masks.models:
        return VoiSource.MANUAL
    return VoiSource.CORRECTED if masks.edited_share >= SIGNED_EDIT_SHARE else VoiSource.AUTOMATIC


def notes_that_hold(notes: Iterable[Mapping[str, Any]], coefficients: Mapping[str, float]) -> list[dict[str, Any]]:
    """A base signature's notes that are still true: albumin's direction, where a higher albumin still raises the risk.

    What else stands there is on numbers that the fit replaced.
    """
    return [dict(note) for note in notes if note["id"] == "alb_direction" and coefficients.get("ALB", 0.0) > 0]
