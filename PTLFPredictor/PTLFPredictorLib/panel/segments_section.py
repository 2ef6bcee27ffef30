"""Section 2, Segments, as a whole: what they are, their volumes, Show 3D, the reader's sign-off.

How they come (`segmentation_section`), are listed (`lesion_list`) and corrected (`correction_section`) stands beside.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable

import slicer
from slicer.i18n import tr as _

from ..confirmation import Confirmation, written_time
from ..errors import PTLFError
from ..mrml import segments as mrml_segments
from ..segmentation.names import Role
from .section import Section
from .session import SECOND_ROLE, Session
from .state import FellWhy
from .widgets import Fold, say

NAMES_SHOWN = 3
"""Segments that are named in one sentence."""

ROLES = (mrml_segments.LIVER, mrml_segments.TUMOUR)


class SegmentsSection(Section):
    def __init__(self, ui, session: Session, commit: Callable[[], None]):
        self.ui, self.session, self._commit = ui, session, commit
        self.came = ui.segmentsFrame
        self._message = ""
        self._fold = Fold(ui.segmentsAdvancedButton, ui.segmentsAdvancedFrame)
        ui.signOffButton.connect("clicked()", self.sign_off)
        ui.show3DButton.connect("clicked()", self.show_3d)

    def leave(self) -> None:
        self._message = ""

    # What a reader does

    def sign_off(self) -> None:
        """The reader answers for what stands on the panel; a value that is being typed is taken first."""
        self._commit()
        self._message = ""
        try:
            self.session.sign_off(self.ui.readerEdit.text)
        except PTLFError as error:
            self._message = error.message
            self.refresh()
            if not self.ui.readerEdit.text.strip():
                self.ui.readerEdit.setFocus()

    def show_3d(self) -> None:
        """Surfaces on, with the camera on them, or off again."""
        node = self.session.segmentation
        if node is None:
            return
        on = not mrml_segments.in_3d(node)
        mrml_segments.show_3d(node, on)
        if on:
            slicer.util.resetThreeDViews()
        self.refresh()

    # Display

    def summary(self) -> str:
        volumes = self._volumes()
        if not volumes:
            return ""
        count = sum(lesion.counted for lesion in self.session.lesions.listed())
        lesions = _("no tumour") if not count else _("1 lesion") if count == 1 else _("{n} lesions").format(n=count)
        return _("liver {liver:.0f} mL, {lesions}").format(liver=volumes[mrml_segments.LIVER], lesions=lesions)

    def done(self) -> bool:
        return bool(self._volumes()) and self.session.node(SECOND_ROLE) is None

    def refresh(self) -> None:
        ui, session = self.ui, self.session
        node, signed = session.segmentation, session.signed
        ui.segmentsFrame.setVisible(node is not None)
        ui.show3DButton.checked = node is not None and mrml_segments.in_3d(node)
        if node is None:
            for label in (ui.agreementTitle, ui.agreementLabel):
                say(label, "")
            return
        say(ui.segmentationLabel, self._state_words(node))
        try:
            say(ui.volumesLabel, _volume_words(session.compared.volumes_ml))
        except PTLFError as error:
            say(ui.volumesLabel, error.message)
        self._show_agreement()
        say(ui.signOffLabel, self._message if self._message and signed is None else self._sign_off_words(signed))

    def _volumes(self):
        try:
            return self.session.compared.volumes_ml if self.session.segmentation is not None else {}
        except PTLFError:
            return {}

    def _state_words(self, node) -> str:
        session = self.session
        words = ""
        if session.automatic is None:
            words = _("Taken from the scene: {name}.").format(name=node.GetName())
            if session.state.edited_here:
                words += _(" Edited here.")
        elif session.edited:
            words = _("Edited since.")
        liver, tumour = (mrml_segments.counted(node, role) for role in ROLES)
        if not all(mrml_segments.are_ours(node, role) for role in ROLES):
            words += _(" Liver: {liver}; tumour: {tumour}.").format(liver=_names(liver), tumour=_names(tumour))
        others = [name for role in (None, Role.OTHER) for name in mrml_segments.not_counted(node, role)]
        if others:
            words += _(" Not counted: {names}.").format(names=_names(others))
        return words.strip()

    def _show_agreement(self) -> None:
        """Dice and change against what the model drew, as a small table; said in words where there is nothing to it."""
        ui, session = self.ui, self.session
        title = table = ""
        if session.automatic is not None and not session.edited:
            title = _("Nothing was changed since the model drew it.")
        elif session.automatic is not None:
            try:
                table = _table(session.compared)
                share = 100 * session.compared.changed
                title = _("Against what the model drew ({share} % of the voxels changed):")
                title = title.format(share=f"{share:.2g}" if share < 10 else f"{share:.0f}")
            except PTLFError:  # said beside the volumes
                title = ""
        say(ui.agreementTitle, title)
        say(ui.agreementLabel, table)

    def _sign_off_words(self, signed: Confirmation | None) -> str:
        if signed is not None:
            return _("Signed off by {name}, {time}. Any edit cancels the sign-off.").format(
                name=signed.reader, time=signed.when
            )
        fell = self.session.state.sign_off_fell
        if not fell:
            return _("Not signed off.")
        return _("Not signed off. {name}'s sign-off of {time} was cancelled on {when}: {why}.").format(
            name=fell["reader"], time=written_time(fell["time"]), when=written_time(fell["when"]), why=_why(fell)
        )


def _why(fell) -> str:
    """Why a sign-off fell, the end of a sentence."""
    why = fell.get("why")
    if why == FellWhy.EDITED and fell.get("segments"):
        titles = {mrml_segments.LIVER: _("liver"), mrml_segments.TUMOUR: _("tumour")}
        named = [titles.get(one, _("lesions that are not counted")) for one in fell["segments"]]
        return _("{segments} edited").format(segments=_(" and ").join(named))
    return {
        FellWhy.EDITED: _("the segments were edited"),
        FellWhy.LESIONS: _("the lesions that count were changed"),
        FellWhy.RESTORED: _("the model's segments were restored"),
        FellWhy.NEW_RUN: _("a model drew anew"),
        FellWhy.OTHER_SEGMENTS: _("other segments were chosen"),
        FellWhy.CT_CHANGED: _("the CT was changed"),
        FellWhy.OTHER_SLICES: _("the CT was shown in other slices"),
        FellWhy.SIGNATURE: _("another signature was chosen"),
        FellWhy.ANSWERS: _("an answer on eligibility was changed"),
        FellWhy.INPUT: _("a value or an answer was changed"),
    }.get(why, _("the case was changed"))


def _volume_words(volumes) -> str:
    titles = {
        mrml_segments.LIVER: _("Liver"),
        Role.PARENCHYMA: _("parenchyma"),
        mrml_segments.TUMOUR: _("tumour"),
        Role.EXCLUDED: _("not counted"),
    }
    return ", ".join(f"{title} {volumes[role]:.1f} mL" for role, title in titles.items() if role in volumes)


def _table(against) -> str:
    titles = {mrml_segments.LIVER: _("Liver"), mrml_segments.TUMOUR: _("Tumour")}
    rows = [["", _("change, mL"), "Dice"]]
    for role, title in titles.items():
        dice = against.dice[role]
        rows.append([title, f"{against.change_ml[role]:+.1f}", "-" if math.isnan(dice) else f"{dice:.3f}"])
    lines = ("".join(_cell(text, column) for column, text in enumerate(row)) for row in rows)
    return f"<table cellspacing='4' width='100%'>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _cell(text: str, column: int) -> str:
    return f"<td align='{'right' if column else 'left'}'>{html.escape(text)}</td>"


def _names(names: list[str]) -> str:
    return ", ".join(names[:NAMES_SHOWN]) + (", ..." if len(names) > NAMES_SHOWN else "")
