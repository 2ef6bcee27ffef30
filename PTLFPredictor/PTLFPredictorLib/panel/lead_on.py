"""Below the strip, where the signature itself gives no risk: what a person can do all the same."""

from __future__ import annotations

import qt
import slicer
from slicer.i18n import tr as _

from .. import signature
from ..errors import PTLFError
from .next_step import Act, can_try_a_radscore, signature_says_no
from .state import Desk

GUIDE = "https://github.com/ptlfpredictor/SlicerPTLFPredictor/blob/main/docs/calibrating.md"

DEMO = "ptlf-demo"


class LeadOn:
    """A sentence and four ways on.

    Parameters
    ----------
    host : ModulePanel
    strip : StripSection
    """

    def __init__(self, host, strip):
        self.host, self.ui, self.session, self._strip = host, host.ui, host.session, strip
        self.confirm, self.open_url = _confirm, _open_url
        self._after_sample, self._token = False, 0
        ui = self.ui
        ui.tryRadscoreButton.connect("clicked()", strip.try_radscore)
        ui.siteSignatureButton.connect("clicked()", host.radscore.choose_signature_file)
        ui.makeSignatureButton.connect("clicked()", lambda: self.open_url(GUIDE))
        ui.demonstrationButton.connect("clicked()", self.demonstrate)

    def demonstrate(self) -> None:
        """The demo signature in demonstration mode; on another CT than a sample case, the sample case first."""
        if not self.session.is_sample:
            question = _(
                "The sample case takes the place of this patient, and the demo signature that of the chosen one; what "
                "was entered for this CT is cleared."
            )
            if self.session.volume is not None and not self.confirm(question):
                return
            self._after_sample, self._token = True, self.session.token
            if not self.host.ct.sample.state.busy:
                self.host.ct.load_sample()
            return
        self._show_demo()

    def _show_demo(self) -> None:
        self._after_sample = False
        self.session.choose_signature(DEMO, signature.load(DEMO))
        self.session.update(demonstration=True)

    def leave_demonstration(self) -> None:
        """Back to the signature that was chosen before, or to the first one."""
        spec = self.session.desk.signature_before or Desk.signature
        try:
            chosen = signature.load(spec)
        except PTLFError:  # a file that has gone
            spec, chosen = Desk.signature, signature.load(Desk.signature)
        self.session.choose_signature(spec, chosen)
        self.session.update(demonstration=False)

    def refresh(self) -> None:
        ui, session = self.ui, self.session
        if self._after_sample and self.host.ct.sample.state.busy:
            self._after_sample = session.token == self._token  # else somebody else came on screen meanwhile
        elif self._after_sample:
            self._after_sample = False
            if session.is_sample:
                self._show_demo()
        wanted = bool(session.state.computed) and not session.stale(session.kind) and signature_says_no(session)
        ui.leadFrame.setVisible(wanted and not session.state.what_if)
        if not wanted:
            return
        ui.leadLabel.text = _("This signature gives no risk here, whatever is entered. What you can do:")
        act = self._strip.step.act  # which the strip's own button does
        ui.tryRadscoreButton.setVisible(can_try_a_radscore(session) and act is not Act.TRY_RADSCORE)
        ui.demonstrationButton.setVisible(act is not Act.DEMONSTRATE and not session.signature.is_demo)
        ui.demonstrationButton.text = (
            _("Show the demonstration") if session.is_sample else _("Demonstration on the sample case")
        )


def _confirm(question: str) -> bool:
    return slicer.util.confirmOkCancelDisplay(question, windowTitle=_("Demonstration"))


def _open_url(address: str) -> None:
    qt.QDesktopServices.openUrl(qt.QUrl(address))
