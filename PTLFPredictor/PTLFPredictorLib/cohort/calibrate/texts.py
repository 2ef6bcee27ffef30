"""Sentences of a calibrated signature: in its file, and again in the report."""

from __future__ import annotations

import re

from ...measures.value import in_words
from ...signature import Signature
from ...signature.evidence import ObservedMasks
from ...signature.outcome import INTERCEPT
from .calibration import Calibration
from .plan import Interval, Method, Scale

CALIBRATED_WITH = "Calibrated with PTLFPredictor (ptlf cohort calibrate)."

DEMONSTRATION = "Demonstration on synthetic cases, not for patients: "

ASSUMES = (
    "Normalising with a hospital's own mean and SD sets its Radscores to mean 0 and each feature to SD 1, as the "
    "authors' own did with theirs. That assumes that its patients are as mixed as the authors'. Where they are sicker, "
    "milder or more alike, a score of 5 is not the paper's 5, and only outcomes can tell: the intercept takes up a "
    "different mean, the Radscore's slope a different spread."
)

RELATIVE = (
    "The score is relative: it says how a patient stands among the cases that it was normalised with, not how likely "
    "the outcome is. No risk is shown."
)

REPLACED = ("mean and SD", "the intercept", "covariances")
"""How entries of `missing` begin that a calibration makes untrue."""


def cases(made: Calibration, synthetic: bool) -> str:
    """Who the numbers are of: "150 cases of this hospital"."""
    return f"{made.cases.n} synthetic cases" if synthetic else f"{made.cases.n} cases of this hospital"


def title(base: Signature, made: Calibration, synthetic: bool) -> str:
    """Of the signature file: the former one, and to what it was calibrated."""
    own = re.split("; (?:calibrated|relative) to ", base.title.removeprefix(DEMONSTRATION))[0]
    done = "calibrated to" if made.gives_risk else "relative to"
    return f"{DEMONSTRATION if synthetic else ''}{own}; {done} {cases(made, synthetic)}"


def population(base: Signature, made: Calibration, synthetic: bool) -> str:
    """Who the numbers come from: these cases, and for the rest the former population."""
    events = f", {made.cases.events} with {base.outcome}" if made.cases.outcome is not None else ""
    return (
        f"{cases(made, synthetic)[:1].upper()}{cases(made, synthetic)[1:]}{events}. Terms and what was not estimated "
        f"here are of: {base.population}"
    )


def voi_note(masks: ObservedMasks) -> str:
    """Who drew the segments, in words."""
    drawn = []
    if masks.models:
        share = f", of which a reader changed up to {100 * masks.edited_share:.1f} %" if masks.edited_share else ""
        drawn.append(f"segments that a model drew{share}")
    if masks.by_hand:
        drawn.append("segments drawn by hand")
    who = in_words(drawn, "and") or "segments"
    return f"Fitted on {who}. 'liver' is the non-tumoural parenchyma (liver minus tumour)."


def notes(base: Signature, made: Calibration, synthetic: bool) -> list[dict[str, str]]:
    """The file's notes on this calibration."""
    found = []
    if synthetic:
        found.append(("demo", "Demonstration signature of synthetic cases. It says nothing about any patient."))
    if made.plan.scale is Scale.ESTIMATE:
        found.append(("normalisation", ASSUMES))
    if not made.gives_risk:
        found.append(("relative", f"{RELATIVE} Why: {made.no_risk}."))
    else:
        found.append(("calibration", model(base, made)))
        found.append(("interval", interval(made)))
    found += [(f"warning_{i + 1}", text) for i, text in enumerate(made.warnings)]
    return [{"id": name, "text": text} for name, text in found]


def model(base: Signature, made: Calibration) -> str:
    """What was estimated, how, and what was fixed."""
    update = made.update
    fixed = [name for name in (INTERCEPT, *made.base.columns) if name not in update.names_]
    text = (
        f"Of the risk model {in_words(update.names_, 'and')} {'was' if len(update.names_) == 1 else 'were'} estimated "
        f"on {made.cases.n} cases, {made.cases.events} with {base.outcome} ({made.plan.method.words})"
    )
    text += f"; fixed at their former values: {in_words(fixed, 'and')}." if fixed else "; nothing was fixed."
    if made.plan.method is Method.SHRUNK_SLOPE:
        text += (
            f" The slope of the Radscore was {update.slope_:.3f} (standard error {update.slope_se_:.3f}) in these "
            f"cases and {made.base.slope:.3f} ({made.base.slope_se:.3f}) before; with a weight of "
            f"{100 * update.shrunk_.weight:.0f} % on these cases it is {made.slope:.3f} (empirical Bayes, "
            "docs/calibration-methods.md)."
        )
    return text


def interval(made: Calibration) -> str:
    """What a patient's interval holds, and what not."""
    text = "A patient's interval holds the uncertainty of what was estimated of the model"
    if made.plan.interval is Interval.BOOTSTRAP:
        also = "shrinkage included" if made.plan.method is Method.SHRUNK_SLOPE else ""
        if made.plan.scale is Scale.ESTIMATE:
            also += (", " if also else "") + "and that of the features' mean and SD"
        text += (
            f"{', ' + also if also else ''} (all of it repeated in {made.plan.samples} bootstrap samples of the cases)"
        )
    if made.plan.scale is Scale.KEEP or made.plan.interval is Interval.MODEL:
        text += "; not that of the features' mean and SD, which count as known"
    fixed = [name for name in made.base.columns if name not in made.update.names_]
    return text + (f". What was fixed ({in_words(fixed, 'and')}) counts as known." if fixed else ".")


def missing(base: Signature, made: Calibration) -> list[str]:
    """What is not known of this signature."""
    kept = [text for text in base.missing if not text.startswith(REPLACED)]
    if not made.gives_risk:
        return [*kept, "an intercept for these scores: the study's belongs to its own mean and SD"]
    return [*kept, "validation on patients on whom the model was not calibrated"]
