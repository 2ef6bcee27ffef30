"""Mouse and key events for a widget, built the same way in Slicer (PythonQt) and in the stand-in.

No QtTest: PythonQt does not wrap it.  Events are sent to the widget itself, without a hit test, so `press`
asserts that the widget is the one that a real mouse would find there.
"""

import qt
import slicer


def process_events():
    slicer.app.processEvents()


def delete(widget):
    """Delete a widget now: within a script Slicer waits with `deleteLater` until the script has ended."""
    widget.deleteLater()
    process_events()
    slicer.app.sendPostedEvents(widget, qt.QEvent.DeferredDelete)


def activate(window):
    """Make a window the active one, as a person's click on it does: only in that window has a field the focus."""
    window.activateWindow()
    wait_for(lambda: window.isActiveWindow, 10, "the window is active")


def _send(widget, kind, x, y, button, buttons):
    local = qt.QPointF(x, y)
    screen = qt.QPointF(widget.mapToGlobal(qt.QPoint(int(x), int(y))))
    qt.QCoreApplication.sendEvent(widget, qt.QMouseEvent(kind, local, screen, button, buttons, qt.Qt.NoModifier))


def press(widget, x, y):
    window = widget.window()
    found = window.childAt(widget.mapTo(window, qt.QPoint(int(x), int(y)))) if window is not widget else widget
    assert found is None or found == widget, f"{found} lies over {widget} at {x}, {y}"
    _send(widget, qt.QEvent.MouseButtonPress, x, y, qt.Qt.LeftButton, qt.Qt.LeftButton)


def move(widget, x, y):
    _send(widget, qt.QEvent.MouseMove, x, y, qt.Qt.NoButton, qt.Qt.LeftButton)


def release(widget, x, y):
    _send(widget, qt.QEvent.MouseButtonRelease, x, y, qt.Qt.LeftButton, qt.Qt.NoButton)


def drag(widget, start, end, steps=5):
    """Press at `start`, move in `steps`, release at `end`; the event loop turns once per step."""
    press(widget, *start)
    for i in range(1, steps + 1):
        move(widget, *(a + (b - a) * i / steps for a, b in zip(start, end, strict=True)))
        process_events()
    release(widget, *end)
    process_events()


def double_click(widget, x, y):
    press(widget, x, y)
    release(widget, x, y)
    _send(widget, qt.QEvent.MouseButtonDblClick, x, y, qt.Qt.LeftButton, qt.Qt.LeftButton)
    release(widget, x, y)
    process_events()


def scroll(widget):
    """One notch of the wheel, downwards, in the middle of a widget."""
    middle = qt.QPoint(int(widget.width / 2), int(widget.height / 2))
    place, screen = qt.QPointF(middle), qt.QPointF(widget.mapToGlobal(middle))
    event = qt.QWheelEvent(
        place, screen, qt.QPoint(0, 0), qt.QPoint(0, -120), qt.Qt.NoButton, qt.Qt.NoModifier, qt.Qt.NoScrollPhase, False
    )
    qt.QCoreApplication.sendEvent(widget, event)
    process_events()


def click(button):
    """A real click in the middle of a button."""
    x, y = button.width / 2, button.height / 2
    press(button, x, y)
    release(button, x, y)
    process_events()


def key(widget, code, text=""):
    for kind in (qt.QEvent.KeyPress, qt.QEvent.KeyRelease):
        qt.QCoreApplication.sendEvent(widget, qt.QKeyEvent(kind, code, qt.Qt.NoModifier, text))
    process_events()


def type_text(line_edit, text):
    """Replace the text of a field by typing, then press Return."""
    line_edit.setFocus()
    line_edit.selectAll()
    key(line_edit, qt.Qt.Key_Delete)
    for character in text:
        for kind in (qt.QEvent.KeyPress, qt.QEvent.KeyRelease):
            qt.QCoreApplication.sendEvent(line_edit, qt.QKeyEvent(kind, 0, qt.Qt.NoModifier, character))
    key(line_edit, qt.Qt.Key_Return)


def wait_for(condition, seconds, what):
    """Turn the event loop until `condition` holds."""
    import time

    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        process_events()
        time.sleep(0.01)
