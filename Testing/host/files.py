"""``slicer.app.coreIOManager()``: the file formats of the panel, read and written by MRML's own logics."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

SUFFIXES = (
    (".seg.nrrd", "SegmentationFile"),
    (".seg.nhdr", "SegmentationFile"),
    (".mrml", "SceneFile"),
    (".mrb", "SceneFile"),
    (".nii.gz", "VolumeFile"),
    (".nii", "VolumeFile"),
    (".nrrd", "VolumeFile"),
    (".mha", "VolumeFile"),
    (".dcm", "VolumeFile"),
)


class qSlicerCoreIOManager(QObject):
    def fileType(self, name):
        return next((kind for suffix, kind in SUFFIXES if str(name).lower().endswith(suffix)), "NoFile")

    def extractKnownExtension(self, name, node):
        return next((suffix for suffix, _ in SUFFIXES if str(name).lower().endswith(suffix)), "")

    def fileWriterExtensions(self, node):
        return [f"{kind} (*{suffix})" for suffix, kind in SUFFIXES]

    def fileWriterFileType(self, node, extension=""):
        return "SegmentationFile" if node.IsA("vtkMRMLSegmentationNode") else "VolumeFile"

    def loadNodes(self, kind, properties, loaded=None, messages=None):
        import slicer

        name = str(properties["fileName"])
        if kind == "SceneFile":
            return self._load_scene(name, properties.get("clear", False))
        node = None
        if Path(name).exists():
            title = properties.get("name") or Path(name).name.split(".")[0]
            if kind == "SegmentationFile":
                node = slicer.modules.segmentations.logic().LoadSegmentationFromFile(name, True, title)
            elif kind == "VolumeFile":
                options = 1 if properties.get("labelmap") else 0
                node = slicer.modules.volumes.logic().AddArchetypeVolume(name, title, options)
        if node is None:
            return False
        if loaded is not None:
            loaded.AddItem(node)
        return True

    def _load_scene(self, name, clear):
        import slicer

        scene = slicer.mrmlScene
        if clear:
            scene.Clear(0)
        if name.endswith(".mrb"):
            return bool(scene.ReadFromMRB(name, False))
        scene.SetURL(name)
        return bool(scene.Import())

    def loadScene(self, name, clear=True, messages=None):
        return self._load_scene(str(name), clear)

    def saveNodes(self, kind, properties, messages=None, scene=None):
        import slicer

        name = str(properties["fileName"])
        if kind == "SceneFile" and name.endswith(".mrb"):
            return bool(slicer.mrmlScene.WriteToMRB(name))
        if kind == "SceneFile":
            slicer.mrmlScene.SetURL(name)
            return bool(slicer.mrmlScene.Commit())
        node = slicer.mrmlScene.GetNodeByID(properties["nodeID"])
        return self._write(node, name)

    def exportNodes(self, identifiers, names, properties, harden, messages=None):
        import slicer

        pairs = zip(identifiers, names, strict=True)
        return all(self._write(slicer.mrmlScene.GetNodeByID(i), str(name)) for i, name in pairs)

    def _write(self, node, name):
        storage = node.CreateDefaultStorageNode()
        storage.UnRegister(None)
        storage.SetFileName(name)
        return bool(storage.WriteData(node))
