"""How much a signature can say of a patient: one state per row of the table "What may be shown", and its words."""

from __future__ import annotations

from enum import StrEnum

from ..model import NormalisationOrigin, Signature
from ..outcome import INTERCEPT, Origin


class SignatureState(StrEnum):
    """What a signature has, and so what a person may see."""

    UNNORMALISED = "unnormalised"
    """No means and SDs: features only."""

    REFERENCE = "reference"
    """Means and SDs of a public cohort: a relative score, no risk, no points."""

    RELATIVE = "relative"
    """Means and SDs of the site's cases, no intercept fitted here: a relative score, no risk."""

    UNPROVEN = "unproven"
    """Complete numbers without evidence: a score, no patient's risk, what-if at most."""

    COMPLETE = "complete"
    """Complete numbers with valid evidence and its covariance: score and risk."""

    DEMO = "demo"
    """Fitted on synthetic cases: a demonstration."""

    @property
    def short(self) -> str:
        """A few words for lists."""
        return _SHORT[self]


_SHORT = {
    SignatureState.UNNORMALISED: "features only",
    SignatureState.REFERENCE: "reference score",
    SignatureState.RELATIVE: "relative score",
    SignatureState.UNPROVEN: "score, no risk",
    SignatureState.COMPLETE: "score and risk",
    SignatureState.DEMO: "demonstration",
}

NO_NORMALISATION = (
    "cannot be computed: the paper does not give the training cohort's mean and SD of each feature; a site "
    "can supply them from its own cases, in the signature file"
)

NO_MEANS = "the Radscore cannot be computed: the paper does not give the mean and SD of each feature"
"""`NO_NORMALISATION` in short, as a reason of its own."""

NOT_IN_DEMONSTRATION_MODE = "a demonstration on synthetic cases: shown only in demonstration mode, never for a patient"

WHAT_IF_NOT_IN_DEMONSTRATION_MODE = "a demonstration signature: shown only in demonstration mode"

NO_SAMPLE_CT = "withheld: a demonstration signature shows a risk only on a sample CT, and this CT is none"

RISK_OF_A_REFERENCE = (
    "withheld: the score lies on the reference scale of public CTs, for which no outcome is known, so it has neither "
    "points nor a risk"
)

RISK_OF_A_RELATIVE_SCORE = (
    "withheld: the score is relative to this site's cases, and no risk model was fitted on outcomes here"
)

WHAT_IF_OF_A_REFERENCE = (
    "withheld: this file's Radscore lies on a reference scale, not on the axis of the risk model; try a Radscore with "
    "the published signature"
)


def completeness(signature: Signature) -> SignatureState:
    """The state of a signature."""
    normalisation, intercept = signature.normalisation, signature.risk_model.intercept
    if normalisation is None:
        return SignatureState.UNNORMALISED
    if signature.is_demo:
        return SignatureState.DEMO
    if normalisation.origin is NormalisationOrigin.PUBLIC:
        return SignatureState.REFERENCE
    # A score normalised with a site's cases belongs to an intercept fitted on this site's outcomes.
    if normalisation.origin is NormalisationOrigin.SITE and (
        intercept is None or intercept.origin is not Origin.FITTED
    ):
        return SignatureState.RELATIVE
    return SignatureState.UNPROVEN if unproven(signature) else SignatureState.COMPLETE


def unproven(signature: Signature) -> str:
    """Why a signature's numbers may not become a patient's risk, "" where they may."""
    intercept, evidence = signature.risk_model.intercept, signature.evidence
    if intercept is None:
        return "the signature has no intercept"
    if evidence is None:
        return signature.evidence_problem
    if evidence.no_risk:
        return evidence.no_risk
    if intercept.origin is not Origin.FITTED or INTERCEPT not in evidence.estimated:
        return "the evidence is not on the intercept"
    if evidence.covariance is None:
        return "the evidence has no covariance, so no interval can be given"
    return ""


def risk_of_an_unproven(signature: Signature) -> str:
    return (
        f"withheld: {unproven(signature)}; a patient's risk needs the evidence that a fit on outcomes writes into the "
        "signature file. A Radscore can be tried as a what-if"
    )


def risk_of_a_relative(signature: Signature) -> str:
    """Why a relative score has no risk, with the reason that the calibration itself gives."""
    evidence = signature.evidence
    why = "" if evidence is None else evidence.no_risk
    return RISK_OF_A_RELATIVE_SCORE + (f" ({why})" if why else "")


def relative_label(signature: Signature) -> str:
    """What a relative score is relative to: "relative to 80 cases of this site"."""
    return f"relative to {signature.normalisation.n} cases of this site"


def reference_label(signature: Signature) -> str:
    """What a score on a public scale is called: "reference scale of 103 public CTs (...), not the paper's"."""
    scale = signature.normalisation
    return f"reference scale of {scale.n} public CTs ({scale.name}, {scale.licence}), not the paper's"


def describe(signature: Signature) -> str:
    """What a person sees with this signature, and why no more, in one sentence."""
    state = completeness(signature)
    if state is SignatureState.UNNORMALISED:
        return "Features only: the file has no mean and SD of the features, so there is no Radscore and no risk."
    if state is SignatureState.REFERENCE:
        return f"A relative score on the {reference_label(signature)}; no risk and no points."
    if state is SignatureState.RELATIVE:
        why = "" if signature.evidence is None else signature.evidence.no_risk
        because = (
            f"no risk model was fitted on outcomes here ({why})" if why else "no intercept was fitted on outcomes here"
        )
        return f"A score relative to this site's cases; no risk, because {because}."
    if state is SignatureState.UNPROVEN:
        return f"A score; no patient's risk, because {unproven(signature)}. What-if at most."
    if state is SignatureState.DEMO:
        return "Fitted on synthetic cases: a demonstration, on sample CTs only, never for a patient."
    return "Score and risk with its confidence interval."
