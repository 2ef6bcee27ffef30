"""What a choice of how a model draws changes in its labels: measured on one CT, and kept on this computer.

The model's own way, computed by torch in single precision, is the reference.  What was measured of a shipped model
stands in its entry (``measured``, ``effects``); what was measured here lies in the user's data, by the weights.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from .. import json_text
from ..errors import BadInput
from ..folders import data_folder, keep
from .how import How, Precision
from .names import Role

if TYPE_CHECKING:
    from .model import Model

SYNTHETIC = "That is a synthetic CT: on a patient's the labels may change far more."

LABELS = {Role.PARENCHYMA: 1, Role.TUMOUR: 2}
"""Of a label map that a model's run gives."""

ENTRIES, BYTES = 500, 4 << 20
"""That are kept, of all models."""

SAMPLE = "sample case"
"""Begins `Effect.of` where the CT is a synthetic one."""

NAMES = {Role.PARENCHYMA: "the parenchyma", Role.TUMOUR: "the tumour"}
"""In sentences."""


@dataclass(frozen=True)
class Effect:
    """What one choice changed on one CT.

    Attributes
    ----------
    how : How
        What was chosen; only what is not the model's own (`price.chosen`).
    of : str
        The CT, in words without a name.
    voxels, differ : int
        Of the CT, and how many of them have another label.
    dice : mapping of str to float
        By role, against the model's own way; a role that neither drew is left out.
    passes, own_passes : int
        Of the network, as chosen and in the model's own way.
    device : str
    """

    how: How
    of: str
    voxels: int
    differ: int
    dice: Mapping[str, float]
    passes: int
    own_passes: int
    device: str

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Checked.

        Raises
        ------
        BadInput, TypeError, ValueError, AttributeError
            Where it is none.
        """
        if data.keys() != {item.name for item in fields(cls)}:
            raise ValueError("not what an effect has")
        whole = ("voxels", "differ", "passes", "own_passes")
        if not all(type(data[name]) is int and data[name] >= 0 for name in whole) or not data["voxels"]:
            raise ValueError(f"{', '.join(whole)} are whole numbers")
        if not all(isinstance(data[name], str) for name in ("of", "device")):
            raise ValueError("of and device are texts")
        if not set(data["dice"]) <= set(LABELS) or not all(0 <= share <= 1 for share in data["dice"].values()):
            raise ValueError("dice is a share for parenchyma and tumor")
        return cls(**{**data, "how": How.from_dict(data["how"]), "dice": dict(data["dice"])})

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def words(self) -> str:
        """A sentence."""
        shares = " and ".join(f"{self.dice[role]:.4f} of {NAMES[role]}" for role in LABELS if role in self.dice)
        dice = f", Dice {shares}" if shares else ""
        return (
            f"Labels against the model's own way: {self.differ:,} of {self.voxels:,} voxels differ{dice} "
            f"(measured on {self.of})."
        ) + (f" {SYNTHETIC}" if self.is_of_sample else "")

    @property
    def is_of_sample(self) -> bool:
        """Whether it was measured on a synthetic CT."""
        return self.of.startswith(SAMPLE)


def differing(labels: np.ndarray, reference: np.ndarray) -> tuple[int, dict[str, float]]:
    """How many voxels have another label, and by role the Dice of both; a role that neither has is left out.

    Parameters
    ----------
    labels, reference : ndarray of uint8
        0 background, 1 parenchyma, 2 tumour; of one shape.
    """
    dice = {}
    for role, label in LABELS.items():
        one, other = labels == label, reference == label
        if size := int(one.sum()) + int(other.sum()):
            dice[str(role)] = 2 * int((one & other).sum()) / size
    return int(np.count_nonzero(labels != reference)), dice


def known(model: Model, how: How) -> Effect | None:
    """What is known of a choice; of several CTs the last that was measured here.

    Asked for on the thread of a window: of weights that were never read, nothing is known.

    Parameters
    ----------
    model : Model
    how : How
        Only what is not the model's own.
    """
    found = [_read(one) for one in model.measured.get("effects", ())]
    found += [_read(one) for one in _kept(model.weights_known)]
    return next((one for one in reversed(found) if one is not None and _choice(one.how) == _choice(how)), None)


def remember(model: Model, effect: Effect) -> Path:
    """Keep it in the user's data, in place of an earlier one of the same choice.

    Raises
    ------
    OSError
        Where it cannot be written.
    """
    weights = model.weights_sha256
    others = [one for one in _kept(weights) if (read := _read(one)) and _choice(read.how) != _choice(effect.how)]
    file = _file(weights)
    keep(file, json.dumps([*others, effect.to_dict()], indent=1).encode(), entries=ENTRIES, size=BYTES)
    return file


def _choice(how: How) -> tuple[Any, ...]:
    """What of a choice changes labels: in single precision every runtime is the model's own way."""
    precision = "" if how.precision is Precision.F32 else how.precision
    step = None if how.tile_step is None else round(how.tile_step, 6)
    return how.mirroring, step, precision


def is_one(data: Any) -> bool:
    """Whether it is an effect as `Effect.to_dict` writes it."""
    return _read(data) is not None


def _read(data: Any) -> Effect | None:
    """None for an entry that another version wrote, or that is damaged."""
    try:
        return Effect.from_dict(data)
    except (BadInput, KeyError, TypeError, ValueError, AttributeError):
        return None


def _kept(weights: str) -> list[Any]:
    if not weights:
        return []
    try:
        found = json_text.read(_file(weights))
    except (OSError, ValueError):
        return []
    return found if isinstance(found, list) else []


def _file(weights: str) -> Path:
    return data_folder() / "effects" / f"{weights}.json"
