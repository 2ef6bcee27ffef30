"""Grey levels and first-order features."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.measures.radiomics.discretise import BLOCK, bin_edges, direction_weights, discretise
from PTLFPredictorLib.measures.radiomics.firstorder import FEATURES, FirstOrder, summed


def levels_of(values, bin_width=25.0, bin_count=None):
    return discretise(np.asarray(values), bin_width, bin_count, "original").levels.tolist()


def test_bins_are_multiples_of_the_width_and_the_lowest_is_one():
    assert levels_of([54, 74, 75, 166]) == [1, 1, 2, 5]  # edges 50, 75, 100, 125, 150, 175
    assert levels_of([-30.0, -25.0, -0.001, 0.0, 24.999]) == [1, 2, 2, 3, 3]


def test_bin_count_divides_the_range_and_includes_the_maximum():
    assert levels_of([0, 1, 5, 9, 10], bin_width=None, bin_count=5) == [1, 1, 3, 5, 5]
    assert levels_of([7, 7, 7], bin_width=None, bin_count=5) == [3, 3, 3]


def test_a_flat_voi_has_one_level():
    assert levels_of([60, 60, 60]) == [1, 1, 1]
    assert levels_of([75.0, 75.0]) == [1, 1]


@pytest.mark.parametrize(("spread", "count"), [(0, 300), (0, 9000), (0.01, 64), (2, 256), (2, 5000), (600, 9000)])
@pytest.mark.parametrize("around", [-300, 345.7, 1000])
def test_in_single_precision_many_bins_of_a_nearly_even_voi_are_numpys(spread, count, around):
    values = (around + spread * np.random.default_rng(1).random(500)).astype(np.float32)
    edges = bin_edges(values, None, count)
    assert levels_of(values, None, count) == np.digitize(values, edges).tolist()


@settings(max_examples=300)
@given(
    values=st.lists(st.floats(-3000, 3000, width=32), min_size=1, max_size=30),
    dtype=st.sampled_from([np.int16, np.float32, np.float64]),
    width=st.sampled_from([0.7, 1.0, 5.0, 25.0, 1000.0]),
)
def test_levels_are_what_numpy_digitize_gives(values, dtype, width):
    values = np.array(values).astype(dtype)
    edges = bin_edges(values, width, None)
    found = discretise(values, width, None, "original")
    np.testing.assert_array_equal(found.levels, np.digitize(values, edges))
    assert found.highest == found.levels.max()
    assert found.counts.sum() == values.size
    np.testing.assert_array_equal(found.present, np.unique(found.levels))


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.float64])
def test_levels_of_many_voxels_are_what_numpy_digitize_gives(dtype):
    values = np.random.default_rng(1).normal(100, 300, 3 * BLOCK + 5).astype(dtype)
    found = discretise(values, 0.7, None, "original")
    np.testing.assert_array_equal(found.levels, np.digitize(values, bin_edges(values, 0.7, None)))
    assert found.levels.dtype == np.uint16
    assert found.highest > 255  # one byte would not do


def test_too_many_grey_levels_name_the_setting_and_the_image():
    with pytest.raises(BadInput, match=r"bin_width of 0\.1 gives 40950 grey levels in the filtered image 'square'"):
        discretise(np.array([-1024.0, 3071.0]), 0.1, None, "square")
    with pytest.raises(BadInput, match="bin_count of 20000 gives 20000 grey levels"):
        discretise(np.array([-1024.0, 3071.0]), None, 20000, "square")


def test_voxels_without_a_value_get_the_level_behind_the_last_edge():
    values = np.array([1.0, np.nan, 30.0])
    assert levels_of(values) == [1, np.digitize(np.nan, bin_edges(values[[0, 2]], 25.0, None)), 2]
    with pytest.raises(BadInput, match="'lbp-3D-k' has no finite values"):
        discretise(np.array([np.nan]), 25.0, None, "lbp-3D-k")


def test_direction_weights_are_lengths_in_mm():
    offsets = [(1, 1, 0), (0, 0, 1)]
    spacing = (4.0, 3.0, 2.0)
    assert direction_weights(offsets, spacing, "euclidean").tolist() == [5.0, 2.0]
    assert direction_weights(offsets, spacing, "manhattan").tolist() == [7.0, 2.0]
    assert direction_weights(offsets, spacing, "infinity").tolist() == [4.0, 2.0]
    assert direction_weights(offsets, spacing, "no_weighting").tolist() == [1.0, 1.0]


VALUES = np.array([-10.0, 0.0, 20.0, 30.0, 60.0])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Energy", 100 + 400 + 900 + 3600),
        ("TotalEnergy", 5000 * 2.5),
        ("RootMeanSquared", np.sqrt(1000)),
        ("Minimum", -10),
        ("Maximum", 60),
        ("Range", 70),
        ("Mean", 20),
        ("Median", 20),
        ("10Percentile", -6),
        ("90Percentile", 48),
        ("InterquartileRange", 30),
        ("MeanAbsoluteDeviation", (30 + 20 + 0 + 10 + 40) / 5),
        ("RobustMeanAbsoluteDeviation", (50 / 3 + 10 / 3 + 40 / 3) / 3),
        ("Variance", (900 + 400 + 0 + 100 + 1600) / 5),
        ("Skewness", (-27000 - 8000 + 1000 + 64000) / 5 / 600**1.5),
        ("Kurtosis", (810000 + 160000 + 10000 + 2560000) / 5 / 600**2),
        ("Entropy", -(0.4 * np.log2(0.2) + 0.4 * np.log2(0.4) + 0.2 * np.log2(0.2)) + 0),
        ("Uniformity", (1 + 4 + 1 + 1) / 25),
    ],
)
def test_first_order_by_hand(name, expected):
    statistics = FirstOrder(VALUES, lambda: discretise(VALUES, 25.0, None, "original"), 2.5, 0)
    assert FEATURES[name](statistics) == pytest.approx(expected, rel=1e-12)


def test_shift_enters_energy_only():
    statistics = FirstOrder(VALUES, lambda: None, 1.0, 10)
    assert FEATURES["Energy"](statistics) == 0 + 100 + 900 + 1600 + 4900
    assert FEATURES["Mean"](statistics) == 20


def test_a_flat_voi_has_no_skewness_and_no_kurtosis():
    statistics = FirstOrder(np.full(9, 3.3), lambda: None, 1.0, 0)
    assert FEATURES["Skewness"](statistics) == pytest.approx(0, abs=1e-12)
    assert FEATURES["Kurtosis"](statistics) == pytest.approx(0, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.one_of(st.integers(1, 300), st.integers(BLOCK - 9, BLOCK + 9), st.integers(2 * BLOCK, 9 * BLOCK)),
    dtype=st.sampled_from([np.int16, np.float32, np.float64]),
)
def test_a_sum_in_blocks_is_numpys_to_the_last_bit(seed, size, dtype):
    values = np.random.default_rng(seed).normal(60, 400, size).astype(dtype)
    for function in (lambda x: x, lambda x: (x - 59.7) ** 2):
        assert summed(values, function) == np.sum(function(values.astype(float)))


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.float64])
def test_first_order_of_many_voxels_is_numpys_to_the_last_bit(dtype):
    values = np.random.default_rng(7).normal(60, 400, 5 * BLOCK + 13).astype(dtype)
    x, mean = values.astype(float), values.astype(float).mean()
    low, high = np.percentile(x, (10, 90))
    middle = x[(x >= low) & (x <= high)]
    expected = {
        "Mean": mean,
        "Variance": np.mean((x - mean) ** 2),
        "Energy": np.sum(x**2),
        "MeanAbsoluteDeviation": np.mean(np.abs(x - mean)),
        "RobustMeanAbsoluteDeviation": np.mean(np.abs(middle - middle.mean())),
        "10Percentile": low,
        "90Percentile": high,
        "Skewness": np.mean((x - mean) ** 2 * (x - mean)) / np.mean((x - mean) ** 2) ** 1.5,
        "Kurtosis": np.mean(((x - mean) ** 2) ** 2) / np.mean((x - mean) ** 2) ** 2,
    }
    statistics = FirstOrder(values, lambda: None, 1.0, 0)
    assert {name: FEATURES[name](statistics) for name in expected} == expected
    np.testing.assert_array_equal(x, values)  # and the voxels are left as they were
