"""nnU-Net's own command line and ours on the same CTs with the same model: seconds, processor seconds, memory, labels.

``./ptlf bench segmentation [--slow] [--pairs N] [--json FILE]`` calls `main`.  Each CT is drawn by

- stock: ``nnUNetv2_predict_from_modelfolder`` with the fewest processes it takes (one that reads, one that writes),
- torch, first: a new worker's first CT, imports and weights included,
- torch, warm: the next CT in the same worker (its first one was another CT, where there are two),
- OpenVINO, first and warm, on the processor, where it is installed; what its conversion costs is told apart,
- what else may be chosen (`CHOICES`), warm: label voxels that differ from torch's own.

Stock has no warm way: a CT that comes later is a new command. Same model, tile step, mirroring (the shipped model
was trained without) and no post-processing. Ours resamples only the channels that have a role, stock all: the label
voxels that differ from stock's tell what that changes. All run in turn, `measuring.PAIRS` times, and each figure is
the median; the imports are in the disk's cache before. Processor seconds are those of all processes of a run; the
wall clock depends on what else the machine does (its load is printed). Peak memory is that of all processes
together, shared pages counted once (PSS; where the system does not tell it, RSS). ``--slow``: a network of full
size (`random_models.FULL`: 31 million parameters, 25 labels, 1.5 mm; random weights, so its labels mean nothing) on
`ircad17` too, once, or where that is not here on the sample case in as many slices. A graphics card that can be
used is measured after that; ``--device`` names the one that is measured alone:

    python benchmarks/segmentation.py --device cuda:0 --slow --json FILE
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "benchmarks" / "parts"), str(ROOT / "Testing"), str(ROOT / "PTLFPredictor")]

import measuring  # noqa: E402
from watching import Watch  # noqa: E402

SEED, SLICES = 2001, 119
IRCAD = "data/ircad17/dicom"
SHARED = (ROOT.parent / "shared", ROOT / "shared")
STOCK = "nnUNetv2_predict_from_modelfolder"
TORCH, OPENVINO = "torch", "openvino"
COSTS = ("seconds", "cpu_s", "peak_gb")

CHOICES: dict[str, dict[str, Any]] = {
    "tile step 0.75": {"tile_step": 0.75},
}
"""What may be chosen of a run beside the runtime -> fields of `How`."""

TARGETS = {"first": 5, "warm": 8}
"""How many times stock's processor seconds OpenVINO is to save at least, on the shipped model."""


@dataclass(frozen=True)
class Case:
    """A CT by its name, and what it is in words."""

    name: str
    of: str
    ct: sitk.Image


def main(
    json_path: str | os.PathLike | None = None,
    *,
    slow: bool = False,
    device: str = "",
    pairs: int = measuring.PAIRS,
) -> dict[str, Any]:
    """Run all, print the table and write it as JSON.

    Returns
    -------
    dict
        ``machine``, ``model``, and for each CT ``stock``, ``first`` and ``warm`` (torch; ``seconds``, ``cpu_s``,
        ``peak_gb``), the ratios to stock, ``dice`` per label between stock and ours, ``differing_voxels``;
        ``openvino``, the same of it; ``choices``, by their words what each costs, warm, and differs from torch.
    """
    from PTLFPredictorLib.segmentation import default_model

    cases = _cases()
    model = replace(default_model(), largest_organ_only=False)
    machine = measuring.machine()
    result: dict[str, Any] = {
        "machine": machine,
        "processor": machine["processor"],
        "cores": machine["cores"],
        "load": machine["load_before"],
        "pairs": pairs,
        "model": f"{model.id} {model.version}",
    }
    print(f"{measuring.in_words(machine)}; model {result['model']}; medians of {pairs} runs in turn")
    _warm_the_disk_cache()
    card, why = _graphics_card(device or "auto")
    result["gpu"], result["gpu_s"] = why if card else None, None
    on_cpu = device in ("", "cpu")
    if on_cpu:
        result["cases"] = _compared(cases, model, "cpu", pairs)
        for name, found in result["cases"].items():
            found["targets"] = targets(found.get(OPENVINO, {}))
            print("\n".join(f"  {name:8} {sentence}" for sentence in found["targets"]), flush=True)
    if card:
        result["gpu_cases"] = _compared(cases, model, card, pairs)
        result["gpu_s"] = {name: found["warm"]["seconds"] for name, found in result["gpu_cases"].items()}
    else:
        print(f"No graphics card is measured ({why}): gpu_s is null.")
    if slow:
        result |= _full_size(cases, card, on_cpu=on_cpu)
    result["machine"] = measuring.ended(machine)
    print(measuring.in_words(result["machine"]))
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
            result["full_size_cases"] = _compared(large, model, "cpu", 1, warm=False)
        if card:
            result["full_size_gpu_cases"] = _compared(large, model, card, 1)
    return result


def _cut_finer(case: Case) -> Case:
    """The same body in as many slices as `ircad17` has."""
    ct = case.ct
    size, spacing = ct.GetSize(), ct.GetSpacing()
    thinner = (*spacing[:2], spacing[2] * size[2] / SLICES)
    frame = ((*size[:2], SLICES), sitk.Transform(), sitk.sitkLinear, ct.GetOrigin(), thinner, ct.GetDirection())
    return Case(case.name, f"{case.of} in {SLICES} slices", sitk.Resample(ct, *frame, -1024))


def _compared(cases: list[Case], model: Any, device: str, pairs: int, *, warm: bool = True) -> dict[str, Any]:
    """Stock and ours on all CTs, by the CT's name."""
    runtimes = _runtimes(model, device)
    costs: dict[tuple[str, str], list[dict[str, float]]] = {}
    labels: dict[tuple[str, str], np.ndarray] = {}

    def keep(case: Case, way: str, cost: dict[str, float], drawn: np.ndarray) -> None:
        costs.setdefault((case.name, way), []).append(cost)
        labels.setdefault((case.name, way), drawn)
        _print_line(case, way, cost, device)

    for _ in range(pairs):
        for case in cases:
            keep(case, STOCK, *_stock(case.ct, model, device))
        for runtime in runtimes:
            for number, case in enumerate(cases):
                follower = cases[(number + 1) % len(cases)]
                for way, at, cost, drawn in _ours(model, device, runtime, first=case, warm=follower if warm else None):
                    keep(at, f"{runtime}, {way}", cost, drawn)
    return {case.name: _found(case, runtimes, costs, labels) for case in cases}


def _found(
    case: Case,
    runtimes: Sequence[str],
    costs: Mapping[tuple[str, str], Sequence[Mapping[str, float]]],
    labels: Mapping[tuple[str, str], np.ndarray],
) -> dict[str, Any]:
    """The medians of a CT, and how its labels differ."""

    def cost(way: str) -> dict[str, float | None]:
        return measuring.medians(costs[case.name, way], COSTS)

    found: dict[str, Any] = {"of": f"{case.of}, {_size(case.ct)}", "stock": cost(STOCK)}
    ways = [way for name, way in costs if name == case.name]
    for runtime in runtimes:
        own = {way: cost(f"{runtime}, {way}") for way in ("first", "warm") if f"{runtime}, {way}" in ways}
        drawn = labels[case.name, f"{runtime}, first"]
        one = {**own, **likeness(labels[case.name, STOCK], drawn), **ratios(found["stock"], own)}
        if runtime == TORCH:
            found |= one
            found["choices"] = {
                words: cost(f"{TORCH}, {words}") | likeness(drawn, labels[case.name, f"{TORCH}, {words}"])
                for words in CHOICES
                if f"{TORCH}, {words}" in ways
            }
        else:
            found[runtime] = one | {"beside_torch": likeness(labels[case.name, f"{TORCH}, first"], drawn)}
        _print_likeness(case, runtime, one)
    for words, one in found["choices"].items():
        print(f"  {case.name:8} {words}: {one['cpu_s']:.1f} CPU s; {_differ(one)} from torch as the model has it")
    if OPENVINO in found:
        print(f"  {case.name:8} openvino: {_differ(found[OPENVINO]['beside_torch'])} from torch", flush=True)
    return found


def _runtimes(model: Any, device: str) -> tuple[str, ...]:
    """What computes the network here; OpenVINO's conversion is made before anything is measured, and told."""
    if device != "cpu":
        return (TORCH,)
    if importlib.util.find_spec(OPENVINO) is None:
        print("OpenVINO is not installed: torch alone.")
        return (TORCH,)
    convert = [sys.executable, "-m", "PTLFPredictorLib.cli", "models", "convert", str(model.folder)]
    for role, labels in model.label_roles.items():
        convert += [f"--labels={role}={'+'.join(map(str, labels))}"]
    library = {**os.environ, "PYTHONPATH": str(ROOT / "PTLFPredictor")}  # kept under the model's hash, as a user's
    with Watch() as watch:
        subprocess.run(convert, check=True, env=library)
    print(f"  conversion for OpenVINO: {watch.cost['seconds']:.1f} s, {watch.cost['cpu_s']:.1f} CPU s", flush=True)
    return (TORCH, OPENVINO)


def targets(found: Mapping[str, Any]) -> list[str]:
    """What OpenVINO was to reach beside stock, and whether it did, in sentences."""
    sentences = []
    for way, least in TARGETS.items():
        if f"ratio_{way}_cpu_s" in found:
            ratio = found[f"ratio_{way}_cpu_s"]
            reached = "reached" if ratio >= least else "FELL SHORT"
            sentences.append(
                f"OpenVINO, {way}: {ratio:.1f} times stock's processor seconds; at least {least}: {reached}"
            )
    return sentences


def _stock(ct: sitk.Image, model: Any, device: str) -> tuple[dict[str, float], np.ndarray]:
    """Cost and labels (0, 1, 2) of one command."""
    from PTLFPredictorLib.segmentation.segments import by_role

    with tempfile.TemporaryDirectory(prefix="ptlf-bench-") as folder:
        source, target = Path(folder) / "in", Path(folder) / "out"
        source.mkdir()
        sitk.WriteImage(ct, str(source / "c_0000.nii.gz"))
        command = [*_stock_command(), "-f", "0", "-device", device.split(":")[0]]
        command += ["-i", str(source), "-o", str(target), "-m", str(model.folder), "-npp", "1", "-nps", "1"]
        with Watch() as watch:
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


def _ours(
    model: Any, device: str, runtime: str, *, first: Case, warm: Case | None
) -> Iterator[tuple[str, Case, dict[str, float], np.ndarray]]:
    """In a new worker: way, CT, cost and labels of its first CT, then of the next one, then of what may be chosen."""
    from PTLFPredictorLib.segmentation import Segmenter
    from PTLFPredictorLib.segmentation.how import How

    own = How(device, runtime=runtime)
    ways = [("first", first, own)]
    if warm is not None:
        ways.append(("warm", warm, own))
    if runtime == TORCH:
        ways += [(words, first, replace(own, **chosen)) for words, chosen in CHOICES.items()]
    with Segmenter() as segmenter:
        for way, case, how in ways:
            with tempfile.TemporaryDirectory(prefix="ptlf-bench-") as work, Watch() as watch:
                made = segmenter.segment(case.ct, model, work=Path(work), how=how)
            drew = made.settings.get("runtime", {"name": TORCH})["name"]
            if drew != runtime:
                raise RuntimeError(f"{drew} drew where {runtime} was asked for")
            yield way, case, watch.cost, sitk.GetArrayFromImage(made.labels)


def likeness(theirs: np.ndarray, ours: np.ndarray) -> dict[str, Any]:
    dice = {}
    for name, label in (("parenchyma", 1), ("tumor", 2)):
        one, other = theirs == label, ours == label
        both = np.count_nonzero(one) + np.count_nonzero(other)
        dice[name] = 2.0 * np.count_nonzero(one & other) / both if both else 1.0
    return {"dice": dice, "differing_voxels": int(np.count_nonzero(theirs != ours))}


def ratios(stock: Mapping[str, float], own: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """How many times stock takes what ours takes, by way; and whether ours needs no more memory."""
    found: dict[str, Any] = {
        f"ratio_{way}_{what}": round(stock[what] / cost[what], 2)
        for way, cost in own.items()
        for what in ("seconds", "cpu_s")
    }
    return found | {"peak_not_above_stock": all(cost["peak_gb"] <= stock["peak_gb"] for cost in own.values())}


def _print_line(case: Case, who: str, cost: Mapping[str, float], device: str) -> None:
    print(
        f"  {case.name:8} {device:7} {who:34} {cost['seconds']:7.1f} s  {cost['cpu_s']:7.1f} CPU s  "
        f"{cost['peak_gb']:5.2f} GB",
        flush=True,
    )


def _print_likeness(case: Case, runtime: str, found: Mapping[str, Any]) -> None:
    beside = "; ".join(
        f"{way} {found[f'ratio_{way}_cpu_s']:.2f} times as fast in CPU s, {found[f'ratio_{way}_seconds']:.2f} in wall s"
        for way in ("first", "warm")
        if way in found
    )
    print(f"  {case.name:8} {runtime} beside stock: {beside}; {_differ(found)} from stock", flush=True)


def _differ(found: Mapping[str, Any]) -> str:
    dice = ", ".join(f"{name} {value:.4f}" for name, value in found["dice"].items())
    return f"Dice {dice}; {found['differing_voxels']} label voxels differ"


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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="", help="measured alone: cpu, cuda:0 ...")
    parser.add_argument("--slow", action="store_true", help="a network of full size too")
    parser.add_argument("--pairs", type=int, default=measuring.PAIRS, metavar="N", help="runs of each, in turn")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    main(given.json, slow=given.slow, device=given.device, pairs=given.pairs)
