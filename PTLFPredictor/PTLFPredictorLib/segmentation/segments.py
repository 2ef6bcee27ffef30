"""Segments of a case: where the liver and the tumours are, on the grid of the canonical CT.

One derived label map holds everything: 0 background, 1 parenchyma (liver minus tumour), 2 tumour (the union of
all lesions that count), 3 lesions that a reader left out (a cyst): of the organ, in no VOI.  It is read from files
(`reading`) or comes from nnU-Net, which knows no 3; here are its type and its checks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import SimpleITK as sitk

from ..confirmation import Confirmation
from ..ct import CT, Finding, Level, Raster, bounding_box, image_sha256, of_level, same_geometry, slabs
from ..errors import BadInput
from ..vois import VOI
from . import chain_words, lesions, plausibility, provenance
from .lesions import ml_text
from .names import Role
from .origin import Origin
from .placement import EXCLUDED, PARENCHYMA, TUMOUR

BACKGROUND = 0

OVERLAP_REFUSED, OVERLAP_WARNED = 0.5, 0.98
"""Share of a label map's labelled volume that lies on the CT: below the first it belongs to another CT."""

LIVER_HU = (-10.0, 250.0)
"""Median HU that a liver can have, in any phase."""

LIPIODOL_HU = 300
"""Tumour voxels above this hold iodised oil of an earlier TACE, or calcium."""

LIPIODOL_SHARE = 0.005


@dataclass(frozen=True)
class Part:
    """One label or segment of a file, and what became of it.

    Attributes
    ----------
    number : int
        What ``--labels`` calls it.
    name : str
        The file's own name for it, "" where there is none.  Free text: shown to whoever reads the file, never recorded.
    role : Role or None
        None: not certain, and so not counted.
    said : bool
        Whether a person gave the role.
    millilitres : float
    file : int
        Which of the files, from 1.
    """

    number: int
    name: str
    role: Role | None
    said: bool
    millilitres: float
    file: int = 1


@dataclass(frozen=True)
class Segments:
    """The label map of a case, in the geometry of its canonical CT.

    Parameters
    ----------
    labels : sitk.Image
        uint8: 0 background, 1 parenchyma, 2 tumour, 3 lesions that a reader left out.
    origin : Origin
        Who drew it, with which weights, how much was changed since.
    findings : tuple of Finding
    parts : tuple of Part
        What every label and segment of the files was taken for; none where no file was read.
    left_out_by : Confirmation or None
        The reader who left lesions out, where it is known.
    """

    labels: sitk.Image
    origin: Origin
    findings: tuple[Finding, ...] = ()
    parts: tuple[Part, ...] = ()
    left_out_by: Confirmation | None = None

    @property
    def array(self) -> np.ndarray:
        """Labels, shape (slices, rows, columns); a view that must not be written to."""
        return sitk.GetArrayViewFromImage(self.labels)

    @property
    def raster(self) -> Raster:
        """The label map, for whoever computes on it."""
        return Raster.of(self.labels)

    def mask(self, label: int) -> sitk.Image:
        return self.labels == label

    @cached_property
    def counts(self) -> dict[int, int]:
        """Voxels by label; slice by slice, for NumPy's counting makes longer integers of what it counts."""
        labels = (PARENCHYMA, TUMOUR, EXCLUDED)
        return {label: sum(int(np.count_nonzero(plane == label)) for plane in self.array) for label in labels}

    @property
    def labels_of_vois(self) -> dict[VOI, int]:
        """Labels of the VOIs that are not empty."""
        labels = {VOI.TUMOUR: TUMOUR, VOI.PARENCHYMA: PARENCHYMA}
        return {voi: label for voi, label in labels.items() if self.counts[label]}

    @property
    def vois(self) -> dict[VOI, sitk.Image]:
        """Masks of the VOIs that are not empty."""
        return {voi: self.mask(label) for voi, label in self.labels_of_vois.items()}

    @property
    def volumes_ml(self) -> dict[str, float]:
        """See `volumes_ml`."""
        return volumes_ml(*self.counts.values(), float(np.prod(self.labels.GetSpacing())) / 1000)

    @cached_property
    def sha256(self) -> str:
        return image_sha256(self.labels)

    def in_slabs(self, plan: slabs.Plan) -> Segments:
        """Along with a CT that was brought to the protocol's slices (`CT.slabs`), by majority; whose they were."""
        return replace(self, labels=slabs.apply_labels(self.labels, plan))

    def checked(self, ct: CT) -> Segments:
        """With the findings of `check`; those of level `FAIL` raise `BadInput`."""
        found = check(self, ct)
        stops = of_level(found, Level.FAIL)
        if stops:
            raise BadInput(" ".join(finding.message for finding in stops))
        return replace(self, findings=(*self.findings, *found))


def volumes_ml(parenchyma: int, tumour: int, excluded: int, voxel_ml: float) -> dict[str, float]:
    """Volumes in mL of counted voxels: ``liver`` (all of them), ``parenchyma``, ``tumor``, and ``excluded`` if any."""
    volumes = [float(count) * voxel_ml for count in (parenchyma, tumour, excluded)]
    found = {Role.LIVER: sum(volumes), Role.PARENCHYMA: volumes[0], Role.TUMOUR: volumes[1]}
    return {**found, Role.EXCLUDED: volumes[2]} if excluded else found


def derive(parenchyma_or_liver: np.ndarray, tumour: np.ndarray, excluded: np.ndarray | None = None) -> np.ndarray:
    """Label map (uint8) of masks of equal shape; where several are, it is tumour first, then what was left out."""
    labels = np.where(parenchyma_or_liver, np.uint8(PARENCHYMA), np.uint8(BACKGROUND))
    if excluded is not None:
        labels[excluded] = EXCLUDED
    labels[tumour] = TUMOUR
    return labels


def by_role(labels: np.ndarray, roles: Mapping[str, Sequence[int]]) -> np.ndarray:
    """A model's own labels, up to 255, as a label map; those without a role are background."""
    own = np.arange(256)
    table = derive(*(np.isin(own, roles.get(role, [])) for role in (Role.PARENCHYMA, Role.TUMOUR)))
    return table[labels]


def on_grid_of(ct: sitk.Image, labels: sitk.Image) -> tuple[sitk.Image, list[Finding]]:
    """Labels on the CT's grid, and what was done for it.

    Raises
    ------
    BadInput
        When less than `OVERLAP_REFUSED` of the labelled volume lies on the CT.
    """
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
    level = Level.PASS if overlap >= OVERLAP_WARNED else Level.WARN
    message = f"The segmentation has another grid than the CT and was resampled ({100 * overlap:.1f} % of its volume)."
    return on_grid, [Finding("segmentation_resampled", level, message, {"overlap": overlap})]


def check(segments: Segments, ct: CT) -> list[Finding]:
    """Findings on segments lying on their CT: plausible, whole, belonging together."""
    labels, hu = segments.array, ct.array
    liver = labels > 0
    if not (labels == PARENCHYMA).any():
        found = [Finding("no_liver", Level.FAIL, "No liver was found: there is no parenchyma segment.")]
        return [*found, *chain_words.findings(segments.origin)]
    volumes = segments.volumes_ml
    summary = f"Parenchyma {ml_text(volumes['parenchyma'])}, tumour {ml_text(volumes['tumor'])}."
    found = [Finding("volumes", Level.PASS, summary, volumes), *_left_out(segments)]
    found += [*provenance.findings(segments.origin), *chain_words.findings(segments.origin)]
    median = float(np.median(hu[labels == PARENCHYMA]))
    if not LIVER_HU[0] <= median <= LIVER_HU[1]:
        message = (
            f"The liver segment does not lie on a liver: its median is {median:.0f} HU. "
            "Is it another patient's or another scan's?"
        )
        found.append(Finding("liver_hu", Level.FAIL, message, {"median_hu": median}))
    if liver[0].any() or liver[-1].any():
        end = "lowest" if liver[0].any() else "highest"
        message = f"The liver is cut off: it reaches the {end} slice. The whole liver is needed."
        found.append(Finding("truncated_liver", Level.WITHHOLD, message))
    elif liver[:, [0, -1]].any() or liver[:, :, [0, -1]].any():
        found.append(
            Finding("truncated_liver", Level.WITHHOLD, "The liver is cut off at the edge of the field of view.")
        )
    truncated = any(finding.code == "truncated_liver" for finding in found)
    found += plausibility.check(
        labels, hu, segments.labels.GetSpacing(), truncated=truncated, origin=segments.labels.GetOrigin()
    )
    return found + _check_tumour(labels, hu, segments.labels)


def _left_out(segments: Segments) -> list[Finding]:
    """That a reader left lesions out, by how much: a note, which travels into every record."""
    found = lesions.of_label_map(segments.labels, EXCLUDED)
    if not found:
        return []
    volume, who = sum(lesion.volume_ml for lesion in found), segments.left_out_by
    what = f"{lesions.text(len(found), lesions.largest_diameter(found))} ({ml_text(volume)})"
    by = "A reader" if who is None else who.reader
    message = f"{by} left out {what}: neither tumour nor parenchyma, and in no feature."
    values = {"count": len(found), "ml": volume, "reader": None if who is None else who.reader}
    return [Finding("lesions_left_out", Level.WARN, message, values)]


def _check_tumour(labels: np.ndarray, hu: np.ndarray, image: sitk.Image) -> list[Finding]:
    tumour = labels == TUMOUR
    if not tumour.any():
        why = "Every lesion was left out" if (labels == EXCLUDED).any() else "No tumour was found"
        message = f"{why}: the tumour's features, Radscore and risk cannot be computed."
        return [Finding("no_tumor", Level.WITHHOLD, message)]
    found = _check_size(tumour, image)
    if not _touches_organ(labels, tumour):
        message = "The tumour segment lies outside the liver and does not touch it. Check the label map."
        found.append(Finding("tumor_outside", Level.FAIL, message))
    oil = float(np.mean(hu[tumour] > LIPIODOL_HU))
    if oil > LIPIODOL_SHARE:
        message = f"{100 * oil:.0f} % of the tumour lies above {LIPIODOL_HU} HU: lipiodol of an earlier TACE?"
        found.append(Finding("lipiodol", Level.WARN, message, {"share": oil}))
    return found


def _touches_organ(labels: np.ndarray, tumour: np.ndarray) -> bool:
    """Whether a tumour voxel is a neighbour (of 26) of the rest of the liver: looked for around the tumour alone."""
    from scipy import ndimage

    around = tuple(slice(max(s.start - 1, 0), s.stop + 1) for s in bounding_box(tumour))
    organ = np.isin(labels[around], (PARENCHYMA, EXCLUDED))
    return bool(ndimage.binary_dilation(organ, np.ones((3, 3, 3)))[tumour[around]].any())


def _check_size(tumour: np.ndarray, image: sitk.Image) -> list[Finding]:
    """Tumours so small that RECIST calls them not measurable are told."""
    found = lesions.lesions(tumour, image.GetSpacing())
    largest = lesions.largest_diameter(found)
    if largest >= lesions.MEASURABLE_MM:
        return []
    volume = ml_text(sum(lesion.volume_ml for lesion in found))
    message = (
        f"The tumour is small: {lesions.text(len(found), largest)}, {volume} in {np.count_nonzero(tumour)} voxels. "
        f"Below {lesions.MEASURABLE_MM:g} mm a lesion is not measurable (RECIST), and its features say little."
    )
    return [Finding("small_tumor", Level.WARN, message, {"diameter_mm": largest})]
