"""Radiomics features by PyRadiomics' names, from one of two engines behind one function.

`extract` is the way in.  The engines take an image that `prepare` has brought to the settings' pixel type,
orientation and clip range, so that one CT gives one set of values whatever file it came from.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping, Sequence

import numpy as np
import SimpleITK as sitk

from ...ct import same_geometry
from ...errors import BadInput, OutOfMemory, PTLFError, is_out_of_memory
from ...progress import Progress, no_progress
from .interpreter import ENGINES, available_engines, child_options
from .settings import ExtractionSettings
from .vector import FeatureVector, image_hash

__all__ = [
    "DEFAULT_ENGINE",
    "ENGINES",
    "ExtractionSettings",
    "FeatureVector",
    "available_engines",
    "child_options",
    "extract",
    "image_hash",
    "prepare",
]

DEFAULT_ENGINE = "builtin"

_SITK_TYPES = {"int16": sitk.sitkInt16, "float32": sitk.sitkFloat32, "float64": sitk.sitkFloat64}


def prepare(image: sitk.Image, settings: ExtractionSettings) -> sitk.Image:
    """Bring a CT in HU to the settings' orientation, clip range and pixel type, in this order.

    Fractional HU are rounded half to even before they become integers.

    Raises
    ------
    BadInput
        For voxels without a number, or (without a clip range) beyond what the pixel type holds.
    """
    if not np.isfinite(sitk.GetArrayViewFromImage(image)).all():
        raise BadInput("The CT has voxels without a number (NaN or infinite).")
    if settings.orientation == "LPS":
        image = sitk.DICOMOrient(image, "LPS")
    if settings.clip_hu is not None:
        low, high = settings.clip_hu
        image = sitk.Clamp(image, image.GetPixelID(), low, high)
    target = _SITK_TYPES[settings.pixel_type]
    if image.GetPixelID() == target:
        return image
    if target == sitk.sitkInt16:
        voxels, limits = sitk.GetArrayViewFromImage(image), np.iinfo(np.int16)
        low, high = voxels.min(), voxels.max()
        if low < limits.min or high > limits.max:
            raise BadInput(f"The CT runs from {low:g} to {high:g}, more than the pixel type int16 holds.")
        if voxels.dtype.kind == "f":
            image = sitk.Round(image)
    return sitk.Cast(image, target)


def extract(
    image: sitk.Image,
    masks: Mapping[str, sitk.Image],
    wanted: Mapping[str, Sequence[str] | None],
    settings: ExtractionSettings,
    *,
    engine: str = DEFAULT_ENGINE,
    progress: Progress = no_progress,
) -> dict[str, FeatureVector]:
    """Features of each VOI, all finite, with their provenance.

    Parameters
    ----------
    image : sitk.Image
        CT in HU, any pixel type and orientation.
    masks : mapping of str to sitk.Image
        By VOI name: same geometry as `image`, voxels > 0 belong to the VOI.
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
    for voi in wanted:
        if not same_geometry(image, masks[voi]):
            raise BadInput(f"The VOI '{voi}' does not lie on the CT's grid: size, origin, spacing or direction differ.")
    ct = prepare(image, settings)
    vois = {voi: _prepare_mask(voi, masks[voi], settings) for voi in wanted}
    try:
        values = module.extract(ct, vois, wanted, settings, progress)
    except (MemoryError, RuntimeError) as error:
        if is_out_of_memory(error):  # ITK says it in words
            raise OutOfMemory("There is too little free memory for the features. Close other programs.") from error
        raise
    for voi, names in wanted.items():
        _check_complete(voi, values[voi], names)
        values[voi] = values[voi] if names is None else {name: values[voi][name] for name in names}
    digest = image_hash(ct)
    return {
        voi: FeatureVector(voi, values[voi], engine, module.version(), settings, digest, image_hash(vois[voi]))
        for voi in wanted
    }


def _check_arguments(
    image: sitk.Image, masks: Mapping[str, sitk.Image], wanted: Mapping[str, Sequence[str] | None]
) -> None:
    if image.GetDimension() != 3:
        raise ValueError(f"'image' has {image.GetDimension()} dimensions; features are computed of three.")
    lacking = [voi for voi in wanted if voi not in masks]
    if lacking:
        raise ValueError(f"'masks' lacks {', '.join(lacking)}, which 'wanted' names.")
    for voi, names in wanted.items():
        if isinstance(names, str):
            raise ValueError(f"'wanted' holds a text for '{voi}'; it takes a list of names, or None for all features.")


def _prepare_mask(voi: str, mask: sitk.Image, settings: ExtractionSettings) -> sitk.Image:
    mask = sitk.Cast(mask > 0, sitk.sitkUInt8)
    if settings.orientation == "LPS":
        mask = sitk.DICOMOrient(mask, "LPS")
    if not sitk.GetArrayViewFromImage(mask).any():
        raise BadInput(f"The VOI '{voi}' is empty: there is nothing to compute features of.")
    return mask


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
