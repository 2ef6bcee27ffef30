"""Texture matrices against loops that follow the definitions word by word, on random small VOIs."""

import doctest
import inspect
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from PTLFPredictorLib.measures.radiomics import textures
from PTLFPredictorLib.measures.radiomics.discretise import GreyLevels, neighbour_offsets
from PTLFPredictorLib.measures.radiomics.region import LevelMap
from PTLFPredictorLib.measures.radiomics.textures import EPSILON, glcm, gldm, glrlm, glszm, ngtdm
from PTLFPredictorLib.measures.radiomics.textures.emphasis import ExtentMatrix

ALL_26 = [offset for offset in product((-1, 0, 1), repeat=3) if any(offset)]


@st.composite
def level_arrays(draw):
    """Arrays of grey levels, 0 outside the VOI."""
    shape = draw(st.tuples(*[st.integers(1, 5)] * 3))
    highest = draw(st.sampled_from([1, 2, 3, 9, 300]))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    levels = rng.integers(1, highest + 1, shape)
    levels[rng.random(shape) < draw(st.sampled_from([0, 0.3, 0.7]))] = 0
    levels.flat[rng.integers(levels.size)] = 1
    return levels


def laid_out(levels, margin=1):
    mask = levels > 0
    box = tuple(slice(int(i.min()), int(i.max()) + 1) for i in np.nonzero(mask))
    level_map = LevelMap(mask[box], margin)
    grey = GreyLevels(levels[mask], int(levels.max()))
    return level_map.fill(grey.levels, grey.highest), level_map, grey


def at(levels, index):
    inside = all(0 <= i < n for i, n in zip(index, levels.shape, strict=True))
    return int(levels[tuple(index)]) if inside else 0


def pairs_of(matrix: ExtentMatrix):
    rows, extents = np.sqrt(matrix._i2).round().astype(int), np.sqrt(matrix._j2).round().astype(int)
    return {(int(i), int(j)): int(c) for i, j, c in zip(rows, extents, matrix._p, strict=True)}


@settings(max_examples=60)
@given(level_arrays())
def test_cooccurrence_counts_neighbours_in_both_directions(levels):
    flat, level_map, grey = laid_out(levels)
    offsets = neighbour_offsets((1,), level_map.box_shape)
    for offset, found in zip(offsets, glcm.cooccurrences(flat, level_map, grey, offsets), strict=True):
        expected = np.zeros((grey.highest + 1, grey.highest + 1), dtype=int)
        for index in np.argwhere(levels):
            for sign in (1, -1):
                neighbour = at(levels, index + sign * np.array(offset))
                expected[levels[tuple(index)], neighbour] += neighbour > 0
        np.testing.assert_array_equal(found, expected[np.ix_(grey.present, grey.present)])


@settings(max_examples=60)
@given(level_arrays(), st.sampled_from([0, 1, 2]))
def test_dependence_counts_similar_neighbours_and_the_voxel_itself(levels, alpha):
    flat, level_map, grey = laid_out(levels)
    expected = {}
    for index in np.argwhere(levels):
        own = int(levels[tuple(index)])
        neighbours = [at(levels, index + np.array(offset)) for offset in ALL_26]
        key = own, 1 + sum(1 for other in neighbours if other and abs(other - own) <= alpha)
        expected[key] = expected.get(key, 0) + 1
    offsets = neighbour_offsets((1,), level_map.box_shape)
    assert pairs_of(gldm.dependence(flat, level_map, grey, offsets, alpha)) == expected


@settings(max_examples=60)
@given(level_arrays(), st.sampled_from([1, 2]))
def test_runs_are_maximal_rows_of_one_level(levels, margin):
    """Along every offset; None along one where no line meets the VOI twice, with or without a gap between."""
    flat, level_map, grey = laid_out(levels, margin)
    offsets = neighbour_offsets((1,), (9, 9, 9))
    for offset, found in zip(offsets, glrlm.run_lengths(flat, level_map, grey, offsets), strict=True):
        step, expected, line_of = np.array(offset), {}, {}
        for index in np.argwhere(levels):
            own, start = levels[tuple(index)], index
            if at(levels, index - step) != own:
                length = 1
                while at(levels, index + length * step) == own:
                    length += 1
                expected[int(own), length] = expected.get((int(own), length), 0) + 1
            while all(0 <= i < n for i, n in zip(start - step, levels.shape, strict=True)):
                start = start - step
            line_of.setdefault(tuple(start), []).append(tuple(index))
        assert (found is None) == (max(map(len, line_of.values())) == 1)
        assert found is None or pairs_of(found) == expected


def test_voxels_with_a_gap_between_them_are_two_runs_on_one_line():
    flat, level_map, grey = laid_out(np.array([[[4, 0, 4]]]))
    (along_x, along_y) = glrlm.run_lengths(flat, level_map, grey, [(0, 0, 1), (0, 1, 0)])
    assert pairs_of(along_x) == {(4, 1): 2}
    assert along_y is None


@settings(max_examples=120)
@given(level_arrays(), st.sampled_from([None, 0, 1, 2]), st.sampled_from([1, 2]))
def test_zones_are_connected_voxels_of_one_level(levels, across, margin):
    """In space or, with `across` an axis, in the planes across it; whatever margin other matrices need."""
    from scipy import ndimage

    touching = np.ones((3, 3, 3))
    if across is not None:
        np.moveaxis(touching, across, 0)[[0, 2]] = 0
    expected = {}
    for level in np.unique(levels[levels > 0]):
        labels, number = ndimage.label(levels == level, structure=touching)
        for size in np.bincount(labels.ravel(), minlength=number + 1)[1:]:
            expected[int(level), int(size)] = expected.get((int(level), int(size)), 0) + 1
    flat, level_map, _ = laid_out(levels, margin)
    offsets = neighbour_offsets((1,), level_map.box_shape, across)
    assert pairs_of(glszm.zones(flat, level_map, offsets)) == expected


@given(st.integers(1, 40), st.integers(0, 80), st.integers(0, 2**32 - 1))
def test_components_are_those_of_a_search_through_the_graph(size, number, seed):
    from scipy.sparse import coo_array, csgraph

    first, second = np.random.default_rng(seed).integers(0, size, (2, number))
    found, component = glszm.components(size, first, second)
    graph = coo_array((np.ones(number), (first, second)), shape=(size, size))
    expected, searched = csgraph.connected_components(graph, directed=False)
    assert found == expected
    assert len(np.unique(np.stack([component, searched]), axis=1).T) == expected  # one name each, no more
    assert sorted(set(component.tolist())) == list(range(found))


def test_long_zones_that_wind_through_space_are_one():
    """A chequered volume holds two zones, a spiral one: no link that matters is left out as superfluous."""
    chequered = np.indices((6, 7, 8)).sum(axis=0) % 2 + 1
    assert zones_of(chequered) == {(1, 168): 1, (2, 168): 1}
    spiral = np.full((9, 9, 9), 2)
    spiral[4] = 3
    spiral[4, 0, :] = spiral[4, :, 8] = spiral[4, 8, :] = spiral[4, 2:, 0] = spiral[4, 2, :7] = spiral[4, 2:7, 6] = 1
    assert zones_of(spiral) == {(1, int((spiral == 1).sum())): 1, (2, 324): 2, (3, int((spiral == 3).sum())): 1}


def zones_of(levels):
    flat, level_map, _ = laid_out(levels)
    return pairs_of(glszm.zones(flat, level_map, neighbour_offsets((1,), level_map.box_shape)))


@settings(max_examples=60)
@given(level_arrays(), st.sampled_from([(1,), (2,), (1, 2), (1, 3)]), st.sampled_from([None, 0, 1, 2]))
def test_tone_difference_is_the_distance_to_the_mean_of_the_neighbours(levels, distances, across):
    """Neighbours at any of some distances, in space or in the planes across an axis."""
    flat, level_map, grey = laid_out(levels, max(distances))
    offsets = neighbour_offsets(distances, level_map.box_shape, across)
    matrix = ngtdm.tone_differences(flat, level_map, grey, offsets)
    reach = range(-max(distances), max(distances) + 1)
    around = [np.array(o) for o in product(reach, repeat=3) if max(map(abs, o)) in distances]
    around = [offset for offset in around if across is None or offset[across] == 0]
    for level, share, total in zip(grey.present, matrix._p, matrix._s, strict=True):
        expected = 0.0
        for index in np.argwhere(levels == level):
            neighbours = [n for offset in around if (n := at(levels, index + offset))]
            expected += abs(level - np.mean(neighbours)) if neighbours else 0
        assert total == pytest.approx(expected, abs=1e-9)
        assert share == pytest.approx(np.mean(levels[levels > 0] == level))


def test_offsets_of_distance_two_are_the_next_shell():
    assert len(neighbour_offsets((1,), (9, 9, 9))) == 13
    assert len(neighbour_offsets((2,), (9, 9, 9))) == 49
    assert len(neighbour_offsets((1, 2), (9, 9, 9))) == 62
    assert neighbour_offsets((1,), (1, 9, 9)) == [(0, 1, 1), (0, 1, 0), (0, 1, -1), (0, 0, 1)]
    assert neighbour_offsets((1,), (9, 9, 9), across=0) == neighbour_offsets((1,), (1, 9, 9))


# A matrix worked out by hand: levels 1 and 3 side by side in two rows,   1 3
# one direction (rows down):                                              3 3
BY_HAND = glcm.Cooccurrence(np.array([[0, 1], [1, 2]]), np.array([1, 3]), 3)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Autocorrelation", (3 + 3 + 2 * 9) / 4),
        ("JointAverage", 2.5),
        ("SumAverage", 5.0),
        ("Contrast", 2.0),
        ("DifferenceAverage", 1.0),
        ("DifferenceVariance", 1.0),
        ("DifferenceEntropy", -2 * 0.5 * np.log2(0.5 + EPSILON)),
        ("SumEntropy", 1.0),
        ("JointEnergy", 2 / 16 + 4 / 16),
        ("JointEntropy", 1.5),
        ("MaximumProbability", 0.5),
        ("SumSquares", 0.75),
        ("ClusterTendency", 1.0),
        ("ClusterShade", 0.0),
        ("ClusterProminence", 1.0),
        ("Correlation", -1 / 3),
        ("Id", 0.5 + 0.5 / 3),
        ("Idm", 0.5 + 0.5 / 5),
        ("Idn", 0.5 + 0.5 / (1 + 2 / 3)),
        ("Idmn", 0.5 + 0.5 / (1 + 4 / 9)),
        ("InverseVariance", 0.5 / 4),
        ("MCC", 1 / 3),
    ],
)
def test_cooccurrence_features_by_hand(name, expected):
    assert glcm.FEATURES[name](BY_HAND) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_information_correlations_by_hand():
    single, joint = 0.25 * 2 + 0.75 * np.log2(4 / 3), 1.5
    assert glcm.FEATURES["Imc1"](BY_HAND) == pytest.approx((joint - 2 * single) / single, rel=1e-12)
    assert glcm.FEATURES["Imc2"](BY_HAND) == pytest.approx(np.sqrt(1 - np.exp(-2 * (2 * single - joint))), rel=1e-12)


def test_extent_features_by_hand():
    matrix = ExtentMatrix(np.array([1, 1, 3]), np.array([1, 2, 2]), np.array([4, 1, 3]))
    assert matrix.small_extent() == pytest.approx((4 + 1 / 4 + 3 / 4) / 8)
    assert matrix.large_extent() == pytest.approx((4 + 4 + 12) / 8)
    assert matrix.low_level() == pytest.approx((5 + 3 / 9) / 8)
    assert matrix.high_level() == pytest.approx((5 + 27) / 8)
    assert matrix.small_extent_low_level() == pytest.approx((4 + 1 / 4 + 3 / 36) / 8)
    assert matrix.small_extent_high_level() == pytest.approx((4 + 1 / 4 + 27 / 4) / 8)
    assert matrix.large_extent_low_level() == pytest.approx((4 + 4 + 12 / 9) / 8)
    assert matrix.large_extent_high_level() == pytest.approx((4 + 4 + 108) / 8)
    assert matrix.level_nonuniformity() == pytest.approx((25 + 9) / 8)
    assert matrix.extent_nonuniformity() == pytest.approx((16 + 16) / 8)
    assert matrix.extent_nonuniformity_normalised() == pytest.approx(32 / 64)
    assert matrix.percentage() == pytest.approx(8 / 12)
    assert matrix.level_variance() == pytest.approx(np.var([1] * 5 + [3] * 3))
    assert matrix.extent_variance() == pytest.approx(np.var([1] * 4 + [2] * 4))
    assert matrix.entropy() == pytest.approx(0.5 + 3 / 8 + 3 / 8 * np.log2(8 / 3))


def test_flat_voi_has_the_values_that_pyradiomics_gives_it():
    levels = np.ones((3, 3, 3), dtype=int)
    flat, level_map, grey = laid_out(levels)
    offsets = neighbour_offsets((1,), level_map.box_shape)
    found = glcm.features(flat, level_map, grey, offsets, list(glcm.FEATURES))
    assert (found["Correlation"], found["MCC"], found["Imc2"]) == (1.0, 1.0, 0.0)
    assert (found["Contrast"], found["ClusterShade"], found["JointEnergy"]) == (0.0, 0.0, 1.0)
    assert found["Imc1"] == pytest.approx(0, abs=1e-12)
    tones = ngtdm.tone_differences(flat, level_map, grey, offsets)
    values = {name: function(tones) for name, function in ngtdm.FEATURES.items()}
    assert values == {"Busyness": 0.0, "Coarseness": 1e6, "Complexity": 0.0, "Contrast": 0.0, "Strength": 0.0}


# ---- what is written beside the formulas


def test_the_worked_example_is_true():
    tried = doctest.testmod(textures)
    assert (tried.attempted, tried.failed) == (13, 0)


@pytest.mark.parametrize("matrix", [glcm.Cooccurrence, ExtentMatrix, ngtdm.ToneDifference])
def test_every_texture_says_how_it_is_computed_and_what_it_means(matrix):
    public = [function for name, function in vars(matrix).items() if inspect.isfunction(function) and name[0] != "_"]
    assert len(public) >= 5
    for function in public:
        formula, _, meaning = inspect.getdoc(function).partition(".  ")
        assert formula
        assert len(meaning.split()) > 4, function.__qualname__
