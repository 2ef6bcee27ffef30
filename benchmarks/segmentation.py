"""nnU-Net's own command line and ours on the same CTs with the same model: seconds, processor seconds, memory, labels.

``./ptlf bench segmentation [--slow] [--json FILE]`` calls `main`.  Each CT is drawn by

- stock: ``nnUNetv2_predict_from_modelfolder`` with the fewest processes it takes (one that reads, one that writes),
- ours, first: a new worker's first CT, imports and weights included,
- ours, warm: the next CT in the same worker (its first one was another CT, where there are two).

Stock has no warm way: a CT that comes later is a new command.  Same model, tile step, mirroring (the shipped model was
trained without) and no post-processing.  One run each in turn; the imports are in the disk's cache before.  Processor
seconds are those of all processes of a run; the wall clock depends on what else the machine does (its load is printed).
Peak memory is that of all processes together, shared pages counted once (PSS; where the system does not tell it, RSS).
``--slow``: a network of full size (`random_models.FULL`: 31 million parameters, 25 labels, 1.5 mm; random weights, so
its labels mean nothing) on `ircad17` too, or where that is not here on the sample case in as many slices.  A graphics
card that can be used is measured after the processor; ``--device`` names the one that is measured alone:

    python benchmarks/segmentation.py --device cuda:0 --slow --json FILE
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "Testing"), str(ROOT / "PTLFPredictor")]

SEED, SLICES = 2001, 119
IRCAD = "data/ircad17/dicom"
SHARED = (ROOT.parent / "shared", ROOT / "shared")
POLL_S, RISE = 0.05, 4e6
STOCK = "nnUNetv2_predict_from_modelfolder"


@dataclass(frozen=True)
class Case:
    """A CT by its name, and what it is in words."""

    name: str
    of: str
    ct: sitk.Image


def main(json_path: str | os.PathLike | None = None, *, slow: bool = False, device: str = "") -> dict[str, Any]:
    """Run all, print the table and write it as JSON: for each CT ``stock``, ``first`` and ``warm`` (``seconds``,
    ``cpu_s``, ``peak_gb``), the ratios, ``dice`` per label between stock and ours, and ``differing_voxels``."""
    from PTLFPredictorLib.segmentation import default_model

    cases = _cases()
    model = replace(default_model(), largest_organ_only=False)
    result: dict[str, Any] = {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "model": f"{model.id} {model.version}",
    }
    print(f"{result['processor']}, {result['cores']} cores, load {result['load']}; model {result['model']}")
    _warm_the_disk_cache()
    card, why = _graphics_card(device or "auto")
    result["gpu"], result["gpu_s"] = why if card else None, None
    on_cpu = device in ("", "cpu")
    if on_cpu:
        result["cases"] = _compared(cases, model, "cpu")
    if card:
        result["gpu_cases"] = _compared(cases, model, card)
        result["gpu_s"] = {name: found["warm"]["seconds"] for name, found in result["gpu_cases"].items()}
    else:
        print(f"No graphics card is measured ({why}): gpu_s is null.")
    if slow:
        result |= _full_size(cases, card, on_cpu=on_cpu)
    if json_path:
        Path(json_path).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result


def _cases() -> list[Case]:
    from PTLFPredictorLib.ct import read_ct
    from PTLFPredictorLib.sample import make_case

    cases = [Case("sample", f"sample case {SEED}", make_case(SEED, matrix=512).ct)]
    real = next((base / IRCAD for base in SHARED if (base / IRCAD).is_dir()), None)
    if real is None:
        print(f"ircad17 (3D-IRCADb 17, a patient's CT) is not here (shared/{IRCAD}): left out.")
    else:
        cases.append(Case("ircad17", "3D-IRCADb 17", read_ct(real).require_usable().image))
    return cases


def _full_size(cases: list[Case], card: str, *, on_cpu: bool) -> dict[str, Any]:
    """A network as large as nnU-Net plans for a large GPU, on the real CT alone; on the CPU no warm run (minutes)."""
    import random_models
    from PTLFPredictorLib.segmentation import Model

    large = [case for case in cases if case.name == "ircad17"] or [_cut_finer(cases[0])]
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="ptlf-bench-") as folder:
        path = random_models.write_model(Path(folder) / "full", random_models.FULL)
        roles = {"parenchyma": (5,)}
        model = Model("full-size", "Random weights", "1", "CC0-1.0", "", path, "", roles, orientation="LPS")
        print("A network of full size, random weights:")
        if on_cpu:
            result["full_size_cases"] = _compared(large, model, "cpu", warm=False)
        if card:
            result["full_size_gpu_cases"] = _compared(large, model, card)
    return result


def _cut_finer(case: Case) -> Case:
    """The same body in as many slices as `ircad17` has."""
    ct = case.ct
    size, spacing = ct.GetSize(), ct.GetSpacing()
    thinner = (*spacing[:2], spacing[2] * size[2] / SLICES)
    frame = ((*size[:2], SLICES), sitk.Transform(), sitk.sitkLinear, ct.GetOrigin(), thinner, ct.GetDirection())
    return Case(case.name, f"{case.of} in {SLICES} slices", sitk.Resample(ct, *frame, -1024))


def _compared(cases: list[Case], model: Any, device: str, *, warm: bool = True) -> dict[str, Any]:
    """Stock and ours on all CTs, by the CT's name."""
    found: dict[str, Any] = {case.name: {"of": f"{case.of}, {_size(case.ct)}"} for case in cases}
    theirs: dict[str, np.ndarray] = {}
    for case in cases:
        found[case.name]["stock"], theirs[case.name] = _stock(case.ct, model, device)
        _print_line(case, STOCK, found[case.name]["stock"], device)
    for number, case in enumerate(cases):
        follower = cases[(number + 1) % len(cases)]
        for way, one in _ours(model, device, first=case, warm=follower if warm else None):
            cost, labels = one
            at = case if way == "first" else follower
            found[at.name][way] = cost
            found[at.name] |= _likeness(theirs[at.name], labels)
            _print_line(at, f"PTLFPredictor, {way}", cost, device)
    for case in cases:
        _add_ratios(found[case.name])
        _print_likeness(case, found[case.name])
    return found


def _stock(ct: sitk.Image, model: Any, device: str) -> tuple[dict[str, float], np.ndarray]:
    """Cost and labels (0, 1, 2) of one command."""
    from PTLFPredictorLib.segmentation.worker import by_role

    with tempfile.TemporaryDirectory(prefix="ptlf-bench-") as folder:
        source, target = Path(folder) / "in", Path(folder) / "out"
        source.mkdir()
        sitk.WriteImage(ct, str(source / "c_0000.nii.gz"))
        command = [*_stock_command(), "-f", "0", "-device", device.split(":")[0]]
        command += ["-i", str(source), "-o", str(target), "-m", str(model.folder), "-npp", "1", "-nps", "1"]
        with _Watch() as watch:
            ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise RuntimeError(f"{STOCK} failed:\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")
        drawn = sitk.GetArrayFromImage(sitk.ReadImage(str(target / "c.nii.gz")))
    return watch.cost, by_role(drawn, model.label_roles)


def _stock_command() -> list[str]:
    """The console script; where it is not installed, what it calls."""
    script = Path(sys.executable).with_name(STOCK)
    found = str(script) if script.exists() else shutil.which(STOCK)
    entry = "from nnunetv2.inference.predict_from_raw_data import predict_entry_point_modelfolder as run; run()"
    return [found] if found else [sys.executable, "-c", entry]


def _ours(model: Any, device: str, *, first: Case, warm: Case | None):
    """In a new worker: way, cost and labels of its first CT, then of the next one."""
    from PTLFPredictorLib.segmentation import Segmenter
    from PTLFPredictorLib.segmentation.how import How

    with Segmenter() as segmenter:
        for way, case in (("first", first), ("warm", warm)):
            if case is None:
                continue
            with tempfile.TemporaryDirectory(prefix="ptlf-bench-") as work, _Watch() as watch:
                drawn = segmenter.segment(case.ct, model, work=Path(work), how=How(device)).labels
            yield way, (watch.cost, sitk.GetArrayFromImage(drawn))


class _Watch:
    """Wall and processor seconds and peak memory of all processes that this one starts or has started."""

    def __enter__(self) -> _Watch:
        self._peak, self._stop = 0.0, threading.Event()  # of PSS, GB
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._cpu, self._start = self._cpu_now(), time.monotonic()
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        seconds, cpu_s = time.monotonic() - self._start, self._cpu_now() - self._cpu
        self._stop.set()
        self._watcher.join()
        self.cost = {"seconds": round(seconds, 2), "cpu_s": round(cpu_s, 2), "peak_gb": round(self._peak, 2)}

    @staticmethod
    def _cpu_now() -> float:
        """Of those that have ended and been waited for, and of those that live."""
        import psutil

        return sum(os.times()[2:4]) + _sum(
            psutil.Process().children(recursive=True), lambda one: sum(one.cpu_times()[:4])
        )

    def _watch(self) -> None:
        """PSS, which costs the watched process time, is asked for only where RSS says that it may be a new peak."""
        import psutil

        highest = 0
        while not self._stop.wait(POLL_S):
            found = psutil.Process().children(recursive=True)
            resident = _sum(found, lambda process: process.memory_info().rss)
            if resident > highest + RISE:
                self._peak = max(self._peak, _sum(found, _pss) / 1e9)
                after = _sum(found, lambda process: process.memory_info().rss)
                highest = min(resident, after)  # what was asked for may have shrunk, or ended, meanwhile


def _sum(processes, what) -> float:
    """Of those that have not ended in the meantime."""
    import psutil

    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error, OSError):
            total += what(process)
    return total


def _pss(process) -> int:
    full = process.memory_full_info()
    return getattr(full, "pss", full.rss)


def _likeness(theirs: np.ndarray, ours: np.ndarray) -> dict[str, Any]:
    dice = {}
    for name, label in (("parenchyma", 1), ("tumor", 2)):
        one, other = theirs == label, ours == label
        both = np.count_nonzero(one) + np.count_nonzero(other)
        dice[name] = 2.0 * np.count_nonzero(one & other) / both if both else 1.0
    return {"dice": dice, "differing_voxels": int(np.count_nonzero(theirs != ours))}


def _add_ratios(found: dict[str, Any]) -> None:
    for way in ("first", "warm"):
        if way in found:
            for what in ("seconds", "cpu_s"):
                found[f"ratio_{way}_{what}"] = round(found["stock"][what] / found[way][what], 2)
    found["peak_not_above_stock"] = all(
        found[way]["peak_gb"] <= found["stock"]["peak_gb"] for way in ("first", "warm") if way in found
    )


def _print_line(case: Case, who: str, cost: Mapping[str, float], device: str) -> None:
    print(
        f"  {case.name:8} {device:7} {who:34} {cost['seconds']:7.1f} s  {cost['cpu_s']:7.1f} CPU s  "
        f"{cost['peak_gb']:5.2f} GB",
        flush=True,
    )


def _print_likeness(case: Case, found: Mapping[str, Any]) -> None:
    ratios = "; ".join(
        f"{way} {found[f'ratio_{way}_seconds']:.2f} times as fast ({found[f'ratio_{way}_cpu_s']:.2f} in CPU s)"
        for way in ("first", "warm")
        if way in found
    )
    dice = ", ".join(f"{name} {value:.4f}" for name, value in found["dice"].items())
    print(f"  {case.name:8} ({found['of']}) {ratios}; Dice {dice}; {found['differing_voxels']} voxels differ")


def _size(ct: sitk.Image) -> str:
    return " x ".join(map(str, ct.GetSize()))


def _graphics_card(wanted: str) -> tuple[str, str]:
    """Its torch name ("" where none can be used) and what is said of it; asked in a child, as the panel does."""
    from PTLFPredictorLib import child
    from PTLFPredictorLib.segmentation import probe

    with tempfile.TemporaryDirectory(prefix="ptlf-bench-") as work:
        found = json.loads(child.run(probe.WORKER, {"device": wanted}, Path(work))["device"].read_text())
    return "" if found["device"] == "cpu" else found["device"], found["why"]


def _warm_the_disk_cache() -> None:
    subprocess.run([sys.executable, "-c", "import nnunetv2.inference.predict_from_raw_data"], check=False)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="", help="measured alone: cpu, cuda:0 ...")
    parser.add_argument("--slow", action="store_true", help="a network of full size too")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    main(given.json, slow=given.slow, device=given.device)
