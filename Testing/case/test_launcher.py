"""The launcher `ptlf`: what it installs, how it starts the command line, and that a broken start can be repeated."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import signal
import subprocess
import sys
import time

import pytest

from PTLFPredictorLib.cli import ROOT


@pytest.fixture
def launcher(tmp_path, monkeypatch):
    """The launcher as a module, with an environment of its own and without a package index."""
    loader = importlib.machinery.SourceFileLoader("ptlf_launcher", str(ROOT / "ptlf"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader.exec_module(module)
    venv = tmp_path / "venv"
    monkeypatch.setattr(module, "VENV", venv)
    monkeypatch.setattr(module, "PYTHON", venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
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
    ],
)
def test_what_a_command_needs(launcher, words, expected):
    assert launcher.groups(words[0], words) == expected


def test_an_environment_that_was_only_half_made_is_made_again_and_a_failed_installation_told(
    launcher, monkeypatch, capsys
):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(launcher.VENV)], check=True)
    launcher.make_environment()
    assert subprocess.run([launcher.PYTHON, "-m", "pip", "--version"], check=False).returncode == 0
    monkeypatch.setattr(sys, "argv", ["ptlf", "doctor"])
    assert launcher.main() == 3
    said = capsys.readouterr().err
    assert "could not install what 'doctor' needs" in said
    assert "network connection" in said


@pytest.mark.skipif(os.name == "nt", reason="an environment links to its Python on POSIX only")
def test_an_environment_whose_python_is_gone_is_made_again(launcher):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(launcher.VENV)], check=True)
    for link in launcher.PYTHON.parent.glob("python*"):
        link.unlink()
        link.symlink_to("/nowhere/python")
    launcher.make_environment()
    assert subprocess.run([launcher.PYTHON, "-m", "pip", "--version"], check=False).returncode == 0


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
