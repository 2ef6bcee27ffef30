"""Whether a signature may be what a calibration starts from: what stays of it goes into a file for patients."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ...errors import BadInput
from ...measures.value import in_words
from ...signature import Signature
from ...signature.model import NormalisationOrigin
from ..extraction import ExtractedCase
from ..fingerprints import fingerprint, fitted_on
from .plan import Scale
from .scaling import FeatureScaling

FARTHEST_MEAN, WIDEST_RATIO = 6.0, 5.0
"""Of a kept scale: how many of its SDs the cases' mean may lie from its mean, and how many times as large either SD may
be.  Beyond, limits of |z| would mean nothing."""


def check(signature: Signature, scale: Scale, cases: Iterable[ExtractedCase]) -> None:
    """Refuse a signature that evidence cannot be built on.

    Parameters
    ----------
    signature : Signature
    scale : Scale
        Whether its mean and SD are to be kept.
    cases : iterable of ExtractedCase
        Those that it is to be calibrated to.

    Raises
    ------
    BadInput
        Void evidence; a site's mean and SD that no evidence stands behind, to be kept; numbers that were fitted on
        these very cases and would be used again, as if they were known from elsewhere.
    """
    if signature.has_void_evidence:
        raise BadInput(
            f"The signature {signature.id} cannot be calibrated: {signature.evidence_problem}. Calibrate the file as "
            "it was written."
        )
    evidence, normalisation = signature.evidence, signature.normalisation
    keeps = scale is Scale.KEEP
    if keeps and evidence is None and normalisation and normalisation.origin is NormalisationOrigin.SITE:
        raise BadInput(
            f"'--normalisation keep': no evidence stands behind the mean and SD of the signature {signature.id}, which "
            "are said to be a site's. Estimate them from these cases (--normalisation estimate)."
        )
    if evidence is None or not (keeps or evidence.estimated):
        return
    known = fitted_on(evidence.calibration) or frozenset()
    listed = list(cases)
    if again := sum(fingerprint(case) in known for case in listed):
        raise BadInput(
            f"{again} of the {len(listed)} cases are among those that the signature {signature.id} was fitted on: used "
            "twice, they would make a risk look more certain than it is. Calibrate the signature that it was made of, "
            "to all cases at once, or this one to other cases."
        )


def check_kept(scaling: FeatureScaling, features: np.ndarray, names: list[str]) -> None:
    """Refuse a kept mean and SD that these cases' features cannot have: a slip of unit, an SD that is a variance.

    Raises
    ------
    BadInput
        With the features.
    """
    z = scaling.transform(features)
    mean, ratio = z.mean(axis=0), z.std(axis=0, ddof=1)
    far = (abs(mean) > FARTHEST_MEAN) | (ratio > WIDEST_RATIO) | (ratio < 1 / WIDEST_RATIO)
    if far.any():
        listed = in_words([names[i] for i in np.flatnonzero(far)], "and")
        raise BadInput(
            f"'--normalisation keep': the cases do not lie on the signature's scale of {listed} (a mean more than "
            f"{FARTHEST_MEAN:g} of its SDs away, or an SD {WIDEST_RATIO:g} times as large or as small). Compare its "
            "mean and SD with their source, or estimate them from these cases (--normalisation estimate)."
        )
