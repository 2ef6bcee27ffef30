"""The one description of a patient's report, of its statements: what stands on it, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

from ...ct.findings import Level
from ...record.slices import WINDOW_LEVEL_HU, WINDOW_WIDTH_HU
from ...record.statements import (
    BESIDE,
    CRITERION_WORDS,
    LEVEL_WORDS,
    NOT_SHOWN,
    LesionStatement,
    Provenance,
    ScoreStatements,
    Statements,
    TermStatement,
    sentence,
    sentences,
)
from ...signature import ScoreState
from .blocks import Answer, Block, Cell, Drawing, Kind, Lines, Report, Rows, Section, Slices

WHY = "Reasons:"

LESIONS_LISTED = 12
"""Most lesions of which each has a line."""

TERM_WIDTHS = (38.0, 12.0, 12.0, 8.0, 11.0, 11.0, 8.0)


def report_of(said: Statements) -> Report:
    """The report of what is said."""
    slices = Slices(said.pictures, bool(said.segments.left_out))
    sections = (
        Section("case", "", (_case(said),)),
        Section("result", "", (_answer(said),)),
        Section("nomogram", "Nomogram", (Drawing(said.nomogram),)),
        Section("slices", "CT and segments", (slices, _ct(said), *_lesions(said.segments.each))),
        Section("findings", "Findings", (_findings(said),)),
        *_what_if(said),
        Section("terms", f"Radscore: {len(said.score.terms)} terms", _terms(said.score)),
        Section("eligibility", "Eligibility", _eligibility(said)),
        Section("model", "Model: what it is based on", _model(said)),
        Section("provenance", "Versions and hashes", _provenance(said.provenance, said.segments.steps)),
    )
    made = f"PTLFPredictor {said.version}, {said.created}; {said.signed}"
    return Report(said.title, said.research_use, said.watermark, sections, made)


def _case(said: Statements) -> Rows:
    labels = (("Case", said.case.label), ("CT date", said.case.ct_date))
    cells = [cell for name, text in labels for cell in (Cell(name, Kind.SOFT), Cell(text, Kind.BLANK))]
    return Rows((7, 53, 10, 30), (tuple(cells),))


def _answer(said: Statements) -> Answer:
    risk = said.risk
    reasons = risk.withheld_beside or risk.reasons
    lines = [sentences(risk.reason, risk.interval_words)]
    why = f"{BESIDE}:" if risk.withheld_beside else ""
    if not risk.shown and reasons and not risk.withheld_beside:
        lines, why = ([reasons[0]], "") if len(reasons) == 1 else ([], WHY)
        reasons = () if len(reasons) == 1 else reasons
    notes = (sentences(said.base_rate, said.nomogram.note), sentences(*risk.warnings))
    facts = {one.label: one.words for one in (*said.inputs, *said.measures)}
    more = {"Bilirubin": said.bilirubin, "ALBI": said.albi}
    facts |= {name: words for name, words in more.items() if words} | {"Radscore": said.score.words}
    return Answer(
        risk=risk.shown or NOT_SHOWN,
        shown=bool(risk.shown),
        horizon=risk.horizon if risk.shown else "",
        lines=tuple(filter(None, lines)),
        why=why,
        reasons=tuple(map(sentence, reasons)) if why else (),
        notes=tuple(filter(None, notes)),
        facts=facts,
        signed=sentence(said.signed),
    )


def _ct(said: Statements) -> Lines:
    segments = said.segments
    tumour = ", ".join(filter(None, (f"Tumour {segments.tumour}", segments.share)))
    if segments.lesions:
        tumour += f", in {segments.lesions}"
    liver = f"Liver {segments.liver}, of it parenchyma {segments.parenchyma}"
    window = f"Window: level {WINDOW_LEVEL_HU}, width {WINDOW_WIDTH_HU} HU"
    return Lines(
        (
            sentences(tumour, liver, segments.left_out),
            sentences(f"CT: {said.ct}", _source(segments.source), window),
        )
    )


def _source(source: str) -> str:
    return sentence(source) if source.startswith("segments ") else f"Segments: {source}"


def _lesions(lesions: Sequence[LesionStatement]) -> tuple[Rows, ...]:
    """Each lesion, where there are a few."""
    if not 2 <= len(lesions) <= LESIONS_LISTED:
        return ()
    kinds = (Kind.NUMBER, Kind.NUMBER, Kind.NUMBER, Kind.PLAIN)
    cells = [
        tuple(map(Cell, (f"{one.number}", one.volume, one.diameter, "counted" if one.counted else "left out"), kinds))
        for one in lesions
    ]
    head = tuple(map(Cell, ("lesion", "volume", "diameter", ""), kinds))
    return (Rows((9, 13, 13, 15, 9, 13, 13, 15), _in_two(cells), head * 2),)


def _findings(said: Statements) -> Rows:
    """A row for each finding that needs attention; reasons of the box and what is met have one row each."""
    told = [one for one in said.findings if one.level is Level.WITHHOLD and one.code in said.risk.withheld_by]
    above = f"{len(told)} finding{'s' if len(told) > 1 else ''}, named in the box above."
    rows = [(LEVEL_WORDS[Level.WITHHOLD], above)] if told else []
    rows += [
        (LEVEL_WORDS[level], finding.message)
        for level in (Level.FAIL, Level.WITHHOLD, Level.WARN)
        for finding in said.findings
        if finding.level is level and finding not in told
    ]
    met = " ".join(finding.message for finding in said.findings if finding.level is Level.PASS)
    rows += [(LEVEL_WORDS[Level.PASS], met)] if met else []
    return Rows((17, 83), tuple((Cell(word, Kind.STRONG), Cell(message)) for word, message in rows))


def _what_if(said: Statements) -> tuple[Section, ...]:
    shown = said.what_if
    if shown is None:
        return ()
    risk = "; ".join(filter(None, (shown.risk, shown.interval_words))) or "risk not shown"
    more = sentences(shown.assumes, shown.reason, *shown.warnings)
    text = f"With a typed Radscore of {said.tried:g}: {risk}. {more}"
    return (Section("what-if", "What-if, not this patient's result", (Lines((text,)),)),)


def _terms(score: ScoreStatements) -> tuple[Block, ...]:
    largest = max((abs(term.contribution) for term in score.terms if term.contribution is not None), default=0.0)
    head = ("term", "VOI", "raw", "z", "coefficient", "contribution", "")
    kinds = (Kind.PLAIN, Kind.PLAIN, *(Kind.NUMBER,) * 4, Kind.PLAIN)
    rows = Rows(
        TERM_WIDTHS,
        tuple(_term(term, largest) for term in score.terms),
        tuple(map(Cell, head, kinds)),
        tuple(term.about for term in score.terms),
    )
    withheld = score.state is ScoreState.WITHHELD  # for the reasons in the box
    total = "Radscore: not shown" if withheld else f"Radscore: {score.status}"
    if score.value is not None:
        total = f"Radscore {score.value:.3f} ({score.status})"
    if not score.cannot_vary:
        return rows, Lines((sentence(total),))
    more = (
        f"Terms that in some CTs hardly depend on the tissue: {', '.join(score.cannot_vary)}. There they tell little "
        "or nothing of the patient."
    )
    return rows, Lines((sentence(total),)), Lines((more,), Kind.SOFT)


def _term(term: TermStatement, largest: float) -> tuple[Cell, ...]:
    contribution = term.contribution
    return (
        Cell(term.short, below=term.feature),
        Cell(term.where),
        _number(term.raw),
        _number(term.z, "{:+.2f}"),
        _number(term.coefficient, "{:+.3f}"),
        _number(contribution, "{:+.2f}"),
        Cell("", bar=None if contribution is None or not largest else contribution / largest),
    )


def _number(value: float | None, form: str = "{:.5g}") -> Cell:
    return Cell("\u2013" if value is None else form.format(value).replace("-", "\u2212"), Kind.NUMBER)


def _eligibility(said: Statements) -> tuple[Block, ...]:
    answers = said.eligibility
    cells = [(Cell(one.text), Cell(CRITERION_WORDS[one.state])) for one in answers.criteria]
    more = tuple(filter(None, (answers.bilirubin, answers.answered)))
    return (Rows((35, 15, 35, 15), _in_two(cells)), *((Lines(more),) if more else ()))


def _in_two(cells: Sequence[tuple[Cell, ...]]) -> tuple[tuple[Cell, ...], ...]:
    """Short rows beside each other, the first half to the left."""
    half = (len(cells) + 1) // 2
    right = [*cells[half:], tuple(Cell("") for _ in cells[0])] if cells else []
    return tuple((*a, *b) for a, b in zip(cells[:half], right, strict=False))


def _model(said: Statements) -> tuple[Block, ...]:
    model = said.model
    cells = [(Cell(one.name), Cell(one.words, Kind.NUMBER), Cell(one.origin)) for one in model.rests_on]
    notes = [f"{name}: {text}" for name, text in (("Not known", model.missing), ("Notes", model.notes)) if text]
    return (
        Lines((model.equation,), Kind.CODE),
        Rows((21, 16, 13, 21, 16, 13), _in_two(cells)),
        Lines((*map(sentence, notes), model.citation), Kind.SOFT),
    )


def _provenance(said: Provenance, steps: tuple[str, ...]) -> tuple[Block, ...]:
    """Versions and hashes; `steps` says which network drew what, where there are several."""
    told = f" The run: {' '.join(said.notices)}" if said.notices else ""
    first = f"{said.software}; features by {said.features}. CT: {said.ct}.{told}"
    hashes = tuple((Cell(one.name), Cell(one.sha256, Kind.HASH)) for one in said.hashes)
    drawn = (Lines(tuple(f"{number}. {line}" for number, line in enumerate(steps, 1))),) if steps else ()
    return (Lines((first,), Kind.SOFT), *drawn, Rows((35, 65), hashes))
