"""The result on one A4 page as PDF: risk or why there is none, inputs, terms, nomogram, provenance.

Painted by hand: PythonQt wraps neither QtPrintSupport nor a web engine.
"""

from __future__ import annotations

import qt

from .. import RESEARCH_USE
from ..ct.findings import without_shell
from ..record import ResultRecord
from ..render.html import is_demonstration
from ..render.nomogram_picture import Layout, Reading, Text, axes_of, marks_of
from ..render.themes import PRINT
from .nomogram_paint import PDF_DPI, paint

WIDTH, MARGIN, LINE = 760.0, 10.0, 15.0
"""Width of the page in pixels of the drawing, and height of a line of text."""

CHARACTERS = 118
"""Characters of small text that fit on a line."""


def write_report_pdf(record: ResultRecord, path: str, picture: tuple[Layout, Reading]) -> None:
    writer = qt.QPdfWriter(path)
    writer.setPageSize(qt.QPageSize(qt.QPageSize.A4))
    writer.setResolution(PDF_DPI)
    writer.setTitle("PTLFPredictor")
    painter = qt.QPainter()
    if not painter.begin(writer):
        raise OSError("the file cannot be opened")
    try:
        painter.setRenderHint(qt.QPainter.Antialiasing, True)
        scale = 7.2 * PDF_DPI / WIDTH
        painter.scale(scale, scale)
        texts, height = page_texts(record)
        paint(painter, texts, PRINT)
        painter.translate(0, height)
        paint(painter, [*axes_of(picture[0]), *marks_of(*picture)], PRINT)
    finally:
        painter.end()


def page_texts(record: ResultRecord) -> tuple[list[Text], float]:
    """The page's texts, and the height below them at which the nomogram starts."""
    demonstration, record = is_demonstration(record), record.to_dict()
    prediction, score = record["prediction"], record["radscore"]
    texts: list[Text] = []
    y = 30.0

    def say(text: str, size: float = 10.5, bold: bool = False, ink: str = "text") -> None:
        nonlocal y
        for line in wrapped(without_shell(text), int(CHARACTERS * 10.5 / size)):
            texts.append(Text(MARGIN, y, line, size, ink=ink, bold=bold))
            y += LINE * size / 10.5

    say("PTLFPredictor: risk of post-TACE liver failure", 17, bold=True)
    say(RESEARCH_USE, bold=True, ink="warning")
    if demonstration:
        say("DEMONSTRATION ON SYNTHETIC CASES - NOT FOR PATIENTS", 15, bold=True, ink="warning")
    risk = prediction["risk_text"] or prediction["risk_interval_text"]
    y += 6
    horizon = record["input"]["signature"]["data"]["outcome"]["horizon"]
    say(f"Risk {risk} {horizon}" if risk else "Risk not shown", 16, bold=True)
    say(prediction["status"])
    if prediction["risk_interval_words"]:
        say(prediction["risk_interval_words"])
    for warning in prediction["warnings"]:
        say(f"- {warning}")
    for reason in prediction["withheld_beside"]:
        say(f"- For a patient it would be withheld: {reason}")
    given = []
    for one in record["input"]["values"]:
        number = "not given" if one["value"] is None else f"{one['value']:g} {one['unit']}".strip()
        given.append(f"{one['label']} {number}")
    value = "" if score["value"] is None else f"{score['value']:.2f} "
    given.append(f"Radscore {value}({score['status']})")
    y += 6
    say("; ".join(given), bold=True)
    volumes = record["segmentation"]["volumes_ml"]
    say("Volumes: " + ", ".join(f"{name} {value:.1f} mL" for name, value in volumes.items()))
    for finding in record["findings"]:
        if finding["level"] != "pass":
            say(f"- {finding['message']}", ink="faint")
    y += 6
    for term in score["terms"]:
        numbers = [f"raw {term['raw']:.5g}" if term["raw"] is not None else "raw -"]
        numbers += [f"z {term['z']:+.2f}"] if term["z"] is not None else []
        numbers += [f"contribution {term['contribution']:+.2f}"] if term["contribution"] is not None else []
        say(f"{term['short']} ({term['voi']}): {', '.join(numbers)}", 9.5)
    signed = record["sign_off"]
    y += 6
    say(f"Signed off by {signed['reader']}, {signed['time']}" if signed else "Not signed off by a reader", 9.5)
    signature = record["input"]["signature"]
    say(
        f"Signature {signature['id']} {signature['version']}; PTLFPredictor {record['software']['PTLFPredictor']}; "
        f"{record['created']}; CT {record['input']['ct']['sha256'][:12]}, "
        f"segments {record['segmentation']['sha256'][:12]}",
        9,
        ink="faint",
    )
    return texts, y


def wrapped(text: str, characters: int) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > characters:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line]
