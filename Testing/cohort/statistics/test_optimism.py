"""The bootstrap of optimism: R's numbers with R's own draws, the .632 estimators, and that nothing leaks."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest

import r_reference
from PTLFPredictorLib.cohort.statistics.calibration import brier, in_the_large, joint
from PTLFPredictorLib.cohort.statistics.calibration_curve import Smoother, smoothed
from PTLFPredictorLib.cohort.statistics.discrimination import auc
from PTLFPredictorLib.cohort.statistics.indexes import indexes, largest_error
from PTLFPredictorLib.cohort.statistics.logistic import MaximumLikelihood, expit
from PTLFPredictorLib.cohort.statistics.optimism import Optimism, draw, optimism
from PTLFPredictorLib.errors import BadInput

R = r_reference.values("calibration")
TRAIN = r_reference.train()
X, Y = TRAIN[["alb", "inr", "radscore"]].to_numpy(), TRAIN.ptlf.to_numpy(float)
SAMPLES = r_reference.table("bootstrap_index", header=None).to_numpy()
RISKS = np.array(R["calibrate"]["predy"])


def fit(rows):
    return MaximumLikelihood().fit(X[rows], Y[rows])


def everything(model, rows):
    lp, y = model.linear_predictor(X[rows]), Y[rows]
    calibration = joint(lp, y)
    curve = smoothed(expit(lp), y, Smoother.LOWESS, RISKS)
    return {
        "auc": auc(lp, y),
        "brier": brier(expit(lp), y).score,
        "intercept": calibration.intercept.value,
        "slope": calibration.slope.value,
        "citl": in_the_large(lp, y).value,
        **{f"validate {name}": value for name, value in dataclasses.asdict(indexes(lp, y, recalibrated=True)).items()},
        **{f"curve {i}": value for i, value in enumerate(curve)},
    }


@functools.cache
def bootstrapped() -> Optimism:
    return optimism(fit, everything, SAMPLES)


def test_apparent_optimism_and_corrected_performance():
    found, expected = bootstrapped(), R["optimism_bootstrap"]
    for name in ("auc", "brier"):
        assert found.apparent[name] == pytest.approx(expected["apparent"][name], abs=1e-8)
        assert found.optimism[name] == pytest.approx(expected["optimism"][name], abs=1e-8)
        assert found.corrected[name] == pytest.approx(expected["corrected"][name], abs=1e-8)
    for name in ("intercept", "slope"):
        assert found.corrected[name] == pytest.approx(expected["corrected_calibration"][name], abs=1e-8)
    assert (found.samples, found.failed) == (200, ())


def test_each_of_the_first_three_bootstraps_and_the_means():
    found, expected = bootstrapped(), R["optimism_bootstrap"]
    columns = expected["first_three_bootstraps"]["cols"]
    rows, means = r_reference.matrix(expected["first_three_bootstraps"]), expected["mean_per_column"]
    for name, values in (
        ("auc_boot", found.training["auc"]),
        ("auc_orig", found.test["auc"]),
        ("brier_boot", found.training["brier"]),
        ("brier_orig", found.test["brier"]),
        ("intercept_orig", found.test["intercept"]),
        ("slope_orig", found.test["slope"]),
        ("citl_orig", found.test["citl"]),
    ):
        assert values[:3] == pytest.approx(rows[:, columns.index(name)], abs=1e-8), name
        assert values.mean() == pytest.approx(means[name], abs=1e-8), name
    params = np.array([fit(rows).params_ for rows in SAMPLES])
    names = ["(Intercept)", "alb", "inr", "radscore"]
    assert params.mean(axis=0) == pytest.approx([means[name] for name in names], abs=1e-8)


def test_every_line_of_rms_validate():
    found, expected = bootstrapped(), R["optimism_bootstrap"]["rms_validate"]
    lines = dict(zip(expected["rows"], r_reference.matrix(expected), strict=True))
    ours = {"Dxy": "dxy", "R2": "r2", "Intercept": "intercept", "Slope": "slope", "D": "d", "U": "u", "Q": "q"}
    for line, name in {**ours, "B": "brier", "g": "g", "gp": "gp"}.items():
        key = f"validate {name}"
        values = (
            found.apparent[key],
            found.training[key].mean(),
            found.test[key].mean(),
            found.optimism[key],
            found.corrected[key],
        )
        assert values == pytest.approx(lines[line][:5], abs=1e-7), line
    assert largest_error(found.corrected["intercept"], found.corrected["slope"]) == pytest.approx(
        lines["Emax"][4], abs=1e-7
    )


def test_the_corrected_curve_of_rms_calibrate():
    found, expected = bootstrapped(), R["calibrate"]
    names = [f"curve {i}" for i in range(len(RISKS))]
    assert [found.apparent[name] for name in names] == pytest.approx(expected["apparent"], abs=1e-7)
    assert [found.corrected[name] for name in names] == pytest.approx(expected["corrected"], abs=1e-7)


def test_out_of_the_bag_and_632():
    found, expected = bootstrapped(), R["out_of_bag_auc"]
    assert found.out_of_bag["auc"][:3] == pytest.approx(expected["first_three"], abs=1e-8)
    assert found.out_of_bag["auc"].mean() == pytest.approx(expected["mean"], abs=1e-8)
    assert found.estimate_632["auc"] == pytest.approx(expected["estimate_632"], abs=1e-8)


def by_hand(apparent, out_of_bag):
    values = {"auc": np.array([out_of_bag])}
    return Optimism({"auc": apparent}, values, values, values, ())


def test_632_plus_by_hand():
    """Apparent .90, out of bag .70: overfitting .5, weight .632/(1 - .184)."""
    weight = 0.632 / (1 - 0.368 * 0.5)
    assert by_hand(0.9, 0.7).estimate_632_plus("auc") == pytest.approx((1 - weight) * 0.9 + weight * 0.7)
    assert by_hand(0.9, 0.9).estimate_632_plus("auc") == pytest.approx(0.9)
    assert by_hand(0.9, 0.4).estimate_632_plus("auc") == pytest.approx(0.5), "all of it was overfitting"


def test_a_pure_memory_has_its_whole_performance_taken_away_out_of_the_bag():
    """A model that knows the outcomes of the rows that it saw, of noise: apparent 1, .632+ near one half."""
    y = np.random.default_rng(3).integers(0, 2, 80).astype(float)

    def know(rows):
        seen = np.full(len(y), 0.5)
        seen[rows] = y[rows]
        return seen

    found = optimism(know, lambda model, rows: {"auc": auc(model[rows], y[rows])}, draw(80, 50, seed=1))
    assert found.apparent["auc"] == 1
    assert found.out_of_bag["auc"] == pytest.approx(np.full(50, 0.5))
    assert found.estimate_632_plus("auc") == pytest.approx(0.5)
    assert found.corrected["auc"] > 0.7, "Harrell's bootstrap alone does not see through a memory"


def test_a_sample_that_gives_no_model_is_counted_and_left_out():
    y = np.array([1.0, 0, 1, 0])

    def measure(model, rows):
        return {"auc": auc(model[rows], y[rows])}

    samples = np.array([[0, 0, 2, 2], [0, 1, 2, 2]])
    found = optimism(lambda rows: np.arange(4.0), measure, samples)
    assert len(found.failed) == 1
    assert "have the outcome" in found.failed[0]
    assert np.isnan(found.test["auc"]).tolist() == [True, False]
    everywhere, in_the_second = 1 / 4, 2 / 3  # pairs of scores 0, 2 with 1, 3; of 0, 2, 2 with 1
    assert found.corrected["auc"] == pytest.approx(everywhere - (in_the_second - everywhere))
    with pytest.raises(BadInput, match="No bootstrap sample gave a model"):
        optimism(lambda rows: np.arange(4.0), measure, samples[:1])


def test_draws_are_a_seeds_own_and_in_parallel_nothing_changes():
    assert (draw(10, 5, 1) == draw(10, 5, 1)).all()
    assert (draw(10, 5, 1) != draw(10, 5, 2)).any()

    def backwards(function, samples):
        return reversed([function(rows) for rows in reversed(list(samples))])

    one, other = (
        optimism(fit, lambda m, rows: {"auc": auc(m.linear_predictor(X[rows]), Y[rows])}, SAMPLES[:5], run=run)
        for run in (map, backwards)
    )
    assert (one.test["auc"] == other.test["auc"]).all()
