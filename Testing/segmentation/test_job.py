"""One job: the device, and what happens when it or the model fails on the way."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from PTLFPredictorLib.errors import UnusableModel
from PTLFPredictorLib.progress import no_progress
from PTLFPredictorLib.segmentation.device import Device
from PTLFPredictorLib.segmentation.worker import Run

pytest.importorskip("torch", reason="torch is not installed: './ptlf test' installs it")


class OneNetwork:
    """Stands for the loaded networks: whatever is asked for, on the device that is wanted, `draw` draws."""

    def __init__(self, draw):
        self.draw, self.wanted = draw, []

    def get(self, step, device, tta):
        self.wanted.append(device)
        return SimpleNamespace(predict=lambda ct, **told: self.draw(device, **told))

    def release(self, step):
        pass


def run_on(draw, device):
    told = []
    return Run(OneNetwork(draw), told.append, device, {"cpu_s": 22, "gpu_s": 2}), told


GPU_FAILURES = {
    "CUDA error: out of memory": "the memory of cuda:0 did not suffice",
    "cuDNN error: CUDNN_STATUS_ALLOC_FAILED": "cuda:0 failed: cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
    "CUDA error: no kernel image is available\nmore": "cuda:0 failed: CUDA error: no kernel image is available (",
}


@pytest.mark.parametrize("words", GPU_FAILURES)
def test_a_gpu_that_fails_on_the_way_is_replaced_by_the_cpu_and_told(words):
    def draw(device, **_):
        if device != "cpu":
            raise RuntimeError(words)
        return np.ones((2, 2, 2), np.uint8)

    run, told = run_on(draw, Device("cuda:0", "a GPU"))
    assert run.predict(None, None, no_progress).sum() == 8
    assert run.networks.wanted == ["cuda:0", "cpu"]
    assert run.device.is_cpu
    assert GPU_FAILURES[words] in run.device.why
    assert told == [{"event": "device", "device": "cpu", "why": run.device.why, "estimate_s": 22}]


def test_after_a_gpu_has_failed_the_next_step_begins_on_the_cpu():
    def draw(device, **_):
        if device != "cpu":
            raise RuntimeError("CUDA error: out of memory")

    run, told = run_on(draw, Device("cuda:0", "a GPU"))
    run.predict(None, None, no_progress)
    run.predict(None, None, no_progress)
    assert run.networks.wanted == ["cuda:0", "cpu", "cpu"]
    assert len(told) == 1


def test_a_gpu_that_works_is_announced_with_its_own_time():
    run, told = run_on(lambda device, **_: device, Device("cuda:0", "a GPU"))
    run.tell_device()
    assert run.predict(None, None, no_progress) == "cuda:0"
    assert told == [{"event": "device", "device": "cuda:0", "why": "a GPU", "estimate_s": 2}]


def test_what_the_network_does_otherwise_is_told_and_kept():
    def draw(device, *, on_notice, on_estimate, **_):
        on_notice("The memory did not suffice for the whole CT; it is drawn in two parts.")
        on_estimate(61.26)

    run, told = run_on(draw, Device("cpu", "chosen"))
    run.predict(None, None, no_progress)
    sentence = "The memory did not suffice for the whole CT; it is drawn in two parts."
    assert told == [{"event": "notice", "message": sentence}, {"event": "estimate", "seconds": 61.3}]
    assert run.notices == [sentence]


def test_a_network_that_breaks_is_the_models_fault():
    def draw(device, **_):
        raise KeyError("use_mask_for_norm")

    run, _ = run_on(draw, Device("cpu", "chosen"))
    with pytest.raises(UnusableModel, match=r"nnU-Net cannot apply this model: KeyError.*must be of one training"):
        run.predict(None, None, no_progress)


def test_too_little_memory_is_not_the_models_fault():
    def draw(device, **_):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    run, _ = run_on(draw, Device("cpu", "chosen"))
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        run.predict(None, None, no_progress)
