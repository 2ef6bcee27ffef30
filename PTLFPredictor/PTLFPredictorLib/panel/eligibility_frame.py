"""The study's criteria and bilirubin, in one frame: all met by one click with name and time, or one by one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import qt
from slicer.i18n import tr as _

from ..confirmation import written_time
from ..ct import Finding
from ..errors import BadInput, PTLFError
from ..signature import eligibility
from ..signature.policy.eligibility import AMOUNT, BILIRUBIN, CriterionState, checked_bilirubin
from .choices import Choices
from .fields import PatientField
from .findings_list import FindingsList
from .numbers import read_number, written
from .session import Session
from .state import FellWhy
from .widgets import Fold, WheelGuard, as_tip, clear, mark, plain_label, say

UNITS = tuple(unit.name for unit in AMOUNT.units)


def by_words(said) -> str:
    """Name and time of an answer, "" where nobody has given it."""
    return _("{reader}, {time}").format(reader=said["reader"], time=written_time(said["time"])) if said else ""


def answered(ui, answer: Callable[[], None]) -> str:
    """Give an answer; why it was not taken, with the cursor in the reader's field where the name is missing."""
    try:
        answer()
    except PTLFError as error:
        if not ui.readerEdit.text.strip():
            ui.readerEdit.setFocus()
        return error.message
    return ""


class EligibilityFrame:
    """Criteria and bilirubin of the patient on screen.

    Attributes
    ----------
    boxes : dict of str to QComboBox
        The answer's list of each criterion, by its id.
    bilirubin : PatientField
    """

    def __init__(self, ui, session: Session):
        self.ui, self.session = ui, session
        self.boxes: dict[str, qt.QComboBox] = {}
        self._choices: dict[str, Choices] = {}
        self._wheel, self._for, self._message, self._marked = WheelGuard(), None, "", ""
        self._tip = ui.baselineBilirubinEdit.toolTip
        self.findings = FindingsList()
        ui.outcomeHolder.layout().addWidget(self.findings)
        self.bilirubin = PatientField(ui.baselineBilirubinEdit, session, self._read_bilirubin)
        self._units = Choices(ui.baselineBilirubinUnit, self._choose_unit, [(u.name, u.shown) for u in AMOUNT.units])
        self._fold = Fold(ui.eligibilityButton, ui.eligibilityHolder)
        ui.allMetButton.connect("clicked()", self.confirm)
        ui.baselineBilirubinOtherUnitButton.connect("clicked()", self._use_other_unit)

    def leave(self) -> None:
        """Another patient comes: a list that is open, or a number that is being typed, is not theirs."""
        self._message = ""
        for box in (*self.boxes.values(), self.ui.baselineBilirubinUnit):
            box.hidePopup()
        self.bilirubin.clear()

    # Criteria

    def confirm(self) -> None:
        """All criteria are met, says the reader whose name stands in the field."""
        reader = self.ui.readerEdit.text
        self._message = answered(self.ui, lambda: self.session.confirm_all_criteria(reader))
        self.refresh()

    def _answer(self, name: str, state: CriterionState) -> None:
        self._message = ""
        self.session.answer_criterion(name, state)

    def _make_rows(self) -> None:
        grid = self.ui.eligibilityHolder.layout()
        clear(grid)
        self.boxes, self._choices = {}, {}
        words = (
            (CriterionState.UNCONFIRMED, _("not answered")),
            (CriterionState.CONFIRMED, _("met")),
            (CriterionState.VIOLATED, _("not met")),
        )
        grid.setColumnStretch(0, 1)
        before = self.ui.eligibilityButton
        for row, criterion in enumerate(self.session.signature.eligibility):
            text, box = plain_label(criterion.criterion), qt.QComboBox()
            text.wordWrap = True
            box.accessibleName = criterion.criterion
            box.toolTip = _("Whether this patient meets the criterion")
            box.setFocusPolicy(qt.Qt.StrongFocus)
            self._wheel.watch(box)
            self._choices[criterion.id] = Choices(box, partial(self._answer, criterion.id), words)
            self.boxes[criterion.id] = box
            grid.addWidget(text, row, 0)
            grid.addWidget(box, row, 1, qt.Qt.AlignTop)
            qt.QWidget.setTabOrder(before, box)
            before = box

    # Bilirubin

    @property
    def unit(self) -> str:
        """In which the field of bilirubin is read."""
        unit = self.session.state.units.get(BILIRUBIN)
        return unit if unit in UNITS else UNITS[0]

    def _read_bilirubin(self, text: str) -> None:
        self._take_bilirubin(text, self.unit)

    def _take_bilirubin(self, text: str, unit: str) -> None:
        """An entry that is no value takes the value before away: it must not stay in force under another number."""
        state = self.session.state
        answers = {key: old for key, old in state.answers.items() if key != BILIRUBIN}
        refused = {key: old for key, old in state.refused.items() if key != BILIRUBIN}
        try:
            value = read_number(text, _("Bilirubin"))
            if value is not None:
                answers[BILIRUBIN] = checked_bilirubin(value, unit)
        except BadInput as error:
            refused[BILIRUBIN] = {"text": text, "why": error.message}
        if (answers, refused) != (state.answers, state.refused):
            fell = state.without_sign_off(FellWhy.ANSWERS)
            self.session.update(answers=answers, refused=refused, **fell)
        if unit != self.unit:
            self.session.update(units={**state.units, BILIRUBIN: unit})

    def _choose_unit(self, unit: str) -> None:
        """Another unit is another reading of what stands there; it is never converted silently."""
        self._take_bilirubin(self._bilirubin_text(), unit)

    def _use_other_unit(self) -> None:
        if (other := self._other_unit()) is not None:
            self._choose_unit(other)

    def _other_unit(self) -> str | None:
        """The unit in which what was refused, or is unusual, would be a value."""
        others = [unit for unit in UNITS if unit != self.unit]
        text = self._bilirubin_text()
        try:
            value = read_number(text, "")
            fits = value is not None and (self._refused or AMOUNT.doubt(value, self.unit))
            return next((unit for unit in others if checked_bilirubin(value, unit)), None) if fits else None
        except BadInput:
            return None

    @property
    def _refused(self) -> str:
        return self.session.state.refused.get(BILIRUBIN, {}).get("why", "")

    def _bilirubin_text(self) -> str:
        """As typed; of a value its number in the field's unit."""
        refused = self.session.state.refused.get(BILIRUBIN)
        if refused:
            return refused["text"]
        value = self.session.state.answers.get(BILIRUBIN)
        if value is None:
            return ""
        number = AMOUNT.convert(value, UNITS[0], self.unit)
        return written(number if self.unit == UNITS[0] else float(f"{number:.10g}"))

    def _bilirubin_note(self) -> str:
        """Why it is no value; of one that is, what it is in the other unit, and whether the unit may be wrong."""
        value = self.session.state.answers.get(BILIRUBIN)
        if self._refused or value is None:
            return self._refused
        shown = float(self._bilirubin_text())
        if doubt := AMOUNT.doubt(shown, self.unit):
            return doubt
        other = next(one for one in AMOUNT.units if one.name != self.unit)
        return f"= {AMOUNT.convert(value, UNITS[0], other.name):.3g} {other.shown}"

    # Display

    def refresh(self) -> None:
        ui, session = self.ui, self.session
        if self._for != session.signature_sha256:
            self._make_rows()
            self._for = session.signature_sha256
        found, said = session.eligibility, session.all_criteria_met
        not_met = found.of_state(CriterionState.VIOLATED)
        for item in found.items:
            self._choices[item.id].show(item.status)
        ui.eligibilityLabel.text = _("Eligibility: {state}").format(state=self.words())
        words = [_("Not met: {criterion}").format(criterion=item.criterion) for item in not_met]
        say(ui.criteriaStatus, "\n".join(filter(None, (by_words(said), *words))))
        say(ui.criteriaMessage, self._message)
        ui.allMetButton.enabled = session.volume is not None and not not_met
        ui.allMetButton.toolTip = self._tip_of_all_met(bool(not_met))
        ui.allMetButton.setVisible(not said)
        self.findings.show_findings(self.outcome_present())
        self._show_bilirubin()

    def _tip_of_all_met(self, not_met: bool) -> str:
        """What the button does, or why it does nothing."""
        if self.session.volume is None:
            return _("Choose the CT first.")
        if not_met:
            return _("A criterion is answered as not met: change that answer first.")
        return _("The patient meets every criterion: kept with your name and the time until an answer changes")

    def _show_bilirubin(self) -> None:
        ui, session = self.ui, self.session
        own = any(entry.quantity_name == "bilirubin" for entry in session.signature.entries)
        asked = not own or bool(self._bilirubin_text())  # what was typed here stays in sight as long as it counts
        for widget in (ui.baselineBilirubinLabel, ui.baselineBilirubinEdit, ui.baselineBilirubinUnit):
            widget.setVisible(asked)
        self._units.show(self.unit)
        self.bilirubin.show(self._bilirubin_text())
        say(ui.baselineBilirubinNote, self._bilirubin_note())
        other = self._other_unit()
        ui.baselineBilirubinOtherUnitButton.setVisible(other is not None)
        if other is not None:
            ui.baselineBilirubinOtherUnitButton.text = _("Use {unit}").format(unit=AMOUNT.unit_named(other).shown)
        if self._marked != self._refused:
            self._marked = self._refused
            mark(ui.baselineBilirubinEdit, self._refused)
            ui.baselineBilirubinEdit.toolTip = as_tip(self._refused) or self._tip

    def outcome_present(self) -> list[Finding]:
        """What says that liver failure, the outcome, is present before TACE: by INR or bilirubin."""
        session = self.session
        found = eligibility.findings(session.signature, session.eligibility, session.entered())
        return [finding for finding in found if finding.code.startswith("outcome_present")]

    def words(self) -> str:
        """How the criteria stand, to follow "Eligibility:"."""
        found = self.session.eligibility
        n, missing = len(found.items), len(found.of_state(CriterionState.UNCONFIRMED))
        if found.all_met:
            but = _("liver failure is already present")
            return (but if self.outcome_present() else _("all {n} criteria met")).format(n=n)
        parts = []
        if violated := len(found.of_state(CriterionState.VIOLATED)):
            parts.append(
                (_("{n} criterion not met") if violated == 1 else _("{n} criteria not met")).format(n=violated)
            )
        if missing == n:
            return _("{n} criteria not answered").format(n=n)
        if missing:
            parts.append(_("{n} not answered").format(n=missing))
        return ", ".join(parts)

    @property
    def met(self) -> bool:
        """Whether all criteria are met, and nothing says that the outcome is present already."""
        return self.session.eligibility.all_met and not self.outcome_present()
