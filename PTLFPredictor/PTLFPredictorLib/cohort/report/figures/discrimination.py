"""ROC curves and decision curves of several models (the paper's Figure 4a and b)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ....render.report.cells import Estimate, fixed
from ....render.report.document import Figure
from ....render.report.drawing import FAINT, HALF_MM, INK, SOFT, STYLES, Cases, svg


@dataclass(frozen=True)
class Roc:
    """The ROC curve of a model.

    Parameters
    ----------
    label : str
    false_positive, sensitivity : array of shape (k,)
        Points of the curve, from (0, 0) to (1, 1).
    auc : Estimate
        With the interval that the note names.
    point : (float, float) or None
        1 - specificity and sensitivity at a cut-off that was chosen elsewhere (on the training cases).
    """

    label: str
    false_positive: np.ndarray
    sensitivity: np.ndarray
    auc: Estimate
    point: tuple[float, float] | None = None


def roc(name: str, curves: Sequence[Roc], cases: Cases, interval: str) -> Figure:
    """ROC curves of several models on the same cases.

    Parameters
    ----------
    interval : str
        What the intervals of the AUCs are: "95 % confidence interval (DeLong)".
    """

    def paint(canvas) -> None:
        axes = canvas.subplots()
        axes.plot((0, 1), (0, 1), color=FAINT, linewidth=0.8)
        for curve, (colour, dash) in zip(curves, STYLES, strict=False):
            label = f"{curve.label}  {curve.auc.words(fixed(3))}"
            axes.plot(curve.false_positive, curve.sensitivity, color=colour, linestyle=dash, label=label)
            if curve.point is not None:
                axes.plot(*curve.point, marker="o", markersize=4.5, color=colour, markerfacecolor="white")
        axes.set(xlabel="1 \u2212 specificity", ylabel="Sensitivity", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
        axes.set_aspect("equal")
        canvas.legend(title=f"AUC, {interval}", loc="outside lower left", alignment="left", title_fontsize=7.2)

    aucs = "; ".join(f"{curve.label} AUC {curve.auc.words(fixed(3))}" for curve in curves)
    marked = " Circle: the cut-off that was chosen on the training cases." if any(c.point for c in curves) else ""
    return Figure(
        name,
        "ROC curves",
        svg(paint, HALF_MM, HALF_MM + 5 * len(curves) + 6),
        f"{cases} Grey line: no discrimination.{marked} An AUC says how well a model ranks patients; it does not say "
        "that its risks are right (see calibration), nor which cut-off to use.",
        f"ROC curves, {cases} {interval}: {aucs}",
    )


def decision_curve(
    name: str,
    thresholds: np.ndarray,
    models: Mapping[str, np.ndarray],
    treat_all: np.ndarray,
    cases: Cases,
) -> Figure:
    """Net benefit over the risk threshold (Vickers & Elkin, Med Decis Making 2006;26:565).

    Parameters
    ----------
    thresholds : array of shape (k,)
        Risks from which on one would act, 0 to 1.
    models : mapping of str to array of shape (k,)
        Net benefit of each model; `treat_all` that of acting on everybody.
    """

    def paint(canvas) -> None:
        axes = canvas.subplots()
        axes.plot(thresholds, treat_all, color=SOFT, linewidth=0.8, label="act on all")
        axes.axhline(0, color=INK, linewidth=0.8, label="act on none")
        for (label, benefit), (colour, dash) in zip(models.items(), STYLES, strict=False):
            axes.plot(thresholds, benefit, color=colour, linestyle=dash, label=label)
        top = cases.events / cases.n
        axes.set(xlabel="Risk threshold", ylabel="Net benefit", xlim=(0, 1), ylim=(-0.25 * top, 1.12 * top))
        axes.xaxis.set_major_formatter(lambda x, _: f"{100 * x:.0f} %")
        canvas.legend(loc="outside lower left", ncols=2)

    rows = -(-(len(models) + 2) // 2)
    return Figure(
        name,
        "Decision curves",
        svg(paint, HALF_MM, 0.78 * HALF_MM + 4.5 * rows),
        f"{cases} Net benefit: true positives less false positives weighed by the odds of the threshold, per patient. "
        "Read it only at thresholds that a clinic would act on; it shows no best threshold, and with so many events "
        "its small differences are noise.",
        f"Decision curves, {cases} Curves: {', '.join(models)}, act on all, act on none.",
    )
