"""A result in lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from .. import RESEARCH_USE
from ..ct import Finding
from ..record import ResultRecord
from ..segmentation import lesions
from ..segmentation.segments import ml_text
from ..signature import Prediction, risk_text

MARKS = {"fail": "unusable", "withhold": "withholds", "warn": "note"}
"""Level of a finding -> the word before it; what is as it should be is not listed."""


def summary(result: ResultRecord) -> str:
    """A record in a few lines."""
    volumes, prediction, radscore = result.segmentation.volumes_ml, result.prediction, result.radscore
    counted = result.segmentation.lesions
    told = "" if counted is None else lesions.text(counted.to_dict())
    amount = f"Parenchyma {ml_text(volumes['parenchyma'])}, tumour {ml_text(volumes['tumor'])}"
    lines = [f"{amount} in {told}." if told else f"{amount}."]
    lines += [f.message for f in result.findings if f.code == "phase" and f.level == "pass"]
    lines += finding_lines(result.findings)
    if radscore.value is not None:
        lines.append(f"Radscore: {radscore.value:.3f} ({radscore.status})")
    else:
        same = radscore.status == prediction.status
        lines.append("Radscore: not shown" if same else f"Radscore: {radscore.status}")
    lines += _risk_lines(prediction)
    if prediction.withheld_beside:
        lines.append("For a patient it would be withheld, for what is marked [withholds].")
    if result.what_if is not None:
        lines.append(f"What-if with Radscore {result.what_if.radscore:g}, not this patient's result:")
        lines += [f"  {line}" for line in prediction_lines(result.what_if.prediction)]
    return "\n".join([*lines, RESEARCH_USE])


def finding_lines(findings: Iterable[Finding]) -> list[str]:
    """What a reader must know of findings."""
    return [f"[{MARKS[f.level]}] {f.message}" for f in findings if f.level in MARKS]


def prediction_lines(prediction: Prediction) -> list[str]:
    """A prediction with every reason for which a patient's risk would be withheld."""
    beside = [f"For a patient withheld: {reason}" for reason in prediction.withheld_beside]
    head, warnings = _risk_lines(prediction, warned=False), list(prediction.warnings)
    return [*head, *beside, *warnings]


def _risk_lines(prediction: Prediction, warned: bool = True) -> list[str]:
    points = [f"{name} {value:.2f}" for name, value in prediction.points.items() if value is not None]
    lines = [f"Points: {', '.join(points) or 'none'}"]
    if prediction.total_points is not None:
        lines[0] += f"; total {prediction.total_points:.2f}"
    words = prediction.interval_words
    if prediction.is_what_if:
        bands = [band.words for band in prediction.bands] or ["marked on the nomogram alone", words]
        lines.append(f"Risk, what-if: {bands[0]}")
        lines += [f"{'':15}{text}" for text in bands[1:]]
        lines += [prediction.assumes] if prediction.assumes else []
    elif prediction.risk is not None:
        lines.append(f"Risk: {risk_text(prediction.risk)} ({prediction.risk:.3f}); {words}")
    elif prediction.risk_interval is not None:
        lines.append(f"Risk: {words}")
    else:
        lines.append("Risk: not shown")
    lines.append(prediction.status[:1].upper() + prediction.status[1:])
    return [*lines, *prediction.warnings] if warned else lines
