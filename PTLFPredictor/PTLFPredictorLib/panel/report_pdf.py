"""The report as PDF: what `render.pdf` describes, measured and painted page by page.

Texts are Qt's rich text (`QTextDocument`), the nomogram the same primitives as on screen: all of it stays vectors and
text.  Each page has its header, footer and, of a demonstration, its mark.
"""

from __future__ import annotations

import base64

import qt

from ..record import ResultRecord
from ..record.statements import FOR_NO_PATIENT, WATERMARK, of_record
from ..render import pdf
from ..render.nomogram_axes import axes_of, footer_of
from ..render.nomogram_marks import marks_of
from ..render.patient import report_of
from ..render.patient.blocks import Drawing, Report, Slices
from ..render.patient.drawing import placed
from ..render.pdf import DPI, HEIGHT_MM, PAGE_MM, SIDE_MM, TEXT_PT, TOP_MM, WIDTH_MM, Piece, pixels
from ..render.themes import PRINT
from .nomogram_paint import paint

FAMILY = "Arial"

FRAME_MM = (3.0, 1.6)
"""Between a frame and its text: at the sides, above and below."""

BETWEEN_MM = 2.0
"""Between pictures; `PICTURES_MM` is the most that they are high, `KEY_MM` the height of the key below them."""

PICTURES_MM, KEY_MM = 58.0, 4.4

INK, SOFT, LINE, STAMP = "#1d2329", "#5d6770", "#d5dade", "#b03a00"


def write_report_pdf(record: ResultRecord, path: str) -> None:
    report = report_of(of_record(record))
    writer = qt.QPdfWriter(path)
    writer.setPageSize(qt.QPageSize(qt.QPageSize.A4))
    writer.setResolution(DPI)
    writer.setTitle(report.title)
    painter = qt.QPainter()
    if not painter.begin(writer):
        raise OSError("the file cannot be opened")
    try:
        _begin_at_the_edge(writer, painter)
        painter.setRenderHint(qt.QPainter.Antialiasing, True)
        painter.setRenderHint(qt.QPainter.SmoothPixmapTransform, True)
        _paint_pages(writer, painter, report)
    finally:
        painter.end()


def _begin_at_the_edge(writer, painter) -> None:
    """Qt's own margins out of the way: not every PythonQt wraps the QMarginsF that would set them."""
    wide, high = map(pixels, PAGE_MM)
    painter.translate((writer.width() - wide) / 2, (writer.height() - high) / 2)


def _paint_pages(writer, painter, report: Report) -> None:
    shown = [_Shown(piece) for piece in pdf.pieces(report)]
    room = pixels(HEIGHT_MM)
    pages = pdf.on_pages([one.height + one.gap for one in shown], [one.piece.keeps for one in shown], room)
    for number, page in enumerate(pages, 1):
        if number > 1:
            writer.newPage()
        if report.demonstration:
            _stamp(painter)
        painter.save()
        painter.translate(pixels(SIDE_MM), pixels(TOP_MM))
        for one in (shown[place] for place in page):
            painter.save()
            fits = min(1.0, room / one.height)  # a single piece higher than a page
            painter.scale(fits, fits)
            one.paint(painter)
            painter.restore()
            painter.translate(0, one.height * fits + one.gap)
        painter.restore()
        _edges(painter, report, number, len(pages))


class _Shown:
    """A piece with its size on the page, in pixels."""

    def __init__(self, piece: Piece):
        self.piece, self.width, self.gap = piece, pixels(WIDTH_MM), pixels(piece.gap_mm)
        self.side, self.lead = map(pixels, FRAME_MM) if piece.framed else (0.0, 0.0)
        self.document = None
        if piece.html:
            self.document = rich_text(piece.html, self.width - 2 * self.side)
            self.height = self.document.size.height() + 2 * self.lead
        else:
            self.height = _drawing_height(piece.drawing, self.width)

    def paint(self, painter) -> None:
        if self.piece.ruled:
            painter.fillRect(qt.QRectF(0, self.height, self.width, pixels(0.3)), qt.QColor(LINE))
        if self.document is None:
            _PAINTERS[type(self.piece.drawing)](painter, self.piece.drawing, self.width)
            return
        if self.piece.framed:
            painter.setPen(_pen(INK, 0.35))
            painter.setBrush(qt.QBrush())
            painter.drawRoundedRect(qt.QRectF(0, 0, self.width, self.height), pixels(1.2), pixels(1.2))
        painter.translate(self.side, self.lead)
        self.document.drawContents(painter)


def rich_text(html: str, width: float):
    """A text set to a width in pixels of the page."""
    document = qt.QTextDocument()
    document.documentMargin = 0
    document.setDefaultFont(_font(TEXT_PT))
    document.defaultStyleSheet = pdf.sheet()
    document.setHtml(f'<body style="color:{INK}">{html}</body>')
    document.textWidth = width
    return document


def _font(points: float, bold: bool = False):
    font = qt.QFont(FAMILY)
    font.setStyleHint(qt.QFont.SansSerif)
    font.setPixelSize(round(points * DPI / 72))
    font.setBold(bold)
    return font


def _pen(colour: str, width_mm: float):
    pen = qt.QPen(qt.QColor(colour))
    pen.setWidthF(pixels(width_mm))
    return pen


def _drawing_height(drawing: Drawing | Slices, width: float) -> float:
    if isinstance(drawing, Slices):
        return _pictures(drawing, width)[1] + pixels(KEY_MM)
    layout, _reading = placed(drawing)
    return footer_of(layout, drawing.nomogram.title)[1] * width / layout.width


def _nomogram(painter, drawing: Drawing, width: float) -> None:
    layout, reading = placed(drawing)
    painter.setFont(_font(TEXT_PT))
    scale = width / layout.width
    painter.scale(scale, scale)
    drawn = [*axes_of(layout), *marks_of(layout, reading), *footer_of(layout, drawing.nomogram.title)[0]]
    paint(painter, drawn, PRINT)


def _pictures(drawing: Slices, width: float) -> tuple[list[float], float]:
    """Width of each picture, and the height of all: one scale, and no wider than the page."""
    shapes = [one.width / one.height for one in drawing.pictures]
    free = width - pixels(BETWEEN_MM) * (len(shapes) - 1)
    height = min(free / sum(shapes), pixels(PICTURES_MM)) if shapes else 0.0
    return [shape * height for shape in shapes], height


def _slices(painter, drawing: Slices, width: float) -> None:
    widths, height = _pictures(drawing, width)
    left = 0.0
    for picture, wide in zip(drawing.pictures, widths, strict=True):
        image = qt.QImage()
        image.loadFromData(qt.QByteArray(base64.b64decode(picture.png)))
        place = qt.QRectF(left, 0, wide, height)
        painter.drawImage(place, image, qt.QRectF(0, 0, image.width(), image.height()))
        edge = pixels(1)
        middle = height / 2
        _text(painter, picture.left, left + edge, middle, 8, "#ffffff", bold=True)
        _text(painter, picture.right, left + wide - edge, middle, 8, "#ffffff", bold=True, anchor=1.0)
        _text(painter, f"{picture.plane} {picture.position_mm:.0f} mm", left + edge, height - edge, 7.2, "#ffffff")
        left += wide + pixels(BETWEEN_MM)
    base, left = height + pixels(3.6), 0.0
    for name, colour in drawing.key:
        painter.fillRect(qt.QRectF(left, base - pixels(1.6), pixels(4), pixels(1.2)), qt.QColor(colour))
        left = _text(painter, name, left + pixels(5), base, 8, INK) + pixels(4)


_PAINTERS = {Drawing: _nomogram, Slices: _slices}


def _text(painter, text: str, x: float, y: float, points: float, colour: str, bold=False, anchor=0.0) -> float:
    """Text on a base line; `anchor` 0 begins at `x`, 0.5 is in the middle, 1 ends there. Returns its right end."""
    painter.setFont(_font(points, bold))
    painter.setPen(qt.QPen(qt.QColor(colour)))
    wide = painter.fontMetrics().horizontalAdvance(text)
    painter.drawText(qt.QPointF(x - anchor * wide, y), text)
    return x + (1 - anchor) * wide


def _edges(painter, report: Report, number: int, pages: int) -> None:
    """What stands on every page: the mark of a demonstration, the research line, whose report it is, the page."""
    left, right = pixels(SIDE_MM), pixels(PAGE_MM[0] - SIDE_MM)
    above, below = pixels(8), pixels(PAGE_MM[1] - 8)
    if report.demonstration:
        _text(painter, FOR_NO_PATIENT, pixels(PAGE_MM[0] / 2), above, 8, INK, bold=True, anchor=0.5)
    elif number > 1:
        _text(painter, report.title, left, above, 7, SOFT)
    _text(painter, report.research_use, left, below, 7, SOFT)
    _text(painter, f"Page {number} of {pages}", right, below, 7, SOFT, anchor=1.0)


def _stamp(painter) -> None:
    """The word behind a demonstration's page."""
    painter.save()
    painter.setOpacity(0.13)
    painter.translate(pixels(PAGE_MM[0] / 2), pixels(PAGE_MM[1] / 2))
    painter.rotate(-24)
    _text(painter, WATERMARK, 0, 0, 58, STAMP, bold=True, anchor=0.5)
    painter.restore()
