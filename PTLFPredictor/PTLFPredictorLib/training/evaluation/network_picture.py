"""The network of a model drawn from its own plans, as Figure 2 of the paper shows nnU-Net's."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from ...colours import BLUE, GREEN, ORANGE
from ...render.report import Figure
from ...render.report.drawing import FULL_MM, INK, SOFT, svg
from .network_shape import NetworkShape, Stage

ROW_MM, TOP_MM, LEGEND_MM = 14.0, 13.0, 19.0
TALLEST_MM, SHORTEST_MM = 9.6, 3.2
"""Heights of the blocks of the first and of the last stage."""

BLOCK_MM, GAP_MM = 3.2, 0.9
EDGE_MM = 19.0
"""Room for the sizes, left of the first stage's blocks."""

SHOWN_CLASSES = 5

INDENT_MM = 8.6
"""How far each stage is moved towards the middle; less in a deep network."""


@dataclass(frozen=True)
class _Place:
    """Where a stage is drawn: left edges of its encoder's and decoder's blocks, top, height, in mm."""

    stage: Stage
    down: float
    up: float
    top: float
    tall: float

    @property
    def middle(self) -> float:
        return self.top + self.tall / 2

    @property
    def down_end(self) -> float:
        return self.down + _width(self.stage.down)

    @property
    def down_middle(self) -> float:
        return (self.down + self.down_end) / 2

    @property
    def up_middle(self) -> float:
        return self.up + _width(self.stage.up) / 2


def network(shape: NetworkShape, classes: Sequence[str]) -> Figure:
    """The drawing.

    Parameters
    ----------
    shape : NetworkShape
    classes : sequence of str
        What the network tells apart, background first.
    """
    places = _places(shape)
    height = TOP_MM + len(places) * ROW_MM + LEGEND_MM
    first, last = shape.stages[0], shape.stages[-1]

    def paint(canvas) -> None:
        canvas.set_layout_engine("none")
        axes = canvas.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, FULL_MM), ylim=(height, 0))
        axes.axis("off")
        for place in places:
            _stage(axes, place, shape.residual)
        for above, below in itertools.pairwise(places):
            _between(axes, above, below)
        top = places[0]
        axes.text(top.down_middle, 3, "CT, normalised as the training data", ha="center", va="center")
        axes.text(FULL_MM, 3, f"1\u00d71\u00d71 convolution, softmax: {_listed(classes)}", ha="right", va="center")
        _arrow(axes, (top.down_middle, 5.5), (top.down_middle, top.top - 0.8), INK)
        _arrow(axes, (top.up_middle, top.top - 0.8), (top.up_middle, 5.5), INK)
        _legend(axes, shape, height - LEGEND_MM + 5)

    kind = "residual encoder U-Net" if shape.residual else "U-Net"
    said = (
        f"A {kind} of {len(shape.stages)} stages: from {_times(first.size)} voxels and {first.features} channels to "
        f"{_times(last.size)} voxels and {last.features} channels, and back."
    )
    spacing = _times(f"{mm:.3g}" for mm in shape.spacing_mm)
    sizes = f"Sizes in voxels of {spacing} mm (slices, rows, columns)"
    note = f"{said} {sizes}; {shape.batch} patches in each step of training."
    return Figure("network", "The network, as its plans describe it", svg(paint, FULL_MM, height), note, said)


def _places(shape: NetworkShape) -> list[_Place]:
    n = len(shape.stages)
    indent = min(INDENT_MM, 50 / max(n - 1, 1))
    found = []
    for k, stage in enumerate(shape.stages):
        tall = TALLEST_MM - (TALLEST_MM - SHORTEST_MM) * k / max(n - 1, 1)
        down = EDGE_MM + k * indent if stage.up else (FULL_MM - _width(stage.down)) / 2
        up = FULL_MM - EDGE_MM - k * indent - _width(stage.up) if stage.up else down + _width(stage.down)
        found.append(_Place(stage, down, up, TOP_MM + k * ROW_MM, tall))
    return found


def _width(blocks: int) -> float:
    return max(blocks * (BLOCK_MM + GAP_MM) - GAP_MM, 0.0)


def _stage(axes, place: _Place, residual: bool) -> None:
    from matplotlib.patches import Rectangle

    stage = place.stage
    for left, count, colour in ((place.down, stage.down, ORANGE if residual else BLUE), (place.up, stage.up, BLUE)):
        for k in range(count):
            corner = left + k * (BLOCK_MM + GAP_MM), place.top
            axes.add_patch(Rectangle(corner, BLOCK_MM, place.tall, facecolor=colour, alpha=0.75, linewidth=0))
    axes.text(place.down - 1.6, place.middle, _times(stage.size), ha="right", va="center")
    words = f"{stage.features} channels, {_times(stage.kernel)}"
    if stage.up:
        _arrow(axes, (place.down_end + 1.2, place.middle), (place.up - 1.2, place.middle), SOFT, "--")
        axes.text((place.down_end + place.up) / 2, place.middle - 1.7, words, ha="center", va="center")
    else:
        axes.text(FULL_MM / 2, place.top + place.tall + 2.4, words, ha="center", va="center")


def _between(axes, above: _Place, below: _Place) -> None:
    """Down on the encoder's side, up on the decoder's."""
    ends = (below.down_middle, below.up_middle) if below.stage.up else (below.down + 1, below.down_end - 1)
    start = above.top + above.tall + 0.7
    _arrow(axes, (above.down_middle, start), (ends[0], below.top - 0.7), INK)
    _arrow(axes, (ends[1], below.top - 0.7), (above.up_middle, start), GREEN)
    x = above.down_middle - 1.5
    axes.text(x, (start + below.top) / 2, f"/ {_times(below.stage.stride)}", ha="right", va="center", color=SOFT)


def _arrow(axes, start: tuple[float, float], end: tuple[float, float], colour: str, dash: str = "-") -> None:
    style = {"arrowstyle": "-|>", "color": colour, "linewidth": 0.9, "linestyle": dash, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=style)


def _legend(axes, shape: NetworkShape, y: float) -> None:
    from matplotlib.patches import Rectangle

    unit = f"convolution, {shape.normalisation}, {shape.activation}"
    blocks = [(ORANGE, f"residual block: two times ({unit}), and a shortcut")] if shape.residual else []
    for colour, said in (*blocks, (BLUE, unit)):
        axes.add_patch(Rectangle((2, y - 1.3), 2.6, 2.6, facecolor=colour, alpha=0.75, linewidth=0))
        axes.text(9, y, said, ha="left", va="center")
        y += 4.2
    for x, colour, dash, said in (
        (2, INK, "-", "convolution with a stride (/)"),
        (58, GREEN, "-", "transposed convolution"),
        (110, SOFT, "--", "skip connection"),
    ):
        _arrow(axes, (x, y), (x + 5.5, y), colour, dash)
        axes.text(x + 7, y, said, ha="left", va="center")


def _listed(classes: Sequence[str]) -> str:
    more = len(classes) - SHOWN_CLASSES
    return ", ".join(classes[:SHOWN_CLASSES]) + (f" and {more} more" if more > 0 else "")


def _times(numbers) -> str:
    return "\u00d7".join(map(str, numbers))
