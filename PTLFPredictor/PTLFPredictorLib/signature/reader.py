"""Reading of a JSON file entry by entry: what is wrong is named with its place in the file."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..errors import BadInput


class Reader:
    """Reads entries of a JSON object and says where in the file something is wrong."""

    def __init__(self, data: Any, path: str = ""):
        if not isinstance(data, Mapping):
            raise BadInput(f"'{path or 'the file'}' must be a JSON object.")
        self.data, self.path = data, path

    def place(self, key: str) -> str:
        """Where an entry stands: "risk_model.intercept"."""
        return f"{self.path}.{key}" if self.path else key

    def where(self, key: str) -> str:
        """The same within a sentence, in quotation marks."""
        return f"'{self.place(key)}'"

    def has(self, key: str) -> bool:
        """Whether there is an entry that is not null."""
        return self.data.get(key) is not None

    def _get(self, key: str) -> Any:
        if key not in self.data:
            raise BadInput(f"{self.where(key)} is missing.")
        return self.data[key]

    def mapping(self, key: str) -> Mapping[str, Any]:
        return self.sub(key).data

    def sub(self, key: str) -> Reader:
        return Reader(self._get(key), self.place(key))

    def optional(self, key: str) -> Reader | None:
        """The object at `key`; None for null, which must stand there."""
        return None if self._get(key) is None else self.sub(key)

    def children(self, key: str, at_least: int = 0) -> Iterator[Reader]:
        """The objects of a list, one by one."""
        for index, item in enumerate(self.sequence(key, at_least)):
            yield Reader(item, f"{self.place(key)}[{index}]")

    def sequence(self, key: str, at_least: int = 0) -> list[Any]:
        value = self._get(key)
        if not isinstance(value, list) or len(value) < at_least:
            raise BadInput(f"{self.where(key)} must be a list of at least {at_least} entries.")
        return value

    def text(self, key: str, *, pattern: str | None = None, default: str | None = None) -> str:
        value = self._get(key) if default is None else self.data.get(key, default)
        return _text(self.where(key), value, pattern)

    def named(self, key: str) -> str:
        """A text that is not blank."""
        if not (value := self.text(key)).strip():
            raise BadInput(f"{self.where(key)} is empty.")
        return value

    def choice(self, key: str, allowed: Sequence[str], *, default: str | None = None) -> str:
        if default is not None and key not in self.data:
            return default
        return _choice(self.where(key), self._get(key), allowed)

    def only(self, keys: Sequence[str]) -> None:
        """Refuse entries that would be read past in silence."""
        unknown = sorted(set(self.data) - set(keys))
        if unknown:
            raise BadInput(f"'{self.path}' has {', '.join(unknown)}; it may only have {', '.join(keys)}.")

    def number(self, key: str, *, above: float = -math.inf) -> float:
        return _number(self.where(key), self._get(key), above)

    def whole(self, key: str, *, at_least: int = 0) -> int:
        value = self.number(key)
        if value != int(value) or value < at_least:
            raise BadInput(f"{self.where(key)} is {value:g}; it must be a whole number from {at_least}.")
        return int(value)

    def flag(self, key: str) -> bool:
        value = self._get(key)
        if not isinstance(value, bool):
            raise BadInput(f"{self.where(key)} must be true or false.")
        return value

    def numbers(self, key: str) -> dict[str, float]:
        """An object of numbers."""
        entry = self.sub(key)
        return {name: entry.number(name) for name in entry.data}

    def texts(self, key: str, *, pattern: str | None = None) -> tuple[str, ...]:
        values = self.sequence(key)
        if not all(isinstance(value, str) for value in values):
            raise BadInput(f"{self.where(key)} must be a list of texts.")
        return tuple(_text(self.where(key), value, pattern) for value in values)

    def choices(self, key: str, allowed: Sequence[str], at_least: int = 0) -> tuple[str, ...]:
        """A list whose entries are all among `allowed`."""
        return tuple(_choice(self.where(key), value, allowed) for value in self.sequence(key, at_least))

    def list_of_numbers(self, key: str, *, above: float = -math.inf, at_least: int = 0) -> tuple[float, ...]:
        return tuple(_number(self.where(key), value, above) for value in self.sequence(key, at_least))

    def pair(self, key: str) -> tuple[float, float]:
        return self.span(key, apart=True)

    def span(self, key: str, *, apart: bool = False) -> tuple[float, float]:
        """[low, high] of values that were seen: both may be the same, unless they must lie `apart`."""
        value = self._get(key)
        if not isinstance(value, list) or len(value) != 2:
            raise BadInput(f"{self.where(key)} must be [low, high].")
        low, high = (_number(self.where(key), end) for end in value)
        if low > high or (apart and low == high):
            raise BadInput(f"{self.where(key)} must be [low, high] with low below high.")
        return low, high


def _text(where: str, value: Any, pattern: str | None) -> str:
    if not isinstance(value, str) or (pattern and not re.fullmatch(pattern, value)):
        raise BadInput(f"{where} must be a text{f' like {pattern}' if pattern else ''}.")
    return value


def _choice(where: str, value: Any, allowed: Sequence[str]) -> str:
    if value not in tuple(allowed):
        raise BadInput(f"{where} is {value!r}; it must be one of {', '.join(allowed)}.")
    return value


def _number(where: str, value: Any, above: float = -math.inf) -> float:
    if not _is_number(value):
        raise BadInput(f"{where} is {_short(value)}; it must be a number.")
    if value <= above:
        raise BadInput(f"{where} is {value}; it must be above {above:g}.")
    return float(value)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _short(value: Any) -> str:
    text = "a number too large" if isinstance(value, int) and abs(value) > 1 << 1024 else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
