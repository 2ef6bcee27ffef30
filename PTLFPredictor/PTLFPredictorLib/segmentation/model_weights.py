"""A checkpoint as untrusted input: its pickle read opcode by opcode, its tensors hashed; nothing of it is executed.

Nothing here needs torch (`weights` loads what has passed).
"""

from __future__ import annotations

import hashlib
import pickletools
import zipfile
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import UnusableModel

PICKLE_BYTES = 64 << 20
"""The pickle in a checkpoint names its tensors and holds the training's curves: some 100 kB."""

PICKLED = frozenset(
    {
        "collections OrderedDict",
        "torch._utils _rebuild_tensor_v2",
        "torch._utils _rebuild_parameter",
        *(
            f"torch {kind}Storage"
            for kind in ("Half", "BFloat16", "Float", "Double", "Long", "Int", "Short", "Byte", "Bool")
        ),
        "torch device",
        "torch Size",
        *(f"{module}.multiarray scalar" for module in ("numpy.core", "numpy._core")),
        "numpy dtype",
        "numpy.dtypes Float32DType",
        "numpy.dtypes Float64DType",
        "_codecs encode",
    }
)
"""Everything that a checkpoint of nnU-Net v2 names; each is data."""


MIRRORING = "inference_allowed_mirroring_axes"
"""nnU-Net's name in a checkpoint for the axes that its training mirrored."""


@lru_cache(maxsize=256)
def tensors_sha256(checkpoint: Path, _changed: int) -> str:
    digests = []
    try:
        with zipfile.ZipFile(checkpoint) as archive:
            for member in archive.infolist():
                if PurePosixPath(member.filename).parent.name == "data":
                    with archive.open(member) as data:
                        digests.append(hashlib.file_digest(data, "sha256").hexdigest())
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise UnusableModel(f"The weights {checkpoint.parent.name}/{checkpoint.name} are damaged ({error}).") from error
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


def check_pickle(checkpoint: Path) -> str:
    """Refuse weights that are damaged or whose pickle names anything but data (`PICKLED`).

    Returns
    -------
    str
        The configuration that they say they were trained with; "" where they say none.
    """
    shown = f"{checkpoint.parent.name}/{checkpoint.name}"
    try:
        with zipfile.ZipFile(checkpoint) as archive:
            pickles = [member for member in archive.infolist() if member.filename.endswith(".pkl")]
            if len(pickles) != 1 or not pickles[0].filename.endswith("data.pkl") or not _as_torch_saves(pickles[0]):
                raise UnusableModel(f"The weights {shown} are not as PyTorch 1.6 or newer writes them.")
            pickled = archive.read(pickles[0])
            named = sorted(set(_globals(pickled)) - PICKLED)
            configuration = _text_after("configuration", pickled)
    except (zipfile.BadZipFile, EOFError, ValueError, OSError, IndexError, RuntimeError) as error:
        raise UnusableModel(f"The weights {shown} are damaged or cut off ({error}). Get the model again.") from error
    if named:
        raise UnusableModel(
            f"The weights {shown} want to run code ({', '.join(name.replace(' ', '.') for name in named[:4])}). "
            "Nothing was executed. Do not use this model."
        )
    return configuration


@lru_cache(maxsize=256)
def mirrored_axes(checkpoint: Path, _changed: int) -> tuple[int, ...] | None:
    """Axes that the training mirrored, as nnU-Net wrote them into the weights; None where they do not say.

    Nothing large is read: the pickle alone, opcode by opcode.
    """
    try:
        with zipfile.ZipFile(checkpoint) as archive:
            pickle = next(member for member in archive.infolist() if member.filename.endswith("data.pkl"))
            return _numbers_after(MIRRORING, archive.read(pickle)) if _as_torch_saves(pickle) else None
    except (zipfile.BadZipFile, EOFError, ValueError, OSError, IndexError, RuntimeError, StopIteration):
        return None


def _as_torch_saves(member: zipfile.ZipInfo) -> bool:
    return member.compress_type == zipfile.ZIP_STORED and member.file_size <= PICKLE_BYTES


def _globals(pickled: bytes) -> Iterator[str]:
    for opcode, argument, _ in pickletools.genops(pickled):
        if opcode.name in ("GLOBAL", "INST"):
            yield argument
        elif opcode.name in ("STACK_GLOBAL", "EXT1", "EXT2", "EXT4"):
            yield opcode.name  # what it names is only known by executing; torch does not write it


def _numbers_after(key: str, pickled: bytes) -> tuple[int, ...] | None:
    """The small numbers in the tuple (or nothing: ()) that a pickle holds right after the text `key`; else None."""
    opcodes = pickletools.genops(pickled)
    if not any("UNICODE" in opcode.name and argument == key for opcode, argument, _ in opcodes):
        return None
    numbers: list[int] = []
    for opcode, argument, _ in opcodes:
        if opcode.name in ("NONE", "EMPTY_TUPLE"):
            return ()
        if opcode.name in ("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"):
            return tuple(numbers)
        if opcode.name == "BININT1":
            numbers.append(int(argument))
        elif opcode.name not in ("BINPUT", "LONG_BINPUT", "MEMOIZE", "MARK"):
            break
    return None


def _text_after(key: str, pickled: bytes) -> str:
    """The text that a pickle holds right after the text `key`: a dictionary's value; "" where there is none."""
    memo: dict[int, Any] = {}
    before = last = None
    for opcode, argument, _ in pickletools.genops(pickled):
        if opcode.name in ("BINPUT", "LONG_BINPUT", "PUT"):
            memo[int(argument)] = last
            continue
        if opcode.name == "MEMOIZE":
            memo[len(memo)] = last
            continue
        got = memo.get(int(argument)) if opcode.name in ("BINGET", "LONG_BINGET", "GET") else argument
        before, last = last, got if "UNICODE" in opcode.name or "GET" in opcode.name else None
        if before == key and isinstance(last, str):
            return last
    return ""
