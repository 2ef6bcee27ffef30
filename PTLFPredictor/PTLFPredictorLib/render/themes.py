"""Colours by ink, for light and dark windows and for paper.

Blue, sky blue and orange are those of `colours`; no meaning hangs on colour alone (hatching, hollow
ghosts and words carry it too).
"""

from __future__ import annotations

from ..colours import BLUE, ORANGE, SKY

PRINT = {
    "background": "#ffffff",
    "axis": "#333333",
    "text": "#111111",
    "faint": "#666666",
    "band": "#cfe3f1",
    "interval": "#9ccbe6",
    "cohort": "#b9cbd6",
    "median": "#5f7f92",
    "hatch": "#c9a27a",
    "marker": BLUE,
    "ghost": "#777777",
    "guide": BLUE,
    "warning": "#b34e00",
}

LIGHT = PRINT

DARK = {
    "background": "#202326",
    "axis": "#c8c8c8",
    "text": "#f2f2f2",
    "faint": "#a8a8a8",
    "band": "#2f4c60",
    "interval": "#3b708f",
    "cohort": "#47525a",
    "median": "#9fb6c4",
    "hatch": "#8a6a4a",
    "marker": SKY,
    "ghost": "#b0b0b0",
    "guide": SKY,
    "warning": ORANGE,
}


def theme_for(background: str, text: str, lightness: float) -> dict[str, str]:
    """The theme of a window.

    Parameters
    ----------
    background, text : str
        Colours of the window's palette as "#rrggbb": the nomogram stands on them unchanged.
    lightness : float
        Of the background, 0 (black) to 1.
    """
    return {**(LIGHT if lightness > 0.5 else DARK), "background": background, "text": text}
