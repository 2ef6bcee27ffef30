"""Two groups compared in one variable, or in thousands: tests by a stated rule, corrections, quartiles.

SciPy computes; what is decided here is which of its tests, with which correction: the names say it, because R, SPSS and
SciPy have different defaults (t-test: R Welch, SPSS both, SciPy pooled; chi-square of 2 x 2 tables: R and SciPy with
Yates' correction, SPSS without; Mann-Whitney: R and SciPy with continuity correction, SPSS without).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from ...errors import BadInput

NORMALITY_LEVEL = 0.05
"""Shapiro-Wilk's P above which a group passes for normally distributed."""

SMALLEST_GROUP = 3
"""Below it there is neither a Shapiro-Wilk test nor a variance to speak of."""

MOST_TABLES = 20_000_000
"""Tables that Fisher's exact test may enumerate."""

TIES = 1e-7
"""Relative: tables this close in probability to the observed one count as equally probable (as R's fisher.test)."""


class ContinuousTest(enum.Enum):
    """For a continuous variable.

    `BY_NORMALITY`: Welch's t where Shapiro-Wilk has P > 0.05 in both groups, else Mann-Whitney.
    `MANN_WHITNEY`: normal approximation with continuity and tie correction (R's and SciPy's default for groups of
    this size); `MANN_WHITNEY_SPSS` without continuity correction; `MANN_WHITNEY_EXACT` for small groups without ties.
    """

    BY_NORMALITY = "Welch or Mann-Whitney by Shapiro-Wilk"
    WELCH = "Welch"
    POOLED = "pooled t"
    MANN_WHITNEY = "Mann-Whitney"
    MANN_WHITNEY_SPSS = "Mann-Whitney without continuity correction"
    MANN_WHITNEY_EXACT = "Mann-Whitney, exact"


class CategoricalTest(enum.Enum):
    """For counts; the source paper's Table 2 is Pearson's chi-square without correction.

    `TREND` takes the levels for equal steps in the order of the table: for grades, nothing else.
    """

    CHI_SQUARE = "Pearson chi-square"
    YATES = "Pearson chi-square, Yates' correction"
    FISHER = "Fisher exact"
    LIKELIHOOD_RATIO = "likelihood-ratio chi-square"
    TREND = "chi-square for trend"


class Correction(enum.Enum):
    """For many tests."""

    NONE = "none"
    BENJAMINI_HOCHBERG = "Benjamini-Hochberg"
    BONFERRONI = "Bonferroni"


class QuartileType(enum.Enum):
    """Hyndman and Fan's number (Am Stat 1996;50:361): 7 in R and NumPy, 6 in SPSS."""

    TYPE_7 = "linear"
    TYPE_6 = "weibull"


@dataclass(frozen=True)
class Compared:
    """Two-sided tests of columns between two groups.

    Attributes
    ----------
    p : np.ndarray, shape (k,)
        NaN where there is no test: a group with fewer than 3 values, or one value in all cases.
    statistic : np.ndarray, shape (k,)
        Student's t, or Mann-Whitney's U, of the group with the outcome.
    test : np.ndarray of ContinuousTest, shape (k,)
        The one used: never `BY_NORMALITY`.
    """

    p: np.ndarray
    statistic: np.ndarray
    test: np.ndarray


def compare(x: np.ndarray, y: np.ndarray, test: ContinuousTest = ContinuousTest.BY_NORMALITY) -> Compared:
    """Cases with the outcome against cases without, in each column.

    Parameters
    ----------
    x : np.ndarray, shape (n, k) or (n,)
        NaN where missing: left out, column by column.
    y : np.ndarray, shape (n,)
        0 or 1.
    test : ContinuousTest
    """
    x = np.asarray(x, float)
    x = x[:, None] if x.ndim == 1 else x
    p, statistic = np.full(x.shape[1], np.nan), np.full(x.shape[1], np.nan)
    used = np.full(x.shape[1], test, object)
    groups = x[np.asarray(y) == 1], x[np.asarray(y) == 0]
    with np.errstate(invalid="ignore"):
        enough = np.all([np.isfinite(g).sum(axis=0) >= SMALLEST_GROUP for g in groups], axis=0)
        enough &= np.nanmin(x, axis=0, initial=np.inf) < np.nanmax(x, axis=0, initial=-np.inf)
    if test is ContinuousTest.BY_NORMALITY:
        normal = np.zeros(x.shape[1], bool)
        normal[enough] = np.all([shapiro(g[:, enough]) > NORMALITY_LEVEL for g in groups], axis=0)
        used = np.where(normal, ContinuousTest.WELCH, ContinuousTest.MANN_WHITNEY)
    for one in set(used[enough]):
        chosen = enough & (used == one)
        result = _scipy(one, *(g[:, chosen] for g in groups))
        statistic[chosen], p[chosen] = result.statistic, result.pvalue
    return Compared(p, statistic, used)


def shapiro(x: np.ndarray) -> np.ndarray:
    """P of Shapiro and Wilk's test of each column; 0 for a column of one value, which is not normal.

    Parameters
    ----------
    x : np.ndarray, shape (n, k)
        NaN where missing.
    """
    from scipy import stats

    p = np.zeros(x.shape[1])
    varied = np.nanmin(x, axis=0) < np.nanmax(x, axis=0)
    if varied.any():
        p[varied] = stats.shapiro(x[:, varied], axis=0, nan_policy="omit").pvalue
    return p


def _scipy(test: ContinuousTest, a: np.ndarray, b: np.ndarray):
    from scipy import stats

    if test in (ContinuousTest.WELCH, ContinuousTest.POOLED):
        return stats.ttest_ind(a, b, axis=0, equal_var=test is ContinuousTest.POOLED, nan_policy="omit")
    exact = test is ContinuousTest.MANN_WHITNEY_EXACT
    return stats.mannwhitneyu(
        a,
        b,
        axis=0,
        use_continuity=test is not ContinuousTest.MANN_WHITNEY_SPSS,
        method="exact" if exact else "asymptotic",
        nan_policy="omit",
    )


def compare_counts(table: np.ndarray, test: CategoricalTest = CategoricalTest.CHI_SQUARE) -> float:
    """P of independence in a table of counts.

    Parameters
    ----------
    table : np.ndarray of int, shape (r, c)
        Rows and columns without a case are left out.
    test : CategoricalTest

    Returns
    -------
    float
        1 where only one row or column has cases.
    """
    whole = np.asarray(table)
    table = whole[whole.sum(axis=1) > 0][:, whole.sum(axis=0) > 0]
    if min(table.shape) < 2:
        return 1.0
    if test is CategoricalTest.FISHER:
        return fisher(table)
    if test is CategoricalTest.TREND:
        return trend(whole)
    from scipy import stats

    kind = "log-likelihood" if test is CategoricalTest.LIKELIHOOD_RATIO else "pearson"
    return float(stats.chi2_contingency(table, correction=test is CategoricalTest.YATES, lambda_=kind).pvalue)


def trend(table: np.ndarray) -> float:
    """P of a linear trend over the levels, numbered in their order: n r^2 with one degree of freedom.

    Cochran, Biometrics 1954;10:417; Armitage, Biometrics 1955;11:375; R's ``prop.trend.test``.
    """
    from scipy import stats

    rows, columns = (np.repeat(place.ravel(), table.ravel()) for place in np.indices(table.shape))
    return float(stats.chi2.sf(len(rows) * stats.pearsonr(rows, columns).statistic ** 2, 1))


def fisher(table: np.ndarray) -> float:
    """Fisher's exact test of a 2 x c (or r x 2) table, two-sided: tables of these margins that are no more probable.

    SciPy draws tables at random where there are more than two columns; here all are counted (Freeman and Halton,
    Biometrika 1951;38:141).

    Raises
    ------
    BadInput
        For more than two rows and columns, or tables too large to enumerate.
    """
    from scipy.special import gammaln

    table = np.asarray(table)
    table = table if len(table) == 2 else table.T
    if len(table) != 2:
        raise BadInput("Fisher's exact test is given for tables with two rows or two columns; use chi-square here.")
    columns, first = table.sum(axis=0), int(table[0].sum())
    order = np.argsort(columns)  # the largest column is what is left
    if np.prod(columns[order[:-1]] + 1.0) > MOST_TABLES:
        raise BadInput("This table has too many cases for Fisher's exact test; use chi-square.")

    def log_choose(n: int, k: np.ndarray) -> np.ndarray:
        return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)

    sums, logs = np.zeros(1), np.zeros(1)
    for n in columns[order[:-1]]:
        k = np.arange(n + 1)
        sums, logs = (sums[:, None] + k).ravel(), (logs[:, None] + log_choose(n, k)).ravel()
    largest = columns[order[-1]]
    possible = (sums <= first) & (first - sums <= largest)
    logs = logs[possible] + log_choose(largest, first - sums[possible])
    observed = sum(float(log_choose(n, k)) for n, k in zip(columns, table[0], strict=True))
    weight = np.exp(logs - logs.max())
    return float(min(1.0, weight[logs <= observed + np.log1p(TIES)].sum() / weight.sum()))


def corrected(p: np.ndarray, correction: Correction) -> np.ndarray:
    """P values adjusted for their number; NaN stays and does not count.

    Parameters
    ----------
    p : np.ndarray, shape (k,)
    correction : Correction
    """
    from scipy.stats import false_discovery_control

    p = np.array(p, float)
    known = np.isfinite(p)
    if correction is Correction.BONFERRONI:
        p[known] = np.minimum(1.0, p[known] * known.sum())
    elif correction is Correction.BENJAMINI_HOCHBERG and known.any():
        p[known] = false_discovery_control(p[known])
    return p


def quartiles(x: np.ndarray, kind: QuartileType = QuartileType.TYPE_7) -> np.ndarray:
    """First quartile, median and third quartile of the values that are not missing."""
    return np.nanquantile(x, [0.25, 0.5, 0.75], method=kind.value)


def t_test_of_summaries(
    means: tuple[float, float], sds: tuple[float, float], sizes: tuple[int, int], test: ContinuousTest
) -> float:
    """P of Welch's or the pooled t-test from printed means and SDs (n - 1)."""
    from scipy.stats import ttest_ind_from_stats

    pairs = zip(means, sds, sizes, strict=True)
    arguments = [value for group in pairs for value in group]
    return float(ttest_ind_from_stats(*arguments, equal_var=test is ContinuousTest.POOLED).pvalue)
