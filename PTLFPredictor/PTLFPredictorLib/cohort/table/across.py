"""What only several rows together tell: duplicates, and the same patient, CT or centre on both sides of a split."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence

from ...ct import Level
from ...measures.value import in_words
from .case import Case, LeftOut, Split
from .finding import Code, TableFinding
from .paths import identity

FEWEST_VALUES = 3
"""Equal values of fewer quantities say nothing."""


def without_repeated_ids(cases: Sequence[Case]) -> tuple[list[Case], list[LeftOut], list[TableFinding]]:
    """The first case of each id; the others cannot be told apart, and stop."""
    kept: dict[str, Case] = {}
    left_out, found = [], []
    for case in cases:
        if case.id in kept:
            message = f"the case id is that of row {kept[case.id].row}."
            left_out.append(LeftOut(case.row, case.id, "its case id is that of another row"))
            found.append(TableFinding(case.row, "", Level.FAIL, Code.DUPLICATE, message))
        kept.setdefault(case.id, case)
    for rows in _shared(kept.values(), lambda case: case.id.casefold()):
        message = f"the case ids of {listed(rows)} differ only in capital letters."
        found.append(TableFinding(rows[-1].row, "", Level.WARN, Code.DUPLICATE, message))
    return list(kept.values()), left_out, found


def findings(cases: Sequence[Case]) -> list[TableFinding]:
    """Duplicates and leakage, as far as the table tells; what images tell is found when they are read."""
    return [*_duplicates(cases), *_leakage(cases), *_marks(cases)]


def _duplicates(cases: Sequence[Case]) -> Iterable[TableFinding]:
    for rows in _shared(cases, lambda case: case.ct.parts and (identity(case.ct), case.series_uid, case.acquisition)):
        yield _on(rows, Level.FAIL, Code.DUPLICATE, "name the same CT")
    files = {case.id: {identity(source.path) for source in case.segmentation} for case in cases}
    for rows in _shared(cases, lambda case: frozenset(files[case.id])):
        yield _on(rows, Level.FAIL, Code.DUPLICATE, "name the same segmentation")
    for rows in _shared(cases, _values):
        yield _on(rows, Level.WARN, Code.DUPLICATE, "have the same values throughout: the same patient twice?")


def _values(case: Case) -> Hashable:
    """All numbers of a case, where there are enough to tell patients apart."""
    parts = case.components
    measured = (parts.bilirubin_umol_per_l, parts.inr, parts.pta_percent)
    numbers = [*case.entered.values.items(), *case.clinical.items(), *enumerate(measured)]
    known = [(name, value) for name, value in numbers if isinstance(value, float)]
    return tuple(map(str, numbers)) if len(known) >= FEWEST_VALUES else None


def _leakage(cases: Sequence[Case]) -> Iterable[TableFinding]:
    for rows in _shared(cases, lambda case: case.patient):
        if _sides(rows) > 1:
            yield _on(rows, Level.FAIL, Code.LEAKAGE, "are of one patient, on both sides of the split")
        else:
            message = "are of one patient: they are no independent cases, and intervals come out too narrow"
            yield _on(rows, Level.WARN, Code.DUPLICATE, message)
    centres = {case.centre for case in cases if case.centre}
    shared = [name for name in sorted(centres) if _sides([case for case in cases if case.centre == name]) > 1]
    if shared:
        what = "centre is" if len(shared) == 1 else "centres are"
        message = f"{len(shared)} {what} on both sides of the split: what is validated is not another hospital."
        yield TableFinding(None, "", Level.WARN, Code.LEAKAGE, message)
    unsaid = [case for case in cases if case.split is Split.NONE]
    if unsaid and len(unsaid) < len(cases):
        message = f"{len(unsaid)} cases are on no side of the split ({listed(unsaid)})."
        yield TableFinding(None, "", Level.WARN, Code.MISSING, message)


def _marks(cases: Sequence[Case]) -> Iterable[TableFinding]:
    marked = sum(case.synthetic for case in cases)
    if 0 < marked < len(cases):
        message = f"{marked} of {len(cases)} cases are marked synthetic: patients and synthetic cases cannot be mixed."
        yield TableFinding(None, "", Level.FAIL, Code.CONTRADICTION, message)


def _shared(cases: Iterable[Case], key: Callable[[Case], Hashable]) -> Iterable[list[Case]]:
    """Groups of at least two cases with the same key; an empty key is no key."""
    groups: dict[Hashable, list[Case]] = {}
    for case in cases:
        if found := key(case):
            groups.setdefault(found, []).append(case)
    return (rows for rows in groups.values() if len(rows) > 1)


def _sides(cases: Iterable[Case]) -> int:
    return len({case.split for case in cases} - {Split.NONE})


def _on(cases: Sequence[Case], level: Level, code: Code, what: str) -> TableFinding:
    sides = (
        ", on both sides of the split" if code is Code.DUPLICATE and level is Level.FAIL and _sides(cases) > 1 else ""
    )
    code = Code.LEAKAGE if sides else code
    end = "" if what.endswith("?") else "."
    return TableFinding(cases[-1].row, "", level, code, f"{listed(cases)} {what}{sides}{end}")


def listed(cases: Sequence[Case], most: int = 12) -> str:
    """Their rows, for a sentence: "rows 4, 7 and 9"."""
    return rows_listed([str(case.row) for case in cases], most)


def rows_listed(rows: Sequence[str], most: int = 12) -> str:
    """The same of numbers of rows."""
    text = in_words(rows, "and") if len(rows) <= most else f"{', '.join(rows[:most])} and {len(rows) - most} more"
    return f"{'row' if len(rows) == 1 else 'rows'} {text}"
