"""A training in small, as `ptlf train` runs it: killed, gone on with, drawn, packed; and with one network for all."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.segmentation import add
from PTLFPredictorLib.training.cases import read_cases
from PTLFPredictorLib.training.recipe import Recipe, Small
from PTLFPredictorLib.training.result import Description
from PTLFPredictorLib.training.run import Request, train
from samples import drawn as sample

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("needs_nnunet")]

TINY = Small(
    "3d_tiny", "nnUNetTrainerNoDA", (5.0, 8.0, 8.0), (16, 32, 32), (4, 8, 8), (1, 1, 1), epochs=3, iterations=2
)
RUN = """
import sys
sys.path.insert(0, sys.argv[3])
from training import test_train_folds as here
from PTLFPredictorLib.training.run import train
train(here.request(sys.argv[1], sys.argv[2]))
"""


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    import SimpleITK as sitk

    folder = tmp_path_factory.mktemp("cases")
    rows = ["case,ct,segmentation"]
    for seed in range(9100, 9104):
        case = sample(seed, matrix=128)
        sitk.WriteImage(case.ct, str(folder / f"{seed}.nii.gz"))
        sitk.WriteImage(case.labels, str(folder / f"{seed}-labels.nii.gz"))
        rows.append(f"Mrs {seed},{seed}.nii.gz,{seed}-labels.nii.gz")
    (folder / "cases.csv").write_text("\n".join(rows))
    return folder / "cases.csv"


def request(table: str | Path, out: str | Path, folds: int = 2, **options) -> Request:
    recipe = Recipe(trainer="nnUNetTrainerNoDA", folds=folds, small=TINY)
    return Request(read_cases(Path(table)), Path(out), recipe, Description("Made site"), **options)


def test_killed_gone_on_with_and_stopped_at_every_stage(table, tmp_path, monkeypatch):
    out = tmp_path / "out"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", RUN, str(table), str(out), str(Path(__file__).parents[1])]
    running = subprocess.Popen(command, env=environment)
    while not any(out.glob("nnUNet/results/*/*/fold_1/checkpoint_latest.pth")):
        assert running.poll() is None
        time.sleep(0.05)
    children = psutil.Process(running.pid).children(recursive=True)
    assert children
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
    results = next(out.glob("nnUNet/results/*/*"))
    first = (results / "fold_0" / "checkpoint_final.pth").stat().st_mtime_ns
    assert not (results / "fold_1" / "checkpoint_final.pth").exists()

    told = []

    def stop_while_drawing(stage, done, total):
        told.append((stage, done, total))
        if stage == "Drawing unseen cases" and done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(request(table, out, progress=stop_while_drawing))
    assert not psutil.Process().children(recursive=True)
    training = [(done, total) for stage, done, total in told if stage.startswith("Training: fold 1")]
    assert training[0][0] > 6 + 2 - 1  # fold 0 is done (6 iterations), fold 1 goes on from its checkpoint
    assert training == sorted(training)
    assert {total for _, total in training} == {12}
    assert (results / "fold_0" / "checkpoint_final.pth").stat().st_mtime_ns == first
    drawn = {file: file.stat().st_mtime_ns for file in (out / "nnUNet" / "drawn").glob("*.json")}
    assert len(drawn) == 2

    done = train(request(table, out))
    assert {file: file.stat().st_mtime_ns for file in drawn} == drawn
    assert sorted({case["part"] for case in done.table["cases"]}) == ["fold 0", "fold 1", "test"]
    assert not list(out.glob("nnUNet/.ptlf-*"))
    for file in (done.package, done.report, out / "table1.json"):
        assert b"Mrs 91" not in file.read_bytes()

    monkeypatch.setenv("PTLF_MODELS", str(tmp_path / "models"))
    added = add(done.package)
    assert added.id == "made-site"
    assert added.measured["cpu_s"] > 0
    assert 0 <= added.measured["dice_liver"] <= 1
    assert len(list(added.folder.rglob("checkpoint_final.pth"))) == 2

    with pytest.raises(BadInput, match="folds was 2"):
        train(request(table, out, folds=3))


def test_one_network_of_all_training_cases(table, tmp_path):
    done = train(request(table, tmp_path / "out", folds=1))
    assert {case["part"] for case in done.table["cases"]} == {"test"}
    assert [path.parent.name for path in (tmp_path / "out").glob("nnUNet/results/*/*/*/checkpoint_final.pth")] == [
        "fold_all"
    ]
