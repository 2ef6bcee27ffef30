"""The networks that a process keeps loaded from one job to the next: those of the last model, each verified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..progress import Progress
from . import model_folder
from .how import How
from .model_steps import Step
from .runtime import converted

if TYPE_CHECKING:
    from .network import Network
    from .runtime.conversion import Sample
    from .runtime.converted import Converted

Key = tuple[object, ...]


@dataclass(frozen=True)
class Verified:
    """A step whose files were read, checked and compared.

    Attributes
    ----------
    facts : Facts
    sha256 : str
        The checksum that they were found to have.
    files : tuple
        Their names, sizes and times then: while these are the same, they are not read again.
    """

    facts: model_folder.Facts
    sha256: str
    files: tuple[object, ...]


class Networks:
    """Verifies steps and loads their networks; of one model at a time, on one device at a time."""

    def __init__(self) -> None:
        self._verified: dict[Key, Verified] = {}
        self._loaded: dict[Key, Network] = {}

    def verify(self, model_id: str, step: Step) -> str:
        """The checksum that the step's files have; they are read anew where they were changed since.

        Raises
        ------
        UnusableModel
            With what is wrong; nothing of the model has been executed.
        """
        key, files = _key(step), _files(step.folder)
        known = self._verified.get(key)
        if known is None or known.files != files:
            self.release(step)
            which = {"folds": step.folds, "configuration": step.configuration}
            facts = model_folder.verified(step.folder, model_id, step.label_roles, step.sha256, **which)
            known = Verified(facts, step.sha256 or model_folder.checksum(step.folder, step.folds), files)
            self._verified[key] = known
        return known.sha256

    def facts(self, step: Step) -> model_folder.Facts:
        """What the files of a verified step say."""
        return self._verified[_key(step)].facts

    def keep_only(self, steps: Sequence[Step]) -> None:
        """Let go of what other models have loaded."""
        wanted = {_key(step) for step in steps}
        for key in [key for key in self._loaded if key[0] not in wanted]:
            self._loaded.pop(key).release()
        self._verified = {key: known for key, known in self._verified.items() if key in wanted}

    def get(self, step: Step, how: How, found: Converted | None = None) -> Network:
        """The network of a verified step on `how`'s device (none is looked for), loaded now where it is not yet.

        Parameters
        ----------
        step : Step
        how : How
        found : Converted, optional
            What OpenVINO draws with, where `how` says OpenVINO; torch draws else.
        """
        from .network import Network
        from .runtime.network import CompiledNetwork

        key = (_key(step), how.of_step(step))
        if key not in self._loaded:
            for other in [other for other in self._loaded if other[0] == key[0]]:
                self._loaded.pop(other).release()  # on another device, or drawing otherwise
            if found is not None:
                self._loaded[key] = CompiledNetwork(found, key[1])
            else:
                which = {"configuration": step.configuration, "folds": step.folds}
                self._loaded[key] = Network(self._verified[key[0]].facts, **which, how=key[1])
        return self._loaded[key]

    def converted_key(self, step: Step) -> str:
        """What a verified step's converted network is kept by."""
        return converted.key_of(self._verified[_key(step)].sha256, step.configuration, step.folds)

    def convert(self, step: Step, progress: Progress, sample: Sample | None = None) -> Converted:
        """Convert the network of a verified step for OpenVINO, and compare it (`runtime.conversion.convert`)."""
        from .runtime.conversion import convert

        known = self._verified[_key(step)]
        self.release(step)
        return convert(step, known.facts, known.sha256, sample=sample, progress=progress)

    def release(self, step: Step | None = None) -> None:
        """Let go of a step's network, or of all."""
        for key in [key for key in self._loaded if step is None or key[0] == _key(step)]:
            self._loaded.pop(key).release()


def _key(step: Step) -> Key:
    roles = tuple((role, tuple(labels)) for role, labels in sorted(step.label_roles.items()))
    return step.folder, step.sha256, step.configuration, step.folds, step.tile_step, step.tta, roles


def _files(folder: Path) -> tuple[object, ...]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return tuple((path.name, stat.st_size, stat.st_mtime_ns) for path in found for stat in (path.stat(),))
