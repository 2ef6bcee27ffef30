"""What every family of commands is given: a function that adds one command."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parents[3]
"""The project's folder (in a checkout)."""


class Command(Protocol):
    """Adds a command: its name, the function that runs it and returns an exit code (None: 0), and a line of help."""

    def __call__(
        self, name: str, function: Callable[[argparse.Namespace], int | None], text: str
    ) -> argparse.ArgumentParser: ...
