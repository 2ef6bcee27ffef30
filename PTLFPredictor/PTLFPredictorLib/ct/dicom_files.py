"""Which files of a folder are one CT series: what is DICOM, what is an image, what lies beside the CT.

From headers alone, by pydicom.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from ..errors import BadInput, MissingDependency
from ..progress import Progress, no_progress
from .findings import Finding, Level
from .frames import Slice
from .stack import is_placed

HEADER_TAGS = (
    "SOPClassUID Modality SeriesInstanceUID SeriesDescription ProtocolName StudyDescription ImageType ImageComments "
    "ImagePositionPatient ImageOrientationPatient PixelSpacing SliceThickness Rows Columns SamplesPerPixel "
    "NumberOfFrames RescaleSlope RescaleIntercept KVP Manufacturer ConvolutionKernel ContrastBolusAgent "
    "ContrastBolusStartTime AcquisitionTime AcquisitionDateTime ContentTime AcquisitionContrast AcquisitionNumber "
    "TriggerTime TemporalPositionIdentifier PatientID StudyInstanceUID FrameOfReferenceUID BitsAllocated BitsStored "
    "AcquisitionDate SeriesDate StudyDate"
).split()

PREAMBLE = 132
"""Bytes before the first entry: 128 of anything, then DICM."""

BARE_ENTRY_BYTES = 256
"""The first entry of a file without preamble is shorter: a length or a UID."""


def is_dicom(path: Path) -> bool:
    """Whether a file is DICOM, with the preamble or, as old archives and planning systems write it, without."""
    if not path.is_file():
        return False  # a pipe would wait for ever
    try:
        with open(path, "rb") as stream:
            first = stream.read(PREAMBLE)
    except OSError:
        return False  # whoever reads it says so
    return first[128:] == b"DICM" or (_starts_bare(first) and _is_bare(path))


def _starts_bare(first: bytes) -> bool:
    """Whether bytes can be the first entry of file meta information (group 2) or of a data set (group 8)."""
    if len(first) < 8 or first[:2] not in (b"\x02\x00", b"\x08\x00") or first[3]:
        return False
    explicit = first[4:6].isalpha() and first[4:6].isupper()
    return explicit or int.from_bytes(first[4:8], "little") < BARE_ENTRY_BYTES


def _is_bare(path: Path) -> bool:
    try:
        header = read_header(path, ["SOPClassUID", "SOPInstanceUID", "Modality"])
        return bool(header.get("SOPClassUID") and header.get("Modality"))
    except MissingDependency:
        return True
    except Exception:
        return False


def read_header(path: Path, tags: Sequence[str]):
    """The entries of a file, with or without preamble; pydicom raises nearly anything on what is no DICOM."""
    try:
        import pydicom
    except ImportError as error:
        raise MissingDependency("pydicom is not installed; it is needed to read DICOM folders.") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # values that are not as they should be: each is judged where it is used
        return pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(tags) or None, force=True)


def header_of(path: Path) -> Slice | None:
    """The header of a DICOM file with an image; None for any other file, and for one that is damaged."""
    if not is_dicom(path):
        return None
    try:
        image = Slice(path, read_header(path, HEADER_TAGS))
        return image if image.get("Rows") and image.get("Modality") else None
    except MissingDependency:
        raise
    except Exception:  # pydicom raises nearly anything on a damaged file; who reads the series tells it
        return None


def series_of(path: Path) -> str:
    """The series that a DICOM file belongs to."""
    return next(iter(headers_of([path], path.parent, no_progress, [])))


def headers_of(
    files: Sequence[Path], folder: Path | None, progress: Progress, findings: list[Finding]
) -> dict[str, list[Slice]]:
    """The images among files, by series; what is no image is passed over, and damaged DICOM is told."""
    there = f"The folder '{folder.name}'" if folder else "The series"
    if not files:
        raise BadInput(f"{there} is empty: there is no CT in it.")
    by_series: dict[str, list[Slice]] = defaultdict(list)
    damaged = 0
    for done, path in enumerate(files):
        progress("Reading headers", done, len(files))
        if not is_dicom(path):
            continue
        try:
            header = read_header(path, HEADER_TAGS)
            image = Slice(path, header)
            if image.get("Rows") and image.get("Modality"):
                by_series[str(image.get("SeriesInstanceUID", ""))].append(image)
            elif not header or image.get("Modality") == "CT":
                damaged += 1
        except MissingDependency:
            raise
        except Exception:
            damaged += 1
    progress("Reading headers", len(files), len(files))
    if not by_series:
        told = f" {damaged} DICOM file(s) cannot be read: they are damaged or cut off." if damaged else ""
        raise BadInput(f"{there} has no DICOM images.{told} For NIfTI, NRRD or MHA name the file itself.")
    if damaged:
        findings.append(
            Finding(
                "damaged_files",
                Level.WARN,
                f"{damaged} DICOM file(s) cannot be read (damaged or cut off) and were left out.",
                {"left_out": damaged},
            )
        )
    return by_series


def one_series(
    by_series: dict[str, list[Slice]], series_uid: str | None, findings: list[Finding] | None = None
) -> list[Slice]:
    """The slices of the one CT volume there is, or of the series that was asked for; pictures beside it are told."""
    findings = [] if findings is None else findings
    if series_uid is not None:
        if series_uid not in by_series:
            raise BadInput(f"There is no series {series_uid} here.{_listing(by_series)}")
        by_series = {series_uid: by_series[series_uid]}
    modalities = sorted({str(s[0].get("Modality")) for s in by_series.values()})
    images = {uid: [x for x in s if x.get("Modality") == "CT"] for uid, s in by_series.items()}
    images = {uid: s for uid, s in images.items() if s}
    if not images:
        raise BadInput(f"This is {' and '.join(modalities)}, not CT.")
    grey = {uid: kept for uid, s in images.items() if (kept := [x for x in s if not _is_colour(x)])}
    if not grey:
        raise BadInput("This is a colour image (a screen shot or a report?), not a CT in Hounsfield units.")
    volumes = {uid: kept for uid, s in grey.items() if (kept := [x for x in s if not _is_scout(x)])}
    if not volumes:
        raise BadInput("There is only a scout image (localizer) here, no CT volume.")
    stacks = {uid: s for uid, s in volumes.items() if len(s) > 1 or frame_count(s[0]) > 1}
    if not stacks:
        raise BadInput("The CT has a single slice: a volume of the whole liver is needed.")
    placed = {uid: s for uid, s in stacks.items() if any(frame_count(x) > 1 or is_placed(x) for x in s)}
    stacks = placed or stacks
    if len(stacks) > 1:
        raise BadInput(f"There are {len(stacks)} CT series here; choose one with --series UID.{_listing(stacks)}")
    uid, chosen = next(iter(stacks.items()))
    pictures = [x for s in images.values() for x in s if _is_colour(x)]
    pictures += [x for other, s in volumes.items() if other != uid for x in s]
    if pictures:
        findings.append(
            Finding(
                "other_images",
                Level.PASS,
                f"{len(pictures)} picture(s) beside the CT (dose report, screen shot?) were left out.",
                {"left_out": len(pictures)},
            )
        )
    return chosen


def _is_colour(image: Slice) -> bool:
    return (image.numbers("SamplesPerPixel", 1) or [1])[0] > 1


def frame_count(image: Slice) -> int:
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
