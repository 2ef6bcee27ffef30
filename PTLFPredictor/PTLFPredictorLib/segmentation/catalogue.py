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
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ..errors import BadInput, UnusableModel
from ..folders import data_folder
from ..hashes import file_sha256, json_sha256
from . import model_folder
from .names import ORGAN_ROLES, Role, role_of
from .origin import same_weights

RESOURCES = Path(__file__).resolve().parents[2] / "Resources"
ENTRY = "model.json"
REQUIRED = frozenset({"id", "title", "version", "licence", "folder", "sha256", "label_roles"})
ROLES = ("parenchyma", "tumor")

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


@dataclass(frozen=True)
class Model:
    """A segmentation model and what has to be known before it may be used.

    Parameters
    ----------
    id, title, version, licence, citation : str
    folder : Path
        Holds ``plans.json``, ``dataset.json`` and ``fold_*/checkpoint_final.pth``.
    sha256 : str
        `model_folder.checksum` of the folder; compared before every run.
    label_roles : mapping of str to tuple of int
        "parenchyma" and "tumor" -> labels of the model; several labels may share a role (liver segments), labels
        without a role are background.  A model's whole liver is a "parenchyma" label too: where it says tumour,
        it does not say liver.
    for_patients : bool
        Whether it was trained on patients' CTs.  False is said in every record and report.  That a shipped model is
        not for patients belongs to its weights: a copy of them has its mark and warning, whatever its entry says.
    warning : str
        The sentence that goes into the record, e.g. that the model is not for patients.
    orientation : str
        Index axes of the training images in SimpleITK's letters; the CT is brought to them.
    largest_organ_only : bool
        Keep only the largest connected piece of the organ (tumours included).
    intended_input : str
    measured : mapping
        ``cpu_s``, ``gpu_s`` (None if not measured) and ``of``: what was measured.
    shipped : bool
        Whether its weights come with the product, under whatever name.
    """

    id: str
    title: str
    version: str
    licence: str
    citation: str
    folder: Path
    sha256: str
    label_roles: Mapping[str, tuple[int, ...]]
    for_patients: bool = False
    warning: str = ""
    orientation: str = "LPS"
    largest_organ_only: bool = False
    intended_input: str = ""
    measured: Mapping[str, Any] = field(default_factory=dict)
    shipped: bool = False

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], base: Path, *, shipped: bool = False) -> Model:
        """From an entry of a catalogue whose ``folder`` is relative to `base`.

        Raises
        ------
        UnusableModel
            When the entry lacks something or has what it must not have.
        """
        named = data.get("id", "without an id") if isinstance(data, Mapping) else "that is no object"
        known = {f.name for f in fields(cls)} - {"shipped"}
        try:
            if unknown := sorted(data.keys() - known):
                raise ValueError(f"unknown: {', '.join(unknown)}")
            if missing := sorted(REQUIRED - data.keys()):
                raise ValueError(f"missing: {', '.join(missing)}")
            roles = {role: tuple(int(label) for label in labels) for role, labels in data["label_roles"].items()}
            folder = model_folder.inside(base, str(data["folder"]))
        except (ValueError, TypeError, AttributeError) as error:
            raise UnusableModel(f"The catalogue entry of model '{named}' cannot be used ({error}).") from error
        model = cls(**{"citation": "", **data, "folder": folder, "label_roles": roles, "shipped": shipped})
        return model._checked()

    def to_dict(self, base: Path) -> dict[str, Any]:
        data = asdict(self)
        data.pop("shipped")
        data["folder"] = self.folder.relative_to(base).as_posix()
        return data

    def _checked(self) -> Model:
        kinds = {"for_patients": bool, "largest_organ_only": bool, "measured": Mapping}
        kinds |= dict.fromkeys(("id", "title", "version", "licence", "sha256", "warning", "orientation"), str)
        for name, kind in kinds.items():
            if not isinstance(value := getattr(self, name), kind):
                raise UnusableModel(f"The catalogue entry of model '{self.id}' cannot be used: '{name}' is {value!r}.")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", self.id):
            raise UnusableModel(f"'{self.id}' is no id of a model: letters, digits, '.', '_' and '-' are allowed.")
        if set(self.label_roles) - set(ROLES) or not self.label_roles.get("parenchyma"):
            raise UnusableModel(
                f"Model '{self.id}': say which labels are parenchyma and tumor; a label of the liver is needed."
            )
        labels = [label for role in self.label_roles.values() for label in role]
        if len(set(labels)) != len(labels) or min(labels) < 1:
            raise UnusableModel(f"Model '{self.id}': each label has one role, and 0 is background.")
        if sorted(self.orientation.upper().translate(str.maketrans("RAI", "LPS"))) != ["L", "P", "S"]:
            raise UnusableModel(f"Model '{self.id}': '{self.orientation}' is no orientation such as LPS or RAS.")
        return self

    @property
    def weights_sha256(self) -> str:
        """What the model is known by in masks and evidence: SHA-256 of the weights of all its folds, "" without any."""
        folds = model_folder.weights(self.folder)
        return "".join(folds) if len(folds) < 2 else json_sha256(sorted(folds))

    @property
    def identity(self) -> dict[str, Any]:
        """What a record says about the model: ``sha256`` of its files, ``weights_sha256`` of what draws the masks."""
        return {
            "id": self.id,
            "title": self.title,
            "version": self.version,
            "sha256": self.sha256,
            "weights_sha256": self.weights_sha256,
            "licence": self.licence,
            "for_patients": self.for_patients,
            "shipped": self.shipped,
            "warning": self.warning,
        }


def user_folder() -> Path:
    """Where the user's models lie: ``PTLF_MODELS``, else below `folders.data_folder`."""
    return Path(os.environ.get("PTLF_MODELS") or data_folder() / "models")


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
    if path.is_dir():
        return _from_folder(path, label_roles)
    if path.is_file():
        unpacked = user_folder() / ".unpacked" / file_sha256(path)[:16]
        if not unpacked.is_dir():
            with _staging(unpacked.parent) as staging:
                model_folder.unpack(path, staging / "model")
                try:
                    (staging / "model").replace(unpacked)
                except OSError:
                    if not unpacked.is_dir():  # else another run has just unpacked the same
                        raise
        return _from_folder(unpacked, label_roles, path.stem)
    raise BadInput(
        f"There is no model '{spec}'. Known are: {', '.join(model.id for model in known)}; "
        "or name a folder or zip archive of a trained nnU-Net v2 model."
    )


def add(source: str | Path, label_roles: Mapping[str, Sequence[int]] | None = None, **entry: Any) -> Model:
    """Copy a model (folder or zip archive) into the user's folder, checked before anything is executed.

    Parameters
    ----------
    source : str or Path
    label_roles : mapping, optional
        See `find_model`.
    **entry
        Fields of `Model`: id, title, version, licence, citation, for_patients, warning ...
    """
    source, base = Path(source), user_folder()
    if not source.exists():
        raise BadInput(f"There is no model folder or archive '{source}'.")
    with _staging(base) as staging:
        copied = staging / "model"
        if source.is_dir():
            model_folder.copy(source, copied)
        else:
            model_folder.unpack(source, copied)
        found = _from_folder(copied, label_roles, entry.get("id") or source.stem)
        model = _with_mark_of_its_weights(replace(found, **entry)._checked())
        target = base / model.id
        if target.exists() or any(known.id == model.id for known in catalogue()):
            raise BadInput(f"There is a model '{model.id}' already. Remove it first, or give another id.")
        data = {**model.to_dict(found.folder), "folder": "."}
        (found.folder / ENTRY).write_text(json.dumps(data, indent=1), encoding="utf-8")
        found.folder.replace(target)
    return replace(model, folder=target)


def remove(model_id: str) -> None:
    """Delete a model of the user."""
    if any(model.id == model_id for model in _shipped()):
        raise BadInput(f"'{model_id}' comes with the product and cannot be removed.")
    folder = user_folder() / model_id
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", model_id) or not folder.is_dir():
        raise BadInput(f"There is no model '{model_id}' that was added by a user.")
    shutil.rmtree(folder)


def verify(model: Model) -> Model:
    """The same model, once its files have been read, checked and compared with the catalogue's checksum.

    Raises
    ------
    UnusableModel
        With what is wrong; nothing of the model has been executed.
    """
    facts = model_folder.check(model.folder)
    wrong = sorted({label for role in model.label_roles.values() for label in role} - facts.labels)
    if wrong:
        raise UnusableModel(
            f"Model '{model.id}': the label(s) {', '.join(map(str, wrong))} of the catalogue are not in dataset.json."
        )
    digest = model_folder.checksum(model.folder)
    if digest != model.sha256:
        raise UnusableModel(
            f"Model '{model.id}' is not the one in the catalogue: its files have the checksum {digest[:16]}..., "
            f"expected is {model.sha256[:16]}... Get it again."
        )
    return model


def _shipped() -> list[Model]:
    data = json.loads((RESOURCES / "Models.json").read_text(encoding="utf-8"))
    return [Model.from_dict(entry, RESOURCES / "Models", shipped=True) for entry in data["models"]]


def _user_entries() -> Iterator[tuple[str, Model | UnusableModel]]:
    base = user_folder()
    for file in sorted(base.glob(f"*/{ENTRY}")) if base.is_dir() else ():
        try:
            model = Model.from_dict(model_folder.read_json(file), file.parent)
            yield file.parent.name, _with_mark_of_its_weights(model)
        except UnusableModel as error:
            yield file.parent.name, error


def _from_folder(folder: Path, label_roles: Mapping[str, Sequence[int]] | None, name: str | None = None) -> Model:
    folder = model_folder.locate(folder)
    facts = model_folder.check(folder)
    roles = label_roles or _roles_by_name(facts.named_labels)
    model_id = re.sub(r"[^A-Za-z0-9._-]+", "-", name or folder.name).strip("-._")[:64] or "model"
    model = Model(
        id=model_id,
        title=f"{facts.dataset} ({model_id})",
        version="unknown",
        licence="unknown",
        citation="",
        folder=folder,
        sha256=model_folder.checksum(folder),
        label_roles={role: tuple(labels) for role, labels in roles.items()},
        warning="This model is not in the catalogue: nothing is known here about what it was trained and tested on.",
        intended_input="unknown",
    )
    return _with_mark_of_its_weights(model._checked())


def by_weights(sha256: str, model_id: str) -> Model | None:
    """The model of these weights (at least `origin.SHORTEST` digits): a shipped one, or a user's of that id."""
    models = [*_shipped(), *(model for model in catalogue() if model.id == model_id)]
    return next((model for model in models if same_weights(model.weights_sha256, sha256)), None)


def not_for_patients(weights: str) -> str:
    """The warning of the shipped model, of today or earlier, that is not for patients and has these weights, or ""."""
    for model in _shipped():
        folds = (model.weights_sha256, *model_folder.weights(model.folder))
        if not model.for_patients and any(same_weights(weights, known) for known in folds):
            return model.warning
    return EARLIER_WARNING if any(same_weights(weights, known) for known in EARLIER_DEMO_WEIGHTS) else ""


def _with_mark_of_its_weights(model: Model) -> Model:
    """One fold of a shipped model that is not for patients is enough."""
    files = [file for shipped in _shipped() for file in model_folder.checkpoint_files(shipped.folder)]
    largest = max((file.stat().st_size for file in files), default=0)
    for fold in model_folder.weights(model.folder, largest=2 * largest):
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
    unknown = [name for name, role in known.items() if role is None]
    if unknown:
        raise UnusableModel(
            f"It is not certain what the model's label(s) {', '.join(unknown)} mean: add it with 'ptlf models add' and "
            "say what counts, e.g. --labels liver=1,tumor=2."
        )
    roles: dict[str, list[int]] = {}
    for name, labels in named.items():
        if known[name] is not Role.OTHER:
            roles.setdefault("tumor" if known[name] is Role.TUMOUR else "parenchyma", []).extend(labels)
    return {role: tuple(labels) for role, labels in roles.items()}


@contextmanager
def _staging(base: Path) -> Iterator[Path]:
    """A folder on the same disk as `base`, gone when the block ends."""
    try:
        base.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".adding-", dir=base))
    except OSError as error:
        raise BadInput(f"The models' folder '{base}' cannot be written to: {error.strerror}.") from error
    try:
        yield staging
    except OSError as error:
        raise BadInput(f"The model could not be written to '{base}': {error.strerror or error}.") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
