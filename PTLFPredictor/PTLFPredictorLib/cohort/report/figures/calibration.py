"""Calibration curve with the distribution of the risks below it (the paper's Figure 4c and d)."""

from __future__ import annotations

import numpy as np

from ....colours import BLUE, ORANGE
from ....render.report.document import Figure
from ....render.report.drawing import FAINT, HALF_MM, SOFT, Cases, svg

BARS = 25
"""Bars of the histogram of risks."""


def calibration(
    name: str,
    risks: np.ndarray,
    outcomes: np.ndarray,
    curve: tuple[np.ndarray, np.ndarray],
    smoother: str,
    cases: Cases,
    title: str = "Calibration",
    groups: int = 5,
) -> Figure:
    """Observed against predicted risk.

    Parameters
    ----------
    risks, outcomes : array of shape (n,)
        Predicted risks; outcomes 0 or 1.
    curve : (array, array) of shape (k,)
        Predicted risks, ascending, and what the smoother makes of the outcomes there.
    smoother : str
        Its name with its setting: "lowess, span 2/3".  The same cases have another curve with another smoother.
    groups : int
        Groups of equal size whose observed shares are drawn as a guide.
    """
    low, high = float(curve[0][0]), float(curve[0][-1])

    def paint(canvas) -> None:
        axes, below = canvas.subplots(2, 1, height_ratios=(5, 1.3), sharex=True)
        axes.plot((0, 1), (0, 1), color=FAINT, linewidth=0.8, label="as it should be")
        axes.plot(*curve, color=BLUE, label=smoother)
        predicted, observed, lower, upper = _grouped(risks, outcomes, groups)
        axes.errorbar(
            predicted, observed, (observed - lower, upper - observed), color=SOFT, fmt="o", markersize=3.5,
            markerfacecolor="white", linewidth=0.7, label=f"{groups} groups (a guide only)",
        )  # fmt: skip
        axes.set(ylabel="Observed share", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
        axes.set_aspect("equal")
        bins = np.linspace(0, 1, BARS + 1)
        heights = [np.histogram(risks[outcomes == outcome], bins)[0] for outcome in (1, 0)]
        middle, width = (bins[1:] + bins[:-1]) / 2, 0.8 / BARS
        below.bar(middle, heights[0], width, color=ORANGE, linewidth=0)
        below.bar(middle, -heights[1], width, color=SOFT, linewidth=0)
        below.axhline(0, color=SOFT, linewidth=0.5)
        tallest = [max(int(one.max()), 1) for one in heights]
        below.set(xlabel="Predicted risk", ylim=(-1.1 * tallest[1], 1.1 * tallest[0]))
        below.set_yticks((tallest[0] / 2, -tallest[1] / 2), ("event", "no event"))
        below.tick_params(axis="y", length=0)
        below.spines["left"].set_visible(False)
        for one in (axes, below):
            one.xaxis.set_major_formatter(lambda x, _: f"{100 * x:.0f} %")
        axes.yaxis.set_major_formatter(lambda y, _: f"{100 * y:.0f} %")
        canvas.legend(*axes.get_legend_handles_labels(), loc="outside lower left", ncols=2)

    return Figure(
        name,
        title,
        svg(paint, HALF_MM, HALF_MM + 28),
        f"{cases} Smoother: {smoother}; another smoother draws another curve. Bars below: how many patients have which "
        "risk. Where there are few, the curve is a guess. The groups depend on how they were cut and are no test.",
        f"{title}, {cases} Predicted risks of {100 * low:.0f} to {100 * high:.0f} %, smoothed by {smoother}.",
    )


def _grouped(risks: np.ndarray, outcomes: np.ndarray, groups: int) -> tuple[np.ndarray, ...]:
    """Mean risk, observed share and its 95 % interval (Wilson) of groups of equal size by ascending risk."""
    from scipy.stats import binomtest

    parts = [part for part in np.array_split(np.argsort(risks, kind="stable"), groups) if len(part)]
    shares = [binomtest(int(outcomes[part].sum()), len(part)) for part in parts]
    intervals = [share.proportion_ci(method="wilson") for share in shares]
    return (
        np.array([risks[part].mean() for part in parts]),
        np.array([share.statistic for share in shares]),
        np.array([interval.low for interval in intervals]),
        np.array([interval.high for interval in intervals]),
    )
