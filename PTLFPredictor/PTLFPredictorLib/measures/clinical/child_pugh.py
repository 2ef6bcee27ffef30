"""Child-Pugh points and class: five items of 1 to 3 points.

The limits are Pugh's, in his units (mg and g per 100 mL).  In his table neighbouring ranges meet ("1-2", "2-3", ">3");
as tables print it today ("<2", "2-3", ">3"), a value at either limit has 2 points.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import partial

from ...errors import BadInput
from ..value import Measure
from .choice import Choice
from .units import ALBUMIN, BILIRUBIN, INR, PROLONGATION, to_unit

SOURCE_1973 = (
    "Pugh RNH, Murray-Lyon IM, Dawson JL, Pietroni MC, Williams R. Transection of the oesophagus for bleeding "
    "oesophageal varices. Br J Surg 1973;60:646-649. doi:10.1002/bjs.1800600817"
)

SOURCE = f"{SOURCE_1973}; with the INR for the prothrombin time (limits 1.7 and 2.3), as tabulated in the MSD Manual"

BILIRUBIN_LIMITS = (2.0, 3.0)
"""mg/dL; 2 points from the first to the second, both included, as for all limits here."""

CHOLESTATIC_LIMITS = (4.0, 10.0)
"""mg/dL, Pugh's for primary biliary cirrhosis; in use for primary sclerosing cholangitis too."""

ALBUMIN_LIMITS = (2.8, 3.5)
"""g/dL.  Some textbooks print 3.0 for 2.8, as in Child and Turcotte's table of 1964."""

INR_LIMITS = (1.7, 2.3)

PROLONGATION_LIMITS = (4.0, 6.0)
"""Seconds above the control."""

PRINTED_UMOL = {BILIRUBIN_LIMITS: (34.0, 51.0), CHOLESTATIC_LIMITS: (68.0, 171.0)}
"""The limits of bilirubin as tables in µmol/L print them, rounded."""


class Ascites(StrEnum):
    ABSENT = "absent"
    SLIGHT = "slight"
    MODERATE = "moderate"


class Encephalopathy(StrEnum):
    NONE = "none"
    GRADE_1_2 = "grade 1-2"
    GRADE_3_4 = "grade 3-4"


class Disease(StrEnum):
    """Which limits of bilirubin hold."""

    USUAL = "usual"
    CHOLESTATIC = "cholestatic"


class ChildPughClass(StrEnum):
    A = "A"
    B = "B"
    C = "C"


ASCITES = Choice(
    "ascites",
    tuple(Ascites),
    {
        Ascites.ABSENT: "none",
        Ascites.SLIGHT: "slight, or controlled by diuretics",
        Ascites.MODERATE: "moderate or more despite diuretics",
    },
)

ENCEPHALOPATHY = Choice("encephalopathy", tuple(Encephalopathy))

DISEASE = Choice(
    "kind of liver disease",
    tuple(Disease),
    {Disease.CHOLESTATIC: "primary biliary cholangitis or primary sclerosing cholangitis"},
)


def item_points(
    *,
    bilirubin: float,
    albumin: float,
    ascites: str,
    encephalopathy: str,
    inr: float | None = None,
    prothrombin_prolongation: float | None = None,
    liver_disease: str = Disease.USUAL,
) -> dict[str, int]:
    """Points of the five items.

    Parameters
    ----------
    bilirubin : float
        Total, mg/dL.
    albumin : float
        g/dL.
    ascites : Ascites
    encephalopathy : Encephalopathy
    inr : float, optional
    prothrombin_prolongation : float, optional
        Seconds above the control; this or the INR.
    liver_disease : Disease

    Raises
    ------
    BadInput
        For values that are implausible, and where not exactly one of INR and prothrombin time is given.
    """
    if (inr is None) == (prothrombin_prolongation is None):
        raise BadInput(
            "The Child-Pugh score takes the INR or the prothrombin time above the control: give one of them."
        )
    limits = CHOLESTATIC_LIMITS if DISEASE.chosen(liver_disease) is Disease.CHOLESTATIC else BILIRUBIN_LIMITS
    if inr is not None:
        clotting = _points(to_unit(inr, "1", INR), INR_LIMITS)
    else:
        clotting = _points(to_unit(prothrombin_prolongation, "s", PROLONGATION), PROLONGATION_LIMITS)
    return {
        "bilirubin": _points(to_unit(bilirubin, "mg/dL", BILIRUBIN, "mg/dL"), limits),
        "albumin": 4 - _points(to_unit(albumin, "g/dL", ALBUMIN, "g/dL"), ALBUMIN_LIMITS),
        "clotting": clotting,
        "ascites": 1 + tuple(Ascites).index(ASCITES.chosen(ascites)),
        "encephalopathy": 1 + tuple(Encephalopathy).index(ENCEPHALOPATHY.chosen(encephalopathy)),
    }


def points(**items: float | str) -> int:
    """Sum of `item_points`: 5 to 15."""
    return sum(item_points(**items).values())


def class_of(points: int) -> ChildPughClass:
    """A with 5 or 6 points, B with 7 to 9, C with 10 to 15."""
    if isinstance(points, bool) or points not in range(5, 16):
        raise BadInput(f"Child-Pugh points are whole numbers from 5 to 15, not {points!r}.")
    if points <= 6:
        return ChildPughClass.A
    return ChildPughClass.B if points <= 9 else ChildPughClass.C


def _class(**items: float | str) -> ChildPughClass:
    return class_of(points(**items))


def _points(value: float, limits: tuple[float, float]) -> int:
    return 1 if value < limits[0] else 2 if value <= limits[1] else 3


def _remarks(*, bilirubin: float, liver_disease: str = Disease.USUAL, **_items: float | str) -> Sequence[str]:
    limits = CHOLESTATIC_LIMITS if liver_disease is Disease.CHOLESTATIC else BILIRUBIN_LIMITS
    printed = PRINTED_UMOL[limits]
    umol = round(to_unit(bilirubin, "mg/dL", BILIRUBIN, "umol/L"), 9)  # 51 of 51/17.1, not 51.00000000000001
    here, there = _points(bilirubin, limits), _points(umol, printed)
    if here == there:
        return ()
    return (
        f"Bilirubin {umol:.4g} µmol/L is {bilirubin:.4g} mg/dL: {here} point{'s' * (here > 1)} by the limits "
        f"{limits[0]:g} and {limits[1]:g} mg/dL that are used here; tables that round them to {printed[0]:g} and "
        f"{printed[1]:g} µmol/L give {there}.",
    )


COMMON = {
    "bilirubin": BILIRUBIN.in_unit("mg/dL"),
    "albumin": ALBUMIN.in_unit("g/dL"),
    "ascites": ASCITES,
    "encephalopathy": ENCEPHALOPATHY,
    "liver_disease": DISEASE,
}

WITH_INR = {**COMMON, "inr": INR}

WITH_PROLONGATION = {**COMMON, "prothrombin_prolongation": PROLONGATION}

_measure = partial(Measure, optional=("liver_disease",), remarks=_remarks)

MEASURES = {
    "child_pugh": _measure("Child-Pugh points", WITH_INR, points, SOURCE),
    "child_pugh_class": _measure("Child-Pugh class", WITH_INR, _class, SOURCE, categories=tuple(ChildPughClass)),
    "child_pugh_1973": _measure("Child-Pugh points (prothrombin time)", WITH_PROLONGATION, points, SOURCE_1973),
    "child_pugh_1973_class": _measure(
        "Child-Pugh class (prothrombin time)", WITH_PROLONGATION, _class, SOURCE_1973, categories=tuple(ChildPughClass)
    ),
}
