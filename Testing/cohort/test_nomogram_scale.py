"""From cases to points: our fit, the scale of the signature file and the nomogram's geometry give what R's rms draws.

rms lets an axis run over round numbers around the training data by a rule of its own (GPL); here the ends are given, as
it gives them, and everything that follows from ends and coefficients is compared.  Its splines are no part of ours.
"""

import numpy as np
import pytest

import r_reference as r
from made_signatures import normalised
from PTLFPredictorLib.cohort import signature_file
from PTLFPredictorLib.cohort.signature_file import FittedOutcome
from PTLFPredictorLib.cohort.statistics.logistic import MaximumLikelihood, expit
from PTLFPredictorLib.signature import geometry, parse

NAMES = {"alb": "ALB", "inr": "INR", "radscore": "Radscore", "ascites": "Radscore", "bclc": "BCLC"}
"""In R, and in the signature, which must have a Radscore: in one model ascites (0, 1, 2) stands in its place."""

OF_MODEL = {
    "combined_negative_albumin": ["alb", "inr", "radscore"],
    "positive_only": ["inr", "radscore"],
    "with_categorical": ["alb", "inr", "radscore", "bclc"],
    "few_values": ["alb", "inr", "ascites"],
    "limits_set_by_user": ["alb", "inr", "radscore"],
}

LEVELS = ("A", "B", "C")


def predictor(data, name):
    """As a signature file has it: the published one's, or entered levels."""
    known = {one["id"]: one for one in data["predictors"]}
    if name in known:
        return known[name]
    levels = [{"value": level, "label": level} for level in LEVELS]
    return {"id": name, "label": name, "source": "entered", "kind": "categorical", "levels": levels}


def drawn(data, model):
    """Geometry of the nomogram of our fit of a model, on R's ends and ticks."""
    names = OF_MODEL[model]
    cohort = r.train()[[*names, "ptlf"]].dropna()
    columns = []
    for name in names:
        of_levels = [(cohort[name] == level).astype(float) for level in LEVELS[1:]] if name == "bclc" else []
        columns += of_levels or [cohort[name]]
    fit = MaximumLikelihood().fit(np.column_stack(columns), cohort.ptlf)
    made = normalised(data, "site")
    made["predictors"] = [predictor(data, NAMES[name]) for name in names]
    designed = [column for one in made["predictors"] for column in signature_file.columns_of(one)]
    coefficients = dict(zip(designed, fit.params_[1:], strict=True))
    estimated = ("intercept", *designed)
    fitted = FittedOutcome(fit.params_[0], coefficients, estimated, fit.covariance_, "147 synthetic cases")
    axes = {}
    for name, theirs in r.values("nomogram")[model]["axes"].items():
        if name != "bclc":
            ticks = sorted(theirs["x"])
            axes[NAMES[name]] = {"range": [ticks[0], ticks[-1]], "tick_rule": "listed", "ticks": ticks}
    made["outcome"] = signature_file.outcome(made["outcome"], made["predictors"], fitted)
    made["nomogram"] = signature_file.nomogram(made["predictors"], coefficients, axes)
    made["development_ranges"] = {one["id"]: None for one in made["predictors"]} | {"origin": "fitted"}
    made["notes"] = []
    return geometry(parse(made))


@pytest.fixture(scope="module", params=OF_MODEL)
def both(request, published_data):
    return drawn(published_data, request.param), r.values("nomogram")[request.param]


def test_points_per_logit_and_the_linear_predictor_at_no_points(both):
    ours, theirs = both
    assert ours.points_per_logit == pytest.approx(theirs["points_per_lp"], abs=1e-8)
    assert ours.offset == pytest.approx(theirs["lp_at_zero_points"], abs=1e-8)


def test_points_of_every_tick_of_every_axis(both):
    ours, theirs = both
    for name, axis in theirs["axes"].items():
        points = list(axis["points"].values()) if isinstance(axis["points"], dict) else axis["points"]
        assert [ours.points(NAMES[name], x) for x in axis["x"]] == pytest.approx(points, abs=1e-8), name
        assert [value for value, _ in ours.axis(NAMES[name]).ticks] == sorted(axis["x"])
        assert min(ours.axis(NAMES[name]).points_low, ours.axis(NAMES[name]).points_high) == 0


def test_a_negative_coefficient_turns_its_axis(both):
    ours, theirs = both
    for name in theirs["axes"]:
        axis = ours.axis(NAMES[name])
        assert (axis.points_low > axis.points_high) == (name == "alb"), name


@pytest.mark.parametrize("model", [name for name in OF_MODEL if name != "limits_set_by_user"])
def test_total_points_to_risk_and_back(published_data, model):
    ours, theirs = drawn(published_data, model), r.values("nomogram")[model]
    table, ticks, lines = theirs["total_points_to_risk"], theirs["risk_ticks"], theirs["lp_ticks"]
    assert [ours.risk_of_total(t) for t in table["total_points"]] == pytest.approx(table["risk"], abs=1e-9)
    totals = [ours.total_of_risk(p) for p in ticks["risk"]]
    assert totals == pytest.approx(ticks["total_points_exact"], abs=1e-8)
    assert totals == pytest.approx(ticks["total_points"], abs=1e-3)  # rms interpolates
    assert [ours.total_of_risk(expit(lp)) for lp in lines["lp"]] == pytest.approx(lines["total_points"], abs=1e-8)
    assert ours.total_high >= theirs["total_points_ticks"][-1] - ours.total_step


def test_points_and_risk_of_a_case(published_data):
    ours, theirs = drawn(published_data, "with_categorical"), r.values("nomogram")["points_of_case"]
    case = {"ALB": 36.4, "INR": 1.21, "Radscore": 0.8, "BCLC": "C"}
    for name, points in theirs["points"].items():
        assert ours.points(NAMES[name], case[NAMES[name]]) == pytest.approx(points, abs=1e-8), name
    assert ours.total(case) == pytest.approx(theirs["total"], abs=1e-8)
    assert ours.offset + ours.total(case) / ours.points_per_logit == pytest.approx(theirs["lp"], abs=1e-9)
    assert ours.risk_of_total(ours.total(case)) == pytest.approx(theirs["risk"], abs=1e-9)
