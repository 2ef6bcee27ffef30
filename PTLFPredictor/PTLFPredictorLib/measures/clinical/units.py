"""The quantities of clinical measures with their units and the values that can be meant.

The ranges are this library's, not a publication's: wide enough for every patient, narrow enough to see most slips of
unit.
"""

from __future__ import annotations

from fractions import Fraction

from ...errors import BadInput
from ..value import DIMENSIONLESS, in_words
from .quantity import Quantity, Unit

UMOL_PER_MG = Fraction("17.1")
"""µmol/L of bilirubin in 1 mg/dL: the usual figure (584.66 g/mol gives 17.104; ALBI moves by 0.0001)."""

ALBUMIN = Quantity("albumin", (Unit("g/L"), Unit("g/dL", Fraction(10))), (15.0, 60.0))
"""The ranges of the two units do not overlap, so a slip of unit is always seen."""

BILIRUBIN = Quantity("bilirubin", (Unit("umol/L"), Unit("mg/dL", UMOL_PER_MG)), (1.71, 855.0), usual=(3.0, 60.0))
"""Total bilirubin, 0.1 to 50 mg/dL.  The ranges of the two units overlap: a unit must always be given with it."""

INR = Quantity(
    "INR",
    (Unit(DIMENSIONLESS),),
    (0.5, 6.0),
    too_high="Is it the prothrombin time in seconds, or the prothrombin activity in percent?",
)

PROLONGATION = Quantity(
    "prothrombin time above the control",
    (Unit("s"),),
    (-5.0, 60.0),
    too_high="Is it the prothrombin activity in percent?",
)
"""Seconds by which the patient's time exceeds the control's; a little less than the control is no slip.

A whole prothrombin time (12 s and more) cannot be told from a prolongation: whoever asks must name it in full."""

TUMOUR_COUNT = Quantity("number of tumours", (Unit(DIMENSIONLESS),), (1.0, 99.0), whole=True)

TUMOUR_DIAMETER = Quantity(
    "diameter of the largest tumour", (Unit("mm"), Unit("cm", Fraction(10))), (2.0, 300.0), usual=(5.0, 150.0)
)

ECOG = Quantity("ECOG performance status", (Unit(DIMENSIONLESS),), (0.0, 4.0), whole=True)

QUANTITIES = {
    "albumin": ALBUMIN,
    "bilirubin": BILIRUBIN,
    "inr": INR,
    "prothrombin_prolongation": PROLONGATION,
    "tumour_count": TUMOUR_COUNT,
    "tumour_diameter": TUMOUR_DIAMETER,
    "ecog": ECOG,
}
"""To add a quantity is to add an entry."""


def to_unit(value: float, unit: str, kind: Quantity | str, target: str | None = None) -> float:
    """A value in another unit, if it can be meant in its own: `Quantity.convert`, of a quantity or of its key.

    Parameters
    ----------
    value : float
    unit : str
        Of the value.
    kind : Quantity or str
        Or its key in `QUANTITIES`.
    target : str, optional
        The quantity's first unit where not given.

    Raises
    ------
    BadInput
        As `Quantity.convert`, and for a key that is none.
    """
    if not isinstance(kind, Quantity):
        if kind not in QUANTITIES:
            raise BadInput(f"There is no quantity '{kind}'; there are {in_words(sorted(QUANTITIES), 'and')}.")
        kind = QUANTITIES[kind]
    return kind.convert(value, unit, target)
