"""The nomogram as SVG text, from the same primitives that the widget paints."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from ..signature import NomogramGeometry
from .nomogram_axes import axes_of, footer_of
from .nomogram_layout import Layout, lowest
from .nomogram_marks import Reading, marks_of
from .primitives import Area, Line, Primitive, Shape
from .themes import PRINT

SMALL_WIDTH = 340
"""Pixels of a nomogram beside other things on a page."""


def small(shape: NomogramGeometry, reading: Reading | None, title: str) -> str:
    """The nomogram as a narrow panel has it, for a result that is withheld: its axes and what may be read on them."""
    return svg_of(lowest(shape, SMALL_WIDTH), reading, title)


def svg_of(layout: Layout, reading: Reading | None, title: str) -> str:
    """A complete SVG document: the nomogram on white, its title, and the research-use line; None: the axes alone."""
    footer, height = footer_of(layout, title)
    width = layout.width
    marks = marks_of(layout, reading) if reading else []
    body = [_element(p) for p in (*axes_of(layout), *marks)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
            f'viewBox="0 0 {width:g} {height:g}" font-family="DejaVu Sans, Helvetica, Arial, sans-serif">',
            f"<title>{escape(title)}</title>",
            '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)">'
            f'<path d="M0 0V6" stroke="{PRINT["hatch"]}" stroke-width="2"/></pattern></defs>',
            f'<rect width="100%" height="100%" fill="{PRINT["background"]}"/>',
            *body,
            *map(_element, footer),
            "</svg>",
            "",
        ]
    )


def _element(p: Primitive) -> str:
    ink = PRINT[p.ink]
    if isinstance(p, Line):
        dash = ' stroke-dasharray="4 3"' if p.dashed else ""
        return (
            f'<line x1="{p.x1:.2f}" y1="{p.y1:.2f}" x2="{p.x2:.2f}" y2="{p.y2:.2f}" '
            f'stroke="{ink}" stroke-width="{p.width:g}"{dash}/>'
        )
    if isinstance(p, Area):
        fill = "url(#hatch)" if p.hatched else ink
        return f'<rect x="{p.x:.2f}" y="{p.y:.2f}" width="{p.width:.2f}" height="{p.height:.2f}" fill="{fill}"/>'
    if isinstance(p, Shape):
        corners = " ".join(f"{x:.2f},{y:.2f}" for x, y in p.points)
        return f'<polygon points="{corners}" fill="{"none" if p.hollow else ink}" stroke="{ink}" stroke-width="1.5"/>'
    weight = ' font-weight="bold"' if p.bold else ""
    return (
        f'<text x="{p.x:.2f}" y="{p.y:.2f}" font-size="{p.size:g}" text-anchor={quoteattr(p.anchor)} '
        f'fill="{ink}"{weight}>{escape(p.text)}</text>'
    )
