"""`report.html`: one self-contained file, made from the result record alone, printable on two A4 pages."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from ..colours import LIVER, TUMOUR
from ..ct.findings import Level, without_shell
from ..record import ResultRecord
from ..record.slices import WINDOW_LEVEL_HU, WINDOW_WIDTH_HU, Picture
from ..record.statements import BESIDE, FOR_NO_PATIENT, NOT_SHOWN, Nomogram, Statements, of_record, sentences
from ..signature import geometry
from . import nomogram_svg
from .html_basis import eligibility, model, provenance, terms
from .nomogram_layout import lowest
from .nomogram_marks import Reading

CSS = Path(__file__).resolve().parents[2] / "Resources" / "Report" / "report.css"

LEVEL_WORDS = {
    Level.PASS: "\u2713 as it should be",
    Level.WARN: "! note",
    Level.WITHHOLD: "\u25a0 withholds",
    Level.FAIL: "\u2715 stops",
}
"""Sign and word for each level of a finding: readable without colour."""

WATERMARK = "DEMONSTRATION"

SHEETS = f'@page {{ @top-center {{ content: "{FOR_NO_PATIENT}"; font: bold 8pt Helvetica, Arial, sans-serif; }} }}'
"""However many sheets a printer needs, each of a demonstration says so; the watermark is fixed on all of them too."""

SHOWN_REASONS = 2
"""Reasons for withholding that the result box names itself."""

PICTURE_MM = 52.0
"""Height of the slices, before they are fitted beside each other."""

NOMOGRAM_WIDTH = 900
"""Pixels of the drawing; the page scales it."""


def html(record: ResultRecord) -> str:
    """The whole page of a record."""
    return page(of_record(record))


def write(record: ResultRecord, path: Path) -> None:
    path.write_text(html(record), encoding="utf-8")


def page(said: Statements) -> str:
    """The whole page of what is said."""
    stamp = f'<div class="stamp">{WATERMARK}</div>' if said.watermark else ""
    sheets = f'<style>{SHEETS}</style><div class="stamp sheet">{WATERMARK}</div>' if said.watermark else ""
    first = [_result(said), _nomogram(said.nomogram), _slices(said), _findings(said), _what_if(said)]
    basis = provenance(said.provenance, said.segments.steps)
    second = [terms(said.score), eligibility(said.eligibility), model(said.model), basis]
    pages = "".join(
        f'<div class="page">{stamp}{_header(said)}{"".join(parts)}{_footer(said)}</div>' for parts in (first, second)
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(said.title)}</title><style>{CSS.read_text(encoding='utf-8')}</style></head>"
        f"<body>{sheets}{without_shell(pages)}</body></html>\n"
    )


def _header(said: Statements) -> str:
    return f'<header><h1>{escape(said.title)}</h1><div class="research">{escape(said.research_use)}</div></header>'


def _footer(said: Statements) -> str:
    return (
        f"<footer><span>PTLFPredictor {escape(said.version)}, {escape(said.created)}; {escape(said.signed)}</span>"
        "</footer>"
    )


def _result(said: Statements) -> str:
    risk = said.risk
    number = f'<div class="none" id="risk">{NOT_SHOWN}</div>'
    if risk.shown:
        number = f'<div class="number" id="risk">{escape(risk.shown)}</div><small>{escape(risk.horizon)}</small>'
    values = [(one.label, one.words) for one in (*said.inputs, *said.measures)] + [("Radscore", said.score.words)]
    inputs = "".join(f"<span>{escape(name)} <b>{escape(value)}</b></span>" for name, value in values)
    lines = [f"<p>{escape(sentences(risk.reason))} {escape(sentences(risk.interval_words))}</p>"]
    if risk.withheld_beside:
        lines.append(f"<p>{BESIDE}: {escape(_first(risk.withheld_beside))}</p>")
    lines += [f"<p>{escape(warning)}</p>" for warning in risk.warnings]
    return (
        f'<section class="result"><div>{number}</div>'
        f'<div>{"".join(lines)}<div class="inputs">{inputs}</div></div></section>'
    )


def _first(reasons: Sequence[str]) -> str:
    """The first reasons in full; the others stand under Findings, with all of them."""
    more = len(reasons) - SHOWN_REASONS
    rest = f" And {more} more, see Findings." if more > 0 else ""
    return " ".join(reasons[:SHOWN_REASONS]) + rest


def _nomogram(shown: Nomogram) -> str:
    shape = geometry(shown.signature)
    values = {name: value for name, value in shown.values.items() if value is not None}
    layout = lowest(shape, NOMOGRAM_WIDTH)
    drawn = nomogram_svg.svg_of(layout, Reading(values, shown.prediction), shown.title)
    return f'<section id="nomogram"><h2>Nomogram</h2>{drawn}<small>{escape(shown.note)}</small></section>'


def _slices(said: Statements) -> str:
    segments = said.segments
    text = (
        f"Liver {segments.liver}, parenchyma {segments.parenchyma}, "
        f"tumour {segments.tumour}{f' in {segments.lesions}' if segments.lesions else ''}. "
        f"Segments: {segments.source}. Window: level {WINDOW_LEVEL_HU}, width {WINDOW_WIDTH_HU} HU."
    )
    key = f'<i style="background:{LIVER}"></i>liver<i style="background:{TUMOUR}"></i>tumour'
    return (
        '<section id="slices"><h2>CT and segments</h2>'
        f'<div class="slices">{"".join(map(_figure, said.pictures))}</div>'
        f'<p class="key">{key} &emsp; {escape(text)}</p></section>'
    )


def _figure(picture: Picture) -> str:
    width = PICTURE_MM * picture.width / picture.height
    plane, left, right, png = map(escape, (picture.plane, picture.left, picture.right, picture.png))
    return (
        f'<figure style="flex:{width:.1f} 1 0;aspect-ratio:{picture.width}/{picture.height};max-height:62mm">'
        f'<img alt="{plane} slice with outlines" src="data:image/png;base64,{png}">'
        f'<span class="edge l">{left}</span><span class="edge r">{right}</span>'
        f"<figcaption>{plane} {picture.position_mm:.0f} mm</figcaption></figure>"
    )


def _findings(said: Statements) -> str:
    """A row for each finding that needs attention; what is as it should be shares the last row."""
    rows = [
        (LEVEL_WORDS[level], finding.message)
        for level in (Level.FAIL, Level.WITHHOLD, Level.WARN)
        for finding in said.findings
        if finding.level is level
    ]
    fine = " ".join(finding.message for finding in said.findings if finding.level is Level.PASS)
    rows.append((LEVEL_WORDS[Level.PASS], fine))
    table = "".join(f"<tr><td>{word}</td><td>{escape(message)}</td></tr>" for word, message in rows)
    return f'<section id="findings"><h2>Findings</h2><table class="findings">{table}</table></section>'


def _what_if(said: Statements) -> str:
    shown = said.what_if
    if shown is None:
        return ""
    risk = "; ".join(filter(None, (shown.risk, shown.interval_words))) or "risk not shown"
    more = sentences(shown.assumes, shown.reason, *shown.warnings)
    return (
        f'<section id="what-if"><h2>What-if, not this patient\'s result</h2><p>With a typed Radscore of '
        f"{said.tried:g}: {escape(risk)}. {escape(more)}</p></section>"
    )
