"""Odds ratios per unit, with intervals, on a log axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ....render.report.cells import Estimate, significant
from ....render.report.document import Figure
from ....render.report.drawing import FULL_MM, INK, SOFT, Cases, svg


@dataclass(frozen=True)
class Odds:
    """The odds ratio of a predictor: "INR", "per 0.1", its estimate."""

    label: str
    per: str
    ratio: Estimate


def forest(name: str, rows: Sequence[Odds], cases: Cases, interval: str) -> Figure:
    """A line per predictor.

    Parameters
    ----------
    interval : str
        "95 % confidence interval (profile likelihood)".
    """

    def paint(canvas) -> None:
        axes = canvas.subplots()
        axes.axvline(1, color=SOFT, linewidth=0.7)
        for place, row in enumerate(rows):
            axes.plot((row.ratio.low, row.ratio.high), (place, place), color=INK, linewidth=1)
            axes.plot(row.ratio.value, place, "s", color=INK, markersize=4)
            axes.annotate(
                row.ratio.words(significant(3)), (1.02, place), xycoords=("axes fraction", "data"), va="center"
            )
        axes.set_xscale("log")
        axes.set_yticks(range(len(rows)), [f"{row.label}, {row.per}" if row.per else row.label for row in rows])
        axes.set(ylim=(len(rows) - 0.5, -0.5), xlabel=f"Odds ratio, {interval} (log axis)")
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
        axes.xaxis.set_minor_formatter(lambda x, _: f"{x:g}" if f"{x:.0e}"[0] in "25" else "")

    said = "; ".join(f"{row.label} {row.per} {row.ratio.words(significant(3))}" for row in rows)
    return Figure(
        name,
        "Odds ratios",
        svg(paint, FULL_MM, 18 + 6 * len(rows)),
        f"{cases} Each adjusted for the others of its model. The units are unlike each other, so the lengths must not "
        "be compared between rows; an odds ratio is no ratio of risks where the event is common, and no effect of "
        "changing the value.",
        f"Odds ratios, {interval}: {said}",
    )
