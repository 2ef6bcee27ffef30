"""The nomogram of a report, as wide as the page."""

from __future__ import annotations

from ...signature import geometry
from ..nomogram_layout import Layout, lowest
from ..nomogram_marks import Reading
from .blocks import Drawing

WIDTH = 900
"""Pixels of the drawing; the page scales it."""


def placed(block: Drawing) -> tuple[Layout, Reading]:
    shown = block.nomogram
    values = {name: value for name, value in shown.values.items() if value is not None}
    return lowest(geometry(shown.signature), WIDTH), Reading(values, shown.prediction)
