"""Sample cases that more than one test needs, each drawn once: the anatomy alone takes seconds, whatever the matrix."""

from __future__ import annotations

import inspect
from dataclasses import replace
from functools import lru_cache
from typing import Any

import SimpleITK as sitk

from PTLFPredictorLib.sample import SampleCase, make_case

_DEFAULTS = {n: p.default for n, p in inspect.signature(make_case).parameters.items() if n not in ("seed", "progress")}


@lru_cache(maxsize=32)
def _drawn(seed: int, options: tuple[tuple[str, Any], ...]) -> SampleCase:
    return make_case(seed, **dict(options))


def drawn(seed: int, *, progress: object = None, **options: Any) -> SampleCase:
    """`make_case`, remembered; the images are the caller's own, to change and to mark.  `progress` is not told."""
    case = _drawn(seed, tuple(sorted({**_DEFAULTS, **options}.items())))
    return replace(case, ct=sitk.Image(case.ct), labels=sitk.Image(case.labels))
