"""`ptlf predict` says once which phase was found, and takes a reader's answer where it cannot be told."""

import json

import numpy as np
import pytest
import SimpleITK as sitk

from abdomen import image_of
from abdomen import small_arrays as phantom_arrays
from PTLFPredictorLib.cli import main


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """(liver HU, aorta HU) -> arguments of a CT with these attenuations."""
    folder = tmp_path_factory.mktemp("phase")

    def write(liver, aorta):
        hu, labels = phantom_arrays()
        hu = hu.astype(float)
        hu[labels == 1] += liver - 105
        _, row, column = np.indices(hu.shape)
        hu[np.hypot(row - 74, column - 80) <= 17] = -80
        hu[np.hypot(row - 74, column - 80) <= 9] = aorta
        ct, mask = folder / f"{liver}_{aorta}.nrrd", folder / "labels.nrrd"
        sitk.WriteImage(image_of(np.rint(hu).astype(np.int16)), str(ct))
        sitk.WriteImage(image_of(labels), str(mask))
        return ["predict", "--ct", str(ct), "--segmentation", str(mask), "--signature", "demo"]

    return write


def predicted(arguments, out, capsys):
    """(what the terminal said, record, finding on the phase)"""
    assert main([*arguments, "--out", str(out)]) == 0
    record = json.loads((out / "result.json").read_text(encoding="utf-8"))
    (finding,) = [f for f in record["findings"] if f["code"] == "phase"]
    return capsys.readouterr().out, record["input"]["ct"]["phase"], finding


def test_the_phase_that_was_found_is_said_once(files, tmp_path, capsys):
    said, phase, finding = predicted(files(105, 150), tmp_path / "out", capsys)
    assert finding["level"] == "pass"
    assert said.count("Contrast phase: portal venous (liver 105 HU, aorta 150 HU).") == 1
    assert phase["name"] == "portal venous"
    assert phase["source"] == "attenuation"
    assert phase["confirmed"] is None


def test_an_unknown_phase_withholds_until_a_reader_answers(files, tmp_path, capsys):
    arguments = files(82, 205)
    said, phase, finding = predicted(arguments, tmp_path / "asked", capsys)
    assert finding["level"] == "withhold"
    assert said.count("[blocks the risk] The contrast phase cannot be told") == 1
    assert '--phase "portal venous" --reader NAME' in said

    answer = ["--phase", "portal venous", "--reader", "Dr Reader"]
    said, phase, finding = predicted([*arguments, *answer], tmp_path / "answered", capsys)
    assert finding["level"] == "warn"
    assert phase["source"] == "reader"
    assert phase["values"]["liver_hu"] == pytest.approx(82, abs=1)
    assert phase["confirmed"]["name"] == "portal venous"
    assert phase["confirmed"]["reader"] == "Dr Reader"
    assert "[note] Dr Reader confirmed the portal venous phase" in said


def test_no_answer_lifts_an_arterial_ct(files, tmp_path, capsys):
    answer = ["--phase", "portal venous", "--reader", "Dr Reader"]
    _, phase, finding = predicted([*files(60, 300), *answer], tmp_path / "out", capsys)
    assert finding["level"] == "withhold"
    assert phase["name"] == "arterial"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (["--phase", "portal venous"], "Who answers for the contrast phase? Give the reader's name."),
        (["--phase", "venus", "--reader", "X"], "There is no contrast phase 'venus'"),
    ],
)
def test_an_answer_that_is_none_ends_with_a_sentence(files, tmp_path, capsys, answer, sentence):
    assert main([*files(82, 205), *answer, "--out", str(tmp_path / "out")]) == 2
    assert sentence in capsys.readouterr().err
