"""A child process under a panel: started, polled from a timer, cancelled at once, never left behind."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from ..child import Child, Job
from ..errors import PTLFError
from ..segmentation.how import Runtime
from . import run_times
from .course import Course
from .run_state import RunState, State
from .run_times import STARTING, TAKING, Expected, duration
from .timers import Timer
from .widgets import as_tip

POLL_MS = 100


class ChildRun:
    """One kind of work (segmentation, features) and its current run.

    Parameters
    ----------
    what : str
        Name in sentences, "The segmentation".
    python : str
        Interpreter of the child.
    on_change : callable
        Called when state, progress or log changed.

    Attributes
    ----------
    state : RunState
    stage, done, total : str, int, int
        What the child said last.
    course : Course
        How far it is as a whole.
    notices : list of str
        What it does otherwise than planned, sentences.
    """

    def __init__(self, what: str, python: str, on_change: Callable[[], None]):
        self.what, self._python, self._on_change = what, python, on_change
        self.state = RunState(on_change)
        self.log: list[str] = []
        self.device: dict[str, Any] = {}
        self._said = False
        self._child: Job | None = None
        self._work: Path | None = None
        self._on_outputs: Callable[[dict[str, Path]], None] = lambda outputs: None
        self._clear()
        self._timer = Timer(self._poll, POLL_MS, again=True)

    def _clear(self) -> None:
        self.stage, self.done, self.total, self.finished_s = "", 0, 0, 0.0
        self.notices: list[str] = []
        self._started = time.monotonic()
        self._expected = Expected()
        self.course = Course((), self._started)

    @property
    def cancelled(self) -> bool:
        """Whether the run that was started last was cancelled by the user."""
        return self._said and self.state.state is State.IDLE

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    @property
    def seconds_left(self) -> float | None:
        """Of the whole run, with those that are shown as one with it; None where nothing of it is known."""
        return self.course.left(time.monotonic())

    @property
    def share(self) -> float | None:
        """Share of the whole run that is done; None while it only loads, or nothing of it is known."""
        return self.course.share(time.monotonic())

    def start(
        self,
        prepare: Callable[[Path], tuple[str, Mapping[str, Any]]],
        on_outputs: Callable[[dict[str, Path]], None],
        expected: Callable[[], Expected] = Expected,
        before_s: float = 0.0,
        after_s: float = 0.0,
        **options: Any,
    ) -> None:
        """Start a run.

        Parameters
        ----------
        prepare : callable
            Takes the empty work folder, writes the inputs and returns ``(module, job)``.
        on_outputs : callable
            Takes the outputs by name, checked; they are gone when it returns.
        expected : callable
            Returns what the run will take; called once its inputs are there.
        before_s, after_s : float
            See `Course`.
        options
            `Child`'s: environment, silence_s, python.
        """
        self.log, self.device, self._said = [], {}, True
        self._clear()
        self._on_outputs = on_outputs
        self.state.to(State.CHECKING)
        try:
            self.state.to(State.PREPARING)
            self._work = Path(tempfile.mkdtemp(prefix="ptlf-"))
            module, job = prepare(self._work)
            self._expected = expected()
            self.course = Course(self._expected.stages, self._started, before_s, after_s)
            self._child = self._begin(module, job, options)
        except (PTLFError, OSError) as error:
            self._end(State.FAILED, str(error))
            return
        except Exception as error:  # the panel must not stay busy, whatever it was
            self._end(State.FAILED, f"{self.what} could not be prepared: {type(error).__name__}: {error}")
            raise
        self.state.to(State.RUNNING)
        self._timer.start()

    def _begin(self, module: str, job: Mapping[str, Any], options: dict[str, Any]) -> Job:
        """The process for a run whose inputs lie in the work folder."""
        return Child(module, job, self._work, what=self.what, **{"python": self._python, **options})

    def cancel(self) -> None:
        """Stop now; returns when nothing of the run is at work any more."""
        if not self.state.busy:
            return
        self.state.to(State.CANCELLING)
        if self._child is not None:
            self._child.cancel()
        self._end(State.IDLE)

    def forget(self) -> bool:
        """Another patient comes: stop, and say nothing any more of what was; returns whether something was stopped."""
        busy = self.state.busy
        self.cancel()
        self.state.reset()
        self.log, self.device, self._said = [], {}, False
        self._clear()
        return busy

    def drop_cancelled(self) -> bool:
        """The user has gone on: nothing is said any more of a run that was cancelled; returns whether something was."""
        dropped = self.cancelled
        self._said = self._said and not dropped
        return dropped

    def close(self) -> None:
        """Cancel, and never call anybody again."""
        self._on_change = lambda: None
        self.cancel()
        self._timer.close()

    def _poll(self) -> None:
        child = self._child
        if child is None:
            return
        if self.state.state is State.IMPORTING:  # told a turn ago, so that the panel could show it
            self._finish(child)
            return
        ended = not child.running
        for event in child.poll():
            self._take(event)
        self.log = list(child.log)
        if ended:
            self._tell(TAKING, 0, 1)
            self.state.to(State.IMPORTING)
        self._on_change()

    def _take(self, event: dict[str, Any]) -> None:
        if event["event"] == "progress":
            self._tell(str(event.get("stage", "")), int(event.get("done", 0)), int(event.get("total", 0)))
        elif event["event"] == "device":
            self.device = event
        elif event["event"] == "notice":
            self.notices.append(str(event.get("message", "")))
        elif event["event"] == "runtime" and event.get("runtime") == Runtime.OPENVINO:
            self.notices.append(str(event.get("text", "")))

    def _tell(self, stage: str, done: int, total: int) -> None:
        self.stage, self.done, self.total = stage, done, total
        self.course.tell(stage, done, total, time.monotonic())

    def _finish(self, child: Job) -> None:
        self._timer.stop()
        run = self.state.run
        try:
            self._on_outputs(child.result())
        except PTLFError as error:
            self._end(State.FAILED, error.message)
            return
        except Exception as error:  # the panel must say what happened, whatever it was
            self._end(State.FAILED, f"{self.what} could not be taken over: {type(error).__name__}: {error}")
            raise
        if self.state.run == run and self.state.state is State.IMPORTING:
            run_times.remember(self._expected, self.course.took(time.monotonic()))
            self._end(State.DONE)

    def _end(self, state: State, cause: str = "") -> None:
        self._timer.stop()
        self.finished_s = self.course.before_s + self.seconds
        if self._child is not None:
            self.log = list(self._child.log)
            self._child = None
        if self._work is not None:
            shutil.rmtree(self._work, ignore_errors=True)
            self._work = None
        self.state.to(state, cause)


def show_button(button, run: ChildRun, unmet: Callable[[], list[str]], verb: str, does: str) -> None:
    """The one button of a run: it starts, or cancels; its tooltip says what is missing before it can start."""
    busy = run.state.busy
    missing = [] if busy else unmet()
    button.text = _("Cancel") if busy else verb
    button.toolTip = as_tip("\n".join(missing)) or (_("Stop now") if busy else does)
    button.enabled = not missing


def show_progress(bar, run: ChildRun) -> None:
    """One bar over the whole run; busy without a number while it loads what it needs."""
    bar.setVisible(run.state.busy)
    share = run.share if run.state.busy else None
    bar.setRange(0, 0 if share is None else 100)
    if share is not None:
        bar.value = int(100 * share)


def status_of(run: ChildRun, done: str) -> str:
    """Where a run stands, a line; what failed and what to do, where it failed."""
    state = run.state.state
    if state is State.FAILED:
        return _("Failed: {cause}").format(cause=run.state.cause)
    if state is State.DONE:
        return _("{done} in {time}.").format(done=done, time=duration(run.finished_s))
    if not run.state.busy:
        return _("Cancelled.") if run.cancelled else ""
    text = run.stage or STARTING
    device = run.device.get("device")
    if device:
        text += _(" on {device}").format(device=device)
    left = run.seconds_left
    return text + (_(", about {time} left").format(time=duration(left)) if left is not None else "...")
