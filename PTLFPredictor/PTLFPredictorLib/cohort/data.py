"""Table and extraction joined: the cases that stay, and for each of the others one reason.

`CohortData` is what `calibrate`, `develop` and `validate` compute on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ..signature import Signature
from ..signature.evidence import ObservedMasks, ObservedProtocol
from .flow import Exclusion, Flow
from .table import ClinicalColumn, CohortTable, TableFinding

if TYPE_CHECKING:
    import pandas as pd

    from .extraction import ExtractedCase, Extraction


class Missing(StrEnum):
    """What becomes of cases in which a predictor is missing."""

    COMPLETE = "complete"
    """They are left out, and counted."""

    IMPUTE = "impute"
    """They stay; `statistics.imputation` fills the gaps."""


@dataclass(frozen=True)
class CohortData:
    """The included cases; every frame and series has the case ids as index, in the table's order.

    Parameters
    ----------
    clinical : DataFrame
        The signature's entries and its predictors but the Radscore, by id and in their own units, then the table's
        further columns (`columns`); numbers, or text for categories; missing is nan (None for text).
    features : DataFrame
        "tumor__NAME", "liver__NAME" (the parenchyma).
    outcome : Series
        1, 0, nan where not known.
    split, centre : Series
        `Split`; text, "" where not known.
    columns : tuple of ClinicalColumn
        Every column of `clinical`, with unit and levels.
    synthetic : bool
        The cases are synthetic: what is fitted on them is a demonstration.
    flow : Flow
    exclusions : tuple of Exclusion
        Who was left out, one reason each.
    findings : tuple of TableFinding
        What only the images' content tells: duplicates, leakage.
    extracted : mapping of str to ExtractedCase
        Of the included cases.
    """

    clinical: pd.DataFrame
    features: pd.DataFrame
    outcome: pd.Series
    split: pd.Series
    centre: pd.Series
    columns: tuple[ClinicalColumn, ...]
    synthetic: bool
    flow: Flow
    exclusions: tuple[Exclusion, ...]
    findings: tuple[TableFinding, ...]
    extracted: Mapping[str, ExtractedCase]

    @classmethod
    def join(
        cls,
        table: CohortTable,
        extraction: Extraction,
        signature: Signature,
        *,
        outcomes: bool = True,
        predictors: Sequence[str] | None = None,
        missing: Missing = Missing.COMPLETE,
    ) -> CohortData:
        """Join by case id.

        Parameters
        ----------
        outcomes : bool
            Whether a case needs a known outcome.
        predictors : sequence of str, optional
            Columns of `clinical` that a case needs; the signature's predictors but the Radscore where not given.
        missing : Missing

        Raises
        ------
        BadInput
            Where sample cases are not marked synthetic, or the table has findings that stop.
        """
        raise NotImplementedError

    @property
    def n(self) -> int: ...

    @property
    def events(self) -> int: ...

    @property
    def protocol(self) -> ObservedProtocol:
        """How the included cases were scanned."""
        raise NotImplementedError

    @property
    def masks(self) -> ObservedMasks:
        """Who drew the included cases' segments."""
        raise NotImplementedError

    def complete(self, predictors: Sequence[str]) -> CohortData:
        """Without the cases in which one of these columns of `clinical` is missing; the flow counts them."""
        raise NotImplementedError

    def only(self, chosen: pd.Series) -> CohortData:
        """The cases for which `chosen` (bool, by id) holds; the flow stays."""
        raise NotImplementedError

    def missing_by_model(self, models: Mapping[str, Sequence[str]]) -> pd.DataFrame:
        """For each model: cases, events, complete cases, and how many lack each column."""
        raise NotImplementedError
