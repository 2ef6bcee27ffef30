"""Convert all networks of a model, or forget that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...progress import Progress, no_progress
from .. import model_folder, nnunet_versions
from . import converted

if TYPE_CHECKING:
    from ..model import Model
    from .conversion import Sample
    from .converted import Converted


def prepare_model(model: Model, *, sample: Sample | None = None, progress: Progress = no_progress) -> list[Converted]:
    """Convert each step's network for OpenVINO and compare it with torch, in this process; whatever was kept is made
    anew.

    Parameters
    ----------
    model : Model
    sample : Sample, optional
        The CT to compare on; a synthetic patient without.
    progress : Progress

    Raises
    ------
    MissingDependency
        Without OpenVINO or nnU-Net.
    UnusableModel
        Where its files are not to be trusted, or a network cannot be converted.
    """
    from ..networks import Networks
    from .compiled import imported

    imported()
    nnunet_versions.require()
    networks = Networks()
    for step in model.steps:
        networks.verify(model.id, step)
    return [networks.convert(step, progress, sample) for step in model.steps]


def forget_model(model: Model) -> None:
    """Delete what was converted of a model."""
    for step in model.steps:
        sha256 = step.sha256 or model_folder.checksum(step.folder, step.folds)
        converted.forget(converted.key_of(sha256, step.configuration, step.folds))
