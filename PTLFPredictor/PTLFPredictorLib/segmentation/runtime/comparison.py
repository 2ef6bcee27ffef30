"""What OpenVINO's labels of a network differ from torch's, measured when it was converted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..effects import NAMES
from ..how import Precision
from ..names import Role

LEAST_DICE = 0.999
"""Of each role, for OpenVINO to be taken without having been asked for."""

LEAST_DRAWN = 1000
"""Voxels that torch drew: where there were fewer, the comparison says too little for that."""


@dataclass(frozen=True)
class Comparison:
    """Of one precision, on one CT.

    Attributes
    ----------
    precision : Precision
    of : str
        The CT, in words.
    voxels, drawn, differ : int
        Of the CT; that torch gave a role; whose label differs.
    dice : mapping of str to float
        By role; a role that neither drew is left out.
    undrawn : tuple of str
        Roles of the network that neither drew: of these the CT says nothing.
    torch_cpu_s, openvino_cpu_s : float
        Processor seconds of both, preparing and drawing included.
    """

    precision: Precision
    of: str
    voxels: int
    drawn: int
    differ: int
    dice: Mapping[str, float]
    undrawn: tuple[str, ...]
    torch_cpu_s: float
    openvino_cpu_s: float

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Comparison:
        return cls(**{**data, "precision": Precision(data["precision"]), "undrawn": tuple(data["undrawn"])})

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def is_close(self) -> bool:
        """Whether OpenVINO may be taken without having been asked for."""
        if self.undrawn or self.drawn < LEAST_DRAWN:
            return False
        return all(share >= LEAST_DICE for share in self.dice.values())

    @property
    def words(self) -> str:
        """A sentence."""
        dice = ", ".join(f"Dice of {NAMES[Role(role)]} {share:.4f}" for role, share in self.dice.items())
        told = f"{self.differ:,} of {self.voxels:,} voxels have another label than with torch"
        told += f" ({dice})" if dice else ""
        nothing = "".join(f" Neither drew {NAMES[Role(role)]} there." for role in self.undrawn)
        return f"{told}, measured on {self.of}.{nothing}"
