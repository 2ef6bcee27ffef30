"""Where operating systems differ: starting a process group, ending it, dying with the parent, limiting memory.

No other module asks which system it runs on, but `folders`: where a user's data lie.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

MEMORY_LIMIT = "PTLF_MEMORY_LIMIT_MB"
"""Environment variable: address space that a child may use, in MB (not on Windows)."""

CORES = "PTLF_CORES"
"""Environment variable: CPU cores that a child may use, of those there are."""

_WINDOWS = os.name == "nt"


def start_options() -> dict[str, Any]:
    """Options of `subprocess.Popen` that give the child a process group of its own, and on Windows no window."""
    if _WINDOWS:
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


def kill_tree(pid: int) -> None:
    """End the process group that `Child` started, workers included; nothing happens if it is gone."""
    if _WINDOWS:
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(pid)], capture_output=True, check=False)
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def was_killed(code: int) -> bool:
    """Whether an exit code means SIGKILL: from outside, most often by a system that ran out of memory."""
    return not _WINDOWS and code == -signal.SIGKILL


def limit_memory() -> None:
    """Keep this process within `MEMORY_LIMIT`, where the system can."""
    limit = os.environ.get(MEMORY_LIMIT)
    if limit and not _WINDOWS:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (int(limit) << 20,) * 2)


def die_with_parent(work: Path) -> None:
    """A parent that was killed cannot remove the patient's CT."""
    with contextlib.suppress(OSError, ValueError):
        while os.read(0, 4096):
            pass
    shutil.rmtree(work, ignore_errors=True)
    if not _WINDOWS and os.getpgrp() == os.getpid():  # a group of our own, as `Child` makes it
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(1)


def cpu_cores() -> int:
    """CPU cores that this process may use; `CORES` names fewer."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get(CORES, "")
    return min(there, int(asked)) if asked.isdecimal() and int(asked) else there


_LIMITS = (("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"))
"""A container's limit and use below ``/sys/fs/cgroup``: of version 2 and 1."""


def free_memory_bytes() -> int | None:
    """Memory that new processes can use without swapping, within a container's limit; None where it is not told."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return None
    for limit, used in _LIMITS:
        with contextlib.suppress(OSError, ValueError):  # "max": no limit
            base = Path("/sys/fs/cgroup")
            free = min(free, int((base / limit).read_text()) - int((base / used).read_text()))
    return max(free, 0)
