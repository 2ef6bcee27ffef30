"""The nomogram of a signature (the paper's Figure 5), as `render` draws it."""

from __future__ import annotations

from ....render import nomogram_svg
from ....render.nomogram_layout import lowest
from ....render.report.document import Figure
from ....render.report.drawing import Cases
from ....signature import Signature, geometry

WIDTH = 900
"""Pixels of the drawing; the page scales it."""


def nomogram(name: str, signature: Signature, cases: Cases, title: str = "Nomogram") -> Figure:
    """The axes alone, without any patient's values."""
    shape = geometry(signature)
    drawn = nomogram_svg.svg_of(lowest(shape, WIDTH), None, signature.title)
    axes = ", ".join(f"{axis.label} {axis.low} to {axis.high} {axis.unit}".strip() for axis in shape.axes)
    return Figure(
        name,
        title,
        drawn,
        f"{cases} Shaded: the range of these cases. It draws the equation, no more, and shows no interval: "
        "a patient's risk with its interval comes from ptlf predict or the panel, after the checks of CT, segments and "
        "eligibility, never from a ruler on this page.",
        f"{title} of {signature.title}: {axes}.",
    )
