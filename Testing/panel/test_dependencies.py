"""What the panel installs, by whom, and what it says of the answer.

The extensions' installers are played by doubles that follow their sources: SlicerNNUnet's ``InstallLogic`` (it answers
True or False since 2025, nothing before, and True with ``needsRestart`` after it has installed the extension PyTorch)
and SlicerPyTorch's ``PyTorchUtilsLogic`` (None where the user declined).
"""

import sys
import types
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
import slicer

from PTLFPredictorLib.errors import MissingDependency
from PTLFPredictorLib.panel import compat
from PTLFPredictorLib.panel.dependencies import Dependencies
from PTLFPredictorLib.segmentation import nnunet_versions

REQUIREMENTS = Path(__file__).resolve().parents[2] / "PTLFPredictor" / "Resources" / "requirements.txt"
TESTED = "2.8.1"


def add_distribution(folder, name, version):
    """What pip leaves of a package, as far as `importlib.metadata` looks at it."""
    for older in folder.glob(f"{name}-*.dist-info"):
        (older / "METADATA").unlink()
        older.rmdir()
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


class Nnunet:
    """SlicerNNUnet's installer: what it is asked for, leaves and answers."""

    def __init__(self, folder, leaves, answer, restart=False):
        self.folder, self.leaves, self.answer, self._restart = folder, leaves, answer, restart
        self.needsRestart, self.asked = False, []

    def setupPythonRequirements(self, nnUNetRequirements="nnunetv2"):
        self.asked.append(nnUNetRequirements)
        self.needsRestart = self._restart
        if self.leaves:
            add_distribution(self.folder, "nnunetv2", self.leaves)
        return self.answer


@pytest.fixture
def site(tmp_path, monkeypatch):
    """The only folder in which packages are looked for; torch is there."""
    without = [entry for entry in sys.path if "site-packages" not in entry]
    monkeypatch.setattr(sys, "path", [str(tmp_path), *without])
    add_distribution(tmp_path, "torch", "2.13.0")
    return tmp_path


@pytest.fixture
def extension(monkeypatch):
    """Installs the extension NNUNet with a given installer."""

    def install(logic):
        module = types.ModuleType("SlicerNNUNetLib")
        module.InstallLogic, module.__spec__ = lambda: logic, ModuleSpec("SlicerNNUNetLib", None)
        monkeypatch.setitem(sys.modules, "SlicerNNUNetLib", module)
        return logic

    return install


@pytest.fixture
def dependencies():
    return Dependencies(REQUIREMENTS)


def test_nothing_is_told_where_all_is_there(site, dependencies):
    add_distribution(site, "nnunetv2", TESTED)
    assert dependencies.missing() == []
    assert dependencies.text() == ""
    dependencies.install()


def test_a_version_that_was_not_tested_is_told_with_the_range(site, dependencies):
    add_distribution(site, "nnunetv2", "2.5.2")
    assert dependencies.missing() == ["nnunetv2>=2.6.4,<2.9 (this is 2.5.2)"]
    assert "nnunetv2>=2.6.4,<2.9 (this is 2.5.2)" in dependencies.text()


def test_openvino_is_missed_and_installed_only_where_it_was_chosen(site, dependencies, monkeypatch):
    add_distribution(site, "nnunetv2", TESTED)
    asked = []
    monkeypatch.setattr(compat, "install", asked.append)
    assert not dependencies.ask("auto")
    assert dependencies.missing() == []
    assert dependencies.ask("openvino")
    assert not dependencies.ask("openvino")
    assert dependencies.missing() == ["openvino>=2024.6"]
    dependencies.install()
    assert asked == [["openvino>=2024.6"]]
    add_distribution(site, "openvino", "2026.4.1")
    assert dependencies.missing() == []
    (site / "openvino-2026.4.1.dist-info" / "METADATA").unlink()
    assert dependencies.ask("torch")
    assert dependencies.missing() == []


@pytest.mark.parametrize("before", ["", "2.5.2"])
@pytest.mark.parametrize("answer", [True, None], ids=["True", "nothing, as older versions do"])
def test_the_range_is_handed_to_the_extensions_installer(site, extension, dependencies, before, answer):
    if before:
        add_distribution(site, "nnunetv2", before)
    logic = extension(Nnunet(site, TESTED, answer))
    dependencies.install()
    assert logic.asked == ["nnunetv2>=2.6.4,<2.9"] == [nnunet_versions.REQUIREMENT]
    assert dependencies.missing() == []


def test_it_is_not_asked_where_a_tested_version_is_there(site, extension, dependencies):
    add_distribution(site, "nnunetv2", "2.7.0")
    logic = extension(Nnunet(site, TESTED, True))
    dependencies.install()
    assert logic.asked == []


def test_a_restart_that_it_needs_is_asked_for_though_it_answers_true(site, extension, dependencies):
    extension(Nnunet(site, "", True, restart=True))
    with pytest.raises(MissingDependency, match="Restart Slicer, then press Install again"):
        dependencies.install()


@pytest.mark.parametrize(
    ("leaves", "answer", "said"),
    [
        ("", False, r"not installed; Slicer's error log \(Ctrl\+0\) says why\. nnU-Net is not installed; nnunetv2>="),
        ("", None, r"not installed; Slicer's error log \(Ctrl\+0\) says why"),
        ("2.9", True, r"nnU-Net 2\.9 is installed, .*not tested.*nnunetv2>=2\.6\.4,<2\.9 is needed"),
        (TESTED, False, r"error log \(Ctrl\+0\) says why\.$"),
    ],
)
def test_an_installation_that_failed_is_told(site, extension, dependencies, leaves, answer, said):
    extension(Nnunet(site, leaves, answer))
    with pytest.raises(MissingDependency, match=said):
        dependencies.install()


def test_without_the_extensions_the_user_is_sent_to_the_manager(site, dependencies, monkeypatch):
    monkeypatch.delitem(sys.modules, "SlicerNNUNetLib", raising=False)
    with pytest.raises(MissingDependency, match="Install the extension NNUNet first"):
        dependencies.install()
    (site / "torch-2.13.0.dist-info" / "METADATA").unlink()
    (site / "torch-2.13.0.dist-info").rmdir()
    with pytest.raises(MissingDependency, match="Install the extension PyTorch first"):
        dependencies.install()


def test_a_user_who_declines_pytorch_is_told_that_it_is_missing(site, dependencies, monkeypatch):
    (site / "torch-2.13.0.dist-info" / "METADATA").unlink()
    (site / "torch-2.13.0.dist-info").rmdir()
    module = types.ModuleType("PyTorchUtils")
    module.PyTorchUtilsLogic = lambda: types.SimpleNamespace(installTorch=lambda askConfirmation: None)
    monkeypatch.setitem(sys.modules, "PyTorchUtils", module)
    monkeypatch.setattr(slicer.modules, "pytorchutils", object(), raising=False)
    with pytest.raises(MissingDependency, match=r"PyTorch was not installed\."):
        dependencies.install()


def test_dicom_seg_is_refused_with_a_sentence_where_slicer_does_not_bundle_what_writes_it(monkeypatch):
    """Slicer 5.10 has neither dcmqi nor highdicom, and no DICOMSegmentationPlugin of its own."""
    monkeypatch.setitem(sys.modules, "DICOMSegmentationPlugin", None)  # as an import that fails
    exporter, reason = compat.segmentation_exporter()
    assert exporter is None
    assert reason == (
        "DICOM SEG needs Slicer 5.12 or the QuantitativeReporting extension (Extensions Manager, category Informatics)."
    )
