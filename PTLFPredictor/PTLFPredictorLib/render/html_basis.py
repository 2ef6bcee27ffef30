"""Second page of `report.html`: what the result rests on (terms, eligibility, model, versions and hashes)."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..record.statements import (
    EligibilityStatements,
    ModelStatements,
    Provenance,
    ScoreStatements,
    TermStatement,
    sentence,
)
from ..signature.policy.eligibility import CriterionState

BAR_HALF_MM = 14.0
"""Length of the bar of the largest contribution."""

CRITERION_WORDS = {
    CriterionState.CONFIRMED: "\u2713 fits",
    CriterionState.UNCONFIRMED: "? not answered",
    CriterionState.VIOLATED: "\u25a0 does not fit",
}


def terms(score: ScoreStatements) -> str:
    largest = max((abs(term.contribution) for term in score.terms if term.contribution is not None), default=0.0)
    rows = "".join(_term(term, largest) for term in score.terms)
    total = f"Radscore: {score.status}" if score.value is None else f"Radscore {score.value:.3f} ({score.status})"
    head = (
        '<tr><th>term</th><th>VOI</th><th class="n">raw</th><th class="n">z</th><th class="n">coefficient</th>'
        '<th class="n">contribution</th><th></th></tr>'
    )
    return (
        f'<section id="terms"><h2>Radscore: {len(score.terms)} terms</h2><table>{head}{rows}</table>'
        f"<p>{escape(sentence(total))}</p>{_cannot_vary(score)}</section>"
    )


def _term(term: TermStatement, largest: float) -> str:
    return (
        f'<tr title="{escape(term.about)}">'
        f'<td class="term">{escape(term.short)}<br><span class="soft">{escape(term.feature)}</span></td>'
        f"<td>{term.where}</td><td class='n'>{_number(term.raw)}</td><td class='n'>{_number(term.z, '{:+.2f}')}</td>"
        f"<td class='n'>{_number(term.coefficient, '{:+.3f}')}</td>"
        f"<td class='n'>{_number(term.contribution, '{:+.2f}')}</td>"
        f"<td>{_bar(term.contribution, largest)}</td></tr>"
    )


def _cannot_vary(score: ScoreStatements) -> str:
    if not score.cannot_vary:
        return ""
    return (
        f"<p><small>Terms that cannot vary in every CT: {escape(', '.join(score.cannot_vary))}. What each term "
        "measures, and when it cannot vary: ptlf signatures show, docs/terms.md.</small></p>"
    )


def _number(value: float | None, form: str = "{:.5g}") -> str:
    return "\u2013" if value is None else form.format(value).replace("-", "\u2212")


def _bar(contribution: float | None, largest: float) -> str:
    """A bar to the left or right of the middle; direction and tone tell the sign."""
    middle = BAR_HALF_MM
    if contribution is None or largest == 0:
        return ""
    length = abs(contribution) / largest * (BAR_HALF_MM - 1)
    left = middle - length if contribution < 0 else middle
    fill = "#8a959d" if contribution < 0 else "#3b4a54"
    return (
        f'<svg class="bar" width="{2 * middle}mm" height="2.6mm" viewBox="0 0 {2 * middle} 2.6">'
        f'<line x1="{middle}" y1="0" x2="{middle}" y2="2.6" stroke="#999" stroke-width="0.2"/>'
        f'<rect class="contribution" x="{left:.2f}" y="0.3" width="{length:.2f}" height="2" fill="{fill}"/></svg>'
    )


def eligibility(said: EligibilityStatements) -> str:
    rows = "".join(
        f'<tr><td>{escape(one.text)}</td><td class="n">{CRITERION_WORDS[one.state]}</td></tr>' for one in said.criteria
    )
    more = "".join(f"<p>{escape(text)}</p>" for text in (said.bilirubin, said.answered) if text)
    return f'<section id="eligibility"><h2>Eligibility</h2><table class="columns">{rows}</table>{more}</section>'


def model(said: ModelStatements) -> str:
    table = "".join(
        f"<tr><td>{escape(one.name)}</td><td class='n'>{escape(one.words)}</td><td>{escape(one.origin)}</td></tr>"
        for one in said.rests_on
    )
    missing, notes = _list("Not known", said.missing), _list("Notes", said.notes)
    return (
        f'<section id="model"><h2>Model: what it rests on</h2><p class="equation">{escape(said.equation)}</p>'
        f'<div class="two"><table>{table}</table><div>{missing}{notes}</div></div>'
        f"<small>{escape(said.citation)}</small></section>"
    )


def _list(title: str, text: str) -> str:
    return f"<p><small><b>{title}:</b> {escape(text.removesuffix('.'))}.</small></p>" if text else ""


def provenance(said: Provenance, steps: Sequence[str]) -> str:
    """Versions and hashes; `steps` says which network drew what, where there are several."""
    listed = "".join(
        f'<div>{escape(one.name)}<br><span class="hash">{escape(one.sha256)}</span></div>' for one in said.hashes
    )
    drawn = "".join(f"<li>{escape(line)}</li>" for line in steps)
    told = " ".join(said.notices)
    return (
        f'<section id="provenance"><h2>Versions and hashes</h2><p class="soft">{escape(said.software)}; features by '
        f"{escape(said.features)}. CT: {escape(said.ct)}.{escape(f' The run: {told}') if told else ''}</p>"
        f'{f"<ol>{drawn}</ol>" if drawn else ""}<div class="two">{listed}</div></section>'
    )
