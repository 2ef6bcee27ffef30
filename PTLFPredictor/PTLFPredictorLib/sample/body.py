"""The body around the organs: skin, fat, muscles, rib cage, spine, lungs, diaphragm, heart and table.

Sizes are those of adult upper abdomens on CT, drawn anew for each patient; z = 0 is the top of the right dome of
the diaphragm, the vertebral bodies lie at about y = +48.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .geometry import Grid, ellipsoid, intersection, nothing, plane, smooth_noise, tube, union
from .scan import FAT, MUSCLE, Painter

VERTEBRA_Y = 48.0
VERTEBRA_PERIOD_MM = 33.0
DISC_MM = 7.0


@dataclass(frozen=True)
class Build:
    """How a patient is built; lengths in mm."""

    cage_half_width: float
    cage_half_depth: float
    fat: float
    wall: float
    vertebra_phase: float
    visceral_fat: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Build:
        size = rng.normal(1.0, 0.05)
        return cls(
            cage_half_width=float(np.clip(137 * size, 122, 150)),
            cage_half_depth=float(np.clip(101 * size * rng.normal(1, 0.04), 86, 114)),
            fat=float(np.clip(rng.lognormal(np.log(12), 0.45), 5, 24)),
            wall=float(rng.uniform(11, 15)),
            vertebra_phase=float(rng.uniform(0, VERTEBRA_PERIOD_MM)),
            visceral_fat=float(rng.uniform(0, 1)),
        )


@dataclass(frozen=True)
class Frame:
    """The spaces that organs lie in: signed distances (z, y, x) on the anatomy grid, and warped coordinates."""

    grid: Grid
    build: Build
    warped: tuple[np.ndarray, np.ndarray, np.ndarray]
    skin: np.ndarray
    muscle: np.ndarray
    cage: np.ndarray
    abdomen: np.ndarray
    dome: np.ndarray


def make_frame(grid: Grid, build: Build, rng: np.random.Generator) -> Frame:
    """Skin, muscle wall, rib cage and abdomen of one patient."""
    x, y, z = xyz = grid.xyz
    warped = tuple(c + 4.5 * smooth_noise(grid, 45, rng) + 1.2 * smooth_noise(grid, 14, rng) for c in xyz)
    taper = 1 - 0.0012 * np.maximum(z + 40, 0) - 0.0005 * np.maximum(-150 - z, 0)  # narrower towards neck and pelvis
    cx = x / taper + 3.5 * smooth_noise(grid, 90, rng)
    cy = y / np.sqrt(taper) + 3.5 * smooth_noise(grid, 70, rng)
    a, b = build.cage_half_width, build.cage_half_depth
    flat = 0 * z
    cage = union(
        ellipsoid((cx, cy, flat), (0, -12, 0), (a, b, 1e4)),
        *(
            ellipsoid((cx, cy, flat), (side * 0.44 * a, 0.24 * b, 0), (0.5 * a, 0.66 * b, 1e4))
            for side in (-1, 1)  # the gutters beside the spine
        ),
        rounding_mm=18,
    )
    back = union(*(ellipsoid((x, y, flat), (side * 31, 0.86 * b, 0), (30, 21, 1e4)) for side in (-1, 1)), rounding_mm=6)
    muscle = union(cage - build.wall, back, rounding_mm=14)
    angle = np.arctan2(x, y + 0 * z)  # 0 at the back
    thickness = build.fat * (1 + 0.35 * np.cos(angle) ** 2 + 0.25 * np.sin(angle) ** 2 * np.tanh((-z - 60) / 40))
    skin = muscle - thickness - 1.0 * smooth_noise(grid, 60, rng)
    dome = _diaphragm(warped, a, b)
    return Frame(grid, build, warped, skin, muscle, cage, intersection(cage + 1.5, dome, rounding_mm=6), dome)


def _diaphragm(xyz, a: float, b: float) -> np.ndarray:
    """Negative below the diaphragm: two domes, the right one higher, over a sloping floor."""
    return union(
        ellipsoid(xyz, (-0.43 * a, -4, -108), (0.66 * a, 1.08 * b, 108)),
        ellipsoid(xyz, (0.5 * a, 0, -118), (0.57 * a, 1.0 * b, 98)),
        plane(xyz, (0, 0, -112), (0, 0.35, 1)),
        rounding_mm=22,
    )


def paint_body(painter: Painter, frame: Frame, rng: np.random.Generator) -> None:
    """Skin, fat, muscle wall, chest and the fat of the abdomen; organs are painted over it."""
    grid = frame.grid
    painter.paint(frame.skin, 20, edge_mm=1.2)
    painter.paint(frame.skin + 1.8, FAT, ("fine", 6))
    painter.paint(frame.muscle, MUSCLE, ("fine", 9))
    for layer in (0.35, 0.68):  # fat planes between the muscles of the wall
        sheet = np.abs(frame.cage - layer * frame.build.wall) - 0.45 + 0.5 * smooth_noise(grid, 30, rng)
        painter.paint(intersection(sheet, frame.muscle + 2), -60)
    painter.paint(frame.cage, FAT, ("fine", 9))
    _paint_chest(painter, frame, rng)


def _paint_chest(painter: Painter, frame: Frame, rng: np.random.Generator) -> None:
    grid, xyz = frame.grid, frame.warped
    chest = intersection(frame.cage + 2.0, -frame.dome)
    painter.paint(intersection(chest, frame.dome - 2.4), MUSCLE)
    heart = ellipsoid(xyz, (26, -38, 22), (64, 48, 46), (0, 20, 25))
    mediastinum = union(
        ellipsoid(xyz, (4, -38, 40), (30, 60, 90)),
        ellipsoid(xyz, (2, 30, 40), (26, 40, 400)),
        heart - 7,
        rounding_mm=12,
    )
    lung = intersection(chest, 2.4 - frame.dome, 2 - mediastinum, rounding_mm=4)
    painter.paint(lung, -860, ("coarse", 18))
    vessels = nothing(grid)
    for _ in range(120):
        start = np.array([rng.choice((-1, 1)) * rng.uniform(30, 75), rng.uniform(-50, 60), rng.uniform(5, 50)])
        path = [start, start + rng.normal(0, 14, 3), start + rng.normal(0, 24, 3) - (0, 0, 12)]
        radius = rng.uniform(0.9, 2.2)
        tube(grid, path, (radius, radius * 0.7, 0.5), 3, joined_to=vessels)
    painter.paint(intersection(vessels, lung + 1.5), 40)
    painter.paint(heart, 105, ("medium", 5))
    for centre, radii, hu in (((6, -28, 24), (25, 24, 30), 148), ((52, -36, 18), (32, 19, 27), 140)):
        painter.paint(ellipsoid(xyz, centre, radii, (0, 20, 25)), hu, ("medium", 5))


def paint_bones(painter: Painter, frame: Frame, rng: np.random.Generator) -> None:
    """Back muscles, spine and ribs."""
    grid = frame.grid
    x, y, z = xyz = grid.xyz
    flat = 0 * z
    phase = np.abs((z - frame.build.vertebra_phase) % VERTEBRA_PERIOD_MM - VERTEBRA_PERIOD_MM / 2)
    _paint_back_muscles(painter, frame)
    waist = 2.5 * np.cos(2 * np.pi * phase / VERTEBRA_PERIOD_MM)
    column = union(
        ellipsoid((x, y, flat), (-5, VERTEBRA_Y, 0), (17, 15.5, 1e4)),
        ellipsoid((x, y, flat), (5, VERTEBRA_Y, 0), (17, 15.5, 1e4)),
        rounding_mm=8,
    )
    column = intersection(column + 1.5 - waist, -ellipsoid((x, y, flat), (0, VERTEBRA_Y + 22, 0), (14, 9.5, 1e4)))
    painter.paint(column, 85, ("fine", 6))  # discs; the bodies come over them
    body = intersection(column, phase - (VERTEBRA_PERIOD_MM - DISC_MM) / 2 + 0 * x * y, rounding_mm=2)
    painter.paint(body, 480, edge_mm=1.5)
    painter.paint(body + 1.6, rng.uniform(150, 230), ("fine", 38))
    arch = ellipsoid((x, y, flat), (0, VERTEBRA_Y + 22, 0), (17, 13, 1e4))
    lamina = intersection(arch, phase - 10.5, VERTEBRA_Y + 12 - y + 0 * x)
    spinous = union(
        ellipsoid((x, y, phase), (0, VERTEBRA_Y + 42, 3), (3.4, 15, 9)),
        *(
            ellipsoid((x, y, phase), (side * 26, VERTEBRA_Y + 20, 0), (13, 4.5, 6), (0, 0, side * 16))
            for side in (-1, 1)
        ),
        *(ellipsoid((x, y, phase), (side * 14, VERTEBRA_Y + 23, 12), (5, 8, 9)) for side in (-1, 1)),
    )
    posterior = union(lamina, spinous, rounding_mm=4)
    painter.paint(posterior, 560, edge_mm=1.5)
    painter.paint(posterior + 2.2, 240, ("fine", 45))
    painter.paint(ellipsoid((x, y, flat), (0, VERTEBRA_Y + 22, 0), (11.5, 8, 1e4)), 15)
    painter.paint(ellipsoid((x, y, flat), (0, VERTEBRA_Y + 22, 0), (6, 4.5, 1e4)), 42)
    _paint_ribs(painter, frame, xyz, rng)


def _paint_back_muscles(painter: Painter, frame: Frame) -> None:
    x, y, z = frame.grid.xyz
    flat, b = 0 * z, frame.build.cage_half_depth
    block = union(
        *(ellipsoid((x, y, flat), (side * 30, 0.84 * b, 0), (27, 17, 1e4)) for side in (-1, 1)),
        ellipsoid((x, y, flat), (0, 0.68 * b, 0), (34, 17, 1e4)),
        rounding_mm=5,
    )
    painter.paint(block, MUSCLE, ("fine", 12))
    for side in (-1, 1):
        psoas = 15 * np.clip((-95 - z) / 70, 0, 1.2)
        painter.paint(ellipsoid((x, y, flat), (side * 34, VERTEBRA_Y + 2, 0), (14, 16, 1e4)) + 14 - psoas, MUSCLE + 4)
        painter.paint(
            ellipsoid((x, y, z), (side * 62, 0.72 * b, -190), (22, 9, 75), (0, 0, -side * 20)), MUSCLE, ("fine", 9)
        )
        crus = tube(frame.grid, [(side * 14, 22, -45), (side * 15, 28, -110), (side * 12, 33, -165)], (4, 6, 3))
        painter.paint(crus, MUSCLE + 6)


def _paint_ribs(painter: Painter, frame: Frame, xyz, rng: np.random.Generator) -> None:
    x, y, z = xyz
    angle = np.abs(np.arctan2(x, y - 10.0))  # 0 at the back, pi at the front
    depth = frame.cage - 0.42 * frame.build.wall
    spacing = rng.uniform(27, 30)
    head = frame.build.vertebra_phase % VERTEBRA_PERIOD_MM
    for number in range(10):
        start = 110 + head - number * spacing
        level = start - 118 * (1 - np.cos(np.minimum(angle, 2.0))) / 1.42 + 40 * np.maximum(angle - 2.0, 0)
        length = 2.2 if start > -20 else 1.8 if start > -70 else 1.2
        cross = np.sqrt((depth / 3.4) ** 2 + ((z - level) / 8.0) ** 2) * 3.6 - 3.6
        rib = intersection(cross, (angle - length) * 90, (0.30 - angle) * 90)
        painter.paint(rib, 420, edge_mm=1.5)
        painter.paint(rib + 1.5, 210, ("fine", 40))
        cartilage = intersection(cross, (length - angle) * 90, (angle - 2.75) * 90)
        if start > -40:
            painter.paint(cartilage, 120, ("fine", 40))
