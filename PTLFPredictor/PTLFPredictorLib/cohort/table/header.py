"""The header of a sheet as columns: which are read, which not and why, what is missing, units in a row or a column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...ct import Level
from ...errors import BadInput
from ...measures.value import in_words
from ...signature import Signature
from .columns import IDENTIFYING, Column, Field, Vocabulary, normal
from .finding import Code, TableFinding
from .sheet import Sheet, with_units_row

UNITS = frozenset(("unit", "units"))

SEVERAL = (Field.SEGMENTATION, Field.SEGMENTATION_2)
"""What several columns may hold."""


def columns_of(
    sheet: Sheet, vocabulary: Vocabulary, signature: Signature
) -> tuple[Sheet, list[Column], list[TableFinding]]:
    """The sheet without a row of units, its columns, and what there is to say of them.

    Raises
    ------
    BadInput
        Where two columns hold the same.
    """
    found = []
    first = [
        k for k, title in enumerate(sheet.header) if vocabulary.column(k, title).holds in (Field.ID, Field.PATIENT)
    ]

    def is_units(row: Sequence[str]) -> bool:
        filled = [(k, cell) for k, cell in enumerate(row) if cell]
        units = [vocabulary.is_unit(cell) for _, cell in filled]
        return any(units) and not any(cell for k, cell in filled if k in first) and sum(units) * 2 >= len(units)

    sheet = with_units_row(sheet, is_units)
    columns = placed(sheet.header, sheet.below, vocabulary)
    if Field.ID not in [column.holds for column in columns]:
        columns = [_as_id(column, found) for column in columns]
    _require_each_once(columns)
    for column in columns:
        if normal(column.title) in IDENTIFYING:
            message = "seems to identify patients: not read. Leave it out of the table."
            found.append(TableFinding(None, column.title, Level.WARN, Code.COLUMN, message))
    columns = [column for column in columns if normal(column.title) not in IDENTIFYING]
    for k in range(sheet.width):
        filled = sum(1 for _, row in sheet.rows if k < len(row) <= sheet.width and row[k])
        if filled and not (k < len(sheet.header) and sheet.header[k]):
            message = f"column {k + 1} has no name and {filled} cells that hold something: not read."
            found.append(TableFinding(None, "", Level.WARN, Code.COLUMN, message))
    return sheet, columns, [*found, *_absent(columns, vocabulary, signature)]


def placed(header: Sequence[str], below: Sequence[str], vocabulary: Vocabulary) -> list[Column]:
    """The columns that have a name, those of units beside the ones that they belong to."""
    columns = [vocabulary.column(k, title) for k, title in enumerate(header) if title]
    by_name = {normal(name): column for column in columns for name in (column.title, column.name)}
    units = {column.index: owner for column in columns if (owner := _owner(column, by_name)) is not None}
    of_owner = {owner.index: index for index, owner in units.items()}
    return [
        Column(c.index, c.title, c.holds, c.stated or below[c.index], of_owner.get(c.index), c.name)
        for c in columns
        if c.index not in units
    ]


def _owner(column: Column, by_name: Mapping[str, Column]) -> Column | None:
    """The column whose unit this one holds."""
    words = normal(column.title).split()
    if column.holds or not words or not UNITS & {words[0], words[-1]}:
        return None
    return by_name.get(" ".join(word for word in words if word not in (*UNITS, "of")))


def _as_id(column: Column, found: list[TableFinding]) -> Column:
    if column.holds != Field.PATIENT:
        return column
    message = "no column is called 'case': this one was taken as the case id."
    found.append(TableFinding(None, column.title, Level.WARN, Code.COLUMN, message))
    return Column(column.index, column.title, Field.ID, name=column.name)


def _require_each_once(columns: Sequence[Column]) -> None:
    by: dict[str, Column] = {}
    for column in columns:
        key = column.holds or f"={normal(column.name)}"
        if key in by and key not in SEVERAL:
            raise BadInput(
                f"Two columns of the table hold the same: '{by[key].title}' and '{column.title}'. Leave one of them "
                "out, or rename it."
            )
        by[key] = column


def _absent(columns: Sequence[Column], vocabulary: Vocabulary, signature: Signature) -> list[TableFinding]:
    """What the signature asks for and no column holds."""
    held = {column.holds for column in columns}
    titles = [column.title for column in columns if not column.holds]
    found = []
    for entry in signature.entries:
        if entry.id not in held:
            near = vocabulary.like(entry.id, titles)
            message = f"no column holds {entry.label} ('{entry.id}')" + (f"; is it '{near}'?" if near else ".")
            found.append(TableFinding(None, "", Level.WARN, Code.COLUMN, message))
    criteria = [one for one in signature.eligibility if one.id not in held]
    if criteria and Field.ALL_MET not in held:
        names = in_words([f"'{one.id}'" for one in criteria], "and")
        message = f"no column answers {names}: all cases count as not answered, and are left out."
        found.append(TableFinding(None, "", Level.WARN, Code.COLUMN, message))
    return found
