"""A development of full size and where its time goes; extraction beside PyRadiomics' own batch command.

``./ptlf bench cohort --json FILE`` calls `main`.  The development has 210 cases, 3748 features and 200 bootstraps with
selection repeated in each (10 folds, 50 lambdas), nested cross-validation and the report; all of it on one processor.
Extraction is that of all features of a sample case, by ``ptlf cohort extract`` and by ``pyradiomics`` with the
parameter file of the same settings; both are given one case at a time.

    python benchmarks/cohort.py [--bootstraps 200] [--without-extraction] [--matrix 512]
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import functools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "PTLFPredictor"), str(ROOT / "Testing"), str(ROOT / "benchmarks")]

CASES, FEATURES, BOOTSTRAPS = 210, 3748, 200
LIMIT_S = 600.0
"""Processor seconds that the development may take."""

LARGEST_DIFFERENCE = 1e-6
"""Relative, from PyRadiomics' value; features that differ by more are named."""

SEED = 900_040
"""Of the sample case."""

STEPS = {
    "Spearman filter": ("redundancy", "spearman_filter"),
    "univariate tests": ("univariate", "compare"),
    "LASSO with cross-validation": ("lasso", "cross_validated"),
}
"""Of a fit: what to call them, and the functions of `cohort.statistics` that they are."""


def main(
    json_path: str | os.PathLike | None = None,
    *,
    bootstraps: int = BOOTSTRAPS,
    with_extraction: bool = True,
    matrix: int = 512,
) -> dict[str, Any]:
    """Run both, print what they took and write it as JSON."""
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="ptlf-bench-") as folder:
        result["development"] = development(Path(folder), bootstraps)
        print_development(result["development"])
        if with_extraction:
            result["extraction"] = extraction(Path(folder), matrix)
            print_extraction(result["extraction"])
    if json_path is not None:
        Path(json_path).write_text(json.dumps(result, indent=2), encoding="utf-8")
    return result


def development(folder: Path, bootstraps: int) -> dict[str, Any]:
    """``ptlf cohort develop`` on files, in this process."""
    from made_cohort import write_cohort
    from PTLFPredictorLib.cohort import lock
    from PTLFPredictorLib.cohort.develop import DevelopmentPlan, run
    from PTLFPredictorLib.cohort.selection import ResamplingPlan

    table, features = write_cohort(folder, full_size())
    plan = DevelopmentPlan(resampling=ResamplingPlan(bootstraps=bootstraps))
    inputs = {"table": table, "features": features, "signature": "ptlf-published"}
    recipe = lock.Recipe.of("develop", plan, inputs)
    stages, steps = Stages(), dict.fromkeys(STEPS, 0.0)
    wall, processor = time.perf_counter(), time.process_time()
    with contextlib.ExitStack() as timing:
        for name in STEPS:
            timing.enter_context(timed(name, steps))
        made = run(recipe, folder / "out", stages)
    stages.close()
    processor = time.process_time() - processor
    return {
        "cases": CASES,
        "features": FEATURES,
        "plan": recipe.plan,
        "fits": 1 + bootstraps + plan.resampling.folds * plan.resampling.repeats,
        "left": {step.name: step.count for step in made.pipeline.radscore_.steps_},
        "wall_s": time.perf_counter() - wall,
        "processor_s": processor,
        "within_limit": processor <= LIMIT_S,
        "stages_processor_s": stages.seconds,
        "steps_processor_s": steps,
        "report_bytes": (folder / "out" / "report.html").stat().st_size,
    }


def full_size() -> Any:
    """Features with the structure of the simulation (operating_characteristics.py), and the clinical values of R's 210
    cases, in the outcomes of which ten features have a part."""
    import operating_characteristics as simulated
    import pandas as pd

    import r_reference
    from made_cohort import FROM, extracted, made_cohort
    from PTLFPredictorLib.cohort.flow import Flow

    patients = r_reference.table("cohort_logistic")
    y = patients.ptlf.to_numpy(float)
    ids = pd.Index([f"C{place:03d}" for place in range(CASES)], name="case", dtype=object)
    latent = simulated.draw_latent(CASES, np.random.default_rng(SEED), blocks=-(-FEATURES // simulated.BLOCK))
    structure = simulated.structure()
    latent[:, structure.planted] += np.outer(y - y.mean(), structure.weights)
    clinical = pd.DataFrame({name: patients[FROM[name]].to_numpy() for name in FROM}, index=ids)
    clinical["BCLC stage"] = clinical["BCLC stage"].astype(object).where(clinical["BCLC stage"].notna(), None)
    return made_cohort(
        clinical=clinical,
        features=pd.DataFrame(simulated.features_of(latent)[:, :FEATURES], index=ids, columns=names()),
        outcome=pd.Series(y, ids),
        split=pd.Series("", ids, dtype=object),
        centre=patients.centre.set_axis(ids).astype(object),
        flow=Flow(CASES, (), CASES),
        extracted={name: extracted(name) for name in ids},
    )


def names() -> list[str]:
    """Columns of all features of both VOIs."""
    from PTLFPredictorLib.cohort.extraction import column_of
    from PTLFPredictorLib.measures.radiomics import ExtractionSettings
    from PTLFPredictorLib.measures.radiomics.names import FEATURES as IN_CLASSES
    from PTLFPredictorLib.vois import VOI

    settings = ExtractionSettings()
    images = [image for kind in settings.image_types for image in _images(kind, settings)]
    per_voi = [f"original_shape_{name}" for name in IN_CLASSES["shape"]] + [
        f"{image}_{group}_{name}"
        for image in images
        for group, of_group in IN_CLASSES.items()
        if group != "shape"
        for name in of_group
    ]
    return [column_of((voi, name)) for voi in (VOI.PARENCHYMA, VOI.TUMOUR) for name in per_voi]


def _images(kind: str, settings: Any) -> list[str]:
    if kind == "Wavelet":
        return [f"wavelet-{a}{b}{c}" for a in "LH" for b in "LH" for c in "LH"]
    if kind == "LoG":
        return [f"log-sigma-{str(float(s)).replace('.', '-')}-mm-3D" for s in settings.image_types[kind]["sigma"]]
    return ["lbp-3D-m1", "lbp-3D-m2", "lbp-3D-k"] if kind == "LBP3D" else [kind.lower()]


class Stages:
    """A `Progress` that counts processor seconds by stage."""

    def __init__(self):
        self.seconds: dict[str, float] = {}
        self._stage, self._since = "reading", time.process_time()

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage != self._stage:
            self.close()
            self._stage = stage
        if done == total and total:  # what follows belongs to the next stage
            self.close()
            self._stage = "report"

    def close(self) -> None:
        now = time.process_time()
        self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._since
        self._since = now


@contextlib.contextmanager
def timed(name: str, seconds: dict[str, float]) -> Iterator[None]:
    """Count the processor seconds of a step in all fits."""
    import importlib

    module_name, function_name = STEPS[name]
    module = importlib.import_module(f"PTLFPredictorLib.cohort.statistics.{module_name}")
    function = getattr(module, function_name)

    @functools.wraps(function)
    def measured(*arguments: Any, **options: Any) -> Any:
        started = time.process_time()
        try:
            return function(*arguments, **options)
        finally:
            seconds[name] += time.process_time() - started

    setattr(module, function_name, measured)
    try:
        yield
    finally:
        setattr(module, function_name, function)


def print_development(found: dict[str, Any]) -> None:
    print(f"development: {found['cases']} cases x {found['features']} features, {found['fits']} fits, to the report")
    print(
        f"  {found['processor_s']:.0f} processor seconds (at most {LIMIT_S:.0f}), {found['wall_s']:.0f} s by the clock"
    )
    print(f"  features left in the model of all cases: {found['left']}")
    for kind in ("stages_processor_s", "steps_processor_s"):
        print(f"  {kind.split('_')[0]}")
        for name, seconds in sorted(found[kind].items(), key=lambda item: -item[1]):
            print(f"    {name:<36}{seconds:>8.1f} s{seconds / found['processor_s']:>7.0%}")
    sys.stdout.flush()


def extraction(folder: Path, matrix: int) -> dict[str, Any]:
    """All features of both VOIs of a sample case by both commands."""
    from PTLFPredictorLib.measures.radiomics.interpreter import VARIABLE
    from PTLFPredictorLib.sample import known

    theirs = os.environ.get(VARIABLE)
    case = known.draw(SEED, matrix=matrix)
    sitk.WriteImage(case.ct, str(folder / "ct.nrrd"))
    sitk.WriteImage(case.labels, str(folder / "segments.nrrd"))
    labels = sitk.GetArrayViewFromImage(case.labels)
    found: dict[str, Any] = {
        "matrix": matrix,
        "voxels": {"liver": int((labels == 1).sum()), "tumor": int((labels == 2).sum())},
        "built_in": seconds_of(lambda: built_in(folder)),
    }
    if theirs and (command := Path(theirs).with_name("pyradiomics")).exists():
        found["pyradiomics"] = seconds_of(lambda: pyradiomics(folder, command))
        ours, other = found["built_in"], found["pyradiomics"]
        found["ratio"] = {name: other[name] / ours[name] for name in ("wall_s", "processor_s")}
        found["features"], found["relative_differences"] = differences(folder)
    return found


def built_in(folder: Path) -> None:
    with open(folder / "one.csv", "w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("case", "ct", "segmentation", "mask_origin", "synthetic"))
        rows.writerow(("one", folder / "ct.nrrd", folder / "segments.nrrd", "hand", "yes"))
    command = [sys.executable, "-m", "PTLFPredictorLib.cli", "cohort", "extract", "--all", "--jobs", "1"]
    command += ["--table", folder / "one.csv", "--out", folder / "extracted", "--reader", "benchmark"]
    _run(command, {**os.environ, "PYTHONPATH": str(ROOT / "PTLFPredictor")})


def pyradiomics(folder: Path, command: Path) -> None:
    from PTLFPredictorLib.measures.radiomics import ExtractionSettings
    from PTLFPredictorLib.measures.radiomics.parameter_file import write_parameter_file

    text = write_parameter_file(ExtractionSettings(), {"liver": None, "tumor": None})
    (folder / "parameters.yaml").write_text(text, encoding="utf-8")
    with open(folder / "batch.csv", "w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("Image", "Mask", "Label"))
        rows.writerows((folder / "ct.nrrd", folder / "segments.nrrd", label) for label in (1, 2))
    options = ["--param", folder / "parameters.yaml", "--format", "csv", "--jobs", "1", "--out", folder / "theirs.csv"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    _run([command, folder / "batch.csv", *options], environment)


def differences(folder: Path) -> tuple[int, dict[str, float]]:
    """Number of features that both gave, and those that differ by more than 1e-6 of their value (docs/radiomics.md)."""
    from PTLFPredictorLib.cohort.extraction import Extraction
    from PTLFPredictorLib.vois import VOI

    ours = Extraction.read(folder / "extracted").cases[0].features
    with open(folder / "theirs.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    found = {
        f"{voi.in_files} {name}": abs(ours[voi, name] - float(row[name])) / max(abs(float(row[name])), 1e-12)
        for voi, row in zip((VOI.PARENCHYMA, VOI.TUMOUR), rows, strict=True)
        for name in row
        if (voi, name) in ours and row[name]
    }
    return len(found), {name: value for name, value in found.items() if value > LARGEST_DIFFERENCE}


def seconds_of(what: Callable[[], None]) -> dict[str, float]:
    """Of the processes that it starts and waits for."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    what()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall_s": time.perf_counter() - started, "processor_s": processor}


def _run(command: list[Any], environment: dict[str, str]) -> None:
    answer = subprocess.run(
        [str(word) for word in command], env=environment, capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise RuntimeError(f"{command[0]} ended with {answer.returncode}:\n{answer.stderr[-2000:]}")


def print_extraction(found: dict[str, Any]) -> None:
    voxels = found["voxels"]
    print(f"extraction of all features: a sample case, {voxels['liver']} voxels of liver, {voxels['tumor']} of tumour")
    for name in ("built_in", "pyradiomics"):
        if name in found:
            took = found[name]
            print(f"  {name:<12}{took['processor_s']:>8.1f} s of processor{took['wall_s']:>8.1f} s by the clock")
    if "ratio" in found:
        ratio = found["ratio"]
        print(f"  PyRadiomics / built-in: {ratio['processor_s']:.1f} of processor, {ratio['wall_s']:.1f} by the clock")
        print(f"  {found['features']} features; by more than {LARGEST_DIFFERENCE:g} of their value differ:")
        for name, value in found["relative_differences"].items():
            print(f"    {name} ({value:.2g})")
    else:
        print("  PyRadiomics is not installed here (./ptlf bench cohort makes its environment)")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bootstraps", type=int, default=BOOTSTRAPS)
    parser.add_argument("--matrix", type=int, default=512, help="of the sample case")
    parser.add_argument("--without-extraction", action="store_true")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    main(given.json, bootstraps=given.bootstraps, with_extraction=not given.without_extraction, matrix=given.matrix)
