"""Numbers in cells as spreadsheets write them: decimal commas, limits, dates that were numbers, failed formulas."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

MISSING = frozenset(
    (
        *("", "na", "n/a", "n.a.", "nan", "-", "--", "---", "\u2013", "\u2014", ".", "?", "nd", "n.d.", "null"),
        *("missing", "not available", "not done"),
        *("unknown", "k.a.", "k. a.", "ka", "keine angabe", "unbekannt", "fehlt"),
    )
)  # fmt: skip
"""What people write where a value is not known; in any case of letters."""

_SIGN, _END = r"[-+]?", r"(?:[eE][-+]?\d{1,3})?"
_WHOLE = re.compile(rf"{_SIGN}(?:0|[1-9]\d*)")
_POINT = re.compile(rf"{_SIGN}(?:(?:0|[1-9]\d*)\.\d+|\.\d+|(?:0|[1-9]\d*)(?:\.\d+)?[eE][-+]?\d{{1,3}})")
_COMMA = re.compile(rf"{_SIGN}(?:(?:0|[1-9]\d*),\d+|,\d+){_END}")
_THOUSANDS_POINT = re.compile(rf"{_SIGN}[1-9]\d{{0,2}}(?:(?:,\d{{3}})+\.\d+|(?:,\d{{3}}){{2,}})")
_THOUSANDS_COMMA = re.compile(rf"{_SIGN}[1-9]\d{{0,2}}(?:(?:\.\d{{3}})+,\d+|(?:\.\d{{3}}){{2,}})")
_SPACED = re.compile(rf"{_SIGN}[1-9]\d{{0,2}}(?: \d{{3}})+(?:[.,]\d+)?")
_TWO_WAYS = re.compile(rf"{_SIGN}[1-9]\d{{0,2}}[.,]\d{{3}}")
"""1,234 and 1.234: a decimal mark or one of thousands."""

_MONTH = "jan|feb|mar|m\xe4r|mrz|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez"
_DATES = re.compile(
    rf"\d{{4}}-\d{{1,2}}-\d{{1,2}}(?:[t ].*)?|\d{{1,2}}([./-])\d{{1,2}}\1(?:\d{{4}}|\d{{2}})?(?: .*)?"
    rf"|\d{{4}}/\d{{1,2}}/\d{{1,2}}"
    rf"|\d{{1,2}}[-. ]+(?:{_MONTH})[a-z]*(?:[-. ]+\d{{2,4}})?|(?:{_MONTH})[a-z]*[-. ]+\d{{2,4}}"
    rf"|0\d[./]\d{{1,2}}|\d{{1,2}}/\d{{1,2}}|\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:\.\d+)?)?(?: ?[ap]m)?",
    re.IGNORECASE,
)
_LIMIT = re.compile(r"[<>~\u2264\u2265\u2248]")
_WITH_UNIT = re.compile(r"([-+]?[\d.,]*\d)\s*([^\W\d_].*|%)")


class Decimals(Enum):
    """Which decimal mark a sheet's numbers have."""

    NONE = "none that tells"
    POINT = "point"
    COMMA = "comma"
    MIXED = "both"


@dataclass(frozen=True)
class Number:
    """What a cell holds: a number, perhaps with its unit; nothing; or why it is none.

    Parameters
    ----------
    value : float or None
    unit : str
        As it stands behind the number, "" for none.
    problem : str
        Why there is no value although the cell holds something: the end of "... is a date".
    numeric : bool
        Whether a number was meant: a date, a limit and a failed formula belong to a column of numbers, words do not.
    """

    value: float | None = None
    unit: str = ""
    problem: str = ""
    numeric: bool = True


def is_missing(text: str) -> bool:
    """Whether a cell says that there is no value: empty, "NA", "-" and their like (`MISSING`)."""
    return _plainly(text).casefold() in MISSING


def _plainly(text: str) -> str:
    """Without what is only typography: compatibility forms (full width digits, narrow spaces), a typographic minus."""
    return unicodedata.normalize("NFKC", text).replace("\u2212", "-").strip()


def decimals_of(cells: Iterable[str]) -> Decimals:
    """By the cells that can be read in one way only."""
    comma = point = False
    for cell in map(_plainly, cells):
        if _TWO_WAYS.fullmatch(cell):
            continue
        comma = comma or bool(_COMMA.fullmatch(cell) or _THOUSANDS_COMMA.fullmatch(cell))
        point = point or bool(_POINT.fullmatch(cell) or _THOUSANDS_POINT.fullmatch(cell))
    return {(0, 0): Decimals.NONE, (0, 1): Decimals.POINT, (1, 0): Decimals.COMMA}.get((comma, point), Decimals.MIXED)


def number(text: str, decimals: Decimals = Decimals.NONE) -> Number:
    """The number in a cell.

    >>> number("38,5").value, number("1.234,5").value, number("3.8 g/dL").unit
    (38.5, 1234.5, 'g/dL')
    >>> number("<5").problem
    'is a limit, not a number'
    """
    text = _plainly(text)
    if is_missing(text):
        return Number()
    value, problem = _plain(text, decimals)
    if value is not None or problem:
        return Number(value, "", problem)
    if text.startswith("#"):
        return Number(problem="is a formula that failed, or a column that was too narrow, when the table was saved")
    if _LIMIT.match(text):
        return Number(problem="is a limit, not a number")
    if _DATES.fullmatch(text):
        return Number(problem="is a date or time: has the spreadsheet made one of a number?")
    if (match := _WITH_UNIT.fullmatch(text)) is not None:
        value, problem = _plain(match[1], decimals)
        if value is not None or problem:
            return Number(value, match[2].strip(), problem, numeric=problem == "" or value is not None)
    return Number(problem="is text where a number is expected", numeric=False)


def _plain(text: str, decimals: Decimals) -> tuple[float | None, str]:
    """The value of a number alone, or why it can be read in two ways; (None, "") for what is none."""
    if _TWO_WAYS.fullmatch(text):
        comma = "," in text
        if decimals in ((Decimals.COMMA,) if comma else (Decimals.POINT, Decimals.NONE)):
            return float(text.replace(",", ".")), ""
        return None, "can be read in two ways (a decimal mark, or one of thousands?); write it without either"
    if _WHOLE.fullmatch(text) or _POINT.fullmatch(text):
        return float(text), ""
    if _COMMA.fullmatch(text):
        return float(text.replace(",", ".")), ""
    if _THOUSANDS_POINT.fullmatch(text):
        return float(text.replace(",", "")), ""
    if _THOUSANDS_COMMA.fullmatch(text):
        return float(text.replace(".", "").replace(",", ".")), ""
    if _SPACED.fullmatch(text):
        return float(text.replace(" ", "").replace(",", ".")), ""
    return None, ""
