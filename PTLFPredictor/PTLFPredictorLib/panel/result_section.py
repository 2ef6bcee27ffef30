"""Section 5, Report: the risk with what it rests on, or why there is none; and everything that can be exported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import qt
from slicer.i18n import tr as _

from .. import record
from ..errors import BadInput, PTLFError
from ..mrml import tables
from ..mrml.dicom import can_export_dicom, export_dicom_seg
from ..record.statements import of_record
from ..render import html, table
from . import compat
from .report_pdf import write_report_pdf
from .section import Section
from .session import Session
from .widgets import as_tip, say


class ResultSection(Section):
    def __init__(self, ui, session: Session, tell, choose_file: Callable[[str, str], str]):
        self.ui, self.session, self._tell, self._choose_file = ui, session, tell, choose_file
        self._exporter = compat.segmentation_exporter()
        for button, what in (
            (ui.exportRecordButton, self.export_record),
            (ui.exportReportButton, self.export_report),
            (ui.exportPdfButton, self.export_pdf),
            (ui.exportCsvButton, self.export_csv),
            (ui.exportTableButton, self.export_table),
            (ui.exportSegButton, self.export_seg),
        ):
            button.connect("clicked()", lambda what=what: self._guard(what))
        self._buttons = (
            ui.exportRecordButton, ui.exportReportButton, ui.exportPdfButton, ui.exportCsvButton, ui.exportTableButton
        )  # fmt: skip

    def leave(self) -> None:
        """Another patient comes: what was written was of the one before."""
        say(self.ui.exportStatus, "")

    def _guard(self, export: Callable[[], str]) -> None:
        say(self.ui.exportStatus, "")
        try:
            written = export()
        except (PTLFError, OSError) as error:
            say(self.ui.exportStatus, _("Not exported: {why}").format(why=error))
            return
        if written:
            say(self.ui.exportStatus, written)

    # Exports; each returns the sentence that says what was written, or "" where the user chose no file

    def export_record(self) -> str:
        return self._write("result.json", lambda made, path: record.write(made, path))

    def export_report(self) -> str:
        return self._write("report.html", lambda made, path: html.write(made, path))

    def export_csv(self) -> str:
        return self._write("result.csv", lambda made, path: table.write(made, path))

    def export_pdf(self) -> str:
        return self._write("result.pdf", lambda made, path: write_report_pdf(made, str(path)))

    def _write(self, name: str, write: Callable[[record.ResultRecord, Path], None]) -> str:
        made, _segments = self.session.make_record()
        token = self.session.token
        path = self._choose_file(_("Export"), name)
        if not path:
            return ""
        self._require(token)
        target = Path(path)
        part = target.with_name(target.name + ".part")
        try:
            write(made, part)
            part.replace(target)
        except OSError as error:
            raise BadInput(f"'{target}' cannot be written: {error.strerror or error}.") from error
        finally:
            part.unlink(missing_ok=True)
        return _("Written: {path}").format(path=path)

    def _require(self, token: int) -> None:
        """After a dialog: the patient on screen must still be the one that was to be exported."""
        if token != self.session.token:
            raise BadInput(_("another CT was chosen meanwhile."))

    def export_table(self) -> str:
        made, _segments = self.session.make_record()
        node = tables.add_table("PTLF result", table.COLUMNS, table.rows(of_record(made)))
        return _("Table '{name}' was added to the scene.").format(name=node.GetName())

    def export_seg(self) -> str:
        exporter, reason = self._exporter
        if exporter is None:
            raise BadInput(reason)
        if self.session.signature.is_demo and self.session.desk.demonstration:
            raise BadInput(_("A demonstration is not exported as DICOM."))
        token = self.session.token
        folder = qt.QFileDialog.getExistingDirectory(None, _("Folder for the DICOM SEG"))
        if not folder:
            return ""
        self._require(token)
        return _("Written: {path}").format(
            path=export_dicom_seg(exporter, self.session.segmentation, folder, self.session.desk.reader)
        )

    # Display

    def refresh(self) -> None:
        ui, session = self.ui, self.session
        stale = session.stale(session.kind)
        why_stale = session.stale_words(stale) if stale else ""
        computed = bool(session.state.computed)
        refused = session.refusal() or " ".join(entry["why"] for entry in session.state.refused.values())
        for button in self._buttons:
            button.enabled = computed and not stale and not refused
            button.toolTip = as_tip(_("Compute first: {why}").format(why=why_stale) if stale else refused)
        possible, why = self._seg_state()
        ui.exportSegButton.enabled = possible
        ui.exportSegButton.toolTip = as_tip(why)

    def _seg_state(self) -> tuple[bool, str]:
        exporter, reason = self._exporter
        if exporter is None:
            return False, reason
        return can_export_dicom(self.session.segmentation, self.session.volume)
