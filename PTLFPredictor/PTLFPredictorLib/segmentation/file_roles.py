"""Which role each label of a file has: what a person said of it, else what its name tells for certain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import BadInput
from .names import ORGAN_ROLES, Role, role_of, shown
from .said_labels import REST, Labels, Source
from .segment_files import SHOWN_NAMES, SegmentFile, listed
from .segments import EXCLUDED, Part

DEFAULT_LABELS = {1: Role.PARENCHYMA, 2: Role.TUMOUR}
"""nnU-Net's labels in the study; a label map without names is read so."""

COUNTED = (Role.LIVER, Role.PARENCHYMA, Role.TUMOUR, Role.EXCLUDED)
"""Roles that have a place in the label map.  A voxel may have several of them (a liver and a tumour in it, in two
segments or files), so a file's masks travel to the CT's grid as one image, a bit for each role (`bit`)."""


def bit(role: Role) -> int:
    """What a voxel of a role has in the image of `read_roles`: 1, 2, 4 or 8."""
    return 1 << COUNTED.index(role)


def read_roles(file: SegmentFile, source: Source, labels: Labels, number: int) -> tuple[np.ndarray, list[Part]]:
    """Bits by role on the file's own grid, and what became of each label."""
    bits = np.zeros(file.grid.GetSize()[::-1], np.uint8)
    voxel_ml = float(np.prod(file.grid.GetSpacing())) / 1000
    roles, said = _roles(file, source, labels)
    parts = []
    for label, item in file.segments.items():
        role, voxels = roles[label], file.voxels.get(label, 0)
        if label in file.refused and (role in COUNTED or (role is None and voxels)):
            ending = "" if role else f" Where it is not to be counted, say so: --labels other={label}."
            raise BadInput(file.refused[label] + ending)
        if role in COUNTED and voxels:
            bits[file.mask(label)] |= bit(role)
        parts.append(Part(label, item.name, role, label in said, voxels * voxel_ml, number))
    return bits, parts


def _roles(file: SegmentFile, source: Source, labels: Labels) -> tuple[dict[int, Role | None], set[int]]:
    """Role by number, and which of them a person gave."""
    by_name = {number: role_of(item.name, item.coded, item.region) for number, item in file.segments.items()}
    if source.role is not None:
        return _roles_of_one(file, source, by_name)
    said = {}
    for role, values in labels.items():
        found = {file.number_of(value) for value in values if value != REST} - {None}
        said |= dict.fromkeys(found, role)
    roles: dict[int, Role | None] = {**by_name, **said}
    if not file.is_named and not any(role in COUNTED and role is not Role.EXCLUDED for role in labels):
        if len(file.segments) == 1 and not said and not file.is_ours:
            only = next(iter(file.segments))
            raise BadInput(
                f"'{file.name}' holds the label {only} alone, and does not say whether that is the liver, the "
                f"parenchyma or the tumour. Say it: --segmentation liver={file.name} (or parenchyma=, tumor=); "
                "further files by further --segmentation."
            )
        known = {**DEFAULT_LABELS, EXCLUDED: Role.EXCLUDED} if file.is_as_marked else DEFAULT_LABELS
        roles |= {label: role for label, role in known.items() if label in file.segments and label not in said}
    if REST in labels.get(Role.OTHER, ()):
        rest = {label for label, role in roles.items() if role is None}
        roles |= dict.fromkeys(rest, Role.OTHER)
        said |= dict.fromkeys(rest, Role.OTHER)
    return roles, set(said)


def _roles_of_one(
    file: SegmentFile, source: Source, by_name: dict[int, Role | None]
) -> tuple[dict[int, Role | None], set[int]]:
    """Roles in a file that was given for one role: all of it, or what is named so."""
    full = [label for label in file.segments if file.voxels.get(label, 0)]
    role = source.role
    fits = ORGAN_ROLES if role in ORGAN_ROLES else (role, Role.TUMOUR) if role is Role.EXCLUDED else (role,)
    if len(full) == 1:
        known = by_name[full[0]]
        if known is not None and known not in fits:
            name = shown(file.segments[full[0]].name)
            raise BadInput(f"'{file.name}' was given for the {_WORDS[role]}, but its segment is named '{name}'.")
        return {**dict.fromkeys(file.segments), full[0]: role}, {full[0]}
    if not file.is_named:
        values = "+".join(map(str, full[:SHOWN_NAMES])) or "0"
        raise BadInput(
            f"'{file.name}' was given for the {_WORDS[role]}, but holds the labels {values.replace('+', ', ')}. Give "
            f"it without '{role.value}=' and say its labels, e.g. --labels {role.value}={values}."
        )
    roles = {label: found if found in (*fits, None) else Role.OTHER for label, found in by_name.items()}
    if role is Role.EXCLUDED:  # a lesion by its name, left out by whoever gives the file
        roles = {label: role if found in fits else found for label, found in roles.items()}
    return roles, {label for label, found in roles.items() if found is Role.OTHER and by_name[label] is not Role.OTHER}


_WORDS = {
    Role.LIVER: "liver", Role.PARENCHYMA: "parenchyma", Role.TUMOUR: "tumour", Role.EXCLUDED: "lesions left out",
    Role.OTHER: "other structures",
}  # fmt: skip


def require_all_there(sources: Sequence[Source], opened: Sequence[SegmentFile], labels: Labels) -> None:
    """Raise `BadInput` for a label that a person named and no file holds."""
    files = [file for source, file in zip(sources, opened, strict=True) if source.role is None]
    if labels and not files:
        raise BadInput("--labels is for files that are given without a role (--segmentation FILE).")
    for role, values in labels.items():
        for value in values:
            if value == REST or any(file.number_of(value) is not None for file in files):
                continue
            has = "; ".join(f"'{file.name}' has the {file.word}s {_contents(file)}" for file in files)
            raise BadInput(f"There is no label '{value}' for {role.value} (--labels): {has}.")


def _contents(file: SegmentFile) -> str:
    items = [f"{number} ({shown(item.name)})" if item.name else str(number) for number, item in file.segments.items()]
    return listed(items) or "0 alone"


def require_liver(sources: Sequence[Source], parts: Sequence[Part], said: bool) -> None:
    if any(part.role in ORGAN_ROLES and part.millilitres > 0 for part in parts):
        return
    if any(part.name for part in parts):
        names = listed([shown(part.name) or str(part.number) for part in parts])
        raise BadInput(
            f"None of the segments ({names}) is certainly the liver or its parenchyma. Say what they are, by number or "
            "by name, e.g. --labels liver=1,tumor=2."
        )
    if len(sources) > 1 or sources[0].role is not None:
        raise BadInput("There is no liver among the files. Give it too: --segmentation liver=FILE or parenchyma=FILE.")
    name, values = sources[0].path.name, listed([str(part.number) for part in parts])
    if not values:
        raise BadInput(f"'{name}' is empty: it holds no label but 0.")
    expected = "" if said else " (without --labels, 1 is the parenchyma and 2 tumour)"
    raise BadInput(
        f"'{name}' has no liver: it holds the labels {values}{expected}. Say which labels are meant with --labels "
        "liver=..,tumor=.."
    )
