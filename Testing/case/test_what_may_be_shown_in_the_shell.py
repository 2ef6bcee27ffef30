"""The design's table "What may be shown" in the shell: what a person reads on the terminal and in the report.

Each row's words stand there, no other row's do, and a number only where the table has one.  The features are computed
once; the evidence's row goes the whole way through the command line.
"""

from __future__ import annotations

import functools
import html as markup
import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from made_signatures import alb_inr
from PTLFPredictorLib import case as whole
from PTLFPredictorLib import json_text
from PTLFPredictorLib.case import Question, Sources, assess_case, draw_or_read, features, make_record, read_case_ct
from PTLFPredictorLib.cli import main
from PTLFPredictorLib.confirmation import Confirmation
from PTLFPredictorLib.ct import CT
from PTLFPredictorLib.folders import data_folder
from PTLFPredictorLib.measures.radiomics import FeatureVector
from PTLFPredictorLib.record.statements import FOR_NO_PATIENT
from PTLFPredictorLib.render import html, terminal
from PTLFPredictorLib.sample import known
from PTLFPredictorLib.segmentation import provenance
from PTLFPredictorLib.segmentation.segments import Segments
from PTLFPredictorLib.signature import all_met, load, parse
from shown_rows import ROWS, WHAT_IF, Row

READER = Confirmation("A. Reader", "2026-11-25T10:00:00+01:00")
WITH_A_NUMBER = ("risk", "demonstration")


@dataclass(frozen=True)
class Measured:
    """The phantom with a mask that a reader has drawn, and its features."""

    ct: CT
    segments: Segments
    vectors: Mapping[str, FeatureVector]

    @property
    def raw(self) -> dict[tuple[str, str], float]:
        return {(voi, name): value for voi, vector in self.vectors.items() for name, value in vector.values.items()}


@pytest.fixture(scope="module")
def measured(phantom_files) -> Measured:
    signature, by_hand = load("ptlf-published"), provenance.said("hand", READER.reader)
    sources = Sources(phantom_files["ct"], phantom_files["labels"], mask_origin=by_hand)
    ct = read_case_ct(sources, signature)
    segments = draw_or_read(sources, ct).checked(ct)
    return Measured(ct, segments, features.compute(ct, segments, signature.wanted, signature.extraction))


@dataclass(frozen=True)
class Read:
    """All that a person has of a case."""

    data: dict
    terminal: str
    report: str
    page: str

    @property
    def texts(self) -> tuple[str, str]:
        return self.terminal, self.report

    def line(self, start: str) -> str:
        (found,) = [line for line in self.terminal.splitlines() if line.startswith(start)]
        return found


def read_of(data: dict, terminal: str, page: str) -> Read:
    page = page.replace("\u00a0", " ").replace("&nbsp;", " ")  # no line ends between a number and its unit
    text = markup.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL))
    return Read(data, terminal, text, page)


@pytest.fixture(scope="module")
def read(measured, published_data) -> Callable[[Row], Read]:
    """What is read of the phantom with a row's signature; the phantom is a sample case for as long as the row says."""

    @functools.cache
    def read(row: Row) -> Read:
        signature = parse(row.signature(published_data, measured.raw))
        question = Question(
            signature,
            alb_inr(row.alb, row.inr),
            radscore=row.radscore,
            answers=all_met(signature, READER) if row.answered else {},
            demonstration=row.demonstration,
        )
        if row.sample:
            known.remember(measured.ct.identity, 1, {})
        assessed = assess_case(question, measured.ct, measured.segments, measured.vectors)
        shutil.rmtree(data_folder() / "samples", ignore_errors=True)
        made = make_record(question, measured.segments, assessed, {})
        return read_of(json.loads(json.dumps(made.to_dict())), terminal.summary(made), html.html(made))

    return read


@pytest.fixture
def shown(read, row) -> Read:
    return read(row)


def each_row(of: Callable[[Row], bool] = lambda row: True):
    rows = [row for row in ROWS if of(row)]
    return pytest.mark.parametrize("row", rows, ids=[row.name for row in rows])


@each_row()
def test_its_own_words_are_read_and_no_other_rows(shown, row):
    for text in shown.texts:
        for words in (row.own, *row.reads):
            assert words.lower() in text.lower()  # one place begins a sentence with it
        for words in (*row.others, *row.never):
            assert words not in text, words


@each_row()
def test_the_radscore_is_called_what_it_is(shown, row):
    value = shown.data["radscore"]["value"]
    assert (value is not None) is bool(row.score)
    if row.score:
        for text in shown.texts:
            assert f"{value:.3f} ({row.score})" in text
    else:
        assert "Radscore: not shown" in shown.terminal
        assert "Radscore not shown" in re.sub(r"\s+", " ", shown.report)


@each_row()
def test_a_risk_is_read_where_the_table_has_one_and_nowhere_else(shown, row):
    prediction = shown.data["prediction"]
    assert prediction["state"] == row.state
    risk, terminal = prediction["risk_text"], shown.line("Risk: ")
    (headline,) = re.findall(r'id="risk">([^<]*)<', shown.page)
    if row.state in WITH_A_NUMBER:
        assert re.fullmatch(r"\d+ %", risk)
        assert terminal.startswith(f"Risk: {risk} (")
        assert markup.unescape(headline) == risk
    elif row.state == "range":
        assert (prediction["risk"], risk) == (None, None)
        assert re.fullmatch(r"Risk: \d+-\d+ % \(range over .*, not a confidence interval\)", terminal)
        assert headline == prediction["risk_interval_text"]
    else:
        assert (prediction["risk"], risk, prediction["risk_interval"]) == (None, None, None)
        assert terminal == "Risk: not shown"
        assert headline == "Risk not shown"


@each_row()
def test_the_radscore_has_points_only_where_a_risk_is_made_of_it(shown, row):
    given = ["ALB"] * (row.alb is not None) + ["INR"] * (row.inr is not None)
    made = row.state in (*WITH_A_NUMBER, "range")
    assert re.findall(r"([A-Za-z]+) [\d.]+(?=[,;]|$)", shown.line("Points: ")) == given + ["Radscore"] * made + (
        ["total"] if row.state in WITH_A_NUMBER else []
    )
    assert len(re.findall(r"[\d.]+ points", shown.report)) == len(given) + made


@each_row()
def test_nothing_but_the_rows_own_reason_withholds(shown, row):
    withheld = {f["code"] for f in shown.data["findings"] if f["level"] == "withhold"}
    assert withheld == (set() if row.answered else {"eligibility"})
    assert (row.state == "demonstration") or not shown.data["prediction"]["withheld_beside"]


@each_row(lambda row: row.own == WHAT_IF)
def test_a_what_if_stands_beside_the_patients_result_and_never_in_it(shown, row):
    what_if = shown.data["what_if"]
    assert (what_if["state"], what_if["risk_text"]) == ("what-if", None)
    assert what_if["risk"] == pytest.approx(0.837, abs=0.0005)
    assert len(what_if["bands"]) == 2
    assert shown.data["prediction"]["risk"] is None
    assert "What-if with Radscore 7.72, not this patient's result:" in shown.terminal
    assert "What-if, not this patient's result" in shown.report


@each_row(lambda row: "demo" in row.name or "synthetic" in row.name)
def test_a_demo_signatures_report_is_watermarked_on_every_page(shown, row):
    assert (
        shown.page.count('<div class="stamp sheet" aria-hidden="true">DEMONSTRATION</div>') == 1
    )  # fixed on each page
    assert f'content: "{FOR_NO_PATIENT}"' in shown.page
    assert FOR_NO_PATIENT in re.search(r"<svg .*?</svg>", shown.page, re.DOTALL)[0]  # whatever it shows


@each_row(lambda row: "demo" not in row.name and "synthetic" not in row.name)
def test_no_other_report_is(shown, row):
    assert "DEMONSTRATION" not in shown.report


(EVIDENCE,) = [row for row in ROWS if row.name == "the site's model with evidence"]


def test_the_row_with_evidence_goes_the_whole_way(measured, published_data, phantom_files, tmp_path, capsys):
    path, out = tmp_path / "site.json", tmp_path / "out"
    path.write_text(json.dumps(EVIDENCE.signature(published_data, measured.raw)), encoding="utf-8")
    given = ["--ct", phantom_files["ct"], "--segmentation", phantom_files["labels"], "--signature", path]
    given += ["--alb", EVIDENCE.alb, "--inr", EVIDENCE.inr, "--all-criteria-met", "--mask-origin", "hand"]
    assert main([str(word) for word in ["predict", *given, "--reader", READER.reader, "--out", out]]) == 0
    page = (out / whole.OUTPUTS["report"]).read_text(encoding="utf-8")
    shown = read_of(json_text.read(out / whole.OUTPUTS["record"]), capsys.readouterr().out, page)
    test_its_own_words_are_read_and_no_other_rows(shown, EVIDENCE)
    test_the_radscore_is_called_what_it_is(shown, EVIDENCE)
    test_a_risk_is_read_where_the_table_has_one_and_nowhere_else(shown, EVIDENCE)
    test_the_radscore_has_points_only_where_a_risk_is_made_of_it(shown, EVIDENCE)
    test_nothing_but_the_rows_own_reason_withholds(shown, EVIDENCE)
