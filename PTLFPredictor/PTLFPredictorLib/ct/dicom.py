"""Read one CT series from a folder of DICOM files.

Headers by pydicom, pixels by SimpleITK (GDCM), which decodes the compressed transfer syntaxes itself.  Order,
gaps, duplicates and tilt are judged from the slice positions, never from file names or instance numbers.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from ..child import is_out_of_memory
from ..errors import BadInput, MissingDependency
from ..progress import Progress, no_progress
from .acquisition import Acquisition, choose, listed, listing, one_acquisition, one_patient, without_pictures
from .findings import Finding
from .frames import Slice, frames_of
from .stored import check_frames, check_rescaled, check_stored, rescale

SAME_POSITION_MM = 0.01
IRREGULAR_FRACTION = 0.02
"""Slice steps that differ by less than this fraction count as equal (rounded positions)."""

GAP_FRACTION = 0.25
"""Slice steps that differ by more than this fraction mean a missing slice."""

TILT_DEGREES = 0.5

HEADER_TAGS = (
    "SOPClassUID Modality SeriesInstanceUID SeriesDescription ProtocolName StudyDescription ImageType ImageComments "
    "ImagePositionPatient ImageOrientationPatient PixelSpacing SliceThickness Rows Columns SamplesPerPixel "
    "NumberOfFrames RescaleSlope RescaleIntercept KVP Manufacturer ConvolutionKernel ContrastBolusAgent "
    "ContrastBolusStartTime AcquisitionTime AcquisitionDateTime ContentTime AcquisitionContrast AcquisitionNumber "
    "TriggerTime TemporalPositionIdentifier PatientID StudyInstanceUID FrameOfReferenceUID BitsAllocated BitsStored"
).split()


@dataclass(frozen=True)
class Series:
    """Image, header of the first slice and findings of one DICOM series."""

    image: sitk.Image
    first: Slice
    slices: int
    findings: tuple[Finding, ...]


def read_folder(
    folder: Path, series_uid: str | None = None, progress: Progress = no_progress, *, acquisition: int | None = None
) -> Series:
    """The CT series in `folder` (searched with its subfolders), or one acquisition of it (see `list_acquisitions`).

    Raises
    ------
    BadInput
        When there is no CT series, several to choose from, or one that cannot be a volume.
    """
    by_series = _headers(sorted(p for p in folder.rglob("*") if p.is_file()), folder, progress)
    slices = _choose(by_series, series_uid)
    if len(slices) == 1 and _frames(slices[0]) > 1:
        if acquisition is not None:
            raise BadInput("--acquisition chooses among files of single slices; this series is one multi-frame file.")
        return _read_frames(slices[0], progress)
    if any(_frames(s) > 1 for s in slices):
        raise BadInput("The series is spread over several multi-frame files; export it slice by slice.")
    findings: list[Finding] = []
    slices = without_pictures(slices, findings)
    one_patient(slices)
    slices = _one_geometry(slices, findings)
    if acquisition is not None:
        slices = choose(slices, acquisition)
    slices = _sorted_without_duplicates(slices, findings)
    if len(slices) < 2:
        raise BadInput("The CT has a single slice: a volume of the whole liver is needed.")
    one_acquisition(slices, findings)
    check_stored(slices)
    image = _read_files(slices, progress)
    check_rescaled(image, slices, findings)
    _set_geometry(image, slices, findings)
    return Series(image, slices[0], len(slices), tuple(findings))


def list_acquisitions(
    folder: Path, series_uid: str | None = None, progress: Progress = no_progress
) -> list[Acquisition]:
    """The acquisitions of a series in `folder`, to choose one from for `read_folder`; none where there is one alone.

    Raises
    ------
    BadInput
        When there is no CT series, or several to choose from.
    """
    slices = _choose(_headers(sorted(p for p in folder.rglob("*") if p.is_file()), folder, progress), series_uid)
    if any(_frames(image) > 1 for image in slices):
        return []
    return listed(_one_geometry(without_pictures(slices, []), []))


def is_dicom(path: Path) -> bool:
    if not path.is_file():
        return False  # a pipe would wait for ever
    try:
        with open(path, "rb") as stream:
            return stream.read(132)[128:] == b"DICM"
    except OSError:
        return False  # whoever reads it says so


def series_of(path: Path) -> str:
    """The series that a DICOM file belongs to."""
    return next(iter(_headers([path], path.parent, no_progress)))


def _headers(files: Sequence[Path], folder: Path, progress: Progress) -> dict[str, list[Slice]]:
    try:
        import pydicom
        from pydicom.errors import BytesLengthException, InvalidDicomError
    except ImportError as error:
        raise MissingDependency("pydicom is not installed; it is needed to read DICOM folders.") from error
    if not files:
        raise BadInput(f"The folder '{folder.name}' is empty: there is no CT in it.")
    by_series: dict[str, list[Slice]] = defaultdict(list)
    for done, path in enumerate(files):
        progress("Reading headers", done, len(files))
        try:
            header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=HEADER_TAGS)
            if header.get("Rows") and header.get("Modality"):
                by_series[str(header.get("SeriesInstanceUID", ""))].append(Slice(path, header))
        except (InvalidDicomError, BytesLengthException, OSError, EOFError, ValueError, KeyError):
            continue
    progress("Reading headers", len(files), len(files))
    if not by_series:
        raise BadInput(f"The folder '{folder.name}' has no DICOM images. For NIfTI, NRRD or MHA name the file itself.")
    return by_series


def _choose(by_series: dict[str, list[Slice]], series_uid: str | None) -> list[Slice]:
    if series_uid is not None:
        if series_uid not in by_series:
            raise BadInput(f"There is no series {series_uid} here.{_listing(by_series)}")
        candidates = {series_uid: by_series[series_uid]}
    else:
        candidates = by_series
    modalities = sorted({str(s[0].get("Modality")) for s in candidates.values()})
    candidates = {uid: s for uid, s in candidates.items() if s[0].get("Modality") == "CT"}
    if not candidates:
        raise BadInput(f"This is {' and '.join(modalities)}, not CT.")
    if any(int(s.get("SamplesPerPixel", 1)) > 1 for series in candidates.values() for s in series):
        raise BadInput("This is a colour image (a screen shot or a report?), not a CT in Hounsfield units.")
    volumes = {uid: kept for uid, s in candidates.items() if (kept := [x for x in s if not _is_scout(x)])}
    if not volumes:
        raise BadInput("There is only a scout image (localizer) here, no CT volume.")
    stacks = {uid: s for uid, s in volumes.items() if len(s) > 1 or _frames(s[0]) > 1}
    if not stacks:
        raise BadInput("The CT has a single slice: a volume of the whole liver is needed.")
    if len(stacks) > 1:
        raise BadInput(f"There are {len(stacks)} CT series here; choose one with --series UID.{_listing(stacks)}")
    return next(iter(stacks.values()))


def _frames(image: Slice) -> int:
    return int((image.numbers("NumberOfFrames", 1) or [1])[0])


def _is_scout(image: Slice) -> bool:
    return any(str(word).upper() in ("LOCALIZER", "SCOUT", "TOPOGRAM") for word in image.get("ImageType", ()))


def _listing(by_series: dict[str, list[Slice]]) -> str:
    lines = [
        f"\n  {uid}: {series[0].get('Modality')}, {len(series)} images, thickness "
        f"{series[0].get('SliceThickness', '?')} mm, {series[0].get('SeriesDescription', 'no description')}"
        for uid, series in sorted(by_series.items())
    ]
    return "".join(lines)


def _one_geometry(slices: list[Slice], findings: list[Finding]) -> list[Slice]:
    """The slices that share rows, columns, pixel spacing and orientation; a few others are left out."""
    placed = [s for s in slices if _is_placed(s)]
    if len(placed) < len(slices) and len(placed) < 2:
        raise BadInput(
            "The DICOM files do not say where their slices lie (ImagePositionPatient, ImageOrientationPatient or "
            "PixelSpacing is missing or cannot be read)."
        )
    groups = Counter(_geometry_key(s) for s in placed)
    key, count = groups.most_common(1)[0]
    left_out = len(slices) - count
    if left_out > count // 2:
        raise BadInput("The series mixes images of different size or orientation; export one axial series.")
    if left_out:
        findings.append(
            Finding("mixed_series", "warn", f"{left_out} image(s) of another size or orientation were left out.")
        )
    return [s for s in placed if _geometry_key(s) == key]


def _is_placed(image: Slice) -> bool:
    spacing, orientation = image.numbers("PixelSpacing", 2), image.numbers("ImageOrientationPatient", 6)
    if image.numbers("ImagePositionPatient", 3) is None or orientation is None or spacing is None or min(spacing) <= 0:
        return False
    axes = np.reshape(orientation, (2, 3))
    return np.allclose(axes @ axes.T, np.eye(2), atol=0.01)


def _geometry_key(image: Slice) -> tuple[Any, ...]:
    orientation = tuple(round(x, 3) for x in image.numbers("ImageOrientationPatient", 6))
    spacing = tuple(round(x, 4) for x in image.numbers("PixelSpacing", 2))
    return image.get("Rows"), image.get("Columns"), spacing, orientation


def _normal(image: Slice) -> np.ndarray:
    return np.cross(*np.reshape(image.numbers("ImageOrientationPatient", 6), (2, 3)))


def _position(image: Slice) -> np.ndarray:
    return np.array(image.numbers("ImagePositionPatient", 3))


def _sorted_without_duplicates(slices: list[Slice], findings: list[Finding]) -> list[Slice]:
    normal = _normal(slices[0])
    order = sorted(slices, key=lambda s: (float(normal @ _position(s)), str(s.path)))
    kept: list[Slice] = []
    for image in order:
        if kept and np.linalg.norm(_position(image) - _position(kept[-1])) < SAME_POSITION_MM:
            if _pixels(image) != _pixels(kept[-1]):
                raise BadInput(
                    "Two different images lie at the same slice position: the series holds several phases or "
                    "reconstructions. Export the portal venous phase as a series of its own." + listing(listed(slices))
                )
            continue
        kept.append(image)
    if len(kept) < len(order):
        findings.append(
            Finding(
                "duplicate_slices",
                "warn",
                f"{len(order) - len(kept)} slice(s) were there twice, with equal pixels; each was used once.",
                {"duplicates": len(order) - len(kept)},
            )
        )
    return kept


def _pixels(image: Slice) -> str:
    import pydicom

    return hashlib.sha256(pydicom.dcmread(image.path).get("PixelData", b"")).hexdigest()


def _read_files(slices: Sequence[Slice], progress: Progress) -> sitk.Image:
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(s.path) for s in slices])
    pairs = {(rescale(s, "RescaleSlope", 1.0), rescale(s, "RescaleIntercept", 0.0)) for s in slices}
    if len(pairs) > 1 or not all(x.is_integer() for pair in pairs for x in pair):
        reader.SetOutputPixelType(sitk.sitkFloat64)
    if len(slices) == 1:
        reader = sitk.ImageFileReader()
        reader.SetFileName(str(slices[0].path))
    progress("Reading slices", 0, len(slices))
    try:
        image = reader.Execute()
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        syntax = _transfer_syntax(slices[0].path)
        raise BadInput(f"The slices cannot be decoded (transfer syntax {syntax}); a file may be damaged.") from error
    progress("Reading slices", len(slices), len(slices))
    return image


def _read_frames(image: Slice, progress: Progress) -> Series:
    """A multi-frame file, if its frames lie where GDCM put them: evenly, in order, each place once."""
    frames = frames_of(image.path)
    findings: list[Finding] = []
    if len(without_pictures(frames, findings)) < len(frames):
        raise BadInput(
            "The DICOM file holds derived pictures (MIP?) between its slices. Export the original slices by themselves."
        )
    one_acquisition(sorted(frames, key=lambda frame: tuple(reversed(frame.position))), findings, ways_out=False)
    check_stored([image])
    check_frames(frames)
    volume = _read_files([image], progress)
    check_rescaled(volume, frames, findings)
    told = [frame.position for frame in frames]
    read = [volume.TransformIndexToPhysicalPoint((0, 0, k)) for k in range(volume.GetSize()[2])]
    allowed = GAP_FRACTION * volume.GetSpacing()[2]
    if len(told) != len(read) or not np.abs(np.subtract(told, read)).max() < allowed:
        raise BadInput(
            "The frames of the DICOM file are no evenly spaced volume: several phases, missing slices or a tilted "
            "gantry? Export the portal venous phase slice by slice."
        )
    return Series(volume, image, len(read), tuple(findings))


def _transfer_syntax(path: Path) -> str:
    import pydicom

    return str(pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID.name)


def _set_geometry(image: sitk.Image, slices: Sequence[Slice], findings: list[Finding]) -> None:
    """Spacing, origin and direction from the positions themselves; findings on gaps and tilt."""
    normal = _normal(slices[0])
    positions = np.array([_position(s) for s in slices])
    steps = np.diff(positions @ normal)
    step = float(np.median(steps))
    if step < SAME_POSITION_MM:
        raise BadInput("The series holds several stacks side by side; export one axial series.")
    odd = np.abs(steps / step - 1)
    if odd.max() > GAP_FRACTION:
        at = positions[int(np.argmax(odd))] @ normal
        missing = Finding(
            "missing_slices",
            "fail",
            f"Slices are missing or unevenly spaced: most lie {step:.2f} mm apart, but near {at:.1f} mm the step is "
            f"{steps[int(np.argmax(odd))]:.2f} mm. Export the whole series again.",
            {"median_step_mm": step, "largest_step_mm": float(steps.max())},
        )
        findings.append(missing)
    elif odd.max() > IRREGULAR_FRACTION:
        findings.append(
            Finding("uneven_slices", "warn", f"The slice steps vary by {100 * odd.max():.0f} %; {step:.2f} mm is used.")
        )
    along = positions[-1] - positions[0]
    tilt = math.degrees(math.acos(min(1.0, abs(float(normal @ along)) / float(np.linalg.norm(along)))))
    if tilt > TILT_DEGREES:
        findings.append(
            Finding(
                "gantry_tilt",
                "withhold",
                f"The gantry was tilted by {tilt:.1f} degrees: the slices are sheared against each other.",
                {"degrees": tilt},
            )
        )
    row, column = np.reshape(slices[0].numbers("ImageOrientationPatient", 6), (2, 3))
    spacing = slices[0].numbers("PixelSpacing", 2)
    mean_step = float(normal @ along) / (len(slices) - 1)
    image.SetSpacing((spacing[1], spacing[0], mean_step))
    image.SetOrigin(tuple(positions[0]))
    image.SetDirection(tuple(np.column_stack([row, column, normal]).ravel()))
