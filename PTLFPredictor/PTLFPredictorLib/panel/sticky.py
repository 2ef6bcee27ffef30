"""A widget of a scrolled panel that stays in sight: at its place while that is visible, else at the upper edge."""

from __future__ import annotations

import qt
import slicer

from .timers import Timer

FOCUS_CHANGED = "focusChanged(QWidget*,QWidget*)"

MARGIN = 6
"""Pixels between the widget and what was brought into sight below it."""

SHARE = 0.5
"""Of the height in sight that it may take; in a lower window it scrolls away with the rest."""


class Sticky(qt.QObject):
    """Keeps one widget in sight while the scroll area around it scrolls.

    The widget stays in its layout, which gives it its size and its place; it is moved along with the scroll bar.

    Parameters
    ----------
    widget : QWidget
        A direct child of `content`, filled with its own background.
    content : QWidget
        What scrolls with it.

    Attributes
    ----------
    on_resize, on_palette : callable
        Called after the content has got another size, or other colours.
    """

    def __init__(self, widget, content):
        qt.QObject.__init__(self)
        self._widget, self._content = widget, content
        self._area = None
        self._moving = False
        self._home = 0
        self.on_resize = self.on_palette = lambda: None
        self._later, self._resized = Timer(self._reveal_focus), Timer(self._fit)
        for sibling in content.children():
            if sibling is not widget and sibling.isWidgetType():
                sibling.stackUnder(widget)
        for watched in (widget, content):
            watched.installEventFilter(self)
        slicer.app.connect(FOCUS_CHANGED, self._focus_changed)

    def close(self) -> None:
        slicer.app.disconnect(FOCUS_CHANGED, self._focus_changed)
        for timer in (self._later, self._resized):
            timer.close()
        self._leave_area()
        for watched in (self._widget, self._content):
            if watched:
                watched.removeEventFilter(self)

    def eventFilter(self, watched, event):
        kind = event.type()
        if kind == qt.QEvent.Move and watched == self._widget and not self._moving:
            self._home = self._widget.y  # the layout has put it there
            self.place()
        elif kind in (qt.QEvent.Show, qt.QEvent.Resize, qt.QEvent.Move):
            self.place()
            if kind == qt.QEvent.Resize and watched == self._content:
                self._resized.start()
        elif kind == qt.QEvent.PaletteChange and watched == self._content:
            self.on_palette()  # a style sheet keeps the colours of the former palette
        return False

    def _fit(self) -> None:
        self.on_resize()

    def room(self) -> int:
        """Pixels from the left to the right edge of what is in sight of the content."""
        area = self.area()
        return self._content.width if area is None else min(self._content.width, area.viewport().width)

    # The scroll area around the panel: known only once the panel stands in its window

    def area(self):
        """The scroll area around the content, None where there is none."""
        found = self._content.parentWidget()
        while found is not None and not found.inherits("QScrollArea"):
            found = found.parentWidget()
        if found != self._area:
            self._leave_area()
            self._area = found
            if found is not None:
                found.verticalScrollBar().connect("valueChanged(int)", self._scrolled)
        return found

    def _leave_area(self) -> None:
        if self._area:
            self._area.verticalScrollBar().disconnect("valueChanged(int)", self._scrolled)
        self._area = None

    def _scrolled(self, value=0) -> None:
        self.place()

    def _above(self) -> int:
        """How much of the content lies above the upper edge of what is in sight."""
        area = self.area()
        return 0 if area is None else -self._content.mapTo(area.viewport(), qt.QPoint(0, 0)).y()

    def stuck(self) -> bool:
        """Whether it is kept in sight now, away from its own place."""
        area = self.area()
        if area is None or self._widget.height > SHARE * area.viewport().height:
            return False
        return self._above() > self._home

    def place(self) -> None:
        """Put it where it belongs for what is in sight now."""
        if self._moving:
            return
        self._moving = True
        end = max(self._home, self._content.height - self._widget.height)
        y = min(self._above(), end) if self.stuck() else self._home
        if y != self._widget.y:
            self._widget.move(self._widget.x, y)
        self._moving = False

    def _covered(self) -> int:
        """Pixels at the upper edge of what is in sight that it covers, or will cover once the panel scrolls."""
        area = self.area()
        if area is None or self._widget.height > SHARE * area.viewport().height:
            return 0
        return self._widget.height + MARGIN

    # What is brought into sight

    def scroll_to(self, target) -> None:
        """Scroll until a widget begins right below."""
        area = self.area()
        if area is None or not target.isVisible():
            return
        bar = area.verticalScrollBar()
        bar.value = target.mapTo(area.widget(), qt.QPoint(0, 0)).y() - self._covered()

    def _focus_changed(self, before, now) -> None:
        self._later.start()  # after the scroll area has done its own scrolling

    def _reveal_focus(self) -> None:
        """Nothing that has the keyboard hides under the widget."""
        now = qt.QApplication.focusWidget()
        if now is not None and self._content.isAncestorOf(now) and not self._holds(now):
            self.reveal(now)

    def _holds(self, one) -> bool:
        return one == self._widget or self._widget.isAncestorOf(one)

    def reveal(self, target) -> None:
        """Scroll up as far as a widget lies under the one that stays in sight."""
        area = self.area()
        if area is None:
            return
        top = target.mapTo(area.viewport(), qt.QPoint(0, 0)).y()
        hidden = self._covered() - top
        if hidden > 0 and self.stuck():
            bar = area.verticalScrollBar()
            bar.value = bar.value - hidden
