"""Headers of NIfTI, NRRD and MetaImage: size, kind of voxel, where the voxels lie and what is said of the geometry.

ITK fills a file that is cut with zeros, takes a voxel size that is not there for 1 mm, and crashes at an NRRD of 11
dimensions.  So the header is read here first; nothing of the voxels is.
"""

from __future__ import annotations

import gzip
import math
import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import BadInput
from . import axes

MAXIMUM_AXES = 7
"""NIfTI's; NRRD and MetaImage get no more here."""

HEADER_BYTES = 16 << 20
"""A seg.nrrd with hundreds of segments has some 100 kB."""

NIFTI_VOXEL_BYTES = {2: 1, 4: 2, 8: 4, 16: 4, 32: 8, 64: 8, 128: 3, 256: 1, 512: 2, 768: 4, 1024: 8, 1280: 8, 2304: 4}
"""NIfTI's datatype codes that ITK reads -> bytes."""

NIFTI_FIELDS = {"dim": ("8h", 40), "datatype": ("h", 70), "pixdim": ("8f", 76), "offset": ("f", 108)} | {
    "codes": ("2h", 252),
    "qform": ("6f", 256),
    "sform": ("12f", 280),
}
"""Format and place of the fields of a NIfTI-1 header that are needed here."""

NIFTI_BYTES, NIFTI_2_BYTES = 348, 540

NRRD_TYPE = re.compile(
    r"(?:un)?(?:signed )?u?(?:(char|int8)|(short|int16)|(int|int32)|(long ?long|int64)|(float)|(double))(?: int|_t)?"
)
NRRD_VOXEL_BYTES = (1, 2, 4, 8, 4, 8)

META_VOXEL_BYTES = {"CHAR": 1, "SHORT": 2, "INT": 4, "LONG": 4, "LONG_LONG": 8, "FLOAT": 4, "DOUBLE": 8}


@dataclass(frozen=True)
class Header:
    """What the header of an image file says.

    Parameters
    ----------
    reader : str
        ITK's ImageIO for it.
    size : tuple of int
        All axes, the fastest first.
    voxel_bytes : int
    data : Path
        The file that holds the voxels, from byte `start` (None: at its end), `compression` "", "gzip" or "zlib".
    has_orientation : bool
        Whether it says how the volume lies in the body.
    vectors : array, optional
        By columns, the steps of the first three index axes in mm, in LPS; None where they are not told.
    disagreement_mm : float
        How far apart a NIfTI's two forms (sform, qform) put the corners of the volume; 0 where there is one.
    """

    reader: str
    size: tuple[int, ...]
    voxel_bytes: int
    data: Path
    start: int | None
    compression: str
    has_orientation: bool
    vectors: np.ndarray | None = None
    disagreement_mm: float = 0.0


class NoImageError(ValueError):
    """It is none of the formats, or its header cannot be read."""


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
            return _nrrd(path)
        if path.suffix.lower() in (".mha", ".mhd"):
            return _meta(path)
        return _nifti(path)
    except (struct.error, OverflowError, ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise NoImageError(str(error)) from error
    except OSError as error:
        raise BadInput(f"'{path.name}' cannot be read: {error.strerror or error}.") from error


def _nifti(path: Path) -> Header:
    if path.suffix.lower() == ".img":
        path = _beside(path, path.with_suffix(".hdr").name)
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
    _require_spacing(path, spacing, count)
    if fields["codes"][1] > 0:
        columns = [math.hypot(*sform[axis::4]) for axis in range(len(spacing))]
        if not all(abs(a - b) <= 0.01 * b for a, b in zip(columns, spacing, strict=True)):
            raise BadInput(
                f"'{path.name}' says in two ways how large its voxels are ({_mm(spacing)} and {_mm(columns)}). "
                "Export the CT anew."
            )
    data, start = path, int(fields["offset"][0])
    if magic[:2] == b"n+":
        start = max(start, NIFTI_BYTES + 4)
    else:
        names = [path.with_suffix(ending).name for ending in (".img", ".img.gz")]
        data = _beside(path, next((name for name in names if (path.parent / name).exists()), names[0]))
        packed = data.suffix.lower() == ".gz"
    compression = "gzip" if packed else ""
    oriented = any(code > 0 for code in fields["codes"])
    size = _size(path, fields["dim"][1 : count + 1])
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
    vectors = _independent(path, RAS_TO_LPS @ forms[0][:, :3])
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


def _independent(path: Path, vectors: np.ndarray) -> np.ndarray:
    if not axes.are_axes(vectors):
        raise BadInput(f"The axes in the header of '{path.name}' do not span space. Export it anew.")
    return vectors


def _nrrd(path: Path) -> Header:
    fields, start = _fields(path, re.compile(r"([^:=]+):(?!=)\s*(.*)"), until="")
    fields = {name.replace("datafile", "data file").replace("byteskip", "byte skip"): v for name, v in fields.items()}
    count = int(fields["dimension"]) if "dimension" in fields else 0
    if not 1 <= count <= MAXIMUM_AXES:
        raise BadInput(f"'{path.name}' has {count} dimensions; a volume has 3.")
    size = _size(path, [int(part) for part in fields.get("sizes", "").split()])
    kind = NRRD_TYPE.fullmatch(fields.get("type", ""))
    if kind is None or len(size) != count:
        raise NoImageError
    encoding = {"raw": "", "gz": "gzip", "gzip": "gzip"}.get(fields.get("encoding", "").lower())
    if encoding is None:
        raise BadInput(f"'{path.name}' has the encoding '{fields.get('encoding', '')[:20]}'; save it as raw or gzip.")
    data, skip = path, int(fields.get("byte skip", 0))
    if "data file" in fields:
        data, start = _beside(path, fields["data file"]), 0
    if int(fields.get("line skip", fields.get("lineskip", 0))) or (encoding and skip):
        raise BadInput(f"'{path.name}' has other data before its voxels ('line skip'); save it again without.")
    oriented, vectors = _nrrd_geometry(path, fields)
    voxel_bytes = NRRD_VOXEL_BYTES[kind.lastindex - 1]
    start = None if skip < 0 else start + skip
    return Header("NrrdImageIO", size, voxel_bytes, data, start, encoding, oriented, vectors)


NRRD_SPACES = {
    ("right-anterior-superior", "ras"): (-1, -1, 1),
    ("left-anterior-superior", "las"): (1, -1, 1),
    ("left-posterior-superior", "lps"): (1, 1, 1),
}
"""Names of a space -> signs of its axes in LPS."""


def _nrrd_geometry(path: Path, fields: Mapping[str, str]) -> tuple[bool, np.ndarray | None]:
    """Whether the orientation is told, and the axes; refuses what says no voxel size, which ITK takes for 1 mm."""
    if "space directions" not in fields:
        spacings = [float(x) for x in fields.get("spacings", "").split()]
        values = [x for x in spacings if not math.isnan(x)]  # NaN: an axis of values, not of space
        _require_spacing(path, values[:3], int(fields["dimension"]))
        return False, None
    vectors = re.findall(r"none|\([^)]*\)", fields["space directions"].lower())
    vectors = [[float(x) for x in v.strip("()").split(",")] for v in vectors if v != "none"]
    _require_spacing(path, [math.hypot(*vector) for vector in vectors][:3], int(fields["dimension"]))
    space = fields.get("space", "").lower().removesuffix("-time")
    signs = next((signs for names, signs in NRRD_SPACES.items() if space in names), (1, 1, 1))
    if len(vectors) < 3 or any(len(vector) != 3 for vector in vectors[:3]):
        return bool(space), None
    return bool(space), _independent(path, np.diag(signs) @ np.column_stack(vectors[:3]))


def _meta(path: Path) -> Header:
    fields, start = _fields(path, re.compile(r"\s*(\w+)\s*=\s*(.*)"), until="elementdatafile")
    kind = re.fullmatch(r"MET_U?(\w+?)(?:_ARRAY)?", fields.get("elementtype", ""))
    if "dimsize" not in fields or kind is None or kind[1] not in META_VOXEL_BYTES:
        raise NoImageError
    if not _true(fields.get("binarydata", "true")):
        raise BadInput(f"'{path.name}' has its voxels as text; save it as binary data.")
    size = _size(path, [int(part) for part in fields["dimsize"].split()])
    if not 1 <= len(size) <= MAXIMUM_AXES:
        raise BadInput(f"'{path.name}' has {len(size)} dimensions; a volume has 3.")
    spacing = fields.get("elementspacing", fields.get("elementsize", ""))
    _require_spacing(path, [float(part) for part in spacing.split()][:3], len(size))
    data, skip = path, int(fields.get("headersize", 0))
    if fields["elementdatafile"].upper() != "LOCAL":
        data, start = _beside(path, fields["elementdatafile"]), 0
    compression = "zlib" if _true(fields.get("compresseddata", "false")) else ""
    voxel_bytes = META_VOXEL_BYTES[kind[1]] * int(fields.get("elementnumberofchannels", 1))
    told = next((fields[n] for n in ("transformmatrix", "rotation", "orientation") if n in fields), None)
    vectors = _meta_geometry(path, told, [float(part) for part in spacing.split()][:3], len(size)) if told else None
    start = None if skip < 0 else start + skip
    return Header("MetaImageIO", size, voxel_bytes, data, start, compression, told is not None, vectors)


def _meta_geometry(path: Path, told: str, spacing: Sequence[float], count: int) -> np.ndarray | None:
    """The matrix of a MetaImage: one axis after the other."""
    matrix = np.array([float(part) for part in told.split()])
    if count < 3 or matrix.size != count * count:
        return None
    return _independent(path, matrix.reshape(count, count)[:3, :3].T * spacing)


def _true(text: str) -> bool:
    return text.strip()[:1].lower() in ("t", "1")


def _fields(path: Path, line_of: re.Pattern[str], until: str) -> tuple[dict[str, str], int]:
    """Fields of a header of lines up to the one named `until` (or an empty line), and where what follows starts."""
    fields: dict[str, str] = {}
    with open(path, "rb") as stream:
        while line := stream.readline(HEADER_BYTES):
            text = line.decode("utf-8", "replace").strip()
            if (not text and not until) or stream.tell() > HEADER_BYTES:
                break
            match = line_of.fullmatch(text) if not text.startswith("#") else None
            name = match[1].strip().lower() if match else ""
            if name in fields and name != "comment":
                raise BadInput(f"The header of '{path.name}' says twice what its '{name}' is.")
            if match:
                fields[name] = match[2].strip()
            if until and name == until:
                break
        else:
            if until:
                raise NoImageError
        return fields, stream.tell()


def _size(path: Path, size: Sequence[int]) -> tuple[int, ...]:
    if not size or any(n < 1 for n in size):
        raise BadInput(f"The header of '{path.name}' is damaged: it names the size {' x '.join(map(str, size))}.")
    return tuple(int(n) for n in size)


def _beside(header: Path, name: str) -> Path:
    """The file that a header names for its voxels."""
    data = header.parent / name
    if name.upper().startswith("LIST") or "%" in name or (" " in name and not data.exists()):
        raise BadInput(f"The voxels of '{header.name}' lie in several files; save it as one file.")
    if not data.is_file():
        raise BadInput(f"The file '{data.name}' with the voxels of '{header.name}' is not there, or is no plain file.")
    return data


def _require_spacing(path: Path, spacing: Sequence[float], axes: int) -> None:
    if len(spacing) < min(axes, 3) or not all(1e-3 <= x <= 1e3 for x in spacing):
        said = f" ({_mm(spacing)})" if spacing else ""
        raise BadInput(f"The header of '{path.name}' does not say how large its voxels are{said}. Export it anew.")


def _mm(spacing: Sequence[float]) -> str:
    return " x ".join(f"{x:.4g}" for x in spacing) + " mm"
