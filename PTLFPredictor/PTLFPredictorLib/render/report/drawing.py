"""How figures are drawn: matplotlib to SVG, the same bytes for the same numbers, text as text.

Curves of models differ by dash as well as by colour: they are told apart in grey, and by every kind of colour
blindness.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...colours import BLUE, GREEN, ORANGE

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

INK, SOFT, FAINT = "#1d2329", "#5d6770", "#b9c1c7"

STYLES = ((BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), ("#333333", ":"), ("#8c5a9e", (0, (5, 1, 1, 1, 1, 1))))
"""Colour and dash of a model's curve, in the order of the models."""

FULL_MM, HALF_MM = 182.0, 86.0
"""Widths on an A4 page: the whole column, and one of two beside each other."""

SETTINGS = {
    "svg.hashsalt": "ptlf",
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 7.4,
    "axes.titlesize": 7.8,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.3,
    "hatch.linewidth": 0.5,
    "legend.frameon": False,
    "legend.fontsize": 7.2,
    "legend.handlelength": 2.6,
}
"""DejaVu Sans comes with matplotlib: the layout does not hang on the fonts of a computer."""

FONTS = "Helvetica, Arial, 'Liberation Sans', sans-serif"
"""What the page is set in; narrower than the font of the layout, so nothing touches."""


@dataclass(frozen=True)
class Cases:
    """The cases behind a figure.

    Parameters
    ----------
    n, events : int
        Cases; those with the outcome.
    what : str
        Which cases: "training", "validation", "".
    """

    n: int
    events: int
    what: str = ""

    def __str__(self) -> str:
        which = f"{self.what} " if self.what else ""
        return f"{self.n} {which}cases, {self.events} with the event."


def svg(paint: Callable[[Canvas], None], width_mm: float, height_mm: float) -> str:
    """What `paint` draws on an empty canvas, as a whole SVG document."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Canvas

    with matplotlib.rc_context({**matplotlib.rcParamsDefault, **SETTINGS, "backend": matplotlib.rcParams["backend"]}):
        canvas = Canvas(figsize=(width_mm / 25.4, height_mm / 25.4), layout="constrained")
        FigureCanvasSVG(canvas)
        paint(canvas)
        stream = io.StringIO()
        canvas.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _tidied(stream.getvalue())


def _rounded(text: str, decimals: int) -> str:
    return re.sub(r"\d+\.\d{2,}", lambda number: f"{round(float(number[0]), decimals):g}", text)


def _tidied(text: str) -> str:
    """Without what a page does not need; coordinates to a hundredth of a point, of paths to a tenth (35 um)."""
    text = text[text.index("<svg") :]
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'\bd="[^"]*"', lambda path: _rounded(path[0], 1), text)
    text = re.sub(r"<[^>]*>", lambda tag: _rounded(tag[0], 2), text)
    text = text.replace("'DejaVu Sans'", FONTS).replace("DejaVu Sans", FONTS)
    return re.sub(r"\n\s*", "\n", text)
