"""A child process that behaves as badly as a test asks; run as a module by `child.Child`."""

import os
import signal
import subprocess
import sys
import time

from PTLFPredictorLib import child


def behave(job, work, emit):
    how, progress = job["how"], child.progress_of(emit)
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "memory":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (1 << 31, 1 << 31))
        held = [bytearray(1 << 28) for _ in range(64)]
        return {"never": held}
    if how == "garbage":
        sys.stdout.buffer.write(os.urandom(200_000) + b'\n{"event": 7}\n{"broken\n')
        sys.stdout.flush()
        os._exit(0)
    if how == "family":
        other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        emit({"event": "device", "device": "cpu", "why": str(other.pid)})
    for stage in ("Loading the model", "Segmentation", "Writing"):
        for tile in range(job.get("tiles", 3)):
            progress(stage, tile, job.get("tiles", 3))
            time.sleep(job.get("pause", 0.02))
    output = work / "labels.txt"
    output.write_text("labels")
    return {"labels": output}


if __name__ == "__main__":
    child.serve(behave)
