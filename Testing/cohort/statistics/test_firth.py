"""Firth's penalty where its answer is known in closed form, and the area under the curve."""

import numpy as np
import pytest

from PTLFPredictorLib.cohort.statistics.discrimination import auc
from PTLFPredictorLib.cohort.statistics.firth import Firth


def two_groups(events, cases):
    """A binary predictor: `events` among `cases` of each of two groups."""
    x = np.repeat([0.0, 1.0], cases)[:, None]
    y = np.concatenate([np.repeat([1.0, 0.0], (e, n - e)) for e, n in zip(events, cases, strict=True)])
    return x, y


@pytest.mark.parametrize(("events", "cases"), [((3, 8), (10, 12)), ((0, 5), (7, 5)), ((0, 0), (4, 9))])
def test_of_two_groups_it_adds_half_a_case_to_each_cell(events, cases):
    model = Firth().fit(*two_groups(events, cases))
    logits = [np.log((e + 0.5) / (n - e + 0.5)) for e, n in zip(events, cases, strict=True)]
    assert model.params_ == pytest.approx([logits[0], logits[1] - logits[0]], abs=1e-9)


def test_its_covariance_is_the_inverse_of_the_information():
    (e, n) = ((3, 8), (10, 12))
    model = Firth().fit(*two_groups(e, n))
    p = [(a + 0.5) / (b + 1) for a, b in zip(e, n, strict=True)]
    of_group = [1 / (b * q * (1 - q)) for b, q in zip(n, p, strict=True)]
    expected = [[of_group[0], -of_group[0]], [-of_group[0], sum(of_group)]]
    assert model.covariance_ == pytest.approx(np.array(expected), rel=1e-9)


def test_separated_outcomes_give_finite_coefficients():
    x = np.linspace(-1, 1, 20)[:, None]
    assert np.isfinite(Firth().fit(x, (x[:, 0] > 0).astype(float)).params_).all()


def test_the_area_under_the_curve_counts_ties_half():
    assert auc(np.array([1.0, 2.0, 2.0, 3.0]), np.array([0, 0, 1, 1])) == pytest.approx(3.5 / 4)
