"""Three slice views with MRML's own slice logic, and the window of ``./ptlf panel``: views left, panel right.

No OpenGL: each view asks vtkMRMLSliceLogic for its picture and draws the segments over it.
"""

from __future__ import annotations

import numpy as np
import vtk
from PySide6.QtCore import QPointF, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QPainter, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget
from vtk.util.numpy_support import vtk_to_numpy

VIEWS = (("Red", "Axial", "#d96262"), ("Yellow", "Sagittal", "#e0c341"), ("Green", "Coronal", "#6eb04b"))
PIXELS = 300


class SliceView(QWidget):
    """One slice of the scene's background volume, with the visible segments filled and outlined."""

    def __init__(self, name: str, orientation: str, colour: str):
        super().__init__()
        import slicer

        self._name, self._colour = name, colour
        self._image = None
        scene = slicer.mrmlScene
        node = scene.CreateNodeByClass("vtkMRMLSliceNode")
        node.UnRegister(None)
        node.SetLayoutName(name)
        node.SetName(name)
        node.SetSingletonTag(name)
        node.SetOrientation(orientation)
        self._node = scene.AddNode(node)
        self._logic = slicer.vtkMRMLSliceLogic()
        self._logic.SetMRMLApplicationLogic(slicer.app.applicationLogic())
        self._logic.SetMRMLScene(scene)
        self._logic.SetSliceNode(self._node)
        if self._logic.GetSliceCompositeNode() is None:
            composite = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
            composite.SetLayoutName(name)
            self._logic.SetSliceCompositeNode(composite)
        self.setMinimumSize(200, 160)

    def show_volume(self, volume) -> None:
        self._node.SetDimensions(self.size.width(), self.size.height(), 1)
        self._logic.GetSliceCompositeNode().SetBackgroundVolumeID(volume.GetID())
        self._logic.FitSliceToBackground(self.size.width(), self.size.height())

    def go_to(self, ras) -> None:
        """Show the slice through a point."""
        matrix = self._node.GetSliceToRAS()
        normal = [matrix.GetElement(i, 2) for i in range(3)]
        self._logic.SetSliceOffset(float(np.dot(normal, ras)))

    def refresh(self) -> None:
        connection = self._logic.GetImageDataConnection()
        if connection is None:
            self._image = None
            self.update()
            return
        producer = connection.GetProducer()
        producer.Update()
        data = producer.GetOutputDataObject(connection.GetIndex())
        width, height, _ = data.GetDimensions()
        rgba = np.ascontiguousarray(vtk_to_numpy(data.GetPointData().GetScalars()).reshape(height, width, -1)[::-1])
        rgb = rgba[..., :3].astype(float)
        for mask, colour, fill in self._segments(width, height):
            edge = mask & ~_eroded(mask)
            rgb[mask] = (1 - fill) * rgb[mask] + fill * np.array(colour) * 255
            rgb[edge] = np.array(colour) * 255
        picture = np.ascontiguousarray(rgb.astype(np.uint8))
        self._image = QImage(picture.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        self.update()

    def _segments(self, width: int, height: int):
        import slicer

        for index in range(slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode")):
            node = slicer.mrmlScene.GetNthNodeByClass(index, "vtkMRMLSegmentationNode")
            display = node.GetDisplayNode()
            if node.GetHideFromEditors() or display is None or not display.GetVisibility():
                continue
            fill = 0.3 if display.GetVisibility2DFill() else 0.0
            for identifier in node.GetSegmentation().GetSegmentIDs():
                segment = node.GetSegmentation().GetSegment(identifier)
                image = segment.GetRepresentation("Binary labelmap")
                if image is not None and image.GetNumberOfPoints():
                    yield self._cut(image, segment.GetLabelValue(), width, height), segment.GetColor(), fill

    def _cut(self, image, value: int, width: int, height: int) -> np.ndarray:
        """One slice of a segment in this view's pixels, nearest neighbour."""
        plain = vtk.vtkImageData()
        plain.ShallowCopy(image)
        plain.SetSpacing(1, 1, 1)
        plain.SetOrigin(0, 0, 0)
        to_world = vtk.vtkMatrix4x4()
        image.GetImageToWorldMatrix(to_world)
        to_world.Invert()
        to_index = vtk.vtkMatrix4x4()
        vtk.vtkMatrix4x4.Multiply4x4(to_world, self._node.GetXYToRAS(), to_index)
        transform = vtk.vtkTransform()
        transform.SetMatrix(to_index)
        reslice = vtk.vtkImageReslice()
        reslice.SetInputData(plain)
        reslice.SetResliceTransform(transform)
        reslice.SetInterpolationModeToNearestNeighbor()
        reslice.SetOutputSpacing(1, 1, 1)
        reslice.SetOutputOrigin(0, 0, 0)
        reslice.SetOutputExtent(0, width - 1, 0, height - 1, 0, 0)
        reslice.Update()
        scalars = reslice.GetOutput().GetPointData().GetScalars()
        return (vtk_to_numpy(scalars).reshape(height, width) == value)[::-1]

    def wheelEvent(self, event):
        step = self._logic.GetLowestVolumeSliceSpacing()[2] or 1.0
        self._logic.SetSliceOffset(self._logic.GetSliceOffset() + (step if event.angleDelta().y() > 0 else -step))
        self.refresh()

    def paintEvent(self, event):
        painter = QPainter(self)
        painter.fillRect(self.rect, QColor("#111111"))
        if self._image is not None:
            painter.drawImage(QPointF(0, 0), self._image)
        painter.fillRect(0, 0, self.width, 3, QColor(self._colour))
        painter.setPen(QPen(QColor("#e0e0e0")))
        painter.drawText(8, 18, self._name)
        painter.end()


def _eroded(mask: np.ndarray) -> np.ndarray:
    inner = mask.copy()
    inner[1:] &= mask[:-1]
    inner[:-1] &= mask[1:]
    inner[:, 1:] &= mask[:, :-1]
    inner[:, :-1] &= mask[:, 1:]
    return inner


class HostWindow(QWidget):
    """Slice views beside a module's panel."""

    def __init__(self, container: QWidget, panel_width: int):
        super().__init__()
        import slicer

        self.setWindowTitle("PTLFPredictor - stand-in, not 3D Slicer")
        self._views = [SliceView(*view) for view in VIEWS]
        column = QVBoxLayout()
        for view in self._views:
            column.addWidget(view)
        self._scroll = scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(container)
        scroll.setMinimumWidth(panel_width)
        layout = QHBoxLayout(self)
        layout.addLayout(column, 1)
        layout.addWidget(scroll, 1)
        self._shown = ""
        self._timer = QTimer()
        self._timer.setInterval(300)
        self._timer.timeout.connect(self.follow)
        self._scene = slicer.mrmlScene

    def show_panel_alone(self, width: int, height: int) -> None:
        """The panel without the views, in a dock of this size."""
        for view in self._views:
            view.hide()
        self.layout().setContentsMargins(0, 0, 0, 0)
        self._scroll.setMinimumWidth(width)
        self.layout().activate()
        self.resize(width, height)

    def start(self) -> None:
        self._timer.start()

    def follow(self) -> None:
        """Show the first volume that is there; redraw, whatever changed."""
        volume = self._scene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode")
        if volume is None:
            return
        if volume.GetID() != self._shown:
            self._shown = volume.GetID()
            for view in self._views:
                view.show_volume(volume)
        for view in self._views:
            view.refresh()

    def go_to_tumour(self) -> None:
        """The slices through the middle of the tumour, where there is one."""
        for index in range(self._scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode")):
            node = self._scene.GetNthNodeByClass(index, "vtkMRMLSegmentationNode")
            if node.GetSegmentation().GetSegment("tumor") is not None:
                centre = node.GetSegmentCenterRAS("tumor")
                for view in self._views:
                    view.go_to(centre)
        self.follow()
