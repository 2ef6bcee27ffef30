"""Which cases are for testing, and the folds of the others: balanced, by patient, the same again for the same seed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import BadInput
from .cases import Part

TEST_SHARE = 0.2
"""As in the paper: 80 cases of 100 for training and validation, 20 for testing."""

THIN_MM = 3.0

HOW = (
    "Patients in random order within groups of like slices (below 3 mm, others) and tumour volume (none, then thirds "
    "of the rest), dealt out in turn; all cases of a patient are on one side."
)


@dataclass(frozen=True)
class Item:
    """What the split needs to know of a case."""

    name: str
    patient: int
    tumour_ml: float
    slice_mm: float


@dataclass(frozen=True)
class Split:
    """Names of cases: for testing, and the validation cases of each fold of the others."""

    test: tuple[str, ...]
    folds: tuple[tuple[str, ...], ...]
    seed: int
    by: str = HOW

    @property
    def train(self) -> tuple[str, ...]:
        return tuple(sorted(name for fold in self.folds for name in fold))

    def to_dict(self) -> dict[str, Any]:
        folds = [{"fold": number, "validation": list(names)} for number, names in enumerate(self.folds)]
        return {"test": list(self.test), "train": list(self.train), "folds": folds, "seed": self.seed, "how": self.by}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Split:
        return cls(
            tuple(data["test"]), tuple(tuple(fold["validation"]) for fold in data["folds"]), data["seed"], data["how"]
        )

    def for_nnunet(self) -> list[dict[str, list[str]]]:
        """``splits_final.json``."""
        return [{"train": [name for name in self.train if name not in fold], "val": list(fold)} for fold in self.folds]


def split(items: Sequence[Item], folds: int, seed: int, said: Mapping[str, Part] | None = None) -> Split:
    """Split cases by patient.

    Parameters
    ----------
    items : sequence of Item
    folds : int
        2 or more; 1: one fold that is validated on the test cases alone.
    seed : int
    said : mapping, optional
        Name -> side, where the user has decided.

    Raises
    ------
    BadInput
        With too few patients.
    """
    ordered = _ordered(items, seed)
    if said:
        test = [patient for patient in ordered if any(said[item.name] is Part.TEST for item in _of(items, patient))]
        by = f"Test cases as the table says. Folds: {HOW[0].lower()}{HOW[1:]}"
    else:
        count = max(1, round(TEST_SHARE * len(ordered)))
        test, by = [ordered[int((k + 0.5) * len(ordered) / count)] for k in range(count)], HOW
    rest = [patient for patient in ordered if patient not in test]
    if len(rest) < max(folds, 2) or not test:
        raise BadInput(
            f"{len(ordered)} patients are too few for a test set and {folds} folds: at least {max(folds, 2) + 1} are "
            "needed, and for a model that is to be believed some hundred."
        )
    dealt = [[item.name for patient in rest[fold::folds] for item in _of(items, patient)] for fold in range(folds)]
    tested = sorted(item.name for patient in test for item in _of(items, patient))
    return Split(tuple(tested), tuple(tuple(sorted(names)) for names in dealt), seed, by)


def _of(items: Sequence[Item], patient: int) -> list[Item]:
    return [item for item in items if item.patient == patient]


def _ordered(items: Sequence[Item], seed: int) -> list[int]:
    """Patients, like ones beside each other, in random order among like ones."""
    units = {}
    for patient in sorted({item.patient for item in items}):
        own = _of(items, patient)
        units[patient] = max(item.tumour_ml for item in own), min(item.slice_mm for item in own) < THIN_MM
    volumes = sorted(volume for volume, _ in units.values() if volume > 0)

    def third(volume: float) -> int:
        return 0 if volume <= 0 else 1 + 3 * volumes.index(volume) // len(volumes)

    order = list(units)
    random.Random(seed).shuffle(order)
    return sorted(order, key=lambda patient: (units[patient][1], third(units[patient][0])))
