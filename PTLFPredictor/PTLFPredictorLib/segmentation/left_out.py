"""Findings on what was read from files and is not counted, so that nothing vanishes silently."""

from __future__ import annotations

from collections.abc import Sequence

from ..ct import Finding, Level
from .file_roles import COUNTED
from .lesions import ml_text
from .names import Role, plain, role_of
from .segment_files import SHOWN_NAMES, SegmentFile, listed
from .segments import Part


def left_out(parts: Sequence[Part], opened: Sequence[SegmentFile]) -> list[Finding]:
    """What is not counted: other structures are told, what is not certain withholds."""
    parts = [part for part in parts if part.millilitres > 0]
    found = []
    other = [part for part in parts if part.role is Role.OTHER]
    known = [_safe(part) for part in other if not part.said]
    said = [part for part in other if part.said]
    if known:
        names = listed(sorted(set(known)))
        found.append(
            Finding("segments_other", Level.PASS, f"Not counted, other structures: {names}.", {"count": len(known)})
        )
    if said:
        message = f"Not counted, as was said: {_numbered(said, opened)}."
        found.append(Finding("segments_left_out", Level.PASS, message, {"segments": _values(said)}))
    unknown = [part for part in parts if part.role is None]
    if unknown:
        message = f"Not counted: {_numbered(unknown, opened)}. {_way_out(unknown, parts, opened)}"
        found.append(Finding("segments_unknown", Level.WITHHOLD, message, {"segments": _values(unknown)}))
    return found


def _safe(part: Part) -> str:
    """A known name in the table's own words, else its number."""
    return plain(part.name) if role_of(part.name) is Role.OTHER else f"segment {part.number}"


def _numbered(parts: Sequence[Part], opened: Sequence[SegmentFile]) -> str:
    """Numbers and volumes; a file's own names are free text and may name a person, so they stand in no record."""
    ending = [f" of file {part.file}" if len(opened) > 1 else "" for part in parts]
    return listed(
        [
            f"{opened[part.file - 1].word} {part.number}{more} ({ml_text(part.millilitres)})"
            for part, more in zip(parts, ending, strict=True)
        ]
    )


def _values(parts: Sequence[Part]) -> list[dict[str, float]]:
    return [{"file": part.file, "number": part.number, "ml": part.millilitres} for part in parts]


def _way_out(unknown: Sequence[Part], parts: Sequence[Part], opened: Sequence[SegmentFile]) -> str:
    numbers = "+".join(str(part.number) for part in unknown[:SHOWN_NAMES])
    counted = [part for part in parts if part.role in COUNTED and not opened[part.file - 1].is_named]
    roles: dict[str, list[str]] = {}
    for part in counted:
        roles.setdefault(part.role.value, []).append(str(part.number))
    roles.setdefault("tumor", []).extend(numbers.split("+"))
    example = ",".join(f"{role}={'+'.join(values)}" for role, values in roles.items())
    return (
        f"Nobody has said whether that is liver, tumour or something else: --labels {example}, or other={numbers}; "
        f"excluded={numbers} for lesions that a reader leaves out."
    )


def once(findings: Sequence[Finding]) -> list[Finding]:
    """One finding of a code where several files give it: the one of the worst level, then of the least overlap."""
    worst: dict[str, Finding] = {}
    for finding in findings:
        other = worst.get(finding.code)
        if other is None or _weight(finding) > _weight(other):
            worst[finding.code] = finding
    return list(worst.values())


def _weight(finding: Finding) -> tuple[int, float]:
    return finding.level.severity, -finding.values.get("overlap", 1)
