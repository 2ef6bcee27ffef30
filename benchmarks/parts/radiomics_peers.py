"""Other packages on the ten features of the published signature, each in an environment of its own.

The environments are made on first use in ``.venv-peers/NAME`` (``PTLF_BENCH_PEERS`` names another folder); two packages
share the module name ``radiomics``.  What a package gives is right where it is the built-in engine's value, which is
PyRadiomics 3.0.1's, to 1e-6.  Costs are of the whole process, imports included: packages compile and read on import.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measuring import THREADS, in_turn, medians, say
from radiomics_figures import FIGURES, relative_difference

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("PTLF_BENCH_PEERS") or ROOT / ".venv-peers")
RIGHT = 1e-6


@dataclass(frozen=True)
class Peer:
    """
    Parameters
    ----------
    python : str
        Version of the interpreter that it runs on.
    pins : tuple of str
        Packages; what a package does not bring itself is named after it.
    module : str
        What is imported.
    """

    python: str
    pins: tuple[str, ...]
    module: str


PEERS = {
    "pictologics": Peer("3.12", ("pictologics==0.9.0",), "pictologics"),
    "flash-radiomics": Peer(
        "3.11",
        (
            *("flash-radiomics==1.0.0", "numpy==2.4.6", "scipy==1.16.3", "SimpleITK==2.5.5", "PyWavelets==1.9.0"),
            *("trimesh==5.2.0", "pykwalify==1.8.0", "h5py", "scikit-image", "scikit-learn"),
        ),
        "flash_radiomics",
    ),
    "pyradiomics-bhklab": Peer(
        "3.11",
        ("pyradiomics-bhklab==3.1.4", "numpy==2.4.6", "scipy==1.17.1", "SimpleITK==2.5.5", "trimesh==5.2.0"),
        "radiomics",
    ),
}


def chosen(names: str) -> list[str]:
    """Of a list with commas; raises `BadInput` for one that is not known."""
    from PTLFPredictorLib.errors import BadInput

    found = [name.strip() for name in names.split(",") if name.strip()]
    if unknown := [name for name in found if name not in PEERS]:
        raise BadInput(f"--peers has {unknown[0]}, which the benchmark does not know; it knows {', '.join(PEERS)}.")
    return found


def measured(
    names: Sequence[str], folder: Path, pairs: int, own: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, Any]]:
    """Each peer on the case in `folder`.

    Returns
    -------
    dict of str to dict
        By peer: ``offered`` and ``right`` of the ten, ``differences``, the medians of its runs (`FIGURES`), ``words``;
        ``first_ever_s``, what its first run after the installation took more (compiling); or ``why_not``, a sentence.
    """
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        python, why_not = environment_of(name)
        if python is None:
            found[name] = {"why_not": why_not}
        else:
            found[name] = _one(name, python, folder, pairs, own)
        print(in_words(name, found[name]), flush=True)
    return found


def _one(name: str, python: Path, folder: Path, pairs: int, own: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    job = {"module": PEERS[name].module, "wanted": split(own)}
    try:
        before = run(python, folder, job)
        runs = in_turn({name: lambda: run(python, folder, job)}, pairs)[name]
    except subprocess.CalledProcessError as error:
        return {"why_not": f"its run ended with code {error.returncode}"}
    one = medians(runs, FIGURES) | judged(own, runs[0]["values"], runs[0]["failed"])
    return one | {"first_ever_s": max(0.0, before["process_seconds"] - one["process_seconds"])}


def judged(
    own: Mapping[str, Mapping[str, float]], theirs: Mapping[str, Mapping[str, float]], failed: Mapping[str, str]
) -> dict[str, Any]:
    """``offered``, ``right``, ``differences`` (relative, by feature) and ``words`` on those that are not right."""
    offered = {f"{voi} {name}": value for voi, values in theirs.items() for name, value in values.items()}
    expected = {f"{voi} {name}": value for voi, values in own.items() for name, value in values.items()}
    differences = {
        name: relative_difference(offered[name], expected[name]) for name in expected.keys() & offered.keys()
    }
    off = sorted(name for name, difference in differences.items() if not difference <= RIGHT)
    parts = [f"{name.split(' ', 1)[1]} off by {differences[name]:.2g}" for name in off]
    if lacking := sorted(name.split(" ", 1)[1] for name in expected.keys() - offered.keys()):
        parts.append(f"not there: {', '.join(lacking)}")
    parts += [f"{name}: {why}" for name, why in sorted(failed.items())]
    return {
        "offered": len(differences),
        "right": len(differences) - len(off),
        "differences": differences,
        "words": "; ".join(parts),
    }


def in_words(name: str, one: Mapping[str, Any]) -> str:
    if "why_not" in one:
        return f"{name}: not measured, {one['why_not']}"
    return (
        f"{name}: {one['right']} of {one['offered']} offered are right; {one['process_seconds']:.1f} processor seconds "
        f"of the whole process, {one['seconds']:.1f} wall, {one['peak_gb'] or float('nan'):.2f} GB; its first run took "
        f"{one['first_ever_s']:.0f} processor seconds more. {one['words']}"
    )


def split(own: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, dict[str, dict[str, list[str]]]]]:
    """``{VOI: {image type: {filtered image: {class: [features]}}}}`` of features by PyRadiomics' names."""
    from PTLFPredictorLib.measures.radiomics.names import image_type_of
    from PTLFPredictorLib.measures.radiomics.names import split as parts_of

    wanted: dict[str, dict[str, dict[str, dict[str, list[str]]]]] = {}
    for voi, values in own.items():
        for name in values:
            image, of_class, feature = parts_of(name)
            images = wanted.setdefault(voi, {}).setdefault(image_type_of(name), {})
            images.setdefault(image, {}).setdefault(of_class, []).append(feature)
    return wanted


def run(python: Path, folder: Path, job: Mapping[str, Any]) -> dict[str, Any]:
    """`peer_run` in an environment, on the case in `folder`."""
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    unset = ("PYTHONPATH", "PYTHONHOME", *THREADS)
    environment = {key: value for key, value in os.environ.items() if key not in unset}
    script = Path(__file__).resolve().with_name("peer_run.py")
    subprocess.run([str(python), str(script), str(folder)], env=environment, check=True, cwd=folder)  # some write there
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def environment_of(name: str) -> tuple[Path | None, str]:
    """Interpreter of a peer's environment, made where it is not there with these pins; None, and why not."""
    sys.path.insert(0, str(ROOT / "Testing"))
    from environments import NotHere, find_python

    peer, folder = PEERS[name], FOLDER / name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / f"packages-{hashlib.sha256(' '.join(peer.pins).encode()).hexdigest()[:12]}"
    if stamp.exists():
        return python, ""
    try:
        base = find_python(peer.python)
    except NotHere as reason:
        return None, f"{reason}, and {name} runs on no other here"
    say(f"making {folder} (once)")
    subprocess.run([base, "-m", "venv", "--clear", str(folder)], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *peer.pins]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        return None, f"it cannot be installed on Python {peer.python}: {last}"
    stamp.touch()
    return python, ""
