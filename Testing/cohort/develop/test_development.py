"""A development: parts of the cohort, refusals, performance where it may be told, and what must be said of it."""

import copy
import dataclasses

import numpy as np
import pytest

from made_cohort import QUICK, made_cohort
from PTLFPredictorLib.cohort.data import Missing
from PTLFPredictorLib.cohort.develop.clinical import ClinicalPlan
from PTLFPredictorLib.cohort.develop.development import YOUDEN, _no_risk, corrected, develop, median_se
from PTLFPredictorLib.cohort.develop.parts import Parts
from PTLFPredictorLib.cohort.develop.pipeline import Model
from PTLFPredictorLib.cohort.develop.resampling import Way, runner
from PTLFPredictorLib.cohort.selection import Radscore, ResamplingPlan, SelectionPlan
from PTLFPredictorLib.cohort.statistics.classification import at_cutoff, youden
from PTLFPredictorLib.cohort.statistics.discrimination import auc, delong_paired
from PTLFPredictorLib.cohort.statistics.optimism import Optimism
from PTLFPredictorLib.errors import BadInput

ALONE = dataclasses.replace(QUICK, resampling=ResamplingPlan(folds=3, repeats=0, bootstraps=0))
"""Without resampling."""


@pytest.fixture(scope="module")
def cohort():
    return made_cohort(count=60)


@pytest.fixture(scope="module")
def made(cohort):
    return develop(cohort, QUICK, outcome="PTLF")


@pytest.fixture(scope="module")
def way(made):
    train = made.parts.training
    return Way(QUICK, made.variables, train.features, train.clinical, train.outcome.to_numpy())


class TestParts:
    def test_without_a_split_all_cases_are_training_cases(self):
        parts = Parts.of(made_cohort(training=None, count=5), 10)
        assert (parts.training.n, parts.validation) == (147, {})

    def test_with_one_the_others_validate(self, cohort):
        parts = Parts.of(cohort, 10)
        assert (parts.training.n, parts.validation["validation"].n) == (100, 47)

    @pytest.mark.parametrize(
        ("split", "word"),
        [
            (lambda split: split.replace("training", "validation"), "No case is a training case.*validation"),
            (lambda split: split.where(split != "validation", ""), "47 of 147 cases have no split"),
        ],
    )
    def test_a_split_that_is_none_is_refused(self, cohort, split, word):
        with pytest.raises(BadInput, match=word):
            Parts.of(dataclasses.replace(cohort, split=split(cohort.split)), 10)

    @pytest.mark.parametrize("value", [0.0, 1.0])
    def test_training_cases_that_all_have_the_same_outcome_are_refused(self, cohort, value):
        all_same = dataclasses.replace(cohort, outcome=cohort.outcome * 0 + value)
        with pytest.raises(BadInput, match="Of the 100 training cases"):
            Parts.of(all_same, 10)

    def test_so_are_fewer_events_than_folds(self, cohort):
        with pytest.raises(BadInput, match=r"29 have the outcome and 71 have not.*at least 30"):
            Parts.of(cohort, 30)

    def test_no_case_left_says_why(self, cohort):
        nobody = cohort.only(np.zeros(cohort.n, bool))
        with pytest.raises(BadInput, match="None of the 147 cases is left"):
            Parts.of(nobody, 10)


class TestPerformance:
    def test_models_are_compared_on_the_cases_that_all_of_them_have(self, made, cohort):
        (found,) = made.validation
        assert (found.name, found.left_out) == ("validation", 1)
        assert {one.n for one in found.models.values()} == {46}

    def test_validation_is_of_the_training_cases_models_and_delong_is_there_alone(self, made, cohort):
        (found,) = made.validation
        y = found.cases.outcome.to_numpy()
        lp = made.pipeline.linear_predictors(found.cases.features, found.cases.clinical)
        for model in Model:
            assert found.models[model].auc.auc == auc(lp[model], y)
            assert found.models[model].fitted_here is False
        pairs = {(one.first, one.second): one.auc.p for one in found.compared}
        assert len(pairs) == 3
        expected = delong_paired(lp[Model.RADIOMICS], lp[Model.COMBINED], y).p
        assert pairs[Model.RADIOMICS, Model.COMBINED] == pytest.approx(expected)
        assert made.training.compared == ()
        assert all(one.fitted_here for one in made.training.models.values())

    def test_youden_s_cut_off_is_the_training_cases_and_applied_to_validation(self, made):
        train, (outside,) = made.training, made.validation
        lp = made.pipeline.linear_predictors(train.cases.features, train.cases.clinical)[Model.COMBINED]
        there = youden(lp, train.cases.outcome.to_numpy()).cutoff
        assert made.youden[Model.COMBINED].cutoff == there
        own = next(one for one in outside.models[Model.COMBINED].cutoffs if one.cutoff.name == YOUDEN)
        expected = at_cutoff(np.array(outside.models[Model.COMBINED].score), outside.cases.outcome.to_numpy(), there)
        assert (own.counts.tp, own.counts.fp) == (expected.tp, expected.fp)

    def test_resampling_repeats_everything_and_costs_performance(self, made):
        found = made.bootstrapped.optimism
        assert found.apparent["combined auc"] == pytest.approx(made.training.models[Model.COMBINED].auc.auc)
        assert found.corrected["combined auc"] < found.apparent["combined auc"]
        assert made.nested.auc("combined").value < found.apparent["combined auc"]


def test_validation_cases_of_another_kind_change_nothing_that_was_learned(cohort):
    held = np.flatnonzero((cohort.split != "training").to_numpy())
    drawn = np.random.default_rng(1)
    features, clinical, outcome = cohort.features.copy(), cohort.clinical.copy(), cohort.outcome.copy()
    features.iloc[held] = drawn.lognormal(3, 2, size=(len(held), features.shape[1]))
    features.iloc[held[:9], :7] = np.nan
    outcome.iloc[held] = 1 - outcome.iloc[held]
    for name in clinical.select_dtypes("number"):
        clinical.iloc[held, clinical.columns.get_loc(name)] = drawn.integers(0, 90, len(held))
    other = dataclasses.replace(cohort, features=features, clinical=clinical, outcome=outcome)
    first, second = (develop(one, ALONE, outcome="PTLF") for one in (cohort, other))
    assert first.variables == second.variables
    assert first.pipeline.radscore_.names_ == second.pipeline.radscore_.names_
    assert (first.youden, first.size) == (second.youden, second.size)
    for model, fitted in first.pipeline.models_.items():
        assert (fitted.risk.coefficients == second.pipeline.models_[model].risk.coefficients).all()
        assert (fitted.risk.covariance == second.pipeline.models_[model].risk.covariance).all()
    assert first.validation[0].models[Model.COMBINED].auc != second.validation[0].models[Model.COMBINED].auc


class TestWay:
    """What `selection` resamples must learn from its rows alone."""

    def test_what_other_rows_hold_does_not_change_a_fit(self, way, made):
        rows, others = np.arange(60), np.arange(60, 100)
        first = way.linear_predictors(way.fit(rows), rows)
        train = made.parts.training
        features, clinical, y = train.features.copy(), train.clinical.copy(), train.outcome.to_numpy().copy()
        features.iloc[others] = np.random.default_rng(0).normal(size=features.iloc[others].shape)
        clinical.iloc[others, 0] = 20.0
        y[others] = 1 - y[others]
        again = Way(QUICK, made.variables, features, clinical, y)
        second = again.linear_predictors(again.fit(rows), rows)
        for model in first:
            assert (first[model] == second[model]).all()

    def test_names_are_the_clinical_variables_and_features_of_each_model(self, way):
        fitted = way.fit(np.arange(100))
        names = way.names(fitted)
        assert names["clinical"] == tuple(one.name for one in fitted.clinical_.kept_)
        assert names["radiomics"] == fitted.radscore_.names_
        assert names["combined"] == (*names["clinical"], *names["radiomics"])

    def test_a_resample_without_a_model_predicts_the_share_of_events(self, way, made):
        plan = dataclasses.replace(
            QUICK, selection=SelectionPlan(level=1e-12, folds=4), clinical=ClinicalPlan(univariate_p=1e-12)
        )
        nothing = Way(plan, made.variables, way.features, way.clinical, way.y)
        fitted = nothing.fit(np.arange(100))
        assert set(nothing.names(fitted).values()) == {()}
        assert np.ptp(nothing.linear_predictors(fitted, np.arange(50))["combined"]) == 0

    def test_copies_of_a_case_stay_together_in_the_inner_folds(self, way, monkeypatch):
        seen = {}
        fit = Radscore.fit
        monkeypatch.setattr(Radscore, "fit", lambda *given, **more: seen.update(more) or fit(*given, **more))
        rows = np.random.default_rng(1).integers(0, 100, 100)
        way.fit(rows)
        assert (seen["groups"] == rows).all()

    def test_in_several_processes_the_results_are_the_same_in_the_same_order(self, way):
        told = []
        one = list(runner(1, lambda *event: told.append(event), "bootstrap")(len, ["a", "bbb", "cc"]))
        two = list(runner(2, lambda *event: None, "bootstrap")(len, ["a", "bbb", "cc"]))
        assert one == two == [1, 3, 2]
        assert told == [("bootstrap", 0, 3), ("bootstrap", 1, 3), ("bootstrap", 2, 3), ("bootstrap", 3, 3)]


def test_a_slope_is_corrected_by_the_samples_models_in_all_cases():
    """Their slope in their own sample is 1 by construction; Firth's is not (5 here), and says nothing."""
    names = ("combined auc", "combined slope")
    found = Optimism(
        apparent={"combined auc": 0.9, "combined slope": 1.0},
        training={names[0]: np.array([0.95, 0.93]), names[1]: np.array([5.0, 1.0])},
        test={names[0]: np.array([0.85, 0.85]), names[1]: np.array([0.6, np.nan])},
        out_of_bag={name: np.full(2, np.nan) for name in names},
        failed=(),
    )
    assert corrected(found, "combined auc") == pytest.approx(0.9 - 0.09)
    assert corrected(found, "combined slope") == pytest.approx(0.6)


class TestWhatIsSaid:
    def test_too_uncertain_a_linear_predictor_gives_no_risk(self, made):
        assert median_se(made.pipeline, made.parts.training) > 0.4
        assert "standard error of the linear predictor" in made.no_risk
        assert made.no_signature == ""

    def test_forty_nine_cases_give_no_risk_however_certain_they_look(self, made):
        few = copy.deepcopy(made.pipeline)
        risk = few.models_[Model.COMBINED].risk
        for n, words in ((49, "known in 49 cases"), (50, "")):
            certain = dataclasses.replace(risk, n=n, events=22, covariance=risk.covariance * 1e-4)
            few.models_ = {Model.COMBINED: dataclasses.replace(few.models_[Model.COMBINED], risk=certain)}
            said = _no_risk(few, made.parts.training, "PTLF")
            assert words in said
            assert bool(said) is bool(words)

    def test_no_feature_no_signature(self, cohort):
        plan = dataclasses.replace(ALONE, selection=SelectionPlan(level=1e-12, folds=4))
        made = develop(cohort, plan)
        assert "no feature was selected" in made.no_signature
        assert ("'ptlf cohort extract --all' computes all" in made.no_signature) is (cohort.features.shape[1] < 100)
        assert set(made.training.models) == {Model.CLINICAL, Model.COMBINED}

    def test_nothing_at_all_is_told_and_no_crash(self, cohort):
        plan = dataclasses.replace(
            ALONE, selection=SelectionPlan(level=1e-12, folds=4), clinical=ClinicalPlan(univariate_p=1e-12)
        )
        made = develop(cohort, plan)
        assert made.training.models == {}
        assert made.no_signature
        assert made.nested is made.bootstrapped is None

    def test_columns_that_never_vary_are_no_candidates(self, cohort):
        same = dataclasses.replace(cohort, clinical=cohort.clinical.assign(male=1.0, ALB=np.nan))
        made = develop(same, ALONE)
        assert set(made.constant) == {"male", "ALB"}
        with pytest.raises(BadInput, match="'male' shall always be in the model, but it is the same"):
            develop(same, dataclasses.replace(ALONE, clinical=ClinicalPlan(always=("male",))))

    def test_sizes_count_candidates_not_what_was_kept(self, made):
        size = made.size
        assert size.candidates == len(("ALB INR age male neutrophil bilirubin B C cirrhosis").split()) + 10
        assert size.per_candidate == pytest.approx(29 / 19)
        assert size.needed.cases > made.parts.training.n
        assert not size.is_enough

    def test_imputation_is_an_option(self, cohort):
        plan = dataclasses.replace(ALONE, missing=Missing.IMPUTE, imputations=2)
        made = develop(cohort, plan)
        assert made.pipeline.imputations == 2
        assert made.pipeline.models_[Model.COMBINED].risk.n == 100


class TestReadTwice:
    """Features that two readers' segments do not agree on are left out, where the plan asks for it."""

    @pytest.fixture
    def plan(self):
        return dataclasses.replace(ALONE, selection=dataclasses.replace(ALONE.selection, icc_at_least=0.9))

    def test_features_without_agreement_go(self, cohort, plan):
        second = cohort.features.iloc[:20].copy()
        noisy = second.columns[:30]
        random = np.random.default_rng(3)
        second[noisy] += random.normal(size=second[noisy].shape) * cohort.features[noisy].std().to_numpy() * 2
        made = develop(cohort, plan, second=second)
        left = {step.name: step.left for step in made.pipeline.radscore_.steps_}["reproducible"]
        assert set(cohort.features.columns[left]) == set(second.columns[30:])

    def test_without_second_segmentations_it_is_refused(self, cohort, plan):
        with pytest.raises(BadInput, match="0 of 100 training cases"):
            develop(cohort, plan)
        with pytest.raises(BadInput, match="9 of 100 training cases"):
            develop(cohort, plan, second=cohort.features.iloc[:9])


@pytest.mark.slow
def test_with_enough_cases_the_signature_gives_a_risk(cohort):
    """Five times as many cases, features and values jittered: the linear predictor is certain enough."""
    many = made_cohort(training=None, count=12)
    random = np.random.default_rng(8)
    chosen = many.only(np.ones(many.n, bool))
    rows = np.repeat(np.arange(many.n), 5)
    ids = [f"M{k}" for k in range(len(rows))]

    def more(frame):
        made = frame.iloc[rows].set_axis(ids)
        numbers = made.select_dtypes("number").columns if hasattr(made, "columns") else []
        return made.assign(**{n: made[n] + random.normal(0, 0.3 * frame[n].std(), len(made)) for n in numbers})

    many = dataclasses.replace(
        chosen,
        clinical=more(chosen.clinical[["ALB", "INR"]]),
        features=more(chosen.features),
        outcome=chosen.outcome.iloc[rows].set_axis(ids),
        split=chosen.split.iloc[rows].set_axis(ids),
        centre=chosen.centre.iloc[rows].set_axis(ids),
        columns=chosen.columns[:2],
        extracted=dict.fromkeys(ids, next(iter(chosen.extracted.values()))),
    )
    made = develop(many, ALONE, outcome="PTLF")
    assert made.no_risk == made.no_signature == ""
    assert median_se(made.pipeline, made.parts.training) < 0.4


def test_what_cannot_be_written_is_refused_before_the_resampling(cohort):
    stages = []

    def refuse(pipeline, train):
        raise BadInput("no such file can be written")

    with pytest.raises(BadInput, match="no such file"):
        develop(cohort, QUICK, progress=lambda stage, *_: stages.append(stage), fitted=refuse)
    assert set(stages) == {"fitting"}
