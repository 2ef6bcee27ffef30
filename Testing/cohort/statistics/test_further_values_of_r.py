"""What else stands in R's reference on these rows: numbers beside those that the other files compare.

What of it is not offered, and why, stands in docs/cohort-methods.md.
"""

import functools

import numpy as np
import pytest

import r_reference as R
from PTLFPredictorLib.cohort.report.characteristics import smd
from PTLFPredictorLib.cohort.statistics import calibration, lasso
from PTLFPredictorLib.cohort.statistics.discrimination import auc
from PTLFPredictorLib.cohort.statistics.firth import Firth
from PTLFPredictorLib.cohort.statistics.logistic import MaximumLikelihood, expit
from PTLFPredictorLib.cohort.statistics.odds import odds_ratio
from PTLFPredictorLib.cohort.statistics.univariate import (
    CategoricalTest,
    ContinuousTest,
    compare,
    compare_counts,
    t_test_of_summaries,
)

UNIVARIATE, LASSO, LOGISTIC = (R.values(topic) for topic in ("univariate", "lasso", "logistic"))
FIRTH, CALIBRATION = (R.values(topic) for topic in ("firth", "calibration"))

MODELS = {
    "clinical": ["alb", "inr"],
    "radiomics": ["radscore"],
    "combined": ["alb", "inr", "radscore"],
    "categorical": ["alb", "inr", "radscore", "bclcB", "bclcC"],
    "missing": ["alb", "inr", "radscore", "neutrophil", "rbc"],
}


def named(topic):
    return [name for name in topic if name != "call"]


@functools.cache
def features():
    table = R.table("features")
    x = table.iloc[:, 2:]
    folds = R.table("features_foldid").foldid.to_numpy()
    return ((x - x.mean()) / x.std(ddof=0)).to_numpy(), table.y.to_numpy(float), folds, x


@functools.cache
def whole_path():
    z, y, _, _ = features()
    return lasso.path(z, y, np.array(LASSO["path"]["lambda"]))


class TestUnivariate:
    @pytest.mark.parametrize("name", named(UNIVARIATE["continuous"]))
    def test_groups_means_and_standardised_difference(self, name):
        train, theirs = R.train(), UNIVARIATE["continuous"][name]
        groups = [train[name][train.ptlf == value].dropna().to_numpy() for value in (1, 0)]
        assert [len(group) for group in groups] == [theirs["n1"], theirs["n0"]]
        for group, key in zip(groups, ("mean_sd_1", "mean_sd_0"), strict=True):
            assert [group.mean(), group.std(ddof=1)] == pytest.approx(theirs[key], rel=1e-9)
        assert smd(*groups) == pytest.approx(abs(theirs["smd_pooled"]), rel=1e-8)

    @pytest.mark.parametrize("name", named(UNIVARIATE["categorical"]))
    def test_likelihood_ratio_and_trend_are_options(self, name):
        theirs = UNIVARIATE["categorical"][name]
        table = np.array(theirs["table_rows_ptlf01"])
        likelihood = compare_counts(table, CategoricalTest.LIKELIHOOD_RATIO)
        assert likelihood == pytest.approx(theirs["likelihood_ratio_p"], rel=1e-8)
        trend = compare_counts(table, CategoricalTest.TREND)
        if "trend_p" in theirs:
            assert trend == pytest.approx(theirs["trend_p"], rel=1e-8)
            assert compare_counts(table[::-1, ::-1].T, CategoricalTest.TREND) == pytest.approx(trend, rel=1e-12)
        if table.shape == (2, 2):  # there they are the same test
            assert trend == pytest.approx(theirs["chisq_uncorrected"]["p"], rel=1e-8)

    def test_a_grade_that_nobody_has_keeps_its_step(self):
        table = np.array([[20, 0, 4], [10, 0, 12]])
        assert compare_counts(table, CategoricalTest.TREND) == pytest.approx(compare_counts(table[:, [0, 2]]))
        three = np.array([[20, 5, 0, 4], [10, 7, 0, 12]])
        assert compare_counts(three, CategoricalTest.TREND) != compare_counts(
            three[:, [0, 1, 3]], CategoricalTest.TREND
        )

    @pytest.mark.parametrize("name", named(UNIVARIATE["univariate_logistic"]))
    def test_one_variable_in_a_logistic_model(self, name):
        theirs = UNIVARIATE["univariate_logistic"][name]
        rows = R.train()[[name, "ptlf"]].dropna()
        model = MaximumLikelihood().fit(rows[[name]].to_numpy(float), rows.ptlf.to_numpy(float))
        ratio = odds_ratio(model.params_[1], model.wald_interval()[1])
        assert len(rows) == theirs["n"]
        assert (model.params_[1], model.standard_errors_[1]) == pytest.approx((theirs["b"], theirs["se"]), abs=1e-9)
        assert (ratio.estimate, ratio.low, ratio.high) == pytest.approx(
            (theirs["or"], theirs["lower"], theirs["upper"]), rel=1e-8
        )
        assert model.wald_tests()[0].p_value == pytest.approx(
            theirs["wald_p"], rel=2e-6
        )  # glm stops at 1e-8 of the deviance
        assert model.likelihood_ratio_test().p_value == pytest.approx(theirs["lr_p"], rel=1e-8)

    def test_as_many_features_pass_as_in_r(self):
        _, y, _, x = features()
        theirs = UNIVARIATE["features_univariate"]["n_below_0.05"]
        for test, key in (
            (ContinuousTest.WELCH, "welch"),
            (ContinuousTest.POOLED, "pooled"),
            (ContinuousTest.MANN_WHITNEY, "mann_whitney"),
        ):
            assert (compare(x.to_numpy(), y, test).p < 0.05).sum() == theirs[key]

    def test_the_papers_summaries_and_its_number_of_tumours(self):
        theirs, sizes = UNIVARIATE["paper_table2_t"], (36, 111)
        haemoglobin = (131.33, 124.41), (23.70, 23.14), sizes
        for test, key in ((ContinuousTest.WELCH, "welch"), (ContinuousTest.POOLED, "pooled")):
            assert t_test_of_summaries(*haemoglobin, test) == pytest.approx(theirs["hb"][key], rel=1e-8)
        theirs = UNIVARIATE["paper_table2"]["value"]["multiple_tumours"]
        a, n1, b, n0 = theirs["counts"]
        for test, key in (
            (CategoricalTest.CHI_SQUARE, "uncorrected"),
            (CategoricalTest.YATES, "yates"),
            (CategoricalTest.FISHER, "fisher"),
        ):
            assert compare_counts([[a, n1 - a], [b, n0 - b]], test) == pytest.approx(theirs[key], rel=1e-8)


class TestLasso:
    def test_share_of_the_deviance_that_a_path_explains(self):
        z, y, _, _ = features()
        theirs = LASSO["path"]
        eta = whole_path().linear_predictor(z)
        mean, null = y.mean(), np.log(y.mean() / (1 - y.mean()))
        deviance = np.mean(np.logaddexp(0, eta) - y * eta, axis=1) / (np.log1p(np.exp(null)) - mean * null)
        assert 1 - deviance == pytest.approx(np.array(theirs["dev_ratio"]), abs=2e-6)

    @pytest.mark.parametrize("key", ["cv_deviance", "cv_auc", "cv_class"])
    def test_lambda_its_intercept_and_how_many_features_each_keeps(self, key):
        theirs, path = LASSO[key], whole_path()
        lambdas = np.array(theirs["lambda"])
        assert (lambdas == path.lambdas).all()
        assert np.count_nonzero(path.coefficients, axis=1)[1:].tolist() == theirs["nonzero"][1:]
        for rule in ("min", "1se"):
            place = theirs[f"index_{rule}_0based"]
            assert lambdas[place] == pytest.approx(theirs[f"lambda_{rule}"])
            if f"coefficients_{rule}" in theirs:
                intercept = theirs[f"coefficients_{rule}"]["(Intercept)"]
                assert path.intercepts[place] == pytest.approx(intercept, abs=2e-6)

    def test_the_path_of_glmnets_own_defaults(self):
        z, y, _, _ = features()
        theirs = LASSO["default_path"]
        lambdas = lasso.grid(z, y, theirs["n_lambda"])
        assert lambdas == pytest.approx(np.array(theirs["lambda"]), rel=1e-9)
        kept = np.count_nonzero(lasso.path(z, y, lambdas[:40]).coefficients, axis=1)
        assert kept[1:].tolist() == theirs["nonzero"][1:40]  # beyond, glmnet's default precision tells

    @pytest.mark.parametrize("count", [30, pytest.param(50, marks=pytest.mark.slow)])
    def test_folds_that_are_standardised_again_as_cv_glmnet_does_by_default(self, count):
        z, y, folds, _ = features()
        theirs = LASSO["cv_deviance_standardize_TRUE"]
        found = lasso.cross_validated(z, y, folds, np.array(theirs["lambda"])[:count], rescaled=True)
        assert found.cvm == pytest.approx(np.array(theirs["cvm"])[:count], abs=1e-5)
        assert found.cvsd == pytest.approx(np.array(theirs["cvsd"])[:count], abs=1e-5)
        assert (found.index_min, found.index_one_se) == (theirs["index_min_0based"], theirs["index_1se_0based"])

    def test_glmnets_default_gives_each_fold_lambdas_of_its_own_and_reads_between_them(self):
        z, y, folds, _ = features()
        theirs = LASSO["default_cv"]
        lambdas, cvm = np.array(theirs["lambda"])[:45], np.array(theirs["cvm"])[:45]
        found = lasso.cross_validated(z, y, folds, lambdas, rescaled=True)
        assert np.abs(found.cvm - cvm).max() < 1e-3
        assert (found.index_min, found.index_one_se) == (theirs["index_min_0based"], theirs["index_1se_0based"])

    def test_means_and_sds_of_the_ten(self):
        _, _, _, x = features()
        theirs = LASSO["radscore"]
        for name in theirs["features"]:
            assert x[name].std(ddof=1) == pytest.approx(theirs["sd_n_minus_1"][name], rel=1e-12)


class TestLogistic:
    @pytest.mark.parametrize("model", MODELS)
    def test_odds_ratios_of_every_model(self, model):
        rows = (
            R.train()
            .assign(
                bclcB=lambda t: (t.bclc == "B").astype(float).where(t.bclc.notna()),
                bclcC=lambda t: (t.bclc == "C").astype(float).where(t.bclc.notna()),
            )[[*MODELS[model], "ptlf"]]
            .dropna()
        )
        fitted = MaximumLikelihood().fit(rows[MODELS[model]].to_numpy(float), rows.ptlf.to_numpy(float))
        theirs = LOGISTIC[model]
        limits = R.matrix(theirs["odds_ratio_wald_ci"])
        for place, value in enumerate(theirs["odds_ratio"].values()):
            ours = odds_ratio(fitted.params_[place], fitted.wald_interval()[place])
            assert (ours.estimate, ours.low, ours.high) == pytest.approx((value, *limits[place]), rel=1e-7)

    def test_what_lrm_prints_beside_it(self):
        train, theirs = R.train(), LOGISTIC["lrm"]["stats"]
        x, y = train[MODELS["combined"]].to_numpy(float), train.ptlf.to_numpy(float)
        eta = MaximumLikelihood().fit(x, y).linear_predictor(x)
        assert (len(y), x.shape[1]) == (theirs["Obs"], theirs["d.f."])
        assert calibration.brier(expit(eta), y).score == pytest.approx(theirs["Brier"], abs=1e-9)
        assert auc(eta, y) == pytest.approx(theirs["C"], abs=5e-4)  # lrm counts risks in bins
        assert 2 * auc(eta, y) - 1 == pytest.approx(theirs["Dxy"], abs=1e-3)

    def test_maximum_likelihood_beside_firths(self):
        train, theirs = R.train(), FIRTH["no_separation"]
        x, y = train[MODELS["combined"]].to_numpy(float), train.ptlf.to_numpy(float)
        model = MaximumLikelihood().fit(x, y)
        assert model.params_ == pytest.approx(list(theirs["ml_glm_coefficients_diverging"].values()), abs=1e-7)
        assert model.standard_errors_ == pytest.approx(list(theirs["ml_glm_se"].values()), abs=1e-6)
        printed = FIRTH["logistf_1.26.1"]["no_separation"]["penalised_logLik"]
        assert Firth().fit(x, y).log_likelihood_ == pytest.approx(printed, abs=1e-7)


def test_somers_d_of_val_prob():
    theirs = CALIBRATION["validation"]
    somers = 2 * auc(np.array(theirs["p"]), np.array(theirs["y"])) - 1
    assert somers == pytest.approx(CALIBRATION["val_prob"]["value"]["Dxy"], abs=2e-3)  # rms counts risks in bins
