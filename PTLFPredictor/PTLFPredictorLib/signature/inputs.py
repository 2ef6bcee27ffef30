"""Laboratory values with their units, checked before they can become a number on a page."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import BadInput

ALB_UNITS = ("g/L", "g/dL")

ALB_RANGE = {"g/L": (15.0, 60.0), "g/dL": (1.5, 6.0)}
"""Albumin that can be meant, by unit; the two ranges do not overlap, so a slip of unit is always seen."""

INR_RANGE = (0.5, 6.0)
"""Above 6 it is more likely a prothrombin time in seconds or an activity in percent."""

RADSCORE_LIMIT = 1000.0
"""A typed Radscore beyond this, up or down, is a slip."""


def albumin_g_per_l(value: float, unit: str = "g/L") -> float:
    """Albumin in g/L.

    Raises
    ------
    BadInput
        For a value that cannot be meant; one that fits the other unit is asked about.
    """
    if unit not in ALB_UNITS:
        raise BadInput(f"The unit of albumin is '{unit}'; it must be g/L or g/dL.")
    _require_number("Albumin", value)
    if _inside(value, ALB_RANGE[unit]):
        return value * 10 if unit == "g/dL" else value
    other = next(u for u in ALB_UNITS if u != unit)
    if _inside(value, ALB_RANGE[other]):
        raise BadInput(
            f"Albumin {value:g} {unit} cannot be meant; is it {value:g} {other}? Then choose the unit {other}."
        )
    low, high = ALB_RANGE[unit]
    raise BadInput(f"Albumin {value:g} {unit} cannot be meant; expected is {low:g} to {high:g} {unit}.")


def checked_inr(value: float) -> float:
    """INR between 0.5 and 6; above, the prothrombin time or activity was probably entered."""
    _require_number("INR", value)
    low, high = INR_RANGE
    if value > high:
        raise BadInput(
            f"INR {value:g} cannot be used: above {high:g}. Is it the prothrombin time in seconds, or the prothrombin "
            "activity in percent?"
        )
    if value < low:
        raise BadInput(f"INR {value:g} cannot be meant; expected is {low:g} to {high:g}.")
    return value


def checked_radscore(value: float) -> float:
    _require_number("Radscore", value)
    if abs(value) > RADSCORE_LIMIT:
        raise BadInput(
            f"Radscore {value:g} cannot be meant; expected is {-RADSCORE_LIMIT:g} to {RADSCORE_LIMIT:g}, and mostly a "
            "number of two digits."
        )
    return value


@dataclass(frozen=True)
class LaboratoryValues:
    """ALB in g/L and INR; None where not given."""

    albumin_g_per_l: float | None = None
    inr: float | None = None

    @classmethod
    def checked(cls, alb: float | None, alb_unit: str, inr: float | None) -> LaboratoryValues:
        """From what a person typed; see `albumin_g_per_l` and `checked_inr` for the errors."""
        return cls(
            None if alb is None else albumin_g_per_l(alb, alb_unit),
            None if inr is None else checked_inr(inr),
        )


def _require_number(what: str, value: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BadInput(f"{what} must be a number, not {value!r}.")


def _inside(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= value <= bounds[1]
