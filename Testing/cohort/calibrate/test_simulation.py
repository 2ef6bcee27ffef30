"""The simulation behind the default: its order holds on other seeds than those of the page."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]

OTHER_SEEDS = range(900, 930)


@pytest.fixture(scope="module")
def methods():
    place = importlib.util.spec_from_file_location(
        "calibration_methods", ROOT / "benchmarks" / "calibration_methods.py"
    )
    module = importlib.util.module_from_spec(place)
    sys.modules[place.name] = module
    place.loader.exec_module(module)
    return module


def test_the_drawn_hospitals_are_what_the_page_says(methods):
    b0 = methods.true_intercept()
    z, laboratory = methods.draw(np.random.default_rng(1), 200_000, methods.MIXES["paper"])
    assert (z @ methods.BASE.terms).std() == pytest.approx(5.0, abs=0.03)
    eta = b0 + methods.without_intercept(z, laboratory)
    assert np.mean(1 / (1 + np.exp(-eta))) == pytest.approx(36 / 147, abs=0.002)
    skewed, _ = methods.draw(np.random.default_rng(1), 200_000, methods.MIXES["skewed"])
    assert (skewed[:, 0].mean(), skewed[:, 0].std()) == pytest.approx((0, 1), abs=0.03)
    halved, _ = methods.draw(np.random.default_rng(1), 200_000, methods.MIXES["halved"])
    assert (halved @ methods.BASE.terms).std() == pytest.approx(2.5, abs=0.02)


def test_a_run_that_was_cut_off_goes_on_and_gives_the_same(methods, tmp_path):
    methods.run(tmp_path, ["paper"], 2, 10)
    kept = tmp_path / "paper-10.jsonl"
    whole = methods.read(kept)
    text = kept.read_text()
    kept.write_text(text[: len(text) // 2 + 100])
    assert [one["seed"] for one in methods.read(kept)] == [methods.FIRST_SEED]
    methods.run(tmp_path, ["paper"], 2, 10)
    again = methods.read(kept)
    assert [{**one, "cpu_s": 0} for one in again] == [{**one, "cpu_s": 0} for one in whole]


@pytest.mark.slow
def test_the_default_covers_in_every_mix_and_the_intercept_alone_does_not(methods):
    b0 = methods.true_intercept()
    for name in methods.FOUR:
        found = [methods.one_seed(seed, methods.MIXES[name], b0, 60) for seed in OTHER_SEEDS]
        coverage, _ = methods.mean_and_error(found, "default", "coverage")
        assert coverage > 0.85
        alone, slope = (methods.mean_and_error(found, method, "error")[0] for method in ("intercept", "slope"))
        assert alone < slope if name == "paper" else alone > 1.3 * slope
