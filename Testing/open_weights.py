"""Fetch the open weights, run them on one public CT, and fail where what they draw cannot be a liver with tumours.

    .venv/bin/python Testing/open_weights.py --out DIR [--get] [--model ID]... [--ct FOLDER|URL]

Run by hand on a computer with the internet: .github/workflows/weights.yml.  ``--get`` downloads the weights first
(`ptlf models get ID --accept-licence`: who starts this has agreed to the licences).  DIR gets summary.json and for each
model result.json, labels.nii.gz, report.html, slices.png, the entry (model.json) and the zips' hashes (source.json).

The CT is CRLM-CT-1006 of Colorectal-Liver-Metastases in The Cancer Imaging Archive (CC BY 4.0, doi
10.7937/QXK2-QG03), a patient with metastases; any other one is refused.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "PTLFPredictor"))

SERIES = "1.3.6.1.4.1.14519.5.2.1.9203.8273.286130801613533577338339572281"
SLICES = 51
URL = f"https://services.cancerimagingarchive.net/nbia-api/services/v1/getImage?SeriesInstanceUID={SERIES}"
"""The archive's public interface; it answers with a zip of DICOM files and the licence."""

LIVER_ML = (700.0, 3500.0)
"""Liver with its tumours, of an adult."""

TUMOUR_ML, TUMOUR_SHARE = 0.5, 0.5
"""At least so much, and at most this part of the liver."""

TIMEOUT_S = 120


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--get", action="store_true")
    parser.add_argument("--model", action="append", default=[])
    parser.add_argument("--ct", default=URL)
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    ct = ct_folder(given.ct, given.out / "ct")
    found = {model: run(model, ct, given.out / model, get=given.get) for model in given.model or available()}
    (given.out / "summary.json").write_text(json.dumps({"ct": SERIES, "models": found}, indent=1) + "\n")
    for model, result in found.items():
        print(f"{model}: {result['volumes_ml']} {result['wrong'] or 'plausible'}")
    return 1 if not found or any(result["wrong"] for result in found.values()) else 0


def available() -> list[str]:
    """Ids of the catalogue's entries whose weights are to be fetched."""
    entries = json.loads((ROOT / "PTLFPredictor" / "Resources" / "Models.json").read_text(encoding="utf-8"))
    return [entry["id"] for entry in entries.get("available", ())]


def run(model: str, ct: Path, out: Path, *, get: bool) -> dict[str, Any]:
    out.mkdir(parents=True, exist_ok=True)
    if get:
        (out / "get.txt").write_text(ptlf("models", "get", model, "--accept-licence"))
    ptlf("predict", "--ct", ct, "--model", model, "--out", out)
    from PTLFPredictorLib.segmentation.catalogue import user_folder

    for said in user_folder().glob(f"{model}/*.json"):  # the entry, and where each zip is from with its SHA-256
        shutil.copy(said, out)
    volumes = volumes_ml(out / "labels.nii.gz")
    draw_slices(ct, out / "labels.nii.gz", out / "slices.png")
    return {"volumes_ml": volumes, "wrong": wrong(volumes)}


def ptlf(*words: object) -> str:
    """What the product's command prints; it ends this run where it fails."""
    command = [sys.executable, str(ROOT / "ptlf"), *map(str, words)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=os.environ, check=True)
    print(done.stdout)
    return done.stdout


def ct_folder(given: str, target: Path) -> Path:
    """The folder of the CT, fetched where a URL is given; refuses every other CT."""
    import pydicom

    if given.startswith("https://"):
        target.mkdir(parents=True, exist_ok=True)
        archive = target.parent / "ct.zip"
        with urllib.request.urlopen(given, timeout=TIMEOUT_S) as answer, open(archive, "wb") as out:
            shutil.copyfileobj(answer, out)
        with zipfile.ZipFile(archive) as opened:
            for member in opened.namelist():
                if member.endswith(".dcm"):
                    (target / Path(member).name).write_bytes(opened.read(member))
        archive.unlink()
    else:
        target = Path(given)
    series = [pydicom.dcmread(path, stop_before_pixels=True).SeriesInstanceUID for path in target.glob("*.dcm")]
    if series != [SERIES] * SLICES:
        sys.exit(f"'{target}' is not the CT that this check is allowed to run on ({SLICES} slices of series {SERIES}).")
    return target


def volumes_ml(labels: Path) -> dict[str, float]:
    """Of the product's label map: 1 parenchyma, 2 tumour."""
    import SimpleITK as sitk

    shapes = sitk.LabelShapeStatisticsImageFilter()
    shapes.Execute(sitk.ReadImage(str(labels)))
    names = {1: "parenchyma", 2: "tumor"}
    there = shapes.GetLabels()
    return {
        name: round(shapes.GetPhysicalSize(label) / 1000, 2) if label in there else 0.0 for label, name in names.items()
    }


def wrong(volumes: Mapping[str, float]) -> str:
    """Why this cannot be a patient's liver with metastases, or ""."""
    tumour = volumes["tumor"]
    liver = volumes["parenchyma"] + tumour
    if not LIVER_ML[0] <= liver <= LIVER_ML[1]:
        return f"a liver of {liver:.0f} mL"
    if not TUMOUR_ML <= tumour <= TUMOUR_SHARE * liver:
        return f"tumours of {tumour:.1f} mL in a liver of {liver:.0f} mL"
    return ""


def draw_slices(ct: Path, labels: Path, target: Path) -> None:
    """The axial slices with most liver and most tumour, their outlines drawn."""
    import matplotlib as mpl
    import numpy as np
    import SimpleITK as sitk

    from PTLFPredictorLib.ct import read_ct

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    drawn = sitk.ReadImage(str(labels))
    image = sitk.Resample(read_ct(ct).image, drawn, sitk.Transform(), sitk.sitkLinear, -1000.0)
    array, mask = sitk.GetArrayViewFromImage(image), sitk.GetArrayViewFromImage(drawn)
    figure, axes = plt.subplots(1, 2, figsize=(12, 6))
    for axis, organ in zip(axes, (mask > 0, mask == 2), strict=True):
        z = int(np.argmax(organ.sum(axis=(1, 2))))
        axis.imshow(array[z], cmap="gray", vmin=-75, vmax=225)
        for label, colour in ((1, "gold"), (2, "red")):
            if (mask[z] == label).any():
                axis.contour(mask[z] == label, levels=[0.5], colors=colour, linewidths=0.8)
        axis.set_title(f"slice {z + 1} of {mask.shape[0]}")
        axis.axis("off")
    figure.text(0.5, 0.02, "CRLM-CT-1006, TCIA, CC BY 4.0, doi 10.7937/QXK2-QG03. Not validated.", ha="center")
    figure.savefig(target, dpi=100)


if __name__ == "__main__":
    sys.exit(main())
