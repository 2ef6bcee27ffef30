"""Extraction settings: everything the value of a feature depends on, besides the CT and the VOI.

Shipped inside each signature file; two vectors with different settings are not comparable.  The defaults are
PyRadiomics 3.0.1's, which the published signature is taken to use (``facts.json``, *derived_configuration*).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from numbers import Integral, Real
from typing import Any

from ...errors import BadInput

IMAGE_TYPES: dict[str, frozenset[str]] = {
    "Original": frozenset(),
    "Wavelet": frozenset({"wavelet", "level", "start_level"}),
    "LoG": frozenset({"sigma"}),
    "Square": frozenset(),
    "SquareRoot": frozenset(),
    "Logarithm": frozenset(),
    "Exponential": frozenset(),
    "Gradient": frozenset({"gradientUseSpacing"}),
    "LBP3D": frozenset({"lbp3DLevels", "lbp3DIcosphereRadius", "lbp3DIcosphereSubdivision"}),
}
"""Image types and the options each one takes, by PyRadiomics' names."""


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_whole_from(least: int) -> Callable[[Any], bool]:
    return lambda value: _is_whole(value) and value >= least


_OPTIONS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "wavelet": (lambda value: isinstance(value, str), "a wavelet's name"),
    "level": (_is_whole_from(1), "a whole number from 1"),
    "start_level": (_is_whole_from(0), "a whole number from 0"),
    "gradientUseSpacing": (lambda value: isinstance(value, bool), "true or false"),
    "lbp3DLevels": (_is_whole_from(1), "a whole number from 1"),
    "lbp3DIcosphereRadius": (lambda value: _is_number(value) and value > 0, "a number above 0"),
    "lbp3DIcosphereSubdivision": (_is_whole_from(0), "a whole number from 0"),
}
"""What the options of image types may be; LoG's 'sigma', which has no default, is checked by itself."""

ALL_1874: dict[str, dict[str, Any]] = {name: {} for name in IMAGE_TYPES} | {"LoG": {"sigma": [1.0, 2.0, 3.0]}}
"""The image types that give the paper's 1874 features per VOI (107 + 19 x 93)."""

PIXEL_TYPES = ("int16", "float32", "float64")
WEIGHTING_NORMS = ("manhattan", "euclidean", "infinity", "no_weighting")
INTERPOLATORS = ("sitkNearestNeighbor", "sitkLinear", "sitkBSpline", "sitkGaussian")


@dataclass(frozen=True)
class ExtractionSettings:
    """What a feature value depends on besides image and VOI.

    Parameters
    ----------
    image_types : mapping of str to dict
        PyRadiomics image types with their options, e.g. ``{"LoG": {"sigma": [1.0]}}`` (sigma in mm).
    pixel_type : {"int16", "float32", "float64"}
        Type the CT is brought to before anything is computed.  LBP-3D rounds its samples to this type.
    orientation : {"LPS", "as stored"}
        Index axes of the array: "LPS" has columns to the left, rows to the back, slices feet to head.
    clip_hu : (float, float) or None
        Range that voxels are clipped to first, in HU: Square, SquareRoot, Logarithm and Exponential scale with
        the largest absolute value of the whole image.
    bin_width : float or None
        Width of a grey-level bin in HU (in filtered images: in their own unit).
    bin_count : int or None
        Number of bins instead; exactly one of `bin_width` and `bin_count` is set.
    resampled_spacing_mm : (float, float, float) or None
        (x, y, z) spacing to resample to, 0 for an axis that keeps its own; None resamples nothing.
    interpolator : str
        SimpleITK's name of the interpolator used when resampling.
    pad_distance : int
        Voxels kept around the VOI when resampling: filters see no others.
    resegment_range : (float, float) or (float,) or None
        Voxels outside this closed range, or below the one bound, leave the VOI (all classes but shape).
    resegment_mode : {"absolute", "relative", "sigma"}
        What `resegment_range` is relative to: HU, the VOI's maximum, or its mean and SD.
    normalize : bool
        Subtract the image's mean and divide by its SD, then multiply by `normalize_scale`.
    normalize_scale : float
        See `normalize`.
    remove_outliers : float or None
        With `normalize`: clip at this many SD.
    voxel_array_shift : int
        Added to the voxels before Energy, TotalEnergy and RootMeanSquared.
    gldm_a : int
        GLDM: largest difference of grey levels that still counts as dependent.
    distances : tuple of int
        GLCM, GLDM and NGTDM neighbour distances in voxels.
    force_2d : bool
        Texture neighbours in planes only, across `force_2d_dimension`.
    force_2d_dimension : {0, 1, 2}
        With `force_2d`: 0 for axial, 1 for coronal, 2 for sagittal planes.
    weighting_norm : {"manhattan", "euclidean", "infinity", "no_weighting"} or None
        GLCM and GLRLM: add the matrices of all directions, weighted by the length of their step in mm, instead of
        averaging features over directions.

    Raises
    ------
    BadInput
        For a value outside what is listed here.
    """

    image_types: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: dict(ALL_1874))
    pixel_type: str = "int16"
    orientation: str = "LPS"
    clip_hu: tuple[float, float] | None = (-1024, 3071)
    bin_width: float | None = 25.0
    bin_count: int | None = None
    resampled_spacing_mm: tuple[float, float, float] | None = None
    interpolator: str = "sitkBSpline"
    pad_distance: int = 5
    resegment_range: tuple[float, ...] | None = None
    resegment_mode: str = "absolute"
    normalize: bool = False
    normalize_scale: float = 1.0
    remove_outliers: float | None = None
    voxel_array_shift: int = 0
    gldm_a: int = 0
    distances: tuple[int, ...] = (1,)
    force_2d: bool = False
    force_2d_dimension: int = 0
    weighting_norm: str | None = None

    def __post_init__(self) -> None:
        self._check_image_types()
        self._check_types()
        self._require(self.pixel_type in PIXEL_TYPES, "pixel_type", f"one of {', '.join(PIXEL_TYPES)}")
        self._require(self.orientation in ("LPS", "as stored"), "orientation", "'LPS' or 'as stored'")
        self._require(self.interpolator in INTERPOLATORS, "interpolator", f"one of {', '.join(INTERPOLATORS)}")
        self._require(
            self.resegment_mode in ("absolute", "relative", "sigma"),
            "resegment_mode",
            "'absolute', 'relative' or 'sigma'",
        )
        self._require((self.bin_width is None) != (self.bin_count is None), "bin_width", "set, or bin_count, not both")
        self._require(self.bin_width is None or self.bin_width > 0, "bin_width", "above 0")
        self._require(self.bin_count is None or self.bin_count >= 1, "bin_count", "at least 1")
        low_high, threshold = self.clip_hu, self.resegment_range
        self._require(low_high is None or (len(low_high) == 2 and low_high[0] < low_high[1]), "clip_hu", "(low, high)")
        self._require(
            threshold is None or len(threshold) == 1 or (len(threshold) == 2 and threshold[0] < threshold[1]),
            "resegment_range",
            "(low, high), or (low,)",
        )
        self._require(
            len(self.distances) > 0 and all(isinstance(d, int) and d >= 1 for d in self.distances),
            "distances",
            "whole numbers of voxels from 1",
        )
        self._require(self.gldm_a >= 0, "gldm_a", "0 or more")
        self._require(self.pad_distance >= 0, "pad_distance", "0 or more")
        self._require(self.force_2d_dimension in (0, 1, 2), "force_2d_dimension", "0, 1 or 2")
        self._require(
            self.weighting_norm is None or self.weighting_norm in WEIGHTING_NORMS,
            "weighting_norm",
            f"None or one of {', '.join(WEIGHTING_NORMS)}",
        )
        self._require(self.remove_outliers is None or self.remove_outliers > 0, "remove_outliers", "above 0, or None")
        spacing = self.resampled_spacing_mm
        self._require(
            spacing is None or (len(spacing) == 3 and min(spacing) >= 0 and max(spacing) > 0),
            "resampled_spacing_mm",
            "three lengths in mm, 0 for an axis that keeps its own",
        )

    def _require(self, ok: bool, name: str, allowed: str) -> None:
        if not ok:
            raise BadInput(f"The extraction setting '{name}' is {getattr(self, name)!r}; it must be {allowed}.")

    def _check_types(self) -> None:
        """Kinds of values; lists become tuples."""
        for name in ("normalize", "force_2d"):
            self._require(isinstance(getattr(self, name), bool), name, "true or false")
        for name in ("bin_count", "pad_distance", "voxel_array_shift", "gldm_a", "force_2d_dimension"):
            value = getattr(self, name)
            self._require(_is_whole(value) or (value is None and name == "bin_count"), name, "a whole number")
        for name in ("bin_width", "normalize_scale", "remove_outliers"):
            value = getattr(self, name)
            self._require(_is_number(value) or (value is None and name != "normalize_scale"), name, "a number")
        for name in ("clip_hu", "resampled_spacing_mm", "resegment_range", "distances"):
            value = getattr(self, name)
            if value is not None or name == "distances":
                numbers = isinstance(value, (list, tuple)) and all(_is_number(item) for item in value)
                self._require(numbers, name, "a list of numbers")
                object.__setattr__(self, name, tuple(value))

    def _check_image_types(self) -> None:
        types = self.image_types
        if not isinstance(types, Mapping) or not all(isinstance(options, Mapping) for options in types.values()):
            raise BadInput(
                "The extraction setting 'image_types' must hold image types with their options: {\"Original\": {}}."
            )
        for name, options in types.items():
            if name not in IMAGE_TYPES:
                raise BadInput(f"'{name}' is no image type; known are {', '.join(IMAGE_TYPES)}.")
            unknown = sorted(set(options) - IMAGE_TYPES[name])
            if unknown:
                raise BadInput(f"The image type {name} has no option {', '.join(unknown)}.")
            for option in options.keys() & _OPTIONS.keys():
                allowed, words = _OPTIONS[option]
                if not allowed(options[option]):
                    raise BadInput(
                        f"The option '{option}' of the image type {name} is {options[option]!r}; it must be {words}."
                    )
        sigma = types.get("LoG", {"sigma": [1.0]}).get("sigma")
        if not isinstance(sigma, (list, tuple)) or not sigma or not all(_is_number(s) and s > 0 for s in sigma):
            raise BadInput("The image type LoG needs a list 'sigma' of lengths in mm above 0.")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ExtractionSettings:
        """Read settings as a signature file holds them; an unknown name is an error."""
        unknown = sorted(set(data) - {f.name for f in fields(cls)})
        if unknown:
            raise BadInput(f"Unknown extraction setting: {', '.join(unknown)}.")
        return cls(**data)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form; ``from_dict(to_dict())`` gives an equal object."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}
