"""What one segmentation file holds, whatever its format: names and voxels by number, masks on its own grid."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..ct import CT, Finding, belonging, is_dicom, read_image_file
from ..ct.files import require_perpendicular
from ..errors import BadInput
from . import dicom_object, dicom_seg, marks, regions, rtstruct
from .dicom_object import Described
from .names import of_terminology, shown

MOST_LABELS = 1000
"""A file with more different values is an image, not a label map."""

SHOWN_NAMES = 12


@dataclass(frozen=True)
class SegmentFile:
    """What a file holds: names by number, and masks on the grid of `grid`.

    `is_ours`: our mark tells its labels.  `is_as_marked`: they are voxel for voxel those that the mark was written for,
    so that a 3 among them is ours, too; what another program added is not.  `refused`: why a segment has no mask.
    `notes`: what must be told of the segments that are counted, by their numbers.
    """

    name: str
    format: str
    grid: sitk.Image
    segments: Mapping[int, Described]
    voxels: Mapping[int, int]
    is_named: bool
    mask: Callable[[int], np.ndarray]
    belonging: Callable[[bool], list[Finding]] = lambda positions_agree: []
    refused: Mapping[int, str] = field(default_factory=dict)
    notes: Callable[[Collection[int]], list[Finding]] = lambda counted: []
    is_ours: bool = False
    is_as_marked: bool = False

    @property
    def word(self) -> str:
        return "segment" if self.is_named else "label"

    def number_of(self, label: int | str) -> int | None:
        """The number of what a person calls so, None where there is no such label."""
        if label in self.segments:
            return int(label)
        wanted = str(label).casefold()
        return next((n for n, item in self.segments.items() if item.name.strip().casefold() == wanted), None)


def open_file(path: Path, ct: CT) -> SegmentFile:
    if not path.exists():
        raise BadInput(f"There is no segmentation file '{path}'.")
    if path.is_dir():
        raise BadInput(f"'{path.name}' is a folder; name the segmentation file itself.")
    if is_dicom(path):
        return _of_dicom(path, ct)
    image = _read_image(path)
    if not any(finding.code == "gantry_tilt" for finding in ct.findings):
        require_perpendicular(path)
    keys = image.GetMetaDataKeys()
    numbers = sorted({int(m[1]) for key in keys if (m := re.fullmatch(r"Segment(\d+)_(?:Name|ID)", key))})
    return _of_seg_nrrd(image, numbers, path.name) if numbers else _of_label_map(image, path)


def _of_dicom(path: Path, ct: CT) -> SegmentFile:
    """Segments of a DICOM SEG, or structures of an RTSTRUCT, of the CT's patient."""
    readers = {
        "SEG": lambda data: dicom_seg.of_data(data, path.name, ct.image.GetSpacing()[2], ct.findings, ct.belongs),
        "RTSTRUCT": lambda data: rtstruct.of_data(data, path.name, ct),
    }
    modality, read = dicom_object.read(path, readers)
    word = dicom_object.NAMES[modality]

    def check(positions_agree: bool) -> list[Finding]:
        return belonging.check(read.identifiers, ct.belongs, positions_agree=positions_agree, word=word)

    check(True)
    held = path.name, word, read.grid, read.segments, read.voxels, True, read.mask, check
    if isinstance(read, rtstruct.StructureSet):
        return SegmentFile(*held, refused=read.refused, notes=read.notes)
    return SegmentFile(*held)


def _read_image(path: Path) -> sitk.Image:
    """The image of a file that is no DICOM, three-dimensional."""
    image = read_image_file(path, "label map")
    if image.GetDimension() == 4 and image.GetSize()[3] == 1:
        image = image[:, :, :, 0]
    if image.GetDimension() != 3:
        raise BadInput(
            f"'{path.name}' has {image.GetDimension()} dimensions; a 3D label map is needed. Save each volume as a "
            "file of its own and name them with --segmentation liver=FILE --segmentation tumor=FILE."
        )
    return image


def _of_label_map(image: sitk.Image, path: Path) -> SegmentFile:
    if image.GetNumberOfComponentsPerPixel() > 1:
        raise BadInput(
            f"'{path.name}' is a colour or vector image, not a label map. Save each mask as a file of its own and name "
            "them with --segmentation liver=FILE --segmentation tumor=FILE."
        )
    array = _whole_numbers(sitk.GetArrayFromImage(image), path.name)
    counts = {value: count for value, count in _counts(array, path.name).items() if value != 0}
    segments = {value: Described("") for value in sorted(counts)}
    word = "NIfTI" if ".nii" in path.name.lower() else path.suffix.lstrip(".").upper()
    mark = marks.of_file(path)
    told = {"is_ours": mark is not None, "is_as_marked": mark is not None and _is_of(mark, image, counts)}
    return SegmentFile(path.name, word, image, segments, counts, False, lambda label: array == label, **told)


def _is_of(mark: marks.Mark, image: sitk.Image, counts: Mapping[int, int]) -> bool:
    return counts.keys() <= {1, 2, 3} and mark.content == regions.content(sitk.Cast(image, sitk.sitkUInt8))


def _of_seg_nrrd(image: sitk.Image, numbers: list[int], name: str) -> SegmentFile:
    """Segments of a file of 3D Slicer: by layer and label value; up to Slicer 4.10 segment i is volume i, value 1."""

    def meta(key: str) -> str | None:
        return image.GetMetaData(key) if image.HasMetaDataKey(key) else None

    kinds = {meta(f"Segmentation_{key}Representation") for key in ("Master", "Source")}
    if "Fractional labelmap" in kinds:
        raise BadInput(
            f"'{name}' holds fractions (a fractional labelmap), not outlines. In 3D Slicer's Segmentations module, "
            "make the binary labelmap the source representation and save again."
        )
    count = image.GetNumberOfComponentsPerPixel()
    array = sitk.GetArrayFromImage(image)
    layers = [_whole_numbers(array if count == 1 else array[..., layer], name) for layer in range(count)]
    places: dict[tuple[int, int], int] = {}
    described = {}
    for index in numbers:
        title = meta(f"Segment{index}_Name") or meta(f"Segment{index}_ID") or ""
        try:
            layer = int(meta(f"Segment{index}_Layer") or (index if count > 1 else 0))
            value = int(meta(f"Segment{index}_LabelValue") or 1)
            if not 0 <= layer < count:
                raise ValueError(f"layer {layer} of {count}")
            if (layer, value) in places:
                raise ValueError("it shares its voxels with another one")
        except ValueError as error:
            raise BadInput(
                f"The header of '{name}' does not say where segment '{shown(title)}' is ({error})."
            ) from error
        kind = layers[layer].dtype
        if value == 0 or (kind.kind in "iu" and not np.iinfo(kind).min <= value <= np.iinfo(kind).max):
            raise BadInput(
                f"The header of '{name}' gives segment '{shown(title)}' the label {value}, which its voxels ({kind}) "
                "cannot hold."
            )
        places[layer, value] = index
        described[layer, value] = Described(title, *_terminology(meta(f"Segment{index}_Tags") or ""))
    counts = {
        (layer, value): count
        for layer, voxels in enumerate(layers)
        for value, count in _counts(voxels, name).items()
        if value != 0
    }
    strays = [place for place in counts if place not in places]
    values = [value for _, value in (*places, *strays)]
    if len(set(values)) == len(values):
        named = {value: (layer, value) for layer, value in (*places, *strays)}
    else:
        named = dict(enumerate(sorted(places, key=places.__getitem__), start=1))
        named |= dict(enumerate(strays, start=len(named) + 1))
    segments = {number: described.get(place, Described("")) for number, place in named.items()}

    def mask(number: int) -> np.ndarray:
        layer, value = named[number]
        return layers[layer] == value

    grid = image if count == 1 else sitk.VectorIndexSelectionCast(image, 0)
    voxels = {number: counts.get(place, 0) for number, place in named.items()}
    return SegmentFile(name, "seg.nrrd", grid, segments, voxels, True, mask)


def _terminology(tags: str) -> tuple[str, str]:
    entry = re.search(r"TerminologyEntry:([^|]*)", tags)
    return of_terminology(entry[1]) if entry else ("", "")


def _whole_numbers(array: np.ndarray, name: str) -> np.ndarray:
    """The same values as integers."""
    if array.dtype.kind in "iub":
        return array
    if array.dtype.kind != "f" or not np.isfinite(array).all() or np.abs(array - np.rint(array)).max() > 1e-3:
        raise BadInput(f"'{name}' has values that are no labels (fractions); a label map is needed.")
    if np.abs(array).max() > 2**31:
        raise BadInput(f"'{name}' has values that are no labels (too large); a label map is needed.")
    return np.rint(array).astype(np.int64)


def _counts(array: np.ndarray, name: str) -> dict[int, int]:
    """Voxels by value, slice by slice."""
    counts: dict[int, int] = {}
    for plane in array:
        low, high = int(plane.min()), int(plane.max())
        if high - low < 2**16:
            bins = np.bincount((plane.astype(np.int64) - low).ravel() if low else plane.ravel())
            values = np.flatnonzero(bins)
            found = zip((values + low).tolist(), bins[values].tolist(), strict=True)
        else:
            found = zip(*(part.tolist() for part in np.unique(plane, return_counts=True)), strict=True)
        for value, count in found:
            counts[value] = counts.get(value, 0) + count
        if len(counts) > MOST_LABELS:
            raise BadInput(f"'{name}' has more than {MOST_LABELS} different values: it is an image, not a label map.")
    return counts


def listed(items: Sequence[str]) -> str:
    more = len(items) - SHOWN_NAMES
    return ", ".join(items[:SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")
