"""Folds in child processes: one after the other on a CPU, one on each GPU, finished ones never again."""

import time
from pathlib import Path

import psutil
import pytest

from PTLFPredictorLib.errors import OutOfMemory
from PTLFPredictorLib.segmentation.model_files import CHECKPOINT
from PTLFPredictorLib.training import folds
from PTLFPredictorLib.training.dataset import Layout
from PTLFPredictorLib.training.folds import Fold, Folds
from PTLFPredictorLib.training.recipe import Recipe


@pytest.fixture
def training(tmp_path, monkeypatch):
    monkeypatch.setattr(folds, "WORKER", "fold_of_tests")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def made(devices=("cpu",), **recipe) -> Folds:
        asked = Recipe(**{"folds": 3, "seed": 10, **recipe})
        layout = Layout(tmp_path, "Dataset001_Made")
        given = Folds(
            layout, asked, "plans", devices, lambda *told: given.told.append(told), lambda left: given.left.append(left)
        )
        given.told, given.left = [], []
        given.folder.mkdir(parents=True, exist_ok=True)
        return given

    return made


def started(run: Folds) -> list[tuple[str, int, float]]:
    """GPU, seed and time, by fold."""
    texts = [(run.folder / f"fold_{number}" / "started").read_text().split() for number in run.numbers]
    return [(gpu, int(seed), float(when)) for gpu, seed, when in texts]


def ended(run: Folds) -> list[float]:
    return [float((run.folder / f"fold_{number}" / CHECKPOINT).read_text()) for number in run.numbers]


def test_one_after_the_other_on_a_cpu_and_told_as_a_whole(training):
    run = training()
    run.train()
    starts, ends = started(run), ended(run)
    assert [(gpu, seed) for gpu, seed, _ in starts] == [("None", 10), ("None", 11), ("None", 12)]
    assert ends[0] < starts[1][2]
    assert ends[1] < starts[2][2]
    assert [stage for stage, _, _ in dict.fromkeys((told[0], 0, 0) for told in run.told)] == [
        "Training: fold 0", "Training: fold 1", "Training: fold 2",
    ]  # fmt: skip
    done = [done for _, done, _ in run.told]
    assert done == sorted(done)
    assert done[-1] <= 120
    assert {total for _, _, total in run.told} == {120}
    assert run.left[-1] < run.left[0]
    assert not list(run.layout.root.glob(".ptlf-*"))


@pytest.mark.parametrize(("devices", "left"), [(("cpu",), 0.5 * (60 + 2 * 100)), (("cuda:0", "cuda:1"), 0.5 * 160)])
def test_the_time_left_is_what_was_measured_times_what_is_to_be_done(training, monkeypatch, devices, left):
    """Three folds of 100 iterations; after 40 of the first, 20 of which took 10 s; two folds wait, or one does."""
    run = training(devices)
    fold = Fold(0, devices[0], None)
    for seconds, done in ((100.0, 20), (110.0, 40)):
        monkeypatch.setattr(folds.time, "monotonic", lambda now=seconds: now)
        run._advance(fold, done, 100, 3 - len(devices))
    assert run.left == [pytest.approx(left)]


def test_a_fold_on_each_gpu_at_the_same_time(training, monkeypatch):
    run = training(("cuda:0", "cuda:1"))
    run.train()
    starts, ends = started(run), ended(run)
    assert starts[1][2] < ends[0]  # together
    assert starts[2][2] > min(ends[:2])  # the third when a GPU is free
    assert [gpu for gpu, _, _ in starts][:2] == ["0", "1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5, 7")  # what this process itself may see
    assert [folds._visible(f"cuda:{number}") for number in (0, 1)] == ["5", "7"]


def test_what_is_finished_is_not_trained_again(training):
    run = training()
    (run.folder / "fold_0").mkdir()
    (run.folder / "fold_0" / CHECKPOINT).write_text("0")
    run.train()
    assert not (run.folder / "fold_0" / "started").exists()
    assert run.told[0][1] >= 40  # the finished one counts
    assert ended(run)[0] == 0


def test_one_network_for_all_cases(training):
    run = training(folds=1)
    run.train()
    assert (run.folder / "fold_all" / CHECKPOINT).exists()


def test_a_fold_that_fails_stops_the_others_with_its_sentence(training):
    run = training(("cuda:0", "cuda:1"), epochs=666)
    with pytest.raises(OutOfMemory, match="memory did not suffice"):
        run.train()
    assert not (run.folder / "fold_2").exists()
    nothing_is_left()


def test_stopped_from_outside_nothing_is_left(training):
    run = training()

    def stop(stage, done, total):
        raise KeyboardInterrupt

    run.progress = stop
    with pytest.raises(KeyboardInterrupt):
        run.train()
    nothing_is_left()


def nothing_is_left() -> None:
    time.sleep(0.1)
    mine = {one.pid for one in psutil.Process().children(recursive=True)}
    known = [one for one in psutil.process_iter(["cmdline"]) if one.pid in mine]  # of one that has ended: None
    assert not [one for one in known if "fold_of_tests" in " ".join(one.info["cmdline"] or ())]
