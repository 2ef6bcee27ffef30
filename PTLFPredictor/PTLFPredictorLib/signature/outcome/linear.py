"""Risk models that are linear in their predictors: the predictors' side, which all of them share.

``linear predictor = b0 + sum of coefficient * column``.  What turns it into a risk is the model's own (`logistic`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ...measures.value import unit_shown
from ..predictors import RADSCORE, Predictor, PredictorKind, Value
from .covariance import NORMAL_95, Covariance
from .origin import Intercept


@dataclass(frozen=True)
class Linear:
    """A model with one coefficient for each design column.

    Parameters
    ----------
    predictors : tuple of Predictor
    intercept : Intercept or None
    coefficients : mapping of str to float
        By design column.
    covariance : Covariance or None
        Of the intercept and the columns, as the file gives it outside its evidence.
    standard_errors, centres : mapping of str to float
        Printed standard errors of the coefficients, and the development cohort's means that they apply around (a
        coefficient's error moves no risk there), by column; empty where one of them is not known.
    """

    predictors: tuple[Predictor, ...]
    intercept: Intercept | None
    coefficients: Mapping[str, float]
    covariance: Covariance | None = None
    standard_errors: Mapping[str, float] = field(default_factory=dict)
    centres: Mapping[str, float] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Design columns, in the order of a covariance after the intercept."""
        return tuple(column for predictor in self.predictors for column in predictor.columns)

    def design(self, values: Mapping[str, Value]) -> dict[str, float]:
        """The design row of predictors' values, by column."""
        row: dict[str, float] = {}
        for predictor in self.predictors:
            row |= predictor.design(values[predictor.id])
        return row

    def effect(self, predictor: Predictor, value: Value) -> float:
        """What one predictor's value adds to the linear predictor."""
        return math.fsum(self.coefficients[name] * x for name, x in predictor.design(value).items())

    def linear_predictor(self, values: Mapping[str, Value]) -> float:
        """Of the predictors' values; ValueError without an intercept."""
        if self.intercept is None:
            raise ValueError("the signature has no intercept")
        row = self.design(values)
        return self.intercept.value + math.fsum(self.coefficients[name] * row[name] for name in self.columns)

    def half_width(self, values: Mapping[str, Value], covariance: Covariance) -> float:
        """Half the 95 % interval of the linear predictor."""
        return covariance.half_width(self.design(values))

    def printed_half_width(self, values: Mapping[str, Value]) -> float:
        """The same by the printed standard errors, taken as independent, around the development means."""
        row = self.design(values)
        errors = (self.standard_errors[name] * (row[name] - self.centres[name]) for name in self.columns)
        return NORMAL_95 * math.hypot(*errors)

    def right_side(self) -> str:
        """The linear predictor in words: "-16.2 + 0.163 x ALB [g/L] + ..."."""
        words = ["b0" if self.intercept is None else f"{self.intercept.value:.6g}"]
        for predictor in self.predictors:
            for column, name in zip(predictor.columns, _names(predictor), strict=True):
                coefficient = self.coefficients[column]
                words.append(f"{'-' if coefficient < 0 else '+'} {abs(coefficient):.6g} x {name}")
        return " ".join(words)


def _names(predictor: Predictor) -> list[str]:
    if predictor.kind is PredictorKind.CATEGORICAL:
        return [f"[{predictor.id} is {level.label}]" for level in predictor.levels[1:]]
    unit = "" if predictor.id == RADSCORE else unit_shown(predictor.unit)
    return [f"{predictor.id} [{unit}]" if unit else predictor.id]
