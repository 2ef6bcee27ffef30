"""What all processes that this one starts cost together: seconds, processor seconds, peak memory."""

from __future__ import annotations

import contextlib
import os
import threading
import time

POLL_S, RISE = 0.05, 4e6
"""How often memory is looked at, and from which rise in bytes on it is asked for in full."""


class Watch:
    """Wall and processor seconds and peak memory of all processes that this one starts or has started."""

    def __enter__(self) -> Watch:
        self._peak, self._stop = 0.0, threading.Event()  # of PSS, GB
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._cpu, self._start = self._cpu_now(), time.monotonic()
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        seconds, cpu_s = time.monotonic() - self._start, self._cpu_now() - self._cpu
        self._stop.set()
        self._watcher.join()
        self.cost = {"seconds": round(seconds, 2), "cpu_s": round(cpu_s, 2), "peak_gb": round(self._peak, 2)}

    @staticmethod
    def _cpu_now() -> float:
        """Of those that have ended and been waited for, and of those that live."""
        import psutil

        return sum(os.times()[2:4]) + _sum(
            psutil.Process().children(recursive=True), lambda one: sum(one.cpu_times()[:4])
        )

    def _watch(self) -> None:
        """PSS, which costs the watched process time, is asked for only where RSS says that it may be a new peak."""
        import psutil

        highest = 0
        while not self._stop.wait(POLL_S):
            found = psutil.Process().children(recursive=True)
            resident = _sum(found, lambda process: process.memory_info().rss)
            if resident > highest + RISE:
                self._peak = max(self._peak, _sum(found, _pss) / 1e9)
                after = _sum(found, lambda process: process.memory_info().rss)
                highest = min(resident, after)  # what was asked for may have shrunk, or ended, meanwhile


def _sum(processes, what) -> float:
    """Of those that have not ended in the meantime."""
    import psutil

    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error, OSError):
            total += what(process)
    return total


def _pss(process) -> int:
    full = process.memory_full_info()
    return getattr(full, "pss", full.rss)
