"""What a record says of lesions that a reader left out; where there are none, it is the record that it always was."""

import json

import numpy as np
import pytest
import SimpleITK as sitk

from abdomen import image_of, phantom_arrays
from made_records import BY_HAND, READER, record_of
from PTLFPredictorLib import colours, record
from PTLFPredictorLib.ct import canonical
from PTLFPredictorLib.record import making, slices
from PTLFPredictorLib.segmentation.segments import EXCLUDED, Segments
from PTLFPredictorLib.signature import load
from record_schemas import problems

CYST = np.s_[6:9, 60:66, 90:98]


@pytest.fixture(scope="module")
def made():
    return record_of(load("ptlf-published"), origin=BY_HAND)


@pytest.fixture
def segments():
    labels = phantom_arrays()[1]
    labels[CYST] = EXCLUDED
    return Segments(image_of(labels), BY_HAND, left_out_by=READER)


def test_it_says_how_many_how_large_and_who_and_reads_back(made, segments):
    from dataclasses import replace

    used = making._segments(segments, None)
    assert used.excluded.lesions.count == 1
    assert used.excluded.lesions.largest_diameter_mm == pytest.approx(np.hypot(5 * 0.8, 8 * 0.8))
    assert used.excluded.by == READER
    assert used.lesions.count == 1
    data = json.loads(json.dumps(replace(made, segmentation=used).to_dict()))
    assert problems(data) == []
    assert data["segmentation"]["labels"]["3"] == "excluded lesion"
    assert data["segmentation"]["excluded"]["by"]["reader"] == "Dr Reader"
    assert record.ResultRecord.from_dict(data).segmentation == used


def test_nobody_s_name_is_no_name(segments):
    from dataclasses import replace

    used = making._segments(replace(segments, left_out_by=None), None)
    assert used.to_dict()["excluded"]["by"] is None


def test_without_one_the_file_is_as_it_was(made):
    data = made.to_dict()
    assert problems(data) == []
    assert set(data["segmentation"]) == {"volumes_ml", "lesions", "origin", "labels", "sha256"}
    assert set(data["segmentation"]["volumes_ml"]) == {"liver", "parenchyma", "tumor"}
    assert set(data["segmentation"]["labels"]) == {"0", "1", "2"}


def test_a_record_that_says_it_wrongly_breaks_the_schema(made, segments):
    data = {**made.to_dict(), "segmentation": {**made.to_dict()["segmentation"], "excluded": {"count": 1}}}
    assert problems(data)


def test_its_outline_has_a_colour_of_its_own(segments):
    """On the picture through it; and without it none has that colour."""
    ct = canonical(image_of(phantom_arrays()[0]))
    purple = np.array(colours.rgb(colours.EXCLUDED))
    with_it = pixels(slices.picture(ct.image, segments.array, "axial", (7, 63, 94)))
    assert (with_it == purple).all(axis=-1).any()
    without = np.where(segments.array == EXCLUDED, 1, segments.array)
    assert not (pixels(slices.picture(ct.image, without, "axial", (7, 63, 94))) == purple).all(axis=-1).any()


def pixels(picture):
    import base64
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.png"
        path.write_bytes(base64.b64decode(picture.png))
        return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
