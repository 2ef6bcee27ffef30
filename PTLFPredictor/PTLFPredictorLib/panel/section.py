"""What a section of the panel is, and how it comes into the panel: one entry of `module_panel.SECTIONS`.

>>> class FollowUp(Section):
...     def __init__(self, host):
...         self.session = host.session
...         self.label = plain_label()
...         host.ui.followupHolder.layout().addWidget(self.label)
...
...     def refresh(self):
...         self.label.text = "signed off" if self.session.signed else ""
>>> module_panel.SECTIONS.append(SectionEntry("followup", FollowUp, title="6. Follow-up"))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import ctk
import qt
import slicer

from .runs import ChildRun
from .session import Session


class Host(Protocol):
    """What a section gets of the panel.

    Attributes
    ----------
    ui : object
        The widgets of ``PTLFPredictor.ui`` by name, and what sections made.
    session : Session
    """

    ui: Any
    session: Session

    def tell(self, message: str) -> None:
        """A sentence for the user, in the panel's own line."""

    def changed(self) -> None:
        """Something changed that the panel shows."""

    def choose_path(self, title: str, name: str) -> str:
        """Where to write a file, "" where the user chose none."""


class Section:
    """A part of the panel; each method does nothing unless a section has something to do there.

    Attributes
    ----------
    runs : sequence of ChildRun
        Its child processes; the panel closes them.
    came : QWidget or None
        What its step brings: the panel scrolls there when the step has ended; None for the section's title.
    """

    runs: Sequence[ChildRun] = ()
    came: Any = None

    def refresh(self) -> None:
        """Show what the session says; called after each change, so nothing slow."""

    def summary(self) -> str:
        """What its title tells beside its name, a few words; "" for nothing.  Called after `refresh`."""
        return ""

    def done(self) -> bool:
        """Whether its step is done, so that its title has the check mark.  Called after `refresh`."""
        return False

    def leave(self) -> list[str] | None:
        """Another patient comes: let go of this one's; returns sentences on what was stopped."""

    def commit(self) -> None:
        """Take what is being typed: a step that is done by a key leaves the cursor where it is."""

    def enter(self) -> None:
        """The user opens the module."""

    def exit(self) -> None:
        """The user goes to another module."""

    def scene_closes(self) -> None:
        """The scene is about to be closed; the session has let go of it."""

    def cleanup(self) -> None:
        """The panel goes: leave no node, observer, timer or window behind."""


@dataclass(frozen=True)
class SectionEntry:
    """A section by its name.

    Parameters
    ----------
    name : str
        The section is ``panel.NAME``; its button ``ui.NAMESection`` and its room ``ui.NAMEHolder``, where
        ``PTLFPredictor.ui`` does not have the button already.
    make : callable
        Takes the `Host`.
    title : str
        Of the button of one that is not in ``PTLFPredictor.ui``; "" for one without a button of its own.
    form : str
        Its widgets, a file in ``Resources/UI``, which go into its room; "" for one that makes them itself.
    room : str
        Name of the widget whose layout takes the form; its own button where it is not said.
    folds : str
        ``ui.FOLDSSection`` is the button that it has, where that is not ``ui.NAMESection``; the section whose title
        tells its `Section.summary`.
    """

    name: str
    make: Callable[[Host], Section]
    title: str = ""
    form: str = ""
    room: str = ""
    folds: str = ""

    @property
    def button(self) -> str:
        """Name of its section in the panel, without "Section"."""
        return self.folds or self.name

    def place(self, ui, resources: Path):
        """Button, room and form of a section; returns the form (a qMRMLWidget), None without one."""
        self._make_room(ui)
        if not self.form:
            return None
        form = slicer.util.loadUI(str(resources / "UI" / self.form))
        getattr(ui, self.room or f"{self.button}Section").layout().addWidget(form)
        vars(ui).update(vars(slicer.util.childWidgetVariables(form)))
        form.setMRMLScene(slicer.mrmlScene)
        return form

    def _make_room(self, ui) -> None:
        """Button and room of a section that ``PTLFPredictor.ui`` does not have, below the sections that are there."""
        if not self.title or hasattr(ui, f"{self.button}Section"):
            return
        button = ctk.ctkCollapsibleButton()
        button.text, button.objectName = self.title, f"{self.name}Section"
        holder = qt.QWidget()
        holder.objectName = f"{self.name}Holder"
        for widget in (holder, button):
            layout = qt.QVBoxLayout(widget)
            layout.setContentsMargins(0, 0, 0, 0)
        button.layout().addWidget(holder)
        column = ui.reportSection.parentWidget().layout()
        column.insertWidget(column.indexOf(ui.diagnosticsButton), button)
        setattr(ui, button.objectName, button)
        setattr(ui, holder.objectName, holder)
