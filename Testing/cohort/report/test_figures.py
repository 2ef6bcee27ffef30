"""Figures: words as words, the right numbers beside them, and what they must not be read for."""

import dataclasses
import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from PTLFPredictorLib import RESEARCH_USE
from PTLFPredictorLib.cohort.flow import Flow, FlowStep
from PTLFPredictorLib.cohort.report import figures
from PTLFPredictorLib.cohort.report.figures import Cases, Group, Odds, Performance, Roc
from PTLFPredictorLib.colours import BLUE
from PTLFPredictorLib.render.report import Estimate
from PTLFPredictorLib.render.report.drawing import FAINT, STYLES
from PTLFPredictorLib.signature import load

CASES = Cases(63, 19, "validation")


@pytest.fixture(scope="module")
def drawn(document):
    return {one.name: one for one in document.figures}


def words(svg):
    """All texts of a drawing, in their order."""
    root = ElementTree.fromstring(svg)
    return ["".join(element.itertext()).strip() for element in root.iter("{http://www.w3.org/2000/svg}text")]


def lines_of(svg, colour):
    """Corners of the open lines of a colour, each of shape (k, 2), in points from the top left."""
    found = re.findall(rf'd="(M [^z"]*)"[^>]*stroke: {colour}', svg)
    return [np.array(re.findall(r"[-\d.]+", path), float).reshape(-1, 2) for path in found]


def in_units(drawn, diagonal):
    """Places on a square of 0 to 1, whose diagonal is drawn too."""
    start, end = diagonal
    return (drawn - start) / (end - start)


@pytest.fixture
def roc():
    x = np.array([0, 0.25, 1.0])
    curves = [
        Roc("clinical", x, x**0.5, Estimate(0.77, 0.65, 0.9)),
        Roc("combined", x, x**0.3, Estimate(0.8, 0.7, 0.91)),
    ]
    return figures.roc("roc", curves, CASES, "95 % CI (DeLong)")


DRAW = """
import numpy as np
from PTLFPredictorLib.cohort.report import figures
from PTLFPredictorLib.render.report import Estimate
x = np.array([0, 0.25, 1.0])
curve = figures.Roc("clinical", x, x**0.5, Estimate(0.77, 0.65, 0.9))
svg = figures.roc("roc", [curve], figures.Cases(63, 19, "validation"), "95 % CI (DeLong)").svg
"""


def test_the_same_numbers_are_the_same_bytes_in_another_process():
    drawn = {}
    exec(DRAW, drawn)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "1"}
    command = [sys.executable, "-c", DRAW + "print(svg)"]
    made = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert made.stdout.strip() == drawn["svg"].strip()


def test_no_time_and_no_version_is_in_a_drawing(drawn):
    for one in drawn.values():
        assert not re.search(r"<metadata|<!--|Matplotlib|20\d\d-\d\d", one.svg), one.name


def test_drawings_are_small_and_their_words_are_words(drawn):
    for one in drawn.values():
        assert len(one.svg) < 200_000, one.name
        assert len(words(one.svg)) >= 5, one.name
        assert "<image" not in one.svg, one.name


def test_a_number_in_a_drawing_keeps_its_zeros(roc):
    assert "clinical  0.770 (0.650 to 0.900)" in words(roc.svg)


def test_a_curve_lies_where_its_numbers_are():
    x, y = np.array([0, 0.25, 0.5, 1.0]), np.array([0.1, 0.75, 0.8, 0.95])
    svg = figures.roc("roc", [Roc("a", x, y, Estimate(0.8, 0.7, 0.9))], CASES, "95 % CI").svg
    (diagonal,), (curve, *_) = lines_of(svg, FAINT), lines_of(svg, BLUE)
    np.testing.assert_allclose(in_units(curve, diagonal), np.c_[x, y], atol=2e-3)


def test_a_calibration_curve_has_the_predicted_risk_on_its_horizontal_axis():
    x, y = np.array([0.1, 0.3, 0.6, 0.9]), np.array([0.05, 0.2, 0.7, 0.8])
    outcomes = np.array([0.0, 0, 1, 1])
    svg = figures.calibration("c", x, outcomes, (x, y), "lowess", Cases(4, 2), groups=2).svg
    (diagonal, *_), (curve, *_) = lines_of(svg, FAINT), lines_of(svg, BLUE)
    np.testing.assert_allclose(in_units(curve, diagonal), np.c_[x, y], atol=2e-3)


def test_every_figure_says_how_many_cases_and_what_it_is_not(drawn):
    limits = (
        "does not|must not|no test|not the performance|nothing about|no more|no best|not compared|only|not more|is not|"
    )
    for name, one in drawn.items():
        if name != "flow":
            assert re.search(r"\d+ (training|validation) cases, \d+ with the event\.", one.note), name
            assert re.search(limits, one.note), name
        assert one.alternative, name


def test_models_are_told_apart_without_colour():
    dashes = [str(dash) for _, dash in STYLES]
    assert len(set(dashes)) == len(STYLES)
    assert len({colour for colour, _ in STYLES}) == len(STYLES)


def test_cases_that_are_neither_excluded_nor_in_a_group_are_told():
    cases = Flow(100, (FlowStep("earlier TACE", "eligibility", 10),), 90)
    with pytest.raises(ValueError, match="90 cases are left, the groups have 80"):
        figures.flow("flow", cases, [Group("all", 80, 20)])


def test_the_flow_names_every_reason_with_its_count():
    steps = (FlowStep("earlier TACE", "eligibility:first_tace", 10), FlowStep("slices too thin", "checks:slices", 4))
    figure = figures.flow("flow", Flow(100, steps, 86), [Group("Training", 60, 20), Group("Validation", 26)])
    said = words(figure.svg)
    assert {"n = 100", "Excluded: n = 14", "earlier TACE: 10", "slices too thin: 4"} <= set(said)
    assert "Included in the analysis: n = 86" in said
    assert "20 with the event, 40 without" in said
    assert "with the event" not in figure.alternative.split("Validation")[1]


@pytest.mark.parametrize("groups", [1, 2, 3])
def test_a_flow_without_exclusions_is_drawn(groups):
    parts = [Group(f"centre {i}", 10, 3) for i in range(groups)]
    figure = figures.flow("flow", Flow(10 * groups, (), 10 * groups), parts)
    assert "none" in figure.alternative
    assert sum(text.startswith("centre") for text in words(figure.svg)) == groups


def test_the_chosen_lambda_and_what_it_keeps_are_said(drawn):
    assert "\u03bb = 0.03218 (minimum of the deviance)" in drawn["lasso"].note


def test_an_odds_ratio_stands_beside_its_line():
    figure = figures.forest("f", [Odds("INR", "per 0.1", Estimate(2.14, 1.47, 3.11))], CASES, "95 % CI (Wald)")
    assert {"INR, per 0.1", "2.14 (1.47 to 3.11)"} <= set(words(figure.svg))


def test_the_optimism_is_told_from_apparent_to_corrected():
    figure = figures.optimism("o", [Performance("Combined", 0.95, Estimate(0.79, 0.7, 0.86))], CASES, "bootstrap")
    assert "0.950 \u2192 0.790" in words(figure.svg)


def test_medians_of_a_score_are_those_of_each_outcome():
    score, outcome = np.array([1.0, 2, 3, 10, 20, 30]), np.array([1, 1, 1, 0, 0, 0])
    figure = figures.distribution("d", score, outcome, Cases(6, 3))
    assert {"event, n = 3, median 2.00", "no event, n = 3, median 20.00"} <= set(words(figure.svg))


def test_groups_of_a_calibration_curve_are_means_of_equal_parts_with_wilsons_interval():
    from PTLFPredictorLib.cohort.report.figures.calibration import _grouped

    risks = np.array([0.9, 0.1, 0.2, 0.8])
    predicted, observed, low, high = _grouped(risks, np.array([1.0, 0, 1, 1]), 2)
    np.testing.assert_allclose(predicted, [0.15, 0.85])
    np.testing.assert_allclose(observed, [0.5, 1.0])
    np.testing.assert_allclose(low, [0.0945312, 0.3423802], atol=1e-6)  # Wilson: 1 of 2; 2 of 2
    np.testing.assert_allclose(high, [0.9054688, 1.0], atol=1e-6)


def test_settings_of_a_drawing_stay_inside_it(roc):
    import matplotlib

    assert matplotlib.rcParams["svg.fonttype"] == matplotlib.rcParamsDefault["svg.fonttype"]
    assert roc.svg.startswith("<svg")


def test_a_long_title_does_not_push_the_research_line_off_a_nomogram():
    title = "Demonstration on synthetic cases, not for patients: " + "a hospital's own signature " * 5
    svg = figures.nomogram("n", dataclasses.replace(load("ptlf-demo"), title=title), CASES).svg
    lines = words(svg)
    assert RESEARCH_USE in lines
    assert " ".join(lines[lines.index(RESEARCH_USE) + 1 :]) == title.strip()
    assert all(len(line) * 5.5 <= 900 for line in lines)
