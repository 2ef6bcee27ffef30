"""The intercept that the paper does not print: what its distributions give is what the signature's file says."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from PTLFPredictorLib.signature import load

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def derived():
    place = importlib.util.spec_from_file_location("derived_intercept", ROOT / "benchmarks" / "derived_intercept.py")
    module = importlib.util.module_from_spec(place)
    sys.modules[place.name] = module
    place.loader.exec_module(module)
    return module


def test_the_central_value_its_range_and_the_one_for_the_literature_are_those_of_the_file(derived):
    published = load("ptlf-published").risk_model.intercept
    assert round(derived.intercept(), 1) == published.value
    assert derived.reach() == pytest.approx(published.range, abs=0.1)
    (elsewhere,) = published.elsewhere
    b0, risk = derived.over(prevalence=elsewhere.share)
    assert (round(b0, 1), round(risk, 2)) == (elsewhere.intercept, 0.56)


def test_quadrature_agrees_with_simulation(derived):
    drawn, b0 = np.random.default_rng(2), derived.intercept()
    found = []
    for group, share, sign in ((derived.WITH, 36 / 147, 1), (derived.WITHOUT, 111 / 147, -1)):
        shift = np.sqrt(2) * derived.CENTRAL.sd * 0.8965  # of an AUC of 0.815
        mean = sign * shift * (1 - share)
        n = int(400_000 * share)
        median, low, high = group.inr
        eta = (
            b0
            + 0.163 * drawn.normal(*group.albumin, n)
            + 7.597 * median * np.exp(drawn.normal(0, np.log(high / low) / 1.349, n))
            + 0.317 * drawn.normal(mean, derived.CENTRAL.sd, n)
        )
        found.append(1 / (1 + np.exp(-eta)))
    assert np.mean(np.concatenate(found)) == pytest.approx(36 / 147, abs=0.002)


def test_more_patients_with_the_outcome_raise_it_and_a_larger_coefficient_lowers_it(derived):
    by_prevalence = [derived.over(prevalence=share)[0] for share in (0.075, 0.15, 0.245, 0.4)]
    assert by_prevalence == sorted(by_prevalence)
    assert derived.over(inr=8.5)[0] < derived.intercept() < derived.over(inr=6.5)[0]


def test_the_page_is_what_the_script_says(derived):
    page = (ROOT / "docs" / "derived-intercept.md").read_text(encoding="utf-8")
    assert f"**{derived.intercept():.2f}**" in page
