"""What `ptlf train` promises: from a CSV of 25 cases to a package with its Table 1 on two cores within the hour, though
it is killed on the way."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from PTLFPredictorLib import cli
from PTLFPredictorLib.child.system import CORES
from PTLFPredictorLib.segmentation import find_model

CASES, HOUR_S = 25, 3600

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("needs_nnunet")]


def start(out: Path, table: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "PTLFPredictorLib.cli", "train", "--cases", str(table), "--out", str(out)]
    options = ["--preset", "small", "--device", "cpu", "--name", "Sample cases", "--licence", "Apache-2.0"]
    environment = {**os.environ, CORES: "2", "PYTHONPATH": str(Path(cli.__file__).parents[2])}
    environment.pop("OMP_NUM_THREADS", None)
    with open(out.with_suffix(".log"), "a") as log:
        return subprocess.Popen([*command, *options], stderr=log, stdout=log, env=environment)


def until(true, seconds: float, running: subprocess.Popen) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert running.poll() is None, "it ended early"
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.5)


def test_from_csv_to_package_and_table_1_within_the_hour_though_it_is_killed(tmp_path, monkeypatch):
    samples, out = tmp_path / "samples", tmp_path / "trained"
    arguments = ["cohort", "sample", "--cases", str(CASES), "--matrix", "256", "--out", str(samples)]
    assert cli.main(arguments) == 0
    begun = time.monotonic()
    first = start(out, samples / "cohort.csv")

    def second_fold_is_on_its_way() -> bool:
        return any(out.glob("nnUNet/results/*/*/fold_1/checkpoint_latest.pth"))

    until(second_fold_is_on_its_way, HOUR_S, first)
    children = psutil.Process(first.pid).children(recursive=True)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive  # the trainer dies with its parent, whatever it had started
    (finished,) = out.glob("nnUNet/results/*/*/fold_*/checkpoint_final.pth")
    when = finished.stat().st_mtime_ns

    again = start(out, samples / "cohort.csv")
    again.wait(timeout=HOUR_S)
    minutes = (time.monotonic() - begun) / 60
    assert again.returncode == 0, out.with_suffix(".log").read_text()[-3000:]
    assert minutes < 60
    assert "Dice, test cases: parenchyma 0.9" in out.with_suffix(".log").read_text()
    assert finished.stat().st_mtime_ns == when  # not trained again
    log = json.loads((out / "table1.json").read_text())
    test = {region: log["parts"]["test"]["regions"][region]["dice"]["mean"] for region in ("parenchyma", "tumor")}
    print(f"{minutes:.1f} minutes; mean Dice of the test cases {test}")
    assert test["parenchyma"] >= 0.85
    assert test["tumor"] >= 0.4
    folds = {row["case"]: row["part"] for row in log["cases"]}
    assert len(folds) == CASES
    assert sorted(set(folds.values())) == ["fold 0", "fold 1", "fold 2", "fold 3", "fold 4", "test"]
    assert sum(part == "test" for part in folds.values()) == 5

    monkeypatch.setenv("PTLF_MODELS", str(tmp_path / "models"))
    package = out / "sample-cases.zip"
    assert cli.main(["models", "add", "--no-conversion", str(package)]) == 0
    model = find_model("sample-cases")
    assert model.licence == "Apache-2.0"
    assert not model.for_patients  # trained on sample cases
    assert "not for patients" in model.warning
    with open(out / "checks.csv", newline="") as stream:
        names = {row["case"] for row in csv.DictReader(stream)}
    for file in (out / "report.html", out / "table1.json", package):
        assert not any(name.encode() in file.read_bytes() for name in names)  # case numbers alone
