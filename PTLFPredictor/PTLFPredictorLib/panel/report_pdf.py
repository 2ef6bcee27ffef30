"""The result on one A4 page as PDF: risk or why there is none, inputs, terms, nomogram, provenance.

Painted of the same primitives as the nomogram on screen and in SVG, so that all of it stays vectors and text.
"""

from __future__ import annotations

import qt

from ..record import ResultRecord
from ..record.statements import of_record
from ..render.nomogram_axes import axes_of
from ..render.nomogram_marks import marks_of
from ..render.pdf import WIDTH, page_texts, picture
from ..render.themes import PRINT
from .nomogram_paint import PDF_DPI, paint


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
        layout, reading = picture(said)
        paint(painter, [*axes_of(layout), *marks_of(layout, reading)], PRINT)
    finally:
        painter.end()
