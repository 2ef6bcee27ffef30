"""What the demo model drew shows no risk by any route, with a signature in which nothing else withholds.

The signature is complete: site normalisation, intercept fitted here, evidence with its covariance that covers CT and
masks, those of the demo model and those drawn by hand.  The model runs once on a sample case, is saved, and comes back
in every way that a file or a model can.  The same signature shows a risk for the mask that a reader has drawn, and for
the model's once a reader has made it the reader's own.
"""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from made_signatures import MODEL, SITE, normalised
from marked_files import brushed, copied, write_dicom_seg, write_seg_nrrd
from PTLFPredictorLib import json_text
from PTLFPredictorLib.cli import main
from PTLFPredictorLib.sample import make_case
from PTLFPredictorLib.segmentation import default_model, ledger, marks
from PTLFPredictorLib.segmentation.catalogue import user_folder
from PTLFPredictorLib.segmentation.origin import Drawn, Known, Origin
from PTLFPredictorLib.signature import evidence

READER = ("--reader", "A. Reader")
HAND = ("--mask-origin", "hand")
SIGNED = ("--mask-origin", f"model:{default_model().id}", *READER)
"""A reader's word that the demo model drew the mask: on an edited one it is the sign-off."""


@dataclass(frozen=True)
class Place:
    """A sample case, what the demo model drew on it, and a signature for it, in one folder."""

    folder: Path
    write_dicom: Callable[..., Path]

    @property
    def ct(self) -> Path:
        return self.folder / "ct.nii.gz"

    @property
    def truth(self) -> Path:
        return self.folder / "truth.nii.gz"

    @property
    def drawn(self) -> Path:
        """What ``ptlf segment`` wrote."""
        return self.folder / "drawn.nii.gz"

    @property
    def signature(self) -> Path:
        return self.folder / "site.json"

    @property
    def labels(self) -> sitk.Image:
        return sitk.ReadImage(str(self.drawn))

    @property
    def series(self) -> Path:
        folder = self.folder / "dicom"
        if not folder.is_dir():
            self.write_dicom(folder, sitk.ReadImage(str(self.ct)))
        return folder


def ptlf(*words) -> None:
    assert main([str(word) for word in words]) == 0


@pytest.fixture(scope="module")
def made(needs_nnunet, published_data, write_dicom, tmp_path_factory) -> Place:
    """Sample case 900031 in 2.5 mm pixels, cut to its liver: one tile for the model, the spine and the aorta in it."""
    place = Place(tmp_path_factory.mktemp("routes"), write_dicom)
    case = make_case(900_031, matrix=160)
    box = np.s_[22:94, 37:113, 13:44]
    sitk.WriteImage(case.ct[box], str(place.ct))
    sitk.WriteImage(case.labels[box], str(place.truth))
    ptlf("segment", "--ct", place.ct, "--device", "cpu", "--out", place.drawn)
    values = place.folder / "features.json"
    given = ("--ct", place.ct, "--segmentation", place.truth, "--signature", "ptlf-published")
    ptlf("features", *given, *HAND, *READER, "--out", values)
    place.signature.write_text(json.dumps(complete(published_data, json_text.read(values)["features"])))
    shutil.copytree(ledger.folder(), place.folder / "ledger")
    return place


def complete(published: dict, features: list[dict]) -> dict:
    """A signature of cases like this one: its features, its CT, masks by hand, by the demo model or corrected."""
    data = normalised(published, "site")
    data["input"] |= {"in_plane_spacing_mm": [0.6, 2.6]}
    data["normalisation"]["values"] = [
        {"voi": f["voi"], "feature": f["feature"], "mean": f["value"], "sd": max(1.0, abs(f["value"]))}
        for f in features
    ]
    protocol = replace(SITE.protocol, in_plane_spacing_mm=(0.6, 2.5))
    models = (default_model().weights_sha256, MODEL["weights_sha256"])
    masks = evidence.ObservedMasks(models, by_hand=True, edited_share=0.05)
    return evidence.write(data, replace(SITE, protocol=protocol, masks=masks))


@pytest.fixture
def place(made) -> Place:
    """With the ledger as it is on the computer on which the model drew, whatever the tests before have added."""
    shutil.rmtree(ledger.folder(), ignore_errors=True)
    shutil.copytree(made.folder / "ledger", ledger.folder())
    return made


@dataclass(frozen=True)
class Shown:
    """All that a person has of a case: the record, the terminal's text and the report's."""

    data: dict
    terminal: str
    report: str

    def levels(self, code: str) -> list[str]:
        return [f["level"] for f in self.data["findings"] if f["code"] == code]

    def message(self, code: str) -> str:
        return " ".join(f["message"] for f in self.data["findings"] if f["code"] == code)

    @property
    def withheld_by(self) -> set[str]:
        return {f["code"] for f in self.data["findings"] if f["level"] == "withhold"}


@pytest.fixture
def predict(place, tmp_path, capsys) -> Callable[..., Shown]:
    def run(*given, ct: Path | None = None) -> Shown:
        out = tmp_path / "out"
        asked = ("--signature", place.signature, "--alb", 38, "--inr", 1.03, "--all-criteria-met", *READER)
        capsys.readouterr()
        ptlf("predict", "--ct", ct or place.ct, *asked, "--out", out, *given)
        page = (out / "report.html").read_text(encoding="utf-8").replace("\u00a0", " ").replace("&nbsp;", " ")
        text = html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL))
        return Shown(json_text.read(out / "result.json"), capsys.readouterr().out, text)

    return run


def shows_no_risk(shown: Shown) -> None:
    prediction = shown.data["prediction"]
    assert (prediction["risk"], prediction["risk_interval"], prediction["risk_text"]) == (None, None, None)
    assert (prediction["total_points"], prediction["linear_predictor"]) == (None, None)
    assert (shown.data["radscore"]["value"], prediction["points"]["Radscore"]) == (None, None)
    assert {term["contribution"] for term in shown.data["radscore"]["terms"]} == {None}
    assert "Risk: not shown" in shown.terminal
    assert "Radscore: not shown" in shown.terminal
    assert "Risk not shown" in shown.report
    for text in (shown.terminal, shown.report):
        assert not re.search(r"Risk:? *[<>]?\d", text)
        assert "95 % confidence interval" not in text


def shows_a_risk(shown: Shown) -> None:
    prediction = shown.data["prediction"]
    assert shown.withheld_by == set()
    assert prediction["state"] == "risk"
    low, high = prediction["risk_interval"]
    assert 0 < low < prediction["risk"] < high < 1
    assert shown.data["radscore"]["value"] is not None
    assert f"Risk: {prediction['risk_text']}" in shown.terminal
    for text in (shown.terminal, shown.report):
        assert prediction["risk_interval_words"] in text
        assert "95 % confidence interval" in text
    assert prediction["risk_text"] in shown.report


# Routes of the file: how the mask comes back, and what is said of it


def as_it_was_written(place: Place, folder: Path) -> tuple:
    return (place.drawn,)


def as_a_seg_nrrd_of_slicer(place: Place, folder: Path) -> tuple:
    origin = marks.of_file(place.drawn).origin
    write_seg_nrrd(folder / "s.seg.nrrd", place.labels, marks.segment_tags(origin, place.labels))
    shutil.rmtree(ledger.folder())  # another computer
    return (folder / "s.seg.nrrd",)


def saved_again_by_simpleitk_without_its_tags(place: Place, folder: Path) -> tuple:
    sitk.WriteImage(copied(place.labels), str(folder / "copy.nrrd"))
    return (folder / "copy.nrrd",)


def saved_again_by_simpleitk_on_a_computer_that_never_saw_it(place: Place, folder: Path) -> tuple:
    shutil.rmtree(ledger.folder())
    sitk.WriteImage(place.labels, str(folder / "copy.nrrd"))  # SimpleITK itself keeps what stands in the header
    return (folder / "copy.nrrd",)


def without_its_tags_on_a_finer_grid(place: Place, folder: Path) -> tuple:
    coarse = copied(place.labels)
    spacing = [x / 2 for x in coarse.GetSpacing()]
    start = coarse.TransformContinuousIndexToPhysicalPoint([-0.25] * 3)
    size = [2 * n for n in coarse.GetSize()]
    nearest = (sitk.Transform(), sitk.sitkNearestNeighbor)
    fine = sitk.Resample(coarse, size, *nearest, start, spacing, coarse.GetDirection())
    sitk.WriteImage(fine, str(folder / "fine.nii.gz"))
    return (folder / "fine.nii.gz",)


def without_its_tags_as_a_file_for_each_role(place: Place, folder: Path) -> tuple:
    for role, mask in (("liver", place.labels > 0), ("tumor", place.labels == 2)):
        sitk.WriteImage(copied(mask), str(folder / f"{role}.nii.gz"))
    return (f"liver={folder / 'liver.nii.gz'}", "--segmentation", f"tumor={folder / 'tumor.nii.gz'}")


def without_its_tags_and_a_few_voxels_changed(place: Place, folder: Path) -> tuple:
    sitk.WriteImage(copied(place.labels, lambda a: brushed(a, 30)), str(folder / "copy.mha"))
    return (folder / "copy.mha",)


def one_brushed_voxel_and_a_sign_off(place: Place, folder: Path) -> tuple:
    sitk.WriteImage(copied(place.labels, brushed), str(folder / "copy.nii.gz"))
    return (folder / "copy.nii.gz", *SIGNED)


def said_to_be_drawn_by_hand(place: Place, folder: Path) -> tuple:
    return (place.drawn, *HAND)


def without_its_tags_and_said_to_be_drawn_by_hand(place: Place, folder: Path) -> tuple:
    sitk.WriteImage(copied(place.labels), str(folder / "copy.nii.gz"))
    return (folder / "copy.nii.gz", *HAND)


def an_edit_that_nobody_signed(place: Place, folder: Path) -> tuple:
    sitk.WriteImage(copied(place.labels, two_percent), str(folder / "copy.nii.gz"))
    return (folder / "copy.nii.gz",)


def two_percent(array: np.ndarray) -> np.ndarray:
    return brushed(array, round(0.02 * np.count_nonzero(array)))


FILES = [
    as_it_was_written,
    as_a_seg_nrrd_of_slicer,
    saved_again_by_simpleitk_without_its_tags,
    saved_again_by_simpleitk_on_a_computer_that_never_saw_it,
    without_its_tags_on_a_finer_grid,
    without_its_tags_as_a_file_for_each_role,
    without_its_tags_and_a_few_voxels_changed,
    one_brushed_voxel_and_a_sign_off,
    said_to_be_drawn_by_hand,
    without_its_tags_and_said_to_be_drawn_by_hand,
    an_edit_that_nobody_signed,
]


@pytest.mark.parametrize("route", FILES, ids=lambda route: route.__name__)
def test_no_risk_whatever_file_the_demo_models_mask_comes_back_in(place, predict, tmp_path, route):
    shown = predict("--segmentation", *route(place, tmp_path))
    assert shown.levels("model_not_for_patients") == ["withhold"]
    assert shown.withheld_by == {"model_not_for_patients"}
    shows_no_risk(shown)


def test_no_risk_for_a_dicom_seg_with_our_algorithms_name(place, predict, tmp_path):
    pytest.importorskip("highdicom")
    origin = marks.of_file(place.drawn).origin
    name = marks.algorithm_name(origin, place.labels)
    path = write_dicom_seg(tmp_path / "seg.dcm", place.series, place.labels, [name, name])
    shutil.rmtree(ledger.folder())  # another computer
    shown = predict("--segmentation", path, ct=place.series)
    assert shown.data["segmentation"]["origin"]["format"] == "DICOM SEG"
    assert shown.withheld_by == {"model_not_for_patients"}
    shows_no_risk(shown)


# Routes of the model: the same weights under another name


def by_the_path_of_its_folder(folder: Path) -> str | Path:
    return shutil.copytree(default_model().folder, folder / "Liver of our site")


def by_a_zip(folder: Path) -> str | Path:
    model = default_model().folder
    return shutil.make_archive(str(folder / "export"), "zip", model.parent, model.name)


def added_under_another_name_as_a_model_for_patients(folder: Path) -> str | Path:
    ptlf("models", "add", "--no-conversion", by_the_path_of_its_folder(folder), "--id", "ours")
    entry = user_folder() / "ours" / "model.json"
    told = {**json.loads(entry.read_text()), "for_patients": True, "warning": "", "title": "Ours", "licence": "MIT"}
    entry.write_text(json.dumps(told))
    return "ours"


MODELS = [
    pytest.param(by_the_path_of_its_folder, marks=pytest.mark.slow),  # fast: test_provenance, weights keep their mark
    pytest.param(by_a_zip, marks=pytest.mark.slow),
    added_under_another_name_as_a_model_for_patients,
]


@pytest.mark.parametrize("route", MODELS, ids=lambda route: route.__name__)
def test_no_risk_whatever_name_the_demo_models_weights_come_under(predict, tmp_path, monkeypatch, route):
    monkeypatch.setenv("PTLF_MODELS", str(tmp_path / "models"))
    without_strays = ("--drop-below", 50)  # the catalogue alone says of these weights: the largest organ only
    shown = predict("--model", route(tmp_path), "--device", "cpu", *without_strays)
    assert shown.data["segmentation"]["origin"]["known"] == "run"
    assert shown.data["segmentation"]["origin"]["model"]["id"] != default_model().id
    assert shown.withheld_by == {"model_not_for_patients"}
    shows_no_risk(shown)


# And nothing else withholds


def test_the_same_signature_shows_the_risk_of_a_mask_drawn_by_hand(place, predict):
    shown = predict("--segmentation", place.truth, *HAND)
    assert shown.data["radscore"]["value"] == pytest.approx(0, abs=1e-6)
    shows_a_risk(shown)


def test_an_edit_of_two_percent_that_a_reader_signed_shows_the_risk_and_names_the_share(place, predict, tmp_path):
    sitk.WriteImage(copied(place.labels, two_percent), str(tmp_path / "edited.nii.gz"))
    shown = predict("--segmentation", tmp_path / "edited.nii.gz", *SIGNED)
    assert shown.levels("model_not_for_patients") == ["warn"]
    share = shown.data["segmentation"]["origin"]["changed"]
    assert share == pytest.approx(0.02, abs=1e-3)
    said = f"{np.floor(1e4 * share) / 100:.2f} % of the voxels were changed since, and signed by A. Reader."
    assert said in shown.message("model_not_for_patients")
    for text in (shown.terminal, shown.report):
        assert said in text
    shows_a_risk(shown)


def test_no_risk_for_a_covered_models_mask_of_which_nobody_knows_how_much_was_changed(place, predict, tmp_path):
    """The site's model drew it elsewhere; a program changed a tenth of its voxels and kept the header."""
    model = {**MODEL, "id": "ours", "version": "1", "sha256": "", "licence": "own", "shipped": False, "warning": ""}
    by_hand = sitk.ReadImage(str(place.truth))
    image = copied(by_hand, lambda a: brushed(a, np.count_nonzero(a) // 10))
    image.SetMetaData(marks.KEY, marks.to_text(Origin(Drawn.MODEL, Known.RUN, model), by_hand))
    sitk.WriteImage(image, str(tmp_path / "edited.nrrd"))
    shown = predict("--segmentation", tmp_path / "edited.nrrd")
    assert shown.withheld_by == {"mask_not_covered"}
    assert "A reader has changed an unknown share of the segments' voxels" in shown.terminal
    shows_no_risk(shown)
