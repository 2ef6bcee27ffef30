"""R squared as R's rms and its formulas give it."""

import numpy as np
import pytest

import r_reference as r
from PTLFPredictorLib.cohort.statistics.explained_variation import explained_variation
from PTLFPredictorLib.cohort.statistics.logistic import MaximumLikelihood


@pytest.fixture(scope="module")
def cases():
    cohort = r.train()
    return cohort[["alb", "inr", "radscore"]].to_numpy(float), cohort.ptlf.to_numpy(float)


def test_the_four(cases):
    theirs = r.values("logistic")["lrm"]
    model = MaximumLikelihood().fit(*cases)
    ours = explained_variation(model, model.risk(cases[0]), cases[1])
    assert ours.cox_snell == pytest.approx(theirs["R2_CoxSnell"], abs=1e-9)
    assert ours.cox_snell == pytest.approx(theirs["stats"]["R2(147)"], abs=1e-9)
    assert ours.nagelkerke == pytest.approx(theirs["R2_Nagelkerke"], abs=1e-9)
    assert ours.nagelkerke == pytest.approx(theirs["stats"]["R2"], abs=1e-9)
    assert ours.mcfadden == pytest.approx(theirs["R2_McFadden"], abs=1e-9)
    assert ours.tjur == pytest.approx(theirs["R2_Tjur"], abs=1e-9)


def test_other_statistics_of_lrm_follow_from_what_is_given(cases):
    """Its adjusted R2s, Gini's mean difference of predictions (g, gr, gp), and its C, which bins the probabilities."""
    theirs = r.values("logistic")["lrm"]["stats"]
    model = MaximumLikelihood().fit(*cases)
    ratio, n = model.likelihood_ratio_test().statistic, model.n_
    effective = 3 * model.events_ * (n - model.events_) / n
    assert 1 - np.exp(-(ratio - 3) / n) == pytest.approx(theirs["R2(3,147)"], abs=1e-9)
    assert 1 - np.exp(-ratio / effective) == pytest.approx(theirs["R2(94.8)"], abs=1e-9)
    assert 1 - np.exp(-(ratio - 3) / effective) == pytest.approx(theirs["R2(3,94.8)"], abs=1e-9)
    lp = model.linear_predictor(cases[0])
    assert gini(lp) == pytest.approx(theirs["g"], abs=1e-9)
    assert np.exp(gini(lp)) == pytest.approx(theirs["gr"], abs=1e-8)
    assert gini(model.risk(cases[0])) == pytest.approx(theirs["gp"], abs=1e-9)


def gini(values):
    return np.abs(values[:, None] - values).sum() / (len(values) * (len(values) - 1))
