"""TRIPOD+AI (2024): all 27 items with their subitems, as a table of a report."""

from __future__ import annotations

from collections.abc import Mapping

from ....render.report.document import Table
from .answers import Answer, TripodState, resource
from .study import Place, Study

NAME = "tripod_ai"


def table(study: Study, more: Mapping[str, Answer] | None = None) -> Table:
    """The checklist of a study.

    Parameters
    ----------
    more : mapping of str to Answer, optional
        By item ("12c"): answers that a command knows better than `answers` does.
    """
    return filled({**answers(study), **(more or {})}, study.develops, study.evaluates)


def filled(given: Mapping[str, Answer], develops: bool, evaluates: bool) -> Table:
    """The checklist with these answers; items of the other kind of study do not apply, the rest stays open.

    Raises
    ------
    ValueError
        An answer to an item that there is not.
    """
    checklist = resource("tripod-ai")
    unknown = set(given) - {item["id"] for item in checklist["items"]}
    if unknown:
        raise ValueError(f"TRIPOD+AI has no item {', '.join(sorted(unknown))}")
    kinds = {kind for kind, holds in (("D", develops), ("E", evaluates)) if holds}
    rows = []
    for item in checklist["items"]:
        answer = given.get(item["id"], Answer(TripodState.OPEN, f"The authors state {item['open']}."))
        if not kinds & set(item["applies"]):
            answer = Answer(TripodState.NOT_APPLICABLE, _other(item["applies"]))
        rows.append((item["id"], item["topic"], item["asks"], answer.state.value, answer.text))
    counted = [row[3] for row in rows]
    told = ", ".join(f"{counted.count(state.value)} {state.value}" for state in TripodState if state.value in counted)
    columns = ("Item", "Topic", "What it asks", "State", "Where, or what is missing")
    return Table(NAME, f"TRIPOD+AI: {told}", columns, rows, f"{checklist['note']} {checklist['citation']}")


def _other(applies: list[str]) -> str:
    return "Of a development only." if applies == ["D"] else "Of an evaluation only."


def answers(study: Study) -> dict[str, Answer]:
    """What the data answer."""
    see = study.see
    found = {
        "4": ("reported", _objectives(study)),
        "5a": ("partly", f"{study.centres} {'centre' if study.centres == 1 else 'centres'}; {study.groups}"),
        "6a": ("partly", f"Number of centres: {study.centres}."),
        "6b": ("reported", f"{study.population} {see(Place.FLOW)}"),
        "7": (
            "partly",
            f"Every row and every CT checked by the same rules; findings and exclusions. {see(Place.FLOW)}",
        ),
        "8a": ("partly", study.outcome),
        "9b": ("partly", f"Features: {study.extraction} {see(Place.TERMS, Place.PROTOCOL)}"),
        "10": ("partly", f"{study.sample_size} {see(Place.SAMPLE_SIZE)}"),
        "11": ("partly", f"{study.missing} {see(Place.MISSING)}"),
        "12a": ("reported", f"{study.groups} {'Another centre.' if study.other_centre else ''}"),
        "12b": ("reported", study.predictors),
        "12c": ("reported", " ".join((*study.steps, study.internal or "No internal validation."))),
        "12e": ("reported", study.measures),
        "12f": ("reported", study.updating or "Nothing was updated."),
        "12g": ("reported", f"By {study.code}. {see(Place.MODEL)}"),
        "13": ("not applicable", "No case was weighed, left out or doubled for the sake of balance."),
        "15": ("reported", f"A probability. Cut-offs: {see(Place.CUTOFFS) or 'none.'}"),
        "16": ("partly", see(Place.BETWEEN_SPLITS, Place.PROTOCOL)),
        "18f": ("reported", f"{study.code}; lock.json makes this report again, byte for byte."),
        "20a": ("reported", f"{study.groups} {see(Place.FLOW)}"),
        "20b": ("partly", see(Place.CHARACTERISTICS, Place.BETWEEN_SPLITS, Place.MISSING)),
        "20c": ("reported", see(Place.BETWEEN_SPLITS)),
        "21": ("reported", study.groups),
        "22": ("reported", f"signature.json beside this report. {see(Place.TERMS, Place.MODEL)}"),
        "23a": ("partly", f"Without subgroups. {see(Place.OPTIMISM, Place.PERFORMANCE, Place.CALIBRATION)}"),
        "24": ("reported", f"{study.updating or 'Nothing was updated.'} {see(Place.UPDATING)}"),
        "27a": (
            "reported",
            "The program withholds a risk where CT, segments, eligibility or a value do not fit, and says why; a "
            "missing laboratory value gives a range instead of a number.",
        ),
        "27b": ("reported", "A radiologist loads the CT, checks and signs the segments, enters the laboratory values."),
    }
    if Place.CENTRES in study.places:
        found["12d"] = found["23b"] = ("partly", f"Performance by centre. {see(Place.CENTRES)}")
    for item in ("16", "20c"):
        if Place.BETWEEN_SPLITS not in study.places:
            del found[item]
    return {item: Answer(TripodState(state), text.strip()) for item, (state, text) in found.items()}


def _objectives(study: Study) -> str:
    if study.develops and study.evaluates:
        return "Development and evaluation of a model."
    return "Development of a model." if study.develops else "Evaluation of a model."
