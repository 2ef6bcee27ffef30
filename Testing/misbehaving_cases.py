"""A case's child that does what its CT says: ``python -m misbehaving_cases job.json`` in place of a real worker.

The CT is a text file whose first word says what happens; each start leaves a line in the file beside it.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from pathlib import Path

from PTLFPredictorLib import child
from PTLFPredictorLib.cohort.extraction.contained import payload_of
from PTLFPredictorLib.cohort.extraction.drawing import worker_of
from PTLFPredictorLib.cohort.extraction.observed import ObservedCase, ObservedMask
from PTLFPredictorLib.cohort.extraction.result import CaseState, ExtractedCase
from PTLFPredictorLib.errors import BadInput

MODULE = "misbehaving_cases"


def started(ct: Path) -> list[int]:
    """Process numbers of all starts of a case."""
    log = ct.with_suffix(".started")
    return [int(line) for line in log.read_text().split()] if log.exists() else []


def behave(job, work, emit):
    ct = payload_of(job).sources.ct
    what, value = ct.read_text().split()
    before = len(started(ct))
    with open(ct.with_suffix(".started"), "a") as log:
        log.write(f"{os.getpid()}\n")
    if what == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "killed-once" and not before:
        os.kill(os.getpid(), signal.SIGKILL)  # as the system does where memory runs out
    if what == "sleep":
        time.sleep(600)
    if what == "bad":
        raise BadInput(f"'{ct}' is no image that can be read.")
    if what.startswith("drawn"):  # the value is the number of the process's job
        value = len(drawn(job, ct.stem, what.removeprefix("drawn-"), work, emit).split(","))
    case = ExtractedCase("", CaseState.DONE, protocol=ObservedCase("portal venous", 5.0, 0.8), masks=ObservedMask())
    case = case.to_dict() | {"volumes_ml": {"liver": 1.0, "parenchyma": 1.0, "tumor": 0.0}}
    features = [["parenchyma", "original_firstorder_Mean", float(value)]]
    result = {"case": case, "features": features, "second": [], "engine_version": "1", "seconds": {"ct": 0.1}}
    (work / "case.json").write_text(json.dumps(result))
    return {"case": work / "case.json"}


def drawn(job, name, how, work, emit) -> str:
    """What the one process that draws says of itself: `child.staying` in place of the real one."""
    folder = Path(tempfile.mkdtemp())
    assert work in folder.parents  # goes with the case, whatever happens to it
    what = {"drawn": "who"}.get(how, how)
    return worker_of(job, emit).run({"what": what, "name": name}, folder)["out"].read_text()


if __name__ == "__main__":
    child.serve(behave)
