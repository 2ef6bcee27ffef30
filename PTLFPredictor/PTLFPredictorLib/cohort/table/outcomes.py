"""What a table leaves open of the outcome: a criterion without a column, cases that it does not decide."""

from __future__ import annotations

from collections.abc import Sequence

from ...ct import Level
from ...measures.value import in_words
from .across import listed
from .case import Case
from .columns import Field
from .finding import Code, TableFinding
from .outcome import OutcomeRule
from .row import Layout

_CRITERIA = {
    "jaundice": ((Field.BILIRUBIN_AFTER,),),
    "coagulopathy": ((Field.INR_AFTER, Field.PTA_AFTER),),
    "ascites": ((Field.ASCITES_BEFORE,), (Field.ASCITES_AFTER,)),
    "encephalopathy": ((Field.ENCEPHALOPATHY_BEFORE,), (Field.ENCEPHALOPATHY_AFTER,)),
}
"""Columns that each criterion needs, one of each group."""


AFTER = {
    *(Field.OUTCOME, Field.BILIRUBIN_AFTER, Field.INR_AFTER, Field.PTA_AFTER),
    *(Field.ASCITES_AFTER, Field.ENCEPHALOPATHY_AFTER),
}
"""Columns that tell the outcome, or of what it is made."""


def told_by(layout: Layout) -> bool:
    """Whether a column tells the outcome or something of what it is made of."""
    return bool(AFTER & set(layout.of))


def findings(cases: Sequence[Case], layout: Layout, rule: OutcomeRule) -> list[TableFinding]:
    """Findings on columns and cases; none for a table without outcomes."""
    held = set(layout.of)
    columns = {column for groups in _CRITERIA.values() for group in groups for column in group}
    found = []
    if columns & held and Field.OUTCOME not in held:
        lacking = [
            " or ".join(f"'{column}'" for column in group)
            for groups in _CRITERIA.values()
            for group in groups
            if not held & set(group)
        ]
        if lacking:
            message = f"the outcome is made of its components, and no column holds {in_words(lacking, 'or')}."
            message += " Where the other criteria do not decide by themselves, it counts as not known."
            found.append(TableFinding(None, "", Level.WITHHOLD, Code.COLUMN, message))
    if not (columns | {Field.OUTCOME}) & held:
        return found
    open_cases = [case for case in cases if case.outcome is None]
    if open_cases:
        message = f"the outcome of {len(open_cases)} of {len(cases)} cases is not known ({listed(open_cases)})."
        found.append(TableFinding(None, "", Level.WARN, Code.MISSING, message))
    ungraded = [case for case in cases if _not_new(case)]
    if ungraded and Field.OUTCOME not in held:
        message = (
            f"ascites or encephalopathy was there before and after TACE, without a grade ({listed(ungraded)}): whether "
            "it grew is not told, and it counts as not new."
        )
        found.append(TableFinding(None, "", Level.WARN, Code.COLUMN, message))
    if Field.OUTCOME in held and rule is not OutcomeRule.PAPER_ANY:
        message = f"the outcome stands in a column of its own: the rule '{rule}' makes no other of it."
        found.append(TableFinding(None, layout.of[Field.OUTCOME].title, Level.WARN, Code.COLUMN, message))
    if Field.OUTCOME not in held:
        message = f"made of its components by the rule '{rule}'."
        found.append(TableFinding(None, Field.OUTCOME, Level.PASS, Code.COLUMN, message))
    return found


def _not_new(case: Case) -> bool:
    parts = case.components
    pairs = ((parts.ascites_before, parts.ascites), (parts.encephalopathy_before, parts.encephalopathy))
    return any(
        before is not None
        and after is not None
        and before.present
        and after.present
        and before.grade is after.grade is None
        for before, after in pairs
    )
