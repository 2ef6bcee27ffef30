"""Our inference draws what nnU-Net's own predictor draws, for every kind of model, voxel for voxel.

`nnUNetPredictor` is given the same array; models have random weights (`random_models`), so that nothing hides behind
a label map that is mostly background.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from PTLFPredictorLib.child.system import CORES
from PTLFPredictorLib.errors import BadInput, UnusableModel
from PTLFPredictorLib.segmentation import model_folder
from PTLFPredictorLib.segmentation.network import Box, Network
from random_models import TINY, Kind, write_model

os.environ.setdefault("nnUNet_def_n_proc", "1")  # threads of nnU-Net's export; read when it is imported
torch = pytest.importorskip("torch", reason="torch is not installed: './ptlf test' installs it")
pytest.importorskip("nnunetv2", reason="nnunetv2 is not installed: './ptlf test' installs it")

SPACING = (1.7, 1.9, 4.2)
LABELS = {"background": 0, "liver": 1, "vessel": 2, "tumour": 3}
THICK = replace(TINY, spacing=(6.0, 1.8, 1.8), patch=(8, 32, 32), strides=((1, 1, 1), (1, 2, 2), (2, 2, 2)))
AUTOMATIC = {"force_separate_z": None}

KINDS = {
    "torch resampling": TINY,
    "splines": replace(TINY, splines=True),
    "mirrored": replace(TINY, mirror_axes=(0, 1, 2)),
    "mirrored along two axes, two folds": replace(TINY, mirror_axes=(0, 2), folds=("0", "1"), splines=True),
    "three folds": replace(TINY, folds=("0", "1", "2")),
    "regions": replace(
        TINY,
        labels={"background": 0, "whole liver": [1, 2, 3], "tumour": [2, 3], "necrosis": 3},
        regions_class_order=[1, 2, 3],
    ),
    "regions in another order, splines": replace(
        TINY,
        labels={"background": 0, "tumour": [2, 3], "whole liver": [1, 2, 3]},
        regions_class_order=[2, 1],
        splines=True,
    ),
    "ignore label": replace(TINY, labels={**LABELS, "ignore": 4}),
    "residual encoder": replace(TINY, residual=True),
    "transposed axes": replace(TINY, transposed=(1, 2, 0), spacing=(2.5, 3.5, 3.0), splines=True),
    "transposed axes, torch": replace(TINY, transposed=(2, 0, 1), spacing=(2.5, 3.5, 3.0)),
    "thick slices apart, splines": replace(THICK, splines=True),
    "finer than the CT": replace(TINY, spacing=(2.1, 1.2, 1.2), splines=True),
    "the CT's own spacing": replace(TINY, spacing=SPACING[::-1]),
    "larger tiles than the CT": replace(TINY, patch=(64, 64, 64), splines=True),
    "z-score within what is not 0": replace(TINY, normalization="ZScoreNormalization", masked=True),
}


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """Small tensors gain nothing from more, and lose where other tests run beside."""
    monkeypatch.setenv(CORES, "1")


@pytest.fixture(scope="module")
def ct() -> sitk.Image:
    """Smooth blobs between -200 and 300 HU and a rim of 0, which nnU-Net cuts away before it draws."""
    random = np.random.default_rng(5)
    coarse = sitk.GetImageFromArray(random.normal(60, 160, (8, 14, 13)))
    coarse.SetSpacing((7.0, 7.0, 13.0))
    image = sitk.Resample(coarse, (44, 48, 22), sitk.Transform(), sitk.sitkBSpline, (0, 0, 0), SPACING)
    image = sitk.Cast(sitk.Clamp(image, sitk.sitkFloat64, -200, 300), sitk.sitkInt16)
    return sitk.ConstantPad(image, (3, 0, 0), (0, 2, 1), 0)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    made = {}

    def model(kind: Kind) -> Path:
        if kind.__repr__() not in made:
            made[kind.__repr__()] = write_model(tmp_path_factory.mktemp("model"), kind)
        return made[kind.__repr__()]

    return model


def stock(folder: Path, ct: sitk.Image, mirroring: bool = True) -> np.ndarray:
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    predictor = nnUNetPredictor(use_mirroring=mirroring, device=torch.device("cpu"), allow_tqdm=False)
    predictor.initialize_from_trained_model_folder(str(folder), None)
    array = sitk.GetArrayFromImage(ct)[None].astype(np.float32)
    return predictor.predict_single_npy_array(array, {"spacing": list(ct.GetSpacing())[::-1]})


@pytest.mark.parametrize("name", KINDS)
def test_labels_are_those_of_nnunets_predictor(models, ct, name):
    folder = models(KINDS[name])
    drawing = Network(model_folder.check(folder)).predict(ct)
    expected = stock(folder, ct)
    assert len(np.unique(expected)) > 1, "a label map that can tell something"
    assert drawing.labels.dtype == np.uint8
    assert np.mean(drawing.labels != expected) == 0
