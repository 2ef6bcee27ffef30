"""Records that version 0.1.0 wrote are read, and give what 0.1.0 itself made of them.

``data/0.1.0`` holds records of its command line (synthetic CTs, pictures replaced by one pixel) and beside each the
lines for a terminal and the CSV table, and in ``pages.json`` their pages, all made by the code of
0.1.0.  The pages share most of their lines: each line stands there once, and each page is a list of numbers of lines.
"""

import json
import re
from pathlib import Path

import pytest

from paper import on_paper, plain
from PTLFPredictorLib import json_text, record
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.record.statements import of_record
from PTLFPredictorLib.render import html, table, terminal
from PTLFPredictorLib.signature import IntervalKind, ScoreState
from record_schemas import problems

DATA = Path(__file__).parent / "data" / "0.1.0"
NAMES = ("demo", "whatif", "complete", "range", "public", "slabs")


def each_record(function):
    return pytest.mark.parametrize("name", NAMES)(function)


def read(name):
    return record.read(DATA / f"{name}.json")


@each_record
def test_the_page_says_every_number_and_hash_that_0_1_0_said(name):
    """Laid out anew and worded better; the nomogram is drawn with other texts."""
    pages = json.loads((DATA / "pages.json").read_text(encoding="utf-8"))
    then = "\n".join(pages["lines"][number] for number in pages["pages"][name])
    then = re.sub(r"<svg .*?</svg>", "", then, flags=re.DOTALL)
    then = plain(re.sub(r"Page \d of \d|\d{4}-\d\d-\d\d[T ][\d:]{8}(\+[\d:]{5}| UTC)", "", then))
    now = plain(html.html(read(name)))
    numbers = set(re.findall(r"[\u2212-]?\d[\w.]*", then))
    assert len(numbers) > 80
    assert numbers - set(re.findall(r"[\u2212-]?\d[\w.]*", now)) == set()


@each_record
def test_the_terminals_lines_are_those_of_0_1_0(name):
    """But for one word: what withholds is called what it does."""
    then = (DATA / f"{name}.terminal.txt").read_text(encoding="utf-8").replace("[withholds]", "[blocks the risk]")
    assert terminal.summary(read(name)) + "\n" == then


@each_record
def test_the_table_is_that_of_0_1_0(name, tmp_path):
    table.write(read(name), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes() == (DATA / f"{name}.csv").read_bytes()


@each_record
def test_its_pdf_says_what_its_page_says(name):
    page, told = plain(html.html(read(name))), on_paper(read(name))
    assert (of_record(read(name)).risk.shown or "Risk not shown") in told
    assert set(told.split()) <= set(page.split())


@each_record
def test_written_anew_it_is_a_record_of_today(name, tmp_path):
    old = read(name)
    record.write(old, tmp_path / "r.json")
    data = json_text.read(tmp_path / "r.json")
    assert data["schema"] == "ptlf-result/2"
    assert problems(data) == []
    again = record.read(tmp_path / "r.json")
    assert again == old
    assert again.to_dict() == data


def test_what_0_1_0_told_in_sentences_alone_has_a_state():
    assert read("whatif").radscore.state is ScoreState.NOT_COMPUTABLE
    assert read("public").radscore.state is ScoreState.REFERENCE
    assert read("demo").radscore.state is ScoreState.DEMONSTRATION
    assert read("complete").radscore.state is ScoreState.COMPUTED
    assert read("demo").prediction.interval_kind is IntervalKind.CONFIDENCE
    assert read("whatif").what_if.prediction.interval_kind is IntervalKind.BANDS


def test_a_score_that_0_1_0_withheld_is_withheld(tmp_path):
    data = json_text.read(DATA / "complete.json")
    data["radscore"] |= {"value": None, "status": "withheld: The liver ends in the lowest slice."}
    (tmp_path / "r.json").write_text(json.dumps(data), encoding="utf-8")
    score = record.read(tmp_path / "r.json").radscore
    assert (score.state, score.reason) == (ScoreState.WITHHELD, "withheld: The liver ends in the lowest slice.")


def test_albumin_and_inr_are_values_like_any_other():
    given = [(one.id, one.label, one.value, one.unit) for one in read("range").input.values]
    assert given == [("ALB", "Albumin", None, "g/L"), ("INR", "INR", 1.09, "")]


def test_who_signed_it_is_read():
    signed = read("complete").sign_off
    assert (signed.by.reader, signed.segments, signed.edited) == ("A. Reader", "corrected", True)
    assert of_record(read("complete")).signed == "signed off by A. Reader, 25 Nov 2026, 10:00 (segments corrected)"


def test_the_first_records_had_no_bands_no_lesions_and_nobody_who_answered(tmp_path):
    data = json_text.read(DATA / "whatif.json")
    for part in (data["prediction"], data["what_if"]):
        del part["bands"], part["assumes"]
    del data["eligibility"]["answered"], data["segmentation"]["lesions"], data["segmentation"]["file_sha256"]
    del data["input"]["ct"]["sample"], data["input"]["ct"]["to_protocol"]
    (tmp_path / "first.json").write_text(json.dumps(data), encoding="utf-8")
    page = html.html(record.read(tmp_path / "first.json"))
    assert "With a typed Radscore of 7.72" in page
    assert "lesion" not in page


def test_its_files_of_features_are_read():
    features = record.read_features(DATA / "features.json")
    assert [one.to_dict() for one in features] == json_text.read(DATA / "features.json")["features"]
    assert problems(json_text.read(DATA / "features.json"), "features.schema.json") == []


@pytest.mark.parametrize("key", ["input", "prediction", "radscore", "segmentation", "pictures"])
def test_a_broken_record_is_told_with_its_name(tmp_path, key):
    for name, data in (("old", json_text.read(DATA / "demo.json")), ("new", read("demo").to_dict())):
        del data[key]
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(data), encoding="utf-8")
        with pytest.raises(BadInput, match=rf"'{path}' is a broken result record: .*{key}"):
            record.read(path)
