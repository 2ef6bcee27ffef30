"""A model of several steps: where a later one looks, what becomes of what each drew, and what is said of it."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from PTLFPredictorLib.errors import Cancelled
from PTLFPredictorLib.segmentation import chain, chain_words
from PTLFPredictorLib.segmentation.device import Device
from PTLFPredictorLib.segmentation.how import How
from PTLFPredictorLib.segmentation.model_steps import Crop, Step
from PTLFPredictorLib.segmentation.origin import Drawn, Known, Origin
from PTLFPredictorLib.segmentation.worker import Run, run_steps

SPACING = (0.7, 0.9, 5.0)
LIVER, LESIONS, BOTH = {"parenchyma": (5,)}, {"tumor": (1,)}, {"parenchyma": (1,), "tumor": (2,)}


def image_of(array, spacing=SPACING) -> sitk.Image:
    image = sitk.GetImageFromArray(np.asarray(array, np.uint8))
    image.SetSpacing(spacing)
    return image


def array_of(image: sitk.Image) -> np.ndarray:
    return sitk.GetArrayFromImage(image)


def blank(shape=(12, 40, 50)) -> np.ndarray:
    return np.zeros(shape, np.uint8)


# The box of a step


@pytest.mark.parametrize(("margin_mm", "voxels"), [(0, (0, 0, 0)), (4.9, (7, 5, 0)), (5, (7, 5, 1)), (10, (14, 11, 2))])
def test_the_margin_is_in_mm_on_each_axis(margin_mm, voxels):
    drawn = blank()
    drawn[5:7, 15:25, 20:22] = 1
    box = chain.box_around(image_of(drawn), margin_mm)
    assert box.start == (20 - voxels[0], 15 - voxels[1], 5 - voxels[2])
    assert box.stop == (22 + voxels[0], 25 + voxels[1], 7 + voxels[2])


def test_a_margin_of_whole_slices_is_not_lost_to_rounding():
    drawn = blank()
    drawn[5, 5, 5] = 2
    for spacing in (2.5000001, 2.5, 2.4999999):
        assert chain.box_around(image_of(drawn, (1, 1, spacing)), 10).start == (0, 0, 1)


def test_the_box_ends_at_the_image():
    drawn = blank()
    drawn[0, 3, 49] = 1
    box = chain.box_around(image_of(drawn), 30)
    assert (box.start, box.stop) == ((7, 0, 0), (50, 37, 7))


def test_nothing_has_no_box():
    assert chain.box_around(image_of(blank()), 10) is None


def test_a_part_comes_back_to_its_place_and_nowhere_else():
    ct = image_of(np.arange(12 * 40 * 50).reshape(12, 40, 50) % 251)
    ct.SetOrigin((5, -20, 100))
    box = chain.Box((3, 4, 5), (13, 24, 8))
    part = chain.cut(ct, box)
    assert part.GetOrigin() == ct.TransformIndexToPhysicalPoint((3, 4, 5))
    back = chain.put_back(part, box, ct)
    expected = np.zeros_like(array_of(ct))
    expected[5:8, 4:24, 3:13] = array_of(ct)[5:8, 4:24, 3:13]
    assert (array_of(back) == expected).all()
    assert back.GetOrigin() == ct.GetOrigin()


# What becomes of what was drawn


def liver_and_lesions() -> tuple[np.ndarray, np.ndarray]:
    liver, lesions = blank(), blank()
    liver[2:10, 10:30, 10:30] = 1
    return liver, lesions


def joined(*drawn: np.ndarray):
    labels, fates = chain.join([image_of(one) for one in drawn])
    return array_of(labels), fates


VOXEL_ML = math.prod(SPACING) / 1000


def test_a_lesion_inside_is_tumour_and_the_rest_parenchyma():
    liver, lesions = liver_and_lesions()
    lesions[4:6, 15:20, 15:20] = 2
    labels, fates = joined(liver, lesions)
    assert (labels == np.where(lesions == 2, 2, liver)).all()
    assert fates == (chain.Fate(), chain.Fate())


def test_a_lesion_partly_outside_is_kept_whole_and_counts_into_the_liver():
    liver, lesions = liver_and_lesions()
    lesions[4:6, 15:20, 25:36] = 2
    labels, fates = joined(liver, lesions)
    assert (labels[lesions == 2] == 2).all()
    assert np.count_nonzero(labels) == np.count_nonzero(liver) + 2 * 5 * 6
    assert fates[1] == chain.Fate(0.0, 0, pytest.approx(60 * VOXEL_ML))


def test_a_lesion_that_touches_the_liver_at_a_corner_alone_is_kept():
    liver, lesions = liver_and_lesions()
    lesions[10, 30, 30] = 2
    labels, _ = joined(liver, lesions)
    assert labels[10, 30, 30] == 2


def test_a_lesion_one_voxel_away_is_dropped_and_told():
    liver, lesions = liver_and_lesions()
    lesions[4:6, 15:20, 31:36] = 2
    lesions[4, 2, 2] = 2
    labels, fates = joined(liver, lesions)
    assert (labels == liver).all()
    assert fates == (chain.Fate(), chain.Fate(pytest.approx(51 * VOXEL_ML), 2, 0.0))


def test_a_lesion_that_the_liver_step_left_out_as_a_hole_is_not_outside():
    liver, lesions = liver_and_lesions()
    lesions[4:6, 15:20, 15:20] = 2
    labels, fates = joined(np.where(lesions == 2, 0, liver), lesions)
    assert (labels == np.where(lesions == 2, 2, liver)).all()
    assert fates[1] == chain.Fate()


def test_two_steps_that_draw_liver_are_one_liver():
    left, right = blank(), blank()
    left[2:6, 10:20, 10:20], right[2:6, 10:20, 18:30] = 1, 1
    right[3, 12, 29] = 2
    labels, _ = joined(left, right)
    assert (labels > 0).sum() == 4 * 10 * 20
    assert labels[3, 12, 29] == 2


def test_where_nothing_was_drawn_nothing_is_there():
    labels, fates = joined(blank(), blank())
    assert not labels.any()
    assert fates == (chain.Fate(), chain.Fate())


shape = (3, 5, 6)
masks = arrays(np.uint8, shape, elements=st.integers(0, 2))


@settings(max_examples=15)
@given(masks, masks)
def test_the_rule_by_another_way(first, second):
    """Of scipy's pieces of the union, whole ones that touch the dilated liver are tumour; nothing else is."""
    organ = (first == 1) | (second == 1)
    pieces, count = ndimage.label((first == 2) | (second == 2), np.ones((3, 3, 3)))
    near = ndimage.binary_dilation(organ, np.ones((3, 3, 3)))
    kept = np.zeros(shape, bool)
    for number in range(1, count + 1):
        if near[pieces == number].any():
            kept |= pieces == number
    labels, fates = joined(first, second)
    assert (labels == np.where(kept, 2, organ)).all()
    for own, fate in zip((first == 2, second == 2), fates, strict=True):
        assert fate.dropped_ml == pytest.approx(np.count_nonzero(own & ~kept) * VOXEL_ML)


# The run


class Stubs:
    """Networks by the name of their step: each takes the CT that it gets and returns labels, (z, y, x)."""

    def __init__(self, **draw):
        self.draw, self.seen, self.organ = draw, {}, {}

    def facts(self, step):
        return SimpleNamespace(axes=lambda said: said or "LPS", notes=())

    def converted_key(self, step):
        return "never converted"

    def get(self, step, how, found=None):
        def predict(ct, *, progress, organ, **told):
            self.seen[step.name] = ct
            self.organ[step.name] = organ
            progress("Tiles", 0, 2)
            labels = self.draw[step.name](ct)
            progress("Tiles", 2, 2)
            return SimpleNamespace(labels=labels, settings={"device": how.device})

        return SimpleNamespace(predict=predict)


def step(name, roles, **more) -> Step:
    return Step(name, f"The model of {name}", Path("no folder"), "0" * 64, roles, **more)


CHAIN = (step("liver", LIVER), step("lesions", LESIONS, crop=Crop("liver", 10)))


def ct_image() -> sitk.Image:
    return image_of(np.arange(12 * 40 * 50).reshape(12, 40, 50) % 200)


def run_of(networks, events=None) -> Run:
    events = [] if events is None else events
    return Run(networks, events.append, Device("cpu", "chosen"), {}, How(runtime="torch"))


def block(z, y, x, value):
    def draw(ct):
        labels = np.zeros(ct.GetSize()[::-1], np.uint8)
        labels[slice(*z), slice(*y), slice(*x)] = value
        return labels

    return draw


def test_a_cropped_step_sees_the_box_of_the_earlier_one_and_draws_in_it():
    networks = Stubs(liver=block((4, 8), (15, 25), (20, 30), 5), lesions=block((2, 4), (12, 15), (15, 18), 1))
    ct = ct_image()
    labels, told = run_steps(run_of(networks), CHAIN, ct)
    seen = networks.seen["lesions"]
    assert seen.GetSize() == (38, 32, 8)
    assert (array_of(seen) == array_of(ct)[2:10, 4:36, 6:44]).all()
    assert (np.argwhere(array_of(labels) == 2).min(0) == (4, 16, 21)).all()
    assert (array_of(labels) > 0).sum() == 4 * 10 * 10
    assert told[0].keys() & {"box", "crop"} == set()
    assert told[1]["box"] == [[6, 4, 2], [44, 36, 10]]
    assert told[1]["crop"] == {"of": "liver", "margin_mm": 10}
    assert told[0]["volumes_ml"] == {"parenchyma": pytest.approx(400 * VOXEL_ML)}
    assert told[1]["volumes_ml"] == {"tumor": pytest.approx(18 * VOXEL_ML)}


def test_in_a_long_scan_only_what_draws_the_liver_looks_near_it_alone():
    """Near the largest lesion alone, the others would be missed."""
    networks = Stubs(liver=block((4, 8), (15, 25), (20, 30), 5), lesions=block((2, 4), (12, 15), (15, 18), 1))
    run_steps(run_of(networks), CHAIN, ct_image())
    assert networks.organ == {"liver": [5], "lesions": []}
    both = Stubs(both=block((4, 8), (15, 25), (20, 30), 1))
    run_steps(run_of(both), (step("both", BOTH),), ct_image())
    assert both.organ == {"both": [1, 2]}


def test_a_cropped_step_gets_its_own_axes():
    """RAS: its first voxel is the one most to the left, the back and the feet of the box."""
    networks = Stubs(liver=block((4, 8), (15, 25), (20, 30), 5), lesions=block((0, 1), (0, 1), (0, 1), 1))
    steps = (CHAIN[0], step("lesions", LESIONS, crop=Crop("liver", 0), orientation="RAS"))
    labels, _ = run_steps(run_of(networks), steps, ct_image())
    assert np.argwhere(array_of(labels) == 2).tolist() == [[4, 24, 29]]


def test_stages_name_their_step():
    events = []
    networks = Stubs(liver=block((4, 8), (15, 25), (20, 30), 5), lesions=block((2, 4), (12, 15), (15, 18), 1))
    run_steps(run_of(networks, events), CHAIN, ct_image())
    stages = [event["stage"] for event in events if event["event"] == "progress"]
    assert list(dict.fromkeys(stages)) == [
        "Liver (1 of 2): loading the model",
        "Liver (1 of 2): tiles",
        "Liver (1 of 2): finishing",
        "Lesions (2 of 2): loading the model",
        "Lesions (2 of 2): tiles",
        "Lesions (2 of 2): finishing",
    ]


def test_a_model_of_one_step_is_as_before():
    events = []
    networks = Stubs(model=block((4, 8), (15, 25), (20, 30), 2))
    labels, (told,) = run_steps(run_of(networks, events), (step("model", BOTH),), ct_image())
    assert (array_of(labels) == 2).sum() == 400  # a tumour that touches no liver is for the checks to find
    assert {event["stage"] for event in events} == {"Loading the model", "Tiles", "Finishing"}
    assert "dropped_ml" not in told


def test_without_a_liver_the_lesions_step_does_not_run_and_it_is_said():
    networks = Stubs(liver=block((0, 0), (0, 0), (0, 0), 5), lesions=None)
    labels, told = run_steps(run_of(networks), CHAIN, ct_image())
    assert not array_of(labels).any()
    assert told[1] == {
        "name": "lesions",
        "title": "The model of lesions",
        "skipped": "the step before it ('Liver') found nothing to look around",
    }


def test_the_first_liver_is_not_lost_where_a_later_step_finds_none():
    networks = Stubs(coarse=block((4, 8), (15, 25), (20, 30), 5), fine=block((0, 0), (0, 0), (0, 0), 5), lesions=None)
    fine, lesions = step("fine", LIVER, crop=Crop("coarse", 5)), step("lesions", LESIONS, crop=Crop("fine", 5))
    steps = (step("coarse", LIVER), fine, lesions)
    labels, told = run_steps(run_of(networks), steps, ct_image())
    assert (array_of(labels) == 1).sum() == 400
    assert "skipped" in told[2]


def test_a_step_of_lesions_without_a_crop_does_not_run_without_a_liver_either():
    networks = Stubs(liver=block((0, 0), (0, 0), (0, 0), 5), lesions=None)
    _, told = run_steps(run_of(networks), (CHAIN[0], step("lesions", LESIONS)), ct_image())
    assert told[1]["skipped"] == "the steps before it found no liver"


def test_lesions_may_come_first():
    networks = Stubs(lesions=block((5, 6), (16, 18), (21, 23), 1), liver=block((4, 8), (15, 25), (20, 30), 5))
    labels, _ = run_steps(run_of(networks), (step("lesions", LESIONS), CHAIN[0]), ct_image())
    assert (array_of(labels) == 2).sum() == 4


def test_the_largest_piece_is_of_the_step_alone():
    two = blank()
    two[4:8, 15:25, 20:30], two[1, 1:3, 1:3] = 5, 5
    networks = Stubs(liver=lambda ct: two, lesions=block((0, 1), (0, 1), (0, 1), 1))
    steps = (step("liver", LIVER, largest_organ_only=True), step("lesions", LESIONS, crop=Crop("liver", 0)))
    labels, told = run_steps(run_of(networks), steps, ct_image())
    assert np.count_nonzero(array_of(labels)) == 400
    assert told[1]["box"] == [[20, 15, 4], [30, 25, 8]]


@pytest.mark.parametrize("stage", ["Liver (1 of 2): tiles", "Lesions (2 of 2): loading the model"])
def test_it_can_be_cancelled_in_every_step(stage):
    def emit(event):
        if event.get("stage") == stage:
            raise Cancelled()

    networks = Stubs(liver=block((4, 8), (15, 25), (20, 30), 5), lesions=block((2, 4), (12, 15), (15, 18), 1))
    with pytest.raises(Cancelled):
        run_steps(Run(networks, emit, Device("cpu", "chosen"), {}, How(runtime="torch")), CHAIN, ct_image())


# What is said


def origin_of(*told, for_patients=True, warning="Nobody has validated a Radscore on these masks.", says=("", "")):
    steps = [
        {"name": one.name, "title": one.title, "weights_sha256": "", "roles": dict(one.label_roles), "says": text}
        for one, text in zip(CHAIN, says, strict=True)
    ]
    model = {"id": "c", "title": "Chain", "for_patients": for_patients, "warning": warning, "steps": steps}
    return Origin(Drawn.MODEL, Known.RUN, model, run={"steps": list(told)} if told else {})


TOLD = (
    {"name": "liver", "volumes_ml": {"parenchyma": 1590.4}, "dropped_ml": 0.0, "dropped_pieces": 0, "beyond_ml": 0.0},
    {
        "name": "lesions",
        "volumes_ml": {"tumor": 12.0},
        "dropped_ml": 2.0,
        "dropped_pieces": 3,
        "beyond_ml": 4.0,
        "crop": {"of": "liver", "margin_mm": 10.0},
    },
)


def codes(origin):
    return {finding.code: finding.level for finding in chain_words.findings(origin)}


def test_which_step_drew_what_is_said_in_words():
    assert chain_words.lines(origin_of(*TOLD)) == (
        "Liver (The model of liver) drew the liver: 1590.4 mL in the whole CT.",
        "Lesions (The model of lesions) drew the tumours: 12.0 mL in the box 10 mm around 'Liver'. 4.0 mL of it lies "
        "outside of what was drawn as liver and counts into the liver.",
    )


def test_of_segments_that_were_read_it_is_said_as_far_as_it_is_known():
    assert chain_words.lines(origin_of()) == (
        "Liver (The model of liver) drew the liver.",
        "Lesions (The model of lesions) drew the tumours.",
    )
    assert chain_words.lines(Origin()) == ()


def test_pieces_that_were_left_out_are_a_note():
    found = {finding.code: finding for finding in chain_words.findings(origin_of(*TOLD))}
    assert found["tumor_left_out"].level == "warn"
    assert found["tumor_left_out"].message == (
        "Lesions: 3 pieces, 2.0 mL in all, touch the liver nowhere and were left out."
    )
    none = {**TOLD[1], "dropped_ml": 0.0, "dropped_pieces": 0}
    assert "tumor_left_out" not in codes(origin_of(TOLD[0], none))


def test_a_tumour_mostly_outside_is_a_note_and_one_mostly_inside_is_none():
    assert "tumor_beyond_liver" not in codes(origin_of(*TOLD))  # 4 of 10 mL
    (found,) = (
        finding
        for finding in chain_words.findings(origin_of(TOLD[0], {**TOLD[1], "beyond_ml": 5.1}))
        if finding.code == "tumor_beyond_liver"
    )
    assert (found.level, found.message) == (
        "warn",
        "Lesions: 5.1 mL of 10.0 mL lie outside of what was drawn as liver. Does that belong to the liver?",
    )


def test_a_step_that_did_not_run_withholds():
    skipped = {"name": "lesions", "skipped": "the step before it ('Liver') found nothing to look around"}
    origin = origin_of(TOLD[0], skipped)
    assert codes(origin)["step_skipped"] == "withhold"
    assert chain_words.lines(origin)[1] == (
        "Lesions (The model of lesions) did not run: the step before it ('Liver') found nothing to look around."
    )


def test_what_the_model_and_its_steps_say_is_a_note_wherever_its_masks_go():
    found = chain_words.findings(origin_of(says=("", "It also marks benign lesions.")))
    assert [(one.code, one.level) for one in found] == [("model_said", "warn")]
    assert found[0].message == (
        "Nobody has validated a Radscore on these masks. Lesions: It also marks benign lesions."
    )
    assert codes(origin_of(warning="")) == {}
    assert codes(Origin(Drawn.HAND, Known.READER)) == {}


def test_a_warning_of_a_model_that_is_not_for_patients_is_not_said_twice():
    assert codes(origin_of(for_patients=False)) == {}
