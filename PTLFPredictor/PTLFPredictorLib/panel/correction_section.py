"""In section 2: Slicer's Segment Editor on the segments, behind "Correct...", and the way back to the model's."""

from __future__ import annotations

import qt
import slicer
from slicer.i18n import tr as _

from ..mrml import segments as mrml_segments
from .editor_room import EditorRoom
from .section import Section
from .session import Session

EDITOR_TAG = "PTLFPredictor.SegmentEditor"
"""Singleton tag of our own editor node: Slicer's Segment Editor module keeps its own."""

FOCUS_CHANGED = "focusChanged(QWidget*,QWidget*)"

UNDO_STATES = 10

KEY = "Alt+K"
"""Opens and ends the correction: "Correct..." has no letter that is free in the panel."""

FIRST_EFFECT = "Paint"


class CorrectionSection(Section):
    def __init__(self, ui, session: Session):
        self.ui, self.session = ui, session
        self.confirm = _confirm
        self.editor = slicer.qMRMLSegmentEditorWidget()
        self.editor.setMaximumNumberOfUndoStates(UNDO_STATES)
        self.editor.segmentationNodeSelectorVisible = False
        self.editor.sourceVolumeNodeSelectorVisible = False
        self.editor.switchToSegmentationsButtonVisible = False
        self.select_editor_node()
        self.editor.setMRMLScene(slicer.mrmlScene)
        self._room = EditorRoom(ui.editorHolder.layout(), self.editor)
        ui.editorHolder.hide()
        self._effects = slicer.qSlicerSegmentEditorEffectFactory.instance()
        self._effects.connect("effectRegistered(QString)", self._effect_registered)
        self._entered = self._armed = False
        self._elsewhere = True
        ui.segmentsSection.connect("contentsCollapsed(bool)", self._folded)
        ui.correctButton.connect("toggled(bool)", self._toggled)
        slicer.app.connect(FOCUS_CHANGED, self._focus_changed)
        ui.restoreButton.connect("clicked()", self.restore)

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
        self._entered = True
        self._arm()
        self.editor.updateWidgetFromMRML()

    def exit(self) -> None:
        """Give the mouse and the keys back to Slicer."""
        self._entered = False
        self._arm()
        self.editor.setActiveEffect(None)
        self.editor.removeViewObservations()

    def leave(self) -> None:
        """Another patient comes: no effect stays on, with which the next click would draw."""
        self.close()

    # Opened and closed

    def open(self) -> None:
        """The editor, with a brush on the tumour in the hand."""
        self.ui.correctButton.checked = True

    def close(self) -> None:
        self.ui.correctButton.checked = False
        self.editor.setActiveEffect(None)

    def _toggled(self, opened: bool) -> None:
        self.refresh()
        self.editor.updateWidgetFromMRML()
        tumours = mrml_segments.segment_ids(self.session.segmentation, mrml_segments.TUMOUR) if self._opened else []
        if tumours:
            self.editor.setCurrentSegmentID(tumours[0])
        if self._opened and self._entered:
            self.editor.setActiveEffectByName(FIRST_EFFECT)
        else:
            self.editor.setActiveEffect(None)

    @property
    def _opened(self) -> bool:
        return bool(self.ui.correctButton.checked) and self.session.segmentation is not None

    def _folded(self, closed: bool) -> None:
        """Where nobody sees the editor, no effect is on and no key of its own does anything."""
        if closed:
            self.close()
        self._arm()

    def _focus_changed(self, before, now) -> None:
        if now is not None:  # None: another window, or none, has it
            self._elsewhere = self._in_panel(now) and not self._in_editor(now)
            self._arm()

    def _in_editor(self, widget) -> bool:
        return _holds(self.editor, widget)

    def _in_panel(self, widget) -> bool:
        """Whether a widget is one of the panel's own, not of the views that the editor draws in."""
        return _holds(self.ui.ctSection.parentWidget(), widget)

    def _arm(self) -> None:
        """The editor's keys, while it is in use: opened, with segments, and nothing else of the panel has the focus.

        Slicer installs them for the whole window: a digit would switch an effect on whatever has the focus, and Space
        would press no button.
        """
        wanted = self._entered and not self._elsewhere and not self.ui.segmentsSection.collapsed and self._opened
        if wanted and not self._armed:
            self.editor.installKeyboardShortcuts()
        elif self._armed and not wanted:
            self.editor.uninstallKeyboardShortcuts()
        self._armed = wanted

    def scene_closes(self) -> None:
        self.editor.setActiveEffect(None)
        self._give_to_editor(None, None)
        self.editor.removeViewObservations()

    def _give_to_editor(self, node, volume) -> None:
        """Segmentation and CT for the editor; a CT without segmentation it refuses, with an error line in the log."""
        editor = self.editor
        if node is None and editor.segmentationNode() is not None and editor.sourceVolumeNode() is not None:
            editor.setSourceVolumeNode(None)
        if editor.segmentationNode() is not node:
            editor.setSegmentationNode(node)
        if node is not None and editor.sourceVolumeNode() is not volume:
            editor.setSourceVolumeNode(volume)

    def cleanup(self) -> None:
        if self.editor:
            self.exit()
            self.scene_closes()
            self.editor.setMRMLScene(None)
        self._room.close()
        slicer.app.disconnect(FOCUS_CHANGED, self._focus_changed)
        self._effects.disconnect("effectRegistered(QString)", self._effect_registered)

    def restore(self) -> None:
        token = self.session.token
        agreed = self.confirm(
            _("All edits of liver and tumour are given up. Go on?"), _("Back to the model's segments")
        )
        if agreed and token == self.session.token and self.session.automatic is not None:
            self.session.restore_automatic()

    # Display

    def refresh(self) -> None:
        ui, session = self.ui, self.session
        node = session.segmentation
        if node is None and ui.correctButton.checked:
            self.close()
        self._give_to_editor(node, session.volume if node is not None else None)
        self._arm()
        ui.editorHolder.setVisible(self._opened)
        words = _("Done") if self._opened else _("Correct...")
        if ui.correctButton.text != words:
            ui.correctButton.text = words
            ui.correctButton.shortcut = qt.QKeySequence(KEY)  # a new text takes it away
        ui.restoreButton.setVisible(session.automatic is not None)
        ui.restoreButton.enabled = session.automatic is not None and session.edited


def _confirm(question: str, title: str) -> bool:
    return slicer.util.confirmOkCancelDisplay(question, windowTitle=title)


def _holds(parent, widget) -> bool:
    return widget == parent or parent.isAncestorOf(widget)
