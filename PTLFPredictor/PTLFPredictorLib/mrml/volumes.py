"""CT volumes of the scene as images of the library, and back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk
import slicer
import vtk

from ..ct.axes import perpendicular
from ..errors import BadInput

SAMPLE_SEED = "PTLF.SampleSeed"
"""Attribute of a sample CT's node: what it was drawn with.  A claim, not a proof: the ledger of samples proves it."""

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def require_no_transform(node) -> None:
    """`BadInput` where a node stands under a transform that moves it: voxels and patient would not agree."""
    transform = node.GetParentTransformNode()
    if transform is None:
        return
    matrix = vtk.vtkMatrix4x4()
    if transform.IsTransformToWorldLinear():
        transform.GetMatrixTransformToWorld(matrix)
        if np.allclose(slicer.util.arrayFromVTKMatrix(matrix), np.eye(4), atol=1e-9):
            return
    what = "CT" if node.IsA("vtkMRMLVolumeNode") else "segmentation"
    raise BadInput(  # without the names of nodes, which may be the patient's
        f"The {what} stands under a transform that moves it. Harden the transform first (module Data, tab Transform "
        "hierarchy, right click, Harden transform)."
    )


def volume_to_lps(volume) -> np.ndarray:
    """4 x 4 matrix from voxel index of a volume node to LPS in mm."""
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return RAS_TO_LPS @ slicer.util.arrayFromVTKMatrix(matrix)


def image_of(volume) -> sitk.Image:
    """A scalar volume node as an image in patient coordinates (LPS, mm), its voxels copied.

    Raises
    ------
    BadInput
        No voxels, more than one component, or a transform that is not hardened.
    """
    require_no_transform(volume)
    data = volume.GetImageData()
    if data is None or data.GetNumberOfPoints() == 0:
        raise BadInput("The CT has no voxels.")
    if data.GetNumberOfScalarComponents() != 1:
        raise BadInput("The chosen volume is a colour image, not a CT.")
    image = sitk.GetImageFromArray(slicer.util.arrayFromVolume(volume))
    place(image, volume_to_lps(volume))
    return image


def place(image: sitk.Image, index_to_lps: np.ndarray) -> None:
    """Give an image the geometry of a 4 x 4 matrix from voxel index to LPS in mm; sheared axes become perpendicular."""
    spacing, direction = perpendicular(index_to_lps[:3, :3])
    image.SetSpacing([float(s) for s in spacing])
    image.SetDirection([float(d) for d in direction.ravel()])
    image.SetOrigin([float(o) for o in index_to_lps[:3, 3]])


def index_to_lps(image: sitk.Image) -> np.ndarray:
    """4 x 4 matrix from voxel index to LPS in mm."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    matrix[:3, 3] = image.GetOrigin()
    return matrix


def add_volume(image: sitk.Image, name: str):
    """A new scalar volume node with an image's voxels and geometry."""
    matrix = RAS_TO_LPS @ index_to_lps(image)
    volume = slicer.util.addVolumeFromArray(sitk.GetArrayFromImage(image), ijkToRAS=matrix, name=name)
    volume.CreateDefaultDisplayNodes()
    return volume


def mark_sample(volume, seed: int, **options: Any) -> None:
    """Say on the node that it is the sample case of `seed`, drawn with `options` (`sample.make_case`)."""
    volume.SetAttribute(SAMPLE_SEED, json.dumps({"seed": seed, **options}, sort_keys=True))


def sample_of(volume) -> dict[str, Any]:
    """Seed and options that a volume node claims to be drawn with; empty where it claims nothing."""
    try:
        found = json.loads(volume.GetAttribute(SAMPLE_SEED) or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("seed"), int) else {}


@dataclass(frozen=True)
class Window:
    """How a volume's grey levels are shown.

    Parameters
    ----------
    width, level : float
        HU.
    automatic : bool
        Chosen by Slicer, anew when the voxels change.
    """

    width: float
    level: float
    automatic: bool = False


LIVER_WINDOW = Window(300.0, 30.0)
"""The usual one for the liver in the portal venous phase."""


def window_of(volume) -> Window:
    volume.CreateDefaultDisplayNodes()
    display = volume.GetDisplayNode()
    return Window(display.GetWindow(), display.GetLevel(), bool(display.GetAutoWindowLevel()))


def show_window(volume, window: Window) -> None:
    volume.CreateDefaultDisplayNodes()
    display = volume.GetDisplayNode()
    display.SetAutoWindowLevel(window.automatic)
    if not window.automatic:
        display.SetWindowLevel(window.width, window.level)


def show_liver_window(volume) -> None:
    show_window(volume, LIVER_WINDOW)


def oriented_like(image: sitk.Image, volume) -> sitk.Image:
    """An image that lies on a volume's voxels, with its index axes in the volume's order."""
    like = sitk.Image(1, 1, 1, sitk.sitkUInt8)
    place(like, volume_to_lps(volume))
    code = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(like.GetDirection())
    turned = sitk.DICOMOrient(image, code)
    size = volume.GetImageData().GetDimensions()
    if turned.GetSize() != tuple(size) or not np.allclose(turned.GetOrigin(), like.GetOrigin(), atol=1e-2):
        raise BadInput("The label map does not lie on the voxels of this CT.")
    return turned
