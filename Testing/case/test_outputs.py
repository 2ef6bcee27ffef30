"""No output replaces an input; a result is whole or not there; two results are never mixed."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time

import pytest
import SimpleITK as sitk

from PTLFPredictorLib.case import OUTPUTS
from PTLFPredictorLib.cli import ROOT, main
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.outputs import LOCK, output_file, output_folder, refuse_inputs

NAMES = tuple(OUTPUTS.values())
SIGNATURE = ROOT / "PTLFPredictor/Resources/Signatures/ptlf-published.json"


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


class Given:
    """Copies of every kind of input in one folder."""

    def __init__(self, folder, files, write_dicom, phantom):
        self.folder = folder
        self.ct = shutil.copy(files["ct"], folder / "ct.nii.gz")
        self.labels = shutil.copy(files["labels"], folder / "labels.nii.gz")
        self.signature = shutil.copy(SIGNATURE, folder / "signature.json")
        self.eligibility = folder / "answers.json"
        self.eligibility.write_text("{}")
        self.dicom = write_dicom(folder / "dicom", phantom[0])


@pytest.fixture
def given(tmp_path, phantom_files, write_dicom, phantom):
    folder = tmp_path / "inputs"
    folder.mkdir()
    return Given(folder, phantom_files, write_dicom, phantom)


POINTS = ["--point", "90", "0.48", "--point", "100", "0.84"]

OVER = {
    "predict: the label map": lambda g: ["predict", "--ct", g.ct, "--segmentation", g.labels, "--out", g.folder],
    "predict: among the slices": lambda g: ["predict", "--ct", g.dicom, "--segmentation", g.labels, "--out", g.dicom],
    "predict: one slice named": lambda g: [
        "predict", "--ct", g.dicom / "image_16", "--segmentation", g.labels, "--out", g.dicom,
    ],
    "segment: the CT": lambda g: ["segment", "--ct", g.ct, "--out", g.ct],
    "segment: among the slices": lambda g: ["segment", "--ct", g.dicom, "--out", g.dicom / "labels.nrrd"],
    "features: the CT": lambda g: features(g, g.ct),
    "features: the label map": lambda g: features(g, g.labels),
    "features: the signature": lambda g: features(g, g.signature),
    "features: a slice": lambda g: features(g, g.dicom / "image_3", ct=g.dicom),
    "set-intercept: the signature": lambda g: [
        "signatures", "set-intercept", "--signature", g.signature, *POINTS, "--out", g.signature,
    ],
    "panel: the CT": lambda g: ["panel", "--ct", g.ct, "--screenshot", g.ct],
    "panel: among the slices": lambda g: ["panel", "--ct", g.dicom, "--screenshot", g.dicom / "panel.png"],
}  # fmt: skip


def features(given, out, ct=None):
    ct = ct or given.ct
    return ["features", "--ct", ct, "--segmentation", given.labels, "--signature", given.signature, "--out", out]


@pytest.mark.parametrize("what", OVER)
def test_an_output_that_would_replace_an_input_is_refused_before_the_work(given, capsys, what):
    before = contents(given.folder)
    assert main([str(word) for word in OVER[what](given)]) == 2
    said = capsys.readouterr().err
    assert "would replace an input of this run" in said or "would lie among the files that this run reads" in said
    assert "Reading" not in said
    assert contents(given.folder) == before


def link(given):
    (given.folder / "other.json").symlink_to(given.signature)
    return given.folder / "other.json"


def hard_link(given):
    os.link(given.signature, given.folder / "same.json")
    return given.folder / "same.json"


def relative(given):
    return given.folder / "dicom" / ".." / "signature.json"


def linked_folder(given):
    (given.folder.parent / "there").symlink_to(given.folder)
    return given.folder.parent / "there" / "signature.json"


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
@pytest.mark.parametrize("name", [link, hard_link, relative, linked_folder])
def test_no_name_hides_an_input(given, name):
    before = given.signature.read_bytes()
    assert (
        main(["signatures", "set-intercept", "--signature", str(given.signature), *POINTS, "--out", str(name(given))])
        == 2
    )
    assert given.signature.read_bytes() == before


def test_the_voxels_file_of_a_header_is_an_input(phantom, given):
    import SimpleITK as sitk

    sitk.WriteImage(phantom[0], str(given.folder / "ct.mhd"))
    assert main([str(word) for word in features(given, given.folder / "ct.raw", ct=given.folder / "ct.mhd")]) == 2


def test_a_file_that_is_no_input_is_replaced_as_before(given, tmp_path):
    out = tmp_path / "features.json"
    out.write_text("old")
    assert main([str(word) for word in features(given, out)]) == 0
    assert json.loads(out.read_text())


def test_a_folder_below_the_slices_takes_a_result_twice(given):
    """A patient's folder with the result in it: the second run finds the first one's label map, which is no input."""
    out = given.dicom / "result"
    command = ["predict", "--ct", str(given.dicom), "--segmentation", str(given.labels), "--out", str(out)]
    assert [main(command), main(command)] == [0, 0]
    assert sorted(path.name for path in out.iterdir()) == sorted(NAMES)


def test_files_that_are_not_there_are_no_inputs(tmp_path):
    refuse_inputs([tmp_path / "a"], [tmp_path / "a", tmp_path / "b"], [tmp_path / "c"])


def fill(folder, text, names=NAMES):
    for name in names:
        (folder / name).write_text(text)


def run_into(folder, last_step):
    with output_folder(folder, NAMES) as staging:
        fill(staging, "new")
        last_step()


def raises(error):
    def step():
        raise error

    return step


@pytest.fixture
def former(tmp_path):
    """A folder with a former result and a file of somebody else."""
    folder = tmp_path / "out"
    folder.mkdir()
    fill(folder, "former")
    (folder / "notes.txt").write_text("a reader's")
    return folder


def texts(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


FORMER = {**dict.fromkeys(NAMES, "former"), "notes.txt": "a reader's"}


def test_a_new_result_replaces_the_former_and_nothing_else(former):
    with output_folder(former, NAMES) as staging:
        fill(staging, "new")
    assert texts(former) == {**dict.fromkeys(NAMES, "new"), "notes.txt": "a reader's"}


def test_a_result_may_have_files_in_folders(tmp_path):
    names = ("report.html", "tables/a.csv", "tables/b.csv")
    for written in (names, names[:2]):
        with output_folder(tmp_path, names) as made:
            (made / "tables").mkdir()
            for name in written:
                (made / name).write_text(name)
        assert set(map(str, contents(tmp_path))) == set(written)


def test_a_file_that_the_new_result_lacks_does_not_stay(former):
    with output_folder(former, NAMES) as staging:
        fill(staging, "new", NAMES[:1])
    assert texts(former) == {NAMES[0]: "new", "notes.txt": "a reader's"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, BadInput])
def test_a_run_that_fails_leaves_the_former_result(former, error):
    with pytest.raises(error):
        run_into(former, raises(error("stop")))
    assert texts(former) == FORMER


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_of_an_outputs_name_is_told_before_the_work(former, name):
    (former / name).unlink()
    (former / name).mkdir()
    before = {path.name for path in former.iterdir()}
    with pytest.raises(BadInput, match="is a folder; the result needs that name"), output_folder(former, NAMES):
        pytest.fail("the work began")
    assert {path.name for path in former.iterdir()} == before


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_of_an_outputs_name_that_comes_during_the_work_leaves_the_former_result(former, name):
    (former / name).unlink()
    with pytest.raises(BadInput, match="is a folder"):
        run_into(former, (former / name).mkdir)
    (former / name).rmdir()
    assert texts(former) == {other: text for other, text in FORMER.items() if other != name}


def immutable(path):
    return subprocess.run(["chattr", "+i", path], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_cannot_be_replaced_leaves_the_former_result(former, name):
    if shutil.which("chattr") is None or not immutable(former / name):
        pytest.skip("no file can be made immutable here")
    try:
        with pytest.raises(BadInput, match="could not be written"), output_folder(former, NAMES) as staging:
            fill(staging, "new")
        assert texts(former) == FORMER
    finally:
        subprocess.run(["chattr", "-i", former / name], check=True)


@pytest.mark.parametrize("step", range(2 * len(NAMES)))
def test_an_interrupt_at_any_step_of_the_replacement_leaves_the_former_result(former, monkeypatch, step):
    """Each rename in turn is the one at which Ctrl-C arrives."""
    rename, done = type(former).rename, []

    def interrupted(path, target):
        done.append(path)
        if len(done) == step + 1:
            raise KeyboardInterrupt
        return rename(path, target)

    with pytest.raises(KeyboardInterrupt):
        run_into(former, lambda: monkeypatch.setattr(type(former), "rename", interrupted))
    assert texts(former) == FORMER


KILLED = """
import os, sys
from pathlib import Path
from PTLFPredictorLib.outputs import output_folder
out, step, names = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
rename, done = Path.rename, []
def killed(path, target):
    if len(done) == step:
        os._exit(9)
    done.append(path)
    return rename(path, target)
with output_folder(out, names) as staging:
    for name in names:
        (staging / name).write_text("new")
    Path.rename = killed
"""


@pytest.mark.parametrize("step", range(2 * len(NAMES)))
def test_a_run_killed_at_any_step_leaves_no_mixture(former, step):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "PTLFPredictor")}
    command = [sys.executable, "-c", KILLED, former, str(step), *NAMES]
    assert subprocess.run(command, env=environment, check=False).returncode == 9
    left = {path.name: path.read_text() for path in former.iterdir() if path.name in NAMES}
    assert len(set(left.values())) <= 1
    assert NAMES[0] not in left or len(left) == len(NAMES)  # a record has all of its files


@pytest.mark.parametrize("name", ["report.pdf", "result.pdf"])
def test_a_former_patients_exported_report_is_told_before_the_work(former, name):
    (former / name).write_text("former")
    with (
        pytest.raises(BadInput, match=f"holds the report of a former result \\('{name}'\\)"),
        output_folder(former, NAMES),
    ):
        pytest.fail("the work began")


def test_two_runs_that_end_at_once_do_not_mix(former):
    start = threading.Barrier(8)

    def run(text):
        with output_folder(former, NAMES) as staging:
            fill(staging, text)
            start.wait()

    threads = [threading.Thread(target=run, args=(f"run {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    left = texts(former)
    assert len({left[name] for name in NAMES}) == 1
    assert left.keys() == FORMER.keys()


def test_the_lock_of_a_killed_run_does_not_hold_for_ever(former, monkeypatch):
    monkeypatch.setattr("PTLFPredictorLib.outputs.LOCK_SECONDS", 0.2)
    (former / LOCK).mkdir()
    start = time.monotonic()
    with output_folder(former, NAMES) as staging:
        fill(staging, "new")
    assert time.monotonic() - start < 5
    assert texts(former)[NAMES[0]] == "new"


def test_a_single_file_is_replaced_whole_or_not(tmp_path):
    path = tmp_path / "f.json"
    path.write_text("former")
    with pytest.raises(ZeroDivisionError), output_file(path) as part:
        part.write_text(f"half {1 / 0}")
    assert texts(tmp_path) == {"f.json": "former"}
    with output_file(path) as part:
        part.write_text("new")
    assert texts(tmp_path) == {"f.json": "new"}


def test_an_error_of_another_file_is_told_as_that_files(tmp_path):
    with pytest.raises(BadInput, match=r"'gone.json' cannot be read or written: No such file"):
        run_into(tmp_path / "out", (tmp_path / "elsewhere" / "gone.json").read_text)
    assert not (tmp_path / "out").exists()


def test_a_record_of_the_former_patient_is_gone_when_predict_cannot_write(given, tmp_path):
    """The whole way: nothing of the new run beside the former one's files."""
    out = tmp_path / "out"
    out.mkdir()
    fill(out, "former", NAMES[1:])
    (out / NAMES[0]).mkdir()
    command = ["predict", "--ct", given.ct, "--segmentation", given.labels, "--out", out]
    assert main([str(word) for word in command]) == 2
    assert {name: (out / name).read_text() for name in NAMES[1:]} == dict.fromkeys(NAMES[1:], "former")


def test_what_a_reader_saved_over_a_former_result_is_not_replaced(phantom_files, tmp_path, capsys):
    given = ["predict", "--ct", phantom_files["ct"], "--segmentation", phantom_files["labels"], "--out", tmp_path / "o"]
    command = [str(word) for word in given]
    assert main(command) == 0
    assert main(command) == 0, "a former result is replaced"
    labels = tmp_path / "o" / "labels.nii.gz"
    corrected = sitk.ReadImage(str(phantom_files["labels"]))
    corrected[40, 50, 7] = 0
    sitk.WriteImage(corrected, str(labels))
    before = labels.read_bytes()
    capsys.readouterr()
    assert main(command) == 2
    assert "is not as a former run wrote it" in capsys.readouterr().err
    assert labels.read_bytes() == before
    (tmp_path / "o" / "result.json").unlink()
    assert main(command) == 2
    assert labels.read_bytes() == before, "nor one that no run has written"
    labels.unlink()
    (tmp_path / "o" / "result.json").write_text('{"mine": 1}')
    assert main(command) == 2
    assert (tmp_path / "o" / "result.json").read_text() == '{"mine": 1}'
