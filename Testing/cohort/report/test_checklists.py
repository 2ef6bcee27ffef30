"""TRIPOD+AI and METRICS: all items, the tool's weights, nothing claimed that the data do not say."""

from dataclasses import replace
from pathlib import Path

import pytest

from PTLFPredictorLib.cohort.report.checklists import Answer, MetricState, Place, Study, TripodState, metrics, tripod
from PTLFPredictorLib.cohort.report.checklists.answers import FOLDER, resource
from PTLFPredictorLib.cohort.report.checklists.published import documents
from PTLFPredictorLib.cohort.report.figures import Cases

DOCS = Path(__file__).resolve().parents[3] / "docs"

CONDITIONS = {"segmentation": True, "automatic": True, "handcrafted": True, "tabular": True, "end_to_end": False}


@pytest.fixture
def study():
    return Study(
        develops=True, evaluates=True, outcome="PTLF within 4 weeks.", population="HCC before TACE.",
        training=Cases(147, 46, "training"), validation=Cases(63, 19, "validation"), centres=2, other_centre=True,
        automatic_masks=True, extraction="Built-in engine 0.1.0.", missing="Complete cases.", predictors="Linear.",
        steps=("Spearman.", "LASSO."), internal="Bootstrap.", sample_size="623.", large_enough=False, robust=False,
        measures="AUC, calibration.", updating="", code="ptlf cohort develop 0.1.0",
        places={Place.FLOW: "flow", Place.BETWEEN_SPLITS: "splits", Place.CALIBRATION: "calibration"},
    )  # fmt: skip


def states(table):
    """State of each item."""
    place = [column.title for column in table.header].index("State" if table.name == tripod.NAME else "Met")
    return {row[0]: row[place] for row in table.rows}


def test_tripod_has_27_items_and_52_subitems():
    items = [item["id"] for item in resource("tripod-ai")["items"]]
    assert len(items) == len(set(items)) == 52
    assert [*dict.fromkeys(int(item.rstrip("abcdefg")) for item in items)] == list(range(1, 28))
    assert {kind for item in resource("tripod-ai")["items"] for kind in item["applies"]} == {"D", "E"}
    development = {item["id"] for item in resource("tripod-ai")["items"] if item["applies"] == ["D"]}
    assert development == {"9a", "12a", "12b", "12c", "15", "22", "27a", "27b"}
    evaluation = {item["id"] for item in resource("tripod-ai")["items"] if item["applies"] == ["E"]}
    assert evaluation == {"12f", "12g", "20c", "24"}


def test_weights_of_metrics_are_the_tools():
    weights = [item["weight"] for item in resource("metrics")["items"]]
    assert len(weights) == 30
    assert sum(weights) == pytest.approx(1.0, abs=1e-9)
    assert [weights[place - 1] for place in (1, 3, 11, 18, 27, 30)] == [0.0368, 0.0919, 0.0622, 0.0599, 0.0749, 0.0075]
    assert all(set(item["condition"].split()) <= set(CONDITIONS) for item in resource("metrics")["items"])


def test_the_score_is_the_share_of_the_weight_that_applies():
    everything = {str(i): Answer(MetricState.YES) for i in range(1, 31)}
    assert metrics.score(everything, CONDITIONS).least == pytest.approx(1.0)
    without = {**everything, "27": Answer(MetricState.NO)}
    assert metrics.score(without, CONDITIONS).least == pytest.approx(1 - 0.0749 / 0.98)  # item 17 does not apply
    assert metrics.score({}, CONDITIONS) == metrics.Score(0.0, pytest.approx(1.0))


@pytest.mark.parametrize(
    ("share", "band"),
    [(0.0, "very low"), (0.2, "low"), (0.4, "moderate"), (0.6, "good"), (0.8, "excellent"), (1.0, "excellent")],
)
def test_bands_of_metrics_begin_where_the_tools_do(share, band):
    assert metrics.Score(share, share).band == band


def test_a_condition_takes_its_items_out():
    found = states(metrics.filled({}, {**CONDITIONS, "automatic": False, "segmentation": False}))
    assert [item for item, state in found.items() if state == "not applicable"] == ["8", "9", "10", "17"]


def test_what_only_people_know_stays_open(study):
    found = states(tripod.table(study))
    for item in ("2", "3c", "5b", "6c", "8b", "8c", "14", "17", "18a", "18b", "18c", "18d", "19", "25", "26"):
        assert found[item] == TripodState.OPEN, item
    assert {states(metrics.table(study))[item] for item in ("2", "3", "7", "28")} == {MetricState.OPEN}


def test_items_of_the_other_kind_of_study_do_not_apply(study):
    found = states(tripod.table(replace(study, develops=False)))
    assert found["12c"] == found["22"] == TripodState.NOT_APPLICABLE
    found = states(tripod.table(replace(study, evaluates=False)))
    assert found["12f"] == found["24"] == TripodState.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("change", "item", "state"),
    [
        ({"centres": 1}, "4", "no"),
        ({"large_enough": True}, "16", "yes"),
        ({"large_enough": False}, "16", "no"),
        ({"robust": True}, "14", "yes"),
        ({"validation": None}, "27", "no"),
        ({"validation": None}, "18", "no"),
        ({"other_centre": False}, "27", "no"),
        ({"other_centre": False}, "26", "yes"),
        ({"places": {}}, "22", "no"),
        ({"automatic_masks": False}, "9", "not applicable"),
    ],
)
def test_metrics_follows_the_data(study, change, item, state):
    assert states(metrics.table(replace(study, **change)))[item] == state


def test_without_a_comparison_of_the_splits_none_is_claimed(study):
    found = states(tripod.table(replace(study, places={})))
    assert found["16"] == found["20c"] == TripodState.OPEN


def test_a_command_may_know_better_but_not_of_items_that_there_are_not(study):
    table = tripod.table(study, {"14": Answer(TripodState.PARTLY, "By sex.")})
    assert states(table)["14"] == "partly"
    with pytest.raises(ValueError, match="no item 28"):
        tripod.table(study, {"28": Answer(TripodState.PARTLY)})
    with pytest.raises(ValueError, match="no item 31"):
        metrics.table(study, {"31": Answer(MetricState.YES)})


def test_the_documents_of_the_published_signature_are_those_of_its_data():
    for name, text in documents().items():
        assert (DOCS / name).read_text(encoding="utf-8") == text, f"{name}: run the command that stands in it"


def test_every_item_of_the_published_signature_is_answered():
    read = resource("ptlf-published")
    assert set(read["tripod-ai"]) == {item["id"] for item in resource("tripod-ai")["items"]}
    assert set(read["metrics"]["answers"]) == {item["id"] for item in resource("metrics")["items"]}
    for one in read["tripod-ai"].values():
        assert one["text"] or one["state"] == "not reported"
    assert sorted(path.name for path in FOLDER.iterdir()) == ["metrics.json", "ptlf-published.json", "tripod-ai.json"]
