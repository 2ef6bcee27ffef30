"""Runs whose process stays: one process for several runs, given back when nobody needs it, and gone with the panel."""

import os
import time

import gestures
import pytest
import SimpleITK as sitk
from panel_case import PanelCase
from test_runs import ENVIRONMENT, finish, has_ended

from PTLFPredictorLib.mrml import segments, volumes
from PTLFPredictorLib.panel.run_state import State
from PTLFPredictorLib.panel.warm_run import WarmRun
from PTLFPredictorLib.segmentation.catalogue import default_model


@pytest.fixture
def run():
    run = WarmRun("The segmentation", os.sys.executable, lambda: None)
    yield run
    run.close()


def start(run, how, environment=ENVIRONMENT, **job):
    taken = []
    run.start(
        lambda work: ("child_of_tests", {"how": how, **job}),
        lambda outputs: taken.append(outputs["labels"].read_text()),
        environment=environment,
    )
    return taken


def ended_well(run, **options):
    """Process of a run that ends well."""
    taken = start(run, "well", **options)
    work = run._work
    finish(run)
    assert run.state.state is State.DONE
    assert taken == ["labels"]
    assert not work.exists()
    return run.pid


def test_the_second_run_is_in_the_same_process(run):
    assert run.pid is None
    assert ended_well(run) == ended_well(run) is not None


def test_released_it_is_gone_and_the_next_run_has_another(run):
    first = ended_well(run)
    run.release()
    assert has_ended(first)
    assert run.pid is None
    assert ended_well(run) != first


def test_one_that_runs_is_released_when_it_ends(run):
    start(run, "well", tiles=20)
    gestures.wait_for(lambda: run.stage == "Segmentation", 20, "running")
    pid = run.pid
    run.release()
    assert run.state.busy
    finish(run)
    assert run.state.state is State.DONE
    gestures.wait_for(lambda: has_ended(pid), 5, "its process has left")


def test_cancelled_it_stops_at_its_next_progress_and_the_process_stays(run):
    pid = ended_well(run)
    start(run, "well", tiles=1000)
    gestures.wait_for(lambda: run.stage == "Loading the model", 20, "running")
    work, begin = run._work, time.monotonic()
    run.cancel()
    assert time.monotonic() - begin < 1
    assert run.state.state is State.IDLE
    assert run.cancelled
    assert not work.exists()
    assert ended_well(run) == pid


def test_what_a_cancelled_run_has_started_goes_with_the_process(run):
    start(run, "family", tiles=1000)
    gestures.wait_for(lambda: run.stage == "Loading the model", 20, "running")
    pids, begin = [run.pid, int(run.device["why"])], time.monotonic()
    run.cancel()
    assert time.monotonic() - begin < 3
    assert all(map(has_ended, pids))


@pytest.mark.parametrize(("how", "sentence"), [("killed", "ran out of memory"), ("garbage", "without naming")])
def test_a_run_that_fails_says_so_and_the_next_one_works(run, how, sentence):
    start(run, how)
    finish(run)
    assert run.state.state is State.FAILED
    assert sentence in run.state.cause
    assert ended_well(run)


def test_another_environment_is_another_process(run):
    first = ended_well(run)
    second = ended_well(run, environment={**ENVIRONMENT, "OTHER": "1"})
    assert second != first
    assert has_ended(first)


def test_closed_it_is_gone_with_what_runs(run):
    start(run, "well", tiles=1000)
    gestures.wait_for(lambda: run.stage == "Loading the model", 20, "running")
    pid = run.pid
    run.close()
    assert has_ended(pid)


@pytest.mark.slow
@pytest.mark.skipif(not default_model().folder.is_dir(), reason="the demo model is not in Resources/Models")
class TestTheRealOne(PanelCase):
    """The panel's Segment button with the network itself."""

    def segment(self):
        gestures.click(self.ui.segmentButton)
        gestures.wait_for(lambda: not self.panel.segmentation.run.state.busy, 300, "segmented")
        self.settle()
        assert self.panel.segmentation.run.state.cause == ""
        return self.panel.segmentation.run.pid

    def test_it_stays_between_runs_and_goes_with_the_scene(self):
        from PTLFPredictorLib.sample import make_case

        case = make_case(31, matrix=128, tumours=1)
        self.ui.volumeSelector.setCurrentNode(volumes.add_volume(case.ct, "CT"))
        gestures.wait_for(lambda: not self.panel.segmentation.probe.state.busy, 60, "the device")
        self.panel.refresh()
        pid = self.segment()
        labels = self.labels_now()
        assert self.segment() == pid
        assert self.labels_now() == labels
        gestures.click(self.ui.segmentButton)
        gestures.wait_for(lambda: self.panel.segmentation.run.stage != "", 60, "running")
        self.panel.segmentation.run.cancel()
        self.settle()
        last = self.segment()
        assert self.labels_now() == labels
        self.panel.scene_closes()
        assert has_ended(last)

    def test_it_goes_with_the_panel(self):
        from PTLFPredictorLib.sample import make_case

        case = make_case(31, matrix=96, tumours=1)
        self.ui.volumeSelector.setCurrentNode(volumes.add_volume(case.ct, "CT"))
        gestures.wait_for(lambda: not self.panel.segmentation.probe.state.busy, 60, "the device")
        self.panel.refresh()
        pid = self.segment()
        self.panel.cleanup()
        assert has_ended(pid)

    def labels_now(self):
        return sitk.GetArrayFromImage(segments.label_map(self.session.segmentation, self.session.volume)).tobytes()
