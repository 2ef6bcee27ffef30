"""The signature file of a development: complete, of the general predictors, and bound to its evidence."""

import json

import jsonschema
import numpy as np
import pytest

from made_cohort import SETTINGS, made_cohort
from PTLFPredictorLib.cohort.develop import signature
from PTLFPredictorLib.cohort.develop.clinical import ClinicalPlan
from PTLFPredictorLib.cohort.develop.pipeline import Model, Pipeline
from PTLFPredictorLib.cohort.develop.signature import Naming
from PTLFPredictorLib.cohort.develop.variables import candidates
from PTLFPredictorLib.cohort.selection import SelectionPlan
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.signature import Entered, completeness, geometry, load, parse, reading
from PTLFPredictorLib.signature.evidence import settings_sha256
from PTLFPredictorLib.signature.files import FOLDER
from PTLFPredictorLib.signature.radscore import score_terms, sum_of

BASE = load("ptlf-published")


@pytest.fixture(scope="module")
def training():
    data = made_cohort()
    return data.only(data.split == "training")


@pytest.fixture(scope="module")
def pipeline(training):
    variables = candidates(training.columns, training.clinical)
    clinical = ClinicalPlan(always=("ALB", "bilirubin", "cirrhosis"))
    return Pipeline(SelectionPlan(), clinical, variables).fit(
        training.features, training.clinical, training.outcome.to_numpy()
    )


@pytest.fixture(scope="module")
def data(pipeline, training):
    return signature.build(pipeline, training, BASE, SETTINGS, Naming("here", ""))


def proven(data, pipeline, training, **changes):
    given = {
        "time": "2026-11-26T12:00:00+00:00",
        "report_sha256": "1" * 64,
        "lock_sha256": "2" * 64,
        "calibration": {"slope": 0.8},
        "settings_sha256": settings_sha256(data["extraction"]),
        "risk_shown": True,
    }
    return signature.with_evidence(data, pipeline, training, **(given | changes))


def test_it_is_a_file_of_schema_2_that_is_unproven_without_its_evidence_and_complete_with_it(data, pipeline, training):
    schema = json.loads((FOLDER / "signature.schema.json").read_text(encoding="utf-8"))
    whole = proven(data, pipeline, training)
    for one in (data, whole):
        jsonschema.validate(one, schema)
    assert completeness(reading.read(data)) == "unproven"
    assert completeness(parse(whole)) == "complete"


def test_its_predictors_are_what_the_base_knows_and_further_columns_with_units_and_levels(data):
    found = {one.id: one for one in reading.read(data).predictors}
    assert list(found) == ["ALB", "INR", "bilirubin", "BCLC_stage", "cirrhosis", "Radscore"]
    assert (found["ALB"].label, found["ALB"].unit, found["ALB"].quantity_name) == ("Albumin", "g/L", "albumin")
    assert [unit.unit for unit in found["bilirubin"].units] == ["umol/L", "mg/dL"]
    assert [level.value for level in found["BCLC_stage"].levels] == ["A", "B", "C"]
    assert found["BCLC_stage"].label == "BCLC stage"
    assert [(level.value, level.label) for level in found["cirrhosis"].levels] == [("0", "no"), ("1", "yes")]


def test_a_patient_s_score_and_risk_are_the_model_s(data, pipeline, training):
    made = parse(proven(data, pipeline, training))
    lp = pipeline.linear_predictors(training.features, training.clinical)[Model.COMBINED]
    score = pipeline.score(training.features)
    for place in (0, 17, 99):
        features = {
            term.key: training.features[f"{term.voi.in_files}__{term.feature}"].iloc[place] for term in made.terms
        }
        radscore = sum_of(made, score_terms(made, features))
        assert radscore == pytest.approx(score[place])
        row = training.clinical.iloc[place]
        entered = {"ALB": (row.ALB, "g/L"), "INR": (row.INR, "1"), "bilirubin": (row.bilirubin, "umol/L")}
        entered |= {"BCLC_stage": (row["BCLC stage"], None), "cirrhosis": (f"{row.cirrhosis:g}", None)}
        values = made.values_of(Entered.checked(made, entered), radscore)
        assert made.risk_model.linear_predictor(values) == pytest.approx(lp[place])
        assert made.covariance.half_width(made.risk_model.design(values)) > 0


def test_evidence_holds_who_was_fitted_on(data, pipeline, training):
    made = parse(proven(data, pipeline, training)).evidence
    risk = pipeline.models_[Model.COMBINED].risk
    assert (made.n, made.events) == (risk.n, risk.events)
    assert made.estimated == (
        "intercept",
        "ALB",
        "INR",
        "bilirubin",
        "BCLC_stage=B",
        "BCLC_stage=C",
        "cirrhosis=1",
        "Radscore",
    )
    assert made.covariance.matrix == pytest.approx(risk.covariance)
    assert made.fixed == ()
    assert set(made.axes) == {"ALB", "INR", "bilirubin", "Radscore"}
    assert len(made.percentiles) == len(pipeline.radscore_.names_)
    assert (made.protocol.slice_thickness_mm, made.protocol.kernels) == ((4.6, 5.0), ("soft",))


def test_a_changed_number_voids_the_evidence(data, pipeline, training):
    whole = proven(data, pipeline, training)
    whole["normalisation"]["values"][0]["mean"] += 0.1
    assert reading.read(whole).evidence is None


def test_without_leave_to_show_a_risk_there_is_no_covariance(data, pipeline, training):
    made = parse(proven(data, pipeline, training, risk_shown=False))
    assert made.evidence.covariance is None
    assert completeness(made) != "complete"


def test_the_normalisation_is_the_training_cases_and_says_which_sd(data, pipeline, training):
    values = data["normalisation"]["values"]
    assert data["normalisation"]["n"] == 100
    assert "n-1" in data["normalisation"]["how"]
    for one in values:
        column = training.features[f"{one['voi']}__{one['feature']}"]
        assert one["mean"] == pytest.approx(column.mean())
        assert one["sd"] == pytest.approx(column.std(ddof=1))
    logs = [one for one in values if "log_mean" in one]
    for one in logs:
        column = np.log(training.features[f"{one['voi']}__{one['feature']}"])
        assert (one["log_mean"], one["log_sd"]) == pytest.approx((column.mean(), column.std(ddof=1)))


def test_its_nomogram_holds_every_case_and_its_points_are_the_linear_predictor(data, pipeline, training):
    made = reading.read(data)
    drawn = geometry(made)
    for axis in drawn.axes:
        assert axis.points_high <= drawn.points_max
    score = pipeline.score(training.features)
    low, high = drawn.axis("Radscore").low, drawn.axis("Radscore").high
    assert low < score.min() < score.max() < high
    assert drawn.axis("INR").hatched_above == 1.5


def test_synthetic_cases_make_a_demonstration(pipeline, training):
    import dataclasses

    synthetic = dataclasses.replace(training, synthetic=True)
    made = signature.build(pipeline, synthetic, BASE, SETTINGS, Naming())
    assert (made["kind"], made["normalisation"]["origin"]) == ("demo", "demo")
    assert "not for patients" in made["title"]
    whole = proven(made, pipeline, synthetic)
    assert whole["evidence"]["synthetic"] is True
    assert reading.read(
        {**whole, "kind": "site"} | {"normalisation": {**whole["normalisation"], "origin": "site"}}
    ).is_demo


def test_without_a_feature_there_is_no_signature(training):
    none = Pipeline(SelectionPlan(level=1e-12), ClinicalPlan(), candidates(training.columns, training.clinical)).fit(
        training.features, training.clinical, training.outcome.to_numpy()
    )
    with pytest.raises(BadInput, match="no feature was selected"):
        signature.build(none, training, BASE, SETTINGS, Naming())


def test_slices_that_the_published_signature_does_not_take_need_the_evidence(data, pipeline, training):
    low, _ = data["input"]["slice_thickness_mm"]
    assert low < 4.5
    with pytest.raises(BadInput, match="needs evidence"):
        parse(data)
    assert parse(proven(data, pipeline, training)).protocol.slice_thickness_mm[0] == low
