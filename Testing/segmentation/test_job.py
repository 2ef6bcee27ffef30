"""One job on its way: the device of each step, what is told of it and kept."""

from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk

from PTLFPredictorLib.progress import no_progress
from PTLFPredictorLib.segmentation import default_model, model_digests, model_folder
from PTLFPredictorLib.segmentation.catalogue import from_folder
from PTLFPredictorLib.segmentation.device import Device
from PTLFPredictorLib.segmentation.how import How
from PTLFPredictorLib.segmentation.networks import Networks
from PTLFPredictorLib.segmentation.run import write_job
from PTLFPredictorLib.segmentation.worker import Run, draw

STEP = SimpleNamespace(name="model", label_roles={"parenchyma": (5,), "tumor": (7, 3)})
FELL_BACK = "The memory of cuda:0 did not suffice: the CPU draws now, which takes longer."


class OneNetwork:
    """Stands for the loaded networks: whatever is asked for; on a GPU, it may fall back to the CPU."""

    def __init__(self, falls_back=False):
        self.falls_back, self.wanted = falls_back, []

    def converted_key(self, step):
        return "never converted"

    def get(self, step, how, found=None):
        def predict(ct, *, organ, on_notice, on_estimate, **_):
            self.wanted.append((how.device, organ))
            used = how.device
            if self.falls_back and used != "cpu":
                on_notice(FELL_BACK)
                used = "cpu"
            on_estimate(61.26)
            return SimpleNamespace(settings={"device": used})

        return SimpleNamespace(predict=predict)


def run_on(networks, device):
    told = []
    return Run(networks, told.append, device, {"cpu_s": 22, "gpu_s": 2}, How(runtime="torch")), told


@pytest.mark.parametrize(("name", "seconds"), [("cpu", 22), ("cuda:0", 2)])
def test_a_device_is_announced_with_its_own_time(name, seconds):
    run, told = run_on(OneNetwork(), Device(name, "it is there"))
    run.tell_device()
    assert told == [{"event": "device", "device": name, "why": "it is there", "estimate_s": seconds}]


def test_where_a_gpu_failed_the_next_step_begins_on_the_cpu_and_the_record_says_why():
    run, told = run_on(OneNetwork(falls_back=True), Device("cuda:0", "a GPU"))
    for _ in range(2):
        run.predict(STEP, None, no_progress)
    assert [device for device, _ in run.networks.wanted] == ["cuda:0", "cpu"]
    assert run.device == Device("cpu", FELL_BACK)
    assert run.notices == [FELL_BACK]
    assert [event for event in told if event["event"] == "notice"] == [{"event": "notice", "message": FELL_BACK}]


def test_a_gpu_that_works_draws_all_steps():
    run, told = run_on(OneNetwork(), Device("cuda:0", "a GPU"))
    for _ in range(2):
        run.predict(STEP, None, no_progress)
    assert [device for device, _ in run.networks.wanted] == ["cuda:0", "cuda:0"]
    assert run.device == Device("cuda:0", "a GPU")
    assert {event["event"] for event in told} == {"estimate"}


def test_the_network_is_told_which_labels_are_wanted():
    run, told = run_on(OneNetwork(), Device("cpu", "chosen"))
    run.predict(STEP, None, no_progress)
    assert run.networks.wanted == [("cpu", [3, 5, 7])]
    assert told == [{"event": "estimate", "seconds": 61.3}]


class DrawsNothing(Networks):
    """Verifies as the real one, and draws background."""

    def converted_key(self, step):
        return "never converted"

    def get(self, step, how, found=None):
        def predict(ct, **_):
            return SimpleNamespace(labels=np.zeros(ct.GetSize()[::-1], np.uint8), settings={"device": how.device})

        return SimpleNamespace(predict=predict)


def test_weights_too_large_to_be_read_for_a_window_are_known_once_they_have_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(model_digests, "SMALL_BYTES", 1000)
    folder = shutil.copytree(default_model().folder, tmp_path / "theirs")
    model = from_folder(folder, "SlicerNNUnet")
    assert model.identity["weights_sha256"] == ""
    job = write_job(sitk.Image(9, 8, 7, sitk.sitkInt16), model, tmp_path, How("cpu"))
    outputs = draw(job, tmp_path, lambda event: None, DrawsNothing())
    drawn_by = json.loads(outputs["facts"].read_text(encoding="utf-8"))["model"]
    assert drawn_by["weights_sha256"] == model_folder.weights_sha256(folder)
    assert drawn_by["sha256"] == default_model().sha256
