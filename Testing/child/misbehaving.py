"""A child that does what its job says: ``python -m child.misbehaving job.json``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from PTLFPredictorLib import child
from PTLFPredictorLib.child import server
from PTLFPredictorLib.errors import BadInput, UnusableModel
from PTLFPredictorLib.hashes import file_sha256


def behave(job, work, emit):
    what = job["what"]
    emit({"event": "progress", "stage": "start", "done": 0, "total": 1})
    if what == "works":
        (work / "out.txt").write_text("result")
        return {"out": work / "out.txt"}
    if what == "worker and sleep":
        code = f"import os, time; open({job['pids']!r}, 'w').write(str(os.getpid())); time.sleep(600)"
        subprocess.Popen([sys.executable, "-c", code])
        time.sleep(600)
    if what == "worker that outlives it":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=False)
        (work / "out.txt").write_text("result")
        return {"out": work / "out.txt"}
    if what == "sleep":
        time.sleep(600)
    if what == "sigkill":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "exit 0 without manifest":
        os._exit(0)
    if what == "exit 77":
        print("the last words")
        os._exit(77)
    if what == "memory":
        return {"out": bytearray(job["bytes"])}
    if what == "torch's words":
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory: you tried")
    if what == "no memory in a thread":
        threading.Thread(target=lambda: behave({"what": "torch's words"}, work, emit)).start()
        time.sleep(600)
    if what == "no memory in C++":
        os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n")
        os.abort()
    if what == "bad input with a path":
        raise BadInput(job["path"])
    if what == "bad input":
        raise BadInput("The CT has no slices.")
    if what == "unusable model":
        raise UnusableModel("The model is broken.")
    if what == "missing package":
        import a_package_that_is_not_there  # noqa: F401
    if what == "bug":
        raise ZeroDivisionError("x" * 5000)
    if what == "damaged result":
        (work / "out.txt").write_text("result")
        server.write_manifest(work, {"out": work / "out.txt"})
        (work / "out.txt").write_text("other")
        os._exit(0)
    if what == "result elsewhere":
        elsewhere = {"file": "../elsewhere.txt", "sha256": file_sha256(work.parent / "elsewhere.txt")}
        (work / "manifest.json").write_text(json.dumps({"outputs": {"out": elsewhere}}))
        os._exit(0)
    raise AssertionError(what)


def garbage() -> None:
    """Write straight to the pipe that events come through, then end with code 0."""
    out = os.fdopen(1, "wb", buffering=0)
    for piece in (
        os.urandom(200_000),
        b"\n{\n",
        b'{"event": 7}\n',
        b'{"event": "progress", "stage": 1, "done": "x", "total": null}\n',
        b'{"event": "progress", "done": true, "total": 1}\n',
        b"[" * 3000 + b"\n",
        b'{"a":' * 3000 + b"\n",
        b'{"event": "progress", "stage": "nearly", "done": 1, "total": 2}\n',
    ):
        out.write(piece)
    os._exit(0)


if __name__ == "__main__":
    if json.loads(Path(sys.argv[1]).read_text())["what"] == "garbage":
        garbage()
    child.serve(behave)
