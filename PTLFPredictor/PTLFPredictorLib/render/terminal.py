"""A record, its findings and its prediction in lines for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import RESEARCH_USE
from ..segmentation import lesions
from ..segmentation.segments import ml_text
from ..signature import Band


def summary(result: dict[str, Any]) -> str:
    """A record in a few lines for a terminal."""
    volumes, prediction, radscore = result["segmentation"]["volumes_ml"], result["prediction"], result["radscore"]
    told = lesions.text(result["segmentation"].get("lesions"))
    amount = f"Parenchyma {ml_text(volumes['parenchyma'])}, tumour {ml_text(volumes['tumor'])}"
    lines = [f"{amount} in {told}." if told else f"{amount}."]
    lines += [f["message"] for f in result["findings"] if f["code"] == "phase" and f["level"] == "pass"]
    lines += finding_lines(result["findings"])
    value, status = radscore["value"], radscore["status"]
    if value is not None:
        lines.append(f"Radscore: {value:.3f} ({status})")
    else:
        lines.append("Radscore: not shown" if status == prediction["status"] else f"Radscore: {status}")
    lines += prediction_lines({**prediction, "withheld_beside": []})
    if prediction["withheld_beside"]:
        lines.append("For a patient it would be withheld, for what is marked [withholds].")
    if result["what_if"] is not None:
        lines.append(f"What-if with Radscore {result['what_if']['radscore']:g}, not this patient's result:")
        lines += [f"  {line}" for line in prediction_lines(result["what_if"])]
    return "\n".join([*lines, RESEARCH_USE])


def finding_lines(findings: Sequence[dict[str, Any]]) -> list[str]:
    """What a reader must know of findings (`Finding.to_dict`), in lines for a terminal."""
    marks = {"fail": "unusable", "withhold": "withholds", "warn": "note"}
    return [f"[{marks[f['level']]}] {f['message']}" for f in findings if f["level"] in marks]


def prediction_lines(prediction: dict[str, Any]) -> list[str]:
    """A prediction (`Prediction.to_dict`) in lines for a terminal."""
    points = [f"{name} {value:.2f}" for name, value in prediction["points"].items() if value is not None]
    lines = [f"Points: {', '.join(points) or 'none'}"]
    if prediction["total_points"] is not None:
        lines[0] += f"; total {prediction['total_points']:.2f}"
    words = prediction["risk_interval_words"]
    if prediction["state"] == "what-if":
        bands = [_band_words(band) for band in prediction["bands"]] or ["marked on the nomogram alone", words]
        lines.append(f"Risk, what-if: {bands[0]}")
        lines += [f"{'':15}{text}" for text in bands[1:]]
        lines += [prediction["assumes"]] if prediction["assumes"] else []
    elif prediction["risk"] is not None:
        lines.append(f"Risk: {prediction['risk_text']} ({prediction['risk']:.3f}); {words}")
    elif prediction["risk_interval"] is not None:
        lines.append(f"Risk: {words}")
    else:
        lines.append("Risk: not shown")
    lines.append(prediction["status"][:1].upper() + prediction["status"][1:])
    lines += [f"For a patient withheld: {reason}" for reason in prediction["withheld_beside"]]
    return lines + list(prediction["warnings"])


def _band_words(band: dict[str, Any]) -> str:
    return Band(**band).words
