"""Quantities with units: exact conversions, sentences for what is implausible, and units that are asked about."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.measures.clinical.choice import Choice
from PTLFPredictorLib.measures.clinical.quantity import Amount, Quantity
from PTLFPredictorLib.measures.clinical.units import ALBUMIN, BILIRUBIN, INR, QUANTITIES, TUMOUR_COUNT, to_unit


@pytest.mark.parametrize(
    ("value", "unit", "kind", "target", "expected"),
    [
        (35, "g/L", "albumin", None, 35.0),
        (3.5, "g/dL", "albumin", None, 35.0),
        (2.3, "g/dL", "albumin", None, 23.0),
        (41, "g/L", "albumin", "g/dL", 4.1),
        (2, "mg/dL", "bilirubin", None, 34.2),
        (3, "mg/dL", "bilirubin", None, 51.3),
        (51.3, "umol/L", "bilirubin", "mg/dL", 3.0),
        (1.1, "mg/dL", "bilirubin", None, 18.81),
        (5.2, "cm", "tumour_diameter", None, 52.0),
        (1.1, "1", "inr", None, 1.1),
        (2, "1", "ecog", None, 2.0),
        (4.5, "s", "prothrombin_prolongation", None, 4.5),
    ],
)
def test_conversion_is_that_of_the_decimals(value, unit, kind, target, expected):
    assert to_unit(value, unit, kind, target) == expected


@given(st.integers(min_value=150, max_value=600))
def test_no_digit_is_added_by_a_conversion(tenths):
    assert to_unit(tenths / 100, "g/dL", "albumin") == tenths / 10
    assert to_unit(tenths / 10, "g/L", "albumin", "g/dL") == tenths / 100


@pytest.mark.parametrize("spelled", ["umol/L", "\u00b5mol/L", "\u03bcmol/L", " umol/L"])
def test_micro_is_understood_as_it_is_typed(spelled):
    assert to_unit(20, spelled, "bilirubin") == 20


@pytest.mark.parametrize(
    ("value", "unit", "kind", "sentence"),
    [
        (3.8, "g/L", "albumin", "Albumin 3.8 g/L is implausible; is it 3.8 g/dL? Then choose the unit g/dL."),
        (38, "g/dL", "albumin", "Albumin 38 g/dL is implausible; is it 38 g/L? Then choose the unit g/L."),
        (380, "g/L", "albumin", "Albumin 380 g/L is implausible; expected is 15 to 60 g/L."),
        (38, "mmol/L", "albumin", "The unit of albumin is 'mmol/L'; it must be g/L or g/dL."),
        (38, None, "albumin", "The unit of albumin is 'None'; it must be g/L or g/dL."),
        (
            0.9,
            "umol/L",
            "bilirubin",
            "Bilirubin 0.9 µmol/L is implausible; is it 0.9 mg/dL? Then choose the unit mg/dL.",
        ),
        (80, "mg/dL", "bilirubin", "Bilirubin 80 mg/dL is implausible; is it 80 µmol/L? Then choose the unit µmol/L."),
        (0, "mg/dL", "bilirubin", "Bilirubin 0 mg/dL is implausible; expected is 0.1 to 50 mg/dL."),
        (-20, "umol/L", "bilirubin", "Bilirubin -20 µmol/L is implausible; expected is 1.71 to 855 µmol/L."),
        (
            12.5,
            "1",
            "inr",
            "INR 12.5 cannot be used: above 6. Is it the prothrombin time in seconds, or the prothrombin activity in "
            "percent?",
        ),
        (0.1, "1", "inr", "INR 0.1 is implausible; expected is 0.5 to 6."),
        (1.1, "s", "inr", "The unit of INR is 's'; it has none."),
        (
            70,
            "s",
            "prothrombin_prolongation",
            "Prothrombin time above the control 70 s cannot be used: above 60 s. Is it the prothrombin activity in "
            "percent?",
        ),
        (1.5, "1", "ecog", "ECOG performance status must be a whole number, not 1.5."),
        (5, "1", "ecog", "ECOG performance status 5 is implausible; expected is 0 to 4."),
        (0, "1", "tumour_count", "Number of tumours 0 is implausible; expected is 1 to 99."),
    ],
)
def test_what_cannot_be_meant_is_told_in_a_sentence(value, unit, kind, sentence):
    with pytest.raises(BadInput) as error:
        to_unit(value, unit, kind)
    assert error.value.message == sentence


@pytest.mark.parametrize("kind", sorted(QUANTITIES))
@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, None, "35", True, np.float64("nan"), 10**400, 1 + 2j, [35], Decimal("35")]
)
def test_what_is_no_number_never_becomes_one(kind, value):
    with pytest.raises(BadInput, match="must be a number"):
        to_unit(value, QUANTITIES[kind].unit, kind)


def test_numbers_of_numpy_are_numbers():
    assert to_unit(np.float64(3.5), "g/dL", ALBUMIN) == 35.0
    assert to_unit(np.int64(35), "g/L", ALBUMIN) == 35.0


def test_an_unknown_quantity_is_told():
    with pytest.raises(BadInput, match="no quantity 'sodium'; there are albumin, bilirubin"):
        to_unit(140, "mmol/L", "sodium")


def test_the_other_unit_is_offered_only_where_this_one_cannot_be_meant():
    assert ALBUMIN.other_unit(3.8, "g/L") == "g/dL"
    assert ALBUMIN.other_unit(38, "g/L") is None
    assert ALBUMIN.other_unit(380, "g/L") is None


@pytest.mark.parametrize(
    ("value", "unit", "asked"),
    [(12, "mg/dL", "12 µmol/L would be usual"), (1.9, "umol/L", "1.9 mg/dL would be usual"), (12, "umol/L", ""),
     (1.1, "mg/dL", ""), (300, "umol/L", "")],
)  # fmt: skip
def test_a_bilirubin_that_is_usual_only_in_the_other_unit_is_asked_about(value, unit, asked):
    doubt = BILIRUBIN.doubt(value, unit)
    assert asked in doubt
    assert bool(doubt) == bool(asked)


def test_a_number_without_its_unit_is_refused_where_there_is_one():
    with pytest.raises(BadInput, match=r"^Bilirubin must be a number and its unit, µmol/L or mg/dL; given is 20\.$"):
        BILIRUBIN.read("bilirubin", 20)
    assert INR.read("inr", 1.2).value == 1.2


def test_what_was_used_stands_beside_what_was_given():
    used = ALBUMIN.read("albumin", Amount(3.5, "g/dL"))
    assert (used.value, used.unit, used.given) == (35.0, "g/L", "3.5 g/dL")


def test_a_quantity_can_be_taken_in_another_first_unit():
    in_mg = BILIRUBIN.in_unit("mg/dL")
    assert in_mg.unit == "mg/dL"
    assert in_mg.range == (0.1, 50.0)
    assert in_mg.convert(34.2, "umol/L") == 2.0
    assert in_mg.convert(2.0, "mg/dL", "umol/L") == 34.2


def test_a_file_declares_a_quantity_that_the_library_does_not_know():
    afp = Quantity.declared("AFP", "ng/mL", (0.5, 1e6), {"ug/L": 1, "ug/mL": 1000})
    assert afp.convert(0.4, "ug/mL") == 400.0
    with pytest.raises(BadInput, match="AFP -1 ng/mL is implausible; expected is"):
        afp.convert(-1, "ng/mL")


def test_albumin_as_a_file_declares_it_is_the_librarys():
    assert Quantity.declared("albumin", "g/L", (15, 60), {"g/dL": 10}) == ALBUMIN


@pytest.mark.parametrize(
    ("range_", "alternatives", "sentence"),
    [
        ((60, 15), {}, "must stand first"),
        ((15,), {}, "must be two numbers, not 1"),
        ((15, math.nan), {}, "must be a number"),
        ((15, 60), {"g/dL": 0}, "must be more than 0"),
        ((15, 60), {"g/dL": "10"}, "must be a number"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(range_, alternatives, sentence):
    with pytest.raises(BadInput, match=sentence):
        Quantity.declared("albumin", "g/L", range_, alternatives)


def test_a_count_is_whole():
    assert TUMOUR_COUNT.convert(3, "1") == 3
    with pytest.raises(BadInput, match=r"Number of tumours must be a whole number, not 2\.5"):
        TUMOUR_COUNT.convert(2.5, "1")


@pytest.mark.parametrize("given_", ["Absent", "", 1, True, None, "none"])
def test_a_choice_takes_its_own_words_only(given_):
    with pytest.raises(BadInput, match=r"^Ascites is .*; it must be absent, slight or moderate\.$"):
        Choice("ascites", ("absent", "slight", "moderate")).chosen(given_)
