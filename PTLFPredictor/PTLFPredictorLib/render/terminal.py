"""A result in lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from ..ct import Finding
from ..ct.findings import Level
from ..record import ResultRecord
from ..record.statements import RiskStatements, ScoreStatements, Statements, of_prediction, of_record
from ..signature import Prediction

MARKS = {Level.FAIL: "unusable", Level.WITHHOLD: "blocks the risk", Level.WARN: "note"}
"""Level of a finding -> the word before it; what is met is not listed."""


def summary(record: ResultRecord) -> str:
    """A record in a few lines."""
    return "\n".join(lines_of(of_record(record)))


def lines_of(said: Statements) -> list[str]:
    segments = said.segments
    amount = f"Parenchyma {segments.parenchyma}, tumour {segments.tumour}"
    lines = [f"{amount} in {segments.lesions}." if segments.lesions else f"{amount}."]
    lines += segments.steps
    lines += [finding.message for finding in said.findings if finding.code == "phase" and finding.level is Level.PASS]
    lines += finding_lines(said.findings)
    lines.append(_score(said.score, said.risk))
    lines += [*_head(said.risk), *said.risk.warnings]
    if said.risk.withheld_beside:
        lines.append(f"For a patient it would be withheld, for what is marked [{MARKS[Level.WITHHOLD]}].")
    if said.what_if is not None:
        lines.append(f"What-if with Radscore {said.tried:g}, not this patient's result:")
        lines += [f"  {line}" for line in risk_lines(said.what_if)]
    return [*lines, said.research_use]


def finding_lines(findings: Iterable[Finding]) -> list[str]:
    """What a reader must know of findings."""
    return [f"[{MARKS[finding.level]}] {finding.message}" for finding in findings if finding.level in MARKS]


def prediction_lines(prediction: Prediction) -> list[str]:
    """`risk_lines` of a prediction that has no record around it."""
    return risk_lines(of_prediction(prediction, ""))


def risk_lines(risk: RiskStatements) -> list[str]:
    """A risk with every reason for which a patient's would be withheld."""
    return [*_head(risk), *(f"For a patient withheld: {reason}" for reason in risk.withheld_beside), *risk.warnings]


def _score(score: ScoreStatements, risk: RiskStatements) -> str:
    if score.value is not None:
        return f"Radscore: {score.value:.3f} ({score.status})"
    return "Radscore: not shown" if score.status == risk.reason else f"Radscore: {score.status}"


def _head(risk: RiskStatements) -> list[str]:
    points = ", ".join(f"{name} {value:.2f}" for name, value in risk.points.items())
    total = "" if risk.total_points is None else f"; total {risk.total_points:.2f}"
    lines = [f"Points: {points or 'none'}{total}"]
    if risk.is_what_if:
        first, *others = risk.bands or ("marked on the nomogram alone", risk.interval_words)
        lines += [f"Risk, what-if: {first}", *(f"{'':15}{text}" for text in others)]
        lines += [risk.assumes] if risk.assumes else []
    elif risk.risk:
        lines.append(f"Risk: {risk.risk} ({risk.probability:.3f}); {risk.interval_words}")
    else:
        lines.append(f"Risk: {risk.interval_words}" if risk.ends is not None else "Risk: not shown")
    return [*lines, risk.reason[:1].upper() + risk.reason[1:]]
