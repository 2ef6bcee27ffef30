"""The canonical CT: one form for one patient, whatever file it came from, with everything that was found on it.

16-bit integer HU, clipped to the signature's range, index axes along L, P, S.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import SimpleITK as sitk

from ..errors import BadInput
from . import phase, phase_finding, slabs
from .checks import check_clip, check_count, check_geometry, check_range, check_values
from .findings import Finding, Level, Protocol, of_level
from .geometry import image_sha256, rounded
from .phase import ConfirmedPhase, Phase
from .protocol import scan_findings
from .raster import Raster

DEFAULT_CLIP_HU = (-1024, 3071)
"""HU of a 12-bit CT."""


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
        `belonging.hashed_identifiers` and `hashed_series` of a DICOM series, for comparison within this run; written
        nowhere.
    slabs : slabs.Plan, optional
        How thin slices became those of `image` (`to_protocol`); None where the slices are the file's own.
    hashed : dict
        "of": an image and its hash, what `sha256` remembers.
    """

    image: sitk.Image
    findings: tuple[Finding, ...]
    phase: Phase = field(default_factory=Phase)
    source: Mapping[str, Any] = field(default_factory=dict)
    unclipped_sha256: str = ""
    belongs: Mapping[str, str] = field(default_factory=dict)
    slabs: slabs.Plan | None = None
    hashed: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def array(self) -> np.ndarray:
        """HU, shape (slices, rows, columns); a view that must not be written to."""
        return sitk.GetArrayViewFromImage(self.image)

    @property
    def sha256(self) -> str:
        """`image_sha256` of `image`, computed once; a copy with other findings (`dataclasses.replace`) knows it too."""
        image, sha256 = self.hashed.get("of", (None, ""))  # as one: a copy with other voxels shares this dict
        if image is not self.image:
            sha256 = image_sha256(self.image)
            self.hashed["of"] = self.image, sha256
        return sha256

    @property
    def raster(self) -> Raster:
        """Its voxels, with their hash, for whoever computes on them."""
        return Raster.of(self.image, self.sha256)

    @property
    def identity(self) -> str:
        """SHA-256 of the canonical CT at `DEFAULT_CLIP_HU`, in its own slices: the same CT, whatever file it came from,
        whatever range a signature clips to and whatever slices it takes."""
        return self.unclipped_sha256 or self.sha256

    def require_usable(self) -> CT:
        """Itself, or `BadInput` with the sentences of the findings that stop."""
        stops = of_level(self.findings, Level.FAIL)
        if stops:
            raise BadInput(" ".join(finding.message for finding in stops))
        return self

    def slab_plan(self, protocol: Protocol) -> tuple[slabs.Plan | None, str]:
        """How thin slices become the protocol's, or why they do not, as a sentence."""
        depth, slices = self.image.GetSpacing()[2], self.image.GetSize()[2]
        asked = (depth, slices, protocol.slice_thickness_mm, self.source.get("slice_thickness_mm"), self.findings)
        return slabs.plan(*asked), slabs.reason(*asked)

    def to_protocol(self, protocol: Protocol) -> CT:
        """With thin slices averaged to the protocol's (`slabs`), and a finding that says so, or why they were not.

        Segments come along by ``segments.in_slabs(ct.slabs)``; the finding on the slices is that of the slabs.
        """
        plan, why_not = self.slab_plan(protocol)
        if plan is None:
            needed = any(told.code == "slice_thickness" and told.level is not Level.PASS for told in self.findings)
            message = f"The slices were not averaged to the protocol's. {why_not}"
            told = Finding("to_protocol", Level.WARN if needed else Level.PASS, message)
            return replace(self, findings=(*self.findings, told))
        return self.in_slabs(plan, protocol)

    def in_slabs(self, plan: slabs.Plan, protocol: Protocol) -> CT:
        """With slices averaged as `plan` says, and the findings on the slabs."""
        image = slabs.apply_ct(self.image, plan)
        found = [finding for finding in self.findings if finding.code != "slice_thickness"]
        now = check_geometry(image, protocol, plan.slab_mm)
        found += [finding for finding in now if finding.code == "slice_thickness"]
        found += [slabs.finding(plan), *check_count(image)]
        return replace(self, image=image, findings=tuple(found), unclipped_sha256=self.identity, slabs=plan)

    def with_liver(
        self, parenchyma: sitk.Image | None, protocol: Protocol | None, confirmed: ConfirmedPhase | None = None
    ) -> CT:
        """With the phase by attenuation, header and a reader's answer, and the finding on it (`phase_finding`)."""
        measured = phase.from_attenuation(self.image, parenchyma)
        known, told = phase_finding.settle(self.phase, measured, confirmed, protocol)
        others = tuple(finding for finding in self.findings if finding.code != "phase")
        return replace(self, phase=known, findings=(*others, told))


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
    image = Raster.of(image).in_lps().to_image()
    array = sitk.GetArrayViewFromImage(image)
    found = [*findings]
    if not np.isfinite(array).all():
        found.append(Finding("non_finite", Level.FAIL, "The CT has voxels without a number (NaN or infinite)."))
        return CT(sitk.Cast(image > 0, sitk.sitkInt16), tuple(found), source=source)
    found += [*check_range(array), *check_values(array, protocol), *check_count(image)]
    identity = ""
    if clip_hu is None or tuple(clip_hu) != DEFAULT_CLIP_HU:
        identity = image_sha256(_int16(sitk.Clamp(image, image.GetPixelID(), *DEFAULT_CLIP_HU)))
    if clip_hu is not None:
        outside = check_clip(array, clip_hu)
        found += outside
        if outside:
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
    return rounded(sitk.Cast(image, sitk.sitkInt16))
