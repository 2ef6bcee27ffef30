"""Liver and tumour of a segmentation node, and what is derived from them.

The segments are the truth; parenchyma is always liver minus tumour.  A segment stands for an organ by its role
(`segment_ids`), so that a reader's own segments count where they are, under their own names, several lesions as
their union.  Contents are compared by hash, because MRML reports a change also when the same voxels are written
again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
import slicer
import vtk

from ..colours import GREEN, rgb
from ..ct.slabs import Plan, apply_labels
from ..errors import BadInput
from ..segmentation import names, provenance
from ..segmentation.segments import derive
from .volumes import image_of, oriented_like, place, require_no_transform, volume_to_lps

LIVER, TUMOUR = "liver", "tumor"

LABELMAP = "Binary labelmap"

MASTER_LIST = "Segmentation category and type - DICOM master list"
REGIONS = "Anatomic codes - DICOM master list"


@dataclass(frozen=True)
class SegmentStyle:
    """Name, colour (0 to 1) and SNOMED CT codes of a segment."""

    name: str
    colour: tuple[float, float, float]
    terminology: str


STYLES = {
    LIVER: SegmentStyle(
        "liver",
        (221 / 255, 130 / 255, 101 / 255),
        f"{MASTER_LIST}~SCT^123037004^Anatomical Structure~SCT^10200004^Liver~^^~{REGIONS}~^^~^^",
    ),
    TUMOUR: SegmentStyle(
        "tumor",
        tuple(part / 255 for part in rgb(GREEN)),
        f"{MASTER_LIST}~SCT^49755003^Morphologically Altered Structure~SCT^108369006^Neoplasm~^^~{REGIONS}"
        "~SCT^10200004^Liver~^^",
    ),
}
"""Liver's colour is the DICOM master list's; the tumour's is the green of `colours`, told apart from it by all."""

ALGORITHM_TYPE, ALGORITHM_NAME = "DICOM.SegmentAlgorithmType", "DICOM.SegmentAlgorithmName"
AUTOMATIC, SEMIAUTOMATIC, MANUAL = "AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"

ROLE = "PTLF.Role"
"""Tag of a segment: `LIVER` or `TUMOUR`, what it counts as."""

AUTOMATIC_COPY = "PTLF.Automatic"
"""Reference from a segmentation node to the hidden copy of what the model drew."""

AUTOMATIC_NAME = "PTLF automatic segments"

Cropped = tuple[np.ndarray, np.ndarray, tuple[int, int, int]]
"""Box of voxels: mask (k, j, i), matrix from index to RAS, index (i, j, k) of the box's corner."""


def add_segmentation(volume, name: str, *, hidden: bool = False):
    """A new, empty segmentation node in the geometry of `volume`; `hidden` ones appear in no list.

    A node that is hidden before it is added gets no item in the subject hierarchy, and Slicer then writes an error
    line with its name for each of its segments; no name may be a CT's, which may be the patient's.
    """
    node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLSegmentationNode")
    node.UnRegister(None)
    node.SetName(slicer.mrmlScene.GenerateUniqueName(name))
    slicer.mrmlScene.AddNode(node)
    node.SetHideFromEditors(hidden)
    if not hidden:
        node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    return node


def role_of(segment) -> names.Role | None:
    """What a segment stands for by its name and terminology; None where a person must be asked."""
    coded = tag_of(segment, slicer.vtkSegment.GetTerminologyEntryTagName())
    return names.role_of(segment.GetName() or "", *names.of_terminology(coded))


def segment_ids(node, role: str) -> list[str]:
    """IDs of the segments that count as `LIVER` or `TUMOUR`."""
    segmentation = node.GetSegmentation()
    roles = {
        identifier: tag_of(segmentation.GetSegment(identifier), ROLE) for identifier in segmentation.GetSegmentIDs()
    }
    if any(roles.values()):
        return [identifier for identifier in roles if roles[identifier] == role]
    return [role] if role in roles else []  # a scene of an earlier version


def write(node, volume, labels: sitk.Image, algorithm: str, algorithm_type: str = AUTOMATIC) -> None:
    """Write a label map (0 background, 1 parenchyma, 2 tumour) as the node's liver and tumour.

    Segments of no role stay as they are; where several count as one organ, the first one takes all of it.
    """
    values = sitk.GetArrayFromImage(oriented_like(labels, volume))
    masks = {LIVER: values > 0, TUMOUR: values == 2}
    modified = node.StartModify()
    try:
        node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        ids = {role: segment_ids(node, role) or [_add_segment(node, role)] for role in masks}
        for role, mask in masks.items():
            for identifier in ids[role]:
                segment = node.GetSegmentation().GetSegment(identifier)
                if identifier == role:
                    _style(segment, role)
                segment.SetTag(ROLE, role)
                segment.SetTag(ALGORITHM_TYPE, algorithm_type)
                segment.SetTag(ALGORITHM_NAME, algorithm)
                _fill(node, identifier, mask if identifier == ids[role][0] else np.zeros_like(mask), volume)
    finally:
        node.EndModify(modified)


def _add_segment(node, role: str) -> str:
    identifier = node.GetSegmentation().AddEmptySegment(role, STYLES[role].name, STYLES[role].colour)
    segment = node.GetSegmentation().GetSegment(identifier)
    _style(segment, role)
    segment.SetTag(ROLE, role)
    return identifier


def _fill(node, identifier: str, mask: np.ndarray, volume) -> None:
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), node, identifier, volume)


def _style(segment, role: str) -> None:
    style = STYLES[role]
    segment.SetName(style.name)
    segment.SetColor(*style.colour)
    segment.SetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), style.terminology)


def copy(source, target, volume) -> None:
    """Make liver and tumour of `target` those of `source`, voxel for voxel."""
    algorithm = tag(source, LIVER, ALGORITHM_NAME) or "unknown"
    write(target, volume, label_map(source, volume), algorithm, tag(source, LIVER, ALGORITHM_TYPE) or AUTOMATIC)


def automatic_of(node):
    """The hidden copy of what the model drew of a segmentation node, None where there is none."""
    return None if node is None else node.GetNodeReference(AUTOMATIC_COPY)


def keep_automatic(node, volume) -> None:
    """Keep what the model drew as a hidden copy: for Dice, for the share that is changed, and to go back to it."""
    kept = automatic_of(node)
    if kept is None:
        kept = add_segmentation(volume, AUTOMATIC_NAME, hidden=True)
        node.SetNodeReferenceID(AUTOMATIC_COPY, kept.GetID())
    copy(node, kept, volume)


def drop_orphans() -> None:
    """Remove hidden copies whose segmentation has left the scene: nobody would see them."""
    nodes = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    kept = {node.GetNodeReferenceID(AUTOMATIC_COPY) for node in nodes}
    for node in nodes:
        ours = node.GetHideFromEditors() and (node.GetName() or "").startswith(AUTOMATIC_NAME)
        if ours and node.GetID() not in kept:
            slicer.mrmlScene.RemoveNode(node)


def label_map(node, volume) -> sitk.Image:
    """Label map (uint8: 0, 1 parenchyma, 2 tumour) of the segments on the voxels of `volume`.

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
    for role in (LIVER, TUMOUR):
        for identifier in segment_ids(node, role):
            cropped = _cropped_segment(node, identifier)
            if cropped is not None and not on_lattice(cropped[1], volume):
                raise BadInput(
                    "The segments do not lie on the voxels of this CT (a transform was hardened, or the CT's geometry "
                    "was changed). Choose the segmentation once more in section 2."
                )
        masks[role] = union(node, segment_ids(node, role), volume)
    labels = sitk.GetImageFromArray(derive(masks[LIVER], masks[TUMOUR]))
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
    ours = _ijk_to_ras(volume)
    if not np.allclose(matrix[:3, :3], ours[:3, :3], atol=1e-4):
        return False
    steps = np.linalg.solve(ours, matrix[:, 3])[:3]
    return bool(np.allclose(steps, np.rint(steps), atol=1e-2))


def _ijk_to_ras(volume) -> np.ndarray:
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def canonical_label_map(node, volume) -> sitk.Image:
    """`label_map` with index axes along L, P, S, as the library computes with it."""
    return sitk.DICOMOrient(label_map(node, volume), "LPS")


def _cropped(node, role: str) -> Cropped | None:
    """Box of an organ's voxels, of all its segments; None if empty."""
    parts = [part for i in segment_ids(node, role) if (part := _cropped_segment(node, i)) is not None]
    if len(parts) < 2:
        return parts[0] if parts else None
    masks, corner = _stacked(parts)
    return np.logical_or.reduce(masks), parts[0][1], corner


def _cropped_segment(node, identifier: str) -> Cropped | None:
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
    return highest < value or (highest > value and _cropped_segment(node, identifier) is None)


def not_counted(node, role: names.Role | None) -> list[str]:
    """Names of the segments that hold voxels and count as nothing: `Role.OTHER`, or None for what nobody knows."""
    segmentation = node.GetSegmentation()
    counted = {identifier for organ in STYLES for identifier in segment_ids(node, organ)}
    others = [segmentation.GetSegment(i) for i in segmentation.GetSegmentIDs() if i not in counted]
    others = [one for one in others if (names.Role.OTHER if role_of(one) is names.Role.OTHER else None) is role]
    return [one.GetName() for one in others if not is_empty(node, segmentation.GetSegmentIdBySegment(one))]


def others_in_slabs(node, volume, plan: Plan) -> list[tuple]:
    """Segments that hold voxels and count as nothing, by majority: identifier, name, (colour, codes), mask.

    They go along, so that what nobody knows stays asked about.
    """
    segmentation = node.GetSegmentation()
    taken = {identifier for organ in STYLES for identifier in segment_ids(node, organ)}
    found = []
    for identifier in segmentation.GetSegmentIDs():
        if identifier in taken or is_empty(node, identifier):
            continue
        mask = sitk.GetImageFromArray(union(node, [identifier], volume).astype(np.uint8))
        place(mask, volume_to_lps(volume))
        segment = segmentation.GetSegment(identifier)
        codes = tag_of(segment, slicer.vtkSegment.GetTerminologyEntryTagName())
        mask = apply_labels(sitk.DICOMOrient(mask, "LPS"), plan)
        found.append((identifier, segment.GetName(), (tuple(segment.GetColor()), codes), mask))
    return found


def add_others(node, volume, others: Sequence[tuple]) -> None:
    """Add segments of `others_in_slabs` to a node on the slabs."""
    for identifier, name, (colour, codes), mask in others:
        node.GetSegmentation().AddEmptySegment(identifier, name, colour)
        if codes:
            segment = node.GetSegmentation().GetSegment(identifier)
            segment.SetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), codes)
        _fill(node, identifier, sitk.GetArrayFromImage(oriented_like(mask, volume)) > 0, volume)


def counted(node, role: str) -> list[str]:
    """Names of the segments that count as an organ."""
    return [node.GetSegmentation().GetSegment(identifier).GetName() for identifier in segment_ids(node, role)]


def content_hashes(node) -> dict[str, str]:
    """SHA-256 of the voxels of liver and tumour with their place in the patient; the same after save and load."""
    found = {}
    for role in (LIVER, TUMOUR):
        digest = hashlib.sha256()
        cropped = _cropped(node, role)
        if cropped is not None:
            mask, matrix, start = cropped
            corner = matrix @ [*start, 1.0]
            geometry = ",".join(f"{x:.3f}" for x in [*corner[:3], *matrix[:3, :3].ravel()])
            digest.update(f"{mask.shape}|{geometry}".replace("-0.000", "0.000").encode())
            digest.update(np.packbits(mask))
        found[role] = digest.hexdigest()
    return found


def volumes_ml(node) -> dict[str, float]:
    """Volumes in mL of liver, parenchyma and tumour, quickly, from the segments' own boxes."""
    liver, tumour = _cropped(node, LIVER), _cropped(node, TUMOUR)
    voxel_ml = _voxel_ml(liver or tumour)
    (organ, mass), _ = _stacked((liver, tumour))
    parenchyma = int(np.count_nonzero(organ & ~mass))
    return {
        "liver": (parenchyma + int(mass.sum())) * voxel_ml,
        "parenchyma": parenchyma * voxel_ml,
        "tumor": int(mass.sum()) * voxel_ml,
    }


def agreement(node, automatic) -> dict[str, dict[str, float]]:
    """Dice coefficient (NaN where both are empty) and change of volume in mL against the automatic result."""
    now, before = volumes_ml(node), volumes_ml(automatic)
    found = {}
    for role in (LIVER, TUMOUR):
        (a, b), _ = _stacked((_cropped(node, role), _cropped(automatic, role)))
        counts = int(a.sum()) + int(b.sum())
        dice = 2 * int(np.count_nonzero(a & b)) / counts if counts else float("nan")
        found[role] = {"dice": dice, "change_ml": now[role] - before[role]}
    return found


def changed_share(node, automatic) -> float:
    """Share of the voxels, of the union of both organs, whose label differs from what the model drew; 0 to 1."""
    parts = [_cropped(one, role) for one in (node, automatic) for role in (LIVER, TUMOUR)]
    (liver, tumour, drawn_liver, drawn_tumour), _ = _stacked(parts)
    now, before = derive(liver, tumour), derive(drawn_liver, drawn_tumour)
    either = int(np.count_nonzero((now > 0) | (before > 0)))
    return int(np.count_nonzero(now != before)) / either if either else 0.0


def _voxel_ml(cropped) -> float:
    return abs(float(np.linalg.det(cropped[1][:3, :3]))) / 1000 if cropped else 0.0


def tag_of(segment, name: str) -> str:
    value = vtk.reference("")
    return str(value) if segment is not None and segment.GetTag(name, value) else ""


def tag(node, role: str, name: str) -> str:
    """A tag of the first segment of a role, "" where there is none."""
    ids = segment_ids(node, role)
    return tag_of(node.GetSegmentation().GetSegment(ids[0]), name) if ids else ""


def set_tags(node, tags: Mapping[str, str]) -> None:
    """Set tags of all segments that count, e.g. who drew them; a change of tags is no change of voxels."""
    for role in STYLES:
        for identifier in segment_ids(node, role):
            for name, value in tags.items():
                node.GetSegmentation().GetSegment(identifier).SetTag(name, value)


def mark_tags(node) -> list[dict[str, str]]:
    """Tags of the segments that count and hold voxels that may say who drew them, one mapping a segment."""
    ids = [identifier for role in STYLES for identifier in segment_ids(node, role) if not is_empty(node, identifier)]
    names_of_tags = (provenance.TAG, ALGORITHM_NAME)
    return [{name: tag_of(node.GetSegmentation().GetSegment(i), name) for name in names_of_tags} for i in ids]


def mark_edited(node, changed: Mapping[str, str] | list[str]) -> None:
    """An automatic segment that a reader has changed is semi-automatic."""
    for role in changed:
        for identifier in segment_ids(node, role):
            segment = node.GetSegmentation().GetSegment(identifier)
            if tag_of(segment, ALGORITHM_TYPE) == AUTOMATIC:
                segment.SetTag(ALGORITHM_TYPE, SEMIAUTOMATIC)


def show(node, volume) -> None:
    """Show the segments in slices and 3D, over their CT."""
    node.CreateDefaultDisplayNodes()
    node.CreateClosedSurfaceRepresentation()
    display = node.GetDisplayNode()
    display.SetVisibility(True)
    display.SetVisibility2DFill(True)
    display.SetOpacity2DFill(0.25)
    slicer.util.setSliceViewerLayers(background=volume)


def ct_and_labels(node, volume) -> tuple[sitk.Image, sitk.Image]:
    """Image and label map as the library takes them: LPS, the same grid."""
    return sitk.DICOMOrient(image_of(volume), "LPS"), canonical_label_map(node, volume)
