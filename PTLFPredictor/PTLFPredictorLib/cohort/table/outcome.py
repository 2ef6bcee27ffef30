"""Whether liver failure happened after TACE, from what was measured: two named rules on the same three criteria.

The source paper counts any one criterion; the consensus that it cites (APASL) asks for jaundice and coagulopathy
together with ascites or encephalopathy.  Ascites and encephalopathy count only where they are new or worse: 23.8 % of
the paper's training cohort had ascites before TACE.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

JAUNDICE_UMOL_PER_L = 85.0
"""Serum total bilirubin at or above (the paper prints mmol/L, a slip)."""

COAGULOPATHY_INR, COAGULOPATHY_PTA_PERCENT = 1.5, 40.0
"""INR above, or prothrombin activity below."""


class OutcomeRule(StrEnum):
    """How the three criteria make an outcome."""

    PAPER_ANY = "paper_any"
    """Any one of them: the source paper's rule."""

    APASL_ALL = "apasl_all"
    """Jaundice and coagulopathy, together with ascites or encephalopathy."""


@dataclass(frozen=True)
class Sign:
    """Ascites or encephalopathy: whether it is there, and how severe where a grade (from 1) is given."""

    present: bool
    grade: int | None = None


@dataclass(frozen=True)
class Components:
    """What the outcome is made of; None where it is not known.

    Parameters
    ----------
    bilirubin_umol_per_l, inr, pta_percent : float or None
        The worst within four weeks after TACE; prothrombin activity in percent.
    ascites, encephalopathy : Sign or None
        The worst within four weeks after TACE.
    ascites_before, encephalopathy_before : Sign or None
        Before TACE.
    """

    bilirubin_umol_per_l: float | None = None
    inr: float | None = None
    pta_percent: float | None = None
    ascites: Sign | None = None
    encephalopathy: Sign | None = None
    ascites_before: Sign | None = None
    encephalopathy_before: Sign | None = None

    @property
    def jaundice(self) -> bool | None:
        return None if self.bilirubin_umol_per_l is None else self.bilirubin_umol_per_l >= JAUNDICE_UMOL_PER_L

    @property
    def coagulopathy(self) -> bool | None:
        """By what is known of INR and prothrombin activity, which measure the same; True where either is abnormal."""
        known = []
        if self.inr is not None:
            known.append(self.inr > COAGULOPATHY_INR)
        if self.pta_percent is not None:
            known.append(self.pta_percent < COAGULOPATHY_PTA_PERCENT)
        return any(known) if known else None

    @property
    def decompensation(self) -> bool | None:
        """New or worse ascites or encephalopathy."""
        return _any(
            (new_or_worse(self.ascites_before, self.ascites),
             new_or_worse(self.encephalopathy_before, self.encephalopathy))
        )  # fmt: skip

    def outcome(self, rule: OutcomeRule) -> bool | None:
        """By `rule`; None where what is known does not decide it."""
        if rule is OutcomeRule.PAPER_ANY:
            return _any((self.jaundice, self.coagulopathy, self.decompensation))
        return _all((self.jaundice, self.coagulopathy, self.decompensation))


def new_or_worse(before: Sign | None, after: Sign | None) -> bool | None:
    """Whether a sign came or grew.

    Present before and after without a grade is not new, and whether it grew is not told: it does not count.  One
    grade alone, or nothing known of before, decides nothing where the sign is there afterwards.
    """
    if after is None:
        return None
    if not after.present:
        return False
    if before is None:
        return None
    if not before.present:
        return True
    if before.grade is None and after.grade is None:
        return False
    return None if before.grade is None or after.grade is None else after.grade > before.grade


def _any(known: Iterable[bool | None]) -> bool | None:
    known = list(known)
    if any(known):
        return True
    return None if None in known else False


def _all(known: Iterable[bool | None]) -> bool | None:
    known = list(known)
    if False in known:
        return False
    return None if None in known else True
