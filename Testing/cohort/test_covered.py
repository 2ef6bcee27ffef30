"""What evidence covers: what enough cases have, not what one of them has."""

import pytest

from PTLFPredictorLib.cohort import covered
from PTLFPredictorLib.cohort.extraction import ObservedCase, ObservedMask
from PTLFPredictorLib.ct import ContrastPhase
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.signature.evidence import ObservedMasks

PORTAL = ContrastPhase.PORTAL_VENOUS
USUAL = ObservedCase(PORTAL, 5.0, 0.75, 120.0, "soft")
RARE = ObservedCase(ContrastPhase.ARTERIAL, 1.0, 0.4, 80.0, "lung", True, True)
MODEL, OTHER = "a" * 64, "b" * 64


@pytest.mark.parametrize(("rare", "seen"), [(4, False), (5, True)])
def test_five_of_a_hundred_cases_are_covered_and_four_are_not(rare, seen):
    found = covered.protocol([USUAL] * (100 - rare) + [RARE] * rare)
    assert (found.slice_thickness_mm[0], found.in_plane_spacing_mm[0]) == ((1.0, 0.4) if seen else (5.0, 0.75))
    assert (found.slice_thickness_mm[1], found.in_plane_spacing_mm[1]) == (5.0, 0.75)
    assert (80.0 in found.kvp, "lung" in found.kernels, found.saturated_hu, found.fractional_hu) == (seen,) * 4
    assert (ContrastPhase.ARTERIAL in found.phase) is seen


def test_the_upper_ends_likewise():
    thick = ObservedCase(PORTAL, 10.0, 0.9, 120.0, "soft")
    assert covered.protocol([USUAL] * 96 + [thick] * 4).slice_thickness_mm == (5.0, 5.0)
    assert covered.protocol([USUAL] * 95 + [thick] * 5).slice_thickness_mm == (5.0, 10.0)


def test_a_voltage_and_a_kernel_count_among_the_cases_that_say_one():
    silent = ObservedCase(PORTAL, 5.0, 0.75)
    found = covered.protocol([silent] * 99 + [USUAL])
    assert (found.kvp, found.kernels) == ((120.0,), ("soft",))


@pytest.mark.parametrize(("rare", "seen"), [(4, False), (5, True)])
def test_masks_of_few_cases_are_not_covered(rare, seen):
    usual = [ObservedMask(MODEL)] * (100 - rare)
    assert covered.masks(usual + [ObservedMask(by_hand=True)] * rare).by_hand is seen
    assert (OTHER in covered.masks(usual + [ObservedMask(OTHER)] * rare).models) is seen
    assert covered.masks(usual + [ObservedMask(MODEL, changed=0.6)] * rare).edited_share == (0.6 if seen else 0.0)


def test_short_and_whole_hashes_are_one_model():
    assert covered.masks([ObservedMask(MODEL[:20]), ObservedMask(MODEL)]) == ObservedMasks((MODEL,))
    assert covered.masks([ObservedMask(MODEL[:20]), ObservedMask(OTHER)]) == ObservedMasks((MODEL[:20], OTHER))


def test_of_few_cases_each_counts():
    found = covered.protocol([USUAL, ObservedCase(PORTAL, 4.8, 0.8)])
    assert (found.slice_thickness_mm, found.in_plane_spacing_mm) == ((4.8, 5.0), (0.75, 0.8))
    assert covered.masks([]) == ObservedMasks()
    with pytest.raises(BadInput, match="No case is left"):
        covered.protocol([])
