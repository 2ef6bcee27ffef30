"""Headers of NIfTI-1 files: `.nii`, `.nii.gz`, `.hdr` beside `.img`."""

from __future__ import annotations

import gzip
import math
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..errors import BadInput
from .header_fields import MAXIMUM_AXES, Header, NoImageError, beside, checked_size, independent, mm, require_spacing

NIFTI_VOXEL_BYTES = {2: 1, 4: 2, 8: 4, 16: 4, 32: 8, 64: 8, 128: 3, 256: 1, 512: 2, 768: 4, 1024: 8, 1280: 8, 2304: 4}
"""NIfTI's datatype codes that ITK reads -> bytes."""

NIFTI_FIELDS = {"dim": ("8h", 40), "datatype": ("h", 70), "pixdim": ("8f", 76), "offset": ("f", 108)} | {
    "codes": ("2h", 252),
    "qform": ("6f", 256),
    "sform": ("12f", 280),
}
"""Format and place of the fields of a NIfTI-1 header that are needed here."""

NIFTI_BYTES, NIFTI_2_BYTES = 348, 540


def read_nifti(path: Path) -> Header:
    if path.suffix.lower() == ".img":
        path = beside(path, path.with_suffix(".hdr").name)
    with open(path, "rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    with gzip.open(path) if packed else open(path, "rb") as stream:
        head = stream.read(NIFTI_BYTES)
    lengths = {order: struct.unpack_from(f"{order}i", head)[0] for order in "<>"}
    if NIFTI_2_BYTES in lengths.values():
        raise BadInput(f"'{path.name}' is NIfTI-2, which ITK does not read. Save it as NIfTI-1 or NRRD.")
    order = next((order for order, length in lengths.items() if length == NIFTI_BYTES), None)
    if order is None:
        raise NoImageError
    magic = head[344:348]
    if magic not in (b"n+1\0", b"ni1\0"):
        raise BadInput(
            f"'{path.name}' is Analyze 7.5, which does not say which side is left. Save it as NIfTI or NRRD."
        )
    fields = {name: struct.unpack_from(order + form, head, at) for name, (form, at) in NIFTI_FIELDS.items()}
    count, datatype = fields["dim"][0], fields["datatype"][0]
    if not 1 <= count <= MAXIMUM_AXES or datatype not in NIFTI_VOXEL_BYTES:
        raise NoImageError
    spacing, sform = fields["pixdim"][1 : min(count, 3) + 1], fields["sform"]
    require_spacing(path, spacing, count)
    if fields["codes"][1] > 0:
        columns = [math.hypot(*sform[axis::4]) for axis in range(len(spacing))]
        if not all(abs(a - b) <= 0.01 * b for a, b in zip(columns, spacing, strict=True)):
            raise BadInput(
                f"'{path.name}' says in two ways how large its voxels are ({mm(spacing)} and {mm(columns)}). "
                "Export the CT anew."
            )
    data, start = path, int(fields["offset"][0])
    if magic[:2] == b"n+":
        start = max(start, NIFTI_BYTES + 4)
    else:
        names = [path.with_suffix(ending).name for ending in (".img", ".img.gz")]
        data = beside(path, next((name for name in names if (path.parent / name).exists()), names[0]))
        packed = data.suffix.lower() == ".gz"
    compression = "gzip" if packed else ""
    oriented = any(code > 0 for code in fields["codes"])
    size = checked_size(path, fields["dim"][1 : count + 1])
    vectors, apart = _nifti_geometry(path, fields, size) if count >= 3 else (None, 0.0)
    return Header("NiftiImageIO", size, NIFTI_VOXEL_BYTES[datatype], data, start, compression, oriented, vectors, apart)


RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])


def _nifti_geometry(
    path: Path, fields: Mapping[str, Sequence[float]], size: Sequence[int]
) -> tuple[np.ndarray | None, float]:
    """Axes in LPS, and how far apart the two forms put a corner."""
    q_code, s_code = fields["codes"]
    forms = []
    if s_code > 0:
        forms.append(np.reshape(fields["sform"], (3, 4)).astype(float))
    if q_code > 0:
        forms.append(_of_quaternion(fields["qform"], fields["pixdim"]))
    if not forms:
        return None, 0.0
    vectors = independent(path, RAS_TO_LPS @ forms[0][:, :3])
    if len(forms) == 1:
        return vectors, 0.0
    corners = np.array([(i, j, k, 1) for i in (0, size[0]) for j in (0, size[1]) for k in (0, size[2])], float).T
    apart = np.linalg.norm((forms[0] - forms[1]) @ corners, axis=0).max()
    return vectors, float(apart) if math.isfinite(apart) else math.inf


def _of_quaternion(qform: Sequence[float], pixdim: Sequence[float]) -> np.ndarray:
    """3 x 4, as NIfTI-1 defines it: pixdim[0] is the sign of the third axis."""
    b, c, d = qform[:3]
    a = math.sqrt(max(0.0, 1 - b * b - c * c - d * d))
    turn = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - c * c - b * b],
        ]
    )
    steps = np.array(pixdim[1:4]) * (1, 1, -1 if pixdim[0] < 0 else 1)
    return np.column_stack([turn * steps, qform[3:]])
