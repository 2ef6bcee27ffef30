"""A result as a table node, for Slicer's own table and plot views.

Numbers are text with every digit: a saved table keeps six digits of a numeric column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import slicer
import vtk

from .. import RESEARCH_USE


def add_table(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[object]], about: Mapping[str, str] | None = None
):
    """A new table node of text columns, with the research-use line as its description, and attributes `about` it."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", name)
    node.SetDescription(RESEARCH_USE)
    for key, text in {"notice": RESEARCH_USE, **(about or {})}.items():
        node.SetAttribute(f"PTLF.{key}", text)
    arrays = []
    for title in columns:
        array = vtk.vtkStringArray()
        array.SetName(title)
        arrays.append(array)
    for row in rows:
        for array, value in zip(arrays, row, strict=True):
            array.InsertNextValue("" if value is None else repr(value) if isinstance(value, float) else str(value))
    for array in arrays:
        node.AddColumn(array)
    return node
