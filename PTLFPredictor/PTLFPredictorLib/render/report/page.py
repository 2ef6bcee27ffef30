"""A cohort's report as one self-contained HTML page: no script, nothing from elsewhere, made to be printed."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from ... import RESEARCH_USE
from ...record.statements import FOR_NO_PATIENT, LEVEL_WORDS
from ..html import CSS, SHEETS
from .cells import Cell, Indented, words
from .document import (
    REF_CLOSE,
    REF_OPEN,
    Beside,
    Block,
    Column,
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
)
from .drawing import HALF_MM

COHORT_CSS = CSS.with_name("cohort.css")
"""On top of the sheet of a patient's report: the two look alike."""

WIDE = 8
"""Columns from which on a table is set in small type."""


PLACE = "block-"
"""Before the names of tables and figures, whose ids must not be those that the patient's report has rules for."""

SHORT = 15
"""Rows up to which a table is not torn apart by the end of a sheet, and facts up to which they stand in one column."""

MANY = 6
"""Items from which on a list has two columns."""


def html(document: Document) -> str:
    """The whole page."""
    return _Page(_labels(document)).document(document)


def _labels(document: Document) -> Mapping[str, str]:
    """ "Table 3" by name, counted in the order of the page."""
    kinds = (("Table", document.tables), ("Figure", document.figures))
    return {one.name: f"{kind} {number}" for kind, all_ in kinds for number, one in enumerate(all_, 1)}


@dataclass(frozen=True)
class _Page:
    labels: Mapping[str, str]

    def document(self, said: Document) -> str:
        body = "".join(self.section(number, one) for number, one in enumerate(said.sections, 1))
        stamp = f'<div class="stamp sheet" aria-hidden="true">{escape(said.watermark)}</div>' if said.watermark else ""
        sheets = _sheet(CSS) + _sheet(COHORT_CSS) + (SHEETS if said.watermark else "")
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(said.title)}</title><style>{sheets}</style></head><body>{stamp}"
            f'<header><h1>{self.text(said.title)}</h1><p class="subtitle">{self.text(said.subtitle)}</p>'
            f'<div class="research">{_first_line(said)}</div></header>{_contents(said)}<main>{body}</main>'
            f"<footer><span>{self.text(said.made)}</span></footer></body></html>\n"
        )

    def section(self, number: int, said: Section) -> str:
        new = ' class="chapter new"' if said.new_page else ' class="chapter"'
        blocks = "".join(map(self.block, said.blocks))
        return f'<section{new} id="section-{number}"><h2>{number} {self.text(said.title)}</h2>{blocks}</section>'

    def block(self, block: Block) -> str:
        match block:
            case Text(text):
                return "".join(f"<p>{self.text(one)}</p>" for one in text.split("\n\n"))
            case Notice(text):
                return f'<p class="notice">{self.text(text)}</p>'
            case Equation(text):
                return f'<pre class="equation">{self.text(text)}</pre>'
            case Items(items):
                many = ' class="many"' if len(items) >= MANY else ""
                return f"<ul{many}>{''.join(f'<li>{self.text(one)}</li>' for one in items)}</ul>"
            case Facts():
                return self.facts(block)
            case Findings():
                return self.findings(block)
            case Table():
                return self.table(block)
            case Figure():
                return self.figure(block)
            case Beside(blocks):
                return f'<div class="beside">{"".join(map(self.block, blocks))}</div>'

    def facts(self, block: Facts) -> str:
        kind = "headline" if block.headline else "facts many" if len(block.facts) > SHORT else "facts"
        listed = "".join(
            f"<div><dt>{self.text(name)}</dt><dd>{self.text(value)}</dd></div>" for name, value in block.facts
        )
        return f'<dl class="{kind}">{listed}</dl>'

    def findings(self, block: Findings) -> str:
        ordered = sorted(block.findings, key=lambda finding: -finding.level.severity)
        rows = "".join(
            f"<tr><td>{LEVEL_WORDS[one.level]}</td><td>{self.text(one.message)}</td></tr>" for one in ordered
        )
        return f'<table class="findings">{rows}</table>'

    def table(self, block: Table) -> str:
        header = block.header
        numeric = [_is_numeric(block, place) for place in range(len(header))]
        heads = "".join(
            f'<th scope="col"{_class(number)}>{self.text(column.title)}</th>'
            for column, number in zip(header, numeric, strict=True)
        )
        shown = block.rows[: block.limit]
        body = "".join(f"<tr>{self.row(row, header, numeric)}</tr>" for row in shown)
        left_out = len(block.rows) - len(shown)
        which = f"The first {len(shown)} of {len(block.rows)}" if shown else f"{len(block.rows)}"
        more = f"{which} rows; all are in tables/{block.name}.csv."
        wide = " wide" if len(header) >= WIDE else ""
        short = " short" if len(shown) <= SHORT else ""
        note = self.note(block.note, more if left_out else "")
        caption = f"<caption><b>{self.labels[block.name]}</b> {self.text(block.title)}</caption>"
        return (
            f'<div class="table{short}"><table class="data{wide}" id="{PLACE}{escape(block.name)}">{caption}'
            f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{note}</div>"
        )

    def row(self, row: tuple[Cell, ...], header: tuple[Column, ...], numeric: list[bool]) -> str:
        first, *rest = row
        indented = ' class="level"' if isinstance(first, Indented) else ""
        cells = [f'<th scope="row"{indented}>{self.text(words(first, header[0].shown))}</th>']
        for cell, column, number in zip(rest, header[1:], numeric[1:], strict=True):
            cells.append(f"<td{_class(number)}>{self.text(words(cell, column.shown))}</td>")
        return "".join(cells)

    def figure(self, block: Figure) -> str:
        caption = f"<b>{self.labels[block.name]}</b> {self.text(block.title)}"
        said = escape(block.alternative or block.title)
        half = " half" if _width_mm(block.svg) < HALF_MM + 1 else ""
        return (
            f'<figure class="drawn{half}" id="{PLACE}{escape(block.name)}"><div role="img" aria-label="{said}">'
            f'{inline(block.svg, block.name)}</div><div class="words"><figcaption>{caption}</figcaption>'
            f"{self.note(block.note)}</div></figure>"
        )

    def note(self, *texts: str) -> str:
        said = " ".join(text for text in texts if text)
        return f'<p class="note">{self.text(said)}</p>' if said else ""

    def text(self, text: str) -> str:
        """Escaped; names of `ref` as linked numbers."""

        def link(found: re.Match[str]) -> str:
            name = found[1]
            if name not in self.labels:
                raise ValueError(f"no table and no figure is named {name}")
            return f'<a href="#{PLACE}{name}">{self.labels[name]}</a>'

        return re.sub(f"{REF_OPEN}([^{REF_CLOSE}]*){REF_CLOSE}", link, escape(text))


def inline(svg: str, name: str) -> str:
    """An SVG document as an element of the page, its ids made its own."""
    element = svg[svg.index("<svg") :].strip()
    element = re.sub(r'\bid="', f'id="{name}-', element)
    element = re.sub(r"url\(#", f"url(#{name}-", element)
    return re.sub(r'href="#', f'href="#{name}-', element)


def _width_mm(svg: str) -> float:
    """Of a drawing whose width is in points; infinite for any other, which the page scales to its own."""
    found = re.search(r'<svg[^>]*\bwidth="([\d.]+)pt"', svg)
    return float(found[1]) * 25.4 / 72 if found else math.inf


def _is_numeric(table: Table, place: int) -> bool:
    """Whether a column is set to the right: nothing in it but numbers."""
    cells = [row[place] for row in table.rows if row[place] not in (None, "")]
    return place > 0 and bool(cells) and not any(isinstance(cell, (str, Indented)) for cell in cells)


def _class(numeric: bool) -> str:
    return ' class="n"' if numeric else ""


def _first_line(said: Document) -> str:
    return escape(" ".join((f"{FOR_NO_PATIENT}.", RESEARCH_USE) if said.watermark else (RESEARCH_USE,)))


def _contents(said: Document) -> str:
    listed = "".join(
        f'<a href="#section-{number}">{number} {escape(one.title)}</a>' for number, one in enumerate(said.sections, 1)
    )
    return f'<nav aria-label="Contents">{listed}</nav>' if len(said.sections) > 1 else ""


def _sheet(path: Path) -> str:
    return path.read_text(encoding="utf-8")
