"""A sample CT is known as one after save and reload under any name; no other CT ever is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from PTLFPredictorLib.case import Sources, read_case_ct
from PTLFPredictorLib.ct import Level, canonical, read_ct
from PTLFPredictorLib.sample import known
from PTLFPredictorLib.sample import worker as sample_worker
from PTLFPredictorLib.signature import load
from samples import drawn as remembered

OPTIONS = {"matrix": 64, "slice_mm": 5.0}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The CT of a sample case, and the user's data of the computer that drew it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PTLF_DATA", str(tmp_path_factory.mktemp("drawn")))
        return known.draw(21, **OPTIONS).ct, Path(os.environ["PTLF_DATA"])


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch) -> Path:
    """The user's data of another computer; what is drawn again there is drawn once for all tests."""
    monkeypatch.setenv("PTLF_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(known, "make_case", remembered)
    return tmp_path / "data"


def read(path: Path):
    return read_case_ct(Sources(path), load("demo"))


@pytest.mark.parametrize("name", ["Meier.nrrd", "ct.nii.gz", "ct.mha"])
def test_a_sample_is_known_by_any_file(drawn, tmp_path, monkeypatch, name):
    monkeypatch.setenv("PTLF_DATA", str(drawn[1]))
    plain = sitk.DICOMOrient(drawn[0], "RAS")
    for key in plain.GetMetaDataKeys():
        plain.EraseMetaData(key)
    sitk.WriteImage(plain, str(tmp_path / name))
    assert known.claim_of(tmp_path / name) == ""
    assert known.seed_of(read_ct(tmp_path / name).identity) == 21
    assert known.seed_of(read_ct(tmp_path / name, clip_hu=(-100, 400)).identity) == 21


def test_drawing_for_a_user_changes_no_voxel(drawn, data):
    pure = remembered(21, **OPTIONS).ct  # another drawing than the fixture's
    assert np.array_equal(sitk.GetArrayFromImage(drawn[0]), sitk.GetArrayFromImage(pure))
    assert not pure.GetMetaDataKeys()
    assert not data.exists()


def test_a_claim_from_another_computer_is_drawn_again(drawn, data, tmp_path):
    for name in ("ct.nrrd", "ct.mha", "ct.nii.gz"):
        sitk.WriteImage(drawn[0], str(tmp_path / name))
        assert known.claim_of(tmp_path / name) == known.claim_text(21, OPTIONS)
    assert known.seed_of(read_ct(tmp_path / name).identity) is None
    assert known.seed_of(read(tmp_path / name).identity) == 21
    assert json.loads(next((data / "samples").iterdir()).read_text())["options"] == OPTIONS


def test_a_real_ct_that_claims_to_be_a_sample_is_not_believed(phantom, tmp_path):
    image = sitk.Image(phantom[0])
    for key in (known.KEY, known.NIFTI_KEY):
        image.SetMetaData(key, known.claim_text(21, OPTIONS))
    sitk.WriteImage(image, str(tmp_path / "PTLF sample (synthetic).nrrd"))
    assert known.claim_of(tmp_path / "PTLF sample (synthetic).nrrd")
    assert known.seed_of(read(tmp_path / "PTLF sample (synthetic).nrrd").identity) is None


def test_a_sample_with_one_other_voxel_is_none(drawn, tmp_path):
    image = sitk.Image(drawn[0])
    image[40, 40, 20] += 1
    sitk.WriteImage(image, str(tmp_path / "ct.nrrd"))
    assert known.seed_of(read(tmp_path / "ct.nrrd").identity) is None


@pytest.mark.parametrize("changed", [lambda ct: ct + 1, lambda ct: ct[:, :, 2:], lambda ct: sitk.Shrink(ct, [2, 2, 1])])
@pytest.mark.parametrize("name", ["ct.nrrd", "ct.nii.gz"])
def test_a_changed_sample_that_still_says_so_is_withheld(drawn, tmp_path, changed, name):
    def codes(path):
        return {finding.code for finding in read(path).findings if finding.level is Level.WITHHOLD}

    image = changed(drawn[0])
    for key in drawn[0].GetMetaDataKeys():
        image.SetMetaData(key, drawn[0].GetMetaData(key))
    sitk.WriteImage(image, str(tmp_path / name))
    assert "sample_changed" in codes(tmp_path / name)
    sitk.WriteImage(drawn[0], str(tmp_path / f"same-{name}"))
    assert "sample_changed" not in codes(tmp_path / f"same-{name}")


@pytest.mark.parametrize(
    "claim",
    [
        "PTLF1 sample seed=1 matrix=100000",
        "PTLF1 sample seed=1 slice_mm=0.01",
        "PTLF1 sample seed=1 colour=3",
        "PTLF1 sample seed=1 matrix=1.5",
        "PTLF1 sample seed=x",
        "PTLF1 sample seed=1; and more",
    ],
)
def test_a_claim_of_what_is_not_drawn(claim, monkeypatch):
    monkeypatch.setattr(known, "make_case", lambda *args, **kwargs: pytest.fail("it was drawn"))
    assert known.verified(claim, "0" * 64) is None


def test_a_damaged_entry_is_none(data, phantom):
    identity = canonical(phantom[0]).identity
    (data / "samples").mkdir(parents=True)
    for text in ("", "[]", '{"seed": null}', "\0"):
        (data / "samples" / f"{identity}.json").write_text(text)
        assert known.seed_of(identity) is None


def test_the_panels_sample_is_one(tmp_path):
    outputs = sample_worker.draw({"seed": 21, "matrix": 64}, tmp_path, lambda event: None)
    assert known.seed_of(read_ct(outputs["ct"]).identity) == 21


def test_where_the_ledger_cannot_be_written_a_claim_is_still_verified(drawn, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PTLF_DATA", str(tmp_path / "file"))
    identity = canonical(drawn[0]).identity
    known.remember(identity, 21, OPTIONS)
    assert known.seed_of(identity) is None
    assert known.verified(known.claim_text(21, OPTIONS), identity) == 21
