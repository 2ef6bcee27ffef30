"""What every section of the panel uses: a text shown, a field marked, a layout emptied, lists without the wheel."""

from __future__ import annotations

import html
from contextlib import contextmanager

import qt

from ..ct.findings import without_shell
from .theme import theme_of


def clear(layout) -> None:
    """Take everything out of a layout and delete it."""
    while layout.count():
        widget = layout.takeAt(0).widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()


def plain_label(text: str = "", parent=None):
    """A label that shows a text as it is: a name with ``<img src=...>`` must not become a picture."""
    label = qt.QLabel(text, parent)
    label.textFormat = qt.Qt.PlainText
    return label


@contextmanager
def waiting():
    """The wait cursor around what holds up the window for a second or two; also a decorator, ``@waiting()``.

    Not `slicer.util.WaitCursor`, which processes events: a second click would come in the middle of the first.
    """
    qt.QApplication.setOverrideCursor(qt.Qt.WaitCursor)
    try:
        yield
    finally:
        qt.QApplication.restoreOverrideCursor()


def as_tip(text: str) -> str:
    """A text as a tool tip, which Qt would take as rich text where it looks like one."""
    return html.escape(text, quote=False).replace("\n", "<br>") if "<" in text or "&lt;" in text else text


def say(label, text: str) -> None:
    """Show a text in a label; an empty one takes no room."""
    label.text = text = without_shell(text)
    label.setVisible(bool(text))


def mark(edit, why: str) -> None:
    """Mark a field whose entry is no value, with the reason; "" takes the mark away."""
    edit.setStyleSheet(f"QLineEdit {{ border: 2px solid {theme_of(edit)['warning']}; }}" if why else "")
    edit.toolTip, edit.accessibleDescription = as_tip(why), why


PRIMARY = (
    "QPushButton:enabled {{ background: {ground}; color: {text}; font-weight: bold; padding: 5px 10px; "
    "border: 2px solid {ground}; border-radius: 4px; }} QPushButton:enabled:focus {{ border-color: {focus}; }}"
)
"""The next step's button: the palette's highlight, and a ring that shows where the keyboard is."""


def primary(button, on: bool = True) -> None:
    """Make a button the one primary button of its section, or one of the others again."""
    palette = button.palette
    colours = {
        "ground": palette.color(qt.QPalette.Highlight).name(),
        "text": palette.color(qt.QPalette.HighlightedText).name(),
        "focus": palette.color(qt.QPalette.WindowText).name(),
    }
    sheet = PRIMARY.format(**colours) if on else ""
    if button.styleSheet != sheet:
        button.setStyleSheet(sheet)


def focus_of(widget):
    """What of a widget takes the keyboard: of a node selector its list."""
    if widget.focusPolicy & qt.Qt.TabFocus:
        return widget
    inner = [child for child in widget.children() if child.isWidgetType() and child.inherits("QComboBox")]
    return inner[0] if inner else widget


def is_typing(widget) -> bool:
    """Whether somebody writes in a field."""
    return widget is not None and any(widget.inherits(name) for name in ("QLineEdit", "QPlainTextEdit", "QTextEdit"))


class Fold:
    """A button with an arrow over what it shows and hides: Advanced, the log.

    Parameters
    ----------
    button : QToolButton
        Checkable, ``Qt::ToolButtonTextBesideIcon``.
    content : QWidget
    opened : bool
    """

    def __init__(self, button, content, opened: bool = False):
        self._button, self._content = button, content
        button.checkable = True
        button.connect("toggled(bool)", self._open)
        button.checked = opened
        self._open(opened)

    def _open(self, opened: bool) -> None:
        self._content.setVisible(opened)
        self._button.arrowType = qt.Qt.DownArrow if opened else qt.Qt.RightArrow


class WheelGuard(qt.QObject):
    """Lists do not take the mouse wheel: scrolling the panel must not change a choice that lies under the mouse."""

    def watch(self, widget) -> None:
        """Guard a list, or the list inside a node selector."""
        for box in (widget, *widget.children()):
            if box.inherits("QComboBox"):
                box.installEventFilter(self)

    def eventFilter(self, watched, event):
        if event.type() != qt.QEvent.Wheel:
            return False
        event.ignore()  # for the scroll area around the panel
        return True
