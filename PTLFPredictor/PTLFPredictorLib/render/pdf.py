"""The texts of the one-page PDF and where they stand; painting them is the panel's (`panel/report_pdf.py`)."""

from __future__ import annotations

import textwrap

from ..ct.findings import Level, without_shell
from ..record.statements import BESIDE, FOR_NO_PATIENT, NOT_SHOWN, Statements, TermStatement
from ..signature import geometry
from .nomogram_layout import Layout, height_of
from .nomogram_marks import Reading
from .primitives import SMALL, Text

WIDTH, MARGIN, LINE = 760.0, 10.0, 15.0
"""Width of the page in pixels of the drawing, and height of a line of text."""

CHARACTERS = 118
"""Of a text of size `SMALL`, on a line."""

SPARE = 30
"""Pixels that the nomogram takes beyond its lowest."""


class _Page:
    """Lines from the top down."""

    def __init__(self) -> None:
        self.texts: list[Text] = []
        self.y = 30.0

    def say(self, text: str, size: float = SMALL, bold: bool = False, ink: str = "text") -> None:
        width = int(CHARACTERS * SMALL / size)
        lines = textwrap.wrap(without_shell(text), width, break_long_words=False, break_on_hyphens=False)
        for line in lines or [""]:
            self.texts.append(Text(MARGIN, self.y, line, size, ink=ink, bold=bold))
            self.y += LINE * size / SMALL

    def gap(self) -> None:
        self.y += 6


def page_texts(said: Statements) -> tuple[list[Text], float]:
    """The page's texts, and the height below them at which the nomogram starts."""
    page, risk, score = _Page(), said.risk, said.score
    page.say(f"PTLFPredictor: risk of {said.outcome[:1].lower()}{said.outcome[1:]}", 17, bold=True)
    page.say(said.research_use, bold=True, ink="warning")
    if said.watermark:
        page.say(FOR_NO_PATIENT, 15, bold=True, ink="warning")
    page.gap()
    page.say(f"Risk {risk.shown} {risk.horizon}" if risk.shown else NOT_SHOWN, 16, bold=True)
    page.say(risk.reason)
    if risk.interval_words:
        page.say(risk.interval_words)
    for line in (*risk.warnings, *(f"{BESIDE}: {reason}" for reason in risk.withheld_beside)):
        page.say(f"- {line}")
    page.gap()
    value = "" if score.value is None else f"{score.value:.2f} "
    given = [f"{one.label} {one.words}" for one in (*said.inputs, *said.measures)]
    page.say("; ".join([*given, f"Radscore {value}({score.status})"]), bold=True)
    volumes = said.volumes_ml
    named = {"liver": "liver", "parenchyma": "parenchyma", "tumor": "tumour"}
    page.say("Volumes: " + ", ".join(f"{named[name]} {volumes[name]:.1f} mL" for name in named))
    for finding in said.findings:
        if finding.level is not Level.PASS:
            page.say(f"- {finding.message}", ink="faint")
    page.gap()
    for term in score.terms:
        page.say(_term(term), 9.5)
    page.gap()
    page.say(said.signed[:1].upper() + said.signed[1:], 9.5)
    for line in said.segments.steps:
        page.say(line, 9, ink="faint")
    page.say(_provenance(said), 9, ink="faint")
    return page.texts, page.y


def picture(said: Statements) -> tuple[Layout, Reading]:
    """The nomogram below the texts, as wide as the page."""
    shown = said.nomogram
    shape = geometry(shown.signature)
    return Layout(shape, WIDTH, height_of(shape, WIDTH) + SPARE), Reading(shown.values, shown.prediction)


def _term(term: TermStatement) -> str:
    numbers = [f"raw {term.raw:.5g}" if term.raw is not None else "raw -"]
    numbers += [f"z {term.z:+.2f}"] if term.z is not None else []
    numbers += [f"contribution {term.contribution:+.2f}"] if term.contribution is not None else []
    return f"{term.short} ({term.where}): {', '.join(numbers)}"


def _provenance(said: Statements) -> str:
    signature, short = said.nomogram.signature, {one.name: one.sha256[:12] for one in said.provenance.hashes}
    return (
        f"Signature {signature.id} {signature.version}; PTLFPredictor {said.version}; {said.created}; "
        f"CT {short['CT']}, segments {short['label map']}"
    )
