"""Measure a model on unseen sample cases, with and without post-processing: the table of docs/model-card.md.

    python benchmarks/evaluate_demo_model.py [--model ptlf-demo-1] [--seeds 2000 2020] [--cases DIR] [--json FILE]

``--cases`` names the folder of ``PTLFPredictorLib.training.demo_model cases``, so that they need not be drawn again.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path

import SimpleITK as sitk

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "PTLFPredictor"))

from PTLFPredictorLib.sample import make_case  # noqa: E402
from PTLFPredictorLib.segmentation import agreement, find_model, model_folder, verify, worker  # noqa: E402
from PTLFPredictorLib.segmentation.network import Network  # noqa: E402
from PTLFPredictorLib.segmentation.segments import by_role  # noqa: E402

MEASURES = ("dice", "jaccard", "precision", "recall", "hd95_mm", "volume_difference_ml")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="ptlf-demo-1")
    parser.add_argument("--seeds", type=int, nargs=2, default=(2000, 2020))
    parser.add_argument("--cases", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    model = verify(find_model(arguments.model))
    network = Network(model_folder.check(model.folder))
    rows = []
    for seed in range(*arguments.seeds):
        ct, true = _case(seed, arguments.cases)
        raw = worker.in_geometry_of(ct, by_role(network.predict(ct).labels, model.label_roles), "LPS")
        row = {"seed": seed}
        for name, labels in (("raw", raw), ("product", worker.largest_organ(raw))):
            row[name] = {region: result.to_dict() for region, result in agreement(labels, true).items()}
        rows.append(row)
        product = row["product"]
        print(
            f"{seed}: parenchyma {product['parenchyma']['dice']:.3f}, tumour {product['tumor']['dice']:.3f} "
            f"({product['tumor']['true_volume_ml']:.0f} mL; raw {row['raw']['parenchyma']['dice']:.3f}, "
            f"{row['raw']['tumor']['dice']:.3f})",
            flush=True,
        )
    print(table(rows))
    if arguments.json:
        summary = {
            name: {region: {m: mean(rows, name, region, m) for m in MEASURES} for region in ("parenchyma", "tumor")}
            for name in ("raw", "product")
        }
        result = {"model": model.identity, "cases": len(rows), "mean": summary, "rows": rows}
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")


def _case(seed: int, folder: Path | None) -> tuple[sitk.Image, sitk.Image]:
    if folder:
        files = (folder / "cases" / f"S_{seed}.nii.gz", folder / "cases" / f"S_{seed}-labels.nii.gz")
        return tuple(sitk.ReadImage(str(file)) for file in files)
    case = make_case(seed, matrix=512)
    return case.ct, case.labels


def mean(rows: list[dict], name: str, region: str, measure: str) -> float:
    return statistics.fmean(v for row in rows if (v := row[name][region][measure]) is not None)


def table(rows: list[dict]) -> str:
    lines = ["| | " + " | ".join(MEASURES) + " |", "|---" * (len(MEASURES) + 1) + "|"]
    for name, title in (("product", "with post-processing"), ("raw", "as nnU-Net draws")):
        for region in ("parenchyma", "tumor"):
            values = " | ".join(f"{mean(rows, name, region, m):.3f}" for m in MEASURES)
            lines.append(f"| {region}, {title} | {values} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
