"""Laboratory values and outcomes of synthetic cohorts, against the stated model and the study's cohort."""

from __future__ import annotations

import numpy as np
import pytest

from PTLFPredictorLib.sample import Disease, draw_outcome, draw_outcomes, make_cohort
from PTLFPredictorLib.sample.outcomes import risk, severity


@pytest.fixture(scope="module")
def cohort():
    burdens = [Disease.draw(seed) for seed in range(4000)]
    return burdens, draw_outcomes(range(4000), burdens)


def test_the_cohort_is_like_the_studys(cohort):
    _, outcomes = cohort
    albumin = np.array([o.albumin_g_per_l for o in outcomes])
    inr = np.array([o.inr for o in outcomes])
    assert albumin.mean() == pytest.approx(37.89, abs=0.3)
    assert albumin.std() == pytest.approx(5.80, abs=0.3)
    assert np.quantile(inr, (0.25, 0.5, 0.75)) == pytest.approx((0.95, 1.03, 1.16), abs=0.03)
    assert inr.max() <= 1.5
    assert np.mean([o.ptlf for o in outcomes]) == pytest.approx(36 / 147, abs=0.02)


def test_outcomes_happen_as_often_as_their_risk_says(cohort):
    _, outcomes = cohort
    risks, ptlf = np.array([o.risk for o in outcomes]), np.array([o.ptlf for o in outcomes])
    for low, high in ((0, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 1)):
        group = (risks >= low) & (risks < high)
        assert ptlf[group].mean() == pytest.approx(risks[group].mean(), abs=0.06)


def test_severity_is_standardised_and_rises_with_what_the_image_shows(cohort):
    _, outcomes = cohort
    assert np.mean([o.severity for o in outcomes]) == pytest.approx(0, abs=0.05)
    assert np.std([o.severity for o in outcomes]) == pytest.approx(1, abs=0.05)
    mild, severe = (Disease(1500, ml, 1, coarse, 105) for ml, coarse in ((10, 0.1), (300, 0.8)))
    assert severity(mild) < -1 < 1 < severity(severe)


def test_odds_ratios_are_the_stated_coefficients():
    def log_odds(*values):
        p = risk(*values)
        return np.log(p / (1 - p))

    assert log_odds(38, 1.0, 0) - log_odds(37, 1.0, 0) == pytest.approx(0.163)
    assert log_odds(38, 1.1, 0) - log_odds(38, 1.0, 0) == pytest.approx(0.7597)
    assert log_odds(38, 1.0, 1) - log_odds(38, 1.0, 0) == pytest.approx(1.2)


def test_one_seed_has_one_outcome():
    burden = Disease.draw(5)
    assert draw_outcome(5, burden) == draw_outcome(5, burden) != draw_outcome(6, burden)


def test_an_imaged_cohort_has_the_outcomes_of_its_seeds():
    members = list(make_cohort([21], matrix=128))
    assert members[0].outcome == draw_outcome(21, Disease.draw(21))
    assert members[0].case.seed == 21
