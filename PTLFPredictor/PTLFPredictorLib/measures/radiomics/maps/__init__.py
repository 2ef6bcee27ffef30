"""Maps: a feature of the neighbourhood of each voxel of a VOI, as PyRadiomics 3.0.1 makes them (``voxelBased``).

Filters, grey levels and formulas are those of the built-in engine; grey levels are made once, of the VOI.  A map holds
NaN where the feature is not defined (no neighbour), as PyRadiomics' does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk

from ....child.system import cpu_cores
from ....ct import Raster
from ....ct.geometry import Grid
from ....errors import BadInput, OutOfMemory, is_out_of_memory
from ....progress import Progress, no_progress
from ..builtin_engine import filtered_voxels
from ..discretise import discretise, neighbour_offsets, require_square_matrix
from ..filters import make_filter
from ..inputs import Mask, Scan
from ..names import FEATURES, image_type_of, near, split
from ..preparation import prepare_vois
from ..region import Box, Region, Voi, Volume, clipped, grown, shape_of
from ..settings import ExtractionSettings
from ..wanted import options_of, wanted_of
from . import cooccurrence, pieces, statistics, tones
from .kernel import Kernel, Surroundings

LARGEST_RADIUS = 7
"""A neighbourhood of 3375 voxels; a larger one is no neighbourhood."""

PLACES = 400_000
"""Places of neighbourhoods that are looked at together: what one thread holds of them is some 100 MB."""

NO_MAP = {
    "shape": "it describes the VOI's outline and not its voxels",
    "glcm_Imc2": "of the few pairs of a neighbourhood it hangs on the rounding of what is 0",
    "glcm_MCC": "of the few pairs of a neighbourhood it hangs on the rounding of what is 0",
}
"""Class or feature -> why there is no map of it."""


@dataclass(frozen=True)
class MapSettings:
    """What a map depends on besides the extraction settings, under PyRadiomics' names in `to_dict`.

    Parameters
    ----------
    kernel_radius : int
        In voxels: the neighbourhood is a cube of ``2 radius + 1`` (with ``force_2d`` a square).
    masked_kernel : bool
        Whether neighbourhoods and grey levels take voxels of the VOI alone.
    init_value : float
        What voxels outside the VOI get.
    """

    kernel_radius: int = 1
    masked_kernel: bool = True
    init_value: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.kernel_radius <= LARGEST_RADIUS:
            raise BadInput(f"The kernel radius is {self.kernel_radius}; it must be 1 to {LARGEST_RADIUS} voxels.")

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; NaN, which JSON has not, as a word."""
        outside = self.init_value if np.isfinite(self.init_value) else str(self.init_value)
        return {"kernelRadius": self.kernel_radius, "maskedKernel": self.masked_kernel, "initValue": outside}


def require_maps(names: Sequence[str], settings: ExtractionSettings) -> None:
    """Raise `BadInput` for what is no feature, has no map, or needs settings that maps do not take."""
    if not names:
        raise BadInput("No map is named; a name reads like 'original_glcm_Contrast'.")
    for name in names:
        try:
            _, feature_class, feature = split(name)
            image_type = image_type_of(name)
        except ValueError:
            raise BadInput(f"'{name}' is no feature; a name reads like 'original_glcm_Contrast'.{near(name)}") from None
        reason = NO_MAP.get(feature_class) or NO_MAP.get(f"{feature_class}_{feature}")
        if reason:
            raise BadInput(f"There is no map of '{name}': {reason}.")
        if image_type not in settings.image_types:
            raise BadInput(
                f"'{name}' needs the image type {image_type}, which the extraction settings do not name (they name "
                f"{', '.join(settings.image_types)}). Choose it with --params or --all."
            )
    if settings.resampled_spacing_mm is not None:
        raise BadInput("Maps lie on the CT's own voxels: settings that resample (resampledPixelSpacing) give none.")
    if settings.weighting_norm is not None:
        raise BadInput("Maps average over directions: settings that weight them (weightingNorm) give none.")
    if settings.force_2d and any(image_type_of(name) == "Wavelet" for name in names):
        raise BadInput("There is no map of a wavelet image with 'force2D'.")


def compute(
    image: sitk.Image | Raster,
    mask: sitk.Image | Mask,
    names: Sequence[str],
    settings: ExtractionSettings,
    how: MapSettings | None = None,
    *,
    voi: str = "VOI",
    progress: Progress = no_progress,
) -> Iterator[tuple[str, sitk.Image, np.ndarray]]:
    """Maps of features, one after the other.

    Parameters
    ----------
    image : sitk.Image or Raster
        CT in HU.
    mask : sitk.Image or Mask
        The VOI, on the CT's grid.
    names : sequence of str
        ``<filtered image>_<class>_<feature>``.
    settings : ExtractionSettings
    how : MapSettings, optional
    voi : str
        Its name, for progress and errors.
    progress : Progress
        Told batch by batch; may raise to stop.

    Yields
    ------
    name : str
    map : sitk.Image
        float64, on the grid of the CT as the settings orient it.
    values : ndarray, shape (n,)
        Of the VOI's voxels, after re-segmentation, in C order.

    Raises
    ------
    BadInput
        For what `require_maps` refuses, a VOI that is empty or too small, another grid, too many grey levels.
    OutOfMemory
    """
    how = how or MapSettings()
    require_maps(names, settings)
    raster = image if isinstance(image, Raster) else Raster.of(image)
    drawn = mask if isinstance(mask, Mask) else Mask(Raster.of(mask))
    if not raster.grid.coincides(drawn.raster.grid):
        raise BadInput(f"The VOI '{voi}' does not lie on the CT's grid: size, origin, spacing or direction differ.")
    scan, drawn = Scan(raster, settings), drawn.oriented(settings)
    if drawn.box is None:
        raise BadInput(f"The VOI '{voi}' is empty: there is no map of it.")
    grid = (raster.in_lps() if settings.orientation == "LPS" else raster).grid
    try:
        for name, inside, box, values in _maps(scan, drawn, names, settings, how, voi, progress):
            yield name, _on_grid(grid, inside, box, values, how.init_value), values
    except (MemoryError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise OutOfMemory("There is too little free memory for the maps. Close other programs.") from error
        raise


def _on_grid(grid: Grid, inside: np.ndarray, box: Box, values: np.ndarray, outside: float) -> sitk.Image:
    """Values of the voxels `inside` a box, as an image of the whole grid; there is one copy of that."""
    array = np.full(inside.shape, outside)
    array[inside] = values
    before = [one.start for one in box[::-1]]
    after = [size - one.stop for one, size in zip(box[::-1], grid.size, strict=True)]
    return grid.place(sitk.ConstantPad(sitk.GetImageFromArray(array), before, after, outside))


def _maps(
    scan: Scan,
    mask: Mask,
    names: Sequence[str],
    settings: ExtractionSettings,
    how: MapSettings,
    voi: str,
    progress: Progress,
) -> Iterator[tuple[str, np.ndarray, Box, np.ndarray]]:
    """Name, VOI over its box, the box, values of its voxels in C order."""
    (group,) = prepare_vois(scan, {voi: mask}, settings)
    centre, volume = group.vois[voi], group.volume
    kernel = Kernel(how.kernel_radius, settings.force_2d_dimension if settings.force_2d else None)
    around = _around(centre, volume, how)
    with ThreadPoolExecutor(max_workers=cpu_cores()) as pool:
        for image_type in dict.fromkeys(map(image_type_of, names)):
            made = make_filter(image_type, volume, options_of(settings, image_type))
            of_type = [name for name in names if image_type_of(name) == image_type]
            for filtered, classes in wanted_of(of_type, {image_type: made.names}).items():
                vector = filtered_voxels(made, Region({voi: around}), [filtered], pool)[filtered]
                work = _Work(filtered, vector, centre, around, volume, kernel, settings)
                for feature_class, features in classes.items():
                    stage = f"{voi}: {filtered} {feature_class}"
                    values = work.values(feature_class, features, pool, lambda *at, s=stage: progress(s, *at))
                    for feature, of_feature in zip(features, values, strict=True):
                        yield f"{filtered}_{feature_class}_{feature}", centre.mask, centre.box, of_feature


def _around(centre: Voi, volume: Volume, how: MapSettings) -> Voi:
    """The voxels that neighbourhoods may hold: the VOI's, or all of its box grown by the radius."""
    if how.masked_kernel:
        return centre
    reach = (how.kernel_radius,) * 3
    box = clipped(grown(centre.box, reach, reach), volume.voxels.shape)
    return Voi(np.ones(shape_of(box), bool), box)


class _Work:
    """One filtered image around a VOI, class by class."""

    def __init__(
        self,
        name: str,
        vector: np.ndarray,
        centre: Voi,
        around: Voi,
        volume: Volume,
        kernel: Kernel,
        settings: ExtractionSettings,
    ):
        self._settings, self._kernel, self._voxel_mm3 = settings, kernel, float(np.prod(volume.spacing_mm))
        self._binning = settings.bin_width, settings.bin_count, name
        self._grey = discretise(vector, *self._binning)
        self._surroundings = Surroundings(around.mask, vector, self._grey, kernel)
        self._centres = np.flatnonzero(centre.inside(around.box)[around.mask])
        self._directions = self._offsets((1,))
        self._neighbours = self._offsets(settings.distances)

    def _offsets(self, distances: tuple[int, ...]) -> list[tuple[int, int, int]]:
        """Steps within a neighbourhood; PyRadiomics lists those within the image, of which others meet nothing."""
        across = self._settings.force_2d_dimension if self._settings.force_2d else None
        return neighbour_offsets(distances, self._kernel.shape, across)

    def values(
        self,
        feature_class: str,
        features: Sequence[str],
        pool: ThreadPoolExecutor,
        progress: Callable[[int, int], None],
    ) -> np.ndarray:
        """Shape (features, voxels of the VOI)."""
        if feature_class == "glcm":
            require_square_matrix(self._grey, *self._binning)
        compute: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
            "firstorder": lambda centres: self._statistics(centres, features),
            "glcm": lambda centres: cooccurrence.features(
                self._surroundings.levels(centres), self._kernel, self._neighbours, self._grey.highest, features
            ),
            "gldm": lambda centres: pieces.dependence(
                self._surroundings.levels(centres), self._kernel, self._neighbours, self._settings.gldm_a, features
            ),
            "glrlm": lambda centres: pieces.runs(
                self._surroundings.levels(centres), self._kernel, self._directions, features
            ),
            "glszm": lambda centres: pieces.zones(
                self._surroundings.levels(centres), self._kernel, self._directions, features
            ),
            "ngtdm": lambda centres: tones.features(
                self._surroundings.levels(centres), self._kernel, self._neighbours, features
            ),
        }

        def batch(start: int) -> tuple[int, np.ndarray]:
            with np.errstate(invalid="ignore", divide="ignore"):
                return start, compute[feature_class](self._centres[start : start + size])

        size = max(1, min(PLACES // self._kernel.size, 10 * PLACES // (2 * self._grey.highest + 1)))
        result = np.empty((len(features), self._centres.size))
        progress(0, self._centres.size)
        for start, found in pool.map(batch, range(0, self._centres.size, size)):
            result[:, start : start + found.shape[1]] = found
            progress(start + found.shape[1], self._centres.size)
        return result

    def _statistics(self, centres: np.ndarray, features: Sequence[str]) -> np.ndarray:
        made = statistics.Statistics(
            self._surroundings.values(centres),
            lambda: self._surroundings.levels(centres),
            self._voxel_mm3,
            self._settings.voxel_array_shift,
        )
        return statistics.features(made, features)


def supported() -> dict[str, tuple[str, ...]]:
    """Feature class -> the features that there are maps of."""
    return {
        name: tuple(one for one in features if f"{name}_{one}" not in NO_MAP)
        for name, features in FEATURES.items()
        if name not in NO_MAP
    }
