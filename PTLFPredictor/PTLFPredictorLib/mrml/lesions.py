"""The lesions of a segmentation node, each with a tick: which count as tumour, which a reader left out.

A lesion is a connected piece (26 neighbours), as in the record.  One that is left out moves, voxel for voxel, from the
tumour's segment to a segment of its own role (`EXCLUDED`) that knows which one it came from; counted again it moves
back.  The liver's segment is never touched.  Where a brush makes the two overlap, the last stroke wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
import slicer
import vtk

from ..segmentation import lesions
from ..segmentation.marks import ALGORITHM_NAME, ALGORITHM_TYPE, TAG
from . import segments
from .origin_marks import DRAWN, ORIGIN
from .segment_roles import EXCLUDED, STYLES, TUMOUR, segment_ids, tag_of
from .segment_voxels import Cropped, box_of, cropped_segment, ijk_to_ras, on_lattice
from .volumes import RAS_TO_LPS, require_no_transform

LEFT_OUT_OF = "PTLF.LeftOutOf"
"""Tag of a segment of lesions that are left out: ID of the tumour's segment that they came from."""

FOLLOWS = (ALGORITHM_TYPE, ALGORITHM_NAME, TAG, ORIGIN, DRAWN)
"""Tags that say who drew it, which go along."""


@dataclass(frozen=True)
class SceneLesion:
    """One lesion on screen.

    Parameters
    ----------
    number : int
        From 1, the largest first, whether it counts or not.
    counted : bool
        False: a reader left it out.
    volume_ml, diameter_mm : float
        As `segmentation.lesions` measures them.
    mean_hu : float
        Of the CT on screen.
    place : (float, float, float)
        RAS in mm of a voxel in its middle.
    """

    number: int
    counted: bool
    volume_ml: float
    diameter_mm: float
    mean_hu: float
    place: tuple[float, float, float]


def listed(node, volume) -> list[SceneLesion]:
    """The lesions of a node, the largest first.

    Raises
    ------
    BadInput
        Where the segments do not lie on the voxels of `volume`.
    """
    pieces = _Pieces.of(node)
    if pieces is None:
        return []
    require_no_transform(volume)
    hu = pieces.of_volume(volume)
    measured = lesions.measured(*pieces.axial())
    found = [
        SceneLesion(0, number <= pieces.counted, one.volume_ml, one.diameter_mm, *pieces.seen(number, hu))
        for number, one in enumerate(measured, start=1)
    ]
    found.sort(key=lambda one: (-one.volume_ml, -one.diameter_mm, one.place))
    return [SceneLesion(number, *list(vars(one).values())[1:]) for number, one in enumerate(found, start=1)]


def count(node, lesion: SceneLesion, counted: bool) -> bool:
    """Leave a lesion out, or count it again; exactly its voxels move.

    Returns
    -------
    bool
        False where there is no such lesion any more: nothing was changed.
    """
    pieces = _Pieces.of(node)
    number = 0 if pieces is None else pieces.at(lesion.place)
    if not number or (number <= pieces.counted) == counted:
        return False
    piece = pieces.numbered == number
    modified = node.StartModify()
    try:
        for identifier in segment_ids(node, EXCLUDED if counted else TUMOUR):
            part = pieces.part(node, identifier, piece)
            if part.any():
                target = _source_of(node, identifier) if counted else _left_out_of(node, identifier)
                pieces.change(node, target, part, add=True)
                pieces.change(node, identifier, piece, add=False)
        _drop_empty(node)
    finally:
        node.EndModify(modified)
    return True


def settle(node, changed: Iterable[str]) -> bool:
    """Where tumour and what is left out overlap after a stroke, the segment that was changed keeps the voxels.

    Parameters
    ----------
    changed : iterable of str
        Roles whose voxels have changed; where that is both, or neither, the tumour keeps them.

    Returns
    -------
    bool
        Whether anything was changed.
    """
    if not segment_ids(node, EXCLUDED):
        return False
    box = box_of(node, (TUMOUR, EXCLUDED))
    if box is None or not (overlap := box.masks[0] & box.masks[1]).any():
        return False
    loser = TUMOUR if EXCLUDED in changed and TUMOUR not in changed else EXCLUDED
    pieces, modified = _Pieces(overlap.astype(np.int32), 0, box.matrix, box.corner), node.StartModify()
    try:
        for identifier in segment_ids(node, loser):
            pieces.change(node, identifier, overlap, add=False)
        _drop_empty(node)
    finally:
        node.EndModify(modified)
    return True


@dataclass(frozen=True)
class _Pieces:
    """All lesions by number in the box (k, j, i) around them: first those that count, then those that are left out.

    Parameters
    ----------
    numbered : numpy.ndarray
    counted : int
        How many count.
    matrix : numpy.ndarray
        From index (i, j, k) to RAS.
    corner : (int, int, int)
        Index (i, j, k) of the box's first voxel.
    """

    numbered: np.ndarray
    counted: int
    matrix: np.ndarray
    corner: tuple[int, int, int]

    @classmethod
    def of(cls, node) -> _Pieces | None:
        box = box_of(node, (TUMOUR, EXCLUDED))
        if box is None:
            return None
        tumour, excluded = box.masks
        numbered, others = lesions.pieces(tumour), lesions.pieces(excluded & ~tumour)
        counted = int(numbered.max())
        numbered[others > 0] = others[others > 0] + counted
        return cls(numbered, counted, box.matrix, box.corner)

    def axial(self) -> tuple[np.ndarray, tuple[float, float, float]]:
        """The same with axes along S, P, L, as lesions are measured, and the spacing."""
        steps = RAS_TO_LPS[:3, :3] @ self.matrix[:3, :3]
        spacing = np.linalg.norm(steps, axis=0)
        image = sitk.GetImageFromArray(self.numbered)
        image.SetSpacing(spacing.tolist())
        image.SetDirection((steps / spacing).ravel().tolist())
        image = sitk.DICOMOrient(image, "LPS")
        return sitk.GetArrayFromImage(image), image.GetSpacing()

    def of_volume(self, volume) -> np.ndarray | None:
        """HU of the box; None where the segments lie on other voxels than the volume, or reach beyond it."""
        if not on_lattice(self.matrix, volume):
            return None
        first = np.linalg.solve(ijk_to_ras(volume), self.matrix @ [*self.corner, 1.0])[:3]
        start = np.rint(first).astype(int)[::-1]
        hu = slicer.util.arrayFromVolume(volume)
        if (start < 0).any() or (start + self.numbered.shape > hu.shape).any():
            return None
        return hu[tuple(slice(a, a + n) for a, n in zip(start, self.numbered.shape, strict=True))]

    def seen(self, number: int, hu: np.ndarray | None) -> tuple[float, tuple[float, float, float]]:
        """Mean HU of a piece, and the voxel of it that is nearest to its centroid, in RAS."""
        voxels = np.argwhere(self.numbered == number)
        middle = voxels[np.argmin(((voxels - voxels.mean(axis=0)) ** 2).sum(axis=1))]
        place = self.matrix @ [*(np.array(self.corner) + middle[::-1]), 1.0]
        mean = float("nan") if hu is None else float(hu[tuple(voxels.T)].mean(dtype=float))
        return mean, tuple(place[:3].tolist())

    def at(self, place: Sequence[float]) -> int:
        """Number of the piece at a point in RAS, 0 where there is none."""
        index = np.linalg.solve(self.matrix, [*place, 1.0])[:3] - self.corner
        k, j, i = np.rint(index).astype(int)[::-1]
        inside = all(0 <= a < n for a, n in zip((k, j, i), self.numbered.shape, strict=True))
        return int(self.numbered[k, j, i]) if inside else 0

    def part(self, node, identifier: str, piece: np.ndarray) -> np.ndarray:
        """What of a mask on the box lies in a segment."""
        cropped = cropped_segment(node, identifier)
        return piece & self._on_box(cropped) if cropped is not None else np.zeros_like(piece)

    def _on_box(self, cropped: Cropped) -> np.ndarray:
        """A segment on the box, without what of it lies beyond."""
        mask, matrix, start = cropped
        offset = np.linalg.solve(self.matrix, matrix @ [*start, 1.0])[:3] - self.corner
        first, size = np.rint(offset).astype(int)[::-1], np.array(self.numbered.shape)
        low, high = np.maximum(first, 0), np.minimum(first + mask.shape, size)
        whole = np.zeros(self.numbered.shape, bool)
        if (low < high).all():
            inside = tuple(slice(a, b) for a, b in zip(low - first, high - first, strict=True))
            whole[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = mask[inside]
        return whole

    def change(self, node, identifier: str, mask: np.ndarray, *, add: bool) -> None:
        """Give voxels of the box to a segment, or take them from it; all its voxels lie in the box."""
        cropped = cropped_segment(node, identifier)
        before = np.zeros_like(mask) if cropped is None else self._on_box(cropped)
        after = before | mask if add else before & ~mask
        if not np.array_equal(before, after):
            fill_box(node, identifier, after, self.matrix, self.corner)


def fill_box(node, identifier: str, mask: np.ndarray, matrix: np.ndarray, corner: Sequence[int]) -> None:
    """Make a segment the voxels of `mask` in a box, and nothing outside it."""
    from vtk.util.numpy_support import numpy_to_vtk

    image, to_world = slicer.vtkOrientedImageData(), vtk.vtkMatrix4x4()
    slicer.util.updateVTKMatrixFromArray(to_world, matrix)
    image.SetExtent(*(int(edge) for a, n in zip(corner, mask.shape[::-1], strict=True) for edge in (a, a + n - 1)))
    values = numpy_to_vtk(mask.ravel().astype(np.uint8), deep=True, array_type=vtk.VTK_UNSIGNED_CHAR)
    image.GetPointData().SetScalars(values)
    image.SetImageToWorldMatrix(to_world)
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    logic.SetBinaryLabelmapToSegment(image, node, identifier, logic.MODE_REPLACE)


def _left_out_of(node, tumour: str) -> str:
    """ID of the segment for what is left out of a tumour's segment; made where there is none."""
    segmentation = node.GetSegmentation()
    for identifier in segment_ids(node, EXCLUDED):
        if tag_of(segmentation.GetSegment(identifier), LEFT_OUT_OF) == tumour:
            return identifier
    several = len(segment_ids(node, EXCLUDED))
    identifier, source = segments.add_segment(node, EXCLUDED), segmentation.GetSegment(tumour)
    segment = segmentation.GetSegment(identifier)
    segment.SetTag(LEFT_OUT_OF, tumour)
    if several:
        segment.SetName(STYLES[EXCLUDED].name.replace("lesion", f"lesion {several + 1}"))
    for name in FOLLOWS:
        if text := tag_of(source, name):
            segment.SetTag(name, text)
    return identifier


def _source_of(node, excluded: str) -> str:
    """ID of the tumour's segment that lesions came from; the first one, or a new one, where that is gone."""
    segmentation, ids = node.GetSegmentation(), segment_ids(node, TUMOUR)
    known = tag_of(segmentation.GetSegment(excluded), LEFT_OUT_OF)
    if known in ids:
        return known
    return ids[0] if ids else segments.add_segment(node, TUMOUR)


def _drop_empty(node) -> None:
    for identifier in segment_ids(node, EXCLUDED):
        if segments.is_empty(node, identifier):
            node.GetSegmentation().RemoveSegment(identifier)


def show_in_slices(lesion: SceneLesion) -> None:
    """Every slice view goes to a lesion, in the way that the user has set for such jumps."""
    slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, *lesion.place)
