"""The networks of a model: one, or several of which a later one looks only near what an earlier one has drawn."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ..errors import UnusableModel
from ..hashes import json_sha256
from .model_archive import inside
from .names import Role

NAME = r"[a-z][a-z0-9-]{0,31}"
"""Of a step, and the name of its folder in the model's folder."""

ROLES = (Role.PARENCHYMA, Role.TUMOUR)
"""What a label of a model can stand for; its whole liver is parenchyma: where it says tumour it does not say liver."""

REQUIRED = frozenset({"name", "title", "folder", "sha256", "label_roles"})

LARGEST_MARGIN_MM = 200.0

_SHA256 = r"(?:[0-9a-f]{64})?"


@dataclass(frozen=True)
class Crop:
    """Where alone a step looks.

    Attributes
    ----------
    of : str
        Name of an earlier step: the box around the organ that it drew.
    margin_mm : float
        By which that box grows on each side.
    """

    of: str
    margin_mm: float


@dataclass(frozen=True)
class Step:
    """One network of a model.

    Attributes
    ----------
    name, title : str
        The name is unique in its model.
    folder : Path
        Holds ``plans.json``, ``dataset.json`` and ``fold_*/checkpoint_*.pth``.
    sha256 : str
        `model_folder.checksum` of the folder; "" where it is not known beforehand.
    label_roles : mapping of str to tuple of int
        "parenchyma" and "tumor" -> labels; a step may have one of them alone.
    orientation : str
        Index axes of the training images in SimpleITK's letters; "" as the reader in plans.json has them
        (`model_folder.Facts.orientation`).
    crop : Crop, optional
    largest_organ_only : bool
        Keep only the largest connected piece of what the step drew.
    configuration : str
        Of those in plans.json; "" the one that the weights name.
    folds : tuple of str
        "0" ... or "all"; () as `model_folder.checkpoint_files` chooses.
    tile_step : float
        In tiles: 0.5 overlaps by half.
    tta : bool, optional
        Test-time mirroring; None leaves it to the weights.
    licence, citation : str
    says : str
        What a reader must know of it in plain words, e.g. "It also marks benign lesions."
    """

    name: str
    title: str
    folder: Path
    sha256: str
    label_roles: Mapping[str, tuple[int, ...]]
    orientation: str = ""
    crop: Crop | None = None
    largest_organ_only: bool = False
    configuration: str = ""
    folds: tuple[str, ...] = ()
    tile_step: float = 0.5
    tta: bool | None = None
    licence: str = ""
    citation: str = ""
    says: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], base: Path) -> Step:
        """From an entry whose ``folder`` is relative to `base`; unchecked but for its shape (`checked_steps`).

        Raises
        ------
        ValueError, TypeError, AttributeError, UnusableModel
            When the entry lacks something or has what it must not have.
        """
        if unknown := sorted(data.keys() - {f.name for f in fields(cls)}):
            raise ValueError(f"unknown in a step: {', '.join(unknown)}")
        if missing := sorted(REQUIRED - data.keys()):
            raise ValueError(f"missing in a step: {', '.join(missing)}")
        crop = data.get("crop")
        return cls(
            **{
                **data,
                "folder": inside(base, str(data["folder"])),
                "label_roles": roles_of(data["label_roles"]),
                "folds": tuple(data.get("folds", ())),
                "crop": None if crop is None else Crop(**crop),
            }
        )

    def to_dict(self, base: Path) -> dict[str, Any]:
        return {**asdict(self), "folder": self.folder.relative_to(base).as_posix(), "folds": list(self.folds)}

    @property
    def drawing(self) -> dict[str, Any]:
        """All that what it draws depends on, but the CT."""
        told = ("title", "folder", "licence", "citation", "says")
        return {key: value for key, value in asdict(self).items() if key not in told}


def roles_of(label_roles: Mapping[str, Sequence[Any]]) -> dict[str, tuple[int, ...]]:
    return {role: tuple(int(label) for label in labels) for role, labels in label_roles.items()}


def chain_sha256(steps: Sequence[Step]) -> str:
    """What a chain is compared by: its steps' files and settings; "" where the files of one are not known."""
    return json_sha256([step.drawing for step in steps]) if all(step.sha256 for step in steps) else ""


def checked_steps(model: str, steps: Sequence[Step]) -> None:
    """Refuse steps that cannot be run one after the other.

    Raises
    ------
    UnusableModel
        Naming the step.
    """
    before: dict[str, Step] = {}
    for step in steps:
        if (wrong := _wrong(step)) or (wrong := _wrong_crop(step, before)):
            raise UnusableModel(f"Model '{model}', step '{step.name}': {wrong}.")
        before[step.name] = step
    if len(before) < len(steps):
        raise UnusableModel(f"Model '{model}': two of its steps have the same name.")
    if not any(step.label_roles.get(Role.PARENCHYMA) for step in steps):
        raise UnusableModel(
            f"Model '{model}': say which labels are parenchyma and tumor; a label of the liver is needed."
        )


def _wrong(step: Step) -> str:
    """What of a step alone cannot be right, or ""."""
    kinds: dict[str, type | tuple[type, ...]] = dict.fromkeys(
        ("name", "title", "sha256", "orientation", "configuration", "licence", "citation", "says"), str
    )
    kinds |= {"largest_organ_only": bool, "tile_step": (int, float), "tta": (bool, type(None))}
    for name, kind in kinds.items():
        if not isinstance(value := getattr(step, name), kind):
            return f"'{name}' is {value!r}"
    if not re.fullmatch(NAME, step.name):
        return "its name must be small letters, digits and '-'"
    if not re.fullmatch(_SHA256, step.sha256):
        return f"'{step.sha256}' is no SHA-256"
    if not all(isinstance(fold, str) and re.fullmatch(r"all|\d{1,3}", fold) for fold in step.folds):
        return f'its folds are {", ".join(map(repr, step.folds))}; numbers or "all" are needed'
    if isinstance(step.tile_step, bool) or not 0 < step.tile_step <= 1:
        return f"its tile step is {step.tile_step}; above 0 and at most 1 tile is needed"
    return wrong_roles(step.label_roles) or ("" if not step.orientation else wrong_orientation(step.orientation))


def _wrong_crop(step: Step, before: Mapping[str, Step]) -> str:
    if step.crop is None:
        return ""
    if step.crop.of not in before or not before[step.crop.of].label_roles.get(Role.PARENCHYMA):
        return f"it is cropped to the liver of '{step.crop.of}', which is no earlier step that draws one"
    margin = step.crop.margin_mm
    if isinstance(margin, bool) or not isinstance(margin, (int, float)) or not 0 <= margin <= LARGEST_MARGIN_MM:
        return f"its crop's margin is {margin!r}; 0 to {LARGEST_MARGIN_MM:g} mm are needed"
    return ""


def wrong_roles(label_roles: Mapping[str, Sequence[int]]) -> str:
    """What cannot be right of labels by role, or ""."""
    labels = [label for role in label_roles.values() for label in role]
    if set(label_roles) - set(ROLES) or not labels:
        return "say which labels are parenchyma and tumor"
    if len(set(labels)) != len(labels) or min(labels) < 1:
        return "each label has one role, and 0 is background"
    return ""


def wrong_orientation(axes: str) -> str:
    right = sorted(axes.upper().translate(str.maketrans("RAI", "LPS"))) == ["L", "P", "S"]
    return "" if right else f"'{axes}' is no orientation such as LPS or RAS"
