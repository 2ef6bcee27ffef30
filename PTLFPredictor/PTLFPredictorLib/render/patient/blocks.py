"""What a patient's report is made of: pages of blocks, laid out for a browser by `html` and for paper by `pdf`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ...colours import EXCLUDED, LIVER, TUMOUR
from ...record.slices import Picture
from ...record.statements import Nomogram


class Kind(StrEnum):
    """How a text is set; both style sheets (report.css, pdf.css) have a rule for each."""

    PLAIN = ""
    NUMBER = "n"
    """To the right, digits of one width."""

    STRONG = "strong"
    SOFT = "soft"
    CODE = "code"
    HASH = "hash"
    BLANK = "blank"
    """A line to write on, or what is written there."""


@dataclass(frozen=True)
class Cell:
    """A cell of a table; `below` stands small under its text, `bar` (-1 to 1) is drawn in its place."""

    text: str
    kind: Kind = Kind.PLAIN
    below: str = ""
    bar: float | None = None


@dataclass(frozen=True)
class Lines:
    """Paragraphs."""

    texts: tuple[str, ...]
    kind: Kind = Kind.PLAIN


@dataclass(frozen=True)
class Rows:
    """A table of columns of fixed `widths` (percent of the page); `tips` are about each row."""

    widths: tuple[float, ...]
    rows: tuple[tuple[Cell, ...], ...]
    head: tuple[Cell, ...] = ()
    tips: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """The box with the result.

    Parameters
    ----------
    risk : str
        "48 %", or that none is shown.
    shown : bool
        Whether `risk` is a number.
    horizon : str
        Below a number.
    lines : tuple of str
        What it is based on, or the one reason why there is none.
    why : str
        Before `reasons`.
    reasons : tuple of str
        Where there are several.
    notes : tuple of str
    facts : mapping of str to str
        What was entered and computed.
    signed : str
    """

    risk: str
    shown: bool
    horizon: str
    lines: tuple[str, ...]
    why: str
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    facts: Mapping[str, str]
    signed: str


@dataclass(frozen=True)
class Drawing:
    """The nomogram."""

    nomogram: Nomogram


@dataclass(frozen=True)
class Slices:
    """Pictures of the CT beside each other, with a key to the outlines."""

    pictures: tuple[Picture, ...]
    left_out: bool = False

    @property
    def key(self) -> tuple[tuple[str, str], ...]:
        """Names and colours of the outlines."""
        more = (("lesion, not counted", EXCLUDED),) if self.left_out else ()
        return (("liver", LIVER), ("tumour", TUMOUR), *more)


Block = Lines | Rows | Answer | Drawing | Slices


@dataclass(frozen=True)
class Section:
    """Blocks below a heading; "" for none."""

    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Report:
    """A whole report.

    Parameters
    ----------
    title, research_use : str
        On every page.
    demonstration : bool
        Whether every page is marked as one.
    sections : tuple of Section
        In the order of reading: what page one has to hold comes first.
    made : str
        By what, and when.
    """

    title: str
    research_use: str
    demonstration: bool
    sections: tuple[Section, ...]
    made: str
