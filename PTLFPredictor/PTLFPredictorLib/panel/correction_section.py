"""Section 3, Correction: Slicer's Segment Editor on the segments, volumes that follow, and the reader's sign-off."""

from __future__ import annotations

import math

import slicer
from slicer.i18n import tr as _

from ..errors import PTLFError
from ..mrml import segments as mrml_segments
from .session import Session
from .state import AUTOMATIC, CORRECTED
from .widgets import say

EDITOR_TAG = "PTLFPredictor.SegmentEditor"
"""Singleton tag of our own editor node: Slicer's Segment Editor module keeps its own."""

UNDO_STATES = 10

NAMES_SHOWN = 3
"""Of the segments that are not counted."""


class CorrectionSection:
    def __init__(self, ui, session: Session, tell):
        self.ui, self.session, self._tell = ui, session, tell
        self._measured: tuple[tuple, str] | None = None
        self.editor = slicer.qMRMLSegmentEditorWidget()
        self.editor.setMaximumNumberOfUndoStates(UNDO_STATES)
        self.editor.segmentationNodeSelectorVisible = False
        self.editor.sourceVolumeNodeSelectorVisible = False
        self.editor.switchToSegmentationsButtonVisible = False
        self.select_editor_node()
        self.editor.setMRMLScene(slicer.mrmlScene)
        ui.editorHolder.layout().addWidget(self.editor)
        self._effects = slicer.qSlicerSegmentEditorEffectFactory.instance()
        self._effects.connect("effectRegistered(QString)", self._effect_registered)
        ui.restoreButton.connect("clicked()", self.restore)
        ui.signOffButton.connect("clicked()", self.sign_off)

    def _effect_registered(self, name="") -> None:
        self.editor.updateEffectList()

    def select_editor_node(self) -> None:
        node = slicer.mrmlScene.GetSingletonNode(EDITOR_TAG, "vtkMRMLSegmentEditorNode")
        if node is None:
            node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLSegmentEditorNode")
            node.UnRegister(None)
            node.SetSingletonTag(EDITOR_TAG)
            node = slicer.mrmlScene.AddNode(node)
        # The tumour lies within the liver: Slicer's default would take its voxels out of the liver for good.
        node.SetOverwriteMode(node.OverwriteNone)
        if self.editor.mrmlSegmentEditorNode() is not node:
            self.editor.setMRMLSegmentEditorNode(node)

    def enter(self) -> None:
        self.select_editor_node()
        self.editor.setupViewObservations()
        self.editor.installKeyboardShortcuts()
        self.editor.updateWidgetFromMRML()

    def exit(self) -> None:
        """Give the mouse and the keys back to Slicer."""
        self.editor.setActiveEffect(None)
        self.editor.uninstallKeyboardShortcuts()
        self.editor.removeViewObservations()

    def scene_closes(self) -> None:
        self.editor.setSegmentationNode(None)
        self.editor.setSourceVolumeNode(None)
        self.editor.removeViewObservations()

    def cleanup(self) -> None:
        self.exit()
        self.scene_closes()
        self._effects.disconnect("effectRegistered(QString)", self._effect_registered)
        self.editor.setMRMLScene(None)

    def restore(self) -> None:
        if slicer.app.testingEnabled() or slicer.util.confirmOkCancelDisplay(
            _("All edits of liver and tumour are given up. Go on?"), windowTitle=_("Restore automatic")
        ):
            self.session.restore_automatic()

    def sign_off(self) -> None:
        try:
            self.session.sign_off(self.ui.readerEdit.text)
        except PTLFError as error:
            self._tell(error.message)

    def refresh(self) -> None:
        ui, session = self.ui, self.session
        node = session.segmentation
        if self.editor.segmentationNode() is not node:
            self.editor.setSegmentationNode(node)
        if self.editor.sourceVolumeNode() is not session.volume:
            self.editor.setSourceVolumeNode(session.volume)
        ui.editorHolder.setVisible(node is not None)
        edited = node is not None and session.edited
        ui.segmentationLabel.text = _("There are no segments yet.") if node is None else self._state_words()
        say(ui.volumesLabel, "" if node is None else self._volumes())
        ui.restoreButton.enabled = edited and session.automatic is not None
        ui.signOffButton.enabled = node is not None
        if not ui.readerEdit.hasFocus() and session.state.reader and not ui.readerEdit.text:
            ui.readerEdit.text = session.state.reader
        signed = session.state.sign_off
        ui.signOffLabel.text = (
            _("Signed off by {name}, {time}. Any change takes this away.").format(
                name=signed["name"], time=signed["time"].replace("T", " ")
            )
            if signed
            else _("Not signed off.")
        )

    def _state_words(self) -> str:
        others = mrml_segments.not_counted(self.session.segmentation)
        if self.session.automatic is None:
            words = _("{name}: taken from the scene")
        else:
            words = _("{name}: edited") if self.session.edited else _("{name}: as the model drew it")
        words = words.format(name=self.session.segmentation.GetName())
        if not others:
            return words
        names = ", ".join(others[:NAMES_SHOWN]) + (", ..." if len(others) > NAMES_SHOWN else "")
        return words + _(". Only the segments liver and tumor count; not counted: {names}").format(names=names)

    def _volumes(self) -> str:
        """Volumes, and Dice and change against the automatic result, as a small table."""
        session = self.session
        key = (session.hashes(CORRECTED), session.hashes(AUTOMATIC))
        if self._measured is None or self._measured[0] != key:  # a drag on the nomogram must not count voxels again
            self._measured = key, self._measure()
        return self._measured[1]

    def _measure(self) -> str:
        session = self.session
        try:
            now = mrml_segments.volumes_ml(session.segmentation)
            against = mrml_segments.agreement(session.segmentation, session.automatic) if session.automatic else {}
        except PTLFError as error:
            return error.message
        titles = {"liver": _("Liver"), "parenchyma": _("Parenchyma"), "tumor": _("Tumour")}
        head = f"<tr><th></th><th align='right'>{_('mL')}</th>"
        head += f"<th align='right'>{_('change')}</th><th align='right'>Dice</th></tr>" if against else "</tr>"
        rows = []
        for name, title in titles.items():
            cells = [title, f"{now[name]:.1f}"]
            if name in against:
                dice = against[name]["dice"]
                cells += [f"{against[name]['change_ml']:+.1f}", "-" if math.isnan(dice) else f"{dice:.3f}"]
            rows.append("<tr>" + "".join(_cell(cell, i) for i, cell in enumerate(cells)) + "</tr>")
        return f"<table cellspacing='4' width='100%'>{head}{''.join(rows)}</table>"


def _cell(text: str, column: int) -> str:
    return f"<td align='{'right' if column else 'left'}'>{text}</td>"
