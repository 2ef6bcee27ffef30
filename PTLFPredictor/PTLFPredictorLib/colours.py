"""Colours of Okabe and Ito, told apart by every common kind of colour blindness, on grey too."""

from __future__ import annotations

BLUE, SKY, ORANGE, GREEN, PURPLE = "#0072b2", "#56b4e9", "#e69f00", "#009e73", "#cc79a7"

LIVER, TUMOUR, EXCLUDED = SKY, ORANGE, PURPLE
"""Segments on screen, and their outlines on the pictures of a report."""


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of "#rrggbb", 0 to 255."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
