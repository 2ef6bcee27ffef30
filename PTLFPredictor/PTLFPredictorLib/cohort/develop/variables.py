"""Clinical variables as candidates of a model: columns of a cohort, and their columns of a model's design."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...errors import BadInput
from ...measures.value import in_words
from ...signature.predictors import RADSCORE, column_of

if TYPE_CHECKING:
    import pandas as pd

    from ..table import ClinicalColumn

BINARY = ("0", "1")
"""Levels of a column of numbers that holds 0 and 1 alone."""


@dataclass(frozen=True)
class Variable:
    """A clinical variable.

    Parameters
    ----------
    name : str
        Its column of `CohortData.clinical`.
    unit : str
        "" for none.
    levels : tuple of str
        Of a categorical one, the first being the reference; none for numbers.
    binary : bool
        Numbers 0 and 1, whose levels are `BINARY`.
    """

    name: str
    unit: str = ""
    levels: tuple[str, ...] = ()
    binary: bool = False

    @property
    def categorical(self) -> bool:
        return bool(self.levels)

    @property
    def columns(self) -> tuple[str, ...]:
        """Of a design: itself, or one for each level but the reference ("BCLC=B")."""
        return tuple(column_of(self.name, level) for level in self.levels[1:]) if self.levels else (self.name,)

    def texts(self, values: pd.Series) -> np.ndarray:
        """Levels of cases as text, shape (n,) of object; None where missing."""
        missing = values.isna().to_numpy()
        shown = [f"{value:g}" if self.binary else str(value) for value in values]
        return np.where(missing, None, np.array(shown, object))

    def known(self, values: pd.Series) -> np.ndarray:
        """Whether each case has a value that a model with these levels can take, shape (n,) of bool."""
        if not self.categorical:
            return values.notna().to_numpy()
        return np.isin(self.texts(values).astype(str), self.levels)

    def design(self, values: pd.Series) -> np.ndarray:
        """Columns of the design, shape (n, len(columns)); nan where the value is not `known`."""
        if not self.categorical:
            return values.to_numpy(float)[:, None]
        texts = self.texts(values)
        made = np.array([texts == level for level in self.levels[1:]], float).T.reshape(len(values), -1)
        made[~self.known(values)] = np.nan
        return made

    def among(self, values: pd.Series) -> Variable | None:
        """The variable with the levels that occur in `values`; None where it is the same in all of them."""
        if not self.categorical:
            return self if values.dropna().nunique() > 1 else None
        found = set(self.texts(values).astype(str))
        levels = tuple(level for level in self.levels if level in found)
        return replace(self, levels=levels) if len(levels) > 1 else None


def candidates(
    columns: Iterable[ClinicalColumn], clinical: pd.DataFrame, chosen: Sequence[str] = ()
) -> tuple[Variable, ...]:
    """The clinical variables of a cohort that a model may use.

    Parameters
    ----------
    columns : iterable of ClinicalColumn
    clinical : DataFrame
        Whose values decide whether a column of numbers is one of 0 and 1; the levels of others come with the columns.
    chosen : sequence of str
        Their names; all where none is given.

    Raises
    ------
    BadInput
        For a name that no column has.
    """
    taken = RADSCORE.casefold()  # a column of that name would be taken for the score that is developed
    known = {one.name: one for one in columns if one.name in clinical.columns and one.name.casefold() != taken}
    if strange := [name for name in chosen if name not in known]:
        raise BadInput(
            f"The table has no clinical column {in_words(strange, 'and')}; it has {in_words(list(known), 'and')}."
        )
    return tuple(_variable(known[name], clinical[name]) for name in (chosen or known))


def design(variables: Sequence[Variable], clinical: pd.DataFrame) -> np.ndarray:
    """Design of some variables, shape (n, columns); nan where a value is missing or of an unknown level."""
    parts = [one.design(clinical[one.name]) for one in variables]
    return np.hstack(parts) if parts else np.empty((len(clinical), 0))


def names(variables: Sequence[Variable]) -> tuple[str, ...]:
    """Columns of `design`."""
    return tuple(column for one in variables for column in one.columns)


def _variable(column: ClinicalColumn, values: pd.Series) -> Variable:
    if column.levels:
        return Variable(column.name, column.unit, tuple(column.levels))
    if set(values.dropna()) == {0, 1}:
        return Variable(column.name, column.unit, BINARY, binary=True)
    return Variable(column.name, column.unit)
