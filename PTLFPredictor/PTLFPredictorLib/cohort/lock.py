"""Lock files: all that a run was made from, so that it can be made again (`repeat`).

The order of a run's files: the report and its tables; then ``lock.json``, which holds their SHA-256; then the
signature, whose evidence holds the lock's.  Of the signature the lock therefore holds the hash without the evidence.
"""

from __future__ import annotations

import contextlib
import datetime
import importlib.metadata
import json
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import __version__, json_text
from ..errors import BadInput
from ..hashes import file_sha256, json_sha256
from ..outputs import output_folder
from ..signature.files import path_of
from . import plan as plans

NAME = "lock.json"
SCHEMA = "ptlf-lock/1"

SIGNATURE = "signature.json"

PACKAGES = (
    "numpy",
    "scipy",
    "SimpleITK",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "statsmodels",
    "matplotlib",
    "joblib",
)
"""Whose versions can change a number or a drawing."""


@dataclass(frozen=True)
class Input:
    """A file or folder that a run reads.

    Parameters
    ----------
    name : str
        As the lock says it: the path of the first run, or the id of a shipped signature.
    path : Path
        Where it is now.
    sha256 : str
        See `sha256_of`.
    """

    name: str
    path: Path
    sha256: str


@dataclass(frozen=True)
class Recipe:
    """What a run is made from.

    Parameters
    ----------
    command : str
        "calibrate", "develop" or "validate".
    plan : mapping
        JSON of the command's plan; see `plan.to_json`.
    inputs : mapping of str to Input
        "table", "features", "signature" ...
    time : str
        Start of the first run, ISO 8601 in UTC; report, evidence and lock show this one.
    """

    command: str
    plan: Mapping[str, Any]
    inputs: Mapping[str, Input]
    time: str

    @classmethod
    def of(cls, command: str, plan: Any, inputs: Mapping[str, Path | str | None]) -> Recipe:
        """Of a run that starts now; an input that is None was not given.

        Parameters
        ----------
        plan : frozen dataclass
        inputs : mapping of str to path
            "table", "features", "signature" (also the id of a shipped one) ...
        """
        given = {name: _input(str(path)) for name, path in inputs.items() if path is not None}
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        return cls(command, plans.to_json(plan), given, now)

    def path(self, name: str) -> Path | None:
        """Where an input is; None where it was not given."""
        return self.inputs[name].path if name in self.inputs else None


@dataclass(frozen=True)
class Lock:
    """A lock file.

    Parameters
    ----------
    recipe : Recipe
    seeds : mapping of str to int
    versions : mapping of str to str
        Of this program, Python, the machine and `PACKAGES`.
    outputs : mapping of str to str
        SHA-256 of each file, by its path in the folder.
    signature : str
        SHA-256 of the canonical JSON of the signature, which is written after the lock, without its evidence; "" where
        the run made none.
    """

    recipe: Recipe
    seeds: Mapping[str, int]
    versions: Mapping[str, str]
    outputs: Mapping[str, str]
    signature: str = ""


def versions() -> dict[str, str]:
    """Versions of this program, Python, the machine and the packages; "" of a package that is not installed."""
    found = {"ptlfpredictor": __version__, "python": platform.python_version()}
    found["machine"] = f"{platform.system()} {platform.machine()}"
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = ""
    return found


def sha256_of(path: Path) -> str:
    """SHA-256 of a file; of a folder, that of the names and hashes of the JSON and Parquet files directly in it.

    Others, such as an extraction's log of times, are not read by a run.
    """
    if path.is_dir():
        files = sorted(one for one in path.iterdir() if one.suffix in (".json", ".parquet"))
        return json_sha256({one.name: file_sha256(one) for one in files})
    return file_sha256(path)


@contextlib.contextmanager
def result_folder(out: Path) -> Iterator[Path]:
    """A staging folder; when the block ends well, its files take the place of a former result of a cohort in `out`.

    The lock is the record: it goes first and comes last.  Files that the former lock names and the new result does not
    have are removed; nothing else in `out` is touched.

    Raises
    ------
    BadInput
        As `outputs.output_folder`.
    """
    out = Path(out)
    names = [NAME, SIGNATURE]
    with contextlib.suppress(BadInput, OSError):
        names += read(out / NAME).outputs
    with output_folder(out, names) as made:
        yield made
        new = (path.relative_to(made).as_posix() for path in sorted(made.rglob("*")) if path.is_file())
        names += [name for name in new if name not in names]


def write(
    folder: Path,
    recipe: Recipe,
    *,
    seeds: Mapping[str, int] | None = None,
    signature: Mapping[str, Any] | None = None,
) -> str:
    """Write ``lock.json`` beside a run's files, all of which but the signature exist by now; its SHA-256.

    Parameters
    ----------
    folder : Path
        Every file in it, at any depth, is an output.
    seeds : mapping of str to int
    signature : mapping
        JSON of the signature that will be written after the lock; evidence that it may have does not count.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != NAME)
    data = {
        "schema": SCHEMA,
        "command": recipe.command,
        "time": recipe.time,
        "plan": dict(recipe.plan),
        "seeds": dict(seeds or {}),
        "inputs": {name: {"name": one.name, "sha256": one.sha256} for name, one in recipe.inputs.items()},
        "versions": versions(),
        "outputs": {path.relative_to(folder).as_posix(): file_sha256(path) for path in files},
        "signature": "" if signature is None else content_sha256(signature),
    }
    (folder / NAME).write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    return file_sha256(folder / NAME)


def read(path: Path) -> Lock:
    """A lock file.

    Raises
    ------
    BadInput
    """
    try:
        data = json_text.read(path)
    except OSError as error:
        raise BadInput(f"The lock file '{path}' cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise BadInput(f"The lock file '{path.name}' is not JSON: {error}.") from error
    if not isinstance(data, Mapping) or data.get("schema") != SCHEMA:
        raise BadInput(f"'{path.name}' is no lock file of this program: its 'schema' is not '{SCHEMA}'.")
    try:
        inputs = {name: _named(one["name"], one["sha256"]) for name, one in data["inputs"].items()}
        recipe = Recipe(str(data["command"]), dict(data["plan"]), inputs, str(data["time"]))
        rest = (dict(data[name]) for name in ("seeds", "versions", "outputs"))
        return Lock(recipe, *rest, signature=str(data["signature"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"The lock file '{path.name}' is not complete: {error!r}.") from error


def found(lock: Lock, elsewhere: Mapping[str, Path | None]) -> Recipe:
    """The recipe of a lock whose inputs are the ones that it names, some of them moved to `elsewhere`.

    Raises
    ------
    BadInput
        Where an input is not there, or is not what it was.
    """
    moved = {name: path for name, path in elsewhere.items() if path is not None}
    if strange := sorted(set(moved) - set(lock.recipe.inputs)):
        raise BadInput(f"The run of this lock file read no {', '.join(strange)}.")
    inputs = {}
    for name, one in lock.recipe.inputs.items():
        path = Path(moved.get(name, one.path))
        if not path.exists():
            raise BadInput(f"The {name} of the first run is not at '{path}'. Say where it is: --{name} PATH.")
        if sha256_of(path) != one.sha256:
            raise BadInput(
                f"The {name} '{path}' is not the one of the first run (SHA-256 {one.sha256[:12]}...): it was changed "
                "since. The same result can only be made from the same input."
            )
        inputs[name] = replace(one, path=path)
    return replace(lock.recipe, inputs=inputs)


def content_sha256(signature: Mapping[str, Any]) -> str:
    """SHA-256 of a signature file's JSON without its evidence."""
    numbers = {name: value for name, value in signature.items() if name != "evidence"}
    return json_sha256(json.loads(json.dumps(numbers)))


def _named(name: str, sha256: str) -> Input:
    return Input(name, path_of(name), sha256)


def _input(given: str) -> Input:
    one = _named(given, "")
    try:
        path = one.path.resolve(strict=True)
        return Input(given if one.path != Path(given) else str(path), path, sha256_of(path))
    except OSError as error:
        raise BadInput(f"'{given}' cannot be read: {error.strerror or error}.") from error
