"""Which segmentation models there are: those that come with the product, and those that the user added.

A model is a folder as nnU-Net v2 trains it (``plans.json``, ``dataset.json``, ``fold_*/checkpoint_final.pth``) and an
entry that says what it is.  Shipped entries are in ``Resources/Models.json``; a user's models lie in a folder of the
user (`user_folder`), each with its entry in ``model.json``, never inside the extension.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import BadInput, UnusableModel
from . import model_archive, model_folder, model_package
from .model import ID, NOT_IN_CATALOGUE, Model
from .model_digests import user_folder
from .model_files import ENTRY, MANIFEST
from .model_steps import roles_of
from .names import ORGAN_ROLES, Role, role_of
from .origin import same_network
from .user_models import adding, install, remove_folder, unpacked

RESOURCES = Path(__file__).resolve().parents[2] / "Resources"

EARLIER_DEMO_WEIGHTS = frozenset(
    {
        "32f73e51f63d63f49a0586ff1427c2c25aed86f8a721f155d856475a3b6ea30d",
        "75ef3b3aaee7fbe65ea444b9976c7a27bb236248ae41148f5c80397acb1cb079",
        "d946c758e771786e92c0038ae44b620be6b5477a35fa23836d9a0a2d70e6d9d1",
    }
)
"""Weights (`model_folder.weights`) that the demo model had before version 2."""

EARLIER_WARNING = (
    "These are the weights of an earlier demo model, trained on synthetic CTs only. It is not for patients."
)


def catalogue() -> list[Model]:
    """All models, the shipped ones first.  A broken entry of a user's model is left out (`broken` lists them)."""
    return [*_shipped(), *(entry for _, entry in _user_entries() if isinstance(entry, Model))]


def broken() -> dict[str, str]:
    """Folders of user models that cannot be used -> the sentence why."""
    return {name: entry.message for name, entry in _user_entries() if isinstance(entry, UnusableModel)}


def default_model() -> Model:
    return _shipped()[0]


def find_model(spec: str | Path, label_roles: Mapping[str, Sequence[int]] | None = None) -> Model:
    """A model by the id of the catalogue, or by the path of a folder or zip archive of nnU-Net.

    Parameters
    ----------
    spec : str or Path
    label_roles : mapping, optional
        For a folder or archive: what its labels mean; without it, their names decide.

    Raises
    ------
    BadInput
        When there is no such model.
    UnusableModel
        When the folder or archive is broken or not to be trusted.
    """
    known = catalogue()
    for model in known:
        if model.id == str(spec):
            return model
    path = Path(spec)
    if path.exists():
        found = path if path.is_dir() else unpacked(path)
        if packed := model_package.model_of(found):
            return with_mark_of_its_weights(_with_roles(packed, label_roles).checked())
        return _from_folder(found, label_roles, None if path.is_dir() else path.stem)
    raise BadInput(
        f"There is no model '{spec}'. Known are: {', '.join(model.id for model in known)}; "
        "or name a folder or zip archive of a trained nnU-Net v2 model."
    )


def from_folder(folder: str | Path, chosen_in: str = "") -> Model:
    """A model that the user chose in another program, where it lies: neither copied nor in the catalogue.

    Nothing is hashed here but small weights: the worker reads them, refuses what is not to be trusted, and says which
    they were.

    >>> from_folder("/models/Dataset123_Liver", "SlicerNNUNet").id  # doctest: +SKIP
    'Dataset123_Liver'

    Parameters
    ----------
    folder : str or Path
        Holds plans.json, or one folder that does, at most two levels below
        (``Dataset<ID>_<name>/<trainer>__<plans>__<configuration>``).  All folds in it are used.
    chosen_in : str
        Name of that program, for the title.

    Raises
    ------
    BadInput
        There is no such folder.
    UnusableModel
        It is no model, or what its labels mean is not certain: then it has to be added (`add`), which asks.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise BadInput(f"There is no model folder '{folder}'.")
    found = model_folder.locate(folder)
    in_dataset = re.match(r"Dataset\d+_", found.parent.name)
    model = _described(found, None, found.parent.name if in_dataset else None, weights_too=False)
    title = f"{model.title}, chosen in {chosen_in}" if chosen_in else model.title
    return with_mark_of_its_weights(replace(model, title=title).checked())


def add(
    source: str | Path,
    label_roles: Mapping[str, Sequence[int]] | None = None,
    *,
    configuration: str = "",
    folds: Sequence[str] = (),
    **entry: Any,
) -> Model:
    """Copy a model (folder or zip archive) into the user's folder, checked before anything is executed.

    Parameters
    ----------
    source : str or Path
        A folder or archive of nnU-Net, or a package (`model_package`).
    label_roles : mapping, optional
        See `find_model`.
    configuration : str
        Which of several trainings in `source`.
    folds : sequence of str
        As `model_folder.checkpoint_files` has them.
    **entry
        Fields of `Model`: id, title, version, licence, citation, for_patients, warning ...
    """
    source = Path(source)
    if not source.exists():
        raise BadInput(f"There is no model folder or archive '{source}'.")
    with adding() as made:
        brought, staged = made / "unpacked" / source.name, made / "model"
        if not source.is_dir():
            model_archive.unpack_members(source, brought)
        elif (source / MANIFEST).exists():
            model_archive.copy_members(source, brought)
        else:
            brought = source
        if packed := model_package.model_of(brought):
            staged = brought
            model = replace(_with_roles(packed, label_roles), **entry)
        else:
            place = shutil.copyfile if brought is source else os.replace
            model_folder.copy(brought, staged, folds=folds, configuration=configuration, place=place)
            model = replace(_from_folder(staged, label_roles, entry.get("id") or source.stem), **entry)
        model = with_mark_of_its_weights(model.checked())
        for step in model.steps:
            model_folder.with_labels(step.folder, model.id, step.label_roles, weights_too=False).axes(step.orientation)
        if any(known.id == model.id for known in catalogue()):
            raise BadInput(f"There is a model '{model.id}' already. Remove it first, or give another id.")
        return install(staged, model)


def remove(model_id: str) -> None:
    """Delete a model of the user (`user_models.remove_folder`); one that cannot be used, too."""
    if any(model.id == model_id for model in _shipped()):
        raise BadInput(f"'{model_id}' comes with the product and cannot be removed.")
    if not re.fullmatch(ID, model_id) or not (user_folder() / model_id).is_dir():
        raise BadInput(f"There is no model '{model_id}' that was added by a user.")
    remove_folder(model_id)


def verify(model: Model) -> Model:
    """The same model, once its files have been read, checked and compared with the catalogue's checksum.

    Raises
    ------
    UnusableModel
        With what is wrong; nothing of the model has been executed.
    """
    for step in model.steps:
        name = f"{model.id}, step '{step.name}'" if model.chain else model.id
        facts = model_folder.verified(
            step.folder, name, step.label_roles, step.sha256, folds=step.folds, configuration=step.configuration
        )
        facts.axes(step.orientation)
    return model


def _shipped() -> list[Model]:
    data = json.loads((RESOURCES / "Models.json").read_text(encoding="utf-8"))
    return [Model.from_dict(entry, RESOURCES / "Models", shipped=True) for entry in data["models"]]


def _user_entries() -> Iterator[tuple[str, Model | UnusableModel]]:
    base = user_folder()
    for file in sorted(base.glob(f"[!.]*/{ENTRY}")) if base.is_dir() else ():
        try:
            model = Model.from_dict(model_folder.read_json(file), file.parent)
            yield file.parent.name, with_mark_of_its_weights(model)
        except UnusableModel as error:
            yield file.parent.name, error


def _from_folder(folder: Path, label_roles: Mapping[str, Sequence[int]] | None, name: str | None = None) -> Model:
    model = _described(model_folder.locate(folder), label_roles, name, weights_too=True)
    return with_mark_of_its_weights(model.checked())


def _with_roles(model: Model, label_roles: Mapping[str, Sequence[int]] | None) -> Model:
    return model if label_roles is None else replace(model, label_roles=roles_of(label_roles))


def _described(
    folder: Path, label_roles: Mapping[str, Sequence[int]] | None, name: str | None, *, weights_too: bool
) -> Model:
    """What a folder says of itself; without its weights, its checksum is left to the worker."""
    facts = model_folder.check(folder, weights_too=weights_too)
    roles = label_roles or _roles_by_name(facts.named_labels)
    model_id = re.sub(r"[^A-Za-z0-9._-]+", "-", name or folder.name).strip("-._")[:64] or "model"
    return Model(
        id=model_id,
        title=f"{facts.dataset} ({model_id})",
        version="unknown",
        licence="unknown",
        citation="",
        folder=folder,
        sha256=model_folder.checksum(folder) if weights_too else "",
        label_roles=roles_of(roles),
        warning=NOT_IN_CATALOGUE,
        orientation=facts.axes(),
        intended_input="unknown",
    )


def by_weights(sha256: str, model_id: str) -> Model | None:
    """The model of these weights (at least `origin.SHORTEST` digits): a shipped one, or a user's of that id.

    A DICOM mark may hold the begin of an id only.  Nothing large is read (`Model.weights_known`).
    """
    models = [*_shipped(), *(model for model in catalogue() if model_id and model.id.startswith(model_id))]
    return next((model for model in models if same_network(model.weights_known, sha256)), None)


def not_for_patients(weights: str) -> str:
    """The warning of the shipped model, of today or earlier, that is not for patients and has these weights, or ""."""
    for model in _shipped():
        folds = (model.weights_sha256, *model_folder.weights(model.folder))
        if not model.for_patients and any(same_network(weights, known) for known in folds):
            return model.warning
    return EARLIER_WARNING if any(same_network(weights, known) for known in EARLIER_DEMO_WEIGHTS) else ""


def with_mark_of_its_weights(model: Model) -> Model:
    """One fold of a shipped model that is not for patients is enough, in whatever step."""
    files = [file for shipped in _shipped() for file in model_folder.checkpoint_files(shipped.folder)]
    largest = max((file.stat().st_size for file in files), default=0)
    for step in model.steps:
        for fold in model_folder.weights(step.folder, 2 * largest, step.folds):
            if warning := not_for_patients(fold):
                return replace(model, for_patients=False, warning=warning, shipped=True)
    return model


def _roles_by_name(named: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Labels by role, as their names tell for certain (`names.role_of`).

    Raises
    ------
    UnusableModel
        When no label is the liver, or one's name says nothing for certain: it must not vanish silently.
    """
    known = {name: role_of(name) for name in named}
    if not any(role in ORGAN_ROLES for role in known.values()):
        raise UnusableModel(
            f"None of the model's labels ({', '.join(named)}) is named liver or parenchyma. "
            "Say which labels are meant, e.g. liver=1,tumor=2."
        )
    unknown = [name for name, role in known.items() if role in (None, Role.EXCLUDED)]
    if unknown:
        raise UnusableModel(
            f"It is not certain what the model's label(s) {', '.join(unknown)} mean: add it with 'ptlf models add' and "
            "say what counts, e.g. --labels liver=1,tumor=2."
        )
    roles: dict[Role, list[int]] = {}
    for name, labels in named.items():
        if known[name] is not Role.OTHER:
            roles.setdefault(Role.TUMOUR if known[name] is Role.TUMOUR else Role.PARENCHYMA, []).extend(labels)
    return {role: tuple(labels) for role, labels in roles.items()}
