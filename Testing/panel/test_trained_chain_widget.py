"""A chain of two models that nnU-Net's own trainer has trained, from its zips: in the shell and in the panel.

On a sample case, where it has to be right, and on a patient's CT (3D-IRCADb 17), where it need not: networks of some
minutes, trained on synthetic CTs, know nothing of patients.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import gestures
import pytest
import SimpleITK as sitk
from panel_case import PanelCase

TESTING = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTING))

from PTLFPredictorLib.ct import read_ct  # noqa: E402
from PTLFPredictorLib.errors import BadInput  # noqa: E402
from PTLFPredictorLib.mrml import segments, volumes  # noqa: E402
from PTLFPredictorLib.panel.run_state import State  # noqa: E402
from PTLFPredictorLib.sample import make_case  # noqa: E402
from PTLFPredictorLib.segmentation import agreement, chain_words, find_model, marks  # noqa: E402
from PTLFPredictorLib.segmentation.origin import Origin  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("needs_nnunet")]

MODEL = "totalseg-liver-lesions"
UNSEEN_SEED = 3100
IRCAD = TESTING.parents[1] / "shared" / "data" / "ircad17" / "dicom"


def run(*arguments, **environment):
    """A command in a process of its own, as in a shell."""
    command = [sys.executable, *map(str, arguments)]
    paths = os.pathsep.join([str(TESTING.parent / "PTLFPredictor"), str(TESTING)])
    given = {**os.environ, "PYTHONPATH": paths, **environment}
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def ptlf(*arguments, **environment):
    return run("-m", "PTLFPredictorLib.cli", *arguments, **environment)


class TestTheTrainedChain(PanelCase):
    """Trained once; each CT goes through the shell and the panel."""

    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.TemporaryDirectory()
        folder = Path(os.environ.get("PTLF_TRAINED_CHAIN", cls.work.name))
        if not (folder / "zips").is_dir():
            run(TESTING / "trained_chain.py", folder)
        cls.models = Path(cls.work.name, "models")
        ptlf("models", "get", MODEL, "--from", folder / "zips", PTLF_MODELS=str(cls.models))

    @classmethod
    def tearDownClass(cls):
        cls.work.cleanup()

    def setUp(self):
        before = os.environ.get("PTLF_MODELS")
        os.environ["PTLF_MODELS"] = str(self.models)

        def restore():
            os.environ.pop("PTLF_MODELS") if before is None else os.environ.update(PTLF_MODELS=before)

        self.addCleanup(restore)
        super().setUp()

    def test_on_a_sample_case(self):
        case = make_case(UNSEEN_SEED, matrix=128)
        path = Path(self.folder.name, "ct.nrrd")
        sitk.WriteImage(case.ct, str(path))
        labels, record = self.in_the_shell(path)
        measured = agreement(labels, case.labels)
        print({region: round(one.dice, 3) for region, one in measured.items()})
        assert measured["parenchyma"].dice > 0.7
        self.in_the_panel(path, labels, record)

    def test_on_a_patient_s_ct(self):
        if not IRCAD.is_dir():
            pytest.skip("3D-IRCADb 17 is not here")
        self.in_the_panel(IRCAD, *self.in_the_shell(IRCAD))

    def in_the_shell(self, ct):
        """`segment` always draws; `predict` says the same where the segments can be a liver at all."""
        out = Path(self.folder.name, "labels.nii.gz")
        said = ptlf("segment", "--ct", ct, "--model", MODEL, "--device", "cpu", "--out", out)
        print(said.stdout)
        assert "Liver (TotalSegmentator total, liver, 1.5 mm) drew the liver: " in said.stdout
        assert "benign ones are marked too" in said.stdout
        for stage in ("Liver (1 of 2): tiles", "Lesions (2 of 2): tiles"):
            assert stage in said.stderr
        labels = sitk.ReadImage(str(out), sitk.sitkUInt8)
        assert marks.of_file(out).origin.model == find_model(MODEL).identity
        given = ("--ct", ct, "--model", MODEL, "--device", "cpu", "--out", Path(self.folder.name, "predict"))
        try:
            ptlf("predict", *given)
        except AssertionError as error:
            print(error)
            return labels, None
        record = json.loads(Path(self.folder.name, "predict", "result.json").read_text(encoding="utf-8"))
        self.check_record(record, labels)
        return labels, record

    def check_record(self, record, labels):
        origin = Origin.from_dict(record["segmentation"]["origin"])
        liver, lesions = origin.run["steps"]
        volumes_ml = record["segmentation"]["volumes_ml"]
        kept = lesions["volumes_ml"]["tumor"] - lesions["dropped_ml"]
        assert volumes_ml["tumor"] == pytest.approx(kept)
        assert volumes_ml["liver"] >= liver["volumes_ml"]["parenchyma"] - 1e-6
        start, stop = lesions["box"]
        tumour = sitk.LabelShapeStatisticsImageFilter()
        tumour.Execute(labels == 2)
        if tumour.GetNumberOfLabels():
            found = tumour.GetBoundingBox(1)
            for axis in range(3):
                assert start[axis] <= found[axis]
                assert found[axis] + found[axis + 3] <= stop[axis]
        configurations = [step["settings"]["configuration"] for step in (liver, lesions)]
        assert configurations == ["3d_fullres", "3d_fullres_high"]
        levels = {finding["code"]: finding["level"] for finding in record["findings"]}
        assert levels["model_said"] == "warn"
        assert levels.get("tumor_left_out", "") == ("warn" if lesions["dropped_pieces"] else "")
        page = Path(self.folder.name, "predict", "report.html").read_text(encoding="utf-8")
        for line in chain_words.lines(origin):
            assert line.replace("'", "&#x27;") in page

    def in_the_panel(self, path, labels, record):
        ct = read_ct(path).require_usable()
        self.volume = volumes.add_volume(ct.image, "CT")
        self.ui.volumeSelector.setCurrentNode(self.volume)
        self.panel.open_sections("segments")
        self.panel.models.choose(MODEL)
        self.settle()
        gestures.wait_for(lambda: not self.panel.segmentation.probe.state.busy, 120, "the device")
        self.settle()
        gestures.click(self.ui.segmentButton)
        one = self.panel.segmentation.run
        gestures.wait_for(lambda: not one.state.busy, 1800, "the segmentation")
        self.settle()
        assert one.state.state is State.DONE, one.state.cause
        drawn = segments.label_map(self.session.segmentation, self.volume)
        drawn, labels = (sitk.GetArrayFromImage(sitk.DICOMOrient(image, "LPS")) for image in (drawn, labels))
        assert (drawn == labels).all()
        assert self.session.drawn.model == find_model(MODEL).identity
        assert len(self.ui.stepsLabel.text.splitlines()) == 2
        try:
            found = {finding.code: finding.level for finding in self.session.segments(self.session.kind).findings}
        except BadInput:
            assert record is None
            return
        assert found["model_said"] == "warn"
        assert record is not None
