"""Whether the stored values of a DICOM series become Hounsfield units: bits, slope, intercept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk

from ..errors import BadInput
from .findings import Finding, Level
from .frames import Slice

AIR_HU = (-1100.0, -900.0)
AIR_SHARE = 0.01
"""Least share of voxels of air (around the patient, in bowel and lung) by which stored values count as HU without a
rescale; a CT of the whole body's width has 20 to 60 %."""


def rescale(image: Slice, tag: str, default: float) -> float:
    """RescaleSlope or RescaleIntercept; `default` where it is absent.

    Raises
    ------
    BadInput
        When it is no number, or a slope that cannot be one.
    """
    if image.get(tag) is None:
        return default
    found = image.numbers(tag, 1)
    if found is None:
        raise BadInput(f"{tag} in a DICOM header is no number, so that the HU are unknown. Export the series again.")
    if tag == "RescaleSlope" and found[0] <= 0:
        raise BadInput(
            f"RescaleSlope in a DICOM header is {found[0]:g}: a slope must be above 0, so that the HU are unknown. "
            "Export the series again."
        )
    return found[0]


def check_stored(images: Sequence[Slice]) -> None:
    """Refuse files whose pixels are not as long as BitsAllocated says.

    Raises
    ------
    BadInput
    """
    for image in images:
        bits, stored = (int((image.numbers(tag, 1) or [16])[0]) for tag in ("BitsAllocated", "BitsStored"))
        if not 0 < stored <= bits:
            raise BadInput(
                f"A DICOM header says that {stored} of {bits} bits are used (BitsStored, BitsAllocated), which cannot "
                "be: the HU are unknown. Export the series again."
            )
        if _is_compressed(image):
            continue
        expected = _voxels(image) * bits // 8
        size = image.path.stat().st_size
        if (bits != 16 or not expected <= size < 2 * expected) and _pixel_bytes(image) not in (expected, expected + 1):
            raise BadInput(
                f"The slices cannot be decoded: a file has other pixel data than its header says ({bits} bits per "
                "pixel, BitsAllocated). It is cut off, or the header is wrong. Export the series again."
            )


def _is_compressed(image: Slice) -> bool:
    """Encapsulated or deflated: the length of the pixels does not tell the bits."""
    syntax = getattr(getattr(image.header, "file_meta", None), "TransferSyntaxUID", None)
    return syntax is not None and (syntax.is_compressed or syntax.is_deflated)


def _voxels(image: Slice) -> int:
    frames = int((image.numbers("NumberOfFrames", 1) or [1])[0])
    return int(image.get("Rows", 0)) * int(image.get("Columns", 0)) * int(image.get("SamplesPerPixel", 1)) * frames


def _pixel_bytes(image: Slice) -> int:
    import pydicom

    return len(pydicom.dcmread(image.path, specific_tags=["PixelData"], force=True).get("PixelData", b""))


def check_frames(frames: Sequence[Slice]) -> None:
    """Refuse a multi-frame file whose frames become HU in different ways: one way would be used for all of them.

    Raises
    ------
    BadInput
    """
    if len({(rescale(frame, "RescaleSlope", 1.0), rescale(frame, "RescaleIntercept", 0.0)) for frame in frames}) > 1:
        raise BadInput(
            "The frames of the DICOM file have different RescaleSlope or RescaleIntercept. Export the series slice by "
            "slice."
        )


def check_rescaled(image: sitk.Image, slices: Sequence[Slice], findings: list[Finding]) -> None:
    """Where RescaleSlope or RescaleIntercept is missing, the stored values must be HU by themselves.

    Raises
    ------
    BadInput
        When there is no air where air is in HU.
    """
    missing = rescale_missing(slices)
    if missing:
        findings.append(taken_as_hu(image, missing))


def rescale_missing(slices: Sequence[Slice]) -> list[str]:
    """Names of what a header lacks to tell HU from stored values."""
    return [t for t in ("RescaleSlope", "RescaleIntercept") if any(s.get(t) is None for s in slices)]


def taken_as_hu(image: sitk.Image, missing: Sequence[str]) -> Finding:
    """That stored values were taken as HU.

    Raises
    ------
    BadInput
        When there is no air where air is in HU.
    """
    what = f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing in the DICOM header"
    array = sitk.GetArrayViewFromImage(image)
    share = float(np.mean((array > AIR_HU[0]) & (array < AIR_HU[1])))
    if share < AIR_SHARE:
        raise BadInput(
            f"{what}, and the stored values are not Hounsfield units ({100 * share:.1f} % of them are air, about "
            "-1000). Export the series again."
        )
    message = f"{what}; the stored values were taken as Hounsfield units."
    return Finding("no_rescale", Level.WARN, message, {"missing": list(missing)})
