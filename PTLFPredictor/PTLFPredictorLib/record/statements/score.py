"""What is said of a Radscore and its terms."""

from __future__ import annotations

from dataclasses import dataclass

from ...signature import Radscore, ScoreState, Signature
from ...signature.model import Term
from ...vois import VOI


@dataclass(frozen=True)
class TermStatement:
    """One term with its numbers (None where there is none); `about` says what it measures and when it cannot vary."""

    voi: VOI
    short: str
    feature: str
    raw: float | None
    z: float | None
    coefficient: float
    contribution: float | None
    about: str

    @property
    def where(self) -> str:
        """Of which volume, for people."""
        return self.voi.words


@dataclass(frozen=True)
class ScoreStatements:
    """A Radscore in words.

    Parameters
    ----------
    value : float or None
    state : ScoreState
    status : str
        What stands beside the value ("relative"), or in its place.
    terms : tuple of TermStatement
    cannot_vary : tuple of str
        Names of terms that cannot vary in every CT.
    """

    value: float | None
    state: ScoreState
    status: str
    terms: tuple[TermStatement, ...]
    cannot_vary: tuple[str, ...]

    @property
    def note(self) -> str:
        """What a shown value is, "" for one that needs no word."""
        return "" if self.value is None or self.state is ScoreState.COMPUTED else self.status

    @property
    def words(self) -> str:
        """ "7.72", "7.72 (relative)" or "not shown"."""
        if self.value is None:
            return "not shown"
        return f"{self.value:.2f}" + (f" ({self.note})" if self.note else "")


def of_radscore(radscore: Radscore, signature: Signature) -> ScoreStatements:
    """What is said of a Radscore, with a record around it or without one."""
    known = {term.key: term for term in signature.terms}
    return ScoreStatements(
        value=radscore.value,
        state=radscore.state,
        status=radscore.status,
        terms=tuple(
            TermStatement(
                one.voi,
                one.short,
                one.feature,
                one.raw,
                one.z,
                one.coefficient,
                one.contribution,
                _about(known.get((one.voi, one.feature))),
            )
            for one in radscore.terms
        ),
        cannot_vary=tuple(term.short for term in signature.terms if term.cannot_vary),
    )


def _about(term: Term | None) -> str:
    if term is None:
        return ""
    return " ".join(filter(None, (term.measures, term.cannot_vary and f"Cannot vary: {term.cannot_vary}")))
