"""The LASSO at R's numbers: exact minimisers to 1e-8, cross-validation of glmnet's to its own precision."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import r_reference as R
from PTLFPredictorLib.cohort.statistics import lasso
from PTLFPredictorLib.cohort.statistics.lasso import Choice, Measure
from PTLFPredictorLib.errors import BadInput

VALUES = R.values("lasso")


def data(ddof=0):
    table = R.table("features")
    x = table.iloc[:, 2:]
    z = (x - x.mean()) / x.std(ddof=ddof)
    return z.to_numpy(), table.y.to_numpy(float), list(x.columns)


def vector(nonzero, names):
    return np.array([nonzero.get(name, 0.0) for name in names])


def test_the_path_is_exact():
    z, y, names = data()
    expected = VALUES["path"]
    assert lasso.largest_lambda(z, y) == pytest.approx(expected["lambda_max"], abs=1e-12)
    assert lasso.grid(z, y) == pytest.approx(np.array(expected["lambda"]), abs=1e-12)
    path = lasso.path(z, y, np.array(expected["lambda"]))
    assert not path.coefficients[0].any()
    for one in expected["coefficients"].values():
        i = one["lambda_index_0based"]
        if i:
            exact = one["exact"]
            assert path.coefficients[i] == pytest.approx(vector(exact["nonzero"], names), abs=1e-8)
            assert path.intercepts[i] == pytest.approx(exact["intercept"], abs=1e-8)
        assert path.coefficients[i] == pytest.approx(vector(one["nonzero"], names), abs=2e-6)
    assert path.intercepts == pytest.approx(np.array(expected["intercept"]), abs=2e-6)
    log_likelihood = path.linear_predictor(z)
    losses = np.mean(np.logaddexp(0, log_likelihood) - y * log_likelihood, axis=1)
    losses += path.lambdas * np.abs(path.coefficients).sum(axis=1)
    assert losses == pytest.approx(np.array(expected["objective"]), abs=1e-10)
    assert (losses <= np.array(expected["objective"]) + 1e-13).all()  # never worse than glmnet's
    assert np.count_nonzero(path.coefficients, axis=1)[1:].tolist() == expected["nonzero"][1:]


@pytest.mark.parametrize(
    ("measure", "key", "tolerance"),
    [
        (Measure.DEVIANCE, "cv_deviance", 1e-5),
        (Measure.AUC, "cv_auc", 1e-12),
        (Measure.MISCLASSIFICATION, "cv_class", 1e-12),
    ],
)
def test_cross_validation_is_cv_glmnets(measure, key, tolerance):
    z, y, names = data()
    expected = VALUES[key]
    folds = R.table("features_foldid").foldid.to_numpy()
    found = lasso.cross_validated(z, y, folds, np.array(expected["lambda"]), measure)
    assert found.cvm == pytest.approx(np.array(expected["cvm"]), abs=tolerance)
    assert found.cvsd == pytest.approx(np.array(expected["cvsd"]), abs=tolerance)
    assert found.index(Choice.MIN) == expected["index_min_0based"]
    assert found.index(Choice.ONE_SE) == expected["index_1se_0based"]
    if measure is Measure.DEVIANCE:
        for choice, key in ((Choice.MIN, "coefficients_min"), (Choice.ONE_SE, "coefficients_1se")):
            at = vector(expected[key], names)
            assert found.path.coefficients[found.index(choice)] == pytest.approx(at, abs=2e-6)


def test_the_sd_convention_is_a_different_penalty():
    z, y, names = data(ddof=1)
    expected = VALUES["sd_n_minus_1"]
    at = VALUES["path"]["lambda"][VALUES["cv_deviance"]["index_min_0based"]]
    found = lasso.path(z, y, np.array([at])).coefficients[0]
    assert found == pytest.approx(vector(expected["nonzero"], names), abs=2e-6)
    population, _, _ = data()
    factor = expected["equal_when_lambda_is_multiplied_by"]
    same = lasso.path(z, y, np.array([at * factor])).coefficients[0]
    assert same * factor == pytest.approx(lasso.path(population, y, np.array([at])).coefficients[0], abs=1e-8)


def test_raw_coefficients_are_those_of_standardised_columns_divided_by_the_sd_and_rank_otherwise():
    table = R.table("features").iloc[:, 2:]
    z, y, names = data()
    at = VALUES["path"]["lambda"][VALUES["cv_deviance"]["index_min_0based"]]
    found = lasso.path(z, y, np.array([at]))
    raw = found.coefficients[0] / table.std(ddof=0).to_numpy()
    expected = VALUES["raw_standardize_TRUE"]
    assert raw == pytest.approx(vector(expected["nonzero"], names), abs=2e-6)
    assert found.intercepts[0] - raw @ table.mean().to_numpy() == pytest.approx(expected["intercept"], abs=2e-5)
    largest = [names[i] for i in np.argsort(-np.abs(raw), kind="stable")[:10]]
    assert largest == VALUES["radscore"]["top10_by_raw_coefficient_instead"]
    assert len(set(largest) & set(VALUES["radscore"]["features"])) == 6


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(12, 60),
    st.integers(1, 90),
    st.floats(0.0, 0.97),
    st.sampled_from([0.3, 0.05, 0.003]),
)
def test_every_solution_meets_the_optimality_conditions(seed, n, k, correlation, ratio):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, k)) * np.sqrt(1 - correlation) + rng.normal(size=(n, 1)) * np.sqrt(correlation)
    if seed % 2:
        x = x[rng.integers(n, size=n)]  # copies of cases, as in a bootstrap sample
    y = (x[:, 0] + rng.normal(size=n) > 0).astype(float)
    if 0 < y.mean() < 1 and np.ptp(x, axis=0).min() > 0:
        x = (x - x.mean(axis=0)) / x.std(axis=0)
        path = lasso.path(x, y, lasso.grid(x, y, 12, ratio))
        residual = y - 1 / (1 + np.exp(-path.linear_predictor(x)))
        gradient = residual @ x / n
        active = path.coefficients != 0
        expected = path.lambdas[:, None] * np.sign(path.coefficients)
        assert np.abs(residual.mean(axis=1)).max() < 1e-7
        assert np.abs(gradient - expected)[active].max(initial=0) < 1e-7
        assert (np.abs(gradient) <= path.lambdas[:, None] + 1e-7).all()


def test_copies_of_a_feature_share_what_one_would_have():
    z, y, _ = data()
    z = z[:, :12]
    lambdas = lasso.grid(z, y, 8, 0.05)
    alone = lasso.path(z, y, lambdas).linear_predictor(z)
    doubled = np.column_stack([z, z, -z[:, :3]])
    assert lasso.path(doubled, y, lambdas).linear_predictor(doubled) == pytest.approx(alone, abs=1e-6)


def test_a_path_ends_where_a_solution_is_not_reached(monkeypatch):
    z, y, _ = data()
    lambdas = lasso.grid(z, y, 20)
    complete = lasso.cross_validated(z, y, np.arange(len(y)) % 4, lambdas)
    monkeypatch.setattr(lasso, "NEWTON_STEPS", 9)
    ended = lasso.path(z, y, lambdas)
    count = len(ended.lambdas)
    assert 1 < count < 20
    assert ended.coefficients == pytest.approx(complete.path.coefficients[:count], abs=1e-8)
    found = lasso.cross_validated(z, y, np.arange(len(y)) % 4, lambdas)
    assert 1 < len(found.lambdas) <= count
    assert found.cvm == pytest.approx(complete.cvm[: len(found.lambdas)], abs=1e-6)


def test_at_and_above_the_largest_lambda_nothing_is_kept():
    z, y, _ = data()
    largest = lasso.largest_lambda(z, y)
    path = lasso.path(z, y, largest * np.array([3, 1.001, 0.99]))
    assert np.count_nonzero(path.coefficients, axis=1).tolist() == [0, 0, 1]
    assert path.intercepts[0] == pytest.approx(np.log(y.mean() / (1 - y.mean())))


def test_one_outcome_or_missing_values_are_refused():
    with pytest.raises(BadInput, match="with and without"):
        lasso.path(np.ones((4, 1)), np.ones(4), np.array([0.1]))
    with pytest.raises(BadInput, match="finite"):
        lasso.path(np.array([[np.nan], [1], [2], [3]]), np.array([0, 1, 0, 1.0]), np.array([0.1]))
