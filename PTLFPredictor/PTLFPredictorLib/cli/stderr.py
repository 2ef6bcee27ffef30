"""What a command says on stderr while it works: progress, the device, errors."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

_BAR = "{desc:32.32} {bar} {n_fmt} of {total_fmt}, {remaining} left"


def say(text: str) -> None:
    """A line on stderr; a terminal that is gone stops no work."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        mute(sys.stderr)


def mute(stream: Any) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def tell_device(event: dict[str, Any]) -> None:
    """Say on stderr which device segments, why, how much work that is, and what it does otherwise than planned."""
    if event["event"] == "device":
        estimate = event.get("estimate_s")
        about = f", about {estimate:.0f} s" if estimate else ""
        say(f"ptlf: segmenting on {event['device']} ({event['why']}){about}")
    elif event["event"] == "estimate" and event["seconds"] >= 1:
        say(f"ptlf: about {event['seconds']:.0f} s for its tiles")
    elif event["event"] == "notice":
        say(f"ptlf: {event['message']}")
    elif event["event"] in ("segments", "work", "runtime") and event["text"]:
        say(f"ptlf: {event['text']}")


@contextlib.contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Progress on stderr: bars with time left on a terminal, else a line for each tenth of a stage."""
    bars: dict[str, Any] = {}
    shown: dict[str, int] = {}
    start = time.monotonic()

    def lines(stage: str, done: int, total: int) -> None:
        tenth = 10 * done // max(total, 1)
        if shown.get(stage) != tenth:
            shown[stage] = tenth
            say(f"{time.monotonic() - start:7.1f} s  {stage}: {done} of {total}")

    def bar(stage: str, done: int, total: int) -> None:
        from tqdm import tqdm

        group = stage.split(":")[0]
        try:
            if group not in bars:
                for older in bars.values():
                    older.close()
                bars[group] = tqdm(total=total, unit="", leave=True, bar_format=_BAR)
            bars[group].set_description_str(stage)
            bars[group].total = total
            bars[group].update(done - bars[group].n)
        except OSError:
            mute(sys.stderr)

    try:
        yield bar if sys.stderr.isatty() else lines
    finally:
        for open_bar in bars.values():
            open_bar.close()
