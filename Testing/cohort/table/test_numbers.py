"""Numbers in cells: what a spreadsheet writes is read in one way, or told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from PTLFPredictorLib.cohort.table.numbers import Decimals, decimals_of, is_missing, number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("38.5", 38.5),
        ("38,5", 38.5),
        ("0,001", 0.001),
        (".5", 0.5),
        ("-1", -1.0),
        ("1.5E-3", 0.0015),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("1.234.567", 1234567.0),
        ("12 345,6", 12345.6),
        ("12\u202f345,6", 12345.6),
        ("\uff13\uff18.5", 38.5),
        ("\u22121", -1.0),
        ("1.034", 1.034),
    ],
)
def test_a_number_is_read(text, value):
    assert number(text) == number(text, Decimals.MIXED) or text == "1.034"
    assert number(text).value == value
    assert number(text).problem == ""


def test_three_digits_behind_a_mark_are_read_only_as_the_sheet_reads():
    """1,034: an INR to a German, a thousand to an American."""
    assert number("1,034", Decimals.COMMA).value == 1.034
    assert number("1.034", Decimals.POINT).value == 1.034
    for text, decimals in [("1,034", Decimals.POINT), ("1,034", Decimals.NONE), ("1.034", Decimals.COMMA)]:
        assert number(text, decimals).value is None
        assert "two ways" in number(text, decimals).problem
    assert all("two ways" in number(text, Decimals.MIXED).problem for text in ("1,034", "1.034"))


def test_the_sheet_s_decimal_mark_is_what_its_certain_numbers_have():
    assert decimals_of(["1,034", "12", "a,b"]) is Decimals.NONE
    assert decimals_of(["1,034", "3,8"]) is Decimals.COMMA
    assert decimals_of(["1.034", "3.8", "ct/1.nrrd"]) is Decimals.POINT
    assert decimals_of(["3.8", "3,8"]) is Decimals.MIXED


@pytest.mark.parametrize(
    "text", ["4-May", "04. Mai", "Mai 21", "2024-05-04", "2024-05-04 00:00:00", "04.05.2024", "5/4/24"]
)
def test_a_date_that_the_spreadsheet_made_of_a_number_is_told(text):
    assert number(text).value is None
    assert number(text).problem == "is a date or time: has the spreadsheet made one of a number?"


@pytest.mark.parametrize("text", ["<5", "> 2000", "≤0.1", "~3"])
def test_a_limit_is_no_number(text):
    assert (number(text).value, number(text).problem) == (None, "is a limit, not a number")


@pytest.mark.parametrize("text", ["#DIV/0!", "#N/A", "#NV", "#WERT!", "#REF!", "########"])
def test_a_failed_formula_is_told(text):
    assert number(text).value is None
    assert "formula" in number(text).problem


@pytest.mark.parametrize("text", ["Mueller", "1'234", "5-10", "38.", "007", "1,2,3", "3.8 4.1"])
def test_text_is_no_number(text):
    assert number(text).value is None
    assert number(text).problem == "is text where a number is expected"


@pytest.mark.parametrize("text", ["", "NA", "n/a", "NaN", "-", "–", "?", "k.A.", "unknown", "NULL"])
def test_what_is_not_known_is_missing_and_no_problem(text):
    assert is_missing(text)
    assert (number(text).value, number(text).problem) == (None, "")


def test_a_unit_may_stand_behind_a_number():
    assert (number("3,8 g/dL").value, number("3,8 g/dL").unit) == (3.8, "g/dL")
    assert (number("35%").value, number("35%").unit) == (35.0, "%")


@given(st.floats(-1e6, 1e6, allow_nan=False), st.booleans())
def test_every_number_that_python_writes_is_read_as_itself_with_either_mark(value, comma):
    text = repr(value).replace(".", ",") if comma else repr(value)
    assert number(text, Decimals.COMMA if comma else Decimals.POINT).value == value


@given(st.text(max_size=12))
def test_whatever_a_cell_holds_it_is_a_number_missing_or_told(text):
    read = number(text.strip())
    assert read.value is not None or read.problem or is_missing(text.strip())
