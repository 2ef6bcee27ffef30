"""Cut-offs, their counts and intervals, NRI and IDI: R's numbers and worked examples."""

from __future__ import annotations

import math

import numpy as np
import pytest

import r_reference
from PTLFPredictorLib.cohort.statistics.classification import at_cutoff, proportion, youden
from PTLFPredictorLib.cohort.statistics.reclassification import reclassification
from PTLFPredictorLib.errors import BadInput

R = r_reference.values("roc")
VALIDATION = {name: np.array(values) for name, values in R["scores_validation"].items() if name != "id"}
Y = VALIDATION["y"]


def train_combined() -> tuple[np.ndarray, np.ndarray]:
    rows = r_reference.train()
    beta = np.array(list(r_reference.values("logistic")["combined"]["coefficients"].values()))
    lp = beta[0] + rows[["alb", "inr", "radscore"]].to_numpy() @ beta[1:]
    return 1 / (1 + np.exp(-lp)), rows.ptlf.to_numpy(float)


def check(found, expected):
    assert (found.tp, found.fp, found.fn, found.tn) == tuple(expected[name] for name in ("tp", "fp", "fn", "tn"))
    for name in ("sensitivity", "specificity", "ppv", "npv", "accuracy"):
        share, of_r = getattr(found, name), expected[name]
        assert share.value == pytest.approx(of_r["value"], abs=1e-10)
        assert share.exact == pytest.approx(of_r["exact"], abs=1e-10)
        assert share.wilson == pytest.approx(of_r["wilson"], abs=1e-10)
    for name, of_r in (("lr_positive", "lr_pos"), ("lr_negative", "lr_neg"), ("f1", "f1")):
        assert getattr(found, name) == pytest.approx(expected[of_r], abs=1e-10)


@pytest.mark.parametrize("case", ["train_combined", "validation_combined", "validation_score_tied"])
def test_youdens_cutoff_is_procs_midpoint(case):
    expected = R["youden"][case]
    score, y = train_combined() if case == "train_combined" else (VALIDATION[case.removeprefix("validation_")], Y)
    found = youden(score, y)
    best = expected["all_best"]
    assert found.ties == pytest.approx(np.atleast_1d(best["threshold"]), abs=1e-10)
    assert found.cutoff == pytest.approx(expected["at_first"]["threshold"], abs=1e-10)
    assert (found.sensitivity, found.specificity) == pytest.approx((best["sensitivity"], best["specificity"]))
    assert found.index + 1 == pytest.approx(best["youden"], abs=1e-10)
    check(at_cutoff(score, y, found.cutoff), expected["at_first"])


def test_the_training_cutoff_applied_to_validation_promises_less_than_validations_own():
    cutoff = youden(*train_combined()).cutoff
    found = at_cutoff(VALIDATION["combined"], Y, cutoff)
    check(found, R["cutoff_from_train_in_validation"]["value"])
    own = youden(VALIDATION["combined"], Y)
    assert found.sensitivity.value + found.specificity.value < own.sensitivity + own.specificity


@pytest.mark.parametrize("cutoff", ["0.2", "0.3", "0.5"])
def test_chosen_cutoffs(cutoff):
    check(at_cutoff(VALIDATION["combined"], Y, float(cutoff)), R["fixed_cutoffs"][cutoff])


def test_a_case_on_the_cutoff_is_positive():
    found = at_cutoff(np.array([0.3, 0.3, 0.29]), np.array([1, 0, 1]), 0.3)
    assert (found.tp, found.fp, found.fn, found.tn) == (1, 1, 1, 0)


def test_of_tied_cutoffs_the_lowest_which_misses_the_fewest_events_is_taken():
    found = youden(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0, 1, 0, 1]))
    assert found.ties == (1.5, 3.5)
    assert (found.cutoff, found.sensitivity, found.specificity, found.index) == (1.5, 1, 0.5, 0.5)


def test_proportions_at_the_ends_and_of_nobody():
    assert proportion(0, 10).exact == pytest.approx((0, 1 - 0.025 ** (1 / 10)))
    assert proportion(10, 10).exact == pytest.approx((0.025 ** (1 / 10), 1))
    nobody = proportion(0, 0)
    assert nobody.n == 0
    assert math.isnan(nobody.value)
    assert np.isnan(nobody.exact).all()


def test_ratios_without_a_false_positive():
    found = at_cutoff(np.array([0.9, 0.8, 0.1]), np.array([1, 1, 0]), 0.5)
    assert (found.lr_positive, found.lr_negative) == (math.inf, 0)


def test_nri_and_idi_of_hmisc():
    expected = R["nri_idi"]
    found = reclassification(VALIDATION["clinical"], VALIDATION["combined"], Y)
    assert (found.nri, found.nri_se) == pytest.approx((expected["nri"], expected["se_nri"]), abs=1e-10)
    assert found.nri_events == pytest.approx(expected["nri_event"], abs=1e-10)
    assert found.nri_non_events == pytest.approx(expected["nri_nonevent"], abs=1e-10)
    assert (found.idi, found.idi_se) == pytest.approx((expected["idi"], expected["se_idi"]), abs=1e-10)
    assert found.idi_z == pytest.approx(expected["z_idi"], abs=1e-10)


def test_reclassification_needs_two_of_each():
    with pytest.raises(BadInput, match="two cases or more"):
        reclassification(np.zeros(3), np.ones(3), np.array([1, 0, 0]))
