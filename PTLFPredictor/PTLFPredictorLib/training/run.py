"""From cases to a model package: check, split, plan, train the folds, draw the unseen cases, Table 1, zip.

Each step leaves its result in ``OUT`` when it is done.  The same call again goes on where the last one was stopped;
with other cases or another recipe it is refused.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import child
from ..child.system import cpu_cores
from ..errors import BadInput
from ..folders import STAGED, staging
from ..outputs import output_file
from ..progress import Progress, no_progress
from . import checks, result
from .cases import TrainingCase
from .dataset import Layout, write_json
from .drawing import Drawing
from .folds import Folds
from .recipe import Recipe
from .result import Description
from .split import Item, Split, split
from .state import SPLIT, State

PREPARE = "PTLFPredictorLib.training.prepare_worker"


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Parameters
    ----------
    cases : sequence of TrainingCase
    out : Path
    recipe : Recipe
    description : Description
        What the package says of itself.
    devices : sequence of str
        "cpu", or "cuda:N" for each GPU.
    leave_out_failed : bool
        Train without the cases that fail their checks.
    progress : Progress
        May raise to stop; what is finished stays.
    say : callable
        Given sentences, such as how long it will take.
    """

    cases: Sequence[TrainingCase]
    out: Path
    recipe: Recipe
    description: Description = field(default_factory=Description)
    devices: Sequence[str] = ("cpu",)
    leave_out_failed: bool = False
    progress: Progress = no_progress
    say: Callable[[str], None] = lambda sentence: None

    @property
    def layout(self) -> Layout:
        return Layout.of(self.out, self.description.name)


@dataclass(frozen=True)
class Outlook:
    """What the checks and the split say, before anything is trained."""

    checked: tuple[checks.Checked, ...]
    used: tuple[checks.Checked, ...]
    split: Split


def look(request: Request) -> Outlook:
    """Check and split, and write ``checks.csv``; nothing else is written.

    Raises
    ------
    BadInput
        Naming every case that cannot be trained on.
    """
    with alone(request.out):
        return _look(request, None)


def train(request: Request) -> result.Trained:
    """Train, or go on training.

    Raises
    ------
    BadInput
        The cases cannot be used, or `out` holds the training of other cases or of another recipe.
    """
    with alone(request.out):
        state = State.begin(request.out, request.cases, request.recipe, request.description.name)
        for left in request.layout.root.glob(f"{STAGED}*"):  # of a run that was killed, with the CT it drew on
            shutil.rmtree(left, ignore_errors=True)
        known = state.split() or _make_dataset(request)
        plans = state.get("plans") or state.put("plans", _prepare(request, known))
        folds = Folds(request.layout, request.recipe, plans, request.devices, request.progress, _left(request.say))
        folds.train()
        model = result.model(request.description, state.synthetic)
        drawing = Drawing(request.layout, folds.folder, known, request.devices[0], model, request.progress)
        drawn = drawing.run()
        return result.write(request, state, known, folds.folder, drawing, drawn)


@contextlib.contextmanager
def alone(out: Path) -> Iterator[None]:
    """`out` is made, and no second training works in it at the same time."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with child.system.held(out / ".ptlf-training") as free:
            if not free:
                raise BadInput(f"A training is under way in '{out}'. Wait for it, or stop it.")
            yield
    except OSError as error:
        raise BadInput(f"'{out}' cannot be written to: {error.strerror or error}.") from error


def _look(request: Request, keep: checks.Keep | None) -> Outlook:
    found = checks.check_all(request.cases, keep, request.progress)
    with output_file(request.out / checks.FILE) as part:
        checks.write(part, found)
    used = checks.usable(found, leave_out=request.leave_out_failed)
    if not used:
        raise BadInput("None of the cases can be trained on.")
    patients = dict(zip((one.number for one in found), checks.patients(found), strict=True))
    items = [Item(one.name, patients[one.number], one.tumour_ml, one.slice_mm) for one in used]
    said = {one.name: one.case.part for one in used if one.case.part is not None}
    return Outlook(tuple(found), tuple(used), split(items, request.recipe.folds, request.recipe.seed, said or None))


def _make_dataset(request: Request) -> Split:
    layout = request.layout
    shutil.rmtree(layout.root, ignore_errors=True)  # of a run that was stopped before it had checked all cases

    kept: list[str] = []  # also those that only the comparison with the others will rule out

    def keep(checked: checks.Checked, ct: Any, labels: Any) -> None:
        kept.append(checked.name)
        layout.keep(checked.name, ct, labels)

    looked = _look(request, keep)
    layout.finish(looked.split, kept)
    state = State(request.out)
    state.put("synthetic", any(_is_sample(one) for one in looked.used))
    state.put("cases_used", [one.name for one in looked.used])
    write_json(request.out / SPLIT, looked.split.to_dict())
    return looked.split


def _is_sample(checked: checks.Checked) -> bool:
    from ..sample import known

    return known.verified(known.claim_of(checked.case.ct), checked.identity) is not None


def _prepare(request: Request, known: Split) -> str:
    """nnU-Net's fingerprint, plan and preprocessing; returns the name of its plans."""
    layout, processes = request.layout, min(8, cpu_cores())
    for kind in ("preprocessed", "results"):
        shutil.rmtree(layout.root / kind, ignore_errors=True)
        (layout.root / kind).mkdir(parents=True)
    job = {"recipe": request.recipe.to_dict(), "preprocessed": str(layout.preprocessed), "processes": processes}
    with staging(layout.root) as work:
        options = {"what": "nnU-Net's preparation", "silence_s": 24 * 3600.0}
        environment = layout.environment(processes, augmenting=1)
        outputs = child.run(PREPARE, job, work, progress=request.progress, environment=environment, **options)
        plans = json.loads(outputs["facts"].read_text(encoding="utf-8"))["plans"]
    if request.recipe.folds > 1:
        write_json(layout.preprocessed / "splits_final.json", known.for_nnunet())
    return plans


def _left(say: Callable[[str], None]) -> Callable[[float], None]:
    def tell(seconds: float) -> None:
        until = time.strftime("%a %H:%M", time.localtime(time.time() + seconds))
        say(f"about {_duration(seconds)} of training left, as measured here (until {until}), then the tables")

    return tell


def _duration(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return "2 minutes"
