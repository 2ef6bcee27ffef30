"""The nomogram under the mouse and the keyboard.  Runs in Slicer and in the stand-in alike: unittest and qt only."""

import random
import unittest

import gestures
import qt

import made_signatures
from made_signatures import alb_inr
from PTLFPredictorLib import RESEARCH_USE, signature
from PTLFPredictorLib.panel import nomogram_paint
from PTLFPredictorLib.panel.nomogram_widget import NomogramWidget
from PTLFPredictorLib.render import nomogram_svg
from PTLFPredictorLib.render.nomogram_axes import axes_of, footer_of
from PTLFPredictorLib.render.nomogram_layout import Layout, height_of, lowest
from PTLFPredictorLib.render.nomogram_marks import Reading, marks_of
from PTLFPredictorLib.render.primitives import SMALL, Line, Shape, Text

EXAMPLE = {"ALB": 43.6, "INR": 1.09, "Radscore": 7.72}
"""The paper's worked example."""


class NomogramCase(unittest.TestCase):
    def setUp(self):
        self.signature = signature.load("ptlf-published")
        self.geometry = signature.geometry(self.signature)
        self.moved = []
        self.widget = NomogramWidget(self.on_move)
        self.widget.resize(760, 440)
        self.widget.show_geometry(self.geometry)
        self.show(EXAMPLE)
        self.widget.show()
        gestures.wait_for(lambda: self.widget.counts["repaints"], 10, "the window system showed the window")

    def tearDown(self):
        self.widget.close()
        gestures.delete(self.widget)

    def show(self, values, **more):
        self.values = dict(values)
        laboratory = alb_inr(values["ALB"], values["INR"])
        prediction = signature.what_if(self.signature, laboratory, values["Radscore"])
        self.widget.show_reading(Reading(self.values, prediction, **more))

    def on_move(self, name, value):
        self.moved.append((name, value))
        self.show({**self.values, name: value})

    def pull(self, name, pixels):
        x, y = self.widget.marker_at(name)
        gestures.drag(self.widget, (x, y - 4), (x + pixels, y - 4))


class TestMoving(NomogramCase):
    def test_a_dragged_marker_follows_the_mouse_and_the_others_stay(self):
        x = self.widget.marker_at("INR")[0]
        self.pull("INR", 40)
        self.assertAlmostEqual(self.widget.marker_at("INR")[0], x + 40, delta=2.5)  # INR moves in hundredths
        self.assertGreater(self.values["INR"], 1.09)
        self.assertEqual((self.values["ALB"], self.values["Radscore"]), (43.6, 7.72))

    def test_a_press_beside_the_marker_moves_nothing(self):
        x, y = self.widget.marker_at("ALB")
        gestures.drag(self.widget, (x + 60, y), (x + 90, y))
        self.assertEqual(self.moved, [])

    def test_a_double_click_sets_the_value_under_it(self):
        layout, _ = self.widget.picture()
        gestures.double_click(self.widget, layout.x_of_value("Radscore", 12.0), layout.y("Radscore"))
        name, value = self.moved[-1]
        self.assertEqual(name, "Radscore")
        self.assertAlmostEqual(value, 12.0, delta=0.1)

    def test_arrow_keys_move_the_chosen_axis_in_steps(self):
        self.widget.setFocus()
        gestures.key(self.widget, qt.Qt.Key_Right)
        self.assertEqual(self.moved[-1], ("ALB", 43.7))
        gestures.key(self.widget, qt.Qt.Key_Down)
        gestures.key(self.widget, qt.Qt.Key_Left)
        self.assertEqual(self.moved[-1], ("INR", 1.08))
        gestures.key(self.widget, qt.Qt.Key_Down)
        gestures.key(self.widget, qt.Qt.Key_Down)
        gestures.key(self.widget, qt.Qt.Key_Right)
        self.assertEqual(self.moved[-1], ("Radscore", 7.82))

    def test_page_keys_scroll_and_change_no_value(self):
        """Anywhere else in the panel they scroll; a reader who scrolls must not change a patient's INR."""
        area = qt.QScrollArea()
        inside = qt.QWidget()
        layout = qt.QVBoxLayout(inside)
        layout.addWidget(self.widget)
        spacer = qt.QWidget()
        spacer.setMinimumHeight(2000)
        layout.addWidget(spacer)
        area.setWidget(inside)
        area.resize(800, 300)
        area.show()
        gestures.process_events()
        self.widget.setFocus()
        for code in (qt.Qt.Key_PageDown, qt.Qt.Key_PageUp, qt.Qt.Key_PageDown):
            gestures.key(self.widget, code)
        self.assertEqual(self.moved, [])
        self.assertGreater(area.verticalScrollBar().value, 0)
        layout.removeWidget(self.widget)
        self.widget.setParent(None)
        area.close()

    def test_a_drag_leaves_no_timer_behind(self):
        """Slicer's own QTimer.singleShot makes a new timer at each call, which holds the widget for ever."""
        before = qt.QTimer.singleShot
        qt.QTimer.singleShot = lambda *arguments: self.fail("QTimer.singleShot")
        try:
            self.pull("INR", 30)
        finally:
            qt.QTimer.singleShot = before
        self.assertGreater(len(self.moved), 1)

    def test_a_drag_and_a_double_click_stop_at_the_axis_end(self):
        for name, pixels, end in (("INR", 700, 1.5), ("INR", -700, 0.7), ("ALB", -700, 16), ("Radscore", 700, 31)):
            self.pull(name, pixels)
            self.assertEqual(self.values[name], end)
        layout, _ = self.widget.picture()
        gestures.double_click(self.widget, layout.right, layout.y("INR"))
        self.assertEqual(self.moved[-1], ("INR", 1.5))

    def test_a_double_click_beside_the_axis_moves_nothing(self):
        layout, _ = self.widget.picture()
        for x, y in (
            (20, layout.y("INR")),
            (layout.width - 20, layout.y("INR")),
            (layout.left + 90, layout.y("INR") - 25),
        ):
            gestures.double_click(self.widget, x, y)
        self.assertEqual(self.moved, [])

    def test_arrow_keys_stop_at_the_axis_end(self):
        self.show({**EXAMPLE, "INR": 1.49})
        self.widget.setFocus()
        gestures.key(self.widget, qt.Qt.Key_Down)
        for _ in range(4):
            gestures.key(self.widget, qt.Qt.Key_Right)
        self.assertEqual(self.values["INR"], 1.5)

    def test_a_typed_value_beyond_the_axis_stays_marked_and_moves_no_further_away(self):
        self.show({**EXAMPLE, "INR": 1.9})
        layout, reading = self.widget.picture()
        texts = [p.text for p in marks_of(layout, reading) if isinstance(p, Text)]
        self.assertIn("1.9  off the axis", texts)
        self.widget.setFocus()
        gestures.key(self.widget, qt.Qt.Key_Down)
        gestures.key(self.widget, qt.Qt.Key_Right)
        self.assertEqual(self.values["INR"], 1.9)
        gestures.key(self.widget, qt.Qt.Key_Left)
        self.assertEqual(self.values["INR"], 1.89)

    def test_the_tip_has_value_and_points_at_the_mouse_and_of_a_marker_its_own(self):
        layout, _ = self.widget.picture()
        x = layout.x_of_value("ALB", 30.0)
        gestures.move(self.widget, x, layout.y("ALB"))
        self.assertRegex(
            self.widget.toolTip, r"Albumin 30(\.1)? g/L: 13\.[56] points"
        )  # 0.163 x 14 x 5.908; whole pixels
        gestures.move(self.widget, self.widget.marker_at("ALB")[0] + 3, layout.y("ALB"))
        self.assertIn("Albumin 43.6 g/L: 26.6 points", self.widget.toolTip)
        for row in ("points", "total", "risk"):  # these are told as the policy has it, nowhere else
            gestures.move(self.widget, layout.x_of_total(100), layout.y(row))
            self.assertIn("Drag a marker", self.widget.toolTip)

    def test_the_tip_names_the_cohort_where_the_evidence_brings_it(self):
        cohort = {"p5": 29.0, "p25": 35.0, "p50": 38.5, "p75": 42.0, "p95": 47.0}
        made = signature.parse(made_signatures.site(self.signature.data, axes={"ALB": cohort}))
        self.widget.show_geometry(signature.geometry(made))
        layout, _ = self.widget.picture()
        told = self.widget.hint_at(layout.x_of_value("ALB", 30.0), layout.y("ALB"))
        self.assertIn("The cohort's 150 cases: median 38.5, 90 % of them 29 to 47", told)
        self.assertNotIn("cohort", self.widget.hint_at(layout.x_of_value("INR", 1.1), layout.y("INR")))

    def test_the_points_ruler_shows_the_dragged_axis(self):
        layout, reading = self.widget.picture()
        dragged = Reading(reading.values, reading.prediction, dragged="INR")
        x = self.widget.marker_at("INR")[0]
        guides = [p for p in marks_of(layout, dragged) if isinstance(p, Line) and p.ink == "guide" and p.x1 == x]
        self.assertEqual([(g.x2, g.y2) for g in guides], [(x, layout.y("points"))])


class TestCost(NomogramCase):
    def test_a_drag_repaints_once_per_turn_over_one_static_layer(self):
        before = dict(self.widget.counts)
        x, y = self.widget.marker_at("ALB")
        gestures.press(self.widget, x, y - 4)
        gestures.process_events()
        repaints = self.widget.counts["repaints"]
        for i in range(20):  # twenty moves of the mouse within one turn of the event loop
            gestures.move(self.widget, x + i, y - 4)
        self.assertEqual(self.moved, [])
        gestures.process_events()
        gestures.process_events()
        self.assertEqual(len(self.moved), 1)
        self.assertLessEqual(self.widget.counts["repaints"] - repaints, 2)
        gestures.release(self.widget, x + 19, y - 4)
        for name in ("layouts", "static_layers"):
            self.assertEqual(self.widget.counts[name], before[name], name)

    def test_size_and_signature_make_a_new_layout_and_nothing_else_does(self):
        before = self.widget.counts["layouts"]
        self.widget.resize(800, 460)
        self.widget.grab()
        self.assertEqual(self.widget.counts["layouts"], before + 1)
        self.widget.show_geometry(signature.geometry(self.signature))
        self.widget.grab()
        self.widget.grab()
        self.assertEqual(self.widget.counts["layouts"], before + 2)


class TestPictureIsTheEquation(NomogramCase):
    def test_markers_read_through_the_drawn_ticks_give_the_risk(self):
        """Every number is taken from what is drawn: tips of markers and ticks with their labels."""
        seeded = random.Random(20261120)
        layout = Layout(self.geometry, 900, 460)
        ticks, sizes = drawn_ticks(layout), []
        for _ in range(200):
            values = {
                "ALB": seeded.uniform(18, 58),
                "INR": seeded.uniform(0.7, 1.5),
                "Radscore": seeded.uniform(-21, 8),
            }
            laboratory = alb_inr(values["ALB"], values["INR"])
            prediction = signature.what_if(self.signature, laboratory, values["Radscore"])
            tips = drawn_tips(layout, Reading(values, prediction))
            points = sum(read(ticks["points"], tips[name]) for name in values)
            if layout.totals[0] < points < layout.totals[1]:
                self.assertAlmostEqual(tips["total"], place(ticks["total"], points), delta=1.0)
                sizes.append(points)
            for name, value in values.items():
                self.assertAlmostEqual(tips[name], place(ticks[name], value), delta=1.0)
            if "risk" in tips and layout.x_of_risk(0.01) < tips["risk"] < layout.x_of_risk(0.99):
                self.assertAlmostEqual(tips["risk"], layout.x_of_total(points), delta=1.0)
                self.assertAlmostEqual(tips["risk"], layout.x_of_risk(prediction.risk), delta=1.0)
        self.assertGreater(len(sizes), 50)

    def test_the_painted_pixels_are_where_the_layout_says(self):
        layout, _ = self.widget.picture()
        image = self.widget.grab().toImage()
        ratio = image.width() / self.widget.width
        blue = qt.QColor("#0072b2").rgb()
        for name in EXAMPLE:
            x, y = self.widget.marker_at(name)
            row = int((y - 6) * ratio)
            span = range(int(layout.left * ratio), int(layout.right * ratio))
            hits = [i for i in span if image.pixel(i, row) == blue]
            self.assertAlmostEqual((hits[0] + hits[-1]) / 2 / ratio, x, delta=1.0, msg=name)


def drawn_ticks(layout):
    """Row -> (number, x) of the labelled ticks, read off the drawn texts."""
    found = {}
    for p in axes_of(layout):
        if isinstance(p, Text) and p.anchor == "middle":
            row = next(
                (r for r in ("points", "ALB", "INR", "Radscore", "total", "risk") if layout.y(r) + 18 == p.y), ""
            )
            found.setdefault(row, []).append((float(p.text.removesuffix(" %")), p.x))
    return found


def drawn_tips(layout, reading):
    tips = {}
    for p in marks_of(layout, reading):
        if isinstance(p, Shape) and not p.hollow:
            x, y = p.points[-1]
            row = next((r for r in ("ALB", "INR", "Radscore", "total", "risk") if layout.y(r) == y), "")
            tips[row] = x
    return tips


def read(ticks, x):
    (a, xa), (b, xb) = min(ticks), max(ticks)
    return a + (x - xa) / (xb - xa) * (b - a)


def place(ticks, value):
    (a, xa), (b, xb) = min(ticks), max(ticks)
    return xa + (value - a) / (b - a) * (xb - xa)


class TestShownAndExported(NomogramCase):
    def test_a_patients_own_values_stay_as_hollow_ghosts_in_a_what_if(self):
        self.show({**EXAMPLE, "INR": 1.3}, ghosts=EXAMPLE)
        layout, reading = self.widget.picture()
        ghosts = [p for p in marks_of(layout, reading) if isinstance(p, Shape) and p.hollow]
        self.assertEqual([p.points[-1][0] for p in ghosts], [layout.x_of_value("INR", 1.09)])

    def test_without_a_risk_nothing_stands_on_the_total_or_the_risk_axis(self):
        laboratory = alb_inr(43.6, 1.09)
        prediction = signature.assess(self.signature, {}, laboratory, []).prediction
        layout = self.widget.picture()[0]
        tips = drawn_tips(layout, Reading({**EXAMPLE, "Radscore": None}, prediction))
        self.assertEqual(set(tips), {"ALB", "INR"})

    def test_accessible_texts_name_values_and_risk(self):
        self.assertEqual(self.widget.accessibleName, "Nomogram")
        self.assertEqual(
            self.widget.accessibleDescription,
            "WHAT-IF - not this patient's result; Albumin 43.6 g/L; INR 1.09; Radscore 7.72; risk " + self.bands(),
        )

    def bands(self):
        return "74-86 % over the derived intercept's range; 43-96 % over " + (
            "that and the printed standard errors of the coefficients (95 %, taken as independent)"
        )

    def test_it_is_as_high_as_its_texts_need_at_any_width(self):
        for width in (280, 340, 560, 679, 680, 900):
            self.widget.resize(width, 600)
            gestures.process_events()
            self.assertGreaterEqual(self.widget.minimumHeight, height_of(self.geometry, width), width)

    def test_a_scroll_bar_does_not_come_and_go_where_titles_move_beside_the_axes(self):
        """With the bar the panel is narrower: were it lower then, the bar would go, and come again."""
        heights = []
        for width in (680, 680 - 16):
            self.widget.resize(width, 600)
            gestures.process_events()
            heights.append(self.widget.minimumHeight)
        self.assertLessEqual(heights[0], heights[1])

    def test_light_and_dark_follow_the_palette(self):
        for background, text in (("#f4f4f4", "#101010"), ("#202326", "#f0f0f0")):
            palette = qt.QPalette()
            palette.setColor(qt.QPalette.Window, qt.QColor(background))
            palette.setColor(qt.QPalette.WindowText, qt.QColor(text))
            self.widget.setPalette(palette)
            image = self.widget.grab().toImage()
            self.assertEqual(qt.QColor(image.pixel(2, 2)).name(), background)

    def test_svg_pdf_and_picture_hold_what_is_on_screen(self):
        import os
        import tempfile

        layout, reading = self.widget.picture()
        svg = nomogram_svg.svg_of(layout, reading, "PTLF")
        self.assertNotIn(">84 %<", svg)
        for text in ("74-86 %", "43-96 %", "26.6 points", "WHAT-IF", "Research use only"):
            self.assertIn(text, svg)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "n.pdf")
            nomogram_paint.write_pdf(path, layout, reading, "PTLF")
            with open(path, "rb") as stream:
                content = stream.read()
            self.assertTrue(content.startswith(b"%PDF"))
            self.assertGreater(len(content), 5000)
        image = nomogram_paint.picture_of(layout, reading, "PTLF")
        self.assertEqual(image.width(), int(layout.width * 2))

    def test_the_safety_line_is_painted_whole_in_a_picture_of_any_width(self):
        """By the letters' real widths, and by the pixels: nothing of it touches an edge."""
        for width in (280, 340, 560, 900):
            layout = lowest(self.geometry, width)
            lines, height = footer_of(layout, self.signature.title)
            self.assertEqual(" ".join(one.text for one in lines if one.bold), RESEARCH_USE)
            for one in lines:
                left, _top, right, bottom, text = box(one)
                self.assertTrue(left >= 0 and right <= width and bottom <= height, text)
            image = nomogram_paint.picture_of(layout, Reading({}), self.signature.title, 1.0)
            self.assertEqual((image.width(), image.height()), (width, int(height)))
            first = int(lines[0].y - SMALL), int(lines[0].y)
            inked = [x for x in range(width) for y in range(*first) if qt.QColor(image.pixel(x, y)).lightness() < 200]
            self.assertTrue(min(inked) > 1 and max(inked) < width - 2, width)
            self.assertGreater(max(inked) - min(inked), 0.5 * min(width, 380))

    def test_texts_touch_nothing_at_the_smallest_size(self):
        self.no_texts_touch(560)

    def test_texts_touch_nothing_in_the_narrowest_panel(self):
        self.no_texts_touch(280)

    def no_texts_touch(self, width):
        layout = lowest(self.geometry, width)
        laboratory = alb_inr(15.5, 6.0)
        values = {"ALB": 15.5, "INR": 6.0, "Radscore": -40.25}
        prediction = signature.what_if(self.signature, laboratory, values["Radscore"])
        reading = Reading(values, prediction, EXAMPLE)
        boxes = [box(p) for p in (*axes_of(layout), *marks_of(layout, reading)) if isinstance(p, Text)]
        for left, top, right, bottom, text in boxes:
            self.assertTrue(left >= 0 and right <= width and top >= 0 and bottom <= layout.height, text)
        for i, a in enumerate(boxes):
            for b in boxes[i + 1 :]:
                apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
                self.assertTrue(apart, (a[4], b[4]))


def box(text):
    font = qt.QFont()
    font.setPixelSize(round(text.size))
    font.setBold(text.bold)
    width = qt.QFontMetrics(font).horizontalAdvance(text.text)
    left = text.x - {"start": 0, "middle": 0.5, "end": 1}[text.anchor] * width
    return left, text.y - 0.8 * text.size, left + width, text.y + 0.2 * text.size, text.text


if __name__ == "__main__":
    unittest.main()
