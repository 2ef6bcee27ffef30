"""Clinical variables: numbers, levels, what is missing, what a model with some levels cannot take."""

import numpy as np
import pandas as pd
import pytest

from PTLFPredictorLib.cohort.develop import variables
from PTLFPredictorLib.cohort.develop.variables import Variable
from PTLFPredictorLib.cohort.table import ClinicalColumn
from PTLFPredictorLib.errors import BadInput


@pytest.fixture
def clinical():
    return pd.DataFrame(
        {
            "ALB": [38.0, np.nan, 41.0, 29.0],
            "Cirrhosis": [1.0, 0.0, np.nan, 1.0],
            "BCLC": pd.Series(["A", "C", None, "B"], dtype=object),
            "Same": [2.0, 2.0, 2.0, 2.0],
        }
    )


COLUMNS = (
    ClinicalColumn("ALB", "g/L"),
    ClinicalColumn("Cirrhosis"),
    ClinicalColumn("BCLC", levels=("A", "B", "C")),
    ClinicalColumn("Same"),
)


def test_numbers_levels_and_numbers_that_are_yes_or_no(clinical):
    alb, cirrhosis, bclc, same = variables.candidates(COLUMNS, clinical)
    assert (alb.unit, alb.categorical, alb.columns) == ("g/L", False, ("ALB",))
    assert (cirrhosis.levels, cirrhosis.columns) == (("0", "1"), ("Cirrhosis=1",))
    assert bclc.columns == ("BCLC=B", "BCLC=C")
    assert not same.categorical


def test_a_design_has_a_column_for_each_level_but_the_reference_and_nan_where_missing(clinical):
    alb, cirrhosis, bclc, _ = variables.candidates(COLUMNS, clinical)
    x = variables.design((alb, cirrhosis, bclc), clinical)
    assert variables.names((alb, cirrhosis, bclc)) == ("ALB", "Cirrhosis=1", "BCLC=B", "BCLC=C")
    expected = [[38, 1, 0, 0], [np.nan, 0, 0, 1], [41, np.nan, np.nan, np.nan], [29, 1, 1, 0]]
    np.testing.assert_array_equal(x, expected)
    assert variables.design((), clinical).shape == (4, 0)


def test_a_level_that_the_model_has_not_seen_is_not_known(clinical):
    bclc = Variable("BCLC", levels=("A", "B"))
    assert list(bclc.known(clinical.BCLC)) == [True, False, False, True]
    assert np.isnan(bclc.design(clinical.BCLC)).ravel().tolist() == [False, True, True, False]


def test_levels_are_those_of_the_cases_and_what_never_varies_is_no_variable(clinical):
    alb, cirrhosis, bclc, same = variables.candidates(COLUMNS, clinical)
    assert bclc.among(clinical.BCLC[[0, 3]]).levels == ("A", "B")
    assert bclc.among(clinical.BCLC[[1, 3]]).levels == ("B", "C")
    assert bclc.among(clinical.BCLC[[1]]) is None
    assert cirrhosis.among(clinical.Cirrhosis[[0, 3]]) is None
    assert same.among(clinical.Same) is None
    assert alb.among(clinical.ALB) == alb


def test_candidates_by_name_and_a_name_that_is_none(clinical):
    assert [one.name for one in variables.candidates(COLUMNS, clinical, ("BCLC", "ALB"))] == ["BCLC", "ALB"]
    with pytest.raises(BadInput, match="no clinical column Albumin; it has ALB"):
        variables.candidates(COLUMNS, clinical, ("Albumin",))


def test_a_column_that_is_called_radscore_is_no_candidate(clinical):
    columns = (*COLUMNS, ClinicalColumn("radscore"))
    found = variables.candidates(columns, clinical.assign(radscore=[1.0, 2.0, 3.0, 4.0]))
    assert "radscore" not in [one.name for one in found]
