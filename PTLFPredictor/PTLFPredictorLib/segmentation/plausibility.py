"""Whether the segments can be a liver and its tumours, whoever drew them: volume, attenuation, place, pieces, tumours.

Every threshold has its source or derivation, and what was measured on true and on wrong masks, in
docs/plausibility.md.  A loose or a tight contour passes: this is about what no reader would call a liver.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ct import Finding
from .lesion_checks import check_lesions, fullest, share_touching
from .picture import Case
from .placement import PARENCHYMA, TUMOUR, Coarse, Fit, Way, fit
from .position import position

EXPERTS_ML = (626, 5376)
"""Livers of 82 patients with HCC, drawn by experts (HCC-TACE-Seg)."""

BELIEVED_ML = (500.0, 7000.0)
"""20 % less and 30 % more than experts found."""

TUMOUR_SHARE = 0.85
"""Of the liver; the experts' largest tumour, 4055 mL in a liver of at most 5376 mL, had 0.75."""

SWAPPED_SHARE, ENCLOSED_SHARE = 0.5, 0.6
"""More tumour than the first, and parenchyma with more of its surface on tumour than the second: swapped."""

AIR_HU, AIR_SHARE = -150, 0.03
LARGEST_SD_HU = 150.0
LEAST_INSIDE = 0.6
"""Of the parenchyma: share below `AIR_HU`, SD, share with the liver's attenuation (`Fit.inside`)."""

GAIN, CONVINCING, LEAST_MOVE_MM = 0.08, 0.6, 7.0
"""A mask lies wrongly that would gain so much, and reach this fit, mirrored, turned, or moved by so much."""

LARGEST_OUTSIDE = 0.5
"""Share of the tissue just outside with the liver's attenuation (`Fit.outside`): there is more liver."""

LEAST_RIGHT_SHARE = 0.5
"""Of the liver, to the right of the body's mid-line."""

LARGEST_PIECE, HOLES_SHARE = 0.9, 0.05
"""Of the liver's volume."""

EXCHANGED = {
    "x": "left and right", "y": "front and back", "z": "head and feet",
    "xy": "left and right, and front and back,", "xz": "left and right, and head and feet,",
    "yz": "front and back, and head and feet,", "xyz": "left and right, front and back, and head and feet",
}  # fmt: skip
"""Mirrored axes in words."""

TURNED_IN = {"x": "sagittal", "y": "coronal", "z": "axial"}
TOWARDS = (("left", "right"), ("back", "front"), ("head", "feet"))
"""Positive and negative direction of x, y, z."""


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
        0 background, 1 parenchyma, 2 tumour, 3 liver in neither (left out by a reader). Index axes along L, P, S.
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
    origin = None if origin is None else tuple(float(mm) for mm in origin)
    case = Case(labels, hu, spacing, origin, truncated, Coarse.of(labels, hu, spacing), hu[parenchyma])
    if found := _swapped(case):
        return found  # every other finding would follow from this one
    lies = fit(case.coarse)
    if found := _misplaced(case, lies):
        return [*_volume(case), *found, *_pieces(case)]
    return [
        *_volume(case),
        *_incomplete(case, lies),
        *_attenuation(case, lies),
        *_position(case),
        *_pieces(case),
        *check_lesions(case),
    ]


def _swapped(case: Case) -> list[Finding]:
    tumour, parenchyma = (int(np.count_nonzero(case.labels == label)) for label in (TUMOUR, PARENCHYMA))
    share = tumour / (tumour + parenchyma)
    enclosed = share_touching(case, PARENCHYMA, TUMOUR) if share > SWAPPED_SHARE else 0.0
    if share <= TUMOUR_SHARE and enclosed <= ENCLOSED_SHARE:
        return []
    sentence = (
        f"{100 * share:.0f} % of the liver is labelled as tumour ({tumour * case.voxel_ml:.0f} mL, parenchyma "
        f"{parenchyma * case.voxel_ml:.0f} mL): are the two swapped?"
    )
    picture = ("axial", fullest(case.labels == PARENCHYMA))
    return [case.withhold("segments_swapped", sentence, picture, {"tumor_share": share, "enclosed": enclosed})]


def _volume(case: Case) -> list[Finding]:
    liver = int(np.count_nonzero(case.labels)) * case.voxel_ml
    small, large = liver < BELIEVED_ML[0] and not case.truncated, liver > BELIEVED_ML[1]
    if not (small or large):
        return []
    sentence = (
        f"The liver segment holds {liver:.0f} mL, too {'large' if large else 'small'} for a liver: experts' livers of "
        f"patients with HCC hold {EXPERTS_ML[0]} to {EXPERTS_ML[1]} mL."
    )
    values = {"liver_ml": liver, "believed_ml": list(BELIEVED_ML)}
    return [case.withhold("liver_volume", sentence, ("axial", fullest(case.labels > 0)), values)]


def _misplaced(case: Case, lies: Fit | None) -> list[Finding]:
    if lies is None or lies.gain < GAIN or lies.best < CONVINCING:
        return []
    way = lies.way
    if not (way.mirrored or way.turned) and way.distance_mm < LEAST_MOVE_MM:
        return []
    said, plane = _in_words(way)
    sentence = (
        f"The liver segment does not lie on the liver: {said} (agreement with the CT {lies.best:.2f} instead of "
        f"{lies.here:.2f})."
    )
    values = {
        "fit": lies.here, "best_fit": lies.best, "inside": lies.inside, "outside": lies.outside,
        "mirrored": way.mirrored, "turned_about": way.turned, "turned_degrees": way.degrees,
        "moved_mm": [round(mm, 1) for mm in way.moved_mm], **_attenuation_values(case),
    }  # fmt: skip
    return [case.withhold("segments_misplaced", sentence, case.most(plane, case.coarse.liver), values)]


def _in_words(way: Way) -> tuple[str, str]:
    """What is wrong, and the plane that shows it."""
    if way.mirrored:
        said = f"it is mirrored, and fits with {EXCHANGED[way.mirrored]} exchanged"
        return said, "coronal" if "z" in way.mirrored else "axial"
    if way.turned:
        plane = TURNED_IN[way.turned]
        return f"it is turned, and fits turned back by about {abs(way.degrees):.0f} degrees in the {plane} plane", plane
    farthest = int(np.argmax(np.abs(way.moved_mm)))
    further = [
        f"{5 * round(abs(mm) / 5)} mm further to the {words[mm < 0]}"
        for axis, (mm, words) in enumerate(zip(way.moved_mm, TOWARDS, strict=True))
        if abs(mm) >= LEAST_MOVE_MM or axis == farthest
    ]
    return f"the liver lies about {' and '.join(further)}", "sagittal" if farthest == 1 else "coronal"


def _incomplete(case: Case, lies: Fit | None) -> list[Finding]:
    if lies is None or lies.outside <= LARGEST_OUTSIDE:
        return []
    sentence = (
        f"The liver goes on beyond its segment: {100 * lies.outside:.0f} % of the tissue just outside has the liver's "
        "attenuation."
    )
    picture = case.most("axial", case.coarse.shell & case.coarse.like_liver)
    return [case.withhold("liver_incomplete", sentence, picture, {"outside": lies.outside})]


def _attenuation_values(case: Case) -> dict[str, float]:
    values = case.parenchyma_hu
    return {
        "median_hu": float(np.median(values)),
        "sd_hu": float(values.std(dtype=float)),
        "share_below_150": float(np.mean(values < AIR_HU)),
    }


def _attenuation(case: Case, lies: Fit | None) -> list[Finding]:
    values = _attenuation_values(case)
    inside = 1.0 if lies is None else lies.inside
    air, spread = values["share_below_150"], values["sd_hu"]
    if air > AIR_SHARE:
        what = f"{100 * air:.0f} % of it is lung, gas or fat"
    elif spread > LARGEST_SD_HU:
        what = f"the SD of its attenuation is {spread:.0f} HU"
    elif inside < LEAST_INSIDE:
        what = f"only {100 * inside:.0f} % of it has the liver's attenuation"
    else:
        return []
    unlike = case.coarse.parenchyma & ~case.coarse.like_liver
    sentence = f"The parenchyma segment covers more than liver: {what}."
    return [case.withhold("liver_attenuation", sentence, case.most("axial", unlike), {**values, "inside": inside})]


def _position(case: Case) -> list[Finding]:
    """Right of the mid-line, below the lungs, in front of the spine: what also tells a CT that is mirrored itself."""
    where = position(case.coarse)
    sentences = []
    if where.right_share is not None and where.right_share < LEAST_RIGHT_SHARE:
        sentence = (
            f"The liver segment lies mostly in the patient's left half ({100 * where.right_share:.0f} % to the right "
            "of the mid-line). The CT or the segments may be mirrored, or another organ drawn; situs inversus, or a "
            "left lobe grown after a right hepatectomy, is for a reader to tell."
        )
        sentences.append(("axial", sentence))
    if where.below_lungs_mm is not None and where.below_lungs_mm < 0:
        sentences.append(("coronal", "The lungs lie below the liver segment: are head and feet exchanged?"))
    if where.before_spine_mm is not None and where.before_spine_mm < 0:
        sentences.append(("axial", "The spine lies in front of the liver segment: are front and back exchanged?"))
    values = {
        "right_share": where.right_share,
        "below_lungs_mm": where.below_lungs_mm,
        "before_spine_mm": where.before_spine_mm,
    }
    return [
        case.withhold("liver_position", sentence, case.most(plane, case.coarse.liver), values)
        for plane, sentence in sentences
    ]


def _pieces(case: Case) -> list[Finding]:
    """Pieces and holes of the whole liver, on the coarse grid: specks are left to the post-processing."""
    from scipy.ndimage import binary_fill_holes, label

    liver, found = case.coarse.liver, []
    pieces, count = label(liver, np.ones((3, 3, 3)))
    if not count:
        return []
    sizes = np.bincount(pieces.ravel())[1:]
    share = float(sizes.max() / sizes.sum())
    if share < LARGEST_PIECE and not case.truncated:
        second = case.most("axial", pieces == 1 + np.argsort(sizes)[-2])
        sentence = f"The liver segment is in {count} pieces; the largest holds {100 * share:.0f} % of it."
        found.append(case.withhold("liver_pieces", sentence, second, {"pieces": count, "largest_share": share}))
    holes = binary_fill_holes(liver) & ~liver
    lost = float(holes.sum() / liver.sum())
    if lost > HOLES_SHARE:
        sentence = (
            f"The liver segment has holes of {case.coarse.millilitres(holes):.0f} mL: was a lesion or a label left out?"
        )
        found.append(case.withhold("liver_holes", sentence, case.most("axial", holes), {"share": lost}))
    return found
