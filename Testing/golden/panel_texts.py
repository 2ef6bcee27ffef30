"""The panel in the stand-in, clicked through as a person does; the texts in sight after each step.

``python panel_texts.py INPUTS FOLDER`` with a checkout's library and Testing on PYTHONPATH.  Nothing of the library
is called: widgets are found by their names in the .ui file, results by what stands on them and by the exported files.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import SimpleITK as sitk

SECTIONS = ("ct", "segments", "radscore", "nomogram", "report")
PORTAL_VENOUS, BY_HAND, G_PER_L = 3, 1, 0
"""Indices in the lists of contrast phases, of who drew the segments and of albumin's units."""


class Steps:
    """The open panel, and a folder for each step.

    Parameters
    ----------
    folder : Path
        Where the steps' texts and exports go.
    """

    def __init__(self, folder: Path):
        import host

        host.start()
        import qt
        import slicer

        from host import scripted

        self.folder, self.qt, self.slicer, self.count = folder, qt, slicer, 0
        root = Path(os.environ["PTLF_ROOT"])
        self.container, self.widget = scripted.open_widget(scripted.load(root / "PTLFPredictor" / "PTLFPredictor.py"))
        self.container.resize(900, 2600)
        self.container.show()
        self.ui = self.widget.ui
        self.settle()

    def settle(self) -> None:
        for _ in range(8):
            self.slicer.app.processEvents()

    def wait(self, condition: Callable[[], bool], what: str, seconds: float = 180) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"not within {seconds} s: {what}")
            self.slicer.app.processEvents()
            time.sleep(0.01)
        self.settle()

    def rest(self) -> None:
        """Until brush strokes have settled (a quarter of a second in the panel)."""
        end = time.monotonic() + 0.6
        self.wait(lambda: time.monotonic() > end, "a rest")

    # What a person does

    def click(self, name: str) -> None:
        getattr(self.ui, name).click()
        self.settle()

    def type(self, name: str, text: str) -> None:
        """Type into a field, and leave it with Return."""
        edit, event = getattr(self.ui, name), self.qt.QEvent
        edit.setFocus()
        edit.selectAll()
        keys = [(self.qt.Qt.Key_Delete, ""), *((0, character) for character in text), (self.qt.Qt.Key_Return, "")]
        for code, character in keys:
            for kind in (event.KeyPress, event.KeyRelease):
                key = self.qt.QKeyEvent(kind, code, self.qt.Qt.NoModifier, character)
                self.qt.QCoreApplication.sendEvent(edit, key)
        self.settle()

    def choose(self, name: str, index: int) -> None:
        getattr(self.ui, name).currentIndex = index
        self.settle()

    def load(self, path: Path) -> object:
        """A CT by "Load file", with the file's dialog answered."""
        self.qt.QFileDialog.getOpenFileName = staticmethod(lambda *_: str(path))
        self.click("loadFileButton")
        return self.ui.volumeSelector.currentNode()

    def use_segments(self, path: Path, volume: object, title: str) -> object:
        """A reader's segmentation of liver and tumour in the scene, chosen as "existing"."""
        slicer = self.slicer
        labels = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", title)
        node.CreateDefaultDisplayNodes()
        node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        for name, mask in (("liver", labels > 0), ("tumor", labels == 2)):
            identifier = node.GetSegmentation().AddEmptySegment("", name)
            slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), node, identifier, volume)
        self.settle()
        self.ui.existingSelector.setCurrentNode(node)
        self.click("useExistingButton")
        return node

    def erase_tumour(self, node: object, volume: object) -> None:
        """Half of the tumour's slices."""
        util = self.slicer.util
        tumour = node.GetSegmentation().GetSegmentIdBySegmentName("tumor")
        array = np.array(util.arrayFromSegmentBinaryLabelmap(node, tumour, volume))
        used = np.flatnonzero(array.any(axis=(1, 2)))
        array[used[: (len(used) + 1) // 2]] = 0
        util.updateSegmentBinaryLabelmapFromArray(array, node, tumour, volume)
        self.rest()

    def compute(self) -> None:
        self.click("computeButton")
        self.wait(lambda: self.ui.computeButton.text != "Cancel", "features")
        self.rest()

    def signature(self, title: str = "", path: Path | None = None) -> None:
        """By its title in the list, or from a file."""
        box = self.ui.signatureSelector
        if path is not None:
            self.qt.QFileDialog.getOpenFileName = staticmethod(lambda *_: str(path))
        words = [box.itemText(i) for i in range(box.count)]
        wanted = "From a file" if path is not None else title
        self.choose("signatureSelector", next(i for i, text in enumerate(words) if text.startswith(wanted)))
        self.rest()

    # What a person sees

    def keep(self, name: str, *exports: str) -> None:
        """The texts in sight, and what these buttons write."""
        self.count += 1
        step = self.folder / f"{self.count:02} {name}"
        step.mkdir()
        self.rest()
        texts = self.texts()
        self.qt.QFileDialog.getSaveFileName = staticmethod(
            lambda _parent, _title, name, *_: str(step / Path(name).name)
        )
        for button in exports:
            if button in DRAWN:
                self.widget.panel.nomogram.copies.actions[button].trigger()
                self.settle()
            else:
                if button in KINDS:
                    self.choose("reportKind", KINDS[button])
                self.click("exportReportButton" if button in KINDS else button)
            said = (self.ui.exportStatus.text, self.ui.messageLabel.text, self.ui.nomogramStatus.text)
            texts[f"after {button}"] = "\n".join(said)
        (step / "texts.json").write_text(json.dumps(texts, ensure_ascii=False), encoding="utf-8")

    def texts(self) -> dict[str, str]:
        """Every visible text by the widget's name; those without a name together, by their nearest named parent."""
        found: dict[str, list[str]] = {}
        for widget in self.container.findChildren(self.qt.QWidget):
            table = widget.parentWidget() is not None and widget.parentWidget().parentWidget()
            in_a_table = table and table.inherits("QTableWidget")  # its cells are told by the table
            if not widget.isVisible() or in_a_table or self.within(widget, self.ui.editorHolder):
                continue
            text = self.text_of(widget)
            named = widget
            while named is not None and (not named.objectName or named.objectName.startswith("qt_")):
                named = named.parentWidget()
            if text:
                found.setdefault("" if named is None else named.objectName, []).append(text)
        return {name: "\n".join(texts) for name, texts in found.items()}

    @staticmethod
    def within(widget: object, holder: object) -> bool:
        return widget == holder or holder.isAncestorOf(widget)

    def text_of(self, widget: object) -> str:
        """What stands on a widget; of a button also whether it can be pressed, and why not."""
        if widget.inherits("QComboBox"):
            words = [widget.itemText(i) for i in range(widget.count)]
            return f"{widget.currentText} {words}" if words else ""
        if widget.inherits("QTableWidget"):
            rows = [[self.cell(widget, i, j) for j in range(widget.columnCount)] for i in range(widget.rowCount)]
            return "\n".join(" | ".join(row) for row in rows)
        if widget.inherits("QPlainTextEdit"):
            return widget.plainText
        if widget.inherits("QLineEdit"):
            shown = widget.text or f"({widget.placeholderText})"
            return f"{shown} {widget.toolTip}".strip()
        if widget.inherits("QAbstractButton") or widget.inherits("ctkCollapsibleButton"):
            if not widget.text:
                return ""
            marks = ["disabled"] * (not widget.enabled) + ["checked"] * bool(getattr(widget, "checked", False))
            tip = f"({widget.toolTip})" if widget.toolTip else ""
            return " ".join(filter(None, [widget.text, *(f"[{mark}]" for mark in marks), tip]))
        if widget.inherits("QLabel"):
            return re.sub(
                r"<[a-z/][^>]*>", " ", re.sub("</tr>", "\n", f"{widget.text} {widget.accessibleName}")
            ).strip()
        return widget.accessibleName if widget.inherits("QWidget") else ""

    @staticmethod
    def cell(table: object, row: int, column: int) -> str:
        item, widget = table.item(row, column), table.cellWidget(row, column)
        return item.text() if item is not None else getattr(widget, "accessibleName", "")


EXPORTS = ("exportRecordButton", "report.html", "report.pdf", "exportCsvButton")
KINDS = {"report.pdf": 0, "report.html": 1}
"""Indices in the list of the report's formats."""

DRAWN = ("svg", "pdf")
"""Entries of the menu below the nomogram."""


def go(inputs: Path, folder: Path) -> None:
    steps = Steps(folder)
    ui = steps.ui
    steps.wait(lambda: "Looking" not in ui.deviceReason.text, "the device")
    steps.keep("opened")
    steps.click("acknowledgeButton")
    for name in SECTIONS:
        getattr(ui, f"{name}Section").collapsed = False
    steps.settle()
    ui.eligibilityButton.checked = True
    steps.keep("all sections open")

    # The sample case, with a demo signature.
    volume = steps.load(inputs / "sample.nrrd")
    steps.keep("CT chosen")
    node = steps.use_segments(inputs / "sample-labels.nii.gz", volume, "Segments")
    steps.keep("segments of unknown origin")
    steps.choose("originSelector", BY_HAND)
    steps.keep("answered without a name")
    steps.type("readerEdit", "A. Reader")
    steps.choose("originSelector", BY_HAND)
    steps.signature("Demonstration")
    steps.type("albEdit", "43.6")
    steps.type("inrEdit", "1.09")
    steps.compute()
    steps.keep("demo signature, demonstration off")
    ui.demonstrationBox.checked = True
    steps.keep("demonstration", *EXPORTS, *DRAWN)
    steps.type("radscoreEdit", "7.72")
    steps.keep("demonstration, what-if")
    steps.click("whatIfBox")
    steps.type("albEdit", "4.36")
    steps.keep("albumin refused")
    steps.click("otherUnitButton")
    steps.keep("albumin in the other unit")
    steps.type("inrEdit", "")
    steps.keep("INR missing")
    steps.type("inrEdit", "1.09")
    steps.erase_tumour(node, volume)
    steps.keep("stale after an edit")
    steps.compute()
    steps.click("signOffButton")
    steps.keep("signed off", "exportRecordButton")

    # Another patient, the published signature and a site's.
    volume = steps.load(inputs / "ct.nii.gz")
    steps.keep("another patient")
    steps.signature("Post-TACE")
    node = steps.use_segments(inputs / "labels.nii.gz", volume, "Own segments")
    steps.choose("originSelector", BY_HAND)
    steps.choose("phaseSelector", PORTAL_VENOUS)
    steps.click("allMetButton")
    steps.choose("albUnit", G_PER_L)
    steps.type("albEdit", "43.6")
    steps.type("inrEdit", "1.09")
    steps.compute()
    steps.keep("published", *EXPORTS, *DRAWN)
    steps.type("radscoreEdit", "7.72")
    steps.keep("published, what-if", *DRAWN)
    steps.click("whatIfBox")
    for name in ("site-complete", "public", "site-without-outcomes", "site-void"):
        steps.signature(path=folder / "signatures" / f"{name}.json")
        steps.choose("originSelector", BY_HAND)
        steps.click("allMetButton")
        steps.keep(name, *EXPORTS)
    steps.signature(path=folder / "signatures" / "site-complete.json")
    steps.click("allMetButton")
    steps.type("inrEdit", "")
    steps.keep("site-complete, INR missing", "exportRecordButton", "report.pdf")
    steps.type("inrEdit", "1.09")
    steps.click("signOffButton")
    steps.keep("site-complete, signed off", *EXPORTS)

    # Thin slices.
    steps.load(inputs / "thin.nrrd")
    steps.keep("thin slices")
    steps.click("slabsButton")
    steps.keep("in slabs")
    sys.stdout.flush()
    os._exit(0)  # what Qt and VTK do at the end is not the product's


if __name__ == "__main__":
    go(Path(sys.argv[1]), Path(sys.argv[2]))
