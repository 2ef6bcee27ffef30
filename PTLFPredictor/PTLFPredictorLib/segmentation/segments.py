"""Segments of a case: where the liver and the tumours are, on the grid of the canonical CT.

One derived label map holds everything: 0 background, 1 parenchyma (liver minus tumour), 2 tumour (the union of
all lesions).  It is read from NIfTI, NRRD, MHA, seg.nrrd or DICOM SEG, or comes from nnU-Net.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from ..child import is_out_of_memory
from ..ct import CT, Finding, image_sha256, same_geometry
from ..ct.dicom import is_dicom
from ..errors import BadInput, MissingDependency
from . import provenance
from .origin import Origin

BACKGROUND, PARENCHYMA, TUMOUR = 0, 1, 2

ROLES = ("parenchyma", "liver", "tumor")
"""What a label can stand for: parenchyma without tumour, the whole organ, or tumour."""

DEFAULT_LABELS = {"parenchyma": (1,), "tumor": (2,)}
"""nnU-Net's labels in the study; a label map without names is read so."""

NAMES = {
    "parenchyma": r"parenchym|non[- _]?tumou?r",
    "tumor": r"tumou?r|lesion|hcc|neoplasm|carcinoma|metasta|mass",
    "liver": r"liver|hepar|leber|foie",
}
"""Segment names by role, tried in this order ("liver tumour" is a tumour)."""

OVERLAP_REFUSED, OVERLAP_WARNED = 0.5, 0.98
"""Share of a label map's labelled volume that lies on the CT: below the first it belongs to another CT."""

LIVER_HU = (-10.0, 250.0)
"""Median HU that a liver can have, in any phase."""

LIPIODOL_HU = 300
"""Tumour voxels above this hold iodised oil of an earlier TACE, or calcium."""

LIPIODOL_SHARE = 0.005


@dataclass(frozen=True)
class Segments:
    """The label map of a case, in the geometry of its canonical CT.

    Parameters
    ----------
    labels : sitk.Image
        uint8: 0 background, 1 parenchyma, 2 tumour.
    origin : Origin
        Who drew it, with which weights, how much was changed since.
    findings : tuple of Finding
    """

    labels: sitk.Image
    origin: Origin
    findings: tuple[Finding, ...] = ()

    @property
    def array(self) -> np.ndarray:
        """Labels, shape (slices, rows, columns); a view that must not be written to."""
        return sitk.GetArrayViewFromImage(self.labels)

    def mask(self, label: int) -> sitk.Image:
        return self.labels == label

    @property
    def vois(self) -> dict[str, sitk.Image]:
        """Masks by VOI name, those that are not empty: "tumor", and "liver" for the parenchyma."""
        present = np.unique(self.array)
        names = {"tumor": TUMOUR, "liver": PARENCHYMA}
        return {name: self.mask(label) for name, label in names.items() if label in present}

    @property
    def volumes_ml(self) -> dict[str, float]:
        """Volumes in mL of ``liver`` (parenchyma and tumour), ``parenchyma`` and ``tumor``."""
        counts = np.bincount(self.array.ravel(), minlength=3)
        voxel_ml = float(np.prod(self.labels.GetSpacing())) / 1000
        parenchyma, tumour = float(counts[PARENCHYMA]) * voxel_ml, float(counts[TUMOUR]) * voxel_ml
        return {"liver": parenchyma + tumour, "parenchyma": parenchyma, "tumor": tumour}

    @property
    def sha256(self) -> str:
        return image_sha256(self.labels)

    def checked(self, ct: CT) -> Segments:
        """With the findings of `check`; those of level "fail" raise `BadInput`."""
        found = check(self, ct)
        stops = [finding.message for finding in found if finding.level == "fail"]
        if stops:
            raise BadInput(" ".join(stops))
        return replace(self, findings=(*self.findings, *found))


def read_segments(
    path: str | Path, ct: CT, labels: Mapping[str, tuple[int, ...]] | None = None, said: Origin | None = None
) -> Segments:
    """Segments from a file, on the grid of `ct`, not yet checked (`Segments.checked`).

    Parameters
    ----------
    path : str or Path
        NIfTI, NRRD, MHA, seg.nrrd or DICOM SEG.
    labels : mapping of str to tuple of int, optional
        Role (`ROLES`) -> label values; without it names in the file decide, else 1 parenchyma and 2 tumour.
    said : Origin, optional
        What a reader says of who drew them (`provenance.said`).

    Raises
    ------
    BadInput
        When the file holds no such segments or does not belong to this CT.
    """
    path = Path(path)
    if not path.exists():
        raise BadInput(f"There is no segmentation file '{path}'.")
    if path.is_dir():
        raise BadInput(f"'{path.name}' is a folder; name the segmentation file itself.")
    image, named = _read_dicom_seg(path) if is_dicom(path) else _read_label_map(path, use_names=labels is None)
    roles = labels or named or DEFAULT_LABELS
    on_grid, findings = _on_grid_of(ct.image, _by_role(image, roles, path.name))
    origin, told = provenance.resolve(on_grid, ct, [provenance.of_file(path)], said)
    return Segments(on_grid, origin.with_changes(format=_format(path)), (*findings, *told))


def parse_labels(text: str | None) -> dict[str, tuple[int, ...]] | None:
    """``"liver=5,tumor=7+8"`` -> ``{"liver": (5,), "tumor": (7, 8)}``."""
    if text is None:
        return None
    roles: dict[str, tuple[int, ...]] = {}
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\w+)\s*=\s*(\d+(?:\+\d+)*)\s*", part)
        if match is None or match[1] not in ROLES:
            raise BadInput(f"--labels '{text}' cannot be read; write e.g. liver=5,tumor=7 ({', '.join(ROLES)}).")
        roles[match[1]] = tuple(int(value) for value in match[2].split("+"))
    return roles


def derive(parenchyma_or_liver: np.ndarray, tumour: np.ndarray) -> np.ndarray:
    """Label map (uint8) of two masks of equal shape; where both are, it is tumour."""
    labels = np.where(parenchyma_or_liver, np.uint8(PARENCHYMA), np.uint8(BACKGROUND))
    labels[tumour] = TUMOUR
    return labels


def _format(path: Path) -> str:
    name = path.name.lower()
    if name.endswith(".seg.nrrd"):
        return "seg.nrrd"
    if is_dicom(path):
        return "DICOM SEG"
    return "NIfTI" if ".nii" in name else path.suffix.lstrip(".").upper()


def _read_label_map(path: Path, use_names: bool) -> tuple[sitk.Image, dict[str, tuple[int, ...]] | None]:
    """Label map, and role -> labels by the segment names of a seg.nrrd (None without names)."""
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        raise BadInput(
            f"'{path.name}' is no label map that can be read. NIfTI, NRRD, seg.nrrd, MHA or DICOM SEG is expected."
        ) from error
    if image.GetDimension() != 3:
        raise BadInput(f"'{path.name}' has {image.GetDimension()} dimensions; a 3D label map is needed.")
    keys = image.GetMetaDataKeys()
    segments = sorted({int(m[1]) for key in keys if (m := re.fullmatch(r"Segment(\d+)_Name", key))})
    if not segments or not use_names:
        return image, None
    count = image.GetNumberOfComponentsPerPixel()
    layers = [image] if count == 1 else [sitk.VectorIndexSelectionCast(image, i) for i in range(count)]
    names, masks = [], []
    for number in segments:
        name = image.GetMetaData(f"Segment{number}_Name")
        try:
            value = _meta_int(image, f"Segment{number}_LabelValue", number + 1)
            masks.append(layers[_meta_int(image, f"Segment{number}_Layer", 0)] == value)
        except (ValueError, IndexError) as error:
            raise BadInput(f"The header of '{path.name}' does not say where segment '{name}' is ({error}).") from error
        names.append(name)
    return _numbered(names, masks)


def _meta_int(image: sitk.Image, key: str, default: int) -> int:
    return int(image.GetMetaData(key)) if image.HasMetaDataKey(key) else default


def _numbered(names: list[str], masks: list[sitk.Image]) -> tuple[sitk.Image, dict[str, tuple[int, ...]]]:
    """One label map with a bit for each role that a segment's name tells, and role -> its bit, negative."""
    combined = np.zeros(masks[0].GetSize()[::-1], np.uint8)
    roles: dict[str, tuple[int, ...]] = {}
    for name, mask in zip(names, masks, strict=True):
        role = _role_of(name)
        if role is not None:
            bit = 1 << ROLES.index(role)
            roles[role] = (-bit,)
            combined[sitk.GetArrayViewFromImage(mask) > 0] |= bit
    if not roles.keys() & {"liver", "parenchyma"}:
        raise BadInput(f"None of the segments ({', '.join(names)}) is named liver or parenchyma.")
    image = sitk.GetImageFromArray(combined)
    image.CopyInformation(masks[0])
    return image, roles


def _role_of(name: str) -> str | None:
    return next((role for role, pattern in NAMES.items() if re.search(pattern, name.lower())), None)


def _read_dicom_seg(path: Path) -> tuple[sitk.Image, dict[str, tuple[int, ...]]]:
    try:
        import highdicom
        import pydicom
    except ImportError as error:
        raise MissingDependency("highdicom is not installed; it is needed to read DICOM SEG.") from error
    if pydicom.dcmread(path, stop_before_pixels=True).get("Modality") != "SEG":
        raise BadInput(f"'{path.name}' is a DICOM file, but no DICOM SEG.")
    try:
        segmentation = highdicom.seg.segread(path)
        numbers = [n for n in segmentation.segment_numbers if _role_of(_seg_name(segmentation, n))]
        names = [_seg_name(segmentation, n) for n in segmentation.segment_numbers]
        if not numbers:
            raise BadInput(f"None of the segments ({', '.join(names)}) is named liver or parenchyma.")
        volumes = [segmentation.get_volume(segment_numbers=[n], combine_segments=True, relabel=True) for n in numbers]
    except (ValueError, RuntimeError, AttributeError, KeyError) as error:
        raise BadInput(f"The DICOM SEG '{path.name}' cannot be read as a volume: {error}") from error
    return _numbered([_seg_name(segmentation, n) for n in numbers], [_to_sitk(volume) for volume in volumes])


def _seg_name(segmentation: Any, number: int) -> str:
    description = segmentation.get_segment_description(number)
    return f"{description.segment_label} {description.segmented_property_type.meaning}"


def _to_sitk(volume: Any) -> sitk.Image:
    """highdicom volume (array indexed like its affine, LPS) -> image; reversed axes are SimpleITK's order."""
    image = sitk.GetImageFromArray(np.ascontiguousarray((volume.array > 0).astype(np.uint8).transpose(2, 1, 0)))
    affine = np.asarray(volume.affine)
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    image.SetSpacing([float(x) for x in spacing])
    image.SetOrigin([float(x) for x in affine[:3, 3]])
    image.SetDirection([float(x) for x in (affine[:3, :3] / spacing).ravel()])
    return image


def _by_role(image: sitk.Image, roles: Mapping[str, tuple[int, ...]], name: str) -> sitk.Image:
    """The derived label map, still on the file's own grid.  Negative labels are bits (`_numbered`)."""
    if image.GetNumberOfComponentsPerPixel() > 1:
        raise BadInput(f"'{name}' is a colour or vector image, not a label map.")
    array = sitk.GetArrayFromImage(image)
    if array.dtype.kind == "f":
        if not np.isfinite(array).all() or np.abs(array - np.rint(array)).max() > 1e-3:
            raise BadInput(f"'{name}' has values that are no labels (fractions); a label map is needed.")
        array = np.rint(array).astype(np.int64)

    def mask(role: str) -> np.ndarray:
        chosen = np.zeros(array.shape, bool)
        for label in roles.get(role, ()):
            chosen |= (array & -label) > 0 if label < 0 else array == label
        return chosen

    organ = mask("parenchyma") | mask("liver")
    if not organ.any():
        values = ", ".join(str(v) for v in np.unique(array)[:12])
        expected = ", ".join(f"{role} {'+'.join(map(str, v))}" for role, v in roles.items() if min(v) >= 0)
        raise BadInput(
            f"'{name}' has no liver: it holds the labels {values}, expected is {expected or 'liver'}. "
            "Say which labels are meant with --labels liver=..,tumor=.."
        )
    labels = sitk.GetImageFromArray(derive(organ, mask("tumor")))
    labels.CopyInformation(image)
    return labels


def _on_grid_of(ct: sitk.Image, labels: sitk.Image) -> tuple[sitk.Image, list[Finding]]:
    labels = sitk.DICOMOrient(labels, "LPS")
    if same_geometry(ct, labels):
        labels.CopyInformation(ct)
        return labels, []
    on_grid = sitk.Resample(labels, ct, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
    before, after = (
        float(np.count_nonzero(sitk.GetArrayViewFromImage(image))) * float(np.prod(image.GetSpacing()))
        for image in (labels, on_grid)
    )
    overlap = after / before
    if overlap < OVERLAP_REFUSED:
        raise BadInput(
            f"The segmentation does not lie on this CT: {100 * overlap:.0f} % of it is inside. Is it another patient's "
            "or another scan's?"
        )
    level = "pass" if overlap >= OVERLAP_WARNED else "warn"
    message = f"The segmentation has another grid than the CT and was resampled ({100 * overlap:.1f} % of its volume)."
    return on_grid, [Finding("segmentation_resampled", level, message, {"overlap": overlap})]


def check(segments: Segments, ct: CT) -> list[Finding]:
    """Findings on segments lying on their CT: plausible, whole, belonging together."""
    labels, hu = segments.array, ct.array
    liver = labels > 0
    if not (labels == PARENCHYMA).any():
        return [Finding("no_liver", "fail", "No liver was found: there is no parenchyma segment.")]
    volumes = segments.volumes_ml
    summary = f"Parenchyma {volumes['parenchyma']:.1f} mL, tumour {volumes['tumor']:.1f} mL."
    found = [Finding("volumes", "pass", summary, volumes), *provenance.findings(segments.origin)]
    median = float(np.median(hu[labels == PARENCHYMA]))
    if not LIVER_HU[0] <= median <= LIVER_HU[1]:
        message = (
            f"The liver segment does not lie on a liver: its median is {median:.0f} HU. "
            "Is it another patient's or another scan's?"
        )
        found.append(Finding("liver_hu", "fail", message, {"median_hu": median}))
    if liver[0].any() or liver[-1].any():
        end = "lowest" if liver[0].any() else "highest"
        message = f"The liver is cut off: it reaches the {end} slice. The whole liver is needed."
        found.append(Finding("truncated_liver", "withhold", message))
    elif liver[:, [0, -1]].any() or liver[:, :, [0, -1]].any():
        found.append(Finding("truncated_liver", "withhold", "The liver is cut off at the edge of the field of view."))
    return found + _check_tumour(labels, hu, segments.labels)


def _check_tumour(labels: np.ndarray, hu: np.ndarray, image: sitk.Image) -> list[Finding]:
    tumour = labels == TUMOUR
    if not tumour.any():
        message = "No tumour was found: the tumour's features, Radscore and risk cannot be computed."
        return [Finding("no_tumor", "withhold", message)]
    found = []
    grown = sitk.BinaryDilate(image == PARENCHYMA, [1, 1, 1], sitk.sitkBox)
    if not (sitk.GetArrayViewFromImage(grown) > 0)[tumour].any():
        message = "The tumour segment lies outside the liver and does not touch it. Check the label map."
        found.append(Finding("tumor_outside", "fail", message))
    oil = float(np.mean(hu[tumour] > LIPIODOL_HU))
    if oil > LIPIODOL_SHARE:
        message = f"{100 * oil:.0f} % of the tumour lies above {LIPIODOL_HU} HU: lipiodol of an earlier TACE?"
        found.append(Finding("lipiodol", "warn", message, {"share": oil}))
    return found
