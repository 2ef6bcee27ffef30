"""Signature files: the shipped ones are right, broken ones are refused with the entry's name."""

import copy
import json

import jsonschema
import pytest

from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.signature import available, inputs, load, parse
from PTLFPredictorLib.signature.model import FOLDER

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
    (["risk_model", "intercept", "value"], 5.0, "does not contain the intercept"),
    (["risk_model", "coefficients", "INR"], ..., "'risk_model.coefficients.INR' is missing"),
    (["nomogram", "points_per_logit"], 0, "must be above 0"),
    (["nomogram", "axes", "ALB", "range"], [60, 16], "low below high"),
    (["development_ranges", "INR"], [1.3], "must be [low, high]"),
    (["voi_source"], ..., "'voi_source' is missing"),
    (["input", "phase"], ["portal-venous"], "'input.phase' is 'portal-venous'; it must be one of"),
    (["extraction", "bin_width"], "25", "'bin_width' is '25'; it must be a number"),
    (["extraction", "image_types", "Wavelet"], None, "image types with their options"),
    (["risk_model", "coefficients", "AFP"], {"value": 0.2}, "'risk_model.coefficients' has AFP"),
    (["risk_model", "coefficients", "ALB", "origin"], "guessed", "'risk_model.coefficients.ALB.origin' is 'guessed'"),
    (["risk_model", "coefficients", "ALB", "unit"], "g/dL", "'risk_model.coefficients.ALB.unit' is 'g/dL'"),
    (["risk_model", "coefficients", "ALB", "value"], -0.1, "'nomogram.axes.ALB.zero_points_at' is 16"),
    (["risk_model", "coefficients", "INR", "value"], 0, "a predictor without effect has no axis"),
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
        ("'schema'", "'id'", "'kind'", "'terms'", "'voi_source'", "'risk_model.coefficients", "'limits'")
    )
    or b[0][0] in ("input", "notes", "missing", "outcome")
]


@pytest.mark.parametrize(("path", "value", "_"), STRUCTURAL)
def test_the_schema_refuses_the_same_structural_errors(published_data, path, value, _):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken(published_data, path, value), SCHEMA)


@pytest.mark.parametrize("matrix", [[[1, 0], [0, 1]], [[1, 2, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], "x"])
def test_a_covariance_that_is_none_is_refused(published_data, matrix):
    covariance = {"names": ["intercept", "ALB", "INR", "Radscore"], "matrix": matrix}
    with pytest.raises(BadInput, match="matrix"):
        parse(broken(published_data, ["risk_model", "covariance"], covariance))


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
    assert inputs.albumin_g_per_l(value, unit) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("value", "unit", "sentence"),
    [
        (4.36, "g/L", "is it 4.36 g/dL"),
        (43.6, "g/dL", "is it 43.6 g/L"),
        (9, "g/L", "cannot be meant"),
        (float("nan"), "g/L", "must be a number"),
    ],
)
def test_albumin_in_the_wrong_unit_is_asked_about(value, unit, sentence):
    with pytest.raises(BadInput, match=sentence):
        inputs.albumin_g_per_l(value, unit)


@pytest.mark.parametrize(
    ("value", "sentence"), [(0, "cannot be meant"), (12, "prothrombin time in seconds"), (90, "activity in percent")]
)
def test_inr_that_is_none_is_refused(value, sentence):
    with pytest.raises(BadInput, match=sentence):
        inputs.checked_inr(value)
