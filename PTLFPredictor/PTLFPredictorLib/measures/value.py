"""What every measure gives: a named value, with what it was computed from and the publication that it follows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from ..errors import BadInput

DIMENSIONLESS = "1"
"""The unit of a number that has none, as signature files write it."""


@dataclass(frozen=True)
class Used:
    """One input as it was used: in the unit of the formula, beside what was given."""

    name: str
    value: float | str
    unit: str
    given: str
    doubt: str = ""
    """A sentence where the value can be meant but the unit may have been mistaken."""


@dataclass(frozen=True)
class Measured:
    """A measure of one patient.

    Attributes
    ----------
    name : str
        As in the registry it comes from.
    value : float, int or str
        A finite number, or one of the measure's categories.
    unit : str
        "1" for a number without one; a category has "".
    inputs : tuple of Used
        What it was computed from.
    source : str
        The publication.
    notes : tuple of str
        Sentences that belong beside the value.
    """

    name: str
    value: float | str
    unit: str
    inputs: tuple[Used, ...]
    source: str
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What JSON can hold; a category is its text."""
        found = asdict(self)
        found["value"] = str(self.value) if isinstance(self.value, str) else self.value
        found["inputs"] = [{**asdict(used), "value": _plain(used.value)} for used in self.inputs]
        found["notes"] = list(self.notes)
        return found


class Input(Protocol):
    """What a measure asks for: a quantity with units, or a choice."""

    @property
    def name(self) -> str:
        """What it is called within a sentence."""

    def read(self, key: str, given: Any) -> Used:
        """What was given, checked and in the unit of the formula; `BadInput` for what is implausible."""


@dataclass(frozen=True)
class Measure:
    """How one value is computed from named inputs: the entry of a registry.

    Attributes
    ----------
    label : str
        For a page.
    inputs : mapping of str to Input
        By the names of the function's parameters.
    function : callable
        Takes the inputs by name, in the units that `inputs` state; gives a number or one of `categories`.
    source : str
        The publication.
    unit : str
        Of the number.
    categories : tuple of str
        Of a measure that is none.
    optional : tuple of str
        Inputs that have a default in the function.
    remarks : callable, optional
        Takes what `function` takes and gives sentences that belong beside the value.
    """

    label: str
    inputs: Mapping[str, Input]
    function: Callable[..., float | str]
    source: str
    unit: str = DIMENSIONLESS
    categories: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    remarks: Callable[..., Sequence[str]] | None = None

    def required(self) -> dict[str, Input]:
        """The inputs without which it cannot be computed."""
        return {key: kind for key, kind in self.inputs.items() if key not in self.optional}

    def compute(self, name: str, inputs: Mapping[str, Any]) -> Measured:
        """The value, called `name`.

        Inputs that this measure does not know are left alone; None is as good as absent.

        Raises
        ------
        BadInput
            Where an input is missing or implausible, or the measure is not defined for these.
        """
        given = {key: inputs[key] for key in self.inputs if inputs.get(key) is not None}
        if missing := [kind.name for key, kind in self.required().items() if key not in given]:
            raise BadInput(f"{self.label} cannot be computed without {in_words(missing, 'and')}.")
        used = {key: self.inputs[key].read(key, value) for key, value in given.items()}
        values = {key: one.value for key, one in used.items()}
        value = self.function(**values)
        if isinstance(value, str) != bool(self.categories):
            raise TypeError(f"{name} gives {value!r}: a number and categories exclude each other")
        if self.categories and value not in self.categories:
            raise ValueError(f"{name} gives {value!r}, which is none of its categories")
        if not self.categories and not math.isfinite(value):
            raise BadInput(f"{self.label} cannot be computed from these values: the result is no number.")
        notes = [one.doubt for one in used.values() if one.doubt]
        notes += self.remarks(**values) if self.remarks else ()
        unit = "" if self.categories else self.unit
        return Measured(name, value, unit, tuple(used.values()), self.source, tuple(notes))


def unit_shown(unit: str) -> str:
    """For people: "" for a number that has none."""
    return "" if unit == DIMENSIONLESS else unit


def in_words(words: Sequence[str], last: str) -> str:
    """'a, b or c', with `last` before the last word."""
    head, tail = ", ".join(words[:-1]), words[-1]
    return f"{head} {last} {tail}" if head else tail


def _plain(value: float | str) -> float | str:
    return str(value) if isinstance(value, str) else value
