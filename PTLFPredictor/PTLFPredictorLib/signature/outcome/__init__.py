"""Outcome models: from predictors' values to a risk with its interval.

To add one, give it what `OutcomeModel` asks for, and its reader an entry in `KINDS`.  A model that is linear in its
predictors takes all but the link from `linear.Linear`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from ..predictors import Predictor, Value
from ..reader import Reader
from . import logistic
from .covariance import INTERCEPT, Covariance
from .linear import Linear
from .logistic import Logistic
from .origin import Intercept, Origin, Prevalence

__all__ = [
    "INTERCEPT",
    "KINDS",
    "Covariance",
    "Intercept",
    "Linear",
    "Logistic",
    "Origin",
    "OutcomeModel",
    "Prevalence",
    "equation",
    "interval",
    "read",
]


class OutcomeModel(Protocol):
    """What a risk model must give; `Linear` says what each is."""

    @property
    def intercept(self) -> Intercept | None: ...

    @property
    def coefficients(self) -> Mapping[str, float]: ...

    @property
    def covariance(self) -> Covariance | None: ...

    @property
    def standard_errors(self) -> Mapping[str, float]: ...

    @property
    def columns(self) -> tuple[str, ...]: ...

    def effect(self, predictor: Predictor, value: Value) -> float: ...

    def linear_predictor(self, values: Mapping[str, Value]) -> float: ...

    def half_width(self, values: Mapping[str, Value], covariance: Covariance) -> float: ...

    def printed_half_width(self, values: Mapping[str, Value]) -> float: ...

    def risk(self, linear_predictor: float) -> float:
        """Probability of the outcome; rises with the linear predictor."""

    def linear_predictor_of(self, risk: float) -> float:
        """Inverse of `risk`."""

    def left_side(self, outcome: str) -> str:
        """Of the equation, in words: "logit P(PTLF)"."""

    def right_side(self) -> str: ...


ReadModel = Callable[[Reader, Sequence[Predictor]], OutcomeModel]

KINDS: dict[str, ReadModel] = {"logistic": logistic.read}
"""Readers of a file's ``outcome``, by its ``kind``."""


def read(entry: Reader, predictors: Sequence[Predictor]) -> OutcomeModel:
    """The model of a signature file's ``outcome``."""
    return KINDS[entry.choice("kind", tuple(KINDS))](entry, predictors)


def interval(model: OutcomeModel, values: Mapping[str, Value], covariance: Covariance) -> tuple[float, float]:
    """95 % confidence interval of the risk, from that of the linear predictor."""
    middle, half = model.linear_predictor(values), model.half_width(values, covariance)
    return model.risk(middle - half), model.risk(middle + half)


def equation(model: OutcomeModel, outcome: str) -> str:
    """The risk model in words: ``logit P(PTLF) = ...``."""
    return f"{model.left_side(outcome)} = {model.right_side()}"
