"""Nothing on the panel is clipped or covered at the widths that a dock may have."""

import time

import gestures
import pytest
import qt
from panel_case import PanelCase

from PTLFPredictorLib import signature
from PTLFPredictorLib.panel.run_state import State
from PTLFPredictorLib.render.nomogram_layout import height_of

WIDTHS = (340, 413, 560, 900)
"""Pixels: what Slicer's dock gives at first, and what a user may give it."""

SECTIONS = ("ct", "segments", "radscore", "nomogram", "report")

ONE_LINE = ("QPushButton", "QToolButton", "QCheckBox", "QRadioButton")


class TestWidths(PanelCase):
    """Every section open, every fold unfolded, a case in it."""

    def setUp(self):
        super().setUp()
        self.draw()
        self.erase_tumour()
        self.take_features()
        self.panel.open_sections(*SECTIONS)
        self.type(self.ui.albEdit, "58")
        self.type(self.ui.inrEdit, "1.9")
        self.scroll = qt.QScrollArea()
        self.scroll.setWidgetResizable(True)
        self.scroll.setFrameShape(qt.QFrame.NoFrame)
        self.scroll.setHorizontalScrollBarPolicy(qt.Qt.ScrollBarAlwaysOff)
        self.scroll.setWidget(self.container)
        self.at(WIDTHS[0])
        self.unfold()

    def tearDown(self):
        self.scroll.takeWidget()
        super().tearDown()

    def unfold(self):
        for button in self.container.findChildren(qt.QToolButton):
            if button.checkable and not button.checked and not self.in_editor(button):
                button.checked = True
        self.settle()

    def at(self, width):
        self.scroll.resize(width, 6000)
        self.scroll.show()
        for _ in range(6):
            self.settle()

    def in_editor(self, widget):
        """The editor is Slicer's, and scrolls sideways in a room of its own."""
        editor = self.panel.correction.editor
        return widget == editor or editor.isAncestorOf(widget)

    def seen(self, *kinds):
        for kind in kinds:
            for widget in self.container.findChildren(getattr(qt, kind)):
                if widget.isVisible() and not self.in_editor(widget):
                    yield widget

    def check(self, width):
        assert self.container.width == width
        assert self.container.minimumSizeHint.width() <= width, (width, self.widest())
        for label in self.seen("QLabel"):
            if not label.text:
                continue
            if label.wordWrap:
                assert label.heightForWidth(label.width) <= label.height + 1, (width, label.text)
            else:
                assert label.sizeHint.width() <= label.width + 1, (width, label.text)
        for button in self.seen(*ONE_LINE):
            wanted = button.minimumSizeHint.width() if button.text else 0
            assert wanted <= button.width + 1, (width, button.objectName, button.text)
        for widget in self.seen("QWidget"):
            right = widget.mapTo(self.container, qt.QPoint(0, 0)).x() + widget.width
            assert right <= width, (width, widget.objectName, right)

    def widest(self):
        """Names of what asks for most, for the message of a failure."""
        found = [(w.minimumSizeHint.width(), w.objectName or type(w).__name__) for w in self.seen("QWidget")]
        return sorted(found, reverse=True)[:12]

    def test_everything_has_the_room_it_needs(self):
        for width in WIDTHS:
            self.at(width)
            self.check(width)

    def test_what_if_and_a_demonstration_too(self):
        self.ui.whatIfBox.checked = True
        self.settle()
        self.panel.radscore.choose_signature("ptlf-demo")
        self.settle()
        self.unfold()
        for width in WIDTHS[:2]:
            self.at(width)
            self.check(width)

    def test_an_effect_of_the_editor_widens_nothing(self):
        """Options of Slicer's effects ask for 410 to 750 pixels: the panel, and so the dock, must stay as they are."""
        from host.segment_editor import EFFECTS

        self.panel.correction.open()
        editor = self.panel.correction.editor
        for width in WIDTHS[:2]:
            self.at(width)
            for effect in (*EFFECTS, ""):
                editor.setActiveEffectByName(effect)
                self.settle()
                assert editor.minimumSizeHint.width() >= EFFECTS.get(effect, 0)
                assert self.container.minimumSizeHint.width() <= width, (effect, self.widest())
                assert self.container.width == width
                assert self.panel.nomogram.pane.nomogram.isVisible()

    def test_no_two_widgets_of_a_section_overlap(self):
        for width in WIDTHS:
            self.at(width)
            for name in SECTIONS:
                button = getattr(self.ui, f"{name}Section")
                for parent in (button, *button.findChildren(qt.QFrame), *button.findChildren(qt.QWidget)):
                    if parent.layout() is None or self.in_editor(parent) or not parent.isVisible():
                        continue
                    children = [c for c in parent.children() if isinstance(c, qt.QWidget) and c.isVisible()]
                    for i, a in enumerate(children):
                        for b in children[i + 1 :]:
                            assert not a.geometry.intersects(b.geometry), (width, name, a.objectName, b.objectName)

    def test_the_nomogram_is_in_sight_at_every_width_as_high_as_its_texts_need(self):
        nomogram = self.panel.nomogram.pane.nomogram
        for width in WIDTHS:
            self.at(width)
            assert nomogram.isVisible(), width
            assert nomogram.height == height_of(signature.geometry(self.session.signature), nomogram.width), width


class TestReload(PanelCase):
    def test_a_module_reload_during_a_run_leaves_no_process_and_the_scene_its_state(self):
        import os

        import panel_case

        self.draw()
        self.type(self.ui.albEdit, "41") if self.ui.albEdit.isVisible() else self.session.update(values={"ALB": 41.0})
        self.panel.radscore.press()
        run = self.panel.radscore.run
        gestures.wait_for(lambda: run.state.state is State.RUNNING, 20, "running")
        pid, start = run._child.pid, time.monotonic()
        self._close()
        assert time.monotonic() - start < 3
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        self.container, self.widget, self._close = panel_case.open_panel()
        self.panel, self.ui, self.session = self.widget.panel, self.widget.ui, self.widget.panel.session
        self.settle()
        assert self.session.state.values.get("ALB") == 41.0
        assert self.session.volume is self.volume
        assert self.session.segmentation is not None
