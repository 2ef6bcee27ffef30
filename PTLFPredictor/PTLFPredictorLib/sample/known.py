"""Which CTs are sample cases: those that this product drew on this computer, and those that it can draw again.

A CT is known by its `CT.identity`, whatever its file is called; a file that claims to be a sample case is never
believed, but drawn again and compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from ..ct import canonical
from ..folders import data_folder, keep
from ..progress import Progress, no_progress
from .cases import SampleCase, make_case

DEMO_SEED = 900_020
"""What is shown and measured where no CT is named: a case that the shipped model was not trained on."""

KEY, NIFTI_KEY = "PTLF_sample", "ITK_FileNotes"
"""Where a sample case's file says so; the second is NIfTI's ``descrip``."""

ENTRIES, BYTES = 10_000, 20_000_000
"""Of the ledger of samples: one small JSON file each; the oldest go, and are drawn again where a file claims them."""

_OPTIONS: dict[str, type] = {"slice_mm": float, "tumours": int, "matrix": int, "noise_sd_hu": float}
_CLAIM = re.compile(r"PTLF1 sample seed=(\d{1,9})((?: [a-z_]+=[0-9.]{1,12})*)", re.ASCII)
_LIMITS = {"slice_mm": (1, 5), "tumours": (0, 4), "matrix": (64, 512), "noise_sd_hu": (0, 100)}
"""What is drawn again for a claim; beyond, nobody believes it."""


def draw(seed: int, *, progress: Progress = no_progress, **options: Any) -> SampleCase:
    """`make_case` for a user: remembered as a sample, and its CT says so in whatever file it is written to."""
    case = make_case(seed, progress=progress, **options)
    remember(canonical(case.ct).identity, seed, options)
    text = claim_text(seed, options)
    case.ct.SetMetaData(KEY, text)
    case.ct.SetMetaData(NIFTI_KEY, text)
    return case


def remember(ct_identity: str, seed: int, options: Mapping[str, Any]) -> None:
    """Keep that this CT is a sample case.  Where it cannot be written, the CT is drawn again once it claims so."""
    data = json.dumps({"seed": seed, "options": dict(options)}).encode()
    try:
        keep(_file(ct_identity), data, entries=ENTRIES, size=BYTES)
    except OSError:
        return


def seed_of(ct_identity: str) -> int | None:
    """The seed of a CT that is known as a sample case; None for any other."""
    try:
        return int(json.loads(_file(ct_identity).read_text(encoding="utf-8"))["seed"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def claim_text(seed: int, options: Mapping[str, Any]) -> str:
    given = "".join(f" {name}={options[name]!r}" for name in _OPTIONS if options.get(name) is not None)
    return f"PTLF1 sample seed={seed}{given}"


def claim_of(path: Path) -> str:
    """What a NRRD, MHA or NIfTI file claims of itself, "" where it claims nothing."""
    if not path.is_file():
        return ""
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError:
        return ""
    texts = (reader.GetMetaData(key).strip(" \0") for key in (KEY, NIFTI_KEY) if reader.HasMetaDataKey(key))
    return next((text for text in texts if _CLAIM.fullmatch(text)), "")


def verified(claim: str, ct_identity: str, progress: Progress = no_progress) -> int | None:
    """The seed of a CT, if it is known as a sample case or is what its claim says once that is drawn again."""
    seed = seed_of(ct_identity)
    match = _CLAIM.fullmatch(claim)
    if seed is not None or match is None:
        return seed
    try:
        given = dict(part.split("=") for part in match[2].split())
        options = {name: _OPTIONS[name](value) for name, value in given.items()}
        if any(not low <= options[name] <= high for name, (low, high) in _LIMITS.items() if name in options):
            return None
    except (ValueError, KeyError):
        return None
    case = make_case(int(match[1]), progress=progress, **options)
    if canonical(case.ct).identity != ct_identity:
        return None
    remember(ct_identity, case.seed, options)
    return case.seed


def _file(ct_identity: str) -> Path:
    return data_folder() / "samples" / f"{ct_identity}.json"
