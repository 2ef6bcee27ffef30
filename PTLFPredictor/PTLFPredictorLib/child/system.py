"""Where operating systems differ: starting a process group, ending it, dying with the parent, limiting memory.

No other module asks which system it runs on, but `folders`: where a user's data lie.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn, TextIO

MEMORY_LIMIT = "PTLF_MEMORY_LIMIT_MB"
"""Environment variable: address space that a child may use, in MB (not on Windows)."""

CORES = "PTLF_CORES"
"""Environment variable: CPU cores that a child may use, of those there are."""

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
"""Environment of a child with threads of its own: NumPy's linear algebra, which reads it once at its import, adds none
that wait by spinning; its sums are the same whatever runs beside them."""

_WINDOWS = os.name == "nt"


def start_options() -> dict[str, Any]:
    """Options of `subprocess.Popen` that give the child a process group of its own, and on Windows no window."""
    if _WINDOWS:
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


def kill_tree(pid: int) -> None:
    """End the process group that `Process` started, workers included; nothing happens if it is gone."""
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


def own_input() -> TextIO:
    """The standard input for this program alone: what it starts, and its libraries, find an empty one."""
    own = os.fdopen(os.dup(0), encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return own


def die_with_parent(work: Path) -> None:
    """A parent that was killed cannot remove the patient's CT."""
    with contextlib.suppress(OSError, ValueError):
        while os.read(0, 4096):
            pass
    end_group(work)


def end_group(work: Path | None = None) -> NoReturn:
    """End this process and those of its group, at once; the work folder goes before."""
    if work is not None:
        shutil.rmtree(work, ignore_errors=True)
    if not _WINDOWS and os.getpgrp() == os.getpid():  # a group of our own, as `Process` makes it
        os.killpg(os.getpgrp(), signal.SIGKILL)
    if _WINDOWS and work is None:
        time.sleep(2)  # the parent ends what this process has started, while this process still names it
    os._exit(1)


def children_of_mine() -> set[int]:
    """Living processes that this one has started, where the system tells; without the one that Python keeps."""
    import multiprocessing  # at file scope it would give a panel's process a second main module, __mp_main__
    from multiprocessing import resource_tracker

    found = {child.pid for child in multiprocessing.active_children()}
    for file in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError, ValueError):  # the thread has ended
            found |= {int(word) for word in file.read_text(encoding="ascii").split()}
    return {pid for pid in found if pid != resource_tracker._resource_tracker._pid and not _has_ended(pid)}


def _has_ended(pid: int) -> bool:
    """Whether a child waits only for its parent to notice."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(") ")[2][:1] == "Z"
    return False


def give_memory_back() -> None:
    """Freed memory goes back to the system, where its C library would keep it."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


def cpu_cores() -> int:
    """CPU cores that this process may use; `CORES` names fewer."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get(CORES, "")
    return min(there, int(asked)) if asked.isdecimal() and int(asked) else there


def has_nvidia_driver() -> bool:
    """Whether CUDA's driver is there, without which no library finds an NVIDIA GPU."""
    try:
        ctypes.CDLL("nvcuda.dll" if _WINDOWS else "libcuda.so.1")
    except OSError:
        return False
    return True


def cpu_name() -> str:
    """The processor, as its maker calls it."""
    return next(iter(_cpu_facts("model name")), "") or platform.processor() or platform.machine()


def cpu_flags() -> frozenset[str]:
    """What the processor can, in Linux' words; empty where the system does not tell."""
    return frozenset(word for line in _cpu_facts("flags")[:1] for word in line.split())


def _cpu_facts(name: str) -> list[str]:
    """Of each core."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == name]


_LIMITS = (
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    (
        "memory/memory.limit_in_bytes",
        "memory/memory.usage_in_bytes",
        "memory/memory.stat",
        "total_inactive_file",
    ),
)
"""A container's limit and use below ``/sys/fs/cgroup``, of version 2 and 1, and the files cached in it, which give
way."""


def free_memory_bytes() -> int | None:
    """Memory that new processes can use without swapping, within a container's limit; None where it is not told."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return None
    for limit, used, facts, cached in _LIMITS:
        with contextlib.suppress(OSError, ValueError, KeyError):  # "max": no limit
            base = Path("/sys/fs/cgroup")
            most, now = (int((base / file).read_text()) for file in (limit, used))
            told = dict(line.split() for line in (base / facts).read_text().splitlines())
            free = min(free, most - now + int(told[cached]))
    return max(free, 0)


@contextlib.contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold a file for this process alone; False where another process holds it.  Whoever is killed lets go."""
    with open(path, "a+b") as file:
        try:
            if _WINDOWS:
                import msvcrt

                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
