"""The cohort's table: read from CSV or Parquet, every cell checked before work starts."""

from .case import Case, ClinicalColumn, LeftOut, Split
from .cohort_table import CohortTable
from .finding import Code, TableFinding
from .outcome import Components, OutcomeRule, Sign

__all__ = [
    "Case",
    "ClinicalColumn",
    "Code",
    "CohortTable",
    "Components",
    "LeftOut",
    "OutcomeRule",
    "Sign",
    "Split",
    "TableFinding",
]
