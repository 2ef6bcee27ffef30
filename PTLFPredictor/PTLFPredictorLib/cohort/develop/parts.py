"""The cohort in its parts: who trains, who validates; refusals before any work."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import BadInput
from ...measures.value import in_words
from ..data import CohortData
from ..table import Split

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
        known = [split for split in Split if (data.split == split).any() and split is not Split.NONE]
        if not known:
            parts = cls(data, {})
        else:
            without = int((data.split == Split.NONE).sum())
            if without:
                raise BadInput(f"{without} of {data.n} cases have no split, the others have: each needs one, or none.")
            if Split.TRAINING not in known:
                raise BadInput(
                    f"No case is a training case: the column 'split' has {in_words(list(map(str, known)), 'and')}. Name "
                    "the cases to learn from 'training'."
                )
            others = [split for split in known if split is not Split.TRAINING]
            parts = cls(
                data.only(data.split == Split.TRAINING), {str(one): data.only(data.split == one) for one in others}
            )
        parts._check(max(FEWEST, folds))
        return parts

    def _check(self, fewest: int) -> None:
        n, events = self.training.n, self.training.events
        if min(events, n - events) < fewest:
            raise BadInput(
                f"Of the {n} training cases {events} have the outcome and {n - events} have not; to learn from them "
                f"there must be at least {fewest} of each."
            )
