"""The networks of a model's folds, loaded once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import UnusableModel, is_out_of_memory
from ..weights import load_checkpoint
from .planned import planned, unfit

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ..model_folder import Facts


class Folds:
    """The folds that draw, and what their checkpoints say.

    Attributes
    ----------
    planned : Planned
    names : tuple of str
        "0", "1" ... or "all".
    mirror_axes : tuple of int
        Along which the training mirrored: 0, 1, 2 of the network's grid.
    weights_bytes : int
        Of one fold in single precision.
    """

    def __init__(self, facts: Facts, configuration: str, folds: Sequence[str]):
        self._checkpoints = _of_folds(facts.checkpoints, folds)
        self.names = tuple(path.parent.name.removeprefix("fold_") for path in self._checkpoints)
        first = load_checkpoint(self._checkpoints[0])
        trained = first["init_args"]["configuration"]
        if configuration and configuration != trained:
            raise UnusableModel(f"The weights are of configuration '{trained}', not '{configuration}'.")
        self.planned = planned(facts, trained)
        self.mirror_axes = tuple(int(axis) for axis in first.get("inference_allowed_mirroring_axes") or ())
        self.weights_bytes = _bytes_of(first["network_weights"])
        self._networks: list[nn.Module] = []
        self._load(first)

    def networks(self, device: str, one_at_a_time: bool = False) -> Iterator[nn.Module]:
        """Fold after fold on a device; `one_at_a_time` keeps none of them."""
        if one_at_a_time:
            self.release()
            for path in self._checkpoints:
                yield self._built(load_checkpoint(path)).to(device)
            return
        if not self._networks:
            self._load(load_checkpoint(self._checkpoints[0]))
        for network in self._networks:
            yield network.to(device)

    def release(self) -> None:
        """Drop what is loaded; it is read again when it is needed."""
        self._networks.clear()

    def _load(self, first: Mapping[str, Any]) -> None:
        others = (load_checkpoint(path) for path in self._checkpoints[1:])
        self._networks = [self._built(first), *map(self._built, others)]

    def _built(self, checkpoint: Mapping[str, Any]) -> nn.Module:
        try:
            network = self.planned.build()
            network.load_state_dict(checkpoint["network_weights"])
        except Exception as error:
            if is_out_of_memory(error):
                raise
            raise unfit(error) from error
        return network.eval().requires_grad_(False)


def _of_folds(checkpoints: Sequence[Path], folds: Sequence[str]) -> list[Path]:
    named = {path.parent.name.removeprefix("fold_"): path for path in checkpoints}
    if missing := [fold for fold in folds if fold not in named]:
        raise UnusableModel(f"The model has no fold '{missing[0]}', only {', '.join(named)}.")
    return [named[fold] for fold in folds] or list(checkpoints)


def _bytes_of(weights: Mapping[str, Tensor]) -> int:
    """nnU-Net lists the same tensors under several names."""
    return 4 * sum({tensor.data_ptr(): tensor.numel() for tensor in weights.values()}.values())
