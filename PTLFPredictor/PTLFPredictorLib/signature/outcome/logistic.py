"""The logistic model: ``logit P = linear predictor``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import BadInput
from ...measures.clinical.quantity import in_ascii
from ...measures.value import DIMENSIONLESS
from ..predictors import Predictor, PredictorKind
from ..reader import Reader
from . import covariance
from .covariance import INTERCEPT
from .linear import Linear
from .origin import Origin, read_intercept

_TINY = 1e-300


@dataclass(frozen=True)
class Logistic(Linear):
    """Coefficients are log odds ratios per unit of their column."""

    def risk(self, linear_predictor: float) -> float:
        return logistic(linear_predictor)

    def linear_predictor_of(self, risk: float) -> float:
        """Inverse of `risk`; 0 and 1 are taken as near to it."""
        return math.log(max(risk, _TINY)) - math.log(max(1 - risk, _TINY))

    def left_side(self, outcome: str) -> str:
        return f"logit P({outcome})"


def logistic(x: float) -> float:
    """``1 / (1 + exp(-x))`` without overflow."""
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    return math.exp(x) / (1 + math.exp(x))


def read(entry: Reader, predictors: Sequence[Predictor]) -> Logistic:
    """From a signature file's ``outcome``, every entry checked."""
    intercept = entry.optional("intercept")
    listed = entry.sub("coefficients")
    columns = [column for predictor in predictors for column in predictor.columns]
    listed.only(columns)
    units = {p.id: p.unit for p in predictors if p.kind is PredictorKind.CONTINUOUS}
    values, errors, centres = {}, {}, {}
    for name in columns:
        item = listed.sub(name)
        item.choice("origin", tuple(Origin), default="")
        unit = units.get(name, DIMENSIONLESS)
        if in_ascii(item.text("unit", default=unit)) != in_ascii(unit):
            raise BadInput(f"{item.where('unit')} is {item.data['unit']!r}; it must be one of {unit}.")
        values[name] = item.number("value")
        if item.has("odds_ratio") and "ci95" in item.mapping("odds_ratio"):
            errors[name] = _standard_error(item.sub("odds_ratio"))
        if item.has("development_mean"):
            centres[name] = item.sub("development_mean").number("value")
    matrix = covariance.read(entry.sub("covariance"), [INTERCEPT, *columns]) if entry.has("covariance") else None
    printed = len(errors) == len(centres) == len(columns)
    return Logistic(
        predictors=tuple(predictors),
        intercept=None if intercept is None else read_intercept(intercept),
        coefficients=values,
        covariance=matrix,
        standard_errors=errors if printed else {},
        centres=centres if printed else {},
    )


def _standard_error(odds_ratio: Reader) -> float:
    """Standard error of a coefficient from the 95 % interval of its odds ratio."""
    low, high = odds_ratio.pair("ci95")
    if low <= 0:
        raise BadInput(f"{odds_ratio.where('ci95')} must lie above 0.")
    return (math.log(high) - math.log(low)) / (2 * covariance.NORMAL_95)
