"""A published model updated on a cohort: each method is the fit that it says, and finds a truth that is known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM

from PTLFPredictorLib.cohort.calibrate.base import Base
from PTLFPredictorLib.cohort.calibrate.plan import Method
from PTLFPredictorLib.cohort.calibrate.shrinkage import shrink
from PTLFPredictorLib.cohort.calibrate.update import Update
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.signature import load

BASE = Base.of(load("ptlf-published"))
TRUTH = np.array([-15.5, 0.12, 6.0, 0.2])


def cohort(n, seed=1, truth=TRUTH):
    """Albumin, INR and Radscore of `n` cases, and outcomes of the coefficients `truth` (the intercept first)."""
    drawn = np.random.default_rng(seed)
    x = np.column_stack([drawn.normal(38, 6, n), drawn.lognormal(0.03, 0.15, n), drawn.normal(0, 5, n)])
    y = (drawn.random(n) < 1 / (1 + np.exp(-truth[0] - x @ truth[1:]))).astype(float)
    return x, y


X, Y = cohort(400)
PUBLISHED = X @ BASE.coefficients
REST = PUBLISHED - 0.317 * X[:, 2]
ONE = np.ones((len(Y), 1))


def reference(design, offset):
    """statsmodels' fit of the same model."""
    fitted = GLM(Y, design, Binomial(), offset=offset).fit(tol=1e-12)
    return fitted.params, fitted.cov_params()


def test_the_base_is_the_published_model_with_its_printed_standard_error():
    assert dict(zip(BASE.columns, BASE.coefficients, strict=True)) == {"ALB": 0.163, "INR": 7.597, "Radscore": 0.317}
    assert BASE.slope_se == pytest.approx((np.log(1.584) - np.log(1.19)) / (2 * 1.959964))
    assert (BASE.slope, BASE.intercept, BASE.constant, len(BASE.terms)) == (0.317, -16.2, 0.0, 10)


def test_the_slope_is_fitted_with_albumin_and_inr_as_offset():
    update = Update(BASE, Method.SLOPE).fit(X, Y)
    params, covariance = reference(np.hstack([ONE, X[:, 2:]]), REST)
    np.testing.assert_allclose(update.params_, [params[0], 0.163, 7.597, params[1]], atol=1e-8)
    np.testing.assert_allclose(update.covariance_, covariance, rtol=1e-6)
    assert update.names_ == ("intercept", "Radscore")
    assert update.log_likelihood_ == pytest.approx(
        GLM(Y, np.hstack([ONE, X[:, 2:]]), Binomial(), offset=REST).fit().llf
    )


def test_the_intercept_alone_takes_the_whole_model_as_offset():
    update = Update(BASE, Method.INTERCEPT).fit(X, Y)
    params, covariance = reference(ONE, PUBLISHED)
    np.testing.assert_allclose(update.params_, [params[0], *BASE.coefficients], atol=1e-8)
    np.testing.assert_allclose(update.covariance_, covariance, rtol=1e-6)
    assert update.names_ == ("intercept",)


def test_the_overall_slope_multiplies_every_coefficient_and_their_errors_go_together():
    update = Update(BASE, Method.OVERALL_SLOPE).fit(X, Y)
    params, covariance = reference(np.column_stack([ONE, PUBLISHED]), np.zeros(len(Y)))
    np.testing.assert_allclose(update.params_, [params[0], *(params[1] * BASE.coefficients)], atol=1e-7)
    np.testing.assert_allclose(np.diag(update.covariance_)[1:], covariance[1, 1] * BASE.coefficients**2, rtol=1e-5)
    eta = np.column_stack([ONE, X])
    by_row = np.einsum("ij,jk,ik->i", eta, update.covariance_, eta)
    two = np.column_stack([ONE, PUBLISHED])
    np.testing.assert_allclose(by_row, np.einsum("ij,jk,ik->i", two, covariance, two), rtol=1e-4)


def test_a_full_refit_is_a_logistic_regression():
    update = Update(BASE, Method.REFIT).fit(X, Y)
    params, covariance = reference(np.hstack([ONE, X]), np.zeros(len(Y)))
    np.testing.assert_allclose(update.params_, params, atol=1e-6)
    np.testing.assert_allclose(update.covariance_, covariance, rtol=1e-5)


@pytest.mark.parametrize("method", Method)
def test_the_mean_risk_is_the_observed_share(method):
    eta = Update(BASE, method).fit(X, Y).linear_predictor(X)
    assert np.mean(1 / (1 + np.exp(-eta))) == pytest.approx(Y.mean(), abs=1e-9)


@pytest.mark.parametrize(
    ("method", "truth"),
    [
        (Method.SLOPE, [-15.5, 0.163, 7.597, 0.15]),
        (Method.SHRUNK_SLOPE, [-15.5, 0.163, 7.597, 0.15]),
        (Method.INTERCEPT, [-17.0, 0.163, 7.597, 0.317]),
        (Method.OVERALL_SLOPE, [-9.0, 0.7 * 0.163, 0.7 * 7.597, 0.7 * 0.317]),
        (Method.REFIT, [-10.0, 0.05, 5.0, 0.4]),
    ],
)
def test_many_cases_give_back_the_truth(method, truth):
    x, y = cohort(100_000, seed=3, truth=np.array(truth))
    update = Update(BASE, method).fit(x, y)
    at = np.median(x, axis=0)
    off = update.linear_predictor(at[None])[0] - (truth[0] + at @ truth[1:])
    assert abs(off) < 4 * update.standard_error(at)
    assert update.params_[3] == pytest.approx(truth[3], rel=0.05)


# Shrinkage

V = np.array([[0.08, -0.006], [-0.006, 0.0036]])


def test_slopes_that_agree_are_averaged_by_their_precision():
    shrunk = shrink(np.array([-16.0, 0.36]), V, 0.317, 0.073)
    expected = np.average([0.36, 0.317], weights=[1 / 0.0036, 1 / 0.073**2])
    assert shrunk.params[1] == pytest.approx(expected)
    assert (shrunk.heterogeneity, shrunk.weight) == (0.0, pytest.approx(0.073**2 / (0.073**2 + 0.0036)))


def test_slopes_that_do_not_agree_are_told_apart_by_the_variance_between_hospitals():
    shrunk = shrink(np.array([-16.0, 0.617]), V, 0.317, 0.073)
    between = 0.3**2 - 0.0036 - 0.073**2
    assert shrunk.heterogeneity == pytest.approx(between)
    assert shrunk.weight == pytest.approx(1 - 0.0036 / 0.3**2)
    assert shrunk.params[1] == pytest.approx(0.617 - 0.0036 / 0.3)


@given(st.floats(-1, 2), st.floats(0.02, 0.4))
def test_a_shrunk_slope_is_the_posterior_of_a_normal_prior(slope, se):
    scale = np.diag([1, se / 0.06])
    covariance = scale @ V @ scale
    shrunk = shrink(np.array([-16.0, slope]), covariance, 0.317, 0.073)
    prior = np.diag([0, 1 / (0.073**2 + shrunk.heterogeneity)])
    posterior = np.linalg.inv(np.linalg.inv(covariance) + prior)
    np.testing.assert_allclose(shrunk.covariance, posterior, rtol=1e-6)
    mean = posterior @ (np.linalg.inv(covariance) @ [-16.0, slope] + prior @ [0, 0.317])
    np.testing.assert_allclose(shrunk.params, mean, rtol=1e-6)
    assert 0.073**2 / (0.073**2 + se**2) - 1e-9 <= shrunk.weight < 1
    assert min(slope, 0.317) - 1e-9 <= shrunk.params[1] <= max(slope, 0.317) + 1e-9


def test_the_update_shrinks_its_slope_so_and_says_what_it_was():
    plain, update = Update(BASE, Method.SLOPE).fit(X, Y), Update(BASE, Method.SHRUNK_SLOPE).fit(X, Y)
    assert (update.slope_, update.slope_se_) == (plain.params_[3], np.sqrt(plain.covariance_[1, 1]))
    expected = shrink(plain.params_[[0, 3]], plain.covariance_, 0.317, BASE.slope_se)
    assert update.params_[3] == expected.params[1]
    np.testing.assert_array_equal(update.covariance_, expected.covariance)
    assert plain.shrunk_ is None


def test_without_a_published_standard_error_there_is_nothing_to_shrink_by():
    with pytest.raises(BadInput, match="no standard error of the Radscore's coefficient"):
        Update(replace(BASE, slope_se=None), Method.SHRUNK_SLOPE)
    Update(replace(BASE, slope_se=None), Method.SLOPE).fit(X, Y)


# Separation


def test_separated_outcomes_are_fitted_with_firths_penalty_and_an_intercept_of_the_observed_share():
    x, _ = cohort(60, seed=5)
    y = (x[:, 2] > np.quantile(x[:, 2], 0.6)).astype(float)
    x[:, :2] = [38, 1.03]
    update = Update(BASE, Method.SLOPE).fit(x, y)
    assert update.penalised_
    assert 0 < update.params_[3] < 5
    assert np.mean(1 / (1 + np.exp(-update.linear_predictor(x)))) == pytest.approx(y.mean(), abs=1e-6)
    assert not Update(BASE, Method.SLOPE).fit(X, Y).penalised_
