"""The result record and what is made of it: `result.json` and `report.html`."""

from .. import record
from ..record import slices
from . import html, nomogram_svg

__all__ = ["html", "nomogram_svg", "record", "slices"]
