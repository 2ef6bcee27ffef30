"""Logistic regression by maximum likelihood gives what R's glm, rms and SPSS users read; tolerances of R's README."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

import r_reference as r
from PTLFPredictorLib.cohort.statistics.discrimination import auc
from PTLFPredictorLib.cohort.statistics.logistic import (
    Collinear,
    MaximumLikelihood,
    Separated,
    expit,
    log_likelihood,
)
from PTLFPredictorLib.errors import BadInput

MODELS = {
    "clinical": ["alb", "inr"],
    "radiomics": ["radscore"],
    "combined": ["alb", "inr", "radscore"],
    "categorical": ["alb", "inr", "radscore", "bclc"],
    "missing": ["alb", "inr", "radscore", "neutrophil", "rbc"],
}


def rows(names, cohort):
    """Predictors (a categorical one as a column for each level but A) and outcomes of the complete cases."""
    complete = cohort[[*names, "ptlf"]].dropna()
    columns = []
    for name in names:
        levels = ("B", "C") if name == "bclc" else ()
        columns += [(complete[name] == level).astype(float) for level in levels] or [complete[name].astype(float)]
    return np.column_stack(columns), complete.ptlf.to_numpy(float)


def fitted(names):
    return MaximumLikelihood().fit(*rows(names, r.train()))


def numbers(entry):
    return np.array(list(entry.values()), float)


@pytest.fixture(scope="module", params=MODELS)
def both(request):
    """Our fit and R's of one of the models."""
    return fitted(MODELS[request.param]), r.values("logistic")[request.param]


@pytest.fixture(scope="module")
def combined():
    return fitted(MODELS["combined"])


def test_coefficients_and_covariance(both):
    ours, theirs = both
    assert (ours.n_, ours.events_) == (theirs["n"], theirs["events"])
    assert ours.params_ == pytest.approx(numbers(theirs["coefficients"]), abs=1e-9)
    # R's glm takes the weights of the step before the last: up to 7e-10 of a variance of 8.5
    assert ours.covariance_ == pytest.approx(r.matrix(theirs["covariance"]), rel=1e-9, abs=1e-9)
    assert ours.standard_errors_ == pytest.approx(numbers(theirs["standard_error"]), abs=1e-9)


def test_wald_tests_and_interval(both):
    ours, theirs = both
    every = [[column] for column in range(len(ours.params_))]
    z = [t.statistic**0.5 for t in ours.wald_tests(every)]
    assert z == pytest.approx(np.abs(numbers(theirs["wald_z"])), rel=2e-9)  # see the covariance
    assert [t.p_value for t in ours.wald_tests(every)] == pytest.approx(numbers(theirs["wald_p"]), abs=1e-9)
    assert ours.wald_interval() == pytest.approx(r.matrix(theirs["wald_ci"]), abs=2e-9)  # see the covariance


def test_profile_interval_is_exact_and_that_of_mass_is_interpolated(both):
    ours, theirs = both
    assert ours.profile_interval() == pytest.approx(r.matrix(theirs["profile_ci_exact"]), abs=1e-6)
    assert ours.profile_interval() == pytest.approx(r.matrix(theirs["profile_ci_MASS"]), abs=5e-4)


def test_likelihood_deviance_and_criteria(both):
    ours, theirs = both
    assert ours.log_likelihood_ == pytest.approx(theirs["logLik"], abs=1e-9)
    assert ours.null_log_likelihood_ == pytest.approx(theirs["null_logLik"], abs=1e-9)
    assert ours.deviance_ == pytest.approx(theirs["deviance"], abs=1e-9)
    assert ours.aic_ == pytest.approx(theirs["AIC"], abs=1e-9)
    assert ours.bic_ == pytest.approx(theirs["BIC"], abs=1e-9)


def test_likelihood_ratio_of_all_predictors(both):
    ours, theirs = both
    whole = ours.likelihood_ratio_test()
    assert whole.statistic == pytest.approx(theirs["LR_chi2"], abs=1e-9)
    assert whole.degrees_of_freedom == theirs["LR_df"]
    assert whole.p_value == pytest.approx(theirs["LR_p"], abs=1e-12)


def test_likelihood_ratio_of_each_term_left_out(both):
    ours, theirs = both
    theirs = theirs["drop1_LRT"]
    terms, column = [], 1
    for df in np.atleast_1d(theirs["df"]):
        terms.append(range(column, column + df))
        column += df
    tests = ours.likelihood_ratio_tests(terms)
    assert [t.statistic for t in tests] == pytest.approx(np.atleast_1d(theirs["chi2"]), abs=1e-9)
    assert [t.degrees_of_freedom for t in tests] == np.atleast_1d(theirs["df"]).tolist()
    assert [t.p_value for t in tests] == pytest.approx(np.atleast_1d(theirs["p"]), abs=1e-9)


def test_terms_are_the_predictors_unless_told_otherwise(combined):
    of_predictors = [[1], [2], [3]]
    assert combined.likelihood_ratio_tests() == combined.likelihood_ratio_tests(of_predictors)
    assert combined.wald_tests() == combined.wald_tests(of_predictors)


@pytest.mark.parametrize(
    ("names", "terms", "table"),
    [
        (MODELS["combined"], [[1], [2], [3], [1, 2, 3]], "wald_anova"),
        (MODELS["categorical"], [[1], [2], [3], [4, 5], [1, 2, 3, 4, 5]], "wald_anova_categorical"),
    ],
)
def test_wald_tests_of_terms_as_anova_of_lrm(names, terms, table):
    tests = fitted(names).wald_tests(terms)
    ours = [(t.statistic, t.degrees_of_freedom, t.p_value) for t in tests]
    assert np.array(ours) == pytest.approx(r.matrix(r.values("logistic")["lrm"][table]), abs=2e-7)  # lrm's own fit


def test_statistics_of_lrm(combined):
    theirs = r.values("logistic")["lrm"]
    x, y = rows(MODELS["combined"], r.train())
    whole, risk = combined.likelihood_ratio_test(), combined.risk(x)
    assert combined.params_ == pytest.approx(numbers(theirs["coefficients"]), abs=1e-9)
    assert combined.covariance_ == pytest.approx(r.matrix(theirs["var"]), abs=1e-9)
    assert whole.statistic == pytest.approx(theirs["stats"]["Model L.R."], abs=1e-9)
    assert whole.p_value == pytest.approx(theirs["stats"]["P"], rel=1e-6)
    assert combined.variance_inflation_ == pytest.approx(numbers(theirs["vif"]), abs=1e-9)
    assert np.mean((risk - y) ** 2) == pytest.approx(theirs["Brier"], abs=1e-9)
    assert auc(risk, y) == pytest.approx(theirs["C_exact"], abs=1e-12)


def test_prediction_with_its_standard_error(combined):
    theirs = r.values("logistic")["prediction"]["value"]
    x, _ = rows(MODELS["combined"], r.validation())
    assert combined.linear_predictor(x)[:5] == pytest.approx(theirs["lp"], abs=1e-9)
    assert combined.standard_error(x)[:5] == pytest.approx(theirs["se"], abs=1e-9)
    assert combined.risk(x)[:5] == pytest.approx(theirs["p"], abs=1e-9)
    limits = np.column_stack([theirs["lower"], theirs["upper"]])
    assert combined.risk_interval(x)[:5] == pytest.approx(limits, abs=1e-9)


def test_updating_in_new_data(combined):
    """Intercept alone and intercept with slope, of a linear predictor that comes from elsewhere."""
    theirs = r.values("logistic")["update"]
    x, y = rows(MODELS["combined"], r.validation())
    lp = combined.linear_predictor(x)
    intercept = MaximumLikelihood().fit(np.empty((len(y), 0)), y, offset=lp)
    slope = MaximumLikelihood().fit(lp[:, None], y)
    assert intercept.params_ == pytest.approx([theirs["intercept_only"]["intercept"]], abs=1e-9)
    assert intercept.standard_errors_ == pytest.approx([theirs["intercept_only"]["se"]], abs=1e-9)
    assert slope.params_ == pytest.approx(numbers(theirs["intercept_slope"]["coefficients"]), abs=1e-9)
    assert slope.covariance_ == pytest.approx(r.matrix(theirs["intercept_slope"]["covariance"]), abs=1e-9)
    as_it_was = -2 * log_likelihood(lp, y)
    assert as_it_was - intercept.deviance_ == pytest.approx(theirs["test_intercept_only_chi2_df1"], abs=1e-9)
    assert intercept.deviance_ - slope.deviance_ == pytest.approx(
        theirs["test_slope_given_intercept_chi2_df1"], abs=1e-9
    )
    assert as_it_was - slope.deviance_ == pytest.approx(theirs["test_both_chi2_df2"], abs=1e-9)


def test_predictors_held_in_the_offset_move_the_others_as_their_coefficients_say(combined):
    """ALB and INR held at the values that fit best leave intercept and Radscore slope where they were."""
    x, y = rows(MODELS["combined"], r.train())
    held = x[:, :2] @ combined.params_[1:3]
    part = MaximumLikelihood().fit(x[:, 2:], y, offset=held)
    assert part.params_ == pytest.approx(combined.params_[[0, 3]], abs=1e-9)
    assert part.log_likelihood_ == pytest.approx(combined.log_likelihood_, abs=1e-9)
    assert part.linear_predictor(x[:, 2:], held) == pytest.approx(combined.linear_predictor(x), abs=1e-9)
    assert part.risk(x[:, 2:], held) == pytest.approx(combined.risk(x), abs=1e-9)
    information = np.linalg.inv(combined.covariance_)[np.ix_([0, 3], [0, 3])]
    assert part.covariance_ == pytest.approx(np.linalg.inv(information), abs=1e-9)


def test_profile_interval_with_an_offset_ends_where_the_likelihood_ratio_is_its_quantile(combined):
    x, y = rows(MODELS["combined"], r.train())
    held = 0.7 * x[:, :2] @ combined.params_[1:3] + 1
    part = MaximumLikelihood().fit(x[:, 2:], y, offset=held)
    for limit in part.profile_interval(0.9, columns=[1])[0]:
        at_limit = MaximumLikelihood().fit(x[:, :0], y, offset=held + limit * x[:, 2])
        ratio = 2 * (part.log_likelihood_ - at_limit.log_likelihood_)
        assert ratio == pytest.approx(norm.ppf(0.95) ** 2, abs=1e-8)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("with_offset", [True, False])
def test_it_is_what_statsmodels_fits(fit_intercept, with_offset):
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    x, y = rows(MODELS["missing"], r.train())
    offset = np.linspace(-1, 2, len(y)) if with_offset else None
    ours = MaximumLikelihood(fit_intercept=fit_intercept).fit(x, y, offset)
    design = np.column_stack([np.ones(len(y)), x]) if fit_intercept else x
    theirs = GLM(y, design, family=Binomial(), offset=offset).fit(tol=1e-14, tol_criterion="params")
    assert ours.params_ == pytest.approx(theirs.params, abs=1e-9)
    assert ours.covariance_ == pytest.approx(theirs.cov_params(), abs=1e-9)
    assert ours.log_likelihood_ == pytest.approx(theirs.llf, abs=1e-9)
    assert ours.wald_interval() == pytest.approx(theirs.conf_int(), abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), columns=st.integers(1, 5), scale=st.sampled_from([1e-6, 1.0, 1e6]))
def test_at_the_maximum_the_score_is_nothing(seed, columns, scale):
    """Sum of residuals, and residuals with every predictor; in whatever unit a predictor is."""
    rng = np.random.default_rng(seed)
    x, offset = scale * (3 + rng.normal(size=(80, columns))), rng.normal(size=80)
    y = (rng.random(80) < 0.4).astype(float)
    model = MaximumLikelihood().fit(x, y, offset)
    residual = y - model.risk(x, offset)
    assert residual.sum() == pytest.approx(0, abs=1e-8)
    assert residual @ x / scale == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_other_units_and_origins_change_nothing_but_the_coefficients(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(90, 3)), (rng.random(90) < 0.3).astype(float)
    plain, moved = MaximumLikelihood().fit(x, y), MaximumLikelihood().fit(1e3 + 0.1 * x, y)
    assert moved.params_[1:] == pytest.approx(10 * plain.params_[1:], rel=1e-8)
    assert moved.log_likelihood_ == pytest.approx(plain.log_likelihood_, abs=1e-9)
    assert moved.profile_interval(columns=[1]) == pytest.approx(10 * plain.profile_interval(columns=[1]), rel=1e-6)


# What cannot be fitted


def separated():
    cohort = r.table("separation")
    return cohort[["inr", "encephalopathy", "alb"]].to_numpy(float), cohort.ptlf.to_numpy(float)


def test_quasi_complete_separation_is_told_with_the_predictor():
    """R: a coefficient of 19 with standard error 2166, `converged` TRUE."""
    with pytest.raises(Separated, match=r"separates the 22 cases .* Firth") as told:
        MaximumLikelihood().fit(*separated())
    assert told.value.column == 2


def test_complete_separation_is_told():
    x = np.linspace(-1, 1, 40)[:, None]
    with pytest.raises(Separated) as told:
        MaximumLikelihood().fit(x, (x[:, 0] > 0.3).astype(float))
    assert told.value.column == 1


def test_separation_by_two_predictors_together_is_told():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(60, 2))
    with pytest.raises(Separated):
        MaximumLikelihood().fit(x, (x[:, 0] + x[:, 1] > 0.2).astype(float))


@pytest.mark.parametrize("known", [3.0, 30.0])
def test_separation_is_told_whatever_the_offset(known):
    x, y = separated()
    with pytest.raises(Separated):
        MaximumLikelihood().fit(x, y, offset=known * (2 * y - 1))


def test_a_standard_error_of_thousands_is_not_a_fit():
    """Far offsets: the separated cases' residuals are 0 to the last digit, and the score is nothing at no maximum."""
    rng = np.random.default_rng(2856)
    cases = int(rng.integers(6, 40))
    x, y = rng.normal(size=(cases, 2)).round(1), (rng.random(cases) < 0.3).astype(float)
    with pytest.raises(Separated):
        MaximumLikelihood().fit(x, y, offset=rng.normal(size=cases) * rng.choice([0, 1, 10, 40]))


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_outcomes_all_alike_are_told(outcome):
    with pytest.raises(Separated, match="all alike"):
        MaximumLikelihood().fit(np.arange(12.0)[:, None] % 5, np.full(12, outcome))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), cases=st.integers(12, 40))
def test_few_cases_give_finite_coefficients_or_are_told(seed, cases):
    """Exactly when a linear programme finds a direction that separates (Konis, thesis, Oxford 2007)."""
    from scipy.optimize import linprog

    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(cases, 2)).round(1), (rng.random(cases) < 0.35).astype(float)
    design = (2 * y - 1)[:, None] * np.column_stack([np.ones(cases), x])
    best = linprog(-design.sum(axis=0), A_ub=-design, b_ub=np.zeros(cases), bounds=[(-1, 1)] * 3)
    if -best.fun > 1e-7:
        with pytest.raises(Separated):
            MaximumLikelihood().fit(x, y)
    else:
        assert MaximumLikelihood().fit(x, y).standard_errors_.max() < 100


def test_a_constant_or_repeated_column_is_told():
    x, y = rows(MODELS["combined"], r.train())
    with pytest.raises(Collinear, match="Column 4"):
        MaximumLikelihood().fit(np.column_stack([x, np.full(len(y), 7.0)]), y)
    with pytest.raises(Collinear, match="Column 4"):
        MaximumLikelihood().fit(np.column_stack([x, x[:, 0] - 2 * x[:, 1]]), y)


def test_missing_values_are_counted_and_refused():
    x, y = rows(MODELS["combined"], r.train())
    x[3, 0], x[9, 1], x[9, 2] = np.nan, np.inf, np.nan
    with pytest.raises(BadInput, match="2 of 147 cases"):
        MaximumLikelihood().fit(x, y)


def test_an_outcome_is_0_or_1():
    with pytest.raises(BadInput, match="neither 0 nor 1"):
        MaximumLikelihood().fit(np.arange(6.0)[:, None], np.array([0, 1, 2, 0, 1, 1.0]))


def test_the_logistic_function_does_not_overflow():
    with np.errstate(all="raise"):
        assert expit(np.array([-1e4, 0, 1e4])).tolist() == [0, 0.5, 1]
