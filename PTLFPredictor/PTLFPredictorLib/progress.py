"""How long work tells how far it is, and how it is told to stop.

A progress callback takes ``(stage, done, total)``.  It is called between units of work, from the thread
that does the work, and may raise `errors.Cancelled` to stop it.
"""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]


def no_progress(stage: str, done: int, total: int) -> None:
    """Report to nobody and never stop."""
