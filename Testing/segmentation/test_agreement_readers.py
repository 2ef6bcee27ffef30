"""Agreement of readers: R's numbers (Shrout-Fleiss formulas, psych), the published example, and what must hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import r_reference
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.segmentation.agreement import Form, bland_altman, icc, lin_ccc, mean_squares

R = r_reference.values("icc")
QUANTITIES = ("liver_ml", "tumour_ml", "entropy", "zonevar", "tumour_ml_log")
NAMES = dict(zip(("ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k"), Form, strict=True))


def readings(quantity: str) -> np.ndarray:
    """Two readers of 20 cases, shape (20, 2)."""
    name = quantity.removesuffix("_log")
    x = r_reference.table("readers")[[f"{name}_r1", f"{name}_r2"]].to_numpy()
    return np.log(x) if quantity.endswith("_log") else x


def check(x: np.ndarray, expected: dict) -> None:
    squares = mean_squares(x)
    for value, name in zip(
        (squares.subjects, squares.readers, squares.error, squares.within), ("MSR", "MSC", "MSE", "MSW"), strict=True
    ):
        assert value == pytest.approx(expected[name], rel=1e-10), name
    for form in (Form.ONE_WAY, Form.AGREEMENT, Form.CONSISTENCY, Form.AGREEMENT_MEAN):
        found = icc(x, form)
        of_r = expected[form.value.replace("(", "").replace(",", "_").replace(")", "")]
        assert [found.value, found.low, found.high] == pytest.approx(of_r, abs=1e-10), form
    for form in (Form.ONE_WAY_MEAN, Form.CONSISTENCY_MEAN):
        of_r = expected[form.value.replace("(", "").replace(",", "_").replace(")", "")]
        assert icc(x, form).value == pytest.approx(of_r, abs=1e-10), form
    assert icc(x, Form.CONSISTENCY).f == pytest.approx(expected["F_subjects"], rel=1e-10)


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_two_readers_of_twenty_cases(quantity):
    check(readings(quantity), R[quantity]["by_formula_estimate_lower_upper"])


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_all_six_forms_of_psych_with_their_tests(quantity):
    expected = R[quantity]["psych_ICC_aov"]
    for name, of_r in zip(expected["rows"], r_reference.matrix(expected), strict=True):
        found = icc(readings(quantity), NAMES[name])
        value, f, _, _, p, low, high = of_r
        assert [found.value, found.low, found.high] == pytest.approx([value, low, high], abs=1e-10), name
        assert found.f == pytest.approx(f, rel=1e-10)
        assert found.p == pytest.approx(p, rel=1e-8)


def test_the_published_example_of_six_cases_and_four_judges():
    x = np.array(R["shrout_fleiss_1979"]["x"], float)
    check(x, R["shrout_fleiss_1979"]["value"])
    found = [round(float(icc(x, form).value), 2) for form in (Form.ONE_WAY, Form.AGREEMENT, Form.CONSISTENCY)]
    assert found == [0.17, 0.29, 0.71]


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_lins_concordance_and_the_limits_of_agreement(quantity):
    first, second = readings(quantity).T
    expected = R[quantity]
    (of_r,) = expected["lin_ccc"].values()
    assert lin_ccc(first, second, ddof=1) == pytest.approx(of_r, abs=1e-10)
    assert lin_ccc(first, second) == pytest.approx(expected["lin_ccc_population_variance"], abs=1e-10)
    found, of_r = bland_altman(first, second), expected["bland_altman"]
    assert (found.bias, found.sd) == pytest.approx((of_r["bias"], of_r["sd"]), abs=1e-10)
    assert found.limits == pytest.approx(of_r["limits"], abs=1e-10)


def test_many_features_at_once_are_the_features_one_by_one():
    x = np.stack([readings(quantity) for quantity in QUANTITIES])
    together = icc(x)
    for i, quantity in enumerate(QUANTITIES):
        one = icc(readings(quantity))
        assert (together.value[i], together.low[i], together.high[i]) == (one.value, one.low, one.high)


def test_a_reader_who_is_always_higher_costs_agreement_not_consistency():
    x = readings("tumour_ml_log").copy()
    before = [float(icc(x, form).value) for form in (Form.AGREEMENT, Form.CONSISTENCY)]
    x[:, 1] += 2
    after = [float(icc(x, form).value) for form in (Form.AGREEMENT, Form.CONSISTENCY)]
    assert after[0] < before[0] - 0.3
    assert after[1] == pytest.approx(before[1])


def test_negative_estimates_stay_negative():
    x = np.array([[1.0, 2], [2, 1], [1, 2], [2, 1]])
    assert icc(x).value < 0


def test_a_limit_below_what_the_mean_of_readers_can_have_is_no_positive_number():
    x = np.array([[4.0, 4, 6], [8, 0, 1], [7, 8, 2]])
    assert icc(x).low < -1 / 2, "where Spearman and Brown's formula turns over"
    assert icc(x, Form.AGREEMENT_MEAN).low == -np.inf


def test_perfect_agreement_a_constant_feature_and_a_missing_reading():
    same = np.array([[1.0, 1], [2, 2], [4, 4]])
    constant, missing = np.ones((3, 2)), np.where(np.eye(3, 2), np.nan, same)
    found = icc(np.stack([same, constant, missing]))
    assert (found.value[0], found.low[0], found.high[0]) == (1, 1, 1)
    assert np.isnan([found.value[1:], found.low[1:], found.high[1:]]).all()


@pytest.mark.parametrize("shape", [(1, 2), (5, 1)])
def test_one_case_or_one_reader_has_no_agreement(shape):
    with pytest.raises(BadInput, match="two readers or more"):
        icc(np.ones(shape))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 30), st.integers(2, 4))
def test_for_any_readings(seed, cases, readers):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(cases, 1)) + rng.normal(size=(1, readers)) + rng.normal(size=(cases, readers))
    squares, total = mean_squares(x), ((x - x.mean()) ** 2).sum()
    parts = squares.subjects * (cases - 1), squares.readers * (readers - 1), squares.error * (cases - 1) * (readers - 1)
    assert sum(parts) == pytest.approx(total)
    assert squares.within * cases * (readers - 1) == pytest.approx(parts[1] + parts[2])
    for form in Form:
        found = icc(x, form)
        if found.value > 0:
            assert found.low <= found.value <= found.high
        assert icc(3 * x - 7, form).value == pytest.approx(found.value)
