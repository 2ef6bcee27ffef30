"""How a case was scanned, and who drew its segments: what evidence is made of."""

from __future__ import annotations

from dataclasses import dataclass

from ...ct import CT, ContrastPhase
from ...ct.kernels import class_of
from ...segmentation.marks import weights_of
from ...segmentation.origin import Drawn, Origin


@dataclass(frozen=True)
class ObservedCase:
    """How a case was scanned, as evidence and limits of a protocol need it.

    Parameters
    ----------
    phase : ContrastPhase
        As `CT.with_liver` settles it: measured, of the header, or confirmed by a reader.
    slice_thickness_mm, in_plane_spacing_mm : float
        Of the slices that the features were computed of (slabs, where thin ones were averaged); of pixels that are not
        square the longer side.
    kvp : float or None
        None where the file does not say it.
    kernel : str
        Its class (`ct.kernels.KernelClass`), "" where it is not recognised.
    saturated_hu, fractional_hu : bool
        Whether the CT checks found such values.
    """

    phase: ContrastPhase
    slice_thickness_mm: float
    in_plane_spacing_mm: float
    kvp: float | None = None
    kernel: str = ""
    saturated_hu: bool = False
    fractional_hu: bool = False

    @classmethod
    def of(cls, ct: CT) -> ObservedCase:
        """Of a CT as it was read, before its values are used."""
        x, y, z = ct.image.GetSpacing()
        codes = {finding.code for finding in ct.findings}
        told = None if ct.slabs is not None else ct.source.get("slice_thickness_mm")
        sort = class_of(ct.source.get("kernel"))
        return cls(
            ct.phase.name,
            float(told or z),
            float(max(x, y)),
            ct.source.get("kvp"),
            "" if sort is None else sort.value,
            "saturated_hu" in codes,
            "fractional_hu" in codes,
        )


@dataclass(frozen=True)
class ObservedMask:
    """Who drew a case's segments.

    Parameters
    ----------
    weights : str
        SHA-256 of the weights of the model that did (as far as a mark told it); "" for none.
    by_hand : bool
    changed : float
        Share of the model's voxels that were changed since, 0 to 1.
    """

    weights: str = ""
    by_hand: bool = False
    changed: float = 0.0

    @classmethod
    def of(cls, origin: Origin) -> ObservedMask:
        """Of what is known of who drew the segments."""
        weights = weights_of(origin.model) if origin.drawn is Drawn.MODEL else ""
        return cls(weights, origin.drawn is Drawn.HAND, float(origin.changed))
