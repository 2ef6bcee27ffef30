"""What is known of a segmentation model, and what of an entry of a catalogue is checked before it is believed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ..errors import UnusableModel
from ..hashes import json_sha256
from . import effects, model_folder
from .model_archive import inside
from .model_steps import ROLES, Crop, Step, chain_sha256, checked_steps, roles_of, wrong_orientation, wrong_roles
from .names import Role

__all__ = ["ID", "NOT_IN_CATALOGUE", "ROLES", "Crop", "Model", "Step"]

ID = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
"""Of a model, and the name of its folder among the user's."""

NOT_IN_CATALOGUE = "This model is not in the catalogue: nothing is known here about what it was trained and tested on."

REQUIRED = frozenset({"id", "title", "version", "licence", "folder"})

LONGEST_S = 1e6
"""That a run may be said to take."""

MEASURED_TEXTS = frozenset({"of", "dice_of"})
MEASURED_SHARES = frozenset({"dice_liver", "dice_tumor"})

OF_ONE_NETWORK = frozenset({"sha256", "label_roles", "orientation", "largest_organ_only"})
"""In the entry of a chain, each step says these for itself."""


@dataclass(frozen=True)
class Model:
    """A segmentation model and what has to be known before it may be used.

    Parameters
    ----------
    id, title, version, licence, citation : str
    folder : Path
        Holds ``plans.json``, ``dataset.json`` and ``fold_*/checkpoint_final.pth``; of a chain, its steps' folders.
    sha256 : str
        `model_folder.checksum` of the folder (of a chain, `model_steps.chain_sha256`); compared before every run.  ""
        where it is not known beforehand (`catalogue.from_folder`): the run says it.
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
        Index axes of the training images in SimpleITK's letters; "" as their reader had them
        (`model_folder.Facts.axes`).  The CT is brought to them.
    largest_organ_only : bool
        Keep only the largest connected piece of the organ (tumours included).
    intended_input : str
    measured : mapping
        ``cpu_s``, ``gpu_s`` (None if not measured) and ``of``: what was measured; ``dice_liver``, ``dice_tumor`` and
        ``dice_of``, the cases that they are the mean of; ``effects``, what choices change (`effects.Effect.to_dict`).
    shipped : bool
        Whether its weights come with the product, under whatever name.
    chain : tuple of Step
        Its networks in their order where an entry lists steps; then `label_roles` is empty.  () for one network that
        this entry itself describes: `steps` are right for both.
    about : str
        What it is for, in plain words.
    """

    id: str
    title: str
    version: str
    licence: str
    citation: str
    folder: Path
    sha256: str = ""
    label_roles: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    for_patients: bool = False
    warning: str = ""
    orientation: str = ""
    largest_organ_only: bool = False
    intended_input: str = ""
    measured: Mapping[str, Any] = field(default_factory=dict)
    shipped: bool = False
    chain: tuple[Step, ...] = ()
    about: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], base: Path, *, shipped: bool = False) -> Model:
        """From an entry of a catalogue whose ``folder`` is relative to `base`.

        Raises
        ------
        UnusableModel
            When the entry lacks something or has what it must not have.
        """
        named = data.get("id", "without an id") if isinstance(data, Mapping) else "that is no object"
        try:
            chained = "steps" in data
            known = {f.name for f in fields(cls)} - {"shipped", "chain"}
            known = known - OF_ONE_NETWORK | {"steps"} if chained else known
            if unknown := sorted(data.keys() - known):
                raise ValueError(f"unknown: {', '.join(unknown)}")
            if missing := sorted((REQUIRED if chained else REQUIRED | {"sha256", "label_roles"}) - data.keys()):
                raise ValueError(f"missing: {', '.join(missing)}")
            given = {"citation": "", **data, "folder": inside(base, str(data["folder"])), "shipped": shipped}
            if chained:
                steps = tuple(Step.from_dict(step, given["folder"]) for step in given.pop("steps"))
                given |= {"chain": steps, "sha256": chain_sha256(steps)}
            else:
                given["label_roles"] = roles_of(data["label_roles"])
        except (ValueError, TypeError, AttributeError) as error:
            raise UnusableModel(f"The catalogue entry of model '{named}' cannot be used ({error}).") from error
        return cls(**given).checked()

    def to_dict(self, base: Path) -> dict[str, Any]:
        data = asdict(self)
        del data["shipped"], data["chain"]
        if not self.about:
            del data["about"]  # earlier versions refuse the name
        data["folder"] = self.folder.relative_to(base).as_posix()
        if self.chain:
            data = {name: value for name, value in data.items() if name not in OF_ONE_NETWORK}
            data["steps"] = [step.to_dict(self.folder) for step in self.chain]
        return data

    def checked(self) -> Model:
        """Itself; raises `UnusableModel` for an entry that cannot be right."""
        kinds = {"for_patients": bool, "largest_organ_only": bool, "measured": Mapping}
        kinds |= dict.fromkeys(
            "id title version licence citation sha256 warning orientation intended_input about".split(), str
        )
        for name, kind in kinds.items():
            if not isinstance(value := getattr(self, name), kind):
                raise UnusableModel(f"The catalogue entry of model '{self.id}' cannot be used: '{name}' is {value!r}.")
        if not re.fullmatch(ID, self.id):
            raise UnusableModel(f"'{self.id}' is no id of a model: letters, digits, '.', '_' and '-' are allowed.")
        for name, value in self.measured.items():
            if wanted := _unlike_measured(name, value):
                raise UnusableModel(f"Model '{self.id}': measured '{name}' is {value!r:.40}; {wanted} needed.")
        if self.chain:
            checked_steps(self.id, self.chain)
        else:
            if not self.label_roles.get(Role.PARENCHYMA):
                raise UnusableModel(
                    f"Model '{self.id}': say which labels are parenchyma and tumor; a label of the liver is needed."
                )
            if wrong := wrong_roles(self.label_roles) or (self.orientation and wrong_orientation(self.orientation)):
                raise UnusableModel(f"Model '{self.id}': {wrong}.")
        return self

    @property
    def steps(self) -> tuple[Step, ...]:
        """Its networks in their order; of a model that is no chain, itself as the only one."""
        return self.chain or (
            Step(
                name="model",
                title=self.title,
                folder=self.folder,
                sha256=self.sha256,
                label_roles=self.label_roles,
                orientation=self.orientation,
                largest_organ_only=self.largest_organ_only,
                licence=self.licence,
                citation=self.citation,
            ),
        )

    def files_sha256(self) -> str:
        """`sha256`, read from the files where it is not known beforehand."""
        if self.sha256:
            return self.sha256
        steps = [replace(s, sha256=s.sha256 or model_folder.checksum(s.folder, s.folds)) for s in self.steps]
        return chain_sha256(steps) if self.chain else steps[0].sha256

    @property
    def weights_sha256(self) -> str:
        """What draws the masks: `model_folder.weights_sha256` of its folder; of a chain, over those of its steps and
        all that their drawing depends on: other roles or another crop of the same networks are other masks."""
        return self._weights(at_once=False)[0]

    @property
    def weights_known(self) -> str:
        """`weights_sha256` without reading anything large: "" where it is not known yet (`model_digests`)."""
        return self._weights(at_once=True)[0]

    def _weights(self, *, at_once: bool) -> tuple[str, list[str]]:
        """Of the model, and of each step."""
        found = [model_folder.weights_sha256(step.folder, step.folds, at_once=at_once) for step in self.steps]
        if not self.chain:
            return found[0], found
        steps = [{**step.drawing, "sha256": of_step} for step, of_step in zip(self.chain, found, strict=True)]
        return json_sha256(steps) if all(found) else "", found

    @property
    def identity(self) -> dict[str, Any]:
        """What a record says about the model: ``sha256`` of its files, ``weights_sha256`` of what draws the masks.

        Asked for on the thread of a window: where large weights were never read, ``weights_sha256`` is "".
        """
        return self._identity(self.sha256, at_once=True)

    def identity_with(self, sha256: str) -> dict[str, Any]:
        """`identity` with the checksum that the files were found to have; reads the weights where need be."""
        return self._identity(sha256, at_once=False)

    def _identity(self, sha256: str, *, at_once: bool) -> dict[str, Any]:
        weights, of_steps = self._weights(at_once=at_once)
        identity: dict[str, Any] = {
            "id": self.id,
            "title": self.title,
            "version": self.version,
            "sha256": sha256,
            "weights_sha256": weights,
            "licence": self.licence,
            "for_patients": self.for_patients,
            "shipped": self.shipped,
            "warning": self.warning,
        }
        if self.chain:
            identity["steps"] = [
                {
                    "name": step.name,
                    "title": step.title,
                    "sha256": step.sha256,
                    "weights_sha256": of_step,
                    "roles": {role: list(labels) for role, labels in step.label_roles.items()},
                    "says": step.says,
                }
                for step, of_step in zip(self.chain, of_steps, strict=True)
            ]
        return identity


def _unlike_measured(name: str, value: Any) -> str:
    """What is needed where `measured` has something else, "" where it is right."""
    if name == "effects":
        right = isinstance(value, (list, tuple)) and all(effects.is_one(one) for one in value)
        return "" if right else "a list of what choices change (segmentation/effects.py) is"
    if name in MEASURED_TEXTS:
        return "" if isinstance(value, str) else "a text is"
    most, wanted = (1, "a share up to 1 is") if name in MEASURED_SHARES else (LONGEST_S, "seconds are")
    return "" if value is None or (type(value) in (int, float) and 0 <= value <= most) else wanted
