"""Who drew the segments, against what the signature was fitted on: `voi_source`, or better its evidence."""

from __future__ import annotations

from ...ct import Finding, Level
from ...segmentation.origin import SIGNED_EDIT_SHARE, Drawn, Origin
from ...segmentation.provenance import drawn_by
from ..model import Signature, VoiSource
from . import states
from .states import SignatureState

CODE = "mask_not_covered"

FITTED_ON = {
    VoiSource.AUTOMATIC: "segments that a model drew, uncorrected",
    VoiSource.CORRECTED: "a model's segments that a reader had corrected",
    VoiSource.MANUAL: "segments drawn by hand",
}
"""What `voi_source` says, in words."""


def findings(signature: Signature, origin: Origin | None) -> tuple[Finding, ...]:
    """What it means for the score that these segments are of this origin; nothing where they are as those of the fit.

    Segments of which nobody knows who drew them have a finding of their own (`segmentation.provenance`).
    """
    if origin is None or origin.drawn is Drawn.UNKNOWN:
        return ()
    state = states.completeness(signature)
    level, message = _by_hand(signature) if origin.drawn is Drawn.HAND else _by_model(signature, origin, state)
    if level is None:
        return ()
    if state is SignatureState.UNNORMALISED:
        level = Level.WARN  # there is no score that could be withheld
    values = {"drawn": origin.drawn.value, "changed": origin.changed, "voi_source": signature.voi_source}
    return (Finding(CODE, level, message, values),)


def _by_hand(signature: Signature) -> tuple[Level | None, str]:
    evidence = signature.evidence
    if evidence.masks.by_hand if evidence else signature.voi_source is VoiSource.MANUAL:
        return None, ""
    return Level.WITHHOLD, (
        f"The segments were drawn by hand, but the signature was fitted on {_fitted_on(signature, 'a')}. Let the model "
        "that it was fitted with draw them."
    )


def _by_model(signature: Signature, origin: Origin, state: SignatureState) -> tuple[Level | None, str]:
    evidence, model = signature.evidence, origin.model or {}
    name = f"the model '{model['title']}'" if model.get("title") else "a model"
    if evidence is not None:
        if not drawn_by(origin, evidence.masks.models):
            return Level.WITHHOLD, (
                f"The segments were drawn by {name}, but the signature was fitted on {_fitted_on(signature)}. Use "
                "the model that it was fitted with."
            )
        beyond = origin.at_least or origin.changed > evidence.masks.edited_share
        return _edited(origin) if beyond else (None, "")
    if signature.voi_source is VoiSource.MANUAL:
        return Level.WITHHOLD, (
            f"The segments were drawn by {name}, but the signature was fitted on {_fitted_on(signature)}. Draw them by "
            "hand."
        )
    if signature.voi_source is VoiSource.CORRECTED:
        if origin.edited:
            return _edited(origin) if not _signed_or_small(origin) else (None, "")
        return Level.WITHHOLD, (
            f"The segments are as {name} drew them, but the signature was fitted on {_fitted_on(signature)}. Correct "
            "and sign them."
        )
    if origin.edited:
        return _edited(origin)
    if state is SignatureState.DEMO:
        return None, ""
    return Level.WARN, (
        f"The segments were drawn by {name}; the signature was fitted on segments of a model, but its file does not "
        "say of which."
    )


def _edited(origin: Origin) -> tuple[Level | None, str]:
    """A reader's correction of a model's segments on which the signature was fitted uncorrected."""
    share = f"{100 * origin.changed:.1f} %" if origin.changed >= 0.001 else "less than 0.1 %"
    if origin.at_least:
        share = "an unknown share"
    text = f"A reader has changed {share} of the segments' voxels; the signature was fitted on them uncorrected."
    if _signed_or_small(origin):
        return Level.WARN, text
    named = (origin.model or {}).get("id", "ID")
    how = f"(in a shell: --mask-origin model:{named} and --reader NAME)"
    return Level.WITHHOLD, f"{text} Sign the segments off to see the score {how}."


def _signed_or_small(origin: Origin) -> bool:
    return origin.sign_off is not None or (origin.changed < SIGNED_EDIT_SHARE and not origin.at_least)


def _fitted_on(signature: Signature, one: str = "another") -> str:
    evidence = signature.evidence
    if evidence is None:
        return FITTED_ON[signature.voi_source]
    drawn = []
    if evidence.masks.models:
        several = "several models" if one == "a" else "other models"
        drawn.append("segments of " + (f"{one} model" if len(evidence.masks.models) == 1 else several))
    if evidence.masks.by_hand:
        drawn.append("segments drawn by hand")
    return " and ".join(drawn) or "segments of unknown origin"
