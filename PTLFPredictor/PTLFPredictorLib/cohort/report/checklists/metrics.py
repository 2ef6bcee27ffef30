"""METRICS (METhodological RadiomICs Score, 2024): 30 weighted items, and the score, as a table of a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ....render.report.cells import fixed, percent
from ....render.report.document import Column, Table
from .answers import Answer, MetricState, resource
from .study import Place, Study

NAME = "metrics"


@dataclass(frozen=True)
class Score:
    """Share of the weight that is reached.

    Parameters
    ----------
    least : float
        0 to 1; what is open counts as not met: the score by the tool's rule.
    most : float
        What is open counts as met.
    """

    least: float
    most: float

    @property
    def band(self) -> str:
        """The tool's word for `least`: "very low" to "excellent"."""
        bands = resource("metrics")["bands"]
        return next((word for limit, word in bands if self.least < limit), bands[-1][1])

    def __str__(self) -> str:
        told = f"{percent(1)(self.least)} ({self.band})"
        return told if self.most == self.least else f"{told}; {percent(1)(self.most)} if all that is open were met"


def table(study: Study, more: Mapping[str, Answer] | None = None) -> Table:
    """The checklist of a study; `more` as in `tripod.table`."""
    conditions = {
        "segmentation": True,
        "automatic": study.automatic_masks,
        "handcrafted": True,
        "tabular": True,
        "end_to_end": False,
    }
    return filled({**answers(study), **(more or {})}, conditions)


def filled(given: Mapping[str, Answer], conditions: Mapping[str, bool]) -> Table:
    """The checklist with these answers; what a condition rules out does not apply, the rest is open."""
    checklist = resource("metrics")
    decided = _decided(given, conditions)
    rows = [
        (item["id"], item["category"], item["asks"], item["weight"], decided[item["id"]].state.value,
         decided[item["id"]].text)
        for item in checklist["items"]
    ]  # fmt: skip
    columns = ("Item", "Category", "What it asks", Column("Weight", fixed(4)), "Met", "Why")
    title = f"METRICS: {score(given, conditions)}"
    return Table(NAME, title, columns, rows, f"{checklist['note']} {checklist['citation']}")


def score(given: Mapping[str, Answer], conditions: Mapping[str, bool]) -> Score:
    """Weights of the items that are met over those that apply (the tool's rule)."""
    decided = _decided(given, conditions)
    weights: dict[MetricState, float] = dict.fromkeys(MetricState, 0.0)
    for item in resource("metrics")["items"]:
        weights[decided[item["id"]].state] += item["weight"]
    all_ = sum(weights.values()) - weights[MetricState.NOT_APPLICABLE]
    return Score(weights[MetricState.YES] / all_, (weights[MetricState.YES] + weights[MetricState.OPEN]) / all_)


def _decided(given: Mapping[str, Answer], conditions: Mapping[str, bool]) -> dict[str, Answer]:
    checklist = resource("metrics")
    unknown = set(given) - {item["id"] for item in checklist["items"]}
    if unknown:
        raise ValueError(f"METRICS has no item {', '.join(sorted(unknown))}")
    decided = {}
    for item in checklist["items"]:
        answer = given.get(item["id"], Answer(MetricState.OPEN))
        if item["condition"] and not conditions[item["condition"]]:
            answer = Answer(MetricState.NOT_APPLICABLE, f"Not so: {checklist['conditions'][item['condition']]}.")
        decided[item["id"]] = answer
    return decided


def answers(study: Study) -> dict[str, Answer]:
    """What the data answer."""
    see = study.see
    several = study.centres > 1
    yes, no, still_open = MetricState.YES, MetricState.NO, MetricState.OPEN
    found = {
        "1": (yes, "TRIPOD+AI and METRICS, in this report."),
        "2": (
            still_open,
            f"Criteria: {study.population} Whether the cases stand for the clinic's patients, people must say.",
        ),
        "3": (still_open, f"{study.outcome} Who assessed it, and how well, people must say."),
        "4": (yes if several else no, f"Centres: {study.centres}."),
        "5": (yes, "Portal venous CT as in routine care."),
        "6": (yes, f"As observed in the files. {see(Place.PROTOCOL)}"),
        "7": (still_open, "The days between CT, TACE and outcome are not in the table."),
        "8": (yes, f"Model, hash and share of edits per case. {see(Place.PROTOCOL)}"),
        "9": (still_open, "Whether the model that drew the masks was measured on such CTs: its model card."),
        "10": (
            yes if study.automatic_masks else still_open,
            "By a model, not corrected." if study.automatic_masks else "",
        ),
        "11": (yes, f"Settings are part of the signature. {study.extraction}"),
        "12": (yes, study.extraction),
        "13": (yes, "Every parameter is in signature.json."),
        "14": (
            yes if study.robust else no,
            "By ICC(2,1) of two segmentations." if study.robust else "No second segmentation was used.",
        ),
        "15": (yes, " ".join(study.steps)) if study.develops else (still_open, "By the publication of the model."),
        "16": (yes if study.large_enough else no, study.sample_size),
        "18": _partition(study),
        "19": (still_open, f"{see(Place.BETWEEN_SPLITS, Place.CENTRES)} Scanners and treatments: people must say."),
        "20": (yes, study.measures),
        "21": (yes, f"Intervals throughout. {see(Place.PERFORMANCE)}"),
        "22": (yes if Place.CALIBRATION in study.places else no, see(Place.CALIBRATION)),
        "23": (yes, "One contrast phase."),
        "24": (yes, f"Albumin and INR alone beside. {see(Place.PERFORMANCE)}"),
        "25": (yes, "Logistic regression; clinical model, act on all and act on none beside."),
        "26": (no, "No held-out cases of the same centre; optimism corrected by resampling instead.")
        if study.validation is None or study.other_centre
        else (yes, str(study.validation)),
        "27": (yes, str(study.validation)) if study.validation is not None and study.other_centre else (no, "None."),
        "28": (still_open, "Whether the table and features are shared."),
        "29": (yes, f"{study.code}, open source."),
        "30": (still_open, "Whether signature.json is shared."),
    }
    return {item: Answer(state, text.strip()) for item, (state, text) in found.items()}


def _partition(study: Study) -> tuple[MetricState, str]:
    if study.validation is None:
        return MetricState.NO, "No cases were held out."
    return (
        MetricState.YES,
        "By the table's split, before anything was computed; scaling and selection on training only.",
    )
