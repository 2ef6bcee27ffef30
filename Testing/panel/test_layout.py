"""Nothing on the panel is clipped or covered at the widths that a dock may have."""

import time

import gestures
import pytest
import qt
from panel_case import PanelCase

from PTLFPredictorLib import signature
from PTLFPredictorLib.panel.run_state import State
from PTLFPredictorLib.render.nomogram_layout import height_of

WIDTHS = (360, 560, 900)
SECTIONS = ("ct", "segments", "radscore", "nomogram", "report")
FORMS = ("ct", "segments", "radscore", "nomogram", "result")


class TestWidths(PanelCase):
    def setUp(self):
        super().setUp()
        self.draw()
        self.panel.open_sections(*SECTIONS)
        self.ui.eligibilityButton.checked = True
        self.type(self.ui.albEdit, "58")
        self.type(self.ui.inrEdit, "1.9")
        self.type(self.ui.radscoreEdit, "38")
        self.scroll = qt.QScrollArea()
        self.scroll.setWidgetResizable(True)
        self.scroll.setFrameShape(qt.QFrame.NoFrame)
        self.scroll.setWidget(self.container)

    def tearDown(self):
        self.scroll.takeWidget()
        super().tearDown()

    def at(self, width):
        self.scroll.resize(width, 3600)
        self.scroll.show()
        for _ in range(6):
            self.settle()

    def test_the_panel_is_no_wider_than_its_dock(self):
        for width in WIDTHS:
            self.at(width)
            assert self.container.width == width

    def test_every_text_has_the_room_it_needs(self):
        for width in WIDTHS:
            self.at(width)
            for label in self.container.findChildren(qt.QLabel):
                if not label.isVisible() or not label.text:
                    continue
                if label.wordWrap:
                    assert label.heightForWidth(label.width) <= label.height + 1, (width, label.text)
                else:
                    assert label.sizeHint.width() <= label.width + 1, (width, label.text)
            for button in self.container.findChildren(qt.QPushButton):
                if button.isVisible():
                    text = button.fontMetrics().horizontalAdvance(button.text)
                    assert text + 8 <= button.width, (width, button.text)

    def test_no_two_widgets_of_a_section_overlap(self):
        for width in WIDTHS:
            self.at(width)
            for name in FORMS:
                content = getattr(self.ui, f"{name}SectionContent")
                children = [c for c in content.children() if isinstance(c, qt.QWidget) and c.isVisible()]
                for i, a in enumerate(children):
                    for b in children[i + 1 :]:
                        assert not a.geometry.intersects(b.geometry), (width, name, a.objectName, b.objectName)

    def test_the_nomogram_is_in_sight_at_every_width_as_high_as_its_texts_need(self):
        nomogram = self.panel.nomogram.pane.nomogram
        for width in (340, *WIDTHS):
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
