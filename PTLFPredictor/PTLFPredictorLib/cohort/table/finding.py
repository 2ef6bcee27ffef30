"""What a check of the table says: row, column, level, and a sentence that holds no name of a patient."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ...ct import Level


class Code(StrEnum):
    """Kinds of findings on a table."""

    LAYOUT = "layout"
    """How the file is written: encoding, header, rows that do not fit it."""

    COLUMN = "column"
    """A column that is not read, or read with a reservation."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    """No number, date, limit ("<5"), word that is none of those expected."""

    IMPLAUSIBLE = "implausible"
    UNIT = "unit"
    DUPLICATE = "duplicate"
    LEAKAGE = "leakage"
    """The same patient, CT or centre on both sides of a split."""

    CONTRADICTION = "contradiction"
    READER = "reader"
    """An answer that nobody answers for."""


@dataclass(frozen=True)
class TableFinding:
    """One result of the validation.

    Parameters
    ----------
    row : int or None
        As a spreadsheet numbers it, the first line is 1; None for a whole column or table.
    column : str
        As the table names it; "" for a whole row or table.
    level : Level
        `WARN`: told.  `WITHHOLD`: the value is not used, or the row is left out, as the sentence says.  `FAIL`: nothing
        is fitted before it is mended.
    code : Code
    message : str
        A sentence without row and column.
    """

    row: int | None
    column: str
    level: Level
    code: Code
    message: str

    @property
    def words(self) -> str:
        """With the place: "Row 12, column 'ALB': ..."."""
        place = [f"row {self.row}"] if self.row is not None else []
        place += [f"column '{self.column}'"] if self.column else []
        where = ", ".join(place)
        return f"{where[:1].upper()}{where[1:]}: {self.message}" if where else self.message
