"""A package and the shipped demo model run in SlicerNNUnet and in stock nnU-Net, and draw there what they draw here."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

import made_package
import slicer_nnunet
from PTLFPredictorLib.sample import make_case
from PTLFPredictorLib.segmentation import default_model, find_model, segment
from PTLFPredictorLib.segmentation.catalogue import RESOURCES
from PTLFPredictorLib.segmentation.how import How

FOLDS = (0, 1)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory, needs_nnunet) -> Path:
    """The package as a user of SlicerNNUnet unpacks it; the zip lies beside it."""
    folder = tmp_path_factory.mktemp("tiny")
    with zipfile.ZipFile(made_package.package(folder)) as archive:
        archive.extractall(folder / "site-7")
    return folder / "site-7"


@pytest.fixture(scope="module")
def ct(tmp_path_factory) -> Path:
    """A sample case cut to the liver's side, in the folder that nnU-Net reads."""
    folder = tmp_path_factory.mktemp("ct")
    case = make_case(31, matrix=160, tumours=1)
    sitk.WriteImage(sitk.RegionOfInterest(case.ct, (96, 90, 46), (10, 25, 0)), str(folder / "volume_0000.nii.gz"))
    return folder


def drawn_here(ct: Path, model, work: Path, *, mirroring: str | None = None) -> np.ndarray:
    image = sitk.ReadImage(str(ct / "volume_0000.nii.gz"))
    work.mkdir()
    drawn = segment(image, replace(model, largest_organ_only=False), work=work, how=How("cpu", mirroring=mirroring))
    return sitk.GetArrayFromImage(drawn.labels)


def drawn_by(program: str, words: list[str], target: Path, **environment: str) -> np.ndarray:
    """What a command of stock nnU-Net draws, as its user starts it."""
    command = [str(Path(sys.executable).parent / program), *words, "--disable_progress_bar"]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return sitk.GetArrayFromImage(sitk.ReadImage(str(target / "volume.nii.gz")))


def test_slicernnunet_takes_a_package_and_the_shipped_model(unpacked):
    assert slicer_nnunet.refusal(unpacked, FOLDS) == ""
    assert slicer_nnunet.refusal(next(unpacked.glob("Dataset*/*")), FOLDS) == ""  # chosen more closely
    assert slicer_nnunet.refusal(default_model().folder) == ""
    assert slicer_nnunet.refusal(RESOURCES / "Models") == ""


def test_slicernnunet_refuses_any_other_layout(unpacked, tmp_path):
    flat = tmp_path / "ptlf-demo-1"
    flat.symlink_to(default_model().folder)  # as it was until issue 14
    assert slicer_nnunet.refusal(flat) == "Invalid nnUNet configuration folder"
    assert slicer_nnunet.refusal(unpacked, (0, 1, 2)) == "Model folder is missing the following folds"
    assert slicer_nnunet.refusal(tmp_path / "nowhere") == "dataset.json file is missing"


@pytest.mark.slow
def test_stock_nnunet_draws_the_same_from_an_unpacked_package(unpacked, ct, tmp_path):
    here = drawn_here(ct, find_model(unpacked.with_suffix(".zip")), tmp_path / "work")
    words = ["-i", ct, "-o", tmp_path / "out", "-m", next(unpacked.glob("Dataset*/*")), "-f", *FOLDS]
    words += ["-npp", 1, "-nps", 1, "-device", "cpu"]
    stock = drawn_by("nnUNetv2_predict_from_modelfolder", [*map(str, words)], tmp_path / "out")
    assert len(np.unique(stock)) == 3  # something to compare
    np.testing.assert_array_equal(here, stock)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["a package", "the shipped demo model"])
def test_slicernnunet_draws_the_same(unpacked, ct, tmp_path, model):
    chosen, folds = (unpacked, FOLDS) if model == "a package" else (RESOURCES / "Models", (0,))
    here = drawn_here(
        ct,
        find_model(unpacked.with_suffix(".zip")) if model == "a package" else default_model(),
        tmp_path / "work",
        mirroring="none",
    )
    words, variables = slicer_nnunet.command(chosen, ct, tmp_path / "out", folds)
    there = drawn_by("nnUNetv2_predict", words, tmp_path / "out", **variables)
    assert 1 in there
    np.testing.assert_array_equal(here, there)
