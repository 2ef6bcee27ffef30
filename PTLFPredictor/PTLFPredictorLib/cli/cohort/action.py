"""What every action of ``ptlf cohort`` is given: a function that adds one."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Protocol


class Action(Protocol):
    """Adds an action of ``ptlf cohort``: its name, the function that runs it, and a line of help."""

    def __call__(
        self, name: str, function: Callable[[argparse.Namespace], int | None], text: str
    ) -> argparse.ArgumentParser: ...
