"""What is told of a run, and how whoever is told can stop it."""

from __future__ import annotations

import time
from collections.abc import Callable

from ...progress import Progress

PREPARING, FINDING, TILES, DRAWING = "Preparing the CT", "Finding the organ", "Tiles", "Drawing the labels"
"""Stages of a network's run."""


class Stopped(BaseException):
    """What a progress callback raised; no handler of errors takes it for one of the network."""

    def __init__(self, cause: Exception):
        super().__init__()
        self.cause = cause


class Teller:
    """Progress, and the time that the tiles will take."""

    def __init__(self, progress: Progress, on_estimate: Callable[[float], None]):
        self._progress, self._on_estimate = progress, on_estimate
        self.stage, self.done, self.total, self.start = "", 0, 0, 0.0

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.stage, self.done, self.total = stage, done, total
        try:
            self._progress(stage, done, total)
        except Exception as error:
            raise Stopped(error) from error

    def again(self) -> None:
        """A sign of life, and a moment to stop at."""
        self(self.stage, self.done, self.total)

    def starts(self, stage: str, total: int) -> None:
        self.start = time.monotonic()
        self(stage, 0, total)

    def tile_done(self) -> None:
        if self.stage == TILES and not self.done:
            self._on_estimate((self.total - 1) * (time.monotonic() - self.start))
        self(self.stage, self.done + 1, self.total)
