"""ALBI: the formula by hand, its grades at their limits and one step of a float beside them, units mixed."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.measures.clinical import Amount, albi, compute


def by_hand(albumin: str, bilirubin: str) -> Decimal:
    """Johnson's formula (g/L, µmol/L) in 40 decimal digits."""
    with localcontext(prec=40):
        return Decimal("0.66") * Decimal(bilirubin).log10() - Decimal("0.085") * Decimal(albumin)


@pytest.mark.parametrize(
    ("albumin", "bilirubin", "score", "grade", "modified"),
    [
        (40, 10, -2.74, "1", "1"),  # 0.66 - 3.40
        (36, 10, -2.40, "2", "2a"),  # 0.66 - 3.06
        (30, 10, -1.89, "2", "2b"),  # 0.66 - 2.55
        (30, 100, -1.23, "3", "3"),  # 1.32 - 2.55
        (50, 100, -2.93, "1", "1"),  # 1.32 - 4.25
    ],
)
def test_score_and_grades_of_powers_of_ten(albumin, bilirubin, score, grade, modified):
    given_ = {"albumin": Amount(albumin, "g/L"), "bilirubin": Amount(bilirubin, "umol/L")}
    assert compute("albi", given_).value == pytest.approx(score, abs=1e-12)
    assert compute("albi_grade", given_).value == grade
    assert compute("malbi_grade", given_).value == modified


@pytest.mark.parametrize(
    ("score", "grade", "modified"),
    [
        (math.nextafter(-2.60, -math.inf), "1", "1"),
        (-2.60, "1", "1"),
        (math.nextafter(-2.60, math.inf), "2", "2a"),
        (math.nextafter(-2.270, -math.inf), "2", "2a"),
        (-2.270, "2", "2a"),
        (math.nextafter(-2.270, math.inf), "2", "2b"),
        (math.nextafter(-1.39, -math.inf), "2", "2b"),
        (-1.39, "2", "2b"),
        (math.nextafter(-1.39, math.inf), "3", "3"),
        (-5.0, "1", "1"),
        (0.5, "3", "3"),
    ],
)
def test_the_limits_belong_to_the_better_grade(score, grade, modified):
    assert albi.grade(score) == grade
    assert albi.modified_grade(score) == modified


@pytest.mark.parametrize(
    ("albumin", "bilirubin", "limit", "below", "grade"),
    [
        ("40", "16.29", "-2.60", True, "1"),
        ("40", "16.30", "-2.60", False, "2"),
        ("26", "17.45", "-1.39", True, "2"),
        ("26", "17.50", "-1.39", False, "3"),
    ],
)
def test_values_on_both_sides_of_a_limit(albumin, bilirubin, limit, below, grade):
    assert (by_hand(albumin, bilirubin) <= Decimal(limit)) is below
    given_ = {"albumin": Amount(float(albumin), "g/L"), "bilirubin": Amount(float(bilirubin), "umol/L")}
    assert compute("albi_grade", given_).value == grade


@given(tenths=st.integers(150, 600), hundredths=st.integers(10, 5000))
def test_score_and_grade_are_the_same_whatever_the_units(tenths, hundredths):
    umol = str(Decimal(hundredths) / 100 * Decimal("17.1"))
    albumins = [Amount(tenths / 10, "g/L"), Amount(tenths / 100, "g/dL")]
    bilirubins = [Amount(float(umol), "µmol/L"), Amount(hundredths / 100, "mg/dL")]
    found = {
        (compute("albi", values).value, compute("albi_grade", values).value, compute("malbi_grade", values).value)
        for values in ({"albumin": a, "bilirubin": b} for a in albumins for b in bilirubins)
    }
    assert len(found) == 1
    assert found.pop()[0] == pytest.approx(float(by_hand(str(Decimal(tenths) / 10), umol)), abs=1e-12)


@given(tenths=st.integers(151, 600), umol=st.floats(2, 850))
def test_less_albumin_or_more_bilirubin_is_never_better(tenths, umol):
    here = albi.score(tenths / 10, umol)
    assert albi.score((tenths - 1) / 10, umol) > here
    assert albi.score(tenths / 10, umol + 1) > here


@pytest.mark.parametrize(
    ("albumin", "bilirubin", "sentence"),
    [
        (Amount(math.nan, "g/L"), Amount(20, "umol/L"), "Albumin must be a number"),
        (Amount(40, "g/L"), Amount(0, "umol/L"), "Bilirubin 0 µmol/L is implausible"),
        (Amount(40, "g/L"), Amount(-3, "mg/dL"), "Bilirubin -3 mg/dL is implausible"),
        (Amount(4.0, "g/L"), Amount(20, "umol/L"), "is it 4 g/dL"),
        (Amount(40, "g/L"), Amount(0.8, "umol/L"), "is it 0.8 mg/dL"),
        (Amount(40, "g/L"), None, "ALBI score cannot be computed without bilirubin."),
        (None, None, "ALBI score cannot be computed without albumin and bilirubin."),
        (40, Amount(20, "umol/L"), "Albumin must be a number and its unit"),
    ],
)
def test_bad_input_never_yields_a_score(albumin, bilirubin, sentence):
    with pytest.raises(BadInput) as error:
        compute("albi", {"albumin": albumin, "bilirubin": bilirubin})
    assert sentence in error.value.message


@pytest.mark.parametrize("score", [math.nan, math.inf, None, "-2.6", True])
def test_what_is_no_score_has_no_grade(score):
    for grade in (albi.grade, albi.modified_grade):
        with pytest.raises(BadInput, match="The ALBI score must be a number"):
            grade(score)


def test_a_unit_that_may_be_mistaken_is_noted_beside_the_score():
    noted = compute("albi", {"albumin": Amount(40, "g/L"), "bilirubin": Amount(12, "mg/dL")})
    assert noted.notes == ("Bilirubin 12 mg/dL is possible but rare, 12 µmol/L would be usual: is the unit right?",)


def test_the_source_is_named():
    given_ = {"albumin": Amount(40, "g/L"), "bilirubin": Amount(10, "umol/L")}
    assert "J Clin Oncol 2015;33:550-558" in compute("albi", given_).source
    assert "Liver Cancer 2019;8:121-129" in compute("malbi_grade", given_).source
