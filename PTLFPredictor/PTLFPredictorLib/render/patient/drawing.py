"""The nomogram of a report: its layout on the page, lower where there is no risk to read."""

from __future__ import annotations

from ...signature import geometry
from ..nomogram_layout import TOP, Layout, height_of, rows_of
from ..nomogram_marks import Reading
from .blocks import Drawing

WIDTH = 900
"""Pixels of the drawing; the page scales it."""

LOW_ROW = 43
"""Height of a row of a low one, in which no texts touch."""


def placed(block: Drawing) -> tuple[Layout, Reading]:
    shown = block.nomogram
    shape = geometry(shown.signature)
    height = round(TOP + LOW_ROW * len(rows_of(shape))) if block.small else height_of(shape)
    values = {name: value for name, value in shown.values.items() if value is not None}
    return Layout(shape, WIDTH, height), Reading(values, shown.prediction)
