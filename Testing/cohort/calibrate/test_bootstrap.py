"""What mean, SD, model and shrinkage leave open: against the brute-force spread of the repeated calibrations."""

from dataclasses import replace

import numpy as np
import pytest

from PTLFPredictorLib.cohort.calibrate.base import Base
from PTLFPredictorLib.cohort.calibrate.bootstrap import Cases, brought_back, resample, samples_of
from PTLFPredictorLib.cohort.calibrate.calibration import calibrate
from PTLFPredictorLib.cohort.calibrate.closed_testing import ORIGINAL, closed_test
from PTLFPredictorLib.cohort.calibrate.model_chapters import slope_of
from PTLFPredictorLib.cohort.calibrate.performance import AUC, SLOPE, performance
from PTLFPredictorLib.cohort.calibrate.plan import CalibrationPlan, Method
from PTLFPredictorLib.cohort.calibrate.scaling import FeatureScaling, Logarithms
from PTLFPredictorLib.cohort.calibrate.update import Update
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.signature import load

BASE = Base.of(load("ptlf-published"))


def cases(n=120, seed=2, spread=2.0):
    drawn = np.random.default_rng(seed)
    z = drawn.normal(size=(n, 10))
    others = np.column_stack([drawn.normal(38, 6, n), drawn.lognormal(0.03, 0.15, n)])
    eta = -16.2 + BASE.design(others, z @ BASE.terms) @ BASE.coefficients
    return Cases(5 + spread * z, others, (drawn.random(n) < 1 / (1 + np.exp(-eta))).astype(float))


CASES = cases()
ROWS = samples_of(CASES.n, 100, seed=7)
SCALING = FeatureScaling().fit(CASES.features)
RADSCORE = BASE.scores(SCALING, CASES.features)
DESIGN = BASE.design(CASES.others, RADSCORE)


def linear_predictors(method, kept=None):
    """Of every case by every sample's own calibration, shape (samples, n)."""
    found = []
    for rows in ROWS:
        sample = CASES.taken(rows)
        scaling = kept or FeatureScaling().fit(sample.features)
        update = Update(BASE, method).fit(
            BASE.design(sample.others, BASE.scores(scaling, sample.features)), sample.outcome
        )
        found.append(update.linear_predictor(BASE.design(CASES.others, BASE.scores(scaling, CASES.features))))
    return np.array(found)


def variances(covariance, estimated):
    design = np.column_stack([np.ones(CASES.n), DESIGN])[:, list(estimated)]
    return np.einsum("ij,jk,ik->i", design, covariance, design)


@pytest.mark.parametrize("method", Method)
def test_the_covariance_gives_the_cases_the_spread_of_the_repeated_calibrations(method):
    found = resample(CASES, BASE, ROWS, method)
    estimated = Update(BASE, method).fit(DESIGN, CASES.outcome).estimated_
    brute, by_covariance = linear_predictors(method).var(axis=0, ddof=1), variances(found.covariance, estimated)
    assert np.mean(by_covariance) == pytest.approx(np.mean(brute), rel=0.03)
    if method is not Method.INTERCEPT:  # which has one error for all
        assert np.corrcoef(by_covariance, brute)[0, 1] > 0.8


def test_with_means_and_sds_kept_it_is_the_plain_bootstrap_covariance():
    found = resample(CASES, BASE, ROWS, Method.SLOPE, kept=SCALING)
    params = []
    for rows in ROWS:
        sample = CASES.taken(rows)
        params.append(Update(BASE, Method.SLOPE).fit(DESIGN[rows], sample.outcome).params_[[0, 3]])
    np.testing.assert_allclose(found.covariance, np.cov(np.array(params).T), rtol=1e-9)
    assert (found.score_errors(0.317, False) < 1e-9).all()


def test_samples_that_differ_in_their_scale_alone_agree():
    drawn = np.random.default_rng(3)
    p, q = drawn.normal(0, 2, 50), drawn.uniform(0.8, 1.2, 50)
    scores = p[:, None] + q[:, None] * RADSCORE  # each sample's scale
    params = np.column_stack([-16 - 0.3 / q * p, np.full(50, 0.163), np.full(50, 7.597), 0.3 / q])
    np.testing.assert_allclose(brought_back(params, scores, RADSCORE, BASE, (0, 3)), np.zeros((2, 2)), atol=1e-12)


def test_means_and_sds_widen_it():
    with_them, without = (
        variances(resample(CASES, BASE, ROWS, Method.SHRUNK_SLOPE, kept).covariance, (0, 3)).mean()
        for kept in (None, SCALING)
    )
    assert with_them > 1.02 * without


def test_units_of_the_features_change_nothing():
    other = replace(CASES, features=1000 * CASES.features - 3)
    here, there = (resample(one, BASE, ROWS[:40], Method.SHRUNK_SLOPE) for one in (CASES, other))
    np.testing.assert_allclose(here.covariance, there.covariance, rtol=1e-6)


def test_the_error_of_a_score_without_outcomes_holds_its_mean_and_beside_an_intercept_does_not():
    found = resample(replace(CASES, outcome=None), BASE, ROWS)
    assert found.covariance is None
    assert found.params is None
    alone, beside = found.score_errors(0.317, centred=False), found.score_errors(0.317, centred=True)
    of_the_mean = 0.317 * np.sqrt((BASE.terms @ np.corrcoef(CASES.features.T) @ BASE.terms) / CASES.n)
    assert np.sqrt(np.mean(alone**2) - np.mean(beside**2)) == pytest.approx(of_the_mean, rel=0.1)


def test_more_cases_leave_less_open():
    few, many = (
        resample(one, BASE, samples_of(one.n, 60, 1)).score_errors(0.317, False).mean()
        for one in (cases(60), cases(960))
    )
    assert few / many == pytest.approx(4, rel=0.25)


def test_samples_that_cannot_be_fitted_are_counted_and_too_many_are_refused():
    rare = CASES.features.copy()
    rare[:, 0] = 1.0
    rare[:5, 0] = 2.0
    found = resample(replace(CASES, features=rare), BASE, ROWS, Method.SLOPE)
    assert found.failed == sum(not np.isin(rows, range(5)).any() for rows in ROWS)
    assert len(found.scores) == len(ROWS) - found.failed
    rare[1:5, 0] = 1.0
    with pytest.raises(BadInput, match="samples of the cases nothing could be fitted"):
        resample(replace(CASES, features=rare), BASE, ROWS, Method.SLOPE)


# Normalisation


def test_mean_and_sd_are_those_of_a_sample_and_the_radscore_is_the_sum_of_z():
    np.testing.assert_allclose(SCALING.mean_, CASES.features.mean(axis=0))
    np.testing.assert_allclose(SCALING.sd_, np.sqrt(CASES.features.var(axis=0) * 120 / 119))
    z = (CASES.features - CASES.features.mean(axis=0)) / CASES.features.std(axis=0, ddof=1)
    np.testing.assert_allclose(RADSCORE, z @ BASE.terms)


def test_a_feature_without_spread_is_refused_by_its_name():
    features = CASES.features.copy()
    features[:, 1] = 1.0
    with pytest.raises(BadInput, match=r"zone count: the same value in all 120 cases"):
        FeatureScaling().fit(features, ["run length", "zone count", *"abcdefgh"])


def test_only_positive_skewed_features_are_judged_on_their_logarithm():
    drawn = np.random.default_rng(8)
    skewed = drawn.lognormal(3, 0.8, 200)
    found = Logarithms.of(np.column_stack([skewed, skewed - 40, drawn.normal(50, 5, 200), -skewed + 400]))
    assert found.skewed.tolist() == [True, False, False, False]
    assert (found.mean[0], found.sd[0]) == pytest.approx((np.log(skewed).mean(), np.log(skewed).std(ddof=1)))
    assert np.isnan(found.mean[1:]).all()


# Closed testing


@pytest.mark.parametrize(
    ("truth", "chosen"),
    [
        ([-16.2, 0.163, 7.597, 0.317], ORIGINAL),
        ([-17.2, 0.163, 7.597, 0.317], Method.INTERCEPT.words),
        ([-8.5, 0.08, 3.8, 0.16], Method.OVERALL_SLOPE.words),
        ([-9.0, 0.0, 7.5, 0.1], Method.REFIT.words),
        ([-16.0, 0.163, 7.597, 0.15], Method.REFIT.words),  # the Radscore's slope alone is no model of the procedure
    ],
)
def test_the_closed_testing_procedure_goes_as_far_as_the_cases_ask(truth, chosen):
    drawn = np.random.default_rng(11)
    x = np.column_stack([drawn.normal(38, 6, 3000), drawn.lognormal(0.03, 0.15, 3000), drawn.normal(0, 5, 3000)])
    y = (drawn.random(3000) < 1 / (1 + np.exp(-truth[0] - x @ truth[1:]))).astype(float)
    found = closed_test(BASE, x, y)
    assert found.chosen == chosen
    assert [one.df for one in found.comparisons] == [4, 3, 2, 2, 0]
    refit = found.comparisons[-1]
    for one in found.comparisons[:-1]:
        assert one.chi_square == pytest.approx(2 * (refit.log_likelihood - one.log_likelihood), abs=1e-9)


def test_without_an_intercept_it_begins_with_the_intercept_alone():
    found = closed_test(replace(BASE, intercept=None), DESIGN, CASES.outcome)
    assert found.comparisons[0].model == Method.INTERCEPT.words


def test_a_risk_that_tells_the_outcomes_apart_has_a_performance_but_no_slope():
    drawn = np.random.default_rng(0)
    features = drawn.normal(size=(60, 4))
    others = np.column_stack([drawn.normal(38, 5, 60), drawn.normal(1.05, 0.15, 60)])
    base = replace(BASE, terms=np.array([1.6, 1.3, -2.0, 2.9]))
    published = base.design(others, base.scores(FeatureScaling().fit(features), features)) @ base.coefficients
    outcome = (published > np.median(published)).astype(float)
    made = calibrate(base, Cases(features, others, outcome), CalibrationPlan(samples=60))
    assert made.gives_risk
    found = performance(made)
    assert found.auc.auc == found.optimism.apparent[AUC] == 1
    assert np.isnan(found.optimism.apparent[SLOPE])
    assert 0.9 < found.optimism.corrected[AUC] <= 1
    assert slope_of(published, outcome, np.zeros(60)) is None
