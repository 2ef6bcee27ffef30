"""Findings: what a check of CT, segments or input says, in a sentence a radiologist understands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

LEVELS = ("pass", "warn", "withhold", "fail")
"""pass: as it should be; warn: travels into the record; withhold: features are computed, Radscore and risk are
not shown; fail: stops."""


@dataclass(frozen=True)
class Finding:
    """One result of a check.

    Parameters
    ----------
    code : str
        Stable name of the check, e.g. ``slice_thickness``.
    level : str
        One of `LEVELS`.
    message : str
        What was found and what it means.
    values : mapping
        The numbers behind it, JSON-ready.
    """

    code: str
    level: str
    message: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise ValueError(f"no such level: {self.level}")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Finding:
        return cls(**data)


_SHELL = re.compile(r" ?\((?:in a )?shell: [^)]*\)")


def without_shell(text: str) -> str:
    """A sentence without what only somebody in a shell can type: for panel and report, which a radiologist reads."""
    return _SHELL.sub("", text)


def of_level(findings: Iterable[Finding], level: str) -> list[Finding]:
    return [finding for finding in findings if finding.level == level]


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
