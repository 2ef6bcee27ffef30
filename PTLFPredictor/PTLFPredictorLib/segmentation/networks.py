"""The loaded networks of one process, verified before the first use."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from . import model_folder
from .model_steps import Step


class Networks:
    def __init__(self) -> None:
        self._facts: dict[Any, model_folder.Facts] = {}
        self._loaded: dict[Any, Any] = {}

    def verify(self, step: Step) -> str:
        """The checksum of the step's files, once they have been read, checked and compared."""
        if step.folder not in self._facts:
            self._facts[step.folder] = model_folder.verified(step.folder, step.name, step.label_roles, step.sha256)
        return step.sha256 or model_folder.checksum(step.folder)

    def facts(self, step: Step) -> model_folder.Facts:
        return self._facts[step.folder]

    def get(self, step: Step, device: str) -> Any:
        from .nnunet import Network

        key = (step.folder, device, step.tta)
        if key not in self._loaded:
            self._loaded[key] = _Adapter(Network(step.folder, step.tta, self._facts[step.folder]), device)
        return self._loaded[key]


class _Adapter:
    def __init__(self, network: Any, device: str):
        self._network, self._device = network, device

    def predict(self, ct: Any, *, progress: Any, on_estimate: Any, on_notice: Any) -> Any:
        network = self._network
        labels = network.predict(ct, self._device, progress=progress, on_estimate=on_estimate)
        settings: Mapping[str, Any] = {
            "configuration": network.configuration,
            "folds": len(network.folds),
            "tta": network.tta,
        }
        return SimpleNamespace(labels=labels, settings=settings)
