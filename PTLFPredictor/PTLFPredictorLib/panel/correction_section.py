"""In section 2, Correction: Slicer's Segment Editor on the segments, volumes that follow, and the reader's sign-off."""

from __future__ import annotations

import html
import math

import slicer
from slicer.i18n import tr as _

from ..errors import PTLFError
from ..mrml import segments as mrml_segments
from ..segmentation.names import Role
from .section import Section
from .session import Session
from .state import SegmentsKind
from .widgets import say

EDITOR_TAG = "PTLFPredictor.SegmentEditor"
"""Singleton tag of our own editor node: Slicer's Segment Editor module keeps its own."""

FOCUS_CHANGED = "focusChanged(QWidget*,QWidget*)"

UNDO_STATES = 10

NAMES_SHOWN = 3
"""Segments that are named in one sentence."""

ROLES = (mrml_segments.LIVER, mrml_segments.TUMOUR)


class CorrectionSection(Section):
    def __init__(self, ui, session: Session, tell):
        self.ui, self.session, self._tell = ui, session, tell
        self.confirm = _confirm
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
        self._entered = self._armed = False
        self._elsewhere = True
        ui.correctionSection.connect("contentsCollapsed(bool)", self._folded)
        slicer.app.connect(FOCUS_CHANGED, self._focus_changed)
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
        self._measured = None
        self.editor.setActiveEffect(None)

    def _folded(self, closed: bool) -> None:
        """Where nobody sees the editor, no effect is on and no key of its own does anything."""
        if closed:
            self.editor.setActiveEffect(None)
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
        """The editor's keys, while it is in use: unfolded, with segments, and nothing else of the panel has the focus.

        Slicer installs them for the whole window: a digit would switch an effect on whatever has the focus, and Space
        would press no button.
        """
        wanted = (
            self._entered
            and not self._elsewhere
            and not self.ui.correctionSection.collapsed
            and self.session.segmentation is not None
        )
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
        slicer.app.disconnect(FOCUS_CHANGED, self._focus_changed)
        self._effects.disconnect("effectRegistered(QString)", self._effect_registered)

    def restore(self) -> None:
        token = self.session.token
        agreed = self.confirm(_("All edits of liver and tumour are given up. Go on?"), _("Restore automatic"))
        if agreed and token == self.session.token and self.session.automatic is not None:
            self.session.restore_automatic()

    def sign_off(self) -> None:
        try:
            self.session.sign_off(self.ui.readerEdit.text)
        except PTLFError as error:
            self._tell(error.message)
            if not self.ui.readerEdit.text.strip():
                self.ui.readerEdit.setFocus()

    def refresh(self) -> None:
        ui, session = self.ui, self.session
        node = session.segmentation
        self._give_to_editor(node, session.volume if node is not None else None)
        self._arm()
        ui.editorHolder.setVisible(node is not None)
        edited = node is not None and session.edited
        ui.segmentationLabel.text = _("There are no segments yet.") if node is None else self._state_words()
        say(ui.volumesLabel, "" if node is None else self._volumes())
        ui.restoreButton.enabled = edited and session.automatic is not None
        ui.signOffButton.enabled = node is not None
        signed = session.signed
        ui.signOffLabel.text = (
            _("Signed off by {name}, {time}. Any change takes this away.").format(
                name=signed.reader, time=signed.time.replace("T", " ")
            )
            if signed is not None
            else _("Not signed off.")
        )

    def _state_words(self) -> str:
        others = [
            name for role in (None, Role.OTHER) for name in mrml_segments.not_counted(self.session.segmentation, role)
        ]
        if self.session.automatic is None:
            words = _("{name}: taken from the scene")
        else:
            words = _("{name}: edited") if self.session.edited else _("{name}: as the model drew it")
        words = words.format(name=self.session.segmentation.GetName())
        liver, tumour = (mrml_segments.counted(self.session.segmentation, role) for role in ROLES)
        if liver != [ROLES[0]] or tumour != [ROLES[1]]:
            words += _(". Liver: {liver}; tumour: {tumour}").format(liver=_names(liver), tumour=_names(tumour))
        if others:
            words += _(". Not counted: {names}").format(names=_names(others))
        return words

    def _volumes(self) -> str:
        """Volumes, and Dice and change against the automatic result, as a small table."""
        session = self.session
        key = tuple(session.hashes(kind) for kind in SegmentsKind)
        if self._measured is None or self._measured[0] != key:  # a drag on the nomogram must not count voxels again
            self._measured = key, self._measure()
        return self._measured[1]

    def _measure(self) -> str:
        session = self.session
        try:
            now = mrml_segments.volumes_ml(session.segmentation)
            against = mrml_segments.agreement(session.segmentation, session.automatic) if session.automatic else {}
        except PTLFError as error:
            return html.escape(error.message)
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


def _confirm(question: str, title: str) -> bool:
    return slicer.util.confirmOkCancelDisplay(question, windowTitle=title)


def _holds(parent, widget) -> bool:
    return widget == parent or parent.isAncestorOf(widget)


def _names(names: list[str]) -> str:
    return ", ".join(names[:NAMES_SHOWN]) + (", ..." if len(names) > NAMES_SHOWN else "")


def _cell(text: str, column: int) -> str:
    return f"<td align='{'right' if column else 'left'}'>{text}</td>"
