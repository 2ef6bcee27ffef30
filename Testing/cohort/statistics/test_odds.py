"""Odds ratios per the unit that a clinician thinks in, beside R's."""

import numpy as np
import pytest

import r_reference as r
from PTLFPredictorLib.cohort.statistics.logistic import MaximumLikelihood
from PTLFPredictorLib.cohort.statistics.odds import odds_ratio

NAMES = ["alb", "inr", "radscore"]


@pytest.fixture(scope="module")
def combined():
    cohort = r.train()
    return MaximumLikelihood().fit(cohort[NAMES].to_numpy(float), cohort.ptlf)


@pytest.mark.parametrize("unit", ["alb", "alb per 5", "inr per 0.1", "inr per 1", "radscore per SD (n-1)"])
def test_odds_ratio_per_unit(combined, unit):
    theirs = r.values("logistic")["odds_ratio_per_unit"]["value"]
    row = 1 + NAMES.index(unit.split()[0])
    ours = odds_ratio(combined.params_[row], combined.wald_interval()[row], per=theirs["unit"][unit])
    assert ours.estimate == pytest.approx(theirs["or"][unit], rel=1e-9)
    assert (ours.low, ours.high) == pytest.approx((theirs["lower"][unit], theirs["upper"][unit]), rel=1e-9)
    assert ours.per == theirs["unit"][unit]


def test_of_the_whole_model_as_r_prints_it(combined):
    theirs = r.values("logistic")["combined"]
    limits = r.matrix(theirs["odds_ratio_wald_ci"])
    for row, (name, estimate) in enumerate(theirs["odds_ratio"].items()):
        ours = odds_ratio(combined.params_[row], combined.wald_interval()[row])
        assert (ours.estimate, ours.low, ours.high) == pytest.approx((estimate, *limits[row]), rel=5e-9), name


def test_of_a_decrease_it_is_the_reciprocal_with_its_limits_in_order():
    up, down = odds_ratio(0.4, (0.1, 0.9), per=5), odds_ratio(0.4, (0.1, 0.9), per=-5)
    assert down.estimate == pytest.approx(1 / up.estimate)
    assert (down.low, down.high) == pytest.approx((1 / up.high, 1 / up.low))
    assert down.low < down.estimate < down.high


def test_a_limit_may_be_beyond_all_numbers():
    assert odds_ratio(3.0, (1.0, np.inf)).high == np.inf
