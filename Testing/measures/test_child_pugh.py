"""Child-Pugh: all 243 combinations against a table written out here, every limit, units mixed."""

from __future__ import annotations

import itertools
import math

import pytest

from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.measures.clinical import Amount, child_pugh, compute

BILIRUBIN = {1: Amount(1.2, "mg/dL"), 2: Amount(44, "umol/L"), 3: Amount(6.0, "mg/dL")}
ALBUMIN = {1: Amount(41, "g/L"), 2: Amount(3.1, "g/dL"), 3: Amount(22, "g/L")}
INR = {1: 1.1, 2: 1.9, 3: 2.9}
PROLONGATION = {1: Amount(1.5, "s"), 2: Amount(5, "s"), 3: Amount(9, "s")}
ASCITES = {1: "absent", 2: "slight", 3: "moderate"}
ENCEPHALOPATHY = {1: "none", 2: "grade 1-2", 3: "grade 3-4"}

CLASSES = dict(zip(range(5, 16), "AABBBCCCCCC", strict=True))
"""5 and 6: A; 7, 8, 9: B; 10 to 15: C."""

COMBINATIONS = list(itertools.product((1, 2, 3), repeat=5))

HOW_OFTEN = {5: 1, 6: 5, 7: 15, 8: 30, 9: 45, 10: 51, 11: 45, 12: 30, 13: 15, 14: 5, 15: 1}
"""Combinations of five items of 1 to 3 points by their sum: the trinomial coefficients."""


def patient(bilirubin: int, albumin: int, clotting: int, ascites: int, encephalopathy: int) -> dict:
    return {
        "bilirubin": BILIRUBIN[bilirubin],
        "albumin": ALBUMIN[albumin],
        "inr": INR[clotting],
        "ascites": ASCITES[ascites],
        "encephalopathy": ENCEPHALOPATHY[encephalopathy],
    }


def test_there_are_243_combinations_and_they_sum_as_they_must():
    sums = [compute("child_pugh", patient(*points)).value for points in COMBINATIONS]
    assert len(sums) == 243
    assert {total: sums.count(total) for total in sorted(set(sums))} == HOW_OFTEN


@pytest.mark.parametrize("bilirubin", [1, 2, 3])
@pytest.mark.parametrize("albumin", [1, 2, 3])
def test_every_combination_has_its_points_and_class(bilirubin, albumin):
    for rest in itertools.product((1, 2, 3), repeat=3):
        values = patient(bilirubin, albumin, *rest)
        total = bilirubin + albumin + sum(rest)
        assert compute("child_pugh", values).value == total, values
        assert compute("child_pugh_class", values).value == CLASSES[total], values
        by_time = {**values, "prothrombin_prolongation": PROLONGATION[rest[0]]}
        assert compute("child_pugh_1973", by_time).value == total, by_time
        assert compute("child_pugh_1973_class", by_time).value == CLASSES[total], by_time


def item(name: str, **changed) -> int:
    """Points of one item of a patient who has 1 in all others."""
    values = {"bilirubin": 1.0, "albumin": 4.0, "inr": 1.0, "ascites": "absent", "encephalopathy": "none", **changed}
    return child_pugh.item_points(**values)[name]


def below(value: float) -> float:
    return math.nextafter(value, -math.inf)


def above(value: float) -> float:
    return math.nextafter(value, math.inf)


@pytest.mark.parametrize(
    ("mg_per_dl", "usual", "cholestatic"),
    [(below(2.0), 1, 1), (2.0, 2, 1), (3.0, 2, 1), (above(3.0), 3, 1), (below(4.0), 3, 1), (4.0, 3, 2), (10.0, 3, 2),
     (above(10.0), 3, 3)],
)  # fmt: skip
def test_limits_of_bilirubin(mg_per_dl, usual, cholestatic):
    assert item("bilirubin", bilirubin=mg_per_dl) == usual
    assert item("bilirubin", bilirubin=mg_per_dl, liver_disease="cholestatic") == cholestatic


@pytest.mark.parametrize(
    ("g_per_dl", "points"), [(above(3.5), 1), (3.5, 2), (2.8, 2), (below(2.8), 3), (5.0, 1), (1.5, 3)]
)
def test_limits_of_albumin(g_per_dl, points):
    assert item("albumin", albumin=g_per_dl) == points


@pytest.mark.parametrize(("inr", "points"), [(below(1.7), 1), (1.7, 2), (2.3, 2), (above(2.3), 3), (0.9, 1), (6.0, 3)])
def test_limits_of_the_inr(inr, points):
    assert item("clotting", inr=inr) == points


@pytest.mark.parametrize(
    ("seconds", "points"), [(-1.0, 1), (below(4.0), 1), (4.0, 2), (6.0, 2), (above(6.0), 3), (40.0, 3)]
)
def test_limits_of_the_prothrombin_time(seconds, points):
    assert item("clotting", inr=None, prothrombin_prolongation=seconds) == points


@pytest.mark.parametrize(
    ("bilirubin", "albumin", "points"),
    [
        (Amount(34.2, "umol/L"), Amount(35, "g/L"), 7),  # 2 + 2 + 1 + 1 + 1
        (Amount(2, "mg/dL"), Amount(3.5, "g/dL"), 7),
        (Amount(51.3, "umol/L"), Amount(28, "g/L"), 7),
        (Amount(3, "mg/dL"), Amount(2.8, "g/dL"), 7),
        (Amount(34.1, "umol/L"), Amount(35.1, "g/L"), 5),
        (Amount(51.4, "umol/L"), Amount(27.9, "g/L"), 9),
    ],
)
def test_the_limits_stay_whatever_the_units(bilirubin, albumin, points):
    values = {**patient(1, 1, 1, 1, 1), "bilirubin": bilirubin, "albumin": albumin}
    assert compute("child_pugh", values).value == points


@pytest.mark.parametrize(
    ("umol", "disease", "here", "there"),
    [(33.9, "usual", 1, None), (34, "usual", 1, 2), (34.2, "usual", 2, None), (51, "usual", 2, None),
     (51.2, "usual", 2, 3), (52, "usual", 3, None), (67.9, "cholestatic", 1, None), (68, "cholestatic", 1, 2),
     (69, "cholestatic", 2, None), (171, "cholestatic", 2, None), (171.1, "cholestatic", 3, None)],
)  # fmt: skip
def test_where_tables_in_umol_give_other_points_it_is_said(umol, disease, here, there):
    values = {**patient(1, 1, 1, 1, 1), "bilirubin": Amount(umol, "umol/L"), "liver_disease": disease}
    found = compute("child_pugh", values)
    assert found.value == 4 + here
    if there is None:
        assert found.notes == ()
    else:
        (note,) = found.notes
        assert note.startswith(f"Bilirubin {umol:g} µmol/L is ")
        assert f"{here} point" in note
        assert note.endswith(f"give {there}.")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"bilirubin": Amount(math.nan, "mg/dL")}, "Bilirubin must be a number"),
        ({"bilirubin": Amount(0.5, "umol/L")}, "is it 0.5 mg/dL"),
        ({"albumin": Amount(35, "g/dL")}, "is it 35 g/L"),
        ({"inr": 14.0}, "Is it the prothrombin time in seconds"),
        ({"inr": -1.0}, "INR -1 is implausible"),
        ({"ascites": "a lot"}, "Ascites is 'a lot'; it must be absent, slight or moderate."),
        ({"encephalopathy": 2}, "Encephalopathy is 2; it must be none, grade 1-2 or grade 3-4."),
        ({"liver_disease": "PBC"}, "Kind of liver disease is 'PBC'; it must be usual or cholestatic."),
        ({"inr": None}, "Child-Pugh points cannot be computed without INR."),
        ({"ascites": None, "encephalopathy": None}, "without ascites and encephalopathy."),
    ],
)
def test_bad_input_never_yields_points(changed, sentence):
    for name in ("child_pugh", "child_pugh_class"):
        with pytest.raises(BadInput) as error:
            compute(name, {**patient(1, 1, 1, 1, 1), **changed})
        assert sentence.replace("points", "class" if "class" in name else "points") in error.value.message


@pytest.mark.parametrize("both", [{"inr": 1.1, "prothrombin_prolongation": 2.0}, {"inr": None}])
def test_clotting_is_counted_once(both):
    with pytest.raises(BadInput, match="give one of them"):
        item("clotting", **both)


@pytest.mark.parametrize("points", [4, 16, 6.5, math.nan, True, None, "A"])
def test_what_are_no_points_has_no_class(points):
    with pytest.raises(BadInput, match="whole numbers from 5 to 15"):
        child_pugh.class_of(points)
