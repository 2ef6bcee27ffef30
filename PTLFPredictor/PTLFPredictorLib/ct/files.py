"""Image files (NIfTI, NRRD, MetaImage), CT and label map alike: read whole, or not at all."""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Iterator
from pathlib import Path

import SimpleITK as sitk

from ..errors import BadInput
from . import axes, itk
from .dicom_files import is_dicom
from .findings import Finding, Level
from .image_header import Header, NoImageError, read_header

EXPECTED = {
    "CT": "no image that can be read. A DICOM folder, NIfTI, NRRD or MHA is expected.",
    "label map": "no label map that can be read. NIfTI, NRRD, seg.nrrd, MHA, DICOM SEG or RTSTRUCT is expected.",
}

CHUNK = 4 << 20

OWN_AXES_MM = 1e-3
"""Axes that are farther from perpendicular, at the volume's edge, are set here; nearer ones stay as ITK gives them."""


def read_image_file(path: str | Path, what: str) -> sitk.Image:
    """An image file whose voxels are all there, with a voxel size that it states.

    Parameters
    ----------
    path : str or Path
        NIfTI-1 (``.nii``, ``.nii.gz``, ``.hdr`` and ``.img``), NRRD or MetaImage, header attached or not.
    what : str
        "CT" or "label map": what the sentences say is expected.

    Returns
    -------
    sitk.Image
        Axes of length 1 beyond the third are dropped; axes that are not perpendicular are replaced by those that are
        (`axes.perpendicular`), for a CT and the label map that was drawn on it alike.

    Raises
    ------
    BadInput
        When it is none, is cut off or damaged, or its header does not fit its voxels.
    """
    path = Path(path)
    header = _header(path, what)
    _require_whole(path, header)
    if what != "CT" and header.disagreement_mm > axes.PLACE_TOLERANCE_MM:
        raise BadInput(f"'{path.name}' {_in_two_ways(header)}. Save it anew from a program that shows it rightly.")
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.SetImageIO(header.reader)
    image = itk.execute(reader, lambda: f"'{path.name}' is {EXPECTED[what]}")
    while image.GetDimension() > 3 and image.GetSize()[-1] == 1:
        image = image[(slice(None),) * (image.GetDimension() - 1) + (0,)]
    _set_axes(image, header)
    return image


def _set_axes(image: sitk.Image, header: Header) -> None:
    if image.GetDimension() != 3 or header.vectors is None or skew_of(header)[1] <= OWN_AXES_MM:
        return
    spacing, direction = axes.perpendicular(header.vectors)
    image.SetSpacing(spacing.tolist())
    image.SetDirection(direction.ravel().tolist())


def skew_of(header: Header) -> tuple[float, float]:
    """`axes.skew` of a file's axes; zeros where they are not told."""
    return (0.0, 0.0) if header.vectors is None else axes.skew(header.vectors, header.size)


def _in_two_ways(header: Header) -> str:
    far = f"{header.disagreement_mm:.0f} mm" if header.disagreement_mm < 1e4 else "far"
    return f"says in two ways where it lies in the body (its qform and sform are {far} apart; mirrored?)"


def orientation_findings(path: str | Path) -> list[Finding]:
    """What a CT's file leaves unsaid about how the volume lies in the body, or says in two ways; sheared axes."""
    header = _header(Path(path), "CT")
    found = [] if header.vectors is None else axes.findings(header.vectors, header.size)
    if header.disagreement_mm > axes.PLACE_TOLERANCE_MM:
        message = f"The file {_in_two_ways(header)}. Load the original series."
        values = {"distance_mm": min(header.disagreement_mm, 1e4)}
        found.append(Finding("orientation_told_twice", Level.WITHHOLD, message, values))
    if not header.has_orientation:
        message = (
            "The file does not say how the volume lies in the body: left, front and top are assumed. "
            "Load the original series."
        )
        found.append(Finding("orientation_not_told", Level.WITHHOLD, message))
    return found


def require_perpendicular(path: str | Path) -> None:
    """Refuse a label map of sheared axes, for a CT whose own are not.

    Raises
    ------
    BadInput
    """
    path = Path(path)
    degrees, shift = skew_of(_header(path, "label map"))
    if degrees > axes.TILT_DEGREES or shift > axes.PLACE_TOLERANCE_MM:
        raise BadInput(
            f"The axes of '{path.name}' are not perpendicular (by {degrees:.1f} degrees, {shift:.1f} mm at the edge), "
            "those of the CT are: the segments would lie beside their place. Save them on the CT's own grid."
        )


def ct_files(path: str | Path) -> list[Path]:
    """The files that reading a CT may take in: all DICOM files of a folder, or an image file and its voxels' file."""
    path = Path(path)
    if path.is_file() and is_dicom(path):
        path = path.parent
    if path.is_dir():
        return [file for file in sorted(path.rglob("*")) if is_dicom(file)]
    return image_files(path)


def image_files(path: str | Path) -> list[Path]:
    """An image file and, where its header lies beside them, the file with its voxels."""
    path = Path(path)
    try:
        data = read_header(path).data if path.is_file() else path
    except (NoImageError, BadInput):
        data = path
    return [path] if data == path else [path, data]


def _header(path: Path, what: str) -> Header:
    if not path.is_file():
        raise BadInput(f"'{path.name}' is no plain file (a pipe or a device?).")
    try:
        header = read_header(path)
    except NoImageError as error:
        raise BadInput(f"'{path.name}' is {EXPECTED[what]}") from error
    size = list(header.size)
    while len(size) > 3 and size[-1] == 1:
        size.pop()
    if len(size) > 4:
        raise BadInput(f"'{path.name}' has {len(size)} dimensions; a volume has 3.")
    return header


def _require_whole(path: Path, header: Header) -> None:
    """Every voxel that the header names is there, compressed data agree with their checksum, and no slice is left."""
    expected = math.prod(header.size) * header.voxel_bytes
    one_slice = math.prod(header.size[:2]) * header.voxel_bytes
    try:
        there = _length(header, expected + one_slice)
    except EOFError:
        raise BadInput(f"'{path.name}' is cut off: its end is missing. Copy or export it again.") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise BadInput(
            f"'{path.name}' is damaged: its compressed voxels and their checksum do not agree. Copy or export it again."
        ) from error
    except OSError as error:
        raise BadInput(f"'{header.data.name}' cannot be read: {error.strerror or error}.") from error
    if there < expected:
        share = f"{math.floor(100 * there / expected)} %"
        raise BadInput(f"'{path.name}' is cut off: {share} of its voxels are there. Copy or export it again.")
    if there >= expected + one_slice:
        raise BadInput(f"'{path.name}' holds more voxels than its header names. Export it anew.")


def _length(header: Header, enough: int) -> int:
    """Bytes of voxels; what is compressed is read to its end, at most to `enough`."""
    with open(header.data, "rb") as stream:
        if header.compression == "":
            there = header.data.stat().st_size
            return there - header.start if header.start is not None else min(there, enough - 1)
        whole_file = header.reader == "NiftiImageIO"  # NIfTI is packed with its header
        stream.seek(0 if whole_file else header.start or 0)
        chunks = _unzipped(stream) if header.compression == "gzip" else _inflated(stream)
        skip, there = (header.start or 0) if whole_file else 0, 0
        for chunk in chunks:
            there += len(chunk)
            if there - skip >= enough:
                break
        return there - skip


def _unzipped(stream) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=stream) as opened:
        while chunk := opened.read(CHUNK):
            yield chunk


def _inflated(stream) -> Iterator[bytes]:
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)  # zlib or gzip, as MetaImage reads both
    while not inflate.eof:
        chunk = stream.read(CHUNK)
        if not chunk:
            raise EOFError
        yield inflate.decompress(chunk)
