"""The PDF of a report: pieces of rich text and drawings that are not torn apart, and which go on which page.

Pure Python: `panel.report_pdf` measures the pieces with Qt, has them put on pages by `on_pages`, and paints them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .patient.blocks import Answer, Block, Drawing, Lines, Report, Rows, Section, Slices
from .patient.markup import alone, answer, escape, head, lines, row

CSS = Path(__file__).resolve().parents[2] / "Resources" / "Report" / "pdf.css"

DPI = 300
"""Of the page's coordinates; text and lines stay vectors."""

PAGE_MM = (210.0, 297.0)
SIDE_MM, TOP_MM, BOTTOM_MM = 14.0, 13.0, 15.0
"""Margins: header and footer stand inside those above and below."""

WIDTH_MM = PAGE_MM[0] - 2 * SIDE_MM
HEIGHT_MM = PAGE_MM[1] - TOP_MM - BOTTOM_MM

TEXT_PT = 9.2

GAP_MM = 3.2
"""Below a section."""


@dataclass(frozen=True)
class Piece:
    """What stands on one page, whole.

    Parameters
    ----------
    html : str
        Rich text; "" for a drawing.
    drawing : Drawing, Slices or None
    keeps : bool
        Whether the next piece must follow on the same page: a heading.
    framed, ruled : bool
        In a box; with a line below it.
    gap_mm : float
        Below it.
    """

    html: str = ""
    drawing: Drawing | Slices | None = None
    keeps: bool = False
    framed: bool = False
    ruled: bool = False
    gap_mm: float = 0.0


def pixels(millimetres: float) -> float:
    return millimetres * DPI / 25.4


def sheet() -> str:
    """The style sheet with its points in pixels: Qt's points depend on the screen."""
    return re.sub(r"([\d.]+)pt", lambda size: f"{float(size[1]) * DPI / 72:.0f}px", CSS.read_text(encoding="utf-8"))


def pieces(report: Report) -> tuple[Piece, ...]:
    """Of a whole report, from its title on."""
    found = [
        Piece(f'<span style="font-size:{15 * DPI / 72:.0f}px"><b>{escape(report.title)}</b></span>', gap_mm=1.2),
        Piece(f"<b>{escape(report.research_use)}</b>", framed=True, gap_mm=2.4),
    ]
    for section in report.sections:
        found += _of_section(section)
    return (*found, Piece(f'<p class="soft">{escape(report.made)}</p>'))


def _of_section(section: Section) -> list[Piece]:
    found = (
        [Piece(f'<p class="title">{escape(section.title)}</p>', keeps=True, ruled=True, gap_mm=1.2)]
        if section.title
        else []
    )
    for block in section.blocks:
        found += _of_block(block)
    return [*found[:-1], replace(found[-1], keeps=False, gap_mm=found[-1].gap_mm + GAP_MM)]


def _of_block(block: Block) -> Iterator[Piece]:
    match block:
        case Lines():
            for text in block.texts:
                yield Piece(lines(Lines((text,), block.kind)), gap_mm=0.6)
        case Rows():
            if block.head:
                yield Piece(alone(head(block)), keeps=True)
            for cells in block.rows:
                yield Piece(alone(row(block, cells)))
        case Answer():
            yield Piece(answer(block), framed=True)
        case Drawing():
            yield Piece(drawing=block, gap_mm=0.4)
            if block.nomogram.note:
                yield Piece(f'<p class="soft">{escape(block.nomogram.note)}</p>')
        case Slices():
            yield Piece(drawing=block, keeps=True, gap_mm=1.0)


def on_pages(heights: Sequence[float], keeps: Sequence[bool], room: float) -> tuple[tuple[int, ...], ...]:
    """Which pieces stand on which page, in their order.

    Parameters
    ----------
    heights : sequence of float
        With the gap below; `room` is the height of a page.
    keeps : sequence of bool
        Whether a piece is kept with the next one.
    """
    pages: list[list[int]] = [[]]
    used = 0.0
    group: list[int] = []
    for number, (_height, kept) in enumerate(zip(heights, keeps, strict=True)):
        group.append(number)
        if kept and number + 1 < len(heights):
            continue
        tall = sum(heights[one] for one in group)
        if pages[-1] and used + tall > room:
            pages.append([])
            used = 0.0
        pages[-1] += group
        used += tall
        group = []
    return tuple(map(tuple, pages))
