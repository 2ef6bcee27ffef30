"""Cells of a table: a number with the way it is rounded, or several numbers that the page shows as one."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass

MINUS, DASH = "\u2212", "\u2013"

P_SMALLEST = 0.001

Formatter = Callable[[float], str]


def fixed(decimals: int) -> Formatter:
    """So many decimals: 0.878."""
    return lambda number: _typeset(f"{number:.{decimals}f}")


def significant(digits: int) -> Formatter:
    """So many significant digits, and always all digits before the point: 0.0123, 1992, 85114."""

    def shown(number: float) -> str:
        if number == 0 or not math.isfinite(number):
            return _typeset(f"{number:g}")
        size = math.floor(math.log10(abs(number)))
        if size < -4 or size > 6:
            return _typeset(f"{number:.{digits - 1}e}")
        return _typeset(f"{number:.{max(digits - 1 - size, 0)}f}")

    return shown


THREE_DIGITS = significant(3)


def percent(decimals: int = 0) -> Formatter:
    """A share as percent: 31 %."""
    return lambda share: _typeset(f"{100 * share:.{decimals}f} %")


def p_value(p: float) -> str:
    """Three decimals; "<0.001" below."""
    return f"<{P_SMALLEST}" if p < P_SMALLEST else f"{p:.3f}"


def _typeset(text: str) -> str:
    if set(text) <= set("-0. %"):  # no minus before a zero
        text = text.removeprefix("-")
    return text.replace("-", MINUS).replace("inf", "\u221e").replace(" %", "\u00a0%")


@dataclass(frozen=True)
class Estimate:
    """A number with its interval, of the level that the table's note or column names."""

    value: float
    low: float
    high: float

    def words(self, shown: Formatter) -> str:
        return f"{shown(self.value)} ({shown(self.low)} to {shown(self.high)})"


@dataclass(frozen=True)
class Share:
    """A count of so many: 46 (31.3 %)."""

    count: int
    total: int

    def words(self, _: Formatter) -> str:
        return f"{self.count} ({percent(1)(self.count / self.total)})" if self.total else f"{self.count}"


@dataclass(frozen=True)
class MeanSD:
    """Mean and standard deviation; `shown` rounds both."""

    mean: float
    sd: float
    shown: Formatter = THREE_DIGITS

    def words(self, _: Formatter) -> str:
        return f"{self.shown(self.mean)} \u00b1 {self.shown(self.sd)}"


@dataclass(frozen=True)
class MedianIQR:
    """Median and quartiles; `shown` rounds all three."""

    median: float
    q1: float
    q3: float
    shown: Formatter = THREE_DIGITS

    def words(self, _: Formatter) -> str:
        return f"{self.shown(self.median)} ({self.shown(self.q1)} to {self.shown(self.q3)})"


def of_spread(spread: float) -> Formatter:
    """As many decimals as give a spread two significant digits: 61 (52 to 70), 1.03 (0.95 to 1.16)."""
    known = math.isfinite(spread) and spread > 0
    return fixed(min(max(1 - math.floor(math.log10(spread)), 0), 4)) if known else THREE_DIGITS


@dataclass(frozen=True)
class Indented:
    """The name of a level below its variable."""

    text: str

    def words(self, _: Formatter) -> str:
        return self.text


Parts = Estimate | Share | MeanSD | MedianIQR
Cell = str | int | float | None | Indented | Parts


def words(cell: Cell, shown: Formatter) -> str:
    """A cell as the page shows it; a dash where there is no number."""
    if cell is None or (isinstance(cell, numbers.Real) and math.isnan(cell)):
        return DASH
    if isinstance(cell, str):
        return cell
    if isinstance(cell, numbers.Integral):
        return _typeset(str(cell))
    return shown(cell) if isinstance(cell, numbers.Real) else cell.words(shown)


def parts(cell: Cell) -> Mapping[str, float | int]:
    """The numbers of a cell that holds several, by name; empty for any other."""
    if not isinstance(cell, Parts):
        return {}
    return {name: value for name, value in vars(cell).items() if not callable(value)}
