"""From features to a Radscore: R's ten, each step counted, nothing learned but from the rows given."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import r_reference as R
from PTLFPredictorLib.cohort import plan as plans
from PTLFPredictorLib.cohort.selection import Deviation, Radscore, SelectionPlan, Weights
from PTLFPredictorLib.cohort.selection.folds import stratified
from PTLFPredictorLib.cohort.statistics.redundancy import Keep
from PTLFPredictorLib.cohort.statistics.univariate import Correction
from PTLFPredictorLib.errors import BadInput

LASSO_ALONE = SelectionPlan(
    deviation=Deviation.POPULATION, correlation_limit=1.0, level=1.1, lambdas=20, lambda_ratio=10 ** (-2 * 19 / 49)
)
"""The first 20 of the 50 lambdas, among which is the best."""

QUICK = SelectionPlan(folds=4, lambdas=12)


def table():
    features = R.table("features")
    return features.iloc[:, 2:], features.y.to_numpy(float)


def test_the_lasso_alone_gives_rs_ten_features_and_radscore():
    x, y = table()
    expected = R.values("lasso")["radscore"]
    found = Radscore(LASSO_ALONE).fit(x, y, of_fold=R.table("features_foldid").foldid.to_numpy())
    assert list(found.names_) == expected["features"]
    assert found.coefficients_ == pytest.approx([expected["weights"][n] for n in found.names_], abs=2e-6)
    assert found.mean_ == pytest.approx([expected["mean"][n] for n in found.names_], rel=1e-12)
    assert found.sd_ == pytest.approx([expected["sd_1_over_N"][n] for n in found.names_], rel=1e-12)
    assert found.score(x) == pytest.approx(np.array(expected["radscore"]), abs=1e-5)


def test_the_papers_way_counts_every_step():
    x, y = table()
    x = x.copy().assign(constant=1.0, missing=np.where(np.arange(len(x)) == 3, np.nan, x.f001))
    found = Radscore().fit(x, y)
    counts = {step.name: step.count for step in found.steps_}
    assert list(counts) == ["given", "usable", "not redundant", "univariate", "LASSO", "largest"]
    assert (counts["given"], counts["usable"], counts["not redundant"], counts["largest"]) == (202, 200, 122, 10)
    assert 122 > counts["univariate"] > counts["LASSO"] > 10
    kept = set(R.values("spearman")["filter"]["first_in_column_order"]["kept"])
    assert {x.columns[i] for i in found.steps_[2].left} == kept
    for before, after in zip(found.steps_[:-1], found.steps_[1:], strict=True):
        assert set(after.left) <= set(before.left)
    assert found.sd_ == pytest.approx(x[list(found.names_)].std(ddof=1).to_numpy())
    size = np.abs(found.coefficients_)
    assert (np.diff(size) <= 0).all()
    assert size[-1] >= np.sort(np.abs(found.lasso_coefficients_))[-10]


def test_arrays_and_frames_give_the_same_score():
    x, y = table()
    of_frame, of_array = (Radscore(QUICK).fit(table, y) for table in (x, x.to_numpy()))
    assert of_frame.score(x).tolist() == of_array.score(x.to_numpy()).tolist()
    assert of_frame.score(x[x.columns[::-1]]).tolist() == of_frame.score(x).tolist()  # by name


@pytest.mark.parametrize("keep", Keep)
def test_a_case_that_was_not_given_changes_nothing(keep):
    x, y = table()
    plan = SelectionPlan(folds=4, lambdas=12, keep=keep, correction=Correction.BENJAMINI_HOCHBERG, level=0.2)
    changed, other = x.copy(), y.copy()
    changed.iloc[100:] = np.nan
    other[100:] = 1 - other[100:]
    first, second = (Radscore(plan).fit(a[:100], b[:100]) for a, b in ((x, y), (changed, other)))
    assert first.names_ == second.names_
    assert len(first.names_) > 1
    assert first.score(x).tolist() == second.score(x).tolist()


def test_features_that_tell_nothing_give_a_radscore_of_zero():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 40)), np.repeat([0.0, 1.0], 30)
    none_significant = Radscore(SelectionPlan(level=1e-9)).fit(x, y)
    assert none_significant.names_ == ()
    assert none_significant.cross_validated_ is None
    assert none_significant.score(x).tolist() == [0.0] * 60
    assert none_significant.steps_[-1].count == 0


def test_without_both_outcomes_or_the_second_segmentation_it_says_so():
    x, y = table()
    with pytest.raises(BadInput, match="all cases have the same"):
        Radscore().fit(x[y == 1], y[y == 1])
    with pytest.raises(BadInput, match="only one was given"):
        Radscore(SelectionPlan(icc_at_least=0.75)).fit(x, y)


def test_every_option_goes_into_a_lock_and_back():
    plan = SelectionPlan(icc_at_least=0.75, keep=Keep.LEAST_CORRELATED, weights=Weights.FIRTH, largest=7)
    data = plans.to_json(plan)
    assert data["keep"] == "smaller mean correlation, recomputed"
    assert plans.from_json(SelectionPlan, data) == plan


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(20, 120), st.integers(2, 10))
def test_folds_are_balanced_and_keep_copies_together(seed, n, folds):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.3).astype(float)
    fold = stratified(y, folds, seed)
    for of in (y >= 0, y == 1, y == 0):
        counts = np.bincount(fold[of], minlength=folds)
        assert np.ptp(counts) <= 1
    assert fold.tolist() == stratified(y, folds, seed).tolist()
    sample = rng.integers(n, size=n)
    of_copies = stratified(y[sample], folds, seed, sample)
    assert all(len(set(of_copies[sample == case])) == 1 for case in set(sample))
