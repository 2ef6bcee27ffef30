"""Finished cases, kept by what they depend on: the files' bytes, all that was asked, and the versions that compute."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ... import json_text
from ...case import files_read
from ...errors import BadInput, PTLFError
from ...hashes import file_sha256, json_sha256
from ...segmentation.reading import Source
from .contained import Outcome
from .job import CaseJob

FORMAT = 2
"""Of the entries; raised when what an entry holds, or what it depends on, changes."""

FOLDER = "cache"
"""In the folder of an extraction: may be deleted, and is then computed again."""

NOT_THERE = "not there"

KEPT_FAILURES = (BadInput.exit_code, PTLFError.exit_code)
"""Failures that would happen again: bad input, a crash.  One for want of memory or of a package is tried again."""


class Cache:
    """Entries of one folder, one JSON file each (and a label map beside, where a model drew it).

    Parameters
    ----------
    folder : Path
        Made when something is kept.
    """

    def __init__(self, folder: Path):
        self.folder = Path(folder)

    def get(self, key: str) -> dict[str, Any] | None:
        """What was kept; None where nothing was, or the file is damaged."""
        try:
            found = json_text.read(self._path(key))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) and found.get("key") == key else None

    def labels(self, key: str) -> Path:
        """The label map of a case that a model drew."""
        return self.folder / f"{key}.nii.gz"

    def keep(self, key: str, outcome: Outcome) -> dict[str, Any]:
        """Keep an outcome, and return its entry; of failures only `KEPT_FAILURES` are written.

        Raises
        ------
        BadInput
            Where it cannot be written.
        """
        entry: dict[str, Any] = {"key": key, "problem": outcome.problem}
        if not outcome.exit_code:
            entry |= json.loads(outcome.files["case"])
        elif outcome.exit_code not in KEPT_FAILURES:
            return entry
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if "labels" in outcome.files:
                self._write(self.labels(key), outcome.files["labels"])
            self._write(self._path(key), json.dumps(entry, allow_nan=False).encode())
        except OSError as error:
            raise BadInput(f"Finished cases cannot be kept in '{self.folder}': {error.strerror or error}.") from error
        return entry

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    @staticmethod
    def _write(path: Path, data: bytes) -> None:
        """In one step: a run that is killed leaves no half of an entry."""
        handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            os.replace(name, path)
        finally:
            with contextlib.suppress(OSError):
                os.unlink(name)


def key_of(job: CaseJob, model_sha256: str = "") -> str:
    """What a case depends on, as one hash; no path and no id is in it.

    Parameters
    ----------
    job : CaseJob
    model_sha256 : str
        `Model.files_sha256` of the model that draws.
    """
    sources, question = job.sources, job.question
    signature, phase = question.signature, question.phase
    origin = sources.mask_origin
    return json_sha256(
        {
            "format": FORMAT,
            "software": dict(job.software),
            "ct": _ct(sources.ct),
            "series": [sources.series_uid, sources.acquisition],
            "segmentation": None if sources.segmentation is None else _segmentation(sources.segmentation),
            "second": _segmentation(job.second),
            "labels": None
            if sources.labels is None
            else {str(role): list(one) for role, one in sources.labels.items()},
            "mask_origin": None if origin is None else origin.to_dict(),
            "phase": None if phase is None else phase.to_dict(),
            "model": None if sources.segmentation is not None else [model_sha256, sources.how.to_dict()],
            "post_processing": sources.post_processing.to_dict(),
            "protocol": asdict(signature.protocol),
            "to_protocol": sources.to_protocol,
            "settings": signature.extraction.to_dict(),
            "engine": sources.engine,
            "wanted": {voi: None if names is None else list(names) for voi, names in job.wanted.items()},
        }
    )


def model_checksum(job: CaseJob) -> str:
    """Of the model that draws a case's segments, "" where none does."""
    model = job.sources.model
    return "" if model is None else model.files_sha256()


def _ct(path: Path) -> list[list[str]]:
    """Name and SHA-256 of the files; the names below the folder, for a file's name tells its format."""
    with contextlib.suppress(OSError, PTLFError):
        files, _ = files_read(path)
        return [[_name(file, path), _sha256(file)] for file in files] or [["", NOT_THERE]]
    return [["", NOT_THERE]]


def _name(file: Path, path: Path) -> str:
    return file.relative_to(path).as_posix() if path in file.parents else file.name


def _segmentation(given: Iterable[Source]) -> list[list[Any]]:
    found: list[list[Any]] = []
    for source in given:
        with contextlib.suppress(OSError, PTLFError):
            files, _ = files_read(segmentation=source)
            found += [[source.role, file.name, _sha256(file)] for file in files]
    return found


def _sha256(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError:
        return NOT_THERE


def keys_of(jobs: Sequence[CaseJob], threads: int, tell: Any) -> list[str]:
    """`key_of` of all jobs, in their order; `tell` is called after each."""
    from joblib import Parallel, delayed

    checksums: Mapping[Any, str] = {model.folder: model_checksum(job) for job in jobs if (model := job.sources.model)}

    def one(job: CaseJob) -> str:
        model = job.sources.model
        return key_of(job, "" if model is None else checksums[model.folder])

    keys = []
    for key in Parallel(n_jobs=threads, backend="threading", return_as="generator")(delayed(one)(job) for job in jobs):
        keys.append(key)
        tell(len(keys))
    return keys
