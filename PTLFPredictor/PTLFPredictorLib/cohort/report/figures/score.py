"""Distribution of a score by outcome."""

from __future__ import annotations

import numpy as np

from ....colours import BLUE, ORANGE
from ....render.report.document import Figure
from ....render.report.drawing import HALF_MM, INK, Cases, svg

BARS = 24


def distribution(
    name: str,
    score: np.ndarray,
    outcomes: np.ndarray,
    cases: Cases,
) -> Figure:
    """Two histograms over one axis, each with its median.

    Parameters
    ----------
    score, outcomes : array of shape (n,)
        Outcomes 0 or 1.
    """
    bins = np.linspace(score.min(), score.max(), BARS + 1)
    groups = (("event", 1, ORANGE, "////"), ("no event", 0, BLUE, ""))
    medians = [float(np.median(score[outcomes == value])) for _, value, _, _ in groups]

    def paint(canvas) -> None:
        panels = canvas.subplots(2, 1, sharex=True)
        for axes, (words, value, colour, hatch), median in zip(panels, groups, medians, strict=True):
            axes.hist(score[outcomes == value], bins, color=colour, hatch=hatch, edgecolor="white", linewidth=0.3)
            axes.axvline(median, color=INK, linewidth=1.2)
            axes.set_ylabel("Cases")
            axes.set_title(f"{words}, n = {(outcomes == value).sum()}, median {median:.2f}", loc="left")
            axes.yaxis.get_major_locator().set_params(integer=True)
        panels[1].set_xlabel("Radscore")

    return Figure(
        name,
        "Radscore by outcome",
        svg(paint, HALF_MM, 0.8 * HALF_MM),
        f"{cases} Line: median. Where the two overlap, the score does not tell patients apart. On the cases that "
        "made the score they overlap less than they will on others.",
        f"Radscore by outcome, {cases} Median with the event {medians[0]:.2f}, without {medians[1]:.2f}.",
    )
