"""Masks without the empty space around them: where they lie, whether two are the same, and how far they differ."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk

from ..ct import Raster, bounding_box
from ..hashes import json_sha256
from .names import LABEL_OF, Role

ORGAN, TUMOUR, EXCLUDED = Role.LIVER, Role.TUMOUR, Role.EXCLUDED


@dataclass(frozen=True)
class Region:
    """The box of a role's voxels and where it lies in the patient.

    Attributes
    ----------
    mask : np.ndarray
        bool, (z, y, x), as small as its voxels allow.
    corner : tuple of float
        LPS in mm of the box's first voxel.
    steps : tuple of float
        3 x 3 matrix from voxel index (x, y, z) to mm, row by row.
    """

    mask: np.ndarray
    corner: tuple[float, ...]
    steps: tuple[float, ...]

    @property
    def voxels(self) -> str:
        """SHA-256 of the voxels, their size and axes; not of the place, which is compared in mm."""
        digest = hashlib.sha256(f"{self.mask.shape}|{_digits(self.steps, 3)}".encode())
        digest.update(np.packbits(self.mask))
        return digest.hexdigest()

    @property
    def count(self) -> int:
        return int(np.count_nonzero(self.mask))


Regions = Mapping[str, Region]
"""Role ("liver" the whole organ, "tumor", "excluded") -> its region; a role without voxels is left out."""


def regions_of(labels: sitk.Image) -> dict[str, Region]:
    """The organ (all labels), the tumour and what a reader left out, without the empty space around them."""
    labels = Raster.of(labels).in_lps().to_image()
    array = sitk.GetArrayViewFromImage(labels)
    organ = bounding_box(array > 0)
    if organ is None:
        return {}
    array = array[organ]
    steps = np.reshape(labels.GetDirection(), (3, 3)) * np.array(labels.GetSpacing())
    found = {}
    masks = {ORGAN: array > 0, **{role: array == LABEL_OF[role] for role in (TUMOUR, EXCLUDED)}}
    for role, mask in masks.items():
        box = bounding_box(mask)
        if box is None:
            continue
        start = [outer.start + side.start for outer, side in zip(organ, box, strict=True)]
        corner = labels.TransformIndexToPhysicalPoint(start[::-1])
        found[role] = Region(np.array(mask[box]), corner, tuple(steps.ravel().tolist()))
    return found


def lesions_of(regions: Regions) -> Region | None:
    """Tumour and what a reader left out together: all lesions that were drawn, whatever a reader thinks of them."""
    tumour, excluded = regions.get(TUMOUR), regions.get(EXCLUDED)
    if tumour is None or excluded is None:
        return tumour or excluded
    offset = _offset(tumour, excluded)
    if offset is None:
        return tumour
    low = np.minimum(0, offset)
    mask = np.zeros(np.maximum(tumour.mask.shape, offset + excluded.mask.shape) - low, bool)
    for region, start in ((tumour, -low), (excluded, offset - low)):
        mask[tuple(slice(a, a + n) for a, n in zip(start, region.mask.shape, strict=True))] |= region.mask
    steps = np.reshape(tumour.steps, (3, 3))
    corner = np.add(tumour.corner, steps @ low[::-1])
    return Region(mask, tuple(corner.tolist()), tumour.steps)


def content(labels: sitk.Image) -> str:
    """8 hexadecimal digits for a label map's voxels and their place to the millimetre, whatever lies around them."""
    found = {role: [region.voxels, _digits(region.corner, 0)] for role, region in regions_of(labels).items()}
    return json_sha256(found)[:8]


def changed_share(before: Regions, now: Regions) -> float:
    """Share of voxels, of the union of both organs, whose label differs; 1 where the grids do not fit."""
    if ORGAN not in before or ORGAN not in now:
        return float(before.keys() != now.keys())
    offset = _offset(before[ORGAN], now[ORGAN])
    if offset is None:
        return 1.0
    maps = []
    low = np.minimum(0, offset)
    high = np.maximum(before[ORGAN].mask.shape, offset + now[ORGAN].mask.shape)
    for regions, start in ((before, -low), (now, offset - low)):
        labels = np.zeros(high - low, np.uint8)
        for role in (ORGAN, TUMOUR, EXCLUDED):
            if role in regions:
                inside = start + _offset(regions[ORGAN], regions[role])
                box = tuple(slice(a, a + n) for a, n in zip(inside, regions[role].mask.shape, strict=True))
                labels[box][regions[role].mask] = LABEL_OF[Role.PARENCHYMA if role is ORGAN else role]
        maps.append(labels)
    return float(np.count_nonzero(maps[0] != maps[1]) / np.count_nonzero(maps[0] | maps[1]))


def dice(a: Region, b: Region) -> float:
    """Dice coefficient of two regions; 0 where their grids do not fit."""
    offset = _offset(a, b)
    if offset is None:
        return 0.0
    low = np.maximum(0, offset)
    high = np.minimum(a.mask.shape, offset + b.mask.shape)
    if (low >= high).any():
        return 0.0
    part_a = a.mask[tuple(slice(x, y) for x, y in zip(low, high, strict=True))]
    part_b = b.mask[tuple(slice(x, y) for x, y in zip(low - offset, high - offset, strict=True))]
    return 2 * int(np.count_nonzero(part_a & part_b)) / (a.count + b.count)


def _offset(a: Region, b: Region) -> np.ndarray | None:
    """Index (z, y, x) of b's corner in a's box; None where the voxels do not lie on one lattice."""
    steps = np.reshape(a.steps, (3, 3))
    if not np.allclose(a.steps, b.steps, atol=1e-3):
        return None
    exact = np.linalg.solve(steps, np.subtract(b.corner, a.corner))
    whole = np.rint(exact)
    return whole[::-1].astype(int) if np.abs(exact - whole).max() < 0.1 else None


def _digits(values: Any, decimals: int) -> str:
    return ",".join(f"{x:.{decimals}f}" for x in np.round(values, decimals) + 0.0)  # + 0.0: no "-0"
