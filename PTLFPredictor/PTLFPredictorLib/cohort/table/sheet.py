"""A CSV or Parquet file as a sheet of texts: encodings, delimiters, decimal commas, rows above and below the header.

Whatever a spreadsheet writes is read; what could be read in two ways is a finding, never a guess.
"""

from __future__ import annotations

import csv
import datetime
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...ct import Level
from ...errors import BadInput
from .finding import Code, TableFinding
from .numbers import Decimals, decimals_of

DELIMITERS = (",", ";", "\t", "|")

HEADER_WITHIN = 20
"""Rows in which the header is looked for."""

OTHER_FILES = {
    b"PK": "a spreadsheet's own file (.xlsx, .ods)",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet's own file (.xls)",
    b"%PDF": "a PDF",
}

Judge = Callable[[Sequence[str]], int]
"""How many columns it knows in a row of texts; 0 where what a header must have is not in it."""


@dataclass(frozen=True)
class Sheet:
    """Cells as texts, blank rows and columns left out.

    Parameters
    ----------
    header : tuple of str
    below : tuple of str
        Of a second header row that holds units alone; "" elsewhere.
    rows : tuple of (int, tuple of str)
        With the number that a spreadsheet shows; of any width.
    width : int
        Cells of the header's row, those without a name at its end too.
    decimals : Decimals
        What the sheet's numbers tell about its decimal mark.
    findings : tuple of TableFinding
    """

    header: tuple[str, ...]
    below: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    width: int
    decimals: Decimals
    findings: tuple[TableFinding, ...]


def read_sheet(path: Path, judge: Judge, wanted: str, encoding: str | None = None) -> Sheet:
    """The sheet of a file.

    Parameters
    ----------
    path : Path
    judge : callable
        See `Judge`.
    wanted : str
        What a header must have, in words.
    encoding : str, optional
        Of a CSV.

    Raises
    ------
    BadInput
        Where it is no table, or no row is a header.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(f"The table '{path}' cannot be read: {error.strerror or error}.") from error
    if data[:4] == b"PAR1":
        return _sheet(_parquet(path), judge, wanted, [], path, first=0)
    for start, what in OTHER_FILES.items():
        if data.startswith(start):
            raise BadInput(f"'{path.name}' is {what}. Save the table as CSV (in Excel: CSV UTF-8) or as Parquet.")
    text, findings = _text(data, path, encoding)
    first, _, rest = text.partition("\n")
    delimiters: Sequence[str] = DELIMITERS
    if (
        first.strip().lower().startswith("sep=") and len(first.strip()) <= 5
    ):  # Excel's, which it does not count as a row
        delimiters, text = (first.strip()[4:] or "\t",), rest
    found, problem = [], None
    for delimiter in delimiters:
        try:
            rows = _csv(text, delimiter)
        except csv.Error as error:
            problem = error
            continue
        found.append((max((judge(row) for row in rows[:HEADER_WITHIN]), default=0), rows))
    best = max(found, key=lambda one: one[0], default=(0, []))
    if not best[0] and problem is not None:
        raise BadInput(f"The table '{path.name}' cannot be read as CSV ({problem}): is a quotation mark never closed?")
    return _sheet(best[1], judge, wanted, findings, path)


def _sheet(
    rows: list[list[str]], judge: Judge, wanted: str, findings: list[TableFinding], path: Path, first: int = 1
) -> Sheet:
    head = next((k for k, row in enumerate(rows[:HEADER_WITHIN]) if judge(row)), None)
    if head is None:
        seen = next((row for row in rows if any(row)), [])
        names = ", ".join(f"'{name}'" for name in seen[:12] if name)
        told = f" The first row that holds something has {names}." if names else " It is empty."
        raise BadInput(f"No row of the table '{path.name}' names the columns of {wanted}.{told}")
    header = tuple(rows[head])
    while header and not header[-1]:
        header = header[:-1]
    if any(any(row) for row in rows[:head]):
        message = f"the columns' names stand in row {head + 1}; what stands above them was not read."
        findings.append(TableFinding(None, "", Level.WARN, Code.LAYOUT, message))
    body = [(first + head + 1 + k, _trimmed(row)) for k, row in enumerate(rows[head + 1 :])]
    body = [(number, row) for number, row in body if row]
    decimals = decimals_of(cell for _, row in body for cell in row)
    if decimals is Decimals.MIXED:
        message = "some numbers are written with a decimal comma, others with a point; each was read as it is written."
        findings.append(TableFinding(None, "", Level.WARN, Code.LAYOUT, message))
    return Sheet(header, ("",) * len(header), tuple(body), len(rows[head]), decimals, tuple(findings))


def with_units_row(sheet: Sheet, is_units: Callable[[Sequence[str]], bool]) -> Sheet:
    """Where the row below the header holds units alone, these beside the header."""
    if not sheet.rows or not is_units(sheet.rows[0][1]):
        return sheet
    (number, row), *rest = sheet.rows
    below = (*row, *("",) * len(sheet.header))[: len(sheet.header)]
    told = TableFinding(number, "", Level.WARN, Code.LAYOUT, "read as the units of the columns.")
    return replace(sheet, below=tuple(below), rows=tuple(rest), findings=(*sheet.findings, told))


def _csv(text: str, delimiter: str) -> list[list[str]]:
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    return [[clean(cell) for cell in row] for row in lines]


def clean(cell: str) -> str:
    """Without spaces of any kind around it; all else stays, since it may be a path."""
    return cell.strip("\u200b\ufeff \t\r\n\xa0\u202f\u2009")


def _trimmed(row: Sequence[str]) -> tuple[str, ...]:
    cells = tuple(row)
    while cells and not cells[-1]:
        cells = cells[:-1]
    return cells


def _text(data: bytes, path: Path, encoding: str | None) -> tuple[str, list[TableFinding]]:
    """The text of a CSV; a finding where its encoding is not certain."""
    zeros = data[:2000].count(0)
    if encoding is None:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            encoding = "utf-16"
        elif zeros > len(data[:2000]) // 4:
            encoding = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    for name in [encoding] if encoding else ["utf-8-sig", "cp1252"]:
        try:
            text = data.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
        if "\0" in text:
            break
        told = [] if name != "cp1252" or encoding else [_not_utf8()]
        return text.replace("\r\n", "\n").replace("\r", "\n"), told
    raise BadInput(f"'{path.name}' is no text in a known encoding. Save the table as CSV UTF-8.")


def _not_utf8() -> TableFinding:
    message = "the file is not UTF-8 and was read as Windows-1252: see that names with accents are right."
    return TableFinding(None, "", Level.WARN, Code.LAYOUT, message)


def _parquet(path: Path) -> list[list[str]]:
    import pyarrow
    import pyarrow.parquet

    try:
        read = pyarrow.parquet.read_table(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise BadInput(f"'{path.name}' cannot be read as Parquet: {type(error).__name__}.") from error
    columns = [[clean(_of_parquet(value)) for value in column.to_pylist()] for column in read.columns]
    return [[clean(name) for name in read.column_names], *(list(row) for row in zip(*columns, strict=True))]


def _of_parquet(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)
