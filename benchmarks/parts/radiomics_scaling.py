"""Processor seconds and memory of the features child over VOIs of growing size in a full CT.

Each run is the worker of the panel and the shell on a job that `case.features` wrote.  A straight line through
(voxels, processor seconds) tells what a case costs whatever its VOI (intercept) and what a million voxels cost (slope).
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import radiomics_cases as cases
import SimpleITK as sitk
from measuring import PAIRS, medians, say

SLICES = 600
MILLION_VOXELS = (0.1, 0.5, 1.0, 2.0, 4.0, 8.0)
KEYS = ("seconds", "processor_seconds", "process_seconds", "peak_gb")
LABELS = {"signature": "ten features of the signature", "all": "all 3748 features"}
TARGETS = {"signature": {"peak_gb": 1.5, "intercept_s": 1.7}, "all": {"peak_gb": 2.5}}
"""At 8 million voxels in 600 slices of 512 x 512."""

Run = Callable[[Path, dict[str, Any]], dict[str, Any]]
"""Runs a job in a folder in a process of its own (`benchmarks/radiomics.py`)."""


def scaling(
    run: Run,
    wanted: Mapping[str, Mapping[str, Any]],
    *,
    pairs: int = PAIRS,
    slices: int = SLICES,
    matrix: int = cases.FULL_MATRIX,
    sizes: Sequence[float] = MILLION_VOXELS,
) -> dict[str, Any]:
    """Measure and print.

    Parameters
    ----------
    run : Run
    wanted : mapping
        Name of a set of features -> VOI's name in files -> names, or None for all.
    pairs : int
        Runs of each, in turn; each figure is their median.
    slices, matrix, sizes
        Of the CT, and the VOIs in million voxels.

    Returns
    -------
    dict
        ``ct``, and for each set ``rows`` (``voxels``, `KEYS`) and what `lines` finds.
    """
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in wanted}
    ct = cases.full_ct(slices, matrix)
    with tempfile.TemporaryDirectory(prefix="ptlf-bench-") as folder:
        for million in sizes:
            voxels = _write_jobs(Path(folder), ct, million, wanted)
            runs: dict[str, list[dict[str, Any]]] = {name: [] for name in wanted}
            for pair in range(pairs):
                for name in wanted:
                    say(f"{million:g} million voxels, {name}: run {pair + 1} of {pairs}")
                    runs[name].append(run(Path(folder) / name, {"what": "worker", "engine": "builtin"}))
            for name in wanted:
                rows[name].append({"voxels": voxels, **medians(runs[name], KEYS)})
                print(
                    f"{name}: " + "  ".join(f"{k} {v or float('nan'):.4g}" for k, v in rows[name][-1].items()),
                    flush=True,
                )
    found: dict[str, Any] = {"ct": f"{matrix} x {matrix} x {slices}, made"}
    for name in wanted:
        found[name] = {"rows": rows[name], **lines(rows[name])}
        print(in_words(name, found[name], TARGETS.get(name, {})), flush=True)
    return found


def _write_jobs(folder: Path, ct: sitk.Image, million: float, wanted: Mapping[str, Mapping[str, Any]]) -> int:
    """A work folder and its job for each set of features, as the shell writes them; the voxels of both VOIs."""
    from PTLFPredictorLib.case import features
    from PTLFPredictorLib.ct import read_ct
    from PTLFPredictorLib.measures.radiomics import ExtractionSettings
    from PTLFPredictorLib.segmentation.reading import read_segments
    from PTLFPredictorLib.vois import VOI

    image, labels = cases.place_vois(ct, million)
    for name, made in (("ct", image), ("labels", labels)):
        sitk.WriteImage(made, str(folder / f"{name}.nrrd"))
    del image, labels, made
    read = read_ct(folder / "ct.nrrd").require_usable()
    segments = read_segments(folder / "labels.nrrd", read)
    for name, of_files in wanted.items():
        work = folder / name / "work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        asked = {VOI.of_file(voi): names for voi, names in of_files.items()}
        job = features.write_job(work, read, segments, asked, ExtractionSettings())
        (work.parent / "features.job").write_text(json.dumps(job), encoding="utf-8")
    return int(np.count_nonzero(segments.array))


def in_words(label: str, found: Mapping[str, Any], target: Mapping[str, float]) -> str:
    """What a set of features costs, beside its targets."""
    fixed = _beside(found["intercept_s"], target.get("intercept_s"))
    peak = _beside(found["largest_peak_gb"], target.get("peak_gb"))
    return (
        f"{label}: {found['intercept_s']:.2f} processor seconds whatever the VOI{fixed} and "
        f"{found['s_per_million']:.2f} per million voxels; log-log slope {found['loglog_slope']:.2f}; largest peak "
        f"{found['largest_peak_gb'] or float('nan'):.2f} GB{peak}"
    )


def _beside(value: float | None, target: float | None) -> str:
    if value is None or target is None:
        return ""
    return f" (at most {target}: {'reached' if value <= target else 'FELL SHORT'})"


def draw(found: Mapping[str, Any], png: Path, words: str) -> None:
    """The picture; needs matplotlib (``pip install matplotlib``)."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (times, memory) = pyplot.subplots(1, 2, figsize=(9, 4.3))
    for (name, label), marker in zip(LABELS.items(), "os", strict=True):
        if name not in found:
            continue
        one = found[name]
        voxels = [row["voxels"] for row in one["rows"]]
        cost = f"{label}: {one['intercept_s']:.1f} s + {one['s_per_million']:.1f} s per million"
        times.loglog(voxels, [row["processor_seconds"] for row in one["rows"]], marker=marker, label=cost)
        memory.semilogx(voxels, [row["peak_gb"] for row in one["rows"]], marker=marker, label=label)
    times.set(xlabel="voxels in both VOIs", ylabel="processor seconds", title="Built-in engine: time")
    memory.set(xlabel="voxels in both VOIs", ylabel="GB", title="Peak memory of the child", ylim=(0, None))
    low, high = times.get_ylim()
    times.set_ylim(low / 3, high)  # room for the legend
    for axes in (times, memory):
        axes.grid(True, which="both", alpha=0.3)
        axes.legend(fontsize=8, loc="lower right" if axes is times else "upper left")
    figure.text(0.01, 0.01, f"CT: {found['ct']}. {words}", fontsize=6, wrap=True)
    figure.tight_layout(rect=(0, 0.04, 1, 1))
    figure.savefig(png, dpi=120)


def lines(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """``intercept_s`` and ``s_per_million`` of processor seconds over voxels, ``loglog_slope``, ``largest_peak_gb``.

    Least squares; the line's are weighted by 1 / seconds, so that the largest VOI does not decide the intercept alone.
    """
    voxels = np.array([row["voxels"] for row in rows], float)
    seconds = np.array([row["processor_seconds"] for row in rows], float)
    per_million, intercept = np.polyfit(voxels / 1e6, seconds, 1, w=1 / seconds)
    peaks = [row["peak_gb"] for row in rows if row["peak_gb"] is not None]
    return {
        "intercept_s": float(intercept),
        "s_per_million": float(per_million),
        "loglog_slope": float(np.polyfit(np.log(voxels), np.log(seconds), 1)[0]),
        "largest_peak_gb": max(peaks, default=None),
    }
