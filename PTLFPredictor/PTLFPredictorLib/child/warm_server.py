"""The child's side of a warm worker: jobs one after the other, and when not to take another."""

from __future__ import annotations

import gc
import json
import queue
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from ..errors import BadInput, Cancelled, UnusableModel
from .protocol import BEGUN, ENDED, LAST, LEAVES, Event
from .server import Teller, flush, told, work_on
from .system import children_of_mine, end_group, give_memory_back, limit_memory, own_input

STAYS = {0, *(kind.exit_code for kind in (BadInput, UnusableModel, Cancelled))}
"""After a job that ended so nothing is in doubt; after any other the process leaves."""


class Jobs:
    """What the parent asks for, heard on a thread; dies with the parent.

    Attributes
    ----------
    current : (int, Path) or None
        The job at work.
    cancelled : int
        Number of the last job that is to stop.
    """

    def __init__(self) -> None:
        self._asked: queue.Queue[tuple[int, Path]] = queue.Queue()
        self.current: tuple[int, Path] | None = None
        self.cancelled = 0
        threading.Thread(target=self._listen, args=(own_input(),), daemon=True).start()

    def _listen(self, stream) -> None:
        try:
            for line in stream:
                asked = json.loads(line)
                if "cancel" in asked:
                    self.cancelled = max(self.cancelled, asked["cancel"])
                else:
                    self._asked.put((asked["job"], Path(asked["work"])))
        finally:
            end_group(self.current and self.current[1])  # the parent is gone, and cannot remove the patient's CT

    def next(self, idle_s: float) -> tuple[int, Path] | None:
        try:
            self.current = self._asked.get(timeout=idle_s)
        except queue.Empty:
            self.current = None
        return self.current


def serve_jobs(
    function: Callable[..., Mapping[str, Path]], kept: tuple[Any, ...], tell: Teller, idle_s: float
) -> NoReturn:
    """Until the parent is gone, there has been no job for `idle_s`, or the last one leaves this process in doubt."""
    jobs = Jobs()

    def ended(number: int, error: BaseException | None, *, left: bool = False) -> bool:
        """Tell the end of a job; whether this process takes another."""
        code, message = (0, "") if error is None else told(error)
        flush()
        if error is not None:
            tell({"event": "error", "message": message, "job": number})
        stays = code in STAYS and not left
        jobs.current = None
        tell({"event": ENDED, "code": code, LAST: not stays, "job": number})
        return stays

    def fail_in_thread(failed: threading.ExceptHookArgs) -> None:
        if jobs.current is not None:
            ended(jobs.current[0], failed.exc_value or MemoryError(), left=True)
            end_group()
        threading.__excepthook__(failed)

    threading.excepthook = fail_in_thread  # a library would wait for its thread for ever
    limit_memory()
    while (asked := jobs.next(idle_s)) is not None:
        number, work = asked
        tell({"event": BEGUN, "job": number})

        def emit(event: Event, number: int = number) -> None:
            if jobs.cancelled >= number:
                raise Cancelled()
            tell({**event, "job": number})

        threads, children = set(threading.enumerate()), children_of_mine()
        failed = None
        try:
            work_on(function, work, emit, kept)
        except Exception as error:
            failed = error
        left = bool(children_of_mine() - children) or (
            failed is not None and bool(set(threading.enumerate()) - threads)
        )
        stays = ended(number, failed, left=left)
        failed = None
        if not stays:
            end_group()
        gc.collect()
        give_memory_back()
    tell({"event": LEAVES})
    end_group()
