"""Net benefit: R's numbers by the formula, the edge of ``>=``, and identities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import r_reference
from PTLFPredictorLib.cohort.statistics.decision_curve import grid, net_benefit
from PTLFPredictorLib.errors import BadInput

R = r_reference.values("decision_curve")
SCORES = {name: np.array(v) for name, v in r_reference.values("roc")["scores_validation"].items() if name != "id"}
Y, THRESHOLDS = SCORES["y"], np.array(R["validation"]["thresholds"])


@pytest.mark.parametrize("name", ["clinical", "radiomics", "combined", "score_tied"])
def test_net_benefit_of_each_model_in_validation(name):
    curve = net_benefit(SCORES[name], Y, THRESHOLDS)
    assert curve.net_benefit == pytest.approx(np.array(R["validation"][name]), abs=1e-12)
    assert curve.treat_all == pytest.approx(np.array(R["validation"]["treat_all"]), abs=1e-12)
    assert curve.prevalence == pytest.approx(R["validation"]["prevalence"], abs=1e-12)


@pytest.mark.parametrize(("name", "columns"), [
    ("clinical", ["alb", "inr"]), ("radiomics", ["radscore"]), ("combined", ["alb", "inr", "radscore"]),
])  # fmt: skip
def test_net_benefit_in_train(name, columns):
    rows = r_reference.train()
    beta = np.array(list(r_reference.values("logistic")[name]["coefficients"].values()))
    p = 1 / (1 + np.exp(-(beta[0] + rows[columns].to_numpy() @ beta[1:])))
    curve = net_benefit(p, rows.ptlf.to_numpy(), np.array(R["train"]["thresholds"]))
    assert curve.net_benefit == pytest.approx(np.array(R["train"][name]), abs=1e-12)


def test_what_follows_from_net_benefit():
    curve, expected = net_benefit(SCORES["combined"], Y, THRESHOLDS), R["validation"]
    assert curve.standardised == pytest.approx(np.array(expected["standardised_combined"]), abs=1e-12)
    avoided = np.array(expected["interventions_avoided_per_100_combined"])
    assert curve.interventions_avoided == pytest.approx(avoided, abs=1e-10)
    rarer = net_benefit(SCORES["combined"], Y, THRESHOLDS, prevalence=0.075)
    assert rarer.net_benefit == pytest.approx(np.array(expected["combined_prevalence_0.075"]), abs=1e-12)


def test_a_risk_that_equals_the_threshold_is_positive():
    p, y = np.array([0.15, 0.15, 0.1]), np.array([1, 0, 0])
    assert net_benefit(p, y, np.array([0.15])).net_benefit == pytest.approx([1 / 3 - 1 / 3 * 0.15 / 0.85])
    strict = np.array(R["validation"]["score_tied_strict_greater"])
    assert np.abs(net_benefit(SCORES["score_tied"], Y, grid(0.05, 0.95, 0.05)).net_benefit - strict).max() > 0.01


def test_the_grid_holds_decimals_not_sums_of_steps():
    assert 0.15 in grid()
    assert grid().tolist() == [float(f"{i / 100:.2f}") for i in range(1, 100)]
    assert 0.15 not in np.arange(0.05, 0.5, 0.05)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=2, max_size=40))
def test_for_any_risks(rows):
    p, y = np.array([r / 20 for r, _ in rows]), np.array([e for _, e in rows], float)
    if not 0 < y.mean() < 1:
        return
    curve = net_benefit(p, y)
    assert (curve.net_benefit <= y.mean() + 1e-12).all()
    below = curve.thresholds <= p.min()
    assert curve.net_benefit[below] == pytest.approx(curve.treat_all[below])
    assert curve.net_benefit[curve.thresholds > p.max()] == pytest.approx(0)
    index = np.argmin(np.abs(curve.thresholds - 0.3))
    assert curve.thresholds[index] == 0.3
    tp, fp = np.sum((p >= 0.3) & (y == 1)), np.sum((p >= 0.3) & (y == 0))
    assert curve.net_benefit[index] == pytest.approx(tp / len(y) - fp / len(y) * 0.3 / 0.7)


@pytest.mark.parametrize(("p", "y", "thresholds", "match"), [
    ([0.1, 1.2], [0, 1], [0.5], "risks from 0 to 1"),
    ([0.1, np.nan], [0, 1], [0.5], "risks from 0 to 1"),
    ([0.1, 0.2], [0, 1], [1.0], "between 0 and 1"),
    ([0.1, 0.2], [1, 1], [0.5], "with and cases without"),
])  # fmt: skip
def test_what_is_refused(p, y, thresholds, match):
    with pytest.raises(BadInput, match=match):
        net_benefit(np.array(p), np.array(y), np.array(thresholds))
