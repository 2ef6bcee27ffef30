"""Read segments from files (label maps, seg.nrrd, DICOM SEG, RTSTRUCT; one or several) on the grid of the canonical CT.

Every label and segment of every file is either mapped to a role, or certainly another structure, or named in a finding
that withholds: nothing vanishes silently.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..ct import CT, Finding
from . import marks, provenance
from .file_roles import COUNTED, bit, read_roles, require_all_there, require_liver
from .left_out import left_out, once
from .names import ORGAN_ROLES, Role, shown
from .origin import Origin
from .said_labels import Labels, Source, model_labels, parse_labels
from .segment_files import listed, open_file
from .segments import OVERLAP_WARNED, Part, Segments, derive, on_grid_of

__all__ = ["Labels", "Source", "model_labels", "parse_labels", "read_segments", "told"]


def read_segments(
    given: str | Path | Source | Sequence[Source], ct: CT, labels: Labels | None = None, said: Origin | None = None
) -> Segments:
    """Segments from files, on the grid of `ct`, not yet checked (`Segments.checked`).

    Parameters
    ----------
    given : path, Source or sequence of Source
        NIfTI, NRRD, MHA, seg.nrrd, DICOM SEG or RTSTRUCT; several files together, formats mixed.
    labels : mapping, optional
        Role -> numbers or names of labels and segments (`parse_labels`), for the files without a role of their own.
        What it does not name is read by the names in the file; where there are none and it names no role that counts,
        1 is parenchyma and 2 tumour; 3 is a lesion that was left out in a label map of ours alone.
    said : Origin, optional
        What a reader says of who drew them (`provenance.said`).

    Raises
    ------
    BadInput
        When the files hold no such segments or do not belong to this CT.
    """
    if isinstance(given, (str, Path)):
        given = Source(Path(given))
    sources = [given] if isinstance(given, Source) else given
    labels = labels or {}
    opened = [open_file(source.path, ct) for source in sources]
    require_all_there(sources, opened, labels)
    masks = np.zeros(ct.image.GetSize()[::-1], np.uint8)
    parts: list[Part] = []
    findings: list[Finding] = []
    for number, (source, file) in enumerate(zip(sources, opened, strict=True), start=1):
        bits, found = read_roles(file, source, labels, number)
        parts += found
        findings += file.notes([part.number for part in found if part.role in COUNTED])
        if not bits.any():
            findings += file.belonging(True)
            continue
        image = sitk.GetImageFromArray(bits)
        image.CopyInformation(file.grid)
        placed, notes = on_grid_of(ct.image, image)
        masks |= sitk.GetArrayViewFromImage(placed)
        findings += notes
        findings += file.belonging(all(note.values["overlap"] >= OVERLAP_WARNED for note in notes))
    require_liver(sources, parts, bool(labels))
    for plane in masks:  # slice by slice, and in place: a thin-slice CT has many voxels
        roles = {role: plane & bit(role) > 0 for role in COUNTED}
        plane[:] = derive(roles[Role.LIVER] | roles[Role.PARENCHYMA], roles[Role.TUMOUR], roles[Role.EXCLUDED])
    derived = sitk.GetImageFromArray(masks)
    del masks
    derived.CopyInformation(ct.image)
    formats = " + ".join(dict.fromkeys(file.format for file in opened))
    origin, known = provenance.resolve(derived, ct, [marks.of_file(source.path) for source in sources], said)
    found = (*once(findings), *left_out(parts, opened), *known)
    signed = origin.sign_off if origin.sign_off is not None and origin.sign_off.time else None  # a mark has no name
    return Segments(derived, origin.with_changes(format=formats), found, tuple(parts), left_out_by=signed)


def told(parts: Sequence[Part]) -> str:
    """What each label and segment was taken for, with the file's own names: for the terminal alone."""
    named = [part for part in parts if part.name]
    groups = {
        "liver": [part for part in named if part.role in ORGAN_ROLES],
        "tumour": [part for part in named if part.role is Role.TUMOUR],
        "lesions left out": [part for part in named if part.role is Role.EXCLUDED],
        "not counted": [part for part in named if part.role in (None, Role.OTHER) and part.millilitres > 0],
    }
    said = [f"{word}: {listed([shown(part.name) for part in group])}" for word, group in groups.items() if group]
    return f"Segments taken for {'; '.join(said)}." if said else ""
