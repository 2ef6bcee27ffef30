"""The canonical CT: one form for one patient, whatever file it came from, with everything that was found on it.

16-bit integer HU, clipped to the signature's range, index axes along L, P, S.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from ..errors import BadInput, PTLFError
from ..progress import Progress, no_progress
from . import axes, belonging, description, dicom, files, phase, phase_finding, slabs
from .findings import Finding, Level, Protocol, of_level
from .phase import ConfirmedPhase, Phase
from .protocol import scan_findings

GEOMETRY_TOLERANCE_MM = 1e-2

DEFAULT_CLIP_HU = (-1024, 3071)
"""HU of a 12-bit CT."""

FRACTION_TOLERANCE = 1e-3
"""A float file whose values differ by less than this from whole HU counts as integer (rounding of the format)."""

ORIGIN_DECIMALS, DIRECTION_DECIMALS = 3, 6
"""Decimals of the canonical origin in mm and of the direction cosines."""

MINIMUM_SLICES = 3

SATURATED_SHARE = 1e-4
"""Share of voxels at the highest (or lowest tissue) value above which the range looks cut off."""

FITTED_ON_SUCH = "The signature was fitted on such CTs too."

AIR_HU, FAT_HU, SOFT_TISSUE_HU = -900, -30, 20


@dataclass(frozen=True)
class CT:
    """A canonical CT.

    Parameters
    ----------
    image : sitk.Image
        int16 HU; index axes along L, P, S (columns to the left, rows to the back, slices feet to head).
    findings : tuple of Finding
    phase : Phase
        By the header; measured once there is a liver segment (`with_liver`).
    source : mapping
        Format, number of slices and acquisition parameters; nothing that identifies a patient.
    unclipped_sha256 : str
        `identity`, where `image` was clipped to another range than `DEFAULT_CLIP_HU` or brought to slabs.
    belongs : mapping
        `belonging.hashed_identifiers` of a DICOM series, for comparison within this run; written nowhere.
    slabs : slabs.Plan, optional
        How thin slices became those of `image` (`to_protocol`); None where the slices are the file's own.
    """

    image: sitk.Image
    findings: tuple[Finding, ...]
    phase: Phase = field(default_factory=Phase)
    source: Mapping[str, Any] = field(default_factory=dict)
    unclipped_sha256: str = ""
    belongs: Mapping[str, str] = field(default_factory=dict)
    slabs: slabs.Plan | None = None

    @property
    def array(self) -> np.ndarray:
        """HU, shape (slices, rows, columns); a view that must not be written to."""
        return sitk.GetArrayViewFromImage(self.image)

    @property
    def identity(self) -> str:
        """SHA-256 of the canonical CT at `DEFAULT_CLIP_HU`, in its own slices: the same CT, whatever file it came from,
        whatever range a signature clips to and whatever slices it takes."""
        return self.unclipped_sha256 or image_sha256(self.image)

    def require_usable(self) -> CT:
        """Itself, or `BadInput` with the sentences of the findings that stop."""
        stops = of_level(self.findings, Level.FAIL)
        if stops:
            raise BadInput(" ".join(finding.message for finding in stops))
        return self

    def to_protocol(self, protocol: Protocol) -> CT:
        """With thin slices averaged to the protocol's (`slabs`), and a finding that says so, or why they were not.

        Segments come along by ``segments.in_slabs(ct.slabs)``; the finding on the slices is that of the slabs.
        """
        depth, slices = self.image.GetSpacing()[2], self.image.GetSize()[2]
        asked = (depth, slices, protocol.slice_thickness_mm, self.source.get("slice_thickness_mm"), self.findings)
        plan = slabs.plan(*asked)
        if plan is None:
            needed = any(finding.code == "slice_thickness" and finding.level != Level.PASS for finding in self.findings)
            message = f"The slices were not averaged to the protocol's. {slabs.reason(*asked)}"
            told = Finding("to_protocol", Level.WARN if needed else Level.PASS, message)
            return replace(self, findings=(*self.findings, told))
        return self.in_slabs(plan, protocol)

    def in_slabs(self, plan: slabs.Plan, protocol: Protocol) -> CT:
        """With slices averaged as `plan` says, and the findings on the slabs."""
        image = slabs.apply_ct(self.image, plan)
        found = [finding for finding in self.findings if finding.code != "slice_thickness"]
        now = check_geometry(image, protocol, plan.slab_mm)
        found += [finding for finding in now if finding.code == "slice_thickness"]
        found += [slabs.finding(plan), *_check_count(image)]
        return replace(self, image=image, findings=tuple(found), unclipped_sha256=self.identity, slabs=plan)

    def with_liver(
        self, parenchyma: sitk.Image | None, protocol: Protocol | None, confirmed: ConfirmedPhase | None = None
    ) -> CT:
        """With the phase by attenuation, header and a reader's answer, and the finding on it (`phase_finding`)."""
        measured = phase.from_attenuation(self.image, parenchyma)
        known, told = phase_finding.settle(self.phase, measured, confirmed, protocol)
        others = tuple(finding for finding in self.findings if finding.code != "phase")
        return replace(self, phase=known, findings=(*others, told))


def read_ct(
    path: str | Path,
    protocol: Protocol | None = None,
    clip_hu: tuple[float, float] | None = DEFAULT_CLIP_HU,
    *,
    series_uid: str | None = None,
    acquisition: int | None = None,
    progress: Progress = no_progress,
) -> CT:
    """Read a CT and bring it to canonical form.

    Parameters
    ----------
    path : str or Path
        DICOM folder (or one of its files), NIfTI, NRRD or MHA.
    protocol : Protocol, optional
        What the signature was fitted on; without it, nothing is compared.
    clip_hu : (float, float) or None
    series_uid : str, optional
        Which series of a DICOM folder.
    acquisition : int, optional
        Which acquisition of that series, as `dicom.list_acquisitions` numbers them.

    Raises
    ------
    BadInput
        When there is no single CT volume to read.
    """
    path = Path(path)
    if not path.exists():
        raise BadInput(f"There is no file or folder '{path}'.")
    if path.is_file() and dicom.is_dicom(path):
        series_uid, path = series_uid or dicom.series_of(path), path.parent
    if path.is_dir():
        series = dicom.read_folder(path, series_uid, progress, acquisition=acquisition)
        read = canonical(
            series.image,
            protocol,
            clip_hu,
            series.findings,
            phase.from_header(series.first.get),
            description.described(series.first.get, series.slices),
        )
        return replace(read, belongs=belonging.hashed_identifiers(series.first.get))
    if acquisition is not None:
        raise BadInput(f"'{path.name}' is one volume: only a DICOM series can hold several acquisitions.")
    image = _read_file(path, progress)
    found = tuple(files.orientation_findings(path))
    return canonical(image, protocol, clip_hu, found, source={"format": _format(path), "slices": image.GetSize()[2]})


def _read_file(path: Path, progress: Progress) -> sitk.Image:
    progress("Reading file", 0, 1)
    image = files.read_image_file(path, "CT")
    components = image.GetNumberOfComponentsPerPixel()
    if components > 1:
        raise BadInput(f"'{path.name}' is a colour or vector image ({components} values per voxel), not a CT.")
    if image.GetDimension() == 4:
        raise BadInput(f"'{path.name}' has {image.GetSize()[3]} time points or phases; one volume is needed.")
    if image.GetDimension() < 3:
        raise BadInput(f"'{path.name}' is a single 2D image; a volume of the whole liver is needed.")
    progress("Reading file", 1, 1)
    return image


def _format(path: Path) -> str:
    name = path.name.lower()
    return "NIfTI" if ".nii" in name else path.suffix.lstrip(".").upper()


def canonical(
    image: sitk.Image,
    protocol: Protocol | None = None,
    clip_hu: tuple[float, float] | None = DEFAULT_CLIP_HU,
    findings: tuple[Finding, ...] = (),
    header_phase: Phase | None = None,
    source: Mapping[str, Any] | None = None,
) -> CT:
    """Bring an image in HU to canonical form and check it; see `read_ct`.

    Parameters
    ----------
    image : sitk.Image
        3D, any scalar type and orientation.
    """
    source = dict(source or {})
    image = sitk.DICOMOrient(image, "LPS")
    array = sitk.GetArrayViewFromImage(image)
    found = [*findings]
    if not np.isfinite(array).all():
        found.append(Finding("non_finite", Level.FAIL, "The CT has voxels without a number (NaN or infinite)."))
        return CT(sitk.Cast(image > 0, sitk.sitkInt16), tuple(found), source=source)
    found += [*_check_range(array), *_check_values(array, protocol), *_check_count(image)]
    identity = ""
    if clip_hu is None or tuple(clip_hu) != DEFAULT_CLIP_HU:
        identity = image_sha256(_int16(sitk.Clamp(image, image.GetPixelID(), *DEFAULT_CLIP_HU)))
    if clip_hu is not None:
        found += _check_clip(array, clip_hu)
        image = sitk.Clamp(image, image.GetPixelID(), *clip_hu)
    image = _int16(image)
    found += check_geometry(image, protocol, source.get("slice_thickness_mm"), findings)
    found += scan_findings(source, protocol)
    known = header_phase or Phase()
    found.append(phase_finding.before_segments(known, protocol))
    return CT(image, tuple(found), known, source, identity)


def _int16(image: sitk.Image) -> sitk.Image:
    """Whole HU, and a geometry without rounding noise."""
    if "float" in image.GetPixelIDTypeAsString().lower():
        image = sitk.Round(image)
    return _rounded_geometry(sitk.Cast(image, sitk.sitkInt16))


def _rounded_geometry(image: sitk.Image) -> sitk.Image:
    """Without the rounding noise of formats that store 32-bit floats (NIfTI): it would move filtered images."""
    image.SetSpacing([float(str(np.float32(x))) for x in image.GetSpacing()])  # 0.800000012 -> 0.8
    image.SetOrigin([round(x, ORIGIN_DECIMALS) for x in image.GetOrigin()])
    image.SetDirection([round(x, DIRECTION_DECIMALS) for x in image.GetDirection()])
    return image


def _check_range(array: np.ndarray) -> list[Finding]:
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


def _check_count(image: sitk.Image) -> list[Finding]:
    if image.GetSize()[2] >= MINIMUM_SLICES:
        return []
    return [Finding("few_slices", Level.FAIL, "The CT has too few slices: a volume of the whole liver is needed.")]


def _check_values(array: np.ndarray, protocol: Protocol | None) -> list[Finding]:
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


def _check_clip(array: np.ndarray, clip_hu: tuple[float, float]) -> list[Finding]:
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
        found += axes.findings(_direction(image) * image.GetSpacing(), image.GetSize())
    oblique = float(np.degrees(np.arccos(np.clip(np.min(np.abs(np.diag(_direction(image)))), 0, 1))))
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


def _direction(image: sitk.Image) -> np.ndarray:
    return np.reshape(image.GetDirection(), (3, 3))


def write_temporary(image: sitk.Image, path: Path) -> None:
    """Write an image that a child process is to read, or has drawn."""
    try:
        sitk.WriteImage(image, str(path))
    except RuntimeError as error:
        raise PTLFError(
            f"The temporary file '{path}' could not be written. Is the disk full? TMPDIR can name a folder elsewhere."
        ) from error


def same_geometry(a: sitk.Image, b: sitk.Image) -> bool:
    """Whether all eight corners of two grids coincide to `GEOMETRY_TOLERANCE_MM` and their sizes are equal."""
    if a.GetSize() != b.GetSize():
        return False
    size = np.array(a.GetSize()) - 1
    corners = [[int(i), int(j), int(k)] for i in (0, size[0]) for j in (0, size[1]) for k in (0, size[2])]
    apart = [
        np.linalg.norm(np.subtract(a.TransformIndexToPhysicalPoint(c), b.TransformIndexToPhysicalPoint(c)))
        for c in corners
    ]
    return max(apart) < GEOMETRY_TOLERANCE_MM


def image_sha256(image: sitk.Image) -> str:
    """SHA-256 over voxels, pixel type, size, spacing, origin and direction (to 1e-6)."""
    digest = hashlib.sha256()
    geometry = (*image.GetSpacing(), *image.GetOrigin(), *image.GetDirection())
    lengths = ",".join(f"{x:.6f}" for x in np.round(geometry, 6) + 0.0)  # + 0.0: no "-0.000000"
    digest.update(f"{image.GetPixelIDTypeAsString()}|{image.GetSize()}|{lengths}".encode())
    digest.update(np.ascontiguousarray(sitk.GetArrayViewFromImage(image)))
    return digest.hexdigest()
