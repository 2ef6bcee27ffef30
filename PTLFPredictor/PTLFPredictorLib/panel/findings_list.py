"""Findings in the panel: the gravest first, each with a sign whose shape tells its level; the met ones in one line."""

from __future__ import annotations

from collections.abc import Iterable

import qt
from slicer.i18n import tr as _

from ..ct import Finding, Level, of_level
from ..ct.findings import without_shell
from .theme import theme_of
from .widgets import Fold, clear, plain_label


def counted(findings: Iterable[Finding]) -> str:
    """ "1 blocks the risk, 2 notes" or "6 checks met, 1 note"; how many are met is left out where something is not."""
    n = {level: len(of_level(findings, level)) for level in Level}
    stops = n[Level.FAIL] and _("{n} stops").format(n=n[Level.FAIL])
    blocks = _("{n} blocks the risk") if n[Level.WITHHOLD] == 1 else _("{n} block the risk")
    notes = _("{n} note") if n[Level.WARN] == 1 else _("{n} notes")
    parts = [stops, n[Level.WITHHOLD] and blocks.format(n=n[Level.WITHHOLD])]
    if not any(parts):
        parts.append(n[Level.PASS] and met_words(n[Level.PASS]))
    return ", ".join(filter(None, [*parts, n[Level.WARN] and notes.format(n=n[Level.WARN])]))


def met_words(count: int) -> str:
    return (_("{n} check met") if count == 1 else _("{n} checks met")).format(n=count)


class FindingsList(qt.QWidget):
    """Findings, the gravest first, each an icon and its sentence; those that are met unfold from one line.

    Parameters
    ----------
    parent : QWidget, optional
    folds : bool
        Whether the met ones are folded; a list of one finding shows it as it is.
    """

    def __init__(self, parent=None, folds: bool = True):
        qt.QWidget.__init__(self, parent)
        column = qt.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self._folds, self._shown = folds, ()
        self._open, self._open_grid = _grid()
        self._met, self._met_grid = _grid()
        self.met_button = qt.QToolButton()
        self.met_button.setToolButtonStyle(qt.Qt.ToolButtonTextBesideIcon)
        self.met_button.setAutoRaise(True)
        self.met_button.toolTip = _("Show or hide the checks that are met")
        for widget in (self._open, self.met_button, self._met):
            column.addWidget(widget)
        self._fold = Fold(self.met_button, self._met)
        for widget in (self._open, self.met_button, self._met):
            widget.hide()

    def show_findings(self, findings: Iterable[Finding]) -> None:
        ordered = tuple(sorted(findings, key=lambda finding: -finding.level.severity))
        if ordered == self._shown:
            return
        self._shown = ordered
        met = of_level(ordered, Level.PASS) if self._folds else []
        self._fill(self._open_grid, ordered[: len(ordered) - len(met)])
        self._fill(self._met_grid, met)
        self._open.setVisible(len(ordered) > len(met))
        self.met_button.text = f"{met_words(len(met))} \u2713" if met else ""
        self.met_button.setVisible(bool(met))
        self._met.setVisible(bool(met) and self.met_button.checked)

    def _fill(self, grid, findings: Iterable[Finding]) -> None:
        clear(grid)
        words = {
            Level.FAIL: _("stops"),
            Level.WITHHOLD: _("blocks the risk"),
            Level.WARN: _("note"),
            Level.PASS: _("met"),
        }
        for row, finding in enumerate(findings):
            icon = plain_label("", self)
            icon.setPixmap(_level_icon(self, finding.level))
            icon.toolTip = icon.accessibleName = words[finding.level]
            text = plain_label(without_shell(finding.message), self)
            text.wordWrap = True
            text.setTextInteractionFlags(qt.Qt.TextSelectableByMouse)
            grid.addWidget(icon, row, 0, qt.Qt.AlignTop)
            grid.addWidget(text, row, 1)


def _grid():
    """A widget and its grid of signs and sentences."""
    widget = qt.QWidget()
    grid = qt.QGridLayout(widget)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setColumnStretch(1, 1)
    return widget, grid


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
