"""Work in a child process: progress as JSON lines, one way to stop it, and no success without proof.

The parent starts ``python -m MODULE job.json`` in a process group of its own and reads its standard output:
one JSON object per line (``{"event": "progress", "stage": ..., "done": ..., "total": ...}``, ``"device"`` with
a reason, ``"error"`` with a sentence).  Lines that are not such objects are log.  The run has succeeded only
if the exit code is 0 *and* ``manifest.json`` names every output with its SHA-256.  The child dies with its
parent: it watches its standard input, which the parent holds open.

`parent`: `Child` (poll it from a timer, as a panel does) or `run` (waits, as a command line does).
`warm`: `Warm`, a process that stays between jobs.  `server`: what a worker's ``__main__`` calls.  `protocol`: what they
say.  `system`: where operating systems differ.

>>> outputs = child.run("PTLFPredictorLib.measures.radiomics.worker", job, work, progress=progress)
>>> with child.Warm("PTLFPredictorLib.segmentation.worker") as worker:
...     for job, work in jobs:
...         outputs = worker.run(job, work, progress=progress)
"""

from .job import SILENCE_S, Job
from .parent import Child, run
from .protocol import Event, progress_of
from .server import serve
from .system import MEMORY_LIMIT
from .warm import IDLE, Warm, WarmJob

__all__ = [
    "IDLE",
    "MEMORY_LIMIT",
    "SILENCE_S",
    "Child",
    "Event",
    "Job",
    "Warm",
    "WarmJob",
    "progress_of",
    "run",
    "serve",
]
