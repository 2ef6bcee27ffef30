"""The values of a person that schema 1 knew: albumin, INR and a typed Radscore, checked with their units.

Other predictors are checked by their `entries.Entry`; for ALB and INR that is the same.
"""

from __future__ import annotations

import math

from ..errors import BadInput
from ..measures.clinical.units import ALBUMIN, INR
from .entries import Entered

ALB_UNITS = tuple(unit.name for unit in ALBUMIN.units)

RADSCORE_LIMIT = 1000.0
"""A typed Radscore beyond this, up or down, is a slip."""


def albumin_g_per_l(value: float, unit: str = "g/L") -> float:
    """Albumin in g/L; BadInput for a value that cannot be meant, and one that fits the other unit is asked about."""
    return ALBUMIN.convert(value, unit)


def checked_inr(value: float) -> float:
    """INR between 0.5 and 6; above, the prothrombin time or activity was probably entered."""
    return INR.convert(value, INR.unit)


def checked_radscore(value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BadInput(f"Radscore must be a number, not {value!r}.")
    if abs(value) > RADSCORE_LIMIT:
        raise BadInput(
            f"Radscore {value:g} cannot be meant; expected is {-RADSCORE_LIMIT:g} to {RADSCORE_LIMIT:g}, and mostly a "
            "number of two digits."
        )
    return value


class LaboratoryValues(Entered):
    """ALB in g/L and INR, None where not given: an `Entered` by the names that it had before there were others."""

    def __new__(cls, albumin_g_per_l: float | None = None, inr: float | None = None) -> Entered:
        return Entered({"ALB": albumin_g_per_l, "INR": inr})

    @classmethod
    def checked(cls, alb: float | None, alb_unit: str, inr: float | None) -> Entered:
        """From what a person typed; see `albumin_g_per_l` and `checked_inr` for the errors."""
        return cls(
            None if alb is None else albumin_g_per_l(alb, alb_unit),
            None if inr is None else checked_inr(inr),
        )
