"""Section 5, Nomogram: the patient's laboratory values, what-if values, and the nomogram between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import slicer
from slicer.i18n import tr as _

from .. import signature
from ..errors import BadInput
from ..report import nomogram_svg
from ..report.nomogram_picture import Reading
from ..signature import inputs
from . import nomogram_paint
from .numbers import read_number, written
from .session import Session
from .widgets import NomogramPane, say

CHECKS = {"ALB": inputs.albumin_g_per_l, "INR": inputs.checked_inr, "Radscore": inputs.checked_radscore}


class NomogramSection:
    def __init__(self, ui, session: Session, tell, choose_file):
        self.ui, self.session, self._tell, self._choose_file = ui, session, tell, choose_file
        self.pane = NomogramPane(self.move)
        self.pane.nomogram.setMinimumSize(560, 400)
        ui.nomogramHolder.layout().addWidget(self.pane)
        self._filling, self._message, self._drawn_for = True, "", None
        for unit in inputs.ALB_UNITS:
            ui.albUnit.addItem(unit)
        self._filling = False
        ui.albEdit.connect("editingFinished()", lambda: self._typed("ALB"))
        ui.inrEdit.connect("editingFinished()", lambda: self._typed("INR"))
        ui.radscoreEdit.connect("editingFinished()", lambda: self._typed("Radscore"))
        ui.albUnit.connect("currentIndexChanged(int)", self._choose_unit)
        ui.whatIfBox.connect("toggled(bool)", self._toggle_what_if)
        ui.resetButton.connect("clicked()", self.reset)
        ui.copyPictureButton.connect("clicked()", self.copy_picture)
        ui.exportSvgButton.connect("clicked()", self.export_svg)
        ui.exportNomogramPdfButton.connect("clicked()", self.export_pdf)

    # Values: typed, dragged, reset

    def _edit(self, name: str):
        return {"ALB": self.ui.albEdit, "INR": self.ui.inrEdit, "Radscore": self.ui.radscoreEdit}[name]

    def _typed(self, name: str) -> None:
        edit = self._edit(name)
        if self._filling or edit.text == self._text_of(name):
            edit.modified = False
            return
        try:
            value = read_number(edit.text, {"ALB": _("Albumin")}.get(name, name))
            unit = self.session.state.alb_unit
            if value is not None:
                checked = CHECKS[name](value, unit) if name == "ALB" else CHECKS[name](value)
            else:
                checked = None
        except BadInput as error:
            self._message = error.message
            self.refresh()
            return
        self._message, edit.modified = "", False
        if name == "Radscore" or self.session.state.what_if:
            self._set_what_if(name, checked)
        elif name == "ALB":
            self.session.update(alb=value)
        else:
            self.session.update(inr=value)

    def _choose_unit(self, index: int) -> None:
        """Another unit is another reading of the number that stands there; it is never converted silently."""
        if self._filling:
            return
        unit = inputs.ALB_UNITS[index]
        try:
            if self.session.state.alb is not None:
                inputs.albumin_g_per_l(self.session.state.alb, unit)
        except BadInput as error:
            self._message = error.message
            self.session.update(alb=None, alb_unit=unit)
            return
        self._message = ""
        self.session.update(alb_unit=unit)

    def move(self, name: str, value: float) -> None:
        """A marker was moved: the patient's value, or the what-if's. A Radscore can only be a what-if."""
        try:
            CHECKS[name](value)
        except BadInput as error:
            self._message = error.message
            self.refresh()
            return
        self._message = ""
        if name == "Radscore" or self.session.state.what_if:
            self._set_what_if(name, value)
        elif name == "ALB":
            scale = 10 if self.session.state.alb_unit == "g/dL" else 1
            self.session.update(alb=value / scale)
        else:
            self.session.update(inr=value)

    def _set_what_if(self, name: str, value: float | None) -> None:
        values = self.session.state.what_if or self.session.values()
        if name == "Radscore" and value is None:
            value = self.session.values()["Radscore"]
        self.session.update(what_if={**values, name: value})

    def _toggle_what_if(self, on: bool) -> None:
        if not self._filling:
            self.session.update(what_if=self.session.values() if on else {})

    def reset(self) -> None:
        self._message = ""
        self.session.update(what_if={})

    # Display

    def _text_of(self, name: str) -> str:
        state = self.session.state
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
        for name in CHECKS:
            edit = self._edit(name)
            if not (edit.hasFocus() and edit.modified):  # somebody is typing
                edit.text = self._text_of(name)
        ui.albUnit.currentIndex = inputs.ALB_UNITS.index(session.state.alb_unit)
        ui.whatIfBox.checked = what_if
        self._filling = False
        ui.resetButton.enabled = what_if
        own = session.values()
        values = dict(session.state.what_if) if what_if else own
        prediction = self._prediction()
        ui.radscoreOrigin.text = self._origin(values, own)
        geometry = signature.geometry(session.signature)
        warnings = [self._message, *prediction.warnings] if self._message else list(prediction.warnings)
        say(ui.inputMessage, "\n".join(warnings))
        say(ui.albNote, next(axis.note for axis in geometry.axes if axis.name == "ALB"))
        if self._drawn_for != session.state.signature:
            self.pane.nomogram.show_geometry(geometry)
            self._drawn_for = session.state.signature
        self.pane.nomogram.show_reading(Reading(values, prediction, own if what_if else {}))
        self.pane.show_prediction(prediction, values, {a.name: a.label for a in geometry.axes})

    def _prediction(self):
        """What the markers stand for: the what-if's prediction, else the patient's, else points alone."""
        session = self.session
        if session.state.what_if:
            found = session.what_if()
            if found is not None:
                return found
            known = {name: value for name, value in session.state.what_if.items() if value is not None}
            base = session.patient().prediction
            return _only_points(base, signature.prediction.points_of(session.signature, known), _("no Radscore"))
        assessment = session.patient()
        reason = session.stale(session.kind)
        if reason and session.state.computed:
            known = {k: v for k, v in session.values().items() if v is not None}
            return _only_points(assessment.prediction, signature.prediction.points_of(session.signature, known), reason)
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
        path = self._choose_file(_("Export nomogram"), name)
        if not path:
            return
        try:
            write(path)
        except OSError as error:
            self._tell(_("'{path}' cannot be written: {why}.").format(path=path, why=error.strerror or error))
            return
        self._tell(_("Written: {path}").format(path=path))

    def exit(self) -> None:
        self.pane.close_window()


def _only_points(base, points, why: str):
    """A prediction of which nothing may be read but the points of the known inputs."""
    return replace(
        base,
        state="not computable",
        status=why,
        points=points,
        total_points=None,
        linear_predictor=None,
        risk=None,
        risk_interval=None,
    )
