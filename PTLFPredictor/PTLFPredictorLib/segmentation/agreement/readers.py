"""Agreement of what two readers or more measure on the same cases: intraclass correlation, Lin's CCC, Bland-Altman.

All take many quantities at once: the last two axes are cases and readers, those before them features.  Volumes belong
on the logarithmic scale: their differences grow with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ...errors import BadInput

LIMITS_95 = 1.96
"""Standard deviations of Bland and Altman's limits."""


class Form(StrEnum):
    """Which intraclass correlation (Shrout and Fleiss, Psychol Bull 1979, 86:420; McGraw and Wong in brackets)."""

    ONE_WAY = "ICC(1,1)"
    """Each case has readers of its own [ICC(1)]."""

    AGREEMENT = "ICC(2,1)"
    """The same readers, drawn from many; a reader who is always higher counts against it [ICC(A,1)]."""

    CONSISTENCY = "ICC(3,1)"
    """These readers only; a reader who is always higher does not matter [ICC(C,1)]."""

    ONE_WAY_MEAN = "ICC(1,k)"
    """Of the mean of the readers, as the next two."""

    AGREEMENT_MEAN = "ICC(2,k)"
    CONSISTENCY_MEAN = "ICC(3,k)"

    @property
    def of_mean(self) -> bool:
        return self.value.endswith("k)")

    @property
    def single(self) -> Form:
        return Form(self.value.replace("k)", "1)"))


@dataclass(frozen=True)
class MeanSquares:
    """Analysis of variance of cases by readers, one reading each; arrays over the features.

    Attributes
    ----------
    subjects, readers, error, within : np.ndarray
        `within` is of readers and error together, for the one-way form.
    n, k : int
        Cases and readers.
    """

    subjects: np.ndarray
    readers: np.ndarray
    error: np.ndarray
    within: np.ndarray
    n: int
    k: int


@dataclass(frozen=True)
class Intraclass:
    """An intraclass correlation of each feature; NaN where nothing varies or a reading is missing.

    Attributes
    ----------
    form : Form
    value, low, high : np.ndarray
        Negative estimates stay, as the analysis of variance gives them.
    f, p : np.ndarray
        Test that the cases do not differ.
    """

    form: Form
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    f: np.ndarray
    p: np.ndarray


@dataclass(frozen=True)
class BlandAltman:
    """Second reader minus first: mean, SD, and the limits within which 95 % of the differences lie."""

    bias: float
    sd: float
    limits: tuple[float, float]


def mean_squares(x: np.ndarray) -> MeanSquares:
    """Mean squares of readings.

    Parameters
    ----------
    x : np.ndarray, shape (..., cases, readers)

    Raises
    ------
    BadInput
        For fewer than two cases or readers.
    """
    x = np.asarray(x, float)
    n, k = x.shape[-2:]
    if min(n, k) < 2:
        raise BadInput("The agreement of readers needs two readers or more of two cases or more.")
    of_cases, of_readers = x.mean(axis=-1), x.mean(axis=-2)
    subjects, readers = k * of_cases.var(axis=-1, ddof=1), n * of_readers.var(axis=-1, ddof=1)
    rest = x - of_cases[..., None] - of_readers[..., None, :] + x.mean(axis=(-2, -1))[..., None, None]
    error = (rest**2).sum(axis=(-2, -1)) / ((n - 1) * (k - 1))
    within = ((x - of_cases[..., None]) ** 2).sum(axis=(-2, -1)) / (n * (k - 1))
    return MeanSquares(subjects, readers, error, within, n, k)


def icc(x: np.ndarray, form: Form = Form.AGREEMENT, level: float = 0.95) -> Intraclass:
    """Intraclass correlation with its interval (McGraw and Wong, Psychol Methods 1996, 1:30, table 7).

    Parameters
    ----------
    x : np.ndarray, shape (..., cases, readers)
    form : Form
    level : float

    Raises
    ------
    BadInput
        As `mean_squares`.
    """
    from scipy.special import fdtrc

    squares = mean_squares(x)
    n, k, single = squares.n, squares.k, form.single
    with np.errstate(divide="ignore", invalid="ignore"):
        if single is Form.ONE_WAY:
            rest, df = squares.within, n * (k - 1)
        else:
            rest, df = squares.error, (n - 1) * (k - 1)
        f = squares.subjects / rest
        if single is Form.AGREEMENT:
            shift = k * (squares.readers - rest) / n
            value = (squares.subjects - rest) / (squares.subjects + (k - 1) * rest + shift)
            low, high = _agreement_limits(squares, value, (1 - level) / 2)
        else:
            value = (squares.subjects - rest) / (squares.subjects + (k - 1) * rest)
            below, above = f / _upper_f(n - 1, df, (1 - level) / 2), f * _upper_f(df, n - 1, (1 - level) / 2)
            low, high = ((limit - 1) / (limit + k - 1) for limit in (below, above))
        low, high = (np.where(value == 1, 1.0, limit) for limit in (low, high))
        if form.of_mean:
            value, low, high = (_of_mean(part, k) for part in (value, low, high))
    return Intraclass(form, value, low, high, f, fdtrc(n - 1, df, f))


def _of_mean(single: np.ndarray, k: int) -> np.ndarray:
    """Spearman and Brown's formula; a limit below what k readers can have is minus infinity, not its mirror image."""
    whole = 1 + (k - 1) * single
    return np.where(whole <= 0, -np.inf, k * single / whole)


def _agreement_limits(squares: MeanSquares, value: np.ndarray, tail: float) -> tuple[np.ndarray, np.ndarray]:
    """Limits of ICC(2,1), with Satterthwaite's degrees of freedom."""
    n, k, subjects, readers, error = squares.n, squares.k, squares.subjects, squares.readers, squares.error
    a = k * value / (n * (1 - value))
    b = 1 + k * value * (n - 1) / (n * (1 - value))
    df = (a * readers + b * error) ** 2 / ((a * readers) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1)))
    both = k * readers + (k * n - k - n) * error
    below, above = _upper_f(n - 1, df, tail), _upper_f(df, n - 1, tail)
    low = n * (subjects - below * error) / (below * both + n * subjects)
    high = n * (above * subjects - error) / (both + n * above * subjects)
    return low, high


def _upper_f(df1: np.ndarray | int, df2: np.ndarray | int, tail: float) -> np.ndarray:
    from scipy.stats import f

    return f.isf(tail, df1, df2)


def lin_ccc(a: np.ndarray, b: np.ndarray, ddof: int = 0) -> float:
    """Concordance correlation of Lin, Biometrics 1989, 45:255: distance from the line of identity.

    Parameters
    ----------
    a, b : np.ndarray, shape (cases,)
    ddof : int
        0: variances by n, as Lin's; 1: by n - 1, as some programs.
    """
    matrix = np.cov(a, b, ddof=ddof)
    return float(2 * matrix[0, 1] / (matrix[0, 0] + matrix[1, 1] + (np.mean(a) - np.mean(b)) ** 2))


def bland_altman(first: np.ndarray, second: np.ndarray) -> BlandAltman:
    """Limits of agreement (Bland and Altman, Lancet 1986, 1:307)."""
    difference = np.asarray(second, float) - np.asarray(first, float)
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    return BlandAltman(bias, sd, (bias - LIMITS_95 * sd, bias + LIMITS_95 * sd))
