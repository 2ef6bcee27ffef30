"""All that a calibration's report is on."""

from __future__ import annotations

from dataclasses import dataclass

from ...signature import Signature
from ..data import CohortData
from ..extraction import Extraction
from ..lock import Recipe
from ..report.figures import Cases
from ..table import CohortTable
from .calibration import Calibration
from .written import Cohort


@dataclass(frozen=True)
class Made:
    """The signature that was calibrated, the one that came out, and all in between; `kept` cases for validation."""

    base: Signature
    signature: Signature
    calibration: Calibration
    data: CohortData
    cohort: Cohort
    kept: int
    table: CohortTable
    extraction: Extraction
    recipe: Recipe

    @property
    def cases(self) -> Cases:
        """For figures and notes."""
        return Cases(self.calibration.cases.n, self.calibration.cases.events, "calibration")
