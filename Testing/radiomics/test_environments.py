"""The fast tests of this room on every supported Python and beside each Slicer's packages; PyRadiomics in its own.

Slow: makes the environments (``Testing/environments.py``, which runs all rooms in them) in ``.venv-tests`` and keeps
them.
"""

import dataclasses
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import environments

HERE = Path(__file__).parent


@pytest.mark.slow
@pytest.mark.parametrize("name", environments.ENVIRONMENTS)
def test_the_tests_of_radiomics_pass(name, monkeypatch, capfd):
    if name != "pyradiomics":
        chosen = environments.ENVIRONMENTS[name]
        monkeypatch.setitem(environments.ENVIRONMENTS, name, dataclasses.replace(chosen, tests=("radiomics",)))
    try:
        done = environments.run(name)
    except environments.NotHere as reason:
        pytest.skip(f"NOT RUN in {name}: {reason}")
    said = capfd.readouterr().out
    assert done.returncode == 0, said[-3000:]
    assert " passed" in said


def test_slicers_environments_hold_slicers_packages():
    """NumPy, SciPy, SimpleITK and pydicom of the tags v5.12.3 and v5.10.0; the core group is the newer one's."""
    expected = {
        "slicer-5.12": {"numpy": "2.4.6", "scipy": "1.17.1", "simpleitk": "2.5.5", "pydicom": "3.0.2"},
        "slicer-5.10": {"numpy": "2.0.2", "scipy": "1.13.1", "simpleitk": "2.5.2", "pydicom": "2.4.4"},
    }
    for name, versions in expected.items():
        pins = pinned(environments.ENVIRONMENTS[name].requirements())
        assert {package: pins[package] for package in versions} == versions
    core = pinned(environments.Environment("3.11", ("core",)).requirements())
    assert {package: core[package] for package in expected["slicer-5.12"]} == expected["slicer-5.12"]


def pinned(requirements):
    read = [Requirement(text) for text in requirements]
    return {one.name.lower(): next(iter(one.specifier)).version for one in read}


def test_every_python_of_the_range_has_an_environment():
    project = tomllib.loads((environments.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    allowed = Requirement(f"python {project['requires-python']}").specifier
    inside = {f"3.{minor}" for minor in range(8, 20) if allowed.contains(f"3.{minor}.0")}
    assert inside == {"3.11", "3.12", "3.13"}
    assert inside <= set(environments.ENVIRONMENTS)


def test_a_python_that_is_not_here_is_printed(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(environments, "FOLDER", tmp_path)
    monkeypatch.setitem(environments.ENVIRONMENTS, "3.2", environments.Environment("3.2", ("core",)))
    assert environments.main(["3.2"]) == 3
    assert "NOT RUN: Python 3.2 is not on this computer" in capsys.readouterr().out


def test_an_unknown_environment_is_refused_with_the_list():
    script = [sys.executable, str(HERE.parent / "environments.py"), "3.2"]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "There is no environment 3.2; there are 3.11, 3.12, 3.13, slicer-5.12" in done.stderr
