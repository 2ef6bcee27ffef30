"""What has to be installed, told when the panel opens and done only when the user asks."""

from __future__ import annotations

from pathlib import Path

from slicer.i18n import tr as _

from ..errors import MissingDependency
from ..segmentation import nnunet_versions
from ..segmentation.how import Runtime
from ..segmentation.runtime import compiled
from . import compat


class Dependencies:
    """Packages of ``Resources/requirements.txt``, PyTorch, nnU-Net in the range that was tested; OpenVINO where chosen.

    Parameters
    ----------
    requirements : Path
        Packages from the package index that Slicer does not bundle.
    """

    def __init__(self, requirements: Path):
        self._requirements = requirements
        self._runtime = Runtime.AUTO

    def ask(self, runtime: str) -> bool:
        """Take over the runtime that was chosen; whether another one was before."""
        changed, self._runtime = runtime != self._runtime, runtime
        return changed

    def missing(self) -> list[str]:
        """Names of what is not installed, or in another version; looks only, imports nothing heavy."""
        missing = self._missing_requirements()
        if not compat.installed("torch"):
            missing.append("torch")
        nnunet = compat.installed(nnunet_versions.PACKAGE)
        if not nnunet:
            missing.append(nnunet_versions.PACKAGE)
        elif nnunet_versions.fault(nnunet):
            missing.append(
                _("{package} (this is {version})").format(package=nnunet_versions.REQUIREMENT, version=nnunet)
            )
        return missing

    def _missing_requirements(self) -> list[str]:
        lines = self._requirements.read_text(encoding="utf-8") if self._requirements.is_file() else ""
        if self._runtime == Runtime.OPENVINO:
            lines += f"\n{compiled.REQUIREMENT}\n"
        return compat.missing_requirements(lines)

    def text(self) -> str:
        missing = self.missing()
        if not missing:
            return ""
        return _("Not installed: {packages}. Segmentation needs them; the rest of the panel works without.").format(
            packages=", ".join(missing)
        )

    def install(self) -> None:
        """Install what is missing, each by the extension or tool that owns it.

        Raises
        ------
        MissingDependency
            Where an extension has to be installed first, Slicer has to be restarted, or an installer did not succeed.
        """
        if not compat.installed("torch"):
            self._install_torch()
        if nnunet_versions.fault(compat.installed(nnunet_versions.PACKAGE)):
            self._install_nnunet()
        missing = self._missing_requirements()
        if missing:
            compat.install(missing)

    def _install_torch(self) -> None:
        logic = compat.torch_logic()
        if logic is None:
            raise MissingDependency(
                _("Install the extension PyTorch first (View, Extensions Manager), restart Slicer, come back.")
            )
        if logic.installTorch(askConfirmation=True) is None:
            raise MissingDependency(_("PyTorch was not installed."))

    def _install_nnunet(self) -> None:
        """By SlicerNNUnet, whose installer logs an error and answers False, or nothing in its older versions."""
        nnunet = compat.nnunet_logic()
        if nnunet is None:
            raise MissingDependency(
                _("Install the extension NNUNet first (View, Extensions Manager), restart Slicer, come back.")
            )
        answer = nnunet.setupPythonRequirements(nnunet_versions.REQUIREMENT)
        if getattr(nnunet, "needsRestart", False):  # it has installed an extension, and then answers True
            raise MissingDependency(_("Restart Slicer, then press Install again: nnU-Net is not installed yet."))
        fault = nnunet_versions.fault(compat.installed(nnunet_versions.PACKAGE))
        if answer is False or fault:
            raise MissingDependency(
                _("nnU-Net was not installed; Slicer's error log (Ctrl+0) says why. {fault}")
                .format(fault=fault)
                .strip()
            )
