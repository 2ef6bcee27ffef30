"""The fast tests of this room in environments like Slicer's: their Python, NumPy, SciPy and SimpleITK, nothing else.

Slow: makes the environments in a temporary folder, or in ``PTLF_TEST_ENVIRONMENTS`` to keep them.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SLICER = {
    "5.12": ["numpy==2.4.6", "scipy==1.17.1", "SimpleITK==2.5.5"],
    "5.10": ["numpy==2.0.2", "scipy==1.13.1", "SimpleITK==2.5.0"],
}
TOOLS = ["pytest==9.2.0", "hypothesis==6.170.15"]
ABSENT = ("torch", "radiomics", "pywt", "trimesh")


def python_3_12():
    candidates = [shutil.which("python3.12"), *sorted(Path.home().glob(".pyenv/versions/3.12*/bin/python"))]
    for candidate in filter(None, candidates):
        if subprocess.run([str(candidate), "-c", "import venv"], check=False, capture_output=True).returncode == 0:
            return str(candidate)
    return None


@pytest.mark.slow
@pytest.mark.parametrize("version", SLICER)
def test_the_fast_tests_pass_in_an_environment_like_slicers(version, tmp_path):
    python = python_3_12()
    if python is None:
        pytest.skip("no Python 3.12 found: the engine was not tried in environments like Slicer's")
    folder = Path(os.environ.get("PTLF_TEST_ENVIRONMENTS") or tmp_path) / f"slicer-{version}"
    inside = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not inside.exists():
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
    install = [str(inside), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*install, *SLICER[version], *TOOLS], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"the package index does not give {SLICER[version]}: {done.stderr.strip()[-200:]}")
    look = f"import importlib.util as u; print([n for n in {ABSENT} if u.find_spec(n)])"
    assert subprocess.run([inside, "-c", look], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    tests = [str(inside), "-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider", str(Path(__file__).parent)]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    run = subprocess.run(tests, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-3000:]
    assert " passed" in run.stdout
