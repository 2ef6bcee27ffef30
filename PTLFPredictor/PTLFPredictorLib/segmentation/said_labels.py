"""What a person says of segmentation files and their labels: which file holds what, which label means what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import BadInput
from .names import Role, role_named

REST = "rest"
"""In ``--labels other=rest``: every label that nothing else was said of."""

Labels = Mapping[Role, tuple[int | str, ...]]
"""What a person said with ``--labels``: role -> numbers or names of labels and segments."""


@dataclass(frozen=True)
class Source:
    """A segmentation file, and what it holds where it holds one thing.

    Parameters
    ----------
    path : Path
    role : Role, optional
        None where the file itself, or ``--labels``, tells several things apart.
    """

    path: Path
    role: Role | None = None

    @classmethod
    def parse(cls, text: str | Path) -> Source:
        """``FILE`` or ``ROLE=FILE``; other words before ``=`` are part of the file's name, as in a file that exists."""
        word, equals, rest = str(text).partition("=")
        role = role_named(word) if equals else None
        if role is None or role is Role.OTHER or Path(text).exists():
            return cls(Path(text))
        return cls(Path(rest), role)

    def __str__(self) -> str:
        return str(self.path)


def parse_labels(given: str | Iterable[str] | None) -> Labels | None:
    """``"liver=5,tumor=7+8"`` -> ``{Role.LIVER: (5,), Role.TUMOUR: (7, 8)}``; what is said again is added.

    Names of segments may stand for numbers.  ``excluded=3`` says that a label is a lesion that a reader left out,
    ``other=3`` that it is neither liver nor tumour, ``other=rest`` that all that were not named are neither.
    """
    if given is None:
        return None
    roles: dict[Role, tuple[int | str, ...]] = {}
    for text in [given] if isinstance(given, str) else given:
        for part in text.split(","):
            word, _, values = part.partition("=")
            role = role_named(word)
            listed = [value.strip() for value in values.split("+")]
            if role is None or "=" in values or ";" in values or not all(listed):
                raise BadInput(
                    f"--labels '{text}' cannot be read; write e.g. liver=5,tumor=7+8 "
                    f"({', '.join(role.value for role in Role)}; several labels of one role with '+')."
                )
            chosen = tuple(int(value) if value.isdecimal() else value for value in listed)
            if REST in chosen and role is not Role.OTHER:
                raise BadInput(f"--labels '{text}' cannot be read; only other=rest is possible.")
            roles[role] = tuple(dict.fromkeys((*roles.get(role, ()), *chosen)))
    every = [value for values in roles.values() for value in values]
    twice = sorted({str(value) for value in every if every.count(value) > 1})
    if twice:
        raise BadInput(f"--labels gives {', '.join(twice)} two roles; each label has one.")
    return roles


def model_labels(labels: Labels | None) -> dict[str, tuple[int, ...]] | None:
    """What was said of a model's labels, as a catalogue's entry takes it; a model's whole liver is parenchyma there."""
    if labels is None:
        return None
    names = [value for values in labels.values() for value in values if isinstance(value, str) and value != REST]
    if names:
        raise BadInput(f"--labels of a model are numbers; '{names[0]}' is none.")
    if labels.get(Role.EXCLUDED):
        raise BadInput("--labels of a model: excluded is for segments of a reader; a model leaves out no lesion.")
    roles = {
        Role.PARENCHYMA: (*labels.get(Role.PARENCHYMA, ()), *labels.get(Role.LIVER, ())),
        Role.TUMOUR: labels.get(Role.TUMOUR, ()),
    }
    return {role: values for role, values in roles.items() if values}
