"""The report: every element that it must show is in the one file, made from the record alone."""

import base64
import copy
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from made_records import demo_data, record_of
from made_signatures import alb_inr, site
from paper import plain
from PTLFPredictorLib import RESEARCH_USE, record
from PTLFPredictorLib.confirmation import Confirmation
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.record import ResultRecord
from PTLFPredictorLib.record.statements import FOR_NO_PATIENT
from PTLFPredictorLib.render import html, nomogram_svg
from PTLFPredictorLib.render.nomogram_layout import Layout
from PTLFPredictorLib.render.nomogram_marks import Reading
from PTLFPredictorLib.signature import all_met, geometry, load, parse, what_if

STAMP = '<div class="stamp sheet" aria-hidden="true">DEMONSTRATION</div>'


@pytest.fixture(scope="module")
def published():
    return record_of(load("ptlf-published"), radscore=7.72)


@pytest.fixture(scope="module")
def demonstration(published_data):
    return record_of(parse(demo_data(published_data)), demonstration=True, sample=True)


class Balance(HTMLParser):
    """Counts opened and closed tags."""

    VOID = ("meta", "img", "br", "line", "rect", "circle")

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_one_self_contained_file(published):
    page = html.html(published)
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    balance = Balance()
    balance.feed(page)
    assert balance.open == []


@pytest.mark.parametrize(
    "element",
    [
        "Post-TACE liver failure",
        "Risk not shown",
        "The Radscore cannot be computed: the paper does not give",
        "Albumin 43.6 g/L",
        "INR 1.09",
        "Radscore not shown",
        "Findings",
        "Slices 5.0 mm apart (spacing; the file does not say how thick the slices are); the signature takes 4.5 to 5.5",
        "8 of 8 criteria of the study are not answered for this patient.",
        "No ruptured tumour with bleeding ? not answered",
        "Terms that in some CTs hardly depend on the tissue: Run-length non-uniformity (exponential)",
        "Evidence none missing",
        "No extrahepatic metastases",
        "Parenchyma",
        "Run-length non-uniformity (exponential)",
        "exponential_glrlm_RunLengthNonUniformity",
        "logit P(PTLF) = -16.2 + 0.163 x ALB [g/L] + 7.597 x INR + 0.317 x Radscore",
        "published",
        "derived",
        "missing",
        "mean and SD of each feature in the training cohort",
        "In this model a higher albumin raises the risk",
        "What-if, not this patient's result",
        "7.72: 74-86 % over the derived intercept's range; 43-96 % over that and the printed standard errors",
        "This assumes that 24.5 % get PTLF, as in the training cohort (36 of 147).",
        "Points",
        "Total points",
        "Risk",
        "26.6 points",
        "SimpleITK",
        "Not signed off by a reader",
        "Model: what it is based on",
    ],
)
def test_each_element_is_on_the_page(published, element):
    assert element in plain(html.html(published))


def test_research_line_and_hashes(published):
    page = html.html(published)
    assert page.count(RESEARCH_USE) == 3  # the head, the nomogram, and the page box of the printer: on each sheet
    assert published.input.ct.sha256 in page
    assert published.segmentation.sha256 in page


def test_three_slices_with_both_outlines(published):
    pictures = published.to_dict()["pictures"]
    assert [p["plane"] for p in pictures] == ["axial", "coronal", "sagittal"]
    import tempfile
    from pathlib import Path

    import SimpleITK as sitk

    for picture in pictures:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "p.png"
            path.write_bytes(base64.b64decode(picture["png"]))
            pixels = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
        for colour in ((86, 180, 233), (230, 159, 0)):
            assert np.all(pixels == colour, axis=-1).sum() > 60
        assert pixels.shape == (picture["height"], picture["width"], 3)
    assert html.html(published).count("data:image/png;base64,") == 3


def test_the_report_tells_nobody_what_to_type_in_a_shell(published):
    assert any("--all-criteria-met" in finding.message for finding in published.findings)
    page = plain(html.html(published))
    assert "Answer them under Eligibility." in page
    assert "--" not in page


def test_the_row_of_a_term_says_what_it_measures_and_when_it_cannot_vary(published):
    tip = re.search(r'<tr title="([^"]*)"><td width="38%">Run-length non-uniformity', html.html(published))[1]
    assert tip.startswith("The size of the tumour, and its shape")
    assert "Cannot vary: With attenuation, contrast or phase" in tip


def test_demonstration_is_watermarked_on_every_page_and_on_the_nomogram(demonstration):
    page = html.html(demonstration)
    # However many sheets it takes: fixed, and in the margin of each. On a screen: always in sight.
    assert STAMP in page
    assert re.search(r"\.stamp \{ position: fixed", page)
    assert re.search(r'@top-center \{ content: "DEMONSTRATION ON SYNTHETIC CASES - NOT FOR PATIENTS"', page)
    assert "Page 1 of" not in page
    assert FOR_NO_PATIENT in re.search(r"<svg .*?</svg>", page, re.DOTALL)[0]
    assert "Demonstration on synthetic cases, not for patients." in plain(page)


def test_a_patients_report_is_not_watermarked(published):
    assert "DEMONSTRATION" not in html.html(published)


@pytest.mark.parametrize("withheld", [False, True])
def test_a_demo_signature_is_watermarked_outside_demonstration_mode_too(published_data, withheld):
    laboratory = alb_inr(43.6, 1.6 if withheld else 1.09)
    assert STAMP in html.html(record_of(parse(demo_data(published_data)), entered=laboratory))


def test_no_time_horizon_stands_below_no_risk(published, demonstration):
    assert "Risk not shown Reasons: " in plain(html.html(published))
    assert "% within 4 weeks after TACE" in plain(html.html(demonstration))


def what_if_text(record):
    return plain(re.search(r'<section id="what-if">.*?</section>', html.html(record))[0])


def test_a_what_if_never_reads_as_no_risk(published_data):
    one_missing = record_of(load("ptlf-published"), radscore=7.72, entered=alb_inr(43.6, None))
    assert "With a typed Radscore of 7.72: 20-98 % over INR 0.77 to 1.38" in what_if_text(one_missing)
    hidden = record_of(parse(demo_data(published_data)), radscore=7.72)
    assert "With a typed Radscore of 7.72: risk not shown." in what_if_text(hidden)


def test_no_text_of_a_what_if_is_one_number(published):
    assert "84 %" not in what_if_text(published)
    signature = load("ptlf-published")
    prediction = what_if(signature, alb_inr(43.6, 1.09), 7.72)
    values = {"ALB": 43.6, "INR": 1.09, "Radscore": 7.72}
    drawn = nomogram_svg.svg_of(Layout(geometry(signature), 900, 400), Reading(values, prediction), "t")
    assert "84 %" not in drawn
    assert "74-86 %" in drawn
    assert "43-96 %" in drawn


def test_who_answered_the_criteria_is_on_the_page():
    signature = load("ptlf-published")
    said = Confirmation("Dr <Reader>", "2026-11-25T10:00:00+01:00")
    page = html.html(record_of(signature, answers=all_met(signature, said)))
    assert "Answered by Dr &lt;Reader&gt;, 25 Nov 2026, 10:00." in page
    assert "not answered" not in page


def test_a_signature_of_synthetic_cases_is_watermarked_whatever_its_kind(published_data):
    signature = parse(site(published_data, synthetic=True))
    assert signature.data["kind"] == "site"
    assert STAMP in html.html(record_of(signature))


def test_a_what_if_says_what_lies_beyond_the_axes():
    beyond = record_of(load("ptlf-published"), radscore=40.0)
    assert "Radscore 40 lies beyond the axis (-22 to 31)." in what_if_text(beyond)


def test_a_signature_needs_no_entries_that_the_schema_leaves_open(published_data):
    data = copy.deepcopy(published_data)
    del data["outcome"]["covariance"], data["nomogram"]["origin"], data["outcome"]["title"]
    assert "Covariances none missing" in plain(html.html(record_of(parse(data))))


def test_the_nomogram_says_the_signatures_own_horizon(published_data):
    data = copy.deepcopy(published_data)
    data["outcome"]["horizon"] = "within 8 weeks after TACE"
    page = html.html(record_of(parse(data), radscore=7.72))
    assert "within 8 weeks" in re.search(r"<svg .*?</svg>", page, re.DOTALL)[0]
    assert "4 weeks" not in page


def test_a_risk_axis_beyond_the_total_points_is_said(published_data):
    data = copy.deepcopy(published_data)
    data["outcome"]["intercept"] = {"value": -60.0, "origin": "fitted", "how": "test"}
    svg = nomogram_svg.svg_of(Layout(geometry(parse(data)), 900, 400), Reading({}), "t")
    assert "all risks of these axes are below 1 %" in svg
    data["outcome"]["intercept"]["value"] = 60.0
    svg = nomogram_svg.svg_of(Layout(geometry(parse(data)), 900, 400), Reading({}), "t")
    assert "all risks of these axes are above 99 %" in svg


def test_window_level_and_width_are_named(published):
    assert "Window: level 30, width 300 HU." in plain(html.html(published))


def test_a_withheld_radscore_ends_with_one_full_stop(published_data):
    page = html.html(record_of(parse(demo_data(published_data)), entered=alb_inr(43.6, 1.6)))
    assert ".." not in plain(page)


def apexes(drawn):
    """Tips of the markers of an SVG, from top to bottom."""
    corners = [tuple(map(float, tip.split(","))) for tip in re.findall(r'<polygon points="[^"]* ([\d.,-]+)"', drawn)]
    return [x for x, _ in sorted(corners, key=lambda tip: tip[1])]


def test_markers_stand_where_the_axes_read_their_values():
    """900 pixels wide: the axes run from 158 to 762, 100 points on the ruler, 180 total points below it."""
    signature = load("ptlf-published")
    layout = Layout(geometry(signature), 900, 400)
    values = {"ALB": 43.6, "INR": 1.09, "Radscore": 7.72}
    prediction = what_if(signature, alb_inr(43.6, 1.09), 7.72)
    *markers, total, risk = apexes(nomogram_svg.svg_of(layout, Reading(values, prediction), "t"))
    points = [0.163 * (43.6 - 16) * 5.908, 7.597 * (1.09 - 0.7) * 5.908, 0.317 * (7.72 + 22) * 5.908]
    assert markers == pytest.approx([158 + 604 * point / 100 for point in points], abs=0.02)
    low, high = layout.totals  # as far as there is a risk to read
    assert 0 < low < sum(points) < high < 180
    assert total == pytest.approx(158 + 604 * (sum(points) - low) / (high - low), abs=0.02)
    assert risk == total


def test_a_value_far_beyond_its_axis_is_marked_not_clamped():
    signature = load("ptlf-published")
    prediction = what_if(signature, alb_inr(43.6, 1.09), 60.0)
    drawn = nomogram_svg.svg_of(Layout(geometry(signature), 900, 400), Reading({"Radscore": 60.0}, prediction), "t")
    assert "60  off the axis" in drawn
    assert "153.6 points" in drawn


def texts_of(value, path=()):
    """Paths of all texts in a JSON value."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts_of(item, (*path, key))


FIXED = ("level", "state", "kind", "status", "voi", "drawn", "known", "plane", "source", "interval_kind", "segments")
"""Keys of texts that are one of a fixed set of words: another one makes no record."""


def test_no_text_of_a_record_can_become_markup(published):
    whole = published.to_dict()
    whole["sign_off"] = {"reader": "R", "time": "T", "segments": "automatic", "edited": False}
    model = {"id": "m", "title": "M", "version": "1", "sha256": "a" * 64}
    whole["segmentation"]["origin"] |= {"run": {"device": "cpu"}, "model": model}
    paths = [path for path in texts_of(whole) if path[:3] != ("input", "signature", "data")]
    paths += [("input", "signature", "data", *rest) for rest in (("outcome", "horizon"), ("notes", 0, "text"))]
    for *folder, last in paths:
        spoiled = copy.deepcopy(whole)
        at = spoiled
        for key in folder:
            at = at[key]
        at[last] = '"><script>alert(1)</script>'
        try:
            page = html.html(ResultRecord.from_dict(spoiled))
        except (BadInput, ValueError, KeyError):  # one of a fixed set of words
            assert last in FIXED or folder[-1] in ("settings", "phase"), (*folder, last)
            continue
        assert "<script>" not in page, (*folder, last)


def test_the_record_survives_json_and_gives_the_same_page(published, tmp_path):
    record.write(published, tmp_path / "r.json")
    assert html.html(record.read(tmp_path / "r.json")) == html.html(published)
    assert record.read(tmp_path / "r.json") == published
    assert json.loads((tmp_path / "r.json").read_text()) == published.to_dict()
