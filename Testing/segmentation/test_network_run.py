"""How a run of the network goes: told, stopped, near the organ of a long scan, with little memory, refused by name."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from PTLFPredictorLib.child.system import CORES
from PTLFPredictorLib.errors import Cancelled, UnusableModel
from PTLFPredictorLib.segmentation import model_folder
from PTLFPredictorLib.segmentation.how import How
from PTLFPredictorLib.segmentation.network import Box, Network, memory
from PTLFPredictorLib.segmentation.network.folds import Folds
from PTLFPredictorLib.segmentation.network.memory import Way
from random_models import TINY, phantom, plans_of, write_model

os.environ.setdefault("nnUNet_def_n_proc", "1")
torch = pytest.importorskip("torch", reason="torch is not installed: './ptlf test' installs it")
pytest.importorskip("nnunetv2", reason="nnunetv2 is not installed: './ptlf test' installs it")

STAGES = ("Preparing the CT", "Tiles", "Drawing the labels")


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setenv(CORES, "1")


@pytest.fixture(scope="module")
def ct() -> sitk.Image:
    return phantom((40, 40, 30), (2.0, 2.0, 3.0))


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    kind = replace(TINY, folds=("0", "1"), mirror_axes=(0,))
    return model_folder.check(write_model(tmp_path_factory.mktemp("model"), kind))


def test_every_stage_is_told_to_its_end(facts, ct):
    told, seconds = [], []
    drawing = Network(facts).predict(ct, progress=lambda *event: told.append(event), on_estimate=seconds.append)
    assert tuple(dict.fromkeys(stage for stage, _, _ in told)) == STAGES
    for stage in STAGES:
        done = [(n, of) for name, n, of in told if name == stage]
        assert done[0][0] == 0
        assert done[-1][0] == done[-1][1]
        assert done == sorted(done)
    tiles = [of for name, _, of in told if name == "Tiles"]
    assert set(tiles) == {drawing.settings["tiles"]}
    assert drawing.settings["passes"] == 2 * drawing.settings["tiles"]
    assert len(seconds) == 1
    assert seconds[0] >= 0


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("raised", [Cancelled(), RuntimeError("CUDA out of memory"), MemoryError()])
def test_what_progress_raises_ends_the_run_and_leaves_nothing(facts, ct, stage, raised):
    """An error of the callback's own is not taken for one of the network, whatever it says."""
    network = Network(facts)
    whole = network.predict(ct).labels
    threads = threading.active_count()

    def stop(current: str, done: int, total: int) -> None:
        if current == stage and done:
            raise raised

    with pytest.raises(type(raised)) as caught:
        network.predict(ct, progress=stop)
    assert caught.value is raised
    assert threading.active_count() == threads
    assert np.array_equal(network.predict(ct).labels, whole)


def test_a_released_network_draws_again(facts, ct):
    network = Network(facts)
    before = network.predict(ct).labels
    network.release()
    assert np.array_equal(network.predict(ct).labels, before)


class Bright(torch.nn.Module):
    """Calls bright tissue liver: the mean of 27 voxels against a threshold, so that a tile's own edge matters."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean = torch.nn.functional.avg_pool3d(x, 3, stride=1, padding=1)
        return torch.cat([torch.zeros_like(mean), mean - 1, torch.full_like(mean, -9)], dim=1)


@pytest.fixture
def bright(tmp_path, monkeypatch) -> Network:
    network = Network(model_folder.check(write_model(tmp_path, replace(TINY, mirror_axes=(0,)))))
    monkeypatch.setattr(Folds, "networks", lambda *arguments: iter([Bright()]))
    return network


@pytest.fixture(scope="module")
def long_scan() -> sitk.Image:
    """90 cm of soft tissue with a bright organ of 15 cm, and a bright spot of 1 mL far away from it."""
    values = np.full((300, 60, 60), 20, np.int16)
    values[180:230, 15:50, 10:45] = 240
    values[40:44, 20:23, 20:23] = 240
    values += np.random.default_rng(2).integers(0, 9, values.shape).astype(np.int16)
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((3.2, 3.1, 3.0))
    return image


def test_a_long_scan_is_drawn_near_the_organ_alone_and_there_as_the_whole(bright, long_scan):
    whole = bright.predict(long_scan)
    near = bright.predict(long_scan, organ=(1, 2))
    box = Box(*map(tuple, near.settings["organ_box"]))
    assert np.array_equal(near.labels[box.slices], whole.labels[box.slices])
    assert np.count_nonzero(near.labels) == np.count_nonzero(near.labels[box.slices]) > 50_000
    assert whole.labels[42, 21, 21] == 1
    assert near.labels[42, 21, 21] == 0, "the spot is no organ, and far from it nothing is drawn"
    assert near.settings["passes"] < 0.7 * whole.settings["passes"]
    assert whole.settings["organ_box"] is None


def test_an_organ_that_the_coarse_pass_misses_is_looked_for_everywhere(bright, long_scan):
    drawing = bright.predict(long_scan, organ=(2,))
    assert drawing.settings["organ_box"] is None
    assert np.array_equal(drawing.labels, bright.predict(long_scan).labels)


def test_a_false_piece_of_the_coarse_pass_does_not_hide_the_organ_that_it_missed(bright, long_scan, monkeypatch):
    """40 mL far from the liver, which is not seen: too little for one, so the whole scan is drawn."""
    values = sitk.GetArrayFromImage(long_scan)
    values[180:230] = 20
    values[36:48, 14:26, 20:29] = 240
    scan = sitk.GetImageFromArray(values)
    scan.CopyInformation(long_scan)
    drawing = bright.predict(scan, organ=(1, 2))
    assert np.count_nonzero(drawing.labels) > 500
    assert drawing.settings["organ_box"] is None
    assert np.array_equal(drawing.labels, bright.predict(scan).labels)


def test_an_organ_that_goes_on_beyond_what_the_coarse_pass_saw_is_drawn_whole(bright, long_scan, monkeypatch):
    from PTLFPredictorLib.segmentation.network import long_scan as finding

    cut = (slice(120, 200), slice(0, 60), slice(0, 60))
    monkeypatch.setattr(finding, "find_organ", lambda *arguments: cut)
    drawing = bright.predict(long_scan, organ=(1,))
    assert drawing.settings["organ_box"] is None
    assert np.array_equal(drawing.labels, bright.predict(long_scan).labels)


def test_a_short_scan_is_drawn_at_once(bright, long_scan):
    short = long_scan[:, :, 150:250]
    told = []
    drawing = bright.predict(short, organ=(1,), progress=lambda stage, *_: told.append(stage))
    assert "Finding the organ" not in told
    assert drawing.settings["organ_box"] is None


def test_steps_back_from_a_gpu_to_the_cpu():
    gpu, shared, cpu, sparing = memory.ways("cuda:0", (128, 128, 128))
    assert (gpu.device, gpu.results, gpu.batch) == ("cuda:0", "cuda:0", 2)
    assert (shared.device, shared.results, shared.batch) == ("cuda:0", "cpu", 1)
    assert (cpu.device, cpu.fold_by_fold) == ("cpu", False)
    assert (sparing.device, sparing.fold_by_fold) == ("cpu", True)
    assert memory.ways("cpu", (128, 128, 128)) == [cpu, sparing]


FAILURES = {
    "CUDA out of memory. Tried to allocate 2 GiB": ("cpu", "The memory of cuda:0 did not suffice"),
    "CUDA error: no kernel image is available\nmore": (
        None,
        "cuda:0 failed (CUDA error: no kernel image is available)",
    ),
}


@pytest.mark.parametrize("words", FAILURES)
def test_a_gpu_that_fails_is_left_one_step_at_a_time(words):
    ways = memory.ways("cuda:0", (128, 128, 128))
    results, reason = FAILURES[words]
    left = memory.after(RuntimeError(words), ways)
    assert left == ways[1 if results else 2 :]
    assert memory.reason(RuntimeError(words), ways[0]) == reason
    assert memory.after(ValueError("shapes"), ways) == []


def test_a_gpu_with_too_little_memory_is_not_tried(facts, ct, monkeypatch):
    monkeypatch.setattr(memory, "free_gpu_bytes", lambda device: 300 << 20)
    told = []
    drawing = Network(facts, how=How("cuda:0")).predict(ct, on_notice=told.append)
    assert drawing.settings["device"] == "cpu"
    assert drawing.settings["fallbacks"] == told
    assert len(told) == 2
    assert told[0].startswith("cuda:0 has 0.3 GB free, about 1.")
    assert told[1].endswith("are needed: the CPU draws now, which takes longer.")
    assert np.array_equal(drawing.labels, Network(facts).predict(ct).labels)


@pytest.mark.parametrize(("free_mb", "steps"), [(100_000, 0), (None, 0), (100, 1)])
def test_a_computer_with_too_little_memory_is_told_before_it_runs(facts, ct, monkeypatch, free_mb, steps):
    monkeypatch.setattr(
        "PTLFPredictorLib.segmentation.network.network.free_memory_bytes",
        lambda: None if free_mb is None else free_mb << 20,
    )
    told = []
    drawing = Network(facts).predict(ct, on_notice=told.append)
    assert len(drawing.settings["fallbacks"]) == steps
    assert len(told) == 2 * steps
    if steps:
        assert told[0].startswith("The computer has 0.1 GB free, about ")
        assert told[0].endswith("are needed: weights are now read fold by fold, and labels drawn in thin slabs.")
        assert told[1].endswith("are needed: it may not do.")
    assert np.array_equal(drawing.labels, Network(facts).predict(ct).labels)


class Exhausted:
    """A network whose first `times` passes end as torch ends them without memory."""

    def __init__(self, times: int):
        self.left = times

    def __call__(self, module, inputs) -> None:
        if self.left:
            self.left -= 1
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


@pytest.fixture
def exhausted():
    handles = []

    def after(times: int) -> None:
        hook = Exhausted(times)
        handles.append(torch.nn.modules.module.register_module_forward_pre_hook(hook))

    yield after
    for handle in handles:
        handle.remove()


def test_too_little_memory_is_met_one_step_at_a_time_and_told(facts, ct, exhausted, monkeypatch):
    """The ways of a GPU, on the CPU: two tiles at once, one, and the sparing one draw the same."""
    steps = [Way("cpu", "cpu", batch=2), Way("cpu", "cpu", says="one by one"), memory.ways("cpu", (1,))[-1]]
    monkeypatch.setattr(memory, "ways", lambda device, patch: list(steps))
    expected = Network(facts).predict(ct)
    assert expected.settings["fallbacks"] == []
    for failures in (1, 2):
        exhausted(failures)
        told = []
        drawing = Network(facts).predict(ct, on_notice=told.append)
        assert len(told) == failures
        assert told[0] == "The memory of the computer did not suffice: one by one."
        assert drawing.settings["fallbacks"] == told
        assert np.array_equal(drawing.labels, expected.labels)


def test_without_a_step_left_the_shortage_is_told_as_one(facts, ct, exhausted):
    exhausted(2)
    with pytest.raises(torch.OutOfMemoryError):
        Network(facts).predict(ct)


def changed(facts, **configuration):
    plans = plans_of(TINY)
    plans["configurations"]["3d_fullres"].update(configuration)
    return replace(facts, plans=plans)


WRONG = {
    "is the second stage of a cascade": {"previous_stage": "3d_lowres"},
    r"draws slice by slice \(2d\)": {"patch_size": [64, 64], "spacing": [1.0, 1.0]},
    "resampling of the data in plans.json has the argument 'sharper'": {"resampling_fn_data_kwargs": {"sharper": True}},
    "not linear": {"resampling_fn_probabilities_kwargs": {"mode": "nearest"}},
    "with splines in plans.json; linear is supported": {
        "resampling_fn_probabilities": "resample_data_or_seg_to_shape",
        "resampling_fn_probabilities_kwargs": {"order": 3},
    },
    "do not fit each other: IndexError": {"use_mask_for_norm": []},
}


@pytest.mark.parametrize("sentence", WRONG)
def test_plans_that_cannot_be_followed_are_refused_by_name(facts, sentence):
    with pytest.raises(UnusableModel, match=sentence):
        Network(changed(facts, **WRONG[sentence]))


def test_a_patch_that_the_strides_do_not_divide_is_told(facts, ct):
    with pytest.raises(UnusableModel, match="do not fit each other: RuntimeError"):
        Network(changed(facts, patch_size=[17, 33, 33])).predict(ct)


def test_another_configuration_than_that_of_the_weights_is_refused(facts):
    with pytest.raises(UnusableModel, match="The weights are of configuration '3d_fullres', not '3d_lowres'"):
        Network(facts, configuration="3d_lowres")


@pytest.mark.parametrize("value", [1e5, float("nan")])
def test_outputs_that_are_no_numbers_of_half_precision_are_told(bright, ct, monkeypatch, value):
    monkeypatch.setattr(Bright, "forward", lambda self, x: torch.full((len(x), 3, *x.shape[2:]), value))
    with pytest.raises(UnusableModel, match="beyond half precision"):
        bright.predict(ct)


def test_a_box_around_a_mask():
    mask = np.zeros((10, 20, 30), bool)
    assert Box.around(mask, (1, 1, 1)) is None
    mask[2:5, 7, 29] = True
    assert Box.around(mask, (1, 1, 1)) == Box((29, 7, 2), (30, 8, 5))
    assert Box.around(mask, (0.75, 2.0, 4.0), 10) == Box((16, 2, 0), (30, 13, 7))


PEAK = """
import sys, resource
from pathlib import Path
import SimpleITK as sitk
from PTLFPredictorLib.segmentation import model_folder
from PTLFPredictorLib.segmentation.network import Network
network = Network(model_folder.check(Path(sys.argv[1])))
ct = sitk.Image((256, 256, 120), sitk.sitkInt16) + 40
ct.SetSpacing((1.4, 1.4, 2.0))
network.predict(ct)
used = int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) << 10
print(network.peak_bytes(ct.GetSize(), ct.GetSpacing())["ram"] / used)
"""

LARGE_TILES = replace(TINY, patch=(96, 96, 96), features=(24, 32, 32))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("kind", [LARGE_TILES, replace(LARGE_TILES, splines=True, folds=("0", "1"))])
def test_the_estimated_peak_is_the_measured_one_within_a_factor_of_1_5(tmp_path, kind):
    command = [sys.executable, "-c", PEAK, str(write_model(tmp_path, kind))]
    ratio = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    assert 1 / 1.5 < ratio < 1.5
