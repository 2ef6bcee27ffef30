"""nnU-Net's own command line and ours on one sample case: seconds, peak memory, and whether the labels are equal.

``./ptlf bench segmentation --json FILE`` calls `main`.  Both start cold, on the CPU, with the same model, tile step
and no test-time mirroring (the demo model was trained without).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "PTLFPredictor"))

SEED = 2001
POLL_S = 0.1


def main(json_path: str | os.PathLike | None = None) -> dict[str, Any]:
    """Run both, print the table and write it as JSON (keys ``stock``, ``ours``, ``ratio``, ``differing_voxels``)."""
    from PTLFPredictorLib.sample import make_case
    from PTLFPredictorLib.segmentation import default_model

    model = replace(default_model(), largest_organ_only=False)
    case = make_case(SEED, matrix=512)
    with tempfile.TemporaryDirectory(prefix="ptlf-bench-") as folder:
        work = Path(folder)
        sitk.WriteImage(case.ct, str(work / "ct.nrrd"))
        stock, theirs = _measured(lambda: _stock(case.ct, model.folder, work))
        ours, labels = _measured(lambda: _ours(case.ct, model, work))
    result = {
        "of": f"sample case {SEED}, {' x '.join(map(str, case.ct.GetSize()))} voxels",
        "cores": os.cpu_count(),
        "stock": stock,
        "ours": ours,
        "ratio": stock["seconds"] / ours["seconds"],
        "differing_voxels": int(np.count_nonzero(theirs != labels)),
    }
    print(f"{result['of']}, {result['cores']} CPU cores")
    for name, title in (("stock", "nnUNetv2_predict_from_modelfolder"), ("ours", "PTLFPredictor")):
        print(f"{title:34} {result[name]['seconds']:7.1f} s  {result[name]['peak_gb']:6.2f} GB")
    print(f"ratio {result['ratio']:.2f}, {result['differing_voxels']} voxels differ")
    if json_path:
        Path(json_path).write_text(json.dumps(result, indent=1) + "\n")
    return result


def _stock(ct: sitk.Image, model: Path, work: Path) -> np.ndarray:
    source, target = work / "in", work / "out"
    source.mkdir()
    sitk.WriteImage(ct, str(source / "c_0000.nii.gz"))
    command = [str(Path(sys.executable).with_name("nnUNetv2_predict_from_modelfolder")), "-f", "0", "-device", "cpu"]
    command += ["-i", str(source), "-o", str(target), "-m", str(model), "-npp", "1", "-nps", "1"]
    subprocess.run(command, check=True, capture_output=True)
    return sitk.GetArrayFromImage(sitk.ReadImage(str(target / "c.nii.gz")))


def _ours(ct: sitk.Image, model: Any, work: Path) -> np.ndarray:
    from PTLFPredictorLib.segmentation import segment

    own = work / "own"
    own.mkdir()
    return sitk.GetArrayFromImage(segment(ct, model, work=own, device="cpu").labels)


def _measured(run) -> tuple[dict[str, float], np.ndarray]:
    """Seconds and peak memory (PSS where the system tells it) of all child processes of `run` together."""
    import psutil

    peak, stop = [0.0], threading.Event()

    def watch() -> None:
        while not stop.wait(POLL_S):
            total = 0
            for process in psutil.Process().children(recursive=True):
                try:
                    full = process.memory_full_info()
                    total += getattr(full, "pss", full.rss)
                except psutil.Error:
                    continue
            peak[0] = max(peak[0], total / 1e9)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    start = time.monotonic()
    labels = run()
    seconds = time.monotonic() - start
    stop.set()
    watcher.join()
    return {"seconds": round(seconds, 1), "peak_gb": round(peak[0], 2)}, labels


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
