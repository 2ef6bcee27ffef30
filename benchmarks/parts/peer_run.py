"""A peer on the features of a job, in its own environment: ``python peer_run.py FOLDER`` (`radiomics_peers`)."""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from measuring import cpu_seconds, peak_gb, say

BIN_WIDTH = 25
LOG_SIGMA_MM = 1.0

PICTOLOGICS = {
    ("firstorder", "Mean"): ("intensity", "Q4LE"),
    ("firstorder", "Kurtosis"): ("intensity", "IPH6"),
    ("glcm", "Imc1"): ("texture", "R8DG"),
    ("glcm", "DifferenceEntropy"): ("texture", "NTRS"),
    ("gldm", "DependenceNonUniformityNormalized"): ("texture", "OKJI"),
    ("glszm", "SizeZoneNonUniformity"): ("texture", "4JP3"),
}
"""PyRadiomics' class and feature -> pictologics' family, and IBSI's code at the end of its name; as IBSI defines it."""


def main(folder: Path) -> None:
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    started = time.perf_counter()
    values: dict[str, dict[str, float]] = {}
    failed: dict[str, str] = {}
    measure = {"pictologics": pictologics, "flash_radiomics": flash}.get(job["module"], like_pyradiomics)
    measure(folder, job, values, failed)
    found = {
        "seconds": time.perf_counter() - started,
        "processor_seconds": cpu_seconds(),
        "process_seconds": cpu_seconds(),
        "peak_gb": peak_gb(),
        "values": values,
        "failed": failed,
    }
    (folder / "run.json").write_text(json.dumps(found), encoding="utf-8")


def like_pyradiomics(
    folder: Path, job: Mapping[str, Any], values: dict[str, dict[str, float]], failed: dict[str, str]
) -> None:
    """Packages with PyRadiomics' interface: only the filters and features that are wanted."""
    import SimpleITK as sitk

    package = importlib.import_module(job["module"])
    operations = importlib.import_module(f"{job['module']}.imageoperations")
    importlib.import_module(f"{job['module']}.featureextractor")
    classes = package.getFeatureClasses()
    image = sitk.ReadImage(str(folder / "ct.nrrd"))
    for voi, types in job["wanted"].items():
        mask = sitk.ReadImage(str(folder / f"{voi}.nrrd"))
        shape = sitk.LabelShapeStatisticsImageFilter()
        shape.Execute(mask)
        box = shape.GetBoundingBox(1)
        for image_type, images in types.items():
            say(f"    {voi}: {image_type}")
            options = {"sigma": [LOG_SIGMA_MM]} if image_type == "LoG" else {}
            try:
                for filtered, name, _ in getattr(operations, f"get{image_type}Image")(image, mask, label=1, **options):
                    for of_class, features in images.get(name, {}).items():
                        cut = [sitk.RegionOfInterest(whole, box[3:], box[:3]) for whole in (filtered, mask)]
                        made = classes[of_class](*cut, binWidth=BIN_WIDTH, label=1)
                        made.disableAllFeatures()
                        for feature in features:
                            made.enableFeatureByName(feature, True)
                        for feature, value in made.execute().items():
                            values.setdefault(voi, {})[f"{name}_{of_class}_{feature}"] = float(value)
            except Exception as error:  # whatever a peer raises is its own; the other features go on
                failed[f"{voi} {image_type}"] = f"{type(error).__name__}: {error}"[:120]


def flash(folder: Path, job: Mapping[str, Any], values: dict[str, dict[str, float]], failed: dict[str, str]) -> None:
    """By its extractor, image type by image type: its classes do not take a filtered image alone."""
    from flash_radiomics.featureextractor import RadiomicsFeatureExtractor

    for voi, types in job["wanted"].items():
        files = [str(folder / f"{name}.nrrd") for name in ("ct", voi)]
        for image_type, images in types.items():
            say(f"    {voi}: {image_type}")
            extractor = RadiomicsFeatureExtractor(binWidth=BIN_WIDTH, backend="cpu")
            extractor.disableAllImageTypes()
            extractor.disableAllFeatures()
            options = {"customArgs": {"sigma": [LOG_SIGMA_MM]}} if image_type == "LoG" else {}
            extractor.enableImageTypeByName(image_type, **options)
            asked: dict[str, list[str]] = {}
            for classes in images.values():
                for of_class, features in classes.items():
                    asked.setdefault(of_class, []).extend(features)
            extractor.enableFeaturesByName(**asked)
            try:
                found = extractor.execute(*files)
            except Exception as error:  # as above
                failed[f"{voi} {image_type}"] = f"{type(error).__name__}: {error}"[:120]
                continue
            wanted = {f"{name}_{c}_{f}" for name, classes in images.items() for c, of in classes.items() for f in of}
            values.setdefault(voi, {}).update({name: float(found[name]) for name in wanted & found.keys()})


def pictologics(
    folder: Path, job: Mapping[str, Any], values: dict[str, dict[str, float]], failed: dict[str, str]
) -> None:
    """Its pipeline, one configuration for each filtered image of a VOI; it has no LBP-3D and no Exponential."""
    from pictologics import RadiomicsPipeline, load_image

    image = load_image(str(folder / "ct.nrrd"))
    for voi, types in job["wanted"].items():
        mask = load_image(str(folder / f"{voi}.nrrd"))
        pipeline, asked = RadiomicsPipeline(), {}
        for image_type, images in types.items():
            for name, classes in images.items():
                features = {(c, f): PICTOLOGICS[c, f] for c, of in classes.items() for f in of if (c, f) in PICTOLOGICS}
                if image_type in ("LoG", "Wavelet") and features:
                    say(f"    {voi}: {name}")
                    pipeline.add_config(name, _steps(image_type, name, {family for family, _ in features.values()}))
                    asked[name] = features
        try:
            found = pipeline.run(image=image, mask=mask, subject_id=voi, config_names=list(asked))
        except Exception as error:
            failed[voi] = f"{type(error).__name__}: {error}"[:120]
            continue
        for name, features in asked.items():
            for (of_class, feature), (_, code) in features.items():
                own = next((float(value) for key, value in found[name].items() if str(key).endswith(code)), None)
                if own is not None:
                    values.setdefault(voi, {})[f"{name}_{of_class}_{feature}"] = own


def _steps(image_type: str, name: str, families: set[str]) -> list[dict[str, Any]]:
    """Of a pipeline: the filter as near to PyRadiomics' as it has it, bins of the same width, the features."""
    chosen: dict[str, Any] = {"type": "log", "sigma_mm": LOG_SIGMA_MM, "boundary": "nearest"}
    if image_type == "Wavelet":
        letters = name.split("-")[1]
        chosen = {"type": "wavelet", "wavelet": "coif1", "decomposition": letters, "boundary": "periodic"}
    return [
        {"step": "filter", "params": chosen},
        {"step": "discretise", "params": {"method": "FBS", "bin_width": BIN_WIDTH}},
        {"step": "extract_features", "params": {"families": sorted(families)}},
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
