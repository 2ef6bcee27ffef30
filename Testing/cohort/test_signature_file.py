"""Fitted numbers become a signature file that can be read, and in which each number says where it came from."""

import copy
import json
from dataclasses import replace

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_signatures import SITE, four_predictors
from PTLFPredictorLib.cohort import signature_file
from PTLFPredictorLib.cohort.signature_file import FittedOutcome
from PTLFPredictorLib.signature import evidence, geometry, parse
from PTLFPredictorLib.signature.evidence import ObservedMasks
from PTLFPredictorLib.signature.files import FOLDER
from PTLFPredictorLib.signature.model import NormalisationOrigin

SCHEMA = json.loads((FOLDER / "signature.schema.json").read_text(encoding="utf-8"))

SLOPE = FittedOutcome(
    intercept=-14.5,
    coefficients={"ALB": 0.163, "INR": 7.597, "Radscore": 0.25},
    estimated=("intercept", "Radscore"),
    covariance=np.array([[0.06, -0.01], [-0.01, 0.004]]),
    how="150 cases, 40 with PTLF",
)


def written(published_data, fitted, masks=SITE.masks, **parts):
    """A file with evidence, of the published one, a fit and normal features."""
    drawn = np.random.default_rng(3)
    keys = [term.key for term in parse(published_data).terms]
    radscore = drawn.normal(0, 5, 150)
    data = copy.deepcopy(dict(published_data))
    data["kind"] = "site"
    data["outcome"] = signature_file.outcome(data["outcome"], data["predictors"], fitted)
    data["normalisation"] = signature_file.normalisation(
        NormalisationOrigin.SITE, 150, "test", dict.fromkeys(keys, 10.0), dict.fromkeys(keys, 2.0), radscore=radscore
    )
    axes = {**data["nomogram"]["axes"], "Radscore": signature_file.radscore_axis(radscore)}
    data["nomogram"] = signature_file.nomogram(data["predictors"], fitted.coefficients, axes)
    data["input"] = signature_file.input_of(data["input"], SITE.protocol)
    data["voi_source"] = str(signature_file.voi_source_of(masks))
    data["development_ranges"] = signature_file.development_ranges(
        {"ALB": drawn.normal(38, 6, 150), "INR": drawn.lognormal(0.03, 0.1, 150), "Radscore": radscore}, "150 cases"
    )
    data.update(parts)
    of_fit = {"estimated": fitted.estimated, "fixed": fitted.fixed, "covariance": fitted.for_evidence}
    return evidence.write(data, replace(SITE, masks=masks, **of_fit))


def test_a_fit_of_some_coefficients_is_a_file_that_says_which(published_data):
    data = written(published_data, SLOPE)
    jsonschema.validate(data, SCHEMA)
    signature = parse(data)
    assert signature.evidence.fixed == ("ALB", "INR")
    assert data["outcome"]["coefficients"]["ALB"] == published_data["outcome"]["coefficients"]["ALB"]
    assert data["outcome"]["coefficients"]["Radscore"] == {"value": 0.25, "unit": "1", "origin": "fitted"}
    assert signature.risk_model.intercept.range is None
    assert signature.risk_model.covariance is None  # which would have to name every coefficient
    np.testing.assert_array_equal(signature.covariance.matrix, SLOPE.covariance)


def test_a_fit_of_all_coefficients_has_its_covariance_in_the_model_too(published_data):
    everything = replace(SLOPE, estimated=("intercept", "ALB", "INR", "Radscore"), covariance=np.diag([4, 0.1, 3, 0.1]))
    data = written(published_data, everything)
    assert parse(data).risk_model.covariance.names == everything.estimated
    assert "odds_ratio" not in data["outcome"]["coefficients"]["ALB"]


def test_the_nomogram_gives_the_widest_axis_a_hundred_points_and_starts_each_at_its_least_risk(published_data):
    coefficients = {**SLOPE.coefficients, "ALB": -0.1}
    estimated = ("intercept", "ALB", "Radscore")
    turned = replace(SLOPE, coefficients=coefficients, estimated=estimated, covariance=np.eye(3))
    axes = {axis.name: axis for axis in geometry(parse(written(published_data, turned))).axes}
    highest = {name: max(axis.points_low, axis.points_high) for name, axis in axes.items()}
    assert max(highest.values()) == pytest.approx(100)
    widest = 0.25 * (axes["Radscore"].high - axes["Radscore"].low)
    assert highest["Radscore"] == pytest.approx(100)
    assert (axes["ALB"].points_low, axes["ALB"].points_high) == (pytest.approx(0.1 * 44 / widest * 100), 0)
    assert axes["Radscore"].points_low == axes["INR"].points_low == 0


def test_levels_start_at_the_one_of_least_risk(published_data):
    four = four_predictors(published_data)
    coefficients = {"ALB": 0.1, "ALBI": 2.0, "Tumours=multiple": -0.7, "Radscore": 0.3}
    made = signature_file.nomogram(four["predictors"], coefficients, four["nomogram"]["axes"])
    assert made["axes"]["Tumours"] == {"zero_points_at": "multiple"}
    assert signature_file.columns_of(four["predictors"][2]) == ["Tumours=multiple"]


@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e4))
def test_an_axis_holds_its_values_between_round_ends_with_few_ticks(low, width):
    made = signature_file.axis(low, low + width)
    (first, last), step = made["range"], made["step"]
    assert first <= low + 1e-6 * step
    assert last >= low + width - 1e-6 * step
    assert (last - first) / step <= signature_file.MOST_STEPS + 2
    assert first / step == pytest.approx(round(first / step), abs=1e-6)


def test_an_axis_ends_where_nothing_can_be_meant():
    assert signature_file.axis(18.2, 61.0, within=(15, 60))["range"] == [15, 60]


def test_the_axis_of_the_radscore_leaves_room_beyond_the_cases():
    radscore = np.linspace(-10, 10, 101)
    low, high = signature_file.radscore_axis(radscore)["range"]
    assert low <= -10 - np.std(radscore, ddof=1)
    assert high >= 10 + np.std(radscore, ddof=1)


def test_percentiles_are_named_and_those_of_type_seven():
    assert signature_file.percentiles(np.arange(101.0)) == {
        "p1": 1, "p5": 5, "p25": 25, "p50": 50, "p75": 75, "p95": 95, "p99": 99,
    }  # fmt: skip


def test_the_input_is_what_was_seen_with_the_tolerance_that_evidence_covers(published_data):
    made = signature_file.input_of(published_data["input"], replace(SITE.protocol, slice_thickness_mm=(1.25, 2.5)))
    assert made["slice_thickness_mm"] == pytest.approx([1.125, 2.75])
    assert made["phase"] == ["portal venous"]
    assert made["kvp"] == [120.0]
    assert signature_file.input_of(published_data["input"], replace(SITE.protocol, kvp=()))["kvp"] == 120


def test_who_drew_the_segments_is_told_by_the_cases():
    models = ("a" * 64,)
    assert signature_file.voi_source_of(ObservedMasks(models)) == "automatic"
    assert signature_file.voi_source_of(ObservedMasks(models, edited_share=0.03)) == "corrected"
    assert signature_file.voi_source_of(ObservedMasks(by_hand=True)) == "manual"


def test_the_note_on_albumins_direction_stays_only_where_it_is_true(published_data):
    def kept(albumin):
        return [note["id"] for note in signature_file.notes_that_hold(published_data["notes"], {"ALB": albumin})]

    assert (kept(0.1), kept(-0.1)) == (["alb_direction"], [])


def test_a_predictor_of_small_numbers_keeps_its_range():
    grams, constant = np.linspace(0.0002, 0.0008, 101), np.full(30, 0.3)
    found = signature_file.development_ranges({"grams": grams, "constant": constant}, "these cases")
    assert found["grams"] == [0.000215, 0.000785]
    assert found["constant"] is None
