"""Numbers with their units in a table's columns, and levels; what is implausible is a finding and no value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...ct import Level
from ...errors import BadInput
from ...measures.clinical import Quantity
from ...measures.value import DIMENSIONLESS, unit_shown
from ...signature.entries import Entry
from .case import ClinicalColumn
from .columns import Column, normal, unit_named
from .finding import Code
from .numbers import Decimals, is_missing, number
from .words import sign, yes_or_no

Tell = Callable[[Level, Code, str], None]
"""Takes a finding on one cell, or on one column."""

NUMERIC_SHARE = 0.8
"""Of a further column's cells that hold something: from here on it is one of numbers, and what is none is a finding."""

SIGNS = ("ascites_before", "encephalopathy_before")
"""Entries of two levels whose grades only tell that the sign is there."""

MOST_LEVELS = 12
"""A further column of more words than this is free text."""


@dataclass(frozen=True)
class Amounts:
    """How a column of a quantity is read.

    Parameters
    ----------
    quantity : Quantity
    unit : str or None
        Of the column; None where it must stand in each row.
    told : bool
        The column itself was told to lack a unit that can be used: its cells are not, one by one.
    """

    quantity: Quantity
    unit: str | None
    told: bool = False

    @classmethod
    def of(cls, column: Column, quantity: Quantity, tell: Tell) -> Amounts:
        """By what the header states; a unit that is not stated is the quantity's first, where a slip would be seen."""
        if column.stated:
            unit = unit_named(column.stated, quantity)
            if unit is None:
                message = (
                    f"the unit '{column.stated}' is none of {quantity.name}; it must be {quantity.units_in_words()}."
                )
                tell(Level.WITHHOLD, Code.UNIT, f"{message} The column is not used.")
            return cls(quantity, unit, told=unit is None)
        if quantity.unit == DIMENSIONLESS:
            return cls(quantity, DIMENSIONLESS)
        if column.unit_index is not None:
            return cls(quantity, None)
        if _overlapping(quantity):
            message = f"no unit is stated: write it into the name, e.g. '{column.title} [{quantity.unit}]'"
            tell(Level.WITHHOLD, Code.UNIT, f"{message}. Numbers without one are not used.")
            return cls(quantity, None, told=True)
        shown = unit_shown(quantity.units[0].shown)
        tell(Level.WARN, Code.UNIT, f"no unit is stated: taken as {shown}; a slip of unit would be seen.")
        return cls(quantity, quantity.unit)

    def read(self, text: str, row_unit: str, decimals: Decimals, tell: Tell) -> tuple[float, str] | None:
        """Value and unit in one cell; None where there is none, which is told unless the cell says so."""
        found = number(text, decimals)
        if found.value is None:
            if found.problem:
                tell(Level.WITHHOLD, Code.UNREADABLE, _sentence(found.problem))
            return None
        units = {
            unit_named(stated, self.quantity) for stated in (found.unit, row_unit) if stated and not is_missing(stated)
        } or {self.unit}
        if None in units and (found.unit or row_unit):
            message = f"the unit is none of {self.quantity.name}; it must be {self.quantity.units_in_words()}."
            tell(Level.WITHHOLD, Code.UNIT, message)
        elif len(units) > 1:
            tell(Level.WITHHOLD, Code.CONTRADICTION, "the cell and the column of units state different units.")
        elif None in units:
            if not self.told:
                tell(Level.WITHHOLD, Code.UNIT, "the number has no unit.")
        else:
            (unit,) = units
            return found.value, unit
        return None

    def converted(self, text: str, row_unit: str, decimals: Decimals, tell: Tell) -> float | None:
        """A cell's value in the quantity's first unit, if it can be meant."""
        read = self.read(text, row_unit, decimals, tell)
        if read is None:
            return None
        value, unit = read
        try:
            converted = self.quantity.convert(value, unit)
        except BadInput as error:
            tell(Level.WITHHOLD, Code.IMPLAUSIBLE, error.message)
            return None
        if doubt := self.quantity.doubt(value, unit):
            tell(Level.WARN, Code.UNIT, doubt)
        return converted


def level_of(entry: Entry, text: str, tell: Tell) -> str | None:
    """The level of a categorical entry, by its value or its label."""
    if is_missing(text):
        return None
    for level in entry.levels:
        if normal(text) in (normal(level.value), normal(level.label)):
            return level.value
    if {level.value for level in entry.levels} == {"0", "1"}:
        answer = found.present if entry.id in SIGNS and (found := sign(text)) else yes_or_no(text)
        if answer is not None:
            return str(int(answer))
    words = ", ".join(level.value for level in entry.levels)
    tell(Level.WITHHOLD, Code.UNREADABLE, f"the word is none of {words}.")
    return None


def further(
    column: Column, cells: Sequence[str], units: Sequence[str], decimals: Decimals, tell: Tell
) -> ClinicalColumn | None:
    """What a column that is neither entry nor field holds: numbers, levels, or nothing that a model takes.

    `units` are those that stand row by row.
    """
    told = [text for text in cells if not is_missing(text)]
    if not told:
        return None
    numbers = [number(text, decimals) for text in told]
    values = [one for one in numbers if one.value is not None]
    if not values and all(one.numeric for one in numbers):
        tell(Level.WARN, Code.COLUMN, "dates or limits, no numbers: not read.")
        return None
    if sum(one.numeric for one in numbers) >= NUMERIC_SHARE * len(numbers):
        stated = [column.stated, *units, *(one.unit for one in values)]
        spelled = {normal(unit): unit for unit in stated if not is_missing(unit)}
        if len(spelled) > 1:
            tell(Level.WITHHOLD, Code.UNIT, "several units, which nothing here converts: not read.")
            return None
        return ClinicalColumn(column.name, next(iter(spelled.values()), ""))
    levels = tuple(sorted(set(told)))
    if len(levels) > MOST_LEVELS or len(levels) == len(told) > 2:
        tell(Level.WARN, Code.COLUMN, "free text: not read.")
        return None
    if values:
        tell(Level.WARN, Code.COLUMN, "numbers and words: read as words.")
    if len({normal(level) for level in levels}) < len(levels):
        message = "words that differ only in case or spaces: each was read as its own level."
        tell(Level.WARN, Code.COLUMN, message)
    return ClinicalColumn(column.name, column.stated, levels)


def further_value(column: ClinicalColumn, text: str, decimals: Decimals, tell: Tell) -> float | str | None:
    """A cell of a further column; None where there is none, which is told unless the cell says so."""
    if is_missing(text):
        return None
    if column.levels:
        return text
    found = number(text, decimals)
    if found.problem:
        tell(Level.WITHHOLD, Code.UNREADABLE, _sentence(found.problem))
    return found.value


def _sentence(problem: str) -> str:
    return f"the cell {problem}{'' if problem.endswith('?') else '.'}"


def _overlapping(quantity: Quantity) -> bool:
    """Whether a number can be meant in two of the quantity's units."""
    low, high = quantity.range
    others = (quantity.range_in(unit.name) for unit in quantity.units[1:])
    return any(other_low <= high and low <= other_high for other_low, other_high in others)
