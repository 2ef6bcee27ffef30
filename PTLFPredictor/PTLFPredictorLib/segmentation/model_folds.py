"""Which of a training's folds and states are used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .model_files import CHECKPOINT, CHECKPOINT_BEST


def checkpoint_files(folder: Path, folds: Sequence[str] = ()) -> list[Path]:
    """The weights' files, one for each fold, as nnU-Net chooses them: all numbered folds, fold_all only alone.

    All are of one kind, the training's last state; its best state only where no fold has the last.

    Parameters
    ----------
    folder : Path
    folds : sequence of str
        "0", "1" ... or "all"; () as above.
    """
    for name in (CHECKPOINT, CHECKPOINT_BEST):
        found = sorted(path for path in Path(folder).glob(f"fold_*/{name}") if path.is_file())
        if folds:
            found = [path for path in found if path.parent.name.removeprefix("fold_") in folds]
            found = found if len(found) == len(set(folds)) else []
        else:
            found = [path for path in found if path.parent.name != "fold_all"] or found
        if found:
            return found
    return []


def notes_of(folder: Path, used: Sequence[Path]) -> tuple[str, ...]:
    """Sentences for the record on which weights of a folder are used, where that is not plain."""
    notes = []
    if used[0].name == CHECKPOINT_BEST:
        notes.append(
            f"The weights are of the training's best state ({CHECKPOINT_BEST}); its last is not in the folder."
        )
    there = {path.parent.name for name in (CHECKPOINT, CHECKPOINT_BEST) for path in folder.glob(f"fold_*/{name}")}
    if left_out := sorted(there - {path.parent.name for path in used}):
        notes.append(
            f"Of the model's folds, {', '.join(path.parent.name for path in used)} drew, not {', '.join(left_out)}."
        )
    return tuple(notes)
