"""LASSO: path and cross-validation, the coefficients, how often resampling selects a feature (the paper's Figure 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ....colours import BLUE, ORANGE
from ....render.report.document import Figure
from ....render.report.drawing import FAINT, FULL_MM, INK, SOFT, Cases, svg

ROW_MM = 4.4
"""Height of a row of a chart with a name per row."""

MARK = "\u25cf "
"""Before the features of the signature."""

TUMOUR = "tumor__"
"""What names of tumour features begin with in the files."""


@dataclass(frozen=True)
class CrossValidation:
    """A penalised path and its cross-validation, by descending lambda.

    Parameters
    ----------
    lambdas : array of shape (k,)
    mean, standard_error : array of shape (k,)
        Of the measure over the folds.
    chosen, minimum, one_se : int
        Indices: what the rule took, the least mean, the largest lambda within one standard error of it.
    measure : str
        "binomial deviance".
    folds : int
    rule : str
        In words: "minimum of the deviance".
    """

    lambdas: np.ndarray
    mean: np.ndarray
    standard_error: np.ndarray
    chosen: int
    minimum: int
    one_se: int
    measure: str
    folds: int
    rule: str


def lasso(name: str, path: np.ndarray, found: CrossValidation, cases: Cases) -> Figure:
    """Coefficients over lambda, and the cross-validated measure with its standard error.

    Parameters
    ----------
    path : array of shape (k, features)
        Coefficients on standardised columns, without the intercept, by descending lambda.
    """
    at = np.log10(found.lambdas)
    kept = np.count_nonzero(path, axis=1)

    def paint(canvas) -> None:
        left, right = canvas.subplots(1, 2, sharex=True)
        for column in path.T[np.any(path != 0, axis=0)]:
            survives = column[found.chosen] != 0
            left.plot(at, column, color=BLUE if survives else FAINT, linewidth=0.8 if survives else 0.5)
        left.set(ylabel="Coefficient (standardised feature)", title="a  Path")
        right.errorbar(
            at, found.mean, found.standard_error, color=INK, ecolor=FAINT, fmt="o", markersize=2, elinewidth=0.8
        )
        right.set(ylabel=f"{found.measure.capitalize()}, {found.folds} folds", title="b  Cross-validation")
        for axes in (left, right):
            axes.axvline(at[found.chosen], color=ORANGE, linewidth=1.2)
            axes.set_xlabel("log10 \u03bb")
            axes.invert_xaxis() if axes is left else None
        right.axvline(at[found.minimum], color=SOFT, linewidth=0.7, linestyle="--")
        right.axvline(at[found.one_se], color=SOFT, linewidth=0.7, linestyle=":")
        top = left.secondary_xaxis("top")
        places = np.unique(np.linspace(0, len(at) - 1, 6).round().astype(int))
        top.set_xticks(at[places], [f"{kept[place]}" for place in places])
        top.tick_params(length=0, labelsize=6.5)

    of = f"{kept[found.chosen]} of {path.shape[1]} features"
    chosen = f"\u03bb = {found.lambdas[found.chosen]:.4g} ({found.rule}) keeps {of}"
    return Figure(
        name,
        "LASSO",
        svg(paint, FULL_MM, 66),
        f"{cases} Orange line: {chosen}; dashed: the minimum; dotted: the largest \u03bb within one standard error of "
        f"it ({kept[found.one_se]} features). Blue: features kept; numbers above: features with a coefficient other "
        "than 0. The curve was used to choose \u03bb, so its minimum is not the performance to expect on new patients.",
        f"LASSO: {chosen}.",
    )


def coefficients(name: str, features: Sequence[str], values: np.ndarray, cases: Cases) -> Figure:
    """Bars of the coefficients on standardised features, the largest first.

    Parameters
    ----------
    features : sequence of str
        As in the files: "tumor__original_firstorder_Mean".
    """
    order = np.argsort(-np.abs(values), kind="stable")

    def paint(canvas) -> None:
        axes = canvas.subplots()
        _bars(axes, [features[place] for place in order], values[order])
        axes.axvline(0, color=INK, linewidth=0.6)
        axes.set_xlabel("Coefficient (standardised feature)")

    tumour = sum(one.startswith(TUMOUR) for one in features)
    return Figure(
        name,
        "Coefficients of the Radscore",
        svg(paint, FULL_MM, 16 + ROW_MM * len(features)),
        f"{cases} {tumour} of {len(features)} features from the tumour (orange, hatched), the others from the "
        "parenchyma (blue). A larger bar is not a more important or a causal feature: LASSO takes one of several "
        "alike, and shrinks it.",
        "Coefficients of the Radscore: " + "; ".join(f"{features[place]} {values[place]:.3f}" for place in order),
    )


def selection_frequencies(
    name: str, features: Sequence[str], shares: np.ndarray, chosen: Sequence[str], repeats: int, cases: Cases,
    limit: int = 15,
) -> Figure:  # fmt: skip
    """Share of bootstrap samples in which the whole selection, repeated, keeps a feature.

    Parameters
    ----------
    shares : array of shape (features,)
    chosen : sequence of str
        Features of the signature.
    limit : int
        Features drawn: the most frequent, and all chosen ones.
    """
    order = np.argsort(-shares, kind="stable")
    drawn = [place for rank, place in enumerate(order) if rank < limit or features[place] in chosen]

    def paint(canvas) -> None:
        axes = canvas.subplots()
        names = [f"{MARK if features[place] in chosen else ''}{features[place]}" for place in drawn]
        _bars(axes, names, shares[drawn])
        axes.set(xlabel=f"Selected in, of {repeats} bootstrap samples", xlim=(0, 1))
        axes.xaxis.set_major_formatter(lambda x, _: f"{100 * x:.0f} %")

    of_chosen = [share for feature, share in zip(features, shares, strict=True) if feature in chosen]
    stable = sum(share >= 0.5 for share in of_chosen)
    said = (
        f"{stable} of the {len(chosen)} features of the signature (\u25cf) are selected in at least half of the samples"
    )
    return Figure(
        name,
        "How often resampling selects a feature",
        svg(paint, FULL_MM, 16 + 3.4 * len(drawn)),
        f"{cases} {said}. A low share means: with other patients of the same hospital the signature would have been "
        "made of other features. It says nothing about how well the score predicts.",
        f"How often resampling selects a feature: {said}.",
    )


def _bars(axes, names: Sequence[str], values: np.ndarray) -> None:
    """A bar per name from the top; those of the tumour in another colour and hatched."""
    for place, (label, value) in enumerate(zip(names, values, strict=True)):
        tumour = label.removeprefix(MARK).startswith(TUMOUR)
        axes.barh(
            place, value, 0.7, color=ORANGE if tumour else BLUE, hatch="////" if tumour else "", edgecolor="white",
            linewidth=0,
        )  # fmt: skip
    axes.set_yticks(range(len(names)), names, fontsize=6.2)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
