"""Runs under the panel: allowed moves, real child processes that fail in every way, and cancelling at every stage."""

import os
import re
import subprocess
import time
from pathlib import Path

import gestures
import numpy as np
import pytest
import qt
import SimpleITK as sitk
import slicer
from panel_case import PanelCase

from PTLFPredictorLib.errors import PTLFError
from PTLFPredictorLib.mrml import volumes
from PTLFPredictorLib.panel import run_times, segmentation_section
from PTLFPredictorLib.panel.course import Stage
from PTLFPredictorLib.panel.run_state import ALLOWED, BUSY, RunState, State
from PTLFPredictorLib.panel.run_times import Expected, duration
from PTLFPredictorLib.panel.runs import ChildRun, show_progress, status_of
from PTLFPredictorLib.segmentation.catalogue import default_model

HERE = Path(__file__).resolve().parent
ENVIRONMENT = {"PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[1] / "PTLFPredictor")])}


@pytest.mark.parametrize("target", State, ids=lambda s: s.value)
@pytest.mark.parametrize("start", State, ids=lambda s: s.value)
def test_only_the_moves_of_the_table_are_possible(start, target):
    run = RunState()
    run.state = start
    if target in ALLOWED[start]:
        run.to(target)
        assert run.state is target
    else:
        with pytest.raises(ValueError, match="cannot go"):
            run.to(target)


def test_every_state_can_be_reached_and_every_busy_one_can_be_stopped():
    reached, todo = set(), [State.IDLE]
    while todo:
        state = todo.pop()
        if state not in reached:
            reached.add(state)
            todo.extend(ALLOWED[state])
    assert reached == set(State)
    for state in BUSY - {State.CANCELLING}:
        assert {State.CANCELLING, State.FAILED} <= ALLOWED[state]


@pytest.fixture
def run():
    run = ChildRun("The segmentation", os.sys.executable, lambda: None)
    yield run
    run.close()


EXPECTED = Expected(
    "a run of tests",
    (
        Stage("Starting", 0.3, loading=True),
        Stage("Loading the model", 0.2, loading=True),
        Stage("Segmentation", 0.2, 10, counted=True),
        Stage("Writing", 0.1, 1),
        Stage("Taking it over", 0.1, 1),
    ),
    known=True,
)


def start(run, how, expected=EXPECTED, **job):
    taken = []
    options = {"environment": ENVIRONMENT, "expected": lambda: expected}
    if "silence_s" in job:
        options["silence_s"] = job.pop("silence_s")

    def take(outputs):
        taken.append(outputs["labels"].read_text())

    run.start(lambda work: ("child_of_tests", {"how": how, **job}), take, **options)
    return taken


def has_ended(pid):
    """Whether a process is gone, or waits only for its parent to notice.  (Slicer has no psutil.)"""
    if os.name == "nt":
        command = ["tasklist", "/FI", f"PID eq {pid}", "/NH"]
        return str(pid) not in subprocess.run(command, capture_output=True, text=True, check=False).stdout
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return state.strip()[:1] in ("", "Z")


def test_whether_a_process_has_ended():
    with subprocess.Popen([os.sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert not has_ended(child.pid)
    assert has_ended(child.pid)


def finish(run):
    gestures.wait_for(lambda: not run.state.busy, 30, "the run ended")


def test_a_run_that_ends_well_hands_over_its_outputs_and_leaves_no_folder(run):
    taken = start(run, "well")
    work = run._work
    finish(run)
    assert run.state.state is State.DONE
    assert taken == ["labels"]
    assert not work.exists()


def test_progress_device_and_log_arrive(run):
    start(run, "family", tiles=40)
    gestures.wait_for(lambda: run.stage == "Segmentation" and run.done > 2, 20, "progress")
    assert run.total == 40
    assert run.seconds_left > 0
    assert run.device["device"] == "cpu"


def test_the_bar_is_of_the_whole_run_and_full_only_at_its_end(run):
    """What the user sees, ten times a second, of a real child."""
    bar, seen = qt.QProgressBar(), []

    def look():
        show_progress(bar, run)
        seen.append((run.stage, (bar.minimum, bar.maximum), bar.value, status_of(run, "Done")))

    run._on_change = run.state._on_change = look
    start(run, "well", tiles=10, pause=0.05)
    finish(run)
    loading = [area for stage, area, _, _ in seen if stage in ("", "Loading the model")]
    assert set(loading) == {(0, 0)}
    known = [value for stage, area, value, _ in seen if area == (0, 100)]
    assert known == sorted(known)
    assert known[0] > 10
    assert known[-1] < 100
    assert {stage for stage, area, _, _ in seen if area == (0, 100)} >= {"Segmentation", "Taking it over"}
    busy = [words for *_, words in seen if words != "Starting..." and not words.startswith("Done")]
    assert all(re.fullmatch(r"[\w ]+, about \d+ s left", words) for words in busy), busy
    assert re.fullmatch(r"Done in \d+ s\.", status_of(run, "Done"))


def test_what_it_took_is_remembered_for_the_next_one_where_it_ended_well(run):
    settings = slicer.app.userSettings()
    settings.remove(run_times.SETTING)
    start(run, "garbage")
    finish(run)
    start(run, "family", tiles=100)
    gestures.wait_for(lambda: run.stage == "Segmentation", 20, "running")
    run.cancel()
    assert run_times._times() == {}
    start(run, "well", tiles=10, pause=0.05)
    finish(run)
    kept = run_times._times()["a run of tests"]
    settings.remove(run_times.SETTING)
    assert kept["Segmentation"] == pytest.approx(0.05, rel=0.5)
    assert set(kept) == {"Starting", "Loading the model", "Segmentation", "Writing", "Taking it over"}


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("killed", r"stopped from outside \(signal 9\).*ran out of memory.*close other programs"),
        ("memory", r"too little (free )?memory.*Close other programs"),
        ("garbage", r"ended without naming its results"),
    ],
)
def test_a_run_that_fails_says_what_happened_and_what_to_do(run, how, sentence):
    taken = start(run, how)
    work = run._work
    finish(run)
    assert run.state.state is State.FAILED
    assert re.search(sentence, run.state.cause), run.state.cause
    assert taken == []
    assert not work.exists()


def test_a_run_that_hangs_is_stopped_by_the_watchdog(run):
    start(run, "well", pause=30, silence_s=1.0)
    finish(run)
    assert "gave no sign of life for 1 s" in run.state.cause


@pytest.mark.parametrize("stage", ["Loading the model", "Segmentation", "Writing"])
def test_cancelled_at_any_stage_it_ends_within_three_seconds_with_all_its_processes(run, stage):
    start(run, "family", tiles=40)
    gestures.wait_for(lambda: run.stage == stage, 20, stage)
    pids = [run._child.pid, int(run.device["why"])]
    work, begin = run._work, time.monotonic()
    run.cancel()
    assert time.monotonic() - begin < 3
    assert run.state.state is State.IDLE
    for pid in pids:
        assert has_ended(pid)
    assert not work.exists()


def test_inputs_that_cannot_be_prepared_fail_before_anything_starts(run):
    def prepare(work):
        raise PTLFError("The model's files are not complete.")

    run.start(prepare, lambda outputs: None)
    assert run.state.state is State.FAILED
    assert run.state.cause == "The model's files are not complete."
    assert run._child is None


def test_a_duration_is_said_in_seconds_or_minutes():
    assert [duration(s) for s in (4.4, 89, 100, 3000)] == ["4 s", "89 s", "2 min", "50 min"]
    assert duration(0.1) == "1 s"


class TestInThePanel(PanelCase):
    """The Segment button with children that behave as asked (the network itself: see test_end_to_end)."""

    def setUp(self):
        super().setUp()
        self.patched = {n: getattr(segmentation_section, n) for n in ("WORKER", "write_job")}
        segmentation_section.WORKER = "child_of_tests"
        self.before = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = ENVIRONMENT["PYTHONPATH"]
        self.load()
        gestures.wait_for(lambda: not self.panel.segmentation.probe.state.busy, 60, "the device")
        self.panel.segmentation.probe.state.reset()  # whether torch is installed is not the matter here
        self.panel.refresh()

    def tearDown(self):
        for name, value in self.patched.items():
            setattr(segmentation_section, name, value)
        os.environ.pop("PYTHONPATH") if self.before is None else os.environ.update(PYTHONPATH=self.before)
        super().tearDown()

    def ask_for(self, how, **job):
        segmentation_section.write_job = lambda image, model, work, how_drawn: {"how": how, **job}
        self.panel.refresh()
        gestures.click(self.ui.segmentButton)
        self.settle()

    def test_the_one_button_is_segment_then_cancel_then_segment(self):
        assert self.ui.segmentButton.text.replace("&", "") == "Segment"
        self.ask_for("family", tiles=100)
        gestures.wait_for(lambda: self.panel.segmentation.run.stage == "Segmentation", 20, "running")
        self.settle()
        assert self.ui.segmentButton.text == "Cancel"
        assert self.ui.segmentProgress.isVisible()
        assert "Segmentation on cpu" in self.ui.segmentStatus.text
        assert not self.ui.modelList.enabled
        gestures.click(self.ui.segmentButton)
        self.settle()
        assert self.ui.segmentButton.text.replace("&", "") == "Segment"
        assert self.ui.segmentStatus.text == "Cancelled."
        gestures.click(self.ui.useExistingButton)
        self.settle()
        assert self.ui.segmentStatus.text == "Choose a segmentation first."
        assert self.session.segmentation is None

    def test_a_failed_run_says_the_cause_and_keeps_the_log(self):
        self.ask_for("garbage")
        gestures.wait_for(lambda: not self.panel.segmentation.run.state.busy, 20, "ended")
        self.settle()
        assert self.ui.segmentStatus.text.startswith("Failed: The segmentation ended without naming its results.")
        assert self.ui.segmentButton.text.replace("&", "") == "Segment"
        assert self.ui.segmentButton.enabled
        self.ui.segmentsAdvancedButton.checked = self.ui.logButton.checked = True
        self.settle()
        assert self.ui.logText.isVisible()
        assert self.ui.logText.plainText

    def test_another_ct_stops_the_run_of_the_one_before_at_once_and_says_so(self):
        self.ask_for("family", tiles=30)
        gestures.wait_for(lambda: self.panel.segmentation.run.state.state is State.RUNNING, 20, "running")
        self.ui.volumeSelector.setCurrentNode(None)
        self.settle()
        assert not self.panel.segmentation.run.state.busy  # at once, not when it ends by itself
        assert self.ui.messageLabel.text == "The segmentation of the former CT was stopped."
        assert self.ui.segmentStatus.text == ""
        assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0


class TestWhatARunWillTake(PanelCase):
    """Told before it begins, of this very CT, and of all that one press starts."""

    def setUp(self):
        super().setUp()
        slicer.app.userSettings().remove(run_times.SETTING)
        self.section = self.panel.segmentation
        gestures.wait_for(lambda: not self.section.probe.state.busy, 60, "the device")
        self.section.probe.state.reset()
        self.section.device = {"device": "cpu", "why": "chosen"}

    def seconds(self, shape):
        """Of a CT of so many voxels."""
        array = np.full(shape[::-1], -1000, np.int16)
        array[:, shape[1] // 4 :, shape[0] // 4 :] = 50
        image = sitk.GetImageFromArray(array)
        image.SetSpacing((0.8, 0.8, 5.0))
        self.ui.volumeSelector.setCurrentNode(volumes.add_volume(image, "CT"))
        self.settle()
        found = re.search(r"About (\d+) s for this CT\.", self.ui.estimateLabel.text)
        return int(found[1]) if found else None

    def test_it_is_of_this_ct(self):
        if not default_model().folder.is_dir():
            self.skipTest("the demo model is not in Resources/Models")
        small, large = self.seconds((200, 200, 40)), self.seconds((512, 512, 120))
        assert small < 8 < large

    def test_it_goes_by_what_the_last_runs_here_took(self):
        if not default_model().folder.is_dir():
            self.skipTest("the demo model is not in Resources/Models")
        before = self.seconds((512, 512, 46))
        expected = self.section.expected()
        slow = {stage.name: (4 * stage.seconds, int(stage.units)) for stage in expected.stages}
        run_times.remember(expected, slow)
        assert self.seconds((512, 512, 47)) == pytest.approx(4 * before, rel=0.3)

    def test_without_a_ct_or_a_device_nothing_is_said(self):
        self.panel.refresh()
        assert "About" not in self.ui.estimateLabel.text
        self.section.device = {}
        assert self.seconds((256, 256, 46)) is None

    def test_features_of_both_kinds_are_one_bar(self):
        started = []

        def start(run, prepare, take, expected, before_s, after_s, **options):
            prepare(Path(self.folder.name))
            started.append((expected().seconds, before_s, after_s))
            run.finished_s, run.state.state = before_s + 5.0, State.DONE

        kept, ChildRun.start = ChildRun.start, start
        self.addCleanup(setattr, ChildRun, "start", kept)
        self.draw()
        self.erase_tumour()
        self.panel.radscore.press()
        self.panel.radscore.follow()
        (first, none, rest), (second, before, nothing) = started
        assert (none, before, nothing) == (0.0, 5.0, 0)
        assert rest > 0
        assert first > 0 < second


def test_a_segmentation_without_its_model_says_which_files_are_missing():
    """The real job writer, on a model folder that is not there: a sentence, no traceback."""
    import dataclasses
    import tempfile

    import phantom

    from PTLFPredictorLib.segmentation.catalogue import catalogue
    from PTLFPredictorLib.segmentation.run import write_job

    model = dataclasses.replace(catalogue()[0], folder=Path("/absent/model"))
    with tempfile.TemporaryDirectory() as work, pytest.raises(PTLFError) as error:
        write_job(phantom.ct_and_labels()[0], model, Path(work))
    assert "model" in error.value.message
