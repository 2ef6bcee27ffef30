"""A patient's report: one description of its blocks, which `render.html` and `render.pdf` lay out."""

from .description import report_of

__all__ = ["report_of"]
