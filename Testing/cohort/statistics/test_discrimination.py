"""AUC, DeLong and ROC curve: R's numbers (pROC), worked examples, and what must hold for any scores."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import r_reference
from PTLFPredictorLib.cohort.statistics.discrimination import (
    FEW,
    auc,
    delong,
    delong_paired,
    delong_unpaired,
    hanley_mcneil,
    roc_curve,
)
from PTLFPredictorLib.errors import BadInput

R = r_reference.values("roc")
SCORES = ("clinical", "radiomics", "combined", "score_tied", "inr", "alb")


def scores(split: str) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The six scores of one split, the models' by R's coefficients."""
    rows = r_reference.train() if split == "train" else r_reference.validation()
    columns = {"clinical": ["alb", "inr"], "radiomics": ["radscore"], "combined": ["alb", "inr", "radscore"]}
    found = {name: rows[name].to_numpy() for name in ("score_tied", "inr", "alb")}
    for model, names in columns.items():
        beta = np.array(list(r_reference.values("logistic")[model]["coefficients"].values()))
        found[model] = 1 / (1 + np.exp(-(beta[0] + rows[names].to_numpy() @ beta[1:])))
    return found, rows.ptlf.to_numpy(float)


@pytest.mark.parametrize("split", ["train", "validation"])
@pytest.mark.parametrize("name", SCORES)
def test_auc_standard_errors_and_intervals_are_those_of_proc(split, name):
    found, y = scores(split)
    expected = R[f"auc_{split}"][name]
    result = delong(found[name], y)
    assert auc(found[name], y) == pytest.approx(expected["auc"], abs=1e-10)
    assert (result.auc, result.se) == pytest.approx((expected["auc"], expected["se"]), abs=1e-10)
    assert result.interval == pytest.approx(expected["ci"], abs=1e-10)
    assert result.logit_interval == pytest.approx(expected["ci_logit"], abs=1e-10)
    assert (result.events, result.non_events) == (expected["cases"], expected["controls"])
    error = hanley_mcneil(result.auc, result.events, result.non_events)
    assert error == pytest.approx(expected["se_hanley_mcneil"], abs=1e-10)


def test_the_scores_themselves_are_those_that_r_used():
    found, y = scores("validation")
    assert y.tolist() == R["scores_validation"]["y"]
    for name in SCORES:
        assert found[name] == pytest.approx(np.array(R["scores_validation"][name]), abs=1e-9)


def test_a_curve_below_the_diagonal_is_not_turned():
    found, y = scores("validation")
    assert auc(found["alb"], y) == pytest.approx(R["direction_auto"]["auc_direction_fixed"], abs=1e-10)
    assert auc(found["alb"], y) == pytest.approx(1 - R["direction_auto"]["auc"], abs=1e-10)


def test_the_plain_interval_is_cut_at_one_and_the_logit_interval_need_not_be():
    score = np.array([0.1, 0.2, 0.25, 0.3, 0.35, 0.62, 0.6, 0.7, 0.8, 0.85, 0.9])
    result = delong(score, np.array([0.0] * 6 + [1.0] * 5))
    assert (result.auc, result.se) == pytest.approx((R["ci_clipped"]["auc"], R["ci_clipped"]["se"]), abs=1e-10)
    assert result.interval == pytest.approx(R["ci_clipped"]["ci"], abs=1e-10)
    assert result.interval[1] == 1
    assert result.logit_interval[1] < 1


@pytest.mark.parametrize("pair", ["combined clinical", "combined radiomics", "clinical radiomics", "combined tied"])
def test_the_paired_test_of_proc(pair):
    found, y = scores("validation")
    first, second = pair.replace("tied", "score_tied").split()
    expected = R["delong_paired_validation"][pair.replace(" ", "_")]
    result = delong_paired(found[first], found[second], y)
    assert (result.first, result.second) == pytest.approx((expected["auc1"], expected["auc2"]), abs=1e-10)
    assert (result.statistic, result.p) == pytest.approx((expected["Z"], expected["p"]), abs=1e-10)
    assert result.interval == pytest.approx(expected["ci_difference"], abs=1e-10)
    assert result.covariance == pytest.approx(expected["covariance"], abs=1e-10)
    assert result.df == math.inf


@pytest.mark.parametrize("name", ["clinical", "radiomics", "combined"])
def test_the_unpaired_test_of_proc_has_welchs_degrees_of_freedom(name):
    (first, first_y), (second, second_y) = (scores(split) for split in ("train", "validation"))
    expected = R["delong_unpaired_train_validation"][name]
    result = delong_unpaired(first[name], first_y, second[name], second_y)
    assert (result.statistic, result.p) == pytest.approx((expected["D"], expected["p"]), abs=1e-10)
    assert result.df == pytest.approx(expected["df"], rel=1e-10)
    assert 2 * stats.norm.sf(abs(result.statistic)) == pytest.approx(expected["p_if_normal"], abs=1e-10)


def test_all_points_of_a_tied_score():
    found, y = scores("validation")
    curve = roc_curve(found["score_tied"], y)
    expected = R["roc_points_tied"]
    assert curve.thresholds == pytest.approx(np.array([float(x) for x in expected["thresholds"]]), abs=1e-10)
    assert curve.sensitivity == pytest.approx(np.array(expected["sensitivities"]), abs=1e-10)
    assert curve.specificity == pytest.approx(np.array(expected["specificities"]), abs=1e-10)


def test_harrells_c_of_hmisc_counts_the_same_pairs():
    found, y = scores("validation")
    expected, n = R["rcorr_cens"]["value"], 19 * 44
    assert auc(found["combined"], y) == pytest.approx(expected["C Index"], abs=1e-10)
    assert 2 * auc(found["combined"], y) - 1 == pytest.approx(expected["Dxy"], abs=1e-10)
    assert (2 * n, round(2 * n * auc(found["combined"], y))) == (expected["Relevant Pairs"], expected["Concordant"])


def test_three_pairs_counted_by_hand():
    assert auc(np.array([1.0, 2.0, 2.0, 3.0]), np.array([0, 0, 1, 1])) == 3.5 / 4


def test_two_groups_apart_have_no_interval():
    result = delong(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1]))
    assert result.auc == 1
    assert np.isnan([*result.interval, *result.logit_interval]).all()


def test_scores_that_order_the_cases_alike_do_not_differ():
    found, y = scores("validation")
    result = delong_paired(found["inr"], np.exp(found["inr"]), y)
    assert (result.difference, result.statistic, result.p) == (0, 0, 1)


def test_the_logit_interval_is_preferred_at_few_events():
    rng = np.random.default_rng(1)
    for events, logit in ((FEW - 1, True), (FEW, False)):
        y = np.repeat([1.0, 0.0], [events, 2 * FEW])
        result = delong(rng.normal(y, 1), y)
        assert result.preferred == (result.logit_interval if logit else result.interval)


def test_at_nineteen_events_the_logit_interval_covers_and_delongs_own_does_not():
    """AUC 0.90 by two normal distributions; 2000 draws, Monte Carlo error 0.5 %."""
    rng, distance = np.random.default_rng(20260101), math.sqrt(2) * stats.norm.ppf(0.9)
    y = np.repeat([1.0, 0.0], [19, 44])
    results = [delong(rng.normal(distance * y, 1), y) for _ in range(2000)]
    plain, logit = (
        np.mean([low <= 0.9 <= high for low, high in intervals])
        for intervals in ([r.interval for r in results], [r.logit_interval for r in results])
    )
    assert plain < 0.93
    assert 0.94 < logit < 0.98


def test_an_auc_needs_both_outcomes_and_numbers():
    with pytest.raises(BadInput, match="3 have the outcome and 0 have not"):
        auc(np.arange(3.0), np.ones(3))
    with pytest.raises(BadInput, match="1 of the 3 scores are missing"):
        auc(np.array([1.0, np.nan, 2.0]), np.array([0, 1, 1]))


drawn = st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=4, max_size=40).filter(
    lambda rows: 2 <= sum(event for _, event in rows) <= len(rows) - 2
)


@settings(max_examples=50, deadline=None)
@given(drawn)
def test_for_any_scores(rows):
    score, y = np.array([s for s, _ in rows], float), np.array([e for _, e in rows], float)
    area, curve = auc(score, y), roc_curve(score, y)
    pairs = score[y == 1][:, None] - score[y == 0][None, :]
    assert area == pytest.approx(np.mean((pairs > 0) + 0.5 * (pairs == 0)))
    assert area == pytest.approx(1 - auc(-score, y))
    assert area == pytest.approx(auc(np.exp(score), y))
    assert area == pytest.approx(np.trapezoid(curve.sensitivity[::-1], 1 - curve.specificity[::-1]))
    for cutoff, tp, fp in zip(curve.thresholds, curve.true_positives, curve.false_positives, strict=True):
        assert (tp, fp) == (np.sum(score[y == 1] >= cutoff), np.sum(score[y == 0] >= cutoff))


def test_a_threshold_between_two_neighbouring_doubles_separates_them():
    low = 0.1
    score = np.array([low, np.nextafter(low, 1)])
    curve = roc_curve(score, np.array([0, 1]))
    assert [np.sum(score >= cutoff) for cutoff in curve.thresholds] == [2, 1, 0]
