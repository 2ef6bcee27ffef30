"""One run of `benchmarks/radiomics.py` in a process of its own: ``python radiomics_run.py FOLDER``.

``FOLDER/job.json`` says what: ``extract`` (the public function, as PyRadiomics can be measured too), ``worker`` (the
features child of the panel and the shell on a job that `case.features` wrote), or ``layers`` (filtered voxels and bins
beside PyRadiomics' own filters).  The result goes to ``FOLDER/run.json``.  Which checkout's library runs is said by
PYTHONPATH: in commits before the rooms, `extract` lay in ``PTLFPredictorLib.radiomics``.
"""

from __future__ import annotations

import importlib
import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from measuring import cpu_seconds, peak_gb, say

ROOMS = ("PTLFPredictorLib.measures.radiomics", "PTLFPredictorLib.radiomics")


def main(folder: Path) -> None:
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    found = {"extract": extract, "worker": worker, "layers": layers}[job["what"]](folder, job)
    (folder / "run.json").write_text(json.dumps(found), encoding="utf-8")


def room() -> Any:
    """The radiomics package of the checkout on the path."""
    for name in ROOMS:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if not (error.name and name.startswith(error.name)):
                raise
    raise ModuleNotFoundError(f"none of {', '.join(ROOMS)} is on the path")


class Stages:
    """Told of progress: says the stages, and keeps the processor seconds at which each began."""

    def __init__(self) -> None:
        self.began: list[tuple[float, str]] = []

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.began.append((cpu_seconds(), stage))
        say(f"    {stage} ({min(done + 1, total)} of {total})")

    def per_image_type(self) -> dict[str, float]:
        """Processor seconds per image type from the messages ``<VOIs>: <image type>``."""
        seconds: dict[str, float] = {}
        for (start, stage), (end, _) in itertools.pairwise(self.began):
            if ": " in stage:
                name = stage.rsplit(": ", 1)[1]
                seconds[name] = seconds.get(name, 0.0) + end - start
        return seconds


def measured(what: Callable[[Stages], dict[str, Any]]) -> dict[str, Any]:
    stages = Stages()
    started, processor = time.perf_counter(), cpu_seconds()
    found = what(stages)
    return {
        "seconds": time.perf_counter() - started,
        "processor_seconds": cpu_seconds() - processor,
        "process_seconds": cpu_seconds(),  # imports and reading included
        "peak_gb": peak_gb(),
        "filters": stages.per_image_type(),
        **found,
    }


def read(folder: Path, vois: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    import SimpleITK as sitk

    masks = {name: sitk.ReadImage(str(folder / f"{name}.nrrd")) for name in vois}
    return sitk.ReadImage(str(folder / "ct.nrrd")), masks


def extract(folder: Path, job: Mapping[str, Any]) -> dict[str, Any]:
    radiomics = room()
    image, masks = read(folder, job["wanted"])
    settings, engine = radiomics.ExtractionSettings(), job["engine"]

    def run(stages: Stages) -> dict[str, Any]:
        vectors = radiomics.extract(image, masks, job["wanted"], settings, engine=engine, progress=stages)
        return {"values": {voi: dict(vector.values) for voi, vector in vectors.items()}}

    return measured(run)


def worker(folder: Path, job: Mapping[str, Any]) -> dict[str, Any]:
    from PTLFPredictorLib.measures.radiomics import worker as child

    def run(stages: Stages) -> dict[str, Any]:
        def emit(event: Mapping[str, Any]) -> None:
            if event.get("event") == "progress":
                stages(event["stage"], event["done"], event["total"])

        written = json.loads((folder / "features.job").read_text(encoding="utf-8"))
        outputs = child.compute(written, folder / "work", emit)
        vectors = json.loads(Path(outputs["features"]).read_text(encoding="utf-8"))
        return {"features": sum(len(vector["values"]) for vector in vectors)}

    return measured(run)


def layers(folder: Path, job: Mapping[str, Any]) -> dict[str, Any]:
    """Each filtered image `beside` the reference's, over the union of all VOIs."""
    import numpy as np
    import SimpleITK as sitk

    from PTLFPredictorLib.measures.radiomics import ExtractionSettings, builtin_engine, prepare
    from PTLFPredictorLib.measures.radiomics.filters import make_filter
    from PTLFPredictorLib.measures.radiomics.region import Region, Voi, Volume

    settings = ExtractionSettings()
    image, masks = read(folder, job["wanted"])
    image = prepare(image, settings)
    inside = {name: sitk.GetArrayFromImage(sitk.DICOMOrient(mask, "LPS")) > 0 for name, mask in masks.items()}
    union = np.logical_or.reduce(list(inside.values()))
    parts = [mask[union] for mask in inside.values()]
    volume, region = Volume.of(image), Region({"union": Voi(union)})
    found: dict[str, Any] = {}
    with ThreadPoolExecutor(2) as pool:
        for image_type in job["image_types"]:
            say(f"    {image_type}")
            options = settings.image_types[image_type]
            made = make_filter(image_type, volume, options)
            for name, theirs in reference(image_type, image, union, options):
                ours = builtin_engine.filtered_voxels(made, region, [name], pool)[name]
                found[name] = beside(ours, theirs, parts, settings.bin_width, name)
    return {"layers": found}


def beside(ours: Any, theirs: Any, parts: Sequence[Any], bin_width: float, name: str) -> dict[str, float]:
    """How equal two vectors of filtered voxels are.

    Parameters
    ----------
    ours, theirs : ndarray, shape (n,)
    parts : sequence of ndarray of bool, shape (n,)
        The VOIs; grey levels are those of each.
    bin_width : float
    name : str
        Of the filtered image.

    Returns
    -------
    dict
        ``voxels``, those that ``differ``, the largest difference (``largest_of_range``; of single precision also
        ``largest_ulp``, in units in the last place of the value itself, which are small where it is next to 0), and
        ``other_bin``, the VOIs' voxels with another grey level.
    """
    import numpy as np

    from PTLFPredictorLib.measures.radiomics.discretise import discretise

    difference = np.abs(ours.astype(float) - theirs)
    single = theirs.dtype == np.float32
    ulp = {"largest_ulp": float((difference / np.spacing(np.abs(theirs)).astype(float)).max())} if single else {}
    levels = [[discretise(values[part], bin_width, None, name).levels for values in (ours, theirs)] for part in parts]
    return {
        "voxels": int(ours.size),
        "differ": int(np.count_nonzero(difference)),
        "largest_of_range": float(difference.max() / max(np.ptp(theirs), 1e-300)),
        **ulp,
        "other_bin": sum(int(np.count_nonzero(one != other)) for one, other in levels),
    }


def reference(image_type: str, image: Any, inside: Any, options: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Names and voxels of PyRadiomics' filtered images; of LoG alone by ITK itself, where PyRadiomics is not here."""
    import SimpleITK as sitk

    try:
        from radiomics import imageoperations
    except ImportError:
        for sigma in options["sigma"] if image_type == "LoG" else ():
            log = sitk.LaplacianRecursiveGaussian(image, sigma, True)
            yield f"log-sigma-{str(sigma).replace('.', '-')}-mm-3D", sitk.GetArrayViewFromImage(log)[inside]
        return
    mask = sitk.GetImageFromArray(inside.astype("uint8"))
    mask.CopyInformation(image)
    for filtered, name, _ in getattr(imageoperations, f"get{image_type}Image")(image, mask, label=1, **options):
        yield name, sitk.GetArrayViewFromImage(filtered)[inside]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
