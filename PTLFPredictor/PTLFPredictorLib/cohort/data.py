"""Table and extraction joined: the cases that stay, and for each of the others one reason.

`CohortData` is what `calibrate`, `develop` and `validate` compute on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ..errors import BadInput
from ..measures.value import unit_shown
from ..signature import RADSCORE, PredictorKind, PredictorSource, Signature
from ..signature.evidence import ObservedMasks, ObservedProtocol
from . import covered, leaving
from .extraction import ExtractedCase, Extraction, column_of
from .extraction.tables import BETWEEN
from .flow import Exclusion, Flow, Reason
from .table import Case, ClinicalColumn, CohortTable

if TYPE_CHECKING:
    import pandas as pd


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
        features: Sequence[str] | None = None,
        own_protocol: bool = False,
    ) -> CohortData:
        """Join by case id.

        Parameters
        ----------
        outcomes : bool
            Whether a case needs a known outcome.
        predictors : sequence of str, optional
            Columns of `clinical` that a case needs; the signature's predictors but the Radscore where not given.
        missing : Missing
        features : sequence of str, optional
            Columns that a case needs a value in; the signature's terms where not given, and for an empty sequence some
            feature of each VOI.

        own_protocol : bool
            Keep cases whose slices, pixels, tube voltage, kernel or HU the signature would withhold: for a signature
            that is developed on them.

        Raises
        ------
        BadInput
            Where the signature is a demonstration and the cases are patients, sample cases are not marked synthetic,
            the table has findings that stop, the same CT is on both sides of the split, or the extraction lacks the
            signature's features.
        """
        table.require_usable()
        extracted = {case.id: case for case in extraction.cases}
        exclusions = list(leaving.of_table(table, extraction))
        gone = {one.case for one in exclusions}
        cases = [case for case in table.cases if case.id not in gone]
        leaving.require_marked(cases, extracted)
        leaving.require_no_demonstration(signature, table.synthetic)
        twice = {one.case: one for one in leaving.duplicates(cases, extracted)}
        values = extraction.features()
        measured = _measured(
            values, [column_of(term.key) for term in signature.terms] if features is None else features
        )
        stay = []
        for case in cases:
            reason = (
                twice.get(case.id)
                or leaving.by_eligibility(case, signature)
                or leaving.by_checks(extracted[case.id], extraction, signature, case.synthetic, own_protocol)
                or (None if case.id in measured else _left_out(case, Reason.FEATURES, "a feature without a value"))
                or (_left_out(case, Reason.OUTCOME, "outcome not known") if outcomes and case.outcome is None else None)
            )
            exclusions += [] if reason is None else [reason]
            stay += [case] if reason is None else []
        ids = [case.id for case in stay]
        columns, clinical = _clinical(stay, table, signature)
        data = cls(
            clinical=clinical,
            features=values.reindex(ids),
            outcome=_series([math.nan if case.outcome is None else float(case.outcome) for case in stay], ids, float),
            split=_series([case.split.value for case in stay], ids, object),
            centre=_series([case.centre for case in stay], ids, object),
            columns=columns,
            synthetic=table.synthetic,
            flow=Flow.of(table.rows, exclusions),
            exclusions=tuple(exclusions),
            extracted={name: extracted[name] for name in ids},
        )
        if missing is Missing.IMPUTE:
            return data
        own = [one.id for one in signature.predictors if one.source is not PredictorSource.RADSCORE]
        return data.complete(own if predictors is None else predictors)

    @property
    def n(self) -> int:
        return len(self.outcome)

    @property
    def events(self) -> int:
        return int(self.outcome.sum())

    @property
    def protocol(self) -> ObservedProtocol:
        """How these cases were scanned, as far as evidence covers it."""
        return covered.protocol([case.protocol for case in self.extracted.values() if case.protocol is not None])

    @property
    def masks(self) -> ObservedMasks:
        """Who drew these cases' segments, as far as evidence covers it."""
        return covered.masks([case.masks for case in self.extracted.values() if case.masks is not None])

    def complete(self, predictors: Sequence[str]) -> CohortData:
        """Without the cases in which one of these columns of `clinical` is missing; the flow counts them.

        Raises
        ------
        BadInput
            For a column that the table does not have.
        """
        self._require(predictors)
        chosen = self.clinical[list(predictors)]
        lacking = {name: row.index[row.isna()][0] for name, row in chosen.iterrows() if row.isna().any()}
        found = [
            Exclusion(str(name), Reason.MISSING, f"missing:{column}", f"no value of {column}")
            for name, column in lacking.items()
        ]
        exclusions = (*self.exclusions, *found)
        flow = Flow.of(self.flow.total, exclusions)
        return replace(self.only(~self.clinical.index.isin(list(lacking))), flow=flow, exclusions=exclusions)

    def only(self, chosen: Sequence[bool] | pd.Series) -> CohortData:
        """The cases for which `chosen` holds, in the order of the cases; the flow stays as it is."""
        ids = self.outcome.index[chosen]
        return replace(
            self,
            clinical=self.clinical.loc[ids],
            features=self.features.loc[ids],
            outcome=self.outcome.loc[ids],
            split=self.split.loc[ids],
            centre=self.centre.loc[ids],
            extracted={name: self.extracted[name] for name in ids},
        )

    def _require(self, predictors: Sequence[str]) -> None:
        if strange := [name for name in predictors if name not in self.clinical.columns]:
            known = ", ".join(self.clinical.columns) or "none"
            raise BadInput(f"The table has no column {', '.join(strange)}; it has {known}.")


def _measured(values: pd.DataFrame, wanted: Sequence[str]) -> set[str]:
    """The cases that have the wanted features; where none in particular is wanted, some of each VOI."""
    if lacking := [name for name in wanted if name not in values.columns]:
        raise BadInput(
            f"The extraction lacks {len(lacking)} of the {len(wanted)} features that are needed: it was made for "
            "another signature. Extract with this one ('ptlf cohort extract --signature ...', or --all)."
        )
    there = values.notna()
    if wanted:
        return set(values.index[there[list(wanted)].all(axis=1)])
    vois = {column.partition(BETWEEN)[0] for column in values.columns}
    of_each = [there[[c for c in values.columns if c.startswith(voi + BETWEEN)]].any(axis=1) for voi in vois]
    return {case for case in values.index if all(some[case] for some in of_each)}


def _left_out(case: Case, reason: Reason, words: str) -> Exclusion:
    return Exclusion(case.id, reason, reason.value, words)


def _series(values: Sequence[Any], ids: Sequence[str], kind: type) -> pd.Series:
    import pandas as pd

    return pd.Series(values, index=pd.Index(ids, name="case", dtype=object), dtype=kind)


def _clinical(
    cases: Sequence[Case], table: CohortTable, signature: Signature
) -> tuple[tuple[ClinicalColumn, ...], pd.DataFrame]:
    """Entries and predictors but the Radscore, by id, then the further columns of the table."""
    import pandas as pd

    asked = {
        one.id: (one.unit, one.levels, one.kind is PredictorKind.CATEGORICAL)
        for one in (*signature.entries, *signature.predictors)
        if one.id != RADSCORE
    }
    columns = [
        ClinicalColumn(name, unit_shown(unit), tuple(level.value for level in levels))
        for name, (unit, levels, _) in asked.items()
    ]
    columns += [column for column in table.clinical if column.name not in asked]
    ids = [case.id for case in cases]
    rows = [{**case.clinical, **case.entered.values, **signature.values_of(case.entered)} for case in cases]
    made = {
        column.name: _series(
            [row.get(column.name, None if column.levels else math.nan) for row in rows],
            ids,
            object if column.levels else float,
        )
        for column in columns
    }
    return tuple(columns), pd.DataFrame(made, index=pd.Index(ids, name="case", dtype=object))
