"""Riley's least sample size is pmsampsize's, and the numbers that it counts with mean what they say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import r_reference as r
from PTLFPredictorLib.cohort.statistics.sample_size import (
    adjusted_cox_snell,
    events_per_variable,
    max_cox_snell,
    riley,
)


@pytest.mark.parametrize("theirs", r.values("logistic")["riley"]["value"], ids=lambda case: str(case["n"]))
def test_least_sample_size(theirs):
    ours = riley(theirs["R2_CoxSnell"], theirs["prevalence"], theirs["parameters"])
    assert ours.for_shrinkage == theirs["n1_shrinkage"]
    assert ours.for_optimism == theirs["n2_optimism_R2"]
    assert ours.for_overall_risk == theirs["n3_overall_risk"]
    assert ours.cases == theirs["n"]
    assert ours.shrinkage_of_optimism == pytest.approx(theirs["n2_shrinkage"], abs=1e-12)
    assert ours.max_cox_snell == pytest.approx(theirs["max_R2_CoxSnell"], abs=1e-12)
    assert ours.events_per_parameter == pytest.approx(theirs["n"] * theirs["prevalence"] / theirs["parameters"])


def test_the_example_of_pmsampsize():
    ours = riley(0.288, 0.174, 24)
    assert (ours.for_shrinkage, ours.for_optimism, ours.for_overall_risk, ours.cases) == (623, 662, 221, 662)


@given(r2=st.floats(0.02, 0.4), parameters=st.integers(1, 30))
def test_at_its_number_of_cases_the_expected_shrinkage_is_the_wanted_one(r2, parameters):
    """Van Houwelingen's shrinkage of the apparent R2 that such a fit shows: r2 / 0.9."""
    cases = riley(r2, 0.5, parameters).for_shrinkage
    assert adjusted_cox_snell(r2 / 0.9, cases, parameters) >= r2 * (1 - 1e-12)
    assert adjusted_cox_snell(r2 / 0.9, cases - 1, parameters) < r2 if cases > 1 else True


def test_the_highest_cox_snell_is_that_of_a_model_that_knows_all():
    y = np.repeat([1.0, 0.0], (30, 70))
    null = np.sum(y * math.log(0.3) + (1 - y) * math.log(0.7))
    assert max_cox_snell(0.3) == pytest.approx(1 - math.exp(2 * null / len(y)), abs=1e-12)


@pytest.mark.parametrize("asked", [(0.8, 0.3, 3), (0.0, 0.3, 3), (0.2, 1.0, 3), (0.2, 0.3, 0), (0.2, 0.3, 3, 1.0)])
def test_what_no_model_can_have_is_refused(asked):
    with pytest.raises(ValueError, match=r"between|at least"):
        riley(*asked)


def test_events_per_variable():
    assert events_per_variable(46, 4) == 11.5
