"""The one input that is missing: where it may lie, as values of the predictors that a risk is ranged over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..entries import Entered, Entry, Known, known
from ..model import Signature
from ..predictors import PredictorKind, Value

STEPS = 101
"""Places between the ends of an entry's range: a measure may be highest or lowest between them."""


@dataclass(frozen=True)
class Gap:
    """One missing input.

    Parameters
    ----------
    label : str
    extent : str
        Where it may lie: "26.5 to 49.3", "single, multiple".
    is_number : bool
        Ranged over its central 95 %, not over its levels.
    places : tuple of mapping
        Values of all predictors, for each place where it may lie.
    """

    label: str
    extent: str
    is_number: bool
    places: tuple[Mapping[str, Value], ...]

    @property
    def words(self) -> str:
        return f"{self.label} {self.extent}"

    @property
    def why(self) -> str:
        over = f"its central 95 % ({self.extent})" if self.is_number else f"its categories ({self.extent})"
        return f"{self.label} is missing: the range of the risk over {over}."


@dataclass(frozen=True)
class NoRange:
    """Why there is nothing to range over: a sentence without its full stop."""

    why: str


def gap_of(signature: Signature, entered: Entered, radscore: float) -> Gap | NoRange | None:
    """What is missing for a risk; None where nothing is."""
    have = known(signature.predictors, signature.entries, entered, radscore)
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
        return _over_predictor(signature, have, missing[0].id)
    if len(absent) == 1:
        return NoRange(f"cannot be computed: {absent[0].label} is missing")
    names = [entry.id for entry in absent]
    return NoRange(f"cannot be computed: {', '.join(names[:-1])} and {names[-1]} are missing")


def _over_entry(signature: Signature, entered: Entered, radscore: float, entry: Entry) -> Gap | None:
    """Over the range, or the levels, of an entry, with all predictors that follow from it."""
    if entry.kind is PredictorKind.CATEGORICAL:
        tried: Sequence[Value] = [level.value for level in entry.levels]
        extent = ", ".join(level.label for level in entry.levels)
    else:
        bounds = signature.development_ranges.get(entry.id)
        if bounds is None:
            return None
        tried = list(bounds) if entry.needed_by == (entry.id,) else [float(x) for x in np.linspace(*bounds, STEPS)]
        extent = _extent(bounds)
    places = []
    for value in tried:
        have = known(
            signature.predictors, signature.entries, Entered({**entered.values, entry.id: value}), radscore
        ).values
        if len(have) == len(signature.predictors):
            places.append(have)
    if not places:
        return None
    return Gap(entry.label, extent, entry.kind is PredictorKind.CONTINUOUS, tuple(places))


def _over_predictor(signature: Signature, have: Known, name: str) -> Gap | NoRange:
    """Over the range, or the levels, of a predictor of which one input or more are missing."""
    predictor = signature.predictor(name)
    if predictor.kind is PredictorKind.CATEGORICAL:
        tried: Sequence[Value] = [level.value for level in predictor.levels]
        extent = ", ".join(level.label for level in predictor.levels)
    elif predictor.development_range is None:
        return NoRange(f"cannot be computed: {predictor.label} is missing")
    else:
        tried, extent = predictor.development_range, _extent(predictor.development_range)
    places = tuple({**have.values, name: value} for value in tried)
    return Gap(predictor.label, extent, predictor.kind is PredictorKind.CONTINUOUS, places)


def _extent(bounds: tuple[float, float]) -> str:
    return f"{bounds[0]:g} to {bounds[1]:g}"
