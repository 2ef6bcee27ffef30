"""A signature on other cases: the product's own risks, who is left out, what is refused, and what is said of it."""

from __future__ import annotations

import dataclasses
import functools
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest

import made_signatures
import made_validation
from PTLFPredictorLib.cohort.data import CohortData
from PTLFPredictorLib.cohort.extraction import ObservedMask
from PTLFPredictorLib.cohort.fingerprints import fingerprints
from PTLFPredictorLib.cohort.table import CohortTable
from PTLFPredictorLib.cohort.validate import Cases, Validation, ValidationPlan, Withheld, validate, validation
from PTLFPredictorLib.cohort.validate.models import NO_YOUDEN
from PTLFPredictorLib.cohort.validate.overlap import NONE, UNKNOWN
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.signature import SignatureState, assess, load, parse

PUBLISHED = load("ptlf-published")
YOUDEN = {"youden": {"risk": 0.4, "linear_predictor": -0.405, "sensitivity": 0.8, "specificity": 0.7, "of": "training"}}
MODELS = {
    "clinical": {"intercept": -6.0, "coefficients": {"ALB": 0.02, "INR": 4.0}},
    "radiomics": {"intercept": -1.0, "coefficients": {"Radscore": 0.3}},
    "with another column": {"intercept": -1.0, "coefficients": {"AFP": 0.3}},
}


@functools.cache
def cohort(n=80, seed=5, shift=0.0, shipped="", synthetic=False):
    """Rows of the table by id, and the joined data, of a signature that every one here shares its numbers with."""
    of = load(shipped) if shipped else made_validation.signature()
    with tempfile.TemporaryDirectory() as folder:
        path, cases = made_validation.cohort(Path(folder), of, n, seed, shift=shift, synthetic=synthetic)
        table = CohortTable.read(path, of, images=False)
        data = CohortData.join(table, made_validation.extraction_of(cases, of), of)
    return {case.id: case for case in table.cases}, data


def validated(of, plan=None, changed=None, **options):
    """`changed` are cases of the extraction, in place of those of their id."""
    cases, data = cohort(**options)
    if changed:
        data = dataclasses.replace(data, extracted={**data.extracted, **{case.id: case for case in changed}})
    return validate(of, cases, data, plan or ValidationPlan())


def test_the_risks_are_those_that_the_product_shows():
    of = made_validation.signature()
    cases, data = cohort()
    found = validate(of, cases, data, ValidationPlan())
    own = found.validation.own
    assert own.n == 80
    for i, row in enumerate(found.cases):
        shown = assess(of, data.extracted[row.id].features, cases[row.id].entered, ())
        assert own.risk[i] == pytest.approx(shown.prediction.risk, abs=1e-12)
        assert own.score[i] == pytest.approx(shown.prediction.linear_predictor, abs=1e-12)
        assert row.radscore == pytest.approx(shown.radscore.value, abs=1e-12)
        assert own.outcome[i] == cases[row.id].outcome


def test_outcomes_drawn_from_the_risks_look_calibrated_and_shifted_ones_do_not():
    of = made_validation.signature()
    right = validated(of, n=200, seed=2).validation.own.calibration
    assert right.in_the_large.interval[0] < 0 < right.in_the_large.interval[1]
    assert right.joint.slope.interval[0] < 1 < right.joint.slope.interval[1]
    wrong = validated(of, n=200, seed=2, shift=-1.0).validation.own.calibration
    assert wrong.in_the_large.interval[1] < -0.3
    assert wrong.expected_observed.ratio > 1.2


def test_the_models_of_the_evidence_stand_beside_it_on_the_same_cases():
    of = made_validation.signature(calibration={"cut_offs": YOUDEN, "models": MODELS})
    found = validated(of).validation
    assert list(found.models) == ["signature", "clinical", "radiomics"]
    assert {one.outcome for one in found.models.values()} == {found.own.outcome}
    assert [(one.first, one.second) for one in found.compared] == [
        ("signature", "clinical"), ("signature", "radiomics"), ("clinical", "radiomics"),
    ]  # fmt: skip
    cases, data = cohort()
    first = cases[data.outcome.index[0]].entered.values
    expected = -6.0 + 0.02 * first["ALB"] + 4.0 * first["INR"]
    assert found.models["clinical"].score[0] == pytest.approx(expected, abs=1e-12)


def test_without_them_the_radscore_stands_beside_it_as_a_score():
    found = validated(made_validation.signature()).validation
    assert list(found.models) == ["signature", "Radscore"]
    assert found.models["Radscore"].calibration is None


def test_the_cutoff_is_the_training_cases_and_belongs_to_the_signature_alone():
    of = made_validation.signature(calibration={"cut_offs": YOUDEN, "models": MODELS})
    found = validated(of, ValidationPlan(cutoffs=(0.2,))).validation
    (youden, chosen), (only,) = found.own.cutoffs, found.models["clinical"].cutoffs
    assert youden.cutoff.value == -0.405
    positive = np.array(found.own.score) >= -0.405
    assert youden.counts.tp == int(np.sum(positive & (np.array(found.own.outcome) == 1)))
    assert (chosen.cutoff.value, only.cutoff.value) == (0.2, 0.2)
    assert NO_YOUDEN not in found.notes


def test_without_a_cutoff_of_its_own_none_is_looked_for():
    found = validated(made_validation.signature()).validation
    assert found.own.cutoffs == ()
    assert NO_YOUDEN in found.notes


def test_cases_that_it_was_fitted_on_are_refused():
    of = made_validation.signature()
    _, data = cohort()
    known = fingerprints(list(data.extracted.values())[:3])
    again = made_validation.signature(calibration={"fitted_on": known})
    with pytest.raises(BadInput, match="3 of the 80 cases are among those that the signature was fitted on"):
        validated(again)
    others = made_validation.signature(calibration={"fitted_on": ["0" * 16]})
    assert NONE in validated(others).validation.notes
    assert UNKNOWN in validated(of).validation.notes


def test_training_cases_of_the_table_are_not_used():
    of, (rows, data) = made_validation.signature(), cohort()
    split = data.split.copy()
    split.iloc[:30] = "training"
    data = dataclasses.replace(data, split=split)
    found = validate(of, rows, data, ValidationPlan()).validation
    assert (found.own.n, found.not_used, found.flow.included) == (50, 30, 80)
    assert validate(of, rows, data, ValidationPlan(cases=Cases.ALL)).validation.own.n == 80


def test_cases_whose_score_the_product_withholds_are_left_out_and_counted():
    of = made_validation.signature()
    term = of.terms[0].key
    far, by_hand = (cohort()[1].extracted[name] for name in ("case-004", "case-007"))
    value = of.normalisation.mean[term] + 7 * of.normalisation.sd[term]
    changed = (
        dataclasses.replace(far, features={**far.features, term: value}),
        dataclasses.replace(by_hand, masks=ObservedMask(by_hand=True)),
    )
    found = validated(of, changed=changed)
    assert found.validation.own.n == 78
    assert {"case-004", "case-007"}.isdisjoint(row.id for row in found.cases)
    steps = {step.code: step.n for step in found.validation.flow.steps}
    assert steps == {"checks:feature_far_from_cohort": 1, "checks:mask_not_covered": 1}
    assert found.validation.flow.included == 78
    assert found.validation.with_withheld.n == 80
    everyone = validated(of, ValidationPlan(withheld=Withheld.INCLUDE), changed=changed).validation
    assert (everyone.own.n, everyone.with_withheld, everyone.flow.steps) == (80, None, ())


def test_centres_and_subgroups_and_those_with_too_few_cases():
    of = made_validation.signature()
    found = validated(of, ValidationPlan(subgroups=("sex", "age"), fewest=12)).validation
    by = {(one.column, one.level): one for one in found.subgroups}
    assert sum(one.n for (column, _), one in by.items() if column == "centre") == 80
    assert sum(one.events for (column, _), one in by.items() if column == "sex") == found.own.events
    assert len([1 for column, _ in by if column == "age"]) == 2
    for one in by.values():
        assert one.too_few == (min(one.events, one.n - one.events) < 12)
        assert (one.auc is None) == one.too_few
    assert any(one.too_few for one in by.values())
    assert not all(one.too_few for one in by.values())
    with pytest.raises(BadInput, match="no column tumours"):
        validated(of, ValidationPlan(subgroups=("tumours",)))


def test_few_events_are_said(monkeypatch):
    of = made_validation.signature()
    assert any("at least 100 are advised" in note for note in validated(of).validation.notes)
    monkeypatch.setattr(validation, "FEW_EVENTS", 20)
    assert not any("are advised" in note for note in validated(of).validation.notes)


def test_a_signature_without_mean_and_sd_cannot_be_validated():
    cases, data = cohort()
    with pytest.raises(BadInput, match="no mean and SD of its features"):
        validate(PUBLISHED, cases, data, ValidationPlan())


def test_a_relative_score_has_discrimination_alone():
    of = parse(made_signatures.without_outcomes(PUBLISHED.data))
    found = validated(of).validation
    assert found.state is SignatureState.RELATIVE
    assert [one.has_risk for one in found.models.values()] == [False, False]
    assert found.own.auc is not None
    assert any("only the discrimination" in note for note in found.notes)


def test_a_score_on_a_public_scale_is_the_radscore_alone():
    of = parse(made_signatures.normalised(PUBLISHED.data, "public"))
    found = validated(of, plan=ValidationPlan(withheld=Withheld.INCLUDE)).validation
    assert list(found.models) == ["Radscore"]
    assert not found.own.has_risk


def test_numbers_without_evidence_are_validated_and_it_is_said_that_no_patient_sees_them():
    of = parse(made_signatures.normalised(PUBLISHED.data, "site"))
    found = validated(of, plan=ValidationPlan(withheld=Withheld.INCLUDE)).validation
    assert found.state is SignatureState.UNPROVEN
    assert found.own.has_risk
    assert any("shows no patient's risk with this signature (the file has no evidence)" in note for note in found.notes)


def test_a_demonstration_is_not_validated_on_patients():
    of = load("ptlf-demo")
    with pytest.raises(
        BadInput, match="is a demonstration, fitted on synthetic cases, and the table's cases are patients"
    ):
        cohort(shipped="ptlf-demo")
    cases, data = cohort(shipped="ptlf-demo", synthetic=True)
    assert validate(of, cases, data, ValidationPlan(withheld=Withheld.INCLUDE)).validation.synthetic


def test_one_outcome_only_is_refused():
    with pytest.raises(BadInput, match="a validation needs cases with and cases without"):
        validated(made_validation.signature(), shift=-60)


def test_evidence_that_cannot_be_read_is_refused():
    for bad in ({"models": {"clinical": {"intercept": -1.0}}}, {"cut_offs": {"youden": {"risk": 0.4}}}):
        with pytest.raises(BadInput, match="evidence cannot be read"):
            validated(made_validation.signature(calibration=bad))


def test_the_result_goes_through_json_and_comes_back_the_same():
    of = made_validation.signature(calibration={"cut_offs": YOUDEN, "models": MODELS})
    found = validated(of, ValidationPlan(subgroups=("sex",), cutoffs=(0.001,))).validation
    text = json.dumps(found.to_dict(), allow_nan=False)
    assert json.dumps(Validation.from_dict(json.loads(text)).to_dict(), allow_nan=False) == text
    with pytest.raises(BadInput, match="no result of"):
        Validation.from_dict({"schema": "another"})
