"""Segments `liver` and `tumor` of a segmentation node, and what is derived from them.

The segments are the truth; parenchyma is always liver minus tumour.  Contents are compared by hash, because
MRML reports a change also when the same voxels are written again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
import slicer
import vtk

from ..errors import BadInput
from ..segmentation import names
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
        (0.0, 158 / 255, 115 / 255),
        f"{MASTER_LIST}~SCT^49755003^Morphologically Altered Structure~SCT^108369006^Neoplasm~^^~{REGIONS}"
        "~SCT^10200004^Liver~^^",
    ),
}
"""Liver's colour is the DICOM master list's; the tumour's is Okabe and Ito's green, told apart from it by all."""

ALGORITHM_TYPE, ALGORITHM_NAME = "DICOM.SegmentAlgorithmType", "DICOM.SegmentAlgorithmName"
AUTOMATIC, SEMIAUTOMATIC, MANUAL = "AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"


def add_segmentation(volume, name: str, *, hidden: bool = False):
    """A new, empty segmentation node in the geometry of `volume`; `hidden` ones appear in no list."""
    node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLSegmentationNode")
    node.UnRegister(None)
    node.SetName(slicer.mrmlScene.GenerateUniqueName(name))
    node.SetHideFromEditors(hidden)
    slicer.mrmlScene.AddNode(node)
    if not hidden:
        node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    return node


def write(node, volume, labels: sitk.Image, algorithm: str, algorithm_type: str = AUTOMATIC) -> None:
    """Write a label map (0 background, 1 parenchyma, 2 tumour) as the segments `liver` and `tumor`.

    Segments that the user added under other names stay as they are.
    """
    values = sitk.GetArrayFromImage(oriented_like(labels, volume))
    masks = {LIVER: values > 0, TUMOUR: values == 2}
    modified = node.StartModify()
    try:
        node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        for identifier, mask in masks.items():
            segment = node.GetSegmentation().GetSegment(identifier) or _add_segment(node, identifier)
            _style(segment, identifier)
            segment.SetTag(ALGORITHM_TYPE, algorithm_type)
            segment.SetTag(ALGORITHM_NAME, algorithm)
            slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), node, identifier, volume)
    finally:
        node.EndModify(modified)


def _add_segment(node, identifier: str):
    node.GetSegmentation().AddEmptySegment(identifier, STYLES[identifier].name, STYLES[identifier].colour)
    return node.GetSegmentation().GetSegment(identifier)


def _style(segment, identifier: str) -> None:
    style = STYLES[identifier]
    segment.SetName(style.name)
    segment.SetColor(*style.colour)
    segment.SetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), style.terminology)


def copy(source, target, volume) -> None:
    """Make `liver` and `tumor` of `target` those of `source`, voxel for voxel."""
    algorithm = tag(source, LIVER, ALGORITHM_NAME) or "unknown"
    write(target, volume, label_map(source, volume), algorithm, tag(source, LIVER, ALGORITHM_TYPE) or AUTOMATIC)


def adopt(node, volume) -> None:
    """Make an existing segmentation usable: find its liver and tumour by terminology or name, give them our IDs.

    Raises
    ------
    BadInput
        No segment can be taken for the liver.
    """
    require_no_transform(node)
    segmentation = node.GetSegmentation()
    found: dict[str, list[str]] = {"parenchyma": [], LIVER: [], TUMOUR: []}
    for identifier in segmentation.GetSegmentIDs():
        role = _role_of(segmentation.GetSegment(identifier).GetName())
        if role is not None:
            found[role].append(identifier)
    if not found[LIVER] and not found["parenchyma"]:
        names = ", ".join(segmentation.GetSegment(i).GetName() for i in segmentation.GetSegmentIDs()) or "none"
        raise BadInput(
            f"No segment of '{node.GetName()}' can be taken for the liver (segments: {names}). Name one 'liver' and "
            "the tumours 'tumor'."
        )
    if segmentation.GetSourceRepresentationName() != LABELMAP:  # contours of a radiotherapy plan
        node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        node.CreateBinaryLabelmapRepresentation()
        segmentation.SetSourceRepresentationName(LABELMAP)
    masks = {role: _union(node, ids, volume) for role, ids in found.items()}
    tumour = masks[TUMOUR]
    organ = masks[LIVER] | masks["parenchyma"] | (tumour if not found[LIVER] else False)
    for identifier, mask, sources in ((LIVER, organ, found[LIVER]), (TUMOUR, tumour, found[TUMOUR])):
        if sources == [identifier]:
            _style(segmentation.GetSegment(identifier), identifier)
            continue
        segment = segmentation.GetSegment(identifier) or _add_segment(node, identifier)
        _style(segment, identifier)
        segment.SetTag(ALGORITHM_TYPE, MANUAL)
        segment.SetTag(ALGORITHM_NAME, "")
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), node, identifier, volume)


def _role_of(name: str) -> str | None:
    role = names.role_of(name)
    return None if role in (None, names.Role.OTHER) else role.value


def _union(node, identifiers: list[str], volume) -> np.ndarray:
    union = np.zeros(volume.GetImageData().GetDimensions()[::-1], bool)
    for identifier in identifiers:
        union |= slicer.util.arrayFromSegmentBinaryLabelmap(node, identifier, volume) > 0
    return union


def label_map(node, volume) -> sitk.Image:
    """Label map (uint8: 0, 1 parenchyma, 2 tumour) of the segments on the voxels of `volume`.

    Raises
    ------
    BadInput
        The liver segment is missing, or a transform is not hardened.
    """
    require_no_transform(node)
    require_no_transform(volume)
    if node.GetSegmentation().GetSegment(LIVER) is None:
        raise BadInput(f"'{node.GetName()}' has no segment 'liver'.")
    size = volume.GetImageData().GetDimensions()[::-1]
    masks = {}
    for identifier in (LIVER, TUMOUR):
        present = node.GetSegmentation().GetSegment(identifier) is not None and not is_empty(node, identifier)
        masks[identifier] = (
            slicer.util.arrayFromSegmentBinaryLabelmap(node, identifier, volume) > 0
            if present
            else np.zeros(size, bool)
        )
    labels = sitk.GetImageFromArray(derive(masks[LIVER], masks[TUMOUR]))
    place(labels, volume_to_lps(volume))
    return labels


def canonical_label_map(node, volume) -> sitk.Image:
    """`label_map` with index axes along L, P, S, as the library computes with it."""
    return sitk.DICOMOrient(label_map(node, volume), "LPS")


def _cropped(node, identifier: str) -> tuple[np.ndarray, np.ndarray, tuple[int, int, int]] | None:
    """Box of a segment's voxels: mask (k, j, i), matrix from index to RAS, index of the box's corner; None if empty."""
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


def is_empty(node, identifier: str) -> bool:
    return _cropped(node, identifier) is None


def not_counted(node) -> list[str]:
    """Names of the segments that hold voxels and are neither `liver` nor `tumor`."""
    segmentation = node.GetSegmentation()
    others = (i for i in segmentation.GetSegmentIDs() if i not in STYLES and not is_empty(node, i))
    return [segmentation.GetSegment(identifier).GetName() for identifier in others]


def content_hashes(node) -> dict[str, str]:
    """SHA-256 of the voxels of `liver` and `tumor` with their place in the patient; the same after save and load."""
    found = {}
    for identifier in (LIVER, TUMOUR):
        digest = hashlib.sha256()
        cropped = _cropped(node, identifier)
        if cropped is not None:
            mask, matrix, start = cropped
            corner = matrix @ [*start, 1.0]
            geometry = ",".join(f"{x:.3f}" for x in [*corner[:3], *matrix[:3, :3].ravel()])
            digest.update(f"{mask.shape}|{geometry}".replace("-0.000", "0.000").encode())
            digest.update(np.packbits(mask))
        found[identifier] = digest.hexdigest()
    return found


def volumes_ml(node) -> dict[str, float]:
    """Volumes in mL of liver, parenchyma and tumour, quickly, from the segments' own boxes."""
    liver, tumour = _cropped(node, LIVER), _cropped(node, TUMOUR)
    voxel_ml = _voxel_ml(liver or tumour)
    organ = int(liver[0].sum()) if liver else 0
    mass = int(tumour[0].sum()) if tumour else 0
    shared = _overlap(liver, tumour)
    parenchyma = organ - shared
    return {
        "liver": (parenchyma + mass) * voxel_ml,
        "parenchyma": parenchyma * voxel_ml,
        "tumor": mass * voxel_ml,
    }


def agreement(node, automatic) -> dict[str, dict[str, float]]:
    """Dice coefficient (NaN where both are empty) and change of volume in mL against the automatic result."""
    now, before = volumes_ml(node), volumes_ml(automatic)
    found = {}
    for identifier in (LIVER, TUMOUR):
        a, b = _cropped(node, identifier), _cropped(automatic, identifier)
        counts = (int(a[0].sum()) if a else 0) + (int(b[0].sum()) if b else 0)
        dice = 2 * _overlap(a, b) / counts if counts else float("nan")
        found[identifier] = {"dice": dice, "change_ml": now[identifier] - before[identifier]}
    return found


def _voxel_ml(cropped) -> float:
    return abs(float(np.linalg.det(cropped[1][:3, :3]))) / 1000 if cropped else 0.0


def _overlap(a, b) -> int:
    """Voxels that two cropped segments share, on one lattice."""
    if a is None or b is None:
        return 0
    (mask_a, matrix, start_a), (mask_b, other, start_b) = a, b
    offset = np.linalg.solve(matrix, other @ [*start_b, 1.0])[:3] - start_a
    steps = np.rint(offset).astype(int)
    if not np.allclose(matrix[:3, :3], other[:3, :3], atol=1e-4) or not np.allclose(offset, steps, atol=1e-2):
        raise BadInput("The segments have different voxel grids; use one reference volume for both.")
    boxes_a, boxes_b = [], []
    for shift, size_a, size_b in zip(steps[::-1], mask_a.shape, mask_b.shape, strict=True):
        low, high = max(0, shift), min(size_a, shift + size_b)
        if low >= high:
            return 0
        boxes_a.append(slice(low, high))
        boxes_b.append(slice(low - shift, high - shift))
    return int(np.count_nonzero(mask_a[tuple(boxes_a)] & mask_b[tuple(boxes_b)]))


def tag(node, identifier: str, name: str) -> str:
    segment = node.GetSegmentation().GetSegment(identifier)
    value = vtk.reference("")
    return str(value) if segment is not None and segment.GetTag(name, value) else ""


def mark_edited(node, changed: Mapping[str, str] | list[str]) -> None:
    """An automatic segment that a reader has changed is semi-automatic."""
    for identifier in changed:
        if tag(node, identifier, ALGORITHM_TYPE) == AUTOMATIC:
            node.GetSegmentation().GetSegment(identifier).SetTag(ALGORITHM_TYPE, SEMIAUTOMATIC)


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
