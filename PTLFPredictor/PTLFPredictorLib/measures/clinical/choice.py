"""Categories of which one is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import BadInput
from ..value import Used, in_words


@dataclass(frozen=True)
class Choice:
    """A kind of category.

    Attributes
    ----------
    name : str
        Within a sentence.
    values : tuple of str
        What can be chosen; members of a StrEnum where the code compares them.
    words : mapping of str to str
        What a value means, for a page.
    """

    name: str
    values: tuple[str, ...]
    words: Mapping[str, str] | None = None

    @property
    def label(self) -> str:
        """At the start of a sentence."""
        return self.name[:1].upper() + self.name[1:]

    def chosen(self, given: Any) -> str:
        """The member of `values` that is meant; `BadInput` for anything else."""
        for value in self.values:
            if isinstance(given, str) and given == value:
                return value
        raise BadInput(
            f"{self.label} is {given!r}; it must be {in_words([str(value) for value in self.values], 'or')}."
        )

    def read(self, key: str, given: Any) -> Used:
        value = self.chosen(given)
        return Used(key, value, "", str(value))
