"""The published example and the published numbers, from the source to the screen."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_signatures import alb_inr
from PTLFPredictorLib.cli import main
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.signature import (
    geometry,
    intercept,
    interval_text,
    load,
    risk_text,
    what_if,
)
from PTLFPredictorLib.signature.outcome.logistic import logistic

PUBLISHED_POINTS = {"ALB": 26.5, "INR": 17.5, "Radscore": 55.74}


@pytest.fixture(scope="module")
def signature():
    return load("ptlf-published")


def test_points_of_the_worked_example_agree_with_the_paper(signature):
    prediction = what_if(signature, alb_inr(43.6, 1.09), 7.72)
    for name, points in PUBLISHED_POINTS.items():
        assert prediction.points[name] == pytest.approx(points, abs=0.09)
    assert prediction.total_points == pytest.approx(99.74, abs=0.02)


def test_risk_of_the_worked_example_is_marked_as_derived_and_what_if_and_told_in_two_bands(signature):
    prediction = what_if(signature, alb_inr(43.6, 1.09), 7.72)
    assert prediction.risk == pytest.approx(0.837, abs=0.0005)
    assert [interval_text((band.low, band.high)) for band in prediction.bands] == ["74-86 %", "43-96 %"]
    assert prediction.linear_predictor == pytest.approx(1.635, abs=0.0005)
    assert prediction.is_what_if
    assert "derived, not published" in prediction.reason


def test_the_nomogram_command_shows_both_bands_the_prevalence_and_which_way_albumin_points(capsys):
    assert main("nomogram --alb 43.6 --inr 1.09 --radscore 7.72".split()) == 0
    said = capsys.readouterr().out
    assert "Risk, what-if: 74-86 % over the derived intercept's range\n" in said
    assert "43-96 % over that and the printed standard errors of the coefficients" in said
    assert "This assumes that 24.5 % get PTLF" in said
    assert "Where 7.5 % do" in said
    assert "84 %" not in said
    assert "0.837" not in said
    assert "In this model a higher albumin raises the risk" in said


def test_the_nomogram_command_as_json_keeps_the_risk_beside_its_bands(capsys):
    assert main("nomogram --alb 43.6 --inr 1.09 --radscore 7.72 --json".split()) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["risk"] == pytest.approx(0.837, abs=0.0005)
    assert [(round(band["low"], 3), round(band["high"], 3)) for band in said["bands"]] == [
        (0.738, 0.862),
        (0.429, 0.959),
    ]


def test_ten_terms_with_the_printed_coefficients(signature):
    assert len(signature.terms) == 10
    assert [t.voi for t in signature.terms].count("tumor") == 2
    assert signature.terms[0].coefficient == 1.642723664780366
    assert signature.normalisation is None


@given(alb=st.floats(15, 60), inr=st.floats(0.5, 6), score=st.floats(-50, 60))
def test_the_axes_read_back_what_was_put_in_and_the_total_is_the_equation(alb, inr, score):
    signature = load("ptlf-published")
    shape = geometry(signature)
    values = {"ALB": alb, "INR": inr, "Radscore": score}
    for name, value in values.items():
        assert shape.value(name, shape.points(name, value)) == pytest.approx(value, abs=1e-9)
    prediction = what_if(signature, alb_inr(alb, inr), score)
    assert shape.total(values) == pytest.approx(prediction.total_points, abs=1e-9)
    assert shape.risk_of_total(shape.total(values)) == pytest.approx(prediction.risk, abs=1e-12)


@given(st.floats(0.001, 0.999))
def test_risk_axis_is_its_own_inverse(risk):
    shape = geometry(load("ptlf-published"))
    assert shape.risk_of_total(shape.total_of_risk(risk)) == pytest.approx(risk, abs=1e-12)


@given(st.floats(-800, 800))
def test_logistic_never_overflows(x):
    assert 0 <= logistic(x) <= 1


@pytest.mark.parametrize(
    ("risk", "text"),
    [(0.0099, "<1 %"), (0.01, "1 %"), (0.8368, "84 %"), (0.99, "99 %"), (0.9901, ">99 %"), (0.5, "50 %")],
)
def test_risk_is_an_integer_percent(risk, text):
    assert risk_text(risk) == text


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        ((0.738, 0.862), "74-86 %"),
        ((0.001, 0.03), "<1 to 3 %"),
        ((0.8, 0.999), "80 to >99 %"),
        ((0.995, 0.999), ">99 %"),
        ((0.4, 0.404), "40 %"),
    ],
)
def test_interval_for_people(interval, text):
    assert interval_text(interval) == text


def test_intercept_from_two_points_of_the_figure(signature):
    shape = geometry(signature)
    readings = [(90.0, shape.risk_of_total(90.0)), (100.0, shape.risk_of_total(100.0))]
    completed = intercept.from_figure(signature, readings)
    assert completed.risk_model.intercept.value == pytest.approx(-16.2, abs=1e-9)
    assert completed.risk_model.intercept.origin == "figure"
    assert completed.id == "ptlf-published-figure"
    shown = what_if(completed, alb_inr(43.6, 1.09), 7.72)
    assert "read off the paper's figure" in shown.reason
    assert shown.bands[-1].over.endswith("the printed standard errors of the coefficients (95 %, taken as independent)")
    assert shown.assumes == "This assumes that 24.5 % get PTLF, as in the training cohort (36 of 147)."


def test_the_note_on_the_derived_intercept_gives_way_to_the_figure(signature):
    shape = geometry(signature)
    completed = intercept.from_figure(
        signature, [(90.0, shape.risk_of_total(91.0)), (100.0, shape.risk_of_total(101.0))]
    )
    assert "-16.2" not in completed.notes["intercept"]
    assert "read off" in completed.notes["intercept"]
    assert "-16.03" in completed.notes["intercept"]
    assert completed.notes["alb_direction"] == signature.notes["alb_direction"]


@pytest.mark.parametrize(
    ("readings", "sentence"),
    [
        ([(90, 0.5)], "Two points"),
        ([(90, 0.5), (90, 0.6)], "same total points"),
        ([(90, 0.5), (100, 84)], "between 0 and 1"),
        ([(60, 0.5), (100, 0.84)], "do not fit this nomogram"),
        ([(100, 0.5), (90, 0.84)], "do not fit this nomogram"),
    ],
)
def test_misread_figures_are_refused(signature, readings, sentence):
    with pytest.raises(BadInput, match=sentence):
        intercept.from_figure(signature, readings)
