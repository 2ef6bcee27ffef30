"""One logistic risk model: R's numbers, Firth's penalty where maximum likelihood has none, columns without effect."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import r_reference
from PTLFPredictorLib.cohort.develop.risk_model import Interval, Penalty, fit, independent
from PTLFPredictorLib.cohort.statistics.logistic import Separated

COLUMNS = ("alb", "inr", "radscore")


@pytest.fixture(scope="module")
def train():
    cohort = r_reference.train()
    return cohort[list(COLUMNS)].to_numpy(float), cohort.ptlf.to_numpy(float)


@pytest.fixture(scope="module")
def separation():
    cohort = r_reference.table("separation")
    names = [name for name in r_reference.values("firth")["separation"]["coefficients"] if name != "(Intercept)"]
    return cohort[names].to_numpy(float), cohort.ptlf.to_numpy(float), names


class TestMaximumLikelihood:
    def test_coefficients_covariance_intervals_and_p_values_are_r_s(self, train):
        model = fit(*train, COLUMNS)
        r = r_reference.values("logistic")["combined"]
        assert not model.penalised
        assert (model.n, model.events) == (147, 46)
        assert [model.intercept, *model.coefficients] == pytest.approx(list(r["coefficients"].values()), abs=1e-9)
        assert model.covariance == pytest.approx(r_reference.matrix(r["covariance"]), abs=1e-9)
        assert model.intervals == pytest.approx(r_reference.matrix(r["wald_ci"])[1:], abs=1e-8)
        assert model.p_values == pytest.approx(list(r["wald_p"].values())[1:], rel=1e-8)

    def test_profile_intervals_on_request(self, train):
        model = fit(*train, COLUMNS, interval=Interval.PROFILE)
        r = r_reference.matrix(r_reference.values("logistic")["combined"]["profile_ci_MASS"])[1:]
        assert model.intervals == pytest.approx(r, abs=5e-4)

    def test_the_levels_of_a_variable_have_one_p_value(self, train):
        cohort = r_reference.train().dropna(subset=["bclc"])
        x = cohort[list(COLUMNS)].to_numpy(float)
        levels = np.column_stack([cohort.bclc == "B", cohort.bclc == "C"]).astype(float)
        columns = (*COLUMNS, "bclc=B", "bclc=C")
        model = fit(np.hstack([x, levels]), cohort.ptlf, columns, interval=Interval.PROFILE)
        drop1 = r_reference.values("logistic")["categorical"]["drop1_LRT"]
        assert model.joint_p_value(("bclc=B", "bclc=C")) == pytest.approx(drop1["p"][3], rel=1e-6)
        wald = fit(np.hstack([x, levels]), cohort.ptlf, columns)
        assert wald.joint_p_value(("alb",)) == pytest.approx(wald.p_values[0])


class TestSeparation:
    def test_firth_takes_over_with_profile_intervals_and_a_mean_risk_that_is_the_observed_share(self, separation):
        x, y, names = separation
        model = fit(x, y, names)
        r = r_reference.values("firth")["separation"]
        assert model.penalised
        assert model.interval is Interval.PROFILE
        assert model.coefficients == pytest.approx(list(r["coefficients"].values())[1:], abs=1e-7)
        assert model.intercept == pytest.approx(r["FLIC_intercept"], abs=1e-7)
        profile = r_reference.matrix(r["profile"])[1:]
        assert model.intervals == pytest.approx(profile[:, :2], abs=1e-6)
        assert model.p_values == pytest.approx(profile[:, 3], rel=1e-6)
        assert (1 / (1 + np.exp(-model.linear_predictor(x)))).mean() == pytest.approx(y.mean())

    def test_without_leave_to_penalise_it_is_an_error(self, separation):
        x, y, names = separation
        with pytest.raises(Separated):
            fit(x, y, names, Penalty.NONE)

    def test_firth_always_on_request(self, train):
        model = fit(*train, COLUMNS, Penalty.FIRTH)
        assert model.penalised
        r = r_reference.values("firth")["no_separation"]["coefficients"]
        assert model.coefficients == pytest.approx([r[name] for name in COLUMNS], abs=1e-7)


class TestColumnsWithoutEffect:
    def test_what_follows_from_others_has_no_coefficient_and_changes_none(self, train):
        x, y = train
        more = np.column_stack([np.full(len(y), 3.0), x[:, 0], 2 * x[:, 0] - x[:, 1], x[:, 1], x[:, 1], x[:, 2]])
        model = fit(more, y, ("constant", "alb", "sum", "inr", "again", "radscore"))
        assert model.aliased == ("constant", "inr", "again")
        plain = fit(x, y, COLUMNS)
        assert model.linear_predictor(more) == pytest.approx(plain.linear_predictor(x))
        assert np.isnan(model.p_values[[0, 3, 4]]).all()
        assert not model.covariance[1].any()
        assert np.isnan(model.joint_p_value(("again",)))

    def test_no_column_at_all_gives_the_prevalence(self, train):
        model = fit(np.empty((147, 0)), train[1], ())
        assert model.intercept == pytest.approx(np.log(46 / 101))
        assert model.linear_predictor(np.empty((2, 0))) == pytest.approx([model.intercept] * 2)

    @given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(1, 8))
    def test_independent_columns_are_as_many_as_the_rank(self, seed, n, k):
        random = np.random.default_rng(seed)
        x = random.normal(size=(n, k))
        mixed = np.column_stack([x, x @ random.normal(size=(k, 3)), np.ones(n)])
        kept = independent(mixed)
        centred = mixed - mixed.mean(axis=0)
        assert len(kept) == np.linalg.matrix_rank(centred, tol=1e-9 * np.linalg.norm(centred))
        assert list(kept) == list(range(min(k, n - 1)))
