"""Plans: what a command was asked to do, every default spelled out; a frozen dataclass that goes through JSON."""

from __future__ import annotations

import dataclasses
import enum
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from ..errors import BadInput

P = TypeVar("P")

NOT_FINITE = ("nan", "inf", "-inf")
"""How numbers stand there that JSON has not: results have them where a value does not exist."""


def to_json(plan: Any) -> dict[str, Any]:
    """The JSON of a plan (or a result): enums by value, tuples as lists, plans within it as objects."""
    return {field.name: _plain(getattr(plan, field.name)) for field in dataclasses.fields(plan)}


def from_json(kind: type[P], data: Any, place: str = "plan") -> P:
    """A plan of this dataclass from its JSON, which must name each of its fields and nothing else.

    Fields may be numbers, texts, flags, enums, dataclasses, tuples and mappings of one such kind, and None.

    Raises
    ------
    BadInput
        With the field, for a value that it cannot have.
    """
    hints = typing.get_type_hints(kind)
    names = [field.name for field in dataclasses.fields(kind)]
    if not isinstance(data, Mapping) or set(data) != set(names):
        raise BadInput(f"'{place}' must have exactly {', '.join(names)}.")
    return kind(**{name: _read(hints[name], data[name], f"{place}.{name}") for name in names})


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value):
        return to_json(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _read(hint: Any, value: Any, place: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        (hint,) = [one for one in arguments if one is not type(None)]
        return _read(hint, value, place)
    if origin is tuple and isinstance(value, list):
        kinds = [arguments[0]] * len(value) if arguments[1:] == (Ellipsis,) else list(arguments)
        if len(kinds) == len(value):
            pairs = enumerate(zip(kinds, value, strict=True))
            return tuple(_read(one, item, f"{place}[{i}]") for i, (one, item) in pairs)
    elif typing.get_origin(hint) is not None and isinstance(value, Mapping):
        return {name: _read(arguments[1], item, f"{place}.{name}") for name, item in value.items()}
    elif dataclasses.is_dataclass(hint):
        return from_json(hint, value, place)
    elif isinstance(hint, type) and issubclass(hint, enum.Enum):
        if value in [one.value for one in hint]:
            return hint(value)
        raise BadInput(f"'{place}' is {value!r}; it must be one of {', '.join(str(one.value) for one in hint)}.")
    elif hint is float and ((isinstance(value, (int, float)) and not isinstance(value, bool)) or value in NOT_FINITE):
        return float(value)
    elif isinstance(hint, type) and type(value) is hint:
        return value
    raise BadInput(f"'{place}' is {value!r}, which it cannot be.")
