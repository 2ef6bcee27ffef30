"""A result as a table node, for Slicer's own table and plot views.

Numbers are text with every digit: a saved table keeps six digits of a numeric column.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import slicer
import vtk

from .. import RESEARCH_USE


def add_table(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]):
    """A new table node of text columns, with the research-use line as its description."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", name)
    node.SetDescription(RESEARCH_USE)
    node.SetAttribute("PTLF.notice", RESEARCH_USE)
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
