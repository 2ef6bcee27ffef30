"""Image filters of PyRadiomics, evaluated on boxes with the halo that gives the whole image's values.

A filter is an object made for one volume and one set of options.  It has ``names`` (of its filtered images, in
PyRadiomics' order), ``dtype`` (of their voxels), ``slab_voxels`` (how much of the image to filter at a time),
``parts`` (into how many slabs to cut for threads) and

``prepare(box, pool)``
    is called once with the box that all slabs lie in;
``values(box, inside, names)``
    gives the filtered voxels where `inside` is True, in C order, for each of `names`;
``shares(name)``
    tells the names that cost less together: equal, and sortable.  Others may be asked for one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np

from ..region import Box, Volume


class Filter(Protocol):
    names: tuple[str, ...]
    dtype: np.dtype
    slab_voxels: int
    parts: int

    def prepare(self, box: Box, pool: ThreadPoolExecutor) -> None: ...

    def values(self, box: Box, inside: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]: ...

    def shares(self, name: str) -> Any: ...


def make_filter(image_type: str, volume: Volume, options: Mapping[str, Any]) -> Filter:
    """The filter behind a PyRadiomics image type.

    Raises
    ------
    BadInput
        For options that the built-in engine does not have.
    """
    from . import gradient, lbp3d, log, pointwise, wavelet

    if image_type == "Wavelet":
        return wavelet.Wavelet(volume, **options)
    if image_type == "LoG":
        return log.LaplacianOfGaussian(volume, **options)
    if image_type == "LBP3D":
        return lbp3d.LocalBinaryPattern(volume, **options)
    if image_type == "Gradient":
        return gradient.Gradient(volume, **options)
    return pointwise.Pointwise(volume, image_type)
