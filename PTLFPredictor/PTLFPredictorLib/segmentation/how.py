"""How a model draws: what a person may choose of a run beside the model itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from ..errors import BadInput

if TYPE_CHECKING:
    from .model_steps import Step

LEAST_STEP, LARGEST_STEP = 0.1, 1.0
"""Tiles: a smaller step would take hours, a larger one leave gaps."""


class Mirroring(StrEnum):
    """Along which of the patient's axes a network looks at mirrored tiles too, of those that its training mirrored."""

    NONE = "none"
    LEFT_RIGHT = "left-right"
    ALL = "all"

    def axes(self, trained: Sequence[int], left_right: int) -> tuple[int, ...]:
        """Axes of the network's grid that are mirrored.

        Parameters
        ----------
        trained : sequence of int
            Those that the training mirrored.
        left_right : int
            The one that runs from the patient's one side to the other.
        """
        if self is Mirroring.NONE:
            return ()
        return tuple(axis for axis in trained if self is Mirroring.ALL or axis == left_right)

    @classmethod
    def of(cls, axes: Sequence[int], left_right: int) -> Mirroring:
        """The word for the axes that are mirrored."""
        if not axes:
            return cls.NONE
        return cls.LEFT_RIGHT if tuple(axes) == (left_right,) else cls.ALL


class Runtime(StrEnum):
    """What computes the network; `AUTO` takes another one than torch only where it was compared with it."""

    AUTO = "auto"
    TORCH = "torch"
    OPENVINO = "openvino"


class Precision(StrEnum):
    """Of the network's arithmetic on a CPU."""

    F32 = "f32"
    BF16 = "bf16"


@dataclass(frozen=True)
class How:
    """What is chosen of a run; what is None is as the model has it.

    Parameters
    ----------
    device : str
        "auto", "cpu" or "cuda:N"; see `device.choose`.
    runtime : Runtime
    precision : Precision
    mirroring : Mirroring, optional
    tile_step : float, optional
        From tile to tile as a share of a tile: 0.5 overlaps by half.

    Raises
    ------
    BadInput
        For a word that is none of these, or a step that leaves gaps.
    """

    device: str = "auto"
    runtime: Runtime = Runtime.AUTO
    precision: Precision = Precision.F32
    mirroring: Mirroring | None = None
    tile_step: float | None = None

    def __post_init__(self) -> None:
        kinds = {"runtime": Runtime, "precision": Precision}
        kinds |= {} if self.mirroring is None else {"mirroring": Mirroring}
        for name, kind in kinds.items():
            value = getattr(self, name)
            if value not in list(kind):
                raise BadInput(f"'{value}' is no {name}; {', '.join(kind)} are.")
            object.__setattr__(self, name, kind(value))
        step = self.tile_step
        if step is None:
            return
        if isinstance(step, bool) or not isinstance(step, (int, float)) or not math.isfinite(step):
            raise BadInput(f"The tile step is {step!r}; it must be a number.")
        if not LEAST_STEP <= step <= LARGEST_STEP:
            raise BadInput(f"The tile step is {step:g}; {LEAST_STEP:g} to {LARGEST_STEP:g} tiles are possible.")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Of a job; raises `BadInput` where it holds what is no choice."""
        if unknown := sorted(data.keys() - {item.name for item in fields(cls)}):
            raise BadInput(f"'{unknown[0]}' is nothing that can be chosen of a run.")
        return cls(**data)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def on(self, device: str) -> Self:
        """The same on the device that was found for it."""
        return replace(self, device=device)

    def of_step(self, step: Step) -> Self:
        """With the step's own tile step and mirroring where nothing else was chosen; None is left to its weights."""
        mirroring = self.mirroring or (Mirroring.NONE if step.tta is False else None)
        return replace(self, mirroring=mirroring, tile_step=self.tile_step or step.tile_step)


AS_THE_MODEL = How()
"""On the best device, as the model's own files say."""
