"""How SimpleITK is to read: without its own warnings on the terminal, and without refusing what is checked here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import SimpleITK as sitk

from ..errors import BadInput, is_out_of_memory

PERMISSIVE = "ITK_NIFTI_SFORM_PERMISSIVE"
"""Makes ITK read a NIfTI whose axes are not quite perpendicular; how far they are from it is judged in `files`."""


@contextmanager
def reading() -> Iterator[None]:
    """While a file is read; what stood before is put back, for 3D Slicer's own readers are in this process too."""
    shown, before = sitk.ProcessObject.GetGlobalWarningDisplay(), os.environ.get(PERMISSIVE)
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    os.environ[PERMISSIVE] = "ON"
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(shown)
        if before is None:
            os.environ.pop(PERMISSIVE, None)
        else:
            os.environ[PERMISSIVE] = before


def execute(reader: sitk.ImageFileReader | sitk.ImageSeriesReader, refused: Callable[[], str]) -> sitk.Image:
    """The image that a reader reads.

    Raises
    ------
    BadInput
        With the sentence of `refused`, where ITK cannot read it; exhausted memory stays what it is.
    """
    try:
        with reading():
            return reader.Execute()
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        raise BadInput(refused()) from error
