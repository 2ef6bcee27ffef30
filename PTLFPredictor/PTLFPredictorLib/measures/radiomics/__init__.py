"""Radiomics features by PyRadiomics' names, from one of two engines behind one function.

`extract` is the way in.  The engines take a CT that `inputs.Scan` brings to the settings' pixel type, orientation and
clip range, so that one CT gives one set of values whatever file it came from.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping, Sequence

import SimpleITK as sitk

from ...ct import Raster
from ...errors import BadInput, OutOfMemory, PTLFError, is_out_of_memory
from ...progress import Progress, no_progress
from .inputs import Mask, Scan
from .interpreter import ENGINES, available_engines, child_options
from .settings import ExtractionSettings
from .vector import FeatureVector

__all__ = [
    "DEFAULT_ENGINE",
    "ENGINES",
    "ExtractionSettings",
    "FeatureVector",
    "Mask",
    "available_engines",
    "child_options",
    "extract",
    "prepare",
]

DEFAULT_ENGINE = "builtin"


def prepare(image: sitk.Image, settings: ExtractionSettings) -> sitk.Image:
    """Bring a CT in HU to the settings' orientation, clip range and pixel type, in this order (`inputs.Scan`).

    Fractional HU are rounded, half up as ITK does, before they become integers.

    Raises
    ------
    BadInput
        For voxels without a number, or (without a clip range) beyond what the pixel type holds.
    """
    return Scan(Raster.of(image), settings).to_image()


def extract(
    image: sitk.Image | Raster,
    masks: Mapping[str, sitk.Image | Mask],
    wanted: Mapping[str, Sequence[str] | None],
    settings: ExtractionSettings,
    *,
    engine: str = DEFAULT_ENGINE,
    progress: Progress = no_progress,
) -> dict[str, FeatureVector]:
    """Features of each VOI, all finite, with their provenance.

    Parameters
    ----------
    image : sitk.Image or Raster
        CT in HU, any pixel type and orientation.
    masks : mapping of str to sitk.Image or Mask
        By VOI name: same geometry as `image`; of an image, voxels > 0 belong to the VOI.
    wanted : mapping of str to sequence of str, or None
        By VOI name: the features asked for; None for all that `settings` describe.
    settings : ExtractionSettings
    engine : str
        One of `ENGINES`.
    progress : Progress
        Told after each filtered image; may raise to stop.

    Raises
    ------
    BadInput
        For an unknown engine, a VOI that is empty or on another grid than the CT, a CT that `prepare` refuses, or a
        feature that is missing or not finite (named); engines tell theirs.
    MissingDependency
        Where PyRadiomics is asked for and absent, or gives other values than it should.
    OutOfMemory
        Where the computer has too little memory for the image or the settings.
    ValueError
        For arguments that do not belong together: the caller's mistake, not the user's.
    """
    _check_arguments(image, masks, wanted)
    if engine not in ENGINES:
        raise BadInput(f"There is no engine '{engine}'; choose one of {', '.join(ENGINES)}.")
    module = importlib.import_module(f".{ENGINES[engine]}", __name__)
    raster = _raster(image)
    drawn = {voi: mask if isinstance(mask := masks[voi], Mask) else Mask(Raster.of(mask)) for voi in wanted}
    for voi, mask in drawn.items():
        if not raster.grid.coincides(mask.raster.grid):
            raise BadInput(f"The VOI '{voi}' does not lie on the CT's grid: size, origin, spacing or direction differ.")
    ct = Scan(raster, settings)
    vois = {voi: mask.oriented(settings) for voi, mask in drawn.items()}
    for voi, mask in vois.items():
        if mask.box is None:
            raise BadInput(f"The VOI '{voi}' is empty: there is nothing to compute features of.")
    try:
        values = module.extract(ct, vois, wanted, settings, progress)
    except (MemoryError, RuntimeError) as error:
        if is_out_of_memory(error):  # ITK says it in words
            raise OutOfMemory("There is too little free memory for the features. Close other programs.") from error
        raise
    for voi, names in wanted.items():
        _check_complete(voi, values[voi], names)
        values[voi] = values[voi] if names is None else {name: values[voi][name] for name in names}
    return {
        voi: FeatureVector(voi, values[voi], engine, module.version(), settings, ct.sha256, vois[voi].sha256)
        for voi in wanted
    }


def _raster(image: sitk.Image | Raster) -> Raster:
    return image if isinstance(image, Raster) else Raster.of(image)


def _check_arguments(
    image: sitk.Image | Raster, masks: Mapping[str, sitk.Image | Mask], wanted: Mapping[str, Sequence[str] | None]
) -> None:
    dimensions = _raster(image).voxels.ndim
    if dimensions != 3:
        raise ValueError(f"'image' has {dimensions} dimensions; features are computed of three.")
    lacking = [voi for voi in wanted if voi not in masks]
    if lacking:
        raise ValueError(f"'masks' lacks {', '.join(lacking)}, which 'wanted' names.")
    for voi, names in wanted.items():
        if isinstance(names, str):
            raise ValueError(f"'wanted' holds a text for '{voi}'; it takes a list of names, or None for all features.")


def _check_complete(voi: str, values: Mapping[str, float], names: Sequence[str] | None) -> None:
    missing = [name for name in names or () if name not in values]
    if missing:
        raise PTLFError(f"The engine left out {', '.join(missing)} of the VOI '{voi}'.")
    broken = [name for name, value in values.items() if not math.isfinite(value)]
    if broken:
        raise BadInput(
            f"{len(broken)} feature(s) of the VOI '{voi}' are not finite: {', '.join(broken[:8])}. "
            "The VOI is too small or too uniform for them."
        )
