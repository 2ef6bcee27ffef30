"""The CTK widgets that the panel (and Slicer's module template) use, with CTK's own names and no others."""

from __future__ import annotations

import sys
import types

from PySide6.QtCore import Property, QEvent, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QAbstractButton,
    QDoubleSpinBox,
    QHBoxLayout,
    QSizePolicy,
    QSlider,
    QStyle,
    QStyleOptionButton,
    QWidget,
)

WIDGET_MAXIMUM = 16777215
"""Qt's QWIDGETSIZE_MAX."""

HEADER_MARGIN = 4
"""Pixels above and below the title of a collapsible button."""

_SHOWN, _HIDDEN = QEvent.Type.ShowToParent, QEvent.Type.HideToParent


class ctkCollapsibleButton(QAbstractButton):
    """A titled section that folds: its title is the button, its layout's widgets are what is folded away."""

    contentsCollapsed = Signal(bool)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._collapsed = self._forcing = self._created = False
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Preferred)
        self.setCheckable(True)
        self.setChecked(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.toggled.connect(self._follow)

    def _title_height(self) -> int:
        return self.fontMetrics().height() + 2 * HEADER_MARGIN

    def _get_collapsed(self) -> bool:
        return self._collapsed

    def _set_collapsed(self, collapsed: bool) -> None:
        self.setChecked(not collapsed)

    def _follow(self, checked: bool) -> None:
        if self._collapsed == (not checked):
            return
        self._collapsed = not checked
        self.setMaximumHeight(self._title_height() if self._collapsed else WIDGET_MAXIMUM)
        for child in self._direct_widgets():
            self._show_or_hide(child)
        self.updateGeometry()
        self.update()
        self.contentsCollapsed.emit(self._collapsed)

    def _direct_widgets(self) -> list[QWidget]:
        return [child for child in self.children() if isinstance(child, QWidget)]

    collapsed = Property(bool, _get_collapsed, _set_collapsed)

    # What a child's own owner last asked for ("visibilityToParent") outlasts folding, as in ctkCollapsibleButton.cpp:
    # a child that was hidden stays hidden on unfolding, one that was shown while folded appears then.

    def _show_or_hide(self, child: QWidget) -> None:
        if not self.testAttribute(Qt.WidgetAttribute.WA_WState_Created):
            return
        self._forcing = True
        asked = child.property("visibilityToParent")
        wanted = not self._collapsed and asked is not False
        if not wanted or child.testAttribute(Qt.WidgetAttribute.WA_WState_Created):
            child.setVisible(wanted)
        if asked is not False:
            child.setAttribute(Qt.WidgetAttribute.WA_WState_ExplicitShowHide, False)
        self._forcing = False

    def setVisible(self, shown):
        self._forcing = True
        QAbstractButton.setVisible(self, shown)
        self._forcing = False
        if not self._created and self.testAttribute(Qt.WidgetAttribute.WA_WState_Created):
            self._created = True
            for child in self._direct_widgets():
                self._show_or_hide(child)

    def childEvent(self, event):
        child = event.child()
        if event.added() and isinstance(child, QWidget):
            hidden = Qt.WidgetAttribute.WA_WState_ExplicitShowHide, Qt.WidgetAttribute.WA_WState_Hidden
            if all(child.testAttribute(one) for one in hidden):
                child.setProperty("visibilityToParent", False)
            child.installEventFilter(self)
            self._show_or_hide(child)
        QAbstractButton.childEvent(self, event)

    def eventFilter(self, child, event):
        if event.type() in (_SHOWN, _HIDDEN) and not self._forcing:
            child.setProperty("visibilityToParent", event.type() == _SHOWN)
            if event.type() == _SHOWN:
                self._show_or_hide(child)
        return False

    def sizeHint(self) -> QSize:
        return self._size_with(lambda layout: layout.totalSizeHint())

    def minimumSizeHint(self) -> QSize:
        return self._size_with(lambda layout: layout.totalMinimumSize())

    def _size_with(self, of_layout) -> QSize:
        title = QSize(self.fontMetrics().horizontalAdvance(self.text) + 40, self._title_height())
        if self._collapsed or self.layout() is None:
            return title
        size = of_layout(self.layout())
        return QSize(max(size.width(), title.width()), max(size.height(), title.height()))

    def event(self, event):
        if event.type() in (event.Type.LayoutRequest, event.Type.FontChange, event.Type.Polish):
            self.setContentsMargins(0, self._title_height(), 0, 0)
        return QAbstractButton.event(self, event)

    def hitButton(self, position) -> bool:
        return position.y() < self._title_height()

    def paintEvent(self, event):
        option = QStyleOptionButton()
        option.initFrom(self)
        option.rect = QRect(0, 0, option.rect.width(), self._title_height())
        option.state |= QStyle.StateFlag.State_Raised
        painter = QPainter(self)
        style = self.style()
        style.drawControl(QStyle.ControlElement.CE_PushButtonBevel, option, painter, self)
        arrow = QStyleOptionButton()
        arrow.initFrom(self)
        side = self._title_height() - 2 * HEADER_MARGIN
        arrow.rect = QRect(HEADER_MARGIN, HEADER_MARGIN, side, side)
        element = (
            QStyle.PrimitiveElement.PE_IndicatorArrowRight
            if self._collapsed
            else QStyle.PrimitiveElement.PE_IndicatorArrowDown
        )
        style.drawPrimitive(element, arrow, painter, self)
        painter.setPen(option.palette.buttonText().color())
        where = option.rect.adjusted(self._title_height(), 0, -HEADER_MARGIN, 0)
        painter.drawText(where, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), self.text)
        painter.end()


class ctkSliderWidget(QWidget):
    """A slider beside a spin box, one double value."""

    valueChanged = Signal(float)
    valueIsChanging = Signal(float)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._slider, self._box = QSlider(Qt.Orientation.Horizontal), QDoubleSpinBox()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._slider)
        layout.addWidget(self._box)
        self._box.valueChanged.connect(self._on_box)
        self._slider.valueChanged.connect(lambda step: self._box.setValue(step * self._box.singleStep))

    def _on_box(self, value: float) -> None:
        self._slider.blockSignals(True)
        self._slider.setValue(round(value / self._box.singleStep))
        self._slider.blockSignals(False)
        self.valueChanged.emit(value)

    def _number(name):
        def get(self):
            return getattr(self._box, name)

        def put(self, value):
            setattr(self._box, name, float(value))
            self._slider.setRange(
                round(self._box.minimum / self._box.singleStep), round(self._box.maximum / self._box.singleStep)
            )

        return Property(float, get, put)

    value = _number("value")
    minimum = _number("minimum")
    maximum = _number("maximum")
    singleStep = _number("singleStep")
    decimals = Property(int, lambda self: self._box.decimals, lambda self, n: self._box.setDecimals(n))

    @Slot(float)
    def setValue(self, value):
        self._box.setValue(value)


WIDGETS = (ctkCollapsibleButton, ctkSliderWidget)


def not_built(name: str) -> type:
    """A class of Slicer that this stand-in has not: comparable with ``type(widget)``, never to be made."""

    def refuse(self, *args):
        raise NotImplementedError(f"{name}: not in Testing/host")

    return type(name, (), {"__init__": refuse})


def install() -> types.ModuleType:
    """Put the module ``ctk`` into this process."""
    ctk = types.ModuleType("ctk", __doc__)
    for widget in WIDGETS:
        setattr(ctk, widget.__name__, widget)

    def absent(name):
        if not name.startswith("ctk"):
            raise AttributeError(name)
        setattr(ctk, name, not_built(name))
        return getattr(ctk, name)

    ctk.__getattr__ = absent
    sys.modules["ctk"] = ctk
    return ctk
