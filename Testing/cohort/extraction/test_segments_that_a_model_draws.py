"""Cases without segments: a model draws them, once, and they lie beside the features, for a reader to look at."""

from __future__ import annotations

import pytest
import SimpleITK as sitk

from PTLFPredictorLib import child
from PTLFPredictorLib.cohort.extraction.job import Options
from PTLFPredictorLib.cohort.extraction.run import extract
from PTLFPredictorLib.cohort.extraction.schedule import Where
from PTLFPredictorLib.cohort.table import Case
from PTLFPredictorLib.ct import canonical
from PTLFPredictorLib.sample import known
from PTLFPredictorLib.segmentation import default_model, marks
from PTLFPredictorLib.segmentation.how import How
from PTLFPredictorLib.segmentation.origin import Drawn
from PTLFPredictorLib.segmentation.reading import Source
from PTLFPredictorLib.signature import load
from samples import drawn

SEED = 41


@pytest.mark.slow
@pytest.mark.usefixtures("needs_nnunet")
def test_they_are_kept_marked_and_given_again_they_give_the_same_features(tmp_path, monkeypatch):
    sample = drawn(SEED, matrix=128)
    known.remember(canonical(sample.ct).identity, SEED, {"matrix": 128})
    ct = tmp_path / "ct.nii.gz"
    sitk.WriteImage(sample.ct, str(ct))
    options = Options(load("ptlf-published"), model=default_model(), how=How("cpu"), to_protocol=True)
    case = Case(2, "a/b", ct)
    made = extract([case], options, tmp_path / "out", where=Where(1)).cases[0]
    assert made.done, made.problem
    assert made.sample == SEED
    labels = tmp_path / "out" / "segments" / "case-0001.nii.gz"  # no file can be called a/b
    origin = marks.of_file(labels).origin
    assert origin.drawn is Drawn.MODEL
    assert origin.model["id"] == default_model().id
    assert made.masks.weights
    assert not made.masks.by_hand

    again = Case(2, "a/b", ct, (Source(labels),))
    given = extract([again], options, tmp_path / "given", where=Where(1)).cases[0]
    assert given.features == made.features
    assert given.labels_sha256 == made.labels_sha256
    assert given.masks == made.masks

    monkeypatch.setattr(child, "Child", None)  # whoever starts a child fails
    before = labels.read_bytes()
    assert extract([case], options, tmp_path / "out").cases[0] == made
    assert labels.read_bytes() == before
