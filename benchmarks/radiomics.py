"""PyRadiomics and the built-in engine on one patient: seconds, peak memory, ratio, largest relative difference.

``./ptlf bench radiomics --json FILE`` calls `main`.  Each run is a child process of its own, so that its peak memory
is its own; PyRadiomics runs in its own environment.  The patient is 3D-IRCADb-01 case 17 (DICOM and expert labels in
``../shared/data/ircad17``), or, where these are absent, a seeded synthetic ellipsoid of the same size, which is said in
the output.

``python benchmarks/radiomics.py scaling FILE.png`` plots the built-in engine's time over VOIs of 0.1 to 4 million
voxels (needs matplotlib): processor time, so that other work on the computer does not bend the line.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("PTLF_SHARED_DATA") or ROOT.parent / "shared" / "data")
SIGNATURE = {
    "tumor": ["exponential_glrlm_RunLengthNonUniformity", "wavelet-HHH_glszm_SizeZoneNonUniformity"],
    "liver": [
        "lbp-3D-m1_firstorder_Skewness",
        "lbp-3D-m2_firstorder_Mean",
        "log-sigma-1-0-mm-3D_glcm_Imc1",
        "log-sigma-1-0-mm-3D_gldm_DependenceNonUniformityNormalized",
        "wavelet-HHH_glcm_DifferenceEntropy",
        "wavelet-HHL_firstorder_Mean",
        "wavelet-LHH_firstorder_Mean",
        "wavelet-LLH_firstorder_Kurtosis",
    ],
}
"""The ten features of the published signature."""

ALL = {"tumor": None, "liver": None}
SCALING_MILLION_VOXELS = (0.1, 0.2, 0.5, 1.0, 2.0, 4.0)
CT_SPACING_MM = (0.74, 0.74, 1.6)


def main(json_path: str | os.PathLike | None = None, *, with_all: bool = True) -> dict[str, Any]:
    """Run all comparisons, print the table and write it as JSON.

    Parameters
    ----------
    json_path : path, optional
        Where to write the result.
    with_all : bool
        Also the 1874 features of both VOIs (PyRadiomics takes some ten minutes).

    Returns
    -------
    dict
        ``signature`` and ``all``, each with ``ratio``, ``max_rel_diff``, ``peak_gb`` and ``seconds`` of the built-in
        engine, the same of PyRadiomics, and ``filters`` {image type: {"builtin", "pyradiomics", "ratio"}}.
    """
    image, masks, source = ircad17() or synthetic(2.0)
    result: dict[str, Any] = {"case": source, "voxels": {k: int(m.sum()) for k, m in masks.items()}}
    with tempfile.TemporaryDirectory(prefix="ptlf-bench-") as folder:
        write_case(Path(folder), image, masks)
        del image
        for name, wanted in (("signature", SIGNATURE), ("all", ALL))[: 2 if with_all else 1]:
            builtin = run_child(Path(folder), "builtin", wanted)
            reference = run_child(Path(folder), "pyradiomics", wanted)
            result[name] = compared(builtin, reference)
            print_table(name, result[name], file=sys.stdout)
    if json_path is not None:
        Path(json_path).write_text(json.dumps(result, indent=2), encoding="utf-8")
    return result


def ircad17() -> tuple[sitk.Image, dict[str, np.ndarray], str] | None:
    folder, labels = DATA / "ircad17" / "dicom", DATA / "ircad17" / "liver1_tumour2.nii.gz"
    if not labels.is_file():
        return None
    files = sorted(folder.iterdir(), key=slice_position)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(file) for file in files])
    label = sitk.GetArrayFromImage(sitk.ReadImage(str(labels)))
    return reader.Execute(), {"liver": label == 1, "tumor": label == 2}, "3D-IRCADb-01 case 17, full resolution"


def slice_position(file: Path) -> float:
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(file))
    reader.ReadImageInformation()
    return reader.GetOrigin()[2]


def synthetic(million_voxels: float) -> tuple[sitk.Image, dict[str, np.ndarray], str]:
    """Correlated noise at portal venous HU; an ellipsoid of so many voxels with a tumour of a tenth in it."""
    from scipy import ndimage

    semi = (3 * million_voxels * 1e6 / (4 * np.pi) / (0.45 * 1.0 * 1.15)) ** (1 / 3) * np.array([0.45, 1.0, 1.15])
    shape = tuple(int(2 * s + 24) for s in semi)
    rng = np.random.default_rng(17)
    noise = ndimage.gaussian_filter(rng.normal(size=shape).astype(np.float32), 0.8)
    grid = np.ogrid[tuple(slice(0, n) for n in shape)]
    distance = sum(((g - n / 2) / s) ** 2 for g, n, s in zip(grid, shape, semi, strict=True))
    tumour = distance < 0.1 ** (2 / 3)
    hu = 105 + 28 / noise.std() * noise - 30 * tumour - 200 * (distance > 1)
    image = sitk.GetImageFromArray(np.round(hu).astype(np.int16))
    image.SetSpacing(CT_SPACING_MM)
    return image, {"liver": (distance <= 1) & ~tumour, "tumor": tumour}, "synthetic ellipsoid"


def write_case(folder: Path, image: sitk.Image, masks: dict[str, np.ndarray]) -> None:
    sitk.WriteImage(image, str(folder / "ct.nrrd"))
    for name, mask in masks.items():
        label = sitk.GetImageFromArray(mask.astype(np.uint8))
        label.CopyInformation(image)
        sitk.WriteImage(label, str(folder / f"{name}.nrrd"))


def run_child(folder: Path, engine: str, wanted: dict[str, Any]) -> dict[str, Any]:
    from PTLFPredictorLib.measures.radiomics import child_options

    (folder / "job.json").write_text(json.dumps({"engine": engine, "wanted": wanted}), encoding="utf-8")
    library = str(ROOT / "PTLFPredictor")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([library, os.environ.get("PYTHONPATH", "")])}
    options = child_options(engine)  # PyRadiomics may have an interpreter of its own
    environment |= options.get("environment", {})
    subprocess.run([options["python"], __file__, "child", str(folder)], env=environment, check=True)
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def child(folder: Path) -> None:
    """One engine on the case in `folder`; writes ``run.json``."""
    from PTLFPredictorLib.measures.radiomics import ExtractionSettings, extract

    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    image = sitk.ReadImage(str(folder / "ct.nrrd"))
    masks = {name: sitk.ReadImage(str(folder / f"{name}.nrrd")) for name in job["wanted"]}
    started, processor, stages = time.perf_counter(), time.process_time(), []

    def progress(stage: str, done: int, total: int) -> None:
        stages.append((time.perf_counter() - started, stage))

    vectors = extract(image, masks, job["wanted"], ExtractionSettings(), engine=job["engine"], progress=progress)
    run = {
        "seconds": time.perf_counter() - started,
        "processor_seconds": time.process_time() - processor,
        "peak_gb": peak_gb(),
        "filters": per_image_type(stages),
        "values": {voi: dict(vector.values) for voi, vector in vectors.items()},
    }
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")


def peak_gb() -> float | None:
    """Largest resident memory of this process so far, in GB."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux's ru_maxrss is handed down from the parent process
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e9
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def per_image_type(stages: list[tuple[float, str]]) -> dict[str, float]:
    """Seconds per image type from the progress messages ``<VOIs>: <image type>``."""
    seconds: dict[str, float] = {}
    for (start, stage), (end, _) in itertools.pairwise(stages):
        if ": " in stage:
            name = stage.rsplit(": ", 1)[1]
            seconds[name] = seconds.get(name, 0.0) + end - start
    return seconds


def compared(builtin: dict[str, Any], reference: dict[str, Any]) -> dict[str, Any]:
    differences = {
        f"{voi} {name}": relative_difference(builtin["values"][voi][name], value)
        for voi, values in reference["values"].items()
        for name, value in values.items()
    }
    worst = sorted(differences, key=differences.__getitem__, reverse=True)[:5]
    filters = {
        name: {
            "builtin": builtin["filters"].get(name),
            "pyradiomics": seconds,
            "ratio": seconds / builtin["filters"][name] if builtin["filters"].get(name) else None,
        }
        for name, seconds in reference["filters"].items()
    }
    return {
        "ratio": reference["seconds"] / builtin["seconds"],
        "max_rel_diff": max(differences.values()),
        "largest_differences": {name: differences[name] for name in worst},
        "features": len(differences),
        "seconds": builtin["seconds"],
        "peak_gb": builtin["peak_gb"],
        "pyradiomics": {"seconds": reference["seconds"], "peak_gb": reference["peak_gb"]},
        "filters": filters,
    }


def relative_difference(value: float, reference: float) -> float:
    if value == reference:
        return 0.0
    return abs(value - reference) / max(abs(reference), 1e-300)


def print_table(name: str, row: dict[str, Any], file: Any) -> None:
    theirs = row["pyradiomics"]
    print(f"{name}: {row['features']} features", file=file)
    print(f"  {'':<14}{'PyRadiomics':>12}{'built-in':>12}{'ratio':>9}", file=file)
    for image_type, seconds in row["filters"].items():
        ours, ratio = seconds["builtin"] or float("nan"), seconds["ratio"] or float("nan")
        print(f"  {image_type:<14}{seconds['pyradiomics']:>10.2f} s{ours:>10.2f} s{ratio:>8.1f}x", file=file)
    print(f"  {'in all':<14}{theirs['seconds']:>10.2f} s{row['seconds']:>10.2f} s{row['ratio']:>8.1f}x", file=file)
    if row["peak_gb"] is not None:
        print(f"  {'peak memory':<14}{theirs['peak_gb']:>9.2f} GB{row['peak_gb']:>9.2f} GB", file=file)
    print(f"  largest relative difference {row['max_rel_diff']:.2g}", file=file, flush=True)


def scaling(wanted: dict[str, Any] = SIGNATURE) -> list[dict[str, float]]:
    """Processor seconds and peak memory of the built-in engine over VOIs of growing size."""
    rows = []
    for million in SCALING_MILLION_VOXELS:
        with tempfile.TemporaryDirectory(prefix="ptlf-bench-") as folder:
            image, masks, _ = synthetic(million)
            write_case(Path(folder), image, masks)
            voxels = sum(int(mask.sum()) for mask in masks.values())
            del image, masks
            run = run_child(Path(folder), "builtin", wanted)
        row = {"voxels": voxels, **{key: run[key] for key in ("seconds", "processor_seconds", "peak_gb")}}
        rows.append(row)
        print("  ".join(f"{key} {value or float('nan'):.6g}" for key, value in row.items()), flush=True)
    return rows


def slope(rows: list[dict[str, float]]) -> float:
    """Of log(processor seconds) over log(voxels), least squares."""
    voxels, seconds = ([row[key] for row in rows] for key in ("voxels", "processor_seconds"))
    return float(np.polyfit(np.log(voxels), np.log(seconds), 1)[0])


def plot_scaling(png: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (times, memory) = pyplot.subplots(1, 2, figsize=(9, 4))
    for label, wanted, marker in (("ten features of the signature", SIGNATURE, "o"), ("all 3748 features", ALL, "s")):
        rows = scaling(wanted)
        print(f"{label}: slope {slope(rows):.3f}", flush=True)
        voxels = [row["voxels"] for row in rows]
        times.loglog(
            voxels, [r["processor_seconds"] for r in rows], marker=marker, label=f"{label}: slope {slope(rows):.2f}"
        )
        memory.semilogx(voxels, [row["peak_gb"] for row in rows], marker=marker, label=label)
    times.set(xlabel="voxels in both VOIs", ylabel="processor seconds", title="Built-in engine: time")
    memory.set(xlabel="voxels in both VOIs", ylabel="GB", title="Peak memory of the process", ylim=(0, None))
    for axes in (times, memory):
        axes.grid(True, which="both", alpha=0.3)
        axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(png, dpi=120)


if __name__ == "__main__":
    # Or this file would be what "import radiomics" finds.
    sys.path = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent]
    if sys.argv[1:2] == ["child"]:
        child(Path(sys.argv[2]))
    elif sys.argv[1:2] == ["scaling"]:
        sys.path.insert(0, str(ROOT / "PTLFPredictor"))
        plot_scaling(Path(sys.argv[2]))
    else:
        main(sys.argv[1] if len(sys.argv) > 1 else None)
