"""Predictors of a risk model: entered, computed by a measure from what is entered, or the Radscore."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ..measures.clinical import Quantity
from ..measures.value import DIMENSIONLESS

RADSCORE = "Radscore"
"""Id of the predictor that is the Radscore."""

CLINICAL = "clinical."
"""Begins the name of a clinical measure."""

Value = float | str
"""A number, or the value of a level."""


class PredictorKind(StrEnum):
    CONTINUOUS = "continuous"
    CATEGORICAL = "categorical"


class PredictorSource(StrEnum):
    ENTERED = "entered"
    """By a person, under the predictor's own id."""

    RADSCORE = "radscore"

    MEASURE = "measure"
    """Computed from entries by a clinical measure."""


@dataclass(frozen=True)
class UnitChoice:
    """A unit that a value may be entered in.

    Parameters
    ----------
    unit : str
        "1" for none.
    factor : float
        How many of the entry's own unit one of it is.
    range : (float, float)
        What can be meant in it, both included.
    """

    unit: str
    factor: float
    range: tuple[float, float]


@dataclass(frozen=True)
class Category:
    """A level of a categorical predictor; `label` is for people."""

    value: str
    label: str


@dataclass(frozen=True)
class Predictor:
    """One predictor, as the file gives it.

    Parameters
    ----------
    id, label : str
        "ALB", "Albumin".
    kind : PredictorKind
    source : PredictorSource
    measure : str
        "clinical.albi" for one that is computed, else "".
    unit : str
        In which its coefficient is; "1" for none.
    levels : tuple of Category
        Of a categorical one; the first is the reference, which has no coefficient.
    development_range : (float, float) or None
        Central 95 % of the development cohort.
    quantity : Quantity or None
        Units and plausible range of one that is entered as a number.
    quantity_name : str
        Which of `measures.clinical.units.QUANTITIES` it is ("albumin"), so that measures can take it too; "" for none.
    note : str
        What must stand beside it wherever it is shown.
    """

    id: str
    label: str
    kind: PredictorKind
    source: PredictorSource
    measure: str = ""
    unit: str = DIMENSIONLESS
    levels: tuple[Category, ...] = ()
    development_range: tuple[float, float] | None = None
    quantity: Quantity | None = None
    quantity_name: str = ""
    note: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Its columns of the model's design: itself, or one for each level but the reference."""
        if self.kind is PredictorKind.CONTINUOUS:
            return (self.id,)
        return tuple(column_of(self.id, level.value) for level in self.levels[1:])

    @property
    def measure_name(self) -> str:
        """Of the clinical measure: "albi" of "clinical.albi"."""
        return self.measure.removeprefix(CLINICAL)

    @property
    def units(self) -> tuple[UnitChoice, ...]:
        """Of one that is entered as a number, its own first."""
        return units_of(self.quantity)

    def design(self, value: Value) -> dict[str, float]:
        """Its share of a design row.

        Raises
        ------
        ValueError
            For a value that is none of its levels.
        """
        if self.kind is PredictorKind.CONTINUOUS:
            return {self.id: float(value)}
        if value not in [level.value for level in self.levels]:
            raise ValueError(f"{self.label} has no level {value!r}")
        return {column: float(column == column_of(self.id, value)) for column in self.columns}

    def words(self, value: Value) -> str:
        """A value for people: the label of a level, or a number of up to four digits."""
        if self.kind is PredictorKind.CONTINUOUS:
            return number_words(value)
        return label_of(self.levels, value)


def label_of(levels: Sequence[Category], value: Value) -> str:
    """The label of a level; a value that is none of them as it is."""
    return next((level.label for level in levels if level.value == value), str(value))


def number_words(value: float) -> str:
    """Up to four digits, and never less than the whole number."""
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:.0f}"


def column_of(predictor: str, level: str) -> str:
    """Name of a level's design column: "Tumours=multiple"."""
    return f"{predictor}={level}"


def units_of(quantity: Quantity | None) -> tuple[UnitChoice, ...]:
    """Its units, its own first; none of what is no number."""
    units = () if quantity is None else quantity.units
    return tuple(UnitChoice(unit.name, float(unit.factor), quantity.range_in(unit.name)) for unit in units)
