"""Runs whose process stays between them: PyTorch and the model are loaded once while the user works."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..child import Job, Warm
from .runs import ChildRun


class WarmRun(ChildRun):
    """A `ChildRun` with one process for all its runs; it leaves by itself after some minutes without one.

    Parameters
    ----------
    what, python, on_change
        See `ChildRun`.
    """

    def __init__(self, what: str, python: str, on_change: Callable[[], None]):
        super().__init__(what, python, on_change)
        self._warm: Warm | None = None

    @property
    def pid(self) -> int | None:
        """Of the process that waits or works; None where there is none."""
        return None if self._warm is None else self._warm.pid

    def release(self) -> None:
        """Give back the process's memory, on the graphics card too; a run that goes on ends first."""
        if self._warm is not None:
            self._warm.release()

    def close(self) -> None:
        super().close()
        if self._warm is not None:
            self._warm.close()

    def _begin(self, module: str, job: Mapping[str, Any], options: dict[str, Any]) -> Job:
        start = {name: options.pop(name) for name in ("silence_s",) if name in options}
        made = {"environment": {}, "python": self._python, **options}
        warm = self._warm
        if warm is None or (warm.module, warm.environment, warm.python) != (
            module,
            made["environment"],
            made["python"],
        ):
            if warm is not None:
                warm.close()
            warm = self._warm = Warm(module, what=self.what, **made)
        return warm.start(job, self._work, **start)
