"""The nomogram of a report: as wide as the page, or smaller where there is no risk to read."""

from __future__ import annotations

from ...signature import geometry
from ..nomogram_layout import Layout, lowest
from ..nomogram_marks import Reading
from .blocks import Drawing

WIDTH, SMALL_WIDTH = 900, 690
"""Pixels of the drawing; the page scales it."""

SMALL_SHARE = 0.66
"""Of the page's width, of a small one."""


def placed(block: Drawing) -> tuple[Layout, Reading]:
    shown = block.nomogram
    values = {name: value for name, value in shown.values.items() if value is not None}
    layout = lowest(geometry(shown.signature), SMALL_WIDTH if block.small else WIDTH)
    return layout, Reading(values, shown.prediction)


def share_of(block: Drawing) -> float:
    """Of the page's width."""
    return SMALL_SHARE if block.small else 1.0
