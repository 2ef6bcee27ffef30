"""Names: of files that ids become, and of files that no sentence may tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ...case import Sources, paths
from ...segmentation.reading import Source

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that Windows keeps for devices."""


def file_names(ids: Sequence[str]) -> list[str]:
    """A file's name for each id: itself where every system takes it, else ``case-0012`` by its place, from 1.

    Two ids that differ in case alone get names by their places.
    """
    lower = [one.lower() for one in ids]
    return [
        one if _fits(one) and lower.count(one.lower()) == 1 else f"case-{place:04d}"
        for place, one in enumerate(ids, start=1)
    ]


def _fits(text: str) -> bool:
    by_place = re.fullmatch(r"case-\d{4,}", text, re.IGNORECASE)
    return bool(_SAFE.fullmatch(text)) and not (_RESERVED.fullmatch(text) or by_place or text.endswith("."))


def nameless(sentence: str, sources: Sources, second: Iterable[Source] = ()) -> str:
    """A sentence without the paths and names of the case's files, which may name a patient.

    Parameters
    ----------
    sentence : str
        Of an error.
    sources : Sources
    second : iterable of Source
    """
    words = {
        "the CT": _inside(sources.ct),
        "the segmentation": [name for path in paths(sources.segmentation) for name in _inside(path)],
        "the second segmentation": [name for path in paths(list(second)) for name in _inside(path)],
    }
    found = [(name, word) for word, names in words.items() for name in names]
    for name, word in sorted(found, key=lambda pair: -len(pair[0])):
        sentence = sentence.replace(f"'{name}'", word)
        if len(name) > 3:
            sentence = sentence.replace(name, word)
    return sentence[:1].upper() + sentence[1:]


def _inside(path: Path) -> Iterator[str]:
    """The path, its name, its folder, and what lies in it where it is a folder itself."""
    yield from (str(path), path.name, str(path.absolute()), str(path.absolute().parent))
    if path.is_dir():
        for file in path.rglob("*"):
            yield from (str(file), file.name)
