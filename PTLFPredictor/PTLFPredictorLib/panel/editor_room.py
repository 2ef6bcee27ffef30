"""A room that scrolls sideways: Slicer's effects ask for more width than the dock has, and the panel must not widen."""

from __future__ import annotations

import qt


class EditorRoom(qt.QObject):
    """Keeps a widget as high as it asks to be and lets it be wider than the panel, behind a scroll bar of its own.

    Parameters
    ----------
    layout : QLayout
        Where the room is put.
    widget : QWidget
    """

    def __init__(self, layout, widget):
        qt.QObject.__init__(self)
        self._widget, self._area = widget, qt.QScrollArea()
        self._area.setFrameShape(qt.QFrame.NoFrame)
        self._area.setVerticalScrollBarPolicy(qt.Qt.ScrollBarAlwaysOff)
        self._area.setWidgetResizable(True)
        self._area.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Fixed)
        self._area.setFocusPolicy(qt.Qt.NoFocus)
        self._area.setWidget(widget)
        layout.addWidget(self._area)
        for watched in (widget, self._area):
            watched.installEventFilter(self)

    def eventFilter(self, watched, event):
        if event.type() in (qt.QEvent.LayoutRequest, qt.QEvent.Resize, qt.QEvent.Show):
            self.fit()
        return False

    def fit(self) -> None:
        """As high as the content, and the bar below it where it is wider than the room."""
        wanted = self._widget.minimumSizeHint
        bar = self._area.horizontalScrollBar()
        height = max(wanted.height(), self._widget.sizeHint.height())
        if wanted.width() > self._area.width:
            height += bar.sizeHint.height()
        if height != self._area.minimumHeight or height != self._area.maximumHeight:
            self._area.setFixedHeight(height)

    def close(self) -> None:
        for watched in (self._widget, self._area):
            if watched:
                watched.removeEventFilter(self)
