"""Surface distances against an implementation of their own: SciPy's erosion, every voxel against every other one."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial.distance import cdist

from PTLFPredictorLib.segmentation.agreement import compare, surface_distances

ANISOTROPIC = (0.7, 0.9, 5.0)


def surface(mask: np.ndarray) -> np.ndarray:
    """MedPy's: what an erosion by one voxel takes away, the image's border being outside."""
    return mask & ~ndimage.binary_erosion(mask, ndimage.generate_binary_structure(3, 1))


def both_lists(a: np.ndarray, b: np.ndarray, spacing) -> tuple[np.ndarray, np.ndarray]:
    points = [np.argwhere(surface(mask)) * spacing[::-1] for mask in (a, b)]
    apart = cdist(*points)
    return apart.min(axis=1), apart.min(axis=0)


def shape(rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    """Blobs: noise, smoothed and cut, sometimes up to the border and with holes."""
    noise = ndimage.gaussian_filter(rng.normal(size=size), rng.uniform(0, 1.5, 3), mode="constant")
    return noise > np.quantile(noise, rng.uniform(0.3, 0.97))


SHAPES = st.tuples(st.integers(0, 2**32 - 1), st.tuples(*[st.integers(1, 9)] * 3), st.tuples(*[st.floats(0.3, 6)] * 3))


@settings(max_examples=60, deadline=None)
@given(SHAPES)
def test_random_shapes(drawn):
    seed, size, spacing = drawn
    rng = np.random.default_rng(seed)
    a, b = shape(rng, size), shape(rng, size)
    if not (a.any() and b.any()):
        return
    there, back = both_lists(a, b, spacing)
    found = surface_distances(a, b, spacing)
    assert found.hd95_mm == pytest.approx(np.percentile(np.concatenate([there, back]), 95), rel=1e-12, abs=1e-12)
    assert found.assd_mm == pytest.approx((there.sum() + back.sum()) / (there.size + back.size), rel=1e-12, abs=1e-12)
    turned = surface_distances(b, a, spacing)
    assert (turned.hd95_mm, turned.assd_mm) == pytest.approx((found.hd95_mm, found.assd_mm))


@pytest.mark.parametrize("seed", range(4))
def test_larger_shapes_by_distance_transforms(seed):
    """The recipe of MedPy's hd95: SciPy's Euclidean distance transform outside the other surface."""
    rng = np.random.default_rng(seed)
    a, b = (shape(rng, (24, 60, 50)) for _ in range(2))
    lists = [
        ndimage.distance_transform_edt(~surface(other), ANISOTROPIC[::-1])[surface(mask)]
        for mask, other in ((a, b), (b, a))
    ]
    found = surface_distances(a, b, ANISOTROPIC)
    assert found.hd95_mm == pytest.approx(np.percentile(np.hstack(lists), 95), rel=1e-12)
    assert found.assd_mm == pytest.approx(np.hstack(lists).mean(), rel=1e-12)


def voxel(*at: int) -> np.ndarray:
    mask = np.zeros((6, 8, 9), bool)
    mask[at] = True
    return mask


def test_one_voxel_and_another():
    """2 slices of 5 mm, 3 rows of 0.9 mm, 4 columns of 0.7 mm apart."""
    found = surface_distances(voxel(1, 2, 3), voxel(3, 5, 7), ANISOTROPIC)
    apart = math.hypot(2 * 5.0, 3 * 0.9, 4 * 0.7)
    assert (found.hd95_mm, found.assd_mm) == pytest.approx((apart, apart))


def test_one_voxel_in_the_corner_of_the_image_against_all_of_it():
    """The surface of the full mask is what lies at the image's border."""
    full = np.ones((3, 3, 3), bool)
    corner = np.zeros_like(full)
    corner[0, 0, 0] = True
    there, back = both_lists(corner, full, (1, 1, 1))
    assert (there.size, back.size) == (1, 26), "the middle voxel alone is no surface"
    assert surface_distances(corner, full, (1, 1, 1)).assd_mm == pytest.approx((there.sum() + back.sum()) / 27)


def test_masks_that_touch_the_border_are_measured_as_those_that_do_not():
    inner = np.zeros((8, 9, 10), bool)
    inner[2:5, 3:6, 2:7] = True
    moved = np.roll(inner, 1, axis=2)
    cropped = [mask[2:5, 3:6, 2:8] for mask in (inner, moved)]
    there, here = surface_distances(inner, moved, ANISOTROPIC), surface_distances(*cropped, ANISOTROPIC)
    assert (here.hd95_mm, here.assd_mm) == pytest.approx((there.hd95_mm, there.assd_mm))


EMPTY, FULL = np.zeros((4, 5, 6), bool), np.ones((4, 5, 6), bool)


@pytest.mark.parametrize(("a", "b"), [(EMPTY, EMPTY), (EMPTY, FULL), (FULL, EMPTY)], ids=["both", "found", "true"])
def test_an_empty_mask_has_no_distance(a, b):
    found = compare(a, b, ANISOTROPIC)
    assert math.isnan(found.hd95_mm)
    assert math.isnan(found.assd_mm)
    assert found.to_dict()["assd_mm"] is None


def test_empty_against_full():
    missed, invented = compare(EMPTY, FULL, ANISOTROPIC), compare(FULL, EMPTY, ANISOTROPIC)
    assert (missed.dice, missed.recall, missed.volume_difference_percent) == (0, 0, -100)
    assert math.isnan(missed.precision), "of nothing found"
    assert (invented.dice, invented.precision) == (0, 0)
    assert math.isnan(invented.recall)
    assert math.isnan(invented.volume_difference_percent), "of nothing"
    assert invented.volume_difference_ml == pytest.approx(120 * 0.7 * 0.9 * 5 / 1000)


def test_full_against_full():
    found = compare(FULL, FULL, ANISOTROPIC)
    assert (found.dice, found.jaccard, found.hd95_mm, found.assd_mm, found.volume_difference_percent) == (1, 1, 0, 0, 0)


@pytest.mark.slow
def test_a_whole_ct_takes_seconds():
    """Liver and tumour of 512 x 512 x 400 voxels: 2 s of a processor; the limit is for slower ones."""
    import SimpleITK as sitk

    from PTLFPredictorLib.segmentation.agreement import measure

    z, y, x = np.ogrid[:400, :512, :512]

    def labels(shift: int) -> sitk.Image:
        liver = ((z - 200) / 110) ** 2 + ((y - 250 - shift) / 120) ** 2 + ((x - 200) / 150) ** 2 < 1
        tumour = ((z - 200) / 40) ** 2 + ((y - 250) / 40) ** 2 + ((x - 200 - shift) / 40) ** 2 < 1
        image = sitk.GetImageFromArray(np.where(tumour, 2, liver).astype(np.uint8))
        image.SetSpacing((0.7, 0.7, 1.0))
        return image

    pair = labels(0), labels(3)
    start = time.process_time()
    row = measure("large", *pair)
    assert time.process_time() - start < 10
    assert row.regions["liver"].dice > 0.95
