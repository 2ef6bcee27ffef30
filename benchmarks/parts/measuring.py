"""How benchmarks take figures: on which machine, in processor seconds, several times in turn.

Wall-clock seconds depend on what else the machine does; processor seconds (of a process and the children it waited for)
hold.  Both are told, beside the load before and after.  What is compared runs in turn, A B A B A B, so that a machine
that slows down meanwhile slows down all; the median of each is the figure.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

PAIRS = 3
"""How often what is compared runs in turn."""

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
"""Not handed to what is measured: each has the threads that it gives itself, or its own launcher gives it."""


def say(text: str) -> None:
    """On standard error, where progress goes."""
    print(text, file=sys.stderr, flush=True)


def cpu_seconds() -> float:
    """Processor seconds of this process so far, user and system, and of the children it has waited for."""
    return sum(os.times()[:4])


def peak_gb() -> float | None:
    """Largest resident memory of this process so far, in GB; None where the system does not tell it."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux's ru_maxrss is handed down from the parent process
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e9
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def load() -> float | None:
    """Processes that ran or waited over the last minute, on average; None on Windows."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def processor() -> str:
    """Its name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def machine() -> dict[str, Any]:
    """``processor``, ``cores``, ``python``, ``platform``, ``load_before``; `ended` adds ``load_after``."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": processor(),
        "cores": cores,
        "python": platform.python_version(),
        "platform": platform.platform(terse=True),
        "load_before": load(),
    }


def ended(found: dict[str, Any]) -> dict[str, Any]:
    """A `machine` with the load after the runs, which includes the runs' own."""
    return found | {"load_after": load()}


def in_words(found: Mapping[str, Any]) -> str:
    """A `machine` as a line."""
    after = f", {found['load_after']} after" if "load_after" in found else ""
    return (
        f"{found['processor']}, {found['cores']} cores, Python {found['python']}, {found['platform']}; "
        f"load {found['load_before']} before{after}"
    )


def in_turn(ways: Mapping[str, Callable[[], dict[str, Any]]], pairs: int = PAIRS) -> dict[str, list[dict[str, Any]]]:
    """Run each of `ways` once, then each again, `pairs` times in all.

    Returns
    -------
    dict of str to list of dict
        By way: what its runs returned, in their order, each with the ``load`` at its start.
    """
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in ways}
    for pair in range(pairs):
        for number, (name, run) in enumerate(ways.items(), start=1):
            say(f"run {pair * len(ways) + number} of {pairs * len(ways)}: {name}")
            before = load()
            runs[name].append({**run(), "load": before})
    return runs


def median(runs: Iterable[Mapping[str, Any]], key: str) -> float | None:
    """Of a number that the runs have; None where one of them lacks it."""
    values = [run.get(key) for run in runs]
    return None if not values or None in values else statistics.median(values)


def medians(runs: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> dict[str, float | None]:
    return {key: median(runs, key) for key in keys}
