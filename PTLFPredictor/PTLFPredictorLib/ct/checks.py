"""What is checked on every CT: range and kind of its values, number of slices, geometry against the protocol."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk

from . import axes, slabs
from .findings import Finding, Level, Protocol
from .geometry import direction_of

FRACTION_TOLERANCE = 1e-3
"""A float file whose values differ by less than this from whole HU counts as integer (rounding of the format)."""

MINIMUM_SLICES = 3

SATURATED_SHARE = 1e-4
"""Share of voxels at the highest (or lowest tissue) value above which the range looks cut off."""

FITTED_ON_SUCH = "The signature was fitted on such CTs too."

AIR_HU, FAT_HU, SOFT_TISSUE_HU = -900, -30, 20


def check_range(array: np.ndarray) -> list[Finding]:
    low, high = float(array.min()), float(array.max())
    if low >= FAT_HU or high <= SOFT_TISSUE_HU:
        return [
            Finding(
                "not_hounsfield",
                Level.FAIL,
                f"The values run from {low:g} to {high:g}: this is not a CT in Hounsfield units (air is -1000, "
                "fat about -100).",
                {"min": low, "max": high},
            )
        ]
    return [
        Finding("hounsfield", Level.PASS, f"CT in Hounsfield units, {low:g} to {high:g}.", {"min": low, "max": high})
    ]


def check_count(image: sitk.Image) -> list[Finding]:
    if image.GetSize()[2] >= MINIMUM_SLICES:
        return []
    return [Finding("few_slices", Level.FAIL, "The CT has too few slices: a volume of the whole liver is needed.")]


def check_values(array: np.ndarray, protocol: Protocol | None) -> list[Finding]:
    """Values that no scanner wrote; they withhold, unless the signature was fitted on such CTs."""
    found = []
    fractional_level, fractional_advice = Level.WITHHOLD, "Load the original series."
    if protocol is not None and protocol.fractional_hu:
        fractional_level, fractional_advice = Level.WARN, FITTED_ON_SUCH
    saturated_level, saturated_advice = Level.WITHHOLD, ""
    if protocol is not None and protocol.saturated_hu:
        saturated_level, saturated_advice = Level.WARN, f" {FITTED_ON_SUCH}"
    if array.dtype.kind == "f":
        fractional = float(np.mean(np.abs(array - np.rint(array)) > FRACTION_TOLERANCE))
        if fractional > 0:
            found.append(
                Finding(
                    "fractional_hu",
                    fractional_level,
                    f"{100 * fractional:.1f} % of the voxels have fractional HU: the CT was resampled or processed. "
                    f"{fractional_advice}",
                    {"share": fractional},
                )
            )
    high = array.max()
    at_top = float(np.mean(array == high))
    above_air = array[array > AIR_HU]
    at_bottom = float(np.mean(above_air == above_air.min())) if above_air.size and array.min() > AIR_HU else 0.0
    if at_top > SATURATED_SHARE or at_bottom > SATURATED_SHARE:
        end = f"the upper end ({high:g} HU)" if at_top > SATURATED_SHARE else f"the lower end ({array.min():g} HU)"
        found.append(
            Finding(
                "saturated_hu",
                saturated_level,
                f"The HU are cut off at {end}: the CT was saved with a limited range of values.{saturated_advice}",
                {"share_at_top": at_top, "share_at_bottom": at_bottom},
            )
        )
    return found


def check_clip(array: np.ndarray, clip_hu: tuple[float, float]) -> list[Finding]:
    low, high = clip_hu
    padded, metal = float(np.mean(array < low)), float(np.mean(array > high))
    found = []
    if padded:
        found.append(
            Finding(
                "padding",
                Level.WARN,
                f"{100 * padded:.1f} % of the voxels lie below {low:g} HU (padding around the scan, down to "
                f"{array.min():g}) and were set to {low:g}.",
                {"share": padded, "min": float(array.min())},
            )
        )
    if metal:
        found.append(
            Finding(
                "above_range",
                Level.WARN,
                f"{100 * metal:.2g} % of the voxels lie above {high:g} HU (metal?) and were set to {high:g}.",
                {"share": metal, "max": float(array.max())},
            )
        )
    return found


def check_geometry(
    image: sitk.Image, protocol: Protocol | None, thickness_mm: float | None, known: Sequence[Finding] = ()
) -> list[Finding]:
    """Spacing, thickness, anisotropy, shear and obliqueness, against the published protocol where there is one.

    Parameters
    ----------
    thickness_mm : float or None
        None where the file does not tell it: only DICOM holds it.
    known : sequence of Finding
        What was found on the files; a tilt that is told there is not told again.
    """
    x, y, z = image.GetSpacing()
    found = []
    if abs(x / y - 1) > 0.01:
        found.append(
            Finding(
                "oblong_pixels", Level.WARN, f"The pixels are not square ({x:.3f} x {y:.3f} mm).", {"spacing": [x, y]}
            )
        )
    if not any(finding.code == "gantry_tilt" for finding in known):
        found += axes.findings(direction_of(image) * image.GetSpacing(), image.GetSize())
    oblique = float(np.degrees(np.arccos(np.clip(np.min(np.abs(np.diag(direction_of(image)))), 0, 1))))
    if oblique > 0.5:
        found.append(
            Finding("oblique", Level.WARN, f"The slices are oblique by {oblique:.1f} degrees.", {"degrees": oblique})
        )
    if protocol is None:
        return found
    low, high = protocol.slice_thickness_mm
    thickness = thickness_mm or z
    values = {"spacing_mm": z, "thickness_mm": thickness_mm, "accepted_mm": [low, high]}
    if low <= z <= high and low <= thickness <= high:
        message = f"Slices {_mm(thickness_mm, z)}; the signature takes {low:g} to {high:g} mm."
        found.append(Finding("slice_thickness", Level.PASS, message, values))
    else:
        can_be_averaged = slabs.plan(z, image.GetSize()[2], (low, high), thickness_mm, known) is not None
        or_else = ", or have these averaged to them (in a shell: --to-protocol)" if can_be_averaged else ""
        found.append(
            Finding(
                "slice_thickness",
                Level.WITHHOLD,
                f"The slices are {_mm(thickness_mm, z).removeprefix('of ')}; "
                f"the signature takes {low:g} to {high:g} mm. "
                f"Reconstruct the CT in such slices{or_else}.",
                values,
            )
        )
    low, high = protocol.in_plane_spacing_mm
    inside = low - 5e-4 <= min(x, y) and max(x, y) <= high + 5e-4
    found.append(
        Finding(
            "in_plane_spacing",
            Level.PASS if inside else Level.WITHHOLD,
            f"Pixels of {x:.3f} mm, "
            + ("as in the study." if inside else f"outside the study's {low:g} to {high:g} mm."),
            {"spacing_mm": [x, y], "published_mm": [low, high]},
        )
    )
    return found


def _mm(thickness: float | None, spacing: float) -> str:
    if not thickness:
        return f"{spacing:.1f} mm apart (spacing; the file does not say how thick the slices are)"
    same = abs(thickness - spacing) < 0.05
    return f"of {thickness:.1f} mm" if same else f"{thickness:.1f} mm thick, {spacing:.1f} mm apart"
