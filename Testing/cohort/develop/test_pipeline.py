"""From features and clinical variables to three models: what the paper did, on training cases alone."""

import pytest

from made_cohort import made_cohort
from PTLFPredictorLib.cohort.develop.clinical import ClinicalPlan
from PTLFPredictorLib.cohort.develop.pipeline import Pipeline, common
from PTLFPredictorLib.cohort.develop.variables import candidates
from PTLFPredictorLib.cohort.selection import SelectionPlan


@pytest.fixture(scope="module")
def cohort():
    return made_cohort()


def fitted(data, selection=SelectionPlan(), clinical=ClinicalPlan(), **more):
    variables = candidates(data.columns, data.clinical, clinical.variables)
    pipeline = Pipeline(selection, clinical, variables)
    return pipeline.fit(data.features, data.clinical, data.outcome.to_numpy(), **more)


def test_see(cohort):
    p = fitted(cohort.only(cohort.split == "training"))
    print([(s.name, s.count) for s in p.radscore_.steps_])
    for u in p.clinical_.univariate_:
        print(u)
    print(p.clinical_.p_values_, p.clinical_.kept_)
    for m, f in p.models_.items():
        print(m, f.risk.columns, f.risk.coefficients, f.risk.n, f.risk.events, f.risk.p_values)
    lp = p.linear_predictors(cohort.features, cohort.clinical)
    print(common(lp).sum())
    assert 0


def test_see_imputed(cohort):
    train = cohort.only(cohort.split == "training")
    variables = candidates(train.columns, train.clinical)
    clinical = train.clinical.copy()
    clinical.loc[clinical.index[:30], ["INR", "BCLC stage"]] = None
    p = Pipeline(SelectionPlan(), ClinicalPlan(), variables, imputations=5).fit(
        train.features, clinical, train.outcome.to_numpy()
    )
    for m, f in p.models_.items():
        print(m, f.risk.columns, f.risk.coefficients, f.risk.n, f.risk.events, f.risk.p_values)
    assert 0
