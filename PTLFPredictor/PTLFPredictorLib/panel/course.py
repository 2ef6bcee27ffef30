"""How far a run is as a whole: shares of its stages by the time that each is expected to take, and the time left.

The share that is done is the time gone by over that and the time left, and never goes back; it is unknown while a run
only loads what it needs, whose progress nobody can measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST = 0.99
"""A run that has not ended is not done."""

TRUST = 1.0
"""Units of a stage for which what was expected counts beside its own pace."""

OVERDUE = 0.1
"""A stage that takes longer than was expected goes on for this part of its time: nobody knows better."""

SCALES = (0.1, 30.0)
"""Slowest and fastest that what is to come is taken to be, by what came."""


@dataclass(frozen=True)
class Stage:
    """A part of a run.

    Attributes
    ----------
    name : str
        As the child tells it.
    seconds : float
        That it is expected to take.
    units : float
        Of what its time is proportional to: tiles, megavoxels; 1 where the CT does not matter.
    counted : bool
        Whether its units are those that the child counts.
    loading : bool
        Takes its time before anything of the CT is done.
    each : float
        What one of the units counts for: passes of the network over a tile.
    """

    name: str
    seconds: float
    units: float = 1.0
    counted: bool = False
    loading: bool = False
    each: float = 1.0


class Course:
    """A run on its way.

    Parameters
    ----------
    stages : sequence of Stage
        In their order; one that does not come is passed over, one that is not among them takes no share.
    now : float
        Seconds of a clock that only goes on.
    before_s, after_s : float
        What runs before this one took and those after it are expected to take, where they are shown as one.
    """

    def __init__(self, stages: Sequence[Stage], now: float, before_s: float = 0.0, after_s: float = 0.0):
        self.stages = tuple(stages)
        self.before_s, self._after_s, self._start = before_s, after_s, now
        self._names = [stage.name for stage in self.stages]
        self._at, self._begun = 0, bool(self.stages) and self.stages[0].loading
        self._done = self._total = self._first = 0
        self._entered = self._told = now
        self._took: dict[str, tuple[float, int]] = {}
        self._most: float | None = None if before_s <= 0 else 0.0

    def tell(self, name: str, done: int, total: int, now: float) -> None:
        """What the child said, and when."""
        index = self._index(name)
        if index is None:
            return
        if index != self._at or not self._begun:
            if self._begun:
                self._leave(now)
            self._at, self._entered, self._first, self._begun = index, now, done, True
        self._done, self._total, self._told = done, total, now

    def _index(self, name: str) -> int | None:
        """Of a stage, or of the one that its last words name: "tumor and parenchyma: Wavelet"."""
        for words in (name, name.rsplit(": ", 1)[-1]):
            if words in self._names:
                return self._names.index(words)
        return None

    def _leave(self, now: float) -> None:
        stage = self.stages[self._at]
        seconds, _total = self._took.get(stage.name, (0.0, 0))
        self._took[stage.name] = seconds + now - self._entered, self._total

    def took(self, now: float) -> dict[str, tuple[float, int]]:
        """Seconds of each stage that came, and the units that it counted; the run has ended."""
        if self._begun:
            self._leave(now)
            self._entered = now
        return dict(self._took)

    @property
    def _scale(self) -> float:
        """By how much what is known is slower than was expected: this computer may be busy, or another one's."""
        known = [
            (self._took[stage.name][0], stage.seconds)
            for stage in self.stages[: self._at]
            if stage.name in self._took and not stage.loading
        ]
        now = self.stages[self._at]
        if self._is_counting and now.seconds > 0:
            gone = self._told - self._entered
            known.append((gone, now.seconds * (self._done - self._first) / (self._total - self._first)))
        took, expected = (sum(column) for column in zip(*known, strict=True)) if known else (0.0, 0.0)
        weight = 0.1 * sum(stage.seconds for stage in self.stages)  # a short stage says little
        if expected <= 0:
            return 1.0
        return min(max((took + weight) / (expected + weight), SCALES[0]), SCALES[1])

    @property
    def _is_counting(self) -> bool:
        return self._total > 1 and self._total > self._first and self.stages[self._at].counted

    def left(self, now: float) -> float | None:
        """Seconds to the end of all; None where nothing is known."""
        if not self.stages:
            return None
        later = sum(stage.seconds for stage in self.stages[self._at + 1 :]) + self._after_s
        return self._left_here(now) + later * self._scale

    def _left_here(self, now: float) -> float:
        stage, gone = self.stages[self._at], now - self._entered
        if not self._is_counting:
            expected = stage.seconds * (1.0 if stage.loading else self._scale)
            return max(expected - gone, OVERDUE * gone)
        count, done = self._total - self._first, self._done - self._first
        pace = (TRUST * stage.seconds * self._scale / count + self._told - self._entered) / (TRUST + done)
        return max(pace * (count - done) - (now - self._told), pace * max(count - done - 1, 0), OVERDUE * pace)

    def share(self, now: float) -> float | None:
        """Share of the whole that is done, from 0 to `MOST`; None while it cannot be known."""
        left = self.left(now)
        loads = not self._begun or self.stages[self._at].loading
        if left is None or (self._most is None and loads):
            return None
        gone = self.before_s + now - self._start
        self._most = max(self._most or 0.0, gone / (gone + left) if gone + left > 0 else 0.0)
        return min(self._most, MOST)
