"""The check of the open weights, which only a computer with the internet can run in earnest: its judgement, its limits,
and that it runs the product as it stands (slow, with the demo model for the open weights)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import yaml

import open_weights

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"


@pytest.mark.parametrize(
    ("parenchyma", "tumour", "sentence"),
    [
        (1500.0, 40.0, ""),
        (690.0, 9.9, "a liver of 700 mL"),
        (690.0, 10.0, ""),
        (3400.0, 100.1, "a liver of 3500 mL"),
        (0.0, 0.0, "a liver of 0 mL"),
        (1500.0, 0.0, "tumours of 0.0 mL in a liver of 1500 mL"),
        (1500.0, 0.5, ""),
        (800.0, 800.0, ""),
        (799.0, 801.0, "tumours of 801.0 mL in a liver of 1600 mL"),
    ],
)
def test_what_cannot_be_a_liver_with_tumours_fails(parenchyma, tumour, sentence):
    found = open_weights.wrong({"parenchyma": parenchyma, "tumor": tumour})
    assert found.startswith(sentence)
    assert bool(found) is bool(sentence)


def test_volumes_are_of_the_labels(tmp_path):
    array = np.zeros((10, 20, 30), np.uint8)
    array[2:4, 5:10, 5:15] = 1  # 100 voxels of 2 x 2 x 5 mm
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((2.0, 2.0, 5.0))
    sitk.WriteImage(image, str(tmp_path / "labels.nii.gz"))
    assert open_weights.volumes_ml(tmp_path / "labels.nii.gz") == {"parenchyma": 2.0, "tumor": 0.0}


def test_another_ct_is_refused(phantom, write_dicom, tmp_path):
    write_dicom(tmp_path / "ct", phantom[0])
    with pytest.raises(SystemExit, match="is not the CT that this check is allowed to run on"):
        open_weights.main(["--ct", str(tmp_path / "ct"), "--out", str(tmp_path / "out"), "--model", "ptlf-demo-1"])
    assert not (tmp_path / "out" / "summary.json").exists()


def test_the_ct_is_the_one_that_may_be_used(shared, tmp_path):
    folder = shared / "crlm1006" / "dicom"
    assert open_weights.ct_folder(str(folder), tmp_path) == folder


def steps(workflow: dict) -> list[dict]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_the_workflow_starts_by_hand_alone_and_may_only_read():
    text = (WORKFLOWS / "weights.yml").read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert list(workflow[True]) == ["workflow_dispatch"]  # YAML 1.1 reads the key 'on' so
    assert workflow["permissions"] == {"contents": "read"}
    assert "secrets" not in text
    others = "".join((WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8") for name in ("python", "slicer"))
    assert all(step["uses"] in others for step in steps(workflow) if "uses" in step)  # pinned as the others
    assert not any("inputs." in step.get("run", "") for step in steps(workflow))  # no input is run as a command
    assert any("Testing/open_weights.py" in step.get("run", "") for step in steps(workflow))


@pytest.mark.slow
def test_the_check_runs_the_product_and_writes_what_the_workflow_uploads(shared, needs_nnunet, tmp_path):
    """The demo model stands for the open weights: what it draws on a patient may fail, and does not matter here."""
    ct = shared / "crlm1006" / "dicom"
    code = open_weights.main(["--ct", str(ct), "--out", str(tmp_path), "--model", "ptlf-demo-1"])
    found = json.loads((tmp_path / "summary.json").read_text())["models"]["ptlf-demo-1"]
    assert code == (1 if found["wrong"] else 0)
    assert found["volumes_ml"] == open_weights.volumes_ml(tmp_path / "ptlf-demo-1" / "labels.nii.gz")
    assert {"result.json", "report.html", "labels.nii.gz", "slices.png"} <= {
        path.name for path in (tmp_path / "ptlf-demo-1").iterdir()
    }
