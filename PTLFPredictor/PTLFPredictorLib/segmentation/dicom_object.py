"""Read a DICOM object that tells where segments are, by its modality."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ..errors import BadInput, MissingDependency, PTLFError, is_out_of_memory

NAMES = {"SEG": "DICOM SEG", "RTSTRUCT": "RTSTRUCT"}
"""Modality -> what people call such a file."""

Read = TypeVar("Read")


@dataclass(frozen=True)
class Described:
    """A segment's name and coded meaning."""

    name: str
    coded: str = ""
    region: str = ""


def read(path: Path, readers: Mapping[str, Callable[[Any], Read]]) -> tuple[str, Read]:
    """The modality of a file, and what its reader makes of its data set.

    Parameters
    ----------
    path : Path
    readers : mapping of str to callable
        By modality, of `NAMES`.

    Raises
    ------
    BadInput
        For another kind of DICOM, a damaged file, and what the reader refuses.
    """
    words = " or ".join(NAMES[modality] for modality in readers)
    try:
        import pydicom
    except ImportError as error:
        raise MissingDependency(f"pydicom is not installed; it is needed to read {words}.") from error
    modality = ""
    try:
        data = pydicom.dcmread(path, force=True)
        modality = str(data.get("Modality"))
        if modality not in readers:
            raise BadInput(f"'{path.name}' is a DICOM file, but no {words}.")
        return modality, readers[modality](data)
    except PTLFError:
        raise
    except Exception as error:  # pydicom and its decoders raise nearly anything on a damaged file
        if is_out_of_memory(error):
            raise
        raise BadInput(
            f"The {NAMES.get(modality, 'DICOM file')} '{path.name}' cannot be read: it is damaged or incomplete. Save "
            "it again, or as a label map."
        ) from error


def described(item: Any, name: str, coded: str) -> Described:
    """Name and codes of an item of a DICOM sequence; `name` and `coded` are the keywords that hold them."""

    def meaning(sequence: str) -> str:
        codes = item.get(sequence)
        return str(codes[0].get("CodeMeaning", "")) if codes else ""

    return Described(str(item.get(name, "")), meaning(coded), meaning("AnatomicRegionSequence"))


def by_number(items: Iterable[Any], keyword: str, kind: str, name: str) -> dict[int, Any]:
    """Items of a sequence by their number; raises `BadInput` where two have the same: nobody could tell which is meant.

    Parameters
    ----------
    items : iterable of pydicom.Dataset
    keyword : str
        Of the number.
    kind, name : str
        What people call such a file, and its name.
    """
    found: dict[int, Any] = {}
    for item in items:
        number = int(item[keyword].value)
        if number in found:
            raise BadInput(
                f"The {kind} '{name}' is damaged: it holds two structures with the number {number} ({keyword}). "
                "Save it again, or as a label map."
            )
        found[number] = item
    return found
