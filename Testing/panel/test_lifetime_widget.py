"""What of a panel stays when it goes: nothing; and what it does before anybody looks at it: as little."""

import gc
import unittest
import weakref

import gestures
import slicer
from panel_case import PanelCase

from PTLFPredictorLib.panel.runs import ChildRun
from PTLFPredictorLib.panel.timers import Timer


def timers():
    return [one for one in gc.get_objects() if type(one) is Timer]


class TestAPanelThatGoes(PanelCase):
    def setUp(self):
        before = {id(one) for one in timers()}
        super().setUp()
        self.timers = [one for one in timers() if id(one) not in before]

    def test_no_timer_holds_it(self):
        self.assertGreater(len(self.timers), 5)
        self.widget.cleanup()
        self.assertEqual(sum(one._call is not None for one in self.timers), 0)

    def test_it_is_collected(self):
        panel, nomogram = weakref.ref(self.panel), weakref.ref(self.panel.nomogram)
        session = weakref.ref(self.session)
        self._close()
        self.panel = self.session = self.ui = self.widget = None
        self._close = lambda: None
        gestures.process_events()
        gc.collect()
        self.assertIsNone(panel())
        self.assertIsNone(nomogram())
        self.assertIsNone(session())

    def tearDown(self):
        if self.panel is None:
            self._close()
            slicer.mrmlScene.Clear(0)
            self.folder.cleanup()
            return
        super().tearDown()


class TestATimer(unittest.TestCase):
    def test_it_calls_once_or_again_and_again_and_never_when_closed(self):
        calls = []
        once, often = Timer(lambda: calls.append("once")), Timer(lambda: calls.append("often"), 5, again=True)
        once.start()
        often.start()
        gestures.wait_for(lambda: calls.count("often") > 1, 5, "two calls")
        self.assertEqual(calls.count("once"), 1)
        for timer in (once, often):
            timer.close()
            timer.close()
        often.start()
        calls.clear()
        gestures.process_events()
        self.assertEqual(calls, [])

    def test_what_it_called_can_be_collected(self):
        class Owner:
            def __init__(self):
                self.timer = Timer(self.look, 1000)

            def look(self):
                pass

        owner = Owner()
        gone = weakref.ref(owner)
        owner.timer.start()
        owner.timer.close()
        del owner
        gc.collect()
        self.assertIsNone(gone())


class TestTheDevice(PanelCase):
    def setUp(self):
        self.started = []
        start = ChildRun.start

        def noted(run, *args, **options):
            self.started.append(run.what)

        ChildRun.start = noted
        self.addCleanup(setattr, ChildRun, "start", start)
        super().setUp()

    def test_it_is_looked_for_once_somebody_sees_the_section(self):
        self.started.clear()
        section = self.panel.segmentation
        self.panel.exit()
        self.ui.segmentsSection.collapsed = True
        section._looked = False
        self.panel.enter()
        self.ui.segmentsSection.collapsed = True
        self.settle()
        self.assertEqual(self.started, [])
        self.ui.segmentsSection.collapsed = False
        self.settle()
        self.assertEqual(self.started, ["The device check"])
        self.ui.segmentsSection.collapsed = True
        self.ui.segmentsSection.collapsed = False
        self.assertEqual(self.started, ["The device check"])

    def test_a_panel_that_nobody_enters_starts_nothing(self):
        self.panel.exit()
        self.panel.segmentation._looked = False
        self.started.clear()
        self.panel.segmentation.open()
        self.panel.take_over()
        self.settle()
        self.assertEqual(self.started, [])
