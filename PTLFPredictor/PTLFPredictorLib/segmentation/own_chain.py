"""A chain of a site's own: one model draws the liver, another the tumours near it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import BadInput, UnusableModel
from . import model_archive, model_folder, model_package
from .catalogue import catalogue, with_mark_of_its_weights
from .model import NOT_IN_CATALOGUE, Crop, Model, Step
from .model_files import MANIFEST
from .names import ORGAN_ROLES, Role, role_of
from .user_models import adding, install

LIVER, LESIONS = "liver", "lesions"
"""Names of the two steps."""

MARGIN_MM = 10.0
"""Around the liver, where the tumours' model looks: TotalSegmentator's margin for its liver lesions."""


@dataclass(frozen=True)
class Part:
    """One of the models that a chain is made of.

    Attributes
    ----------
    source : str or Path
        Id of a model in the catalogue, folder or zip archive of nnU-Net, or a package, whose entry counts.
    labels : sequence of int
        Which of its labels count; () by their names.
    """

    source: str | Path
    labels: Sequence[int] = ()


def add_chain(model_id: str, liver: Part, tumour: Part, *, margin_mm: float = MARGIN_MM, title: str = "") -> Model:
    """Copy two models into one of the user's, which draws the liver first and then tumours within `margin_mm` of it.

    Of the liver's model the largest piece counts.  For anything else write the entry yourself: docs/chains.md.

    Raises
    ------
    BadInput, UnusableModel
        With what is wrong; nothing of the models has been executed.
    """
    if any(known.id == model_id for known in catalogue()):
        raise BadInput(f"There is a model '{model_id}' already. Remove it first, or give another id.")
    with adding() as made:
        staged = made / "model"
        steps = (
            _step(LIVER, liver, Role.PARENCHYMA, staged, None),
            _step(LESIONS, tumour, Role.TUMOUR, staged, Crop(LIVER, margin_mm)),
        )
        model = Model(
            id=model_id,
            title=title or f"{steps[0].title}, then {steps[1].title}",
            version="1",
            licence="unknown",
            citation="",
            folder=staged,
            sha256="",
            warning=NOT_IN_CATALOGUE,
            intended_input="unknown",
            chain=steps,
        )
        return install(staged, with_mark_of_its_weights(model.checked()))


def _step(name: str, part: Part, role: Role, staged: Path, crop: Crop | None) -> Step:
    known = next((model for model in catalogue() if model.id == str(part.source)), None)
    brought = staged.parent / f"{name}-brought"
    if known is None:
        known, source = _brought(Path(part.source), brought)
    else:
        source = known.folder
    if known is not None and known.chain:
        raise BadInput(f"'{known.id}' is a chain itself; name the models that it is made of.")
    folder = staged / name
    model_folder.copy(source, folder, place=os.replace if source.is_relative_to(brought) else shutil.copyfile)
    folder = model_folder.locate(folder)
    facts = model_folder.check(folder)
    labels = tuple(part.labels) or tuple((known.label_roles if known else {}).get(role, ()))
    labels = labels or _named(facts.named_labels, role)
    checksum = model_folder.checksum(folder)
    model_folder.verified(folder, name, {role: labels}, checksum)
    return Step(
        name=name,
        title=facts.dataset if known is None else known.title,
        folder=folder,
        sha256=checksum,
        label_roles={role: labels},
        orientation="" if known is None else known.orientation,
        crop=crop,
        largest_organ_only=role is Role.PARENCHYMA,
        licence="unknown" if known is None else known.licence,
        citation="" if known is None else known.citation,
        says="" if known is None or known.shipped or known.warning == NOT_IN_CATALOGUE else known.warning,
    )


def _brought(source: Path, into: Path) -> tuple[Model | None, Path]:
    """What a package says of its model (None: it is a plain export of nnU-Net), and the folder that holds it."""
    if not source.exists():
        raise BadInput(f"There is no model, folder or archive '{source}'.")
    if source.is_dir() and not (source / MANIFEST).exists():
        return None, source
    (model_archive.copy_members if source.is_dir() else model_archive.unpack_members)(source, into)
    packed = model_package.model_of(into)
    return packed, into if packed is None else packed.folder


def _named(named: Mapping[str, tuple[int, ...]], role: Role) -> tuple[int, ...]:
    """The labels whose names say for certain that they are meant."""
    wanted = {Role.TUMOUR} if role is Role.TUMOUR else ORGAN_ROLES
    found = tuple(label for name, labels in named.items() if role_of(name) in wanted for label in labels)
    if not found:
        option = "tumor" if role is Role.TUMOUR else "liver"
        raise UnusableModel(
            f"None of the labels ({', '.join(named)}) is named {option}. Say which are meant: --{option}-labels 1."
        )
    return found
