"""PyRadiomics and the built-in engine on one patient: processor seconds, wall seconds, memory, and how equal they are.

``./ptlf bench radiomics`` calls `main`; ``--help`` there lists what it takes.  Each run is a process of its own, with
its own peak memory; PyRadiomics runs in its own environment.  Runs go in turn, `measuring.PAIRS` times, and each figure
is the median.  Ratios are of processor seconds (of the call of `extract`, imports and reading apart).  The patient is
3D-IRCADb-01 case 17 (in ``../shared/data/ircad17``), the CT that ``--ct`` names, or, where neither is here, a seeded
synthetic ellipsoid of the same size, which is said in the output.

With ``--against FOLDER`` another checkout of this repository runs in turn, e.g. that of an earlier commit; with
``--scaling PNG`` the features child is measured over VOIs of growing size and drawn; with ``--peers`` other packages
are (`radiomics_peers`); ``--page`` puts the figures into ``docs/radiomics.md``.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PARTS = ROOT / "benchmarks" / "parts"
sys.path[:0] = [str(PARTS), str(ROOT / "PTLFPredictor")]

import measuring  # noqa: E402
import radiomics_cases as cases  # noqa: E402
from measuring import say  # noqa: E402
from radiomics_figures import AGAINST, OURS, REFERENCE, compared, layers_in_words, print_table  # noqa: E402

SIGNATURE = {
    "tumor": ["exponential_glrlm_RunLengthNonUniformity", "wavelet-HHH_glszm_SizeZoneNonUniformity"],
    "liver": [
        "lbp-3D-m1_firstorder_Skewness",
        "lbp-3D-m2_firstorder_Mean",
        "log-sigma-1-0-mm-3D_glcm_Imc1",
        "log-sigma-1-0-mm-3D_gldm_DependenceNonUniformityNormalized",
        "wavelet-HHH_glcm_DifferenceEntropy",
        "wavelet-HHL_firstorder_Mean",
        "wavelet-LHH_firstorder_Mean",
        "wavelet-LLH_firstorder_Kurtosis",
    ],
}
"""The ten features of the published signature."""

WANTED: dict[str, dict[str, Any]] = {"signature": SIGNATURE, "all": {"tumor": None, "liver": None}}


def main(
    json_path: str | os.PathLike | None = None,
    *,
    pairs: int = measuring.PAIRS,
    only: str | None = None,
    ct: Path | None = None,
    segmentation: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    against: Path | None = None,
    without_pyradiomics: bool = False,
    peers: str = "",
    scaling: Path | None = None,
    page: Path | None = None,
) -> dict[str, Any]:
    """Run all comparisons, print them and write them as JSON.

    Parameters
    ----------
    json_path : path, optional
        Where to write the result.
    pairs : int
        Runs of each engine, in turn.
    only : {"signature", "all", "scaling"}, optional
        One set of features alone, or none.
    ct, segmentation, labels
        Another CT and its segments, as every command takes them.
    against : path, optional
        Another checkout.
    without_pyradiomics : bool
        Leave the reference out (all features take it minutes a run).
    peers : str
        Names of `radiomics_peers.PEERS` with commas between them.
    scaling : path, optional
        PNG of time and memory over VOI size.
    page : path, optional
        The page whose figures are put in anew (`radiomics_page`).

    Returns
    -------
    dict
        ``machine``, ``case``, ``voxels``, ``pairs``; ``signature`` and ``all`` (`radiomics_figures.compared`);
        ``layers`` by filtered image (`radiomics_run.layers`); ``peers``; ``scaling``.
    """
    asked = _peers(peers)
    result: dict[str, Any] = {"machine": measuring.machine(), "pairs": pairs}
    print(measuring.in_words(result["machine"]), flush=True)
    sets = {name: wanted for name, wanted in WANTED.items() if only in (None, name)}
    if sets or asked:
        case = cases.given(ct, segmentation, labels) if ct else cases.ircad17() or cases.synthetic(2.0)
        result |= {"case": case.source, "voxels": {name: int(mask.sum()) for name, mask in case.masks.items()}}
        print(f"{case.source}: {result['voxels']} voxels", flush=True)
        with tempfile.TemporaryDirectory(prefix="ptlf-bench-") as folder:
            case.write(Path(folder))
            vois = set(case.masks)
            del case
            sets = {name: {voi: of for voi, of in wanted.items() if voi in vois} for name, wanted in sets.items()}
            _compare(Path(folder), sets, result, against, without_pyradiomics)
            if asked:
                import radiomics_peers

                result["peers"] = radiomics_peers.measured(asked, Path(folder), pairs, own_values(Path(folder), vois))
    if scaling:
        import radiomics_scaling

        wanted = WANTED if only in (None, "scaling") else sets
        result["scaling"] = radiomics_scaling.scaling(run_child, wanted, pairs=pairs)
        result["machine"] = measuring.ended(result["machine"])
        radiomics_scaling.draw(result["scaling"], scaling, measuring.in_words(result["machine"]))
    result["machine"] = measuring.ended(result["machine"])
    print(measuring.in_words(result["machine"]), flush=True)
    if json_path is not None:
        Path(json_path).write_text(json.dumps(result, indent=2), encoding="utf-8")
    if page:
        import radiomics_page

        radiomics_page.put(page, result)
    return result


def _compare(
    folder: Path, sets: Mapping[str, Any], result: dict[str, Any], against: Path | None, without_pyradiomics: bool
) -> None:
    """The engines on the case in `folder`, into `result`."""
    from PTLFPredictorLib.measures.radiomics import available_engines

    engines = [name for name in available_engines() if name != REFERENCE]
    if REFERENCE not in available_engines():
        say("PyRadiomics is not here (./ptlf bench installs it): left out.")
    elif not without_pyradiomics:
        engines.append(REFERENCE)
    for name, wanted in sets.items():
        ways = {one: functools.partial(run_child, folder, _job(one, wanted)) for one in engines}
        if against:
            ways[AGAINST] = functools.partial(run_child, folder, _job(OURS, wanted), checkout=against)
        say(f"{name}: {sum(len(of) for of in wanted.values()) if name == 'signature' else 'all'} features")
        result[name] = compared(name, measuring.in_turn(ways, result["pairs"]))
        if against:
            result[name][AGAINST]["commit"] = commit_of(against)
        print_table(name, result[name])
    if not sets:
        return
    types = image_types(sets)
    say(f"filtered voxels and bins: {', '.join(types)}")
    engine = REFERENCE if REFERENCE in engines else OURS
    job = {"what": "layers", "engine": engine, "wanted": next(iter(sets.values())), "image_types": types}
    result["layers"] = run_child(folder, job)["layers"]
    print(layers_in_words(result["layers"], "PyRadiomics" if engine == REFERENCE else "ITK (LoG alone)"), flush=True)


def _job(engine: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {"what": "extract", "engine": engine, "wanted": wanted}


def image_types(sets: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Of PyRadiomics, that these sets of features need; not Original, which is the CT."""
    from PTLFPredictorLib.measures.radiomics.names import image_type_of
    from PTLFPredictorLib.measures.radiomics.settings import ALL_1874

    if "all" in sets:
        return [name for name in ALL_1874 if name != "Original"]
    types = {image_type_of(name) for of in sets["signature"].values() for name in of}
    return [name for name in ALL_1874 if name in types and name != "Original"]


def _peers(names: str) -> list[str]:
    import radiomics_peers

    return radiomics_peers.chosen(names)


def own_values(folder: Path, vois: Collection[str]) -> dict[str, dict[str, float]]:
    """The ten features of the case in `folder` by the built-in engine."""
    return run_child(folder, _job(OURS, {voi: names for voi, names in SIGNATURE.items() if voi in vois}))["values"]


def run_child(folder: Path, job: Mapping[str, Any], checkout: Path = ROOT) -> dict[str, Any]:
    """A job of `radiomics_run` on the case in `folder`, with a checkout's library; what it found."""
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    python, environment = interpreter(job["engine"], checkout)
    subprocess.run([python, str(PARTS / "radiomics_run.py"), str(folder)], env=environment, check=True)
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


@functools.cache
def interpreter(engine: str, checkout: Path) -> tuple[str, dict[str, str]]:
    """Python and environment that a checkout gives its features child for an engine."""
    environment = {key: value for key, value in os.environ.items() if key not in measuring.THREADS}
    environment["PYTHONPATH"] = str(checkout / "PTLFPredictor")
    asked = (
        "import json, sys; from PTLFPredictorLib.measures.radiomics import child_options; "
        "print(json.dumps(child_options(sys.argv[1])))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", asked, engine], env=environment, capture_output=True, text=True, check=False
    )
    options = json.loads(answer.stdout) if answer.returncode == 0 else {}  # an older checkout has none
    return options.get("python", sys.executable), environment | options.get("environment", {})


def commit_of(checkout: Path) -> str:
    command = ["git", "-C", str(checkout), "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
