"""States of a run and the moves between them, in one table."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class State(StrEnum):
    IDLE = "idle"
    CHECKING = "checking"
    PREPARING = "preparing"
    RUNNING = "running"
    IMPORTING = "importing"
    DONE = "done"
    CANCELLING = "cancelling"
    FAILED = "failed"


_S = State
_STOP = {_S.CANCELLING, _S.FAILED}
ALLOWED: dict[State, frozenset[State]] = {
    state: frozenset(targets)
    for state, targets in {
        _S.IDLE: {_S.CHECKING},
        _S.CHECKING: {_S.PREPARING, *_STOP},
        _S.PREPARING: {_S.RUNNING, *_STOP},
        _S.RUNNING: {_S.IMPORTING, *_STOP},
        _S.IMPORTING: {_S.DONE, *_STOP},
        _S.DONE: {_S.CHECKING, _S.IDLE},
        _S.CANCELLING: {_S.IDLE, _S.FAILED},
        _S.FAILED: {_S.CHECKING, _S.IDLE},
    }.items()
}
"""State -> states that may follow it."""

BUSY = frozenset(State) - {_S.IDLE, _S.DONE, _S.FAILED}


class RunState:
    """Where one run stands; refuses a move that is not in `ALLOWED`.

    Parameters
    ----------
    on_change : callable
        Called after each move.

    Attributes
    ----------
    state : State
    cause : str
        Why it failed, a sentence; "" otherwise.
    run : int
        Number of the current run: what arrives with an older number is late and must be dropped.
    """

    def __init__(self, on_change: Callable[[], None] = lambda: None):
        self.state, self.cause, self.run = State.IDLE, "", 0
        self._on_change = on_change

    @property
    def busy(self) -> bool:
        return self.state in BUSY

    def to(self, state: State, cause: str = "") -> None:
        if state not in ALLOWED[self.state]:
            raise ValueError(f"a run cannot go from {self.state} to {state}")
        if state is State.CHECKING:
            self.run += 1
        self.state, self.cause = state, cause
        self._on_change()

    def reset(self) -> None:
        """Back to idle from a state in which nothing runs."""
        if self.state is not State.IDLE:
            self.to(State.IDLE)
