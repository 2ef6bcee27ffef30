"""Voxels of the segments of a node: label map, boxes, volumes, hashes, what differs from what the model drew."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
import slicer
import vtk

from ..errors import BadInput
from ..segmentation.segments import derive
from .segment_roles import EXCLUDED, LABELMAP, LIVER, ROLES, TUMOUR, segment_ids
from .volumes import place, require_no_transform, volume_to_lps

Cropped = tuple[np.ndarray, np.ndarray, tuple[int, int, int]]
"""Box of voxels: mask (k, j, i), matrix from index to RAS, index (i, j, k) of the box's corner."""


@dataclass(frozen=True)
class Box:
    """Several roles in the box around them.

    Parameters
    ----------
    masks : list of numpy.ndarray
        bool (k, j, i), one a role.
    matrix : numpy.ndarray
        From index (i, j, k) to RAS.
    corner : (int, int, int)
        Index (i, j, k) of the box's first voxel.
    """

    masks: list[np.ndarray]
    matrix: np.ndarray
    corner: tuple[int, int, int]


def label_map(node, volume) -> sitk.Image:
    """Label map (uint8: 0, 1 parenchyma, 2 tumour, 3 left out) of the segments on the voxels of `volume`.

    Raises
    ------
    BadInput
        The liver segment is missing, a transform is not hardened, or the segments have other voxels than the volume.
    """
    require_no_transform(node)
    require_no_transform(volume)
    if not segment_ids(node, LIVER):
        raise BadInput("The segmentation has no segment for the liver.")
    masks = {}
    for role in ROLES:
        for identifier in segment_ids(node, role):
            cropped = cropped_segment(node, identifier)
            if cropped is not None and not on_lattice(cropped[1], volume):
                raise BadInput(
                    "The segments do not lie on the voxels of this CT (a transform was hardened, or the CT's geometry "
                    "was changed). Choose the segmentation once more in section 2."
                )
        masks[role] = union(node, segment_ids(node, role), volume)
    labels = sitk.GetImageFromArray(derive(masks[LIVER], masks[TUMOUR], masks[EXCLUDED]))
    place(labels, volume_to_lps(volume))
    return labels


def union(node, identifiers: Sequence[str], volume) -> np.ndarray:
    """Mask (k, j, i) of several segments on the voxels of `volume`."""
    found = np.zeros(volume.GetImageData().GetDimensions()[::-1], bool)
    for identifier in identifiers:
        if not is_empty(node, identifier):
            found |= slicer.util.arrayFromSegmentBinaryLabelmap(node, identifier, volume) > 0
    return found


def on_lattice(matrix: np.ndarray, volume) -> bool:
    """Whether a grid (matrix from index to RAS) has the volume's voxels, up to a whole number of steps."""
    ours = ijk_to_ras(volume)
    if not np.allclose(matrix[:3, :3], ours[:3, :3], atol=1e-4):
        return False
    steps = np.linalg.solve(ours, matrix[:, 3])[:3]
    return bool(np.allclose(steps, np.rint(steps), atol=1e-2))


def ijk_to_ras(volume) -> np.ndarray:
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def canonical_label_map(node, volume) -> sitk.Image:
    """`label_map` with index axes along L, P, S, as the library computes with it."""
    return sitk.DICOMOrient(label_map(node, volume), "LPS")


def _cropped(node, role: str) -> Cropped | None:
    """Box of an organ's voxels, of all its segments; None if empty."""
    parts = [part for i in segment_ids(node, role) if (part := cropped_segment(node, i)) is not None]
    if len(parts) < 2:
        return parts[0] if parts else None
    masks, corner = _stacked(parts)
    return np.logical_or.reduce(masks), parts[0][1], corner


def cropped_segment(node, identifier: str) -> Cropped | None:
    segment = node.GetSegmentation().GetSegment(identifier)
    image = segment.GetRepresentation(LABELMAP) if segment is not None else None
    if image is None or image.GetNumberOfPoints() == 0:
        return None
    from vtk.util.numpy_support import vtk_to_numpy

    extent = image.GetExtent()
    shape = (extent[5] - extent[4] + 1, extent[3] - extent[2] + 1, extent[1] - extent[0] + 1)
    mask = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(shape) == segment.GetLabelValue()
    if not mask.any():
        return None
    corner, box = [], []
    for axis in range(3):
        used = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        box.append(slice(used[0], used[-1] + 1))
        corner.append(int(used[0]))
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    start = (extent[0] + corner[2], extent[2] + corner[1], extent[4] + corner[0])
    return mask[tuple(box)], slicer.util.arrayFromVTKMatrix(matrix), start


def _stacked(parts: Sequence[Cropped | None]) -> tuple[list[np.ndarray], tuple[int, int, int]]:
    """Masks on the common box of all parts (None: empty), and the index (i, j, k) of that box's corner.

    Raises
    ------
    BadInput
        Where the parts do not lie on one grid.
    """
    given = [part for part in parts if part is not None]
    if not given:
        return [np.zeros((0, 0, 0), bool) for _ in parts], (0, 0, 0)
    (_, matrix, first), corners = given[0], []
    for _, other, start in given:
        offset = np.linalg.solve(matrix, other @ [*start, 1.0])[:3] - first
        steps = np.rint(offset).astype(int)
        if not np.allclose(matrix[:3, :3], other[:3, :3], atol=1e-4) or not np.allclose(offset, steps, atol=1e-2):
            raise BadInput("The segments have different voxel grids; use one reference volume for both.")
        corners.append(steps[::-1])
    low = np.min(corners, axis=0)
    high = np.max([corner + mask.shape for corner, (mask, _, _) in zip(corners, given, strict=True)], axis=0)
    places = iter(corners)
    masks = []
    for part in parts:
        whole = np.zeros(high - low, bool)
        if part is not None:
            corner = next(places) - low
            whole[tuple(slice(c, c + n) for c, n in zip(corner, part[0].shape, strict=True))] = part[0]
        masks.append(whole)
    i, j, k = (int(index) + int(step) for index, step in zip(first, low[::-1], strict=True))
    return masks, (i, j, k)


def is_empty(node, identifier: str) -> bool:
    segment = node.GetSegmentation().GetSegment(identifier)
    image = segment.GetRepresentation(LABELMAP) if segment is not None else None
    if image is None or image.GetNumberOfPoints() == 0:
        return True
    highest, value = image.GetScalarRange()[1], segment.GetLabelValue()  # VTK keeps the range while nothing changes
    return highest < value or (highest > value and cropped_segment(node, identifier) is None)


def content_hashes(node) -> dict[str, str]:
    """SHA-256 of the voxels of each role with their place in the patient; the same after save and load.

    `EXCLUDED` is there only where a reader left something out: without it, hashes are as versions before it wrote them.
    """
    found = {}
    for role in ROLES:
        digest = hashlib.sha256()
        cropped = _cropped(node, role)
        if cropped is None and role == EXCLUDED:
            continue
        if cropped is not None:
            mask, matrix, start = cropped
            corner = matrix @ [*start, 1.0]
            geometry = ",".join(f"{x:.3f}" for x in [*corner[:3], *matrix[:3, :3].ravel()])
            digest.update(f"{mask.shape}|{geometry}".replace("-0.000", "0.000").encode())
            digest.update(np.packbits(mask))
        found[role] = digest.hexdigest()
        _keep(found[role], cropped)
    return found


_KEPT: OrderedDict[str, Cropped | None] = OrderedDict()
"""Boxes of voxels by their content hash, the last ones: what was just hashed is not looked for again."""

KEPT = 2 * len(ROLES)
"""Of the segments on screen and of what the model drew."""


def _keep(key: str, cropped: Cropped | None) -> None:
    if cropped is not None:
        cropped = np.ascontiguousarray(cropped[0]), *cropped[1:]  # not the whole grid behind a view of it
    _KEPT[key] = cropped
    _KEPT.move_to_end(key)
    while len(_KEPT) > KEPT:
        _KEPT.popitem(last=False)


def box_of(node, roles: Sequence[str]) -> Box | None:
    """The voxels of some roles in the box around them; None where they have none.

    Raises
    ------
    BadInput
        Where the segments do not lie on one grid.
    """
    parts = [_cropped(node, role) for role in roles]
    first = next((part for part in parts if part is not None), None)
    if first is None:
        return None
    masks, corner = _stacked(parts)
    return Box(masks, first[1], corner)


def labels_in_box(nodes: Sequence, hashes: Sequence[Mapping[str, str]] = ()) -> tuple[list[np.ndarray], float]:
    """Label maps of several segmentations on the box around all of them, and mL of a voxel.

    `hashes` are the nodes' `content_hashes`, where they are known.
    """
    parts = []
    for node, known in zip(nodes, hashes or [{}] * len(nodes), strict=True):
        parts += [_KEPT[known[role]] if known.get(role) in _KEPT else _cropped(node, role) for role in ROLES]
    masks, _ = _stacked(parts)
    maps = [derive(*masks[start : start + len(ROLES)]) for start in range(0, len(masks), len(ROLES))]
    return maps, _voxel_ml(next((part for part in parts if part is not None), None))


def _voxel_ml(cropped) -> float:
    return abs(float(np.linalg.det(cropped[1][:3, :3]))) / 1000 if cropped else 0.0
