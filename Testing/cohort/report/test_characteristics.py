"""Tables of patients: the paper's own counts, R's tests, differences by hand."""

import numpy as np
import pandas as pd
import pytest

import r_reference
from PTLFPredictorLib.cohort.report.characteristics import (
    Term,
    Variable,
    compared,
    missing,
    multivariable,
    smd,
    smd_of_counts,
)
from PTLFPredictorLib.render.report import Estimate, MeanSD, MedianIQR, Share
from PTLFPredictorLib.render.report.files import lines


def frame_of(with_event, without):
    """36 and 111 cases of which so many have it: the paper's Table 2."""
    has = np.r_[np.arange(36) < with_event, np.arange(111) < without].astype(float)
    return pd.DataFrame({"it": has}), np.arange(147) < 36


@pytest.mark.parametrize(
    ("counts", "printed"),
    [((11, 45), "0.284"), ((24, 64), "0.338"), ((9, 26), "0.847"), ((6, 20), "0.853")],
    ids=["embolus", "cirrhosis", "hydroperitoneum", "Child-Pugh B"],
)
def test_the_papers_counts_give_the_papers_p(counts, printed):
    frame, event = frame_of(*counts)
    row = compared("t", "T", frame, {"PTLF": event, "NPTLF": ~event}, [Variable("it", "It")]).rows[0]
    assert row[1:3] == [Share(counts[0], 36), Share(counts[1], 111)]
    assert f"{row[3]:.3f}" == printed
    assert row[4] == "Pearson chi-square"


def test_one_p_of_the_paper_does_not_follow_from_its_counts():
    frame, event = frame_of(12, 50)  # several tumours: printed 0.378
    row = compared("t", "T", frame, {"PTLF": event, "NPTLF": ~event}, [Variable("it", "It")]).rows[0]
    assert row[3] == pytest.approx(0.216, abs=5e-4)


def test_means_where_both_groups_pass_for_normal_medians_where_not():
    cohort = r_reference.train()
    event = (cohort.ptlf == 1).to_numpy()
    groups = {"PTLF": event, "No PTLF": ~event}
    table = compared("t", "T", cohort, groups, [Variable("alb", "Albumin", "g/L"), Variable("inr", "INR", "1")])
    told = r_reference.values("univariate")["continuous"]
    alb, inr = table.rows
    assert (alb[0], inr[0]) == ("Albumin (g/L)", "INR")
    assert isinstance(alb[1], MeanSD)
    assert [alb[1].mean, alb[1].sd] == pytest.approx(told["alb"]["mean_sd_1"])
    assert [alb[2].mean, alb[2].sd] == pytest.approx(told["alb"]["mean_sd_0"])
    assert isinstance(inr[1], MedianIQR)
    assert [inr[1].q1, inr[1].median, inr[1].q3] == pytest.approx(told["inr"]["quartiles_1_type7"])
    assert (alb[4], inr[4]) == ("Welch", "Mann-Whitney")
    assert alb[3] == pytest.approx(told["alb"]["t_welch"]["p"], rel=1e-8)
    assert alb[5] == pytest.approx(abs(told["alb"]["smd_pooled"]), rel=1e-8)
    assert inr[3] == pytest.approx(told["inr"]["mann_whitney"]["p_normal_continuity"], rel=1e-8)


def test_levels_stand_below_their_variable_with_shares_of_what_is_known():
    frame = pd.DataFrame({"lobe": ["right", "left", None, "right", "left", "both"]})
    first = np.array([True, True, True, False, False, False])
    levels = (("right", "Right lobe"), ("left", "Left lobe"), ("both", "Both lobes"))
    rows = compared("t", "T", frame, {"A": first, "B": ~first}, [Variable("lobe", "Tumour", levels=levels)]).rows
    assert [getattr(row[0], "text", row[0]) for row in rows] == ["Tumour", "Right lobe", "Left lobe", "Both lobes"]
    assert rows[1][1:3] == [Share(1, 2), Share(1, 3)]
    assert rows[0][-1] == 1  # missing


def test_cases_of_neither_group_count_nowhere():
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, np.nan, 900.0]})
    first = np.array([1, 1, 1, 0, 0, 0, 0, 0], bool)
    second = np.array([0, 0, 0, 1, 1, 1, 0, 0], bool)
    table = compared("t", "T", frame, {"A": first, "B": second}, [Variable("x", "X")])
    assert [column.title for column in table.header][1:3] == ["A (n = 3)", "B (n = 3)"]
    assert table.rows[0][1].mean == 2.0
    assert table.rows[0][-1] == 0


@pytest.mark.parametrize("values", [[np.nan] * 6, [2.0] * 6, [1.0, 2, np.nan, np.nan, np.nan, 3]])
def test_what_cannot_be_tested_has_no_p(values):
    first = np.array([1, 1, 1, 0, 0, 0], bool)
    table = compared("t", "T", pd.DataFrame({"x": values}), {"A": first, "B": ~first}, [Variable("x", "X")])
    assert np.isnan(table.rows[0][3])
    assert list(lines(table))  # and can be written


def test_the_standardised_difference_of_means_by_hand():
    a, b = np.array([1.0, 2.0, 3.0]), np.array([3.0, 5.0, 7.0])  # variances 1 and 4
    assert smd(a, b) == pytest.approx(3 / np.sqrt(2.5))
    assert smd(b, a) == smd(a, b)


def test_the_standardised_difference_of_shares_by_hand():
    assert smd_of_counts(np.array([[70, 30], [50, 50]])) == pytest.approx(0.2 / np.sqrt((0.21 + 0.25) / 2))
    three = np.array([[30, 30, 40], [10, 40, 50]])
    assert smd_of_counts(three) == pytest.approx(smd_of_counts(three[:, [2, 0, 1]]))  # whichever level is left out
    assert smd_of_counts(np.array([[10, 20, 0], [20, 40, 0]])) == pytest.approx(0, abs=1e-9)


def test_missing_values_are_counted_per_group_and_complete_variables_in_a_note():
    frame = pd.DataFrame({"x": [1, None, 3, None], "y": [1, 2, 3, 4]})
    first = np.array([True, True, False, False])
    groups = {"A": first, "B": ~first}
    table = missing("m", "M", frame, groups, [Variable("x", "X"), Variable("y", "Y")], "Complete cases.")
    assert table.rows == [["X", Share(1, 2), Share(1, 2)]]
    assert table.note == "1 of 2 variables are complete. Complete cases."


def test_a_models_odds_ratio_stands_with_its_unit():
    term = Term("INR", 7.597, 1.916, Estimate(2.14, 1.47, 3.11), 0.00007, per=0.1, unit="1")
    table = multivariable("m", "Model", [term], "147 cases, 36 with the event.", "95 % CI, Wald")
    assert table.rows[0][3] == "0.1"
    head, row = lines(table)
    assert dict(zip(head, row, strict=True))["Odds ratio (95 % CI, Wald): low"] == "1.47"
