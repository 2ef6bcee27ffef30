"""Child process that lets nnU-Net look at its data set: fingerprint, plan, preprocessing of one configuration.

Output ``facts``: the name of nnU-Net's plans.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import child
from ..errors import BadInput
from .recipe import Recipe


def prepare(job: dict[str, Any], work: Path, emit: Callable[[child.Event], None]) -> dict[str, Path]:
    progress = child.progress_of(emit)
    recipe = Recipe.from_dict(job["recipe"])
    folder = Path(job["preprocessed"])
    number, processes = int(folder.name[7:10]), job["processes"]
    progress("nnU-Net's fingerprint", 0, 1)
    from nnunetv2.experiment_planning.plan_and_preprocess_api import (
        extract_fingerprints,
        plan_experiments,
        preprocess_dataset,
    )

    extract_fingerprints([number], num_processes=processes, show_progress_bar=False)
    progress("nnU-Net's plan", 0, 1)
    name = plan_experiments([number], _planner(recipe.planner))
    file = folder / f"{name}.json"
    plans = json.loads(file.read_text(encoding="utf-8"))
    if recipe.small:
        plans["configurations"][recipe.trained] = recipe.small.plan()
        file.write_text(json.dumps(plans, indent=1), encoding="utf-8")
    _require(plans["configurations"], recipe.trained)
    progress("nnU-Net's preprocessing", 0, 1)
    preprocess_dataset(number, name, [recipe.trained], [processes], show_progress_bar=False)
    facts = work / "facts.json"
    facts.write_text(json.dumps({"plans": name}), encoding="utf-8")
    return {"facts": facts}


def _planner(name: str) -> str:
    import nnunetv2
    from nnunetv2.utilities.find_class_by_name import recursive_find_python_class

    base = Path(nnunetv2.__path__[0]) / "experiment_planning"
    if recursive_find_python_class(str(base), name, "nnunetv2.experiment_planning") is None:
        raise BadInput(f"nnU-Net has no planner '{name}'. It has e.g. ExperimentPlanner and nnUNetPlannerResEncM.")
    return name


def _require(configurations: dict[str, Any], name: str) -> None:
    """A configuration that can be trained by itself.

    Raises
    ------
    BadInput
    """
    if name not in configurations:
        known = ", ".join(configurations)
        raise BadInput(f"nnU-Net planned no configuration '{name}' for these cases, but {known}. Choose one of them.")
    if configurations[name].get("previous_stage"):
        raise BadInput(f"'{name}' is the second stage of a cascade, which is not supported. Choose 3d_fullres.")


if __name__ == "__main__":
    child.serve(prepare)
