"""The cases that a network is trained on: from a CSV, or from a folder of one of two patterns."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ..ct import is_dicom
from ..errors import BadInput
from ..segmentation.names import Role, role_named
from ..segmentation.reading import Labels, Source, parse_labels

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "case": ("case", "id", "case id", "pseudonym"),
    "ct": ("ct", "image", "ct path", "ct file", "ct folder", "dicom"),
    "segmentation": ("segmentation", "segmentations", "mask", "masks", "label map", "labelmap", "seg"),
    "labels": ("labels", "segmentation labels", "mask labels"),
    "patient": ("patient", "patient id", "subject"),
    "split": ("split", "set"),
    "series": ("series", "series uid"),
}
"""Columns of the CSV, the documented name first."""

REQUIRED = ("case", "ct", "segmentation")

PATTERN = (
    "a folder for each case with 'ct' (a DICOM folder or an image file such as ct.nii.gz) and 'segmentation' or "
    "'labels' (a file), or nnU-Net's imagesTr/CASE_0000.nii.gz and labelsTr/CASE.nii.gz"
)


class Part(StrEnum):
    """Side of the split."""

    TRAIN = "train"
    TEST = "test"


@dataclass(frozen=True)
class TrainingCase:
    """One CT and who drew what on it, not yet read.

    Parameters
    ----------
    id : str
        Unique; stays in the results' folder and goes into no data set and no package.
    ct : Path
        DICOM folder or image file.
    segmentation : tuple of Source
    labels : mapping, optional
        What the labels mean (`parse_labels`).
    patient : str
        Two cases of one patient are never on both sides of a split; "" where it is not told.
    part : Part, optional
        Where the user has decided on which side it is.
    series : str
        Of a DICOM folder with several.
    """

    id: str
    ct: Path
    segmentation: tuple[Source, ...]
    labels: Labels | None = None
    patient: str = ""
    part: Part | None = None
    series: str = ""

    @property
    def files(self) -> list[Path]:
        """All files that the case is read from, in a fixed order."""
        inputs = (self.ct, *(source.path for source in self.segmentation))
        return [file for path in inputs for file in (sorted(path.rglob("*")) if path.is_dir() else [path])]


def read_cases(path: Path, labels: Labels | None = None) -> list[TrainingCase]:
    """Cases of a CSV or of a folder.

    Parameters
    ----------
    path : Path
        CSV with the columns case, ct, segmentation and, where they are needed, labels, patient, split (train or test)
        and series; paths are relative to it.  Or a folder (`PATTERN`).
    labels : mapping, optional
        What labels mean where a case does not say it itself.

    Raises
    ------
    BadInput
        With all that is wrong.
    """
    path = Path(path)
    if path.is_dir():
        found = _of_folder(path, labels)
    elif path.is_file():
        found = _of_csv(path, labels)
    else:
        raise BadInput(f"There is no folder or CSV '{path}' with cases to train on.")
    names = [case.id for case in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadInput(f"'{path.name}' names these cases twice: {', '.join(twice)}.")
    decided = sum(case.part is not None for case in found)
    if decided not in (0, len(found)):
        raise BadInput(
            f"The column 'split' is filled for {decided} of {len(found)} cases: fill it for all, or for none."
        )
    return found


def _of_csv(path: Path, labels: Labels | None) -> list[TrainingCase]:
    rows = _rows(path)
    header = [re.sub(r"[\s_-]+", " ", name).strip().lower() for name in rows[0]]
    places = {
        field: place
        for field, names in COLUMNS.items()
        if (place := next((header.index(name) for name in names if name in header), None)) is not None
    }
    if missing := [name for name in REQUIRED if name not in places]:
        raise BadInput(
            f"'{path.name}' has no column {', '.join(missing)}; its first row names: {', '.join(rows[0])}. "
            f"Needed are {', '.join(REQUIRED)}; possible are {', '.join(set(COLUMNS) - set(REQUIRED))}."
        )
    problems, found = [], []
    for number, row in enumerate(rows[1:], start=2):
        cells = {field: row[place].strip() if place < len(row) else "" for field, place in places.items()}
        if not any(cells.values()):
            continue
        try:
            found.append(_of_row(cells, path.parent, labels))
        except (BadInput, ValueError) as error:
            problems.append(f"row {number}: {error}")
    _raise(problems, path)
    if not found:
        raise BadInput(f"'{path.name}' has no cases below its first row.")
    return found


def _of_row(cells: Mapping[str, str], base: Path, labels: Labels | None) -> TrainingCase:
    if empty := [name for name in REQUIRED if not cells[name]]:
        raise BadInput(f"{', '.join(empty)} is empty.")
    split = cells.get("split", "").lower()
    if split not in ("", *Part):
        raise BadInput(f"split is '{split}'; train or test is meant.")
    said = parse_labels(cells["labels"]) if cells.get("labels") else labels
    return TrainingCase(
        cells["case"],
        base / cells["ct"],
        tuple(_source(part.strip(), base) for part in re.split(r"[|;\n]", cells["segmentation"]) if part.strip()),
        said,
        cells.get("patient", ""),
        Part(split) if split else None,
        cells.get("series", ""),
    )


def _source(text: str, base: Path) -> Source:
    word, equals, rest = text.partition("=")
    role = role_named(word) if equals else None
    if role is None or role is Role.OTHER or (base / text).exists():
        return Source(base / text)
    return Source(base / rest, role)


def _rows(path: Path) -> list[list[str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"'{path.name}' is not UTF-8; save it as CSV UTF-8.") from error
    if text.lower().startswith("sep="):  # a line of Excel's own
        text = text.partition("\n")[2]
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if row]
    except csv.Error as error:
        raise BadInput(f"'{path.name}' cannot be read as CSV ({error}).") from error
    if not rows:
        raise BadInput(f"'{path.name}' is empty.")
    return rows


def _of_folder(path: Path, labels: Labels | None) -> list[TrainingCase]:
    if (path / "imagesTr").is_dir():
        return _of_nnunet(path, labels)
    found, problems = [], []
    for folder in sorted(one for one in path.iterdir() if one.is_dir() and not one.name.startswith(".")):
        ct, masks = _named(folder, ("ct",)), _named(folder, ("segmentation", "labels"))
        if len(ct) == 1 and len(masks) == 1:
            found.append(TrainingCase(folder.name, ct[0], (Source(masks[0]),), labels))
        else:
            problems.append(f"'{folder.name}' holds {len(ct)} of 'ct' and {len(masks)} of 'segmentation' or 'labels'")
    _raise(problems, path)
    if not found:
        raise BadInput(f"'{path}' holds no cases. Expected is {PATTERN}; or give a CSV.")
    return found


def _named(folder: Path, stems: Iterable[str]) -> list[Path]:
    """What is called so, whatever its ending; a DICOM SEG may lie alone in a folder of that name."""
    found = [one for one in sorted(folder.iterdir()) if one.name.lower().split(".")[0] in tuple(stems)]
    if len(found) == 1 and found[0].is_dir() and "ct" not in tuple(stems):
        return [one for one in sorted(found[0].iterdir()) if one.is_file() and is_dicom(one)]
    return found


def _of_nnunet(path: Path, labels: Labels | None) -> list[TrainingCase]:
    found, problems = [], []
    for images, masks, part in (("imagesTr", "labelsTr", Part.TRAIN), ("imagesTs", "labelsTs", Part.TEST)):
        for image in sorted((path / images).glob("*_0000.*")) if (path / images).is_dir() else ():
            name, _, ending = image.name.partition("_0000")
            mask = path / masks / f"{name}{ending}"
            if mask.exists():
                found.append(TrainingCase(name, image, (Source(mask),), labels, part=part))
            else:
                problems.append(f"'{image.name}' has no '{masks}/{mask.name}'")
    _raise(problems, path)
    if not any(case.part is Part.TEST for case in found):  # then the split is ours
        found = [TrainingCase(case.id, case.ct, case.segmentation, case.labels) for case in found]
    return found


def _raise(problems: list[str], path: Path) -> None:
    if problems:
        raise BadInput(f"'{path.name}' cannot be used:\n  " + "\n  ".join(problems))
