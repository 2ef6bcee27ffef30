"""A report of many cases, block by block; layout only.

`document` is what a report says, `files.write` makes report.html and tables/NAME.csv of it.
"""

from .cells import Cell, Estimate, Indented, MeanSD, MedianIQR, Share, fixed, p_value, percent, significant
from .document import (
    Beside,
    Block,
    Column,
    Document,
    Equation,
    Facts,
    Figure,
    Findings,
    Items,
    Notice,
    Section,
    Table,
    Text,
    ref,
)
from .files import REPORT, names, write

__all__ = [
    "REPORT",
    "Beside",
    "Block",
    "Cell",
    "Column",
    "Document",
    "Equation",
    "Estimate",
    "Facts",
    "Figure",
    "Findings",
    "Indented",
    "Items",
    "MeanSD",
    "MedianIQR",
    "Notice",
    "Section",
    "Share",
    "Table",
    "Text",
    "fixed",
    "names",
    "p_value",
    "percent",
    "ref",
    "significant",
    "write",
]
