"""Spearman's correlation and the filter at R's numbers; the filter's answer does not depend on the machine."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

import r_reference as R
from PTLFPredictorLib.cohort.statistics import redundancy
from PTLFPredictorLib.cohort.statistics.redundancy import Keep, spearman, spearman_filter
from PTLFPredictorLib.errors import BadInput

FILTER = R.values("spearman")["filter"]


def features():
    table = R.table("features")
    return table.iloc[:, 2:], table.y.to_numpy()


def test_rho_is_rs():
    x, _ = features()
    sample = R.values("spearman")["matrix_sample"]
    rho = spearman(x[sample["columns"]].to_numpy())
    assert rho == pytest.approx(np.array(sample["spearman"]), abs=1e-12)
    counts = R.values("spearman")["counts"]
    above = np.abs(spearman(x.to_numpy())[np.triu_indices(200, 1)])
    assert (above > 0.8).sum() == counts["pairs_above_0.8"]
    assert above.sum() == pytest.approx(counts["sum_of_abs_upper"], abs=1e-9)
    assert np.abs(above - 0.8).min() == pytest.approx(counts["nearest_to_0.8"], abs=1e-12)


@pytest.mark.parametrize(
    ("keep", "name"),
    [
        (Keep.FIRST, "first_in_column_order"),
        (Keep.MOST_SIGNIFICANT, "most_significant_first"),
        (Keep.LEAST_CORRELATED, "caret_findCorrelation_exact"),
        (Keep.LEAST_CORRELATED_AT_START, "caret_findCorrelation_not_exact"),
    ],
)
def test_four_rules_keep_what_they_keep_in_r(keep, name):
    x, y = features()
    p = stats.mannwhitneyu(x[y == 1], x[y == 0], axis=0, method="asymptotic").pvalue
    kept = set(x.columns[spearman_filter(x.to_numpy(), 0.8, keep, p)])
    expected = FILTER[name]
    assert kept == (set(expected["kept"]) if "kept" in expected else set(x.columns) - set(expected["dropped"]))
    assert len(kept) == expected["n"]


@pytest.mark.parametrize("keep", [Keep.FIRST, Keep.LEAST_CORRELATED])
def test_no_two_that_stay_are_above_the_limit_and_what_goes_is_above_it_with_another(keep):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(40, 150)) + 2 * np.repeat(rng.normal(size=(40, 30)), 5, axis=1)
    kept = spearman_filter(x, 0.8, keep)
    rho = np.abs(spearman(x)) - np.eye(150)
    assert rho[np.ix_(kept, kept)].max() <= 0.8
    gone = np.setdiff1d(np.arange(150), kept)
    assert 20 < len(gone) < 130
    assert (rho[gone].max(axis=1) > 0.8).all()
    if keep is Keep.FIRST:
        assert all(rho[i, kept[kept < i]].max() > 0.8 for i in gone)


def test_blocks_do_not_change_the_answer(monkeypatch):
    x = features()[0].to_numpy()
    whole = spearman_filter(x)
    monkeypatch.setattr(redundancy, "BLOCK", 7)
    assert spearman_filter(x).tolist() == whole.tolist()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(20, 300))
@example(1, 369)  # the last in single precision
@example(1, 601)
def test_sums_of_ranks_are_exact_so_that_no_order_of_summation_matters(seed, n):
    x = np.round(np.random.default_rng(seed).normal(size=(n, 6)), 1)  # ties
    ranks, squares = redundancy.whole_ranks(x)
    exact = [[sum(int(a) * int(b) for a, b in zip(u, v, strict=True)) for v in ranks.T] for u in ranks.T]
    assert (ranks.T @ ranks).tolist() == exact
    assert squares.tolist() == [exact[i][i] for i in range(6)]
    with np.errstate(invalid="ignore"):
        assert spearman(x) == pytest.approx(np.atleast_2d(stats.spearmanr(x).statistic), abs=1e-12)


def test_missing_values_and_missing_p_values_are_refused():
    x = np.array([[1.0, 2.0], [2.0, np.nan], [3.0, 1.0]])
    with pytest.raises(BadInput, match="missing"):
        spearman_filter(x)
    with pytest.raises(BadInput, match="P values"):
        spearman_filter(np.ones((3, 2)), keep=Keep.MOST_SIGNIFICANT)
