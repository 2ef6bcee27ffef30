"""Which nnU-Net may draw: told before anything is loaded, in a sentence, with the exit code of a missing package."""

import os
from pathlib import Path

import pytest
import SimpleITK as sitk

from PTLFPredictorLib.errors import MissingDependency
from PTLFPredictorLib.segmentation import default_model, nnunet_versions, segment
from PTLFPredictorLib.segmentation.how import How

LIBRARY = Path(nnunet_versions.__file__).parents[2]

TESTED = ("2.6.4", "2.7.0", "2.8.0", "2.8.1", "2.8.1.post1", "2.8")
OTHERS = ("2.5.2", "2.6.0", "2.6.3", "2.9", "2.9.0rc1", "2.10.1", "3.0", "1.7.1", "unknown")


def test_the_range_in_words():
    assert nnunet_versions.REQUIREMENT == "nnunetv2>=2.6.4,<2.9"


@pytest.mark.parametrize("version", TESTED)
def test_a_tested_version_has_no_fault(version):
    assert nnunet_versions.fault(version) == ""


@pytest.mark.parametrize("version", OTHERS)
def test_any_other_version_is_named_with_the_range(version):
    told = nnunet_versions.fault(version)
    assert told.startswith(f"nnU-Net {version} is installed, with which this product was not tested:")
    assert "nnunetv2>=2.6.4,<2.9" in told


def test_none_is_told_too():
    assert nnunet_versions.fault("").startswith("nnU-Net is not installed; nnunetv2>=2.6.4,<2.9")


def test_the_pinned_version_is_a_tested_one():
    pins = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert [line for line in pins.splitlines() if "nnunetv2==" in line] == ['    "nnunetv2==2.8.1",']
    assert nnunet_versions.is_tested("2.8.1")


def test_the_worker_refuses_an_untested_version(tmp_path):
    """The child's environment says that another version is installed, as pip would leave it there."""
    told = tmp_path / "site" / "nnunetv2-2.5.2.dist-info" / "METADATA"
    told.parent.mkdir(parents=True)
    told.write_text("Metadata-Version: 2.1\nName: nnunetv2\nVersion: 2.5.2\n")
    work = tmp_path / "work"
    work.mkdir()
    paths = {"PYTHONPATH": os.pathsep.join([str(told.parents[1]), str(LIBRARY)])}
    ct = sitk.Image((16, 16, 16), sitk.sitkInt16)  # which nothing looks at any more
    with pytest.raises(MissingDependency, match=r"nnU-Net 2\.5\.2 is .*nnunetv2>=2\.6\.4,<2\.9 is") as caught:
        segment(ct, default_model(), work=work, how=How("cpu"), environment=paths)
    assert caught.value.exit_code == 3
