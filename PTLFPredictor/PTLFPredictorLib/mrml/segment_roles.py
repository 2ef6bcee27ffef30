"""What a segment of a node stands for, and what it says of itself: role, style, tags; nothing of its voxels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import slicer
import vtk

from .. import colours
from ..segmentation import names
from ..segmentation.marks import ALGORITHM_TYPE, AlgorithmType
from ..segmentation.names import Role

LIVER, TUMOUR, EXCLUDED = Role.LIVER, Role.TUMOUR, Role.EXCLUDED

ROLES = (LIVER, TUMOUR, EXCLUDED)
"""What a segment can count as."""

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
        tuple(part / 255 for part in colours.rgb(colours.LIVER)),
        f"{MASTER_LIST}~SCT^123037004^Anatomical Structure~SCT^10200004^Liver~^^~{REGIONS}~^^~^^",
    ),
    TUMOUR: SegmentStyle(
        "tumour",
        tuple(part / 255 for part in colours.rgb(colours.TUMOUR)),
        f"{MASTER_LIST}~SCT^49755003^Morphologically Altered Structure~SCT^108369006^Neoplasm~^^~{REGIONS}"
        "~SCT^10200004^Liver~^^",
    ),
    EXCLUDED: SegmentStyle(
        "lesion, not counted",
        tuple(part / 255 for part in colours.rgb(colours.EXCLUDED)),
        f"{MASTER_LIST}~SCT^85756007^Tissue~SCT^85756007^Tissue~^^~{REGIONS}~SCT^10200004^Liver~^^",
    ),
}
"""Colours are those of the report's outlines; a segment's name is for the screen, its role is what counts."""

NAMES_BEFORE = {TUMOUR: "tumor"}
"""Names that scenes of earlier versions have."""

ROLE = "PTLF.Role"
"""Tag of a segment: one of `ROLES`, what it counts as."""


def role_of(segment) -> Role | None:
    """What a segment stands for by its name and terminology; None where a person must be asked."""
    coded = tag_of(segment, slicer.vtkSegment.GetTerminologyEntryTagName())
    return names.role_of(segment.GetName() or "", *names.of_terminology(coded))


def segment_ids(node, role: str) -> list[str]:
    """IDs of the segments of one of `ROLES`."""
    segmentation = node.GetSegmentation()
    roles = {
        identifier: tag_of(segmentation.GetSegment(identifier), ROLE) for identifier in segmentation.GetSegmentIDs()
    }
    if any(roles.values()):
        return [identifier for identifier in roles if roles[identifier] == role]
    return [role] if role in roles else []  # a scene of an earlier version


def counted(node, role: str) -> list[str]:
    """Names of the segments that count as an organ."""
    return [node.GetSegmentation().GetSegment(identifier).GetName() for identifier in segment_ids(node, role)]


def are_ours(node, role: str) -> bool:
    """Whether an organ is one segment under our own name, also that of an earlier version."""
    return counted(node, role) in ([STYLES[role].name], [NAMES_BEFORE.get(role)])


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


def mark_edited(node, changed: Mapping[str, str] | list[str]) -> None:
    """An automatic segment that a reader has changed is semi-automatic."""
    for role in changed:
        for identifier in segment_ids(node, role):
            segment = node.GetSegmentation().GetSegment(identifier)
            if tag_of(segment, ALGORITHM_TYPE) == AlgorithmType.AUTOMATIC:
                segment.SetTag(ALGORITHM_TYPE, AlgorithmType.SEMIAUTOMATIC)
