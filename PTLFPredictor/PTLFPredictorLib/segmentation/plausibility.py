"""Whether the segments can be a liver and its tumours, whoever drew them: volume, attenuation, place, pieces, tumours.

Every threshold has its source or derivation, and what was measured on true and on wrong masks, in
docs/plausibility.md.  Nothing here is a matter of taste about borders: a loose contour passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk

from ..ct import Finding
from .placement import PARENCHYMA, TUMOUR, Coarse, Fit, Way, fit, position

LIVER_ML = (500.0, 7000.0)
"""Experts' livers of 82 patients with HCC hold 626 to 5376 mL; 20 % less and 30 % more are still believed."""

TUMOUR_SHARE = 0.85
"""Of the liver; experts' largest tumour, 4055 mL in a liver of at most 5376 mL, has 0.75."""

SWAPPED_SHARE, ENCLOSED_SHARE = 0.5, 0.6
"""Tumour above the first, and parenchyma with more than the second of its surface on tumour: the two are swapped."""

AIR_HU, AIR_SHARE = -150, 0.03
LARGEST_SD_HU = 100.0
LEAST_INSIDE = 0.6
"""Parenchyma: share below AIR_HU, SD, share with the liver's attenuation (`placement.Fit.inside`)."""

GAIN, CONVINCING, LEAST_MOVE_MM = 0.08, 0.6, 7.0
"""A mask lies wrongly where another way gains so much, reaches this fit, and is mirrored, turned or moved so far."""

LARGEST_OUTSIDE = 0.4
"""Share of the tissue just outside the liver with its attenuation; above, the liver goes on beyond its segment."""

LEAST_RIGHT_SHARE = 0.5

LARGEST_PIECE, HOLES_SHARE = 0.9, 0.05

LESION_ML = 1.0
"""Lesions below are not judged alone."""

TUMOUR_ABOVE_LIVER_HU, TUMOUR_LEAST_HU = 60.0, -30.0
"""Median of a lesion against the median of the parenchyma, and in itself."""

TUMOUR_AIR_SHARE = 0.02

LEAST_CONTACT = 0.05
"""Share of a lesion's surface on parenchyma."""

VIEWS = {"axial": (0, "red", "from the feet"), "coronal": (1, "green", "from the front"),
         "sagittal": (2, "yellow", "from the right")}  # fmt: skip
"""Plane -> array axis, Slicer's colour, where its slices are counted from."""

MIRRORED = {"x": "left and right", "y": "front and back", "z": "head and feet"}
MIRROR_SEEN = {"x": "axial", "y": "axial", "z": "coronal"}
TURN_SEEN = {"x": "sagittal", "y": "coronal", "z": "axial"}
TOWARDS = (("left", "right"), ("back", "front"), ("head", "feet"))
"""Words for the positive and the negative direction of x, y, z."""


@dataclass(frozen=True)
class _Case:
    """What every check looks at."""

    labels: np.ndarray
    hu: np.ndarray
    spacing: tuple[float, float, float]
    origin: tuple[float, float, float] | None
    truncated: bool
    coarse: Coarse
    parenchyma_hu: np.ndarray

    @property
    def voxel_ml(self) -> float:
        return float(np.prod(self.spacing)) / 1000

    def look(self, plane: str, index: int) -> tuple[str, dict[str, Any]]:
        """Sentence that names a picture (`index` counts from 0 along L, P, S), and its values."""
        axis, colour, counted = VIEWS[plane]
        where, values = f"{colour} view", {"plane": plane, "slice": index + 1}
        if self.origin is not None:
            dimension = 2 - axis
            position_mm = self.origin[dimension] + index * self.spacing[dimension]
            where += f" at {'RAS'[dimension]} {position_mm if dimension == 2 else -position_mm:.0f} mm"
            values["position_mm"] = position_mm
        count = self.labels.shape[axis]
        return f" Look at {plane} slice {index + 1} of {count} ({counted}; {where}).", values

    def look_at_most(self, plane: str, mask: np.ndarray) -> tuple[str, dict[str, Any]]:
        """The slice with most of a mask on the coarse grid."""
        axis = VIEWS[plane][0]
        index = int(np.argmax(mask.sum(axis=tuple({0, 1, 2} - {axis}))))
        return self.look(plane, self.coarse.fine_index(axis, index))


def check(
    labels: np.ndarray,
    hu: np.ndarray,
    spacing: Sequence[float],
    *,
    truncated: bool = False,
    origin: Sequence[float] | None = None,
) -> list[Finding]:
    """Findings on segments that cannot be a liver with its tumours; none where they can.

    Parameters
    ----------
    labels : ndarray, (slices, rows, columns)
        0 background, 1 parenchyma, 2 tumour; more than that counts as liver alone. Index axes along L, P, S.
    hu : ndarray, the same shape
        HU of the canonical CT.
    spacing : (x, y, z) in mm
    truncated : bool
        The liver is known to be cut off: a small volume and several pieces then mean nothing.
    origin : (x, y, z) in mm, optional
        Of the CT (L, P, S): the pictures to look at are then named with their position, too.
    """
    parenchyma = labels == PARENCHYMA
    if not parenchyma.any():
        return []
    spacing = tuple(float(step) for step in spacing)
    case = _Case(labels, hu, spacing, None if origin is None else tuple(origin), truncated,
                 Coarse.of(labels, hu, spacing), hu[parenchyma])  # fmt: skip
    if found := _swapped(case):
        return found
    lies = fit(case.coarse)
    misplaced = _misplaced(case, lies)
    return [
        *_volume(case),
        *(misplaced or [*_incomplete(case, lies), *_attenuation(case, lies), *_position(case)]),
        *_pieces(case),
        *([] if misplaced else _lesions(case)),
    ]


def _swapped(case: _Case) -> list[Finding]:
    tumour, parenchyma = (float(np.count_nonzero(case.labels == label)) for label in (TUMOUR, PARENCHYMA))
    share = tumour / (tumour + parenchyma)
    enclosed = _share_touching(case, PARENCHYMA, TUMOUR) if share > SWAPPED_SHARE else 0.0
    if share <= TUMOUR_SHARE and enclosed <= ENCLOSED_SHARE:
        return []
    look, seen = case.look("axial", _fullest(case.labels == PARENCHYMA))
    message = (
        f"{100 * share:.0f} % of the liver is labelled as tumour ({tumour * case.voxel_ml:.0f} mL, parenchyma "
        f"{parenchyma * case.voxel_ml:.0f} mL): are the two swapped?{look}"
    )
    return [Finding("segments_swapped", "withhold", message, {"tumor_share": share, "enclosed": enclosed, **seen})]


def _volume(case: _Case) -> list[Finding]:
    low, high = LIVER_ML
    liver = np.count_nonzero(case.labels) * case.voxel_ml
    if liver > high or (liver < low and not case.truncated):
        look, seen = case.look("axial", _fullest(case.labels > 0))
        size, limit = ("large", "at most 5376") if liver > high else ("small", "at least 626")
        message = (
            f"The liver segment holds {liver:.0f} mL, too {size} for a liver (experts' livers of patients with HCC hold "
            f"{limit} mL).{look}"
        )
        return [Finding("liver_volume", "withhold", message, {"liver_ml": liver, "believed_ml": list(LIVER_ML), **seen})]
    return []


def _misplaced(case: _Case, lies: Fit | None) -> list[Finding]:
    if lies is None or lies.gain < GAIN or lies.best < CONVINCING:
        return []
    way = lies.way
    if not (way.mirrored or way.turned) and way.distance_mm < LEAST_MOVE_MM:
        return []
    said, plane = _way_in_words(way)
    look, seen = case.look_at_most(plane, case.coarse.liver)
    values = {
        "fit": lies.here, "best_fit": lies.best, "mirrored": way.mirrored, "turned_about": way.turned,
        "turned_degrees": way.degrees, "moved_mm": [round(mm, 1) for mm in way.moved_mm],
        "inside": lies.inside, "outside": lies.outside, **_attenuation_values(case), **seen,
    }  # fmt: skip
    message = (
        f"The liver segment does not lie on the liver: {said} (fit {lies.best:.2f} instead of {lies.here:.2f}).{look}"
    )
    return [Finding("segments_misplaced", "withhold", message, values)]


def _way_in_words(way: Way) -> tuple[str, str]:
    """What is wrong, and the plane that shows it."""
    if way.mirrored:
        exchanged = " and ".join(MIRRORED[axis].replace(" and ", "/") for axis in way.mirrored)
        exchanged = MIRRORED[way.mirrored] if len(way.mirrored) == 1 else exchanged
        return f"it is mirrored, and fits with {exchanged} exchanged", MIRROR_SEEN[way.mirrored[-1]]
    if way.turned:
        plane = TURN_SEEN[way.turned]
        return f"it is turned, and fits once turned back by about {abs(way.degrees):.0f} degrees in the {plane} plane", plane
    axis = int(np.argmax(np.abs(way.moved_mm)))
    towards = [
        f"{abs(mm):.0f} mm towards the {words[mm < 0]}"
        for mm, words in zip(way.moved_mm, TOWARDS, strict=True)
        if abs(mm) >= LEAST_MOVE_MM
    ] or [f"{abs(way.moved_mm[axis]):.0f} mm towards the {TOWARDS[axis][way.moved_mm[axis] < 0]}"]
    return f"the liver lies about {' and '.join(towards)} of it", "sagittal" if axis == 1 else "coronal"


def _incomplete(case: _Case, lies: Fit | None) -> list[Finding]:
    if lies is None or lies.outside <= LARGEST_OUTSIDE:
        return []
    look, seen = case.look_at_most("axial", case.coarse.shell & case.coarse.like_liver)
    message = (
        f"The liver goes on beyond its segment: {100 * lies.outside:.0f} % of the tissue just outside has the liver's "
        f"attenuation.{look}"
    )
    return [Finding("liver_incomplete", "withhold", message, {"outside": lies.outside, **seen})]


def _attenuation_values(case: _Case) -> dict[str, float]:
    values = case.parenchyma_hu
    return {
        "median_hu": float(np.median(values)),
        "sd_hu": float(values.std(dtype=float)),
        "share_below_150": float(np.mean(values < AIR_HU)),
    }


def _attenuation(case: _Case, lies: Fit | None) -> list[Finding]:
    values = _attenuation_values(case)
    inside = 1.0 if lies is None else lies.inside
    air, spread = values["share_below_150"], values["sd_hu"]
    if air <= AIR_SHARE and spread <= LARGEST_SD_HU and inside >= LEAST_INSIDE:
        return []
    what = (
        f"{100 * air:.0f} % of it is lung, gas or fat"
        if air > AIR_SHARE
        else f"its SD is {spread:.0f} HU"
        if spread > LARGEST_SD_HU
        else f"only {100 * inside:.0f} % of it has the liver's attenuation"
    )
    unlike = case.coarse.parenchyma & ~case.coarse.like_liver
    look, seen = case.look_at_most("axial", unlike)
    message = f"The parenchyma segment covers more than liver: {what}.{look}"
    return [Finding("liver_attenuation", "withhold", message, {**values, "inside": inside, **seen})]


def _position(case: _Case) -> list[Finding]:
    where = position(case.coarse)
    values = {
        "right_share": where.right_share,
        "below_lungs_mm": where.below_lungs_mm,
        "before_spine_mm": where.before_spine_mm,
    }
    found = []
    if where.right_share is not None and where.right_share < LEAST_RIGHT_SHARE:
        found.append((
            "axial",
            f"The liver segment lies mostly in the patient's left half ({100 * where.right_share:.0f} % to the right of "
            "the mid-line). CT and segments may be mirrored; situs inversus, or a left lobe grown after a right "
            "hepatectomy, is for a reader to tell.",
        ))  # fmt: skip
    if where.below_lungs_mm is not None and where.below_lungs_mm < 0:
        found.append(("coronal", "The lungs lie below the liver segment: are head and feet exchanged?"))
    if where.before_spine_mm is not None and where.before_spine_mm < 0:
        found.append(("axial", "The spine lies in front of the liver segment: are front and back exchanged?"))
    findings = []
    for plane, message in found:
        look, seen = case.look_at_most(plane, case.coarse.liver)
        findings.append(Finding("liver_position", "withhold", message + look, {**values, **seen}))
    return findings


def _pieces(case: _Case) -> list[Finding]:
    """Pieces and holes of the whole liver, on the coarse grid: specks are left to the post-processing."""
    from scipy.ndimage import binary_fill_holes, label

    liver, found = case.coarse.liver, []
    pieces, count = label(liver, np.ones((3, 3, 3)))
    if not count:
        return []
    sizes = np.bincount(pieces.ravel())[1:]
    share = float(sizes.max() / sizes.sum())
    if share < LARGEST_PIECE and not case.truncated:
        second = pieces == 1 + np.argsort(sizes)[-2]
        look, seen = case.look_at_most("axial", second)
        message = (
            f"The liver segment is in {count} pieces; the largest holds {100 * share:.0f} % of it. A liver is one.{look}"
        )
        found.append(Finding("liver_pieces", "withhold", message, {"pieces": count, "largest_share": share, **seen}))
    holes = binary_fill_holes(liver) & ~liver
    lost = float(holes.sum() / liver.sum())
    if lost > HOLES_SHARE:
        look, seen = case.look_at_most("axial", holes)
        message = (
            f"The liver segment has holes of {case.coarse.millilitres(holes):.0f} mL: has a lesion, or a label, been left "
            f"out?{look}"
        )
        found.append(Finding("liver_holes", "withhold", message, {"share": lost, **seen}))
    return found


def _lesions(case: _Case) -> list[Finding]:
    """Each lesion by itself: one in the stomach does not hide behind a true one."""
    found, liver = [], float(np.median(case.parenchyma_hu))
    for lesion in _each_lesion(case):
        look, seen = case.look("axial", lesion.level)
        values = {"ml": lesion.ml, "median_hu": lesion.median_hu, "sd_hu": lesion.sd_hu, "liver_hu": liver,
                  "share_above_250": lesion.bright, "share_below_150": lesion.air, "contact": lesion.contact, **seen}  # fmt: skip
        name = f"A tumour of {lesion.ml:.0f} mL"
        if lesion.median_hu > liver + TUMOUR_ABOVE_LIVER_HU:
            message = (
                f"{name} is far brighter than the liver ({lesion.median_hu:.0f} against {liver:.0f} HU; "
                f"{100 * lesion.bright:.0f} % above 250 HU): contrast in stomach or bowel, a vessel, or lipiodol?{look}"
            )
            found.append(Finding("tumor_attenuation", "withhold", message, values))
        elif lesion.median_hu < TUMOUR_LEAST_HU or lesion.air > TUMOUR_AIR_SHARE:
            message = (
                f"{name} holds fat or gas (median {lesion.median_hu:.0f} HU, {100 * lesion.air:.0f} % below {AIR_HU} HU): "
                f"stomach, bowel, lung or an abscess?{look}"
            )
            found.append(Finding("tumor_attenuation", "withhold", message, values))
        if lesion.contact < LEAST_CONTACT:
            message = (
                f"{name} hardly touches the parenchyma ({100 * lesion.contact:.0f} % of its surface): does it belong to "
                f"the liver?{look}"
            )
            found.append(Finding("tumor_beside_liver", "withhold", message, values))
    return found


@dataclass(frozen=True)
class _Lesion:
    ml: float
    level: int
    median_hu: float
    sd_hu: float
    bright: float
    air: float
    contact: float


def _each_lesion(case: _Case) -> Iterator[_Lesion]:
    tumour = case.labels == TUMOUR
    if not tumour.any():
        return
    box = _box(tumour)
    labels, hu = case.labels[box], case.hu[box]
    image = sitk.GetImageFromArray(tumour[box].astype(np.uint8))
    least = max(1, round(LESION_ML / case.voxel_ml))
    pieces = sitk.GetArrayFromImage(
        sitk.RelabelComponent(sitk.ConnectedComponent(image, True), minimumObjectSize=least)
    )
    for number in range(1, int(pieces.max()) + 1):
        mask = pieces == number
        values = hu[mask]
        yield _Lesion(
            values.size * case.voxel_ml,
            box[0].start + _fullest(mask),
            float(np.median(values)),
            float(values.std(dtype=float)),
            float(np.mean(values > 250)),
            float(np.mean(values < AIR_HU)),
            _contact(labels, mask, case.spacing, PARENCHYMA),
        )


def _share_touching(case: _Case, label: int, other: int) -> float:
    mask = case.labels == label
    box = _box(mask)
    return _contact(case.labels[box], mask[box], case.spacing, other)


def _contact(labels: np.ndarray, mask: np.ndarray, spacing: Sequence[float], other: int) -> float:
    """Share of a mask's surface (faces of voxels, in mm2) that lies on voxels of another label."""
    dx, dy, dz = spacing
    inside, around = np.pad(mask, 1), np.pad(labels, 1)
    places = np.flatnonzero(inside)
    rows, columns = inside.shape[1:]
    inside, around = inside.ravel(), around.ravel()
    surface = touching = 0.0
    for stride, area in ((rows * columns, dx * dy), (columns, dx * dz), (1, dy * dz)):
        for step in (stride, -stride):
            neighbours = places[~inside[places + step]] + step
            surface += area * neighbours.size
            touching += area * np.count_nonzero(around[neighbours] == other)
    return touching / surface if surface else 0.0


def _box(mask: np.ndarray) -> tuple[slice, ...]:
    """Bounding box and one voxel more."""
    spans = [np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    return tuple(slice(max(0, hits[0] - 1), hits[-1] + 2) for hits in spans)


def _fullest(mask: np.ndarray) -> int:
    """The slice with most of a mask."""
    return int(np.argmax(np.count_nonzero(mask, axis=(1, 2))))
