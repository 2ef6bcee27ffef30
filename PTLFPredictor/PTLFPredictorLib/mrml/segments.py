"""Liver and tumour of a segmentation node: made, written, copied, shown; with what the rooms beside say of them.

The segments are the truth; parenchyma is always liver minus tumour and minus what a reader left out.  A segment stands
for an organ by its role (`segment_ids`), so that a reader's own segments count where they are, under their own names,
several lesions as their union.  Contents are compared by hash, because MRML reports a change also when the same voxels
are written again.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk
import slicer

from ..ct.slabs import Plan, apply_labels
from ..segmentation.marks import ALGORITHM_NAME, ALGORITHM_TYPE, TAG, AlgorithmType
from ..segmentation.names import LABEL_OF, Role
from .segment_agreement import compare
from .segment_roles import (
    EXCLUDED,
    LIVER,
    ROLE,
    ROLES,
    STYLES,
    TUMOUR,
    are_ours,
    counted,
    mark_edited,
    role_of,
    segment_ids,
    set_tags,
    tag,
    tag_of,
)
from .segment_voxels import canonical_label_map, content_hashes, is_empty, label_map, union
from .volumes import oriented_like, place, volume_to_lps

__all__ = [
    "ALGORITHM_NAME",
    "ALGORITHM_TYPE",
    "EXCLUDED",
    "LIVER",
    "MANUAL",
    "ROLES",
    "TUMOUR",
    "add_others",
    "add_segment",
    "add_segmentation",
    "are_ours",
    "automatic_of",
    "canonical_label_map",
    "compare",
    "content_hashes",
    "copy",
    "counted",
    "drop_orphans",
    "fill",
    "in_3d",
    "is_empty",
    "keep_automatic",
    "label_map",
    "mark_edited",
    "mark_tags",
    "not_counted",
    "others_in_slabs",
    "role_of",
    "segment_ids",
    "set_tags",
    "show",
    "show_3d",
    "tag",
    "tag_of",
    "union",
    "write",
]

MANUAL = AlgorithmType.MANUAL

AUTOMATIC_COPY = "PTLF.Automatic"
"""Reference from a segmentation node to the hidden copy of what the model drew."""

SURFACE = "Closed surface"

AUTOMATIC_NAME = "PTLF automatic segments"


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


def write(
    node, volume, labels: sitk.Image, algorithm: str, algorithm_type: AlgorithmType = AlgorithmType.AUTOMATIC
) -> None:
    """Write a label map (0 background, 1 parenchyma, 2 tumour, 3 left out) as the node's segments.

    Segments of no role stay as they are; where several count as one organ, the first one takes all of it.  One for what
    was left out is there only where there is something in it.
    """
    values = sitk.GetArrayFromImage(oriented_like(labels, volume))
    masks = {LIVER: values > 0, **{role: values == LABEL_OF[role] for role in (TUMOUR, EXCLUDED)}}
    if not masks[EXCLUDED].any():
        del masks[EXCLUDED]
    modified = node.StartModify()
    try:
        node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        ids = {role: segment_ids(node, role) or [add_segment(node, role)] for role in masks}
        for role, mask in masks.items():
            for identifier in ids[role]:
                segment = node.GetSegmentation().GetSegment(identifier)
                if identifier == role:
                    _style(segment, role)
                segment.SetTag(ROLE, role)
                segment.SetTag(ALGORITHM_TYPE, algorithm_type)
                segment.SetTag(ALGORITHM_NAME, algorithm)
                fill(node, identifier, mask if identifier == ids[role][0] else np.zeros_like(mask), volume)
        if EXCLUDED not in masks:
            for identifier in segment_ids(node, EXCLUDED):
                node.GetSegmentation().RemoveSegment(identifier)
    finally:
        node.EndModify(modified)


def add_segment(node, role: str) -> str:
    identifier = node.GetSegmentation().AddEmptySegment(role, STYLES[role].name, STYLES[role].colour)
    segment = node.GetSegmentation().GetSegment(identifier)
    _style(segment, role)
    segment.SetTag(ROLE, role)
    return identifier


def fill(node, identifier: str, mask: np.ndarray, volume) -> None:
    """Write a segment's voxels; where surfaces are shown, they are made anew, as they are after a stroke."""
    surfaces = node.GetSegmentation().ContainsRepresentation(SURFACE)
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), node, identifier, volume)
    if surfaces:
        node.CreateClosedSurfaceRepresentation()


def _style(segment, role: str) -> None:
    style = STYLES[role]
    segment.SetName(style.name)
    segment.SetColor(*style.colour)
    segment.SetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), style.terminology)


def copy(source, target, volume) -> None:
    """Make the segments of `target` that have a role those of `source`, voxel for voxel."""
    algorithm = tag(source, LIVER, ALGORITHM_NAME) or "unknown"
    write(
        target,
        volume,
        label_map(source, volume),
        algorithm,
        tag(source, LIVER, ALGORITHM_TYPE) or AlgorithmType.AUTOMATIC,
    )


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


def not_counted(node, role: Role | None) -> list[str]:
    """Names of the segments that hold voxels and count as nothing: `Role.OTHER`, or None for what nobody knows."""
    segmentation = node.GetSegmentation()
    taken = {identifier for organ in STYLES for identifier in segment_ids(node, organ)}
    others = [segmentation.GetSegment(i) for i in segmentation.GetSegmentIDs() if i not in taken]
    others = [one for one in others if (Role.OTHER if role_of(one) is Role.OTHER else None) is role]
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
        fill(node, identifier, sitk.GetArrayFromImage(oriented_like(mask, volume)) > 0, volume)


def mark_tags(node) -> list[dict[str, str]]:
    """Tags of the segments that count and hold voxels that may say who drew them, one mapping a segment."""
    ids = [identifier for role in STYLES for identifier in segment_ids(node, role) if not is_empty(node, identifier)]
    names_of_tags = (TAG, ALGORITHM_NAME)
    return [{name: tag_of(node.GetSegmentation().GetSegment(i), name) for name in names_of_tags} for i in ids]


def show(node, volume) -> None:
    """Show the segments in slices, over their CT."""
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetVisibility(True)
    display.SetVisibility2DFill(True)
    display.SetOpacity2DFill(0.25)
    slicer.util.setSliceViewerLayers(background=volume)


def in_3d(node) -> bool:
    """Whether the segments are shown as surfaces."""
    display = node.GetDisplayNode()
    has = node.GetSegmentation().ContainsRepresentation(SURFACE)
    return bool(has and display is not None and display.GetVisibility() and display.GetVisibility3D())


def show_3d(node, on: bool = True) -> None:
    """Show the segments as surfaces, or take these away: while they are there, each stroke makes them anew."""
    if not on:
        node.RemoveClosedSurfaceRepresentation()
        return
    node.CreateDefaultDisplayNodes()
    node.CreateClosedSurfaceRepresentation()
    node.GetDisplayNode().SetVisibility(True)
    node.GetDisplayNode().SetVisibility3D(True)
