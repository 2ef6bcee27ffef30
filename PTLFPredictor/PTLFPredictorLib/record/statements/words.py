"""Small things of wording that all statements share."""

from __future__ import annotations


def sentence(text: str) -> str:
    """With a capital letter and a full stop; "" stays."""
    text = text.strip()
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else text + "."


def sentences(*texts: str) -> str:
    """Each as a sentence, on one line."""
    return " ".join(filter(None, map(sentence, texts)))
