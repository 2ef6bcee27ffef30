"""Words in cells that are answers: yes and no, signs and their grades, sides of a split."""

from __future__ import annotations

import re

from .case import Split
from .columns import normal
from .outcome import Sign

YES = frozenset(("yes", "y", "true", "1", "ja", "j", "wahr", "oui", "vrai", "si", "vero", "verdadero", "是", "有"))
NO = frozenset(("no", "n", "false", "0", "nein", "falsch", "non", "faux", "falso", "否", "无"))

_ABSENT = frozenset(("none", "absent", "negative", "keine", "kein", "aucune"))
_PRESENT = frozenset(("present", "positive", "vorhanden"))
_GRADES = {
    1: ("slight", "mild", "controlled", "small", "grade 1", "grade i", "i"),
    2: ("moderate", "medium", "grade 2", "grade ii", "ii"),
    3: ("severe", "large", "massive", "refractory", "grade 3", "grade iii", "iii"),
    4: ("grade 4", "grade iv", "iv"),
}
_GRADED = {word: grade for grade, words in _GRADES.items() for word in words}

_SPLITS = {
    Split.TRAINING: ("training", "train", "development", "derivation", "dev", "training cohort", "training set"),
    Split.VALIDATION: (
        *("validation", "valid", "val", "test", "testing", "internal validation", "validation cohort"),
        *("validation set", "test set", "hold out", "holdout"),
    ),
    Split.EXTERNAL: ("external", "external validation", "external test"),
}
_SPLIT_NAMED = {word: split for split, words in _SPLITS.items() for word in words}


def whole(text: str) -> str:
    """A whole number without the decimals that programs write behind it: "1" of "1.0"."""
    return re.sub(r"^(\d+)[.,]0+$", r"\1", text)


def yes_or_no(text: str) -> bool | None:
    """None for any other word."""
    word = normal(whole(text))
    return True if word in YES else False if word in NO else None


def sign(text: str) -> Sign | None:
    """Ascites or encephalopathy, from yes and no, a grade or a word for one; None for any other word."""
    word = normal(whole(text))
    if word in NO or word in _ABSENT:
        return Sign(False)
    if word in ("1", "2", "3", "4") or word in _GRADED:
        return Sign(True, _GRADED.get(word) or int(word))
    return Sign(True) if word in YES or word in _PRESENT else None


def split(text: str) -> Split | None:
    """None for any other word."""
    return _SPLIT_NAMED.get(normal(text))
