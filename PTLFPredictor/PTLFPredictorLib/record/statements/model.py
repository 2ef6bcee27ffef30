"""What is said of the model: its equation, and for each of its numbers where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...signature import Signature, equation
from .words import sentences


@dataclass(frozen=True)
class ModelNumber:
    """A number that the result rests on, in words, and its origin ("published", "derived", "missing")."""

    name: str
    words: str
    origin: str


@dataclass(frozen=True)
class ModelStatements:
    """The model in words.

    Parameters
    ----------
    equation : str
        "logit P(PTLF) = ...".
    rests_on : tuple of ModelNumber
    missing : str
        What is not known: of a published model what its paper does not print, of a site's what its cases do not tell.
    notes : str
        Sentences; those on predictors are `risk.axis_note`'s, in the box and below the nomogram.
    citation : str
    """

    equation: str
    rests_on: tuple[ModelNumber, ...]
    missing: str
    notes: str
    citation: str


def of_signature(signature: Signature) -> ModelStatements:
    return ModelStatements(
        equation=equation(signature),
        rests_on=tuple(ModelNumber(*row) for row in _rows(signature)),
        missing="; ".join(signature.missing),
        notes=sentences(*(note["text"] for note in signature.data["notes"] if "predictor" not in note)),
        citation=signature.citation,
    )


def _rows(signature: Signature) -> list[tuple[str, str, str]]:
    outcome, nomogram = signature.data["outcome"], signature.data["nomogram"]
    rows = [(name, f"{item['value']:g}", item.get("origin", "")) for name, item in outcome["coefficients"].items()]
    rows.append(("Intercept", *_intercept(signature)))
    scale = signature.normalisation
    rows.append(("Mean and SD of the features", *_or_missing(scale and (f"{scale.n} cases", str(scale.origin)))))
    rows.append(("Points per logit", f"{signature.points_per_logit:g}", nomogram.get("origin", "")))
    rows.append(("Covariances", *_or_missing(signature.covariance is not None and ("given", ""))))
    rows.append(("Evidence", *_evidence(signature)))
    return rows


def _or_missing(found: Any) -> tuple[str, str]:
    return found or ("none", "missing")


def _intercept(signature: Signature) -> tuple[str, str]:
    intercept = signature.risk_model.intercept
    if intercept is None:
        return "none", "missing"
    span = f" ({intercept.range[0]:g} to {intercept.range[1]:g})" if intercept.range else ""
    return f"{intercept.value:.4g}{span}", str(intercept.origin)


def _evidence(signature: Signature) -> tuple[str, str]:
    if signature.evidence is not None:
        return f"{signature.evidence.n} cases", "valid"
    return ("void", "changed afterwards") if signature.has_void_evidence else ("none", "missing")
