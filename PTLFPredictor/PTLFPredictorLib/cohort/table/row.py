"""One row of a sheet, and how its cells are asked: by what a column holds, with what is wrong told as a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from ...confirmation import Confirmation
from ...ct import Level
from ...errors import BadInput
from . import values
from .case import ClinicalColumn
from .columns import Column, Field, Vocabulary
from .finding import Code, TableFinding
from .numbers import is_missing
from .sheet import Sheet
from .values import Amounts, Tell

T = TypeVar("T")


@dataclass
class Layout:
    """What each column of a sheet holds, and in which unit; `findings` fills while rows are asked.

    Parameters
    ----------
    reader : str or None
        Who answers where a row names nobody.
    time : str
        Of answers without a time of their own.
    """

    sheet: Sheet
    columns: Sequence[Column]
    vocabulary: Vocabulary
    reader: str | None
    time: str
    findings: list[TableFinding] = field(default_factory=list)

    def __post_init__(self) -> None:
        quantities = self.vocabulary.quantities
        self.of = {column.holds: column for column in self.columns if column.holds}
        self.amounts = {
            column.holds: Amounts.of(column, quantities[column.holds], self.teller(None, column))
            for column in self.columns
            if column.holds in quantities
        }
        self.further = {
            column: made for column in self.columns if not column.holds and (made := self._further(column)) is not None
        }

    def rows(self) -> Iterator[Row]:
        return (Row(number, cells, self) for number, cells in self.sheet.rows)

    def teller(self, row: int | None, column: Column) -> Tell:
        def tell(level: Level, code: Code, message: str) -> None:
            self.findings.append(TableFinding(row, column.title, level, code, message))

        return tell

    def _further(self, column: Column) -> ClinicalColumn | None:
        rows = [cells for _, cells in self.sheet.rows]
        units = [] if column.unit_index is None else [_at(cells, column.unit_index) for cells in rows]
        cells = [_at(cells, column.index) for cells in rows]
        return values.further(column, cells, units, self.sheet.decimals, self.teller(None, column))


@dataclass(frozen=True)
class Row:
    """One row; what is asked by what a column holds (`Field`, an entry's or a criterion's id)."""

    number: int
    cells: Sequence[str]
    layout: Layout

    def cell(self, column: Column) -> str:
        return _at(self.cells, column.index)

    def text(self, held: str) -> str:
        """ "" where there is no such column, or no value in it."""
        column = self.layout.of.get(held)
        return "" if column is None or is_missing(text := self.cell(column)) else text

    def tell(self, held: str, level: Level, code: Code, message: str) -> None:
        self.layout.teller(self.number, self.layout.of[held])(level, code, message)

    def word(self, held: str, of: Callable[[str], T | None], expected: str) -> T | None:
        """What `of` makes of a word; a finding where it makes nothing."""
        if not (text := self.text(held)):
            return None
        if (found := of(text)) is None:
            message = f"the word cannot be read; it must be {expected}. It counts as not answered."
            self.tell(held, Level.WITHHOLD, Code.UNREADABLE, message)
        return found

    def answer(self, held: str, of: Callable[[str], T], code: Code = Code.UNREADABLE) -> T | None:
        """What `of` makes of a text; a finding with its sentence where it refuses."""
        if not (text := self.text(held)):
            return None
        try:
            return of(text)
        except BadInput as error:
            self.tell(held, Level.WITHHOLD, code, error.message)
            return None

    def amount(self, held: str) -> float | None:
        """In the quantity's first unit."""
        column = self.layout.of.get(held)
        if column is None:
            return None
        unit = "" if column.unit_index is None else _at(self.cells, column.unit_index)
        tell = self.layout.teller(self.number, column)
        return self.layout.amounts[held].converted(self.cell(column), unit, self.layout.sheet.decimals, tell)

    def clinical(self) -> dict[str, float | str]:
        """The further columns that have a value, by name."""
        found = {
            made.name: values.further_value(
                made, self.cell(column), self.layout.sheet.decimals, self.layout.teller(self.number, column)
            )
            for column, made in self.layout.further.items()
        }
        return {name: value for name, value in found.items() if value is not None}

    def answered_by(self, held: str) -> Confirmation | None:
        """Who answers: the column of that question, that of the row, the reader of the whole table."""
        names = (self.text(held), self.text(Field.READER), (self.layout.reader or "").strip())
        name = next(filter(None, names), "")
        return Confirmation(name, self.text(Field.ANSWERED_AT) or self.layout.time) if name else None

    def require_reader(self, held: str) -> Confirmation:
        """`answered_by`, or `BadInput`."""
        by = self.answered_by(held)
        if by is None:
            raise BadInput("nobody answers for it: name the reader in a column 'reader'.")
        return by


def _at(cells: Sequence[str], index: int) -> str:
    return cells[index] if index < len(cells) else ""
