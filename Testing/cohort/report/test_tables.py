"""Cells and tables: the page rounds, the file beside it keeps every digit."""

import csv
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from PTLFPredictorLib.render.report import (
    Column,
    Document,
    Estimate,
    Indented,
    MeanSD,
    MedianIQR,
    Section,
    Share,
    Table,
    fixed,
    names,
    p_value,
    percent,
    significant,
    write,
)
from PTLFPredictorLib.render.report.cells import of_spread, words
from PTLFPredictorLib.render.report.files import lines

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


def written(folder, *tables):
    """The files of these tables, read back as rows."""
    write(Document("T", "S", (Section("A", tables),)), folder)
    return [list(csv.reader(open(folder / f"tables/{one.name}.csv", newline="", encoding="utf-8"))) for one in tables]


@pytest.mark.parametrize(
    ("shown", "number", "text"),
    [
        (fixed(3), 0.8776, "0.878"),
        (fixed(2), -0.119, "\u22120.12"),
        (fixed(2), -0.001, "0.00"),
        (significant(3), 0.012345, "0.0123"),
        (significant(3), 1992.169, "1992"),
        (significant(3), 85113.563, "85114"),
        (significant(3), 1.373, "1.37"),
        (significant(3), 0.0, "0"),
        (significant(3), math.inf, "\u221e"),
        (significant(3), 1.5e-9, "1.50e\u221209"),
        (percent(), 0.3129, "31\u00a0%"),
        (p_value, 0.0004, "<0.001"),
        (p_value, 0.0496, "0.050"),
        (p_value, 0.001, "0.001"),
    ],
)
def test_numbers_are_rounded_as_a_paper_prints_them(shown, number, text):
    assert shown(number) == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, "\u2013"),
        (float("nan"), "\u2013"),
        (np.float64("nan"), "\u2013"),
        (np.int64(7), "7"),
        (np.float64(0.25), "0.250"),
        ("Mann-Whitney", "Mann-Whitney"),
        (Share(46, 147), "46 (31.3\u00a0%)"),
        (Share(0, 0), "0"),
        (Estimate(0.8776, 0.761, 0.994), "0.878 (0.761 to 0.994)"),
        (MeanSD(37.891, 5.802, of_spread(5.8)), "37.9 \u00b1 5.8"),
        (MedianIQR(1.03, 0.95, 1.16, of_spread(0.21)), "1.03 (0.95 to 1.16)"),
        (MedianIQR(61, 52, 70, of_spread(18)), "61 (52 to 70)"),
        (Indented("Right lobe"), "Right lobe"),
    ],
)
def test_a_cell_is_shown_with_as_many_digits_as_its_spread_bears(cell, text):
    assert words(cell, fixed(3)) == text


@given(st.lists(NUMBERS, min_size=1, max_size=5))
def test_the_file_of_a_table_gives_back_the_very_numbers(values):
    table = Table("t", "T", ("case", "value"), [("a", one) for one in values])
    read = [float(row[1]) for row in list(lines(table))[1:]]
    assert read == values


@given(NUMBERS, NUMBERS, NUMBERS)
def test_an_interval_stands_in_the_file_in_the_pages_words_and_as_three_numbers(value, low, high):
    table = Table("t", "T", ("model", Column("AUC", fixed(3))), [("a", Estimate(value, low, high)), ("b", None)])
    head, first, second = lines(table)
    assert head == ["model", "AUC", "AUC: value", "AUC: low", "AUC: high"]
    assert [float(one) for one in first[2:]] == [value, low, high]
    assert second == ["b", "", "", "", ""]


def test_mixed_cells_of_a_column_each_have_their_own_numbers(tmp_path):
    rows = [("Age", MedianIQR(61, 52, 70)), ("Hb", MeanSD(126.1, 23.38)), ("Male", Share(128, 147))]
    (read,) = written(tmp_path, Table("t", "T", ("Characteristic", "Training"), rows))
    assert read[0][2:] == [f"Training: {part}" for part in ("median", "q1", "q3", "mean", "sd", "count", "total")]
    assert read[2][5:7] == ["126.1", "23.38"]
    assert read[3][7:] == ["128", "147"]


def test_every_row_is_in_the_file_where_the_page_shows_the_first(tmp_path):
    table = Table("long", "Long", ("feature", "P"), [(f"f{i}", i / 100) for i in range(100)], limit=20)
    (read,) = written(tmp_path, table)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert len(read) == 101
    assert ">f19<" in page
    assert ">f20<" not in page
    assert "first 20 of 100 rows; all are in tables/long.csv" in page


def test_a_row_of_another_width_is_refused():
    with pytest.raises(ValueError, match="2 columns, but a row of 1"):
        Table("t", "T", ("a", "b"), [("x",)])


def test_what_is_written_is_what_is_named(tmp_path):
    document = Document("T", "S", (Section("A", (Table("a", "A", ("x",), [("1",)]), Table("b", "B", ("x",), []))),))
    files = write(document, tmp_path)
    assert tuple(str(file.relative_to(tmp_path)) for file in files) == names(document)
    assert sorted(map(str, files)) == sorted(str(file) for file in tmp_path.rglob("*.*"))
