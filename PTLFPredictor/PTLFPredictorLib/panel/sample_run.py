"""The sample case for the panel and for Slicer's Sample Data module: drawn in a child process, nothing downloaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import SimpleITK as sitk
from slicer.i18n import tr as _

from ..mrml import volumes
from ..sample import worker
from . import compat
from .run_times import Expected
from .runs import ChildRun

SAMPLE_SEED, SAMPLE_MATRIX = 11, 512
"""Sample case of the panel: any seed makes one; 512 pixels are the published in-plane spacing."""


SAMPLE_S = 6.0
"""Seconds that drawing it takes on two CPU cores."""


class SampleRun(ChildRun):
    """Draws the sample case and brings it into the scene.

    Parameters
    ----------
    on_change : callable
        See `ChildRun`.
    """

    def __init__(self, on_change: Callable[[], None] = lambda: None):
        super().__init__("The sample case", compat.python_executable(), on_change)

    def draw(self, on_volume: Callable[[object], None] = lambda volume: None) -> None:
        """Start; `on_volume` is called with the new volume node."""
        options = {"matrix": SAMPLE_MATRIX}

        def take(outputs: dict[str, Path]) -> None:
            volume = volumes.add_volume(sitk.ReadImage(str(outputs["ct"])), _("PTLF sample (synthetic)"))
            volumes.mark_sample(volume, SAMPLE_SEED, **options)
            volumes.show_liver_window(volume)
            on_volume(volume)

        expected = Expected.of({"Sample case": SAMPLE_S})
        self.start(lambda work: (worker.WORKER, {"seed": SAMPLE_SEED, **options}), take, lambda: expected)
