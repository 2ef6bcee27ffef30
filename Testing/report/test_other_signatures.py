"""Record, report, terminal, table and PDF of signatures with other predictors than ALB, INR and Radscore."""

import itertools
import math
import re

import pytest

from made_records import RAW, READER, raw_of, record_of
from made_signatures import MODEL, four_predictors, radscore_alone
from paper import on_paper, plain
from PTLFPredictorLib import record
from PTLFPredictorLib.record.statements import of_record
from PTLFPredictorLib.render import html, table, terminal
from PTLFPredictorLib.segmentation.origin import Drawn, Known, Origin
from PTLFPredictorLib.signature import Entered, PredictionState, all_met, load, parse
from record_schemas import problems

BY_MODEL = Origin(
    Drawn.MODEL, Known.FILE, {**MODEL, "id": "hospital", "version": "1", "sha256": "b" * 64}, format="NRRD"
)

ALBUMIN, BILIRUBIN = 40.0, 20.0

ALBI = 0.66 * math.log10(BILIRUBIN) - 0.085 * ALBUMIN
"""Johnson et al., J Clin Oncol 2015: bilirubin in umol/L, albumin in g/L; -2.54."""

Z = 0.5
"""Of every term, by how the signatures are made."""


def made(published_data, signature_of):
    published = parse({**published_data, "voi_source": "automatic"})
    signature = parse(signature_of(published_data, raw=raw_of(published)))
    score = sum(Z * term.coefficient for term in signature.terms)
    return signature, score


def of_four(published_data, **entered):
    signature, score = made(published_data, four_predictors)
    given = Entered({"ALB": ALBUMIN, "bilirubin": BILIRUBIN, "Tumours": "multiple", **entered})
    return record_of(signature, origin=BY_MODEL, entered=given, answers=all_met(signature, READER)), score


@pytest.fixture(scope="module")
def four(published_data):
    return of_four(published_data)


@pytest.fixture(scope="module")
def alone(published_data):
    signature, score = made(published_data, radscore_alone)
    return record_of(signature, origin=BY_MODEL, entered=Entered({}), answers=all_met(signature, READER)), score


def percent(logit):
    share = 100 / (1 + math.exp(-logit))
    return "<1 %" if share < 1 else ">99 %" if share > 99 else f"{round(share)} %"


def test_the_risk_is_that_of_the_four_predictors(four):
    result, score = four
    logit = 0.5 + 0.1 * ALBUMIN + 2 * ALBI + 0.7 + 0.3 * score
    assert result.prediction.state is PredictionState.RISK
    assert result.prediction.linear_predictor == pytest.approx(logit)
    assert of_record(result).risk.shown == percent(logit)
    assert result.prediction.points == pytest.approx(
        {"ALB": 24.0, "ALBI": 20 * (ALBI + 4), "Tumours": 7.0, "Radscore": 3 * (score + 22)}
    )


def test_what_was_entered_stands_in_the_record_and_what_was_computed_in_no_entry(four):
    data = four[0].to_dict()
    assert data["input"]["values"] == [
        {"id": "ALB", "label": "Albumin", "value": ALBUMIN, "unit": "g/L"},
        {"id": "Tumours", "label": "Tumours", "value": "multiple", "unit": ""},
        {"id": "bilirubin", "label": "Bilirubin", "value": BILIRUBIN, "unit": "umol/L"},
    ]
    assert problems(data) == []


@pytest.mark.parametrize("fixture", ["four", "alone"])
def test_the_record_comes_back_from_its_file(fixture, request, tmp_path):
    result = request.getfixturevalue(fixture)[0]
    record.write(result, tmp_path / "r.json")
    again = record.read(tmp_path / "r.json")
    assert again == result
    assert html.html(again) == html.html(result)


def test_the_page_shows_inputs_measures_and_a_row_for_each_predictor(four):
    page = html.html(four[0])
    text = plain(page)
    for words in ("Albumin 40 g/L", "Tumours multiple", "Bilirubin 20 umol/L", f"ALBI score {ALBI:.4g}"):
        assert words in text
    assert "INR" not in text.replace("INR > 1.5", "")  # but as the outcome's own criterion
    drawing = plain(re.search(r"<svg .*?</svg>", page, re.DOTALL)[0])
    rows = ["Points", "Albumin (g/L)", "ALBI score", "Tumours", "Radscore", "Total points", "Risk"]
    assert [drawing.index(row) for row in rows] == sorted(drawing.index(row) for row in rows)
    labels = re.findall(r'<text x="([\d.]+)" y="([\d.]+)"[^>]*text-anchor="middle"[^>]*>(single|multiple)<', page)
    (_, single, _), (_, multiple, _) = labels
    assert float(multiple) - float(single) == 11  # their ticks lie too near for one line
    assert "7.0 points" in drawing
    assert "logit P(PTLF) = 0.5 + 0.1 x ALB [g/L] + 2 x ALBI + 0.7 x [Tumours is multiple] + 0.3 x Radscore" in text


def test_texts_of_four_predictors_touch_no_other_row(four):
    """Seven rows take a higher drawing, not narrower rows."""
    page = html.html(four[0])
    height = float(re.search(r'<svg [^>]*?height="([\d.]+)"', page)[1])
    baselines = sorted({float(y) for y in re.findall(r'<line x1="[\d.]+" y1="([\d.]+)" x2="[\d.]+" y2="\1"', page)})
    steps = [b - a for a, b in itertools.pairwise(baselines)]
    assert len(baselines) == 7
    assert min(steps) > 61
    assert baselines[-1] < height


def test_terminal_table_and_pdf_name_the_same_values(four):
    said = of_record(four[0])
    score = four[1]
    assert f"Points: ALB 24.00, ALBI {20 * (ALBI + 4):.2f}, Tumours 7.00, Radscore {3 * (score + 22):.2f}; total" in (
        terminal.summary(four[0])
    )
    rows = {(row[0], row[2]): row[3] for row in table.rows(said)}
    assert rows["input", "ALB [g/L]"] == ALBUMIN
    assert rows["input", "Tumours"] == "multiple"
    assert rows["input", "bilirubin [umol/L]"] == BILIRUBIN
    assert rows["measure", "ALBI"] == pytest.approx(ALBI)
    assert f"Albumin 40 g/L Tumours multiple Bilirubin 20 umol/L ALBI score {ALBI:.4g} Radscore" in on_paper(four[0])


def test_a_measure_whose_input_is_missing_is_not_shown(published_data):
    result, _ = of_four(published_data, bilirubin=None)
    assert result.input.values[2].value is None
    said = of_record(result)
    assert said.measures == ()
    assert "Bilirubin not given" in plain(html.html(result))
    assert result.prediction.points["ALBI"] is None


def test_the_radscore_alone_asks_for_nothing_and_gives_its_risk(alone):
    result, score = alone
    assert result.input.values == ()
    assert problems(result.to_dict()) == []
    assert result.prediction.linear_predictor == pytest.approx(-1.5 + 0.3 * score)
    text = plain(html.html(result))
    assert f"{percent(-1.5 + 0.3 * score)} within 4 weeks after TACE" in text
    assert "Albumin" not in text.split("Model: what it is based on")[0]
    assert "logit P(PTLF) = -1.5 + 0.3 x Radscore" in text
    points = 0.3 * 6.25 * (score + 22)
    assert f"Points: Radscore {points:.2f}; total {points:.2f}" in terminal.summary(result)
    rows = [row for row in table.rows(of_record(result)) if row[0] in ("input", "measure")]
    assert rows == []
    assert f"Radscore {score:.3f} (" in on_paper(result)


def test_the_terms_are_those_of_the_published_signature(alone):
    shown = of_record(alone[0]).score.terms
    assert [term.feature for term in shown] == [term.feature for term in load("ptlf-published").terms]
    assert {term.raw for term in shown} == {RAW}
