"""The registry of clinical measures: what each needs, what it gives, and one more from outside the library."""

from __future__ import annotations

import json
import math

import pytest

from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.measures import clinical
from PTLFPredictorLib.measures.clinical import Amount, Choice, Quantity, compute, inputs_of, required_inputs
from PTLFPredictorLib.measures.value import Measure

PATIENT = {
    "albumin": Amount(3.5, "g/dL"),
    "bilirubin": Amount(17.1, "umol/L"),
    "inr": 1.1,
    "ascites": "absent",
    "encephalopathy": "none",
}


def test_the_measures_and_what_they_need():
    albi = {"albumin": "g/L", "bilirubin": "umol/L"}
    child_pugh = {"bilirubin": "mg/dL", "albumin": "g/dL", "ascites": "", "encephalopathy": ""}
    needed = {name: {key: getattr(kind, "unit", "") for key, kind in required_inputs(name).items()}
              for name in clinical.MEASURES}  # fmt: skip
    assert needed == {
        "albi": albi,
        "albi_grade": albi,
        "malbi_grade": albi,
        "child_pugh": {**child_pugh, "inr": "1"},
        "child_pugh_class": {**child_pugh, "inr": "1"},
        "child_pugh_1973": {**child_pugh, "prothrombin_prolongation": "s"},
        "child_pugh_1973_class": {**child_pugh, "prothrombin_prolongation": "s"},
        "bclc_liver_function": {"child_pugh_class": "", "ascites": ""},
        "bclc": {
            "tumours": "1",
            "largest_tumour": "mm",
            "vascular_invasion": "",
            "extrahepatic_spread": "",
            "ecog": "1",
            "liver_function": "",
        },
    }
    assert set(inputs_of("bclc")) - set(required_inputs("bclc")) == {"transplantable", "symptoms_alone"}
    assert all(isinstance(kind, Quantity | Choice) for name in clinical.MEASURES for kind in inputs_of(name).values())


def test_a_value_carries_where_it_comes_from():
    found = compute("albi", PATIENT)
    assert found.name == "albi"
    assert found.unit == "1"
    assert [(one.name, one.value, one.unit, one.given) for one in found.inputs] == [
        ("albumin", 35.0, "g/L", "3.5 g/dL"),
        ("bilirubin", 17.1, "umol/L", "17.1 µmol/L"),
    ]


@pytest.mark.parametrize("name", ["albi", "albi_grade", "child_pugh", "child_pugh_class"])
def test_a_value_goes_through_json_unchanged(name):
    as_json = compute(name, PATIENT).as_json()
    assert json.loads(json.dumps(as_json, allow_nan=False)) == as_json


def test_inputs_of_other_measures_are_left_alone():
    assert compute("albi", {**PATIENT, "ascites": "nonsense", "ecog": 9}) == compute("albi", PATIENT)


def test_an_unknown_input_or_measure_is_told():
    with pytest.raises(
        BadInput, match=r"No clinical measure takes bilirubine; ALBI score takes albumin and bilirubin\."
    ):
        compute("albi", {**PATIENT, "bilirubine": Amount(20, "umol/L")})
    with pytest.raises(BadInput, match="no clinical measure 'meld'; there are albi, albi_grade,"):
        required_inputs("meld")


def fib4(age: float, ast: float, alt: float, platelets: float) -> float:
    """Sterling et al., Hepatology 2006;43:1317-1325."""
    return age * ast / (platelets * math.sqrt(alt))


@pytest.fixture
def with_fib4(monkeypatch):
    inputs = {
        "age": Quantity.declared("age", "years", (18, 110)),
        "ast": Quantity.declared("AST", "U/L", (3, 10000)),
        "alt": Quantity.declared("ALT", "U/L", (3, 10000)),
        "platelets": Quantity.declared("platelet count", "10^9/L", (5, 1500), {"1/uL": 0.001}),
    }
    entry = Measure("FIB-4", inputs, fib4, "Sterling et al., Hepatology 2006;43:1317-1325")
    monkeypatch.setitem(clinical.MEASURES, "fib4", entry)


def test_a_measure_is_added_from_outside_by_one_entry(with_fib4):
    values = {"age": Amount(60, "years"), "ast": Amount(64, "U/L"), "alt": Amount(64, "U/L")}
    found = compute("fib4", {**values, "platelets": Amount(120000, "1/uL"), **PATIENT})
    assert found.value == pytest.approx(4.0)  # 60 * 64 / (120 * 8)
    assert found.source.startswith("Sterling")
    with pytest.raises(BadInput, match="FIB-4 cannot be computed without platelet count"):
        compute("fib4", values)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_an_added_measure_cannot_hand_on_what_is_no_number(monkeypatch, value):
    monkeypatch.setitem(clinical.MEASURES, "odd", Measure("Odd", {}, lambda: value, "none"))
    with pytest.raises(BadInput, match="Odd cannot be computed from these values"):
        compute("odd", {})


def test_an_added_measure_keeps_to_its_categories(monkeypatch):
    monkeypatch.setitem(clinical.MEASURES, "odd", Measure("Odd", {}, lambda: "x", "none", categories=("a", "b")))
    with pytest.raises(ValueError, match="none of its categories"):
        compute("odd", {})
    monkeypatch.setitem(clinical.MEASURES, "odd", Measure("Odd", {}, lambda: 1.0, "none", categories=("a", "b")))
    with pytest.raises(TypeError, match="exclude each other"):
        compute("odd", {})
