"""What a run is expected to take on this computer: by its last times here, else by what the model's entry measured.

The times of the last runs are kept in the user's settings, by model and device or by set of features: seconds a
pass over a tile and a megavoxel, nothing of a patient.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import slicer
from slicer.i18n import tr as _

from ..errors import PTLFError
from ..measures.radiomics import DEFAULT_ENGINE, ExtractionSettings
from ..measures.radiomics.names import image_type_of, split
from ..segmentation import effort
from ..segmentation.effort import CHECKING, LOADING, Part
from ..segmentation.how import AS_THE_MODEL, How
from ..segmentation.model import Model
from .course import Stage

SETTING = "PTLFPredictor/RunTimes"

KEPT = 40
"""Kinds of run whose times are kept; of more, those that were run longest ago go."""

RUNS = 3
"""Of one kind; what is expected is their median: one that ran beside other work says little."""

STARTING, TAKING = "Starting", "Taking it over"
"""Stages of every run: before the child says something, and after it has ended."""

COLD_S = {STARTING: 0.5, CHECKING: 1.2, LOADING: 0.6}
WARM_S = {STARTING: 0.15, CHECKING: 0.05, LOADING: 0.05}
"""Seconds before anything of the CT is done, on two CPU cores: in a process of its own, and in one that stayed."""

MEGAVOXEL_S, FEATURE_START_S, TAKE_S = 0.03, 1.0, 0.02
"""Seconds, there: of a small stage for a megavoxel of the CT, of a feature run's start, of taking its results over."""

SHAPE = "shape"

FEATURE_S = {SHAPE: 0.1, "Wavelet": 0.35, "LoG": 0.8, "LBP3D": 0.8}
OTHER_FEATURE_S = 0.2
"""Seconds of an image type for a million voxels of the liver, there."""

LIVER_ML = 1600.0
"""Where the liver's own volume is not known yet."""


@dataclass(frozen=True)
class Expected:
    """What a run is expected to take.

    Attributes
    ----------
    key : str
        Under which its times are kept; "" keeps none.
    stages : tuple of Stage
    known : bool
        Whether the seconds were measured: else they are good for shares, not to be told.
    """

    key: str = ""
    stages: tuple[Stage, ...] = ()
    known: bool = False

    @classmethod
    def of(cls, stages: Mapping[str, float], known: bool = False) -> Expected:
        """Of stages whose progress is counted, and their seconds."""
        return cls("", tuple(Stage(name, seconds, counted=True) for name, seconds in stages.items()), known)

    @property
    def seconds(self) -> float:
        return sum(stage.seconds for stage in self.stages)


def segmentation(
    model: Model | None,
    size_xyz: Sequence[int],
    spacing_xyz: Sequence[float],
    device: str,
    warm: bool,
    how: How = AS_THE_MODEL,
) -> Expected:
    """Of a model on a CT; of nothing known where the model's plans cannot be read.

    Parameters
    ----------
    model : Model
    size_xyz, spacing_xyz : sequence
        Of the CT that is drawn on.
    device : str
        "cpu", "cuda:0" ...
    warm : bool
        Its process is there, with the model loaded.
    how : How
        It draws.
    """
    if model is None or not device:
        return Expected()
    try:
        parts = effort.parts(model, size_xyz, spacing_xyz, how)
        own = {part.stage: part.looks for part in effort.parts(model, size_xyz, spacing_xyz)}
    except PTLFError:
        return Expected()
    megavoxels = math.prod(size_xyz) / 1e6
    parts = [Part(STARTING), *parts, Part(TAKING, megavoxels)]
    key = f"{model.id} {model.version} {device}{_computed(how)} per pass"
    here, other = (_times().get(f"{key} {start}") for start in (("warm", "cold") if warm else ("cold", "warm")))
    start = WARM_S if warm else COLD_S
    guess = _guessed(model, device)
    found = []
    for part in parts:
        name = next((known for known in COLD_S if part.stage.lower().endswith(known.lower())), "")
        if name:
            seconds = (here or {}).get(part.stage, start[name])
        else:
            default = TAKE_S if part.stage == TAKING else MEGAVOXEL_S
            if part.counted:
                default = (guess or 0.3) / own.get(part.stage, part.looks)
            seconds = {**(other or {}), **(here or {})}.get(part.stage, default)
        units = part.units * part.looks
        found.append(Stage(part.stage, seconds * units, part.units, part.counted, bool(name), part.looks))
    return Expected(f"{key} {'warm' if warm else 'cold'}", tuple(found), bool(here or other or guess))


def _computed(how: How) -> str:
    """What of a choice makes a pass faster or slower."""
    asked = how.runtime, how.precision
    return "" if asked == (AS_THE_MODEL.runtime, AS_THE_MODEL.precision) else " " + " ".join(asked)


def _guessed(model: Model, device: str) -> float | None:
    """Seconds a tile by what the model's entry measured of its first CT; None where it did not."""
    on_cpu = device == "cpu"
    seconds, tiles = model.measured.get("cpu_s" if on_cpu else "gpu_s"), model.measured.get("tiles")
    if not seconds or not tiles:
        return None
    drawing = seconds - sum(COLD_S.values()) * len(model.steps) - 0.5
    return max(drawing, 0.05 * seconds) / tiles if on_cpu else 0.01


def features(
    recipe: str,
    engine: str,
    wanted: Mapping[str, Sequence[str] | None],
    settings: ExtractionSettings,
    liver_voxels: float,
) -> Expected:
    """Of the features that a signature asks for, on a liver of so many voxels.

    Parameters
    ----------
    recipe : str
        Names the features and settings: what shares it takes the same time.
    engine : str
    wanted : mapping
        As `case.features.write_job` takes it.
    settings : ExtractionSettings
    liver_voxels : float
    """
    millions, key = liver_voxels / 1e6, f"features {recipe[:16]} {engine}"
    kept = _times().get(key)
    names = list(kept) if kept else [STARTING, *stages_of(wanted, settings, engine), TAKING]
    known = kept or {}
    stages = []
    for name in names:
        fixed = name in (STARTING, TAKING)
        units = 1.0 if fixed else millions
        default = FEATURE_START_S if fixed else FEATURE_S.get(name.rsplit(": ", 1)[-1], OTHER_FEATURE_S)
        stages.append(Stage(name, known.get(name, default) * units, units, loading=name == STARTING))
    return Expected(key, tuple(stages), len(names) > 2)


def stages_of(wanted: Mapping[str, Sequence[str] | None], settings: ExtractionSettings, engine: str) -> list[str]:
    """What an engine tells of: image types, of PyRadiomics each VOI's; the built-in one has shape as one more."""
    types = {voi: _types_of(names, settings) for voi, names in wanted.items()}
    if engine != DEFAULT_ENGINE:
        return [f"{voi}: {name}" for voi, of_voi in types.items() for name in of_voi if name != SHAPE]
    asked = {name for of_voi in types.values() for name in of_voi}
    return [name for name in (SHAPE, *settings.image_types) if name in asked]


def _types_of(names: Sequence[str] | None, settings: ExtractionSettings) -> list[str]:
    if names is None:
        return [SHAPE, *settings.image_types]
    return list(dict.fromkeys(SHAPE if split(name)[1] == SHAPE else image_type_of(name) for name in names))


def remember(expected: Expected, took: Mapping[str, tuple[float, int]]) -> None:
    """Keep what a run that ended well took: `Course.took`."""
    if not expected.key:
        return
    units, kept = {stage.name: stage for stage in expected.stages}, _kept()
    found = dict(kept.pop(expected.key, {}))
    for name, (seconds, counted) in took.items():
        stage = units[name]
        by = (counted if stage.counted and counted > 0 else stage.units) * stage.each
        if by > 0:
            found[name] = [*found.get(name, []), round(seconds / by, 5)][-RUNS:]
    kept[expected.key] = found
    slicer.app.userSettings().setValue(SETTING, json.dumps(dict(list(kept.items())[-KEPT:])))


def _times() -> dict[str, dict[str, float]]:
    """Seconds for each unit, by kind of run and stage."""
    return {key: {name: statistics.median(runs) for name, runs in of.items()} for key, of in _kept().items()}


def _kept() -> dict[str, dict[str, list[float]]]:
    try:
        kept = json.loads(str(slicer.app.userSettings().value(SETTING, "") or "{}"))
        return {
            key: {str(name): [float(seconds) for seconds in runs] for name, runs in of.items() if runs}
            for key, of in kept.items()
        }
    except (ValueError, TypeError, AttributeError):
        return {}


def words(expected: Expected) -> str:
    """A sentence for this CT, before the run; "" where nobody has measured."""
    return _("About {time} for this CT.").format(time=duration(expected.seconds)) if expected.known else ""


def duration(seconds: float) -> str:
    """As one says it: "1 s", "40 s", "3 min"."""
    if seconds < 90:
        return _("{n} s").format(n=max(1, round(seconds)))
    return _("{n} min").format(n=round(seconds / 60))
