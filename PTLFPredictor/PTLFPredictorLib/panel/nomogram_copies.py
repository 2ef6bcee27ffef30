"""Copies of the nomogram on screen: a picture on the clipboard, an SVG or a PDF file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from ..render import nomogram_svg
from . import nomogram_paint
from .nomogram_widget import NomogramWidget
from .session import Session


class NomogramCopies:
    """The menu of ``pictureButton``; `actions` are its entries by what they make: "copy", "svg", "pdf"."""

    def __init__(self, ui, session: Session, nomogram: NomogramWidget, tell, choose_file: Callable[[str, str], str]):
        self._session, self._nomogram, self._tell, self._choose_file = session, nomogram, tell, choose_file
        self._menu = qt.QMenu(ui.pictureButton)
        self.actions = {}
        for name, text, make in (
            ("copy", _("&Copy picture"), self.copy_picture),
            ("svg", _("Save as &SVG..."), self.export_svg),
            ("pdf", _("Save as &PDF..."), self.export_pdf),
        ):
            action = self._menu.addAction(text)
            action.connect("triggered()", make)
            self.actions[name] = action
        ui.pictureButton.setMenu(self._menu)

    def copy_picture(self) -> None:
        picture = self._nomogram.picture()
        if picture is not None:
            slicer.app.clipboard().setImage(nomogram_paint.picture_of(*picture, self._session.signature.title))
            self._tell(_("The nomogram is on the clipboard."))

    def export_svg(self) -> None:
        def write(path: str) -> None:
            Path(path).write_text(
                nomogram_svg.svg_of(*self._nomogram.picture(), self._session.signature.title), encoding="utf-8"
            )

        self._export("nomogram.svg", write)

    def export_pdf(self) -> None:
        self._export(
            "nomogram.pdf",
            lambda path: nomogram_paint.write_pdf(path, *self._nomogram.picture(), self._session.signature.title),
        )

    def _export(self, name: str, write: Callable[[str], None]) -> None:
        token = self._session.token
        path = self._choose_file(_("Export nomogram"), name)
        if not path:
            return
        if token != self._session.token:
            self._tell(_("Another CT was chosen meanwhile; nothing was exported."))
            return
        try:
            write(path)
        except OSError as error:
            self._tell(_("'{path}' cannot be written: {why}.").format(path=path, why=error.strerror or error))
            return
        self._tell(_("Written: {path}").format(path=path))
