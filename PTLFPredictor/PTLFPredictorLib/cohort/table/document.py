"""The page of findings on a table: what stops, what is not used, what is told, before work starts."""

from __future__ import annotations

from collections import Counter

from ...ct import Level
from ...render.report import Document, Facts, Notice, Section, Table
from .cohort_table import CohortTable
from .finding import TableFinding

MARKS = {
    Level.FAIL: "must be mended",
    Level.WITHHOLD: "not used",
    Level.WARN: "note",
    Level.PASS: "met",
}
"""Level of a finding -> its word on the page."""

LIMIT = 60
"""Findings on the page; the CSV beside it has them all."""


def section(table: CohortTable) -> Section:
    """The chapter on the table of any report."""
    counts = Counter(finding.level for finding in table.findings)
    known = [case.outcome for case in table.cases if case.outcome is not None]
    facts = [
        ("Rows", str(table.rows)),
        ("Cases", str(len(table.cases))),
        ("Rows that are no case", str(len(table.left_out))),
        ("Cases with a known outcome", f"{len(known)}, {sum(known)} with the event (rule {table.rule})"),
        ("Findings", ", ".join(f"{counts[level]} {word}" for level, word in MARKS.items() if counts[level]) or "none"),
        ("SHA-256 of the table", table.sha256),
    ]
    blocks: list[Facts | Notice | Table] = [Facts(tuple(facts))]
    if counts[Level.FAIL]:
        blocks.append(Notice("Nothing is fitted on this table before what must be mended is mended."))
    if table.findings:
        rows = [(_place(one), one.column, MARKS[one.level], one.message) for one in table.findings]
        note = "Rows are numbered as a spreadsheet shows them."
        columns = ("row", "column", "what it means", "finding")
        blocks.append(Table("table_findings", "Findings on the table", columns, rows, note, limit=LIMIT))
    return Section("The table", tuple(blocks))


def document(table: CohortTable, made: str = "") -> Document:
    """The page alone."""
    watermark = "SYNTHETIC CASES" if table.synthetic else ""
    return Document("Findings on a cohort's table", f"{table.rows} rows", (section(table),), watermark, made)


def _place(finding: TableFinding) -> str:
    return "" if finding.row is None else str(finding.row)
