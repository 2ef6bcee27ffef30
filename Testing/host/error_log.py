"""Slicer's error log, as far as tests look into it: lines that Slicer's own code writes about what a module did."""

from __future__ import annotations

import sys

import vtk

lines: list[str] = []
"""What was written since the list was cleared."""


def write(line: str) -> None:
    lines.append(line)
    print(line, file=sys.stderr)


def watch_segmentations(scene) -> None:
    """What qSlicerSubjectHierarchySegmentationsPlugin does: it looks up the node's item at each new segment.

    A node that is hidden when it is added gets no item, and the plugin then writes an error line with its name.
    """
    import slicer

    def segment_added(node):
        write(f"Failed to access subject hierarchy item for segmentation node '{node.GetName()}' (onSegmentAdded)")

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def node_added(caller, event, node=None):
        if node is not None and node.IsA("vtkMRMLSegmentationNode") and node.GetHideFromEditors():
            node.AddObserver(slicer.vtkSegmentation.SegmentAdded, lambda caller, event: segment_added(caller))

    scene.AddObserver(scene.NodeAddedEvent, node_added)
