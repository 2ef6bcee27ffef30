"""Numbers with units, checked before they can become a number on a page.

A conversion is exact in decimals and rounded once (1.1 g/dL is 11 g/L, not 11.000000000000002), so that a value at a
limit stays there whatever unit it was given in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from numbers import Real
from typing import Any

from ...errors import BadInput
from ..value import DIMENSIONLESS, Used, in_words, unit_shown


@dataclass(frozen=True)
class Amount:
    """A number and its unit, as a person or a file gave them."""

    value: float
    unit: str


@dataclass(frozen=True)
class Unit:
    """A unit of a quantity.

    Attributes
    ----------
    name : str
        In ASCII: umol/L; µmol/L is understood too and shown.
    factor : Fraction
        One of it, in the quantity's first unit.
    """

    name: str
    factor: Fraction = Fraction(1)

    @property
    def shown(self) -> str:
        return self.name.replace("umol", "µmol")


@dataclass(frozen=True)
class Quantity:
    """A kind of number, with its units and the values that can be meant.

    Attributes
    ----------
    name : str
        Within a sentence.
    units : tuple of Unit
        The first is the one that formulas take, with a factor of 1.
    range : tuple of float
        Lowest and highest value that can be meant, both included, in the first unit.
    usual : tuple of float, optional
        Where most patients lie: only to ask about a unit that `range` cannot tell.
    whole : bool
        Whole numbers only.
    too_high : str
        A question for values above the range.
    """

    name: str
    units: tuple[Unit, ...]
    range: tuple[float, float]
    usual: tuple[float, float] | None = None
    whole: bool = False
    too_high: str = ""

    @classmethod
    def declared(
        cls,
        name: str,
        unit: str,
        range: tuple[float, float],
        alternatives: Mapping[str, float] | None = None,
        *,
        whole: bool = False,
    ) -> Quantity:
        """From the data of a file.

        Parameters
        ----------
        name : str
            Within a sentence.
        unit : str
            That the range and the model take; "1" for none.
        range : pair of float
            Lowest and highest value that can be meant.
        alternatives : mapping of str to float, optional
            Further units and how many `unit` one of them is: {"g/dL": 10} beside g/L.

        Raises
        ------
        BadInput
            For a range or factor that is none.
        """
        if len(range) != 2:
            raise BadInput(f"The range of {name} must be two numbers, not {len(range)}.")
        low, high = (finite(f"The range of {name}", end) for end in range)
        if not low < high:
            raise BadInput(f"The range of {name} is {low:g} to {high:g}; the lower end must stand first.")
        units = [Unit(in_ascii(unit))]
        for other, factor in (alternatives or {}).items():
            if finite(f"One {other} of {name}, in {unit},", factor) <= 0:
                raise BadInput(f"One {other} of {name} is {factor:g} {unit}; it must be more than 0.")
            units.append(Unit(in_ascii(other), _exact(factor)))
        return cls(name, tuple(units), (float(low), float(high)), whole=whole)

    @property
    def label(self) -> str:
        """At the start of a sentence."""
        return self.name[:1].upper() + self.name[1:]

    @property
    def unit(self) -> str:
        """The unit that formulas take."""
        return self.units[0].name

    def unit_named(self, unit: str) -> Unit:
        """Raises `BadInput` for a unit that this quantity does not have."""
        wanted = in_ascii(unit) if isinstance(unit, str) else unit
        for known in self.units:
            if known.name == wanted:
                return known
        if self.unit == DIMENSIONLESS and len(self.units) == 1:
            raise BadInput(f"The unit of {self.name} is '{unit}'; it has none.")
        raise BadInput(f"The unit of {self.name} is '{unit}'; it must be {self.units_in_words()}.")

    def units_in_words(self) -> str:
        return in_words([unit.shown for unit in self.units], "or")

    def in_unit(self, unit: str) -> Quantity:
        """The same quantity with another first unit: for a formula that is published in that one."""
        first = self.unit_named(unit)
        others = [Unit(one.name, one.factor / first.factor) for one in self.units if one.name != first.name]
        usual = None if self.usual is None else self._bounds(self.usual, first)
        return replace(self, units=(Unit(first.name), *others), range=self._bounds(self.range, first), usual=usual)

    def range_in(self, unit: str) -> tuple[float, float]:
        """Lowest and highest value that can be meant, in `unit`."""
        return self._bounds(self.range, self.unit_named(unit))

    @property
    def range_words(self) -> str:
        """ "15 to 60 g/L": what can be meant, in the first unit."""
        return f"{self.range[0]:g} to {self.range[1]:g} {unit_shown(self.unit)}".rstrip()

    def convert(self, value: float, unit: str, target: str | None = None) -> float:
        """A value in another unit, the first where none is given, if it can be meant in its own.

        Raises
        ------
        BadInput
            For what is no finite number, an unknown unit, and a value that is implausible; one that fits another unit
            is asked about.
        """
        given = self.unit_named(unit)
        wanted = self.units[0] if target is None else self.unit_named(target)
        number = finite(self.label, value)
        if self.whole and number != math.floor(number):
            raise BadInput(f"{self.label} must be a whole number, not {number:g}.")
        if not self._within(number, given, self.range):
            raise BadInput(_why_not(number, given, self))
        return number if given == wanted else float(_exact(number) * given.factor / wanted.factor)

    def other_unit(self, value: float, unit: str) -> str | None:
        """The unit in which the value could be meant, where it cannot in `unit`."""
        if self._within(value, self.unit_named(unit), self.range):
            return None
        return next((other.name for other in self.units if self._within(value, other, self.range)), None)

    def doubt(self, value: float, unit: str) -> str:
        """A sentence where the value is possible in `unit` but usual only in another; '' where not."""
        given = self.unit_named(unit)
        if self.usual is None or self._within(value, given, self.usual):
            return ""
        for other in self.units:
            if self._within(value, other, self.usual):
                return (
                    f"{self.label} {_shown(value, given)} is possible but rare, {_shown(value, other)} would be usual: "
                    "is the unit right?"
                )
        return ""

    def read(self, key: str, given: Any) -> Used:
        """An `Amount`, checked; a bare number only where there is no unit.

        Raises
        ------
        BadInput
            As `convert`, and for a number without its unit.
        """
        if not isinstance(given, Amount):
            if self.unit != DIMENSIONLESS:
                raise BadInput(
                    f"{self.label} must be a number and its unit, {self.units_in_words()}; given is {given!r}."
                )
            given = Amount(given, DIMENSIONLESS)
        value = self.convert(given.value, given.unit)
        unit = self.unit_named(given.unit)
        return Used(key, value, self.unit, _shown(given.value, unit), self.doubt(given.value, given.unit))

    def _within(self, value: float, unit: Unit, bounds: tuple[float, float]) -> bool:
        return _exact(bounds[0]) <= _exact(value) * unit.factor <= _exact(bounds[1])

    def _bounds(self, bounds: tuple[float, float], unit: Unit) -> tuple[float, float]:
        return float(_exact(bounds[0]) / unit.factor), float(_exact(bounds[1]) / unit.factor)


def _why_not(value: float, unit: Unit, quantity: Quantity) -> str:
    shown = f"{quantity.label} {_shown(value, unit)}"
    if (other := quantity.other_unit(value, unit.name)) is not None:
        other_unit = quantity.unit_named(other)
        return f"{shown} is implausible; is it {_shown(value, other_unit)}? Then choose the unit {other_unit.shown}."
    low, high = quantity.range_in(unit.name)
    if quantity.too_high and value > high:
        return f"{shown} cannot be used: above {_shown(high, unit)}. {quantity.too_high}"
    return f"{shown} is implausible; expected is {low:g} to {_shown(high, unit)}."


def _shown(value: float, unit: Unit) -> str:
    return f"{value:g}" if unit.name == DIMENSIONLESS else f"{value:g} {unit.shown}"


def finite(what: str, value: Any) -> float:
    """The value as a float; `BadInput`, beginning with `what`, for text, a truth value, NaN and infinity."""
    if isinstance(value, Real) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    raise BadInput(f"{what} must be a number, not {value!r}.")


def _exact(value: float) -> Fraction:
    """The decimal number that is meant by a float: its shortest text."""
    return Fraction(repr(float(value)))


def in_ascii(unit: str) -> str:
    return unit.strip().replace("\N{MICRO SIGN}", "u").replace("\N{GREEK SMALL LETTER MU}", "u")
