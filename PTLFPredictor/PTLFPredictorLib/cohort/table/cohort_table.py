"""The table as it was read: cases, rows that are none, findings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...ct import Level
from ...errors import BadInput
from ...hashes import file_sha256
from ...signature import Signature
from . import across, outcomes
from .case import Case, ClinicalColumn, LeftOut
from .columns import Vocabulary
from .finding import TableFinding
from .header import columns_of
from .outcome import OutcomeRule
from .row import Layout
from .rows import baseline_columns, cases_of
from .sheet import read_sheet


@dataclass(frozen=True)
class CohortTable:
    """A cohort's table.

    Parameters
    ----------
    path : Path
    sha256 : str
        Of the file.
    rule : OutcomeRule
    cases : tuple of Case
        In the table's order.
    left_out : tuple of LeftOut
        Rows that cannot be cases.
    findings : tuple of TableFinding
    clinical : tuple of ClinicalColumn
        Further clinical columns.
    has_outcome : bool
        Whether a column tells the outcome, or something of what follows TACE.
    """

    path: Path
    sha256: str
    rule: OutcomeRule
    cases: tuple[Case, ...]
    left_out: tuple[LeftOut, ...]
    findings: tuple[TableFinding, ...]
    clinical: tuple[ClinicalColumn, ...]
    has_outcome: bool = True

    @classmethod
    def read(
        cls,
        path: str | Path,
        signature: Signature,
        *,
        rule: OutcomeRule = OutcomeRule.PAPER_ANY,
        reader: str | None = None,
        time: str = "",
        encoding: str | None = None,
        images: bool = True,
    ) -> CohortTable:
        """Read a CSV or Parquet file; paths in it are relative to it.

        Parameters
        ----------
        path : str or Path
        signature : Signature
            Whose entries and criteria the columns are.
        rule : OutcomeRule
            How the components make the outcome.
        reader : str, optional
            Who answers for what rows say without naming a reader.
        time : str, optional
            ISO 8601, of answers for which the table gives none (column 'answered_at').
        encoding : str, optional
            Of a CSV; found out where not given.
        images : bool
            Whether each case needs its CT and segments; False where features are there already.

        Raises
        ------
        BadInput
            When it cannot be read as a table of cases at all; all else is a finding.
        """
        path = Path(path)
        vocabulary = Vocabulary(signature)
        wanted = f"case id and {'CT' if images else 'anything else'} (e.g. 'case' and 'ct')"
        sheet = read_sheet(path, lambda row: vocabulary.known(row, needs_ct=images), wanted, encoding)
        sheet, columns, found = columns_of(sheet, vocabulary, signature)
        layout = Layout(sheet, columns, vocabulary, reader, time)
        cases, left_out = cases_of(layout, signature, rule, path.parent, images)
        cases, repeated, told = across.without_repeated_ids(cases)
        findings = [*sheet.findings, *found, *layout.findings, *told]
        findings += [*across.findings(cases), *outcomes.findings(cases, layout, rule)]
        findings = list(dict.fromkeys(findings))  # a column may be asked twice
        findings.sort(key=lambda one: (-one.level.severity, one.row is not None, one.row or 0))
        return cls(
            path,
            file_sha256(path),
            rule,
            tuple(cases),
            tuple(sorted((*left_out, *repeated), key=lambda one: one.row)),
            tuple(findings),
            (*layout.further.values(), *baseline_columns(layout, signature)),
            outcomes.told_by(layout),
        )

    @property
    def rows(self) -> int:
        """Rows that hold something: cases and those that are none."""
        return len(self.cases) + len(self.left_out)

    @property
    def synthetic(self) -> bool:
        """Whether the table says that its cases are synthetic (a mixture of both is a finding that stops)."""
        return any(case.synthetic for case in self.cases)

    def require_usable(self) -> CohortTable:
        """Itself, or `BadInput` where findings stop: before anything is fitted."""
        stops = [one for one in self.findings if one.level is Level.FAIL]
        if stops:
            more = f" ({len(stops) - 1} more such findings.)" if len(stops) > 1 else ""
            raise BadInput(f"The table cannot be used as it is. {stops[0].words}{more}")
        return self

    def not_used(self) -> list[str]:
        """What must be mended or is not used, a sentence for all rows of which the same is said."""
        alike: dict[tuple[str, str], list[str]] = {}
        for one in self.findings:
            if one.level in (Level.FAIL, Level.WITHHOLD):
                rows = alike.setdefault((one.column, one.message), [])
                rows += [] if one.row is None else [str(one.row)]
        said = []
        for (column, message), rows in alike.items():
            place = [f"column '{column}'"] if column else []
            place += [across.rows_listed(rows)] if rows else []
            where = ", ".join(place)
            said.append(f"{where[:1].upper()}{where[1:]}: {message}" if where else message)
        return said
