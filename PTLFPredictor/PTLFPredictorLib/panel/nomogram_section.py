"""Section 4, Nomogram: the patient's values, what-if values, and the nomogram between them."""

from __future__ import annotations

from dataclasses import replace

import qt
from slicer.i18n import tr as _

from ..errors import BadInput
from ..record.statements import axis_note, of_prediction, placed
from ..render.nomogram_marks import Reading
from ..signature import RADSCORE, Entry, Prediction, inputs
from ..signature.entries import within_a_sentence
from ..signature.predictors import Value
from . import nomogram_words, scenarios
from .entry_rows import EntryRows
from .fields import PatientField
from .nomogram_copies import NomogramCopies
from .nomogram_pane import NomogramPane
from .numbers import read_number, written
from .section import Section
from .session import Session
from .widgets import as_tip, mark, say


class NomogramSection(Section):
    """The patient's values come from the fields alone; what is dragged or moved by keys is always a what-if."""

    def __init__(self, ui, session: Session, choose_file):
        self.ui, self.session = ui, session
        self.pane = NomogramPane(session, self.move)
        self.came = self.pane.nomogram
        ui.nomogramHolder.layout().addWidget(self.pane)
        self._filling, self._message, self._drawn_for = False, "", None
        self._marked: dict[str, str] = {}
        self.rows = EntryRows(ui, session, self._typed, self._choose_unit, self._choose_level)
        self._score = PatientField(ui.radscoreEdit, session, lambda text: self._typed(RADSCORE, text))
        ui.otherUnitButton.connect("clicked()", self._use_other_unit)
        ui.whatIfBox.connect("toggled(bool)", self._toggle_what_if)
        ui.pinButton.connect("clicked()", self.pin)
        self._pin_key = qt.QShortcut(qt.QKeySequence("Ctrl+Return"), ui.nomogramSectionContent)
        self._pin_key.setContext(qt.Qt.WidgetWithChildrenShortcut)
        self._pin_key.connect("activated()", self.pin)
        self.copies = NomogramCopies(ui, session, self.pane.nomogram, self._tell, choose_file)
        ui.otherUnitButton.hide()
        self._tell("")

    def _tell(self, message: str) -> None:
        """A sentence below the buttons that it is about."""
        say(self.ui.nomogramStatus, message)

    def leave(self) -> None:
        """Another patient comes: nothing that stands here, or is on its way, is theirs."""
        self._message = ""
        self._tell("")
        self.pane.forget()
        self.rows.leave()
        self._score.clear()

    # Values: typed, chosen, dragged, reset

    def _entries(self) -> dict[str, Entry]:
        return {entry.id: entry for entry in self.session.signature.entries}

    def _unit(self, entry: Entry) -> str:
        """The unit in which the field of an entry is read; its own where the chosen one is none of it."""
        unit = self.session.state.units.get(entry.id)
        return unit if unit in [one.unit for one in entry.units] else entry.unit

    def _read(self, name: str, text: str, unit: str = "") -> tuple[float | None, Value | None, str]:
        """The number in a field: as typed and in the entry's own unit; or None twice, and why it is none to use."""
        entry = self._entries().get(name)
        try:
            typed = read_number(text, name if entry is None else entry.label)
            if typed is None:
                return None, None, ""
            if entry is None:
                return typed, inputs.checked_radscore(typed), ""
            return typed, entry.checked(typed, unit or self._unit(entry)), ""
        except BadInput as error:
            return None, None, error.message

    def _typed(self, name: str, text: str) -> None:
        """A field was filled in: a value, or an entry that is none; the value before does not stay in force."""
        self._message = ""
        typed, value, why = self._read(name, text)
        if name == RADSCORE or self.session.state.what_if:
            self._try(name, value, _refused(text, why))
        else:
            self._enter(name, typed, _refused(text, why))

    def _choose_level(self, name: str, value: str | None) -> None:
        self._message = ""
        if self.session.state.what_if:
            self._try(name, value)
        else:
            self._enter(name, value)

    def _enter(self, name: str, value: Value | None, refused: dict[str, str] | None = None) -> None:
        state, entry, units = self.session.state, self._entries().get(name), self.session.state.units
        if entry is not None and name in units:  # one that this signature does not take was not what was read
            units = {**units, name: self._unit(entry)}
        values, entries = _given({**state.values, name: value}), _given({**state.refused, name: refused})
        self.session.update(values=values, units=units, refused=entries)

    def _choose_unit(self, name: str, unit: str) -> None:
        """Another unit is another reading of what stands there; it is never converted silently."""
        self._message = ""
        state = self.session.state
        text = state.refused.get(name, {}).get("text", written(state.values.get(name)))
        typed, _value, why = self._read(name, text, unit)
        changes = {
            "values": _given({**state.values, name: typed}),
            "units": {**state.units, name: unit},
            "refused": _given({**state.refused, name: _refused(text, why)}),
        }
        if state.what_if and name in state.what_if_refused:
            text = state.what_if_refused[name]["text"]
            _typed, value, why = self._read(name, text, unit)
            changes["what_if"] = {**state.what_if, name: value}
            changes["what_if_refused"] = _given({**state.what_if_refused, name: _refused(text, why)})
        self.session.update(**changes)

    def _other_unit(self) -> tuple[Entry, str] | None:
        """A refused entry that is a value in another of its units, and that unit."""
        for name, refused in self.session.refused.items():
            entry = self._entries().get(name)
            for one in () if entry is None else entry.units:
                if one.unit != self._unit(entry) and self._read(name, refused["text"], one.unit)[1] is not None:
                    return entry, one.unit
        return None

    def _use_other_unit(self) -> None:
        found = self._other_unit()
        if found is not None:
            self._choose_unit(found[0].id, found[1])

    def move(self, name: str, value: Value) -> None:
        """A marker was moved: a what-if, which starts from the patient's values; switched off, it is forgotten."""
        entry = self._entries().get(name)
        try:
            value = inputs.checked_radscore(value) if entry is None else entry.checked(value)
        except BadInput as error:
            self._message = error.message
            self.refresh()
            return
        self._message = ""
        self._try(name, value)

    def _what_if(self) -> tuple[dict, dict]:
        """Values and refused entries of the what-if; one that begins has the patient's."""
        state = self.session.state
        if state.what_if:
            return dict(state.what_if), dict(state.what_if_refused)
        ours = {*self._entries(), RADSCORE}
        return self.session.tried(), {name: entry for name, entry in state.refused.items() if name in ours}

    def _try(self, name: str, value: Value | None, refused: dict[str, str] | None = None) -> None:
        values, entries = self._what_if()
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

    def commit(self) -> None:
        for field in (*self.rows.fields.values(), self._score):
            field.commit()

    def pin(self) -> None:
        """Keep the what-if to compare it with others; what is being typed is taken first."""
        self.commit()
        scenarios.pin(self.session)

    # Display

    def summary(self) -> str:
        entries = self._entries()
        if self.session.state.what_if:
            return _("what-if")
        given = sum(name in self.session.entered().values for name in entries)
        return _("{n} of {all} values entered").format(n=given, all=len(entries)) if entries else ""

    def done(self) -> bool:
        state = self.session.state
        return not state.what_if and not state.refused and set(self._entries()) <= set(self.session.entered().values)

    def _value_of(self, entry: Entry) -> Value | None:
        """What stands in the row of an entry: a level, or a number in the unit of the field."""
        state = self.session.state
        if not state.what_if:
            return state.values.get(entry.id)
        value = state.what_if.get(entry.id)
        if value is None or entry.quantity is None:
            return value
        factor = next(one.factor for one in entry.units if one.unit == self._unit(entry))
        return value if factor == 1 else value / factor

    def _score_text(self) -> str:
        """A typed one with every digit, the patient's own with two places, as everywhere."""
        own, typed = self.session.radscore(), self.session.state.what_if.get(RADSCORE)
        if typed is not None:
            return written(typed)
        return "" if own is None else f"{own:.2f}"

    def _show_inputs(self) -> None:
        session = self.session
        self.rows.show_entries(session.signature.entries)
        for entry in session.signature.entries:
            if entry.quantity is None:
                self.rows.show_level(entry.id, self._value_of(entry))
            else:
                self.rows.show_unit(entry.id, self._unit(entry))
        texts = {name: written(self._value_of(self._entries()[name])) for name in self.rows.fields}
        texts[RADSCORE] = self._score_text()
        for name, field in {**self.rows.fields, RADSCORE: self._score}.items():
            refused = session.refused.get(name, {"text": "", "why": ""})
            field.show(refused["text"] if refused["why"] else texts.get(name, "") or "")
            if self._marked.get(name, "") != refused["why"]:
                mark(field.edit, refused["why"])
                self._marked[name] = refused["why"]
            field.edit.toolTip = as_tip(refused["why"] or nomogram_words.tip(self.session, name))
        self.ui.radscoreEdit.placeholderText = nomogram_words.no_score(self.session)

    def refresh(self) -> None:
        ui, session = self.ui, self.session
        what_if = bool(session.state.what_if)
        self._show_inputs()
        self._filling = True
        ui.whatIfBox.checked = what_if
        self._filling = False
        self._show_other_unit()
        why = scenarios.why_not_pinned(session)
        ui.pinButton.enabled = not why
        ui.pinButton.toolTip = as_tip(
            why or _("Keep this what-if in a table beside the patient's own risk (Ctrl+Return)")
        )
        own = session.values()
        values = session.tried_values() if what_if else own
        prediction = session.shown()
        ui.radscoreOrigin.text = nomogram_words.origin(session, values)
        lines = [nomogram_words.own_words(session)] if what_if else []
        lines += [self._message, *(entry["why"] for entry in session.refused.values())]
        lines += () if self._told_by_the_strip(prediction) else prediction.warnings
        say(ui.inputMessage, "\n".join(filter(None, lines)))
        say(ui.albNote, axis_note(session.signature))
        if self._drawn_for != session.signature_sha256:
            self.pane.show_signature(session.signature)
            self._drawn_for = session.signature_sha256
        reading = Reading(placed(values, prediction), prediction)
        if what_if:
            patient = session.own()
            reading = replace(reading, ghosts=placed(own, patient), patient=patient)
        self.pane.nomogram.show_reading(reading)
        self.pane.scenarios.refresh(self.pane.nomogram)

    def _told_by_the_strip(self, prediction: Prediction) -> bool:
        """Whether warnings stand there already, unfolded, as notes on a risk that is shown."""
        said = of_prediction(prediction, "")
        return bool(said.shown) and not self.session.refused and said.is_what_if == bool(self.session.state.what_if)

    def _show_other_unit(self) -> None:
        button, found = self.ui.otherUnitButton, self._other_unit()
        button.setVisible(found is not None)
        if found is not None:
            button.text = _("Use {unit}").format(unit=found[1])
            name = within_a_sentence(found[0].label)
            button.toolTip = _("Read the {name} that stands there in the other unit").format(name=name)

    def cleanup(self) -> None:
        self.pane.cleanup()


def _refused(text: str, why: str) -> dict[str, str] | None:
    return {"text": text, "why": why} if why else None


def _given(values: dict) -> dict:
    return {name: value for name, value in values.items() if value is not None}
