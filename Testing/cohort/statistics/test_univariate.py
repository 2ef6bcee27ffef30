"""Tests of two groups at R's numbers, and the source paper's Table 2 from its counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import r_reference as R
from PTLFPredictorLib.cohort.statistics.univariate import (
    CategoricalTest,
    ContinuousTest,
    Correction,
    QuartileType,
    compare,
    compare_counts,
    corrected,
    fisher,
    quartiles,
    shapiro,
    t_test_of_summaries,
)
from PTLFPredictorLib.errors import BadInput

RELATIVE = 1e-8
SHAPIRO = 1e-8
VALUES = R.values("univariate")
CONTINUOUS = [name for name in VALUES["continuous"] if name != "call"]
CATEGORICAL = [name for name in VALUES["categorical"] if name != "call"]


def features():
    table = R.table("features")
    return table.iloc[:, 2:].to_numpy(), table.y.to_numpy(float), VALUES["features_univariate"]


@pytest.mark.parametrize("name", CONTINUOUS)
def test_continuous_variables_have_rs_values(name):
    train, expected = R.train(), VALUES["continuous"][name]
    x, y = train[name].to_numpy(float), train.ptlf.to_numpy(float)  # missing values left out
    for test, (key, statistic, p) in {
        ContinuousTest.WELCH: ("t_welch", "t", "p"),
        ContinuousTest.POOLED: ("t_pooled", "t", "p"),
        ContinuousTest.MANN_WHITNEY: ("mann_whitney", "W", "p_R_default"),
        ContinuousTest.MANN_WHITNEY_SPSS: ("mann_whitney", "W", "p_normal_no_continuity_SPSS"),
    }.items():
        compared = compare(x, y, test)
        assert compared.p[0] == pytest.approx(expected[key][p], rel=RELATIVE), test
        assert compared.statistic[0] == pytest.approx(expected[key][statistic], rel=RELATIVE), test
    for group in (0, 1):
        w = shapiro(x[y == group][:, None])[0]
        assert w == pytest.approx(expected[f"shapiro_{group}"]["p"], abs=SHAPIRO)
        assert quartiles(x[y == group]) == pytest.approx(expected[f"quartiles_{group}_type7"])
        assert quartiles(x[y == group], QuartileType.TYPE_6) == pytest.approx(expected[f"quartiles_{group}_type6_SPSS"])


@pytest.mark.parametrize("name", CATEGORICAL)
def test_counts_have_rs_values(name):
    expected = VALUES["categorical"][name]
    table = np.array(expected["table_rows_ptlf01"])
    assert compare_counts(table) == pytest.approx(expected["chisq_uncorrected"]["p"], rel=RELATIVE)
    yates = compare_counts(table, CategoricalTest.YATES)
    assert yates == pytest.approx(expected["chisq_R_default"]["p"], rel=RELATIVE)
    assert compare_counts(table, CategoricalTest.FISHER) == pytest.approx(expected["fisher_p"], rel=RELATIVE)


def test_small_samples_without_ties_can_be_exact():
    small = VALUES["small_exact"]
    x, y = np.array(small["a"] + small["b"]), np.repeat([1, 0], (len(small["a"]), len(small["b"])))
    exact = compare(x, y, ContinuousTest.MANN_WHITNEY_EXACT)
    assert (exact.p[0], exact.statistic[0]) == pytest.approx((small["p_exact"], small["W"]), rel=RELATIVE)


def test_two_hundred_features_at_once_have_rs_values():
    x, y, expected = features()
    for test, key in (
        (ContinuousTest.WELCH, "p_welch"),
        (ContinuousTest.POOLED, "p_pooled"),
        (ContinuousTest.MANN_WHITNEY, "p_mann_whitney"),
    ):
        assert compare(x, y, test).p == pytest.approx(np.array(expected[key]), rel=RELATIVE)
    smaller = np.minimum(shapiro(x[y == 1]), shapiro(x[y == 0]))
    assert smaller == pytest.approx(np.array(expected["shapiro_min_p"]), abs=SHAPIRO)


def test_the_rule_is_welch_where_both_groups_look_normal_and_mann_whitney_elsewhere():
    x, y, expected = features()
    normal = np.array(expected["shapiro_min_p"]) > 0.05
    compared = compare(x, y)
    assert set(compared.test[normal]) == {ContinuousTest.WELCH}
    assert set(compared.test[~normal]) == {ContinuousTest.MANN_WHITNEY}
    by_rule = np.where(normal, expected["p_welch"], expected["p_mann_whitney"])
    assert compared.p == pytest.approx(by_rule, rel=RELATIVE)


def test_benjamini_hochberg_leaves_as_many_as_in_r():
    _, _, expected = features()
    normal = np.array(expected["shapiro_min_p"]) > 0.05
    p = np.where(normal, expected["p_pooled"], expected["p_mann_whitney"])
    assert (p < 0.05).sum() == expected["n_below_0.05"]["by_rule"]
    adjusted = corrected(p, Correction.BENJAMINI_HOCHBERG)
    assert (adjusted < 0.05).sum() == expected["bh_adjusted_below_0.05"]


def test_corrections_do_not_count_what_was_not_tested():
    p = np.array([0.01, np.nan, 0.04, 0.5])
    assert corrected(p, Correction.BONFERRONI) == pytest.approx([0.03, np.nan, 0.12, 1.0], nan_ok=True)
    assert corrected(p, Correction.BENJAMINI_HOCHBERG) == pytest.approx([0.03, np.nan, 0.06, 0.5], nan_ok=True)
    assert corrected(p, Correction.NONE) == pytest.approx(p, nan_ok=True)


PAPER = VALUES["paper_table2"]["value"]


@pytest.mark.parametrize("name", ["embolus", "cirrhosis", "child_b", "hydroperitoneum"])
def test_the_papers_table_2_is_uncorrected_pearson_to_three_decimals(name):
    a, n1, b, n0 = PAPER[name]["counts"]
    table = [[a, n1 - a], [b, n0 - b]]
    assert round(compare_counts(table), 3) == PAPER[name]["printed"]
    for test, key in (
        (CategoricalTest.CHI_SQUARE, "uncorrected"),
        (CategoricalTest.YATES, "yates"),
        (CategoricalTest.FISHER, "fisher"),
    ):
        assert compare_counts(table, test) == pytest.approx(PAPER[name][key], rel=RELATIVE)


def test_the_papers_p_for_sex_follows_and_that_for_location_of_110_cases():
    assert round(compare_counts([[32, 4], [96, 15]]), 3) == 0.709
    assert round(compare_counts([[30, 3, 3], [93, 13, 5]]), 3) == 0.601  # the counts printed
    assert round(compare_counts([[30, 3, 3], [93, 12, 5]]), 3) == 0.641  # P printed, and the percentages


def test_the_papers_p_for_the_number_of_tumours_does_not_follow_from_its_counts():
    a, n1, b, n0 = PAPER["multiple_tumours"]["counts"]
    table = [[a, n1 - a], [b, n0 - b]]
    assert PAPER["multiple_tumours"]["printed"] == 0.378
    of_counts = [round(compare_counts(table, test), 3) for test in CategoricalTest]
    assert of_counts[0] == 0.216
    assert 0.378 not in of_counts


def test_the_papers_p_for_haemoglobin_is_welchs():
    summaries = (131.33, 124.41), (23.70, 23.14), (36, 111)
    assert round(t_test_of_summaries(*summaries, ContinuousTest.WELCH), 3) == 0.131
    assert round(t_test_of_summaries(*summaries, ContinuousTest.POOLED), 3) == 0.123


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=2, max_size=2))
def test_fishers_test_of_two_by_two_is_scipys(columns):
    table = np.array(columns).T
    if table.sum(axis=0).all() and table.sum(axis=1).all():
        assert fisher(table) == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-6)


def test_fishers_test_refuses_what_it_cannot_count():
    with pytest.raises(BadInput, match="two rows or two columns"):
        fisher(np.ones((3, 3), int))
    with pytest.raises(BadInput, match="too many"):
        fisher(np.full((2, 5), 80))


def test_a_variable_without_a_test_has_no_p():
    x = np.array([[1.0, 5.0, 1], [1, np.nan, 2], [1, np.nan, 3], [1, 4, 4], [1, 3, 5], [1, 2, 7], [1, 6, 6]])
    y = np.array([1, 1, 1, 0, 0, 0, 0])
    assert np.isnan(compare(x, y).p).tolist() == [True, True, False]
    assert compare_counts([[3, 4], [0, 0]]) == 1.0
