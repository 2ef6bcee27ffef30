"""All models that can be chosen, fetched or deleted, as panel and shell list and describe them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from . import weights_store
from .catalogue import broken, catalogue
from .chain_words import planned
from .labels_taken import labels_taken
from .model import Model
from .model_digests import user_folder
from .user_models import name_of
from .weights_store import Offer


class Place(StrEnum):
    """Where a model is."""

    SHIPPED = "shipped"
    HERE = "here"
    """The user's; the only ones that can be deleted, with `BROKEN`."""
    CHOSEN_ELSEWHERE = "elsewhere"
    """Chosen in another program, and used where it lies."""
    OFFERED = "offered"
    BROKEN = "broken"


@dataclass(frozen=True)
class Listed:
    """One line of the list.

    Attributes
    ----------
    id : str
    title : str
    place : Place
    model : Model or None
        Where it is here.
    offer : Offer or None
        Where it can be fetched; of one that is here too, for its description and that it can be fetched again.
    bytes : int
        On the disk, or to be fetched.
    came : int
        What lies here of a download that was stopped.
    problem : str
        Why it cannot be used.
    """

    id: str
    title: str
    place: Place
    model: Model | None = None
    offer: Offer | None = None
    bytes: int = 0
    came: int = 0
    problem: str = ""

    @property
    def folder_name(self) -> str:
        """What `remove` takes; "" where nothing of it can be deleted."""
        if self.place is Place.BROKEN:
            return self.id
        return name_of(self.model.folder) if self.place is Place.HERE and self.model else ""

    @property
    def with_totalsegmentator(self) -> bool:
        """Whether TotalSegmentator has its weights on this computer already."""
        return self.offer is not None and weights_store.is_with_totalsegmentator(self.offer)

    @property
    def for_patients(self) -> bool:
        return bool(self._said("for_patients"))

    @property
    def about(self) -> str:
        return (self.model.about if self.model else "") or (self.offer.about if self.offer else "")

    def _said(self, name: str) -> Any:
        """Of the model where it is here, else of what is offered."""
        if self.model is not None:
            return getattr(self.model, name)
        return self.offer.entry.get(name, "") if self.offer is not None else ""

    @property
    def state(self) -> str:
        """Where it is, in a few words."""
        if self.place is Place.OFFERED:
            if self.came:
                return f"{size_text(self.came)} of {size_text(self.bytes)} have come"
            return f"not here yet, {size_text(self.bytes)}"
        return {
            Place.SHIPPED: "comes with this software",
            Place.HERE: f"on this computer, {size_text(self.bytes)}",
            Place.CHOSEN_ELSEWHERE: "chosen in another program",
            Place.BROKEN: "cannot be used",
        }[self.place]

    def matches(self, words: Sequence[str]) -> bool:
        """Whether each word is somewhere in what is said of it."""
        text = " ".join((self.id, self.title, self.state, *(said for _, said in self.facts()))).casefold()
        return all(word.casefold() in text for word in words)

    def facts(self) -> list[tuple[str, str]]:
        """What has to be known of it, by name; of one that is offered, `Offer.text` says it in full."""
        if self.problem:
            return [("Cannot be used", self.problem)]
        facts = {
            "About": self.about,
            "Trained on patients' CTs": "Yes; for research all the same." if self.for_patients else "No.",
            "Note": self.note,
            "Made for": self._said("intended_input"),
            "Labels": "\n".join((*planned(self.model), *labels_taken(self.model))) if self.model else "",
            "Measured": "\n".join(measured_text(self._said("measured") or {})),
            "Version": self._said("version"),
            "Size": size_text(self.bytes) if self.bytes else "",
            "Licence": self._said("licence"),
            "Cite": self._said("citation"),
        }
        return [(name, said) for name, said in facts.items() if said not in ("", "unknown")]

    @property
    def note(self) -> str:
        """What a reader of its masks must know."""
        steps = [step.says for step in self.model.chain] if self.model else self.offer.says if self.offer else ()
        return " ".join(filter(None, (self._said("warning"), *steps)))


def listed(elsewhere: Sequence[Model] = (), *, offers: bool = True) -> list[Listed]:
    """The shipped models, the user's, those chosen elsewhere, those on offer, and what cannot be used.

    Parameters
    ----------
    elsewhere : sequence of Model
    offers : bool
        False where a file of offers has made trouble: what is here can be used all the same.

    Raises
    ------
    PTLFError
        When an entry of a file of offers cannot be right.
    """
    known = {one.model_id: one for one in weights_store.available()} if offers else {}
    found = []
    here = [(model, Place.HERE if name_of(model.folder) else Place.SHIPPED) for model in catalogue()]
    for model, place in (*here, *((model, Place.CHOSEN_ELSEWHERE) for model in elsewhere)):
        found.append(Listed(model.id, model.title, place, model, known.get(model.id), _bytes_of(model, place)))
    for offer in (one for one in known.values() if not one.installed):
        size, came = offer.bytes_to_fetch, weights_store.bytes_come(offer)
        found.append(Listed(offer.model_id, offer.title, Place.OFFERED, offer=offer, bytes=size, came=came))
    for name, problem in broken().items():
        found.append(Listed(name, name, Place.BROKEN, problem=problem))
    return found


def _bytes_of(model: Model, place: Place) -> int:
    if place is Place.CHOSEN_ELSEWHERE:
        return 0
    folder = user_folder() / name_of(model.folder) if place is Place.HERE else model.folder
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def measured_text(measured: dict[str, Any]) -> list[str]:
    """Times and Dice, as far as they are known."""
    seconds = {"cpu_s": "on the CPU", "gpu_s": "on a GPU"}
    times = [f"{measured[name]:.3g} s {where}" for name, where in seconds.items() if measured.get(name)]
    dice = {"dice_liver": "liver", "dice_tumor": "tumour"}
    shares = [f"{word} {measured[name]:.2f}" for name, word in dice.items() if measured.get(name) is not None]
    lines = [f"{', '.join(times)} ({measured.get('of') or 'of what was not said'})"] if times else []
    return lines + (
        [f"Dice: {', '.join(shares)} ({measured.get('dice_of') or 'of what was not said'})"] if shares else []
    )


def size_text(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(1, round(count / 1e6))} MB"
