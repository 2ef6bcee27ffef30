"""What the cases of a fit cover: how they were scanned and who drew their segments, without what few of them have.

Evidence lets a result be shown for patients like its cases.  A single case of another kind among many stays in the fit,
but says nothing of patients like it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

import numpy as np

from ..errors import BadInput
from ..segmentation.origin import same_weights
from ..signature.evidence import ObservedMasks, ObservedProtocol
from .extraction import ObservedCase
from .extraction.observed import ObservedMask

LEAST_SHARE = 0.05
"""Of the cases that say it (all, for what every file says), for something to be covered."""

T = TypeVar("T", bound=Hashable)


def protocol(seen: Sequence[ObservedCase]) -> ObservedProtocol:
    """How cases were scanned: what at least `LEAST_SHARE` have, and ranges without the outermost beyond that.

    Raises
    ------
    BadInput
        Without cases.
    """
    if not seen:
        raise BadInput("No case is left: see why in the flow of cases.")
    return ObservedProtocol(
        phase=_often(one.phase for one in seen),
        slice_thickness_mm=_span([one.slice_thickness_mm for one in seen]),
        in_plane_spacing_mm=_span([one.in_plane_spacing_mm for one in seen]),
        kvp=_often(one.kvp for one in seen if one.kvp is not None),
        kernels=_often(one.kernel for one in seen if one.kernel),
        saturated_hu=True in _often(one.saturated_hu for one in seen),
        fractional_hu=True in _often(one.fractional_hu for one in seen),
    )


def masks(seen: Sequence[ObservedMask]) -> ObservedMasks:
    """Who drew the cases' segments: models, or a hand, that drew those of at least `LEAST_SHARE`."""
    if not seen:
        return ObservedMasks()
    # a mark in a short format has some digits of the weights alone, another case's mark all
    known = sorted({one.weights for one in seen if one.weights}, key=len, reverse=True)
    drawn = _often(next((name for name in known if same_weights(name, one.weights)), "") for one in seen)
    return ObservedMasks(
        models=tuple(name for name in drawn if name),
        by_hand=True in _often(one.by_hand for one in seen),
        edited_share=_span([one.changed for one in seen])[1],
    )


def _often(values: Iterable[T]) -> tuple[T, ...]:
    """Those that at least `LEAST_SHARE` of the values are, sorted."""
    listed = list(values)
    counts = {value: listed.count(value) for value in set(listed)}
    return tuple(sorted(value for value, n in counts.items() if n >= LEAST_SHARE * len(listed)))


def _span(values: Sequence[float]) -> tuple[float, float]:
    """The lowest and the highest value that at least `LEAST_SHARE` reach."""
    column = np.asarray(values, float)
    low, high = (sign * float(np.quantile(sign * column, LEAST_SHARE, method="inverted_cdf")) for sign in (1, -1))
    return low, high
