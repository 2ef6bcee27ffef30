"""A fold that trains nothing: tells its iterations, and on which GPU it would be."""

import os
import time
from pathlib import Path

from PTLFPredictorLib import child
from PTLFPredictorLib.errors import OutOfMemory


def train_fold(job, work, emit):
    told = child.progress_of(emit)
    folder = next((Path(job["preprocessed"]).parents[1] / "results").glob("*/*")) / f"fold_{job['fold']}"
    folder.mkdir()
    (folder / "started").write_text(f"{os.environ.get('CUDA_VISIBLE_DEVICES')} {job['seed']} {time.monotonic()}")
    for done in range(0, 41, 4):
        told("Training", done, 40)
        time.sleep(0.03)
        if job["fold"] == 1 and job["epochs"] == 666:
            raise OutOfMemory("The GPU's memory did not suffice.")
    (folder / "checkpoint_final.pth").write_text(f"{time.monotonic()}")
    (work / "facts.json").write_text("{}")
    return {"facts": work / "facts.json"}


if __name__ == "__main__":
    child.serve(train_fold)
