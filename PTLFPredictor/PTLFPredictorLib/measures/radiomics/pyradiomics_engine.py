"""The reference engine: PyRadiomics itself, asked only for what is wanted.

PyRadiomics computes all features of a class for all image types at once; this module walks its own public
functions in the order of ``RadiomicsFeatureExtractor.execute`` so that only the wanted pairs are computed and
progress can be told per filter.  What PyRadiomics leaves out with a log line is an error here.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import SimpleITK as sitk

from ...errors import BadInput, MissingDependency, is_out_of_memory
from ...progress import Progress, no_progress
from . import known_values
from .inputs import Mask, Scan
from .names import image_type_of, is_feature_name, near, split
from .parameter_file import pyradiomics_settings
from .settings import ExtractionSettings

NAME = "pyradiomics"


def version() -> str:
    """PyRadiomics' version; raises `MissingDependency` where it is not installed."""
    return _import_radiomics().__version__


def _import_radiomics() -> Any:
    try:
        import radiomics
    except ImportError as error:
        raise MissingDependency(
            f"PyRadiomics is not installed in this Python {platform.python_version()}. In Slicer, install the "
            "extension SlicerRadiomics; in a shell './ptlf features --engine pyradiomics' makes an environment for it, "
            "which needs Python 3.11 and a C compiler. The built-in engine gives the same values."
        ) from error
    logging.getLogger("radiomics").setLevel(logging.ERROR)
    return radiomics


def extract(
    ct: Scan,
    masks: Mapping[str, Mask],
    wanted: Mapping[str, Sequence[str] | None],
    settings: ExtractionSettings,
    progress: Progress = no_progress,
) -> dict[str, dict[str, float]]:
    """Features of each VOI by PyRadiomics.

    Parameters
    ----------
    ct : Scan
        Brought to the settings' pixel type, orientation and clip range.
    masks : mapping of str to Mask
        By VOI name, on the CT's grid.
    wanted : mapping of str to sequence of str, or None
        By VOI name: the features asked for; None for all that `settings` describe.
    settings : ExtractionSettings
    progress : Progress
        Told after each filtered image.

    Returns
    -------
    dict of str to dict of str to float
        What PyRadiomics returned; may lack features that it skipped.

    Raises
    ------
    BadInput
        For a VOI or an image that PyRadiomics refuses.
    MissingDependency
        Where PyRadiomics is absent or does not give the values that it should (`known_values`).
    """
    _require_known_values()
    return _extract(ct.to_image(), {voi: masks[voi].to_image() for voi in wanted}, wanted, settings, progress)


@functools.cache
def _require_known_values() -> None:
    """Compare this PyRadiomics with what 3.0.1 gave; once in a process."""
    image, mask = known_values.image_and_mask()
    wanted = {"test image": known_values.NAMES}
    found = _extract(image, {"test image": mask}, wanted, known_values.SETTINGS, no_progress)["test image"]
    difference = known_values.first_difference(found, known_values.stored())
    if difference:
        raise MissingDependency(
            f"PyRadiomics {version()} is installed but not used: on the test image {difference}. It is not 3.0.1, "
            f"or does not fit SciPy {_scipy_version()}. The built-in engine gives the values of 3.0.1."
        )


def _scipy_version() -> str:
    import scipy

    return scipy.__version__


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """PyRadiomics and ITK refuse a VOI or an image by ValueError or RuntimeError."""
    try:
        yield
    except (ValueError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise
        raise BadInput(f"PyRadiomics could not compute the features: {error}") from error


def _extract(
    image: sitk.Image,
    masks: Mapping[str, sitk.Image],
    wanted: Mapping[str, Sequence[str] | None],
    settings: ExtractionSettings,
    progress: Progress,
) -> dict[str, dict[str, float]]:
    _import_radiomics()
    from radiomics import imageoperations
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    options = {**pyradiomics_settings(settings), "label": 1}
    plan = {voi: _by_image_type(names, settings) for voi, names in wanted.items()}
    total, done = sum(len(types) for types in plan.values()), 0
    result: dict[str, dict[str, float]] = {}
    for voi, by_type in plan.items():
        extractor = RadiomicsFeatureExtractor(additionalInfo=False, **options)
        mask = sitk.Cast(masks[voi] > 0, sitk.sitkUInt8)
        with _refusals():
            ct, mask = extractor.loadImage(image, mask, **extractor.settings)
            box, corrected = imageoperations.checkMask(ct, mask, **extractor.settings)
            mask = mask if corrected is None else corrected
            texture_mask = mask
            if settings.resegment_range is not None:
                texture_mask = imageoperations.resegmentMask(ct, mask, **extractor.settings)
        values: dict[str, float] = {}
        for image_type, classes in by_type.items():
            progress(f"{voi}: {image_type}", done, total)
            with _refusals():
                if "shape" in classes:
                    extractor.enabledFeatures = {"shape": classes["shape"]}
                    values |= extractor.computeShape(ct, mask, box, **extractor.settings)
                arguments = {**extractor.settings, **settings.image_types.get(image_type, {})}
                generator = getattr(imageoperations, f"get{image_type}Image")(ct, texture_mask, **arguments)
                texture_box, _ = imageoperations.checkMask(ct, texture_mask, **extractor.settings)
                for filtered, name, filter_options in generator:
                    extractor.enabledFeatures = _of_filtered_image(names_of(wanted[voi]), name, classes)
                    if extractor.enabledFeatures:
                        filtered, voi_mask = imageoperations.cropToTumorMask(filtered, texture_mask, texture_box)
                        values |= extractor.computeFeatures(filtered, voi_mask, name, **filter_options)
            done += 1
            progress(f"{voi}: {image_type}", done, total)
        result[voi] = {name: float(value) for name, value in values.items()}
    return result


def names_of(names: Iterable[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)


def _by_image_type(names: Sequence[str] | None, settings: ExtractionSettings) -> dict[str, dict[str, list[str]]]:
    """``{image type: {feature class: [feature, ...]}}``; an empty list asks for the whole class."""
    from radiomics import getFeatureClasses

    if names is None:
        classes = {name: [] for name in getFeatureClasses() if name not in ("shape", "shape2D")}
        plan = {image_type: dict(classes) for image_type in settings.image_types}
        if "Original" in plan:
            plan["Original"]["shape"] = []
        return plan
    plan = {}
    for name in names:
        if not is_feature_name(name):
            raise BadInput(f"'{name}' is no feature; a name reads like 'wavelet-HHH_glcm_Contrast'.{near(name)}")
        _, feature_class, feature = split(name)
        plan.setdefault(image_type_of(name), {}).setdefault(feature_class, []).append(feature)
    return plan


def _of_filtered_image(
    wanted: frozenset[str] | None, filtered: str, classes: Mapping[str, list[str]]
) -> dict[str, list[str]]:
    """Classes and features to compute on one filtered image, without shape."""
    textures = {name: features for name, features in classes.items() if name != "shape"}
    if wanted is None:
        return textures
    chosen = {
        name: [feature for feature in features if f"{filtered}_{name}_{feature}" in wanted]
        for name, features in textures.items()
    }
    return {name: features for name, features in chosen.items() if features}
