"""Where segments come from: who drew them, with which weights, how much was changed since, and who signed.

This travels with the segments, in the scene and in every file; `provenance` writes it into files and finds it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from ..confirmation import Confirmation
from ..hashes import json_sha256

SIGNED_EDIT_SHARE = 0.01
"""Changed voxels, as a share of all, from which a reader's sign-off makes a model's segments the reader's own."""

OTHERWISE = 16
"""Hexadecimal digits of `drawn_otherwise` that tell in which way; those of the weights follow."""

SHORTEST = 16
"""Hexadecimal digits by which weights are still told apart, where a format has no room for all 64."""


class Drawn(StrEnum):
    """Who drew the segments."""

    MODEL = "model"
    HAND = "hand"
    UNKNOWN = "unknown"


class Known(StrEnum):
    """What that is known from: this run, the file's own marks, the ledger of this computer, or a reader's word."""

    RUN = "run"
    FILE = "file"
    LEDGER = "ledger"
    READER = "reader"
    NOT = "not known"


@dataclass(frozen=True)
class Origin:
    """Provenance of one pair of segments.

    Parameters
    ----------
    drawn : Drawn
    known : Known
    model : mapping or None
        `catalogue.Model.identity` of the model that drew them; None where no model did, or none is known.
    changed : float
        Share of the voxels (of the union of both organs) whose label differs from what the model drew, 0 to 1.
    at_least : bool
        Whether more may have been changed: the mark is of other voxels, and what the model drew is not at hand.
    named : Confirmation or None
        The reader who said who drew them, where it is known by a reader's word.
    sign_off : Confirmation or None
        The reader who signed the segments as they are.
    format : str
        Format of the file that they were read from, "" for none.
    run : mapping
        Device, software, seconds and settings of the run that drew them; empty where they were read.
    post_processing : mapping
        Steps that were applied afterwards on request.
    """

    drawn: Drawn = Drawn.UNKNOWN
    known: Known = Known.NOT
    model: Mapping[str, Any] | None = None
    changed: float = 0.0
    at_least: bool = False
    named: Confirmation | None = None
    sign_off: Confirmation | None = None
    format: str = ""
    run: Mapping[str, Any] = field(default_factory=dict)
    post_processing: Mapping[str, Any] = field(default_factory=dict)

    @property
    def edited(self) -> bool:
        """Whether a model's segments are no longer as the model drew them."""
        return self.drawn is Drawn.MODEL and (self.changed > 0 or self.at_least)

    @property
    def made_own(self) -> bool:
        """Whether a reader has changed at least `SIGNED_EDIT_SHARE` of a model's segments and signed them."""
        return self.edited and self.changed >= SIGNED_EDIT_SHARE and self.sign_off is not None

    def with_changes(self, **changes: Any) -> Origin:
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form, as it stands in records and scenes."""
        return {
            "drawn": self.drawn.value,
            "known": self.known.value,
            "model": None if self.model is None else dict(self.model),
            "changed": self.changed,
            "at_least": self.at_least,
            "named": None if self.named is None else self.named.to_dict(),
            "sign_off": None if self.sign_off is None else self.sign_off.to_dict(),
            "format": self.format,
            "run": dict(self.run),
            "post_processing": dict(self.post_processing),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Origin:
        """From `to_dict`; what is absent keeps its default, so that an empty mapping is an unknown origin."""
        names = ("model", "changed", "at_least", "format", "run", "post_processing")
        known = {name: data[name] for name in names if name in data}
        return cls(
            drawn=Drawn(data.get("drawn", Drawn.UNKNOWN.value)),
            known=Known(data.get("known", Known.NOT.value)),
            named=Confirmation.from_dict(data.get("named")),
            sign_off=Confirmation.from_dict(data.get("sign_off")),
            **known,
        )


def same_weights(a: str, b: str) -> bool:
    """Whether two hashes of weights are the same as far as both are written."""
    length = min(len(a), len(b))
    return length >= SHORTEST and a[:length] == b[:length]


def drawn_otherwise(weights: str, choice: Mapping[str, Any]) -> str:
    """What stands for weights that drew in another way than the model does by itself: to evidence, another model's.

    It differs from the weights however short a format cuts it, and shows whose they are.

    Parameters
    ----------
    weights : str
        SHA-256; "" stays "".
    choice : mapping
        Of `price.otherwise`; of an empty one the weights stay what they are.
    """
    if not weights or not choice:
        return weights
    return json_sha256({"weights": weights, **choice})[:OTHERWISE] + weights[:-OTHERWISE]


def same_network(a: str, b: str) -> bool:
    """`same_weights`, in whatever way each drew (`drawn_otherwise`)."""
    return any(same_weights(x, y) for x in (a, a[OTHERWISE:]) for y in (b, b[OTHERWISE:]))
