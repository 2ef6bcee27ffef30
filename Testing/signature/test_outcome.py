"""Outcome models: the logistic one, and one that is added from outside the library."""

import copy
import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_signatures import FOUR_VARIANCES, four_predictors
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.signature import Entered, assess, equation, evidence, geometry, load, outcome, parse, what_if
from PTLFPredictorLib.signature.outcome import Covariance, Linear
from PTLFPredictorLib.signature.outcome.logistic import logistic, read


@dataclass(frozen=True)
class ComplementaryLogLog(Linear):
    """``log(-log(1 - P)) = linear predictor``: a model that the library does not have."""

    def risk(self, linear_predictor):
        return -math.expm1(-math.exp(min(linear_predictor, 700.0)))

    def linear_predictor_of(self, risk):
        return math.log(-math.log1p(-risk))

    def left_side(self, outcome):
        return f"cloglog P({outcome})"


def read_cloglog(entry, predictors):
    return ComplementaryLogLog(**vars(read(entry, predictors)))


@pytest.fixture
def cloglog(published_data, monkeypatch):
    """The signature with four predictors, its risk by another model, and evidence on that."""
    monkeypatch.setitem(outcome.KINDS, "cloglog", read_cloglog)
    data = four_predictors(published_data)
    block = parse(data).evidence
    data["outcome"]["kind"] = "cloglog"
    assert parse(data).evidence is None, "another model is another number"
    return parse(evidence.write(data, replace(block, content_sha256="")))


def test_a_model_from_outside_goes_all_the_way(cloglog):
    raw = {term.key: 11.0 for term in cloglog.terms}
    score = 0.5 * math.fsum(term.coefficient for term in cloglog.terms)
    albi = 0.66 * math.log10(20.0) - 0.085 * 40.0
    lp = 0.5 + 0.1 * 40.0 + 2.0 * albi + 0.7 + 0.3 * score
    entered = Entered({"ALB": 40.0, "bilirubin": 20.0, "Tumours": "multiple"})
    shown = assess(cloglog, raw, entered, []).prediction
    assert shown.risk == pytest.approx(1 - math.exp(-math.exp(lp)))
    x = np.array([1.0, 40.0, albi, 1.0, score])
    half = 1.959964 * math.sqrt(x @ np.diag(list(FOUR_VARIANCES.values())) @ x)
    assert shown.risk_interval == pytest.approx(
        tuple(1 - math.exp(-math.exp(lp + sign * half)) for sign in (-1, 1)), rel=1e-5
    )
    assert geometry(cloglog).risk_of_total(shown.total_points) == pytest.approx(shown.risk)
    assert geometry(cloglog).total_of_risk(shown.risk) == pytest.approx(shown.total_points)
    (band,) = what_if(cloglog, entered, score).bands
    assert (band.low, band.high) == pytest.approx(shown.risk_interval)
    assert equation(cloglog).startswith("cloglog P(PTLF) = 0.5 + 0.1 x ALB [g/L]")


def test_a_model_that_nobody_added_is_refused_with_those_there_are(published_data):
    data = copy.deepcopy(published_data)
    data["outcome"]["kind"] = "cloglog"
    with pytest.raises(BadInput, match=r"'outcome.kind' is 'cloglog'; it must be one of logistic"):
        parse(data)


@given(st.floats(-30, 30))
def test_the_link_of_the_logistic_model_is_its_own_inverse(x):
    model = load("ptlf-published").risk_model
    assert model.linear_predictor_of(model.risk(x)) == pytest.approx(x, abs=1e-2 if x > 20 else 1e-6)


@pytest.mark.parametrize(
    ("x", "risk"), [(0.0, 0.5), (math.log(3), 0.75), (-math.log(3), 0.25), (800, 1.0), (-800, 0.0)]
)
def test_the_logistic_risk(x, risk):
    assert logistic(x) == pytest.approx(risk)


def test_columns_of_the_design_are_one_for_each_level_but_the_reference(published_data):
    model = parse(four_predictors(published_data)).risk_model
    assert model.columns == ("ALB", "ALBI", "Tumours=multiple", "Radscore")
    values = {"ALB": 40.0, "ALBI": -2.0, "Tumours": "single", "Radscore": 1.0}
    assert model.design(values) == {"ALB": 40.0, "ALBI": -2.0, "Tumours=multiple": 0.0, "Radscore": 1.0}
    with pytest.raises(ValueError, match="Tumours has no level 'several'"):
        model.design({**values, "Tumours": "several"})


def test_the_half_width_is_by_the_covariance_of_the_columns():
    matrix = np.array([[4.0, -0.5, 0.1], [-0.5, 1.0, 0.2], [0.1, 0.2, 0.3]])
    covariance = Covariance(("intercept", "Tumours=multiple", "Radscore"), matrix)
    row = {"ALB": 40.0, "Tumours=multiple": 1.0, "Radscore": 2.0}
    variance = 4.0 + 1.0 + 4 * 0.3 + 2 * (-0.5 + 2 * 0.1 + 2 * 0.2)
    assert covariance.half_width(row) == pytest.approx(1.959964 * math.sqrt(variance), rel=1e-6)
