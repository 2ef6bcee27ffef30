"""The organs beside the liver, in portal venous phase."""

from __future__ import annotations

import numpy as np

from .body import Frame
from .geometry import ellipsoid, intersection, nothing, smooth_noise, tube
from .scan import FAT, Painter

GAS, FLUID = -930.0, 12.0


def spleen(frame: Frame, rng: np.random.Generator) -> np.ndarray:
    size = rng.normal(1.0, 0.12)
    body = ellipsoid(frame.warped, (96, 34, -74), (40 * size, 56 * size, 58 * size), (0, 15, -22))
    hollow = ellipsoid(frame.warped, (58, -4, -74), (38, 44, 66))
    return intersection(body, -hollow, frame.abdomen + 3, rounding_mm=9)


def kidney(frame: Frame, side: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Outline and sinus of the right (-1) or left (+1) kidney."""
    centre = (side * rng.uniform(58, 66), 44, -128 + side * 10 + rng.uniform(-8, 8))
    scale = rng.normal(1, 0.06)
    radii = (27 * scale, 30 * scale, 54 * scale)
    outline = ellipsoid(frame.warped, centre, radii, (-14, side * 12, side * 32))
    hilum = (centre[0] - side * 17, centre[1] - 8, centre[2])
    sinus = ellipsoid(frame.warped, hilum, (13, 10, 25), (-14, side * 12, side * 32))
    return outline, sinus + 2.5 * smooth_noise(frame.grid, 12, rng)


def aorta(frame: Frame) -> np.ndarray:
    path = [(20, 20, 90), (16, 24, 10), (9, 22, -60), (4, 20, -130), (2, 22, -260)]
    return tube(frame.grid, path, (12.5, 12, 11, 10, 9))


def vena_cava(frame: Frame) -> np.ndarray:
    path = [(-6, -18, 25), (-20, 2, -2), (-25, 10, -45), (-25, 10, -95), (-21, 16, -150), (-20, 22, -260)]
    return tube(frame.grid, path, (12, 12, 11.5, 11, 10.5, 10))


def gallbladder(frame: Frame, rng: np.random.Generator) -> np.ndarray:
    size = rng.uniform(0.75, 1.15)
    centre = (-38 + rng.uniform(-8, 8), -46, -112 + rng.uniform(-8, 6))
    return ellipsoid(frame.warped, centre, (14 * size, 16 * size, 30 * size), (-28, 8, 0))


def paint_bowel(painter: Painter, frame: Frame, rng: np.random.Generator) -> None:
    """Mesenteric vessels, small bowel and colon; what lies above it is painted later."""
    grid, inside = frame.grid, frame.abdomen + 2
    vessels = nothing(grid)
    for _ in range(160):
        start = np.array([rng.uniform(-70, 90), rng.uniform(-60, 25), rng.uniform(-250, -85)])
        path = [start, start + rng.normal(0, 11, 3), start + rng.normal(0, 20, 3)]
        tube(grid, path, (rng.uniform(1.0, 2.4), 1.5, 0.9), 3, joined_to=vessels)
    painter.paint(intersection(vessels, inside), 130)
    contrast = rng.choice((18.0, 30.0, 210.0), p=(0.5, 0.35, 0.15))  # water, or positive oral contrast
    for _ in range(int(40 - 14 * frame.build.visceral_fat)):
        start = np.array([rng.uniform(-70, 95), rng.uniform(-78, 5), rng.uniform(-230, -105)])
        path = _wandering(start, 5, 20, rng)
        radius = rng.uniform(8, 12)
        loop = intersection(tube(grid, path, [radius] * len(path)) + 1.5 * smooth_noise(grid, 10, rng), inside)
        painter.paint(loop, 95, ("fine", 8))
        painter.paint(loop + 2.6, contrast, ("fine", 14))
    hepatic = [(-104, 5, -215), (-98, -18, -168), (-72, -55, -160)]
    transverse = [(-40, -72, -176), (0, -80, -172), (45, -78, -150), (88, -45, -118), (104, 0, -112), (106, 18, -200)]
    stool = smooth_noise(grid, 5, rng)
    path = np.array(hepatic + transverse) + rng.normal(0, 6, (9, 3))
    colon = intersection(tube(grid, path, rng.uniform(15, 22, 9)) + 2.2 * smooth_noise(grid, 16, rng), inside)
    painter.paint(colon, 75, ("fine", 8))
    painter.paint(colon + 2.4, -40 + 110 * np.minimum(stool, 0.6), ("fine", 30))
    y = grid.xyz[1]
    level = rng.uniform(-76, -58)
    painter.paint(intersection(colon + 2.8, y - level + 3 * stool, rounding_mm=2), GAS)


def paint_stomach(painter: Painter, frame: Frame, rng: np.random.Generator) -> None:
    grid = frame.grid
    y = grid.xyz[1]
    swell = rng.uniform(0.9, 1.3)
    path = [(52, 14, -42), (62, -8, -62), (60, -40, -95), (34, -62, -118), (4, -58, -118), (-18, -42, -112)]
    path = np.array(path) + rng.normal(0, 4, (6, 3))
    outline = tube(grid, path, np.array((26, 34, 29, 22, 16, 11)) * swell, 12)
    outline = intersection(outline + 2 * smooth_noise(grid, 22, rng), frame.abdomen + 2.5, rounding_mm=5)
    painter.paint(outline, 88, ("fine", 8))
    lumen = outline + 4.2 + 1.8 * smooth_noise(grid, 7, rng)
    painter.paint(lumen, rng.choice((14.0, 32.0, 60.0)), ("fine", rng.uniform(6, 28)))
    painter.paint(intersection(lumen, y - rng.uniform(-52, -26), rounding_mm=2), GAS)
    oesophagus = tube(grid, [(10, 12, 80), (12, 8, 0), (24, 2, -30), (44, 2, -48)], (7, 7, 8, 9))
    painter.paint(oesophagus, 68, ("fine", 10))


def paint_pancreas(painter: Painter, frame: Frame, rng: np.random.Generator) -> None:
    """Pancreas with the splenic vein; the stomach lies in front of it."""
    grid = frame.grid
    pancreas_path = [(-30, -14, -138), (-18, -22, -112), (12, -30, -100), (42, -8, -90), (74, 22, -80)]
    pancreas = tube(grid, pancreas_path, (13, 14, 10, 10, 8)) + 2.2 * smooth_noise(grid, 8, rng)
    painter.paint(intersection(pancreas, frame.abdomen + 3), 98, ("fine", 14))
    veins = [(-12, -14, -112), (14, -18, -100), (44, 0, -88), (80, 24, -78)]
    painter.paint(tube(grid, veins, (6.5, 5, 4.5, 4)), 160)


def paint_upper_abdomen(painter: Painter, frame: Frame, rng: np.random.Generator) -> None:
    """Spleen, kidneys, adrenals, mesenteric vessels, aorta and its branches."""
    grid = frame.grid
    painter.paint(spleen(frame, rng), rng.uniform(108, 128), ("medium", 3))
    enhancement = rng.uniform(155, 185)
    for side in (-1, 1):
        _paint_kidney(painter, frame, side, enhancement, rng)
        adrenal = tube(grid, [(side * 34, 26, -66), (side * 40, 33, -74), (side * 52, 40, -80)], (2.2, 3, 2))
        painter.paint(adrenal, 85)
    painter.paint(tube(grid, [(-10, -14, -112), (-8, -22, -160), (-10, -26, -230)], (6.5, 6, 5)), 158)
    painter.paint(tube(grid, [(4, 12, -112), (8, -14, -135), (8, -20, -230)], (4, 3.8, 3.4)), 162)
    painter.paint(tube(grid, [(7, 16, -92), (6, -4, -92), (-24, -14, -92)], (4, 3.4, 2.6)), 162)
    artery = aorta(frame)
    hu = rng.uniform(148, 172)
    painter.paint(artery, hu, ("medium", 3))
    for _ in range(rng.poisson(4)):  # calcified plaques
        level, angle = rng.uniform(-200, 0), rng.uniform(0, 2 * np.pi)
        spot = (6 + 11 * np.cos(angle), 21 + 11 * np.sin(angle), level)
        painter.paint(intersection(ellipsoid(grid.xyz, spot, (5, 5, 7)), np.abs(artery) - 1.0), 620)


def _paint_kidney(painter: Painter, frame: Frame, side: int, hu: float, rng: np.random.Generator) -> None:
    outline, sinus = kidney(frame, side, rng)
    painter.paint(outline - 6, FAT, ("fine", 8))
    painter.paint(outline, hu, ("fine", 6))
    pyramids = intersection(outline + 8, -(smooth_noise(frame.grid, 14, rng) * 9 + 1))
    painter.paint(pyramids, hu - 42, ("fine", 6))
    painter.paint(intersection(sinus, outline + 5), FAT + 25, ("fine", 22))
    start = (side * 42, 36, -128 + side * 10)
    painter.paint(tube(frame.grid, [start, (side * 26, 26, start[2] + 4), (0, 18, start[2] + 10)], (5, 4.5, 4)), 150)


def _wandering(start: np.ndarray, parts: int, step_mm: float, rng: np.random.Generator) -> np.ndarray:
    points, direction = [start], rng.normal(0, 1, 3)
    for _ in range(parts):
        direction = 0.6 * direction / np.linalg.norm(direction) + 0.6 * rng.normal(0, 1, 3)
        points.append(points[-1] + step_mm * direction / np.linalg.norm(direction))
    return np.array(points)
