"""What has to be installed, told when the panel opens and done only when the user asks."""

from __future__ import annotations

from pathlib import Path

from slicer.i18n import tr as _

from ..errors import MissingDependency
from . import compat


class Dependencies:
    """Packages of ``Resources/requirements.txt``, PyTorch and nnU-Net.

    Parameters
    ----------
    requirements : Path
        Packages from the package index that Slicer does not bundle.
    """

    def __init__(self, requirements: Path):
        self._requirements = requirements

    def missing(self) -> list[str]:
        """Names of what is not installed; looks only, imports nothing heavy."""
        lines = self._requirements.read_text(encoding="utf-8") if self._requirements.is_file() else ""
        missing = compat.missing_requirements(lines)
        return [*missing, *(name for name in ("torch", "nnunetv2") if not compat.installed(name))]

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
            Where an extension has to be installed first.
        """
        if not compat.installed("torch"):
            logic = compat.torch_logic()
            if logic is None:
                raise MissingDependency(
                    _("Install the extension PyTorch first (View, Extensions Manager), restart Slicer, come back.")
                )
            if logic.installTorch(askConfirmation=True) is None:
                raise MissingDependency(_("PyTorch was not installed."))
        if not compat.installed("nnunetv2"):
            nnunet = compat.nnunet_logic()
            if nnunet is None:
                raise MissingDependency(
                    _("Install the extension NNUNet first (View, Extensions Manager), restart Slicer, come back.")
                )
            nnunet.setupPythonRequirements()
            if not compat.installed("nnunetv2"):  # it logs what went wrong and returns
                raise MissingDependency(_("nnU-Net was not installed; Slicer's error log (Ctrl+0) says why."))
        lines = self._requirements.read_text(encoding="utf-8") if self._requirements.is_file() else ""
        missing = compat.missing_requirements(lines)
        if missing:
            compat.install(missing)
