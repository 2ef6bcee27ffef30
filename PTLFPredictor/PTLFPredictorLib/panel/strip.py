"""The strip on top of the panel: which case, the risk or why there is none, signed or stale, and the one next step."""

from __future__ import annotations

import re
from collections.abc import Callable

import qt
from slicer.i18n import tr as _

from .. import RESEARCH_USE
from ..signature.policy.eligibility import BILIRUBIN
from .case_line import case_words
from .lead_on import LeadOn
from .next_step import Act, Around, Step, next_step
from .runs import status_of
from .section import Section
from .sticky import Sticky
from .strip_words import StripWords, pill_words, signature_words, strip_words
from .theme import theme_of
from .timers import Timer
from .titles import Titles
from .widgets import as_tip, focus_of, is_typing, primary, say

KEY = "Alt+Return"
"""Does the next step from anywhere in the window."""

SETTLES_MS = 30
"""Until a section that was unfolded has been laid out."""

LARGE, SMALL = 13, 12
"""Points of the risk of a patient, and of everything else that stands in its place."""

PILL_CHARACTERS = 26
"""Of a line of the pill; a longer one is wrapped, so that it does not widen the panel."""

BUTTONS = {
    Act.LOAD_CT: "loadDicomButton",
    Act.SLABS: "slabsButton",
    Act.SEGMENT: "segmentButton",
    Act.USE_SEGMENTS: "useExistingButton",
    Act.CHOOSE_MODEL: "getButton",
    Act.COMPUTE: "computeButton",
    Act.SIGN_OFF: "signOffButton",
}
"""By step: the button of its section, the only primary one there while the step is the next."""

PILL = "QLabel {{ color: {text}; border: 1px solid {border}; border-radius: 6px; padding: 1px 6px; }}"


class StripSection(Section):
    """The strip, and what leads on below it.

    Parameters
    ----------
    host : ModulePanel
        With all its other sections: a next step is one of theirs.
    """

    def __init__(self, host):
        self.host, self.ui, self.session = host, host.ui, host.session
        ui = self.ui
        self.sticky = Sticky(ui.stripFrame, ui.stripFrame.parentWidget())
        self.titles = Titles(self.sticky.room)
        self.sticky.on_resize, self.sticky.on_palette = self.titles.fit, host.changed
        self.lead = LeadOn(host, self)
        self.step: Step | None = None
        self._unfold = False
        self._goal, self._laid_out = None, Timer(self._arrive, SETTLES_MS)
        ui.researchUseLabel.text = RESEARCH_USE
        for label, change in ((ui.researchUseLabel, -1), (ui.signatureLine, -1), (ui.pillLabel, -1)):
            font = qt.QFont(label.font)
            font.setPointSize(max(7, font.pointSize() + change))
            label.setFont(font)
        font = qt.QFont(ui.caseLabel.font)
        font.setBold(True)
        ui.caseLabel.setFont(font)
        ui.detailsFrame.hide()
        ui.whyButton.connect("toggled(bool)", self._open_details)
        ui.nextButton.connect("clicked()", self.go)
        self._acts: dict[Act, Callable[[], None]] = {
            Act.CANCEL: self._cancel,
            Act.LOAD_CT: lambda: self.show("ct", ui.loadDicomButton),
            Act.USE_CT: host.ct.use_only_ct,
            Act.CHOOSE_CT: lambda: self.show("ct", ui.volumeSelector),
            Act.USE_SEGMENTS: self._use_segments,
            Act.DECIDE: lambda: self.show("segments", ui.keepButton),
            Act.CHOOSE_MODEL: self._choose_model,
            Act.SEGMENT: lambda: self._begin("segments", host.segmentation.press),
            Act.COMPUTE: lambda: self._begin("radscore", host.radscore.press),
            Act.ENTER: self._enter,
            Act.CRITERIA: self._criteria,
            Act.ORIGIN: lambda: self.show("segments", ui.originSelector),
            Act.PHASE: lambda: self.show("ct", ui.phaseSelector),
            Act.SLABS: host.ct.to_slabs,
            Act.CORRECT: self._correct,
            Act.WHY: self._why,
            Act.TRY_RADSCORE: self.try_radscore,
            Act.DEMONSTRATE: self.lead.demonstrate,
            Act.LEAVE_DEMO: self.lead.leave_demonstration,
            Act.END_WHAT_IF: host.nomogram.reset,
            Act.SIGN_OFF: self._sign_off,
            Act.EXPORT: self._export,
        }

    def leave(self) -> None:
        """Another patient comes: what was unfolded was of the one before."""
        self.ui.whyButton.checked = False
        self._goal = None

    def cleanup(self) -> None:
        self._laid_out.close()
        self.sticky.close()

    # Steps

    def go(self) -> None:
        """Do the next step: the one that the case is at now, whatever the button said; what is being typed counts."""
        self.host.commit()
        step = next_step(self.session, self.around())
        if self.step is None or step.act is not self.step.act:
            self.host.refresh()
            return
        self.step = step  # of the same kind, perhaps to another field
        self._go_on()
        self._acts[step.act]()

    def _go_on(self) -> None:
        """The next step comes: that something was cancelled is said no more."""
        if [run for run in self.host.runs if run.drop_cancelled()]:
            self.host.changed()

    def show(self, section: str, widget) -> None:
        """Unfold a section, bring one of its widgets into sight and give it the keyboard."""
        self.host.open_sections(section)
        focus_of(widget).setFocus()
        self._goal = widget
        self._laid_out.start()

    def _arrive(self) -> None:
        """Once what was unfolded has its place."""
        if self._goal is not None:
            self.sticky.scroll_to(self._goal)
        self._goal = None

    def bring(self, widget) -> None:
        """Scroll to what a step has brought, unless somebody is typing."""
        if not is_typing(qt.QApplication.focusWidget()):
            self._goal = widget
            self._laid_out.start()

    def _begin(self, section: str, press: Callable[[], None]) -> None:
        self.host.open_sections(section)
        press()

    def _cancel(self) -> None:
        for run in self.host.runs:
            if run.state.busy and run is not self.host.segmentation.probe:
                run.cancel()
        self.host.radscore.forget_queue()

    def _use_segments(self) -> None:
        self.host.open_sections("segments")
        self.ui.existingSelector.setCurrentNode(self.host.segmentation.existing())
        self.host.segmentation.use_existing()

    def _choose_model(self) -> None:
        self.host.open_sections("segments")
        self.host.models.show()

    def _enter(self) -> None:
        entry = self.step.entry
        self.show("ct" if entry == BILIRUBIN else "nomogram", self._field(entry))

    def try_radscore(self) -> None:
        self.show("nomogram", self.ui.radscoreEdit)

    def _field(self, entry: str):
        """Where an entry is typed or chosen."""
        if entry == BILIRUBIN:
            return self.ui.baselineBilirubinEdit
        name = re.sub(r"\W", "_", entry).lower()
        return next((found for end in ("Edit", "Level") if (found := getattr(self.ui, name + end, None))), None)

    def _criteria(self) -> None:
        self.ui.eligibilityButton.checked = True
        self.show("ct", self.ui.allMetButton)

    def _correct(self) -> None:
        self.host.open_sections("segments")
        self.host.correction.open()
        self.bring(self.ui.correctButton)

    def _why(self) -> None:
        """Here the strip's own button is the one that lists the reasons, and folds them again."""
        self.ui.whyButton.checked = not self.ui.whyButton.checked
        self.refresh()
        if self.ui.whyButton.checked:
            self.sticky.scroll_to(self.ui.detailsFrame)

    def _sign_off(self) -> None:
        self.host.open_sections("segments")
        self.host.segments.sign_off()
        if self.session.signed is None:  # its message stands beside its own button
            self.sticky.scroll_to(self.ui.signOffButton)
            if not self.ui.readerEdit.text.strip():
                self.ui.readerEdit.setFocus()

    def _export(self) -> None:
        self.host.open_sections("report")
        self.ui.exportReportButton.click()
        self.bring(self.ui.exportStatus)

    # Display

    def around(self) -> Around:
        """What the session does not know of the moment."""
        host, session = self.host, self.session
        segmentation, radscore = host.segmentation.run, host.radscore.run
        busy = ""
        for run in (segmentation, radscore, host.ct.sample, host.parameters.run):
            if run.state.busy:
                busy = _("{what}: {where}").format(what=run.what, where=status_of(run, ""))
                break
        no_ct = session.volume is None
        return Around(
            busy=busy,
            ct_waits=host.ct.only_ct() is not None,
            segments_wait=not no_ct and session.segmentation is None and host.segmentation.existing() is not None,
            model=host.models.model is not None,
            not_segmented=_failure(segmentation),
            not_computed=_failure(radscore),
        )

    def refresh(self) -> None:
        ui, session = self.ui, self.session
        before, self.step = self.step, next_step(session, self.around())
        step = self.step
        if before is not None and before.act not in (step.act, Act.CANCEL):
            self._go_on()
        words = strip_words(session, step)
        say(ui.caseLabel, case_words(session) or _("No CT chosen"))
        self._show_pill(pill_words(session))
        ui.riskLabel.text = words.risk
        font = qt.QFont(ui.riskLabel.font)
        font.setBold(True)
        font.setPointSize(LARGE if words.large else SMALL)
        ui.riskLabel.setFont(font)
        more = _(" (and {n} more)").format(n=words.more) if words.more else ""
        say(ui.riskStatus, words.line + more)
        self._show_details(words)
        say(ui.signatureLine, signature_words(session.signature))
        button = ui.nextButton
        opened = step.act is Act.WHY and ui.whyButton.checked
        text = _("Hide reasons") if opened else step.words
        if button.text != text:
            button.text = text
            button.setShortcut(qt.QKeySequence(KEY))
        button.toolTip = as_tip(_("{tip} (Alt+Return)").format(tip=step.tip))
        button.accessibleName = _("Next step: {words}").format(words=text)
        primary(button)
        for act, name in BUTTONS.items():
            primary(getattr(ui, name), act is step.act)
        self.lead.refresh()
        self.sticky.place()

    def _show_pill(self, words: str) -> None:
        label = self.ui.pillLabel
        say(label, words)
        label.wordWrap = max(map(len, words.splitlines()), default=0) > PILL_CHARACTERS
        theme = theme_of(self.ui.stripFrame)  # the label has its own colours
        stale = bool(words) and self.session.signed is None
        sheet = PILL.format(text=theme["text"], border=theme["warning" if stale else "axis"])
        if label.styleSheet != sheet:
            label.setStyleSheet(sheet)

    def _show_details(self, words: StripWords) -> None:
        ui = self.ui
        count = len(words.notes)
        ui.whyButton.setVisible(count > 0 and not words.unfold and self.step.act is not Act.WHY)
        if not count:
            ui.whyButton.checked = False
        self._unfold = words.unfold and count > 0
        self._open_details(ui.whyButton.checked)
        text = _("Why ({n})").format(n=words.more + 1) if words.more else _("Notes")
        if ui.whyButton.text != text:
            ui.whyButton.text = text
        ui.whyButton.toolTip = _("All reasons, and what else is to be known")
        ui.whyButton.accessibleName = text
        say(ui.resultDetails, "\n".join(f"\u2022 {note}" if count > 1 else note for note in words.notes))

    def _open_details(self, opened: bool) -> None:
        self.ui.detailsFrame.setVisible(opened or self._unfold)


def _failure(run) -> str:
    return "" if run.state.busy else run.state.cause
