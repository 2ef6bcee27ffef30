"""Volumes that are looked at where they lie: grids, hashes, and the way of a volume to a child process."""

import importlib
import json
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from PTLFPredictorLib.ct import CT, Grid, Raster, bounding_box, canonical, image_sha256, same_geometry
from PTLFPredictorLib.errors import PTLFError

DTYPES = (np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64)


def turned(image, orientation):
    return sitk.DICOMOrient(image, orientation)


@st.composite
def images(draw):
    shape = draw(st.tuples(*[st.integers(1, 6)] * 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    image = sitk.GetImageFromArray(rng.integers(0, 200, shape).astype(draw(st.sampled_from(DTYPES))))
    image.SetSpacing(rng.uniform(0.3, 6.0, 3))
    image.SetOrigin(rng.uniform(-400, 400, 3))
    angle = draw(st.sampled_from([0.0, 0.1, -0.4]))
    image.SetDirection((np.cos(angle), -np.sin(angle), 0, np.sin(angle), np.cos(angle), 0, 0, 0, 1))
    return turned(image, draw(st.sampled_from(["LPS", "RAS", "ASL"])))


@settings(max_examples=40, deadline=None)
@given(image=images())
def test_a_volume_comes_from_a_file_as_it_went(image, tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    written = json.loads(json.dumps(Raster.of(image, "known").write(folder / "ct.npy")))
    read = Raster.read(written, folder)
    assert read.sha256 == "known"
    assert read.grid == Grid.of(image)
    assert read.voxels.dtype == sitk.GetArrayViewFromImage(image).dtype
    assert image_sha256(read.to_image()) == image_sha256(image)
    for one, other in zip(read.planes(), Raster.of(image).planes(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert read.grid.sha256(image.GetPixelIDTypeAsString(), read.planes()) == image_sha256(image)


def test_a_file_is_mapped_and_one_look_at_the_whole_maps_nothing(tmp_path):
    image = sitk.GetImageFromArray(np.arange(24, dtype=np.int16).reshape(2, 3, 4))
    read = Raster.read(Raster.of(image).write(tmp_path / "ct.npy"), tmp_path)
    assert isinstance(read.voxels, np.memmap)
    assert not read.voxels.flags.writeable
    assert not any(np.shares_memory(plane, read.voxels) for plane in read.planes())
    held = Raster.of(image)
    assert all(np.shares_memory(plane, held.voxels) for plane in held.planes())
    assert held.to_image() is image


def test_a_file_that_cannot_be_written_is_told_with_what_to_do(tmp_path):
    image = sitk.Image(2, 2, 2, sitk.sitkInt16)
    with pytest.raises(PTLFError, match=r"The temporary file '.*ct.npy' could not be written.*TMPDIR"):
        Raster.of(image).write(tmp_path / "gone" / "ct.npy")


@settings(max_examples=40, deadline=None)
@given(image=images())
def test_corners_are_itks(image):
    index = [[i, j, k] for i in (0, -1) for j in (0, -1) for k in (0, -1)]
    last = np.array(image.GetSize()) - 1
    expected = [image.TransformIndexToPhysicalPoint([int(n) if i else 0 for i, n in zip(c, last, strict=True)])
                for c in index]  # fmt: skip
    np.testing.assert_allclose(Grid.of(image).corners_mm, expected, atol=1e-9)
    axes = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(image.GetDirection())
    assert Raster.of(image).is_lps == (axes == "LPS")
    assert image_sha256(Raster.of(image).in_lps().to_image()) == image_sha256(turned(image, "LPS"))


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda grid: replace(grid, origin=(0.009, 0.0, 0.0)), True),
        (lambda grid: replace(grid, origin=(0.011, 0.0, 0.0)), False),
        (lambda grid: replace(grid, spacing=(1.0, 1.0, 2.0009)), True),  # 0.0081 mm over nine steps
        (lambda grid: replace(grid, spacing=(1.0, 1.0, 2.0012)), False),
        (lambda grid: replace(grid, direction=(-1.0, 0, 0, 0, -1.0, 0, 0, 0, 1.0)), False),
        (lambda grid: replace(grid, size=(10, 10, 9)), False),
    ],
)
def test_grids_coincide_where_no_corner_is_farther_than_a_hundredth_of_a_millimetre(change, same):
    grid = Grid((10, 10, 10), (1.0, 1.0, 2.0), (0.0, 0.0, 0.0), (1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0))
    assert grid.coincides(change(grid)) == same
    other = change(grid)
    one, two = (g.place(sitk.Image(*g.size, sitk.sitkUInt8)) for g in (grid, other))
    assert same_geometry(one, two) == same


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.02, 0.5]), st.integers(1, 3))
def test_the_box_of_a_mask_is_the_smallest_around_all_its_voxels(seed, share, axes):
    rng = np.random.default_rng(seed)
    mask = rng.random(rng.integers(1, 9, axes)) < share
    box = bounding_box(mask)
    if not mask.any():
        assert box is None
    else:
        assert box == tuple(slice(int(w.min()), int(w.max()) + 1) for w in np.nonzero(mask))


# ---- a CT's hash


@pytest.fixture
def hashed(monkeypatch):
    """The images that were hashed."""
    seen = []

    def counted(image):
        seen.append(image)
        return image_sha256(image)

    monkeypatch.setattr(importlib.import_module(CT.__module__), "image_sha256", counted)
    return seen


def test_a_ct_is_hashed_once_whatever_findings_come(hashed):
    ct = CT(sitk.Image(3, 3, 3, sitk.sitkInt16), ())
    later = replace(ct, findings=())
    assert later.sha256 == ct.sha256 == ct.identity == later.raster.sha256 == image_sha256(ct.image)
    assert len(hashed) == 1


def test_a_ct_of_other_voxels_has_its_own_hash(hashed):
    ct = CT(sitk.Image(3, 3, 3, sitk.sitkInt16), ())
    before = ct.sha256
    other = replace(ct, image=ct.image + 1, unclipped_sha256=ct.identity)
    assert other.sha256 == image_sha256(ct.image + 1) != before
    assert other.identity == before == ct.sha256


def test_copies_hashed_at_the_same_time_do_not_take_each_others_hash():
    ct = CT(sitk.Image(3, 3, 3, sitk.sitkInt16), ())
    other = replace(ct, image=ct.image + 1)

    class Between(dict):  # as if another thread asked for the other copy's hash just now
        def asked(self, store):
            store()
            if not self.get("busy"):
                dict.update(self, busy=True)
                assert other.sha256 == image_sha256(other.image)

        def update(self, **values):
            self.asked(lambda: dict.update(self, **values))

        def __setitem__(self, key, value):
            self.asked(lambda: dict.__setitem__(self, key, value))

    object.__setattr__(ct, "hashed", Between())
    object.__setattr__(other, "hashed", ct.hashed)
    assert ct.sha256 == image_sha256(ct.image)


def test_a_canonical_ct_shares_nothing_with_the_image_it_was_made_of():
    """Whose geometry is rounded, and whose voxels may be another's in the next moment."""
    image = sitk.GetImageFromArray(np.arange(1000, dtype=np.int16).reshape(10, 10, 10) - 200)
    image.SetOrigin((1.23456789, 0.0, 0.0))
    ct = canonical(image)
    assert ct.image.GetOrigin() == (1.235, 0.0, 0.0)
    assert image.GetOrigin() == (1.23456789, 0.0, 0.0)
    assert not np.shares_memory(ct.array, sitk.GetArrayViewFromImage(image))
    image[0, 0, 0] = 777
    assert ct.array[0, 0, 0] == -200


@pytest.mark.parametrize("hu", [-1025, 3072])
def test_one_voxel_beyond_the_range_is_clipped(hu):
    voxels = np.zeros((4, 60, 60), dtype=np.int16)
    voxels[2, 3, 4] = hu
    assert canonical(sitk.GetImageFromArray(voxels)).array[2, 3, 4] == np.clip(hu, -1024, 3071)
