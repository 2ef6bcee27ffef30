"""The mark that segments carry: one line of text that says who drew them, written into every file and found again.

``PTLF1 ptlf-demo-1 2 p=n h=0a1b2c3d c=0.0123 s=y w=fb8834...``: the model's id and version, whether it is for
patients (p=y, p=n; without it nobody has said), a hash of the label map that is meant (h), the share of voxels that
were changed since (c; with + it may be more), a reader's sign-off (s=y) and the weights' SHA-256 (w), of which a
format without room has the first digits.  ``PTLF1 hand h=...`` is a mask of which a reader has said that it was drawn
by hand.  It holds no name.

It stands in NRRD and MHA as `KEY`, in NIfTI as ``descrip``, in DICOM SEG as the segments' algorithm name, in seg.nrrd
and the scene as tags of the segments.  What a file without it is, `provenance` finds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from ..confirmation import Confirmation
from ..ct import is_dicom
from ..ct.itk import reading
from . import regions
from .origin import SHORTEST, Drawn, Known, Origin, same_network, same_weights

KEY = "PTLF_provenance"
"""Key of NRRD and MHA files."""

NIFTI_KEY, NIFTI_LENGTH = "ITK_FileNotes", 79
"""What SimpleITK writes into, and reads from, NIfTI's ``descrip`` of 80 bytes."""

ALGORITHM_TYPE, ALGORITHM_NAME, TAG = "DICOM.SegmentAlgorithmType", "DICOM.SegmentAlgorithmName", "PTLF.Provenance"
"""Tags of a segment in the scene and in seg.nrrd; the first two become DICOM SEG's own attributes."""

DICOM_LENGTH = 64

SIGNED_IN_FILE = Confirmation("a reader, by the file's mark", "")
"""A sign-off that a file carries: not by whom, nor when."""

_MARK = re.compile(
    r"PTLF1 (?:hand|(?P<id>[\w.-]+) (?P<version>[\w.-]+)(?: p=(?P<patients>[yn]))?)(?: h=(?P<content>[0-9a-f]{8}))?"
    r"(?: c=(?P<changed>[01]\.\d{4})(?P<more>\+?))?(?: (?P<signed>s=y))?(?: w=(?P<weights>[0-9a-f]{16,64}))?",
    re.ASCII,
)

_EARLIER = re.compile(r"PTLF (?P<id>[\w.-]+) (?P<version>[\w.-]+)", re.ASCII)
"""Algorithm name in scenes and DICOM SEG of version 0.1.0."""


class AlgorithmType(StrEnum):
    """DICOM's SegmentAlgorithmType: how a segment was drawn."""

    AUTOMATIC = "AUTOMATIC"
    """By a model, and untouched since."""

    SEMIAUTOMATIC = "SEMIAUTOMATIC"
    """By a model, and edited by a reader."""

    MANUAL = "MANUAL"


@dataclass(frozen=True)
class Mark:
    """What a file says of its segments.

    Attributes
    ----------
    origin : Origin
    content : str
        `regions.content` of the label map that it was written for; "" where it does not say.
    """

    origin: Origin
    content: str = ""


def to_text(origin: Origin, labels: sitk.Image | None = None, length: int | None = None) -> str:
    """The mark of segments, "" where nobody knows who drew them.

    Parameters
    ----------
    origin : Origin
    labels : sitk.Image, optional
        The label map that it is written for; a sign-off and "hand" hold for no other and need it.
    length : int, optional
        Room; digits of the weights, then of the model's id are left out.
    """
    content = "" if labels is None else f" h={regions.content(labels)}"
    if origin.drawn is Drawn.HAND:
        return f"PTLF1 hand{content}"
    if origin.drawn is not Drawn.MODEL or not origin.model:
        return ""
    model = origin.model
    says = {True: " p=y", False: " p=n" if model.get("shipped") else ""}
    fields = says[bool(model.get("for_patients"))] + content
    if origin.changed > 0:
        share = max(math.floor(1e4 * min(origin.changed, 1)) / 1e4, 1e-4)
        fields += f" c={share:.4f}{'+' if origin.at_least else ''}"
    if origin.sign_off is not None and content:
        fields += " s=y"
    name, version, weights = _word(model["id"]), _word(model["version"]), weights_of(model)
    if length is not None:
        fixed = len("PTLF1  ") + len(fields)
        version = version[:6]
        name = name[: max(1, length - fixed - len(version) - (len(" w=") + SHORTEST if weights else 0))]
        weights = weights[: max(0, length - fixed - len(name) - len(version) - len(" w="))]
    return f"PTLF1 {name} {version}{fields}" + (f" w={weights}" if weights else "")


def from_text(text: str) -> Mark | None:
    """The mark in a text; None where it is no mark, or one that somebody has changed."""
    text = text.strip(" \0")
    if match := _EARLIER.fullmatch(text):
        return Mark(Origin(Drawn.MODEL, Known.FILE, _model(match["id"], match["version"], "", None)))
    match = _MARK.fullmatch(text)
    if match is None:
        return None
    if match["id"] is None:
        return Mark(Origin(Drawn.HAND, Known.FILE), match["content"] or "")
    model = _model(match["id"], match["version"], match["weights"] or "", match["patients"])
    signed = SIGNED_IN_FILE if match["signed"] else None
    changed = {"changed": float(match["changed"] or 0), "at_least": bool(match["more"])}
    return Mark(Origin(Drawn.MODEL, Known.FILE, model, sign_off=signed, **changed), match["content"] or "")


def algorithm_name(origin: Origin, labels: sitk.Image | None = None) -> str:
    """The mark as DICOM's SegmentAlgorithmName (64 characters)."""
    return to_text(origin, labels, DICOM_LENGTH)


def segment_tags(origin: Origin, labels: sitk.Image) -> dict[str, str]:
    """Tags of both segments for the scene, which Slicer also writes into seg.nrrd and DICOM SEG; no value has a "|"."""
    kind = AlgorithmType.MANUAL
    if origin.drawn is Drawn.MODEL:
        kind = AlgorithmType.SEMIAUTOMATIC if origin.edited else AlgorithmType.AUTOMATIC
    return {ALGORITHM_TYPE: kind, ALGORITHM_NAME: algorithm_name(origin, labels), TAG: to_text(origin, labels)}


def of_tags(tags: Mapping[str, str]) -> Mark | None:
    """The mark in the tags of one segment."""
    return from_text(tags.get(TAG, "")) or from_text(tags.get(ALGORITHM_NAME, ""))


def write(labels: sitk.Image, path: Path, origin: Origin) -> None:
    """Write a label map with its mark: NIfTI, NRRD or MHA.

    Raises
    ------
    RuntimeError
        SimpleITK's, where it cannot be written.
    """
    image = sitk.Image(labels)
    if text := to_text(origin, labels):
        image.SetMetaData(KEY, text)
        image.SetMetaData(NIFTI_KEY, to_text(origin, labels, NIFTI_LENGTH))
    sitk.WriteImage(image, str(path))


def of_file(path: Path) -> Mark | None:
    """The mark in a label map or DICOM SEG, from its header alone; None where it has none, or cannot be read."""
    if is_dicom(path):
        return _of_dicom_seg(path)
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        with reading():
            reader.ReadImageInformation()
    except RuntimeError:
        return None
    found = {key: reader.GetMetaData(key) for key in reader.GetMetaDataKeys()}
    for key in (KEY, NIFTI_KEY, "descrip"):
        if mark := from_text(found.get(key, "")):
            return mark
    return combined([of_tags(_tags(text)) for key, text in found.items() if re.fullmatch(r"Segment\d+_Tags", key)])


def _tags(text: str) -> dict[str, str]:
    """``name:value|name:value|`` as Slicer writes the tags of a segment."""
    parts = (part.partition(":") for part in text.split("|"))
    return {name: value for name, _, value in parts}


def _of_dicom_seg(path: Path) -> Mark | None:
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        data = pydicom.dcmread(path, stop_before_pixels=True, force=True)
        names = [str(item.get("SegmentAlgorithmName", "")) for item in data.get("SegmentSequence", [])]
    except (InvalidDicomError, OSError, ValueError, AttributeError, TypeError, NotImplementedError):
        return None
    return combined([from_text(name) for name in names])


def combined(marks: Sequence[Mark | None]) -> Mark | None:
    """One mark for segments with several: drawn by a model where one of them was, by hand where all were."""
    told = [mark for mark in marks if mark is not None]
    by_model = [mark for mark in told if mark.origin.drawn is Drawn.MODEL]
    if not by_model and len(told) < len(marks):
        return None
    contents = {mark.content for mark in told if mark.content}
    for mark in sorted(by_model, key=lambda mark: for_patients(mark.origin)):
        same = [other.origin for other in by_model if same_model(other.origin.model, mark.origin.model)]
        changed = min(origin.changed for origin in same)
        more = any(origin.at_least for origin in same)
        signed = mark.origin.sign_off if len(contents) == 1 and all(origin.sign_off for origin in same) else None
        content = next(iter(contents)) if len(contents) == 1 else ""
        return Mark(mark.origin.with_changes(changed=changed, at_least=more, sign_off=signed), content)
    return Mark(told[0].origin, contents.pop() if len(contents) == 1 else "") if told else None


def weights_of(model: Mapping[str, Any] | None) -> str:
    """The weights' SHA-256 in `Model.identity`, or as much of it as a mark had; "" where it is not known."""
    return str((model or {}).get("weights_sha256") or "")


def _model(model_id: str, version: str, weights: str, patients: str | None) -> dict[str, Any]:
    """The identity of a marked model: the catalogue's where it has it, else what the mark says."""
    from .catalogue import by_weights, not_for_patients
    from .model import NOT_IN_CATALOGUE

    if weights:
        model, warning = by_weights(weights, model_id), not_for_patients(weights)
    else:
        model, warning = _of_id(model_id), ""
    if model is not None:
        identity = model.identity
        return {**identity, "weights_sha256": weights} if weights and not _same(identity, weights) else identity
    refused = patients == "n" or bool(warning)
    warning = warning or f"The model '{model_id}' is not for patients."
    return {
        "id": model_id,
        "title": model_id,
        "version": version,
        "sha256": "",
        "weights_sha256": weights,
        "licence": "unknown",
        "for_patients": patients == "y" and not refused,
        "shipped": refused,
        "warning": warning if refused else "" if patients == "y" else NOT_IN_CATALOGUE,
    }


def _of_id(model_id: str) -> Any:
    from .catalogue import catalogue

    return next((model for model in catalogue() if model.id == model_id), None)


def for_patients(origin: Origin) -> bool:
    return bool(origin.model and origin.model.get("for_patients"))


def same_model(a: Mapping[str, Any] | None, b: Mapping[str, Any] | None) -> bool:
    if a is None or b is None:
        return a is b
    if weights_of(a) and weights_of(b):
        return same_weights(weights_of(a), weights_of(b))
    return a["id"] == b["id"]


def _same(model: Mapping[str, Any], weights: str) -> bool:
    return same_weights(weights_of(model), weights)


def same_by_name(a: Mapping[str, Any] | None, b: Mapping[str, Any] | None) -> bool:
    """`same_model`, in whatever way it drew: a reader names a model, not how."""
    if a is not None and b is not None and weights_of(a) and weights_of(b):
        return same_network(weights_of(a), weights_of(b))
    return same_model(a, b)


def _word(text: str) -> str:
    return re.sub(r"[^\w.-]+", "-", text, flags=re.ASCII) or "-"
