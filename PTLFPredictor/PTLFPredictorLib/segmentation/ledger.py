"""Which masks this computer's product has drawn or read with a model's mark: for files that have lost their marks.

An entry holds a CT's `identity`, the model, the share of changed voxels and the label map itself (packed bits of its
box); no name, no path, no patient.  Entries lie in `folders.data_folder()` / "ledger", one file each, named by hashes,
at most `ENTRIES` and `BYTES`; the oldest go.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from ..ct import Finding, Level
from ..folders import data_folder, keep
from ..hashes import json_sha256
from .origin import Drawn, Known, Origin
from .regions import ORGAN, Region, Regions, changed_share, dice, lesions_of, regions_of

SCHEMA = "ptlf-ledger/1"

ENTRIES, BYTES = 10_000, 500_000_000
"""An entry of a liver in 5 mm slices has 20 to 80 kB."""

SAME_DICE = 0.99
"""Dice with an entry of the same CT from which a mask is that model's; two readers reach some 0.95 to 0.97."""

TINY = 64
"""Voxels: fewer may be the same by chance."""

SAME_PLACE_MM = 0.1


@dataclass(frozen=True)
class Entry:
    """One remembered mask."""

    ct: str
    model: Mapping[str, Any]
    changed: float
    at_least: bool
    post_processing: Mapping[str, Any]
    regions: Regions

    @property
    def for_patients(self) -> bool:
        return bool(self.model.get("for_patients"))


def folder() -> Path:
    return data_folder() / "ledger"


def remember(ct_identity: str, labels: sitk.Image, origin: Origin) -> Finding | None:
    """Keep a mask that a model drew; anything else, and what only a reader says, is not kept.

    Parameters
    ----------
    ct_identity : str
        `CT.identity`.
    labels : sitk.Image
        0 background, 1 parenchyma, 2 tumour, 3 a lesion that a reader left out, on the grid of the canonical CT.
    origin : Origin

    Returns
    -------
    Finding or None
        That the ledger cannot be written.  The user's result stands; its files carry their marks, but a copy that
        loses them will be unknown here, and withheld until a reader names who drew it.
    """
    if origin.drawn is not Drawn.MODEL or origin.model is None or origin.known is Known.READER:
        return None
    regions = regions_of(labels)
    if ORGAN not in regions:
        return None
    facts = {
        "schema": SCHEMA,
        "ct": ct_identity,
        "model": dict(origin.model),
        "changed": origin.changed,
        "at_least": origin.at_least,
        "post_processing": dict(origin.post_processing),
        "regions": {
            role: {"shape": region.mask.shape, "corner": region.corner, "steps": region.steps, "voxels": region.voxels}
            for role, region in regions.items()
        },
    }
    bits = b"".join(np.packbits(region.mask).tobytes() for region in regions.values())
    data = gzip.compress(json.dumps(facts).encode() + b"\n" + bits, compresslevel=6, mtime=0)
    name = "-".join([ct_identity[:16], *_shorts(regions), json_sha256(facts)[:16]])
    try:
        keep(folder() / f"{name}.gz", data, entries=ENTRIES, size=BYTES)
    except OSError as error:
        message = (
            f"The list of masks that models drew on this computer cannot be written ({error.strerror or error}). "
            "A copy of these segments that loses its marks will not be recognised here."
        )
        return Finding("ledger_not_written", Level.WARN, message)
    return None


def find(ct_identity: str, labels: sitk.Image) -> tuple[Origin, float] | None:
    """The model that drew a mask, and the share of its voxels (of the union) that differ from what is remembered.

    It is the model's when its organ, its tumour or all its lesions (those that a reader left out among them) are, voxel
    for voxel and at their place, those of an entry of any CT, or have a Dice coefficient of at least `SAME_DICE` with
    those of an entry of the same CT.

    `Origin.changed` is the share since the model drew it; at least that (`Origin.at_least`), where no entry is as the
    model drew it and none is these very voxels.
    """
    now = regions_of(labels)
    found = []
    for path in _candidates(ct_identity, now):
        entry = _read(path)
        if entry is not None and _drawn_alike(entry, ct_identity, now):
            found.append((changed_share(entry.regions, now), entry.for_patients, path, entry))
    if not found:
        return None
    measured, _, path, entry = min(found, key=lambda item: item[:2])
    with contextlib.suppress(OSError):
        os.utime(path)  # what is in use is not the oldest
    as_drawn = [
        share for share, _, _, other in found if other.model == entry.model and not (other.changed or other.at_least)
    ]
    these = measured == 0 and not entry.at_least
    counted = min(as_drawn) if as_drawn and not these else abs(entry.changed - measured)
    origin = Origin(
        Drawn.MODEL,
        Known.LEDGER,
        entry.model,
        changed=counted,
        at_least=not (these or as_drawn),
        post_processing=entry.post_processing,
    )
    return origin, measured


def _drawn_alike(entry: Entry, ct_identity: str, now: Regions) -> bool:
    pairs = [(entry.regions[role], now[role]) for role in entry.regions.keys() & now.keys()]
    pairs.append((lesions_of(entry.regions), lesions_of(now)))
    for before, region in pairs:
        if before is None or region is None or min(before.count, region.count) < TINY:
            continue
        at_its_place = np.abs(np.subtract(before.corner, region.corner)).max() < SAME_PLACE_MM
        if at_its_place and before.voxels == region.voxels:
            return True
        if entry.ct == ct_identity and dice(before, region) >= SAME_DICE:
            return True
    return False


def _candidates(ct_identity: str, now: Regions) -> Iterator[Path]:
    """Entries of the same CT, and those with the same organ or lesions, told by their file names."""
    organ, lesions = _shorts(now)
    try:
        names = sorted(os.listdir(folder()))
    except OSError:
        return
    for name in names:
        parts = name.removesuffix(".gz").split("-")
        if len(parts) != 4 or not name.endswith(".gz"):
            continue
        if parts[0] == ct_identity[:16] or organ == parts[1] != NONE or lesions == parts[2] != NONE:
            yield folder() / name


NONE = "0" * 16


def _shorts(regions: Regions) -> list[str]:
    return [NONE if region is None else region.voxels[:16] for region in (regions.get(ORGAN), lesions_of(regions))]


def _read(path: Path) -> Entry | None:
    """An entry; None where it is damaged, or gone in the meantime."""
    try:
        head, _, bits = gzip.decompress(path.read_bytes()).partition(b"\n")
        facts = json.loads(head)
        regions = {}
        for role, item in facts["regions"].items():
            size = int(np.prod(item["shape"]))
            packed, bits = np.frombuffer(bits[: (size + 7) // 8], np.uint8), bits[(size + 7) // 8 :]
            mask = np.unpackbits(packed, count=size).astype(bool).reshape(item["shape"])
            regions[role] = Region(mask, tuple(item["corner"]), tuple(item["steps"]))
            if regions[role].voxels != item["voxels"]:
                return None
        model, changed, more = dict(facts["model"]), float(facts["changed"]), bool(facts.get("at_least"))
        return Entry(facts["ct"], model, changed, more, dict(facts["post_processing"]), regions)
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, AttributeError):
        return None
