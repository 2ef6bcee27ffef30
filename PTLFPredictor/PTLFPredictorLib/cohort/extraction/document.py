"""What an extraction found, as a page: which cases failed, what the checks say, how the cases were scanned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from ...ct import Level
from ...render.report import Column, Document, Facts, Section, Table, Text, fixed
from .result import ExtractedCase, Extraction

MARKS = {Level.FAIL: "stops", Level.WITHHOLD: "blocks the risk", Level.WARN: "note"}
"""Level of a finding -> its word in the tables; what is met is not listed."""

LIMIT = 30


def document(
    extraction: Extraction, left_out: Sequence[tuple[str, str]] = (), chapters: Sequence[Section] = ()
) -> Document:
    """The page of findings.

    Parameters
    ----------
    extraction : Extraction
    left_out : sequence of (str, str)
        Rows of the table that are no cases, each with its reason.
    chapters : sequence of Section
        At the end: what is said of the table.
    """
    cases = extraction.cases
    failed = [(case.id, case.problem) for case in cases if not case.done] + list(left_out)
    signature = extraction.asked["signature"]
    withheld = sum(any(one.level is Level.WITHHOLD for one in case.findings) for case in cases)
    facts = (
        ("Cases", str(len(cases) + len(left_out))),
        ("Extracted", str(sum(case.done for case in cases))),
        ("Failed", str(len(failed))),
        ("With a finding that blocks the risk", str(withheld)),
    )
    blocks = [Facts(facts, headline=True)]
    if failed:
        blocks.append(Table("failed", "Cases without features", ("case", "why"), failed))
    blocks.append(
        Text(f"CT and segments were checked against the protocol of {signature['id']} {signature['version']}.")
    )
    sections = (
        Section("Cases", tuple(blocks)),
        Section("Findings", (_counted(cases), _listed(cases))),
        Section("Scans and segments", (_scans(cases),)),
        *chapters,
    )
    return Document("Feature extraction", f"{len(cases)} cases", sections, made=f"PTLFPredictor {_version(extraction)}")


def _version(extraction: Extraction) -> str:
    return f"{extraction.software.get('PTLFPredictor', '')}, engine {extraction.engine} {extraction.engine_version}"


def _counted(cases: Iterable[ExtractedCase]) -> Table:
    counts = Counter((one.level, one.code) for case in cases for one in case.findings if one.level in MARKS)
    order = sorted(counts, key=lambda key: (-key[0].severity, -counts[key], key[1]))
    rows = [(code, MARKS[level], counts[level, code]) for level, code in order]
    return Table("finding_counts", "How often the checks found what", ("finding", "what it does", "cases"), rows)


def _listed(cases: Iterable[ExtractedCase]) -> Table:
    rows = [
        (case.id, MARKS[one.level], one.code, one.message)
        for case in cases
        for one in sorted(case.findings, key=lambda one: -one.level.severity)
        if one.level in MARKS
    ]
    return Table("findings", "Findings by case", ("case", "what it does", "finding", "in words"), rows, limit=LIMIT)


def _scans(cases: Iterable[ExtractedCase]) -> Table:
    columns = (
        "case",
        "state",
        "phase",
        Column("slices (mm)", fixed(2)),
        Column("pixels (mm)", fixed(3)),
        "kV",
        "kernel",
        Column("liver (mL)", fixed(0)),
        Column("tumour (mL)", fixed(1)),
        "drawn by",
        Column("changed share", fixed(4)),
        "features",
        "withheld for",
        "sample case",
    )
    return Table("cases", "Scans and segments by case", columns, [_scan(case) for case in cases], limit=LIMIT)


def _scan(case: ExtractedCase) -> tuple:
    scan, masks = case.protocol, case.masks
    if scan is None or masks is None:
        return case.id, case.state.value, *(None,) * 12
    drawn_by = "hand" if masks.by_hand else f"model {masks.weights[:12]}" if masks.weights else "not known"
    withheld = ", ".join(dict.fromkeys(one.code for one in case.findings if one.level is Level.WITHHOLD))
    return (
        case.id,
        case.state.value,
        scan.phase.value,
        scan.slice_thickness_mm,
        scan.in_plane_spacing_mm,
        scan.kvp,
        scan.kernel,
        case.volumes_ml["liver"],
        case.volumes_ml["tumor"],
        drawn_by,
        masks.changed,
        len(case.features),
        withheld,
        case.sample,
    )
