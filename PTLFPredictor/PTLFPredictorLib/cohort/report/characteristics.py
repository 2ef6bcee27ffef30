"""Who the patients are: characteristics of two groups with P and standardised difference, missing values, odds ratios.

The paper's Table 2 and Supplementary Tables 1 and 2 (groups compared), and Table 3 (a multivariable model).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...render.report.cells import (
    Cell,
    Estimate,
    Formatter,
    Indented,
    MeanSD,
    MedianIQR,
    Share,
    fixed,
    of_spread,
    p_value,
)
from ...render.report.document import Column, Table
from ..statistics.univariate import CategoricalTest, ContinuousTest, compare, compare_counts, quartiles

if TYPE_CHECKING:
    import pandas as pd

YES_NO = {0.0, 1.0}


@dataclass(frozen=True)
class Variable:
    """A column of a cohort's frame.

    Parameters
    ----------
    id, label, unit : str
    levels : tuple of (value, label)
        Of a categorical one, in the order of the table; none for numbers.  Numbers that are all 0 or 1 are yes and no.
    """

    id: str
    label: str
    unit: str = ""
    levels: tuple[tuple[object, str], ...] = ()

    @property
    def title(self) -> str:
        return f"{self.label} ({self.unit})" if self.unit not in ("", "1") else self.label


def compared(
    name: str,
    title: str,
    frame: pd.DataFrame,
    groups: Mapping[str, np.ndarray],
    variables: Sequence[Variable],
    continuous: ContinuousTest = ContinuousTest.BY_NORMALITY,
    categorical: CategoricalTest = CategoricalTest.CHI_SQUARE,
) -> Table:
    """Two groups beside each other, a row per variable (and per level), with P and standardised difference.

    Parameters
    ----------
    frame : DataFrame of n rows
    groups : mapping of str to bool array of shape (n,)
        Two, by what the column is called: "Training", "Validation".
    """
    first, second = (np.asarray(mask, bool) for mask in groups.values())
    rows: list[list[Cell]] = []
    for one in variables:
        values = frame[one.id]
        left_out = int(values[first | second].isna().sum())
        if _is_number(one, values):
            rows.append(_numbers(one, values.to_numpy(float), first, second, continuous, left_out))
        else:
            rows += _levels(one, values, first, second, categorical, left_out)
    heads = [f"{label} (n = {int(mask.sum())})" for label, mask in zip(groups, (first, second), strict=True)]
    return Table(
        name,
        title,
        ("Characteristic", *heads, Column("P", p_value), "Test", Column("SMD", fixed(2)), "Missing"),
        rows,
        "Mean \u00b1 SD where the t-test is used, else median (quartiles); counts with % of those not missing. Tests: "
        f"{continuous.value}, for counts {categorical.value}; two-sided, not corrected for their number. SMD: "
        "standardised difference without sign; unlike P it does not grow with the number of cases, and 0.1 to 0.2 is "
        "often called small.",
    )


def missing(
    name: str,
    title: str,
    frame: pd.DataFrame,
    groups: Mapping[str, np.ndarray],
    variables: Sequence[Variable],
    note: str,
) -> Table:
    """Values that are missing, per variable and group; variables without any are counted in the note.

    Parameters
    ----------
    note : str
        What was done about them.
    """
    masks = [np.asarray(mask, bool) for mask in groups.values()]
    counted = [[int(frame[one.id][mask].isna().sum()) for mask in masks] for one in variables]
    rows = [
        [one.title, *(Share(n, int(mask.sum())) for n, mask in zip(counts, masks, strict=True))]
        for one, counts in zip(variables, counted, strict=True)
        if any(counts)
    ]
    full = len(variables) - len(rows)
    heads = [f"{label} (n = {int(mask.sum())})" for label, mask in zip(groups, masks, strict=True)]
    return Table(name, title, ("Variable", *heads), rows, f"{full} of {len(variables)} variables are complete. {note}")


@dataclass(frozen=True)
class Term:
    """A predictor of a model.

    Parameters
    ----------
    label : str
    coefficient, standard_error : float
        Per one unit.
    per : float
        Step of the odds ratio: 0.1 for INR.
    ratio : Estimate
        Odds ratio per `per`.
    p : float
    unit : str
    """

    label: str
    coefficient: float
    standard_error: float
    ratio: Estimate
    p: float
    per: float = 1.0
    unit: str = ""


def multivariable(name: str, title: str, terms: Sequence[Term], note: str, interval: str) -> Table:
    """A model as the paper's Table 3 has it: beta, odds ratio with its interval, P.

    Parameters
    ----------
    note : str
        n, events, how it was fitted.
    interval : str
        "95 % CI, profile likelihood".
    """
    rows = [
        [
            one.label,
            one.coefficient,
            one.standard_error,
            f"{one.per:g} {one.unit if one.unit != '1' else ''}".strip(),
            one.ratio,
            one.p,
        ]
        for one in terms
    ]
    columns = (
        "Predictor",
        Column("\u03b2 (per unit)", fixed(3)),
        Column("SE", fixed(3)),
        "Odds ratio per",
        Column(f"Odds ratio ({interval})"),
        Column("P", p_value),
    )
    return Table(name, title, columns, rows, note)


def _is_number(one: Variable, values: pd.Series) -> bool:
    import pandas as pd

    return not one.levels and pd.api.types.is_numeric_dtype(values) and not set(values.dropna()) <= YES_NO


def _numbers(
    one: Variable, values: np.ndarray, first: np.ndarray, second: np.ndarray, test: ContinuousTest, left_out: int
) -> list[Cell]:
    either = first | second
    found = compare(values[either], first[either].astype(float), test)
    used = found.test[0]
    is_mean = used in (ContinuousTest.WELCH, ContinuousTest.POOLED)
    a, b = (values[mask & np.isfinite(values)] for mask in (first, second))
    known = values[either & np.isfinite(values)]
    shown = of_spread(float(known.std() if is_mean else np.subtract(*quartiles(known)[[2, 0]])) if len(known) else 0.0)
    summary = _mean if is_mean else _median
    p = float(found.p[0])
    words = used.value if np.isfinite(p) else ""
    return [one.title, summary(a, shown), summary(b, shown), p, words, smd(a, b), left_out]


def _mean(values: np.ndarray, shown: Formatter) -> Cell:
    return MeanSD(float(values.mean()), float(values.std(ddof=1)), shown) if len(values) > 1 else None


def _median(values: np.ndarray, shown: Formatter) -> Cell:
    if not len(values):
        return None
    q1, median, q3 = quartiles(values)
    return MedianIQR(float(median), float(q1), float(q3), shown)


def _levels(
    one: Variable, values: pd.Series, first: np.ndarray, second: np.ndarray, test: CategoricalTest, left_out: int
) -> list[list[Cell]]:
    levels = one.levels or _levels_of(values)
    counts = np.array([[int((values[mask] == value).sum()) for value, _ in levels] for mask in (first, second)])
    totals = counts.sum(axis=1)
    tested = min(totals) > 0 and len(levels) > 1
    p = compare_counts(counts, test) if tested else float("nan")
    told: list[Cell] = [p, test.value if tested else "", smd_of_counts(counts) if tested else None, left_out]
    shares = [[Share(int(n), int(total)) for n, total in zip(column, totals, strict=True)] for column in counts.T]
    if [value for value, _ in levels] == [0, 1]:
        return [[f"{one.label}, {levels[1][1]}", *shares[1], *told]]
    return [
        [one.title, "", "", *told],
        *([Indented(words), *cells, "", "", "", ""] for (_, words), cells in zip(levels, shares, strict=True)),
    ]


def _levels_of(values: pd.Series) -> tuple[tuple[object, str], ...]:
    known = sorted(set(values.dropna()))
    if set(known) <= YES_NO:
        return (0, "no"), (1, "yes")
    return tuple((value, str(value)) for value in known)


def smd(a: np.ndarray, b: np.ndarray) -> float:
    """Standardised difference of two means, without sign: over the root of the mean of both variances."""
    if min(len(a), len(b)) < 2:
        return float("nan")
    spread = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    return float(abs(a.mean() - b.mean()) / spread) if spread > 0 else float("nan")


def smd_of_counts(counts: np.ndarray) -> float:
    """Standardised difference of two multinomial samples (Yang and Dalton, SAS Global Forum 2012, 335-2012).

    Parameters
    ----------
    counts : array of int, shape (2, levels)
    """
    shares = counts / counts.sum(axis=1, keepdims=True)
    shares = shares[:, shares.sum(axis=0) > 0][:, 1:]
    covariance = np.mean([np.diag(p) - np.outer(p, p) for p in shares], axis=0)
    apart = shares[0] - shares[1]
    return float(np.sqrt(apart @ np.linalg.pinv(covariance) @ apart))
