"""Voxels and the grid they lie on, whoever holds them: an image or a file; how a volume goes to a child process.

SimpleITK copies what it is given.  A volume that another process has written is mapped into memory instead, so that
only those of its pages are read that somebody looks at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from ..errors import PTLFError
from .geometry import Grid


@dataclass(frozen=True)
class Raster:
    """A volume that is looked at, not owned.

    Parameters
    ----------
    voxels : ndarray, shape (slices, rows, columns)
        A view that must not be written to; a ``numpy.memmap`` of `read`.
    grid : Grid
    sha256 : str
        `image_sha256` of it, where somebody knows it already; "" else.
    image : sitk.Image or None
        Owner of the voxels, kept alive as long as they are looked at.
    """

    voxels: np.ndarray
    grid: Grid
    sha256: str = ""
    image: sitk.Image | None = None

    @classmethod
    def of(cls, image: sitk.Image, sha256: str = "") -> Raster:
        return cls(sitk.GetArrayViewFromImage(image), Grid.of(image), sha256, image)

    @property
    def is_lps(self) -> bool:
        """Whether the index axes run along L, P, S."""
        return sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(self.grid.direction) == "LPS"

    def to_image(self) -> sitk.Image:
        """As an image of SimpleITK: its owner, or a copy of what is in a file."""
        return self.image if self.image is not None else self.grid.place(sitk.GetImageFromArray(self.voxels))

    def in_lps(self) -> Raster:
        """With index axes along L, P, S: itself, or a turned copy."""
        return self if self.is_lps else Raster.of(sitk.DICOMOrient(self.to_image(), "LPS"))

    def planes(self) -> Iterator[np.ndarray]:
        """Slice by slice, for one look at the whole; what is in a file is read, not mapped, so it does not stay."""
        if not isinstance(self.voxels, np.memmap):
            yield from self.voxels
            return
        shape, dtype = self.voxels.shape[1:], self.voxels.dtype
        with open(self.voxels.filename, "rb", buffering=0) as stream:
            stream.seek(self.voxels.offset)
            for _ in range(self.voxels.shape[0]):
                yield np.fromfile(stream, dtype, shape[0] * shape[1]).reshape(shape)

    def write(self, path: Path) -> dict[str, Any]:
        """Write it as ``.npy`` for a child process.

        Returns
        -------
        dict
            What `read` takes, JSON-ready; names the file without its folder.

        Raises
        ------
        PTLFError
            Where it cannot be written.
        """
        try:
            with open(path, "wb") as stream:
                np.save(stream, self.voxels, allow_pickle=False)
        except OSError as error:
            raise not_written(path) from error
        return {"file": path.name, "grid": asdict(self.grid), "sha256": self.sha256}

    @classmethod
    def read(cls, written: Mapping[str, Any], folder: Path) -> Raster:
        """What `write` has put into `folder`, mapped read-only."""
        voxels = np.load(folder / written["file"], mmap_mode="r", allow_pickle=False)
        return cls(voxels, Grid.from_dict(written["grid"]), written["sha256"])


def not_written(path: Path) -> PTLFError:
    """The sentence for a file that goes from one process to another."""
    return PTLFError(
        f"The temporary file '{path}' could not be written. Is the disk full? TMPDIR can name a folder elsewhere."
    )
