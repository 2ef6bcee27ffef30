"""A record's numbers as a table: for CSV files and for a table node of the scene."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..record import FeatureValue, ResultRecord
from ..signature import Prediction

COLUMNS = ("what", "voi", "name", "value", "z", "contribution", "note")

Row = Sequence[object]


def rows(record: ResultRecord) -> list[list[object]]:
    """A row for each number, in the order of `COLUMNS`; None where there is none."""
    prediction, score = record.prediction, record.radscore
    found: list[list[object]] = [
        ["notice", "", "", None, None, None, record.research_use],
        *(
            ["input", "", f"{one.id} [{one.unit}]" if one.unit else one.id, one.value, None, None, ""]
            for one in record.input.values
        ),
        ["radscore", "", "Radscore", score.value, None, None, score.status],
        ["prediction", "", "risk", prediction.risk, None, None, prediction.status],
        *_interval_rows(prediction),
        ["prediction", "", "total points", prediction.total_points, None, None, ""],
    ]
    for reason in prediction.withheld_beside:
        found.append(["prediction", "", "for a patient it would be withheld", None, None, None, reason])
    for name, value in record.segmentation.volumes_ml.items():
        found.append(["volume", "", f"{name} [mL]", value, None, None, ""])
    for term in score.terms:
        found.append(["term", term.voi.in_files, term.feature, term.raw, term.z, term.contribution, term.short])
    return found


def _interval_rows(prediction: Prediction) -> list[list[object]]:
    """Both ends of the risk's interval, or of its range over an input that is missing; what it is, in words."""
    words, ends = prediction.interval_words, prediction.risk_interval
    if ends is None:
        return [["prediction", "", "risk, interval", None, None, None, words]] if words else []
    return [
        ["prediction", "", f"risk, {name} end", end, None, None, words]
        for name, end in zip(("lower", "upper"), ends, strict=True)
    ]


def write(record: ResultRecord, path: Path) -> None:
    """As CSV; numbers with every digit."""
    _write(path, COLUMNS, rows(record))


def write_features(features: Iterable[FeatureValue], path: Path) -> None:
    """Features as CSV: VOI, feature, value with every digit."""
    listed = [[one.voi.in_files, one.feature, one.value] for one in features]
    _write(path, ("voi", "feature", "value"), listed, "\n")


def _write(path: Path, columns: Row, lines: Iterable[Row], end: str = "\r\n") -> None:
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator=end)
        writer.writerow(columns)
        for row in lines:
            writer.writerow(["" if cell is None else repr(cell) if isinstance(cell, float) else cell for cell in row])
