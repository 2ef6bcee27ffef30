"""The report as pages: what stands on page one, and that the PDF says what the page in a browser says."""

import re
from dataclasses import replace

import pytest

from made_records import READER, demo_data, raw_of, record_of
from made_signatures import MODEL, alb_inr, site
from paper import drawn_on_paper, on_paper, plain
from PTLFPredictorLib import record
from PTLFPredictorLib.ct import Finding, Level
from PTLFPredictorLib.record import CaseLine, SegmentsKind, SignOff
from PTLFPredictorLib.record.parts import LeftOut, Lesions
from PTLFPredictorLib.record.statements import LEVEL_WORDS, of_record
from PTLFPredictorLib.render import html, pdf
from PTLFPredictorLib.render.patient import report_of
from PTLFPredictorLib.render.patient.blocks import Answer
from PTLFPredictorLib.segmentation.lesions import Lesion
from PTLFPredictorLib.segmentation.origin import Drawn, Known, Origin
from PTLFPredictorLib.signature import all_met, load, parse
from record_schemas import problems

BY_MODEL = Origin(
    Drawn.MODEL, Known.FILE, {**MODEL, "id": "hospital", "version": "1", "sha256": "b" * 64}, format="NRRD"
)


@pytest.fixture(scope="module")
def signature(published_data):
    published = parse({**published_data, "voi_source": "automatic"})
    return parse(site({**published_data, "voi_source": "automatic"}, raw=raw_of(published)))


@pytest.fixture(scope="module")
def shown(signature):
    answers = {**all_met(signature, READER), "bilirubin_umol_per_l": 14.0}
    return record_of(signature, origin=BY_MODEL, answers=answers)


@pytest.fixture(scope="module")
def withheld(signature):
    return record_of(signature, origin=BY_MODEL, entered=alb_inr(43.6, 1.7))


@pytest.fixture(scope="module")
def demonstration(published_data):
    return record_of(parse(demo_data(published_data)), demonstration=True, sample=True)


def box(made) -> Answer:
    (answer,) = (one for part in report_of(of_record(made)).sections for one in part.blocks if isinstance(one, Answer))
    return answer


def findings_of(made) -> list[tuple[str, str]]:
    """Rows of the section on findings: word and text."""
    (section,) = (part for part in report_of(of_record(made)).sections if part.id == "findings")
    return [(word.text, message.text) for word, message in section.blocks[0].rows]


def first_page(made) -> str:
    """All that stands before the findings, in the order of reading."""
    return plain(html.html(made)).split(" Findings ")[0]


# Page one


def test_the_title_says_what_it_is_the_risk_of(shown):
    assert of_record(shown).title == "Pre-procedural risk of post-TACE liver failure"
    assert "Predicted risk of PTLF within 4 weeks after TACE." in first_page(shown)


def test_case_and_date_are_blank_lines_unless_somebody_asks(shown, tmp_path):
    assert shown.case is None
    assert "case" not in shown.to_dict()
    assert of_record(shown).case == CaseLine("", "")
    assert "Case CT date 31 %" in first_page(shown)
    asked = replace(shown, case=CaseLine("Trial 7, case 12", "14 Oct 2026"))
    record.write(asked, tmp_path / "r.json")
    again = record.read(tmp_path / "r.json")
    assert again == asked
    assert problems(asked.to_dict()) == []
    assert "Case Trial 7, case 12 CT date 14 Oct 2026" in first_page(again)
    assert "Case Trial 7, case 12 CT date 14 Oct 2026" in on_paper(again)


@pytest.mark.parametrize(
    "words",
    [
        "Portal venous phase (liver 105 HU, aorta 150 HU); 22 slices 5.0 mm apart, pixels of 0.80 mm.",
        "Tumour 4.5 mL, 0.8 % of the liver, in 1 lesion, largest diameter 19.0 mm.",
        "Albumin 43.6 g/L INR 1.09 Bilirubin 14 \u00b5mol/L ALBI \u22122.95, grade 1 Radscore 0.02",
        "Base rate: 40 of the signature's 150 cases (27 %) had PTLF.",
        "In this model a higher albumin raises the risk, against the paper's own discussion; unconfirmed by the",
        "Not signed off by a reader.",
    ],
)
def test_page_one_has_what_a_reader_asks_first(shown, words):
    assert words in first_page(shown)
    assert words in on_paper(shown)


def test_albi_is_that_of_the_formula(shown):
    """Johnson 2015: 0.66 log10(14) - 0.085 x 43.6 = -2.95, and -2.60 or less is grade 1."""
    assert box(shown).facts["ALBI"] == "\u22122.95, grade 1"


def test_without_bilirubin_it_says_why_there_is_no_albi(withheld):
    assert box(withheld).facts["ALBI"] == "not known (no bilirubin)"
    assert "Bilirubin" not in box(withheld).facts


def test_all_reasons_stand_in_the_box_each_once(withheld):
    reasons = box(withheld).reasons
    assert [one.split(" (")[0][:32] for one in reasons] == [
        "8 of 8 criteria of the study are",
        "INR 1.7 is above 1.5: by the stu",
    ]
    blocking = [one.message for one in withheld.findings if one.level is Level.WITHHOLD]
    assert len(blocking) == 2
    for text in (plain(html.html(withheld)), on_paper(withheld)):
        assert text.count("INR 1.7 is above 1.5") == 1
        assert "\u25a0 blocks the risk 2 findings, named in the box above." in text


def test_which_findings_stand_in_the_box_is_known_by_their_codes(withheld):
    reworded = tuple(replace(one, message=f"In other words: {one.code}.") for one in withheld.findings)
    stranger = Finding("other", Level.WITHHOLD, withheld.prediction.reasons[0])
    rows = findings_of(replace(withheld, findings=(*reworded, stranger)))
    blocking = [text for word, text in rows if word == LEVEL_WORDS[Level.WITHHOLD]]
    assert blocking == ["2 findings, named in the box above.", stranger.message]


def test_notes_on_predictors_stand_beside_them_alone_in_whatever_order(published_data):
    notes = [
        {"id": "b", "text": "Of the INR.", "predictor": "INR"},
        {"id": "c", "text": "Of the model."},
        {"id": "a", "text": "Of albumin.", "predictor": "ALB"},
    ]
    said = of_record(record_of(parse({**published_data, "notes": notes})))
    assert said.nomogram.note == "Of albumin. Of the INR."
    assert said.model.notes == "Of the model."
    (model,) = (part for part in report_of(said).sections if part.id == "model")
    assert "Notes: Of the model." in model.blocks[-1].texts
    assert "Of the INR" not in str(model)


def test_a_signature_without_scale_is_one_more_reason(published_data):
    answer = box(record_of(load("ptlf-published")))
    assert "cannot be computed: the paper does not give" in answer.reasons[0]
    assert any(one.startswith("8 of 8 criteria") for one in answer.reasons)
    assert answer.notes[0].startswith("Base rate: 24.5 % of the training cohort (36 of 147) had PTLF. In this model")


def test_one_reason_alone_is_no_list(signature):
    made = record_of(signature, origin=BY_MODEL, entered=alb_inr(43.6, 1.7), answers=all_met(signature, READER))
    assert box(made).reasons == ()
    assert box(made).lines == ("INR 1.7 is above 1.5: by the study's definition liver failure is already present.",)


def test_of_a_demonstration_the_box_says_what_would_be_withheld(demonstration):
    answer = box(demonstration)
    assert answer.why == "For a patient it would be withheld:"
    assert len(answer.reasons) == len(demonstration.prediction.withheld_beside) == 2
    assert answer.lines[0].startswith("Demonstration on synthetic cases, not for patients. Predicted risk of PTLF")


def test_a_base_rate_that_nobody_knows_is_said(demonstration):
    assert "Base rate: the signature does not say how many of its cases had PTLF." in box(demonstration).notes[0]


def test_the_nomogram_is_as_wide_as_the_page_with_or_without_a_risk(shown, withheld):
    for made in (shown, withheld):
        assert 'id="nomogram"><h2>Nomogram</h2><div><svg' in html.html(made)
    layouts = [drawn_on_paper(made)[0] for made in (shown, withheld)]
    assert layouts[0].width == layouts[1].width


def test_the_sign_off_is_told_as_people_write_it(shown):
    signed = {
        (SegmentsKind.CORRECTED, True): "segments corrected",
        (SegmentsKind.CORRECTED, False): "segments not corrected",
        (SegmentsKind.AUTOMATIC, False): "segments as the model drew them",
    }
    for (kind, edited), words in signed.items():
        made = replace(shown, sign_off=SignOff(READER, kind, edited))
        assert f"Signed off by Dr Reader, 25 Nov 2026, 10:00 ({words})." in first_page(made)
        assert "2026-11-25T" not in html.html(made)


@pytest.mark.parametrize("drawn", [Origin(format="NRRD"), Origin(Drawn.HAND, Known.READER, named=READER)])
def test_of_segments_that_no_model_drew_nothing_is_said_of_corrections(shown, drawn, tmp_path):
    """Nobody can know whether they are as they were: half a tumour erased and signed was "not corrected"."""
    own = replace(shown, segmentation=replace(shown.segmentation, origin=drawn))
    own = replace(own, sign_off=SignOff(READER, SegmentsKind.CORRECTED, False))
    record.write(own, tmp_path / "r.json")
    for made in (own, record.read(tmp_path / "r.json")):
        assert "Signed off by Dr Reader, 25 Nov 2026, 10:00." in first_page(made)
        assert "corrected" not in plain(html.html(made)).replace("uncorrected", "")


def with_lesions(made, counted, left_out=()):
    """`made` with lesions of these volumes and diameters."""
    listed, out = (Lesions.of([Lesion(*one) for one in some]) for some in (counted, left_out))
    used = replace(made.segmentation, lesions=listed, excluded=LeftOut(out, READER) if left_out else None)
    return replace(made, segmentation=replace(used, volumes_ml={**used.volumes_ml, "excluded": 2.4}))


def test_a_few_lesions_are_listed_with_those_that_do_not_count(shown):
    """Numbered as in the panel: the largest first, whether it counts or not."""
    made = with_lesions(shown, [(10.0, 31.0), (0.5, 11.0)], [(2.4, 17.0)])
    words = (
        "lesion volume diameter lesion volume diameter 1 10.0 mL 31.0 mm counted 3 0.50 mL 11.0 mm counted "
        "2 2.4 mL 17.0 mm left out"
    )
    assert words in first_page(made)
    assert words in on_paper(made)


@pytest.mark.parametrize(("count", "listed"), [(1, False), (2, True), (12, True), (13, False)])
def test_one_lesion_or_many_have_no_lines_of_their_own(shown, count, listed):
    made = with_lesions(shown, [(1.0, 12.5)] * count)
    assert ("12.5 mm counted" in first_page(made)) == listed


def test_segments_of_the_scene_are_no_file(shown):
    said = (
        (Origin(), "Segments of the scene. "),
        (Origin(Drawn.HAND, Known.READER, named=READER), "Segments of the scene, drawn by hand. "),
        (Origin(format="NRRD"), "Segments: given label map (NRRD). "),
    )
    for origin, words in said:
        made = replace(shown, segmentation=replace(shown.segmentation, origin=origin))
        assert words in first_page(made)


def test_no_line_ends_between_a_number_and_its_unit(shown, withheld):
    for made in (shown, withheld):
        pages = [html.html(made), *(piece.html for piece in pdf.pieces(report_of(of_record(made))))]
        text = re.sub(r"<style>.*?</style>|<svg.*?</svg>|<[^>]+>", "", "".join(pages), flags=re.DOTALL)
        assert len(re.findall("\\d(?:\xa0|&nbsp;)(?:%|mL|mm|HU|kVp?|\\S*/L)", text)) > 20
        assert re.findall(r"\d (?:%|mL|mm|HU|kVp?|g/L|g/dL|\S*mol/L)(?!\w)", text) == []


def test_a_report_names_no_command_and_no_file_of_ours(shown, withheld, demonstration):
    for made in (shown, withheld, demonstration):
        for word in ("ptlf signatures", "docs/", ".md"):
            assert word not in plain(html.html(made))


# The two layouts


@pytest.mark.parametrize("case", ["shown", "withheld", "demonstration"])
def test_paper_and_browser_say_the_same(case, request):
    made = request.getfixturevalue(case)
    page = plain(html.html(made))
    for piece in pdf.pieces(report_of(of_record(made))):
        if piece.html:
            assert plain(piece.html).strip() in page


def test_eligibility_is_worded_as_what_must_be_so(shown, withheld):
    assert "No extrahepatic metastases \u2713 met" in plain(html.html(shown))
    assert "No extrahepatic metastases ? not answered" in plain(html.html(withheld))
    assert "Answered by Dr Reader, 25 Nov 2026, 10:00." in plain(html.html(shown))


def test_findings_are_met_notes_or_block_the_risk(withheld):
    page = plain(html.html(withheld))
    for words in ("\u2713 met CT in Hounsfield units", "! note The file does not say the tube voltage"):
        assert words in page
    assert "as it should be" not in page
    assert "withholds" not in page


def test_bars_are_as_long_as_contributions(demonstration):
    largest = max(abs(term.contribution) for term in demonstration.radscore.terms)
    (rows,) = (part.blocks[0] for part in report_of(of_record(demonstration)).sections if part.id == "terms")
    bars = [cells[-1].bar for cells in rows.rows]
    assert bars == pytest.approx([term.contribution / largest for term in demonstration.radscore.terms])
    assert html.html(demonstration).count('<table class="bar"') == 10


# Pages


def test_pieces_go_on_pages_in_their_order_and_none_is_too_high():
    pages = pdf.on_pages([40, 40, 40, 40, 40], [False] * 5, 100)
    assert pages == ((0, 1), (2, 3), (4,))


def test_a_heading_goes_with_what_follows_it():
    assert pdf.on_pages([60, 20, 30], [False, True, False], 100) == ((0,), (1, 2))
    assert pdf.on_pages([60, 10, 30], [False, True, False], 100) == ((0, 1, 2),)
    assert pdf.on_pages([60, 30], [False, True], 100) == ((0, 1),)  # the last one has nothing to go with


def test_what_is_higher_than_a_page_has_one_to_itself():
    assert pdf.on_pages([30, 150, 30], [False] * 3, 100) == ((0,), (1,), (2,))


def test_every_heading_is_kept_with_its_section(shown):
    for piece in pdf.pieces(report_of(of_record(shown))):
        if 'class="title"' in piece.html:
            assert piece.keeps


def test_a_long_report_has_more_pieces_not_longer_ones(demonstration):
    findings = [Finding(f"f{n}", Level.WARN, f"Finding {n}. " * 12) for n in range(60)]
    long = replace(demonstration, findings=(*demonstration.findings, *findings))
    more = len(pdf.pieces(report_of(of_record(long)))) - len(pdf.pieces(report_of(of_record(demonstration))))
    assert more == 60
