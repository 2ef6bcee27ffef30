"""How much a signature can say of a patient: one state per row of the table "What may be shown", and its words."""

from __future__ import annotations

from .covariance import INTERCEPT
from .model import Signature

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

STATES = (UNNORMALISED, REFERENCE, RELATIVE, UNPROVEN, COMPLETE, DEMO)

SHORT = {
    UNNORMALISED: "features only",
    REFERENCE: "reference score",
    RELATIVE: "relative score",
    UNPROVEN: "score, no risk",
    COMPLETE: "score and risk",
    DEMO: "demonstration",
}
"""A few words for lists."""

NO_NORMALISATION = (
    "cannot be computed: the paper does not give the training cohort's mean and SD of each feature; a site "
    "can supply them from its own cases, in the signature file"
)

NOT_IN_DEMONSTRATION_MODE = "a demonstration on synthetic cases: shown only in demonstration mode, never for a patient"

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


def completeness(signature: Signature) -> str:
    """The state of a signature, one of `STATES`."""
    normalisation, intercept = signature.normalisation, signature.risk_model.intercept
    if normalisation is None:
        return UNNORMALISED
    if signature.is_demo:
        return DEMO
    if normalisation.origin == "public":
        return REFERENCE
    # A score normalised with a site's cases belongs to an intercept fitted on this site's outcomes.
    if normalisation.origin == "site" and (intercept is None or intercept.origin != "fitted"):
        return RELATIVE
    return UNPROVEN if unproven(signature) else COMPLETE


def unproven(signature: Signature) -> str:
    """Why a signature's numbers may not become a patient's risk, "" where they may."""
    intercept, evidence = signature.risk_model.intercept, signature.evidence
    if intercept is None:
        return "the signature has no intercept"
    if evidence is None:
        return signature.evidence_problem
    if intercept.origin != "fitted" or INTERCEPT not in evidence.estimated:
        return "the evidence is not on the intercept"
    if evidence.covariance is None:
        return "the evidence has no covariance, so no interval can be given"
    return ""


def risk_of_an_unproven(signature: Signature) -> str:
    return (
        f"withheld: {unproven(signature)}; a patient's risk needs the evidence that a fit on outcomes writes into the "
        "signature file. A Radscore can be tried as a what-if"
    )


def reference_label(signature: Signature) -> str:
    """What a score on a public scale is called: "reference scale of 103 public CTs (...), not the paper's"."""
    scale = signature.normalisation
    return f"reference scale of {scale.n} public CTs ({scale.name}, {scale.licence}), not the paper's"


def describe(signature: Signature) -> str:
    """What a person sees with this signature, and why no more, in one sentence."""
    state = completeness(signature)
    if state == UNNORMALISED:
        return "Features only: the file has no mean and SD of the features, so there is no Radscore and no risk."
    if state == REFERENCE:
        return f"A relative score on the {reference_label(signature)}; no risk and no points."
    if state == RELATIVE:
        return "A score relative to this site's cases; no risk, because no intercept was fitted on outcomes here."
    if state == UNPROVEN:
        return f"A score; no patient's risk, because {unproven(signature)}. What-if at most."
    if state == DEMO:
        return "Fitted on synthetic cases: a demonstration, on sample CTs only, never for a patient."
    return "Score and risk with its confidence interval."
