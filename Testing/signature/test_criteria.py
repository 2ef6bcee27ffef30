"""The study's criteria in words that are met or not, and bilirubin in either unit."""

import pytest

from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.signature import Entered, checklist, eligibility, load
from PTLFPredictorLib.signature.model import CriterionKind
from PTLFPredictorLib.signature.policy.eligibility import CriterionState, answer_of, checked_bilirubin


@pytest.fixture(scope="module")
def signature():
    return load("ptlf-published")


def test_each_criterion_of_the_study_reads_as_what_a_patient_has_to_meet(signature):
    assert {one.id: one.criterion for one in signature.eligibility} == {
        "hcc_confirmed": "Hepatocellular carcinoma, confirmed radiologically or pathologically",
        "first_tace": "TACE is the initial treatment (no earlier TACE)",
        "tests_within_week": "CT and laboratory tests within one week before TACE",
        "extrahepatic_metastases": "No extrahepatic metastases",
        "ruptured_hcc": "No ruptured tumour with bleeding",
        "metastatic_liver_tumours": "No liver metastases of another primary tumour",
        "liver_failure_before_tace": "No liver failure before TACE",
        "anticoagulants": "No anticoagulants around TACE",
    }
    assert [one.criterion for one in checklist(signature, {}).items] == [o.criterion for o in signature.eligibility]


@pytest.mark.parametrize(
    ("kind", "text", "criterion"),
    [
        ("inclusion", "No earlier TACE", "No earlier TACE"),
        ("exclusion", "INR above 2", "No INR above 2"),
        ("exclusion", "No informed consent", "Not the case: no informed consent"),  # a second "no" would turn it round
        ("exclusion", "Without follow-up", "Not the case: without follow-up"),
        ("exclusion", "Nodules in the lung", "No nodules in the lung"),
    ],
)
def test_a_criterion_of_any_file_keeps_its_meaning(kind, text, criterion):
    assert CriterionKind(kind).criterion(text) == criterion


@pytest.mark.parametrize("kind", list(CriterionKind))
def test_met_is_yes_to_an_inclusion_and_no_to_an_exclusion(signature, kind):
    one = next(one for one in signature.eligibility if one.kind is kind)
    for state in CriterionState:
        answer = answer_of(kind, state)
        assert answer is {"confirmed": kind is CriterionKind.INCLUSION, "unconfirmed": None}.get(
            state, kind is CriterionKind.EXCLUSION
        )
        (item,) = [item for item in checklist(signature, {one.id: answer}).items if item.id == one.id]
        assert item.status is state
    assert [state.shown for state in CriterionState] == ["met", "not answered", "not met"]


def test_the_reason_names_the_criterion_that_is_not_met(signature):
    answers = {one.id: answer_of(one.kind, CriterionState.CONFIRMED) for one in signature.eligibility}
    assert checklist(signature, answers).all_met
    answers["extrahepatic_metastases"] = True
    found = checklist(signature, answers)
    assert not found.all_met
    (finding,) = eligibility.findings(signature, found, Entered({}))
    assert finding.message == "The study did not include such patients: not met is 'No extrahepatic metastases'."
    del answers["extrahepatic_metastases"]
    assert not checklist(signature, answers).all_met


@pytest.mark.parametrize(
    ("value", "unit", "umol"),
    [(14, "umol/L", 14.0), (0.8, "mg/dL", 13.68), (5, "mg/dL", 85.5), (2000, "umol/L", 2000.0), (2, "umol/L", 2.0)],
)
def test_bilirubin_is_kept_in_umol_per_l_at_17_1_to_the_mg_per_dl(value, unit, umol):
    assert checked_bilirubin(value, unit) == umol


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (0.8, "umol/L", "Bilirubin 0.8 µmol/L is implausible; 0.8 mg/dL are 14 µmol/L."),
        (150, "mg/dL", "Bilirubin 150 mg/dL is implausible; 150 µmol/L are 8.8 mg/dL."),
        (0.01, "umol/L", "Bilirubin 0.01 µmol/L is implausible."),
        (0, "mg/dL", "Bilirubin 0 mg/dL is implausible."),
        (float("inf"), "mg/dL", "Bilirubin inf mg/dL is implausible."),
        ("14", "umol/L", "Bilirubin must be a number in µmol/L, not '14'."),
    ],
)
def test_what_is_no_bilirubin_says_whether_the_other_unit_would_do(value, unit, words):
    with pytest.raises(BadInput) as told:
        checked_bilirubin(value, unit)
    assert told.value.message == words


@pytest.mark.parametrize(("value", "present"), [(4.9, False), (5.0, True)])
def test_bilirubin_in_mg_per_dl_meets_the_outcome_s_limit_of_85_umol_per_l(signature, value, present):
    found = checklist(signature, {"bilirubin_umol_per_l": checked_bilirubin(value, "mg/dL")})
    codes = {finding.code for finding in eligibility.findings(signature, found, Entered({}))}
    assert ("outcome_present_bilirubin" in codes) is present
