"""What a cohort's report says, block by block.  `page` lays it out, `files` writes it; nothing here computes.

Numbers stay numbers until they are laid out: the page rounds them, the CSV beside it keeps every digit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...ct.findings import Finding
from .cells import THREE_DIGITS, Cell, Formatter


@dataclass(frozen=True)
class Text:
    """Paragraphs: an empty line begins the next one."""

    text: str


@dataclass(frozen=True)
class Notice:
    """A boxed text that nobody should miss: what must not be done with what follows."""

    text: str


@dataclass(frozen=True)
class Equation:
    """A formula, in type of equal width; its line breaks are kept."""

    text: str


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """Names and values, e.g. ("Cases with outcome", "147, 46 events"); the figures of a first page as `headline`."""

    facts: tuple[tuple[str, str], ...]
    headline: bool = False


@dataclass(frozen=True)
class Findings:
    """Findings of checks, the weightiest first; as in the report of one patient."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    title : str
        With the unit: "Albumin (g/L)".
    shown : function of float to str
        How the page rounds its numbers: `fixed`, `significant`, `percent`, `p_value` of `cells`.
    """

    title: str
    shown: Formatter = THREE_DIGITS


@dataclass(frozen=True)
class Table:
    """A table on the page, and ``tables/NAME.csv`` beside it.

    Parameters
    ----------
    name : str
        Of the file, and for `ref`.
    title : str
    columns : tuple of Column or str
        A title alone shows numbers with three significant digits.
    rows : sequence of rows
        The first cell of a row names it.
    note : str
        Below the table: n and events, tests, abbreviations.
    limit : int or None
        Rows on the page; the file has them all.
    """

    name: str
    title: str
    columns: tuple[Column | str, ...]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    limit: int | None = None

    def __post_init__(self) -> None:
        wrong = next((row for row in self.rows if len(row) != len(self.columns)), None)
        if wrong is not None:
            raise ValueError(f"table {self.name}: {len(self.columns)} columns, but a row of {len(wrong)}: {wrong}")

    @property
    def header(self) -> tuple[Column, ...]:
        return tuple(one if isinstance(one, Column) else Column(one) for one in self.columns)


@dataclass(frozen=True)
class Figure:
    """A drawing.

    Parameters
    ----------
    name : str
        For `ref`, and before the ids inside the SVG, so that two figures share none.
    title : str
    svg : str
        A whole SVG document.
    note : str
        Below the figure: n and events, what it shows, what it must not be read for.
    alternative : str
        For who cannot see it: what the figure shows, in words and numbers.
    """

    name: str
    title: str
    svg: str
    note: str = ""
    alternative: str = ""


@dataclass(frozen=True)
class Beside:
    """Two blocks side by side."""

    blocks: tuple[Block, ...]


Block = Text | Notice | Equation | Items | Facts | Findings | Table | Figure | Beside


@dataclass(frozen=True)
class Section:
    """A numbered chapter.

    Parameters
    ----------
    title : str
    blocks : tuple of Block
    new_page : bool
        Whether it begins on a new sheet.
    """

    title: str
    blocks: tuple[Block, ...]
    new_page: bool = False


@dataclass(frozen=True)
class Document:
    """A whole report.

    Parameters
    ----------
    title, subtitle : str
        What was done; on whom.
    sections : tuple of Section
    watermark : str
        A word behind every page (`record.statements.WATERMARK` for a demonstration), whose head then says that it is
        for no patient; "" for none.
    made : str
        By what software, from which plan and when; on the last line.  The time of the lock file, never the clock:
        the report of a repeated run is the same, byte for byte.

    Raises
    ------
    ValueError
        Two tables, or two figures, of one name.
    """

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    watermark: str = ""
    made: str = ""

    def __post_init__(self) -> None:
        names = [block.name for block in (*self.tables, *self.figures)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"more than one table or figure named {', '.join(twice)}")

    @property
    def tables(self) -> tuple[Table, ...]:
        """In the order of the page, which numbers them."""
        return tuple(block for block in self._blocks() if isinstance(block, Table))

    @property
    def figures(self) -> tuple[Figure, ...]:
        """In the order of the page, which numbers them."""
        return tuple(block for block in self._blocks() if isinstance(block, Figure))

    def _blocks(self) -> Iterator[Block]:
        for section in self.sections:
            for block in section.blocks:
                yield from block.blocks if isinstance(block, Beside) else (block,)


REF_OPEN, REF_CLOSE = "\ue000", "\ue001"
"""Around a name that the page replaces by "Table 3": characters for private use, which no text holds."""


def ref(name: str) -> str:
    """Stands in any text of a document for "Table 3" or "Figure 2": the page knows the numbers."""
    return f"{REF_OPEN}{name}{REF_CLOSE}"
