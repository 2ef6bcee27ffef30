"""The nomogram in the panel, and below it the what-ifs that were pinned."""

from __future__ import annotations

from collections.abc import Callable

import qt

from ..signature import PredictorSource, Signature, geometry
from ..signature.predictors import Value
from .nomogram_widget import NomogramWidget
from .scenario_table import ScenarioTable
from .session import Session


class NomogramPane(qt.QWidget):
    def __init__(self, session: Session, on_move: Callable[[str, Value], None], parent=None):
        qt.QWidget.__init__(self, parent)
        self.nomogram, self.scenarios = NomogramWidget(on_move), ScenarioTable(session)
        layout = qt.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.nomogram)
        layout.addWidget(self.scenarios)

    def cleanup(self) -> None:
        self.nomogram.cleanup()

    def forget(self) -> None:
        """Another patient comes."""
        self.nomogram.forget()

    def show_signature(self, chosen: Signature) -> None:
        """Another signature: its axes; only what is entered, and the Radscore, can be moved."""
        movable = [one.id for one in chosen.predictors if one.source is not PredictorSource.MEASURE]
        self.nomogram.show_geometry(geometry(chosen), movable)
