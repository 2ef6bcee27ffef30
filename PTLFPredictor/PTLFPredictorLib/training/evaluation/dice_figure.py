"""The Dice of each case, part by part: what a mean does not show."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...colours import LIVER, TUMOUR
from ...render.report import Figure
from ...render.report.drawing import FAINT, FULL_MM, INK, svg
from ...segmentation.agreement import CaseMeasures
from .table1 import parts

NAMES = {"parenchyma": ("o", LIVER, "parenchyma"), "tumor": ("D", TUMOUR, "tumour")}


def dice_by_case(rows: Sequence[CaseMeasures]) -> Figure:
    """A mark for each case, a line at each part's mean."""
    by_part = parts(rows)

    def paint(canvas) -> None:
        axes = canvas.add_subplot()
        for place, cases in enumerate(by_part.values()):
            for offset, (region, (marker, colour, label)) in zip((-0.17, 0.17), NAMES.items(), strict=True):
                values = sorted(v for row in cases if not math.isnan(v := row.regions[region].dice))
                if not values:
                    continue
                n = len(values)
                xs = [place + offset + 0.2 * ((k % 5) / 4 - 0.5) * (n > 1) for k in range(n)]
                shown = {"label": label} if place == 0 else {}
                axes.plot(
                    xs, values, marker, color=colour, markersize=3.4, markeredgecolor=INK, markeredgewidth=0.3, **shown
                )
                axes.plot(
                    [place + offset - 0.14, place + offset + 0.14], [sum(values) / n] * 2, color=INK, linewidth=1.1
                )
        axes.set(xticks=range(len(by_part)), xlim=(-0.6, len(by_part) - 0.4), ylim=(-0.02, 1.02), ylabel="Dice")
        axes.set_xticklabels([f"{part}\nn = {len(cases)}" for part, cases in by_part.items()])
        axes.grid(axis="y", color=FAINT, linewidth=0.4)
        axes.set_axisbelow(True)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)  # above: a Dice of 0 is not to be hidden

    note = "A mark is a case, a line the mean of its part. A case without a tumour in either label map has no mark."
    return Figure("dice", "Dice of each case", svg(paint, FULL_MM, 62), note)
