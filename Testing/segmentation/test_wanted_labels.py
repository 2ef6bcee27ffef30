"""Of a network with many labels only the wanted ones are worked out: these exactly as all of them would be."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from PTLFPredictorLib.child.system import CORES
from PTLFPredictorLib.segmentation import model_folder
from PTLFPredictorLib.segmentation.network import Network
from PTLFPredictorLib.segmentation.network.drawing import draw
from PTLFPredictorLib.segmentation.network.resampling import SPLINES, TORCH, Resampling
from random_models import TINY, phantom, write_model

os.environ.setdefault("nnUNet_def_n_proc", "1")
torch = pytest.importorskip("torch", reason="torch is not installed: './ptlf test' installs it")
pytest.importorskip("nnunetv2", reason="nnunetv2 is not installed: './ptlf test' installs it")

ARGUMENTS = {
    SPLINES: {"is_seg": False, "order": 1, "order_z": 0, "force_separate_z": None},
    TORCH: {"is_seg": False, "force_separate_z": False},
}

SIZES = st.tuples(*[st.integers(1, 7)] * 3)


def only(labels, wanted):
    return np.where(np.isin(labels, wanted), labels, 0)


@given(
    seed=st.integers(0, 2**32 - 1),
    heads=st.integers(2, 9),
    shapes=st.tuples(SIZES, st.tuples(*[st.integers(1, 15)] * 3)),
    thick=st.sampled_from([1.0, 6.0]),
    name=st.sampled_from([SPLINES, TORCH]),
    scale=st.sampled_from([0.5, 8.0, 1e-7]),  # ties and half precision's smallest numbers, too
    data=st.data(),
)
@settings(max_examples=50, deadline=None)
def test_wanted_labels_are_those_that_all_labels_would_give(seed, heads, shapes, thick, name, scale, data):
    (shape, full), generator = shapes, torch.Generator().manual_seed(seed)
    outputs = (torch.randn((heads, *shape), generator=generator) * 4).round() * scale
    wanted = data.draw(st.lists(st.integers(1, heads - 1), min_size=1, unique=True))
    spacing = (thick, 1.0, 1.0)
    new = [there * mm / here for there, mm, here in zip(full, spacing, shape, strict=True)]
    resampling = Resampling.from_plans("probabilities", name, ARGUMENTS[name])
    taps = resampling.taps(shape, full, new, spacing)
    everything = draw(outputs.half(), taps, None, name)
    for slab in (1 << 22, 640):
        found = draw(outputs.half(), taps, None, name, wanted=wanted, slab_voxels=slab)
        assert np.array_equal(found, only(everything, wanted))


@pytest.mark.parametrize("tied", [False, True])
def test_a_wanted_label_that_is_first_in_no_neighbour_still_comes_out_between_them(tied):
    """Half way between two other organs: the larger of two means is the third one's, also where a later one ties."""
    heads = [[0.0, 0.0], [10.0, -10.0], [-10.0, 10.0], [9.0, 9.0], *([[9.0, 9.0]] * tied)]
    outputs = torch.tensor(heads).half()[:, None, None, :]
    resampling = Resampling.from_plans("probabilities", TORCH, ARGUMENTS[TORCH])
    taps = resampling.taps((1, 1, 2), (1, 1, 6), (1, 1, 3), (1, 1, 1))
    everything = draw(outputs, taps, None, TORCH)
    assert {1, 2, 3} == set(everything.ravel().tolist())
    assert np.array_equal(draw(outputs, taps, None, TORCH, wanted=[3]), only(everything, [3]))


ORGANS = {"background": 0, **{f"organ {n}": n for n in range(1, 9)}}
REGIONS = {"background": 0, "whole liver": [1, 2, 3], "tumour": [2, 3], "necrosis": 3}


@pytest.mark.parametrize("kind", [{"labels": ORGANS}, {"labels": REGIONS, "regions_class_order": [1, 2, 3]}])
def test_a_network_draws_the_wanted_labels_as_it_draws_all(tmp_path, monkeypatch, kind):
    monkeypatch.setenv(CORES, "1")
    network = Network(model_folder.check(write_model(tmp_path, replace(TINY, splines=True, **kind))))
    ct = phantom((40, 44, 20), (1.7, 1.9, 4.2))
    everything = network.predict(ct).labels
    for wanted in ((2,), (3, 1)):
        drawn = network.predict(ct, wanted=wanted).labels
        assert np.count_nonzero(only(drawn, wanted))
        assert np.array_equal(only(drawn, wanted), only(everything, wanted))
