"""Which versions of nnU-Net may draw: those whose parts `network` uses and that gave the same label map.

`network` takes from nnU-Net its readers of plans.json and dataset.json, the builder of the network, the normalisation
of intensities, steps and weights of the tiles, and the rule of thick slices.  With 2.6.4, 2.7.0, 2.8.0 and 2.8.1 the
demo model drew the same label map, voxel for voxel, as nnU-Net's own predictor of that version.  Standard library
alone: the worker, `doctor` and the panel's installer ask here.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version

from ..errors import MissingDependency

PACKAGE = "nnunetv2"
LOWEST, BELOW = (2, 6, 4), (2, 9)
RANGE = f">={'.'.join(map(str, LOWEST))},<{'.'.join(map(str, BELOW))}"
REQUIREMENT = f"{PACKAGE}{RANGE}"
"""As an installer takes it."""


def is_tested(found: str) -> bool:
    """Whether a version lies in `RANGE`; a pre-release of its end, or what is no version, does not."""
    match = re.match(r"(\d+(?:\.\d+)*)", found)
    if match is None:
        return False
    numbers = tuple(int(part) for part in match[1].split("."))
    return LOWEST <= numbers < BELOW


def installed() -> str:
    """Version of the nnU-Net that is installed, "" without one; imports nothing of it."""
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return ""


def fault(found: str) -> str:
    """What is wrong with a version (`installed`), as a sentence that says what to do; "" where nothing is."""
    if not found:
        return f"nnU-Net is not installed; {REQUIREMENT} is needed to segment."
    if not is_tested(found):
        return (
            f"nnU-Net {found} is installed, with which this product was not tested: {REQUIREMENT} is needed to "
            "segment. Install a version of that range."
        )
    return ""


def require() -> None:
    """Raise `MissingDependency` where no tested nnU-Net is installed."""
    if told := fault(installed()):
        raise MissingDependency(told)
