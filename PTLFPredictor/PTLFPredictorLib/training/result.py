"""What a training leaves: Table 1, the report page and the package."""

from __future__ import annotations

import html
import json
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..child.system import cpu_cores
from ..outputs import output_folder
from ..segmentation.model import Model
from ..segmentation.weights import load_checkpoint
from . import package
from .card import Card
from .drawing import ROLES, Drawing, Drawn, seconds_of
from .evaluation import TEST
from .evaluation import write as write_report
from .recipe import Recipe
from .split import Split

if TYPE_CHECKING:
    from .run import Request
    from .state import State

SYNTHETIC = "It was trained on synthetic sample cases. It is not for patients."
OF_ONE_SITE = (
    "It was measured on CTs of the site that trained it and on no others. Whoever uses it answers for what it draws; a "
    "signature that was not fitted on its segments is withheld."
)

SHOWN = {
    "dice": "Dice", "jaccard": "Jaccard", "precision": "precision", "recall": "recall", "hd95_mm": "HD95 (mm)",
}  # fmt: skip


@dataclass(frozen=True)
class Description:
    """What the package says of itself; who trains answers for it."""

    name: str = "Liver"
    version: str = "1"
    licence: str = "not said"
    citation: str = ""
    contact: str = "not said"

    @property
    def id(self) -> str:
        return re.sub(r"[^A-Za-z0-9]+", "-", self.name).strip("-").lower()[:40] or "liver"


@dataclass(frozen=True)
class Trained:
    """Files and figures of a finished training.

    Attributes
    ----------
    package, report : Path
    table : mapping
        ``table1.json``.
    """

    package: Path
    report: Path
    table: Mapping[str, Any]


def model(description: Description, synthetic: bool) -> Model:
    """The catalogue's entry of the package; its folder is not known here."""
    return Model(
        id=description.id,
        title=description.name,
        version=description.version,
        licence=description.licence,
        citation=description.citation,
        folder=Path(),
        sha256="",
        label_roles=ROLES,
        for_patients=not synthetic,
        warning=SYNTHETIC if synthetic else OF_ONE_SITE,
        orientation="LPS",
        largest_organ_only=True,
        intended_input="CTs like those that it was trained on; see its card.",
    ).checked()


def write(
    request: Request, state: State, split: Split, trained: Path, drawing: Drawing, drawn: Sequence[Drawn]
) -> Trained:
    """Write ``table1.csv``, ``table1.json``, ``report.html`` and ``NAME.zip`` into `request.out`."""
    plans = json.loads((trained / "plans.json").read_text(encoding="utf-8"))
    facts = _facts(request, state, split, trained, drawn)
    rows = [one.measures for one in drawn]
    name = f"{request.description.id}.zip"
    out = request.out
    names = ["report.html", "table1.json", "table1.csv", name]
    with output_folder(out, names) as made:
        written = write_report(
            made, rows, drawing.images, title=drawing.model.title, facts=facts, plans=plans,
            subtitle=f"{len(rows)} CTs, each drawn by networks that had not seen it",
            configuration=request.recipe.trained, synthetic=state.synthetic,
        )  # fmt: skip
        names += sorted({file.relative_to(made).as_posix() for file in written} - {*names})
        table = json.loads((made / "table1.json").read_text(encoding="utf-8"))
        measured = {**_measured(request, drawn), **dice_of(table, len(split.test))}
        entry = {**_said(drawing.model), "measured": measured}
        package.write(trained, made / name, entry, _card(request, state, split, facts, table))
    return Trained(out / name, out / "report.html", table)


def _said(entry: Model) -> dict[str, Any]:
    fields = (
        "id title version licence citation for_patients warning orientation largest_organ_only intended_input"
    ).split()
    roles = {role: list(labels) for role, labels in entry.label_roles.items()}
    return {**{name: getattr(entry, name) for name in fields}, "label_roles": roles}


def _measured(request: Request, drawn: Sequence[Drawn]) -> dict[str, Any]:
    seconds, on_cpu = seconds_of(drawn), request.devices[0] == "cpu"
    value = None if seconds is None else round(seconds, 1)
    where = f"{cpu_cores()} CPU cores" if on_cpu else "one GPU"
    return {
        "cpu_s": value if on_cpu else None,
        "gpu_s": None if on_cpu else value,
        "of": f"median of the test CTs, all folds together, network loaded, {where}",
    }


def _facts(
    request: Request, state: State, split: Split, trained: Path, drawn: Sequence[Drawn]
) -> list[tuple[str, str]]:
    recipe = request.recipe
    epochs, seconds = training_of(trained)
    facts = [
        ("Cases", f"{len(split.train)} for training and validation, {len(split.test)} for testing"),
        ("Split", f"seed {split.seed}. {split.by}"),
        ("Configuration", f"{recipe.trained}, planned by {recipe.planner}"),
        ("Trainer", f"{recipe.trainer}, {epochs} epochs, {_folds(recipe)}"),
        ("Training", f"{seconds / 60:.0f} minutes of epochs on {', '.join(request.devices)}"),
        ("Computer", f"{cpu_cores()} CPU cores, {platform.machine()}"),
        ("nnU-Net", f"{state.get('nnunetv2')}"),
        ("Drawn by", "this product's own inference, as the package's user will; the largest piece is kept"),
    ]
    if recipe.small:
        facts.insert(4, ("Preset", _preset(recipe)))
    if (each := seconds_of(drawn)) is not None:
        facts.append(("Seconds for a CT", f"{each:.1f} (median of the test cases)"))
    return facts


def _folds(recipe: Recipe) -> str:
    return "one network of all training cases" if recipe.folds == 1 else f"{recipe.folds} folds"


def _preset(recipe: Recipe) -> str:
    small = recipe.small
    spacing, patch = (" x ".join(f"{number:g}" for number in numbers) for numbers in (small.spacing_mm, small.patch))
    return (
        f"AdamW at {small.rate:g} (decay {small.decay:g}), {recipe.epochs or small.epochs} epochs of "
        f"{small.iterations} iterations of {small.batch} patches of {patch} voxels of {spacing} mm, no mirroring"
    )


def training_of(trained: Path) -> tuple[int, float]:
    """Epochs of a fold and seconds of the epochs of all folds, as nnU-Net logged them, interruptions left out."""
    epochs, seconds = 0, 0.0
    for file in sorted(trained.glob("fold_*/checkpoint_final.pth")):
        log = load_checkpoint(file)["logging"]
        starts, ends = log["epoch_start_timestamps"], log["epoch_end_timestamps"]
        epochs = len(ends)
        seconds += sum(end - start for start, end in zip(starts, ends, strict=False))
    return epochs, seconds


def _card(
    request: Request, state: State, split: Split, facts: Sequence[tuple[str, str]], table: Mapping[str, Any]
) -> Card:
    folds, count = _folds(request.recipe), len(split.train)
    of_site = f"{count} CTs; which patients, from where, drawn by whom: to be written by the site that trained it."
    return Card(
        trained_on=f"{count} synthetic sample cases of this product." if state.synthetic else of_site,
        how="\n".join(f"- {html.escape(name, quote=False)}: {html.escape(text, quote=False)}" for name, text in facts),
        evaluated_on=(
            f"Each fold on its own validation cases, {folds} together on {len(split.test)} test CTs of the same "
            "site, which no network has seen. Nobody has measured it elsewhere."
        ),
        not_tried="Other sites, scanners, phases and diseases than those of its training cases.",
        contact=request.description.contact,
        network=f"nnU-Net, {request.recipe.trained}, {request.recipe.trainer}, {folds}",
        table=_rows(table),
    )


def _rows(table: Mapping[str, Any]) -> list[dict[str, object]]:
    """The card's table: means over the test cases."""
    tested = table["parts"].get(TEST, {}).get("regions", {})
    return [
        {"test cases, mean": region, **{name: _mean(tested[region].get(key)) for key, name in SHOWN.items()}}
        for region in ROLES
        if region in tested
    ]


def dice_of(table: Mapping[str, Any], count: int) -> dict[str, Any]:
    """For the entry's `measured`: means over the test cases, as the card's table has them; {} where there are none."""
    tested = table["parts"].get(TEST, {}).get("regions", {})
    regions = {"dice_liver": "parenchyma", "dice_tumor": "tumor"}
    means = {name: _mean(tested.get(region, {}).get("dice")) for name, region in regions.items()}
    found = {name: round(mean, 3) for name, mean in means.items() if isinstance(mean, float) and 0 <= mean <= 1}
    return {**found, "dice_of": f"{count} CTs of the same site that it had not seen"} if found else {}


def _mean(value: Any) -> float | str:
    mean = value.get("mean") if isinstance(value, Mapping) else None
    return float(mean) if isinstance(mean, (int, float)) else "-"
