"""The inks of `render.themes` that suit a widget's palette, light or dark."""

from __future__ import annotations

import qt

from ..render.themes import theme_for


def theme_of(widget) -> dict[str, str]:
    """Colour by ink."""
    palette = widget.palette
    window = palette.color(qt.QPalette.Window)
    return theme_for(window.name(), palette.color(qt.QPalette.WindowText).name(), window.lightnessF())
