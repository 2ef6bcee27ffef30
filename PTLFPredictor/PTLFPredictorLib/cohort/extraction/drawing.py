"""One process that draws for all cases: each case's child asks for it, and keeps its own fate.

A case's child writes the CT and the job into a folder of its work folder and says so; its parent has the job done by
the one `Segmenter` (its networks stay loaded, and a graphics card has one at a time) and writes the answer beside it.
A crash of the network's process is that one case's failure, and the next case gets a new process.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ... import child
from ...errors import EXIT_CODES, PTLFError
from ...progress import Progress, no_progress
from ...segmentation import Segmenter
from ...segmentation.run import WHAT

ASKS = "draw"
"""The event, and the job's word for that its parent answers."""

ASKED, ANSWER = "asked.json", "answer.json"

POLL_S, SIGN_OF_LIFE_S = 0.05, 10.0


class Drawing:
    """The parent's side: answers one case after the other, from any thread."""

    def __init__(self) -> None:
        self._segmenter, self._turn = Segmenter(), threading.Lock()

    def __enter__(self) -> Drawing:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._segmenter.close()

    def answer(self, folder: Path, wanted: Callable[[], bool]) -> None:
        """Do the job that lies in a folder, and write there what came of it.

        Parameters
        ----------
        folder : Path
        wanted : callable
            Asked all the time; once it is false, nothing is done any more.
        """
        while wanted():
            if self._turn.acquire(timeout=POLL_S):
                try:
                    answer = self._answer(folder, wanted)
                finally:
                    self._turn.release()
                part = folder / f"{ANSWER}.part"
                part.write_text(json.dumps(answer), encoding="utf-8")
                part.replace(folder / ANSWER)
                return

    def _answer(self, folder: Path, wanted: Callable[[], bool]) -> dict[str, Any]:
        job = json.loads((folder / ASKED).read_text(encoding="utf-8"))
        try:
            running = self._segmenter.start(job, folder)
            while running.running:
                running.poll()
                if not wanted():
                    running.cancel()
                time.sleep(POLL_S)
            return {"outputs": {name: path.name for name, path in running.result().items()}}
        except PTLFError as error:
            return {"code": error.exit_code, "message": error.message}


class Asking:
    """The child's side: a `Worker` that has its jobs done by the parent.

    Parameters
    ----------
    emit : callable
        See `child.serve`.
    """

    def __init__(self, emit: Callable[[child.Event], None]):
        self._emit = emit

    def run(
        self,
        job: Mapping[str, Any],
        work: Path,
        *,
        progress: Progress = no_progress,
        on_event: Callable[[child.Event], None] = lambda event: None,
        **options: Any,
    ) -> dict[str, Path]:
        (work / ASKED).write_text(json.dumps(dict(job)), encoding="utf-8")
        self._emit({"event": ASKS, "folder": str(work)})
        said = time.monotonic()
        while not (work / ANSWER).exists():
            time.sleep(POLL_S)
            if time.monotonic() - said > SIGN_OF_LIFE_S:  # other cases may be drawn before: this one does not hang
                progress(WHAT, 0, 1)
                said = time.monotonic()
        answer = json.loads((work / ANSWER).read_text(encoding="utf-8"))
        if "code" in answer:
            raise EXIT_CODES.get(answer["code"], PTLFError)(answer["message"])
        return {name: work / file for name, file in answer["outputs"].items()}


def worker_of(job: Mapping[str, Any], emit: Callable[[child.Event], None]) -> Asking | None:
    """In a case's child: who draws, where its parent answers."""
    return Asking(emit) if job.get(ASKS) else None
