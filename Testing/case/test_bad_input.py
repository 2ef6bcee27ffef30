"""Whatever is wrong with the input: an exit code, a sentence, and nothing half-written."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import SimpleITK as sitk

from abdomen import image_of, phantom_arrays
from PTLFPredictorLib.cli import ROOT, main


class Bench:
    """A folder with a sound case, and ways to spoil it."""

    def __init__(self, folder, files, phantom, write_dicom):
        self.folder, self.ct, self.labels = folder, files["ct"], files["labels"]
        self.phantom, self.write_dicom = phantom, write_dicom
        self.more = []

    def image(self, change, name="ct.nrrd"):
        sitk.WriteImage(image_of(change(phantom_arrays()[0])), str(self.folder / name))
        self.ct = self.folder / name

    def label_map(self, change, name="labels.nrrd"):
        sitk.WriteImage(image_of(change(phantom_arrays()[1])), str(self.folder / name))
        self.labels = self.folder / name

    def text(self, name, content):
        (self.folder / name).write_text(content)
        return self.folder / name

    def signature(self, change):
        data = json.loads((ROOT / "PTLFPredictor/Resources/Signatures/ptlf-published.json").read_text())
        change(data)
        self.more += ["--signature", self.text("signature.json", json.dumps(data))]

    @property
    def command(self):
        words = ["predict", "--ct", self.ct, "--segmentation", self.labels, "--out", self.folder / "out", *self.more]
        return [str(word) for word in words]


@pytest.fixture
def bench(tmp_path, phantom_files, phantom, write_dicom):
    return Bench(tmp_path, phantom_files, phantom, write_dicom)


def empty_folder(b):
    b.ct = b.folder / "empty"
    b.ct.mkdir()


def folder_of_texts(b):
    b.ct = b.folder / "texts"
    b.ct.mkdir()
    (b.ct / "readme").write_text("no image")


def dicom(**options):
    def spoil(b):
        image = options.pop("image", lambda phantom: phantom)(b.phantom[0])
        b.ct = b.write_dicom(b.folder / "dicom", image, **options)

    return spoil


def two_series(b):
    b.ct = b.write_dicom(b.folder / "dicom" / "a", b.phantom[0], series="1.2.1").parent
    b.write_dicom(b.ct / "b", b.phantom[0], series="1.2.2")


def missing_slice(b):
    b.ct = b.write_dicom(b.folder / "dicom", b.phantom[0])
    (b.ct / "image_7").unlink()


def truncated_dicom(b):
    b.ct = b.write_dicom(b.folder / "dicom", b.phantom[0])
    path = b.ct / "image_7"
    path.write_bytes(path.read_bytes()[:-20000])


def colour(b):
    plane = np.zeros((4, 8, 8, 3), np.uint8)
    sitk.WriteImage(sitk.GetImageFromArray(plane, isVector=True), str(b.folder / "rgb.nrrd"))
    b.ct = b.folder / "rgb.nrrd"


def four_dimensions(b):
    sitk.WriteImage(sitk.JoinSeries([b.phantom[0], b.phantom[0]]), str(b.folder / "4d.nii.gz"))
    b.ct = b.folder / "4d.nii.gz"


def another_patient(b):
    image = sitk.Image(b.phantom[1])
    image.SetOrigin((400, 400, -700))
    sitk.WriteImage(image, str(b.folder / "other.nrrd"))
    b.labels = b.folder / "other.nrrd"


def in_the_spine(array):
    array = np.zeros_like(array)
    array[:, 120:140, 95:115] = 1
    array[10:12, 125:130, 100:105] = 2
    return array


def tumour_outside(labels):
    spoiled = np.minimum(labels, 1)
    spoiled[3:6, 140:150, 150:160] = 2
    return spoiled


def extra(*words):
    return lambda b: b.more.extend(words)


def eligibility(content):
    return lambda b: b.more.extend(["--eligibility", b.text("eligibility.json", content)])


def unknown_feature(data):
    data["terms"][0]["feature"] = "exponential_glrlm_Nonsense"


def unwritable(b):
    b.text("file", "")
    b.more += ["--out", b.folder / "file" / "out"]


BAD = [
    ("no such path", lambda b: setattr(b, "ct", b.folder / "nowhere"), "There is no file or folder"),
    ("empty folder", empty_folder, "is empty: there is no CT in it"),
    ("folder without images", folder_of_texts, "has no DICOM images"),
    ("text file as CT", lambda b: setattr(b, "ct", b.text("ct.nii.gz", "hello")), "is no image that can be read"),
    ("MR", dicom(modality="MR"), "This is MR, not CT"),
    ("single slice", dicom(image=lambda i: i[:, :, 7:8]), "single slice"),
    ("scout only", dicom(tags={"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}), "only a scout image"),
    ("colour DICOM", dicom(tags={"SamplesPerPixel": 3}), "colour image"),
    ("two series", two_series, "There are 2 CT series here; choose one with --series UID"),
    ("missing slice", missing_slice, "Slices are missing: most lie 5.00 mm apart"),
    ("truncated DICOM file", truncated_dicom, "cannot be decoded"),
    ("no such series", lambda b: (dicom()(b), extra("--series", "9.9")(b)), "There is no series 9.9 here"),
    ("RGB volume", colour, "colour or vector image"),
    ("4D", four_dimensions, "2 time points or phases"),
    ("NaN", lambda b: b.image(lambda a: np.where(a > 480, np.nan, a.astype(float))), "voxels without a number"),
    ("not Hounsfield", lambda b: b.image(lambda a: a + 1024), "not a CT in Hounsfield units"),
    ("two slices", lambda b: b.image(lambda a: a[:2]), "too few slices"),
    ("no such label map", lambda b: setattr(b, "labels", b.folder / "x.nii"), "There is no segmentation file"),
    ("folder as label map", lambda b: setattr(b, "labels", b.folder), "is a folder"),
    ("text as label map", lambda b: setattr(b, "labels", b.text("l.nii", "hello")), "is no label map"),
    ("CT as label map", lambda b: b.label_map(lambda a: phantom_arrays()[0] * 0.5), "fractions"),
    ("label map of another patient", another_patient, "does not lie on this CT"),
    ("label map on the wrong organ", lambda b: b.label_map(in_the_spine), "does not lie on a liver"),
    ("no liver label", lambda b: b.label_map(lambda a: a * 3), "has no liver: it holds the labels 3, 6"),
    ("tumour label only", lambda b: b.label_map(lambda a: a * (a == 2)), "holds the label 2 alone"),
    ("mask without a role", lambda b: b.label_map(lambda a: np.minimum(a, 1)), "Say it: --segmentation liver="),
    ("label that is not there", extra("--labels", "parenchyma=1,tumor=7"), "There is no label '7' for tumor"),
    ("one label, two roles", extra("--labels", "liver=1", "--labels", "tumor=1+2"), "gives 1 two roles"),
    ("tumour outside the liver", lambda b: b.label_map(tumour_outside), "outside the liver"),
    ("unreadable roles", extra("--labels", "liver"), "cannot be read; write e.g. liver=5,tumor=7"),
    ("negative volume", extra("--drop-below", "-1"), "cannot be negative"),
    ("unknown signature", extra("--signature", "nobody"), "There is no signature 'nobody'"),
    ("signature with unknown feature", lambda b: b.signature(unknown_feature), "no feature that can be computed"),
    ("signature with broken schema", lambda b: b.signature(lambda d: d.pop("terms")), "'terms' is missing"),
    ("signature that is no JSON", lambda b: b.more.extend(["--signature", b.text("s.json", "{")]), "is not JSON"),
    ("ALB in the wrong unit", extra("--alb", "4.36"), "is it 4.36 g/dL"),
    ("ALB g/dL in the wrong unit", extra("--alb", "43.6", "--alb-unit", "g/dL"), "is it 43.6 g/L"),
    ("INR 0", extra("--inr", "0"), "INR 0 is implausible"),
    ("INR 12", extra("--inr", "12"), "prothrombin time in seconds"),
    ("Radscore of infinity", extra("--radscore", "inf"), "Radscore must be a number"),
    ("eligibility with an unknown entry", eligibility('{"age": 60}'), "Unknown eligibility entry age"),
    ("eligibility with no answer", eligibility('{"first_tace": "yes"}'), "must be true, false or null"),
    ("eligibility that is no JSON", eligibility("first_tace: true"), "is not JSON"),
    ("unwritable output", unwritable, "cannot be written to"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "spoil", "sentence"), BAD, ids=[row[0] for row in BAD])
def test_bad_input_ends_with_code_2_a_sentence_and_no_files(bench, capsys, name, spoil, sentence):
    spoil(bench)
    before = sorted(bench.folder.rglob("*"))
    assert main(bench.command) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said
    assert sorted(bench.folder.rglob("*")) == before


@pytest.mark.parametrize("name", ["labels", "labels.txt", "labels.mhd", "labels.dcm"])
def test_a_name_that_no_label_map_has_is_told_before_the_run(bench, capsys, name):
    out = bench.folder / name
    assert main(["segment", "--ct", str(bench.ct), "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert "its name must end in .nii.gz" in said
    assert "Reading" not in said


@pytest.mark.skipif(os.name == "nt", reason="file modes are POSIX")
def test_results_are_as_private_as_the_user_wants(bench):
    command = ["features", "--ct", bench.ct, "--segmentation", bench.labels, "--signature", "ptlf-published"]
    before = os.umask(0o077)
    try:
        assert main([*map(str, command), "--out", str(bench.folder / "f.csv")]) == 0
    finally:
        os.umask(before)
    assert (bench.folder / "f.csv").stat().st_mode & 0o777 == 0o600


def hear_signals():
    """Tests in the background (``&``, nohup) hand on signals that are ignored."""
    for name in ("SIGINT", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)


def run_ptlf(command, **options):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    environment["PYTHONPATH"] = str(ROOT / "PTLFPredictor")
    arguments = [sys.executable, "-m", "PTLFPredictorLib.cli", *command]
    return subprocess.Popen(arguments, env=environment, stderr=subprocess.PIPE, text=True, **options)


def test_the_table_is_long_enough():
    assert len(BAD) >= 25


def test_wrong_words_on_the_command_line_end_with_code_2(capsys):
    with pytest.raises(SystemExit) as end:
        main(["predict", "--ct", "x"])
    assert end.value.code == 2
    assert "--out" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="file size limits are POSIX")
def test_a_full_disk_leaves_nothing(bench):
    import resource

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    process = run_ptlf(bench.command, preexec_fn=limit)
    said = process.communicate(timeout=120)[1]
    assert process.returncode in (1, 2)
    assert "Traceback" not in said
    assert re.search(r"^ptlf: .*writ", said, re.MULTILINE)
    assert not (bench.folder / "out").exists()


@pytest.mark.skipif(os.name == "nt", reason="memory limits are POSIX")
def test_a_ct_that_does_not_fit_into_memory_ends_with_code_4(bench):
    import resource

    bench.ct = bench.folder / "large.nrrd"
    sizes = (
        "NRRD0004\ntype: short\ndimension: 3\nsizes: 1024 1024 1024\nspacings: 1 1 1\nendian: little\nencoding: raw\n\n"
    )
    bench.ct.write_text(sizes)
    os.truncate(bench.ct, len(sizes) + (2 << 30))  # takes no room on the disk
    process = run_ptlf(bench.command, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1500 << 20,) * 2))
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 4
    assert "too little free memory" in said


STAGES = ["Reading headers", "Reading slices", "parenchyma", "Report"]


EACH_SIGNAL_ONCE = [*((stage, "SIGINT") for stage in STAGES), ("parenchyma", "SIGTERM"), ("Reading slices", "SIGHUP")]
EACH_SIGNAL = [(stage, kind) for stage in STAGES for kind in ("SIGINT", "SIGTERM", "SIGHUP")]


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
@pytest.mark.parametrize(
    ("stage", "kind"),
    [
        *EACH_SIGNAL_ONCE,
        *(pytest.param(*pair, marks=pytest.mark.slow) for pair in EACH_SIGNAL if pair not in EACH_SIGNAL_ONCE),
    ],
)
def test_interrupted_at_each_stage_leaves_no_child_and_no_file(bench, stage, kind):
    bench.ct = bench.write_dicom(bench.folder / "dicom", bench.phantom[0])
    before = sorted(bench.folder.rglob("*"))
    process = run_ptlf(bench.command, start_new_session=True, preexec_fn=hear_signals)
    for line in process.stderr:
        if stage in line:
            break
    else:
        pytest.fail(f"the stage '{stage}' was never told")
    children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.send_signal(getattr(signal, kind))
    start = time.monotonic()
    said = process.communicate(timeout=30)[1]
    assert time.monotonic() - start < 3
    assert process.returncode == 130
    assert "Cancelled. Nothing was written." in said
    assert not psutil.wait_procs(children, timeout=3)[1]
    assert sorted(bench.folder.rglob("*")) == before


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_a_run_under_nohup_outlives_its_terminal(bench):
    process = run_ptlf(bench.command, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    assert "Reading" in process.stderr.readline()
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=120)
    assert process.returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_a_run_whose_terminal_is_gone_goes_on(bench):
    process = run_ptlf(bench.command)
    process.stderr.readline()
    process.stderr.close()
    assert process.wait(timeout=120) == 0
    assert (bench.folder / "out" / "result.json").exists()


def test_a_path_that_is_no_text_is_refused(bench):
    """SimpleITK ends the whole process at such a name."""
    bench.more += ["--out", os.fsdecode(b"out\xff")]
    process = run_ptlf(bench.command)
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 2
    assert "is not valid text" in said


def test_a_terminal_without_the_characters_of_a_name(tmp_path):
    words = ["signatures", "set-intercept", "--point", "90", "0.48", "--point", "100", "0.84", "--out", "\u8102.json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "PTLFPredictor"), "PYTHONIOENCODING": "cp1252"}
    command = [sys.executable, "-m", "PTLFPredictorLib.cli", *words]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "\u8102.json").exists()


def test_no_temporary_folder_stays_behind(bench):
    folder = bench.folder / "tmp"
    folder.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "PTLFPredictor"), "TMPDIR": str(folder)}
    arguments = [sys.executable, "-m", "PTLFPredictorLib.cli", *bench.command]
    assert subprocess.run(arguments, env=environment, capture_output=True, check=False).returncode == 0
    assert [path for path in Path(folder).iterdir() if path.name.startswith("ptlf")] == []
