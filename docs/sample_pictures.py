"""Pictures of sample cases for the docs: ``python docs/sample_pictures.py docs`` (needs matplotlib, torch, nnunetv2).

Three unseen sample cases beside each other, each with the known truth and what the demo model draws.  Liver window:
level 30, width 300 HU.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import SimpleITK as sitk

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "PTLFPredictor"))

from PTLFPredictorLib.sample import SampleCase, make_case  # noqa: E402
from PTLFPredictorLib.segmentation import agreement, default_model, segment  # noqa: E402

SEEDS = (2003, 2005, 2010)
WINDOW = {"cmap": "gray", "vmin": 30 - 150, "vmax": 30 + 150}
COLOURS = {1: "#56b4e9", 2: "#e69f00"}
"""Blue and orange of Okabe and Ito: told apart by colour-blind readers."""


def main(folder: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(3, len(SEEDS), figsize=(4.4 * len(SEEDS), 11.4), facecolor="black")
    for column, seed in zip(axes.T, SEEDS, strict=True):
        case = make_case(seed, matrix=512)
        with tempfile.TemporaryDirectory() as work:
            drawn = segment(case.ct, default_model(), work=Path(work)).labels
        dice = agreement(drawn, case.labels)
        hu, true, found = (sitk.GetArrayFromImage(image) for image in (case.ct, case.labels, drawn))
        k = int(np.argmax((true == 2).sum(axis=(1, 2))))
        titles = (
            f"Sample case {seed}: liver {case.liver_ml:.0f} mL, tumour {case.tumour_ml:.0f} mL",
            "Known truth",
            f"Demo model: Dice {dice['parenchyma'].dice:.3f} parenchyma, {dice['tumor'].dice:.3f} tumour",
        )
        for axis, title, labels in zip(column, titles, (None, true[k], found[k]), strict=True):
            axis.imshow(hu[k], **WINDOW)
            if labels is not None:
                _outline(axis, labels)
            axis.set_title(title, fontsize=8.5, color="white")
            axis.axis("off")
    figure.text(0.5, 0.005, "Synthetic CTs, no patients.", ha="center", color="white", fontsize=9)
    figure.tight_layout(rect=(0, 0.015, 1, 1))
    figure.savefig(folder / "sample-cases.png", dpi=110, facecolor="black")
    plt.close(figure)
    _planes(make_case(SEEDS[0], matrix=512), folder / "sample-case-planes.png")


def _outline(axis, labels: np.ndarray) -> None:
    for value, mask in ((1, labels > 0), (2, labels == 2)):
        if mask.any():
            axis.contour(mask, [0.5], colors=COLOURS[value], linewidths=1.0)


def _planes(case: SampleCase, path: Path) -> None:
    """Axial, coronal and sagittal plane through the largest tumour."""
    import matplotlib.pyplot as plt

    hu, labels = (sitk.GetArrayFromImage(image) for image in (case.ct, case.labels))
    k, j, i = (round(float(c)) for c in np.argwhere(labels == 2).mean(axis=0))
    stretch = case.ct.GetSpacing()[2] / case.ct.GetSpacing()[0]
    figure, axes = plt.subplots(1, 3, figsize=(14, 4.4), facecolor="black")
    planes = [(hu[k], labels[k], 1.0)]
    planes += [(hu[::-1, j], labels[::-1, j], stretch), (hu[::-1, :, i], labels[::-1, :, i], stretch)]
    for axis, (plane, mask, aspect) in zip(axes, planes, strict=True):
        axis.imshow(plane, aspect=aspect, **WINDOW)
        _outline(axis, mask)
        axis.axis("off")
    figure.tight_layout()
    figure.savefig(path, dpi=100, facecolor="black")
    plt.close(figure)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
