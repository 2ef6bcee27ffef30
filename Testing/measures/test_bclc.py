"""BCLC 2022: each stage from its row of the table, and no stage where the table has no row."""

from __future__ import annotations

import itertools
import math

import pytest

from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.measures.clinical import Amount, bclc, compute

PATIENT = {
    "tumours": 1,
    "largest_tumour": Amount(15, "mm"),
    "vascular_invasion": "absent",
    "extrahepatic_spread": "absent",
    "ecog": 0,
    "liver_function": "preserved",
}

INVASION = {"vascular_invasion": "present"}
SPREAD = {"extrahepatic_spread": "present"}
NO_TRANSPLANT = {"liver_function": "end stage", "transplantable": "no"}
TRANSPLANT = {"liver_function": "end stage", "transplantable": "yes"}


def staged(**changed) -> str:
    return compute("bclc", {**PATIENT, **changed}).value


@pytest.mark.parametrize(
    ("tumours", "largest", "stage"),
    [
        (1, Amount(2, "mm"), "0"),
        (1, Amount(20, "mm"), "0"),
        (1, Amount(2.0, "cm"), "0"),
        (1, Amount(math.nextafter(20, 21), "mm"), "A"),
        (1, Amount(2.1, "cm"), "A"),
        (1, Amount(31, "mm"), "A"),
        (1, Amount(120, "mm"), "A"),  # one tumour of any size
        (2, Amount(15, "mm"), "A"),  # several are never stage 0
        (3, Amount(30, "mm"), "A"),
        (3, Amount(3.0, "cm"), "A"),
        (2, Amount(math.nextafter(30, 31), "mm"), "B"),
        (3, Amount(3.1, "cm"), "B"),
        (4, Amount(10, "mm"), "B"),
        (99, Amount(10, "cm"), "B"),
    ],
)
def test_number_and_diameter(tumours, largest, stage):
    assert staged(tumours=tumours, largest_tumour=largest) == stage


BURDENS = [(1, 15, "0"), (1, 50, "A"), (3, 25, "A"), (3, 50, "B"), (7, 20, "B")]


@pytest.mark.parametrize(("tumours", "mm", "burden"), BURDENS)
def test_every_row_of_the_table(tumours, mm, burden):
    """All answers for one tumour burden, against the table of the definitions written out as rules."""
    size = {"tumours": tumours, "largest_tumour": Amount(mm, "mm")}
    for invasion, spread, ecog in itertools.product(("absent", "present"), ("absent", "present"), range(5)):
        extent = {"vascular_invasion": invasion, "extrahepatic_spread": spread, "ecog": ecog, **size}
        advanced = "present" in (invasion, spread)
        assert staged(**extent, **NO_TRANSPLANT) == "D"
        for function in ({"liver_function": "preserved"}, {"liver_function": "neither"}, TRANSPLANT):
            which = function["liver_function"]
            if ecog in (3, 4):
                expected = "D"
            elif which == "preserved":
                expected = "C" if advanced else burden if ecog == 0 else None
            elif which == "end stage":
                expected = burden if not advanced and ecog == 0 else None
            else:
                expected = None
            if expected is None:
                with pytest.raises(bclc.NotSettled, match="BCLC 2022"):
                    staged(**extent, **function)
            else:
                assert staged(**extent, **function) == expected, (extent, function)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"ecog": 1}, "no stage for ECOG 1 without vascular invasion or extrahepatic spread"),
        ({"liver_function": "neither"}, "preserved and end-stage liver function, and nothing between"),
        ({**TRANSPLANT, **INVASION}, "no tumour with vascular invasion"),
        ({**TRANSPLANT, "ecog": 2}, "a transplant as an option and ECOG 2"),
    ],
)
def test_what_the_table_does_not_settle_is_told(changed, words):
    with pytest.raises(bclc.NotSettled) as error:
        staged(**changed)
    assert words in error.value.message


@pytest.mark.parametrize("ecog", [1, 2])
def test_symptoms_alone_are_stage_c_only_where_that_reading_is_chosen(ecog):
    assert staged(ecog=ecog, symptoms_alone="stage C") == "C"
    assert staged(ecog=0, symptoms_alone="stage C") == "0"


def test_end_stage_asks_for_the_transplant():
    with pytest.raises(BadInput, match="needs the answer whether a transplant is an option"):
        staged(liver_function="end stage")
    assert staged(liver_function="end stage", ecog=3) == "D"


@pytest.mark.parametrize(
    ("child_pugh_class", "ascites", "function"),
    [("A", "absent", "preserved"), ("A", "slight", "neither"), ("B", "absent", "neither"), ("B", "moderate", "neither"),
     ("C", "absent", "end stage"), ("C", "moderate", "end stage")],
)  # fmt: skip
def test_liver_function_from_the_child_pugh_class(child_pugh_class, ascites, function):
    found = compute("bclc_liver_function", {"child_pugh_class": child_pugh_class, "ascites": ascites})
    assert found.value == function
    assert "J Hepatol 2018;69:182-236" in found.source


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"tumours": 0}, "Number of tumours 0 is implausible"),
        ({"tumours": 2.5}, "must be a whole number"),
        ({"largest_tumour": Amount(0.5, "mm")}, "is it 0.5 cm"),
        ({"largest_tumour": Amount(math.nan, "mm")}, "must be a number"),
        ({"largest_tumour": 15}, "must be a number and its unit, mm or cm"),
        ({"ecog": 5}, "ECOG performance status 5 is implausible"),
        ({"ecog": None}, "BCLC stage cannot be computed without ECOG performance status."),
        ({"vascular_invasion": True}, "Vascular invasion is True; it must be absent or present."),
        ({"liver_function": "A"}, "Liver function is 'A'; it must be preserved, end stage or neither."),
        ({"transplantable": "maybe"}, "it must be no or yes."),
        ({"ecog": 3, "liver_function": "so-so"}, "Liver function is 'so-so'"),
    ],
)
def test_bad_input_never_yields_a_stage(changed, sentence):
    with pytest.raises(BadInput) as error:
        staged(**changed)
    assert sentence in error.value.message


def test_a_diameter_that_is_usual_only_in_the_other_unit_is_noted():
    found = compute("bclc", {**PATIENT, "largest_tumour": Amount(20, "cm")})
    assert found.value == "A"
    assert "20 mm would be usual" in found.notes[0]


def test_the_source_is_named():
    assert "J Hepatol 2022;76:681-693" in compute("bclc", PATIENT).source
