"""What stands on the pages of a report, for tests: the texts of the PDF, and the nomogram that is drawn there."""

from __future__ import annotations

import re
from html import unescape

from PTLFPredictorLib.record import ResultRecord
from PTLFPredictorLib.record.statements import of_record
from PTLFPredictorLib.render import pdf
from PTLFPredictorLib.render.nomogram_layout import Layout
from PTLFPredictorLib.render.nomogram_marks import Reading
from PTLFPredictorLib.render.patient import report_of
from PTLFPredictorLib.render.patient.blocks import Drawing
from PTLFPredictorLib.render.patient.drawing import placed


def plain(markup: str) -> str:
    """Markup as a reader sees it: without tags, styles and pictures."""
    markup = re.sub(r"<style>.*?</style>", "", markup, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", markup)).replace("\xa0", " "))


def on_paper(record: ResultRecord) -> str:
    """All texts of the PDF but those in drawings."""
    return plain(" ".join(piece.html for piece in pdf.pieces(report_of(of_record(record)))))


def drawn_on_paper(record: ResultRecord) -> tuple[Layout, Reading]:
    """The nomogram of the PDF."""
    found = [piece.drawing for piece in pdf.pieces(report_of(of_record(record)))]
    return placed(next(one for one in found if isinstance(one, Drawing)))
