"""The phantom in small: here nothing is asked of the segments."""

from pathlib import Path

import pytest
import SimpleITK as sitk

from abdomen import image_of, small_arrays


@pytest.fixture(scope="session")
def phantom() -> tuple[sitk.Image, sitk.Image]:
    """CT and label map, axes along L, P, S."""
    hu, labels = small_arrays()
    return image_of(hu), image_of(labels)


@pytest.fixture(scope="session")
def phantom_files(phantom, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("small")
    sitk.WriteImage(phantom[0], str(folder / "ct.nii.gz"))
    sitk.WriteImage(phantom[1], str(folder / "labels.nii.gz"))
    return {"ct": folder / "ct.nii.gz", "labels": folder / "labels.nii.gz"}
