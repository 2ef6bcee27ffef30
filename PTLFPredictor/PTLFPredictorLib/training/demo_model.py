"""Train the demo model on synthetic sample cases, by the same code as `ptlf train`, on two CPU cores.

    python -m PTLFPredictorLib.training.demo_model cases    DIR    96 training cases and 20 unseen ones (20 min)
    python -m PTLFPredictorLib.training.demo_model train    DIR    checks, plan, training, Table 1 (2 h); resumes
    python -m PTLFPredictorLib.training.demo_model package  DIR    its weights -> Resources/Models (8 MB at most)

``benchmarks/evaluate_demo_model.py`` then measures it on the unseen cases.  Needs the dependency groups core
and segmentation.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import SimpleITK as sitk

from ..outputs import output_file
from ..sample import known
from ..segmentation.catalogue import RESOURCES
from ..segmentation.model_folder import checksum
from .cases import Part, read_cases
from .package import lay_out
from .recipe import Recipe, Small
from .result import Description
from .run import Request, train

MODEL = "ptlf-demo-1"
TRAINING_SEEDS, UNSEEN_SEEDS = range(1000, 1096), range(2000, 2020)

DEMO = Small(
    "3d_demo",
    "nnUNetTrainer",
    spacing_mm=(5.0, 2.5, 2.5),
    patch=(32, 96, 96),
    features=(8, 24, 48, 96, 128),
    convolutions=(1, 2, 2, 2, 2),
    epochs=120,
)
RECIPE = Recipe(trainer=DEMO.trainer, folds=1, small=DEMO)


def scan_options(seed: int) -> dict:
    """Scanner settings of a training case: half at the full matrix, some thin slices, more and less noise."""
    return {
        "matrix": 512 if seed % 2 else 256,
        "slice_mm": 2.5 if seed % 6 == 4 else 5.0,
        "noise_sd_hu": 9.0 + 1.5 * (seed % 7),
    }


def make_cases(folder: Path, part: int = 0, parts: int = 1) -> None:
    """Draw the cases that are not there yet, or every `parts`-th of them, and their table."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(seed, Part.TRAIN, scan_options(seed)) for seed in TRAINING_SEEDS]
    jobs += [(seed, Part.TEST, {"matrix": 512}) for seed in UNSEEN_SEEDS]
    for seed, _, options in jobs[part::parts]:
        ct, labels = folder / f"S_{seed}.nii.gz", folder / f"S_{seed}-labels.nii.gz"
        if not labels.exists():
            case = known.draw(seed, **options)
            for image, path in ((case.ct, ct), (case.labels, labels)):
                with output_file(path) as made:
                    sitk.WriteImage(image, str(made), True)
            print(case.description, options, flush=True)
    with output_file(folder / "cases.csv") as made, open(made, "w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(("case", "ct", "segmentation", "split"))
        table.writerows((f"S_{n}", f"S_{n}.nii.gz", f"S_{n}-labels.nii.gz", side.value) for n, side, _ in jobs)


def trained(folder: Path) -> Path:
    """nnU-Net's folder of the training in `folder`."""
    (found,) = (folder / "trained" / "nnUNet" / "results").glob("*/*")
    return found


def package(folder: Path) -> Path:
    """Write the weights, in float16, into the shipped models and their checksum into the catalogue."""
    target = lay_out(trained(folder), RESOURCES / "Models", half=True)
    catalogue = RESOURCES / "Models.json"
    text = catalogue.read_text(encoding="utf-8")
    entry = next(model for model in json.loads(text)["models"] if model["id"] == MODEL)
    catalogue.write_text(text.replace(entry["sha256"], checksum(target)), encoding="utf-8")
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("cases", "train", "package"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--part", type=int, nargs=2, default=(0, 1), help="cases: this part of so many")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    if arguments.step == "cases":
        make_cases(folder / "cases", *arguments.part)
    elif arguments.step == "train":
        cases = read_cases(folder / "cases" / "cases.csv")
        description = Description("PTLFSample", licence="Apache-2.0")
        print(train(Request(cases, folder / "trained", RECIPE, description, say=print)).report)
    else:
        print(package(folder))


if __name__ == "__main__":
    main()
