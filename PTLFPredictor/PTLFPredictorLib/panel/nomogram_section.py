"""Section 5, Nomogram: the patient's laboratory values, what-if values, and the nomogram between them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import slicer
from slicer.i18n import tr as _

from .. import signature
from ..errors import BadInput
from ..record.statements import axis_note, placed
from ..render import nomogram_svg
from ..render.nomogram_marks import Reading
from ..signature import inputs
from . import nomogram_paint
from .fields import PatientField
from .nomogram_pane import NomogramPane
from .numbers import read_number, written
from .session import Session, without_risk
from .widgets import mark, say

CHECKS = {"ALB": inputs.albumin_g_per_l, "INR": inputs.checked_inr, "Radscore": inputs.checked_radscore}


class NomogramSection:
    """The patient's values come from the fields alone; what is dragged or moved by keys is always a what-if."""

    def __init__(self, ui, session: Session, tell, choose_file):
        self.ui, self.session, self._tell, self._choose_file = ui, session, tell, choose_file
        self.pane = NomogramPane(self.move)
        self.pane.nomogram.setMinimumSize(560, 400)
        ui.nomogramHolder.layout().addWidget(self.pane)
        self._filling, self._message, self._drawn_for = True, "", None
        self._marked: dict[str, str] = {}
        for unit in inputs.ALB_UNITS:
            ui.albUnit.addItem(unit)
        self._filling = False
        edits = {"ALB": ui.albEdit, "INR": ui.inrEdit, "Radscore": ui.radscoreEdit}
        self.fields = {
            name: PatientField(edit, session, lambda text, name=name: self._typed(name, text))
            for name, edit in edits.items()
        }
        ui.albUnit.connect("currentIndexChanged(int)", self._choose_unit)
        ui.otherUnitButton.connect("clicked()", self._use_other_unit)
        ui.whatIfBox.connect("toggled(bool)", self._toggle_what_if)
        ui.resetButton.connect("clicked()", self.reset)
        ui.copyPictureButton.connect("clicked()", self.copy_picture)
        ui.exportSvgButton.connect("clicked()", self.export_svg)
        ui.exportNomogramPdfButton.connect("clicked()", self.export_pdf)
        ui.otherUnitButton.hide()

    def leave(self) -> None:
        """Another patient comes: nothing that stands here, or is on its way, is theirs."""
        self._message = ""
        self.pane.forget()
        self.ui.albUnit.hidePopup()
        for field in self.fields.values():
            field.clear()

    # Values: typed, dragged, reset

    def _typed(self, name: str, text: str) -> None:
        """A field was filled in: a value, or an entry that is none; the value before does not stay in force."""
        self._message = ""
        value, why = self._read(name, text, self.session.state.alb_unit)
        if name == "Radscore" or self.session.state.what_if:
            if name == "ALB" and value is not None:
                value = inputs.albumin_g_per_l(value, self.session.state.alb_unit)
            self._set_what_if(name, value, _entry(text, why))
        else:
            refused = {**self.session.state.refused, name: _entry(text, why)}
            self.session.update(**{name.lower(): value}, refused=_given(refused))

    def _read(self, name: str, text: str, unit: str) -> tuple[float | None, str]:
        """The number in a field as typed, None with the reason where it is none that can be used."""
        try:
            value = read_number(text, {"ALB": _("Albumin")}.get(name, name))
            if value is not None:
                CHECKS[name](value, *([unit] if name == "ALB" else []))
        except BadInput as error:
            return None, error.message
        return value, ""

    def _choose_unit(self, index: int) -> None:
        """Another unit is another reading of what stands there; it is never converted silently."""
        if self._filling:
            return
        self._message = ""
        unit, state = inputs.ALB_UNITS[index], self.session.state
        text = state.refused.get("ALB", {}).get("text", written(state.alb))
        value, why = self._read("ALB", text, unit)
        refused = _given({**state.refused, "ALB": _entry(text, why)})
        changes = {"alb": value, "alb_unit": unit, "refused": refused}
        if state.what_if and "ALB" in state.what_if_refused:
            text = state.what_if_refused["ALB"]["text"]
            value, why = self._read("ALB", text, unit)
            tried = None if value is None else inputs.albumin_g_per_l(value, unit)
            changes["what_if"] = {**state.what_if, "ALB": tried}
            changes["what_if_refused"] = _given({**state.what_if_refused, "ALB": _entry(text, why)})
        self.session.update(**changes)

    def _other_unit(self) -> str:
        """The unit in which the refused albumin is a value, "" where it is in none."""
        state, entry = self.session.state, self.session.refused.get("ALB")
        if entry is None:
            return ""
        other = next(unit for unit in inputs.ALB_UNITS if unit != state.alb_unit)
        return other if self._read("ALB", entry["text"], other)[0] is not None else ""

    def _use_other_unit(self) -> None:
        other = self._other_unit()
        if other:
            self._choose_unit(inputs.ALB_UNITS.index(other))

    def move(self, name: str, value: float) -> None:
        """A marker was moved: a what-if, which starts from the patient's values; Reset goes back to them."""
        try:
            CHECKS[name](value)
        except BadInput as error:
            self._message = error.message
            self.refresh()
            return
        self._message = ""
        self._set_what_if(name, value)

    def _what_if(self) -> tuple[dict, dict]:
        """Values and refused entries of the what-if; one that begins has the patient's."""
        state = self.session.state
        if state.what_if:
            return dict(state.what_if), dict(state.what_if_refused)
        return self.session.values(), {name: entry for name, entry in state.refused.items() if name in CHECKS}

    def _set_what_if(self, name: str, value: float | None, refused: dict[str, str] | None = None) -> None:
        values, entries = self._what_if()
        if name == "Radscore" and value is None and refused is None:
            value = self.session.values()["Radscore"]
        entries = _given({**entries, name: refused})
        self.session.update(what_if={**values, name: value}, what_if_refused=entries)

    def _toggle_what_if(self, on: bool) -> None:
        if self._filling:
            return
        if not on:
            self.reset()
            return
        values, entries = self._what_if()
        self.session.update(what_if=values, what_if_refused=entries)

    def reset(self) -> None:
        self._message = ""
        self.session.update(what_if={}, what_if_refused={})

    # Display

    def _text_of(self, name: str) -> str:
        state = self.session.state
        if name in self.session.refused:
            return self.session.refused[name]["text"]
        if state.what_if:
            value = state.what_if.get(name)
            if name == "ALB" and value is not None and state.alb_unit == "g/dL":
                value = value / 10
            return written(value)
        if name == "ALB":
            return written(state.alb)
        if name == "INR":
            return written(state.inr)
        score = self.session.values()["Radscore"]
        return "" if score is None else f"{score:.2f}"

    def refresh(self) -> None:
        ui, session = self.ui, self.session
        what_if = bool(session.state.what_if)
        self._filling = True
        for name, field in self.fields.items():
            field.show(self._text_of(name))
            why = session.refused.get(name, {}).get("why", "")
            if self._marked.get(name, "") != why:
                mark(field.edit, why)
                self._marked[name] = why
        ui.albUnit.currentIndex = inputs.ALB_UNITS.index(session.state.alb_unit)
        ui.whatIfBox.checked = what_if
        self._filling = False
        other = self._other_unit()
        ui.otherUnitButton.text = _("Use {unit}").format(unit=other)
        ui.otherUnitButton.setVisible(bool(other))
        ui.resetButton.enabled = what_if
        own = session.values()
        values = dict(session.state.what_if) if what_if else own
        prediction = self._prediction()
        ui.radscoreOrigin.text = self._origin(values, own)
        geometry = signature.geometry(session.signature)
        lines = [self._own_words(own)] if what_if else []
        lines += [self._message, *(entry["why"] for entry in session.refused.values()), *prediction.warnings]
        say(ui.inputMessage, "\n".join(filter(None, lines)))
        say(ui.albNote, axis_note(session.signature))
        if self._drawn_for != session.signature_sha256:
            self.pane.nomogram.show_geometry(geometry)
            self._drawn_for = session.signature_sha256
        ghosts = placed(own, session.patient().prediction) if what_if else {}
        self.pane.nomogram.show_reading(Reading(placed(values, prediction), prediction, ghosts))
        labels = {axis.name: axis.label for axis in geometry.axes}
        self.pane.show_prediction(prediction, values, labels, session.refused)

    def _own_words(self, own) -> str:
        words = [_("albumin {value:.4g} g/L").format(value=own["ALB"])] if own["ALB"] is not None else []
        words += [_("INR {value:.4g}").format(value=own["INR"])] if own["INR"] is not None else []
        words = ", ".join(words) or _("not given")
        return _("What-if: these are not the patient's values ({own}); Reset goes back to them.").format(own=words)

    def _prediction(self):
        """What the markers stand for: the what-if's prediction, else the patient's, else points alone."""
        session = self.session
        if session.state.what_if:
            found = session.what_if()
            if found is not None:
                return found
            known = {name: value for name, value in session.state.what_if.items() if value is not None}
            base = session.patient().prediction
            points = signature.points_of(session.signature, known)
            if signature.completeness(session.signature) == signature.states.REFERENCE:
                points["Radscore"] = None  # on another scale than the axis
            return without_risk(base, session.refusal() or _("no Radscore"), points)
        assessment = session.patient()
        stale = session.stale(session.kind)
        if stale and session.state.computed:
            known = {k: v for k, v in session.values().items() if v is not None}
            points = signature.points_of(session.signature, known)
            return without_risk(assessment.prediction, stale.reason, points)
        return assessment.prediction

    def _origin(self, values, own) -> str:
        if self.session.state.what_if:
            typed = values.get("Radscore") != own["Radscore"]
            return _("typed: what-if") if typed and values.get("Radscore") is not None else _("what-if")
        return _("computed") if own["Radscore"] is not None else ""

    # Copies

    def _title(self) -> str:
        return self.session.signature.title

    def copy_picture(self) -> None:
        picture = self.pane.nomogram.picture
        if picture is not None:
            slicer.app.clipboard().setImage(nomogram_paint.picture_of(*picture, self._title()))
            self._tell(_("The nomogram is on the clipboard."))

    def export_svg(self) -> None:
        def write(path: str) -> None:
            Path(path).write_text(nomogram_svg.svg_of(*self.pane.nomogram.picture, self._title()), encoding="utf-8")

        self._export("nomogram.svg", write)

    def export_pdf(self) -> None:
        self._export(
            "nomogram.pdf", lambda path: nomogram_paint.write_pdf(path, *self.pane.nomogram.picture, self._title())
        )

    def _export(self, name: str, write: Callable[[str], None]) -> None:
        token = self.session.token
        path = self._choose_file(_("Export nomogram"), name)
        if not path:
            return
        if token != self.session.token:
            self._tell(_("Another CT was chosen meanwhile; nothing was exported."))
            return
        try:
            write(path)
        except OSError as error:
            self._tell(_("'{path}' cannot be written: {why}.").format(path=path, why=error.strerror or error))
            return
        self._tell(_("Written: {path}").format(path=path))

    def exit(self) -> None:
        self.pane.close_window()


def _entry(text: str, why: str) -> dict[str, str] | None:
    return {"text": text, "why": why} if why else None


def _given(entries: dict) -> dict:
    return {name: entry for name, entry in entries.items() if entry is not None}
