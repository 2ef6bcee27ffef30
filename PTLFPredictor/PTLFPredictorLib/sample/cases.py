"""One seed, one synthetic patient: CT, label map and how they were made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import SimpleITK as sitk

from ..progress import Progress, no_progress
from . import liver as liver_
from . import organs
from .body import Build, Frame, make_frame, paint_body, paint_bones
from .geometry import Grid, interpolate, nothing, union
from .scan import NOISE_SD_AT_5_MM, Painter, noise, table

ANATOMY_MM = 2.5
"""Spacing of the grid that anatomy is drawn on."""

FIELD_OF_VIEW_MM = 400.0
"""With a matrix of 512: 0.78 mm, inside the published 0.586 to 0.977 mm."""

SLAB_MM = 2.5
"""A slice is the mean of samples no further apart than this: partial volume along z."""

PARENCHYMA, TUMOUR = 1, 2

STEPS = 8
"""Of `make_case`, as its progress counts them: anatomy, the layers of painting, noise and labels."""


@dataclass(frozen=True)
class SampleCase:
    """A synthetic CT and its truth.

    Attributes
    ----------
    ct : sitk.Image
        int16 HU, index axes along L, P, S.
    labels : sitk.Image
        uint8 in the same geometry: 0 background, 1 liver parenchyma, 2 tumour.
    seed : int
    liver_ml, tumour_ml : float
        Volumes of the label map in mL; the liver includes its tumours.
    coarseness : float
        0 to 1: how coarse the parenchyma is (advanced cirrhosis); `outcomes` lets the risk depend on it.
    tumours : tuple of Tumour
    description : str
        One sentence that says that the case is synthetic.
    """

    ct: sitk.Image
    labels: sitk.Image
    seed: int
    liver_ml: float
    tumour_ml: float
    coarseness: float
    tumours: tuple[liver_.Tumour, ...]
    description: str


@dataclass(frozen=True)
class Disease:
    """What is drawn before any anatomy: liver volume and tumour burden in mL, number of tumours, coarseness 0-1."""

    liver_ml: float
    tumour_ml: float
    tumour_count: int
    coarseness: float
    parenchyma_hu: float

    @classmethod
    def draw(cls, seed: int, tumours: int | None = None) -> Disease:
        rng = stream(seed, "disease")
        volume = float(rng.uniform(*liver_.VOLUME_ML))
        count = int(rng.choice((1, 2, 3, 4), p=(0.5, 0.25, 0.15, 0.1)))
        largest = min(liver_.TUMOUR_ML[1], liver_.TUMOUR_FRACTION * volume)
        burden = float(np.exp(rng.uniform(np.log(liver_.TUMOUR_ML[0] * 1.6), np.log(largest))))
        coarseness, hu = float(rng.beta(1.6, 2.4)), float(rng.normal(106, 7))
        count = count if tumours is None else tumours
        return cls(volume, burden if count else 0.0, count, coarseness, hu)


def stream(seed: int, name: str) -> np.random.Generator:
    """Random numbers of one part of a case, independent of what other parts draw."""
    return np.random.default_rng([seed, crc32(name.encode())])


def make_case(
    seed: int,
    *,
    slice_mm: float = 5.0,
    tumours: int | None = None,
    matrix: int = 256,
    noise_sd_hu: float = NOISE_SD_AT_5_MM,
    progress: Progress = no_progress,
) -> SampleCase:
    """Draw one synthetic patient in portal venous phase.

    The same seed is the same patient for any matrix, slice thickness and noise.

    Parameters
    ----------
    seed : int
    slice_mm : float
        Slice thickness and spacing in mm, 1 to 5.
    tumours : int, optional
        Number of tumours; 0 for a healthy liver, None to draw it (1 to 4).
    matrix : int
        Rows and columns over 400 mm; 512 gives the published 0.78 mm.
    noise_sd_hu : float
        SD of the noise in HU in the middle of the body for 5 mm slices.
    progress : Progress
    """
    disease = Disease.draw(seed, tumours)
    scan = _scan_grid(slice_mm, matrix)
    progress("Sample case", 0, STEPS)
    patient = _Patient.draw(seed, disease, _anatomy_grid(scan))
    painter = Painter(scan, patient.frame.grid, max(1, int(np.ceil(slice_mm / SLAB_MM))), stream(seed, "texture"))
    for step, paint in enumerate(patient.painting(painter)):
        progress("Sample case", 1 + step, STEPS)
        paint()
    body = np.clip(-interpolate(patient.frame.skin, patient.frame.grid, scan), 0, 1)
    hu = painter.slices() + noise(scan, body, noise_sd_hu, stream(seed, "noise"))
    labels = patient.labels(painter)
    progress("Sample case", STEPS, STEPS)
    ml = np.prod(scan.spacing) / 1000
    tumour_ml, liver_ml = float((labels == TUMOUR).sum() * ml), float((labels > 0).sum() * ml)
    return SampleCase(
        ct=_image(np.clip(np.rint(hu), -1024, 3071).astype(np.int16), scan),
        labels=_image(labels, scan),
        seed=seed,
        liver_ml=liver_ml,
        tumour_ml=tumour_ml,
        coarseness=disease.coarseness,
        tumours=tuple(patient.tumours),
        description=(
            f"Synthetic CT, sample case {seed}: liver {liver_ml:.0f} mL, {len(patient.tumours)} tumour(s) of "
            f"{tumour_ml:.0f} mL in all. Not a patient."
        ),
    )


@dataclass(frozen=True)
class _Patient:
    """The anatomy of one seed, before it is scanned; signed distances on the anatomy grid."""

    seed: int
    disease: Disease
    frame: Frame
    liver: np.ndarray
    tumour: np.ndarray
    gallbladder: np.ndarray
    tumours: list[liver_.Tumour]
    tumour_distances: list[np.ndarray]

    @classmethod
    def draw(cls, seed: int, disease: Disease, grid: Grid) -> _Patient:
        frame = make_frame(grid, Build.draw(stream(seed, "build")), stream(seed, "frame"))
        shape = liver_.make_liver(frame, disease.liver_ml, disease.coarseness, stream(seed, "liver"))
        tumours, distances = [], []
        if disease.tumour_count:
            tumours, distances = liver_.make_tumours(
                frame, shape, disease.tumour_ml, disease.tumour_count, stream(seed, "tumours")
            )
        gallbladder = organs.gallbladder(frame, stream(seed, "gallbladder"))
        tumour = union(*distances) if distances else nothing(grid)
        outside_gallbladder = 0.5 - np.maximum(gallbladder, -tumour)
        liver = np.maximum(np.minimum(shape, tumour), outside_gallbladder)
        return cls(seed, disease, frame, liver, np.maximum(tumour, liver), gallbladder, tumours, distances)

    def painting(self, painter: Painter) -> Iterator[Callable[[], None]]:
        """The steps of painting, in the order in which structures lie over each other."""
        frame, disease = self.frame, self.disease

        def rng(name: str) -> np.random.Generator:
            return stream(self.seed, name)

        def body() -> None:
            for box, distance, hu in table(painter.grid, _back_y(frame)):
                painter.blend(box, distance, hu)
            paint_body(painter, frame, rng("body"))

        def liver() -> None:
            painter.paint(organs.vena_cava(frame), disease.parenchyma_hu + 38, ("medium", 4))
            painter.paint(self.gallbladder, 85)
            painter.paint(self.gallbladder + 2.0, organs.FLUID, ("fine", 3))
            liver_.paint_liver(
                painter, frame, self.liver, self.tumours, self.tumour_distances,
                hu=disease.parenchyma_hu, coarseness=disease.coarseness, rng=rng("parenchyma"),
            )  # fmt: skip

        yield body
        yield lambda: organs.paint_bowel(painter, frame, rng("bowel"))
        yield lambda: organs.paint_pancreas(painter, frame, rng("pancreas"))
        yield lambda: organs.paint_stomach(painter, frame, rng("stomach"))
        yield lambda: paint_bones(painter, frame, rng("bones"))
        yield lambda: organs.paint_upper_abdomen(painter, frame, rng("organs"))
        yield liver

    def labels(self, painter: Painter) -> np.ndarray:
        """Voxels that lie inside by their mean distance over the slice, uint8 (z, y, x)."""
        inside, tumour = (painter.mean_distance(distance) < 0 for distance in (self.liver, self.tumour))
        return np.where(inside, np.where(tumour, TUMOUR, PARENCHYMA), 0).astype(np.uint8)


def _scan_grid(slice_mm: float, matrix: int) -> Grid:
    """From 25 mm above the dome of the liver to 205 mm below it."""
    spacing = FIELD_OF_VIEW_MM / matrix
    first = -FIELD_OF_VIEW_MM / 2 + spacing / 2
    slices = round(230 / slice_mm)
    return Grid((first, first, -205.0 + slice_mm / 2), (spacing, spacing, slice_mm), (matrix, matrix, slices))


def _anatomy_grid(scan: Grid) -> Grid:
    half_x, half_y = FIELD_OF_VIEW_MM / 2, 150.0
    size = (2 * half_x, 2 * half_y, 240.0)
    return Grid((-half_x, -half_y, -210.0), (ANATOMY_MM,) * 3, tuple(int(length / ANATOMY_MM) + 1 for length in size))


def _back_y(frame: Frame) -> float:
    return float(frame.grid.axis(1)[np.flatnonzero((frame.skin < 0).any(axis=(0, 2)))[-1]])


def _image(array: np.ndarray, grid: Grid) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(grid.spacing)
    image.SetOrigin(grid.origin)
    return image
