"""The one input that is missing: where it may lie, as values of the predictors that a risk is ranged over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...measures.value import in_words
from ..entries import Entered, Entry, Known
from ..model import Signature
from ..predictors import Category, Predictor, PredictorKind, PredictorSource, Value

STEPS = 101
"""Places between the ends of an entry's range: a measure may be highest or lowest between them."""


@dataclass(frozen=True)
class Gap:
    """One missing input.

    Parameters
    ----------
    label : str
        What is ranged over.
    extent : str
        Where it may lie: "26.5 to 49.3", "single or multiple".
    is_number : bool
        Ranged over its central 95 %, not over its levels.
    places : tuple of mapping
        Values of all predictors, for each place where it may lie.
    absent : str
        What was not entered, where that is something else: bilirubin, for a range over ALBI.
    """

    label: str
    extent: str
    is_number: bool
    places: tuple[Mapping[str, Value], ...]
    absent: str = ""

    @property
    def words(self) -> str:
        return f"{self.label} {self.extent}"

    @property
    def why(self) -> str:
        what = "central 95 %" if self.is_number else "categories"
        if self.absent:
            return f"{self.absent} missing: the range of the risk over the {what} of {self.label} ({self.extent})."
        return f"{self.label} is missing: the range of the risk over its {what} ({self.extent})."


@dataclass(frozen=True)
class NoRange:
    """Why there is nothing to range over: a sentence without its full stop."""

    why: str


def gap_of(signature: Signature, entered: Entered, radscore: float) -> Gap | NoRange | None:
    """What is missing for a risk; None where nothing is."""
    have = signature.known(entered, radscore)
    missing = [one for one in signature.predictors if one.id not in have.values]
    if not missing:
        return None
    if have.problems:
        return NoRange("cannot be computed: " + " ".join(have.problems.values()).removesuffix("."))
    absent = [entry for entry in signature.entries if entry.id not in entered.values]
    if len(absent) == 1:
        found = _over_entry(signature, entered, radscore, absent[0])
        if found is not None:
            return found
    if len(missing) == 1:
        return _over_predictor(have, missing[0], absent)
    if len(absent) == 1:
        return NoRange(f"cannot be computed: {absent[0].label} is missing")
    return NoRange(f"cannot be computed: {in_words([entry.id for entry in absent], 'and')} are missing")


def _over_entry(signature: Signature, entered: Entered, radscore: float, entry: Entry) -> Gap | NoRange | None:
    """Over the range, or the levels, of an entry, with all predictors that follow from it; none where one has none."""
    if entry.kind is PredictorKind.CATEGORICAL:
        tried: Sequence[Value] = [level.value for level in entry.levels]
        extent = _levels(entry.levels)
    else:
        bounds = signature.development_ranges.get(entry.id)
        if bounds is None:
            return None
        tried = bounds if entry.needed_by == (entry.id,) else [float(x) for x in np.linspace(*bounds, STEPS)]
        extent = _extent(bounds)
    found = [signature.known(Entered({**entered.values, entry.id: value}), radscore) for value in tried]
    problems = dict.fromkeys(problem for known in found for problem in known.problems.values())
    if problems:
        why = " ".join(problems).removesuffix(".")
        return NoRange(f"cannot be computed: {entry.label} is missing, and for some of its values {why}")
    places = tuple(known.values for known in found)
    return Gap(entry.label, extent, entry.kind is PredictorKind.CONTINUOUS, places)


def _over_predictor(have: Known, predictor: Predictor, absent: Sequence[Entry]) -> Gap | NoRange:
    """Over the range, or the levels, of a predictor of which one input or more are missing."""
    if predictor.kind is PredictorKind.CATEGORICAL:
        tried: Sequence[Value] = [level.value for level in predictor.levels]
        extent = _levels(predictor.levels)
    elif predictor.development_range is None:
        return NoRange(f"cannot be computed: {predictor.label} is missing")
    else:
        tried, extent = predictor.development_range, _extent(predictor.development_range)
    places = tuple({**have.values, predictor.id: value} for value in tried)
    labels = in_words([entry.label for entry in absent], "and") + (" are" if absent[1:] else " is")
    computed = predictor.source is PredictorSource.MEASURE
    is_number = predictor.kind is PredictorKind.CONTINUOUS
    return Gap(predictor.label, extent, is_number, places, labels if computed else "")


def _extent(bounds: tuple[float, float]) -> str:
    return f"{bounds[0]:g} to {bounds[1]:g}"


def _levels(levels: Sequence[Category]) -> str:
    return in_words([level.label for level in levels], "or")
