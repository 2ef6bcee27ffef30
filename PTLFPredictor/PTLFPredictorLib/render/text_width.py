"""How wide a text will be, before a painter has a font: never less than DejaVu Sans, the widest of the usual ones."""

from __future__ import annotations

import unicodedata

WIDTHS = (("ijl|'", 0.32), ('.,:;! IrftJ()[]{}-/\\"', 0.46), ("mwWM%@+<>=&~#", 1.0))
"""Of characters, as a share of the font size."""

CAPITAL, WIDE, OTHER, BOLD = 0.8, 1.1, 0.66, 1.1

KNOWN = {character: width for characters, width in WIDTHS for character in characters}


def width_of(text: str, size: float, bold: bool = False) -> float:
    """Pixels of a text on one line, rather more than less."""
    return sum(map(_width, text)) * size * (BOLD if bold else 1.0)


def _width(character: str) -> float:
    if character in KNOWN:
        return KNOWN[character]
    if unicodedata.east_asian_width(character) in "WF":
        return WIDE
    return CAPITAL if character.isupper() else OTHER


def fitted(text: str, room: float, size: float, bold: bool = False) -> str:
    """A text in so many pixels: what does not fit is left out, and dots say so."""
    if width_of(text, size, bold) <= room:
        return text
    ends = (f"{text[:end].rstrip()}..." for end in range(len(text) - 1, 0, -1))
    return next((shorter for shorter in ends if width_of(shorter, size, bold) <= room), "...")


def wrapped(text: str, room: float, size: float, bold: bool = False) -> list[str]:
    """A text on as many lines as it needs, nothing left out: a word that is too long for a line is broken."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if width_of(longer, size, bold) <= room:
            lines[-1] = longer
            continue
        pieces = _pieces(word, room, size, bold)
        lines = [*filter(None, lines), *pieces]
    return lines


def _pieces(word: str, room: float, size: float, bold: bool) -> list[str]:
    found = [""]
    for character in word:
        if found[-1] and width_of(found[-1] + character, size, bold) > room:
            found.append("")
        found[-1] += character
    return found
