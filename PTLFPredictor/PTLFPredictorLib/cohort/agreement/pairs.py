"""Which two label maps belong to one case: a table's rows, or two folders' files of one name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import BadInput
from ...segmentation.reading import Source
from ..table.paths import path_of, sources_of
from ..table.sheet import read_sheet

ENDINGS = (".nii.gz", ".nii", ".seg.nrrd", ".nrrd", ".mha", ".dcm")
"""Files of a folder that are label maps."""

COLUMNS = ("case", "first", "second")
"""What a table needs; "ct" may be there too."""


@dataclass(frozen=True)
class Pair:
    """Two segmentations of a case.

    Parameters
    ----------
    case : str
    first, second : tuple of Source
        Files of each; where one of them is the reference, it is the second.
    ct : Path or None
    """

    case: str
    first: tuple[Source, ...]
    second: tuple[Source, ...]
    ct: Path | None = None


def of_table(path: Path) -> list[Pair]:
    """The pairs of a CSV or Parquet table with the columns case, first, second and, if wanted, ct.

    Paths are relative to the table; several files of one reader are separated by ``;``, each ``[ROLE=]FILE``.

    Raises
    ------
    BadInput
        Where a column or a cell is missing, or a case is named twice.
    """

    def judge(row: Sequence[str]) -> int:
        names = {cell.lower() for cell in row}
        return len(names) if names.issuperset(COLUMNS) else 0

    sheet = read_sheet(path, judge, f"two segmentations ({', '.join(COLUMNS)}, and ct if there is one)")
    names = [name.lower() for name in sheet.header]
    pairs = []
    for number, row in sheet.rows:
        cells = dict(zip(names, (*row, *("",) * len(names)), strict=False))
        lacking = [name for name in COLUMNS if not cells[name]]
        if lacking:
            raise BadInput(f"Row {number} of '{path.name}' has no {' and no '.join(lacking)}.")
        first, second = (sources_of(cells[name], path.parent) for name in COLUMNS[1:])
        ct = path_of(cells["ct"], path.parent) if cells.get("ct") else None
        pairs.append(Pair(cells["case"], first, second, ct))
    return _each_once(pairs, path.name)


def of_folders(first: Path, second: Path, cts: Path | None = None) -> list[Pair]:
    """The pairs of two folders: files of the same name before its ending.

    Parameters
    ----------
    first, second : Path
    cts : Path, optional
        A folder with the CTs: files of that name, or with nnU-Net's ``_0000`` after it, or folders.

    Raises
    ------
    BadInput
        Where no file of one has its partner in the other, or some have none.
    """
    found = [_by_name(folder) for folder in (first, second)]
    both = sorted(found[0].keys() & found[1].keys())
    if not both:
        raise BadInput(
            f"No label map in '{first}' has a partner of the same name in '{second}'. Give a table instead "
            f"(--table CSV with the columns {', '.join(COLUMNS)})."
        )
    alone = sorted(found[0].keys() ^ found[1].keys())
    if alone:
        raise BadInput(
            f"{len(alone)} label maps have no partner of the same name in the other folder (first: '{alone[0]}'). Move "
            "them away, or give a table (--table CSV)."
        )
    scans = {} if cts is None else {**_by_name(cts), **{one.name: one for one in cts.iterdir() if one.is_dir()}}
    pairs = []
    for name in both:
        ct = scans.get(name) or scans.get(f"{name}_0000")
        if cts is not None and ct is None:
            raise BadInput(f"There is no CT of '{name}' in '{cts}'.")
        pairs.append(Pair(name, (Source(found[0][name]),), (Source(found[1][name]),), ct))
    return pairs


def _by_name(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        ending = next((end for end in ENDINGS if path.name.lower().endswith(end)), None)
        if ending is None or not path.is_file() or path.name.startswith("."):
            continue
        name = path.name[: -len(ending)]
        if name in found:
            raise BadInput(f"'{folder}' holds two files of the case '{name}': {found[name].name} and {path.name}.")
        found[name] = path
    return found


def _each_once(pairs: list[Pair], table: str) -> list[Pair]:
    cases = [pair.case for pair in pairs]
    twice = sorted({case for case in cases if cases.count(case) > 1})
    if twice:
        raise BadInput(f"'{table}' names the case '{twice[0]}' more than once.")
    if not pairs:
        raise BadInput(f"'{table}' has no row below its header.")
    return pairs
