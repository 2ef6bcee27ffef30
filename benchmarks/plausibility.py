"""What plausibility measures on true and on wrong masks, and how far they are from its thresholds: the tables of
docs/plausibility.md.

    python benchmarks/plausibility.py [--seeds 2000 2020] [--wrong 2000 2003 2010] [--shared ../shared/data]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import SimpleITK as sitk

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "PTLFPredictor"), str(ROOT / "Testing")]

from misplaced import every_way  # noqa: E402
from PTLFPredictorLib.ct import read_ct  # noqa: E402
from PTLFPredictorLib.sample import make_case  # noqa: E402
from PTLFPredictorLib.segmentation import plausibility  # noqa: E402
from PTLFPredictorLib.segmentation.placement import Coarse, fit  # noqa: E402
from PTLFPredictorLib.segmentation.position import position  # noqa: E402
from PTLFPredictorLib.segmentation.reading import parse_labels, read_segments  # noqa: E402

REAL = (
    ("ircad17", "ircad17/dicom", "ircad17/liver1_tumour2.nii.gz", None),
    ("hcc005", "hcc005/portal.nii.gz", "hcc005/portal_rough_liver1_tumour2.nii.gz", None),
    ("totalseg_small", "totalseg_small/dicom", "totalseg_small/example_seg_dicom.nii.gz", "liver=5"),
    ("dcmqi_seg", "dcmqi_seg/ct", "dcmqi_seg/liver.dcm", None),
)
"""Name, CT, mask, labels; the last two are slabs."""

SLABS = ("totalseg_small", "dcmqi_seg")

Arrays = tuple[np.ndarray, np.ndarray, tuple[float, float, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs=2, default=(2000, 2020))
    parser.add_argument("--wrong", type=int, nargs="*", default=(2000, 2003, 2010))
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "data")
    arguments = parser.parse_args()
    print("| mask | mL | SD | below -150 HU | inside | outside | gain | right | lungs mm | spine mm | findings | s |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    wrong: dict[str, list[tuple[float, float, str, str]]] = defaultdict(list)
    for name, (labels, hu, spacing) in cases(arguments.seeds, arguments.shared):
        print(true_row(name, labels, hu, spacing), flush=True)
        if name in SLABS or (name.isdigit() and int(name) not in arguments.wrong):
            continue
        for way, mask in every_way(labels, spacing):
            found = [f.code for f in plausibility.check(mask, hu, spacing)]
            lies = fit(Coarse.of(mask, hu, spacing))
            wrong[way].append((lies.gain, lies.best, name, ", ".join(found)))
    print("\n| way | least gain | least best fit | of mask | found as |\n|---|---|---|---|---|")
    for way, rows in wrong.items():
        gain, _, name, _ = min(rows)
        best = min(row[1] for row in rows)
        print(f"| {way} | {gain:.3f} | {best:.2f} | {name} | {'; '.join(sorted({row[3] or '-' for row in rows}))} |")


def cases(seeds: tuple[int, int], shared: Path) -> Iterator[tuple[str, Arrays]]:
    for name, ct_path, mask, labels in REAL:
        if (shared / ct_path).exists():
            ct = read_ct(shared / ct_path)
            segments = read_segments(shared / mask, ct, parse_labels(labels))
            yield name, (segments.array, ct.array, ct.image.GetSpacing())
    for seed in range(*seeds):
        case = make_case(seed)
        yield (
            str(seed),
            (sitk.GetArrayFromImage(case.labels), sitk.GetArrayFromImage(case.ct), case.ct.GetSpacing()),
        )


def true_row(name: str, labels: np.ndarray, hu: np.ndarray, spacing: tuple[float, float, float]) -> str:
    started = time.process_time()
    found = plausibility.check(labels, hu, spacing, truncated=name in SLABS)
    seconds = time.process_time() - started
    coarse = Coarse.of(labels, hu, spacing)
    lies, where, values = fit(coarse), position(coarse), hu[labels == 1]
    ml = np.count_nonzero(labels) * float(np.prod(spacing)) / 1000
    cells = [
        name, f"{ml:.0f}", f"{values.std(dtype=float):.0f}", f"{np.mean(values < -150):.6f}", f"{lies.inside:.3f}",
        f"{lies.outside:.3f}", f"{lies.gain:.3f}", *(_or_dash(value, form) for value, form in (
            (where.right_share, ".2f"), (where.below_lungs_mm, ".0f"), (where.before_spine_mm, ".0f"))),
        ", ".join(f.code for f in found) or "-", f"{seconds:.1f}",
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


if __name__ == "__main__":
    main()
