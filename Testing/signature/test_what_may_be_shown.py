"""The design's table "What may be shown", a test for every row, and for every reason to warn or withhold."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from PTLFPredictorLib.ct import Finding
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.signature import (
    LaboratoryValues,
    assess,
    checklist,
    completeness,
    eligibility,
    load,
    parse,
    what_if,
)

PATIENT = LaboratoryValues(43.6, 1.09)
FITS = [Finding("slice_thickness", "pass", "Slices of 5.0 mm; the signature takes 4.5 to 5.5 mm.")]
COVARIANCE = np.diag([4.0, 0.003, 3.0, 0.005])


@pytest.fixture(scope="module")
def signature():
    return load("ptlf-published")


def raw_features(signature, z=0.5):
    """Features that lie `z` SD above the mean of `normalised`, for every term."""
    return {term.key: 10.0 + 2.0 * z for term in signature.terms}


def normalised(data, origin, *, kind="site", intercept="fitted", covariance=None):
    """The published signature with a normalisation (mean 10, SD 2) and an intercept of some origin."""
    data = copy.deepcopy(data)
    values = [{"voi": t["voi"], "feature": t["feature"], "mean": 10.0, "sd": 2.0} for t in data["terms"]]
    data["normalisation"] = {"origin": origin, "n": 60, "how": "test", "values": values}
    data["kind"] = kind
    data["risk_model"]["intercept"]["origin"] = intercept
    if intercept == "fitted":
        data["risk_model"]["intercept"]["range"] = None
    if covariance is not None:
        names = ["intercept", "ALB", "INR", "Radscore"]
        data["risk_model"]["covariance"] = {"names": names, "matrix": np.asarray(covariance).tolist()}
    return parse(data)


def test_row_1_normalisation_missing_shows_no_score_no_risk_no_range(signature):
    shown = assess(signature, raw_features(signature), PATIENT, FITS)
    assert shown.radscore.value is None
    assert "cannot be computed: the paper does not give" in shown.radscore.status
    assert all(term.raw is not None and term.z is None for term in shown.radscore.terms)
    prediction = shown.prediction
    assert (prediction.risk, prediction.risk_interval, prediction.total_points) == (None, None, None)
    assert prediction.points["ALB"] == pytest.approx(26.58, abs=0.01)
    assert prediction.points["INR"] == pytest.approx(17.50, abs=0.01)
    assert prediction.points["Radscore"] is None


def test_row_2_typed_radscore_is_a_what_if_with_the_interval_of_the_derived_intercept(signature):
    prediction = what_if(signature, PATIENT, 7.72)
    assert prediction.state == "what-if"
    assert prediction.risk_interval == pytest.approx((0.7378, 0.8623), abs=1e-4)
    assert "derived intercept's range" in prediction.interval_note


def test_row_3_site_normalisation_without_outcomes_gives_a_relative_score_and_no_risk(published_data):
    signature = normalised(published_data, "site", intercept="derived")
    shown = assess(signature, raw_features(signature), PATIENT, FITS)
    assert completeness(signature) == "relative"
    assert shown.radscore.status == "relative"
    assert shown.radscore.value == pytest.approx(0.5 * sum(t.coefficient for t in signature.terms))
    assert shown.prediction.risk is None
    assert shown.prediction.risk_interval is None
    assert "relative to this site" in shown.prediction.status


def test_row_4_normalisation_and_intercept_from_the_site_give_risk_with_confidence_interval(published_data):
    signature = normalised(published_data, "site", covariance=COVARIANCE)
    shown = assess(signature, raw_features(signature), PATIENT, FITS)
    score = 0.5 * sum(t.coefficient for t in signature.terms)
    lp = -16.2 + 0.163 * 43.6 + 7.597 * 1.09 + 0.317 * score
    assert shown.radscore.status == "computed"
    assert shown.prediction.state == "risk"
    assert shown.prediction.linear_predictor == pytest.approx(lp, abs=1e-12)
    assert shown.prediction.risk == pytest.approx(1 / (1 + np.exp(-lp)), abs=1e-12)
    x = np.array([1, 43.6, 1.09, score])
    half = 1.959964 * np.sqrt(x @ COVARIANCE @ x)
    assert shown.prediction.risk_interval == pytest.approx((1 / (1 + np.exp(-lp + half)), 1 / (1 + np.exp(-lp - half))))
    assert shown.prediction.interval_note == "95 % confidence interval"


def test_row_4_without_covariances_says_that_no_interval_can_be_given(published_data):
    signature = normalised(published_data, "site")
    prediction = assess(signature, raw_features(signature), PATIENT, FITS).prediction
    assert prediction.risk is not None
    assert prediction.risk_interval is None
    assert prediction.interval_note.startswith("no interval can be given")


@pytest.mark.parametrize(("missing", "bounds"), [("ALB", (26.5, 49.3)), ("INR", (0.77, 1.38))])
def test_row_5_one_input_missing_gives_the_range_over_its_central_95_percent(published_data, missing, bounds):
    signature = normalised(published_data, "site", covariance=COVARIANCE)
    known = LaboratoryValues(None, 1.09) if missing == "ALB" else LaboratoryValues(43.6, None)
    shown = assess(signature, raw_features(signature), known, FITS).prediction
    ends = []
    for value in bounds:
        full = LaboratoryValues(value, 1.09) if missing == "ALB" else LaboratoryValues(43.6, value)
        ends.append(assess(signature, raw_features(signature), full, FITS).prediction.risk)
    assert shown.state == "range"
    assert shown.risk is None
    assert shown.risk_interval == pytest.approx(tuple(ends))
    assert "not a confidence interval" in shown.interval_note


def test_row_5_both_inputs_missing_gives_nothing(published_data):
    signature = normalised(published_data, "site")
    shown = assess(signature, raw_features(signature), LaboratoryValues(), FITS)
    assert shown.radscore.value is not None
    assert shown.prediction.risk is None
    assert shown.prediction.risk_interval is None


def test_row_6_demo_signature_shows_risk_only_in_demonstration_mode(published_data):
    signature = normalised(published_data, "demo", kind="demo")
    hidden = assess(signature, raw_features(signature), PATIENT, FITS)
    assert hidden.radscore.status == "demonstration"
    assert hidden.prediction.risk is None
    shown = assess(signature, raw_features(signature), PATIENT, FITS, demonstration=True)
    assert shown.prediction.state == "demonstration"
    assert shown.prediction.risk is not None
    assert "not for patients" in shown.prediction.status


def test_row_6_demonstration_lists_what_would_be_withheld(published_data):
    signature = normalised(published_data, "demo", kind="demo")
    thin = [Finding("slice_thickness", "withhold", "The slices are 1.6 mm.")]
    shown = assess(signature, raw_features(signature), PATIENT, thin, demonstration=True)
    assert shown.prediction.risk is not None
    assert shown.prediction.withheld_beside == ("The slices are 1.6 mm.",)


def test_demo_signature_with_a_typed_radscore_needs_demonstration_mode(published_data):
    signature = normalised(published_data, "demo", kind="demo")
    assert what_if(signature, PATIENT, 1.0).risk is None
    assert what_if(signature, PATIENT, 1.0, demonstration=True).risk is not None


def test_the_papers_own_normalisation_with_an_intercept_from_the_figure_is_complete(published_data):
    assert completeness(normalised(published_data, "published", intercept="figure")) == "complete"
    assert completeness(normalised(published_data, "published", intercept="derived")) == "relative"
    assert completeness(normalised(published_data, "site", intercept="published")) == "relative"


def test_a_withholding_finding_hides_score_contributions_and_risk_but_not_features(published_data):
    signature = normalised(published_data, "site")
    arterial = [Finding("phase", "withhold", "Contrast phase: arterial.")]
    shown = assess(signature, raw_features(signature), PATIENT, arterial)
    assert shown.radscore.value is None
    assert "Contrast phase: arterial." in shown.radscore.status
    assert all(term.raw is not None and term.contribution is None for term in shown.radscore.terms)
    assert shown.prediction.risk is None


@pytest.mark.parametrize(("z", "level", "shown"), [(2.9, None, True), (3.1, "warn", True), (6.1, "withhold", False)])
def test_z_scores_far_from_the_cohort_warn_then_withhold(published_data, z, level, shown):
    signature = normalised(published_data, "site")
    features = raw_features(signature, 0.0)
    features[signature.terms[0].key] = 10.0 + 2.0 * z
    result = assess(signature, features, PATIENT, FITS)
    assert [f.level for f in result.findings] == ([level] if level else [])
    assert (result.prediction.risk is not None) is shown


def test_radscore_off_its_axis_is_withheld(published_data):
    data = copy.deepcopy(published_data)
    for term in data["terms"]:
        term["coefficient"] = 2.0
    signature = normalised(data, "site")
    result = assess(signature, raw_features(signature, 2.0), PATIENT, FITS)
    assert [f.code for f in result.findings] == ["radscore_off_axis"]
    assert result.prediction.risk is None


def test_a_missing_voi_withholds_with_its_name(published_data):
    signature = normalised(published_data, "site")
    features = {key: value for key, value in raw_features(signature).items() if key[0] == "liver"}
    result = assess(signature, features, PATIENT, FITS)
    assert result.radscore.value is None
    assert "no features of the tumour" in result.radscore.status


def test_values_beyond_axis_and_development_range_are_marked_not_clamped(signature):
    prediction = what_if(signature, LaboratoryValues(55.0, 1.7), 40.0)
    text = " ".join(prediction.warnings)
    assert "INR 1.7 lies beyond the axis" in text
    assert "Radscore 40 lies beyond the axis" in text
    assert "Albumin 55 is outside the derived development range" in text
    assert prediction.points["INR"] == pytest.approx(7.597 * (1.7 - 0.7) * 5.908)


def test_an_inr_that_is_itself_liver_failure_is_said_in_a_what_if(signature):
    sentence = "INR above 1.5 is itself a criterion of liver failure."
    assert sentence in what_if(signature, LaboratoryValues(43.6, 1.51), 0.0).warnings
    assert sentence not in what_if(signature, LaboratoryValues(43.6, 1.5), 0.0).warnings


def test_a_what_if_with_one_input_missing_ranges_over_the_derived_intercept_too(signature):
    prediction = what_if(signature, LaboratoryValues(None, 1.09), 7.72)
    rest = 7.597 * 1.09 + 0.317 * 7.72
    ends = [1 / (1 + np.exp(-(b0 + 0.163 * alb + rest))) for b0, alb in ((-16.8, 26.5), (-16.0, 49.3))]
    assert prediction.risk_interval == pytest.approx(ends)
    assert "derived intercept's range" in prediction.interval_note
    assert "not a confidence interval" in prediction.interval_note


ANSWERS_THAT_FIT = {
    "hcc_confirmed": True,
    "first_tace": True,
    "tests_within_week": True,
    "extrahepatic_metastases": False,
    "ruptured_hcc": False,
    "metastatic_liver_tumours": False,
    "liver_failure_before_tace": False,
    "anticoagulants": False,
}


def test_eligibility_unconfirmed_warns(signature):
    found = eligibility.findings(signature, checklist(signature, {}), PATIENT)
    assert [f.level for f in found] == ["warn"]


def test_eligibility_confirmed_is_silent(signature):
    assert eligibility.findings(signature, checklist(signature, ANSWERS_THAT_FIT), PATIENT) == []


@pytest.mark.parametrize("criterion", sorted(ANSWERS_THAT_FIT))
def test_each_violated_criterion_withholds(signature, criterion):
    answers = {**ANSWERS_THAT_FIT, criterion: not ANSWERS_THAT_FIT[criterion]}
    found = eligibility.findings(signature, checklist(signature, answers), PATIENT)
    assert [(f.level, f.code) for f in found] == [("withhold", f"eligibility_{criterion}")]


@pytest.mark.parametrize(
    ("inr", "bilirubin", "code"),
    [(1.51, 20, "outcome_present_inr"), (1.1, 85, "outcome_present_bilirubin")],
)
def test_an_outcome_already_present_withholds(signature, inr, bilirubin, code):
    answers = checklist(signature, {**ANSWERS_THAT_FIT, "bilirubin_umol_per_l": bilirubin})
    found = eligibility.findings(signature, answers, LaboratoryValues(40.0, inr))
    assert [(f.level, f.code) for f in found] == [("withhold", code)]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (0.9, "0.9 mg/dL are 15 umol/L"),
        (float("nan"), "cannot be meant"),
        (-5, "cannot be meant"),
        (True, "must be a number"),
        ("17", "must be a number"),
    ],
)
def test_a_bilirubin_that_cannot_be_umol_per_l_is_refused(signature, value, sentence):
    with pytest.raises(BadInput, match=sentence):
        checklist(signature, {"bilirubin_umol_per_l": value})


@given(z=st.floats(-2.5, 2.5), alb=st.floats(20, 55), inr=st.floats(0.7, 1.5))
def test_whatever_the_input_the_published_signature_never_shows_a_patients_risk(z, alb, inr):
    signature = load("ptlf-published")
    shown = assess(signature, raw_features(signature, z), LaboratoryValues(alb, inr), FITS, demonstration=True)
    assert shown.prediction.risk is None
    assert shown.prediction.risk_interval is None
