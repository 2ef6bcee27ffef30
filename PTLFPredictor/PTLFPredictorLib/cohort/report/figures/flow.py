"""How the cases of the table became the cases of the analysis."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from ....render.report.document import Figure
from ....render.report.drawing import FULL_MM, INK, SOFT, svg
from ...flow import Flow

LINE_MM, GAP_MM, WORDS = 3.6, 6.0, 62
"""Height of a line of text, space between two boxes, characters in a line of an exclusion."""


@dataclass(frozen=True)
class Group:
    """A part of the included cases; `events` None where the outcome was not used."""

    label: str
    n: int
    events: int | None = None

    def __str__(self) -> str:
        told = "" if self.events is None else f"\n{self.events} with the event, {self.n - self.events} without"
        return f"{self.label}\nn = {self.n}{told}"


def flow(name: str, cases: Flow, groups: Sequence[Group]) -> Figure:
    """From the rows of the table to the groups of the analysis.

    Parameters
    ----------
    cases : Flow
        A case is counted under its first reason.
    groups : sequence of Group
        Training and validation, or all.

    Raises
    ------
    ValueError
        Cases that are neither excluded nor in a group.
    """
    total, included = cases.total, cases.included
    if included != sum(group.n for group in groups):
        raise ValueError(f"{included} cases are left, the groups have {sum(group.n for group in groups)}")
    told = [line for step in cases.steps for line in textwrap.wrap(f"{step.reason}: {step.n}", WORDS)]
    middle = max(LINE_MM * (len(told) + 1) + 4, 12) if told else 0
    end = 16 if len(groups) == 1 else 9 + GAP_MM + 16
    height = 12 + (middle + GAP_MM if told else 0) + GAP_MM + end

    def paint(canvas) -> None:
        canvas.set_layout_engine("none")
        axes = canvas.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, FULL_MM), ylim=(height, 0))
        axes.axis("off")
        _box(axes, 2, 0.5, 78, 11, f"Cases in the table\nn = {total}")
        y = 11.5
        if told:
            top = y + GAP_MM
            text = "\n".join([f"Excluded: n = {total - included}", *told])
            _box(axes, 92, top, 88, middle, text, left=True)
            _arrow(axes, (41, top + middle / 2), (92, top + middle / 2))
            y = top + middle
        bottom = y + GAP_MM
        _arrow(axes, (41, 11.5), (41, bottom))
        if len(groups) == 1:
            _box(axes, 2, bottom, 78, 15, str(groups[0]))
            return
        _box(axes, 2, bottom, 78, 9, f"Included in the analysis: n = {included}")
        y = bottom + 9
        axes.plot((41, 41), (y, y + GAP_MM / 2), color=SOFT, linewidth=0.8)
        width = (FULL_MM - 4 * len(groups)) / len(groups)
        for place, group in enumerate(groups):
            left = 2 + place * (width + 4)
            axes.plot((41, left + width / 2), (y + GAP_MM / 2, y + GAP_MM / 2), color=SOFT, linewidth=0.8)
            _arrow(axes, (left + width / 2, y + GAP_MM / 2), (left + width / 2, y + GAP_MM))
            _box(axes, left, y + GAP_MM, width, 15, str(group))

    reasons = "; ".join(f"{step.reason} {step.n}" for step in cases.steps) or "none"
    parts = "; ".join(str(group).replace("\n", ", ") for group in groups)
    return Figure(
        name,
        "Patient flow",
        svg(paint, FULL_MM, height),
        "A case is counted under the first reason that excludes it, in the order shown.",
        f"Patient flow: {total} cases in the table; excluded: {reasons}; included {included}: {parts}.",
    )


def _box(axes, x: float, y: float, width: float, height: float, text: str, left: bool = False) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x, y), width, height, fill=False, edgecolor=INK, linewidth=0.7))
    at, anchor = (x + 2, "left") if left else (x + width / 2, "center")
    lines = text.split("\n")  # each a text of its own: the page's font is not the one that was measured
    for place, line in enumerate(lines):
        axes.text(at, y + height / 2 + (place - (len(lines) - 1) / 2) * LINE_MM, line, ha=anchor, va="center")


def _arrow(axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate(
        "", end, start, arrowprops={"arrowstyle": "-|>", "color": SOFT, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
    )
