"""`ptlf train` in a shell: what it refuses before anything is read, and what --check says and leaves."""

import csv
from pathlib import Path

import pytest
import SimpleITK as sitk

from abdomen import image_of, phantom_arrays
from sample_way import ptlf


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Three phantoms that differ by their noise."""
    folder = tmp_path_factory.mktemp("cases")
    rows = ["case,ct,segmentation"]
    for seed in range(3):
        hu, labels = phantom_arrays(seed)
        sitk.WriteImage(image_of(hu), str(folder / f"{seed}.nii.gz"))
        sitk.WriteImage(image_of(labels), str(folder / f"{seed}-labels.nii.gz"))
        rows.append(f"Smith {seed},{seed}.nii.gz,{seed}-labels.nii.gz")
    (folder / "cases.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder / "cases.csv"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--folds", "1"], "--folds is a number from 2 to 20; --fold-all trains without folds"),
        (["--epochs", "0"], "--epochs is a number from 1"),
        (["--preset", "small", "--configuration", "3d_lowres"], "--preset brings its own configuration"),
        (["--labels", "liver"], "--labels 'liver' cannot be read"),
    ],
)
def test_options_that_cannot_be_meant(table, tmp_path, options, told):
    answer = ptlf("train", "--cases", table, "--out", tmp_path / "out", *options)
    assert answer.code == 2
    assert told in answer.err
    assert not (tmp_path / "out").exists()


def test_results_do_not_go_among_the_cases(tmp_path):
    answer = ptlf("train", "--cases", tmp_path, "--out", tmp_path / "out")
    assert answer.code == 2
    assert "--out lies in the folder of the cases" in answer.err


def test_check_shows_the_split_and_trains_nothing(table, tmp_path):
    out = tmp_path / "out"
    answer = ptlf("train", "--cases", table, "--out", out, "--check", "--preset", "small", "--folds", "2")
    assert answer.code == 0, answer.err
    assert "2 cases to train with (validation: 1, 1), 1 to test." in answer.out
    assert "Would train: 3d_small, nnUNetTrainerNoDA, 12 epochs, 2 folds." in answer.out
    assert "960 iterations: 6 minutes on two idle cores" in answer.out
    assert "nothing was trained" in answer.out
    assert [path.name for path in out.iterdir() if not path.name.startswith(".")] == ["checks.csv"]


def test_all_that_is_wrong_is_told_before_anything_is_trained(tmp_path):
    (tmp_path / "cases.csv").write_text("case,ct,segmentation\na,a.nii,a.nii\nb,b.nii,b.nii\n", encoding="utf-8")
    answer = ptlf("train", "--cases", tmp_path / "cases.csv", "--out", tmp_path / "out", "--device", "cpu", "--check")
    assert answer.code == 2
    assert "2 of 2 cases cannot be trained on" in answer.err
    assert "'a': There is no file" in answer.err
    assert "'b': There is no file" in answer.err
    assert "cannot be used" in (tmp_path / "out" / "checks.csv").read_text(encoding="utf-8")


def test_the_documentation_has_the_figures_of_its_table():
    docs = Path(__file__).resolve().parents[2] / "docs"
    with open(docs / "training-report.csv", newline="", encoding="utf-8") as stream:
        dice = {row["region"]: row for row in csv.DictReader(stream) if row["measure"] == "dice"}
    folds, test = (
        [float(dice[region][part]) for region in ("parenchyma", "tumor")] for part in ("mean of folds", "test")
    )
    text = " ".join((docs / "training.md").read_text(encoding="utf-8").split())
    assert f"Mean Dice of the folds {folds[0]:.3f} (parenchyma) and {folds[1]:.3f} (tumour)" in text
    assert f"all five networks together, {test[0]:.3f} and {test[1]:.3f}." in text
    assert test[0] >= 0.85
    assert test[1] >= 0.4
