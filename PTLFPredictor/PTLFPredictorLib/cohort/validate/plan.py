"""What `ptlf cohort validate` can be asked: every option with its default."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ...errors import BadInput
from ..statistics.calibration_curve import Smoother
from ..table import OutcomeRule


class Cases(StrEnum):
    """Which of the table's cases are validated on."""

    BY_SPLIT = "by split"
    """Those that the table calls validation or external validation; all, where it has no split."""

    ALL = "all"


class Withheld(StrEnum):
    """What becomes of cases whose risk the product would withhold: far from the cohort, segments by another hand."""

    EXCLUDE = "exclude"
    """No risk would be shown for them: left out and counted; the AUC with them is reported beside."""

    INCLUDE = "include"


@dataclass(frozen=True)
class ValidationPlan:
    """Options of a validation.

    Parameters
    ----------
    cases : Cases
    withheld : Withheld
    rule : OutcomeRule
    smoother : Smoother
        Of the calibration curve and the ICI.
    groups : int
        Of Hosmer and Lemeshow's test.
    cutoffs : tuple of float
        Chosen risks, 0 to 1, beside the signature's own.
    subgroups : tuple of str
        Clinical columns of the table; the centre is always one.
    fewest : int
        Events, and cases without, below which a subgroup's performance is withheld.
    prevalence : float or None
        For the decision curve: of the population that the signature is meant for.
    reader : str
        Who answers for what the table says without naming a reader.
    """

    cases: Cases = Cases.BY_SPLIT
    withheld: Withheld = Withheld.EXCLUDE
    rule: OutcomeRule = OutcomeRule.PAPER_ANY
    smoother: Smoother = Smoother.LOWESS
    groups: int = 10
    cutoffs: tuple[float, ...] = ()
    subgroups: tuple[str, ...] = ()
    fewest: int = 10
    prevalence: float | None = None
    reader: str = ""

    def checked(self) -> ValidationPlan:
        """Itself, or `BadInput` for a number that is implausible."""
        if wrong := [risk for risk in self.cutoffs if not 0 < risk < 1]:
            raise BadInput(f"A cut-off is a risk between 0 and 1, not {wrong[0]:g}.")
        if self.prevalence is not None and not 0 < self.prevalence < 1:
            raise BadInput(f"A prevalence is a share between 0 and 1, not {self.prevalence:g}.")
        if self.fewest < 2:
            raise BadInput(f"A subgroup needs two cases with and two without the outcome at least, not {self.fewest}.")
        return self
