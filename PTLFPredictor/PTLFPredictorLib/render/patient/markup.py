"""Blocks of text in HTML that a browser and Qt's rich text set alike: tables with widths in percent, few classes."""

from __future__ import annotations

import re
from html import escape as _escape

from ...ct.findings import without_shell
from .blocks import Answer, Cell, Kind, Lines, Rows

UP, DOWN = "#3b4a54", "#8a959d"
"""Bars to the right and to the left of the middle: direction and tone tell the sign."""


_UNIT = re.compile(r"(?<=\d) (?=(?:%|mL|mm|HU|kVp?|[\u00b5mu]?mol/L|m?g/d?L)(?!\w))")
"""Between a number and its unit, where a line must not end."""


def escape(text: str) -> str:
    return _escape(_UNIT.sub("\xa0", without_shell(text)))


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def lines(block: Lines) -> str:
    return "".join(f"<p{_class(block.kind)}>{escape(text)}</p>" for text in block.texts)


def table(block: Rows) -> str:
    """The whole table."""
    tips = block.tips or ("",) * len(block.rows)
    body = "".join(row(block, cells, tip) for cells, tip in zip(block.rows, tips, strict=True))
    return f"{_TABLE}{head(block)}{body}</table>"


_TABLE = '<table width="100%" cellspacing="0" cellpadding="0">'


def head(block: Rows) -> str:
    return f"<tr>{_cells(block, block.head, 'th')}</tr>" if block.head else ""


def row(block: Rows, cells: tuple[Cell, ...], tip: str = "") -> str:
    about = f' title="{escape(tip)}"' if tip else ""
    return f"<tr{about}>{_cells(block, cells, 'td')}</tr>"


def alone(row_or_head: str) -> str:
    """One row as a table of its own: its columns are where those of the others are."""
    return f"{_TABLE}{row_or_head}</table>"


def _cells(block: Rows, cells: tuple[Cell, ...], tag: str) -> str:
    return "".join(
        f'<{tag}{_class(cell.kind)} width="{width:g}%"{_aligned(cell, tag)}>{_content(cell)}</{tag}>'
        for width, cell in zip(block.widths, cells, strict=True)
    )


def _aligned(cell: Cell, tag: str) -> str:
    """Said in the tag: Qt has no text-align for a cell, and centres a head."""
    if cell.kind is Kind.NUMBER:
        return ' align="right"'
    return ' align="left"' if tag == "th" else ""


def _content(cell: Cell) -> str:
    if cell.bar is not None:
        return _bar(cell.bar)
    below = f'<br><span class="below">{escape(cell.below)}</span>' if cell.below else ""
    return f"{escape(cell.text)}{below}"


def _bar(share: float) -> str:
    """A bar to the left or right of the middle."""
    long = 50 * abs(share)
    left = 50 - long if share < 0 else 50
    widths = ((left, ""), (long, f' bgcolor="{DOWN if share < 0 else UP}"'), (100 - left - long, ""))
    inside = "".join(
        f'<td class="bar" width="{width:.2f}%"{colour}><span class="bar">&nbsp;</span></td>'
        for width, colour in widths
        if width >= 0.005
    )
    return f'<table class="bar" width="100%" cellspacing="0" cellpadding="0"><tr>{inside}</tr></table>'


def answer(block: Answer) -> str:
    """The result: number and what it is of on the left, what it is based on to the right, values below."""
    number = f'<span class="{"number" if block.shown else "none"}" id="risk">{escape(block.risk)}</span>'
    horizon = f'<br><span class="soft">{escape(block.horizon)}</span>' if block.horizon else ""
    listed = "".join(f"<li>{escape(reason)}</li>" for reason in block.reasons)
    reasons = f'<p class="why">{escape(block.why)}</p><ul>{listed}</ul>' if listed else ""
    told = "".join(f"<p>{escape(text)}</p>" for text in block.lines)
    notes = "".join(f'<p class="soft">{escape(text)}</p>' for text in block.notes)
    facts = "&nbsp;&nbsp;&nbsp; ".join(
        f"{_together(name)}&nbsp;<b>{_together(value)}</b>" if len(value) < 40 else f"{escape(name)} {escape(value)}"
        for name, value in block.facts.items()
    )
    return (
        f'{_TABLE}<tr><td class="risk" width="24%">{number}{horizon}</td><td class="based" width="76%">{told}{reasons}'
        f'{notes}</td></tr><tr><td class="facts" colspan="2">{facts}</td></tr>'
        f'<tr><td class="signed" colspan="2">{escape(block.signed)}</td></tr></table>'
    )


def _together(text: str) -> str:
    """Without a break of line."""
    return escape(text).replace(" ", "&nbsp;")
