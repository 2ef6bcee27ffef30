"""How long work tells how far it is, and how it is told to stop.

A progress callback takes ``(stage, done, total)``.  It is called between units of work, from the thread
that does the work, and may raise `errors.Cancelled` to stop it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

Progress = Callable[[str, int, int], None]


def no_progress(stage: str, done: int, total: int) -> None:
    """Report to nobody and never stop."""


@contextlib.contextmanager
def timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    """Put into `seconds` how long the block took, where it ends well."""
    start = time.monotonic()
    yield
    seconds[name] = time.monotonic() - start
