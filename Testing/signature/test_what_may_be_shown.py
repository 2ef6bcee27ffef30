"""The design's table "What may be shown", a test for every row, and for every reason to warn or withhold."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_signatures import NAMES, SITE, VARIANCES, alb_inr, normalised, site, without_outcomes
from PTLFPredictorLib.confirmation import Confirmation
from PTLFPredictorLib.ct import Finding
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.signature import (
    Prediction,
    all_met,
    assess,
    checklist,
    completeness,
    describe,
    eligibility,
    evidence,
    load,
    parse,
    points_of,
    read_answers,
    what_if,
)
from PTLFPredictorLib.vois import VOI
from shown_rows import ROWS

PATIENT = alb_inr(43.6, 1.09)
FITS = [Finding("slice_thickness", "pass", "Slices of 5.0 mm; the signature takes 4.5 to 5.5 mm.")]


@pytest.fixture(scope="module")
def signature():
    return load("ptlf-published")


def raw_features(signature, z=0.5):
    """Features that lie `z` SD above the mean of `normalised`, for every term."""
    return {term.key: 10.0 + 2.0 * z for term in signature.terms}


def shown_by(signature, laboratory=PATIENT, findings=FITS, **options):
    return assess(signature, raw_features(signature), laboratory, findings, **options)


def words_of(score, prediction, findings):
    """All that a person reads of an assessment, or of a what-if beside it."""
    texts = [score.status, prediction.reason, prediction.interval_words, prediction.assumes, *prediction.warnings]
    return " | ".join([*texts, *prediction.withheld_beside, *(finding.message for finding in findings)])


DEMO = {"origin": "demo", "kind": "demo"}


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_each_row_shows_what_it_may_and_says_it_in_its_own_words(published_data, signature, row):
    raw = raw_features(signature)
    made = parse(row.signature(published_data, raw))
    laboratory = alb_inr(row.alb, row.inr)
    answers = checklist(made, ANSWERS_THAT_FIT if row.answered else {})
    found = [*FITS, *eligibility.findings(made, answers, laboratory)]
    asked = {"demonstration": row.demonstration, "sample": row.sample}
    shown = assess(made, raw, laboratory, found, **asked)
    score, prediction = shown.radscore, shown.prediction
    said = words_of(score, prediction, (*found, *shown.findings))
    if row.radscore is not None:
        said += words_of(score, what_if(made, laboratory, row.radscore, **asked), ())
    for words in (row.own, *row.reads):
        assert words in said
    for words in (*row.others, *row.never):
        assert words not in said
    assert (score.value is not None) is bool(row.score)
    assert not row.score or score.status == row.score
    assert prediction.state == row.state
    if row.state in ("withheld", "not computable"):
        assert (prediction.risk, prediction.risk_interval, prediction.total_points) == (None, None, None)
        assert prediction.points["Radscore"] is None
    else:
        assert (prediction.risk is None) is (row.state == "range")
    assert prediction.bands == ()


def test_without_normalisation_the_features_and_the_points_of_albumin_and_inr_stand_there(signature):
    shown = shown_by(signature)
    assert all(term.raw is not None and term.z is None for term in shown.radscore.terms)
    assert shown.prediction.points["ALB"] == pytest.approx(26.58, abs=0.01)
    assert shown.prediction.points["INR"] == pytest.approx(17.50, abs=0.01)
    assert shown.prediction.points["Radscore"] is None


@pytest.mark.parametrize(
    ("ranks", "words"),
    [
        ({"p5": 0.0, "p50": 2.0, "p95": 4.0}, "below their 5th percentile"),
        ({"p5": -3.0, "p50": -1.0, "p95": 3.0}, "at their 50th percentile"),
        ({"p1": -9.0, "p99": -8.0}, "above their 99th percentile"),
        (None, "not the paper's"),
    ],
)
def test_a_public_reference_says_the_percentile_where_the_file_brings_percentiles(published_data, ranks, words):
    data = normalised(published_data, "public")
    data["terms"] = [{**term, "coefficient": -0.2} for term in data["terms"]]  # 10 terms, z 0.5: Radscore -1
    if ranks:
        data["normalisation"]["radscore_percentiles"] = ranks
    shown = shown_by(parse(data))
    assert shown.radscore.value == pytest.approx(-1.0)
    assert shown.radscore.status.endswith(words)


@pytest.mark.parametrize(
    ("ranks", "words"),
    [
        ({"p5": -3.0, "p50": -1.0, "p95": 3.0}, "relative to 60 cases of this site, at their 50th percentile"),
        ({"p1": -9.0, "p99": -8.0}, "relative to 60 cases of this site, above their 99th percentile"),
        (None, "relative"),
    ],
)
def test_a_relative_score_says_its_place_among_the_sites_cases_where_the_file_knows_it(published_data, ranks, words):
    data = normalised(published_data, "site", intercept="derived")
    data["terms"] = [{**term, "coefficient": -0.2} for term in data["terms"]]
    data["nomogram"]["axes"]["Radscore"]["range"] = [-22, 31]
    if ranks:
        data["normalisation"]["radscore_percentiles"] = ranks
    score = shown_by(parse(data)).radscore
    assert (score.state, score.value, score.status) == ("relative", pytest.approx(-1.0), words)


def test_the_place_among_the_sites_cases_is_not_said_where_the_score_is_the_sites_own_with_a_risk(published_data):
    data = normalised(published_data, "site")
    data["normalisation"]["radscore_percentiles"] = {"p1": -9.0, "p99": 9.0}
    proven = evidence.write(data, SITE)
    assert shown_by(parse(proven)).radscore.status == "computed"


def test_a_relative_signature_says_why_its_fit_gave_no_risk(published_data):
    why = "12 of 80 cases have PTLF, and a risk needs 20 with it and 20 without"
    told, silent = (
        parse(without_outcomes(published_data, events=12, calibration=calibration))
        for calibration in ({"no_risk": why}, {})
    )
    assert f"no risk model was fitted on outcomes here ({why})" in shown_by(told).prediction.reason
    assert f"no risk model was fitted on outcomes here ({why})" in describe(told)
    assert shown_by(silent).prediction.reason.endswith("no risk model was fitted on outcomes here")
    assert describe(silent).endswith("because no intercept was fitted on outcomes here.")


def test_a_reason_for_no_risk_in_void_evidence_is_not_repeated(published_data):
    data = without_outcomes(published_data, events=12, calibration={"no_risk": "a sentence"})
    data["evidence"]["n"] = 1500
    assert "a sentence" not in shown_by(parse(data)).prediction.reason + describe(parse(data))


def test_a_public_reference_allows_no_what_if_on_the_papers_axis(published_data):
    prediction = what_if(parse(normalised(published_data, "public")), PATIENT, 1.0)
    assert (prediction.risk, prediction.bands, prediction.points["Radscore"]) == (None, (), None)
    assert "lies on a reference scale" in prediction.reason


def test_points_belong_to_the_papers_axis_alone(published_data, signature):
    values = {"ALB": 43.6, "INR": 1.09, "Radscore": 7.72}
    own, public = points_of(signature, values), points_of(parse(normalised(published_data, "public")), values)
    assert own == pytest.approx({"ALB": 26.5789104, "INR": 17.50439964, "Radscore": 55.66068592})
    assert public == {**own, "Radscore": None}


def test_a_result_of_which_an_entry_is_no_value_leaves_only_points(published_data):
    shown = shown_by(parse(site(published_data))).prediction
    assert shown.risk is not None
    left = shown.without_risk("INR 16 is implausible")
    assert (left.reason, left.points, left.interval_words) == ("INR 16 is implausible", shown.points, "")
    assert (left.total_points, left.linear_predictor, left.risk, left.risk_interval) == (None, None, None, None)


def test_evidence_gives_risk_with_the_interval_of_its_covariance(published_data):
    signature = parse(site(published_data))
    shown = shown_by(signature)
    score = 0.5 * sum(t.coefficient for t in signature.terms)
    lp = -16.2 + 0.163 * 43.6 + 7.597 * 1.09 + 0.317 * score
    assert shown.prediction.linear_predictor == pytest.approx(lp, abs=1e-12)
    assert shown.prediction.risk == pytest.approx(1 / (1 + np.exp(-lp)), abs=1e-12)
    x = np.array([1, 43.6, 1.09, score])
    half = 1.959964 * np.sqrt(x @ np.diag([VARIANCES[name] for name in NAMES]) @ x)
    assert shown.prediction.risk_interval == pytest.approx((1 / (1 + np.exp(-lp + half)), 1 / (1 + np.exp(-lp - half))))
    assert shown.prediction.interval_note == "95 % confidence interval"


def test_a_coefficient_that_was_fixed_adds_nothing_to_the_interval(published_data):
    signature = parse(site(published_data, origin="published", estimated=("intercept", "Radscore")))
    shown = shown_by(signature).prediction
    score = 0.5 * sum(t.coefficient for t in signature.terms)
    half = 1.959964 * np.sqrt(VARIANCES["intercept"] + VARIANCES["Radscore"] * score**2)
    low, high = (1 / (1 + np.exp(-shown.linear_predictor - sign * half)) for sign in (-1, 1))
    assert shown.risk_interval == pytest.approx((low, high))


def test_the_authors_own_normalisation_with_a_local_intercept_is_complete_not_refused(published_data):
    signature = parse(site(published_data, origin="published", estimated=("intercept",)))
    assert completeness(signature) == "complete"
    assert shown_by(signature).prediction.state == "risk"
    assert describe(signature) == "Score and risk with its confidence interval."


def test_evidence_without_a_covariance_shows_no_patients_risk(published_data):
    signature = parse(site(published_data, covariance=None))
    assert completeness(signature) == "unproven"
    shown = shown_by(signature)
    assert shown.prediction.risk is None
    assert "the evidence has no covariance, so no interval can be given" in shown.prediction.reason


def test_evidence_that_is_not_on_the_intercept_shows_no_patients_risk(published_data):
    shown = shown_by(parse(site(published_data, estimated=("Radscore",))))
    assert shown.prediction.risk is None
    assert "the evidence is not on the intercept" in shown.prediction.reason


def test_a_number_changed_after_the_fit_voids_the_evidence_and_the_record_says_so(published_data):
    data = site(published_data)
    data["outcome"]["intercept"]["value"] = -15.0
    shown = shown_by(parse(data))
    assert shown.radscore.status == "relative"
    assert shown.prediction.risk is None
    assert "void: a number was changed after it was written" in shown.prediction.reason
    assert [(f.code, f.level) for f in shown.findings] == [("evidence_void", "warn")]


@pytest.mark.parametrize(("missing", "bounds"), [("ALB", (26.5, 49.3)), ("INR", (0.77, 1.38))])
def test_one_input_missing_gives_the_range_over_its_central_95_percent(published_data, missing, bounds):
    signature = parse(site(published_data))
    known = alb_inr(None, 1.09) if missing == "ALB" else alb_inr(43.6, None)
    shown = shown_by(signature, known).prediction
    ends = []
    for value in bounds:
        full = alb_inr(value, 1.09) if missing == "ALB" else alb_inr(43.6, value)
        ends.append(shown_by(signature, full).prediction.risk)
    assert shown.risk_interval == pytest.approx(tuple(ends))
    assert "not a confidence interval" in shown.interval_note


def test_both_inputs_missing_gives_nothing(published_data):
    shown = shown_by(parse(site(published_data)), alb_inr())
    assert shown.radscore.value is not None
    assert (shown.prediction.risk, shown.prediction.risk_interval) == (None, None)


def test_synthetic_cases_make_a_demo_signature_whatever_the_file_says(published_data):
    signature = parse(site(published_data, synthetic=True))
    assert signature.is_demo
    assert completeness(signature) == "demo"
    assert shown_by(signature).prediction.risk is None
    assert shown_by(signature, demonstration=True, sample=True).prediction.state == "demonstration"


def test_a_void_block_on_synthetic_cases_makes_a_demo_signature_all_the_same(published_data):
    data = site(published_data, synthetic=True)
    data["radscore_intercept"] = 0.1
    assert completeness(parse(data)) == "demo"


def test_a_demonstration_lists_all_that_a_patients_risk_would_be_withheld_for(published_data):
    signature = parse(normalised(published_data, **DEMO))
    thin = [Finding("slice_thickness", "withhold", "The slices are 1.6 mm."), Finding("x", "withhold", "And more.")]
    shown = shown_by(signature, findings=thin, demonstration=True, sample=True)
    assert shown.prediction.risk is not None
    assert shown.prediction.withheld_beside == ("The slices are 1.6 mm.", "And more.")


@pytest.mark.parametrize("asked", [{"demonstration": True}, {"sample": True}, {}])
def test_what_withholds_hides_a_demo_signatures_score_wherever_its_risk_is_not_shown(published_data, asked):
    signature = parse(normalised(published_data, **DEMO))
    shown = shown_by(signature, findings=[Finding("phase", "withhold", "Arterial.")], **asked)
    assert (shown.radscore.value, shown.prediction.risk) == (None, None)
    assert shown.radscore.status == "withheld: Arterial."


def test_a_demo_signature_with_a_typed_radscore_needs_demonstration_mode(published_data):
    signature = parse(normalised(published_data, **DEMO))
    assert what_if(signature, PATIENT, 1.0).risk is None
    beside_a_patient = what_if(signature, PATIENT, 1.0, demonstration=True, sample=False)
    assert (beside_a_patient.risk, beside_a_patient.bands) == (None, ())
    assert what_if(signature, PATIENT, 1.0, demonstration=True).risk is not None


# Every reason, each once, the one that no change of the patient's data lifts first

THIN, ARTERIAL = "The slices are 1.6 mm.", "Arterial."
WITHHOLDING = [Finding("slice_thickness", "withhold", THIN), Finding("phase", "withhold", ARTERIAL)]


def reasons_of(signature, **options):
    return shown_by(signature, **{"findings": WITHHOLDING, **options}).prediction.reasons


def test_a_signature_without_means_says_so_first_and_what_else_withholds_after_it(signature):
    first, *others = reasons_of(signature)
    assert first.startswith("the Radscore cannot be computed: the paper does not give")
    assert others == [THIN, ARTERIAL]


def test_before_features_are_computed_it_is_the_signature_that_counts(signature):
    first, second = assess(signature, {}, PATIENT, FITS).prediction.reasons
    assert "the paper does not give" in first
    assert second.startswith("the Radscore cannot be computed: there are no features")


def test_a_signature_with_evidence_gives_the_findings_alone_each_once(published_data):
    assert reasons_of(parse(site(published_data)), findings=[*WITHHOLDING, WITHHOLDING[0]]) == (THIN, ARTERIAL)


def test_a_relative_score_has_no_risk_whatever_the_patient_s_data_are(published_data):
    first, *others = reasons_of(parse(without_outcomes(published_data)))
    assert first.startswith("the score is relative to this site's cases")
    assert others == [THIN, ARTERIAL]


def test_a_demonstration_that_is_not_asked_for_says_so_first(published_data):
    first, *others = reasons_of(parse(normalised(published_data, **DEMO)))
    assert first.startswith("a demonstration on synthetic cases")
    assert others == [THIN, ARTERIAL]


def test_a_shown_risk_or_demonstration_has_no_reason_against_it(published_data):
    assert shown_by(parse(site(published_data))).prediction.reasons == ()
    demo = parse(normalised(published_data, **DEMO))
    shown = shown_by(demo, findings=WITHHOLDING, demonstration=True, sample=True)
    assert shown.prediction.risk is not None
    assert shown.prediction.reasons == ()


def test_missing_inputs_are_one_reason_and_a_range_has_none(published_data):
    both = shown_by(parse(site(published_data)), laboratory=alb_inr(None, None)).prediction
    assert both.reasons == ("the risk cannot be computed: ALB and INR are missing",)
    assert shown_by(parse(site(published_data)), laboratory=alb_inr(43.6, None)).prediction.reasons == ()


def test_the_findings_among_the_reasons_are_named_by_their_codes(published_data, signature):
    codes = ("slice_thickness", "phase")
    demo, of_site = parse(normalised(published_data, **DEMO)), parse(site(published_data))
    for made, options in (
        (signature, {}),
        (of_site, {}),
        (demo, {}),
        (demo, {"demonstration": True, "sample": True}),
    ):
        found = shown_by(made, findings=[*FITS, *WITHHOLDING, WITHHOLDING[0]], **options).prediction
        assert found.withheld_by == codes
        assert Prediction.from_dict(found.to_dict()).withheld_by == codes
        assert found.without_risk("no entry").withheld_by == ()
    assert shown_by(of_site).prediction.withheld_by == ()
    assert shown_by(signature).prediction.withheld_by == ()  # for what the signature lacks alone


def test_reasons_are_kept_in_a_record_and_an_older_one_has_the_one_it_told(signature):
    data = shown_by(signature, findings=WITHHOLDING).prediction.to_dict()
    assert Prediction.from_dict(data).reasons[1:] == (THIN, ARTERIAL)
    del data["reasons"], data["withheld_by"]
    assert Prediction.from_dict({**data, "state": "withheld", "status": "withheld: Arterial."}).reasons == (
        "Arterial.",
    )
    assert Prediction.from_dict({**data, "state": "risk", "status": "Computed."}).reasons == ()


# What-if


def test_a_what_if_of_the_published_signature_has_two_bands_and_the_prevalence_it_assumes(signature):
    prediction = what_if(signature, PATIENT, 7.72)
    assert prediction.state == "what-if"
    first, second = prediction.bands
    assert (first.low, first.high) == pytest.approx((0.7378, 0.8623), abs=1e-4)
    half = 1.959964 * np.sqrt(((43.6 - 37.89) * 0.061435) ** 2 + (0.06 * 1.91573) ** 2 + (7.72 * 0.0729605) ** 2)
    ends = [1 / (1 + np.exp(-(1.63477 + shift))) for shift in (-0.6 - half, 0.2 + half)]
    assert (second.low, second.high) == pytest.approx(ends, abs=1e-4)
    assert prediction.interval_words == (
        "74-86 % over the derived intercept's range; 43-96 % over that and the printed standard errors of the "
        "coefficients (95 %, taken as independent)"
    )
    assert prediction.assumes == (
        "This assumes that 24.5 % get PTLF, as in the training cohort (36 of 147). Where 7.5 % do, as in the "
        "literature that the paper quotes, the risk would be 41-61 % and 16-85 %."
    )


def test_the_printed_standard_errors_alone_give_58_to_95_percent_in_the_worked_example(published_data):
    data = copy.deepcopy(published_data)
    data["outcome"]["intercept"]["range"] = None
    (band,) = what_if(parse(data), PATIENT, 7.72).bands
    assert band.words.startswith("58-95 % over the printed standard errors of the coefficients")


def test_no_text_of_a_what_if_is_one_number(signature):
    prediction = what_if(signature, PATIENT, 7.72)
    data = prediction.to_dict()
    assert data["risk"] == pytest.approx(0.8368, abs=1e-4)
    assert data["risk_text"] is None
    assert "84 %" not in f"{data['status']} {data['risk_interval_words']} {data['assumes']}"
    assert data["risk_interval"] == [data["bands"][1]["low"], data["bands"][1]["high"]]
    assert [band["over"].split(" ")[0] for band in data["bands"]] == ["the", "that"]


def test_a_what_if_of_a_signature_with_evidence_has_one_band_by_its_covariance(published_data):
    signature = parse(site(published_data))
    score = 0.5 * sum(t.coefficient for t in signature.terms)
    (band,) = what_if(signature, PATIENT, score).bands
    assert (band.low, band.high) == pytest.approx(shown_by(signature).prediction.risk_interval)
    assert band.over == "95 % confidence interval"


def test_a_what_if_with_an_intercept_fitted_here_assumes_the_prevalence_here(published_data):
    """Not the training cohort's, which such a file may have kept from the published one."""
    said = what_if(parse(site(published_data)), PATIENT, 1.0).assumes
    assert said == "This assumes that 26.7 % get PTLF, as in the 150 cases of the evidence."
    assert what_if(parse(normalised(published_data, "site")), PATIENT, 1.0).assumes == ""


def test_a_what_if_never_calls_a_covariance_without_evidence_a_confidence_interval(published_data):
    data = normalised(published_data, "site")
    data["outcome"]["covariance"] = {"names": list(NAMES), "matrix": np.diag(list(VARIANCES.values())).tolist()}
    prediction = what_if(parse(data), PATIENT, 1.0)
    assert "over the covariance in the file, which no evidence stands behind" in prediction.interval_words
    assert "confidence interval" not in prediction.interval_words


def test_a_what_if_without_anything_to_range_over_says_that_no_interval_can_be_given(published_data):
    data = normalised(published_data, "site")
    for item in data["outcome"]["coefficients"].values():
        del item["odds_ratio"]
    prediction = what_if(parse(data), PATIENT, 1.0)
    assert (prediction.bands, prediction.risk_interval) == ((), None)
    assert prediction.interval_words.startswith("no interval can be given")


def test_a_what_if_with_one_input_missing_ranges_over_it_too(signature):
    prediction = what_if(signature, alb_inr(None, 1.09), 7.72)
    rest = 7.597 * 1.09 + 0.317 * 7.72
    ends = [1 / (1 + np.exp(-(b0 + 0.163 * alb + rest))) for b0, alb in ((-16.8, 26.5), (-16.0, 49.3))]
    first, second = prediction.bands
    assert (first.low, first.high) == pytest.approx(ends)
    assert first.over == "Albumin 26.5 to 49.3 and the derived intercept's range"
    assert second.low < first.low < first.high < second.high
    assert prediction.risk is None


def test_a_prediction_of_an_older_record_has_no_bands(signature):
    data = what_if(signature, PATIENT, 7.72).to_dict()
    assert Prediction.from_dict(data) == what_if(signature, PATIENT, 7.72)
    older = {name: value for name, value in data.items() if name not in ("bands", "assumes")}
    assert Prediction.from_dict(older).bands == ()


# Findings of the score, and what other findings withhold


def test_a_withholding_finding_hides_score_contributions_and_risk_but_not_features(published_data):
    arterial = [Finding("phase", "withhold", "Contrast phase: arterial.")]
    shown = shown_by(parse(site(published_data)), findings=arterial)
    assert shown.radscore.value is None
    assert "Contrast phase: arterial." in shown.radscore.status
    assert all(term.raw is not None and term.contribution is None for term in shown.radscore.terms)
    assert shown.prediction.risk is None


@pytest.mark.parametrize(("z", "level", "shown"), [(2.9, None, True), (3.1, "warn", True), (6.1, "withhold", False)])
def test_z_scores_far_from_the_cohort_warn_then_withhold(published_data, z, level, shown):
    signature = parse(site(published_data))
    features = raw_features(signature, 0.0)
    features[signature.terms[0].key] = 10.0 + 2.0 * z
    result = assess(signature, features, PATIENT, FITS)
    assert [f.level for f in result.findings] == ([level] if level else [])
    assert (result.prediction.risk is not None) is shown


def test_a_value_beyond_the_percentiles_of_the_evidence_is_said_once_for_all_terms(published_data):
    first, second = (parse(published_data).terms[i].key for i in (0, 1))
    ranks = {first: {"p5": 11.5, "p95": 20.0}, second: {"p5": 1.0, "p95": 10.5}}
    shown = shown_by(parse(site(published_data, percentiles=ranks)))
    assert [(f.code, f.level) for f in shown.findings] == [("feature_outside_percentiles", "warn")]
    assert "Run-length non-uniformity (exponential) (5th)" in shown.findings[0].message
    assert "Size-zone non-uniformity (wavelet HHH) (95th)" in shown.findings[0].message
    assert shown.prediction.risk is not None
    inside = shown_by(parse(site(published_data, percentiles={first: {"p5": 9.0, "p95": 20.0}})))
    assert inside.findings == ()


def test_radscore_off_its_axis_is_withheld(published_data):
    data = copy.deepcopy(published_data)
    for term in data["terms"]:
        term["coefficient"] = 2.0
    signature = parse(site(data))
    result = assess(signature, raw_features(signature, 2.0), PATIENT, FITS)
    assert [f.code for f in result.findings] == ["radscore_off_axis"]
    assert not result.findings[0].values, "the withheld Radscore, which a record would keep"
    assert result.prediction.risk is None


def test_a_missing_voi_withholds_with_its_name(published_data):
    signature = parse(site(published_data))
    features = {key: value for key, value in raw_features(signature).items() if key[0] is VOI.PARENCHYMA}
    result = assess(signature, features, PATIENT, FITS)
    assert result.radscore.value is None
    assert "no features of the tumour" in result.radscore.status


def test_values_beyond_axis_and_development_range_are_marked_not_clamped(signature):
    prediction = what_if(signature, alb_inr(55.0, 1.7), 40.0)
    text = " ".join(prediction.warnings)
    assert "INR 1.7 lies beyond the axis" in text
    assert "Radscore 40 lies beyond the axis" in text
    assert "Albumin 55 is outside the derived development range" in text
    assert prediction.points["INR"] == pytest.approx(7.597 * (1.7 - 0.7) * 5.908)


def test_an_inr_that_is_itself_liver_failure_is_said_in_a_what_if(signature):
    sentence = "INR above 1.5 is itself a criterion of liver failure."
    assert sentence in what_if(signature, alb_inr(43.6, 1.51), 0.0).warnings
    assert sentence not in what_if(signature, alb_inr(43.6, 1.5), 0.0).warnings


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


@pytest.mark.parametrize("answers", [{}, {**ANSWERS_THAT_FIT, "first_tace": None}])
def test_criteria_that_nobody_answered_withhold_and_the_sentence_says_what_to_do(signature, answers):
    (found,) = eligibility.findings(signature, checklist(signature, answers), PATIENT)
    assert (found.code, found.level) == ("eligibility", "withhold")
    assert f"{1 if answers else 8} of 8 criteria of the study are not answered for this patient." in found.message
    assert "--all-criteria-met with --reader NAME" in found.message


def test_a_reader_answers_all_criteria_at_once_with_name_and_time(signature):
    said = Confirmation("Dr Reader", "2026-11-25T10:00:00+01:00")
    answers = checklist(signature, all_met(signature, said))
    assert eligibility.findings(signature, answers, PATIENT) == []
    assert {item.status for item in answers.items} == {"confirmed"}
    assert answers.to_dict()["answered"] == {"reader": "Dr Reader", "time": "2026-11-25T10:00:00+01:00"}


def test_unanswered_criteria_withhold_a_patients_risk_and_answered_ones_do_not(published_data):
    signature = parse(site(published_data))
    for answers, shown in (({}, False), (ANSWERS_THAT_FIT, True)):
        found = eligibility.findings(signature, checklist(signature, answers), PATIENT)
        prediction = shown_by(signature, findings=[*FITS, *found]).prediction
        assert (prediction.risk is not None) is shown
        assert ("not answered" in prediction.reason) is not shown


def test_an_answers_file_may_name_who_answered_but_no_entry_twice(signature, tmp_path):
    path = tmp_path / "answers.json"
    path.write_text('{"first_tace": true, "answered_by": "Dr Reader"}', encoding="utf-8")
    assert checklist(signature, read_answers(path)).answered == Confirmation("Dr Reader", "")
    path.write_text('{"first_tace": false, "first_tace": true}', encoding="utf-8")
    with pytest.raises(BadInput, match="'first_tace' stands there twice"):
        read_answers(path)


def test_a_name_of_a_reader_that_is_no_text_is_refused(signature):
    with pytest.raises(BadInput, match="'answered_by' must be a text"):
        checklist(signature, {"answered_by": 5})


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
    found = eligibility.findings(signature, answers, alb_inr(40.0, inr))
    assert [(f.level, f.code) for f in found] == [("withhold", code)]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (0.9, "Bilirubin 0.9 µmol/L is implausible; 0.9 mg/dL are 15 µmol/L."),
        (float("nan"), "is implausible"),
        (-5, "is implausible"),
        (2000.1, "is implausible"),
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
    asked = {"demonstration": True, "sample": True}
    shown = assess(signature, raw_features(signature, z), alb_inr(alb, inr), FITS, **asked)
    assert shown.prediction.risk is None
    assert shown.prediction.risk_interval is None


# Skewed features


def skewed(data, raw, log=(2.0, 0.8)):
    """Findings on a value of the first term, a log-normal measure of size, in a signature with or without its log."""
    made = normalised(data, "site")
    mean, sd = np.exp(2.0 + 0.32), np.exp(2.32) * np.sqrt(np.exp(0.64) - 1)
    made["normalisation"]["values"][0] |= {"mean": float(mean), "sd": float(sd)}
    if log is not None:
        made["normalisation"]["values"][0] |= {"log_mean": log[0], "log_sd": log[1]}
    signature = parse(evidence.write(made, SITE))
    features = {**raw_features(signature, 0.0), signature.terms[0].key: raw}
    return signature, assess(signature, features, PATIENT, FITS)


def far(shown):
    return [finding for finding in shown.findings if finding.code == "feature_far_from_cohort"]


def test_the_largest_tumours_of_a_skewed_cohort_are_not_unlike_it(published_data):
    largest = float(np.exp(2.0 + 2.9 * 0.8))  # 1 in 500 of the cohort itself
    _, on_raw = skewed(published_data, largest, log=None)
    signature, on_log = skewed(published_data, largest)
    assert [finding.level for finding in far(on_raw)] == ["withhold"]
    assert far(on_log) == []
    term = on_log.radscore.terms[0]
    normalisation = signature.normalisation  # the score stays on the raw scale
    assert term.z == pytest.approx(
        (largest - normalisation.mean[term.voi, term.feature]) / normalisation.sd[term.voi, term.feature]
    )


@pytest.mark.parametrize(("sds", "level"), [(3.5, "warn"), (6.5, "withhold"), (-6.5, "withhold")])
def test_the_finding_says_on_which_scale(published_data, sds, level):
    _, shown = skewed(published_data, float(np.exp(2.0 + sds * 0.8)))
    (found,) = far(shown)
    assert found.level == level
    assert "SD from the cohort's mean on the log scale" in found.message
    assert (found.values["scale"], found.values["z"]) == ("log", pytest.approx(sds))


def test_a_value_without_a_logarithm_is_unlike_a_cohort_that_has_one(published_data):
    (found,) = far(skewed(published_data, 0.0)[1])
    assert found.level == "withhold"
    assert "always above 0" in found.message


def test_a_log_mean_without_its_sd_is_refused(published_data):
    made = normalised(published_data, "site")
    made["normalisation"]["values"][0]["log_mean"] = 2.0
    with pytest.raises(BadInput, match="log_sd"):
        parse(made)


def test_a_log_scale_changed_after_the_fit_voids_the_evidence(published_data):
    data = site(published_data)
    data["normalisation"]["values"][0] |= {"log_mean": 2.0, "log_sd": 9.0}
    assert parse(data).evidence is None
