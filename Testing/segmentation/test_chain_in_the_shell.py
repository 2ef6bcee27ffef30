"""A chain of two models in TotalSegmentator's layout and label numbers, in the shell: from the zip to the report.

The networks' weights are set by hand (`hand_set_models`), so that what they draw is known voxel for voxel: on a CT with
a lesion in the liver, one that reaches out of it, one beside it and one far from it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil

import numpy as np
import pytest
import SimpleITK as sitk

import hand_set_models
from hand_set_models import FAR, IN_BOX, REACHES_OUT, SPACING, box_of, expected, quiet_ct
from made_signatures import site
from PTLFPredictorLib import record
from PTLFPredictorLib.cli import main
from PTLFPredictorLib.ct import read_ct
from PTLFPredictorLib.segmentation import chain_words, find_model, ledger, marks
from PTLFPredictorLib.segmentation.model_steps import Crop
from PTLFPredictorLib.segmentation.origin import Origin
from PTLFPredictorLib.segmentation.reading import read_segments
from PTLFPredictorLib.signature import evidence, load, masks, parse
from record_schemas import problems

pytestmark = pytest.mark.usefixtures("needs_nnunet")


MODEL = "totalseg-liver-lesions"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two zips as TotalSegmentator publishes them, brought by `ptlf models get` from this computer."""
    folder = tmp_path_factory.mktemp("chain")
    zips = []
    for name, write in (("liver", hand_set_models.liver), ("lesions", hand_set_models.lesions)):
        write(folder / name, SPACING)
        zips.append(shutil.make_archive(str(folder / name), "zip", folder / name))
    before = os.environ.get("PTLF_MODELS")
    os.environ["PTLF_MODELS"] = str(folder / "models")
    assert main(["models", "get", MODEL, "--from", *zips]) == 0
    yield folder
    os.environ.pop("PTLF_MODELS") if before is None else os.environ.update(PTLF_MODELS=before)


@pytest.fixture(scope="module")
def said(made):
    """What `ptlf predict` with the chain says, at the end and on its way."""
    ct, at_the_end, on_the_way = quiet_ct(), io.StringIO(), io.StringIO()
    sitk.WriteImage(ct, str(made / "ct.nii.gz"))
    given = ("--ct", str(made / "ct.nii.gz"), "--model", MODEL, "--device", "cpu", "--out", str(made / "out"))
    with contextlib.redirect_stdout(at_the_end), contextlib.redirect_stderr(on_the_way):
        assert main(["predict", *given]) == 0, on_the_way.getvalue()
    return at_the_end.getvalue(), on_the_way.getvalue()


@pytest.fixture(scope="module")
def out(said, made):
    return made / "out"


@pytest.fixture(scope="module")
def result(out):
    return json.loads((out / "result.json").read_text(encoding="utf-8"))


def test_the_label_map_is_that_of_the_rule_voxel_for_voxel(out):
    labels, dropped = expected(quiet_ct())
    assert dropped[IN_BOX].all()
    drawn = sitk.GetArrayFromImage(sitk.ReadImage(str(out / "labels.nii.gz")))
    assert (drawn == labels).all()
    assert (drawn[REACHES_OUT] == 2).all()
    assert not drawn[FAR].any()


def test_the_record_says_of_each_step_where_it_looked_and_what_it_drew(result):
    labels, dropped = expected(quiet_ct())
    voxel_ml = np.prod(SPACING) / 1000
    origin = result["segmentation"]["origin"]
    liver, lesions = origin["run"]["steps"]
    assert liver["volumes_ml"] == {"parenchyma": pytest.approx((labels == 1).sum() * voxel_ml)}
    assert lesions["volumes_ml"] == {"tumor": pytest.approx(((labels == 2) | dropped).sum() * voxel_ml)}
    assert lesions["dropped_ml"] == pytest.approx(dropped.sum() * voxel_ml)
    assert lesions["dropped_pieces"] == 1
    assert lesions["box"] == [list(corner) for corner in box_of(labels == 1)]
    assert lesions["crop"] == {"of": "liver", "margin_mm": 20.0}
    for step, configuration in ((liver, "3d_fullres"), (lesions, "3d_fullres_high")):
        assert step["settings"]["configuration"] == configuration
        assert (step["device"], step["seconds"] > 0) == ("cpu", True)
        assert re.fullmatch(r"[0-9a-f]{64}", step["weights_sha256"])
    named = {step["name"]: step for step in origin["model"]["steps"]}
    assert named["liver"]["roles"] == {"parenchyma": [5]}
    assert named["lesions"]["roles"] == {"tumor": [1]}
    assert {step["weights_sha256"] for step in (liver, lesions)} == {step["weights_sha256"] for step in named.values()}


def test_the_record_is_as_its_schema_says_and_reads_back(out, result):
    assert problems(result) == []
    assert record.read(out / "result.json").to_dict() == result


def test_the_findings_say_what_was_left_out_and_what_nobody_has_validated(result):
    found = {finding["code"]: finding for finding in result["findings"]}
    assert found["model_said"]["level"] == "warn"
    assert (
        "Nobody has validated this product's Radscore on masks that these networks draw"
        in (found["model_said"]["message"])
    )
    assert "benign ones are marked too" in found["model_said"]["message"]
    assert found["tumor_left_out"]["level"] == "warn"
    assert found["tumor_left_out"]["message"].startswith("Lesions: A piece of ")
    assert not found.keys() & {"step_skipped", "model_not_for_patients"}


def test_the_report_says_which_step_drew_what_and_by_which_weights(out, result):
    page = (out / "report.html").read_text(encoding="utf-8").replace("\u00a0", " ")
    lines = chain_words.lines(Origin.from_dict(result["segmentation"]["origin"]))
    assert len(lines) == 2
    for line in lines:
        assert line.replace("'", "&#x27;") in page
    for step in result["segmentation"]["origin"]["run"]["steps"]:
        assert step["weights_sha256"] in page


FILES = ("labels.nii.gz", "labels.nrrd", "labels.mha", "labels.dcm")


@pytest.mark.parametrize("name", FILES)
def test_the_chain_comes_back_equal_from_its_mark_in_every_file(out, result, tmp_path, name):
    ct = read_ct(out.parent / "ct.nii.gz").require_usable()
    labels = sitk.ReadImage(str(out / "labels.nii.gz"), sitk.sitkUInt8)
    origin = Origin.from_dict(result["segmentation"]["origin"])
    if name.endswith(".dcm"):
        assert len(marks.algorithm_name(origin, labels)) <= 64
        back = marks.from_text(marks.algorithm_name(origin, labels)).origin.model
    else:
        marks.write(labels, tmp_path / name, origin)
        back = read_segments(tmp_path / name, ct).origin.model
    assert back == origin.model == find_model(MODEL).identity


def test_the_chain_comes_back_from_the_ledger_where_a_file_has_lost_its_mark(out, result, tmp_path):
    ct = read_ct(out.parent / "ct.nii.gz").require_usable()
    labels = sitk.ReadImage(str(out / "labels.nii.gz"), sitk.sitkUInt8)
    origin = Origin.from_dict(result["segmentation"]["origin"])
    assert ledger.remember(ct.identity, labels, origin) is None
    array = sitk.GetArrayFromImage(labels)
    array[7, 20, 40] = 1 - min(1, array[7, 20, 40])
    plain = sitk.GetImageFromArray(array)
    plain.CopyInformation(labels)
    sitk.WriteImage(plain, str(tmp_path / "plain.nrrd"))
    back = read_segments(tmp_path / "plain.nrrd", ct).origin
    assert (back.model, back.known.value, back.edited) == (origin.model, "ledger", True)
    assert len(chain_words.lines(back)) == 2


def test_a_score_of_its_masks_is_withheld_unless_the_evidence_covers_this_chain(result, published_data):
    origin = Origin.from_dict(result["segmentation"]["origin"])

    def levels(*models):
        evidence_of = {"masks": evidence.ObservedMasks(models)}
        return [finding.level for finding in masks.findings(parse(site(published_data, **evidence_of)), origin)]

    chain = origin.model["weights_sha256"]
    assert levels(chain) == []
    assert levels("b" * 64, chain) == []
    assert levels("b" * 64) == ["withhold"]
    for step in origin.model["steps"]:  # one of its networks alone is another model
        assert levels(step["weights_sha256"]) == ["withhold"]
    assert [finding.level for finding in masks.findings(load("ptlf-published"), origin)] == ["warn"]


def test_the_shell_says_on_its_way_which_step_draws(said):
    _, on_the_way = said
    assert "Liver (1 of 2): tiles" in on_the_way
    assert "Lesions (2 of 2): tiles" in on_the_way
    assert on_the_way.index("(1 of 2)") < on_the_way.index("(2 of 2)")


def test_the_shell_says_at_the_end_which_step_drew_what(said):
    at_the_end, _ = said
    assert "Liver (TotalSegmentator total, liver, 1.5 mm) drew the liver: " in at_the_end
    assert "in the box 20 mm around 'Liver'." in at_the_end
    assert "[note] Lesions: A piece of " in at_the_end


def test_a_ct_without_a_liver_is_told_in_a_sentence(made, capsys):
    ct = quiet_ct()
    hu = sitk.GetArrayFromImage(ct)
    hu[(hu > 60) & (hu < 130)] = 45
    empty = sitk.GetImageFromArray(hu)
    empty.CopyInformation(ct)
    sitk.WriteImage(empty, str(made / "empty.nii.gz"))
    given = ("--ct", str(made / "empty.nii.gz"), "--model", MODEL, "--device", "cpu")
    assert main(["segment", *given, "--out", str(made / "empty.nrrd")]) == 0
    said = capsys.readouterr().out
    assert "Lesions (TotalSegmentator liver_lesions) did not run" in said
    assert "[unusable] No liver was found" in said
    assert "[blocks the risk] The step 'Lesions' did not run" in said
    assert marks.of_file(made / "empty.nrrd").origin.model == find_model(MODEL).identity


def test_two_models_of_ones_own_become_one(made, capsys):
    parts = ["--liver", str(made / "liver.zip"), "--tumor", str(made / "lesions")]
    assert main(["models", "chain", "--id", "our-chain", *parts]) == 0
    said = capsys.readouterr().out
    assert "draws the liver in the whole CT." in said
    assert "draws the tumours in the box 10 mm around 'Liver'." in said
    liver, lesions = find_model("our-chain").steps
    assert (liver.label_roles, liver.largest_organ_only, liver.crop) == ({"parenchyma": (5,)}, True, None)
    assert (lesions.label_roles, lesions.crop) == ({"tumor": (1,)}, Crop("liver", 10.0))
    assert main(["models", "verify", "our-chain"]) == 0
    assert main(["models", "chain", "--id", "our-chain", *parts]) == 2
    assert "There is a model 'our-chain' already" in capsys.readouterr().err


WRONG = {
    "nothing there": (["--liver", "nowhere.zip", "--tumor", "{lesions}"], "There is no model, folder or archive"),
    "a chain": (["--liver", MODEL, "--tumor", "{lesions}"], "is a chain itself; name the models that it is made of"),
    "no tumour": (["--liver", "{liver}", "--tumor", "{liver}"], "Say which are meant: --tumor-labels"),
    "no such label": (
        ["--liver", "{liver}", "--liver-labels", "99", "--tumor", "{lesions}"], "the label.s. 99 that were said",
    ),
    "a margin below 0": (["--liver", "{liver}", "--tumor", "{lesions}", "--margin-mm", "-1"], "margin is -1.0"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_a_chain_is_refused_and_leaves_nothing(made, capsys, what):
    given, sentence = WRONG[what]
    given = [one.format(liver=made / "liver.zip", lesions=made / "lesions") for one in given]
    before = sorted(path.name for path in (made / "models").iterdir())
    assert main(["models", "chain", "--id", "wrong", *given]) in (2, 5)
    assert re.search(sentence, capsys.readouterr().err)
    assert sorted(path.name for path in (made / "models").iterdir()) == before
