"""The predictors of a signature file, every entry checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from ...errors import BadInput
from ...measures import clinical
from ...measures.clinical import Choice, Quantity
from ...measures.clinical.quantity import in_ascii
from ...measures.clinical.units import QUANTITIES
from ...measures.value import DIMENSIONLESS, in_words
from ..entries import entries_of, within_a_sentence
from ..outcome import INTERCEPT
from ..predictors import CLINICAL, RADSCORE, Category, Predictor, PredictorKind, PredictorSource
from ..reader import Reader

ID = r"[A-Za-z][A-Za-z0-9_]*"

ALSO_CALLED = {
    "alb": "albumin",
    "serum albumin": "albumin",
    "bili": "bilirubin",
    "tbil": "bilirubin",
    "total bilirubin": "bilirubin",
    "serum bilirubin": "bilirubin",
    "pt inr": "inr",
}
"""What people call a quantity beside its own name."""

Ranges = Mapping[str, tuple[float, float] | None]


def read(root: Reader, ranges: Ranges, notes: Mapping[str, str]) -> tuple[Predictor, ...]:
    """From a file's ``predictors``.

    Parameters
    ----------
    ranges : mapping
        Development ranges, by id.
    notes : mapping of str to str
        What must stand beside a predictor, by its id.
    """
    found: dict[str, Predictor] = {}
    for entry in root.children("predictors", at_least=1):
        one = _predictor(entry)
        for key, value, taken in (
            ("id", one.id, [INTERCEPT, *found]),
            ("label", one.label, [other.label for other in found.values()]),
        ):
            if _folded(value) in map(_folded, taken):
                raise BadInput(f"{entry.where(key)} is '{value}', a name that is taken.")
        _check_name(one)
        found[one.id] = replace(one, development_range=ranges.get(one.id), note=notes.get(one.id, ""))
    if [one.source for one in found.values()].count(PredictorSource.RADSCORE) != 1:
        raise BadInput(f"'predictors' must have exactly one whose source is '{PredictorSource.RADSCORE}'.")
    _check_entries(tuple(found.values()))
    return tuple(found.values())


def _folded(name: str) -> str:
    """What people take for the same name."""
    return " ".join(name.casefold().split())


def _check_name(one: Predictor) -> None:
    """What is called like a quantity must be it.

    Else its plausible values, the limit above which the outcome is present, and the measures that take it are lost.
    """
    for called in (one.id, one.label):
        quantity = quantity_called(called)
        if quantity is not None and one.quantity_name != quantity:
            raise BadInput(f"The predictor '{one.id}' must have the 'quantity' {quantity}.")


def quantity_called(name: str) -> str | None:
    """Which of the known quantities an id or label means: "TBIL" -> "bilirubin"; None for any other name."""
    quantities = {_folded(one.replace("_", " ")): one for one in QUANTITIES} | ALSO_CALLED
    return quantities.get(_folded(re.sub("[_-]", " ", name)))


def _check_entries(found: tuple[Predictor, ...]) -> None:
    """What the measures take: as they take it, and not called like a predictor that is computed."""
    entries = {entry.id: entry for entry in entries_of(found)}
    for one in found:
        if one.source is not PredictorSource.MEASURE:
            continue
        if one.id in entries:
            raise BadInput(f"The predictor '{one.id}' is computed, but '{one.id}' is also what a person enters.")
        for key, kind in clinical.required_inputs(one.measure_name).items():
            if not isinstance(kind, Choice):
                continue
            values = [level.value for level in entries[key].levels]
            if not set(values) <= set(kind.values):
                raise BadInput(
                    f"'{key}' has the levels {in_words(values, 'and')}; for {one.measure} they are "
                    f"{in_words([str(value) for value in kind.values], 'and')}."
                )


def _predictor(entry: Reader) -> Predictor:
    kind = PredictorKind(entry.choice("kind", tuple(PredictorKind)))
    source = PredictorSource(entry.choice("source", tuple(PredictorSource)))
    _only_its_own(entry, kind, source)
    name, label = entry.text("id", pattern=ID), entry.named("label")
    if (source is PredictorSource.RADSCORE) != (name == RADSCORE):
        raise BadInput(f"{entry.where('id')} is '{name}': the Radscore, and no other predictor, is called {RADSCORE}.")
    if source is PredictorSource.RADSCORE and kind is not PredictorKind.CONTINUOUS:
        raise BadInput(f"{entry.where('kind')} is '{kind}': the Radscore is a number.")
    if kind is PredictorKind.CATEGORICAL:
        levels = _levels(entry)
        measure = _measure(entry, source, [level.value for level in levels])
        return Predictor(name, label, kind, source, measure, levels=levels)
    measure = _measure(entry, source, None)
    if source is not PredictorSource.ENTERED:
        return Predictor(name, label, kind, source, measure, entry.text("unit"))
    quantity, known_as = _quantity(entry, label)
    return Predictor(name, label, kind, source, unit=quantity.unit, quantity=quantity, quantity_name=known_as)


def _only_its_own(entry: Reader, kind: PredictorKind, source: PredictorSource) -> None:
    """Refuse what belongs to predictors of another kind or source."""
    allowed = ["id", "label", "kind", "source", "how", "levels" if kind is PredictorKind.CATEGORICAL else "unit"]
    if source is PredictorSource.MEASURE:
        allowed.append("measure")
    if source is PredictorSource.ENTERED and kind is PredictorKind.CONTINUOUS:
        allowed += ["range", "units", "quantity"]
    entry.only(allowed)


def _levels(entry: Reader) -> tuple[Category, ...]:
    levels = tuple(Category(item.named("value"), item.named("label")) for item in entry.children("levels", at_least=2))
    for what, names in (("value", [one.value for one in levels]), ("label", [one.label for one in levels])):
        if len(set(map(_folded, names))) < len(names):
            raise BadInput(f"{entry.where('levels')} has a {what} twice.")
    return levels


def _measure(entry: Reader, source: PredictorSource, levels: list[str] | None) -> str:
    """The name of the measure; its categories hold all `levels`, None for a number."""
    if source is not PredictorSource.MEASURE:
        return ""
    name = entry.choice("measure", [CLINICAL + one for one in clinical.MEASURES])
    measure = clinical.measure(name.removeprefix(CLINICAL))
    if levels is None:
        if measure.categories:
            raise BadInput(f"{entry.where('kind')} is 'continuous', but {measure.label} is one of some categories.")
        if entry.text("unit") != measure.unit:
            raise BadInput(f"{entry.where('unit')} must be '{measure.unit}', in which {measure.label} is computed.")
        return name
    categories = [str(one) for one in measure.categories]
    if strange := [one for one in levels if one not in categories]:
        known = ", ".join(categories) or "none, it is a number"
        raise BadInput(f"{entry.where('levels')} has {', '.join(strange)}; {measure.label} has {known}.")
    return name


def _quantity(entry: Reader, label: str) -> tuple[Quantity, str]:
    """Units and plausible range of what is entered as a number, and which clinical quantity it is."""
    known_as = entry.choice("quantity", ("", *QUANTITIES), default="")
    registered = QUANTITIES.get(known_as)
    name = within_a_sentence(label) if registered is None else registered.name
    if not (unit := entry.text("unit")).strip():
        raise BadInput(f"{entry.where('unit')} is empty; a number without a unit has '{DIMENSIONLESS}'.")
    factors = {}
    for item in entry.children("units") if "units" in entry.data else ():
        other = in_ascii(item.named("unit"))
        if other in (in_ascii(unit), *factors):
            raise BadInput(f"{entry.where('units')} has {other} twice.")
        factors[other] = item.number("factor", above=0)
    try:
        found = Quantity.declared(name, unit, entry.pair("range"), factors)
        for unit in found.units if registered else ():
            registered.unit_named(unit.name)
    except BadInput as error:
        raise BadInput(f"'{entry.path}' cannot be used: {error.message}") from error
    if registered is None:
        return found, ""
    for unit in found.units:  # which must be what they are for the clinical measures
        if unit.factor != registered.unit_named(unit.name).factor / registered.unit_named(found.unit).factor:
            raise BadInput(f"{entry.where('units')}: one {unit.name} is not {float(unit.factor):g} {found.unit}.")
    as_registered = registered.in_unit(found.unit)
    low, high = as_registered.range
    if found.range[0] < low or found.range[1] > high:
        raise BadInput(
            f"{entry.where('range')} is {found.range[0]:g} to {found.range[1]:g}, wider than what can be meant, "
            f"{as_registered.range_words}."
        )
    return replace(found, too_high=registered.too_high, usual=as_registered.usual, whole=registered.whole), known_as
