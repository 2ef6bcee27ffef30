"""Who drew segments that were read: by their files' marks, else by this computer's ledger, else by a reader's word.

A reader's word never lifts what is known.  The marks themselves, and how they are written, stand in `marks`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import SimpleITK as sitk

from ..confirmation import Confirmation
from ..ct import CT, Finding, Level
from ..errors import BadInput
from . import ledger, regions
from .marks import Mark, combined, same_by_name, same_model, weights_of
from .origin import SIGNED_EDIT_SHARE, Drawn, Known, Origin, same_weights


def said(text: str | None, reader: str | None) -> Origin | None:
    """What a reader says of who drew the segments: "hand" or "model:ID".

    Raises
    ------
    BadInput
        Where it says neither, there is no such model, or nobody says it.
    """
    if not text:
        return None
    from .catalogue import find_model

    kind, _, name = text.partition(":")
    if text != "hand" and (kind != "model" or not name):
        raise BadInput(f"--mask-origin '{text}' cannot be read; say hand or model:ID (see 'ptlf models list').")
    found = None if text == "hand" else find_model(name)
    model = None if found is None else found.identity_with(found.sha256)
    named = Confirmation.now(reader, "who drew the segments")
    return Origin(Drawn.HAND if model is None else Drawn.MODEL, Known.READER, model, named=named)


def resolve(
    labels: sitk.Image, ct: CT, marks: Sequence[Mark | None], word: Origin | None = None
) -> tuple[Origin, tuple[Finding, ...]]:
    """Who drew segments that were read: by their marks, else by the ledger, else by a reader's word.

    A reader's word never lifts what is known.  On segments of a model that were changed since, a reader who names that
    model signs them.  What the marks say is remembered, so that a copy without them is known too.

    Parameters
    ----------
    labels : sitk.Image
        Label map on the grid of `ct`.
    ct : CT
    marks : sequence of Mark or None
        Of each file that the segments were read from (`marks.of_file`), or of each segment of the scene
        (`marks.of_tags`).
    word : Origin, optional
        See `said`.
    """
    mark = combined(marks)
    by_file = None if mark is None else _as_marked(mark, labels)
    by_ledger = ledger.find(ct.identity, labels)
    known = _joined(by_file, None if by_ledger is None else by_ledger[0])
    found = []
    if known is not None and known.known is Known.FILE:
        found.append(ledger.remember(ct.identity, labels, known))
    origin = known or word or Origin()
    if known is not None and word is not None:
        if known.drawn is word.drawn and same_by_name(known.model, word.model):
            origin = known.with_changes(named=word.named, sign_off=word.named if known.edited else known.sign_off)
        else:
            found.append(_contradiction(known, word))
    return origin, tuple(finding for finding in found if finding is not None)


def findings(origin: Origin) -> tuple[Finding, ...]:
    """What the origin of segments means for what may be shown."""
    if origin.drawn is Drawn.UNKNOWN:
        message = (
            "Nobody has said who drew these segments: they carry no mark and are not known on this computer. Say it, "
            "with your name (in a shell: --mask-origin hand, or --mask-origin model:ID, and --reader NAME)."
        )
        return (Finding("mask_origin_unknown", Level.WITHHOLD, message),)
    model = origin.model
    if not model or model.get("for_patients"):
        return ()
    values = {"model": model["id"], "changed": origin.changed, "signed": origin.sign_off is not None}
    warning = model["warning"]
    if not model.get("shipped"):  # its site answers for it
        return (Finding("model_not_for_patients", Level.WARN, warning, values),)
    if origin.made_own:
        warning += f" {_share(origin)} of the voxels were changed since, and signed by {origin.sign_off.reader}."
        return (Finding("model_not_for_patients", Level.WARN, warning, values),)
    if origin.edited:
        known = f"{_share(origin)} of the voxels were changed since"
        if origin.at_least:
            known = "Voxels were changed since, and it is not known here how many"
        warning += f" {known}; from {100 * SIGNED_EDIT_SHARE:g} % on and signed by a reader they count as the reader's."
    return (Finding("model_not_for_patients", Level.WITHHOLD, warning, values),)


def drawn_by(origin: Origin, weights: Iterable[str]) -> bool:
    """Whether a model with one of these weights (SHA-256) drew the segments: what evidence lists."""
    mine = weights_of(origin.model)
    return origin.drawn is Drawn.MODEL and any(same_weights(mine, known) for known in weights)


def _as_marked(mark: Mark, labels: sitk.Image) -> Origin | None:
    """What a mark says of these voxels: a sign-off and "hand" hold for no others than those it was written for."""
    origin = mark.origin
    if mark.content == regions.content(labels):
        return origin
    if origin.drawn is Drawn.HAND:
        return None
    changed = origin.changed
    if mark.content:
        changed = max(changed, 1 / max(1, int((sitk.GetArrayViewFromImage(labels) > 0).sum())))  # one voxel at least
    return origin.with_changes(changed=changed, at_least=True, sign_off=None)


def _joined(by_file: Origin | None, by_ledger: Origin | None) -> Origin | None:
    if by_file is None or by_ledger is None:
        return by_file or by_ledger
    if by_file.drawn is Drawn.MODEL:
        if same_model(by_file.model, by_ledger.model):
            if by_ledger.at_least and not by_file.at_least:
                return by_file.with_changes(post_processing=by_ledger.post_processing)
            counted = {"changed": by_ledger.changed, "at_least": by_ledger.at_least}
            return by_file.with_changes(**counted, post_processing=by_ledger.post_processing)
        if _refused(by_file.model) and not _refused(by_ledger.model):
            return by_file
    return by_ledger


def _contradiction(known: Origin, word: Origin) -> Finding:
    told, says = _by(known), _by(word)
    source = {Known.FILE: "by their mark", Known.LEDGER: "as this computer knows"}[known.known]
    message = f"{word.named.reader} says that these segments were drawn {says}; {source} they were drawn {told}."
    message += " What is known is taken."
    if known.edited:
        message += f" Where a reader has corrected them, say --mask-origin model:{known.model['id']}: it signs them."
    level = Level.WARN if known.drawn is Drawn.MODEL else Level.WITHHOLD
    return Finding("mask_origin_contradicted", level, message, {"known": known.to_dict(), "said": word.to_dict()})


def _by(origin: Origin) -> str:
    return "by hand" if origin.model is None else f"by the model {origin.model['id']}"


def _refused(model: Mapping[str, Any] | None) -> bool:
    """Whether it is known to be not for patients."""
    return bool(model and model.get("shipped") and not model.get("for_patients"))


def _share(origin: Origin) -> str:
    hundredths = math.floor(1e4 * origin.changed)  # never rounded up to what counts
    return f"{hundredths / 100:.2f} %" if hundredths else "Less than 0.01 %"
