"""The built-in engine: PyRadiomics 3.0.1's numbers from NumPy, SciPy and SimpleITK.

The data moves from the CT to volumes (normalised, resampled), to the region that all VOIs cover together, through
one filter at a time into vectors of VOI voxels, to grey levels, to matrices, to features.  A filter is evaluated
once for all VOIs, slab by slab in parallel threads; then the feature classes run in parallel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import groupby
from threading import RLock
from typing import Any

import numpy as np

from ...child.system import cpu_cores
from ...errors import BadInput
from ...progress import Progress, no_progress
from . import firstorder, shape
from .discretise import (
    GreyLevels,
    direction_weights,
    discretise,
    neighbour_offsets,
    require_square_matrix,
    without_undefined,
)
from .filters import Filter, make_filter
from .inputs import Mask, Scan
from .preparation import Prepared, prepare_vois
from .region import LevelMap, Region, Voi, Volume
from .settings import ExtractionSettings
from .textures import glcm, gldm, glrlm, glszm, ngtdm
from .wanted import Wanted, options_of, wanted_of

NAME = "builtin"

VERSION = "1.1.0"
"""Raised with every change that moves a feature value."""

VECTORS_BYTES = 150_000_000
"""What filtered voxels that wait for their feature classes may take, where fewer images can be filtered at a time."""


def version() -> str:
    return VERSION


def extract(
    ct: Scan,
    masks: Mapping[str, Mask],
    wanted: Mapping[str, Sequence[str] | None],
    settings: ExtractionSettings,
    progress: Progress = no_progress,
) -> dict[str, dict[str, float]]:
    """Features of each VOI; parameters, result and errors are those of `pyradiomics_engine.extract`.

    Raises
    ------
    BadInput
        For a feature that is unknown or that the settings do not give, a filter that the image is too small for,
        a VOI that nothing can be computed of, or too many grey levels.
    """
    values: dict[str, dict[str, float]] = {voi: {} for voi in wanted}
    with ThreadPoolExecutor(max_workers=cpu_cores()) as pool:
        for group in prepare_vois(ct, {voi: masks[voi] for voi in wanted}, settings):
            _extract_group(group, wanted, settings, pool, progress, values)
    return values


def filtered_image_names(settings: ExtractionSettings) -> dict[str, tuple[str, ...]]:
    """``{image type: names of its filtered images}`` under these settings."""
    nothing = Volume(np.zeros((1, 1, 1), dtype=settings.pixel_type), (1.0, 1.0, 1.0))
    return {name: make_filter(name, nothing, options_of(settings, name)).names for name in settings.image_types}


def _extract_group(
    group: Prepared,
    wanted: Mapping[str, Sequence[str] | None],
    settings: ExtractionSettings,
    pool: ThreadPoolExecutor,
    progress: Progress,
    values: dict[str, dict[str, float]],
) -> None:
    """Features of the VOIs that share one volume, into `values`."""
    if settings.force_2d and "Wavelet" in settings.image_types:
        raise BadInput("The built-in engine has no Wavelet with 'force_2d'; choose the engine 'pyradiomics' for it.")
    filters = {name: make_filter(name, group.volume, options_of(settings, name)) for name in settings.image_types}
    images = {name: made.names for name, made in filters.items()}
    plan = {voi: wanted_of(wanted[voi], images) for voi in group.vois}
    stages = _stages(plan, images)
    for done, (image_type, vois) in enumerate(stages.items()):
        progress(f"{' and '.join(vois)}: {image_type}", done, len(stages))
        if image_type == "shape":
            for voi in vois:
                mask = group.shape_vois[voi].mask
                values[voi] |= shape.features(mask, group.volume.spacing_mm, plan[voi]["original"]["shape"])
            continue
        found = _done(_jobs(filters.pop(image_type), group, plan, vois, settings, pool), pool)
        for voi, _, features in sorted(found, key=lambda one: images[image_type].index(one[1])):
            values[voi] |= features
    progress("features", len(stages), len(stages))


def _stages(plan: Mapping[str, Wanted], images: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """``{image type or "shape": [VOIs that want something of it]}``."""
    stages = {"shape": [voi for voi, wanted in plan.items() if "shape" in wanted.get("original", {})]}
    for image_type, names in images.items():
        stages[image_type] = [
            voi for voi, wanted in plan.items() if any(set(wanted.get(name, {})) - {"shape"} for name in names)
        ]
    return {stage: vois for stage, vois in stages.items() if vois}


Found = tuple[str, str, dict[str, float]]
"""VOI, filtered image, features."""

Job = Callable[[], Found]


def _jobs(
    made: Filter,
    group: Prepared,
    plan: Mapping[str, Wanted],
    vois: Sequence[str],
    settings: ExtractionSettings,
    pool: ThreadPoolExecutor,
) -> Iterator[Job]:
    """One job per filtered image, VOI and feature class; the filter runs when its first one is asked for."""
    names = [name for name in made.names if any(set(plan[voi].get(name, {})) - {"shape"} for voi in vois)]
    region = Region({voi: group.vois[voi] for voi in vois})
    parts = {voi: region.part(voi) for voi in vois}
    for some in batches(made, names, region.size):
        filtered = filtered_voxels(made, region, some, pool)
        for name in some:
            values = filtered.pop(name)
            for voi in vois:
                classes = {c: f for c, f in plan[voi].get(name, {}).items() if c != "shape"}
                if classes:
                    image = FilteredVoi(name, values[parts[voi]], group.vois[voi], group.volume.spacing_mm, settings)
                    yield from (_job(voi, image, c, features) for c, features in classes.items())
                    del image
            del values  # before the next filter runs


def batches(made: Filter, names: Sequence[str], size: int) -> list[list[str]]:
    """Names to filter together: those that share work, of more as many as `VECTORS_BYTES` hold.

    Parameters
    ----------
    made : Filter
    names : sequence of str
    size : int
        Voxels of each filtered image.
    """
    result: list[list[str]] = []
    for _, group in groupby(sorted(names, key=made.shares), key=made.shares):
        shared = list(group)
        if result and (len(result[-1]) + len(shared)) * size * made.dtype.itemsize <= VECTORS_BYTES:
            result[-1] += shared
        else:
            result.append(shared)
    return [sorted(some, key=names.index) for some in result]


def _done(jobs: Iterator[Job], pool: ThreadPoolExecutor) -> list[Found]:
    """What the jobs return, in their order; one more is under way than there are threads, for each holds its image."""
    futures: list[Future] = []
    under_way: set[Future] = set()
    for job in jobs:
        futures.append(pool.submit(job))
        under_way.add(futures[-1])
        del job
        if len(under_way) > cpu_cores():
            ended, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            for future in ended:
                future.result()  # of the first that failed, before others begin
    return [future.result() for future in futures]


def _job(voi: str, image: FilteredVoi, feature_class: str, features: Sequence[str]) -> Job:
    def run() -> Found:
        found = getattr(image, feature_class)(features)
        return voi, image.name, {f"{image.name}_{feature_class}_{feature}": value for feature, value in found.items()}

    return run


def filtered_voxels(
    made: Filter, region: Region, names: Sequence[str], pool: ThreadPoolExecutor
) -> dict[str, np.ndarray]:
    """Vectors of the region's voxels in each of the named filtered images.

    Returns
    -------
    dict of str to ndarray, shape (region.size,)
    """
    result = {name: np.empty(region.size, dtype=made.dtype) for name in names}

    def fill(slab: tuple) -> None:
        box, inside, where = slab
        for name, values in made.values(box, inside, names).items():
            result[name][where] = values

    made.prepare(region.box, pool)
    each = pool.map if made.parts > 1 else map  # a filter in one part has tasks of its own for the pool
    list(each(fill, region.slabs(made.parts, made.slab_voxels)))
    return result


class FilteredVoi:
    """One VOI in one filtered image; grey levels and their map are made once for all classes.

    Parameters
    ----------
    name : str
        Of the filtered image.
    values : ndarray, shape (n,)
        Its voxels in the VOI, in C order.
    voi : Voi
    spacing_mm : (float, float, float)
    settings : ExtractionSettings
    """

    def __init__(
        self,
        name: str,
        values: np.ndarray,
        voi: Voi,
        spacing_mm: tuple[float, float, float],
        settings: ExtractionSettings,
    ):
        self.name = name
        self._values, self._voi, self._spacing_mm, self._settings = values, voi, spacing_mm, settings
        self._lock, self._made = RLock(), {}

    def _once(self, what: str, make: Callable[[], Any]) -> Any:
        """What several classes ask for at a time, made by the first (`cached_property` locks nothing)."""
        with self._lock:
            if what not in self._made:
                self._made[what] = make()
            return self._made[what]

    @property
    def _grey(self) -> GreyLevels:
        width, count = self._settings.bin_width, self._settings.bin_count
        return self._once("grey", lambda: discretise(self._values, width, count, self.name))

    @property
    def _map(self) -> LevelMap:
        return self._once("map", lambda: self._voi.level_map(max(self._settings.distances)))

    @property
    def _flat(self) -> np.ndarray:
        return self._once("flat", lambda: self._map.fill(self._grey.levels, self._grey.highest))

    def _offsets(self, distances: tuple[int, ...]) -> list[tuple[int, int, int]]:
        across = self._settings.force_2d_dimension if self._settings.force_2d else None
        return neighbour_offsets(distances, self._map.box_shape, across)

    def _lengths_mm(self, offsets: list[tuple[int, int, int]]) -> np.ndarray | None:
        norm = self._settings.weighting_norm
        return None if norm is None else direction_weights(offsets, self._spacing_mm, norm)

    def firstorder(self, names: Sequence[str]) -> dict[str, float]:
        values = without_undefined(self._values, self.name)
        statistics = firstorder.FirstOrder(
            values, lambda: self._grey, float(np.prod(self._spacing_mm)), self._settings.voxel_array_shift
        )
        return {name: firstorder.FEATURES[name](statistics) for name in names}

    def _require_square_matrix(self) -> None:
        require_square_matrix(self._grey, self._settings.bin_width, self._settings.bin_count, self.name)

    def glcm(self, names: Sequence[str]) -> dict[str, float]:
        self._require_square_matrix()
        offsets = self._offsets(self._settings.distances)
        return glcm.features(self._flat, self._map, self._grey, offsets, names, self._lengths_mm(offsets))

    def glrlm(self, names: Sequence[str]) -> dict[str, float]:
        offsets = self._offsets((1,))
        return glrlm.features(self._flat, self._map, self._grey, offsets, names, self._lengths_mm(offsets))

    def glszm(self, names: Sequence[str]) -> dict[str, float]:
        matrix = glszm.zones(self._flat, self._map, self._offsets((1,)))
        return {name: glszm.FEATURES[name](matrix) for name in names}

    def gldm(self, names: Sequence[str]) -> dict[str, float]:
        offsets = self._offsets(self._settings.distances)
        matrix = gldm.dependence(self._flat, self._map, self._grey, offsets, self._settings.gldm_a)
        return {name: gldm.FEATURES[name](matrix) for name in names}

    def ngtdm(self, names: Sequence[str]) -> dict[str, float]:
        self._require_square_matrix()
        matrix = ngtdm.tone_differences(self._flat, self._map, self._grey, self._offsets(self._settings.distances))
        return {name: ngtdm.FEATURES[name](matrix) for name in names}
