"""Two segmentations of a case side by side, as Supplementary Figure 1 of the paper: CT, reference, the other one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import SimpleITK as sitk

from ..colours import LIVER, TUMOUR
from ..ct import bounding_box
from ..record.slices import WINDOW_LEVEL_HU, WINDOW_WIDTH_HU, Picture, picture
from ..segmentation.agreement import CaseMeasures
from ..segmentation.segments import TUMOUR as TUMOUR_LABEL
from .report import Figure
from .report.cells import fixed, words
from .report.drawing import FONTS, INK, SOFT

MARGIN_MM = 25.0
"""Around liver and tumour, in the pictures."""

APART_MM = 10.0
"""Least distance of two slices that are shown."""

SLICES = 3

COLUMN, GUTTER, HEAD, FOOT = 320.0, 10.0, 20.0, 17.0


@dataclass(frozen=True)
class Chosen:
    """A case to draw: "best", "median" or "worst", and its measures."""

    rank: str
    row: CaseMeasures


def chosen(rows: Sequence[CaseMeasures]) -> list[Chosen]:
    """Best, median (the lower one of two) and worst case by the tumour's Dice.

    By the parenchyma's Dice where no case has a tumour.  A case without a tumour in either label map has no Dice and is
    none of them.
    """
    known: list[CaseMeasures] = []
    for region in ("tumor", "parenchyma"):
        known = [row for row in rows if region in row.regions and not np.isnan(row.regions[region].dice)]
        if known:
            break
    known.sort(key=lambda row: (-row.regions[region].dice, row.case))
    places = {"best": 0, "median": len(known) // 2, "worst": len(known) - 1}
    found: dict[str, str] = {}
    for rank, place in places.items() if known else ():
        case = known[place].case
        found[case] = f"{found[case]}, {rank}" if case in found else rank
    return [Chosen(rank, next(row for row in known if row.case == case)) for case, rank in found.items()]


def compared(
    which: Chosen,
    name: str,
    ct: sitk.Image,
    reference: sitk.Image,
    other: sitk.Image,
    titles: tuple[str, str] = ("Manual", "Automatic"),
) -> Figure:
    """Three slices of a case, each as CT, with the outlines of the reference and with those of the other label map.

    Parameters
    ----------
    which : Chosen
    name : str
        Of the figure.
    ct, reference, other : sitk.Image
        HU, and label maps (0 background, 1 parenchyma, 2 tumour) of one grid with it.
    titles : (str, str)
        What reference and other are called.
    """
    ct, reference, other = (sitk.DICOMOrient(image, "LPS") for image in (ct, reference, other))
    labels = [sitk.GetArrayFromImage(image) for image in (reference, other)]
    box = _shown(labels, ct.GetSpacing())
    first = titles[0].lower()
    rows = []
    for level, why in _levels(*labels, ct.GetSpacing()[2]):
        shown = [picture(ct, drawn, "axial", (level, 0, 0), box) for drawn in (None, *labels)]
        rows.append((f"{why} ({first})" if why in OF_REFERENCE else why, level, shown))
    regions, lesions = which.row.regions, which.row.lesions
    dice = ", ".join(
        f"{words(regions[region].dice, fixed(3))} {word}"
        for region, word in (("parenchyma", "parenchyma"), ("tumor", "tumour"))
        if region in regions
    )
    case = f"{which.rank.capitalize()} case, {which.row.case}"
    title = f"{case}: Dice {dice}"
    tumour = regions["tumor"]
    volumes = f"{tumour.true_volume_ml:.1f} mL ({first}), {tumour.volume_ml:.1f} mL ({titles[1].lower()})"
    amount = f"{lesions.found} of {len(lesions.true)} lesions found, {len(lesions.false)} false"
    note = (
        f"Outlines: liver blue, tumour orange. Tumour {volumes}; {amount}. Window: level {WINDOW_LEVEL_HU}, width "
        f"{WINDOW_WIDTH_HU} HU; the patient's right is on the left."
    )
    return Figure(name, title, _svg(rows, ("CT", *titles)), note, f"{title}. {amount}. Tumour {volumes}.")


OF_REFERENCE = ("most tumour", "most liver")


def _levels(reference: np.ndarray, other: np.ndarray, slice_mm: float) -> list[tuple[int, str]]:
    """Up to `SLICES` slices, the head's end first: most tumour, most tumour that differs, most liver that differs."""
    tumour = [labels == TUMOUR_LABEL for labels in (reference, other)]
    liver = [labels > 0 for labels in (reference, other)]
    asked = [
        (OF_REFERENCE[0], tumour[0]),
        ("most tumour that differs", tumour[0] ^ tumour[1]),
        ("most liver that differs", liver[0] ^ liver[1]),
        (OF_REFERENCE[1], liver[0]),
    ]
    levels: list[tuple[int, str]] = []
    for why, mask in asked:
        counts = mask.sum(axis=(1, 2))
        for taken, _ in levels:
            near = np.abs(np.arange(counts.size) - taken) * slice_mm < APART_MM
            counts = np.where(near, 0, counts)
        if counts.any() and len(levels) < SLICES:
            levels.append((int(counts.argmax()), why))
    return sorted(levels, reverse=True)


def _shown(labels: Sequence[np.ndarray], spacing: Sequence[float]) -> tuple[slice, slice]:
    """Rows and columns around everything that is drawn in either label map."""
    box = bounding_box((labels[0] > 0) | (labels[1] > 0))
    if box is None:
        return slice(None), slice(None)
    shown = []
    for side, mm, size in zip(box[1:], (spacing[1], spacing[0]), labels[0].shape[1:], strict=True):
        margin = round(MARGIN_MM / mm)
        shown.append(slice(max(side.start - margin, 0), min(side.stop + margin, size)))
    return tuple(shown)


def _svg(rows: Sequence[tuple[str, int, Sequence[Picture]]], titles: Sequence[str]) -> str:
    """The pictures in a grid, with titles above, what the slice is below, and the patient's sides at the edges."""
    if not rows:
        return '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 1"></svg>'
    first = rows[0][2][0]
    tall = COLUMN * first.height / first.width
    width, height = len(titles) * (COLUMN + GUTTER) - GUTTER, HEAD + len(rows) * (tall + FOOT)
    parts = []
    for k, title in enumerate(titles):
        x = k * (COLUMN + GUTTER)
        parts.append(f'<text x="{x:g}" y="13" font-weight="bold" fill="{INK}">{escape(title)}</text>')
    x = width - 190
    for name, colour in (("liver", LIVER), ("tumour", TUMOUR)):
        parts.append(f'<rect x="{x:g}" y="4" width="14" height="10" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts.append(f'<text x="{x + 20:g}" y="13" fill="{INK}">{name}</text>')
        x += 90
    for row, (why, level, shown) in enumerate(rows):
        y = HEAD + row * (tall + FOOT)
        for k, one in enumerate(shown):
            x = k * (COLUMN + GUTTER)
            parts.append(
                f'<image x="{x:g}" y="{y:.1f}" width="{COLUMN:g}" height="{tall:.1f}" '
                f'href="data:image/png;base64,{one.png}"/>'
            )
            side = f'y="{y + tall / 2:.1f}" fill="#ffffff"'
            parts.append(f'<text x="{x + 5:g}" {side}>{one.left}</text>')
            parts.append(f'<text x="{x + COLUMN - 5:g}" {side} text-anchor="end">{one.right}</text>')
        said = f"Axial slice {level + 1} (from the feet), {fixed(0)(shown[0].position_mm)} mm: {why}"
        parts.append(f'<text x="0" y="{y + tall + 12:.1f}" fill="{SOFT}">{escape(said)}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:.1f}" font-family="{FONTS}" '
        f'font-size="13">{"".join(parts)}</svg>'
    )
