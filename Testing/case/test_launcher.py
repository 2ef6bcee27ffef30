"""The launcher `ptlf`: what it installs, how it starts the command line, and that a broken start can be repeated."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import signal
import subprocess
import sys
import time
import tomllib

import pytest

from PTLFPredictorLib.cli import ROOT


@pytest.fixture
def launcher(tmp_path, monkeypatch):
    """The launcher as a module, with an environment of its own and without a package index."""
    loader = importlib.machinery.SourceFileLoader("ptlf_launcher", str(ROOT / "ptlf"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader.exec_module(module)
    monkeypatch.setattr(module, "VENV", tmp_path / "venv")
    monkeypatch.delenv(module.PYRADIOMICS_VARIABLE, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return module


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["demo"], ["core", "segmentation"]),
        (["predict", "--ct", "x", "--segmentation", "y"], ["core"]),
        (["predict", "--ct", "/data/pyradiomics-study/dicom"], ["core", "segmentation"]),
        (["features", "--engine", "pyradiomics"], ["core", "pyradiomics"]),
        (["features", "--engine=pyradiomics"], ["core", "pyradiomics"]),
        (["doctor"], ["core"]),
        (["train", "--cases", "cases.csv", "--out", "x"], ["core", "segmentation"]),
        (["segment", "--ct", "x", "--runtime", "openvino", "--out", "y"], ["core", "segmentation", "openvino"]),
        (["predict", "--ct", "x", "--runtime=openvino"], ["core", "segmentation", "openvino"]),
        (["segment", "--ct", "/data/openvino-study/dicom", "--out", "y"], ["core", "segmentation"]),
        (["models", "convert", "ptlf-demo-1"], ["core", "segmentation", "openvino"]),
        (["models", "list"], ["core"]),
        (["bench", "panel"], ["core", "segmentation", "openvino", "panel", "test"]),
        (["bench", "radiomics"], ["core", "segmentation", "openvino", "panel", "test", "pyradiomics"]),
        (
            ["bench", "radiomics", "--scaling", "x.png"],
            ["core", "segmentation", "openvino", "panel", "test", "cohort", "pyradiomics"],
        ),
        (["bench", "cohort"], ["core", "segmentation", "openvino", "panel", "test", "cohort", "pyradiomics"]),
        (["cohort", "calibrate", "--table", "x"], ["core", "cohort"]),
        (["cohort", "extract", "--table", "x", "--model", "demo"], ["core", "cohort", "segmentation"]),
        (["cohort", "extract", "--scheduler", "tcp://host:8786"], ["core", "cohort", "dask"]),
        (["test"], ["core", "segmentation", "openvino", "cohort", "dask", "panel", "test"]),
        (
            ["test", "--slow"],
            ["core", "segmentation", "openvino", "cohort", "dask", "panel", "test", "pyradiomics", "pyradiomics-test"],
        ),
    ],
)
def test_what_a_command_needs(launcher, words, expected):
    assert launcher.groups(words[0], words) == expected


def test_nothing_is_made_for_pyradiomics_where_the_user_names_its_interpreter(launcher, monkeypatch):
    monkeypatch.setenv("PTLF_PYRADIOMICS_PYTHON", "/opt/radiomics/bin/python")
    assert launcher.groups("features", ["features", "--engine", "pyradiomics"]) == ["core"]


def test_pyradiomics_goes_into_an_environment_beside_the_other(launcher):
    assert launcher.apart() == launcher.VENV.parent / "venv-pyradiomics"
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    assert [pin for pin in groups["core"] if pin.startswith("scipy")] == ["scipy==1.17.1"]  # Slicer 5.12's
    assert [pin for pin in groups["pyradiomics"] if pin.startswith("scipy")] == ["scipy==1.16.3"]  # has sph_harm


def test_the_command_knows_where_pyradiomics_is(launcher, monkeypatch):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(launcher.apart())], check=True)
    started = []
    monkeypatch.setattr(launcher, "ensure", lambda group: None)
    monkeypatch.setattr(os, "execve", lambda *call: started.append(call))
    monkeypatch.setattr(sys, "argv", ["ptlf", "doctor"])
    launcher.main()
    assert started[0][2]["PTLF_PYRADIOMICS_PYTHON"] == str(launcher.python_in(launcher.apart()))


def test_without_python_3_11_pyradiomics_is_refused_and_its_tests_are_left_out(launcher, monkeypatch, capsys):
    monkeypatch.setattr(launcher, "PYRADIOMICS_PYTHON", (3, 2))  # no computer has it
    monkeypatch.setattr(os, "execve", lambda *_: None)
    ensure = launcher.ensure
    monkeypatch.setattr(launcher, "ensure", lambda group: ensure(group) if group in launcher.APART else None)
    monkeypatch.setattr(sys, "argv", ["ptlf", "features", "--engine", "pyradiomics"])
    assert launcher.main() == 3
    assert "PyRadiomics needs Python 3.2, which was not found" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["ptlf", "test", "--slow"])
    assert launcher.main() is None
    assert "The tests against PyRadiomics are left out." in capsys.readouterr().err


def test_one_range_of_pythons_everywhere(launcher):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["requires-python"] == ">=3.11,<3.14"
    assert project["tool"]["ruff"]["target-version"] == "py311"
    assert (launcher.OLDEST, launcher.NEWEST) == ((3, 11), (3, 13))


@pytest.mark.parametrize("version", [(3, 10), (3, 14)])
def test_a_python_that_is_not_supported_hands_over_to_one_that_is(launcher, monkeypatch, version, tmp_path):
    handed = []
    for name in ("python3.13", "python3.12", "python3.11"):
        (tmp_path / name).write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "version_info", (*version, 0, "final", 0))
    monkeypatch.setattr(os, "execv", lambda *call: handed.append(call))
    launcher.main()
    assert handed[0][0] == sys.executable


def test_without_a_supported_python_the_versions_are_named(launcher, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "version_info", (3, 14, 0, "final", 0))
    assert launcher.main() == 3
    assert "needs Python 3.11, 3.12 or 3.13" in capsys.readouterr().err


def test_an_environment_that_was_only_half_made_is_made_again_and_what_fails_in_it_is_told(
    launcher, monkeypatch, capsys
):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(launcher.VENV)], check=True)
    launcher.make_environment(launcher.VENV)
    assert subprocess.run([launcher.python_in(launcher.VENV), "-m", "pip", "--version"], check=False).returncode == 0
    monkeypatch.setattr(sys, "argv", ["ptlf", "doctor"])
    assert launcher.main() == 3
    said = capsys.readouterr().err
    assert "could not install what 'doctor' needs" in said
    assert "network connection" in said


@pytest.mark.slow  # 4 s; fast: one that was only half made
@pytest.mark.skipif(os.name == "nt", reason="an environment links to its Python on POSIX only")
def test_an_environment_whose_python_is_gone_is_made_again(launcher):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(launcher.VENV)], check=True)
    for link in launcher.python_in(launcher.VENV).parent.glob("python*"):
        link.unlink()
        link.symlink_to("/nowhere/python")
    launcher.make_environment(launcher.VENV)
    assert subprocess.run([launcher.python_in(launcher.VENV), "-m", "pip", "--version"], check=False).returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_ctrl_c_during_the_installation_shows_no_traceback(tmp_path):
    environment = {**os.environ, "PTLF_VENV": str(tmp_path / "venv"), "PIP_NO_INDEX": "1"}
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "ptlf"), "doctor"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored where tests run in the background
    )
    assert "making" in process.stderr.readline()
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "Traceback" not in said.split("ptlf: ")[-1]


@pytest.mark.skipif(os.name == "nt", reason="the launcher replaces itself on POSIX only")
def test_a_module_in_the_current_folder_is_not_imported(launcher, tmp_path, monkeypatch):
    (tmp_path / "numpy.py").write_text(f"open({str(tmp_path / 'executed')!r}, 'w')")
    started = []
    monkeypatch.setattr(launcher, "ensure", lambda group: None)
    monkeypatch.setattr(os, "execve", lambda *call: started.append(call))
    monkeypatch.setattr(sys, "argv", ["ptlf", "signatures", "list"])
    launcher.main()
    _, words, environment = started[0]
    done = subprocess.run(
        [sys.executable, *words[1:]], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert "ptlf-published" in done.stdout
    assert not (tmp_path / "executed").exists()
