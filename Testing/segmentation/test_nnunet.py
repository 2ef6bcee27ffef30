"""nnU-Net in its child process: the label map is nnU-Net's own, and every way in which a run can end is told.

These tests need torch and nnunetv2; './ptlf test' installs them.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
import SimpleITK as sitk

from PTLFPredictorLib import child
from PTLFPredictorLib.ct import canonical
from PTLFPredictorLib.errors import Cancelled, OutOfMemory, PTLFError, UnusableModel
from PTLFPredictorLib.sample import make_case
from PTLFPredictorLib.segmentation import (
    agreement,
    default_model,
    find_model,
    from_folder,
    marks,
    model_folder,
    segment,
)
from PTLFPredictorLib.segmentation.device import choose
from PTLFPredictorLib.segmentation.how import How
from PTLFPredictorLib.segmentation.network import Network
from PTLFPredictorLib.segmentation.reading import read_segments
from PTLFPredictorLib.segmentation.run import WHAT, WORKER, write_job
from samples import drawn

torch = pytest.importorskip("torch", reason="torch is not installed: './ptlf test' installs it")
pytest.importorskip("nnunetv2", reason="nnunetv2 is not installed: './ptlf test' installs it")

STAGES = (
    "Checking the model", "Loading the model", "Preparing the CT", "Tiles", "Drawing the labels", "Finishing",
    "Writing the segments",
)  # fmt: skip
AS_NNUNET = replace(default_model(), largest_organ_only=False)


@pytest.fixture(scope="module")
def ct() -> sitk.Image:
    """A sample case cut to the liver's side: two tiles."""
    case = drawn(31, matrix=160, tumours=1)
    return sitk.RegionOfInterest(case.ct, (96, 90, 46), (10, 25, 0))


@pytest.fixture
def work(tmp_path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def no_process_is_left():
    before = {p.pid for p in psutil.Process().children(recursive=True)}
    yield
    left = [p for p in psutil.Process().children(recursive=True) if p.pid not in before]
    if left:
        time.sleep(0.2)  # those that are on their way out
    assert [p.cmdline() for p in left if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []


@pytest.fixture(scope="module")
def result(ct):
    told, events = [], []
    with tempfile.TemporaryDirectory() as folder:
        drawn = segment(
            ct,
            AS_NNUNET,
            work=Path(folder),
            how=How("cuda:7"),
            progress=lambda *event: told.append(event),
            on_event=events.append,
        )
    return drawn, told, events


def test_labels_lie_on_the_ct(result, ct):
    drawn, _, _ = result
    assert drawn.labels.GetPixelID() == sitk.sitkUInt8
    for value in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(drawn.labels, value)() == getattr(ct, value)()
    assert 1 in sitk.GetArrayViewFromImage(drawn.labels)
    assert sitk.GetArrayViewFromImage(drawn.labels).max() <= 2


def test_progress_goes_through_every_stage_to_its_end(result):
    _, told, _ = result
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == list(STAGES)
    tiles = [(done, total) for stage, done, total in told if stage == "Tiles"]
    assert tiles[0] == (0, 2)
    assert tiles[-1] == (2, 2)
    assert [done for done, _ in tiles] == sorted(done for done, _ in tiles)


@pytest.mark.skipif(torch.cuda.is_available() and torch.cuda.device_count() > 7, reason="this computer has 8 GPUs")
def test_falling_back_to_the_cpu_is_announced_with_reason_and_time(result):
    drawn, _, events = result
    device = next(event for event in events if event["event"] == "device")
    assert (drawn.device, device["device"]) == ("cpu", "cpu")
    assert drawn.device_why == device["why"]
    assert any(word in device["why"] for word in ("GPU", "CUDA"))
    assert "CPU cores" in device["why"]
    assert device["estimate_s"] > 0
    assert any(event["event"] == "estimate" and event["seconds"] >= 0 for event in events)


def test_the_record_names_model_software_and_settings(result):
    drawn, _, _ = result
    origin = json.loads(json.dumps(drawn.origin.to_dict()))
    assert origin["model"]["id"] == "ptlf-demo-1"
    assert origin["model"]["sha256"] == default_model().sha256
    assert origin["model"]["for_patients"] is False
    assert "not for patients" in origin["model"]["warning"]
    assert origin["run"]["software"]["nnunetv2"].startswith("2.")
    settings = {
        "configuration": "3d_demo",
        "folds": ["0"],
        "mirroring": "none",
        "tile_step": 0.5,
        "largest_organ_only": False,
    }
    assert settings.items() <= origin["run"]["settings"].items()
    assert (origin["run"]["settings"]["device"], origin["run"]["settings"]["fallbacks"]) == ("cpu", [])
    assert origin["run"]["seconds"]["all"] > 0


@pytest.mark.parametrize("name", ["l.nii.gz", "l.nrrd", "l.mha"])
def test_what_the_demo_model_drew_is_withheld_from_a_file_too(result, ct, tmp_path, name):
    drawn, _, _ = result
    marks.write(drawn.labels, tmp_path / name, drawn.origin)
    case = canonical(ct)
    segments = read_segments(tmp_path / name, case)
    assert segments.origin.model == drawn.origin.model
    assert not segments.origin.edited
    assert ("model_not_for_patients", "withhold") in {(f.code, f.level) for f in segments.checked(case).findings}


def test_same_label_map_as_nnunets_own_predictor(result, ct, tmp_path):
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    drawn, _, _ = result
    sitk.WriteImage(ct, str(tmp_path / "c_0000.nii.gz"))
    stock = nnUNetPredictor(device=torch.device("cpu"), allow_tqdm=False)
    stock.initialize_from_trained_model_folder(str(AS_NNUNET.folder), use_folds=(0,))
    stock.predict_from_files_sequential(
        [[str(tmp_path / "c_0000.nii.gz")]], [str(tmp_path / "stock")], save_probabilities=False, overwrite=True
    )
    theirs = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "stock.nii.gz")))
    assert np.array_equal(sitk.GetArrayFromImage(drawn.labels), theirs)
    assert (theirs > 0).sum() > 10_000


@pytest.mark.slow
def test_same_label_map_as_nnunets_command_line_on_a_whole_case(tmp_path):
    case = make_case(2001, matrix=512)
    source, target, work = (tmp_path / name for name in ("in", "out", "work"))
    source.mkdir()
    work.mkdir()
    sitk.WriteImage(case.ct, str(source / "c_0000.nii.gz"))
    command = [str(Path(sys.executable).with_name("nnUNetv2_predict_from_modelfolder")), "-f", "0", "-device", "cpu"]
    command += ["-i", str(source), "-o", str(target), "-m", str(AS_NNUNET.folder), "-npp", "1", "-nps", "1"]
    subprocess.run(command, check=True, capture_output=True)
    theirs = sitk.GetArrayFromImage(sitk.ReadImage(str(target / "c.nii.gz")))
    ours = segment(case.ct, AS_NNUNET, work=work, how=How("cpu")).labels
    assert np.array_equal(sitk.GetArrayFromImage(ours), theirs)


def test_the_ct_may_lie_on_any_axes(result, ct, work):
    drawn, _, _ = result
    turned = segment(sitk.DICOMOrient(ct, "RAS"), AS_NNUNET, work=work, how=How("cpu")).labels
    back = sitk.GetArrayFromImage(sitk.DICOMOrient(turned, "LPS"))
    assert np.array_equal(back, sitk.GetArrayFromImage(drawn.labels))


SELDOM = ("Checking the model", "Preparing the CT", "Drawing the labels", "Finishing")
"""Fast: each in this process (test_network_run, what progress raises); here the first, the longest and the last."""


@pytest.mark.parametrize("stage", [pytest.param(s, marks=pytest.mark.slow) if s in SELDOM else s for s in STAGES])
def test_cancel_at_every_stage_within_3_s(ct, work, stage):
    stopped = []

    def cancel(current: str, done: int, total: int) -> None:
        if current == stage:
            stopped.append(time.monotonic())
            raise Cancelled()

    with pytest.raises(Cancelled, match=r"Cancelled. Nothing was written"):
        segment(ct, AS_NNUNET, work=work, how=How("cpu"), progress=cancel)
    assert time.monotonic() - stopped[0] < 3


def test_killed_from_outside(ct, work):
    def kill(stage: str, done: int, total: int) -> None:
        if stage == "Tiles":
            for process in psutil.Process().children():
                process.send_signal(signal.SIGKILL)

    with pytest.raises(OutOfMemory, match=r"The segmentation was stopped from outside \(signal 9\)"):
        segment(ct, AS_NNUNET, work=work, how=How("cpu"), progress=kill)


@pytest.mark.slow  # 20 s; fast: child/test_warm (a process that runs out), test_network_run (each step)
@pytest.mark.skipif(os.name == "nt", reason="Windows has no address space limit")
def test_out_of_memory(work):
    large = sitk.Image((700, 700, 400), sitk.sitkInt16)
    large.SetSpacing((0.6, 0.6, 1.0))
    with pytest.raises(OutOfMemory, match=r"too little (free )?memory"):
        segment(large, AS_NNUNET, work=work, how=How("cpu"), environment={child.MEMORY_LIMIT: "3500"})


def test_hanging_is_noticed(ct, work):
    with pytest.raises(PTLFError, match=r"gave no sign of life for 0.4 s and was stopped"):
        segment(ct, AS_NNUNET, work=work, how=How("cpu"), silence_s=0.4)


GPU_FAILURES = {
    "CUDA error: out of memory": "the memory of cuda:0 did not suffice",
    "cuDNN error: CUDNN_STATUS_ALLOC_FAILED": "cuda:0 failed: cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
    "CUDA error: no kernel image is available\nmore": "cuda:0 failed: CUDA error: no kernel image is available (",
}


@pytest.mark.parametrize("words", GPU_FAILURES)
def test_a_gpu_that_fails_at_the_first_touch_is_not_chosen(monkeypatch, words):
    def fail(*args):
        raise RuntimeError(words)

    monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda number: "GPU")
    monkeypatch.setattr(torch.cuda, "mem_get_info", fail)
    chosen = choose("auto")
    assert chosen.is_cpu
    assert GPU_FAILURES[words] in chosen.why


def test_too_little_memory_for_the_weights_is_not_the_models_fault(monkeypatch):
    def exhausted(*args, **options):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    facts = model_folder.check(AS_NNUNET.folder)
    monkeypatch.setattr(torch, "load", exhausted)
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        Network(facts)


def broken(folder: Path, tmp_path: Path, change) -> Path:
    """A copy of a model whose checkpoint `change` has altered in place."""
    copied = Path(shutil.copytree(folder, tmp_path / "model"))
    path = copied / "fold_0" / "checkpoint_final.pth"
    checkpoint = torch.load(path, weights_only=True)
    change(checkpoint)
    torch.save(checkpoint, path)
    return copied


def cut_a_layer(checkpoint: dict) -> None:
    name = next(iter(checkpoint["network_weights"]))
    checkpoint["network_weights"][name] = torch.zeros(3)


def spoil(checkpoint: dict) -> None:
    next(iter(checkpoint["network_weights"].values()))[:] = float("nan")


WRONG_WEIGHTS = {
    "not finite": (spoil, "are not finite; the training failed"),
    "of another configuration": (
        lambda c: c["init_args"].update(configuration="2d"),
        "There is no configuration '2d' in plans.json: 3d_demo",
    ),
    "without a network": (lambda c: c.pop("network_weights"), "cannot be used: KeyError"),
}


@pytest.mark.parametrize("what", WRONG_WEIGHTS)
def test_weights_that_do_not_fit(tmp_path, what):
    change, sentence = WRONG_WEIGHTS[what]
    with pytest.raises(UnusableModel, match=sentence):
        Network(model_folder.check(broken(default_model().folder, tmp_path, change)))


def test_weights_of_another_network_are_told_by_the_child(ct, work, tmp_path, monkeypatch):
    monkeypatch.setenv("PTLF_MODELS", str(tmp_path / "user"))
    model = find_model(broken(default_model().folder, tmp_path, cut_a_layer))
    with pytest.raises(UnusableModel, match=r"plans.json, dataset.json and weights do not fit each other"):
        segment(ct, model, work=work, how=How("cpu"))


def test_a_cascade_is_refused(ct, work, tmp_path, monkeypatch):
    monkeypatch.setenv("PTLF_MODELS", str(tmp_path / "user"))
    folder = Path(shutil.copytree(default_model().folder, tmp_path / "model"))
    plans = json.loads((folder / "plans.json").read_text())
    plans["configurations"]["3d_lowres"] = {"inherits_from": "3d_demo", "next_stage": "3d_demo"}
    plans["configurations"]["3d_demo"]["previous_stage"] = "3d_lowres"
    (folder / "plans.json").write_text(json.dumps(plans))
    with pytest.raises(UnusableModel, match="'3d_demo' is the second stage of a cascade"):
        segment(ct, find_model(folder), work=work, how=How("cpu"))


def test_a_model_that_changed_since_it_was_chosen_is_not_loaded(ct, work, tmp_path, monkeypatch):
    """Its files are read in the child, just before they are loaded."""
    monkeypatch.setenv("PTLF_MODELS", str(tmp_path / "user"))
    folder = Path(shutil.copytree(default_model().folder, tmp_path / "model"))
    model = find_model(folder)
    plans = folder / "plans.json"
    plans.write_text(plans.read_text() + " ")
    told = []
    with pytest.raises(UnusableModel, match="is not the one in the catalogue"):
        segment(ct, model, work=work, how=How("cpu"), progress=lambda stage, *_: told.append(stage))
    assert set(told) == {"Checking the model"}


def test_the_window_s_thread_reads_no_weights(ct, work, tmp_path):
    """A job is written for weights that are no weights at all; the child refuses them."""
    folder = Path(shutil.copytree(default_model().folder, tmp_path / "model"))
    next(folder.glob("fold_*/*.pth")).write_bytes(b"these are no weights")
    job = write_job(ct, replace(default_model(), folder=folder), work)
    with pytest.raises(UnusableModel, match="weights"):
        child.run(WORKER, job, work, what=WHAT)


def test_a_folder_chosen_elsewhere_is_drawn_with_and_named_by_its_hashes(ct, work, tmp_path):
    folder = tmp_path / "Dataset731_Liver" / "nnUNetTrainer__nnUNetPlans__3d_demo"
    shutil.copytree(default_model().folder, folder)
    drawn = segment(ct, from_folder(folder.parent, "SlicerNNUnet"), work=work, how=How("cpu"))
    assert {name: drawn.model[name] for name in ("sha256", "weights_sha256")} == {
        "sha256": default_model().sha256,
        "weights_sha256": default_model().weights_sha256,
    }
    assert drawn.model["id"] == "Dataset731_Liver"
    assert drawn.origin.model["warning"] == default_model().warning


def test_the_restricted_loader_is_a_second_fence(tmp_path):
    from PTLFPredictorLib.segmentation.weights import load_checkpoint

    class RunsCode:
        def __reduce__(self):
            return os.system, (f"touch '{tmp_path / 'marker'}'",)

    torch.save({"network_weights": RunsCode()}, tmp_path / "checkpoint_final.pth")
    with pytest.raises(UnusableModel, match="cannot be used: UnpicklingError"):
        load_checkpoint(tmp_path / "checkpoint_final.pth")
    assert not (tmp_path / "marker").exists()


def test_a_checkpoint_as_nnunets_trainer_writes_it_is_loaded(tmp_path):
    from PTLFPredictorLib.segmentation.weights import load_checkpoint

    fold = tmp_path / "fold_0"
    fold.mkdir()
    best = np.float32(0.87)
    torch.save(
        {
            "network_weights": {"a": torch.ones(3)},
            "init_args": {"configuration": "3d_fullres"},
            "logging": {"mean_fg_dice": [best], "lr": [np.float64(0.01)]},
            "_best_ema": best,
        },
        fold / "checkpoint_final.pth",
    )
    model_folder.check_pickle(fold / "checkpoint_final.pth")
    assert load_checkpoint(fold / "checkpoint_final.pth")["init_args"]["configuration"] == "3d_fullres"


def test_the_demo_model_finds_liver_and_tumour_on_an_unseen_case(work):
    case = drawn(2000, matrix=128)
    found = agreement(segment(case.ct, default_model(), work=work, how=How("cpu")).labels, case.labels)
    assert found["parenchyma"].dice > 0.93
    assert found["tumor"].dice > 0.6
