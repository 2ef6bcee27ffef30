"""The intercept of a risk model: where it came from, and which prevalence it assumes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ...errors import BadInput
from ..reader import Reader


class Origin(StrEnum):
    """Where a number came from."""

    PUBLISHED = "published"
    DERIVED = "derived"
    FIGURE = "figure"
    FITTED = "fitted"


@dataclass(frozen=True)
class Prevalence:
    """How frequent the outcome is among the patients that an intercept belongs to.

    Parameters
    ----------
    share : float
        0 to 1.
    of : str
        Who they are, e.g. "the training cohort (36 of 147)".
    intercept : float or None
        What the intercept would be for another prevalence.
    """

    share: float
    of: str
    intercept: float | None = None


@dataclass(frozen=True)
class Intercept:
    """Intercept b0 of the risk model and where it came from.

    Parameters
    ----------
    range : (float, float) or None
        Of a derived or read value.
    prevalence : Prevalence or None
        What the intercept assumes.
    elsewhere : tuple of Prevalence
        Other prevalences, with the intercept that they would give.
    """

    value: float
    origin: Origin
    range: tuple[float, float] | None
    how: str
    prevalence: Prevalence | None = None
    elsewhere: tuple[Prevalence, ...] = ()


def read_intercept(entry: Reader) -> Intercept:
    bounds = entry.pair("range") if entry.has("range") else None
    prevalence, elsewhere = None, ()
    if entry.has("prevalence"):
        item = entry.sub("prevalence")
        prevalence = _prevalence(item)
        if "elsewhere" in item.data:
            elsewhere = tuple(_prevalence(one, with_intercept=True) for one in item.children("elsewhere"))
    intercept = Intercept(
        entry.number("value"),
        Origin(entry.choice("origin", tuple(Origin))),
        bounds,
        entry.text("how"),
        prevalence,
        elsewhere,
    )
    if bounds and not bounds[0] <= intercept.value <= bounds[1]:
        raise BadInput(f"{entry.where('range')} does not contain the intercept itself.")
    return intercept


def _prevalence(entry: Reader, with_intercept: bool = False) -> Prevalence:
    share = entry.number("share", above=0)
    if share >= 1:
        raise BadInput(f"{entry.where('share')} is {share:g}; it must be a share between 0 and 1.")
    return Prevalence(share, entry.text("of"), entry.number("intercept") if with_intercept else None)
