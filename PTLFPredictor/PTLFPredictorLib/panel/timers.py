"""Timers of the panel that can be let go.

A QTimer that Python owns and a bound method that it calls keep each other alive, in a circle through C++ that Python's
collector cannot see: without `Timer.close` a panel outlives each reload of the module.  Slicer's own
`QTimer.singleShot` leaves a timer behind at each call.
"""

from __future__ import annotations

from collections.abc import Callable

import qt


class Timer:
    """Calls after some milliseconds: once, or again and again.

    Parameters
    ----------
    call : callable
    ms : int
        0 is the next turn of the event loop.
    again : bool
    """

    def __init__(self, call: Callable[[], None], ms: int = 0, *, again: bool = False):
        self._timer, self._call = qt.QTimer(), call
        self._timer.setSingleShot(not again)
        self._timer.setInterval(ms)
        self._timer.connect("timeout()", call)

    def start(self) -> None:
        """From now on; one that waits already waits anew."""
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def isActive(self) -> bool:
        """Whether it waits, by Qt's name."""
        return bool(self._timer.isActive())

    def close(self) -> None:
        """Stop, and let go of whom it called."""
        self._timer.stop()
        if self._call is not None:
            self._timer.disconnect("timeout()", self._call)
            self._call = None
