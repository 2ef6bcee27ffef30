"""Take over a segmentation that is already in the scene: the reader's own segments, where they are.

Nothing is copied and nothing is resampled without a question: the same segments, under their own names, get our
roles, and the editor edits what counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import slicer

from ..ct import Finding, Level
from ..errors import BadInput
from ..segmentation.names import Role
from ..segmentation.segments import OVERLAP_REFUSED, OVERLAP_WARNED
from . import segment_voxels, segments
from .origin_marks import DRAWN, ORIGIN, marks_on
from .segment_roles import EXCLUDED, LABELMAP, LIVER, ROLE, STYLES, TUMOUR
from .segments import MANUAL
from .volumes import require_no_transform

TISSUE = "~SCT^85756007^Tissue~SCT^85756007^Tissue~"
"""What Slicer gives a segment of which nobody has said what it is."""

OTHER_CT = "drawn_on_another_ct"


class DrawnElsewhere(BadInput):
    """The segments were drawn on another CT or grid; they can be used all the same where somebody says so."""


@dataclass(frozen=True)
class Place:
    """How segments lie on a CT.

    Parameters
    ----------
    exact : bool
        They lie on the CT's own voxels.
    inside : float
        Share of their volume that lies in the CT.
    words : str
        What is different, "" where nothing is.
    """

    exact: bool
    inside: float
    words: str


def adopt(node, volume, all_the_same: bool = False):
    """Give a segmentation's liver and tumour segments their roles, and return the node to go on with.

    Parameters
    ----------
    all_the_same : bool
        The reader was asked, and wants segments that were drawn on another CT or grid; where they have other voxels
        they are resampled into a new node.

    Returns
    -------
    (node, Finding or None)
        The finding says that they were drawn elsewhere.

    Raises
    ------
    DrawnElsewhere
        They were drawn on another CT or grid, and nobody was asked yet.
    BadInput
        No segment can be taken for the liver, or they do not lie on this CT at all.
    """
    require_no_transform(node)
    require_no_transform(volume)
    found = _by_name(node)
    _as_label_maps(node, volume)
    place = place_of(node, [i for ids in found.values() for i in ids], volume)
    finding = None
    if place.inside < OVERLAP_REFUSED:
        raise BadInput(
            f"These segments do not lie on this CT: {place.words}; {100 * place.inside:.0f} % of them are inside. "
            "Choose the CT that they were drawn on."
        )
    if place.words:
        if not all_the_same:
            raise DrawnElsewhere(f"These segments were not drawn on this CT: {place.words}. Use them all the same?")
        message = f"The segments were not drawn on this CT: {place.words}. A reader has chosen them all the same."
        if not place.exact:
            message += f" They were resampled ({100 * place.inside:.1f} % of their volume is inside)."
        finding = Finding(OTHER_CT, Level.WARN, message, {"inside": place.inside, "resampled": not place.exact})
        if not place.exact:
            node = _resampled(node, found, volume)
            found = _by_name(node)
    _take(node, found, volume)
    return node, finding


def fits(node, volume) -> bool:
    """Whether a segmentation can be adopted as it is: named segments, drawn on this CT's own voxels."""
    try:
        require_no_transform(node)
        ids = [identifier for found in _by_name(node).values() for identifier in found]
        place = place_of(node, ids, volume)
    except BadInput:
        return False
    return not place.words and place.inside >= OVERLAP_REFUSED


def _by_name(node) -> dict[Role, list[str]]:
    segmentation = node.GetSegmentation()
    found: dict[Role, list[str]] = {Role.PARENCHYMA: [], LIVER: [], TUMOUR: [], EXCLUDED: []}
    for identifier in segmentation.GetSegmentIDs():
        segment = segmentation.GetSegment(identifier)
        role = segments.role_of(segment)
        if role is None and segments.tag_of(segment, ROLE) == EXCLUDED:
            role = EXCLUDED  # left out here, and called "cyst" since
        if role in found:
            found[role].append(identifier)
    if not found[LIVER] and not found[Role.PARENCHYMA]:
        names = ", ".join(segmentation.GetSegment(i).GetName() for i in segmentation.GetSegmentIDs()) or "none"
        raise BadInput(
            f"No segment can be taken for the liver (segments: {names}). Name one 'liver' and the tumours 'tumour'."
        )
    return found


def _as_label_maps(node, volume) -> None:
    """Contours of a radiotherapy plan become voxels of the CT."""
    segmentation = node.GetSegmentation()
    if segmentation.GetSourceRepresentationName() != LABELMAP:
        node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        node.CreateBinaryLabelmapRepresentation()
        segmentation.SetSourceRepresentationName(LABELMAP)


def place_of(node, identifiers: list[str], volume) -> Place:
    """Where segments lie, by the grid and the CT that they were drawn on and by their voxels."""
    ours, size = segment_voxels.ijk_to_ras(volume), volume.GetImageData().GetDimensions()
    parts = [part for i in identifiers if (part := segment_voxels.cropped_segment(node, i)) is not None]
    exact = all(segment_voxels.on_lattice(part[1], volume) for part in parts)
    total = sum(int(np.count_nonzero(part[0])) for part in parts)
    inside = sum(_inside(part, ours, size) for part in parts) / total if total else 1.0
    grid = _reference_grid(node)
    if grid is None and parts:
        grid = parts[0][1], None
    return Place(exact, inside, _different(node, grid, exact, inside, volume, ours, size))


def _inside(part, ours: np.ndarray, size: tuple[int, int, int]) -> int:
    """Voxels of a part whose centres lie in the volume."""
    mask, matrix, start = part
    to_ours, first = np.linalg.solve(ours, matrix), np.array([*start, 0])[:, None]

    def lie_in(k, j, i):
        index = (to_ours @ (np.stack([i, j, k, np.ones_like(i)]) + first))[:3]
        return ((index > -0.501) & (index < np.array(size)[:, None] - 0.499)).all(axis=0)

    if lie_in(*(np.indices((2, 2, 2)).reshape(3, -1) * (np.array(mask.shape)[:, None] - 1))).all():
        return int(np.count_nonzero(mask))  # the whole box
    return int(np.count_nonzero(lie_in(*np.nonzero(mask))))


def _reference_grid(node) -> tuple[np.ndarray, tuple[int, ...]] | None:
    """Matrix (index to RAS) and extent of the grid that the segmentation was drawn on; None where it says none."""
    name = slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()
    text = node.GetSegmentation().GetConversionParameter(name)
    image = slicer.vtkOrientedImageData()
    if not text or not slicer.vtkSegmentationConverter.DeserializeImageGeometry(text, image):
        return None
    import vtk

    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix), image.GetExtent()


def _different(node, grid, exact: bool, inside: float, volume, ours: np.ndarray, size) -> str:
    """What tells that the segments were drawn elsewhere, without a name of a CT; "" where nothing does."""
    if grid is not None:
        matrix, extent = grid
        spacing, own = (np.linalg.norm(m[:3, :3], axis=0) for m in (matrix, ours))
        if not np.allclose(matrix[:3, :3], ours[:3, :3], atol=1e-4):
            if np.allclose(spacing, own, atol=1e-4):
                return "the axes of their grid are turned"
            return f"their voxels measure {_mm(spacing)}, this CT's {_mm(own)}"
        corner = matrix @ [*(extent[::2] if extent else (0, 0, 0)), 1.0]
        steps = np.linalg.solve(ours, corner)[:3]
        whole = np.allclose(steps, np.rint(steps), atol=1e-2)
        counts = np.array(extent[1::2]) - np.array(extent[::2]) + 1 if extent else np.zeros(3)
        fits = (np.rint(steps) >= 0).all() and (np.rint(steps) + counts <= np.array(size)).all()
        if not whole or (extent and not fits):
            return f"their grid lies {np.linalg.norm(corner[:3] - ours[:3, 3]):.1f} mm off this one's"
    if not exact:
        return "their voxels lie between those of this CT"
    reference = node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole())
    if reference is not None and reference is not volume:
        return "they belong to another CT of this scene with the same grid"
    return "" if inside >= OVERLAP_WARNED else "they reach beyond it"


def _mm(spacing: np.ndarray) -> str:
    return " x ".join(f"{x:.2f}" for x in spacing) + " mm"


def _resampled(node, found: Mapping[Role, list[str]], volume):
    """The segments on the voxels of `volume`, in a new node under their own names; the old one stays as it is."""
    new = segments.add_segmentation(volume, "PTLF segments (resampled)")
    source = node.GetSegmentation()
    for identifier in source.GetSegmentIDs():
        segment = source.GetSegment(identifier)
        new.GetSegmentation().AddEmptySegment(identifier, segment.GetName(), segment.GetColor())
        if not segments.is_empty(node, identifier):
            segments.fill(new, identifier, segments.union(node, [identifier], volume), volume)
    marks = marks_on(node, ORIGIN)
    if marks:
        new.SetAttribute(ORIGIN, marks[0])
        new.SetAttribute(DRAWN, "{}")  # resampled voxels are not those that were drawn
    if node.GetDisplayNode() is not None:
        node.GetDisplayNode().SetVisibility(False)
    return new


def _take(node, found: Mapping[Role, list[str]], volume) -> None:
    """Set the roles; where only a parenchyma was drawn, the tumour is added to it: the liver is the whole organ."""
    segmentation = node.GetSegmentation()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    if not found[LIVER]:
        whole = segments.union(node, [*found[Role.PARENCHYMA], *found[TUMOUR], *found[EXCLUDED]], volume)
        segments.fill(node, found[Role.PARENCHYMA][0], whole, volume)
        segmentation.GetSegment(found[Role.PARENCHYMA][0]).SetName(STYLES[LIVER].name)  # no longer what it was called
    taken = {LIVER: (*found[LIVER], *found[Role.PARENCHYMA]), TUMOUR: found[TUMOUR], EXCLUDED: found[EXCLUDED]}
    roles = {identifier: role for role, ids in taken.items() for identifier in ids}
    for identifier in segmentation.GetSegmentIDs():
        segment = segmentation.GetSegment(identifier)
        role = roles.get(identifier, "")
        if segments.tag_of(segment, ROLE) != role:
            segment.SetTag(ROLE, role)
        if not role:
            continue
        if not segments.tag_of(segment, segments.ALGORITHM_TYPE):
            segment.SetTag(segments.ALGORITHM_TYPE, MANUAL)
            segment.SetTag(segments.ALGORITHM_NAME, "")
        codes = slicer.vtkSegment.GetTerminologyEntryTagName()
        if not segments.tag_of(segment, codes) or TISSUE in segments.tag_of(segment, codes):
            segment.SetTag(codes, STYLES[role].terminology)
    if not found[TUMOUR]:
        segmentation.GetSegment(segments.add_segment(node, TUMOUR)).SetTag(segments.ALGORITHM_TYPE, MANUAL)
