"""The library's tests on every supported Python, and beside each Slicer's packages.

``python Testing/environments.py``                   all of `ENVIRONMENTS`, one after the other
``python Testing/environments.py 3.13 slicer-5.10``   these
``python Testing/environments.py 3.12 -- -k slabs``   what stands behind ``--`` is for pytest

Environments are made on first use in ``.venv-tests/NAME`` (``PTLF_TEST_ENVIRONMENTS`` names another folder) and kept;
none has torch or nnU-Net, as Slicer's Python has none: tests that draw are skipped there and say so.  A Python that is
not on this computer is printed as NOT RUN, and the exit code is then 3; 1 where a test failed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(os.environ.get("PTLF_TEST_ENVIRONMENTS") or ROOT / ".venv-tests")

LIBRARY = ("radiomics", "signature", "ct", "segmentation", "case", "child", "report")
"""Folders of Testing that need no Slicer and no Qt."""

REAL_PARTS = ("mrml", "panel/test_stand_in.py", "panel/test_layout.py")
"""What needs the wheels of MRML and Qt."""


@dataclass(frozen=True)
class Environment:
    """What is installed, and what then runs in it.

    Parameters
    ----------
    python : str
        Version of the interpreter, e.g. "3.12".
    groups : tuple of str
        Dependency groups of pyproject.toml.
    pins : tuple of str
        Packages besides.
    absent : tuple of str
        Modules that must not be importable, or the environment is not what it stands for.
    tests : tuple of str
        Files and folders of Testing.
    options : tuple of str
        Of pip.
    chosen : str
        Pytest's expression of markers.
    """

    python: str
    groups: tuple[str, ...] = ()
    pins: tuple[str, ...] = ()
    absent: tuple[str, ...] = ("torch", "nnunetv2", "radiomics")
    tests: tuple[str, ...] = LIBRARY
    options: tuple[str, ...] = ()
    chosen: str = "not slow"

    def requirements(self) -> list[str]:
        listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
        return [*(pin for group in self.groups for pin in listed[group]), *self.pins]


_TOOLS = ("pytest==9.2.0", "hypothesis==6.170.15", "jsonschema==4.26.0", "psutil==7.2.2")
_WITHOUT = ("torch", "nnunetv2", "radiomics", "pywt", "trimesh", "yaml", "tqdm")

ENVIRONMENTS = {
    "3.11": Environment("3.11", ("core", "cohort", "panel", "test"), tests=(*LIBRARY, "cohort", *REAL_PARTS)),
    "3.12": Environment("3.12", ("core", "cohort", "panel", "test"), tests=(*LIBRARY, "cohort", *REAL_PARTS)),
    "3.13": Environment("3.13", ("core", "cohort", "panel", "test"), tests=(*LIBRARY, "cohort", *REAL_PARTS)),
    "slicer-5.12": Environment(
        "3.12",
        pins=("numpy==2.4.6", "scipy==1.17.1", "SimpleITK==2.5.5", "pydicom==3.0.2", "highdicom==0.27.0", *_TOOLS),
        absent=_WITHOUT,
    ),
    "slicer-5.10": Environment(
        "3.12",
        pins=("numpy==2.0.2", "scipy==1.13.1", "SimpleITK==2.5.2", "pydicom==2.4.4", *_TOOLS),
        absent=(*_WITHOUT, "highdicom"),
    ),
    "pyradiomics": Environment(
        "3.11",
        ("pyradiomics", "pyradiomics-test"),
        absent=("torch", "nnunetv2"),
        tests=tuple(f"radiomics/test_{name}.py" for name in ("against_pyradiomics", "reference_engine", "maps")),
        options=("--no-build-isolation",),
        chosen="slow",
    ),
}
"""Slicer's pins are those of its tags v5.10.0 and v5.12.3 (SuperBuild/External_python-*.cmake); 5.10 built its own
SimpleITK 2.5.2."""

FIRST = ("numpy", "setuptools", "wheel")
"""Must be there before a package is built without isolation."""


class NotHere(Exception):
    """The interpreter is not on this computer, or the package index does not answer."""


def find_python(version: str) -> str:
    """An interpreter of this version that can make environments: the path's, pyenv's, or Windows' launcher's."""
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        return sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [
        [shutil.which(f"python{version}")],
        *([str(p)] for p in sorted(pyenv.glob(f"{version}.*/bin/python"))),
    ]
    candidates.append([shutil.which("py"), f"-{version}"])
    for candidate in candidates:
        if candidate[0]:
            asked = [*candidate, "-c", "import sys, venv; print(sys.executable)"]
            answer = subprocess.run(asked, capture_output=True, text=True, check=False)
            if answer.returncode == 0:
                return answer.stdout.strip()
    raise NotHere(f"Python {version} is not on this computer")


def make(name: str) -> Path:
    """Interpreter of an environment, made and filled unless it is there with these very packages."""
    wanted = ENVIRONMENTS[name]
    pins = wanted.requirements()
    folder = FOLDER / name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / f"packages-{hashlib.sha256(' '.join(pins).encode()).hexdigest()[:12]}"
    if stamp.exists():
        return python
    subprocess.run([find_python(wanted.python), "-m", "venv", "--clear", str(folder)], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    early = [pin for pin in pins if pin.split("==")[0] in FIRST] if wanted.options else []
    for packages in filter(None, (early, pins)):
        done = subprocess.run([*install, *wanted.options, *packages], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NotHere(f"the packages cannot be installed: {done.stderr.strip()[-300:]}")
    look = f"import importlib.util as u; print([n for n in {wanted.absent} if u.find_spec(n)])"
    found = subprocess.run([str(python), "-I", "-c", look], capture_output=True, text=True, check=True).stdout.strip()
    if found != "[]":
        raise RuntimeError(f"the environment {name} has {found}, which it must not have")
    stamp.touch()
    return python


def run(name: str, arguments: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Run an environment's tests; output goes where this process's goes."""
    python, wanted = make(name), ENVIRONMENTS[name]
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    if name == "pyradiomics":
        environment["PTLF_PYRADIOMICS_PYTHON"] = str(python)
    tests = [str(ROOT / "Testing" / test) for test in wanted.tests]
    command = [str(python), "-m", "pytest", "-q", "-m", wanted.chosen, "-p", "no:cacheprovider", *arguments, *tests]
    return subprocess.run(command, cwd=ROOT, env=environment, text=True, check=False)


def main(words: Sequence[str]) -> int:
    names = list(words[: words.index("--")]) if "--" in words else list(words)
    arguments = list(words[words.index("--") + 1 :]) if "--" in words else []
    unknown = [name for name in names if name not in ENVIRONMENTS]
    if unknown:
        print(f"There is no environment {', '.join(unknown)}; there are {', '.join(ENVIRONMENTS)}.", file=sys.stderr)
        return 2
    outcome: dict[str, str] = {}
    for name in names or ENVIRONMENTS:
        print(f"==== {name}", flush=True)
        try:
            code = run(name, arguments).returncode
            outcome[name] = "passed" if code == 0 else f"FAILED (pytest's exit code {code})"
        except NotHere as reason:
            outcome[name] = f"NOT RUN: {reason}"
    print("\n".join(f"{name:12} {text}" for name, text in outcome.items()), flush=True)
    if any(text.startswith("FAILED") for text in outcome.values()):
        return 1
    return 3 if any(text.startswith("NOT RUN") for text in outcome.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
