"""What needs an NVIDIA GPU: labels against the CPU's and nnU-Net's own, steps back at out of memory, seconds.

    python Testing/gpu_check.py [--device cuda:0] [--quick] [--full-stock] [--json FILE]

Prints JSON.  The large network has random weights and `FULL`'s size; its CT is a phantom of 512 x 512 x 119 voxels, as
large as 3D-IRCADb 17.  nnU-Net's export of 25 labels to that size is timed on three and scaled, unless ``--full-stock``
asks for all of it (minutes; the labels are then compared too).  Needs torch, nnunetv2, SimpleITK; no pytest.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "PTLFPredictor"), str(ROOT / "Testing")]

import numpy as np  # noqa: E402
import SimpleITK as sitk  # noqa: E402
import torch  # noqa: E402

from PTLFPredictorLib.segmentation import model_folder  # noqa: E402
from PTLFPredictorLib.segmentation.how import How  # noqa: E402
from PTLFPredictorLib.segmentation.network import Network, memory  # noqa: E402
from random_models import FULL, TINY, phantom, stock_predictor, write_model  # noqa: E402

KINDS = {
    "plain": replace(TINY, patch=(32, 64, 64)),
    "splines, mirrored, two folds": replace(TINY, splines=True, mirror_axes=(0, 1, 2), folds=("0", "1")),
    "regions, residual": replace(
        TINY,
        residual=True,
        labels={"background": 0, "whole liver": [1, 2], "tumour": 2},
        regions_class_order=[1, 2],
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--quick", action="store_true", help="a smaller network and CT: does the script run?")
    parser.add_argument("--full-stock", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    start = time.monotonic()
    checks: dict[str, Callable[[Path, argparse.Namespace], Any]] = {
        "labels": labels,
        "out_of_memory": out_of_memory,
        "full_size": full_size,
    }
    result: dict[str, Any] = {"device": title(arguments.device), "torch": torch.__version__}
    with tempfile.TemporaryDirectory() as folder:
        for name, check in checks.items():
            try:
                result[name] = check(Path(folder) / name, arguments)
            except Exception as error:  # the other checks are worth their time all the same
                traceback.print_exc()
                result[name] = {"failed": f"{type(error).__name__}: {error}"[:500]}
            result["seconds"] = round(time.monotonic() - start, 1)
            print(json.dumps(result, indent=1), flush=True)
            if arguments.json:
                arguments.json.write_text(json.dumps(result, indent=1))


def title(device: str) -> str:
    return "cpu" if device == "cpu" else torch.cuda.get_device_name(device)


def labels(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Share of voxels that differ: ours on the GPU from ours on the CPU, and from nnU-Net's predictor on the GPU."""
    ct, told = phantom((90, 80, 60), (1.7, 1.9, 3.2)), {}
    for name, kind in KINDS.items():
        facts = model_folder.check(write_model(folder / name, kind))
        on_gpu = Network(facts, how=How(arguments.device)).predict(ct)
        on_cpu = Network(facts).predict(ct)
        stock = stock_labels(folder / name, ct, arguments.device)
        told[name] = {
            "from_cpu": float(np.mean(on_gpu.labels != on_cpu.labels)),
            "from_stock_on_gpu": float(np.mean(on_gpu.labels != stock)),
            "labels": np.bincount(stock.ravel()).tolist(),
            "device": on_gpu.settings["device"],
            "fallbacks": on_gpu.settings["fallbacks"],
        }
    return told


def stock_labels(folder: Path, ct: sitk.Image, device: str) -> np.ndarray:
    array = sitk.GetArrayFromImage(ct)[None].astype(np.float32)
    predictor = stock_predictor(folder, device)
    return predictor.predict_single_npy_array(array, {"spacing": list(ct.GetSpacing())[::-1]})


def out_of_memory(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Less and less memory, given by torch's own limit: which step was taken, and are the labels the same?"""
    if arguments.device == "cpu":
        return {}
    facts = model_folder.check(write_model(folder, replace(TINY, features=(16, 32, 32), patch=(64, 64, 64))))
    ct, told = phantom((200, 200, 150), (1.6, 1.6, 1.6)), {}
    free_all(arguments.device)
    expected = Network(facts, how=How(arguments.device)).predict(ct)
    most = torch.cuda.max_memory_reserved(arguments.device)
    total = torch.cuda.get_device_properties(arguments.device).total_memory
    for share in (0.7, 0.3, 0.0):
        free_all(arguments.device)
        torch.cuda.set_per_process_memory_fraction(max(share * most, 1 << 20) / total, arguments.device)
        try:
            drawing = Network(facts, how=How(arguments.device)).predict(ct)
            told[f"{share:.0%} of {most >> 20} MB"] = {
                "device": drawing.settings["device"],
                "fallbacks": drawing.settings["fallbacks"],
                "differing": float(np.mean(drawing.labels != expected.labels)),
            }
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0, arguments.device)
    return told


def free_all(device: str) -> None:
    gc.collect()
    if device != "cpu":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def full_size(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    kind = (
        replace(FULL, features=(8, 16, 32), strides=FULL.strides[:3], patch=(64, 64, 64)) if arguments.quick else FULL
    )
    write_model(folder, kind)
    ct = phantom((160, 160, 80) if arguments.quick else (509, 510, 118), (0.743, 0.743, 1.6))
    result: dict[str, Any] = {"ct": ct.GetSize()}
    result["ours"], ours = our_seconds(folder, ct, arguments.device)
    result["batches"] = pass_seconds(folder, kind.patch, arguments.device)
    result["stock"], stock = stock_seconds(folder, ct, arguments)
    result["ratio_warm"] = round(result["stock"]["all"] / result["ours"][-1]["all"], 2)
    memory.BATCH_VOXELS = 1  # one pass at a time, as nnU-Net does it
    alone = Network(model_folder.check(folder), how=How(arguments.device)).predict(ct).labels
    result["differing_one_pass_at_a_time"] = float(np.mean(alone != ours))
    if stock is not None:
        result["differing"] = float(np.mean(stock != ours))
        result["differing_from_stock_one_pass_at_a_time"] = float(np.mean(stock != alone))
    return result


def our_seconds(folder: Path, ct: sitk.Image, device: str) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Of three runs, the first with loading and the choice of convolutions: seconds by stage, peak memory."""
    runs, network, drawing = [], None, None
    for _ in range(3):
        free_all(device)
        told: list[tuple[str, float]] = []
        start = time.monotonic()
        network = network or Network(model_folder.check(folder), how=How(device))
        drawing = network.predict(ct, progress=lambda stage, *_, to=told: to.append((stage, time.monotonic())))
        end = time.monotonic()
        stages = [*sorted(dict(reversed(told)).items(), key=lambda item: item[1]), ("", end)]
        run: dict[str, Any] = {"all": round(end - start, 3), "loading": round(stages[0][1] - start, 3)}
        run |= {name: round(after - at, 3) for (name, at), (_, after) in pairwise(stages)}
        if device != "cpu":
            run["peak_gpu_mb"] = torch.cuda.max_memory_allocated(device) >> 20
        run["estimated_mb"] = {k: v >> 20 for k, v in network.peak_bytes(ct.GetSize(), ct.GetSpacing()).items()}
        runs.append(run | {k: drawing.settings[k] for k in ("passes", "device", "fallbacks")})
    return runs, drawing.labels


def pass_seconds(folder: Path, patch: tuple[int, ...], device: str) -> dict[str, float]:
    """Seconds of one pass over a tile, by tiles at once and order of the axes in memory."""
    if device == "cpu":
        return {}
    network = next(Network(model_folder.check(folder), how=How(device))._folds.networks(device))
    told = {}
    for order in (torch.contiguous_format, torch.channels_last_3d):
        network = network.to(memory_format=order)
        for batch in (1, 2, 4):
            tiles = torch.randn((batch, 1, *patch), device=device).contiguous(memory_format=order)
            with torch.inference_mode(), torch.autocast("cuda"):
                for count in (3, 5):
                    torch.cuda.synchronize(device)
                    start = time.monotonic()
                    for _ in range(count):
                        network(tiles)
                    torch.cuda.synchronize(device)
            told[f"{order} x {batch}".removeprefix("torch.")] = round((time.monotonic() - start) / 5 / batch, 4)
    return told


def stock_seconds(folder: Path, ct: sitk.Image, arguments: argparse.Namespace) -> tuple[dict, np.ndarray | None]:
    """nnU-Net's own predictor in the same process, the second time it meets the network."""
    from nnunetv2.inference.export_prediction import convert_predicted_logits_to_segmentation_with_correct_shape

    predictor = stock_predictor(folder, arguments.device)
    plans, configuration = predictor.plans_manager, predictor.configuration_manager
    told: dict[str, Any] = {}

    def timed(name: str, function: Callable[[], Any]) -> Any:
        start = time.monotonic()
        value = function()
        told[name] = round(time.monotonic() - start, 3)
        return value

    array = sitk.GetArrayFromImage(ct)[None].astype(np.float32)
    preprocessor = configuration.preprocessor_class(verbose=False)
    properties = {"spacing": list(ct.GetSpacing())[::-1]}
    data, _, properties = timed(
        "preparing",
        lambda: preprocessor.run_case_npy(array, None, properties, plans, configuration, predictor.dataset_json),
    )
    predictor.predict_logits_from_preprocessed_data(torch.from_numpy(data))
    logits = timed("tiles", lambda: predictor.predict_logits_from_preprocessed_data(torch.from_numpy(data)).cpu())
    manager, stock = predictor.label_manager, None
    if arguments.full_stock:
        stock = timed(
            "export",
            lambda: convert_predicted_logits_to_segmentation_with_correct_shape(
                logits, plans, configuration, manager, properties
            ),
        )
    else:
        shape = properties["shape_after_cropping_and_before_resampling"]
        resample, spacing = configuration.resampling_fn_probabilities, properties["spacing"]
        timed("export", lambda: resample(logits[:3], shape, configuration.spacing, spacing).argmax(0))
        told["export"] = round(told["export"] * len(logits) / 3, 1)
        told["export_is"] = f"measured on 3 of {len(logits)} labels, scaled"
    told["all"] = round(told["preparing"] + told["tiles"] + told["export"], 2)
    return told, stock


if __name__ == "__main__":
    main()
