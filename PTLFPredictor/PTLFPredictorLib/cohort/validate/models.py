"""The models that a signature brings, and their scores of a case by the product's own way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...ct import Finding, Level, of_level
from ...errors import BadInput
from ...segmentation.origin import Drawn, Known, Origin
from ...signature import RADSCORE, Signature, SignatureState, completeness, masks
from ...signature.outcome import INTERCEPT
from ...signature.policy.score_findings import score_findings
from ...signature.predictors import Value
from ...signature.radscore import score_terms, sum_of
from ..extraction import ExtractedCase, ObservedMask
from ..table import Case
from .performance import Cutoff, Scale

SIGNATURE = "signature"
"""Name of the signature's own model."""

RISKS = (SignatureState.COMPLETE, SignatureState.UNPROVEN, SignatureState.DEMO)
"""States of a signature whose linear predictor is one of risks."""

NO_YOUDEN = (
    "The signature brings no cut-off that was chosen on its training cases, and none is looked for in the validation "
    "cases: found and reported in the same cases it promises too much."
)


@dataclass(frozen=True)
class Model:
    """A model in the design columns of a signature.

    Parameters
    ----------
    name : str
    intercept : float or None
        None: a score without risk.
    coefficients : mapping of str to float
        By design column.
    """

    name: str
    intercept: float | None
    coefficients: Mapping[str, float]

    @property
    def has_risk(self) -> bool:
        return self.intercept is not None

    def scores(self, cases: Sequence[ScoredCase]) -> np.ndarray:
        """Linear predictors, or scores, of cases, shape (n,)."""
        start = self.intercept or 0.0
        return np.array([start + sum(b * case.design[name] for name, b in self.coefficients.items()) for case in cases])


@dataclass(frozen=True)
class ScoredCase:
    """What the product makes of one case.

    Parameters
    ----------
    id : str
    radscore : float
    values : mapping of str to float or str
        Of every predictor.
    design : mapping of str to float
        Design row of the risk model.
    withheld : tuple of Finding
        Of the score and of who drew the segments, for which the product would show no risk.
    """

    id: str
    radscore: float
    values: Mapping[str, Value]
    design: Mapping[str, float]
    withheld: tuple[Finding, ...]


def scored(signature: Signature, case: Case, extracted: ExtractedCase) -> ScoredCase:
    """Radscore, predictors and design row of a case, and why the product would withhold its risk.

    Raises
    ------
    BadInput
        Where a predictor has no value: such cases are left out beforehand, and counted.
    """
    terms = score_terms(signature, extracted.features)
    value = sum_of(signature, terms)
    if value is None:
        raise BadInput(f"Case {case.id} has no Radscore: a feature of the signature is missing.")
    known = signature.known(case.entered, value)
    if missing := [one.id for one in signature.predictors if one.id not in known.values]:
        raise BadInput(f"Case {case.id} has no value of {', '.join(missing)}.")
    found = (*score_findings(signature, terms, value), *masks.findings(signature, _drawn(extracted.masks)))
    withheld = tuple(of_level(found, Level.WITHHOLD))
    return ScoredCase(case.id, value, known.values, signature.risk_model.design(known.values), withheld)


def _drawn(mask: ObservedMask | None) -> Origin | None:
    """Who drew the segments; what a reader changed of a model's is not judged here: who signed it is not known."""
    if mask is None or not (mask.by_hand or mask.weights):
        return None
    if mask.by_hand:
        return Origin(Drawn.HAND, Known.FILE)
    return Origin(Drawn.MODEL, Known.FILE, {"weights_sha256": mask.weights})


def models_of(signature: Signature) -> tuple[Model, ...]:
    """The signature's own model first, then those that it was developed beside, or its Radscore alone.

    Raises
    ------
    BadInput
        For a signature without mean and SD of its features, and for evidence whose models cannot be read.
    """
    state = completeness(signature)
    if state is SignatureState.UNNORMALISED:
        raise BadInput(
            f"The signature {signature.id} has no mean and SD of its features, so it gives no Radscore that could be "
            "validated. 'ptlf cohort calibrate' supplies them from cases of your own."
        )
    score = Model("Radscore", None, {RADSCORE: 1.0})
    if state is SignatureState.REFERENCE:
        return (score,)
    risk = signature.risk_model
    intercept = risk.intercept.value if state in RISKS and risk.intercept is not None else None
    own = Model(SIGNATURE, intercept, dict(risk.coefficients))
    beside = _of_evidence(signature) if own.has_risk else ()
    return (own, *(beside or (score,)))


def cutoffs_of(signature: Signature, chosen: Sequence[float]) -> tuple[Cutoff, ...]:
    """The cut-off that the evidence brings from the cases that it was fitted on, and chosen risks.

    Raises
    ------
    BadInput
        For evidence whose cut-offs cannot be read.
    """
    found = {} if signature.evidence is None else signature.evidence.calibration.get("cut_offs", {})
    try:
        own = [
            Cutoff(
                "Youden, training cases" if name == "youden" else str(name), float(one["linear_predictor"]), Scale.SCORE
            )
            for name, one in found.items()
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"The cut-offs in the signature's evidence cannot be read: {error!r}.") from error
    return (*own, *(Cutoff("chosen", risk, Scale.RISK) for risk in chosen))


def _of_evidence(signature: Signature) -> tuple[Model, ...]:
    """The models that the signature was developed beside, where its columns are enough for them."""
    listed = {} if signature.evidence is None else signature.evidence.calibration.get("models", {})
    try:
        found = [
            Model(str(name), float(one[INTERCEPT]), {str(key): float(b) for key, b in one["coefficients"].items()})
            for name, one in listed.items()
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"The models in the signature's evidence cannot be read: {error!r}.") from error
    columns = set(signature.risk_model.columns)
    return tuple(model for model in found if set(model.coefficients) <= columns and not _is_own(model, signature))


def _is_own(model: Model, signature: Signature) -> bool:
    """Whether it is the signature's own model under another name."""
    return dict(model.coefficients) == dict(signature.risk_model.coefficients)
