"""The CT on screen as the library sees it: canonical, read once, known again by its voxels.

One CT is two nodes where thin slices were averaged to slabs: the same patient.  That a node is such slabs is not
believed; its voxels must be those that averaging the other node gives.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from ...case import SAMPLE_UNKNOWN
from ...ct import CT, DEFAULT_CLIP_HU, canonical, slabs
from ...ct.acquisition import Acquisition
from ...errors import BadInput, PTLFError
from ...mrml import slab_volumes, volumes
from ...mrml.header import acquisition_of, acquisitions, date_of, series_findings_of
from ...sample import known as sample
from .scene import Scene


@dataclass(frozen=True)
class Read:
    """One reading of the volume on screen.

    Parameters
    ----------
    key : tuple
        What the reading depends on: nodes, voxels, geometry, signature.
    ct : CT
    sha256 : str
        Of the canonical image.
    identity : str
        SHA-256 of the image before any signature clips it: which CT this is.
    seed : int or None
        Of the sample case that it is.
    proven : bool
        Its voxels are the slabs of thin slices that are in the scene.
    acquisitions : list of Acquisition
        Where its files mix several.
    day : date or None
        Of the scan, where a DICOM file at hand says it; for the screen alone.
    """

    key: tuple
    ct: CT
    sha256: str
    identity: str
    seed: int | None
    proven: bool
    acquisitions: list[Acquisition]
    day: date | None = None


class CTOfScene:
    def __init__(self, scene: Scene):
        self._scene = scene
        self._last: Read | None = None
        scene.on_begin.append(self.forget)

    def forget(self) -> None:
        self._last = None

    def read(self) -> Read:
        """The canonical CT of the selected volume, with what is known of it.

        Raises
        ------
        BadInput
            No volume, one under a transform, or one that cannot be used.
        """
        volume = self._scene.volume
        if volume is None:
            raise BadInput("No CT is chosen.")
        volumes.require_no_transform(volume)
        chosen = self._scene.chosen
        voxels = volume.GetImageData().GetMTime() if volume.GetImageData() else 0
        key = (volume.GetID(), voxels, volumes.volume_to_lps(volume).tobytes(), chosen.sha256)
        thin = slab_volumes.slices_of(volume)
        if thin is not None and thin.GetImageData() is not None:
            moved = thin.GetParentTransformNode() is not None
            key += (thin.GetID(), thin.GetImageData().GetMTime(), volumes.volume_to_lps(thin).tobytes(), moved)
        if self._last is None or self._last.key != key:
            found = self._canonical(volume, chosen.signature.extraction.clip_hu)
            listed, made, plan = acquisitions(volume), None, slab_volumes.plan_of(volume)
            if plan is not None:
                made = self.made_of(volume, thin, plan)
                found = made or slab_volumes.without_slices(found, plan)
            identity = found.identity
            seed = sample.seed_of(identity)
            if seed is None and _claims_to_be_a_sample(volume):
                found = replace(found, findings=(*found.findings, SAMPLE_UNKNOWN))
            self._last = Read(key, found, found.sha256, identity, seed, made is not None, listed, date_of(volume))
        return self._last

    def _canonical(self, volume, clip_hu: tuple[float, float] | None) -> CT:
        phase, source = acquisition_of(volume)
        image, told, plan = volumes.image_of(volume), series_findings_of(volume), slab_volumes.plan_of(volume)
        if plan is not None and "slice_thickness_mm" in source:  # the file's is that of the slices
            source = {**source, "slice_thickness_mm": plan.slab_mm}
        return canonical(image, self._scene.signature.protocol, clip_hu, told, phase, source)

    def made_of(self, volume, thin, plan: slabs.Plan) -> CT | None:
        """The CT of thin slices in slabs, where the voxels of `volume` are those slabs."""
        if thin is None or thin.GetImageData() is None:
            return None
        chosen = self._scene.signature
        try:
            seen, slices = (self._canonical(node, DEFAULT_CLIP_HU) for node in (volume, thin))
            if not slab_volumes.are_of(seen.image, plan, slices.image):
                return None
            if chosen.extraction.clip_hu not in (None, DEFAULT_CLIP_HU):
                slices = self._canonical(thin, chosen.extraction.clip_hu)
        except PTLFError:
            return None
        return slices.in_slabs(plan, chosen.protocol)

    def ct(self) -> CT:
        return self.read().ct

    @property
    def day(self) -> date | None:
        """Of the scan, where it is known."""
        try:
            return self.read().day
        except PTLFError:
            return None

    def acquisitions(self) -> list[Acquisition]:
        """The acquisitions among the files of the CT on screen, where there are several."""
        try:
            return self.read().acquisitions
        except PTLFError:
            return []

    @property
    def is_sample(self) -> bool:
        """Whether the CT is a sample case that this computer has drawn; whatever it is called."""
        try:
            return self.read().seed is not None
        except PTLFError:
            return False

    def image(self) -> str:
        """Which CT this is, whatever the signature clips it to; "" where it cannot be used, or not as segments lie."""
        try:
            if self._scene.segmentation is not None:
                volumes.require_no_transform(self._scene.segmentation)
            return self.read().identity
        except PTLFError:
            return ""

    # Thin slices, brought to the protocol's

    def to_draw_on(self) -> CT:
        """What a model is given: of a CT in slabs the slices as they are, as `case.brought_to_protocol` says."""
        found = self.read()
        if not found.proven:
            return found.ct
        thin = slab_volumes.slices_of(self._scene.volume)
        return self._canonical(thin, self._scene.signature.extraction.clip_hu)

    def to_average(self):
        """The image of the CT on screen in whole Hounsfield units, unclipped by any signature, to make slabs of."""
        return self._canonical(self._scene.volume, DEFAULT_CLIP_HU).image

    def slab_plan(self) -> tuple[slabs.Plan | None, str]:
        """How the slices of the CT on screen become the protocol's, or why they do not, as a sentence."""
        try:
            ct = self.ct()
        except PTLFError as error:
            return None, error.message
        if slab_volumes.plan_of(self._scene.volume) is not None:
            return None, "The CT is in slabs already; choose the one that they were averaged from to go back."
        return ct.slab_plan(self._scene.signature.protocol)

    def is_same_ct(self, volume) -> bool:
        """Whether a volume and the one on screen are one CT, one in slabs of the other; by their voxels."""
        current = self._scene.volume
        if volume is None or current is None:
            return False
        for one, other in ((current, volume), (volume, current)):
            plan = slab_volumes.plan_of(one)
            if plan is not None and slab_volumes.slices_of(one) is other:
                return self.made_of(one, other, plan) is not None
        return False


def _claims_to_be_a_sample(volume) -> bool:
    """Whether the file that a volume was loaded from says so; no claim is believed, and none is forgotten."""
    storage = volume.GetStorageNode()
    return bool(storage and storage.GetFileName() and sample.claim_of(Path(storage.GetFileName())))
