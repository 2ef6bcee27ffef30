"""Read segments from files: label maps, seg.nrrd, DICOM SEG, one file or several, on the grid of the canonical CT.

Every label and segment of every file is either mapped to a role, or certainly another structure, or named in a finding
that withholds: nothing vanishes silently.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..ct import CT, Finding, Level, belonging, read_image_file
from ..ct.dicom import is_dicom
from ..ct.files import require_perpendicular
from ..errors import BadInput
from . import dicom_seg, provenance
from .dicom_seg import Described
from .names import ORGAN_ROLES, Role, of_terminology, plain, role_named, role_of
from .origin import Origin
from .segments import OVERLAP_WARNED, Part, Segments, derive, ml_text, on_grid_of

DEFAULT_LABELS = {1: Role.PARENCHYMA, 2: Role.TUMOUR}
"""nnU-Net's labels in the study; a label map without names is read so."""

MOST_LABELS = 1000
"""A file with more different values is an image, not a label map."""

SHOWN_NAMES = 12

NAME_LENGTH = 64

REST = "rest"
"""In ``--labels other=rest``: every label that nothing else was said of."""

Labels = Mapping[Role, tuple[int | str, ...]]
"""What a person said with ``--labels``: role -> numbers or names of labels and segments."""


@dataclass(frozen=True)
class Source:
    """A segmentation file, and what it holds where it holds one thing.

    Parameters
    ----------
    path : Path
    role : Role, optional
        None where the file itself, or ``--labels``, tells several things apart.
    """

    path: Path
    role: Role | None = None

    @classmethod
    def parse(cls, text: str | Path) -> Source:
        """``FILE`` or ``ROLE=FILE``; other words before ``=`` are part of the file's name, as in a file that exists."""
        word, equals, rest = str(text).partition("=")
        role = role_named(word) if equals else None
        if role is None or role is Role.OTHER or Path(text).exists():
            return cls(Path(text))
        return cls(Path(rest), role)

    def __str__(self) -> str:
        return str(self.path)


def read_segments(
    given: str | Path | Source | Sequence[Source], ct: CT, labels: Labels | None = None, said: Origin | None = None
) -> Segments:
    """Segments from files, on the grid of `ct`, not yet checked (`Segments.checked`).

    Parameters
    ----------
    given : path, Source or sequence of Source
        NIfTI, NRRD, MHA, seg.nrrd or DICOM SEG; several files together, formats mixed.
    labels : mapping, optional
        Role -> numbers or names of labels and segments (`parse_labels`), for the files without a role of their own.
        What it does not name is read by the names in the file; where there are none and it names no role that counts,
        1 is parenchyma and 2 tumour.
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
    opened = [_open(source.path, ct) for source in sources]
    _all_there(sources, opened, labels)
    masks = np.zeros(ct.image.GetSize()[::-1], np.uint8)
    parts: list[Part] = []
    findings: list[Finding] = []
    for number, (source, file) in enumerate(zip(sources, opened, strict=True), start=1):
        bits, found = _read(file, source, labels, number)
        parts += found
        if not bits.any():
            findings += file.belonging(True)
            continue
        image = sitk.GetImageFromArray(bits)
        image.CopyInformation(file.grid)
        placed, notes = on_grid_of(ct.image, image)
        masks |= sitk.GetArrayViewFromImage(placed)
        findings += notes
        findings += file.belonging(all(note.values["overlap"] >= OVERLAP_WARNED for note in notes))
    _require_liver(sources, parts, bool(labels))
    roles = {role: masks & _bit(role) > 0 for role in _COUNTED}
    derived = sitk.GetImageFromArray(derive(roles[Role.LIVER] | roles[Role.PARENCHYMA], roles[Role.TUMOUR]))
    derived.CopyInformation(ct.image)
    formats = " + ".join(dict.fromkeys(file.format for file in opened))
    origin, known = provenance.resolve(derived, ct, [provenance.of_file(source.path) for source in sources], said)
    found = (*_once(findings), *_left_out(parts, opened), *known)
    return Segments(derived, origin.with_changes(format=formats), found, tuple(parts))


def parse_labels(given: str | Iterable[str] | None) -> Labels | None:
    """``"liver=5,tumor=7+8"`` -> ``{Role.LIVER: (5,), Role.TUMOUR: (7, 8)}``; what is said again is added.

    Names of segments may stand for numbers.  ``other=3`` says that a label is neither liver nor tumour, ``other=rest``
    that all that were not named are neither.
    """
    if given is None:
        return None
    roles: dict[Role, tuple[int | str, ...]] = {}
    for text in [given] if isinstance(given, str) else given:
        for part in text.split(","):
            word, _, values = part.partition("=")
            role = role_named(word)
            listed = [value.strip() for value in values.split("+")]
            if role is None or "=" in values or ";" in values or not all(listed):
                raise BadInput(
                    f"--labels '{text}' cannot be read; write e.g. liver=5,tumor=7+8 "
                    f"({', '.join(role.value for role in Role)}; several labels of one role with '+')."
                )
            chosen = tuple(int(value) if value.isdecimal() else value for value in listed)
            if REST in chosen and role is not Role.OTHER:
                raise BadInput(f"--labels '{text}' cannot be read; only other=rest is possible.")
            roles[role] = tuple(dict.fromkeys((*roles.get(role, ()), *chosen)))
    every = [value for values in roles.values() for value in values]
    twice = sorted({str(value) for value in every if every.count(value) > 1})
    if twice:
        raise BadInput(f"--labels gives {', '.join(twice)} two roles; each label has one.")
    return roles


def model_labels(labels: Labels | None) -> dict[str, tuple[int, ...]] | None:
    """What was said of a model's labels, as a catalogue's entry takes it; a model's whole liver is parenchyma there."""
    if labels is None:
        return None
    names = [value for values in labels.values() for value in values if isinstance(value, str) and value != REST]
    if names:
        raise BadInput(f"--labels of a model are numbers; '{names[0]}' is none.")
    roles = {
        "parenchyma": (*labels.get(Role.PARENCHYMA, ()), *labels.get(Role.LIVER, ())),
        "tumor": labels.get(Role.TUMOUR, ()),
    }
    return {role: values for role, values in roles.items() if values}


def told(parts: Sequence[Part]) -> str:
    """What each label and segment was taken for, with the file's own names: for the terminal alone."""
    named = [part for part in parts if part.name]
    groups = {
        "liver": [part for part in named if part.role in ORGAN_ROLES],
        "tumour": [part for part in named if part.role is Role.TUMOUR],
        "not counted": [part for part in named if part.role in (None, Role.OTHER) and part.millilitres > 0],
    }
    said = [f"{word}: {_listed([_shown(part.name) for part in group])}" for word, group in groups.items() if group]
    return f"Segments taken for {'; '.join(said)}." if said else ""


# One file


@dataclass(frozen=True)
class _File:
    """What a file holds: names by number, and masks on the grid of `grid`; `is_ours`: our mark tells its labels."""

    name: str
    format: str
    grid: sitk.Image
    segments: Mapping[int, Described]
    voxels: Mapping[int, int]
    is_named: bool
    mask: Callable[[int], np.ndarray]
    belonging: Callable[[bool], list[Finding]] = lambda positions_agree: []
    is_ours: bool = False

    @property
    def word(self) -> str:
        return "segment" if self.is_named else "label"

    def number_of(self, label: int | str) -> int | None:
        """The number of what a person calls so, None where there is no such label."""
        if label in self.segments:
            return int(label)
        wanted = str(label).casefold()
        return next((n for n, item in self.segments.items() if item.name.strip().casefold() == wanted), None)


_COUNTED = (Role.LIVER, Role.PARENCHYMA, Role.TUMOUR)


def _bit(role: Role) -> int:
    return 1 << _COUNTED.index(role)


def _open(path: Path, ct: CT) -> _File:
    if not path.exists():
        raise BadInput(f"There is no segmentation file '{path}'.")
    if path.is_dir():
        raise BadInput(f"'{path.name}' is a folder; name the segmentation file itself.")
    if is_dicom(path):
        read = dicom_seg.read(path, ct.image.GetSpacing()[2], ct.findings)
        hashed = belonging.hashed_identifiers(read.header.get)

        def check(positions_agree: bool) -> list[Finding]:
            return belonging.check(hashed, ct.belongs, positions_agree=positions_agree)

        check(True)
        return _File(path.name, "DICOM SEG", read.grid, read.segments, read.voxels, True, read.mask, check)
    image = _read_image(path)
    if not any(finding.code == "gantry_tilt" for finding in ct.findings):
        require_perpendicular(path)
    keys = image.GetMetaDataKeys()
    numbers = sorted({int(m[1]) for key in keys if (m := re.fullmatch(r"Segment(\d+)_(?:Name|ID)", key))})
    return _of_seg_nrrd(image, numbers, path.name) if numbers else _of_label_map(image, path)


def _read_image(path: Path) -> sitk.Image:
    """The image of a file that is no DICOM, three-dimensional."""
    image = read_image_file(path, "label map")
    if image.GetDimension() == 4 and image.GetSize()[3] == 1:
        image = image[:, :, :, 0]
    if image.GetDimension() != 3:
        raise BadInput(
            f"'{path.name}' has {image.GetDimension()} dimensions; a 3D label map is needed. Save each volume as a "
            "file of its own and name them with --segmentation liver=FILE --segmentation tumor=FILE."
        )
    return image


def _of_label_map(image: sitk.Image, path: Path) -> _File:
    if image.GetNumberOfComponentsPerPixel() > 1:
        raise BadInput(
            f"'{path.name}' is a colour or vector image, not a label map. Save each mask as a file of its own and name "
            "them with --segmentation liver=FILE --segmentation tumor=FILE."
        )
    array = _whole_numbers(sitk.GetArrayFromImage(image), path.name)
    counts = {value: count for value, count in _counts(array, path.name).items() if value != 0}
    segments = {value: Described("") for value in sorted(counts)}
    word = "NIfTI" if ".nii" in path.name.lower() else path.suffix.lstrip(".").upper()
    ours = provenance.of_file(path) is not None
    return _File(path.name, word, image, segments, counts, False, lambda label: array == label, is_ours=ours)


def _of_seg_nrrd(image: sitk.Image, numbers: list[int], name: str) -> _File:
    """Segments of a file of 3D Slicer: by layer and label value; up to Slicer 4.10 segment i is volume i, value 1."""

    def meta(key: str) -> str | None:
        return image.GetMetaData(key) if image.HasMetaDataKey(key) else None

    kinds = {meta(f"Segmentation_{key}Representation") for key in ("Master", "Source")}
    if "Fractional labelmap" in kinds:
        raise BadInput(
            f"'{name}' holds fractions (a fractional labelmap), not outlines. In 3D Slicer's Segmentations module, "
            "make the binary labelmap the source representation and save again."
        )
    count = image.GetNumberOfComponentsPerPixel()
    array = sitk.GetArrayFromImage(image)
    layers = [_whole_numbers(array if count == 1 else array[..., layer], name) for layer in range(count)]
    places: dict[tuple[int, int], int] = {}
    described = {}
    for index in numbers:
        shown = meta(f"Segment{index}_Name") or meta(f"Segment{index}_ID") or ""
        try:
            layer = int(meta(f"Segment{index}_Layer") or (index if count > 1 else 0))
            value = int(meta(f"Segment{index}_LabelValue") or 1)
            if not 0 <= layer < count:
                raise ValueError(f"layer {layer} of {count}")
            if (layer, value) in places:
                raise ValueError("it shares its voxels with another one")
        except ValueError as error:
            raise BadInput(
                f"The header of '{name}' does not say where segment '{_shown(shown)}' is ({error})."
            ) from error
        kind = layers[layer].dtype
        if value == 0 or (kind.kind in "iu" and not np.iinfo(kind).min <= value <= np.iinfo(kind).max):
            raise BadInput(
                f"The header of '{name}' gives segment '{_shown(shown)}' the label {value}, which its voxels ({kind}) "
                "cannot hold."
            )
        places[layer, value] = index
        described[layer, value] = Described(shown, *_terminology(meta(f"Segment{index}_Tags") or ""))
    counts = {
        (layer, value): count
        for layer, voxels in enumerate(layers)
        for value, count in _counts(voxels, name).items()
        if value != 0
    }
    strays = [place for place in counts if place not in places]
    values = [value for _, value in (*places, *strays)]
    if len(set(values)) == len(values):
        named = {value: (layer, value) for layer, value in (*places, *strays)}
    else:
        named = dict(enumerate(sorted(places, key=places.__getitem__), start=1))
        named |= dict(enumerate(strays, start=len(named) + 1))
    segments = {number: described.get(place, Described("")) for number, place in named.items()}

    def mask(number: int) -> np.ndarray:
        layer, value = named[number]
        return layers[layer] == value

    grid = image if count == 1 else sitk.VectorIndexSelectionCast(image, 0)
    voxels = {number: counts.get(place, 0) for number, place in named.items()}
    return _File(name, "seg.nrrd", grid, segments, voxels, True, mask)


def _terminology(tags: str) -> tuple[str, str]:
    entry = re.search(r"TerminologyEntry:([^|]*)", tags)
    return of_terminology(entry[1]) if entry else ("", "")


def _whole_numbers(array: np.ndarray, name: str) -> np.ndarray:
    """The same values as integers."""
    if array.dtype.kind in "iub":
        return array
    if array.dtype.kind != "f" or not np.isfinite(array).all() or np.abs(array - np.rint(array)).max() > 1e-3:
        raise BadInput(f"'{name}' has values that are no labels (fractions); a label map is needed.")
    if np.abs(array).max() > 2**31:
        raise BadInput(f"'{name}' has values that are no labels (too large); a label map is needed.")
    return np.rint(array).astype(np.int64)


def _counts(array: np.ndarray, name: str) -> dict[int, int]:
    """Voxels by value, slice by slice."""
    counts: dict[int, int] = {}
    for plane in array:
        low, high = int(plane.min()), int(plane.max())
        if high - low < 2**16:
            bins = np.bincount((plane.astype(np.int64) - low).ravel() if low else plane.ravel())
            values = np.flatnonzero(bins)
            found = zip((values + low).tolist(), bins[values].tolist(), strict=True)
        else:
            found = zip(*(part.tolist() for part in np.unique(plane, return_counts=True)), strict=True)
        for value, count in found:
            counts[value] = counts.get(value, 0) + count
        if len(counts) > MOST_LABELS:
            raise BadInput(f"'{name}' has more than {MOST_LABELS} different values: it is an image, not a label map.")
    return counts


# Roles


def _read(file: _File, source: Source, labels: Labels, number: int) -> tuple[np.ndarray, list[Part]]:
    """Bits by role on the file's own grid, and what became of each label."""
    bits = np.zeros(file.grid.GetSize()[::-1], np.uint8)
    voxel_ml = float(np.prod(file.grid.GetSpacing())) / 1000
    roles, said = _roles(file, source, labels)
    parts = []
    for label, item in file.segments.items():
        role, voxels = roles[label], file.voxels.get(label, 0)
        if role in _COUNTED and voxels:
            bits[file.mask(label)] |= _bit(role)
        parts.append(Part(label, item.name, role, label in said, voxels * voxel_ml, number))
    return bits, parts


def _roles(file: _File, source: Source, labels: Labels) -> tuple[dict[int, Role | None], set[int]]:
    """Role by number, and which of them a person gave."""
    by_name = {number: role_of(item.name, item.coded, item.region) for number, item in file.segments.items()}
    if source.role is not None:
        return _roles_of_one(file, source, by_name)
    said = {}
    for role, values in labels.items():
        found = {file.number_of(value) for value in values if value != REST} - {None}
        said |= dict.fromkeys(found, role)
    roles: dict[int, Role | None] = {**by_name, **said}
    if not file.is_named and not any(role in _COUNTED for role in labels):
        if len(file.segments) == 1 and not said and not file.is_ours:
            only = next(iter(file.segments))
            raise BadInput(
                f"'{file.name}' holds the label {only} alone, and does not say whether that is the liver, the "
                f"parenchyma or the tumour. Say it: --segmentation liver={file.name} (or parenchyma=, tumor=); "
                "further files by further --segmentation."
            )
        roles |= {label: role for label, role in DEFAULT_LABELS.items() if label in file.segments and label not in said}
    if REST in labels.get(Role.OTHER, ()):
        rest = {label for label, role in roles.items() if role is None}
        roles |= dict.fromkeys(rest, Role.OTHER)
        said |= dict.fromkeys(rest, Role.OTHER)
    return roles, set(said)


def _roles_of_one(
    file: _File, source: Source, by_name: dict[int, Role | None]
) -> tuple[dict[int, Role | None], set[int]]:
    """Roles in a file that was given for one role: all of it, or what is named so."""
    full = [label for label in file.segments if file.voxels.get(label, 0)]
    role = source.role
    fits = ORGAN_ROLES if role in ORGAN_ROLES else (role,)
    if len(full) == 1:
        known = by_name[full[0]]
        if known is not None and known not in fits:
            name = _shown(file.segments[full[0]].name)
            raise BadInput(f"'{file.name}' was given for the {_WORDS[role]}, but its segment is named '{name}'.")
        return {**dict.fromkeys(file.segments), full[0]: role}, {full[0]}
    if not file.is_named:
        values = "+".join(map(str, full[:SHOWN_NAMES])) or "0"
        raise BadInput(
            f"'{file.name}' was given for the {_WORDS[role]}, but holds the labels {values.replace('+', ', ')}. Give "
            f"it without '{role.value}=' and say its labels, e.g. --labels {role.value}={values}."
        )
    roles = {label: found if found in (*fits, None) else Role.OTHER for label, found in by_name.items()}
    return roles, {label for label, found in roles.items() if found is Role.OTHER and by_name[label] is not Role.OTHER}


_WORDS = {Role.LIVER: "liver", Role.PARENCHYMA: "parenchyma", Role.TUMOUR: "tumour", Role.OTHER: "other structures"}


def _all_there(sources: Sequence[Source], opened: Sequence[_File], labels: Labels) -> None:
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


def _contents(file: _File) -> str:
    items = [f"{number} ({_shown(item.name)})" if item.name else str(number) for number, item in file.segments.items()]
    return _listed(items) or "0 alone"


def _require_liver(sources: Sequence[Source], parts: Sequence[Part], said: bool) -> None:
    if any(part.role in ORGAN_ROLES and part.millilitres > 0 for part in parts):
        return
    if any(part.name for part in parts):
        names = _listed([_shown(part.name) or str(part.number) for part in parts])
        raise BadInput(
            f"None of the segments ({names}) is certainly the liver or its parenchyma. Say what they are, by number or "
            "by name, e.g. --labels liver=1,tumor=2."
        )
    if len(sources) > 1 or sources[0].role is not None:
        raise BadInput("There is no liver among the files. Give it too: --segmentation liver=FILE or parenchyma=FILE.")
    name, values = sources[0].path.name, _listed([str(part.number) for part in parts])
    if not values:
        raise BadInput(f"'{name}' is empty: it holds no label but 0.")
    expected = "" if said else " (without --labels, 1 is the parenchyma and 2 tumour)"
    raise BadInput(
        f"'{name}' has no liver: it holds the labels {values}{expected}. Say which labels are meant with --labels "
        "liver=..,tumor=.."
    )


# Findings


def _left_out(parts: Sequence[Part], opened: Sequence[_File]) -> list[Finding]:
    """What is not counted: other structures are told, what is not certain withholds."""
    parts = [part for part in parts if part.millilitres > 0]
    found = []
    other = [part for part in parts if part.role is Role.OTHER]
    known = [_safe(part) for part in other if not part.said]
    said = [part for part in other if part.said]
    if known:
        names = _listed(sorted(set(known)))
        found.append(
            Finding("segments_other", Level.PASS, f"Not counted, other structures: {names}.", {"count": len(known)})
        )
    if said:
        message = f"Not counted, as was said: {_numbered(said, opened)}."
        found.append(Finding("segments_left_out", Level.PASS, message, {"segments": _values(said)}))
    unknown = [part for part in parts if part.role is None]
    if unknown:
        message = f"Not counted: {_numbered(unknown, opened)}. {_way_out(unknown, parts, opened)}"
        found.append(Finding("segments_unknown", Level.WITHHOLD, message, {"segments": _values(unknown)}))
    return found


def _safe(part: Part) -> str:
    """A known name in the table's own words, else its number."""
    return plain(part.name) if role_of(part.name) is Role.OTHER else f"segment {part.number}"


def _numbered(parts: Sequence[Part], opened: Sequence[_File]) -> str:
    """Numbers and volumes; a file's own names are free text and may name a person, so they stand in no record."""
    ending = [f" of file {part.file}" if len(opened) > 1 else "" for part in parts]
    return _listed(
        [
            f"{opened[part.file - 1].word} {part.number}{more} ({ml_text(part.millilitres)})"
            for part, more in zip(parts, ending, strict=True)
        ]
    )


def _values(parts: Sequence[Part]) -> list[dict[str, float]]:
    return [{"file": part.file, "number": part.number, "ml": part.millilitres} for part in parts]


def _way_out(unknown: Sequence[Part], parts: Sequence[Part], opened: Sequence[_File]) -> str:
    numbers = "+".join(str(part.number) for part in unknown[:SHOWN_NAMES])
    counted = [part for part in parts if part.role in _COUNTED and not opened[part.file - 1].is_named]
    roles: dict[str, list[str]] = {}
    for part in counted:
        roles.setdefault(part.role.value, []).append(str(part.number))
    roles.setdefault("tumor", []).extend(numbers.split("+"))
    example = ",".join(f"{role}={'+'.join(values)}" for role, values in roles.items())
    return f"Nobody has said whether that is liver, tumour or something else: --labels {example}, or other={numbers}."


def _once(findings: Sequence[Finding]) -> list[Finding]:
    """One finding of a code where several files give it: the one of the worst level, then of the least overlap."""
    worst: dict[str, Finding] = {}
    for finding in findings:
        other = worst.get(finding.code)
        if other is None or _weight(finding) > _weight(other):
            worst[finding.code] = finding
    return list(worst.values())


def _weight(finding: Finding) -> tuple[int, float]:
    return finding.level.severity, -finding.values.get("overlap", 1)


def _listed(items: Sequence[str]) -> str:
    more = len(items) - SHOWN_NAMES
    return ", ".join(items[:SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")


def _shown(name: str) -> str:
    """A file's own name as it may stand on a terminal: printable and short."""
    name = "".join(character if character.isprintable() else "?" for character in name).strip()
    return name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 3]}..."
