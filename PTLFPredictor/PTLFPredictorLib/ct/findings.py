"""Findings: what a check of CT, segments or input says, in a sentence a radiologist understands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """What a finding means for what follows; in the order of their weight (`severity`)."""

    PASS = "pass"
    """As it should be."""

    WARN = "warn"
    """Travels into the record."""

    WITHHOLD = "withhold"
    """Features are computed, Radscore and risk are not shown."""

    FAIL = "fail"
    """Stops."""

    @property
    def severity(self) -> int:
        """0 for `PASS` to 3 for `FAIL`."""
        return list(Level).index(self)


@dataclass(frozen=True)
class Finding:
    """One result of a check.

    Parameters
    ----------
    code : str
        Stable name of the check, e.g. ``slice_thickness``.
    level : Level
    message : str
        What was found and what it means.
    values : mapping
        The numbers behind it, JSON-ready.
    """

    code: str
    level: Level
    message: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", Level(self.level))  # from a file it is a word; ValueError for any other

    def to_dict(self) -> dict[str, Any]:
        return {"code": self.code, "level": self.level.value, "message": self.message, "values": dict(self.values)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Finding:
        return cls(**data)


_SHELL = re.compile(r" ?\((?:in a )?shell: [^)]*\)")


def without_shell(text: str) -> str:
    """A sentence without what only somebody in a shell can type: for panel and report, which a radiologist reads."""
    return _SHELL.sub("", text)


def of_level(findings: Iterable[Finding], level: Level) -> list[Finding]:
    return [finding for finding in findings if finding.level is level]


@dataclass(frozen=True)
class Protocol:
    """The acquisition that a signature was fitted on.

    Parameters
    ----------
    phases : tuple of str
        Contrast phases, e.g. ``("portal venous",)``.
    slice_thickness_mm, in_plane_spacing_mm : (float, float)
        Accepted range.
    kvp : tuple of float
        Accepted tube voltages; none where any is taken.
    kernels : tuple of str
        Kernels by name or class (`kernels.CLASSES`); none where any is taken.
    saturated_hu, fractional_hu : bool
        Whether it was fitted on such CTs, which then do not withhold.
    """

    phases: tuple[str, ...]
    slice_thickness_mm: tuple[float, float]
    in_plane_spacing_mm: tuple[float, float]
    kvp: tuple[float, ...] = ()
    kernels: tuple[str, ...] = ()
    saturated_hu: bool = False
    fractional_hu: bool = False
