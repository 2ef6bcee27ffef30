"""Resampling repeats every step without the cases that judge: they never change what was learned."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import r_reference as R
from PTLFPredictorLib.cohort.selection import (
    MEASURES,
    Nested,
    Radiomics,
    Radscore,
    ResamplingPlan,
    SelectionPlan,
    Weights,
    bootstrap,
    frequencies,
    nested,
)
from PTLFPredictorLib.cohort.statistics import lasso, redundancy, univariate
from PTLFPredictorLib.cohort.statistics.discrimination import auc, delong, logit_interval
from PTLFPredictorLib.cohort.statistics.redundancy import Keep
from PTLFPredictorLib.cohort.statistics.univariate import Correction
from PTLFPredictorLib.errors import BadInput

QUICK = SelectionPlan(folds=4, lambdas=12, level=0.3)
RESAMPLING = ResamplingPlan(folds=4, repeats=2, bootstraps=6, seed=3)


def cohort(n=64, p=30, signal=1.2, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p)) + np.repeat(rng.normal(size=(n, p // 3)), 3, axis=1)
    y = (signal * x[:, 4] - signal * x[:, 10] + rng.normal(size=n) > 0.5).astype(float)
    return x, y


class Spied(Radiomics):
    """Remembers which rows it was fitted on, and which its models were applied to."""

    def __init__(self, *given):
        super().__init__(*given)
        self.fits, self.applied = [], []

    def fit(self, rows):
        self.fits.append(rows)
        return super().fit(rows)

    def linear_predictors(self, fitted, rows):
        self.applied.append(rows)
        return super().linear_predictors(fitted, rows)


def test_each_case_is_judged_once_in_each_repeat_by_a_model_made_without_it():
    x, y = cohort()
    way = Spied(x, y, QUICK)
    found = nested(way, RESAMPLING)
    assert len(way.fits) == len(way.applied) == 8
    for fitted, judged in zip(way.fits, way.applied, strict=True):
        assert set(fitted).isdisjoint(judged)
        assert len(fitted) + len(judged) == len(y)
    for repeat in (way.applied[:4], way.applied[4:]):
        assert sorted(np.concatenate(repeat)) == list(range(len(y)))
    assert np.isfinite(found.linear_predictor["radiomics"]).all()
    assert found.folds[0].tolist() != found.folds[1].tolist()
    assert [len(names) for names in found.names["radiomics"]] == [
        len(Radscore(QUICK).fit(x[rows], y[rows], groups=rows).names_) for rows in way.fits
    ]


def test_every_step_sees_the_rows_of_its_fold_alone(monkeypatch):
    x, y = cohort()
    seen = {name: [] for name in ("spearman_filter", "compare", "cross_validated")}

    def spy(module, name):
        original = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *a, **k: (seen[name].append(a[0]), original(*a, **k))[1])

    for module, name in ((redundancy, "spearman_filter"), (univariate, "compare"), (lasso, "cross_validated")):
        spy(module, name)
    way = Spied(x, y, QUICK)
    nested(way, RESAMPLING)
    of_row = {value: row for row, value in enumerate(x[:, 0])}
    for name in ("spearman_filter", "compare"):  # their first column is the first feature
        rows = [[of_row[value] for value in table[:, 0]] for table in seen[name]]
        assert rows == [fitted.tolist() for fitted in way.fits], name
    for z, fitted in zip(seen["cross_validated"], way.fits, strict=True):
        assert len(z) == len(fitted)
        assert z.mean(axis=0) == pytest.approx(0, abs=1e-12)  # standardised on these rows
        assert z.std(axis=0, ddof=1) == pytest.approx(1)


def learned(plan, x, y, rows):
    fitted = Radiomics(x, y, plan).fit(rows)
    radscore, numbers = fitted.radscore, fitted.logistic.params_
    steps = tuple(tuple(step.left.tolist()) for step in radscore.steps_)
    return steps, *(a.tolist() for a in (radscore.mean_, radscore.sd_, radscore.coefficients_, numbers))


def changed(x, y, rows):
    """The same cohort, in which every case that is not among `rows` is another one."""
    others = np.setdiff1d(np.arange(len(y)), rows)
    x, y = x.copy(), y.copy()
    x[others] = np.where(np.arange(len(others))[:, None] % 5, -1000 * x[others] ** 2, np.nan)
    y[others] = 1 - y[others]
    return x, y


PLANS = (
    QUICK,
    SelectionPlan(folds=3, lambdas=8, level=0.6, keep=Keep.MOST_SIGNIFICANT, correction=Correction.BENJAMINI_HOCHBERG),
    SelectionPlan(folds=3, lambdas=8, level=0.3, keep=Keep.LEAST_CORRELATED, weights=Weights.FIRTH, largest=4),
)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.booleans(), st.sampled_from(PLANS))
def test_changing_held_out_cases_changes_nothing_that_was_learned(seed, drawn, plan):
    x, y = cohort(seed=seed % 100)
    rng = np.random.default_rng(seed)
    rows = rng.integers(len(y), size=len(y)) if drawn else np.sort(rng.permutation(len(y))[: len(y) * 3 // 4])
    assert learned(plan, x, y, rows) == learned(plan, *changed(x, y, rows), rows)


def of_everybody(module, name, x, y, monkeypatch):
    """Let one step look at all cases, as a pipeline does that selects before it splits."""
    original = getattr(module, name)

    def leaking(table, *rest, **options):
        columns = [np.flatnonzero((x[:, :] == table[0, c]).any(axis=0))[0] for c in range(table.shape[1])]
        whole = x[:, columns]
        known = np.isfinite(whole).all(axis=1)
        return original(whole[known], *([y[known], *rest[1:]] if name == "compare" else rest), **options)

    monkeypatch.setattr(module, name, leaking)


@pytest.mark.parametrize(("module", "name"), [(univariate, "compare"), (redundancy, "spearman_filter")])
def test_a_step_that_looks_at_all_cases_would_be_noticed(module, name, monkeypatch):
    x, y = cohort()
    rows = np.arange(40)
    other_x, other_y = changed(x, y, rows)
    with monkeypatch.context() as patch:
        of_everybody(module, name, x, y, patch)
        first = learned(QUICK, x, y, rows)
    with monkeypatch.context() as patch:
        of_everybody(module, name, other_x, other_y, patch)
        second = learned(QUICK, other_x, other_y, rows)
    assert first != second


class SelectedBefore(Radiomics):
    """The mistake: features are chosen by all cases, and only the model is cross-validated."""

    def __init__(self, features, y, plan):
        chosen = list(Radscore(plan).fit(features, y).columns_)
        super().__init__(features[:, chosen], y, dataclasses.replace(plan, correlation_limit=1, level=1.1))


def test_where_there_is_nothing_to_find_nested_finds_nothing_and_selecting_before_does():
    rng = np.random.default_rng(11)
    honest, mistaken = [], []
    for _ in range(6):
        x, y = rng.normal(size=(60, 120)), rng.permutation(np.repeat([0.0, 1.0], (40, 20)))
        plan = SelectionPlan(folds=3, lambdas=8, lambda_ratio=0.1)
        for values, way in ((honest, Radiomics), (mistaken, SelectedBefore)):
            values.append(nested(way(x, y, plan), ResamplingPlan(folds=4, repeats=1)).auc("radiomics").value)
    assert np.mean(honest) == pytest.approx(0.5, abs=0.1)
    assert np.mean(mistaken) > 0.65


def test_copies_of_a_case_stay_in_one_inner_fold(monkeypatch):
    seen = []
    original = lasso.cross_validated
    monkeypatch.setattr(lasso, "cross_validated", lambda *a: (seen.append(a[2]), original(*a))[1])
    x, y = cohort()
    rows = np.random.default_rng(4).integers(len(y), size=len(y))
    Radiomics(x, y, QUICK).fit(rows)
    (folds,) = seen
    assert all(len(set(folds[rows == case])) == 1 for case in set(rows))


def test_the_bootstrap_is_the_way_repeated_in_each_sample():
    x, y = cohort()
    way = Radiomics(x, y, QUICK)
    found = bootstrap(way, RESAMPLING)
    samples = np.random.default_rng(RESAMPLING.seed).integers(0, len(y), (6, len(y)))
    for i, rows in enumerate(samples):
        fitted = way.fit(rows)
        lp = way.of_features(fitted, x)
        out = np.setdiff1d(np.arange(len(y)), rows)
        assert found.optimism.training["radiomics auc"][i] == auc(lp[rows], y[rows])
        assert found.optimism.test["radiomics auc"][i] == auc(lp, y)
        assert found.optimism.out_of_bag["radiomics auc"][i] == auc(lp[out], y[out])
        assert found.names["radiomics"][i] == tuple(fitted.radscore.names_)
    lp = way.of_features(way.fit(np.arange(len(y))), x)
    assert found.optimism.apparent["radiomics auc"] == auc(lp, y)
    assert found.optimism.apparent["radiomics slope"] == pytest.approx(1)
    assert found.optimism.corrected["radiomics slope"] < 0.9
    shares = found.frequencies("radiomics")
    assert shares[4] == np.mean([4 in names for names in found.names["radiomics"]])
    assert list(shares.values()) == sorted(shares.values(), reverse=True)


def test_work_in_parallel_gives_the_same():
    x, y = cohort(n=48, p=12)
    way, frame = Radiomics(x, y, QUICK), Radiomics(pd.DataFrame(x), y, QUICK)
    with ThreadPoolExecutor(2) as pool:
        there, here = (nested(w, RESAMPLING, run=r) for w, r in ((frame, pool.map), (way, map)))
        assert there.linear_predictor["radiomics"].tolist() == here.linear_predictor["radiomics"].tolist()
        parallel = bootstrap(way, RESAMPLING, run=pool.map).optimism
    assert parallel.corrected == bootstrap(way, RESAMPLING).optimism.corrected


def judged(lp, folds, y):
    return Nested(np.array(y, float), np.array(folds), {"model": np.array(lp, float)}, {"model": ()}, 0.95)


def test_its_auc_is_the_mean_of_folds_with_nadeau_and_bengios_interval():
    y, folds = [1, 0, 0] * 6, np.repeat([0, 1, 2], 6)[None].repeat(2, axis=0)
    lp = np.random.default_rng(8).normal(size=(2, 18))
    found = judged(lp, folds, y)
    aucs = [auc(lp[r][folds[r] == k], np.array(y)[folds[r] == k]) for r in range(2) for k in range(3)]
    estimate = found.auc("model")
    assert found.fold_aucs("model").tolist() == aucs
    assert estimate.value == pytest.approx(np.mean(aucs))
    assert estimate.se == pytest.approx(np.std(aucs, ddof=1) * np.sqrt(1 / 6 + 6 / 12))  # 6 held out, 12 learned from
    assert estimate.interval[1] == pytest.approx(min(1, np.mean(aucs) + 2.5705818 * estimate.se))


def test_with_one_fold_delong_is_delongs():
    rng = np.random.default_rng(2)
    y = np.repeat([0.0, 1.0], (25, 15))
    lp = np.round(rng.normal(size=40) + y, 1)
    found, expected = judged([lp], [[0] * 40], y).delong("model"), delong(lp, y)
    assert (found.value, found.se) == pytest.approx((expected.auc, expected.se), abs=1e-12)
    assert found.interval == pytest.approx(expected.logit_interval, abs=1e-12)


def test_scores_of_different_folds_are_not_compared():
    y, folds = [1, 0, 1, 0, 1, 0], [[0, 0, 1, 1, 1, 0]]
    shifted = judged([[1, 0, 101, 100, 99, 0.5]], folds, y)
    assert shifted.placements("model").tolist() == [1, 1, 1, 0.5, 0, 1]
    assert shifted.delong("model").value == pytest.approx((2 / 3 + 2.5 / 3) / 2)
    assert shifted.fold_aucs("model").tolist() == [1, 0.5]


def test_cases_without_a_linear_predictor_are_left_out():
    y, folds = [1, 0, 1, 0, 1, 0], [[0] * 6]
    found = judged([[3, 1, 2, np.nan, 0, 2]], folds, y)
    kept = [0, 1, 2, 4, 5]
    expected = delong(np.array([3, 1, 2, 0, 2.0]), np.array(y)[kept])
    assert found.delong("model").value == pytest.approx(expected.auc)
    assert found.fold_aucs("model").tolist() == [expected.auc]
    assert found.auc("model").value == expected.auc  # of one fold: no interval
    assert np.isnan(found.auc("model").interval).all()
    assert found.measured("model", MEASURES["auc"]) == pytest.approx(expected.auc)


def test_intervals_do_not_leave_0_to_1_and_more_folds_than_events_are_refused():
    low, high = logit_interval(0.97, 0.03)
    assert 0.8 < low < 0.97 < high < 1
    assert np.isnan(logit_interval(1.0, 0.0)).all()
    with pytest.raises(BadInput, match="fewer folds"):
        nested(Radiomics(*cohort(), QUICK), ResamplingPlan(folds=40))


def test_frequencies_count_each_model_once():
    assert frequencies([("a", "b"), ("a",), (), ("a", "c")]) == {"a": 0.75, "b": 0.25, "c": 0.25}


def test_an_icc_filter_uses_the_second_segmentation():
    x, y = cohort()
    rng = np.random.default_rng(1)
    second = x + rng.normal(size=x.shape) * np.where(np.arange(30) < 5, 5.0, 0.01)
    second[40:] = np.nan  # the second reader saw forty cases
    found = Radscore(SelectionPlan(folds=4, level=1.1, icc_at_least=0.75)).fit(x, y, second=second)
    counts = {step.name: step.count for step in found.steps_}
    assert counts["usable"] == 30
    assert set(found.steps_[2].left) == set(range(5, 30))
    assert found.agreement_.value[5:].min() > 0.75 > found.agreement_.value[:5].max()


@pytest.mark.slow
def test_r_references_cohort_is_worth_what_nested_says():
    table = R.table("features")
    way = Radiomics(table.iloc[:, 2:], table.y)
    found = nested(way, ResamplingPlan(folds=10, repeats=2)).auc("radiomics").value
    boot = bootstrap(way, ResamplingPlan(bootstraps=20)).optimism
    assert found < boot.corrected["radiomics auc"] < boot.apparent["radiomics auc"]
