"""The workflows name what there is: they cannot run here, so that at least their names are held."""

import re
from pathlib import Path

import pytest

import environments

ROOT = Path(__file__).resolve().parents[2]
yaml = pytest.importorskip("yaml")


def jobs(name):
    return yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text(encoding="utf-8"))["jobs"]


@pytest.mark.parametrize("name", ["python", "slicer"])
def test_every_file_that_a_workflow_names_is_there(name):
    text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:Testing|PTLFPredictor)(?:/[\w.]+)*", text))
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_environment_is_run_on_three_systems_with_its_python():
    matrix = jobs("python")["environments"]["strategy"]["matrix"]
    assert matrix["environment"] == ["3.11", "3.12", "3.13", "slicer-5.10", "slicer-5.12", "pyradiomics"]
    assert {entry["environment"]: entry["python"] for entry in matrix["include"]} == {
        name: environment.python for name, environment in environments.ENVIRONMENTS.items()
    }
    assert [system.split("-")[0] for system in matrix["os"]] == ["ubuntu", "windows", "macos"]


def test_slicer_is_run_in_both_versions_on_three_systems():
    matrix = jobs("slicer")["slicer"]["strategy"]["matrix"]
    assert [version.rsplit(".", 1)[0] for version in matrix["slicer"]] == ["5.10", "5.12"]
    assert {entry["os"] for entry in matrix["include"]} == set(matrix["os"])
