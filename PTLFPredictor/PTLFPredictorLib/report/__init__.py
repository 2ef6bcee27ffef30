"""The result record and what is made of it: `result.json` and `report.html`."""

from . import html, nomogram_svg, record, slices

__all__ = ["html", "nomogram_svg", "record", "slices"]
