"""Gets a model as badly as a test asks, instead of the real child; run as a module by `child.Child`."""

import json
import time

from PTLFPredictorLib import child
from PTLFPredictorLib.errors import PTLFError


def get(job, work, emit):
    progress = child.progress_of(emit)
    for part in range(job.get("parts", 3)):
        progress("Downloading the weights", part, job.get("parts", 3))
        time.sleep(0.02)
    if "fails" in job:
        raise PTLFError(job["fails"])
    output = work / "model.json"
    output.write_text(json.dumps({"id": job["id"]}), encoding="utf-8")
    return {"model": output}


if __name__ == "__main__":
    child.serve(get)
