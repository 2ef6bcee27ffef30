"""`report.html`: one self-contained file, made from the result record alone, printable on A4 pages."""

from __future__ import annotations

from html import escape
from pathlib import Path

from ..record import ResultRecord
from ..record.slices import Picture
from ..record.statements import FOR_NO_PATIENT, WATERMARK, Statements, of_record
from . import nomogram_svg
from .patient import report_of
from .patient.blocks import Answer, Block, Drawing, Lines, Rows, Section, Slices
from .patient.drawing import placed
from .patient.markup import answer, lines, table

CSS = Path(__file__).resolve().parents[2] / "Resources" / "Report" / "report.css"

SHEETS = f'@page {{ @top-center {{ content: "{FOR_NO_PATIENT}"; font: bold 8pt Helvetica, Arial, sans-serif; }} }}'
"""However many sheets a printer needs, each of a demonstration says so; the watermark is fixed on all of them too."""

PICTURE_MM = 52.0
"""Height of the slices, before they are fitted beside each other."""


def html(record: ResultRecord) -> str:
    """The whole page of a record."""
    return page(of_record(record))


def write(record: ResultRecord, path: Path) -> None:
    path.write_text(html(record), encoding="utf-8")


def page(said: Statements) -> str:
    """The whole page of what is said."""
    report = report_of(said)
    sheets, stamp = "", ""
    if report.demonstration:
        sheets = f"<style>{SHEETS}</style>"
        stamp = f'<div class="stamp sheet" aria-hidden="true">{WATERMARK}</div><p class="marked">{FOR_NO_PATIENT}</p>'
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report.title)}</title><style>{CSS.read_text(encoding='utf-8')}</style></head>"
        f'<body class="patient">{sheets}{stamp}<header><h1>{escape(report.title)}</h1>'
        f'<div class="research">{escape(report.research_use)}</div></header>'
        f"<main>{''.join(map(_section, report.sections))}</main>"
        f"<footer><span>{escape(report.made)}</span></footer></body></html>\n"
    )


def _section(section: Section) -> str:
    title = f"<h2>{escape(section.title)}</h2>" if section.title else ""
    return f'<section id="{section.id}">{title}{"".join(map(_block, section.blocks))}</section>'


def _block(block: Block) -> str:
    match block:
        case Lines():
            return lines(block)
        case Rows():
            return table(block)
        case Answer():
            return f'<div class="answer">{answer(block)}</div>'
        case Drawing():
            layout, reading = placed(block)
            note = f"<small>{escape(block.nomogram.note)}</small>" if block.nomogram.note else ""
            return f"<div>{nomogram_svg.svg_of(layout, reading, block.nomogram.title)}</div>{note}"
        case Slices():
            key = "".join(f'<i style="background:{colour}"></i>{name}' for name, colour in block.key)
            return f'<div class="slices">{"".join(map(_figure, block.pictures))}</div><p class="key">{key}</p>'


def _figure(picture: Picture) -> str:
    width = PICTURE_MM * picture.width / picture.height
    plane, left, right, png = map(escape, (picture.plane, picture.left, picture.right, picture.png))
    return (
        f'<figure style="flex:{width:.1f} 1 0;aspect-ratio:{picture.width}/{picture.height};max-height:62mm">'
        f'<img alt="{plane} slice with outlines" src="data:image/png;base64,{png}">'
        f'<span class="edge l">{left}</span><span class="edge r">{right}</span>'
        f"<figcaption>{plane} {picture.position_mm:.0f} mm</figcaption></figure>"
    )
