"""The cohort in its parts: who trains, who validates; refusals before any work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import BadInput
from ...measures.value import in_words
from ...signature import Signature
from ...signature.predictors import RADSCORE
from ..data import CohortData
from ..table import CohortTable, Split
from .plan import DevelopmentPlan

FEWEST = 10
"""Training cases with the outcome, and without, that a development needs at all: one for each fold."""


@dataclass(frozen=True)
class Parts:
    """The cases of a cohort by their side of the split.

    Parameters
    ----------
    training : CohortData
    validation : dict of str to CohortData
        "validation", "external validation"; none where the table has no split.
    """

    training: CohortData
    validation: dict[str, CohortData]

    @classmethod
    def of(cls, data: CohortData, folds: int) -> Parts:
        """By the table's split; without one, all cases are training cases.

        Raises
        ------
        BadInput
            Without training cases, with a split that only some rows have, with too few cases of either outcome.
        """
        if not data.n:
            raise BadInput(f"None of the {data.flow.total} cases is left ({data.flow.words}).")
        splits = list(data.split)
        check_splits(splits)
        if not any(splits):
            parts = cls(data, {})
        else:
            others = [split for split in Split if split in splits and split is not Split.TRAINING]
            parts = cls(
                data.only(data.split == Split.TRAINING), {str(one): data.only(data.split == one) for one in others}
            )
        check_outcomes(list(parts.training.outcome), folds)
        return parts


def check_splits(splits: Sequence[str]) -> None:
    """Refuse a split that only some cases have, or without training cases.

    Parameters
    ----------
    splits : sequence of Split
    """
    if not any(splits):
        return
    if without := sum(not split for split in splits):
        raise BadInput(f"{without} of {len(splits)} cases have no split, the others have: each needs one, or none.")
    if Split.TRAINING not in splits:
        found = in_words(sorted({str(split) for split in splits}), "and")
        raise BadInput(
            f"No case is a training case: the table's splits are {found}. Name the cases to learn from 'training'."
        )


def check_outcomes(outcomes: Sequence[float | bool], folds: int) -> None:
    """Refuse training cases of which too few have the outcome, or too few have not."""
    n, events = len(outcomes), int(sum(outcomes))
    fewest = max(FEWEST, folds)
    if min(events, n - events) < fewest:
        raise BadInput(
            f"Of the {n} training cases {events} have the outcome and {n - events} have not; to learn from them there "
            f"must be at least {fewest} of each."
        )


def check_table(table: CohortTable, base: Signature, plan: DevelopmentPlan) -> None:
    """Refuse what a table alone tells, before features are computed for hours.

    Raises
    ------
    BadInput
        As `Parts.of`, where it can be seen already; for a clinical column that is named but not there.
    """
    known = [one.id for one in (*base.entries, *base.predictors) if one.id != RADSCORE]
    known = list(dict.fromkeys((*known, *(column.name for column in table.clinical))))
    asked = (*plan.clinical.variables, *plan.clinical.always)
    if strange := [name for name in asked if name not in known]:
        raise BadInput(f"The table has no clinical column {in_words(strange, 'and')}; it has {in_words(known, 'and')}.")
    splits = [case.split for case in table.cases]
    check_splits(splits)
    training = [case for case in table.cases if not any(splits) or case.split is Split.TRAINING]
    check_outcomes([case.outcome for case in training if case.outcome is not None], plan.selection.folds)
