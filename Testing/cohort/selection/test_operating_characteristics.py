"""The simulation behind docs/operating-characteristics.md: its cohorts are what it says, and so is its choice."""

import sys
from pathlib import Path

import numpy as np
import pytest

import r_reference as R
from PTLFPredictorLib.cohort.statistics.discrimination import auc
from PTLFPredictorLib.cohort.statistics.redundancy import spearman

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def simulation():
    sys.path.insert(0, str(ROOT / "benchmarks"))
    import operating_characteristics

    return operating_characteristics


@pytest.mark.parametrize("true_auc", [0.80, 0.88, 0.95])
def test_the_true_model_has_its_auc_and_the_outcome_the_papers_prevalence(simulation, true_auc):
    rng = np.random.default_rng(6)
    latent = simulation.draw_latent(40_000, rng, blocks=11)
    y = simulation.draw_outcome(latent, true_auc, rng)
    structure = simulation.structure()
    assert auc(latent[:, structure.planted] @ structure.weights, y) == pytest.approx(true_auc, abs=0.01)
    assert y.mean() == pytest.approx(52 / 210, abs=0.01)


def test_features_have_the_correlations_and_margins_of_rs(simulation):
    theirs = R.table("features").iloc[:, 2:].to_numpy()
    ours = simulation.features_of(simulation.draw_latent(3000, np.random.default_rng(1), blocks=25))
    inside = np.kron(np.eye(25), np.ones((8, 8))) - np.eye(200) > 0
    of_block = [np.median(np.abs(spearman(x)[inside]).reshape(25, -1), axis=1) for x in (ours, theirs)]
    assert of_block[0] == pytest.approx(of_block[1], abs=0.06)
    assert np.abs(spearman(ours)[~inside & ~np.eye(200, dtype=bool)]).mean() < 0.02
    assert [len(np.unique(ours[:, i])) for i in (95, 103, 111)] == [
        len(np.unique(theirs[:, i])) for i in (95, 103, 111)
    ]


def test_the_headline_is_a_candidate_that_keeps_bias_and_coverage_at_every_auc(simulation):
    def judged(bias, half, n=50):
        noise = np.linspace(-0.04, 0.04, n)
        return [simulation.Judged(0.7, 0.7 + bias + e, (0.7 + bias + e - half, 0.7 + bias + e + half)) for e in noise]

    good, biased, narrow = judged(0.01, 0.08), judged(0.05, 0.2), judged(0.0, 0.02)
    names = simulation.CANDIDATES
    assert [simulation.keeps(one) for one in (good, biased, narrow)] == [True, False, False]
    assert simulation.headline({0.8: dict(zip(names, (biased, narrow, good), strict=True))}) == names[2]
    found = {
        0.8: dict.fromkeys(names, good),
        0.9: dict(zip(names, (good, biased, narrow), strict=True)),
    }
    assert simulation.headline(found) == names[0]
    assert simulation.headline({0.8: dict.fromkeys(names, biased)}) == ""


def test_seeds_and_sizes_are_those_of_the_issue(simulation):
    assert len(set(simulation.SEEDS)) == 50
    assert len(set(simulation.PERMUTATIONS)) == 200
    assert (simulation.N, simulation.NEW_CASES) == (210, 20_000)
    assert len(set(simulation.tasks())) == 50 * 3 * 2 + 200
