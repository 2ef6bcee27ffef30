"""Multiple imputation: what is drawn keeps what the data say, and the fits are pooled by Rubin's rules."""

from types import SimpleNamespace

import numpy as np
import pytest

import r_reference as r
from PTLFPredictorLib.cohort.statistics.imputation import Pooled, chained_equations, imputations_for
from PTLFPredictorLib.cohort.statistics.logistic import MaximumLikelihood
from PTLFPredictorLib.errors import BadInput

NAMES = ["alb", "inr", "radscore", "neutrophil", "rbc", "afp", "male"]


@pytest.fixture(scope="module")
def gaps():
    cohort = r.train()
    return cohort[NAMES].to_numpy(float), cohort.ptlf.to_numpy(float)


@pytest.fixture(scope="module")
def filled(gaps):
    return chained_equations(*gaps, imputations=20, seed=7)


def test_what_was_observed_stays_and_every_gap_has_a_value_that_another_case_has(gaps, filled):
    x, _ = gaps
    known = ~np.isnan(x)
    assert filled.shape == (20, *x.shape)
    assert np.isfinite(filled).all()
    assert (filled[:, known] == x[known]).all()
    for column in np.flatnonzero(~known.all(axis=0)):
        assert np.isin(filled[:, ~known[:, column], column], x[known[:, column], column]).all()


def test_the_seed_decides(gaps, filled):
    missing = np.isnan(gaps[0])
    assert (chained_equations(*gaps, imputations=20, seed=7) == filled).all()
    assert (chained_equations(*gaps, imputations=20, seed=8) != filled)[:, missing].mean() > 0.5
    assert (chained_equations(*gaps, imputations=5, seed=7) == filled[:5]).all()
    assert len(np.unique(filled[:, missing], axis=0)) == 20


def test_without_gaps_nothing_is_drawn():
    x, y = np.random.default_rng(1).normal(size=(30, 2)), np.tile([0.0, 1.0], 15)
    assert (chained_equations(x, y, 3, seed=1) == x).all()


def missing_at_random(n, seed):
    """A predictor that is missing mostly in cases with the outcome and a high covariate."""
    rng = np.random.default_rng(seed)
    x = rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], size=n)
    y = (rng.random(n) < 1 / (1 + np.exp(1 - 1.2 * x[:, 0] - 0.6 * x[:, 1]))).astype(float)
    gone = rng.random(n) < np.where((y == 1) & (x[:, 1] > 0), 0.7, 0.1)
    return x, np.where((gone & [[True], [False]]).T, np.nan, x), y


def test_coefficients_are_those_of_the_full_cases_where_complete_cases_are_biased():
    full, x, y = missing_at_random(4000, seed=3)
    complete = ~np.isnan(x).any(axis=1)
    truth = MaximumLikelihood().fit(full, y)
    pooled = Pooled().fit([MaximumLikelihood().fit(one, y) for one in chained_equations(x, y, 10, seed=4)])
    left_out = MaximumLikelihood().fit(x[complete], y[complete])
    assert np.abs(pooled.params_ - truth.params_).max() < 2.5 * truth.standard_errors_.max()
    assert np.abs(left_out.params_ - truth.params_).max() > 8 * truth.standard_errors_.max()
    assert (pooled.standard_errors_ > truth.standard_errors_).all()


def test_the_imputed_know_of_the_outcome():
    """Without it in the imputing model the coefficient of the imputed predictor is drawn towards 0."""
    full, x, y = missing_at_random(4000, seed=3)
    gone = np.isnan(x[:, 0])
    with_it = chained_equations(x, y, 5, seed=4)[:, gone, 0]
    without = chained_equations(x, np.random.default_rng(0).permutation(y), 5, seed=4)[:, gone, 0]
    real = full[gone, 0]

    def difference(values):
        return values[..., y[gone] == 1].mean() - values[..., y[gone] == 0].mean()

    assert difference(with_it) == pytest.approx(difference(real), abs=0.12)
    assert difference(without) < difference(real) - 0.3


def test_draws_spread_as_the_gaps_real_values_do():
    """Means filled in, or fitted values without noise, would be too narrow."""
    full, x, y = missing_at_random(4000, seed=5)
    gone = np.isnan(x[:, 0])
    drawn = chained_equations(x, y, 5, seed=4)[:, gone, 0]
    assert drawn.std() == pytest.approx(full[gone, 0].std(), rel=0.08)
    others = np.column_stack([np.ones(gone.sum()), full[gone, 1], y[gone]])
    left = [v - others @ np.linalg.lstsq(others, v, rcond=None)[0] for v in (drawn[0], full[gone, 0])]
    assert left[0].std() == pytest.approx(left[1].std(), rel=0.08)


def test_imputations_differ_as_much_as_what_they_learn_from_is_uncertain():
    """Of 20 observed values the mean has a standard error of 0.22; the donors' chance alone would be 0.08."""
    rng = np.random.default_rng(1)
    other, y = rng.normal(size=200), np.tile([0.0, 1.0], 100)
    x = np.where(np.arange(200) < 20, other + rng.normal(size=200), np.nan)
    means = chained_equations(np.column_stack([x, other]), y, 60, seed=2)[:, 20:, 0].mean(axis=1)
    assert 0.15 < means.std() < 0.45


@pytest.mark.slow
def test_it_agrees_with_statsmodels():
    """Mean over ten cohorts: of one, two ways of drawing differ by a third of a standard error."""
    import pandas as pd
    from statsmodels.imputation.mice import MICEData

    differences, errors = [], []
    for seed in range(10):
        _, x, y = missing_at_random(400, seed=seed)
        chain = MICEData(pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": y}), k_pmm=5, rng=1)
        chain.update_all(3)
        theirs = [MaximumLikelihood().fit(chain.next_sample()[["a", "b"]].to_numpy(), y) for _ in range(20)]
        ours = [MaximumLikelihood().fit(one, y) for one in chained_equations(x, y, 20, seed=1)]
        ours, theirs = Pooled().fit(ours), Pooled().fit(theirs)
        differences.append((ours.params_ - theirs.params_) / theirs.standard_errors_)
        errors.append(ours.standard_errors_ / theirs.standard_errors_)
    assert np.mean(differences, axis=0) == pytest.approx([0, 0, 0], abs=0.15)
    assert np.mean(errors, axis=0) == pytest.approx([1.08, 1.08, 1.08], abs=0.12)  # MICEData draws no residual variance


@pytest.mark.slow
def test_intervals_cover_what_the_cohorts_were_drawn_from():
    """200 cohorts of 400 with up to a third of the information missing; Monte Carlo error of a coverage: 1.5 %."""
    truth, held, estimates, errors = np.array([-1, 1.2, 0.6]), [], [], []
    for seed in range(1000, 1200):
        _, x, y = missing_at_random(400, seed)
        pooled = Pooled().fit([MaximumLikelihood().fit(one, y) for one in chained_equations(x, y, 20, seed=1)])
        low, high = pooled.wald_interval().T
        held.append((low < truth) & (truth < high))
        estimates.append(pooled.params_)
        errors.append(pooled.standard_errors_)
    assert (np.mean(held, axis=0) > 0.905).all()
    assert (np.mean(held, axis=0) < 0.985).all()
    assert np.mean(errors, axis=0) == pytest.approx(np.std(estimates, axis=0), rel=0.12)
    assert np.mean(estimates, axis=0) == pytest.approx(truth, abs=0.05)


@pytest.mark.parametrize(("percent", "wanted"), [(0, 20), (19, 20), (35, 35)])
def test_one_imputation_for_each_percent_of_incomplete_cases(percent, wanted):
    x = np.zeros((100, 2))
    x[:percent, 1] = np.nan
    assert imputations_for(x) == wanted


def test_what_cannot_be_imputed_is_told():
    x, y = np.random.default_rng(1).normal(size=(30, 2)), np.tile([0.0, 1.0], 15)
    with pytest.raises(BadInput, match="known outcome"):
        chained_equations(x, np.where(np.arange(30) == 3, np.nan, y), 3, seed=1)
    x[4:, 1] = np.nan
    with pytest.raises(BadInput, match=r"Column 1 .* 4 values"):
        chained_equations(x, y, 3, seed=1)


# Rubin's rules


def fit_of(params, variances, n=147):
    return SimpleNamespace(
        params_=np.array(params), covariance_=np.diag(variances), fit_intercept=True, n_=n, events_=46
    )


def test_rubins_rules_by_hand():
    """Estimates 1, 2, 3 with variance 4: mean 2, within 4, between 1, total 4 + 4/3 = 16/3, lambda 1/4."""
    pooled = Pooled().fit([fit_of([b, 0.5], [4.0, 1.0]) for b in (1.0, 2.0, 3.0)])
    assert pooled.params_ == pytest.approx([2, 0.5])
    assert pooled.covariance_ == pytest.approx(np.diag([16 / 3, 1]))
    assert pooled.missing_information_ == pytest.approx([0.25, 0])
    complete = 147 - 2
    observed = (complete + 1) / (complete + 3) * complete * 0.75
    assert pooled.degrees_of_freedom_[0] == pytest.approx(1 / (0.25**2 / 2 + 1 / observed))
    assert pooled.degrees_of_freedom_[1] == pytest.approx(146 / 148 * 145)


def test_intervals_and_p_values_are_students():
    from scipy.stats import t

    pooled = Pooled().fit([fit_of([b, 0.5], [4.0, 1.0]) for b in (1.0, 2.0, 3.0)])
    law = t(pooled.degrees_of_freedom_, pooled.params_, pooled.standard_errors_)
    assert pooled.wald_interval(0.9) == pytest.approx(np.array(law.interval(0.9)).T)
    of_none = t(pooled.degrees_of_freedom_).sf(pooled.params_ / pooled.standard_errors_)
    assert pooled.p_values_ == pytest.approx(2 * of_none)


def test_the_covariances_between_coefficients_are_pooled_too():
    rng = np.random.default_rng(2)
    fits = [fit_of(row, [1.0, 1.0, 2.0]) for row in rng.normal(size=(6, 3))]
    between = np.cov(np.array([one.params_ for one in fits]).T)
    assert Pooled().fit(fits).covariance_ == pytest.approx(np.diag([1.0, 1.0, 2.0]) + 7 / 6 * between)


def test_as_statsmodels_combines_them(gaps, filled):
    from statsmodels.imputation.mice import MICE

    fits = [MaximumLikelihood().fit(one[:, :5], gaps[1]) for one in filled]
    asked = SimpleNamespace(
        results_list=[
            SimpleNamespace(
                _results=SimpleNamespace(params=fit.params_, cov_params=lambda fit=fit: fit.covariance_), scale=1.0
            )
            for fit in fits
        ],
        exog_names=None,
        endog_names=None,
        model_class=None,
    )
    theirs, ours = MICE.combine(asked), Pooled().fit(fits)
    assert ours.params_ == pytest.approx(theirs.params, abs=1e-12)
    assert ours.covariance_ == pytest.approx(theirs.normalized_cov_params, abs=1e-12)
    assert ours.missing_information_ == pytest.approx(theirs.frac_miss_info, abs=1e-12)


def test_a_new_patient_is_predicted_by_the_pooled_coefficients(gaps, filled):
    fits = [MaximumLikelihood().fit(one[:, :3], gaps[1]) for one in filled]
    pooled = Pooled().fit(fits)
    patient = np.array([[36.4, 1.21, 0.8]])
    assert pooled.linear_predictor(patient) == pytest.approx(np.mean([f.linear_predictor(patient) for f in fits]))
    row = np.array([1, 36.4, 1.21, 0.8])
    assert pooled.standard_error(patient) == pytest.approx(np.sqrt(row @ pooled.covariance_ @ row))


def test_cases_that_were_imputed_are_predicted_on_the_logit_scale(gaps, filled):
    """Of a complete case that is what a new patient gets; of an incomplete one the gaps add to the error."""
    x, y = gaps
    used = filled[:, :, :5]
    pooled = Pooled().fit([MaximumLikelihood().fit(one, y) for one in used])
    lp, error = pooled.of_imputed(used)
    complete = ~np.isnan(x[:, :5]).any(axis=1)
    assert lp[complete] == pytest.approx(pooled.linear_predictor(x[complete, :5]), abs=1e-9)
    assert error[complete] == pytest.approx(pooled.standard_error(x[complete, :5]), abs=1e-9)
    mean = used[:, ~complete].mean(axis=0)
    assert (error[~complete] > pooled.standard_error(mean)).all()
    shifted, _ = pooled.of_imputed(used, offsets=np.ones((20, len(y))))
    assert shifted == pytest.approx(lp + 1)


def test_one_imputation_cannot_be_pooled():
    with pytest.raises(ValueError, match="two"):
        Pooled().fit([fit_of([1.0, 1.0], [1.0, 1.0])])
