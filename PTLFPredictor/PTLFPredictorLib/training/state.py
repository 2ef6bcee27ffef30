"""``training.json``: what a run that goes on must have in common with its beginning, and which steps are done."""

from __future__ import annotations

import importlib.metadata
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import BadInput
from ..hashes import file_sha256, json_sha256
from .cases import TrainingCase
from .checks import FILE as CHECKS
from .dataset import write_json
from .recipe import Recipe
from .split import Split

STATE, SPLIT = "training.json", "split.json"


class State:
    """``training.json``: what a run that goes on must have in common with its beginning, and what is done."""

    def __init__(self, out: Path):
        self.path, self.out = out / STATE, out

    @classmethod
    def begin(cls, out: Path, cases: Sequence[TrainingCase], recipe: Recipe, name: str) -> State:
        """Compare with an earlier run in this folder, or begin.

        Raises
        ------
        BadInput
        """
        state = cls(out)
        asked = json.loads(json.dumps(recipe.to_dict()))
        files = {case.id: _fingerprint(case) for case in cases}
        nnunet = importlib.metadata.version("nnunetv2")
        if not state.path.exists():
            others = [one for one in os.listdir(out) if not one.startswith(".") and one != CHECKS]
            if others:
                raise BadInput(f"'{out}' holds other files ('{others[0]}'). Give a new folder.")
        if not (out / SPLIT).exists():  # nothing was trained yet: the cases may have been corrected
            data = {"schema": "ptlf-training/1", "name": name, "recipe": asked, "files": files}
            write_json(state.path, {**data, "nnunetv2": nnunet, "started": time.strftime("%Y-%m-%d")})
            return state
        before = state.read()
        again = f"Give a new folder, or remove '{out}' to begin anew."
        if changed := [key for key, value in asked.items() if before["recipe"].get(key) != value]:
            was = ", ".join(f"{key} was {_short(before['recipe'].get(key))}" for key in changed)
            raise BadInput(f"'{out}' holds a training with other options ({was}). {again}")
        if before["name"] != name:
            raise BadInput(f"'{out}' holds the training of '{before['name']}'. {again}")
        if different := sorted(one for one in {*before["files"], *files} if before["files"].get(one) != files.get(one)):
            raise BadInput(
                f"The cases are not those that the training in '{out}' began with; changed, added or gone: "
                f"{', '.join(different[:8])}{' ...' if len(different) > 8 else ''}. {again}"
            )
        if before["nnunetv2"] != nnunet:
            raise BadInput(f"The training in '{out}' began with nnU-Net {before['nnunetv2']}, not {nnunet}.")
        return state

    def read(self) -> dict[str, Any]:
        try:
            return json.loads(self.path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise BadInput(f"'{self.path}' is damaged; give a new folder.") from error

    def get(self, key: str) -> Any:
        return self.read().get(key)

    def put(self, key: str, value: Any) -> Any:
        write_json(self.path, {**self.read(), key: value})
        return value

    @property
    def synthetic(self) -> bool:
        return bool(self.get("synthetic"))

    def split(self) -> Split | None:
        """The split that was written down; the data set is whole then."""
        file = self.out / SPLIT
        return Split.from_dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None


def _short(value: Any) -> Any:
    return value.get("configuration") if isinstance(value, dict) else value


def _fingerprint(case: TrainingCase) -> str:
    """Of all bytes that the case is read from, and of what was said of it."""
    missing = next((file for file in case.files if not file.exists()), None)
    if missing is not None:
        return "missing"
    said = [sorted((role.value, list(values)) for role, values in (case.labels or {}).items()), case.patient]
    said += [case.part, case.series, [source.role for source in case.segmentation]]
    return json_sha256([said, [file_sha256(file) for file in case.files if file.is_file()]])
