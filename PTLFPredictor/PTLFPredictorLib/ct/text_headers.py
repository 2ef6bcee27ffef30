"""Headers of lines of text: NRRD and MetaImage, attached to their voxels or beside them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..errors import BadInput
from .header_fields import MAXIMUM_AXES, Header, NoImageError, beside, checked_size, independent, require_spacing

HEADER_BYTES = 16 << 20
"""A seg.nrrd with hundreds of segments has some 100 kB."""

NRRD_TYPE = re.compile(
    r"(?:un)?(?:signed )?u?(?:(char|int8)|(short|int16)|(int|int32)|(long ?long|int64)|(float)|(double))(?: int|_t)?"
)

NRRD_VOXEL_BYTES = (1, 2, 4, 8, 4, 8)

META_VOXEL_BYTES = {"CHAR": 1, "SHORT": 2, "INT": 4, "LONG": 4, "LONG_LONG": 8, "FLOAT": 4, "DOUBLE": 8}


def read_nrrd(path: Path) -> Header:
    fields, start = _fields(path, re.compile(r"([^:=]+):(?!=)\s*(.*)"), until="")
    fields = {name.replace("datafile", "data file").replace("byteskip", "byte skip"): v for name, v in fields.items()}
    count = int(fields["dimension"]) if "dimension" in fields else 0
    if not 1 <= count <= MAXIMUM_AXES:
        raise BadInput(f"'{path.name}' has {count} dimensions; a volume has 3.")
    size = checked_size(path, [int(part) for part in fields.get("sizes", "").split()])
    kind = NRRD_TYPE.fullmatch(fields.get("type", ""))
    if kind is None or len(size) != count:
        raise NoImageError
    encoding = {"raw": "", "gz": "gzip", "gzip": "gzip"}.get(fields.get("encoding", "").lower())
    if encoding is None:
        raise BadInput(f"'{path.name}' has the encoding '{fields.get('encoding', '')[:20]}'; save it as raw or gzip.")
    data, skip = path, int(fields.get("byte skip", 0))
    if "data file" in fields:
        data, start = beside(path, fields["data file"]), 0
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
        require_spacing(path, values[:3], int(fields["dimension"]))
        return False, None
    vectors = re.findall(r"none|\([^)]*\)", fields["space directions"].lower())
    vectors = [[float(x) for x in v.strip("()").split(",")] for v in vectors if v != "none"]
    require_spacing(path, [math.hypot(*vector) for vector in vectors][:3], int(fields["dimension"]))
    space = fields.get("space", "").lower().removesuffix("-time")
    signs = next((signs for names, signs in NRRD_SPACES.items() if space in names), (1, 1, 1))
    if len(vectors) < 3 or any(len(vector) != 3 for vector in vectors[:3]):
        return bool(space), None
    return bool(space), independent(path, np.diag(signs) @ np.column_stack(vectors[:3]))


def read_meta(path: Path) -> Header:
    fields, start = _fields(path, re.compile(r"\s*(\w+)\s*=\s*(.*)"), until="elementdatafile")
    kind = re.fullmatch(r"MET_U?(\w+?)(?:_ARRAY)?", fields.get("elementtype", ""))
    if "dimsize" not in fields or kind is None or kind[1] not in META_VOXEL_BYTES:
        raise NoImageError
    if not _true(fields.get("binarydata", "true")):
        raise BadInput(f"'{path.name}' has its voxels as text; save it as binary data.")
    size = checked_size(path, [int(part) for part in fields["dimsize"].split()])
    if not 1 <= len(size) <= MAXIMUM_AXES:
        raise BadInput(f"'{path.name}' has {len(size)} dimensions; a volume has 3.")
    spacing = fields.get("elementspacing", fields.get("elementsize", ""))
    require_spacing(path, [float(part) for part in spacing.split()][:3], len(size))
    data, skip = path, int(fields.get("headersize", 0))
    if fields["elementdatafile"].upper() != "LOCAL":
        data, start = beside(path, fields["elementdatafile"]), 0
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
    return independent(path, matrix.reshape(count, count)[:3, :3].T * spacing)


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
