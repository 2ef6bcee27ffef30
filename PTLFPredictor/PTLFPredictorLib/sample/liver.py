"""The liver: shape of a given volume, portal and hepatic veins, tumours."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from . import organs
from .body import Frame
from .geometry import ellipsoid, intersection, plane, smooth_noise, tube_parts, union
from .scan import Painter

VOLUME_ML = (1050.0, 2100.0)
"""Whole liver, tumours included."""

TUMOUR_ML = (5.0, 400.0)
"""All tumours of a case together."""

TUMOUR_FRACTION = 0.25
"""Tumours fill at most this part of the liver."""


@dataclass(frozen=True)
class Tumour:
    """One tumour: centre (x, y, z) and radius in mm, difference to the parenchyma in HU, and what it looks like."""

    centre_mm: tuple[float, float, float]
    radius_mm: float
    contrast_hu: float
    rim_hu: float
    necrosis: float

    def to_dict(self) -> dict:
        return asdict(self)


def make_liver(frame: Frame, volume_ml: float, nodularity: float, rng: np.random.Generator) -> np.ndarray:
    """Signed distance (z, y, x) of a liver of this volume; `nodularity` 0 (smooth) to 1 (cirrhotic surface)."""
    xyz = frame.warped
    left_reach = rng.uniform(40, 82)
    medial = plane(xyz, (-4, 2, 0), (1, 1.02 + rng.uniform(-0.12, 0.12), 0.12))
    tip = ellipsoid(xyz, (-60, -20, -60), (60 + left_reach, 110, 150))
    tilt = (rng.uniform(0.42, 0.62), rng.uniform(0.30, 0.48), -1.0)
    posterior = ellipsoid(xyz, (2, 70, -60), (40, 62, 300))  # spine and crura
    carved = [
        intersection(frame.abdomen + 0.8, medial, tip, rounding_mm=16),
        -(posterior - 3),
        -(organs.vena_cava(frame) - 0.4),
    ]
    shape = intersection(*carved, rounding_mm=7)
    fissure = union(
        ellipsoid(xyz, (12, -75, -118), (4.5, 34, 40), (0, 0, -12)),
        ellipsoid(xyz, (-24, -20, -94), (22, 7, 9), (0, 0, 20)),  # porta hepatis
        rounding_mm=6,
    )
    surface = 1.2 * smooth_noise(frame.grid, 24, rng) + (0.3 + 1.6 * nodularity) * smooth_noise(frame.grid, 9, rng)
    voxel_ml = np.prod(frame.grid.spacing) / 1000

    def at(level: float) -> np.ndarray:
        visceral = plane(xyz, (-60, 0, level), tilt)
        cut = intersection(shape, visceral, rounding_mm=14)
        return np.maximum(intersection(cut, -fissure, rounding_mm=5) + surface, frame.abdomen + 0.8)

    low, high = -230.0, -20.0
    for _ in range(9):
        middle = (low + high) / 2
        if (at(middle) < 0).sum() * voxel_ml > volume_ml:
            low = middle
        else:
            high = middle
    return at((low + high) / 2)


def make_tumours(
    frame: Frame, liver: np.ndarray, total_ml: float, count: int, rng: np.random.Generator
) -> tuple[list[Tumour], list[np.ndarray]]:
    """Tumours of about `total_ml` mL together, and the signed distance of each on the anatomy grid."""
    shares = np.sort(rng.dirichlet(np.full(count, 0.9)) if count > 1 else np.ones(1))[::-1]
    shares = np.maximum(shares, 2.0 / total_ml)
    tumours, distances = [], []
    x, y, z = frame.grid.xyz
    for share in shares / shares.sum():
        radius = float((3000 * share * total_ml / (4 * np.pi)) ** (1 / 3))
        depth = min(radius * rng.uniform(0.55, 1.05), 0.9 * float(-liver.min()))
        taken = np.minimum.reduce(distances) if distances else np.float32(1e3)
        for relax in (1.0, 0.75, 0.5, 0.25):
            places = np.argwhere((liver < -depth * relax) & (taken > radius + 4))
            if len(places):
                break
        else:
            continue  # no room left for a small one
        k, j, i = places[rng.integers(len(places))]
        centre = tuple(
            float(o + s * n) for o, s, n in zip(frame.grid.origin, frame.grid.spacing, (i, j, k), strict=True)
        )
        radii = radius * np.exp(rng.normal(0, 0.09, 3))
        ball = ellipsoid((x, y, z), centre, radii, tuple(rng.uniform(0, 90, 3)))
        wobble = radius * (
            0.05 * smooth_noise(frame.grid, max(radius, 8), rng) + 0.025 * smooth_noise(frame.grid, 7, rng)
        )
        distances.append(np.maximum(ball + wobble, frame.abdomen + 0.8))
        tumours.append(_look(centre, radius, rng))
    return tumours, distances


def _look(centre, radius: float, rng: np.random.Generator) -> Tumour:
    hyper = rng.random() < 0.2
    return Tumour(
        centre_mm=centre,
        radius_mm=radius,
        contrast_hu=float(rng.uniform(30, 50) if hyper else -rng.uniform(28, 52)),
        rim_hu=float(rng.uniform(-5, 45) if not hyper else rng.uniform(-20, 15)),
        necrosis=float(rng.uniform(0.35, 0.75) if radius > 14 and rng.random() < 0.6 else 0.0),
    )


def paint_liver(
    painter: Painter,
    frame: Frame,
    liver: np.ndarray,
    tumours: list[Tumour],
    distances: list[np.ndarray],
    *,
    hu: float,
    coarseness: float,
    rng: np.random.Generator,
) -> None:
    """Parenchyma, vessels, tumours; `coarseness` 0 (even) to 1 (coarse parenchyma of advanced cirrhosis)."""
    painter.paint(liver, hu, ("medium", 1.5 + 6 * coarseness))
    _paint_vessels(painter, frame, liver, hu, rng)
    for tumour, distance in zip(tumours, distances, strict=True):
        painter.paint(distance, hu + tumour.rim_hu, ("fine", 6))
        rim = 1.2 + 0.05 * tumour.radius_mm
        mosaic = tumour.contrast_hu + 7 * smooth_noise(frame.grid, max(6.0, tumour.radius_mm / 2.5), rng)
        painter.paint(distance + rim, hu + mosaic, ("fine", 8), edge_mm=2.5)
        if tumour.necrosis:
            core = distance + tumour.radius_mm * (1 - tumour.necrosis)
            core = core + 0.16 * tumour.radius_mm * smooth_noise(frame.grid, max(8.0, tumour.radius_mm / 2), rng)
            painter.paint(core, rng.uniform(18, 38), ("fine", 7), edge_mm=3.5)


def _paint_vessels(painter: Painter, frame: Frame, liver: np.ndarray, hu: float, rng: np.random.Generator) -> None:
    places = np.argwhere(liver < -5)
    points = np.array(frame.grid.origin) + places[:, ::-1] * np.array(frame.grid.spacing)
    portal, hepatic = hu + rng.uniform(48, 68), hu + rng.uniform(42, 62)
    pieces = [((-10, -12, -110), (-30, -14, -92), 7.5, 6.5)]
    pieces += _tree((-30, -14, -92), points[rng.choice(len(points), 420)], 7.2, rng)
    for hu_vessel, branches in ((portal, pieces), (hepatic, _hepatic_veins(points, rng))):
        for start, end, r0, r1 in branches:
            for box, distance in tube_parts(painter.grid, (start, end), (r0, r1), 2.0):
                painter.blend(box, distance, hu_vessel, edge_mm=1.2)


def _hepatic_veins(points: np.ndarray, rng: np.random.Generator) -> list:
    root = np.array((-21.0, 4.0, -14.0))
    angle = np.degrees(np.arctan2(points[:, 1] - root[1], points[:, 0] - root[0]))  # -180 right, -90 front, 0 left
    angle = np.where(angle > 90, angle - 360, angle)
    pieces = []
    for low, high in ((-260, -150), (-150, -100), (-100, 60)):  # right, middle, left
        territory = points[(angle >= low) & (angle < high)]
        if len(territory) > 40:
            pieces += _tree(tuple(root), territory[rng.choice(len(territory), 150)], 5.8, rng)
    return pieces


def _tree(root, targets: np.ndarray, radius: float, rng: np.random.Generator) -> list:
    """Branches (start, end, radius, radius) from `root` towards the centre of ever smaller groups of targets.

    Radii follow Murray's law: the cubes of the daughters' radii sum to the mother's.
    """
    if len(targets) < 2 or radius < 0.8:
        return []
    root = np.asarray(root, float)
    centre = targets.mean(axis=0)
    along = centre - root
    end = root + along * 0.62 + rng.normal(0, 0.06 * np.linalg.norm(along) + 0.5, 3)
    middle = (root + end) / 2 + rng.normal(0, 0.05 * np.linalg.norm(along), 3)
    axis = np.linalg.svd(targets - centre, full_matrices=False)[2][0]
    side = (targets - centre) @ axis > 0
    pieces = [
        (tuple(root), tuple(middle), radius, radius * 0.95),
        (tuple(middle), tuple(end), radius * 0.95, radius * 0.9),
    ]
    for group in (targets[side], targets[~side]):
        share = len(group) / len(targets)
        pieces += _tree(end, group, radius * 0.9 * share ** (1 / 3), rng)
    return pieces
