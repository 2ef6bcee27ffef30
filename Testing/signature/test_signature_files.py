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


STRUCTURAL = [b for b in BROKEN if b[2].startswith(("'schema'", "'id'", "'kind'", "'terms'", "'voi_source'"))]


@pytest.mark.parametrize(("path", "value", "_"), STRUCTURAL)
def test_the_schema_refuses_the_same_structural_errors(published_data, path, value, _):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken(published_data, path, value), SCHEMA)


@pytest.mark.parametrize("matrix", [[[1, 0], [0, 1]], [[1, 2, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], "x"])
def test_a_covariance_that_is_none_is_refused(published_data, matrix):
    covariance = {"names": ["intercept", "ALB", "INR", "Radscore"], "matrix": matrix}
    with pytest.raises(BadInput, match="matrix"):
        parse(broken(published_data, ["risk_model", "covariance"], covariance))


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


@pytest.mark.parametrize(("value", "sentence"), [(0, "cannot be meant"), (12, "prothrombin time in seconds")])
def test_inr_that_is_none_is_refused(value, sentence):
    with pytest.raises(BadInput, match=sentence):
        inputs.checked_inr(value)
