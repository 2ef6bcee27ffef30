"""What a drawing is made of: lines, areas, shapes and texts, in pixels from the top left.

Colours are named inks; a theme (`themes`) gives them their values.  Who draws them (SVG, Qt) knows nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

FONT, SMALL = 12.0, 10.5
"""Sizes of texts."""


@dataclass(frozen=True)
class Line:
    x1: float
    y1: float
    x2: float
    y2: float
    ink: str = "axis"
    width: float = 1.0
    dashed: bool = False


@dataclass(frozen=True)
class Area:
    x: float
    y: float
    width: float
    height: float
    ink: str
    hatched: bool = False


@dataclass(frozen=True)
class Shape:
    """A closed polygon, filled with `ink`, or only outlined where `hollow`."""

    points: tuple[tuple[float, float], ...]
    ink: str
    hollow: bool = False


@dataclass(frozen=True)
class Text:
    """`anchor` is start, middle or end; `y` is the baseline."""

    x: float
    y: float
    text: str
    size: float = FONT
    anchor: str = "start"
    ink: str = "text"
    bold: bool = False


Primitive = Line | Area | Shape | Text
