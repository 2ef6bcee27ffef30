"""Findings in the panel: the gravest first, each with a sign whose shape tells its level."""

from __future__ import annotations

from collections.abc import Iterable

import qt
from slicer.i18n import tr as _

from ..ct import Finding, Level
from ..ct.findings import without_shell
from .nomogram_paint import theme_of
from .widgets import clear, plain_label


class FindingsList(qt.QWidget):
    """Findings, the gravest first, each an icon and its sentence."""

    def __init__(self, parent=None):
        qt.QWidget.__init__(self, parent)
        self._grid = qt.QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(1, 1)
        self._shown: tuple[Finding, ...] = ()

    def show_findings(self, findings: Iterable[Finding]) -> None:
        ordered = tuple(sorted(findings, key=lambda finding: -finding.level.severity))
        if ordered == self._shown:
            return
        self._shown = ordered
        clear(self._grid)
        words = {
            Level.FAIL: _("Cannot be used"),
            Level.WITHHOLD: _("Withholds the risk"),
            Level.WARN: _("Note"),
            Level.PASS: _("Fine"),
        }
        for row, finding in enumerate(ordered):
            icon = plain_label("", self)
            icon.setPixmap(_level_icon(self, finding.level))
            icon.toolTip = icon.accessibleName = words[finding.level]
            text = plain_label(without_shell(finding.message), self)
            text.wordWrap = True
            text.setTextInteractionFlags(qt.Qt.TextSelectableByMouse)
            self._grid.addWidget(icon, row, 0, qt.Qt.AlignTop)
            self._grid.addWidget(text, row, 1)


def _level_icon(widget, level: Level):
    """A sign whose shape, not only its colour, tells the level: check, triangle, barred circle, cross."""
    size = 16
    ratio = 2
    image = qt.QImage(size * ratio, size * ratio, qt.QImage.Format_ARGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(qt.QColor(0, 0, 0, 0))
    theme = theme_of(widget)
    pen = qt.QPen(qt.QColor({Level.PASS: theme["marker"], Level.WARN: theme["faint"]}.get(level, theme["warning"])))
    pen.setWidthF(2)
    painter = qt.QPainter()
    painter.begin(image)
    try:
        painter.setRenderHint(qt.QPainter.Antialiasing, True)
        painter.setPen(pen)
        path = qt.QPainterPath()
        strokes = {
            Level.PASS: [(3, 9, 6, 12), (6, 12, 13, 4)],
            Level.WARN: [(8, 2, 14, 13), (14, 13, 2, 13), (2, 13, 8, 2), (8, 6, 8, 9.5)],
            Level.WITHHOLD: [(4, 4, 12, 12)],
            Level.FAIL: [(3, 3, 13, 13), (13, 3, 3, 13)],
        }[level]
        for x1, y1, x2, y2 in strokes:
            path.moveTo(x1, y1)
            path.lineTo(x2, y2)
        if level is Level.WITHHOLD:
            path.addEllipse(2, 2, 12, 12)
        painter.drawPath(path)
    finally:
        painter.end()
    return qt.QPixmap.fromImage(image)
