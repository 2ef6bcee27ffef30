"""A record's numbers as a table: for CSV files and for a table node of the scene."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..record import FeatureValue, ResultRecord
from ..record.statements import RiskStatements, Statements, of_record

COLUMNS = ("what", "voi", "name", "value", "z", "contribution", "note")
FEATURE_COLUMNS = ("voi", "feature", "value")

Row = Sequence[object]


def rows(said: Statements) -> list[list[object]]:
    """A row for each number, in the order of `COLUMNS`; None where there is none."""
    risk, score = said.risk, said.score
    found: list[list[object]] = [["notice", "", "", None, None, None, said.research_use]]
    for one in said.inputs:
        name = f"{one.id} [{one.unit}]" if one.unit else one.id
        found.append(["input", "", name, one.value, None, None, ""])
    for one in said.measures:
        found.append(["measure", "", one.id, one.value, None, None, ""])
    found.append(["radscore", "", "Radscore", score.value, None, None, score.status])
    found.append(["prediction", "", "risk", risk.probability, None, None, risk.reason])
    found += _interval_rows(risk)
    found.append(["prediction", "", "total points", risk.total_points, None, None, ""])
    for reason in risk.withheld_beside:
        found.append(["prediction", "", "for a patient it would be withheld", None, None, None, reason])
    for name, value in said.volumes_ml.items():
        found.append(["volume", "", f"{name} [mL]", value, None, None, ""])
    for term in score.terms:
        found.append(["term", term.voi.in_files, term.feature, term.raw, term.z, term.contribution, term.short])
    return found


def _interval_rows(risk: RiskStatements) -> list[list[object]]:
    """Both ends of the risk's interval, or of its range over an input that is missing; what it is, in words."""
    words = risk.interval_words
    if risk.ends is None:
        return [["prediction", "", "risk, interval", None, None, None, words]] if words else []
    return [
        ["prediction", "", f"risk, {name} end", end, None, None, words]
        for name, end in zip(("lower", "upper"), risk.ends, strict=True)
    ]


def write(record: ResultRecord, path: Path) -> None:
    """As CSV; numbers with every digit."""
    _write(path, COLUMNS, rows(of_record(record)))


def write_features(features: Iterable[FeatureValue], path: Path) -> None:
    """Features as CSV: VOI, feature, value with every digit."""
    listed = [[one.voi.in_files, one.feature, one.value] for one in features]
    _write(path, FEATURE_COLUMNS, listed, "\n")


def _write(path: Path, columns: Row, lines: Iterable[Row], end: str = "\r\n") -> None:
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator=end)
        writer.writerow(columns)
        for row in lines:
            writer.writerow(["" if cell is None else repr(cell) if isinstance(cell, float) else cell for cell in row])
