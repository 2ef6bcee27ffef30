"""One patient's line: what ``ptlf predict`` shows of the result, and no number more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ...ct import Level
from ...record import ResultRecord
from ...record.statements import of_record

FAILED = "failed"


@dataclass(frozen=True)
class Line:
    """A line of ``predictions.csv``.

    Parameters
    ----------
    case : str
    state : str
        `PredictionState`, or "failed".
    risk, probability, interval : str
        As a terminal shows them: "48 %", "0.478", "28-69 %"; "" where nothing may be shown.
    radscore, radscore_note : str
        "7.716"; what the value is, or what stands in its place.
    reason : str
        What the risk rests on, why it is withheld, or why the case failed.
    withheld_for : str
        Codes of the findings that withhold, also of a demonstration.
    notes : str
        Codes of the findings that warn.
    report : str
        Relative to the folder of the table; "" of a failed case.
    """

    case: str
    state: str
    risk: str = ""
    probability: str = ""
    interval: str = ""
    radscore: str = ""
    radscore_note: str = ""
    reason: str = ""
    withheld_for: str = ""
    notes: str = ""
    report: str = ""

    @classmethod
    def of(cls, record: ResultRecord) -> Line:
        """Of a result, without the case's id and report."""
        said = of_record(record)
        risk, score = said.risk, said.score
        return cls(
            case="",
            state=risk.state.value,
            risk=risk.risk,
            probability=f"{risk.probability:.3f}" if risk.risk else "",
            interval=risk.interval,
            radscore="" if score.value is None else f"{score.value:.3f}",
            radscore_note=score.status,
            reason=risk.reason,
            withheld_for=_codes(record, Level.WITHHOLD),
            notes=_codes(record, Level.WARN),
        )

    @property
    def failed(self) -> bool:
        return self.state == FAILED

    @property
    def words(self) -> str:
        """For a terminal."""
        if self.failed:
            return f"{self.case}: failed. {self.reason}"
        score = f", Radscore {self.radscore} ({self.radscore_note})" if self.radscore else ""
        number = f"{self.risk} ({self.probability})" if self.risk else ""
        shown = "; ".join(filter(None, (number, self.interval))) or "not shown"
        return f"{self.case}: risk {shown}{score}. {self.reason[:1].upper()}{self.reason[1:]}"

    def to_dict(self) -> dict[str, str]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Line:
        return cls(**data)


def _codes(record: ResultRecord, level: Level) -> str:
    return ", ".join(dict.fromkeys(finding.code for finding in record.findings if finding.level is level))
