"""From features and clinical variables to three models: what the paper did, on training cases alone."""

import numpy as np
import pandas as pd
import pytest

from made_cohort import QUICK, made_cohort
from PTLFPredictorLib.cohort.develop import risk_model
from PTLFPredictorLib.cohort.develop.clinical import ClinicalPlan
from PTLFPredictorLib.cohort.develop.pipeline import Model, Pipeline, common
from PTLFPredictorLib.cohort.develop.risk_model import Interval
from PTLFPredictorLib.cohort.develop.variables import candidates
from PTLFPredictorLib.cohort.selection import SelectionPlan
from PTLFPredictorLib.cohort.statistics.univariate import CategoricalTest, ContinuousTest

NOTHING = SelectionPlan(level=1e-12, folds=4, lambdas=12)


@pytest.fixture(scope="module")
def cohort():
    return made_cohort(count=60)


@pytest.fixture(scope="module")
def train(cohort):
    return cohort.only(cohort.split == "training")


@pytest.fixture(scope="module")
def whole(train):
    return fitted(train)


@pytest.fixture(scope="module")
def gaps(train):
    """Clinical values of which 20 of 100 cases lack one."""
    clinical = train.clinical.copy()
    clinical.loc[clinical.index[:12], "INR"] = np.nan
    clinical.loc[clinical.index[8:20], "BCLC stage"] = None
    return clinical


def fitted(data, selection=QUICK.selection, clinical=QUICK.clinical, imputations=0, values=None, **more):
    values = data.clinical if values is None else values
    variables = candidates(data.columns, values, clinical.variables)
    pipeline = Pipeline(selection, clinical, variables, imputations)
    return pipeline.fit(data.features, values, data.outcome.to_numpy(), **more)


class TestThePaperSWay:
    def test_each_variable_is_tested_by_the_kind_that_it_is(self, whole):
        used = {one.variable.name: one.test for one in whole.clinical_.univariate_}
        assert used["BCLC stage"] is used["cirrhosis"] is CategoricalTest.CHI_SQUARE
        assert used["INR"] is used["bilirubin"] is ContinuousTest.MANN_WHITNEY
        assert used["age"] is ContinuousTest.WELCH

    def test_tests_and_models_are_on_the_cases_that_have_the_variable(self, whole, train):
        n = {one.variable.name: one.n for one in whole.clinical_.univariate_}
        assert n["neutrophil"] == train.clinical.neutrophil.notna().sum() < n["age"] == train.n

    def test_what_passes_the_univariate_tests_goes_into_one_model_and_what_passes_there_is_kept(self, whole):
        passed = {one.variable.name for one in whole.clinical_.univariate_ if one.p < 0.05}
        assert set(whole.clinical_.p_values_) == passed == {"INR", "BCLC stage"}
        assert {one.name for one in whole.clinical_.kept_} == {"INR", "BCLC stage"}
        assert all(p < 0.05 for p in whole.clinical_.p_values_.values())

    def test_what_passes_one_by_one_may_not_be_independent(self, train):
        found = fitted(train, clinical=ClinicalPlan(univariate_p=0.5)).clinical_
        independent = {name for name, p in found.p_values_.items() if p < 0.05}
        assert {one.name for one in found.kept_} == independent < set(found.p_values_)

    def test_the_combined_model_is_a_logistic_model_of_what_was_kept_and_the_radscore(self, whole, train):
        combined = whole.models_[Model.COMBINED]
        assert combined.risk.columns == ("INR", "BCLC stage=B", "BCLC stage=C", "Radscore")
        stage = train.clinical["BCLC stage"]
        x = np.column_stack([train.clinical.INR, stage == "B", stage == "C", whole.score(train.features)]).astype(float)
        plain = risk_model.fit(x, train.outcome, combined.risk.columns)
        assert combined.risk.coefficients == pytest.approx(plain.coefficients)
        assert whole.models_[Model.RADIOMICS].risk.columns == ("Radscore",)
        assert whole.models_[Model.CLINICAL].risk.columns == combined.risk.columns[:-1]

    def test_the_radscore_is_the_sum_of_coefficient_times_z(self, whole, train):
        found = whole.radscore_
        z = (train.features[list(found.names_)] - found.mean_) / found.sd_
        assert whole.score(train.features) == pytest.approx((z * found.coefficients_).sum(axis=1).to_numpy())
        assert list(np.abs(found.coefficients_)) == sorted(np.abs(found.coefficients_), reverse=True)

    def test_variables_that_shall_always_be_there_are(self, train):
        made = fitted(train, clinical=ClinicalPlan(always=("ALB",)))
        assert "ALB" in made.models_[Model.COMBINED].risk.columns
        assert made.clinical_.p_values_["ALB"] > 0.05

    def test_named_candidates_are_the_only_ones(self, train):
        made = fitted(train, clinical=ClinicalPlan(variables=("INR",)))
        assert [one.variable.name for one in made.clinical_.univariate_] == ["INR"]


class TestNoLeak:
    """What validation cases are must not matter to what is learnt."""

    def test_the_fit_does_not_look_at_other_rows(self, cohort, train, whole):
        changed = made_cohort(count=60)
        others = (changed.split != "training").to_numpy()
        changed.features.loc[others] *= 100
        changed.clinical.loc[others, "INR"] = 5.0
        changed.outcome.loc[others] = 1 - changed.outcome[others]
        again = fitted(changed.only(changed.split == "training"))
        assert again.radscore_.names_ == whole.radscore_.names_
        assert (again.radscore_.mean_ == whole.radscore_.mean_).all()
        assert (
            again.models_[Model.COMBINED].risk.coefficients == whole.models_[Model.COMBINED].risk.coefficients
        ).all()

    def test_a_case_s_own_outcome_is_not_in_its_score(self, cohort, whole):
        at = whole.linear_predictors(cohort.features, cohort.clinical)[Model.COMBINED]
        alone = whole.linear_predictors(cohort.features.iloc[[120]], cohort.clinical.iloc[[120]])[Model.COMBINED]
        assert alone == pytest.approx(at[[120]])


class TestNothingKept:
    def test_without_features_the_combined_model_is_the_clinical_one(self, train):
        made = fitted(train, NOTHING)
        assert made.radscore_.names_ == ()
        assert set(made.models_) == {Model.CLINICAL, Model.COMBINED}
        assert not made.models_[Model.COMBINED].with_radscore
        ours, clinical = made.models_[Model.COMBINED].risk, made.models_[Model.CLINICAL].risk
        assert ours.coefficients == pytest.approx(clinical.coefficients)

    def test_without_clinical_variables_it_is_the_radscore(self, train):
        made = fitted(train, clinical=ClinicalPlan(univariate_p=1e-12))
        assert made.clinical_.multivariate_ is None
        assert set(made.models_) == {Model.RADIOMICS, Model.COMBINED}
        assert made.models_[Model.COMBINED].risk.columns == ("Radscore",)

    def test_without_both_everybody_has_the_training_cases_share(self, train):
        made = fitted(train, NOTHING, ClinicalPlan(univariate_p=1e-12))
        assert made.models_ == {}
        found = made.linear_predictors(train.features, train.clinical)
        share = train.events / train.n
        assert all(values == pytest.approx(np.full(train.n, np.log(share / (1 - share)))) for values in found.values())


class TestMissing:
    def test_models_are_of_complete_cases_and_say_how_many(self, train, gaps):
        made = fitted(train, values=gaps)
        combined = made.models_[Model.COMBINED]
        assert [one.name for one in combined.variables] == ["INR", "BCLC stage"]
        assert combined.risk.n == combined.rows.sum() == 80
        assert made.models_[Model.RADIOMICS].risk.n == 100
        lp = made.linear_predictors(train.features, gaps)
        assert np.isnan(lp[Model.COMBINED]).sum() == 20
        assert common(lp).sum() == 80

    def test_a_level_that_no_training_case_has_is_unknown_elsewhere(self, cohort, train):
        clinical = train.clinical.copy()
        clinical["BCLC stage"] = clinical["BCLC stage"].where(clinical["BCLC stage"] != "B", "A")
        made = fitted(train, values=clinical, clinical=ClinicalPlan(always=("BCLC stage",)))
        assert "BCLC stage=B" not in made.models_[Model.COMBINED].risk.columns
        lp = made.linear_predictors(cohort.features, cohort.clinical)[Model.COMBINED]
        assert (np.isnan(lp) == (~cohort.clinical["BCLC stage"].isin(["A", "C"])).to_numpy()).all()

    def test_imputation_keeps_all_cases_and_its_intervals_are_wider_than_those_of_one_filling(self, train, gaps):
        made = fitted(train, values=gaps, imputations=8, clinical=ClinicalPlan(always=("INR", "BCLC stage")))
        risk = made.models_[Model.COMBINED].risk
        assert (risk.n, risk.interval) == (100, Interval.POOLED)
        one = fitted(train, clinical=ClinicalPlan(always=("INR", "BCLC stage"))).models_[Model.COMBINED].risk
        place = risk.columns.index("INR")
        assert np.sqrt(risk.covariance[1 + place, 1 + place]) > np.sqrt(one.covariance[1 + place, 1 + place])
        assert risk.coefficients == pytest.approx(one.coefficients, abs=1.6)
        again = fitted(train, values=gaps, imputations=8, clinical=ClinicalPlan(always=("INR", "BCLC stage")))
        assert (again.models_[Model.COMBINED].risk.coefficients == risk.coefficients).all()

    def test_a_model_without_gaps_is_not_pooled(self, train, gaps):
        made = fitted(train, values=gaps, imputations=2)
        assert made.models_[Model.RADIOMICS].risk.interval is Interval.WALD


def test_constant_columns_are_no_obstacle(train):
    features = train.features.copy()
    features.iloc[:, [3, 7]] = 1.0
    features.iloc[5, 9] = np.nan
    clinical = train.clinical.assign(same=1.0)
    variables = candidates(train.columns, clinical)
    made = Pipeline(QUICK.selection, QUICK.clinical, variables).fit(features, clinical, train.outcome.to_numpy())
    counts = {step.name: step.count for step in made.radscore_.steps_}
    assert (counts["given"], counts["usable"]) == (60, 57)


def test_a_frame_with_other_column_order_gives_the_same_scores(whole, cohort):
    turned = cohort.features[cohort.features.columns[::-1]]
    pd.testing.assert_index_equal(turned.index, cohort.features.index)
    assert whole.score(turned) == pytest.approx(whole.score(cohort.features))
