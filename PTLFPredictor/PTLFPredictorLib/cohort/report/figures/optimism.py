"""What a model seemed to reach on the cases that made it, and what is left after correction for optimism."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ....colours import BLUE
from ....render.report.cells import Estimate
from ....render.report.document import Figure
from ....render.report.drawing import FULL_MM, INK, SOFT, Cases, svg


@dataclass(frozen=True)
class Performance:
    """A measure of one model.

    Parameters
    ----------
    label : str
        "Combined model, AUC".
    apparent : float
        On the cases that the model was fitted to.
    corrected : Estimate
        Corrected for optimism, with its interval.
    """

    label: str
    apparent: float
    corrected: Estimate


def optimism(
    name: str, rows: Sequence[Performance], cases: Cases, method: str,
) -> Figure:  # fmt: skip
    """A row per model: hollow the apparent value, filled the corrected one.

    Parameters
    ----------
    method : str
        "Harrell's bootstrap, 200 samples, the whole selection repeated in each".
    """

    def paint(canvas) -> None:
        axes = canvas.subplots()
        for place, row in enumerate(rows):
            axes.plot((row.corrected.low, row.corrected.high), (place, place), color=BLUE, linewidth=1)
            axes.annotate(
                "", (row.corrected.value, place), (row.apparent, place),
                arrowprops={"arrowstyle": "-", "color": SOFT, "linestyle": ":"},
            )  # fmt: skip
            axes.plot(row.apparent, place, "o", markerfacecolor="white", color=INK, markersize=5)
            axes.plot(row.corrected.value, place, "o", color=BLUE, markersize=5)
            axes.annotate(
                f"{row.apparent:.3f} \u2192 {row.corrected.value:.3f}", (1.02, place),
                xycoords=("axes fraction", "data"), va="center",
            )  # fmt: skip
        axes.set_yticks(range(len(rows)), [row.label for row in rows])
        axes.set(ylim=(len(rows) - 0.5, -0.5), xlabel="AUC")
        axes.tick_params(axis="y", length=0)

    said = "; ".join(
        f"{row.label} {row.apparent:.3f}, corrected {row.corrected.value:.3f} "
        f"({row.corrected.low:.3f} to {row.corrected.high:.3f})"
        for row in rows
    )
    return Figure(
        name,
        "Apparent and corrected performance",
        svg(paint, FULL_MM, 17 + 6 * len(rows)),
        f"{cases} Hollow: apparent, on the cases that made the model; filled with its 95 % interval: corrected by "
        f"{method}. The apparent value is shown for the size of the optimism only: quote the corrected one. It "
        "foretells patients like these, not another hospital.",
        f"Apparent and corrected performance: {said}.",
    )
