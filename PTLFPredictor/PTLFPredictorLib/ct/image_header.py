"""Headers of NIfTI, NRRD and MetaImage: size, kind of voxel, where the voxels lie and what is said of the geometry.

ITK fills a file that is cut with zeros, takes a voxel size that is not there for 1 mm, and crashes at an NRRD of 11
dimensions.  So the header is read here first; nothing of the voxels is.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path

from ..errors import BadInput
from .header_fields import Header, NoImageError
from .nifti_header import read_nifti
from .text_headers import read_meta, read_nrrd


def read_header(path: Path) -> Header:
    """The header of a NIfTI, NRRD or MetaImage file, attached or beside its voxels.

    Raises
    ------
    NoImageError
        When it is none of them.
    BadInput
        When it is one that cannot be used; the sentence says why.
    """
    try:
        with open(path, "rb") as stream:
            first = stream.read(8)
        if first.startswith(b"NRRD000"):
            return read_nrrd(path)
        if path.suffix.lower() in (".mha", ".mhd"):
            return read_meta(path)
        return read_nifti(path)
    except (struct.error, OverflowError, ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise NoImageError(str(error)) from error
    except OSError as error:
        raise BadInput(f"'{path.name}' cannot be read: {error.strerror or error}.") from error
