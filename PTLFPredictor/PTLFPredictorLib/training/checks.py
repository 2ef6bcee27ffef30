"""Every case is read and checked before anything is trained, by the rules by which the product reads a case."""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from ..ct import Finding, Level, read_ct
from ..errors import BadInput, PTLFError
from ..progress import Progress, no_progress
from ..segmentation import lesions
from ..segmentation.names import Role
from ..segmentation.origin import Drawn
from ..segmentation.reading import read_segments
from ..segmentation.segments import EXCLUDED, PARENCHYMA, TUMOUR, Segments, ml_text
from ..vois import VOI
from .cases import TrainingCase

FILE = "checks.csv"

NOT_ASKED = ("mask_origin_unknown", "phase")
"""Findings that ask a reader for what training does not need; the phase has a column of its own."""

STOPS = ("segments_unknown", "segments_swapped")
"""A network would learn what these are about: a tumour that nobody named is background, parenchyma is tumour."""

STRAY_ML = 0.1
"""Tumour that lies away from the liver: more of it is an error of the label map, less is told."""


@dataclass(frozen=True)
class Checked:
    """What was found of a case.

    Parameters
    ----------
    case : TrainingCase
    number : int
        From 1, in the order given: all that the data set and every result call it.
    problems : tuple of str
        Sentences: why it cannot be trained on.
    findings : tuple of Finding
        What a reader should know.
    identity : str
        `CT.identity`.
    planes : frozenset of bytes
        Hashes of its slices' voxels, wherever they lie: two CTs that share one are of one scan.
    person : str
        Hash of the DICOM PatientID; compared, never written.
    liver_ml, tumour_ml : float
    tumours : int
    slice_mm, pixel_mm : float
    slices : int
    phase : str
    """

    case: TrainingCase
    number: int
    problems: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    identity: str = ""
    planes: frozenset[bytes] = frozenset()
    person: str = ""
    liver_ml: float = 0.0
    tumour_ml: float = 0.0
    tumours: int = 0
    slice_mm: float = 0.0
    pixel_mm: float = 0.0
    slices: int = 0
    phase: str = ""

    @property
    def name(self) -> str:
        """What it is called in data set, tables and reports."""
        return f"case_{self.number:03d}"

    @property
    def told(self) -> tuple[Finding, ...]:
        """Findings that mean something for training, as notes: there is no score that they could withhold.

        Whose hand drew the segments is known to whoever trains."""
        found = (one for one in self.findings if one.level is not Level.PASS and one.code not in NOT_ASKED)
        return tuple(replace(finding, level=Level.WARN) for finding in found)

    def row(self, patient: int) -> dict[str, Any]:
        """Its line of ``checks.csv``."""
        said = [finding.message for finding in self.told]
        return {
            "number": self.name, "case": self.case.id, "patient": patient,
            "state": "cannot be used" if self.problems else "used", "problems": " ".join(self.problems),
            "liver_ml": round(self.liver_ml, 1), "tumour_ml": round(self.tumour_ml, 2), "tumours": self.tumours,
            "slice_mm": round(self.slice_mm, 3), "pixel_mm": round(self.pixel_mm, 3), "slices": self.slices,
            "phase": self.phase, "ct_sha256": self.identity, "findings": " ".join(said),
        }  # fmt: skip


Keep = Callable[[Checked, sitk.Image, sitk.Image], None]
"""Takes a case that can be used, its canonical CT and its label map (0, 1, 2) on the CT's grid."""


def check_all(
    cases: Sequence[TrainingCase], keep: Keep | None = None, progress: Progress = no_progress
) -> list[Checked]:
    """Read and check all cases, each by itself and all together.

    Parameters
    ----------
    cases : sequence of TrainingCase
    keep : callable, optional
        Given the images of each case that can be used; they are not held in memory.
    """
    found = []
    for number, case in enumerate(cases, start=1):
        progress("Checking the cases", number - 1, len(cases))
        checked, images = check_one(case, number)
        if images is not None and keep is not None:
            keep(checked, *images)
        found.append(checked)
    progress("Checking the cases", len(cases), len(cases))
    return together(found)


def check_one(case: TrainingCase, number: int) -> tuple[Checked, tuple[sitk.Image, sitk.Image] | None]:
    """One case; its images where it can be used."""
    try:
        ct = read_ct(case.ct, series_uid=case.series or None).require_usable()
        segments = read_segments(case.segmentation, ct, case.labels)
        checked = segments.checked(ct)
    except PTLFError as error:
        return Checked(case, number, (error.message,)), None
    parenchyma = checked.vois[VOI.PARENCHYMA]
    ct = ct.with_liver(parenchyma, None)
    stray = _stray_ml(checked)
    problems = tuple(_problems(checked, stray))
    findings = [*ct.findings, *checked.findings, *_notes(checked, stray)]
    volumes, spacing = checked.volumes_ml, ct.image.GetSpacing()
    result = Checked(
        case, number, problems, tuple(findings), ct.identity, _planes(ct.image), ct.belongs.get("patient", ""),
        volumes[Role.LIVER], volumes[Role.TUMOUR], len(lesions.of_label_map(checked.labels)),
        spacing[2], spacing[0], ct.image.GetSize()[2], str(ct.phase.name),
    )  # fmt: skip
    return result, None if problems else (ct.image, _as_drawn(checked.labels))


def _as_drawn(labels: sitk.Image) -> sitk.Image:
    """What a network learns: a lesion that a reader left out is liver without tumour."""
    return sitk.ChangeLabel(labels, {EXCLUDED: PARENCHYMA})


def _planes(ct: sitk.Image) -> frozenset[bytes]:
    """See `Checked`; slices of one value alone tell nothing."""
    planes = sitk.GetArrayViewFromImage(ct)
    return frozenset(hashlib.sha256(plane.tobytes()).digest() for plane in planes if np.ptp(plane))


def _problems(segments: Segments, stray_ml: float) -> list[str]:
    found = [
        finding.message + " The part outside would be lost."
        for finding in segments.findings
        if finding.code == "segmentation_resampled" and finding.level is not Level.PASS
    ]
    found += [finding.message for finding in segments.findings if finding.code in STOPS]
    if stray_ml > STRAY_ML:
        found.append(f"{ml_text(stray_ml)} of the tumour lies away from the liver. Correct the label map.")
    return found


def _notes(segments: Segments, stray_ml: float) -> list[Finding]:
    found = []
    if 0 < stray_ml <= STRAY_ML:
        message = f"{ml_text(stray_ml)} of the tumour lies away from the liver."
        found.append(Finding("stray_tumor", Level.WARN, message, {"ml": stray_ml}))
    if (segments.array == EXCLUDED).any():
        message = "Lesions that a reader left out are learned as liver without tumour."
        found.append(Finding("left_out_is_liver", Level.PASS, message))
    if segments.origin.drawn is Drawn.MODEL and not segments.origin.edited:
        message = "The segments were drawn by a model and never changed: a network trained on them learns its mistakes."
        found.append(Finding("drawn_by_model", Level.WARN, message))
    return found


def _stray_ml(segments: Segments) -> float:
    """Volume of the tumour's pieces that touch no parenchyma (neighbours share a face, an edge or a corner)."""
    from scipy import ndimage

    around = np.ones((3, 3, 3), bool)
    pieces, count = ndimage.label(segments.array == TUMOUR, around)
    if not count:
        return 0.0
    touching = np.unique(pieces[ndimage.binary_dilation(np.isin(segments.array, (PARENCHYMA, EXCLUDED)), around)])
    sizes = np.bincount(pieces.ravel())
    sizes[[0, *touching]] = 0
    return float(sizes.sum()) * float(np.prod(segments.labels.GetSpacing())) / 1000


def together(found: Sequence[Checked]) -> list[Checked]:
    """With what only several cases can show: the same CT twice, one patient on both sides of the split.

    A copy with another origin, fewer slices or another id is the same CT: on both sides of the split it would be known
    to the network that is tested on it.
    """
    by_ct = defaultdict(list)
    for checked in found:
        for key in {checked.identity, *checked.planes} - {""}:
            by_ct[key].append(checked)
    problems = defaultdict(list)
    for checked in found:
        same = {other.number: other for key in (checked.identity, *checked.planes) for other in by_ct.get(key, ())}
        if others := ", ".join(f"'{other.case.id}'" for number, other in sorted(same.items()) if other is not checked):
            problems[checked.number].append(f"Its CT, or a part of it, is that of {others}, too.")
    by_patient = defaultdict(list)
    for checked, patient in zip(found, patients(found), strict=True):
        by_patient[patient].append(checked)
    for same in by_patient.values():
        if len({checked.case.part for checked in same}) > 1:
            names = ", ".join(f"'{checked.case.id}'" for checked in same)
            for checked in same:
                problems[checked.number].append(f"The cases {names} are of one patient, on both sides of the split.")
    return [replace(checked, problems=(*checked.problems, *problems[checked.number])) for checked in found]


def patients(found: Sequence[Checked]) -> list[int]:
    """A number for each case's patient: cases share it that share the given patient or the DICOM PatientID."""
    numbers = list(range(len(found)))
    for key in (lambda one: one.case.patient, lambda one: one.person, lambda one: one.identity):
        first: dict[str, int] = {}
        for place, checked in enumerate(found):
            value = key(checked)
            if value and (earlier := first.setdefault(value, place)) != place:
                old, new = numbers[place], numbers[earlier]
                numbers = [new if number == old else number for number in numbers]
    return [sorted(set(numbers)).index(number) + 1 for number in numbers]


def write(path: Path, found: Sequence[Checked]) -> None:
    """``checks.csv``: a line for each case.  The only file beside the user's own table that names cases."""
    rows = [checked.row(patient) for checked, patient in zip(found, patients(found), strict=True)]
    with open(path, "w", newline="", encoding="utf-8") as stream:
        table = csv.DictWriter(stream, rows[0])
        table.writeheader()
        table.writerows(rows)


def usable(found: Sequence[Checked], *, leave_out: bool = False) -> list[Checked]:
    """The cases that can be trained on.

    Raises
    ------
    BadInput
        Naming all that cannot, unless they are to be left out.
    """
    failed = [checked for checked in found if checked.problems]
    if failed and not leave_out:
        lines = "\n  ".join(f"'{checked.case.id}': {' '.join(checked.problems)}" for checked in failed)
        raise BadInput(
            f"{len(failed)} of {len(found)} cases cannot be trained on:\n  {lines}\n"
            "Correct them (in a CSV, the column labels says what labels mean, e.g. liver=1,tumor=2, and the column "
            "segmentation may name liver=FILE|tumor=FILE), or leave them out with --leave-out-failed."
        )
    return [checked for checked in found if not checked.problems]
