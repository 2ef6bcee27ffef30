"""Writes a report: ``report.html``, and each of its tables as ``tables/NAME.csv`` with every digit."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from .cells import Cell, Indented, parts, words
from .document import Document, Table
from .page import html

REPORT = "report.html"
TABLES = "tables"


def names(document: Document) -> tuple[str, ...]:
    """Files that `write` makes, relative to its folder; the report first."""
    return (REPORT, *(f"{TABLES}/{table.name}.csv" for table in document.tables))


def write(document: Document, folder: Path) -> tuple[Path, ...]:
    """Write a report into a folder that is there (a staging folder of `outputs`); its files, the report first."""
    made = tuple(folder / name for name in names(document))
    made[0].write_text(html(document), encoding="utf-8", newline="\n")
    (folder / TABLES).mkdir(exist_ok=True)
    for table, path in zip(document.tables, made[1:], strict=True):
        with open(path, "w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows(lines(table))
    return made


def lines(table: Table) -> Iterator[list[str]]:
    """The rows of a table's file, the header first.

    A column whose cells hold several numbers (an estimate with its interval, mean and SD) is there in the words of the
    page, followed by a column for each of its numbers: "AUC", "AUC: value", "AUC: low", "AUC: high".
    """
    found = [
        list(dict.fromkeys(name for row in table.rows for name in parts(row[place])))
        for place in range(len(table.header))
    ]
    titles = [column.title for column in table.header]
    yield [
        text
        for title, inside in zip(titles, found, strict=True)
        for text in (title, *(f"{title}: {name}" for name in inside))
    ]
    for row in table.rows:
        written: list[str] = []
        for cell, column, inside in zip(row, table.header, found, strict=True):
            of_cell = parts(cell)
            written.append(words(cell, column.shown) if of_cell else _exact(cell))
            written += [_exact(of_cell.get(name)) for name in inside]
        yield written


def _exact(cell: Cell) -> str:
    """Every digit: read back, it is the same number."""
    if cell is None or cell != cell:
        return ""
    if isinstance(cell, Indented):
        return f"  {cell.text}"
    return repr(float(cell)) if isinstance(cell, float) else str(cell)
