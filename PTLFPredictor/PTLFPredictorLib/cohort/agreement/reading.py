"""Two segmentations of one case on one grid.

With the CT, both are brought to its grid, as everywhere.  Without, they must lie on one grid: which of two grids would
be right, nobody could say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import SimpleITK as sitk

from ...ct import CT, is_dicom, read_ct, same_geometry
from ...errors import BadInput
from ...segmentation.file_roles import COUNTED, bit, read_roles
from ...segmentation.names import ORGAN_ROLES, Role
from ...segmentation.reading import Labels, Source
from ...segmentation.segment_files import open_file
from ...segmentation.segments import derive, on_grid_of
from .pairs import Pair

NO_CT = CT(sitk.Image(1, 1, 1, sitk.sitkInt16), ())


@dataclass(frozen=True)
class Readings:
    """Label maps (0 background, 1 parenchyma, 2 tumour) of one grid.

    Attributes
    ----------
    first, second : sitk.Image
    regions : tuple of str
        What both tell: without a liver in one of them, only "tumor".
    notes : tuple of str
        What a reader must know.
    ct : CT or None
    """

    first: sitk.Image
    second: sitk.Image
    regions: tuple[str, ...]
    notes: tuple[str, ...] = ()
    ct: CT | None = None


def read_pair(pair: Pair, labels: Sequence[Labels | None] = (None, None)) -> Readings:
    """Read the segmentations of a case.

    Parameters
    ----------
    pair : Pair
    labels : (mapping or None, mapping or None)
        What the labels of each mean (`parse_labels`).

    Raises
    ------
    BadInput
        Where a file cannot be read, holds neither liver nor tumour, or (without a CT) lies on a grid of its own.
    """
    ct = None if pair.ct is None else read_ct(pair.ct).require_usable()
    notes: list[str] = []
    images, roles = [], []
    for sources, said in zip((pair.first, pair.second), labels, strict=True):
        bits, found = _read(sources, said or {}, ct, notes)
        images.append(bits)
        roles.append(found)
    if ct is None and not same_geometry(*images):
        raise BadInput(
            f"The two segmentations of '{pair.case}' lie on different grids. Give the CT (--ct, or the column ct): "
            "both are then brought to its grid."
        )
    shown = tuple(_labels(image) for image in images)
    has_liver = [bool(found & set(ORGAN_ROLES)) for found in roles]
    if not all(has_liver) and any(has_liver):
        notes.append("One of the two has no liver: the tumours alone are compared.")
    regions = ("liver", "parenchyma", "tumor") if all(has_liver) else ("tumor",)
    return Readings(*shown, regions, tuple(dict.fromkeys(notes)), ct)


def _read(sources: Sequence[Source], labels: Labels, ct: CT | None, notes: list[str]) -> tuple[sitk.Image, set[Role]]:
    """Bits by role (`file_roles.bit`) of one reader's files, and the roles that hold something, or, where all is
    empty, are said to be looked for: a reader may have found none."""
    whole: sitk.Image | None = None if ct is None else sitk.Image(ct.image.GetSize(), sitk.sitkUInt8)
    if ct is not None:
        whole.CopyInformation(ct.image)
    found: set[Role] = set()
    something = False
    for number, source in enumerate(sources, start=1):
        if ct is None and source.path.is_file() and is_dicom(source.path):
            raise BadInput(f"'{source.path.name}' is DICOM, whose segments lie on its CT: give the CT (--ct) with it.")
        file = open_file(source.path, ct or NO_CT)
        if source.role is None and not labels and not file.is_named and not file.is_ours and len(file.segments) == 1:
            raise BadInput(
                f"'{file.name}' holds the label {next(iter(file.segments))} alone, and does not say whether that is "
                "the liver, the parenchyma or the tumour. Say it with --labels parenchyma=1,tumor=2, or before the "
                f"file: tumor={file.name}."
            )
        drawn = any(file.voxels.values())
        bits, parts = read_roles(file, source if drawn else Source(source.path), labels, number)
        notes += [told.message for told in file.notes([part.number for part in parts if part.role in COUNTED])]
        found |= {part.role for part in parts if part.role in COUNTED and part.millilitres > 0}
        something |= any(part.millilitres > 0 for part in parts)
        unknown = [str(part.number) for part in parts if part.role is None and part.millilitres > 0]
        if unknown:
            notes.append(f"Not counted, since nothing says what they are: {file.word} {', '.join(unknown)}.")
        image = sitk.GetImageFromArray(bits)
        image.CopyInformation(file.grid)
        if ct is None:
            image = sitk.DICOMOrient(image, "LPS")
        elif bits.any():
            image, told = on_grid_of(ct.image, image)
            notes += [finding.message for finding in told]
        else:
            continue
        if whole is not None and not same_geometry(whole, image):
            raise BadInput(f"'{file.name}' lies on another grid than the files beside it. Give the CT (--ct).")
        whole = image if whole is None else whole | image
    if not found:
        names = ", ".join(f"'{source.path.name}'" for source in sources)
        found = {role for role in (*labels, *(source.role for source in sources)) if role in COUNTED}
        if something or not found:  # an empty one says nothing of itself: what was looked for has to be said
            raise BadInput(
                f"{names} holds neither liver nor tumour. Say what its labels mean with --labels; where it is empty "
                "because nothing was found, too."
            )
        notes.append(f"{names} is empty: nothing was drawn.")
    return whole, found


def _labels(bits: sitk.Image) -> sitk.Image:
    array = sitk.GetArrayViewFromImage(bits)
    masks = {role: array & bit(role) > 0 for role in COUNTED}
    organ = masks[Role.LIVER] | masks[Role.PARENCHYMA]
    image = sitk.GetImageFromArray(derive(organ, masks[Role.TUMOUR], masks[Role.EXCLUDED]))
    image.CopyInformation(bits)
    return image
