"""A worker that stays, doing what its jobs say: ``python -m child.staying --warm SECONDS``."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

from child.misbehaving import behave
from PTLFPredictorLib import child
from PTLFPredictorLib.errors import Cancelled


class Kept(list):
    """What stays between jobs: the numbers of those that were here."""


def work_on(job, work, emit, kept):
    what, progress = job["what"], child.progress_of(emit)
    kept.append(job.get("name", what))
    if what == "who":
        print("I work for", job.get("name", ""))
        sys.stdout.write("no line end")
        os.system("echo from a subprocess")
        (work / "out.txt").write_text(f"{os.getpid()} {','.join(kept)}")
        return {"out": work / "out.txt"}
    if what == "steps":  # stops at the next one, when it is asked to
        for step in range(job.get("steps", 600)):
            progress("steps", step, 600)
            time.sleep(0.02)
        return {}
    if what == "process left":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stdout=subprocess.DEVNULL)
        return behave({"what": "works"}, work, emit)
    if what == "thread left":
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
        raise Cancelled()
    if what == "limit":
        return {"out": work / str(len(bytearray(job["bytes"])))}
    if what == "input":
        (work / "out.txt").write_text(repr(sys.stdin.read()))
        return {"out": work / "out.txt"}
    if what == "exits":
        sys.exit(0)
    return behave(job, work, emit)


if __name__ == "__main__":
    child.serve(work_on, Kept)
