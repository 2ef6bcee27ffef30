"""Signature files: the shipped ones are right, broken ones are refused with the entry's name."""

import copy
import json
from dataclasses import replace

import jsonschema
import numpy as np
import pytest

from made_signatures import SITE, normalised, site
from PTLFPredictorLib.cli import main
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.measures.clinical.units import ALBUMIN, INR
from PTLFPredictorLib.signature import available, completeness, evidence, inputs, load, parse
from PTLFPredictorLib.signature.files import FOLDER

SCHEMA = json.loads((FOLDER / "signature.schema.json").read_text(encoding="utf-8"))


def broken(data, path, value):
    """A copy of `data` with the entry at `path` replaced, or removed for the value `...`."""
    data = copy.deepcopy(data)
    at = data
    for key in path[:-1]:
        at = at[key]
    if value is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return data


BROKEN = [
    (["schema"], "ptlf-signature/9", "'schema' must be"),
    (["id"], "No Spaces", "'id' must be a text"),
    (["kind"], "clinical", "'kind' is 'clinical'"),
    (["terms"], [], "'terms' must be a list"),
    (["terms", 0, "feature"], "exponential_glrlm_Nonsense", "no feature that can be computed"),
    (["terms", 0, "feature"], "wavelet-HHH_shape_Sphericity", "no feature that can be computed"),
    (["terms", 0, "voi"], "spleen", "'terms[0].voi' is 'spleen'"),
    (["terms", 0, "coefficient"], "1.6", "'terms[0].coefficient' is '1.6'"),
    (["terms", 0, "coefficient"], True, "must be a number"),
    (["extraction", "binwidth"], 25, "Unknown extraction setting"),
    (["extraction", "image_types"], {"Original": {}}, "no image type Exponential"),
    (["extraction", "image_types", "LoG"], {"sigma": [2.0]}, "LoG sigma of 1.0"),
    (["normalisation"], {"origin": "site", "n": 40, "how": "x", "values": []}, "no mean and SD of"),
    (["outcome", "intercept", "value"], 5.0, "does not contain the intercept"),
    (["outcome", "coefficients", "INR"], ..., "'outcome.coefficients.INR' is missing"),
    (["nomogram", "points_per_logit"], 0, "must be above 0"),
    (["nomogram", "axes", "ALB", "range"], [60, 16], "low below high"),
    (["development_ranges", "INR"], [1.3], "must be [low, high]"),
    (["voi_source"], ..., "'voi_source' is missing"),
    (["input", "phase"], ["portal-venous"], "'input.phase' is 'portal-venous'; it must be one of"),
    (["extraction", "bin_width"], "25", "'bin_width' is '25'; it must be a number"),
    (["extraction", "image_types", "Wavelet"], None, "image types with their options"),
    (["outcome", "coefficients", "AFP"], {"value": 0.2}, "'outcome.coefficients' has AFP"),
    (["outcome", "coefficients", "ALB", "origin"], "guessed", "'outcome.coefficients.ALB.origin' is 'guessed'"),
    (["outcome", "coefficients", "ALB", "unit"], "g/dL", "'outcome.coefficients.ALB.unit' is 'g/dL'"),
    (["outcome", "coefficients", "ALB", "value"], -0.1, "'nomogram.axes.ALB.zero_points_at' is 16"),
    (["outcome", "coefficients", "INR", "value"], 0, "a predictor without effect has no axis"),
    (["nomogram", "axes", "INR", "zero_points_at"], 1.0, "'nomogram.axes.INR.zero_points_at' is 1"),
    (["nomogram", "origin"], None, "'nomogram.origin' is None"),
    (["limits", "z_withold"], 4, "'limits' has z_withold"),
    (["notes", 0], "a note", "'notes[0]' must be a JSON object"),
    (["notes", 0, "text"], ..., "'notes[0].text' is missing"),
    (["missing", 0], 5, "'missing' must be a list of texts"),
    (["outcome", "title"], 5, "'outcome.title' must be a text"),
]


@pytest.mark.parametrize("path", available(), ids=lambda p: p.stem)
def test_shipped_signatures_are_usable_and_fit_the_schema(path):
    data = json.loads(path.read_text(encoding="utf-8"))
    assert parse(data).id == path.stem
    jsonschema.validate(data, SCHEMA)


@pytest.mark.parametrize(("path", "value", "sentence"), BROKEN, ids=[".".join(map(str, b[0])) for b in BROKEN])
def test_a_broken_entry_is_refused_by_name(published_data, path, value, sentence):
    with pytest.raises(BadInput) as refusal:
        parse(broken(published_data, path, value))
    assert sentence in str(refusal.value)


STRUCTURAL = [
    b
    for b in BROKEN
    if b[2].startswith(
        (
            "'schema'",
            "'id'",
            "'kind'",
            "'terms'",
            "'voi_source'",
            "'outcome.coefficients.ALB.o",
            "'outcome.t",
            "'limits'",
        )
    )
    or b[0][0] in ("input", "notes", "missing")
]
"""What a JSON schema can say: that coefficients and axes fit the predictors is beyond it."""


@pytest.mark.parametrize(("path", "value", "_"), STRUCTURAL)
def test_the_schema_refuses_the_same_structural_errors(published_data, path, value, _):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken(published_data, path, value), SCHEMA)


@pytest.mark.parametrize("matrix", [[[1, 0], [0, 1]], [[1, 2, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], "x"])
def test_a_covariance_that_is_none_is_refused(published_data, matrix):
    covariance = {"names": ["intercept", "ALB", "INR", "Radscore"], "matrix": matrix}
    with pytest.raises(BadInput, match="matrix"):
        parse(broken(published_data, ["outcome", "covariance"], covariance))


def normalisation(data, origin, repeat=False):
    values = [{"voi": t["voi"], "feature": t["feature"], "mean": 10.0, "sd": 2.0} for t in data["terms"]]
    return {
        "origin": origin,
        "n": 60,
        "how": "test",
        "values": [*values, {**values[0], "mean": 3.0}][: None if repeat else -1],
    }


def test_a_feature_normalised_twice_is_refused(published_data):
    with pytest.raises(BadInput, match=r"'normalisation' names .* twice"):
        parse({**published_data, "normalisation": normalisation(published_data, "site", repeat=True)})


def test_a_normalisation_on_synthetic_cases_belongs_to_a_demo_signature_alone(published_data):
    with pytest.raises(BadInput, match="'kind' must be 'demo'"):
        parse({**published_data, "normalisation": normalisation(published_data, "demo")})


def test_unknown_id_names_the_shipped_ones():
    with pytest.raises(BadInput, match=r"Shipped are .*ptlf-published"):
        load("nothing-like-this")


@pytest.mark.parametrize(
    ("value", "unit", "expected"), [(43.6, "g/L", 43.6), (4.36, "g/dL", 43.6), (15, "g/L", 15), (6, "g/dL", 60)]
)
def test_albumin_in_its_unit(value, unit, expected):
    assert ALBUMIN.convert(value, unit) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("value", "unit", "sentence"),
    [
        (4.36, "g/L", "is it 4.36 g/dL"),
        (43.6, "g/dL", "is it 43.6 g/L"),
        (9, "g/L", "is implausible"),
        (float("nan"), "g/L", "must be a number"),
    ],
)
def test_albumin_in_the_wrong_unit_is_asked_about(value, unit, sentence):
    with pytest.raises(BadInput, match=sentence):
        ALBUMIN.convert(value, unit)


@pytest.mark.parametrize(
    ("value", "sentence"), [(0, "is implausible"), (12, "prothrombin time in seconds"), (90, "activity in percent")]
)
def test_inr_that_is_none_is_refused(value, sentence):
    with pytest.raises(BadInput, match=sentence):
        INR.convert(value, INR.unit)


def test_a_radscore_that_cannot_be_meant_is_refused_without_an_axis_that_nobody_published():
    with pytest.raises(BadInput, match="expected is -1000 to 1000") as refusal:
        inputs.checked_radscore(1001.0)
    assert "published" not in str(refusal.value)


def test_a_key_that_stands_twice_is_refused(tmp_path, published_data):
    text = json.dumps(published_data).replace(
        '"radscore_intercept": 0.0', '"radscore_intercept": 9, "radscore_intercept": 0'
    )
    (tmp_path / "s.json").write_text(text)
    with pytest.raises(BadInput, match="'radscore_intercept' stands there twice"):
        load(tmp_path / "s.json")


# Evidence


def test_evidence_is_valid_as_written_fits_the_schema_and_reads_back(published_data, tmp_path):
    data = site(published_data)
    jsonschema.validate(data, SCHEMA)
    (tmp_path / "s.json").write_text(json.dumps(data, indent=2))
    signature = load(tmp_path / "s.json")
    assert signature.evidence_problem == ""
    again = evidence.write(data, replace(signature.evidence, content_sha256=""))
    assert again == data
    assert parse(again).evidence.to_dict() == data["evidence"]


def test_a_program_that_writes_5_for_5_0_voids_nothing(published_data):
    data = site(published_data)
    data["evidence"]["protocol"]["slice_thickness_mm"] = [5, 5]
    data["extraction"]["bin_width"] = 25
    assert parse(data).evidence is not None


CHANGES = [
    (["terms", 0, "coefficient"], 0.01),
    (["normalisation", "values", 3, "sd"], 0.01),
    (["radscore_intercept"], 0.01),
    (["outcome", "intercept", "value"], 0.01),
    (["outcome", "coefficients", "INR", "value"], 0.01),
    (["nomogram", "points_per_logit"], 0.01),
    (["nomogram", "axes", "Radscore", "range", 1], 0.01),
    (["input", "slice_thickness_mm", 0], 0.01),
    (["limits", "z_withhold"], -1e-09),
    (["limits", "z_warn"], -0.5),
    (["development_ranges", "ALB", 1], 0.01),
    (["extraction", "bin_width"], 0.01),
    (["evidence", "n"], 1),
    (["evidence", "events"], 1),
    (["evidence", "protocol", "slice_thickness_mm", 1], 0.01),
    (["evidence", "covariance", "matrix", 0, 0], 0.01),
    (["evidence", "masks", "edited_share"], 0.01),
]


@pytest.mark.parametrize(("path", "change"), CHANGES, ids=[".".join(map(str, row[0])) for row in CHANGES])
def test_a_changed_number_voids_the_evidence(published_data, path, change):
    data = site(published_data)
    value = data
    for key in path:
        value = value[key]
    signature = parse(broken(data, path, value + change))
    assert signature.evidence is None
    assert signature.evidence_problem == "the evidence in the file is void: a number was changed after it was written"
    assert completeness(signature) == "unproven"


def test_other_changes_of_weight_void_it_too_and_words_do_not(published_data):
    data = site(published_data)
    for path, value in (
        (["voi_source"], "manual"),
        (["eligibility", 0, "kind"], "exclusion"),
        (["evidence", "masks", "by_hand"], True),
        (["evidence", "synthetic"], True),
        (["evidence", "written_by"], "somebody"),
        (["outcome", "horizon"], "within a year"),
    ):
        assert parse(broken(data, path, value)).evidence is None, path
    for path, value in ((["title"], "x"), (["terms", 0, "measures"], "x"), (["notes"], []), (["version"], "2")):
        assert parse(broken(data, path, value)).evidence is not None, path


BROKEN_EVIDENCE = [
    (["n"], 1.5, "'evidence.n' is 1.5; it must be a whole number"),
    (["events"], 999, "more than the 150 cases"),
    (["events"], 0, "'evidence.events' is 0 of 150 cases: where all or none have it, nothing is estimated"),
    (["events"], 150, "'evidence.events' is 150 of 150 cases"),
    (["estimated"], ["intercept"], "must name each of intercept, ALB, INR, Radscore once"),
    (["covariance", "names"], ["ALB", "intercept", "INR", "Radscore"], "'evidence.covariance.names' must be"),
    (["covariance", "matrix"], [[1.0]], "four rows of four numbers"),
    (["covariance", "matrix"], np.diag([4.0, 0, 3, 1]).tolist(), "has a variance of 0"),
    (["covariance"], ..., "'evidence.covariance' is missing"),
    (["report_sha256"], "abc", "'evidence.report_sha256' must be a text"),
    (["protocol", "phase"], ["late"], "'evidence.protocol.phase' is 'late'"),
    (["protocol", "slice_thickness_mm"], [5.0, 1.0], "low below high"),
    (["protocol", "saturated_hu"], "no", "must be true or false"),
    (["masks", "models"], ["my model"], "'evidence.masks.models' must be a text"),
    (["masks", "edited_share"], 2, "a share from 0 to 1"),
    (["percentiles"], [{"voi": "liver", "feature": "x", "p5": 1.0}], "such as p5, p50 and p95"),
    (["percentiles"], [{"voi": "liver", "feature": "x", "p5": 2.0, "p95": 1.0}], "do not ascend"),
    (["axes"], {"AFP": {}}, "'evidence.axes' has AFP"),
    (["more"], 1, "'evidence' has more"),
    (["content_sha256"], ..., "'evidence.content_sha256' is missing"),
]


@pytest.mark.parametrize(("path", "value", "sentence"), BROKEN_EVIDENCE)
def test_broken_evidence_is_refused_by_name(published_data, path, value, sentence):
    with pytest.raises(BadInput) as refusal:
        parse(broken(site(published_data), ["evidence", *path], value))
    assert sentence in str(refusal.value)


def test_evidence_with_a_value_that_is_no_number_is_not_written(published_data):
    with pytest.raises(BadInput, match="The evidence cannot be written"):
        site(published_data, calibration={"slope": float("nan")})


def test_features_of_other_settings_are_no_evidence(published_data):
    with pytest.raises(BadInput, match="computed with other settings"):
        site(published_data, settings_sha256="3" * 64)


# Limits

LOOSER = [
    (["limits", "z_withhold"], 1e9, "'limits.z_withhold' is 1e+09, looser than 6"),
    (["limits", "z_warn"], 4.0, "'limits.z_warn' is 4, looser than 3"),
    (["limits", "bilirubin_umol_per_l"], 200.0, "looser than the published 85"),
    (["limits", "inr_outcome"], 3.0, "looser than the published 1.5"),
    (["input", "slice_thickness_mm"], [0.1, 20.0], "takes 0.1 to 20 mm, looser than the published 4.5 to 5.5 mm"),
    (["input", "in_plane_spacing_mm"], [0.3, 0.977], "takes 0.3 to 0.977 mm, looser than the published 0.586"),
    (["input", "phase"], ["portal venous", "arterial"], "'input.phase' takes arterial"),
    (["eligibility"], [], "'eligibility' leaves out the study's hcc_confirmed"),
]


@pytest.mark.parametrize(("path", "value", "sentence"), LOOSER, ids=[".".join(row[0]) for row in LOOSER])
@pytest.mark.parametrize("kind", ["site", "published"])
def test_limits_looser_than_the_published_ones_are_refused_with_the_reason(published_data, path, value, sentence, kind):
    with pytest.raises(BadInput) as refusal:
        parse(broken(normalised(published_data, "site", kind=kind), path, value))
    assert sentence in str(refusal.value)


STRICTER = [
    (["limits", "z_withhold"], 4.0),
    (["limits", "bilirubin_umol_per_l"], 50.0),
    (["limits", "inr_outcome"], 1.3),
    (["input", "slice_thickness_mm"], [4.9, 5.1]),
    (["input", "in_plane_spacing_mm"], [0.6, 0.9]),
]


@pytest.mark.parametrize(("path", "value"), STRICTER, ids=[".".join(row[0]) for row in STRICTER])
def test_stricter_limits_are_fine(published_data, path, value):
    assert parse(broken(normalised(published_data, "site"), path, value)).kind == "site"


def thin(low, high, seen, phases=("portal venous",)):
    """A file for slices of `low` to `high` mm, with evidence from slices of `seen`."""

    def make(data):
        data = {**data, "input": {**data["input"], "slice_thickness_mm": [low, high], "phase": list(phases)}}
        data["terms"] = [{**term, "phase": phases[0]} for term in data["terms"]]
        return site(data, protocol=evidence.ObservedProtocol(phases, seen, (0.6, 0.9)))

    return make


def test_evidence_from_thin_slices_covers_thin_slices_and_no_others(published_data):
    assert parse(thin(1.15, 1.35, (1.25, 1.25))(published_data)).evidence is not None
    with pytest.raises(BadInput, match=r"takes 0.5 to 3 mm.*its evidence covers 1.25 to 1.25 mm alone"):
        thin(0.5, 3.0, (1.25, 1.25))(published_data)
    with pytest.raises(BadInput, match=r"takes 4.5 to 5.5 mm, but the cases of its evidence have 1.25 to 1.25 mm"):
        thin(4.5, 5.5, (1.25, 1.25))(published_data)


def test_evidence_from_another_phase_covers_that_phase(published_data):
    assert parse(thin(4.5, 5.5, (5.0, 5.0), ("arterial",))(published_data)).protocol.phases == ("arterial",)


def test_a_signature_called_published_is_held_to_what_its_evidence_covers(published_data):
    """Other features, "published": limits of its own, but no evidence (and so no risk) beyond what the fit has seen."""
    data = normalised(published_data, "site", kind="published")
    left_out = data["terms"].pop()
    data["normalisation"]["values"] = [
        item for item in data["normalisation"]["values"] if item["feature"] != left_out["feature"]
    ]
    data["input"]["slice_thickness_mm"] = [0.1, 20.0]
    assert parse(data).evidence is None
    with pytest.raises(BadInput, match="its evidence covers 5 to 5 mm alone"):
        evidence.write(data, SITE)


def test_looser_limits_lose_their_cover_with_the_evidence(published_data):
    data = thin(1.15, 1.35, (1.25, 1.25))(published_data)
    data["radscore_intercept"] = 1.0
    with pytest.raises(BadInput, match="needs evidence from cases scanned so, and the file has none that is valid"):
        parse(data)


def check(data, tmp_path, capsys):
    (tmp_path / "s.json").write_text(json.dumps(data))
    code = main(["signatures", "check", str(tmp_path / "s.json")])
    said = capsys.readouterr()
    return code, said.out + said.err


def test_signatures_check_says_the_state_and_whether_there_is_evidence(published_data, tmp_path, capsys):
    code, said = check(site(published_data), tmp_path, capsys)
    assert code == 0
    assert "State: complete. Score and risk with its confidence interval." in said
    assert (
        "Evidence: valid, written by ptlf cohort calibrate 0.2.0, 2026-11-25T10:00:00+01:00; 150 cases, 40 with" in said
    )
    assert (
        "State: unproven. A score; no patient's risk, because the file has no evidence."
        in (check(normalised(published_data, "site"), tmp_path, capsys)[1])
    )
    assert (
        "Evidence: the evidence in the file is void: a number was changed after it was written."
        in (check(broken(site(published_data), ["radscore_intercept"], 1.0), tmp_path, capsys)[1])
    )
    code, said = check(broken(normalised(published_data, "site"), ["limits", "z_withhold"], 1e9), tmp_path, capsys)
    assert code == 2
    assert "looser than 6" in said


# Terms


@pytest.mark.parametrize("path", available(), ids=lambda p: p.stem)
def test_every_term_says_what_it_measures_in_the_file_and_on_the_terminal(path, capsys):
    signature = load(path)
    assert main(["signatures", "show", str(path)]) == 0
    said = capsys.readouterr().out
    for term in signature.terms:
        assert term.measures
        assert term.measures in said
        assert term.cannot_vary in said
    assert signature.terms[0].measures.startswith("The size of the tumour")
    assert [bool(term.cannot_vary) for term in signature.terms] == [True, True, *[False] * 4, True, True, True, False]
