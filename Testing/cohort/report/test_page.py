"""The page: one file that needs nothing else, that says what it is on every sheet, and that everybody can read."""

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from PTLFPredictorLib import RESEARCH_USE
from PTLFPredictorLib.ct.findings import Finding, Level
from PTLFPredictorLib.record.statements import FOR_NO_PATIENT
from PTLFPredictorLib.render.html import CSS
from PTLFPredictorLib.render.report import (
    Beside,
    Document,
    Equation,
    Facts,
    Figure,
    Findings,
    Items,
    Notice,
    Section,
    Table,
    Text,
    ref,
    write,
)
from PTLFPredictorLib.render.report.page import html

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><defs><path id="p"/></defs><use href="#p" fill="url(#p)"/></svg>'


@pytest.fixture(scope="module")
def page(document):
    return html(document)


def page_of(*blocks, **options):
    return html(Document("Title", "Subtitle", (Section("Chapter", blocks),), **options))


class Elements(HTMLParser):
    """Start tags with their attributes; which end tags do not close what is open."""

    VOID = ("meta", "br", "img")

    def __init__(self, page):
        super().__init__()
        self.found, self.open, self.wrong = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_the_page_needs_nothing_from_elsewhere(page):
    tags = Elements(page).found
    assert not [tag for tag, _ in tags if tag in ("script", "link", "iframe", "object", "embed", "base")]
    outside = [
        value
        for _, attributes in tags
        for name, value in attributes.items()
        if name in ("src", "href", "xlink:href") and not value.startswith("#")
    ]
    assert outside == []
    assert not re.findall(r"@import|url\((?!#)", page)


def test_the_page_is_well_formed_and_no_id_is_there_twice(page):
    elements = Elements(page)
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert elements.wrong == []
    assert elements.open == []
    assert sorted(ids) == sorted(set(ids))


def test_no_id_is_one_that_the_patients_report_has_rules_for(page):
    ids = [attributes["id"] for _, attributes in Elements(page).found if "id" in attributes]
    assert set(ids) & set(re.findall(r"#([a-z-]+)\b", CSS.read_text(encoding="utf-8"))) == set()


def test_whatever_an_element_points_to_is_on_the_page(page):
    ids = set(re.findall(r'\bid="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= ids
    assert set(re.findall(r"url\(#([^)]+)\)", page)) <= ids


def test_two_drawings_with_the_same_ids_do_not_mix():
    page = page_of(Figure("a", "A", SVG), Figure("b", "B", SVG))
    assert [page.count(text) for text in ('id="a-p"', 'id="b-p"', 'href="#b-p"', "url(#b-p)", 'id="p"')] == [
        1,
        1,
        1,
        1,
        0,
    ]


def test_numbers_of_tables_and_figures_follow_the_page_and_texts_follow_them():
    first, second = Figure("late", "Late", SVG), Figure("early", "Early", SVG)
    page = page_of(Text(f"See {ref('early')} and {ref('t')}."), Beside((second, first)), Table("t", "T", ("x",), []))
    assert 'See <a href="#block-early">Figure 1</a> and <a href="#block-t">Table 1</a>.' in page
    assert "<b>Figure 2</b> Late" in page


def test_a_reference_to_nothing_is_told():
    with pytest.raises(ValueError, match="named nowhere"):
        page_of(Text(ref("nowhere")))


def test_two_blocks_of_one_name_are_told():
    with pytest.raises(ValueError, match="named t"):
        Document("T", "S", (Section("A", (Table("t", "T", ("x",), []), Figure("t", "T", SVG))),))


EVIL = '<script>alert("x")</script> & <b>'


@pytest.mark.parametrize(
    "block",
    [
        Text(EVIL), Notice(EVIL), Equation(EVIL), Items((EVIL,)), Facts(((EVIL, EVIL),)),
        Findings((Finding("code", Level.WARN, EVIL),)), Figure("f", EVIL, SVG, EVIL, EVIL),
        Table("t", EVIL, (EVIL, "b"), [(EVIL, EVIL)], EVIL),
    ],
    ids=lambda block: type(block).__name__,
)  # fmt: skip
def test_no_text_becomes_markup(block):
    page = page_of(block)
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_screen_reader_finds_heads_of_tables_and_words_for_drawings(document, page):
    tags = Elements(page).found
    rows = [attributes.get("scope") for tag, attributes in tags if tag == "th"]
    assert {"col", "row"} == set(rows)
    labels = [attributes["aria-label"] for _, attributes in tags if attributes.get("role") == "img"]
    assert len(labels) == len(document.figures)
    assert all(len(label) > 40 for label in labels)
    assert ("html", {"lang": "en"}) in tags
    assert len([tag for tag, _ in tags if tag == "caption"]) == len(document.tables)


def test_findings_stand_with_the_weightiest_first():
    found = [Finding("a", Level.PASS, "fine"), Finding("b", Level.FAIL, "stops here"), Finding("c", Level.WARN, "look")]
    page = page_of(Findings(tuple(found)))
    assert page.index("stops here") < page.index("look") < page.index("fine")


def test_the_research_line_is_on_the_page_and_in_the_sheets_margin(page):
    sheets = re.search(r"@page[^}]*@bottom-left \{ content: \"([^\"]*)\"", page)[1]
    assert sheets == RESEARCH_USE
    assert f"{FOR_NO_PATIENT}. {RESEARCH_USE}</div>" in page
    assert re.search(r"@page \{ @top-center \{ content: \"([^\"]*)\"", page)[1] == FOR_NO_PATIENT


def test_only_a_demonstration_is_marked(document):
    page = html(replace(document, watermark=""))
    assert FOR_NO_PATIENT not in re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)  # its drawings say so themselves
    assert 'class="stamp' not in page
    assert RESEARCH_USE in page


@pytest.mark.skipif(not (shutil.which("chromium") and shutil.which("pdftotext")), reason="no chromium, no pdftotext")
@pytest.mark.slow
def test_every_printed_sheet_says_that_it_is_research_and_for_no_patient(document, tmp_path):
    report, pdf = write(document, tmp_path)[0], tmp_path / "report.pdf"
    command = "chromium --headless --no-sandbox --disable-gpu --no-pdf-header-footer".split()
    command += [f"--user-data-dir={tmp_path}/profile", f"--print-to-pdf={pdf}", report.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], check=True, capture_output=True, text=True).stdout
    sheets = text.split("\f")[:-1]
    assert 8 <= len(sheets) <= 12
    assert all(RESEARCH_USE in sheet for sheet in sheets)
    assert all(FOR_NO_PATIENT in sheet for sheet in sheets)
