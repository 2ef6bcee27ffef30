"""Calibration: R's numbers (glm, rms, Hmisc, loess), worked examples, and what must hold for any risks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import r_reference
from PTLFPredictorLib.cohort.statistics.calibration import (
    brier,
    expected_observed,
    hosmer_lemeshow,
    in_the_large,
    joint,
    slope,
    spiegelhalter,
)
from PTLFPredictorLib.cohort.statistics.calibration_curve import Smoother, errors, loess, lowess, smoothed
from PTLFPredictorLib.cohort.statistics.discrimination import auc
from PTLFPredictorLib.cohort.statistics.indexes import indexes
from PTLFPredictorLib.cohort.statistics.spline import knots, restricted_cubic
from PTLFPredictorLib.errors import BadInput

R = r_reference.values("calibration")
IN_R = {
    Smoother.LOWESS: "lowess",
    Smoother.LOESS: "loess_direct",
    Smoother.RCS3: "rcs3",
    Smoother.RCS4: "rcs4",
    Smoother.LOGISTIC: "logistic_recalibration",
}


def combined(part: str) -> tuple[np.ndarray, np.ndarray]:
    """Linear predictor of the combined model (R's coefficients) and outcome."""
    rows = r_reference.train() if part == "train_apparent" else r_reference.validation()
    beta = np.array(list(r_reference.values("logistic")["combined"]["coefficients"].values()))
    return beta[0] + rows[["alb", "inr", "radscore"]].to_numpy() @ beta[1:], rows.ptlf.to_numpy(float)


def risk(lp: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-lp))


@pytest.mark.parametrize("part", ["validation", "train_apparent"])
class TestOfTheCombinedModel:
    def test_calibration_in_the_large_slope_and_the_joint_intercept(self, part):
        lp, y = combined(part)
        expected = R[part]
        large, both = in_the_large(lp, y), joint(lp, y)
        for found, of_r, name in (
            (large, expected["calibration_in_the_large"], "intercept"),
            (both.slope, expected["slope"], "slope"),
        ):
            assert (found.value, found.se) == pytest.approx((of_r[name], of_r["se"]), abs=1e-8)
            assert found.interval == pytest.approx(of_r["ci"], abs=1e-8)
        assert both.intercept.value == pytest.approx(expected["slope"]["intercept_of_the_joint_fit"], abs=1e-8)
        assert slope(lp, y) == both.slope

    def test_brier_score_and_expected_over_observed(self, part):
        lp, y = combined(part)
        expected, found, counts = R[part], brier(risk(lp), y), expected_observed(risk(lp), y)
        assert found.score == pytest.approx(expected["Brier"], abs=1e-8)
        assert found.null == pytest.approx(expected["Brier_null"], abs=1e-8)
        assert found.scaled == pytest.approx(expected["Brier_scaled"], abs=1e-8)
        assert counts.ratio == pytest.approx(expected["expected_over_observed"], abs=1e-8)
        assert counts.expected / len(y) == pytest.approx(expected["mean_predicted"], abs=1e-8)
        assert counts.observed == expected["events"]

    @pytest.mark.parametrize("smoother", Smoother)
    def test_curve_and_its_errors(self, part, smoother):
        lp, y = combined(part)
        p, expected = risk(lp), R[part][IN_R[smoother]]
        found = errors(p, y, smoother)
        for name, value in {"ICI": found.ici, "E50": found.e50, "E90": found.e90, "Emax": found.emax}.items():
            assert value == pytest.approx(expected["errors"][name], abs=1e-8), name
        if "smoothed" in expected:
            near = 1e-9 if smoother is Smoother.LOESS else 1e-8
            assert smoothed(p, y, smoother, np.sort(p)) == pytest.approx(np.array(expected["smoothed"]), abs=near)

    def test_lowess_without_interpolation(self, part):
        lp, y = combined(part)
        p = risk(lp)
        curve = lowess(p, y, np.sort(p), skip=0)
        assert curve == pytest.approx(np.array(R[part]["lowess_delta0"]["smoothed"]), abs=1e-8)

    @pytest.mark.parametrize("number", [3, 4])
    def test_knots_are_those_of_hmisc(self, part, number):
        lp, _ = combined(part)
        assert knots(lp, number) == pytest.approx(np.array(R[part][f"rcs{number}"]["knots"]), abs=1e-8)


def test_the_joint_intercept_is_not_calibration_in_the_large():
    lp, y = combined("validation")
    assert abs(joint(lp, y).intercept.value - in_the_large(lp, y).value) > 0.08


def test_the_smoother_is_part_of_an_icis_name():
    lp, y = combined("validation")
    found = [round(errors(risk(lp), y, smoother).ici, 3) for smoother in Smoother]
    assert found == [0.148, 0.171, 0.151, 0.174, 0.145]


def test_every_index_of_val_prob():
    lp, y = combined("validation")
    expected, found, fit = R["val_prob"]["value"], indexes(lp, y, recalibrated=False), joint(lp, y)
    n = len(y)
    for value, name in (
        (auc(np.floor(500 * risk(lp)), y), "C"),  # lrm bins the risks: 6e-4 off
        (found.r2, "R2"),
        (found.d, "D"),
        (found.d * n + 1, "D:Chi-sq"),
        (found.u, "U"),
        (fit.chi2, "U:Chi-sq"),
        (fit.p, "U:p"),
        (found.q, "Q"),
        (found.brier, "Brier"),
        (errors(risk(lp), y, Smoother.LOWESS).emax, "Emax"),
        (errors(risk(lp), y, Smoother.LOWESS).e90, "E90"),
        (errors(risk(lp), y, Smoother.LOWESS).ici, "Eavg"),
        (spiegelhalter(risk(lp), y)[0], "S:z"),
        (spiegelhalter(risk(lp), y)[1], "S:p"),
    ):
        assert value == pytest.approx(expected[name], abs=1e-8), name
    assert found.dxy == pytest.approx(2 * r_reference.values("roc")["auc_validation"]["combined"]["auc"] - 1, abs=1e-10)
    assert found.intercept == pytest.approx(expected["Intercept"], abs=1e-7)  # rms' own fit stops 3e-8 before glm's
    assert found.slope == pytest.approx(expected["Slope"], abs=1e-7)


@pytest.mark.parametrize(("case", "part", "groups", "fitted_here"), [
    ("train_g10_df8", "train_apparent", 10, True),
    ("train_g5_df3", "train_apparent", 5, True),
    ("validation_g5_df5_external", "validation", 5, False),
])  # fmt: skip
def test_hosmer_lemeshow(case, part, groups, fitted_here):
    lp, y = combined(part)
    expected, found = R["hosmer_lemeshow"][case], hosmer_lemeshow(risk(lp), y, groups, fitted_here=fitted_here)
    assert found.n.tolist() == expected["n"]
    assert found.observed.tolist() == expected["observed"]
    assert found.expected == pytest.approx(np.array(expected["expected"]), abs=1e-8)
    assert found.breaks == pytest.approx(np.array(expected["breaks"]), abs=1e-8)
    assert found.df == expected["df"]
    assert (found.chi2, found.p) == pytest.approx((expected["chi2"], expected["p"]), abs=1e-8)


def test_hosmer_lemeshow_outside_development_has_as_many_degrees_of_freedom_as_groups():
    """R's ``hoslem.test`` takes g - 2 everywhere: the statistic is the same, P is not."""
    lp, y = combined("validation")
    of_r = R["hosmer_lemeshow"]["validation_g10_df8_as_hoslem_test"]
    outside, inside = (hosmer_lemeshow(risk(lp), y, 10, fitted_here=here) for here in (False, True))
    assert (outside.chi2, inside.p) == pytest.approx((of_r["chi2"], of_r["p"]), abs=1e-8)
    assert (outside.df, inside.df) == (10, 8)
    assert outside.p > inside.p


def test_expected_over_observed_by_hand():
    found = expected_observed(np.full(100, 0.3), np.repeat([1.0, 0.0], [20, 80]))
    width = 1.959963984540054 * math.sqrt(0.8 / 20)
    assert found.ratio == pytest.approx(1.5)
    assert found.interval == pytest.approx((1.5 * math.exp(-width), 1.5 * math.exp(width)))
    assert expected_observed(np.full(5, 0.1), np.zeros(5)).ratio == math.inf


def test_two_groups_of_risk_by_hand():
    """Risks .25 and .75, observed 2 of 8 and 4 of 8: the joint fit goes through both, with the saturated covariance."""
    lp = np.repeat([-math.log(3), math.log(3)], 8)
    y = np.repeat([1.0, 0, 1, 0], [2, 6, 4, 4])
    found = joint(lp, y)
    assert found.slope.value == pytest.approx(0.5)
    assert found.intercept.value == pytest.approx(-math.log(3) / 2)
    assert found.slope.se == pytest.approx(math.sqrt(1 / 1.5 + 1 / 2) / (2 * math.log(3)))


def test_a_spline_is_straight_beyond_its_outer_knots_and_smooth_at_the_inner_ones():
    at = np.array([-2.0, -0.5, 0.4, 1.0])
    outside = restricted_cubic(np.linspace(1, 3, 5), at), restricted_cubic(np.linspace(-5, -2, 5), at)
    assert np.diff(outside[0], 2, axis=0) == pytest.approx(0, abs=1e-12)
    assert outside[1][:, 1:] == pytest.approx(0)
    for knot in at[1:-1]:
        x = restricted_cubic(knot + np.array([-2e-3, -1e-3, 0, 1e-3, 2e-3]), at)
        assert np.diff(x, 3, axis=0) == pytest.approx(0, abs=1e-7)


def test_a_column_of_the_spline_by_hand():
    """Knots 0, 1, 2: at 3 ``(3^3 - 2^3 * 2 + 1^3) / 2^2``, at 0.5 ``0.5^3 / 2^2``."""
    assert restricted_cubic(np.array([3.0, 0.5, -1.0]), np.array([0.0, 1.0, 2.0])) == pytest.approx(
        np.array([[3.0, 3.0], [0.5, 0.03125], [-1.0, 0.0]])
    )


def test_loess_gives_back_a_parabola():
    p = np.linspace(0.05, 0.95, 30)
    assert loess(p, 0.2 + p**2, np.array([0.111, 0.5, 0.9])) == pytest.approx(0.2 + np.array([0.111, 0.5, 0.9]) ** 2)


def test_lowess_says_nothing_beyond_the_risks():
    lp, y = combined("validation")
    assert np.isnan(smoothed(risk(lp), y, Smoother.LOWESS, np.array([0.001, 0.5, 0.9999]))).tolist() == [
        True,
        False,
        True,
    ]


@pytest.mark.parametrize("smoother", Smoother)
def test_equal_risks_have_no_curve(smoother):
    with pytest.raises(BadInput, match="All risks are equal"):
        smoothed(np.full(20, 0.3), np.repeat([0.0, 1.0], 10), smoother)


TIED = (
    np.repeat([0.1, 0.2, 0.5], [30, 5, 5]),
    np.concatenate([np.repeat([1.0, 0], [3, 27]), [1, 0, 0, 0, 0, 1, 1, 0, 0, 0]]),
)


def test_loess_of_risks_that_fill_a_neighbourhood_is_their_mean():
    assert smoothed(*TIED, Smoother.LOESS)[:30] == pytest.approx(0.1)


def test_lowess_of_risks_that_fill_a_neighbourhood_is_refused():
    """statsmodels says 1.0 there, the outcome of the first."""
    with pytest.raises(BadInput, match="Two thirds of the risks are equal"):
        smoothed(*TIED, Smoother.LOWESS)


def test_ties_that_fill_no_neighbourhood_have_one_value():
    p = np.repeat([0.1, 0.2, 0.5, 0.6], 10)
    curve = smoothed(p, np.tile([0.0, 1], 20), Smoother.LOWESS).reshape(4, 10)
    assert np.ptp(curve, axis=1) == pytest.approx(0)


def test_too_few_values_for_knots_or_groups():
    with pytest.raises(BadInput, match="spline of 4 knots"):
        knots(np.repeat([1.0, 2.0], 10), 4)
    with pytest.raises(BadInput, match="too few different"):
        hosmer_lemeshow(np.repeat([0.2, 0.4], 10), np.tile([0.0, 1], 10), fitted_here=False)


def test_one_outcome_only_has_no_calibration_in_the_large():
    with pytest.raises(BadInput):
        in_the_large(np.linspace(-1, 1, 9), np.zeros(9))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.floats(-1, 1), st.floats(0.6, 1.6))
def test_a_shifted_and_stretched_predictor_is_found_again(seed, shift, stretch):
    rng = np.random.default_rng(seed)
    lp = rng.normal(size=120)
    y = (rng.random(120) < risk(lp)).astype(float)
    whole, moved = joint(lp, y), joint(shift + stretch * lp, y)
    assert moved.slope.value == pytest.approx(whole.slope.value / stretch, abs=1e-7)
    assert moved.intercept.value == pytest.approx(whole.intercept.value - whole.slope.value * shift / stretch, abs=1e-7)
    assert in_the_large(lp + shift, y).value == pytest.approx(in_the_large(lp, y).value - shift, abs=1e-7)
    again = whole.intercept.value + whole.slope.value * lp
    assert (joint(again, y).chi2, in_the_large(again, y).value) == pytest.approx((0, 0), abs=1e-7)
    assert errors(risk(again), y, Smoother.LOGISTIC).ici == pytest.approx(0, abs=1e-7)
