"""Our inference draws what nnU-Net's own predictor draws, for every kind of model: voxel for voxel with torch's
resampling, 99.99 % of the voxels with splines.

`nnUNetPredictor` is given the same array; models have random weights (`random_models`), so that nothing hides behind
a label map that is mostly background.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from PTLFPredictorLib.child.system import CORES
from PTLFPredictorLib.errors import BadInput, UnusableModel
from PTLFPredictorLib.segmentation import model_folder
from PTLFPredictorLib.segmentation.how import How
from PTLFPredictorLib.segmentation.network import Box, Network
from random_models import TINY, phantom, stock_labels, write_model

os.environ.setdefault("nnUNet_def_n_proc", "1")  # threads of nnU-Net's export; read when it is imported
torch = pytest.importorskip("torch", reason="torch is not installed: './ptlf test' installs it")
pytest.importorskip("nnunetv2", reason="nnunetv2 is not installed: './ptlf test' installs it")

SPACING = (1.7, 1.9, 4.2)
LABELS = {"background": 0, "liver": 1, "vessel": 2, "tumour": 3}
THICK = replace(TINY, spacing=(6.0, 1.8, 1.8), patch=(8, 32, 32), strides=((1, 1, 1), (1, 2, 2), (2, 2, 2)))

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


TOLERATED = 1e-4
"""Of the voxels, where splines resample: nnU-Net rounds the outputs to half precision, and near a tie the order of
double-precision sums decides (0 of 1.3 million in a run of 24 models, 1 of 17 thousand in the box below)."""


def differing(labels: np.ndarray, expected: np.ndarray) -> float:
    assert labels.shape == expected.shape
    return float(np.mean(labels != expected))


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """Small tensors gain nothing from more, and lose where other tests run beside."""
    monkeypatch.setenv(CORES, "1")


@pytest.fixture(scope="module")
def ct() -> sitk.Image:
    return phantom((44, 48, 22), SPACING)


@pytest.mark.parametrize("name", KINDS)
def test_labels_are_those_of_nnunets_predictor(tmp_path, ct, name):
    folder = write_model(tmp_path, KINDS[name])
    drawing = Network(model_folder.check(folder)).predict(ct)
    expected = stock_labels(folder, ct)
    assert len(np.unique(expected)) > 1, "a label map that can tell something"
    assert drawing.labels.dtype == np.uint8
    assert differing(drawing.labels, expected) <= TOLERATED * KINDS[name].splines


def test_with_mirroring_off_too(tmp_path, ct):
    folder = write_model(tmp_path, KINDS["mirrored"])
    drawing = Network(model_folder.check(folder), how=How("cpu", mirroring="none")).predict(ct)
    assert np.array_equal(drawing.labels, stock_labels(folder, ct, mirroring=False))
    assert not np.array_equal(drawing.labels, Network(model_folder.check(folder)).predict(ct).labels)
    assert (drawing.settings["mirroring"], drawing.settings["passes"]) == ("none", drawing.settings["tiles"])


@pytest.mark.parametrize("name", ["torch resampling", "transposed axes", "thick slices apart, splines"])
def test_a_box_is_drawn_as_if_the_ct_ended_there(tmp_path, ct, name):
    folder = write_model(tmp_path, KINDS[name])
    box = Box((9, 5, 3), (40, 37, 20))
    drawing = Network(model_folder.check(folder)).predict(ct, box=box)
    expected = stock_labels(folder, sitk.RegionOfInterest(ct, box.size, box.start))
    assert differing(drawing.labels[box.slices], expected) <= TOLERATED * KINDS[name].splines
    outside = np.ones(drawing.labels.shape, bool)
    outside[box.slices] = False
    assert drawing.labels.shape == ct.GetSize()[::-1]
    assert not drawing.labels[outside].any()
    assert drawing.settings["box"] == [[9, 5, 3], [40, 37, 20]]


def test_a_box_outside_the_ct_is_refused(tmp_path, ct):
    network = Network(model_folder.check(write_model(tmp_path)))
    with pytest.raises(BadInput, match=r"does not lie in a CT of \(47, 50, 23\) voxels"):
        network.predict(ct, box=Box((0, 0, 0), (47, 51, 23)))


@pytest.mark.parametrize("folds", [("1",), ("0", "2"), ("all",)])
def test_the_wanted_folds_alone_draw(tmp_path, ct, folds):
    there = (*folds, "3") if folds == ("all",) else ("0", "1", "2")
    folder = write_model(tmp_path, replace(TINY, folds=there))
    drawing = Network(model_folder.check(folder, folds=folds), folds=folds).predict(ct)
    assert np.array_equal(drawing.labels, stock_labels(folder, ct, folds=folds))
    assert drawing.settings["folds"] == list(folds)


def test_a_fold_that_is_not_there_is_named(tmp_path):
    facts = model_folder.check(write_model(tmp_path, replace(TINY, folds=("0", "1"))))
    with pytest.raises(UnusableModel, match="The model has no fold '4', only 0, 1"):
        Network(facts, folds=("4",))


@pytest.mark.parametrize("residual", [False, True])
def test_plans_of_nnunets_first_versions_are_the_same_network(tmp_path, ct, residual):
    """As it calls them old: no class and arguments, but their numbers."""
    kind = replace(TINY, residual=residual, features=(32, 64, 128), convolutions=2)
    folder = write_model(tmp_path, kind)
    expected = Network(model_folder.check(folder)).predict(ct).labels
    plans = json.loads((folder / "plans.json").read_text())
    configuration = plans["configurations"][kind.configuration]
    arguments = configuration.pop("architecture")["arch_kwargs"]
    configuration |= {
        "UNet_class_name": "ResidualEncoderUNet" if residual else "PlainConvUNet",
        "UNet_base_num_features": 32,
        "unet_max_num_features": 320,
        "n_conv_per_stage_encoder": arguments.get("n_conv_per_stage") or arguments.get("n_blocks_per_stage"),
        "n_conv_per_stage_decoder": arguments["n_conv_per_stage_decoder"],
        "num_pool_per_axis": [2, 2, 2],
        "pool_op_kernel_sizes": arguments["strides"],
        "conv_kernel_sizes": arguments["kernel_sizes"],
    }
    (folder / "plans.json").write_text(json.dumps(plans))
    with pytest.warns(UserWarning, match="old nnU-Net plans"):
        assert np.array_equal(Network(model_folder.check(folder)).predict(ct).labels, expected)
