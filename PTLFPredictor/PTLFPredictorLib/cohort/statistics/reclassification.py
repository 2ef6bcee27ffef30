"""What a second model changes in the risks of the same cases: NRI and IDI.

Both can rise for a model that is merely miscalibrated (Hilden and Gerds, Stat Med 2014, 33:3405): to be read beside
the difference in net benefit, never alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import BadInput


@dataclass(frozen=True)
class Reclassification:
    """Continuous net reclassification improvement and integrated discrimination improvement, new against old.

    Attributes
    ----------
    nri, nri_se, nri_events, nri_non_events : float
        Pencina and others, Stat Med 2011, 30:11.
    idi, idi_se, idi_z : float
        Pencina and others, Stat Med 2008, 27:157.
    """

    nri: float
    nri_se: float
    nri_events: float
    nri_non_events: float
    idi: float
    idi_se: float
    idi_z: float


def reclassification(old: np.ndarray, new: np.ndarray, y: np.ndarray) -> Reclassification:
    """As Hmisc's ``improveProb``.

    Parameters
    ----------
    old, new : np.ndarray, shape (n,)
        Risks of the same cases by two models.
    y : np.ndarray, shape (n,)
        0 or 1.

    Raises
    ------
    BadInput
        Without two cases of each outcome.
    """
    change = np.asarray(new, float) - np.asarray(old, float)
    events, others = change[y == 1], change[y == 0]
    if min(len(events), len(others)) < 2:
        raise BadInput("NRI and IDI need two cases or more with the outcome, and as many without.")
    up_down = [(int(np.sum(part > 0)), int(np.sum(part < 0)), len(part)) for part in (events, others)]
    of_events, of_others = ((up - down) / n for up, down, n in up_down)
    variance = sum((up + down) / n**2 - (up - down) ** 2 / n**3 for up, down, n in up_down)
    idi = float(events.mean() - others.mean())
    idi_se = float(np.sqrt(events.var(ddof=1) / len(events) + others.var(ddof=1) / len(others)))
    z = idi / idi_se if idi_se else float("nan")
    return Reclassification(of_events - of_others, float(np.sqrt(variance)), of_events, -of_others, idi, idi_se, z)
