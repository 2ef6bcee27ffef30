"""What `ptlf cohort develop` can be asked: every step with its default, which is the source paper's way."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..data import Missing
from ..selection.plan import ResamplingPlan, SelectionPlan
from ..table import OutcomeRule
from .clinical import ClinicalPlan
from .signature import Naming

PER = {"INR": 0.1, "ALB": 5.0}
"""Units that an odds ratio is told per, where one unit is more (INR) or less than patients differ by."""


@dataclass(frozen=True)
class DevelopmentPlan:
    """Options of a development.

    Parameters
    ----------
    rule : OutcomeRule
    reader : str
        Who answers for what the table's rows say without naming a reader; "" for nobody.
    own_protocol : bool
        Whether slices, pixels, tube voltage, kernel and HU may be otherwise than the signature's that the cases are
        taken by: the new signature then takes what was seen.  The contrast phase may not.
    selection : SelectionPlan
    clinical : ClinicalPlan
    missing : Missing
        Of clinical values; features are never imputed.
    imputations : int
        With `Missing.IMPUTE`.
    resampling : ResamplingPlan
    cut_offs : tuple of float
        Risks at which sensitivity and specificity are told, beside the training cases' Youden index.
    per : mapping of str to float
        Odds ratios per so many units, by variable.
    naming : Naming
    """

    rule: OutcomeRule = OutcomeRule.PAPER_ANY
    reader: str = ""
    own_protocol: bool = False
    selection: SelectionPlan = field(default_factory=SelectionPlan)
    clinical: ClinicalPlan = field(default_factory=ClinicalPlan)
    missing: Missing = Missing.COMPLETE
    imputations: int = 20
    resampling: ResamplingPlan = field(default_factory=ResamplingPlan)
    cut_offs: tuple[float, ...] = (0.1, 0.2, 0.3, 0.5)
    per: dict[str, float] = field(default_factory=lambda: dict(PER))
    naming: Naming = field(default_factory=Naming)

    @property
    def imputes(self) -> bool:
        return self.missing is Missing.IMPUTE
