"""The drawn nomogram read back: at every width each place gives the equation's value, and what is hidden stays hidden.

Everything is taken from the primitives that the widget, the SVG, the PDF and report.html paint.
"""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import replace

import pytest

from made_signatures import alb_inr, four_predictors, site
from PTLFPredictorLib import RESEARCH_USE
from PTLFPredictorLib.record.statements import FOR_NO_PATIENT, WHAT_IF_BANNER
from PTLFPredictorLib.render import nomogram_svg
from PTLFPredictorLib.render.nomogram_axes import axes_of, footer_of
from PTLFPredictorLib.render.nomogram_layout import MINIMUM_WIDTH, WIDE_FROM, Layout, lowest
from PTLFPredictorLib.render.nomogram_marks import Reading, marks_of
from PTLFPredictorLib.render.primitives import SMALL, Area, Line, Shape, Text
from PTLFPredictorLib.render.text_width import width_of, wrapped
from PTLFPredictorLib.signature import (
    Entered,
    PredictionState,
    assess,
    difference_text,
    geometry,
    load,
    parse,
    what_if,
)

WIDTHS = (MINIMUM_WIDTH, 306, 413, WIDE_FROM - 1, WIDE_FROM, 900)

COHORT = {"p1": 26.0, "p5": 29.0, "p25": 35.0, "p50": 38.5, "p75": 42.0, "p95": 47.0, "p99": 50.0}

RADSCORE = 4.0


def signatures():
    data = load("ptlf-published").data
    return {
        "published": load("ptlf-published"),
        "demo": load("ptlf-demo"),
        "site": parse(site(data, axes={"ALB": COHORT})),
        "four": parse(four_predictors(data)),
    }


SIGNATURES = signatures()
ENTERED = {
    **dict.fromkeys(("published", "demo", "site"), Entered({"ALB": 43.6, "INR": 1.09})),
    "four": Entered({"ALB": 40.0, "bilirubin": 20.0, "Tumours": "multiple"}),
}
OTHER = {
    **dict.fromkeys(("published", "demo", "site"), Entered({"ALB": 38.0, "INR": 1.24})),
    "four": Entered({"ALB": 37.0, "bilirubin": 44.0, "Tumours": "single"}),
}

each_signature = pytest.mark.parametrize("name", SIGNATURES)
each_width = pytest.mark.parametrize("width", WIDTHS)


def own(signature, entered, score):
    """What a patient of a signature that may show a risk has: the equation's number."""
    shown = what_if(signature, entered, score, demonstration=True)
    return replace(shown, state=PredictionState.RISK, bands=())


def texts(drawn):
    return [one for one in drawn if isinstance(one, Text)]


def ticks(layout, row):
    """Labels below a row's axis, as numbers, and their x."""
    y = layout.y(row) + 18
    found = [one for one in texts(axes_of(layout)) if one.anchor == "middle" and one.y == y]
    return [(float(one.text.removesuffix(" %")), one.x) for one in found]


def read(labels, x):
    """The number at `x`, on the line through the outermost labels."""
    (a, xa), (b, xb) = min(labels, key=lambda one: one[1]), max(labels, key=lambda one: one[1])
    return a + (x - xa) / (xb - xa) * (b - a)


def logit(percent):
    return math.log(percent / (100 - percent))


def tips(layout, reading, *, hollow=False):
    """x of the markers by row."""
    shapes = [one for one in marks_of(layout, reading) if isinstance(one, Shape) and one.hollow is hollow]
    rows = {layout.y(row): row for row in layout.rows}
    return {rows[y]: x for x, y in (one.points[-1] for one in shapes) if y in rows}


class TestReadBack:
    @each_width
    @each_signature
    def test_every_marker_gives_its_value_through_the_labels_of_its_axis(self, name, width):
        signature = SIGNATURES[name]
        layout = lowest(geometry(signature), width)
        for entered, score in ((ENTERED[name], RADSCORE), (OTHER[name], -1.5)):
            values = signature.values_of(entered, score)
            prediction = own(signature, entered, score)
            found = tips(layout, Reading(values, prediction))
            points = 0.0
            for axis in layout.geometry.axes:
                x = found[axis.name]
                points += read(ticks(layout, "points"), x)
                if not axis.is_categorical:
                    assert read(ticks(layout, axis.name), x) == pytest.approx(values[axis.name], abs=1e-6)
            assert points == pytest.approx(prediction.total_points, abs=1e-6)
            assert read(ticks(layout, "total"), found["total"]) == pytest.approx(prediction.total_points, abs=1e-6)
            at = read([(logit(percent), x) for percent, x in ticks(layout, "risk")], found["risk"])
            assert at == pytest.approx(logit(100 * prediction.risk), abs=1e-6)
            assert found["risk"] == pytest.approx(found["total"])  # straight below it, as on paper

    @each_width
    @each_signature
    def test_any_place_on_an_axis_is_the_value_that_has_this_place(self, name, width):
        layout, seeded = Layout(geometry(SIGNATURES[name]), width, 700), random.Random(width)
        for axis in layout.geometry.axes:
            if axis.is_categorical:
                for level in axis.points_of_levels:
                    assert layout.value_of_x(axis.name, layout.x_of_value(axis.name, level)) == level
                continue
            for _ in range(20):
                value = seeded.uniform(axis.low, axis.high)
                x = layout.x_of_value(axis.name, value)
                assert layout.value_of_x(axis.name, x) == pytest.approx(value)
        for _ in range(20):
            total = seeded.uniform(*layout.totals)
            risk = layout.geometry.risk_of_total(total)
            assert layout.x_of_risk(risk) == pytest.approx(layout.x_of_total(total))

    def test_a_total_beyond_the_axis_points_outwards_and_its_number_stands_there(self):
        signature = SIGNATURES["published"]
        for score, side in ((-22.0, -1), (30.0, 1)):
            prediction = what_if(signature, alb_inr(43.6, 1.09), score)
            layout = lowest(geometry(signature), 340)
            drawn = marks_of(layout, Reading(signature.values_of(alb_inr(43.6, 1.09), score), prediction))
            shapes = [one for one in drawn if isinstance(one, Shape) and one.points[-1][1] == layout.y("total")]
            xs = [x for x, _ in shapes[0].points]
            assert len(shapes) == 1
            assert xs[-1] == (min(xs) if side < 0 else max(xs))
            assert f"{prediction.total_points:.1f}" in [one.text for one in texts(drawn)]


class TestRoom:
    @each_width
    @each_signature
    def test_no_texts_touch_and_none_leaves_the_canvas(self, name, width):
        """With values and ghosts on every row, off the axes too."""
        signature = SIGNATURES[name]
        layout = lowest(geometry(signature), width)
        mine, theirs = own(signature, ENTERED[name], RADSCORE), own(signature, OTHER[name], -2.0)
        values = signature.values_of(ENTERED[name], RADSCORE)
        off = {axis: value if isinstance(value, str) else value + 60 for axis, value in values.items()}
        ghosts = signature.values_of(OTHER[name], -2.0)
        tried = what_if(signature, OTHER[name], RADSCORE, demonstration=True)
        for reading in (
            Reading(off, tried, ghosts, theirs),
            Reading(ghosts, theirs.as_what_if(), values, mine),
            Reading({}, mine.without_risk("no Radscore")),
        ):
            drawn = [*axes_of(layout), *marks_of(layout, reading)]
            boxes = [box(one) for one in texts(drawn)]
            for left, top, right, bottom, text in boxes:
                assert left >= 0, text
                assert right <= width, text
                assert top >= 0, text
                assert bottom <= layout.height, text
            for i, a in enumerate(boxes):
                for b in boxes[i + 1 :]:
                    assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], (a[4], b[4])

    @pytest.mark.parametrize("width", [width for width in WIDTHS if width < WIDE_FROM])
    @each_signature
    def test_a_title_does_not_read_as_the_caption_of_the_axis_above(self, name, width):
        layout = lowest(geometry(SIGNATURES[name]), width)
        boxes = [box(one) for one in texts(axes_of(layout))]
        for above, row in itertools.pairwise(map(layout.row, layout.rows)):
            (title,) = (one for one in texts(axes_of(layout)) if one.bold and one.y == row.left[0])
            numbers = max(bottom for *_, bottom, _text in boxes if above.axis < bottom <= above.bottom)
            assert box(title)[1] - numbers >= 8, title.text

    @each_width
    def test_the_risk_can_be_read(self, width):
        """Its axis has at least half of the canvas, or of what is left beside titles, and five labels or more."""
        for signature in SIGNATURES.values():
            layout = lowest(geometry(signature), width)
            labels = ticks(layout, "risk")
            assert layout.x_of_risk(labels[1][0] / 100) - layout.x_of_risk(labels[0][0] / 100) > 0.8 * (
                layout.right - layout.left
            )
            assert len(labels) >= 5

    @each_width
    @each_signature
    def test_a_hatch_is_no_longer_than_its_axis(self, name, width):
        layout = lowest(geometry(SIGNATURES[name]), width)
        for area in axes_of(layout):
            if isinstance(area, Area) and area.hatched:
                axis = layout.geometry.axis("INR")
                assert area.width <= abs(layout.x_of_value("INR", axis.high) - layout.x_of_value("INR", axis.low))
                assert area.x + area.width <= width

    def test_a_taller_canvas_gives_each_row_more_room_and_keeps_their_order(self):
        shape = geometry(SIGNATURES["four"])
        low, high = lowest(shape, 340), Layout(shape, 340, 900)
        assert [high.y(row) for row in high.rows] == sorted(high.y(row) for row in high.rows)
        assert high.row("risk").bottom == pytest.approx(900)
        assert low.row("risk").bottom == pytest.approx(low.height, abs=1)


def box(text):
    width = width_of(text.text, text.size, text.bold)
    left = text.x - {"start": 0, "middle": 0.5, "end": 1}[text.anchor] * width
    return left, text.y - 0.75 * text.size, left + width, text.y + 0.2 * text.size, text.text


class TestHidden:
    @each_width
    @each_signature
    def test_a_withheld_result_has_nothing_on_total_and_risk(self, name, width):
        """Values of what was entered stand on their axes; no place, number or ghost tells the rest."""
        signature = SIGNATURES[name]
        prediction = assess(signature, {}, ENTERED[name], []).prediction
        assert prediction.risk is None
        values = signature.values_of(ENTERED[name], None)
        layout = lowest(geometry(signature), width)
        for reading in (Reading(values, prediction), Reading(values, prediction, values, prediction)):
            drawn = marks_of(layout, reading)
            assert set(tips(layout, reading)) == set(values)
            assert tips(layout, reading, hollow=True) == {}
            assert not [one for one in drawn if isinstance(one, Area) and one.ink == "interval"]
            assert not [one for one in drawn if isinstance(one, Line) and one.ink == "guide"]
            assert not [one.text for one in texts(drawn) if "%" in one.text]
            assert [one.text for one in texts(drawn)].count("not shown") >= 1

    @each_width
    def test_a_typed_radscore_has_bands_and_never_one_number(self, width):
        signature = SIGNATURES["published"]
        shown = what_if(signature, alb_inr(43.6, 1.09), 7.72)
        layout = lowest(geometry(signature), width)
        mine = own(SIGNATURES["site"], alb_inr(43.6, 1.09), RADSCORE)
        values = signature.values_of(alb_inr(43.6, 1.09), 7.72)
        for patient in (None, mine):
            told = [
                one.text for one in texts(marks_of(layout, Reading(values, shown, values, patient))) if "%" in one.text
            ]
            assert told == ["74-86 %", "43-96 %"] if patient is None else told[-1].startswith("patient")
            assert not [text for text in told if "84 %" in text or "+" in text]

    @each_width
    def test_a_what_if_with_the_ct_s_own_radscore_has_the_equation_s_number_and_the_difference(self, width):
        signature = SIGNATURES["site"]
        before, after = (own(signature, alb_inr(43.6, inr), RADSCORE) for inr in (1.09, 1.24))
        tried = after.as_what_if()
        layout = lowest(geometry(signature), width)
        values = signature.values_of(alb_inr(43.6, 1.24), RADSCORE)
        ghosts = signature.values_of(alb_inr(43.6, 1.09), RADSCORE)
        reading = Reading(values, tried, ghosts, before)
        told = [one.text for one in texts(marks_of(layout, reading))]
        percents = [round(100 / (1 + math.exp(-one.linear_predictor))) for one in (before, after)]
        assert f"{percents[1]} %" in told
        assert f"patient {percents[0]} %, {percents[1] - percents[0]:+d}" in told
        assert WHAT_IF_BANNER in " ".join(told)
        hollow = tips(layout, reading, hollow=True)
        assert hollow["risk"] == pytest.approx(layout.x_of_risk(before.risk))
        assert hollow["total"] == pytest.approx(layout.x_of_total(before.total_points))
        assert tips(layout, reading)["risk"] == pytest.approx(layout.x_of_risk(after.risk))

    @each_width
    def test_a_demo_signature_says_so_whatever_is_drawn(self, width):
        layout = lowest(geometry(SIGNATURES["demo"]), width)
        marks = [one.text for one in texts(axes_of(layout)) if one.ink == "warning"]
        assert " ".join(marks) == FOR_NO_PATIENT
        for one in texts(axes_of(layout)):
            if one.ink == "warning":
                assert width_of(one.text, one.size, bold=True) <= width
        assert not [one for one in texts(axes_of(lowest(geometry(SIGNATURES["site"]), width))) if one.ink == "warning"]

    @each_width
    def test_the_safety_line_of_a_copy_is_whole(self, width):
        for name, signature in SIGNATURES.items():
            title = f"{signature.title}, as a hospital with a very long name has calibrated it on its own patients"
            layout = lowest(geometry(signature), width)
            lines, height = footer_of(layout, title)
            safety = [one for one in lines if one.bold]
            assert " ".join(one.text for one in safety) == RESEARCH_USE, name
            assert " ".join(one.text for one in lines if not one.bold) == title
            for one in lines:
                assert width_of(one.text, SMALL, one.bold) <= width
                assert layout.height < one.y < height
            drawn = nomogram_svg.svg_of(layout, None, title)
            assert f'viewBox="0 0 {width:g} {height:g}"' in drawn
            assert all(one.text.replace("'", "&#x27;") in drawn or one.text in drawn for one in lines)


class TestCohort:
    def test_its_distribution_lies_on_the_axis_where_the_evidence_brings_it(self):
        """As many cases per pixel, as high; the median is a line."""
        layout = lowest(geometry(SIGNATURES["site"]), 560)
        (shape,) = [one for one in axes_of(layout) if isinstance(one, Shape)]
        y = layout.y("ALB")
        corners = shape.points
        assert corners[0] == (layout.x_of_value("ALB", COHORT["p1"]), y)
        assert corners[-1] == (layout.x_of_value("ALB", COHORT["p99"]), y)
        heights = {
            (round(a[0], 6), round(b[0], 6)): y - a[1] for a, b in zip(corners[1:-1:2], corners[2:-1:2], strict=True)
        }
        densities = [0.04 / 3, 0.2 / 6, 0.25 / 3.5, 0.25 / 3.5, 0.2 / 5, 0.04 / 3]
        assert list(heights.values()) == pytest.approx([11 * one / max(densities) for one in densities])
        medians = [one for one in axes_of(layout) if isinstance(one, Line) and one.ink == "median"]
        assert [one.x1 for one in medians] == [layout.x_of_value("ALB", COHORT["p50"])]

    def test_evidence_that_is_void_or_has_none_brings_no_distribution(self):
        data = site(load("ptlf-published").data, axes={"ALB": COHORT})
        data["terms"][0]["coefficient"] *= 1.01
        for signature in (parse(data), SIGNATURES["published"], SIGNATURES["four"]):
            assert not [one for one in axes_of(lowest(geometry(signature), 340)) if isinstance(one, Shape)]

    @pytest.mark.parametrize("axes", [{"low": 3.0, "p50": 4.0}, {"p5": 50.0, "p95": 20.0}, {"p5": 40.0, "p95": 40.0}])
    def test_numbers_that_are_no_quantiles_are_not_drawn(self, axes):
        signature = parse(site(load("ptlf-published").data, axes={"ALB": axes}))
        assert not [one for one in axes_of(lowest(geometry(signature), 340)) if isinstance(one, Shape)]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (0.69, 0.80, "+11"),
        (0.686, 0.804, "+11"),  # as the two are told: 69 % and 80 %
        (0.5, 0.2, "-30"),
        (0.5, 0.501, "+0"),
        (0.004, 0.4, ""),
        (0.4, 0.995, ""),
    ],
)
def test_a_difference_is_that_of_the_two_numbers_on_screen(before, after, told):
    assert difference_text(before, after) == told


def test_wrapping_leaves_nothing_out():
    for text in (RESEARCH_USE, "a" * 90, "W \u4e2d\u6587 " * 20, ""):
        for room in (40, 120, 280):
            lines = wrapped(text, room, SMALL)
            assert "".join(lines).replace(" ", "") == text.replace(" ", "")
            assert all(width_of(line, SMALL) <= room or len(line) == 1 for line in lines)


def test_levels_with_long_names_stand_below_each_other_inside_the_canvas():
    data = four_predictors(load("ptlf-published").data)
    levels = ["Child-Pugh class A without ascites", "Child-Pugh class B or C, or ascites at baseline"]
    tumours = next(one for one in data["predictors"] if one["id"] == "Tumours")
    for level, label in zip(tumours["levels"], levels, strict=True):
        level["label"] = label
    shape = geometry(parse(data))
    for width in WIDTHS:
        layout = lowest(shape, width)
        placed = layout.levels(shape.axis("Tumours"))
        assert [line for _tick, _x, line, _text in placed] == [0, 1]
        for _tick, x, _line, text in placed:
            assert x - width_of(text, SMALL) / 2 >= 0
            assert x + width_of(text, SMALL) / 2 <= width
        below = next(one for one in texts(axes_of(layout)) if one.text == "Radscore")
        assert max(one.y for one in texts(axes_of(layout)) if "ascites" in one.text) < below.y - 8
