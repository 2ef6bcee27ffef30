"""One bar over a whole run: shares by measured times, never back, never full before the end, and the time of it all."""

import itertools
import json

import pytest
import slicer

from PTLFPredictorLib.panel import run_times
from PTLFPredictorLib.panel.course import MOST, Course, Stage
from PTLFPredictorLib.panel.run_times import Expected

STAGES = (
    Stage("Starting", 1, loading=True),
    Stage("Loading the model", 3, loading=True),
    Stage("Tiles", 10, 20, counted=True),
    Stage("Drawing the labels", 2),
)
"""A run of 16 s."""


def told(course, *events, every=0.1):
    """Shares and seconds left, from tenth to tenth of a second, while events ``(seconds, stage, done, total)`` come."""
    shares, left, waiting, now = [], [], list(events), 0.0
    while now <= events[-1][0] + 1e-9:
        while waiting and waiting[0][0] <= now + 1e-9:
            at, stage, done, total = waiting.pop(0)
            course.tell(stage, done, total, at)
        shares.append((round(now, 3), course.share(now)))
        left.append((round(now, 3), course.left(now)))
        now += every
    return dict(shares), dict(left)


def run_of(start, loading, tile_s, drawing, tiles=20):
    """What a child says that takes these seconds, and its end."""
    at = start + loading
    events = [(start, "Loading the model", 0, 1)]
    events += [(at + tile_s * n, "Tiles", n, tiles) for n in range(tiles + 1)]
    at += tile_s * tiles
    events += [(at + drawing * n / 4, "Drawing the labels", n, 4) for n in range(4)]
    return [*events, (at + drawing, "Drawing the labels", 4, 4)], at + drawing


def test_a_run_as_it_was_expected_is_shown_as_it_is():
    events, end = run_of(1, 3, 0.5, 2)
    shares, left = told(Course(STAGES, 0), *events)
    for now in (4.5, 8.0, 13.0, 15.0):
        assert shares[now] == pytest.approx(now / end, abs=0.01)
    for now in (0.0, 2.0, 6.0, 13.0):
        assert left[now] == pytest.approx(end - now, abs=0.5)


def test_while_it_loads_nobody_knows_the_share_but_the_time_left_is_told():
    events, _ = run_of(1, 3, 0.5, 2)
    shares, left = told(Course(STAGES, 0), *events)
    assert {shares[now] for now in (0.0, 0.9, 1.0, 3.9)} == {None}
    assert shares[4.0] == pytest.approx(0.25, abs=0.01)
    assert left[2.0] == pytest.approx(14, abs=0.1)


@pytest.mark.parametrize("start", [0.2, 8])
@pytest.mark.parametrize("loading", [0.1, 20])
@pytest.mark.parametrize("tile_s", [0.02, 0.5, 3])
@pytest.mark.parametrize("drawing", [0.1, 2, 40])
def test_it_never_goes_back_and_is_never_full_before_the_end(start, loading, tile_s, drawing):
    """However far from what was expected: another computer, a busy one, a graphics card."""
    events, end = run_of(start, loading, tile_s, drawing)
    course = Course(STAGES, 0)
    shares, left = told(course, *events)
    known = [share for share in shares.values() if share is not None]
    assert known == sorted(known)
    assert max(known) <= MOST < 1
    assert all(seconds >= 0 for seconds in left.values())
    assert course.share(end + 1000) <= MOST


def test_a_slower_computer_is_noticed_from_its_first_tiles():
    """Four times as slow: after a quarter of the tiles the end is foreseen within a sixth of what is left."""
    events, end = run_of(1, 3, 2.0, 8)
    shares, left = told(Course(STAGES, 0), *events)
    now = 4 + 5 * 2.0
    assert left[now] == pytest.approx(end - now, rel=0.17)
    now = 4 + 15 * 2.0
    assert left[now] == pytest.approx(end - now, rel=0.12)
    assert shares[now] == pytest.approx(now / end, abs=0.05)


def test_the_time_left_goes_down_between_tiles_too():
    events, _ = run_of(1, 3, 2.0, 2)
    _, left = told(Course(STAGES, 0), *events)
    within = [left[round(14 + 0.1 * n, 3)] for n in range(1, 19)]
    assert all(later < earlier for earlier, later in itertools.pairwise(within))


def test_a_stage_that_takes_longer_than_expected_keeps_some_time_left():
    course = Course(STAGES, 0)
    course.tell("Drawing the labels", 0, 4, 14)
    assert course.left(15) == pytest.approx(1)
    assert course.left(60) > 1
    assert course.share(10_000) < 1


def test_a_stage_that_does_not_come_is_passed_over_and_an_unknown_one_takes_no_share():
    course = Course((STAGES[0], Stage("Finding the organ", 50, 8, counted=True), *STAGES[2:]), 0)
    course.tell("Waiting for another download", 0, 1, 0.5)
    assert course.left(0.5) == pytest.approx(62.5)
    course.tell("Tiles", 0, 20, 1)
    assert course.left(1) == pytest.approx(12)
    assert "Finding the organ" not in course.took(2)


def test_stages_that_name_more_than_was_known_are_known_by_their_last_words():
    course = Course((Stage("Starting", 1, loading=True), Stage("Wavelet", 2), Stage("LoG", 2)), 0)
    course.tell("tumor and parenchyma: Wavelet", 0, 2, 1)
    assert course.share(2) == pytest.approx(2 / 5)
    assert list(course.took(3)) == ["Starting", "Wavelet"]


def test_a_step_back_takes_time_and_the_bar_waits():
    """A GPU without memory: the CPU draws everything anew."""
    course = Course(STAGES, 0)
    course.tell("Tiles", 0, 20, 4)
    course.tell("Tiles", 19, 20, 13.5)
    before, left = course.share(13.5), course.left(13.5)
    course.tell("Loading the model", 0, 1, 14)
    assert course.share(14) == before
    assert course.left(14) > left


def test_two_runs_are_shown_as_one():
    """Automatic and corrected segments: the second bar goes on where the first one ended."""
    first = Course(STAGES, 0, after_s=16)
    events, end = run_of(1, 3, 0.5, 2)
    shares, left = told(first, *events)
    assert left[0.0] == pytest.approx(32)
    assert shares[15.9] == pytest.approx(0.5, abs=0.02)
    second = Course(STAGES, 100, before_s=end)
    assert second.share(100) == pytest.approx(0.5, abs=0.01)
    assert second.share(102) > second.share(101) or second.share(102) >= 0.5
    assert second.left(100) == pytest.approx(16)


def test_of_a_run_of_which_nothing_is_known_nothing_is_told():
    course = Course((), 0)
    course.tell("Anything", 3, 4, 1)
    assert (course.share(2), course.left(2), course.took(2)) == (None, None, {})


def test_downloads_one_after_the_other_are_one_bar():
    plan = Expected.of({"Fetching a (kB)": 30, "Fetching b (kB)": 10})
    course = Course(plan.stages, 0)
    assert course.share(0.5) is None
    for second in range(1, 61):
        course.tell("Fetching a (kB)", second, 60, second)
    assert 0.6 < course.share(60) < 0.8
    course.tell("Fetching b (kB)", 0, 20, 60)
    assert course.left(60) == pytest.approx(20, rel=0.1)
    for second in range(1, 21):
        course.tell("Fetching b (kB)", second, 20, 60 + second)
    assert course.share(80) == MOST


class TestWhatIsRemembered:
    @pytest.fixture(autouse=True)
    def settings(self):
        settings = slicer.app.userSettings()
        settings.remove(run_times.SETTING)
        yield settings
        settings.remove(run_times.SETTING)

    def test_seconds_for_each_unit_come_back_for_another_ct(self):
        stages = (Stage("Tiles", 9, 18, counted=True), Stage("Writing", 1, 10.0))
        run_times.remember(Expected("model cpu cold", stages), {"Tiles": (30.0, 20), "Writing": (2.0, 1)})
        assert run_times._times() == {"model cpu cold": {"Tiles": 1.5, "Writing": 0.2}}

    def test_only_numbers_and_names_of_stages_and_models_are_written(self, settings):
        run_times.remember(Expected("m 1 cpu cold", (Stage("Tiles", 9, 18, counted=True),)), {"Tiles": (30.0, 20)})
        assert json.loads(settings.value(run_times.SETTING)) == {"m 1 cpu cold": {"Tiles": [1.5]}}

    def test_one_run_beside_other_work_does_not_spoil_what_is_expected(self):
        expected = Expected("m", (Stage("Tiles", 9, 18, counted=True),))
        for seconds in (18, 180, 20, 19, 170):
            run_times.remember(expected, {"Tiles": (seconds, 18)})
        assert run_times._times() == {"m": {"Tiles": pytest.approx(20 / 18, abs=1e-3)}}

    def test_the_oldest_of_many_kinds_goes(self):
        for n in range(run_times.KEPT + 2):
            run_times.remember(Expected(f"kind {n}", (Stage("Tiles", 1),)), {"Tiles": (1.0, 1)})
        assert list(run_times._times()) == [f"kind {n}" for n in range(2, run_times.KEPT + 2)]

    @pytest.mark.parametrize("text", ["{", "[]", '{"a": 3}', '{"a": {"b": "c"}}', '{"a": {"b": 2}}', "null"])
    def test_settings_that_are_not_ours_are_no_times(self, settings, text):
        settings.setValue(run_times.SETTING, text)
        assert run_times._times() == {}
        assert run_times.segmentation(None, (1, 1, 1), (1, 1, 1), "cpu", False).stages == ()

    def test_without_a_key_nothing_is_kept(self):
        run_times.remember(Expected.of({"Tiles": 3.0}), {"Tiles": (1.0, 1)})
        assert run_times._times() == {}
