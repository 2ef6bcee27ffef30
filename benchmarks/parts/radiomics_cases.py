"""CTs and VOIs that the radiomics benchmark runs on: a patient's, any that is given, or a made one."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("PTLF_SHARED_DATA") or ROOT.parent / "shared" / "data")

SPACING_MM = (0.74, 0.74, 1.6)
"""Of the small made case, x, y, z."""

FULL_MATRIX, FULL_SPACING_MM = 512, (0.7, 0.7, 1.0)
"""Of the full made CT."""

AIR_HU, BODY_HU, LIVER_HU, TUMOUR_HU, NOISE_HU = -1000, 60, 105, 75, 28
TUMOUR_PART = 0.1
"""Of the liver's volume."""


@dataclass(frozen=True)
class Case:
    """
    Parameters
    ----------
    source : str
        What it is, in words.
    image : SimpleITK.Image
        In HU.
    masks : mapping of str to ndarray of bool, shape (z, y, x)
        By the VOI's name in files: "liver" (the parenchyma), "tumor"; what the segmentation does not have is not there.
    """

    source: str
    image: sitk.Image
    masks: Mapping[str, np.ndarray]

    def write(self, folder: Path) -> None:
        """``ct.nrrd`` and a mask for each VOI, not compressed."""
        sitk.WriteImage(self.image, str(folder / "ct.nrrd"))
        for name, mask in self.masks.items():
            label = sitk.GetImageFromArray(mask.astype(np.uint8))
            label.CopyInformation(self.image)
            sitk.WriteImage(label, str(folder / f"{name}.nrrd"))


def given(ct: Path, segmentation: Sequence[str], labels: Sequence[str] | None, source: str = "") -> Case:
    """A CT and its segments, read as every command reads them."""
    from PTLFPredictorLib.ct import read_ct
    from PTLFPredictorLib.segmentation.reading import Source, parse_labels, read_segments

    read = read_ct(ct).require_usable()
    segments = read_segments([Source.parse(text) for text in segmentation], read, parse_labels(labels)).checked(read)
    masks = {voi.in_files: sitk.GetArrayFromImage(mask) > 0 for voi, mask in segments.vois.items()}
    return Case(source or Path(ct).name, read.image, masks)


def ircad17() -> Case | None:
    """3D-IRCADb-01 case 17 with its expert labels, where it is on this computer."""
    folder, labels = DATA / "ircad17" / "dicom", DATA / "ircad17" / "liver1_tumour2.nii.gz"
    if not labels.is_file():
        return None
    return given(folder, [str(labels)], None, "3D-IRCADb-01 case 17, full resolution")


def synthetic(million_voxels: float) -> Case:
    """Correlated noise at portal venous HU; an ellipsoid of so many voxels with a tumour of a tenth in it."""
    from scipy import ndimage

    semi = (3 * million_voxels * 1e6 / (4 * np.pi) / (0.45 * 1.0 * 1.15)) ** (1 / 3) * np.array([0.45, 1.0, 1.15])
    shape = tuple(int(2 * s + 24) for s in semi)
    rng = np.random.default_rng(17)
    noise = ndimage.gaussian_filter(rng.normal(size=shape).astype(np.float32), 0.8)
    liver, tumour = _ellipsoids(shape, semi)
    hu = LIVER_HU + NOISE_HU / noise.std() * noise - (LIVER_HU - TUMOUR_HU) * tumour - 200 * ~(liver | tumour)
    image = sitk.GetImageFromArray(np.round(hu).astype(np.int16))
    image.SetSpacing(SPACING_MM)
    return Case("synthetic ellipsoid", image, {"liver": liver, "tumor": tumour})


def full_ct(slices: int, matrix: int = FULL_MATRIX) -> sitk.Image:
    """A CT as a scanner gives it: a body of noisy tissue in noisy air, every slice full.

    The noise is one block of slices over and over, shifted each time, so that 600 slices are made in seconds.
    """
    from scipy import ndimage

    rng = np.random.default_rng(17)
    depth = min(slices, 40)
    noise = ndimage.gaussian_filter(rng.normal(size=(depth, matrix, matrix)).astype(np.float32), 0.8, mode="wrap")
    noise *= NOISE_HU / noise.std()
    y, x = np.ogrid[-1 : 1 : matrix * 1j, -1 : 1 : matrix * 1j]
    tissue = np.where((x / 0.9) ** 2 + (y / 0.7) ** 2 < 1, np.float32(BODY_HU), np.float32(AIR_HU))
    voxels = np.empty((slices, matrix, matrix), np.int16)
    for start in range(0, slices, depth):
        block = voxels[start : start + depth]
        shift = rng.integers(matrix, size=2)
        for target, source in zip(block, noise, strict=False):
            target[:] = np.rint(np.roll(source, shift, (0, 1)) + tissue)
    image = sitk.GetImageFromArray(voxels)
    image.SetSpacing(FULL_SPACING_MM)
    return image


def place_vois(ct: sitk.Image, million_voxels: float) -> tuple[sitk.Image, sitk.Image]:
    """Liver and tumour of so many voxels together in the middle of a `full_ct`: their HU in the CT, and a label map.

    Labels: 1 parenchyma, 2 tumour.  `ct` itself stays as it is; ValueError where they do not fit into its body.
    """
    voxels = sitk.GetArrayFromImage(ct)
    spacing = np.array(ct.GetSpacing()[::-1])
    ratio = np.array([0.9, 1.0, 1.15]) / spacing
    semi = (3 * million_voxels * 1e6 / (4 * np.pi) / np.prod(ratio)) ** (1 / 3) * ratio
    if (semi > np.array(voxels.shape) * (0.5, 0.33, 0.43)).any():
        raise ValueError(f"a VOI of {million_voxels} million voxels does not fit into the CT")
    liver, tumour = _ellipsoids(voxels.shape, semi)
    voxels += (LIVER_HU - BODY_HU) * liver + (TUMOUR_HU - BODY_HU) * tumour.astype(np.int16)
    image, labels = sitk.GetImageFromArray(voxels), sitk.GetImageFromArray(liver + 2 * tumour.astype(np.uint8))
    for made in (image, labels):
        made.CopyInformation(ct)
    return image, labels


def _ellipsoids(shape: Sequence[int], semi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An ellipsoid in the middle without the concentric one of a tenth of its volume, and that one."""
    axes = [((np.arange(n, dtype=np.float32) - n / 2) / s) ** 2 for n, s in zip(shape, semi, strict=True)]
    distance = axes[0][:, None, None] + axes[1][None, :, None] + axes[2][None, None, :]
    tumour = distance < TUMOUR_PART ** (2 / 3)
    return (distance <= 1) & ~tumour, tumour
