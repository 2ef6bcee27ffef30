"""The note that is read once before the first use, and again when its text changes."""

from __future__ import annotations

import slicer
from slicer.i18n import tr as _

SETTINGS_ACKNOWLEDGED = "PTLFPredictor/AcknowledgedVersion"
ACKNOWLEDGEMENT_VERSION = "1"


class Acknowledgement:
    def __init__(self, ui):
        self._frame = ui.acknowledgementFrame
        ui.acknowledgementLabel.text = _(
            "This module computes a risk from a CT for research. It is no medical device. It must not decide on a "
            "patient's treatment. Results of the demo model and the demo signature are not for patients at all."
        )
        ui.acknowledgeButton.connect("clicked()", self.give)

    def refresh(self) -> None:
        known = slicer.app.userSettings().value(SETTINGS_ACKNOWLEDGED, "")
        self._frame.setVisible(str(known) != ACKNOWLEDGEMENT_VERSION)

    def give(self) -> None:
        """The user has read it."""
        slicer.app.userSettings().setValue(SETTINGS_ACKNOWLEDGED, ACKNOWLEDGEMENT_VERSION)
        self.refresh()
