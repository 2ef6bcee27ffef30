"""Processor seconds and memory of a case in ``ptlf cohort extract``, beside the single command ``ptlf features``.

    python benchmarks/extraction.py [--cases 2] [--matrix 512] [--all] [--pairs 3] [--ct PATH --segmentation FILE]

Sample cases, or one CT with its segmentation; one case at a time, both ways cold, in turn; each figure is the median.
Features are compared bit for bit.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import SimpleITK as sitk

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "benchmarks" / "parts"), str(ROOT / "PTLFPredictor")]

import measuring  # noqa: E402

SEED = 900_030
SAID = ("--mask-origin", "hand", "--reader", "benchmark")


def main(
    cases: list[tuple[Path, Path]], which: tuple[str, ...], work: Path, pairs: int = measuring.PAIRS
) -> dict[str, Any]:
    """Measure both ways in turn and print a line.

    Parameters
    ----------
    cases : list of (Path, Path)
        CT and segmentation.
    which : tuple of str
        ``("--all",)`` or ``("--signature", ID)``.
    work : Path
        Empty folder.
    pairs : int
        Runs of each way.
    """
    machine = measuring.machine()
    with open(work / "table.csv", "w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("case", "ct", "segmentation", "mask_origin"))
        rows.writerows((str(number), ct, segmentation, "hand") for number, (ct, segmentation) in enumerate(cases))

    def single() -> dict[str, Any]:
        seconds = 0.0
        for number, (ct, segmentation) in enumerate(cases):
            given = ("--ct", ct, "--segmentation", segmentation, *SAID, "--out", work / f"{number}.json")
            seconds += _cpu_seconds(lambda given=given: _ptlf("features", *which, *given))
        return {"cpu_s": seconds / len(cases)}

    def many() -> dict[str, Any]:
        shutil.rmtree(work / "out", ignore_errors=True)
        given = ("--table", work / "table.csv", "--out", work / "out", "--jobs", 1, "--reader", "benchmark")
        return {"cpu_s": _cpu_seconds(lambda: _ptlf("cohort", "extract", *which, *given)) / len(cases)}

    runs = measuring.in_turn({"ptlf features": single, "ptlf cohort extract": many}, pairs)
    one, all_in_one = (measuring.median(taken, "cpu_s") for taken in runs.values())
    result = {
        "machine": measuring.ended(machine),
        "pairs": pairs,
        "cases": len(cases),
        "single_cpu_s": one,
        "cohort_cpu_s": all_in_one,
        "ratio": all_in_one / one,
        "peak_gb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1 << 20),
        "values_that_differ": _differing(work, len(cases)),
    }
    print(
        f"{measuring.in_words(result['machine'])}\n"
        f"{len(cases)} cases, processor seconds a case, medians of {pairs} runs in turn: ptlf features "
        f"{one:.1f}, ptlf cohort extract {all_in_one:.1f} (ratio {result['ratio']:.2f}); "
        f"peak {result['peak_gb']:.2f} GB; {result['values_that_differ']} values differ"
    )
    return result


def _differing(work: Path, count: int) -> int:
    from PTLFPredictorLib.cohort.extraction import Extraction

    differ = 0
    by_id = {case.id: case for case in Extraction.read(work / "out").cases}
    for number in range(count):
        listed = json.loads((work / f"{number}.json").read_text())["features"]
        ours = {(voi.in_files, name): value for (voi, name), value in by_id[str(number)].features.items()}
        single = {(item["voi"], item["feature"]): item["value"] for item in listed}
        differ += len(single.keys() ^ ours.keys()) + sum(ours.get(key) != value for key, value in single.items())
    return differ


def _ptlf(*arguments: object) -> None:
    command = [sys.executable, "-m", "PTLFPredictorLib.cli", *map(str, arguments)]
    subprocess.run(
        command, check=True, cwd=ROOT / "PTLFPredictor", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _cpu_seconds(what: Callable[[], None]) -> float:
    """Of all processes that it waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    what()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _samples(count: int, matrix: int, work: Path) -> list[tuple[Path, Path]]:
    from PTLFPredictorLib.sample import known

    made = []
    for seed in range(SEED, SEED + count):
        case = known.draw(seed, matrix=matrix)
        paths = work / f"{seed}-ct.nrrd", work / f"{seed}-segments.nrrd"
        for image, path in zip((case.ct, case.labels), paths, strict=True):
            sitk.WriteImage(image, str(path), True)
        made.append(paths)
    return made


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=2)
    parser.add_argument("--matrix", type=int, default=512)
    parser.add_argument("--all", action="store_true", help="all features instead of the published signature's")
    parser.add_argument("--pairs", type=int, default=measuring.PAIRS, help="runs of each way, in turn")
    parser.add_argument("--ct", type=Path)
    parser.add_argument("--segmentation", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ptlf-bench-") as folder:
        made = [(given.ct.resolve(), given.segmentation.resolve())] if given.ct else None
        made = made or _samples(given.cases, given.matrix, Path(folder))
        main(made, ("--all",) if given.all else ("--signature", "ptlf-published"), Path(folder), given.pairs)
