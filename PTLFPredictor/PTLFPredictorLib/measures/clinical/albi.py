"""Albumin-bilirubin score and grades: liver function in hepatocellular carcinoma from two laboratory values."""

from __future__ import annotations

import math
from enum import StrEnum

from ..value import Measure
from .quantity import finite
from .units import ALBUMIN, BILIRUBIN, to_unit

SOURCE = (
    "Johnson PJ, Berhane S, Kagebayashi C, et al. Assessment of liver function in patients with hepatocellular "
    "carcinoma: a new evidence-based approach, the ALBI grade. J Clin Oncol 2015;33:550-558. "
    "doi:10.1200/JCO.2014.57.9151"
)

MODIFIED_SOURCE = (
    "Hiraoka A, Kumada T, Tsuji K, et al. Validation of modified ALBI grade for more detailed assessment of hepatic "
    "function in hepatocellular carcinoma patients: a multicenter analysis. Liver Cancer 2019;8:121-129. "
    "doi:10.1159/000488778"
)

FIRST, WITHIN_SECOND, SECOND = -2.60, -2.270, -1.39
"""Highest score of grade 1, of 2a and of 2 (2b)."""


class Grade(StrEnum):
    ONE = "1"
    TWO = "2"
    THREE = "3"


class ModifiedGrade(StrEnum):
    """Hiraoka's; others call other limits mALBI too (-3.02 and -2.08: Cancers 2022;14:5083)."""

    ONE = "1"
    TWO_A = "2a"
    TWO_B = "2b"
    THREE = "3"


def score(albumin: float, bilirubin: float) -> float:
    """0.66 log10(bilirubin) - 0.085 albumin.

    Parameters
    ----------
    albumin : float
        g/L.
    bilirubin : float
        Total, µmol/L.

    Raises
    ------
    BadInput
        For values that are implausible.
    """
    albumin, bilirubin = to_unit(albumin, "g/L", ALBUMIN), to_unit(bilirubin, "umol/L", BILIRUBIN)
    return 0.66 * math.log10(bilirubin) - 0.085 * albumin


def grade(score: float) -> Grade:
    """Grade of a score that was not rounded: 1 to -2.60, 2 to -1.39, both limits included, else 3."""
    score = finite("The ALBI score", score)
    if score <= FIRST:
        return Grade.ONE
    return Grade.TWO if score <= SECOND else Grade.THREE


def modified_grade(score: float) -> ModifiedGrade:
    """As `grade`, with 2a to -2.270, included, and 2b above."""
    score = finite("The ALBI score", score)
    if score <= FIRST:
        return ModifiedGrade.ONE
    if score <= WITHIN_SECOND:
        return ModifiedGrade.TWO_A
    return ModifiedGrade.TWO_B if score <= SECOND else ModifiedGrade.THREE


def _grade(albumin: float, bilirubin: float) -> Grade:
    return grade(score(albumin, bilirubin))


def _modified_grade(albumin: float, bilirubin: float) -> ModifiedGrade:
    return modified_grade(score(albumin, bilirubin))


INPUTS = {"albumin": ALBUMIN.in_unit("g/L"), "bilirubin": BILIRUBIN.in_unit("umol/L")}

MEASURES = {
    "albi": Measure("ALBI score", INPUTS, score, SOURCE),
    "albi_grade": Measure("ALBI grade", INPUTS, _grade, SOURCE, categories=tuple(Grade)),
    "malbi_grade": Measure(
        "Modified ALBI grade", INPUTS, _modified_grade, MODIFIED_SOURCE, categories=tuple(ModifiedGrade)
    ),
}
