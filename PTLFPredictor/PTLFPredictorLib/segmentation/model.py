"""What is known of a segmentation model, and what of an entry of a catalogue is checked before it is believed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from ..errors import UnusableModel
from . import model_folder
from .model_archive import inside
from .names import Role

ID = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
"""Of a model, and the name of its folder among the user's."""

NOT_IN_CATALOGUE = "This model is not in the catalogue: nothing is known here about what it was trained and tested on."

REQUIRED = frozenset({"id", "title", "version", "licence", "folder", "sha256", "label_roles"})

ROLES = (Role.PARENCHYMA, Role.TUMOUR)
"""What a label of a model can stand for; its whole liver is parenchyma: where it says tumour it does not say liver."""


@dataclass(frozen=True)
class Model:
    """A segmentation model and what has to be known before it may be used.

    Parameters
    ----------
    id, title, version, licence, citation : str
    folder : Path
        Holds ``plans.json``, ``dataset.json`` and ``fold_*/checkpoint_final.pth``.
    sha256 : str
        `model_folder.checksum` of the folder; compared before every run.  "" where it is not known beforehand
        (`catalogue.from_folder`): the run says it.
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
            folder = inside(base, str(data["folder"]))
        except (ValueError, TypeError, AttributeError) as error:
            raise UnusableModel(f"The catalogue entry of model '{named}' cannot be used ({error}).") from error
        model = cls(**{"citation": "", **data, "folder": folder, "label_roles": roles, "shipped": shipped})
        return model.checked()

    def to_dict(self, base: Path) -> dict[str, Any]:
        data = asdict(self)
        data.pop("shipped")
        data["folder"] = self.folder.relative_to(base).as_posix()
        return data

    def checked(self) -> Model:
        """Itself; raises `UnusableModel` for an entry that cannot be right."""
        kinds = {"for_patients": bool, "largest_organ_only": bool, "measured": Mapping}
        kinds |= dict.fromkeys(("id", "title", "version", "licence", "sha256", "warning", "orientation"), str)
        for name, kind in kinds.items():
            if not isinstance(value := getattr(self, name), kind):
                raise UnusableModel(f"The catalogue entry of model '{self.id}' cannot be used: '{name}' is {value!r}.")
        if not re.fullmatch(ID, self.id):
            raise UnusableModel(f"'{self.id}' is no id of a model: letters, digits, '.', '_' and '-' are allowed.")
        if set(self.label_roles) - set(ROLES) or not self.label_roles.get(Role.PARENCHYMA):
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
        """`model_folder.weights_sha256` of its folder; the first call reads all weights."""
        return model_folder.weights_sha256(self.folder)

    @property
    def identity(self) -> dict[str, Any]:
        """What a record says about the model: ``sha256`` of its files, ``weights_sha256`` of what draws the masks."""
        return self.identity_with(self.sha256)

    def identity_with(self, sha256: str) -> dict[str, Any]:
        """`identity` with the checksum that the files were found to have."""
        return {
            "id": self.id,
            "title": self.title,
            "version": self.version,
            "sha256": sha256,
            "weights_sha256": self.weights_sha256,
            "licence": self.licence,
            "for_patients": self.for_patients,
            "shipped": self.shipped,
            "warning": self.warning,
        }
