"""Paint the primitives of `render.primitives` with Qt, on a widget, a picture or a PDF page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import qt

from ..render.nomogram_axes import axes_of, footer_of
from ..render.nomogram_layout import Layout
from ..render.nomogram_marks import Reading, marks_of
from ..render.primitives import Area, Line, Primitive, Shape, Text
from ..render.themes import PRINT

PDF_DPI = 144
"""Resolution of the PDF's coordinate system; lines and text stay vectors."""


def paint(painter, primitives: Iterable[Primitive], theme: Mapping[str, str]) -> None:
    for p in primitives:
        _PAINTERS[type(p)](painter, p, qt.QColor(theme[p.ink]))


def _line(painter, p: Line, colour) -> None:
    pen = qt.QPen(colour)
    pen.setWidthF(p.width)
    if p.dashed:
        pen.setStyle(qt.Qt.DashLine)
    painter.setPen(pen)
    painter.drawLine(qt.QPointF(p.x1, p.y1), qt.QPointF(p.x2, p.y2))


def _area(painter, p: Area, colour) -> None:
    brush = qt.QBrush(colour, qt.Qt.BDiagPattern if p.hatched else qt.Qt.SolidPattern)
    painter.fillRect(qt.QRectF(p.x, p.y, p.width, p.height), brush)


def _shape(painter, p: Shape, colour) -> None:
    path = qt.QPainterPath()
    path.moveTo(*p.points[0])
    for x, y in p.points[1:]:
        path.lineTo(x, y)
    path.closeSubpath()
    pen = qt.QPen(colour)
    pen.setWidthF(1.5)
    painter.setPen(pen)
    painter.setBrush(qt.QBrush(colour, qt.Qt.NoBrush if p.hollow else qt.Qt.SolidPattern))
    painter.drawPath(path)


def _text(painter, p: Text, colour) -> None:
    font = qt.QFont(painter.font())
    font.setPixelSize(round(p.size))
    font.setBold(p.bold)
    painter.setFont(font)
    painter.setPen(qt.QPen(colour))
    shift = {"start": 0.0, "middle": 0.5, "end": 1.0}[p.anchor]
    x = p.x - shift * painter.fontMetrics().horizontalAdvance(p.text)
    painter.drawText(qt.QPointF(x, p.y), p.text)


_PAINTERS = {Line: _line, Area: _area, Shape: _shape, Text: _text}


def picture_of(layout: Layout, reading: Reading, title: str, scale: float = 2.0):
    """The nomogram on white with title and research-use line, as a qt.QImage of `scale` times its size."""
    _footer, height = footer_of(layout, title)
    image = qt.QImage(int(layout.width * scale), int(height * scale), qt.QImage.Format_ARGB32)
    image.fill(qt.QColor(PRINT["background"]))
    painter = qt.QPainter()
    painter.begin(image)
    try:
        _paint_page(painter, layout, reading, title, scale)
    finally:
        painter.end()
    return image


def write_pdf(path: str, layout: Layout, reading: Reading, title: str) -> None:
    """The nomogram on one landscape A4 page, as vectors."""
    writer = qt.QPdfWriter(path)
    writer.setPageSize(qt.QPageSize(qt.QPageSize.A4))
    writer.setPageOrientation(qt.QPageLayout.Landscape)
    writer.setResolution(PDF_DPI)
    writer.setTitle(title)
    painter = qt.QPainter()
    if not painter.begin(writer):
        raise OSError("the file cannot be opened")
    try:
        # A4 landscape is 11.69 x 8.27 inches, less Qt's margins.
        scale = min(10.5 * PDF_DPI / layout.width, 7.2 * PDF_DPI / footer_of(layout, title)[1])
        _paint_page(painter, layout, reading, title, scale)
    finally:
        painter.end()


def _paint_page(painter, layout: Layout, reading: Reading, title: str, scale: float) -> None:
    painter.setRenderHint(qt.QPainter.Antialiasing, True)
    painter.scale(scale, scale)
    paint(painter, [*axes_of(layout), *marks_of(layout, reading), *footer_of(layout, title)[0]], PRINT)
