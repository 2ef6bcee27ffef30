"""Supply the intercept that the paper only draws: from two points read off its nomogram's risk axis."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..errors import BadInput
from .files import with_data
from .model import Signature
from .nomogram import offset_of_zeros

SLOPE_TOLERANCE = 0.15
"""Two readings must agree with the scale of the points to this fraction, else one was misread."""


def from_figure(signature: Signature, readings: Sequence[tuple[float, float]]) -> Signature:
    """The signature with an intercept read off the nomogram figure.

    On a nomogram ``logit(risk) = b0 + sum(coefficient * zero) + total / points_per_logit``: each reading of
    the two last axes gives b0.  Two readings also check the scale.

    Parameters
    ----------
    readings : two (total points, risk) pairs
        Risk as a probability strictly between 0 and 1.

    Returns
    -------
    Signature
        With id ``<id>-figure``; the mean of both readings is the intercept, their values its range.

    Raises
    ------
    BadInput
        When the readings cannot be two points of this figure.
    """
    if len(readings) != 2:
        raise BadInput("Two points of the figure are needed, each as total points and risk.")
    for total, risk in readings:
        if not 0 < risk < 1 or not math.isfinite(total):
            raise BadInput(
                f"The reading {total:g} points, risk {risk:g} cannot be used: the risk lies between 0 and 1."
            )
    (t1, r1), (t2, r2) = sorted(readings)
    if t1 == t2:
        raise BadInput("The two readings have the same total points; read two different places of the axis.")
    logit = signature.risk_model.linear_predictor_of
    slope = (logit(r2) - logit(r1)) / (t2 - t1)
    expected = 1 / signature.points_per_logit
    if abs(slope / expected - 1) > SLOPE_TOLERANCE:
        raise BadInput(
            f"The two readings do not fit this nomogram: they give {1 / slope if slope else math.inf:.2f} points per "
            f"logit, the scale has {signature.points_per_logit:.2f}. Read them again."
        )
    zeros = offset_of_zeros(signature)
    estimates = sorted(logit(risk) - total * expected - zeros for total, risk in readings)
    low, high = estimates
    places = " and ".join(f"{total:g} points = {100 * risk:g} %" for total, risk in readings)
    intercept = {
        "value": (low + high) / 2,
        "origin": "figure",
        "range": [low, high] if low < high else None,
        "how": f"Read off the nomogram figure by the user: {places}.",
    }
    prevalence = (signature.data["outcome"]["intercept"] or {}).get("prevalence")
    if prevalence is not None:  # the figure is of the same cohort; what a derived intercept would be elsewhere is not
        intercept["prevalence"] = {name: value for name, value in prevalence.items() if name != "elsewhere"}
    note = {
        "id": "intercept",
        "text": f"The intercept is not printed in the paper as a number. {intercept['value']:.2f} was read off its "
        f"nomogram figure ({places}).",
    }
    return with_data(
        signature,
        id=f"{signature.id}-figure",
        outcome={**signature.data["outcome"], "intercept": intercept},
        notes=[*(old for old in signature.data["notes"] if old["id"] != "intercept"), note],
    )
