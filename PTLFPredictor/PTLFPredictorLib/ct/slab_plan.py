"""Which slices make which slab: a plan along the slice axis alone, so that a CT and its label map share it.

The slabs are as thick as the middle of the protocol's range (5 mm of 4.5 to 5.5) where they can be: a whole count of
slices that comes nearest to it inside the range (1.6 mm: 3 slices, 4.8 mm), else the middle itself, each slice weighted
by the part of it that lies in the slab (2 mm: 1, 1 and 1/2).  Slabs start at the lowest slice; what remains at the
head end is dropped and named.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from .findings import Finding, Level

UNEVEN = frozenset({"missing_slices", "uneven_slices", "gantry_tilt", "shifted_slices", "mixed_thickness"})
"""Codes of findings after which slices do not lie where the image says: no slab of them has a place."""

CRUMB_MM = 1e-2
"""Parts of a slice and of a slab that are thinner than this are rounding of positions."""

DECIMALS = 6
"""Of lengths in mm that are sums and multiples of a spacing: 3 * 1.6 is 4.8.  So they are whole nanometres."""


@dataclass(frozen=True)
class Plan:
    """Which slices make which slab; along the slice axis alone, so that CT and label map share it.

    Parameters
    ----------
    step_mm : float
        Distance of the slices.
    slices : int
    slab_mm : float
        Thickness and distance of the slabs.
    slabs : int
    count : int or None
        Slices in a slab; None where slabs share slices by weight.
    dropped_mm : float
        What remains above the last slab, at the head end.
    thickness_mm : float
        Of a slice; `step_mm` where the file does not tell.
    """

    step_mm: float
    slices: int
    slab_mm: float
    slabs: int
    count: int | None
    dropped_mm: float
    thickness_mm: float

    def overlaps(self, slab: int) -> tuple[int, np.ndarray]:
        """Index of the first slice of a slab, and how much of it and of the following ones lies in the slab.

        In nanometres, whole numbers: weighted sums of whole HU are exact, so that halves and ties are met exactly.
        """
        if self.count is not None:
            return slab * self.count, np.full(self.count, np.rint(self.step_mm * 10**DECIMALS))
        start, end = slab * self.slab_mm, (slab + 1) * self.slab_mm
        first = int((start + CRUMB_MM) / self.step_mm)
        last = min(math.ceil((end - CRUMB_MM) / self.step_mm), self.slices)
        edges = np.arange(first, last + 1) * self.step_mm
        return first, np.rint((np.minimum(edges[1:], end) - np.maximum(edges[:-1], start)) * 10**DECIMALS)

    def weights(self, slab: int) -> tuple[int, np.ndarray]:
        """Index of the first slice of a slab, and the weights of it and of the following ones; their sum is 1."""
        first, overlaps = self.overlaps(slab)
        return first, overlaps / overlaps.sum()

    def middle(self, slab: int) -> int:
        """The slice that holds the centre of a slab; the upper one where the centre lies between two."""
        if self.count is not None:
            return slab * self.count + self.count // 2
        return min(int(((slab + 0.5) * self.slab_mm + CRUMB_MM) / self.step_mm), self.slices - 1)

    @property
    def offset_mm(self) -> float:
        """From the centre of the first slice to the centre of the first slab."""
        return (self.slab_mm - self.step_mm) / 2

    @property
    def span_mm(self) -> float:
        """Of the body, what a slab takes in: from edge to edge of its slices; the largest of all slabs."""
        return max((overlaps.size - 1) * self.step_mm + self.thickness_mm for _, overlaps in self._distinct())

    @property
    def effective_mm(self) -> float:
        """Thickness of an evenly sensitive slice that is as blurred along the slice axis; the largest of all slabs.

        The square root of 12 times the variance of the slab's sensitivity.  Equal to `slab_mm` for a whole count of
        slices that neither overlap nor leave gaps.
        """
        return max(math.sqrt(12 * self._variance(overlaps)) for _, overlaps in self._distinct())

    @property
    def off_centre_mm(self) -> float:
        """How far the mean position of a slab's slices lies from the slab's centre, at most; 0 for a whole count."""
        if self.count is not None:
            return 0.0
        return max(
            abs(float(np.average(first + 0.5 + np.arange(o.size), weights=o)) * self.step_mm - (k + 0.5) * self.slab_mm)
            for k, (first, o) in enumerate(self._parts())
        )

    def _variance(self, overlaps: np.ndarray) -> float:
        at = np.arange(overlaps.size) * self.step_mm
        centre = np.average(at, weights=overlaps)
        return float(np.average((at - centre) ** 2, weights=overlaps)) + self.thickness_mm**2 / 12

    def _parts(self) -> Iterator[tuple[int, np.ndarray]]:
        return (self.overlaps(slab) for slab in range(self.slabs))

    def _distinct(self) -> list[tuple[int, np.ndarray]]:
        return [self.overlaps(0)] if self.count is not None else list(self._parts())

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        return cls(**{field.name: data[field.name] for field in fields(cls)})


def plan(
    step_mm: float,
    slices: int,
    accepted_mm: tuple[float, float],
    thickness_mm: float | None = None,
    findings: Iterable[Finding] = (),
) -> Plan | None:
    """How thin slices become the protocol's; None where they need not or cannot, `reason` says why.

    Parameters
    ----------
    step_mm : float
        Distance of the slices.
    slices : int
    accepted_mm : (float, float)
        `Protocol.slice_thickness_mm`; the slabs aim at its middle.
    thickness_mm : float, optional
        Of a slice, where the file tells.
    findings : iterable of Finding
        What reading the CT found.
    """
    if reason(step_mm, slices, accepted_mm, thickness_mm, findings):
        return None
    slab_mm, count = _slab(step_mm, accepted_mm)
    slabs = _slabs(step_mm, slices, slab_mm)
    dropped = max(round(slices * step_mm - slabs * slab_mm, DECIMALS), 0.0)
    return Plan(
        step_mm=step_mm,
        slices=slices,
        slab_mm=slab_mm,
        slabs=slabs,
        count=count,
        dropped_mm=dropped if dropped > CRUMB_MM else 0.0,
        thickness_mm=thickness_mm or step_mm,
    )


def reason(
    step_mm: float,
    slices: int,
    accepted_mm: tuple[float, float],
    thickness_mm: float | None = None,
    findings: Iterable[Finding] = (),
) -> str:
    """Why slices are not averaged, as a sentence; empty where `plan` averages them.  Parameters as there."""
    low, high = accepted_mm
    accepted = f"{low:g} to {high:g} mm"
    again = f"Have the CT reconstructed in slices of {accepted}."
    if UNEVEN & {finding.code for finding in findings}:
        return f"The slices do not lie evenly and straight above each other: no slabs can be made of them. {again}"
    if step_mm > high:
        return f"The slices lie {_mm(step_mm)} apart: they cannot be made thinner. {again}"
    if step_mm >= low:
        return f"The slices lie {_mm(step_mm)} apart, the protocol's {accepted}: there is nothing to average."
    if thickness_mm and thickness_mm >= low:
        return (
            f"The slices are {_mm(thickness_mm)} thick and overlap, {_mm(step_mm)} apart: a mean of them would be "
            f"thicker than the protocol's {accepted}. Give a series with slices as far apart as they are thick."
        )
    if _slabs(step_mm, slices, _slab(step_mm, accepted_mm)[0]) < 1:
        return f"The CT has only {slices} slice(s), {_mm(slices * step_mm)} in all: less than one slab."
    return ""


def _slab(step_mm: float, accepted_mm: tuple[float, float]) -> tuple[float, int | None]:
    """Thickness of a slab, and the whole count of slices in it; of two equally near, the thinner slab."""
    low, high = accepted_mm
    target = round((low + high) / 2, DECIMALS)
    inside = [n for n in range(1, math.ceil(high / step_mm) + 1) if low <= round(n * step_mm, DECIMALS) <= high]
    if not inside:
        return target, None
    count = min(inside, key=lambda n: (round(abs(n * step_mm - target), DECIMALS), n))
    return round(count * step_mm, DECIMALS), count


def _slabs(step_mm: float, slices: int, slab_mm: float) -> int:
    return int((slices * step_mm + CRUMB_MM) / slab_mm)


def finding(plan: Plan) -> Finding:
    """What was done to the CT, for findings and record."""
    each = f"{plan.count} slices" if plan.count is not None else f"{plan.slab_mm / plan.step_mm:.3g} slices"
    how = "mean" if plan.count is not None else "weighted mean"
    parts = [
        f"The slices of {_mm(plan.step_mm)} were averaged to {plan.slabs} slabs of {_mm(plan.slab_mm)}, each the {how} "
        f"of {each}; segments drawn on the slices go along by majority."
    ]
    if plan.dropped_mm:
        parts.append(f"{_mm(plan.dropped_mm)} that remained at the head end were left out.")
    if plan.thickness_mm > plan.step_mm + CRUMB_MM:
        parts.append(f"The slices are {_mm(plan.thickness_mm)} thick and overlap.")
    elif plan.thickness_mm < plan.step_mm - CRUMB_MM:
        parts.append(f"The slices are {_mm(plan.thickness_mm)} thick with gaps between them.")
    if plan.span_mm > plan.slab_mm + CRUMB_MM:
        parts.append(
            f"So a slab takes in up to {_mm(plan.span_mm)} of the body and is as blurred as a slice of "
            f"{_mm(plan.effective_mm)}."
        )
    parts.append("Features may differ from those of a CT reconstructed in such slices.")
    values = {
        **plan.to_dict(),
        "span_mm": round(plan.span_mm, 3),
        "effective_mm": round(plan.effective_mm, 3),
        "off_centre_mm": round(plan.off_centre_mm, 3),
        "dropped_at": "head" if plan.dropped_mm else None,
    }
    return Finding("to_protocol", Level.WARN, " ".join(parts), values)


def _mm(length: float) -> str:
    return f"{round(length, 3):g} mm"
