"""What a person enters for a signature, and the way from there to the predictors' values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol

from ..errors import BadInput
from ..measures import clinical
from ..measures.clinical import Amount, Choice, Quantity
from ..measures.clinical.units import QUANTITIES
from ..measures.value import Input, Measured, in_words, unit_shown
from .predictors import (
    Category,
    Predictor,
    PredictorKind,
    PredictorSource,
    UnitChoice,
    Value,
    label_of,
    number_words,
    units_of,
)


@dataclass(frozen=True)
class Entry:
    """What a person enters: a number with its unit, or one of some levels.

    Parameters
    ----------
    id, label : str
        The id of a predictor, or of a measure's input ("bilirubin").
    quantity : Quantity or None
        None for a choice.
    levels : tuple of Category
        Of a choice.
    quantity_name : str
        See `Predictor`.
    note : str
    needed_by : tuple of str
        Predictors that it is needed for.
    """

    id: str
    label: str
    quantity: Quantity | None = None
    levels: tuple[Category, ...] = ()
    quantity_name: str = ""
    note: str = ""
    needed_by: tuple[str, ...] = ()

    @property
    def kind(self) -> PredictorKind:
        return PredictorKind.CATEGORICAL if self.quantity is None else PredictorKind.CONTINUOUS

    @property
    def unit(self) -> str:
        """In which `Entered` holds it; "1" for none, "" for a choice."""
        return "" if self.quantity is None else self.quantity.unit

    @property
    def units(self) -> tuple[UnitChoice, ...]:
        """Units that it may be entered in, its own first."""
        return units_of(self.quantity)

    def checked(self, value: Any, unit: str | None = None) -> Value:
        """A value in the entry's own unit, or a level.

        Raises
        ------
        BadInput
            For what is implausible; a number that fits another unit is asked about.
        """
        if self.quantity is not None:
            return self.quantity.convert(value, self.unit if unit is None else unit)
        return Choice(within_a_sentence(self.label), tuple(level.value for level in self.levels)).chosen(value)

    def words(self, value: Value) -> str:
        """For people, with the unit."""
        if self.quantity is None:
            return label_of(self.levels, value)
        return f"{number_words(value)} {unit_shown(self.unit)}".rstrip()


class Asks(Protocol):
    """What a person enters values for: a signature."""

    @property
    def entries(self) -> tuple[Entry, ...]: ...


@dataclass(frozen=True)
class Entered:
    """What was entered for one patient: by entry, in the entry's own unit; what was not given is not in it."""

    values: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        given = {name: value for name, value in self.values.items() if value is not None}
        object.__setattr__(self, "values", MappingProxyType(given))

    def __reduce__(self) -> tuple[Any, ...]:
        return Entered, (dict(self.values),)

    @classmethod
    def checked(cls, signature: Asks, given: Mapping[str, tuple[Any, str | None]]) -> Entered:
        """From what a person typed: ``{entry: (value, unit or None for the entry's own)}``.

        Raises
        ------
        BadInput
            For an entry that the signature does not have, and as `Entry.checked`.
        """
        entries = {entry.id: entry for entry in signature.entries}
        if strange := sorted(set(given) - set(entries)):
            raise BadInput(
                f"The signature takes no {', '.join(strange)}; it takes {', '.join(entries) or 'no values but the CT'}."
            )
        known = {name: pair for name, pair in given.items() if pair[0] is not None}
        return cls({name: entries[name].checked(*pair) for name, pair in known.items()})


@dataclass(frozen=True)
class Known:
    """What is known of a patient's predictors, each mapping by predictor.

    Parameters
    ----------
    values : mapping of str to float or str
        What is not known is not in it.
    problems : mapping of str to str
        Of those that have no value although everything was given: why.
    measured : mapping of str to Measured
        What the measures gave, with what they took and their source.
    """

    values: dict[str, Value]
    problems: dict[str, str]
    measured: dict[str, Measured]

    @property
    def notes(self) -> tuple[str, ...]:
        """What belongs beside the measures' values, in sentences."""
        return tuple(dict.fromkeys(note for one in self.measured.values() for note in one.notes))


def entries_of(predictors: Sequence[Predictor]) -> tuple[Entry, ...]:
    """What a person enters: the entered predictors, then what the measures need beside them.

    An input of a measure is taken from the entered predictor of that quantity, and from each measure's input of that
    name: nobody enters albumin twice.
    """
    found: dict[str, Entry] = {}
    needed: dict[str, list[str]] = {}
    for one in predictors:
        if one.source is PredictorSource.ENTERED:
            found[one.id] = Entry(one.id, one.label, one.quantity, one.levels, one.quantity_name, one.note)
            needed[one.id] = [one.id]
    for one in predictors:
        if one.source is not PredictorSource.MEASURE:
            continue
        for key, kind in clinical.required_inputs(one.measure_name).items():
            name = _entry_for(key, kind, found)
            if name not in found:
                found[name] = _entry_of_input(key, kind)
            needed.setdefault(name, []).append(one.id)
    return tuple(replace(entry, needed_by=tuple(needed[entry.id])) for entry in found.values())


def known(
    predictors: Sequence[Predictor], entries: Sequence[Entry], entered: Entered, radscore: float | None = None
) -> Known:
    """The predictors from what was entered."""
    by_id = {entry.id: entry for entry in entries}
    found = Known({}, {}, {})
    for one in predictors:
        value = radscore if one.source is PredictorSource.RADSCORE else entered.values.get(one.id)
        if one.source is PredictorSource.MEASURE:
            try:
                measured = _measured(one, by_id, entered)
            except BadInput as error:
                found.problems[one.id] = error.message
                continue
            if measured is None:
                continue
            found.measured[one.id] = measured
            value = str(measured.value) if one.kind is PredictorKind.CATEGORICAL else float(measured.value)
        if value is None:
            continue
        if one.kind is PredictorKind.CATEGORICAL and value not in [level.value for level in one.levels]:
            levels = in_words([level.label for level in one.levels], "and")
            found.problems[one.id] = f"{one.label} is {value}; the signature was fitted on {levels} alone."
            continue
        found.values[one.id] = value
    return found


def _measured(predictor: Predictor, entries: Mapping[str, Entry], entered: Entered) -> Measured | None:
    """What the predictor's measure gives; None where an input is missing."""
    given: dict[str, Any] = {}
    for key, kind in clinical.required_inputs(predictor.measure_name).items():
        entry = entries[_entry_for(key, kind, entries)]
        value = entered.values.get(entry.id)
        if value is None:
            return None
        given[key] = value if entry.quantity is None else Amount(value, entry.unit)
    return clinical.compute(predictor.measure_name, given)


def _entry_for(key: str, kind: Input, entries: Mapping[str, Entry]) -> str:
    """The entry that gives a measure's input: a number of the same quantity, else the one of that name."""
    if isinstance(kind, Quantity):
        same = (entry.id for entry in entries.values() if entry.quantity and entry.quantity.name == kind.name)
        return next(same, key)
    return key


def _entry_of_input(key: str, kind: Input) -> Entry:
    if isinstance(kind, Quantity):
        name = next((name for name, one in QUANTITIES.items() if one.name == kind.name), "")
        return Entry(key, kind.label, quantity=kind, quantity_name=name)
    words = kind.words or {}
    return Entry(key, kind.label, levels=tuple(Category(str(v), words.get(v, str(v))) for v in kind.values))


def within_a_sentence(label: str) -> str:
    """ "Albumin" -> "albumin"; "INR" and "BCLC stage" stay."""
    return label if label[1:2].isupper() or len(label) < 2 else label[:1].lower() + label[1:]
