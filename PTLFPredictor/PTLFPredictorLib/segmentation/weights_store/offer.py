"""Models that can be fetched: entries of ``Resources/Models.json`` ("available"), and of a file of one's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import BadInput, UnusableModel
from ...hashes import json_sha256
from ..model import Model
from ..model_archive import inside
from ..model_digests import user_folder
from ..model_files import read_json

RESOURCES = Path(__file__).resolve().parents[3] / "Resources"

MORE = "PTLF_OFFERS"
"""Environment variable: a JSON file with more entries, e.g. of a hospital's own mirror."""


@dataclass(frozen=True)
class Download:
    """Where the weights of one step are published.

    Attributes
    ----------
    step : str
        Name of the step.
    title : str
    url : str
        Of a zip archive.
    bytes, unpacked_bytes : int
        Of the archive (about, where `sha256` is not known), and at most of what inference reads in it.
    sha256 : str
        "" where the publisher prints none: that of the first download is kept then.
    member : str
        Folder in the archive that holds plans.json; in nnU-Net's layout ``DATASET/TRAINER__PLANS__CONFIGURATION``.
    """

    step: str
    title: str
    url: str
    bytes: int
    unpacked_bytes: int
    sha256: str
    member: str

    @property
    def what(self) -> str:
        """In sentences and stages."""
        return f"the weights of {self.title}"

    @property
    def file_name(self) -> str:
        return self.url.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Offer:
    """A model that can be fetched, and what has to be known before.

    Attributes
    ----------
    entry : mapping
        Of the catalogue, its steps without what is only known once they are here.
    licence_text : str
        What is agreed to.
    about : str
        What the model is for, in plain words.
    downloads : tuple of Download
        One for each step.
    """

    entry: Mapping[str, Any]
    licence_text: str
    about: str
    downloads: tuple[Download, ...]

    @property
    def model_id(self) -> str:
        return self.entry["id"]

    @property
    def title(self) -> str:
        return self.entry["title"]

    @property
    def licence(self) -> str:
        return self.entry["licence"]

    @property
    def citation(self) -> str:
        return self.entry.get("citation", "")

    @property
    def urls(self) -> tuple[str, ...]:
        return tuple(download.url for download in self.downloads)

    @property
    def bytes_to_fetch(self) -> int:
        return sum(download.bytes for download in self.downloads)

    @property
    def bytes_needed(self) -> int:
        """Free space for archives and what is unpacked of them; the archives go at the end."""
        return self.bytes_to_fetch + sum(download.unpacked_bytes for download in self.downloads)

    @property
    def installed(self) -> bool:
        return (user_folder() / self.model_id).is_dir()

    @property
    def says(self) -> tuple[str, ...]:
        """What a reader must know of its steps."""
        return tuple(step["says"] for step in self.entry["steps"] if step.get("says"))

    @property
    def text(self) -> str:
        """Everything that is shown before somebody agrees."""
        lines = [f"{self.title} ({self.model_id})", self.about, *self.says, self.entry.get("warning", "")]
        lines += ["", f"Licence of the weights: {self.licence}", self.licence_text, ""]
        lines += [f"Cite: {self.citation}", ""] if self.citation else []
        for one in self.downloads:
            lines.append(f"{one.title}: {one.url} (about {one.bytes / 1e6:.0f} MB)")
        fetched, free = (f"{size / 1e6:.0f} MB" for size in (self.bytes_to_fetch, self.bytes_needed))
        lines.append(f"About {fetched} are fetched; {free} must be free.")
        return "\n".join(line for line, before in zip(lines, ["x", *lines], strict=False) if line or before)

    @property
    def agreement(self) -> str:
        """What whoever agrees hands on: a hash of exactly what was shown."""
        return json_sha256(self.text)

    def model(self, base: Path, folders: Mapping[str, Path], sha256: Mapping[str, str]) -> Model:
        """The catalogue's model, once its steps lie in `folders` below `base`."""
        steps = [
            {**step, "folder": folders[name].relative_to(base).as_posix(), "sha256": sha256.get(name, "")}
            for step in self.entry["steps"]
            for name in [step["name"]]
        ]
        return Model.from_dict({**self.entry, "about": self.about, "folder": ".", "steps": steps}, base)


def available() -> list[Offer]:
    """All that can be fetched, whether it is here already or not.

    Raises
    ------
    UnusableModel
        When an entry cannot be right.
    """
    files = [RESOURCES / "Models.json", *([Path(os.environ[MORE])] if os.environ.get(MORE) else [])]
    found: dict[str, Offer] = {}
    for file in files:
        for entry in read_json(file).get("available", []):
            one = _offer(entry)
            found[one.model_id] = one
    return list(found.values())


def offers() -> list[Offer]:
    """What can be fetched and is not here yet."""
    return [one for one in available() if not one.installed]


def offer(model_id: str) -> Offer:
    """The offer of that id.

    Raises
    ------
    BadInput
        When there is none.
    """
    known = available()
    for one in known:
        if one.model_id == model_id:
            return one
    raise BadInput(f"No weights '{model_id}' are offered. Known are: {', '.join(one.model_id for one in known)}.")


def _offer(entry: Mapping[str, Any]) -> Offer:
    try:
        entry = dict(entry)
        about, licence_text = str(entry.pop("about")), str(entry.pop("licence_text"))
        steps, downloads = [], []
        for given in entry.pop("steps"):
            step = dict(given)
            told = dict(step.pop("download"))
            download = Download(step["name"], step["title"], **{**told, "sha256": told["sha256"] or ""})
            inside(Path("archive"), download.member)
            if not all(type(size) is int and size > 0 for size in (download.bytes, download.unpacked_bytes)):
                raise ValueError("the sizes of a download are whole numbers of bytes")
            steps.append(step)
            downloads.append(download)
        made = Offer({**entry, "steps": steps}, licence_text, about, tuple(downloads))
        made.model(Path("model"), {step["name"]: Path("model") / step["name"] for step in steps}, {})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        named = entry.get("id", "without an id") if isinstance(entry, Mapping) else "that is no object"
        raise UnusableModel(f"The offer of weights '{named}' cannot be used ({error}).") from error
    return made
