"""``doctor``, and what runs from a checkout: ``panel``, ``bench``, ``test``."""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import importlib.util
import inspect
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from .. import __version__
from ..errors import BadInput, MissingDependency
from .command import ROOT, Command
from .options import add_labels, segmentation


def add(command: Command) -> None:
    command("doctor", _doctor, "what is installed, what is missing and how to get it")
    panel = command("panel", _panel, "the Slicer module's panel in a stand-in window, without Slicer")
    panel.add_argument("--ct", type=Path, metavar="PATH", help="DICOM folder or image file; a sample case without it")
    panel.add_argument(
        "--segmentation", action="append", metavar="[ROLE=]FILE",
        help="segments of that CT, as if 'Use' was pressed beside it; given again for several files",
    )  # fmt: skip
    add_labels(panel)
    panel.add_argument("--screenshot", type=Path, metavar="FILE", help="write a PNG instead of opening a window")
    bench = command("bench", _bench, "figures against the peers, both in one run")
    bench.add_argument("what", choices=_benches(), help="which figures")
    bench.add_argument("--json", type=Path, metavar="FILE", help="write them there too")
    for name, options in _BENCH.items():
        bench.add_argument(f"--{name}", **options)
    test = command("test", _test, "the test suite (under 20 minutes)")
    test.add_argument("--slow", action="store_true", help="the long tests too")
    test.add_argument("pytest", nargs="*", metavar="ARG", help="handed to pytest, after --")


_BENCH = {
    "pairs": {"type": int, "metavar": "N", "help": "runs of each, in turn; figures are their medians (default 3)"},
    "slow": {"action": "store_true", "help": "segmentation: with a network of full size too"},
    "only": {
        "choices": ("signature", "all", "scaling"),
        "help": "radiomics: the ten features, all, or --scaling alone",
    },
    "ct": {"type": Path, "metavar": "PATH", "help": "radiomics: this CT, with --segmentation"},
    "segmentation": {"action": "append", "metavar": "[ROLE=]FILE", "help": "segments of that CT"},
    "labels": {"action": "append", "metavar": "ROLE=LABELS", "help": "what its labels mean"},
    "against": {"type": Path, "metavar": "FOLDER", "help": "radiomics: another checkout, in turn"},
    "without-pyradiomics": {"action": "store_true", "help": "radiomics: built-in engine alone"},
    "peers": {"metavar": "NAME,NAME", "help": "radiomics: other packages beside, each in an environment of its own"},
    "scaling": {"type": Path, "metavar": "PNG", "help": "radiomics: time and memory over VOI size, drawn"},
    "page": {"type": Path, "metavar": "FILE", "help": "radiomics: put the figures into docs/radiomics.md"},
}
"""Options of ``bench``; those that a benchmark's `main` has no parameter for are refused."""


def _doctor(_: argparse.Namespace) -> None:
    from ..segmentation import nnunet_versions

    packages = (
        ("numpy", "numpy", "./ptlf installs it"),
        ("scipy", "scipy", "./ptlf installs it"),
        ("SimpleITK", "SimpleITK", "./ptlf installs it"),
        ("pydicom", "pydicom", "./ptlf installs it; needed for DICOM folders, DICOM SEG and RTSTRUCT"),
        ("torch", "torch", "needed to segment: ./ptlf segment installs it"),
        ("nnunetv2", "nnunetv2", "needed to segment: ./ptlf segment installs it"),
        ("openvino", "openvino", "optional, draws faster on a CPU: ./ptlf models convert ID installs it"),
    )
    print(f"PTLFPredictor {__version__}, Python {platform.python_version()}, {platform.platform(terse=True)}")
    for name, module, hint in packages:
        if importlib.util.find_spec(module) is None:
            print(f"  missing  {name:12} {hint}")
            continue
        found = importlib.metadata.version(name)
        fault = nnunet_versions.fault(found) if name == nnunet_versions.PACKAGE else ""
        print(f"  {'unfit' if fault else 'found':8} {name:12} {found}{f'  {fault}' if fault else ''}")
    print(_pyradiomics())
    print(f"  device   {_device()}")
    print(f"  compiler {shutil.which('cc') or shutil.which('gcc') or 'none (only PyRadiomics needs one)'}")


def _pyradiomics() -> str:
    """Whether the reference engine is in the interpreter that would run it."""
    from ..measures.radiomics import child_options

    python = child_options("pyradiomics")["python"]
    asked = [python, "-I", "-c", "import importlib.metadata as m, radiomics; print(m.version('pyradiomics'))"]
    try:
        answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    except OSError:
        return f"  missing  {'pyradiomics':12} {python} cannot be run"
    if answer.returncode == 0:
        return f"  found    {'pyradiomics':12} {answer.stdout.strip()} in {python}"
    return f"  missing  {'pyradiomics':12} optional reference engine: ./ptlf features --engine pyradiomics installs it"


def _device() -> str:
    """The NVIDIA GPU, told without importing torch; else the CPU."""
    tool = shutil.which("nvidia-smi")
    if tool:
        query = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader"]
        answer = subprocess.run(query, capture_output=True, text=True, check=False)
        if answer.returncode == 0 and answer.stdout.strip():
            return "; ".join(answer.stdout.strip().splitlines())
    return f"CPU, {os.cpu_count()} cores (no NVIDIA GPU found)"


def _panel(given: argparse.Namespace) -> int:
    from ..segmentation.reading import parse_labels

    files = segmentation(given)
    if files is not None and given.ct is None:
        raise BadInput("--segmentation needs the CT that it was drawn on (--ct).")
    sys.path.insert(0, str(ROOT / "Testing"))
    return importlib.import_module("host.window").main(given.ct, given.screenshot, files, parse_labels(given.labels))


def _bench(given: argparse.Namespace) -> None:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    main = importlib.import_module(given.what).main
    named = {name: getattr(given, name.replace("-", "_")) for name in _BENCH}
    wanted = {name: value for name, value in named.items() if value not in (None, False)}
    known = inspect.signature(main).parameters
    for name in wanted:
        if name.replace("-", "_") not in known:
            raise BadInput(f"'bench {given.what}' has no --{name}: leave it out.")
    if (given.ct is None) != (given.segmentation is None):
        raise BadInput("--ct and --segmentation go together.")
    if given.pairs is not None and given.pairs < 1:
        raise BadInput("--pairs is a number of runs: at least 1.")
    main(given.json, **{name.replace("-", "_"): value for name, value in wanted.items()})


def _benches() -> tuple[str, ...]:
    names = ("radiomics", "segmentation", "panel", "cohort")
    return tuple(name for name in names if (ROOT / "benchmarks" / f"{name}.py").exists())


def _test(given: argparse.Namespace) -> int:
    if importlib.util.find_spec("pytest") is None or not (ROOT / "Testing").is_dir():
        raise MissingDependency("The tests run from a checkout, through './ptlf test'.")
    chosen = ["--cov", "--cov-report=term:skip-covered"] if given.slow else ["-m", "not slow"]
    steps = [
        [sys.executable, "-m", "ruff", "check", "."],
        [str(Path(sys.executable).with_name("lint-imports"))],
        [sys.executable, "-m", "pytest", *chosen, *given.pytest],
    ]
    codes = [subprocess.run(step, cwd=ROOT, check=False).returncode for step in steps]
    return next((code for code in codes if code), 0)
