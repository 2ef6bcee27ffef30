"""`doctor`: what is installed, in which version, and in which interpreter."""

import sys

import pytest

from PTLFPredictorLib.cli import main


@pytest.fixture
def with_nnunet(tmp_path, monkeypatch):
    """An nnU-Net of some version before all others on the path."""

    def put(version):
        (tmp_path / "nnunetv2").mkdir()
        (tmp_path / "nnunetv2" / "__init__.py").touch()
        info = tmp_path / f"nnunetv2-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: nnunetv2\nVersion: {version}\n")
        monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    return put


def line_of(capsys, package):
    assert main(["doctor"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.split()[1:2] == [package]]
    return line


@pytest.mark.parametrize("version", ["2.6.4", "2.8.1"])
def test_a_tested_nnunet_is_found(with_nnunet, capsys, version):
    with_nnunet(version)
    assert line_of(capsys, "nnunetv2").split() == ["found", "nnunetv2", version]


@pytest.mark.parametrize("version", ["2.5.2", "2.9"])
def test_another_nnunet_is_unfit_and_the_range_is_told(with_nnunet, capsys, version):
    with_nnunet(version)
    line = line_of(capsys, "nnunetv2")
    assert line.split()[:3] == ["unfit", "nnunetv2", version]
    assert "nnunetv2>=2.6.4,<2.9 is needed" in line


def test_pyradiomics_is_looked_for_in_its_own_interpreter(capsys, monkeypatch):
    monkeypatch.setenv("PTLF_PYRADIOMICS_PYTHON", "/nowhere/python")
    assert line_of(capsys, "pyradiomics").split(maxsplit=2) == [
        "missing",
        "pyradiomics",
        "/nowhere/python cannot be run",
    ]
