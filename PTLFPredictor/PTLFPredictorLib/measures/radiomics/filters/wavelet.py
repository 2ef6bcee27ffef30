"""Undecimated wavelet transform, separable over columns, rows and slices.

PyRadiomics 3.0.1, ``imageoperations.getWaveletImage``: PyWavelets' ``swtn`` of one level, repeated on the
approximation without spreading the filter taps.  Odd sizes are padded by one wrapped slice, the border is
periodic, which IBSI's reference filters (mirrored, IBSI-2) are not.  First letter of a subband's name: columns
(x), second: rows (y), third: slices (z).

Sums run over the taps in PyWavelets' order, so that values are equal to the last bit: on flat tissue a subband is
rounding noise around a bin edge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ....errors import BadInput
from ..region import Box, Volume, grown

# Decomposition low-pass filters, to the last digit that PyWavelets 1.9.0 uses.
# Daubechies, Ten Lectures on Wavelets (1992), tables 6.1 (Haar) and 8.1 (coiflet, N = 1).
LOW_PASS = {
    "coif1": (
        -0.015655728135791993,
        -0.07273261951252645,
        0.3848648468648578,
        0.8525720202116004,
        0.3378976624574818,
        -0.07273261951252645,
    ),
    "haar": (0.7071067811865476, 0.7071067811865476),
}


def high_pass(low: Sequence[float]) -> tuple[float, ...]:
    """Quadrature mirror of an orthogonal low-pass filter, with PyWavelets' sign."""
    return tuple((-1 if k % 2 == 0 else 1) * tap for k, tap in enumerate(reversed(low)))


class Wavelet:
    """Subbands ``wavelet-LLH`` ... ``wavelet-LLL`` of one or more levels.

    Parameters
    ----------
    volume : Volume
    wavelet : {"coif1", "haar"}
    level : int
        Number of levels whose subbands are given.
    start_level : int
        Levels to skip first.
    """

    slab_voxels = 4_000_000
    parts = 8

    def __init__(self, volume: Volume, wavelet: str = "coif1", level: int = 1, start_level: int = 0):
        if wavelet not in LOW_PASS:
            raise BadInput(
                f"The built-in engine knows the wavelets {', '.join(LOW_PASS)}, not '{wavelet}'; "
                "choose the engine 'pyradiomics' for others."
            )
        self.volume = volume
        self.dtype = np.dtype(np.float32 if volume.voxels.dtype == np.float32 else np.float64)
        self._taps = {"L": LOW_PASS[wavelet], "H": high_pass(LOW_PASS[wavelet])}
        length = len(LOW_PASS[wavelet])
        self._before, self._after = length - 1 - length // 2, length // 2
        self._subbands: dict[str, tuple[int, str]] = {}
        details = ("LLH", "LHL", "LHH", "HLL", "HLH", "HHL", "HHH")
        for number in range(1, level + 1):
            prefix = "wavelet" if number == 1 else f"wavelet{number}"
            self._subbands |= {f"{prefix}-{band}": (start_level + number, band) for band in details}
        self._subbands[f"{prefix}-LLL"] = (start_level + level, "LLL")
        self.names = tuple(self._subbands)

    def shares(self, name: str) -> tuple[int, str]:
        """Level, and filters along columns and rows: the slices' are cheap."""
        level, band = self._subbands[name]
        return level, band[:2]

    def prepare(self, box: Box, pool: ThreadPoolExecutor) -> None:
        """Nothing is shared between slabs."""

    def values(self, box: Box, inside: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
        result = {}
        for level in sorted({self._subbands[name][0] for name in names}):
            bands = {self._subbands[name][1]: name for name in names if self._subbands[name][0] == level}
            padded = self._approximation(box, level - 1)
            flat = {name: np.empty(np.count_nonzero(inside), self.dtype) for name in bands.values()}
            end = np.cumsum(np.count_nonzero(inside, axis=(1, 2)))
            for z, planes in enumerate(self._planes(padded, bands, inside.shape[0])):
                where = slice(end[z - 1] if z else 0, end[z])
                for band, plane in planes.items():
                    flat[bands[band]][where] = plane[inside[z]]
            result |= flat
        return {name: result[name] for name in names}

    def _approximation(self, box: Box, level: int) -> np.ndarray:
        """The image, or the LLL of `level`, on `box` with one filter length of halo around it."""
        box = grown(box, (self._before,) * 3, (self._after,) * 3)
        if level == 0:
            index = []
            for axis, size in enumerate(self.volume.voxels.shape):
                periodic = np.arange(box[axis].start, box[axis].stop) % (size + size % 2)
                index.append(periodic % size)
            return self.volume.voxels[np.ix_(*index)]
        finer = self._approximation(box, level - 1)
        depth = box[0].stop - box[0].start
        return np.stack([planes["LLL"] for planes in self._planes(finer, {"LLL": ""}, depth)])

    def _planes(self, padded: np.ndarray, bands: dict[str, str], depth: int) -> Iterator[dict[str, np.ndarray]]:
        """Filter slice by slice, so that every temporary fits the processor's cache; yields {band: plane}.

        Slices are vectors meanwhile, for a shift along rows or columns is one along the vector: what it reads beyond a
        row's end falls into the halo, which is cut off.
        """
        length, (_, rows, columns) = self._before + 1 + self._after, padded.shape
        window: dict[str, list[np.ndarray]] = {band[:2]: [] for band in bands}
        for z in range(depth + length - 1):
            plane = padded[z].astype(self.dtype).ravel()
            along_x = {letter: self._convolve(plane, letter, 1) for letter in {band[0] for band in bands}}
            for pair, planes in window.items():
                planes.append(self._convolve(along_x[pair[0]], pair[1], columns))
                del planes[:-length]
            if z >= length - 1:
                whole = {band: self._combine(window[band[:2]], band[2]) for band in bands}
                shape = rows - length + 1, columns
                yield {
                    band: np.append(plane, np.zeros(length - 1, self.dtype)).reshape(shape)[:, : columns - length + 1]
                    for band, plane in whole.items()
                }

    def _convolve(self, plane: np.ndarray, letter: str, step: int) -> np.ndarray:
        """Convolution of the vector `plane` over places `step` apart."""
        length = self._before + 1 + self._after
        size = plane.size - (length - 1) * step
        return self._combine([plane[k * step : k * step + size] for k in range(length)], letter)

    def _combine(self, shifted: Sequence[np.ndarray], letter: str) -> np.ndarray:
        """Convolution at one place from its shifted inputs, last shift first as PyWavelets adds them."""
        taps = np.array(self._taps[letter], dtype=self.dtype)
        total = shifted[-1] * taps[0]
        term = np.empty_like(total)
        for tap, values in zip(taps[1:], reversed(shifted[:-1]), strict=True):
            np.multiply(values, tap, out=term)
            total += term
        return total
