"""Thin slices to the protocol's: slabs equal to an independent mean and majority, in place, and never silently."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from PTLFPredictorLib.ct import read_ct, same_geometry, slabs
from PTLFPredictorLib.ct.findings import Finding
from PTLFPredictorLib.sample import make_case
from PTLFPredictorLib.segmentation.reading import read_segments
from PTLFPredictorLib.signature import load

ACCEPTED = load("ptlf-published").protocol.slice_thickness_mm
TARGET = 5


def image_of(array, step, origin=(-57.0, -60.0, 210.0)):
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((0.8, 0.8, step))
    image.SetOrigin(origin)
    return image


def whole_numbers(step, slices, slab):
    """How much of each slice lies in each slab, and a slab's thickness, in whole parts of a mm; (slabs, slices)."""
    step, slab = (Fraction(repr(x)) for x in (step, slab))
    rows = [
        [max(Fraction(0), min((k + 1) * slab, (i + 1) * step) - max(k * slab, i * step)) for i in range(slices)]
        for k in range(int(slices * step / slab))
    ]
    unit = np.lcm.reduce([x.denominator for row in rows for x in row] + [slab.denominator])
    return np.array([[int(x * unit) for x in row] for row in rows], dtype=np.int64), int(slab * unit)


def mean_of(array, parts, whole):
    """Weighted means in integers, halves to the even number."""
    twice = 2 * np.tensordot(parts, array.astype(np.int64), 1)
    below, rest = np.divmod(twice, 2 * whole)
    return below + ((rest > whole) | ((rest == whole) & (below % 2 == 1)))


def majority_of(labels, parts, whole):
    """Each segment by itself, by the sign of votes in integers; ties by the slice that holds the slab's centre."""
    result = np.zeros((len(parts), *labels.shape[1:]), np.uint8)
    for k, row in enumerate(parts):
        reached = np.cumsum(row)
        middle = labels[int(np.searchsorted(reached, whole / 2, side="right"))]
        for label, votes in ((1, labels > 0), (2, labels == 2), (3, labels == 3)):
            half = 2 * np.tensordot(row, votes.astype(np.int64), 1) - whole
            result[k][(half > 0) | ((half == 0) & ((middle > 0) if label == 1 else (middle == label)))] = label
    return result


# The plan


@pytest.mark.parametrize(
    ("step", "count", "slab"),
    [
        (0.625, 8, 5.0),
        (0.7, 7, 4.9),
        (0.8, 6, 4.8),
        (1.0, 5, 5.0),
        (1.25, 4, 5.0),
        (1.5, 3, 4.5),
        (1.6, 3, 4.8),
        (1.8, 3, 5.4),
        (2.5, 2, 5.0),
        (2.0, None, 5.0),
        (3.0, None, 5.0),
        (3.75, None, 5.0),
        (4.0, None, 5.0),
    ],
)
def test_the_whole_count_nearest_to_5_mm_within_the_protocol_else_5_mm_by_weight(step, count, slab):
    plan = slabs.plan(step, 100, ACCEPTED)
    assert (plan.count, plan.slab_mm) == (count, slab)


def test_of_two_counts_equally_near_the_thinner_slab():
    assert slabs.plan(0.4, 100, ACCEPTED).slab_mm == 4.8  # 13 slices: 5.2


def test_the_target_is_the_middle_of_the_signatures_own_range():
    plan = slabs.plan(1.0, 100, (2.5, 3.5))
    assert (plan.count, plan.slab_mm) == (3, 3.0)
    assert slabs.plan(2.0, 100, (2.8, 3.2)).slab_mm == 3.0
    assert slabs.plan(3.0, 100, (2.5, 3.5)) is None


def test_what_remains_at_the_head_end_is_dropped_and_named():
    plan = slabs.plan(1.6, 119, ACCEPTED)
    assert (plan.slabs, plan.dropped_mm) == (39, 3.2)
    finding = slabs.finding(plan)
    assert "3.2 mm that remained at the head end were left out" in finding.message
    assert finding.values["dropped_at"] == "head"
    assert "left out" not in slabs.finding(slabs.plan(1.25, 184, ACCEPTED)).message


def test_rounded_positions_cost_no_slab():
    """115 slices of 2 mm are 46 slabs, also where positions of five decimals make the step 1.99999 mm."""
    plan = slabs.plan(1.99999, 115, ACCEPTED)
    assert (plan.slabs, plan.dropped_mm) == (46, 0.0)
    assert all(plan.weights(k)[1].size == 3 for k in range(plan.slabs))  # no crumbs of a fourth slice


@settings(deadline=None)
@given(step=st.integers(300, 4499), slices=st.integers(20, 80))
def test_weights_sum_to_one_and_give_every_slice_its_thickness(step, slices):
    plan = slabs.plan(step / 1000, slices, ACCEPTED)
    used = np.zeros(slices)
    for k in range(plan.slabs):
        first, weights = plan.weights(k)
        assert weights.sum() == pytest.approx(1, abs=1e-12)
        assert (weights > 0).all()
        used[first : first + weights.size] += weights * plan.slab_mm
    covered = np.clip(plan.slabs * plan.slab_mm - np.arange(slices) * plan.step_mm, 0, plan.step_mm)
    assert used == pytest.approx(covered, abs=1.1 * slabs.CRUMB_MM)
    assert plan.slabs * plan.slab_mm + plan.dropped_mm == pytest.approx(
        slices * plan.step_mm, abs=1.001 * slabs.CRUMB_MM
    )
    assert plan.dropped_mm < plan.slab_mm


def test_a_plan_goes_into_the_record_and_comes_back():
    plan = slabs.plan(2.0, 100, ACCEPTED, 4.0)
    assert slabs.Plan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    assert json.loads(json.dumps(slabs.finding(plan).to_dict()))["values"]["slab_mm"] == 5.0


# Where nothing is averaged


@pytest.mark.parametrize("step", [4.5, 5.0, 5.5])
def test_slices_of_the_protocol_stay_as_they_are(step):
    assert slabs.plan(step, 50, ACCEPTED) is None
    assert "nothing to average" in slabs.reason(step, 50, ACCEPTED)


def test_thick_slices_cannot_be_made_thinner():
    assert slabs.plan(8.0, 50, ACCEPTED) is None
    reason = slabs.reason(8.0, 50, ACCEPTED)
    assert reason.startswith("The slices lie 8 mm apart: they cannot be made thinner.")
    assert "4.5 to 5.5 mm" in reason


@pytest.mark.parametrize("code", ["uneven_slices", "missing_slices", "gantry_tilt"])
def test_uneven_and_sheared_slices_are_refused(code):
    found = [Finding("oblique", "warn", ""), Finding(code, "warn", "")]
    assert slabs.plan(1.25, 184, ACCEPTED, findings=found) is None
    assert "evenly" in slabs.reason(1.25, 184, ACCEPTED, findings=found)
    assert slabs.plan(1.25, 184, ACCEPTED, findings=found[:1]) is not None


def test_thick_slices_that_overlap_are_not_thin():
    """5 mm thick, 2.5 mm apart: the mean of two takes in 7.5 mm."""
    assert slabs.plan(2.5, 90, ACCEPTED, 5.0) is None
    assert "5 mm thick and overlap, 2.5 mm apart" in slabs.reason(2.5, 90, ACCEPTED, 5.0)


def test_less_than_a_slab_is_refused():
    assert slabs.plan(1.0, 4, ACCEPTED) is None
    assert "only 4 slice(s), 4 mm" in slabs.reason(1.0, 4, ACCEPTED)


# What is said


def test_the_finding_is_a_warning_that_says_what_was_done():
    finding = slabs.finding(slabs.plan(1.6, 120, ACCEPTED, 1.6))
    assert (finding.code, finding.level) == ("to_protocol", "warn")
    assert "slices of 1.6 mm were averaged to 40 slabs of 4.8 mm, each the mean of 3 slices" in finding.message
    assert "overlap" not in finding.message


def test_thin_slices_that_overlap_are_averaged_by_their_distance_and_the_slabs_true_reach_is_said():
    """2.5 mm thick, 1.25 mm apart: from edge to edge 6.25 mm; 12 times the variance of that sensitivity is 5.45^2."""
    plan = slabs.plan(1.25, 184, ACCEPTED, 2.5)
    assert (plan.count, plan.span_mm) == (4, 6.25)
    profile = np.convolve(np.ones(2500), np.bincount([0, 1250, 2500, 3750]))  # one entry per micrometre
    at = np.arange(profile.size)
    spread = np.sqrt(12 * np.cov(at, aweights=profile, ddof=0)) / 1000
    assert plan.effective_mm == pytest.approx(float(spread), abs=1e-3)
    message = slabs.finding(plan).message
    assert "2.5 mm thick and overlap" in message
    assert "takes in up to 6.25 mm of the body and is as blurred as a slice of 5.449 mm" in message


def test_gaps_between_the_slices_are_said():
    message = slabs.finding(slabs.plan(2.5, 90, ACCEPTED, 1.0)).message
    assert "1 mm thick with gaps between them" in message


def test_slices_that_two_slabs_share_blur_them_and_that_is_said():
    plan = slabs.plan(3.75, 61, ACCEPTED)
    assert plan.span_mm == plan.effective_mm == 7.5
    assert "weighted mean of 1.33 slices" in slabs.finding(plan).message
    assert "as blurred as a slice of 7.5 mm" in slabs.finding(plan).message


def test_a_whole_count_of_touching_slices_is_as_blurred_as_it_is_thick():
    plan = slabs.plan(1.6, 119, ACCEPTED, 1.6)
    assert (plan.span_mm, plan.effective_mm) == (pytest.approx(4.8), pytest.approx(4.8))
    assert plan.off_centre_mm == 0


# CT and label map


@settings(max_examples=60, deadline=None)
@example(step=1430, slices=12, seed=406)
@given(step=st.integers(500, 4499), slices=st.integers(12, 40), seed=st.integers(0, 2**32 - 1))
def test_equal_to_an_independent_mean_and_majority_and_in_place(step, slices, seed):
    step /= 1000
    rng = np.random.default_rng(seed)
    hu = rng.integers(-1024, 3072, (slices, 3, 4)).astype(np.int16)
    labels = rng.choice(np.array([0, 1, 2, 3], np.uint8), hu.shape, p=(0.35, 0.35, 0.2, 0.1))
    plan = slabs.plan(step, slices, ACCEPTED)
    parts, whole = whole_numbers(step, slices, plan.slab_mm)
    assume(len(parts) == plan.slabs)  # not a last slab that lacks a crumb: `test_rounded_positions_cost_no_slab`
    ct, map_ = slabs.apply_ct(image_of(hu, step), plan), slabs.apply_labels(image_of(labels, step), plan)

    without_crumbs = crumbs(parts, whole, plan.slab_mm)
    if without_crumbs:  # parts thinner than 0.01 mm are left out: a HU or a vote beside it
        assert np.abs(sitk.GetArrayViewFromImage(ct) - mean_of(hu, parts, whole)).max() <= 20
    else:
        assert np.array_equal(sitk.GetArrayViewFromImage(ct), mean_of(hu, parts, whole))
        assert np.array_equal(sitk.GetArrayViewFromImage(map_), majority_of(labels, parts, whole))
    assert ct.GetPixelID() == sitk.sitkInt16
    assert map_.GetPixelID() == sitk.sitkUInt8
    assert same_geometry(ct, map_)
    for k in range(plan.slabs):
        x, y, z = ct.TransformIndexToPhysicalPoint((0, 0, k))
        assert (x, y) == (-57.0, -60.0)
        assert z == pytest.approx(210 - step / 2 + (k + 0.5) * plan.slab_mm)
    weighted = np.tensordot(parts.sum(0), hu.astype(float), 1).sum() / parts.sum() / 12
    assert float(sitk.GetArrayViewFromImage(ct).mean()) == pytest.approx(weighted, abs=20 if without_crumbs else 0.5)


def crumbs(parts, whole, slab_mm):
    return ((parts > 0) & (parts * slab_mm < 1.01 * slabs.CRUMB_MM * whole)).any()


def test_rounding_moves_the_mean_nowhere():
    """Every second mean of two slices lies halfway between two HU; always up would add 0.25 HU."""
    hu = np.random.default_rng(1).integers(-100, 200, (40, 64, 64)).astype(np.int16)
    ct = slabs.apply_ct(image_of(hu, 2.5), slabs.plan(2.5, 40, ACCEPTED))
    assert float(sitk.GetArrayViewFromImage(ct).mean()) == pytest.approx(hu.mean(), abs=0.01)


@pytest.mark.parametrize(
    ("step", "column", "expected"),
    [
        (1.6, [0, 1, 1], 1),
        (1.6, [1, 0, 0], 0),
        (1.6, [1, 0, 2], 1),  # two of three are organ, one of three is tumour
        (1.6, [0, 1, 2], 1),
        (2.5, [0, 1], 1),  # a tie: the slice above the centre
        (2.5, [1, 0], 0),
        (2.5, [1, 2], 2),
        (2.5, [2, 3], 3),
        (1.25, [0, 1, 2, 2], 2),  # organ 3 of 4; tumour 2 of 4 and in the middle slice
        (1.25, [2, 2, 1, 0], 1),
        (1.25, [2, 2, 0, 0], 0),
        (1.0, [0, 0, 1, 2, 2], 1),  # organ 3 of 5, though no label has most of the votes
        (2.0, [1, 0, 1, 0, 0], 1),  # 1, 0 and half of 1: 3 of 5 mm
        (2.0, [0, 0, 1, 1, 1], 0),
        (3.75, [1, 0, 0, 0], 1),  # 3.75 of 5 mm
        (3.75, [0, 1, 1, 1], 0),
    ],
)
def test_majority_of_a_column(step, column, expected):
    labels = np.array(column, np.uint8)[:, None, None]
    map_ = slabs.apply_labels(image_of(labels, step), slabs.plan(step, len(column), ACCEPTED))
    assert sitk.GetArrayViewFromImage(map_)[0, 0, 0] == expected


def test_an_empty_label_map_stays_empty():
    empty = image_of(np.zeros((12, 4, 4), np.uint8), 1.25)
    assert not sitk.GetArrayViewFromImage(slabs.apply_labels(empty, slabs.plan(1.25, 12, ACCEPTED))).any()


def test_oblique_slices_keep_their_places():
    turn = sitk.VersorTransform((1, 0, 0), 0.2)
    image = image_of(np.zeros((12, 4, 4), np.int16), 1.25)
    image.SetDirection(turn.GetMatrix())
    plan = slabs.plan(1.25, 12, ACCEPTED)
    ct = slabs.apply_ct(image, plan)
    assert ct.GetDirection() == image.GetDirection()
    for k in range(3):
        middle = image.TransformContinuousIndexToPhysicalPoint((2, 3, 4 * k + 1.5))
        assert ct.TransformIndexToPhysicalPoint((2, 3, k)) == pytest.approx(middle)


@pytest.mark.parametrize("step", [1.25, 1.6, 2.0, 3.75])
def test_the_grid_before_is_found_again(step):
    image = image_of(np.zeros((61, 4, 4), np.int16), step)
    plan = slabs.plan(step, 61, ACCEPTED)
    assert same_geometry(slabs.grid_before(slabs.apply_ct(image, plan), plan), image)


def test_a_plan_for_other_slices_is_a_mistake_of_the_caller():
    image = image_of(np.zeros((12, 4, 4), np.int16), 1.25)
    for other in (slabs.plan(1.25, 16, ACCEPTED), slabs.plan(1.6, 12, ACCEPTED)):
        with pytest.raises(ValueError, match="other slices"):
            slabs.apply_ct(image, other)
    with pytest.raises(ValueError, match="label 5"):
        slabs.apply_labels(image_of(np.full((12, 4, 4), 5, np.uint8), 1.25), slabs.plan(1.25, 12, ACCEPTED))


# Real CTs and sample cases


def check(ct, labels, plan):
    """Against the independent mean and majority, on every fourth pixel of every fourth row; volumes on all."""
    parts, whole = whole_numbers(plan.step_mm, plan.slices, plan.slab_mm)
    made = [sitk.GetArrayFromImage(f(i, plan)) for f, i in ((slabs.apply_ct, ct), (slabs.apply_labels, labels))]
    hu, label = (sitk.GetArrayViewFromImage(image)[:, ::4, ::4] for image in (ct, labels))
    assert np.array_equal(made[0][:, ::4, ::4], mean_of(hu, parts, whole))
    assert np.array_equal(made[1][:, ::4, ::4], majority_of(label, parts, whole))
    for value, tolerance in ((1, 0.01), (2, 0.04)):
        thin = np.count_nonzero(sitk.GetArrayViewFromImage(labels) == value) * plan.step_mm
        assert np.count_nonzero(made[1] == value) * plan.slab_mm == pytest.approx(thin, rel=tolerance)


@pytest.mark.parametrize(
    ("folder", "ct", "labels", "expected"),
    [
        ("ircad17", "dicom", "liver1_tumour2.nii.gz", (3, 4.8, 39, 3.2)),
        ("hcc005", "portal.nii.gz", "portal_rough_liver1_tumour2.nii.gz", (2, 5.0, 44, 2.5)),
    ],
)
def test_real_cts_in_slabs(shared, folder, ct, labels, expected):
    ct = read_ct(shared / folder / ct)
    segments = read_segments(shared / folder / labels, ct)
    plan = slabs.plan(ct.image.GetSpacing()[2], ct.image.GetSize()[2], ACCEPTED, findings=ct.findings)
    assert (plan.count, plan.slab_mm, plan.slabs, plan.dropped_mm) == expected
    check(ct.image, segments.labels, plan)


@pytest.mark.parametrize(
    ("step", "count", "made"),
    [
        (1.25, 4, 46),
        pytest.param(2.0, None, 46, marks=pytest.mark.slow),
        pytest.param(3.0, None, 46, marks=pytest.mark.slow),
        pytest.param(3.75, None, 45, marks=pytest.mark.slow),
    ],
)
def test_sample_cases_in_slabs(step, count, made):
    case = make_case(2000, slice_mm=step, matrix=64)
    plan = slabs.plan(case.ct.GetSpacing()[2], case.ct.GetSize()[2], ACCEPTED)
    assert (plan.count, plan.slab_mm, plan.slabs) == (count, TARGET, made)
    check(case.ct, case.labels, plan)
    assert slabs.apply_ct(case.ct, plan).GetOrigin()[2] == pytest.approx(-205 + TARGET / 2)
