"""How many cases came in, who was left out and why, and how many stayed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ..signature.evidence import Excluded


class Reason(StrEnum):
    """Why a case is left out, in the order in which they are looked at: a case counts under the first."""

    ROW = "row"
    """The row of the table is no case."""

    NOT_EXTRACTED = "not_extracted"
    FAILED = "failed"
    DUPLICATE = "duplicate"
    """The same CT as another case, under another name."""

    ELIGIBILITY = "eligibility"
    UNANSWERED = "unanswered"
    CHECKS = "checks"
    """What the checks of CT and segments withhold."""

    FEATURES = "features"
    """A feature that the signature takes could not be computed."""

    OUTCOME = "outcome"
    MISSING = "missing"
    """A predictor has no value."""


@dataclass(frozen=True)
class Exclusion:
    """One case that is left out: its id (or "row 12"), and the reason as the flow counts it."""

    case: str
    reason: Reason
    code: str
    words: str


@dataclass(frozen=True)
class FlowStep:
    """Cases left out for one cause.

    Parameters
    ----------
    reason : str
        In words, e.g. "slice thickness outside the signature's".
    code : str
        `Reason`, and the finding's or criterion's own code: "checks:slice_thickness".
    n : int
    """

    reason: str
    code: str
    n: int


@dataclass(frozen=True)
class Flow:
    """Total, steps in the order of `Reason`, and what stayed."""

    total: int
    steps: tuple[FlowStep, ...]
    included: int

    @classmethod
    def of(cls, total: int, exclusions: Iterable[Exclusion]) -> Flow:
        """Of `total` rows without the excluded cases, one reason each, in the order of `Reason`."""
        counts: dict[tuple[str, str], int] = {}
        for one in sorted(exclusions, key=lambda one: list(Reason).index(one.reason)):
            key = one.words, one.code
            counts[key] = counts.get(key, 0) + 1
        steps = tuple(FlowStep(words, code, n) for (words, code), n in counts.items())
        return cls(total, steps, total - sum(step.n for step in steps))

    @property
    def words(self) -> str:
        """Who was left out, within a sentence: "outcome not known in 3; no value of INR in 2"."""
        return "; ".join(f"{step.reason} in {step.n}" for step in self.steps)

    @property
    def excluded(self) -> tuple[Excluded, ...]:
        """As a signature's evidence states it."""
        return tuple(Excluded(step.reason, step.n) for step in self.steps)
