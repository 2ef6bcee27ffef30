"""Weights that were offered become a model of the user."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ... import json_text
from ...errors import BadInput, UnusableModel
from ...hashes import file_sha256
from ...outputs import output_file
from ...progress import Progress, no_progress
from .. import model_folder
from ..catalogue import find_model, verify, with_mark_of_its_weights
from ..model import Model
from ..model_archive import unpack_members
from ..model_digests import user_folder
from ..said_labels import model_labels, parse_labels
from ..user_models import adding, install
from . import place
from .download import download
from .offer import Download, Offer, offer
from .part import Part
from .totalsegmentator import weights_folder

WORKER = "PTLFPredictorLib.segmentation.weights_store.worker"

SOURCE = "source.json"
"""Beside a model's entry: where its weights came from, the SHA-256 of what came, and what was agreed to (`fetch`)."""

KNOWN = "known.json"
"""Address -> SHA-256 of what came from it first, where the publisher prints none."""

TOTALSEGMENTATOR = "totalsegmentator"
"""As a source of `bring`: the folder that TotalSegmentator has filled."""

UNPACKING = "Unpacking and checking"
"""The last stage that is told of a model on its way; before it come those of each archive."""


def fetch_job(model_id: str, agreed: str) -> dict[str, Any]:
    """For `WORKER`; see `fetch`."""
    return {"do": "fetch", "model": model_id, "agreed": agreed}


def import_job(source: str | Path, for_id: str = "", labels: str = "", **entry: Any) -> dict[str, Any]:
    """For `WORKER`: `bring` for the offer of an id, else `catalogue.add` with fields of the entry.

    Parameters
    ----------
    labels : str
        What a person says of the model's labels (`said_labels.parse_labels`); "" where their names tell.
    """
    roles = model_labels(parse_labels(labels or None))
    job = {"do": "bring" if for_id else "add", "model": for_id, "source": str(source), "entry": entry}
    return job | ({} if roles is None else {"labels": {str(role): list(values) for role, values in roles.items()}})


def model_fetched(outputs: Mapping[str, Path]) -> Model:
    """The model that `WORKER` has put among the user's."""
    return find_model(json.loads(outputs["model"].read_text(encoding="utf-8"))["id"])


def fetch(model_id: str, agreed: str, *, progress: Progress = no_progress, **options: Any) -> Model:
    """Download what is offered under that id, check it and put it among the user's models.

    Parameters
    ----------
    model_id : str
    agreed : str
        `Offer.agreement` of what was shown to whoever agreed; without it, no connection is made.
    progress : Progress
        May raise to stop; what has come is kept and continued the next time.
    **options
        Of `download.download`.

    Raises
    ------
    BadInput, UnusableModel, PTLFError
        With a sentence; nothing was added then.
    """
    wanted = offer(model_id)
    if agreed != wanted.agreement:
        raise BadInput(f"The licence of '{model_id}' has not been agreed to as it reads now. Nothing was fetched.")
    _require_absent(wanted)
    with place.alone(progress) as folder:
        _require_absent(wanted)
        targets = {one.step: folder / f"{one.step}-{one.file_name}" for one in wanted.downloads}
        place.require_space(wanted.bytes_needed, bytes_come(wanted))
        told = {}
        for one in wanted.downloads:
            digest = _fetched(one, targets[one.step], progress, options)
            told[one.step] = {"url": one.url, "bytes": targets[one.step].stat().st_size, "sha256": digest}
        sources = {one.step: (targets[one.step], one.member) for one in wanted.downloads}
        try:
            model = _made(wanted, sources, told, progress, agreed)
        except UnusableModel:  # nor will they make one the next time; a full disk or a stop may
            _drop(targets.values())
            raise
        _remember({one.url: told[one.step]["sha256"] for one in wanted.downloads if not one.sha256})
        _drop(targets.values())
    return model


def _drop(archives: Iterable[Path]) -> None:
    for archive in archives:
        archive.unlink()


def bring(model_id: str, sources: Sequence[str | Path], *, progress: Progress = no_progress) -> Model:
    """Make the model of that id of what lies on this computer: its publisher's zips, or folders unpacked of them.

    Parameters
    ----------
    model_id : str
    sources : sequence of str or Path
        Zip archives, folders that hold them, the folder of a training or one above it; or `TOTALSEGMENTATOR`.

    Raises
    ------
    BadInput
        When the weights of a step are in none of them, with where to get them.
    UnusableModel
        When they are not what is offered, or not to be trusted.
    """
    wanted = offer(model_id)
    _require_absent(wanted)
    given = [weights_folder() if str(source) == TOTALSEGMENTATOR else Path(source) for source in sources]
    for source, named in zip(given, sources, strict=True):
        if not source.exists() and str(named) == TOTALSEGMENTATOR:
            raise BadInput(
                f"TotalSegmentator has fetched no weights here: there is no '{source}'. Where it keeps them elsewhere, "
                "name that folder in TOTALSEG_WEIGHTS_PATH, or after --from."
            )
        if not source.exists():
            raise BadInput(f"There is no '{source}'.")
        if source.is_file() and not zipfile.is_zipfile(source):
            raise BadInput(f"'{source.name}' is no zip archive, or only a part of one. Fetch it again, as a whole.")
    found = {one.step: _found_in(given, one) for one in wanted.downloads}
    if missing := [one for one in wanted.downloads if found[one.step] is None]:
        places = "; ".join(f"{one.title}: {one.url}" for one in missing)
        raise BadInput(f"Weights of '{model_id}' are in none of the places that were named. {places}")
    there = {step: source for step, source in found.items() if source is not None}
    told = {}
    for one in wanted.downloads:
        path, _ = there[one.step]
        told[one.step] = {"from": path.name}
        if path.is_file():
            progress(f"Checking {one.title}", 0, 1)
            told[one.step] |= {"bytes": path.stat().st_size, "sha256": file_sha256(path)}
            if one.sha256 and told[one.step]["sha256"] != one.sha256:
                raise BadInput(f"'{path.name}' is not {one.title}: its SHA-256 is another than its publisher's.")
    return _made(wanted, there, told, progress)


def is_with_totalsegmentator(wanted: Offer) -> bool:
    """Whether TotalSegmentator has fetched all of its weights already."""
    return all(_found_in([weights_folder()], one) for one in wanted.downloads)


def bytes_come(wanted: Offer) -> int:
    """What lies here of a download that was cut or stopped, for the next one to go on with."""
    return sum(path.stat().st_size for path in _come(wanted) if path.suffix != ".json" and path.exists())


def drop_partial(model_id: str) -> int:
    """Remove what has come of a download that nobody wants to go on with; returns its bytes.

    Raises
    ------
    BadInput
        When a download is running, in whatever process.
    """
    wanted = offer(model_id)
    with place.alone(no_progress, waits=False):
        size = bytes_come(wanted)
        for path in _come(wanted):
            path.unlink(missing_ok=True)
    return size


def _come(wanted: Offer) -> list[Path]:
    """Where archives lie, whole and in part, and the notes beside the latter."""
    targets = [place.downloads_folder() / f"{one.step}-{one.file_name}" for one in wanted.downloads]
    parts = [Part(target.with_name(f"{target.name}.part")) for target in targets]
    return [*targets, *(path for part in parts for path in (part.path, part.notes))]


def _require_absent(wanted: Offer) -> None:
    if wanted.installed:
        raise BadInput(f"The model '{wanted.model_id}' is here already.")


def _fetched(one: Download, target: Path, progress: Progress, options: Mapping[str, Any]) -> str:
    """SHA-256 of the archive once it lies in `target`: the publisher's, or the same as the first time."""
    expected = one.sha256 or _known().get(one.url, "")
    if target.exists():  # whole, of a run that was stopped between two archives
        digest = file_sha256(target)
        if not expected or digest == expected:
            return digest
        target.unlink()
    size = {"size": one.bytes, "exact": bool(one.sha256)}
    return download(one.url, target, **size, sha256=expected, what=one.what, progress=progress, **options)


def _remember(digests: Mapping[str, str]) -> None:
    with output_file(user_folder() / KNOWN) as part:
        part.write_text(json.dumps({**_known(), **digests}, indent=1), encoding="utf-8")


def _known() -> dict[str, str]:
    try:
        data = json_text.read(user_folder() / KNOWN)
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _found_in(sources: Sequence[Path], one: Download) -> tuple[Path, str] | None:
    """The archive or folder that holds the weights of a step, and the folder in an archive."""
    dataset, training = PurePosixPath(one.member).parts[0], PurePosixPath(one.member).name
    for source in sources:
        if source.is_file():
            if _holds(source, one.member):
                return source, one.member
            continue
        folders = [source / one.member]
        folders += [source / training] if source.name == dataset else []
        folders += [source] if (source.parent.name, source.name) == (dataset, training) else []
        for folder in folders:
            if folder.is_dir():
                return folder, ""
        for archive in sorted(source.glob("*.zip")):
            if _holds(archive, one.member):
                return archive, one.member
    return None


def _holds(archive: Path, member: str) -> bool:
    try:
        with zipfile.ZipFile(archive) as opened:
            return any(PurePosixPath(name).is_relative_to(member) for name in opened.namelist())
    except (zipfile.BadZipFile, OSError):
        return False


def _made(
    wanted: Offer,
    sources: Mapping[str, tuple[Path, str]],
    told: Mapping[str, Mapping[str, Any]],
    progress: Progress,
    agreed: str = "",
) -> Model:
    """The model of archives and folders, checked before anything of it is executed, in its place."""
    count = len(wanted.downloads)
    with adding() as made:
        staged = made / "model"
        folders = {}
        for done, one in enumerate(wanted.downloads):
            progress(UNPACKING, done, count)
            source, member = sources[one.step]
            if source.is_dir():
                model_folder.copy(source, staged / one.step)
            else:
                unpack_members(source, staged / one.step, below=member)
            folders[one.step] = model_folder.locate(staged / one.step)
        model = wanted.model(staged, folders, {})
        sha256 = {step.name: model_folder.checksum(step.folder, step.folds) for step in model.steps}
        model = verify(wanted.model(staged, folders, sha256))
        model = with_mark_of_its_weights(model)
        record = {"time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "agreement": agreed, "steps": told}
        (staged / SOURCE).write_text(json.dumps(record, indent=1), encoding="utf-8")
        progress(UNPACKING, count, count)
        return install(staged, model)


def source_of(model: Model) -> dict[str, Any]:
    """Where the weights of a model came from; {} where that was not written down."""
    try:
        data = json_text.read(model.folder / SOURCE)
    except (OSError, ValueError):
        return {}
    if not isinstance(data, dict):
        raise UnusableModel(f"'{SOURCE}' of model '{model.id}' holds no object.")
    return data
