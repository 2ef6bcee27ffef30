"""The result on one A4 page as PDF: risk or why there is none, inputs, terms, nomogram, provenance.

Painted by hand: PythonQt wraps neither QtPrintSupport nor a web engine.
"""

from __future__ import annotations

import qt

from ..record import ResultRecord
from ..record.statements import of_record
from ..render.nomogram_layout import Layout, axes_of, height_of
from ..render.nomogram_marks import Reading, marks_of
from ..render.pdf import WIDTH, page_texts
from ..render.themes import PRINT
from ..signature import geometry
from .nomogram_paint import PDF_DPI, paint

SPARE = 30
"""Pixels that the nomogram takes beyond its lowest."""


def write_report_pdf(record: ResultRecord, path: str) -> None:
    said = of_record(record)
    writer = qt.QPdfWriter(path)
    writer.setPageSize(qt.QPageSize(qt.QPageSize.A4))
    writer.setResolution(PDF_DPI)
    writer.setTitle("PTLFPredictor")
    painter = qt.QPainter()
    if not painter.begin(writer):
        raise OSError("the file cannot be opened")
    try:
        painter.setRenderHint(qt.QPainter.Antialiasing, True)
        scale = 7.2 * PDF_DPI / WIDTH
        painter.scale(scale, scale)
        texts, height = page_texts(said)
        paint(painter, texts, PRINT)
        painter.translate(0, height)
        shape, shown = geometry(said.nomogram.signature), said.nomogram
        layout = Layout(shape, WIDTH, height_of(shape) + SPARE)
        paint(painter, [*axes_of(layout), *marks_of(layout, Reading(shown.values, shown.prediction))], PRINT)
    finally:
        painter.end()
