"""Section 5, Report: one button for the report, and under Advanced everything else that can be exported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
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
from .widgets import Fold, as_tip, primary, say, waiting


class ReportSection(Section):
    def __init__(self, ui, session: Session, changed, choose_file: Callable[[str, str], str], commit):
        self.ui, self.session, self._changed, self._choose_file = ui, session, changed, choose_file
        self._commit = commit
        self._exporter = compat.segmentation_exporter()
        self._written = self._ready = False
        self._advanced = Fold(ui.exportAdvancedButton, ui.exportAdvanced)
        exports = (
            (ui.exportReportButton, self.export_report),
            (ui.exportRecordButton, self.export_record),
            (ui.exportCsvButton, self.export_csv),
            (ui.exportTableButton, self.export_table),
            (ui.exportSegButton, self.export_seg),
        )
        self._tips = {}
        for button, what in exports:
            self._tips[button.objectName] = button.toolTip
            button.connect("clicked()", lambda what=what: self._guard(what))
        self._buttons = [button for button, _what in exports if button is not ui.exportSegButton]

    def leave(self) -> None:
        """Another patient comes: what was written, and how the case is called, was of the one before."""
        say(self.ui.exportStatus, "")
        self._written = False
        for edit in (self.ui.caseLabelEdit, self.ui.ctDateEdit):
            edit.text = ""

    def summary(self) -> str:
        if not self._ready:
            return ""
        return _("written") if self._written else _("ready")

    def done(self) -> bool:
        return self._ready and self._written

    def _guard(self, export: Callable[[], str]) -> None:
        say(self.ui.exportStatus, "")
        self._commit()
        try:
            written = export()
        except (PTLFError, OSError) as error:
            say(self.ui.exportStatus, _("Not exported: {why}").format(why=error))
            return
        if written:
            say(self.ui.exportStatus, written)
            self._changed()

    # Exports; each returns the sentence that says what was written, or "" where the user chose no file

    def export_report(self) -> str:
        """As PDF or HTML: what the file's name ends in, else what the list says."""
        chosen = ".html" if self.ui.reportKind.currentIndex else ".pdf"

        def write(made: record.ResultRecord, path: Path, suffix: str) -> None:
            if (suffix if suffix in (".pdf", ".html", ".htm") else chosen) == ".pdf":
                write_report_pdf(made, str(path))
            else:
                html.write(made, path)

        written = self._write(f"report{chosen}", write)
        self._written = self._written or bool(written)
        return written

    def export_record(self) -> str:
        return self._write("result.json", lambda made, path, _suffix: record.write(made, path))

    def export_csv(self) -> str:
        return self._write("result.csv", lambda made, path, _suffix: table.write(made, path))

    def _write(self, name: str, write: Callable[[record.ResultRecord, Path, str], None]) -> str:
        made, known, token = self._made(), self._known, self.session.token
        path = self._choose_file(_("Export"), name)
        if not path:
            return ""
        self._require(token)
        if known != self._known:  # something was taken while the dialog stood there
            made = self._made()
        target = Path(path)
        part = target.with_name(target.name + ".part")
        try:
            with waiting():
                write(made, part, target.suffix.lower())
            part.replace(target)
        except OSError as error:
            raise BadInput(f"'{target}' cannot be written: {error.strerror or error}.") from error
        finally:
            part.unlink(missing_ok=True)
        return _("Written: {path}").format(path=path)

    def _made(self) -> record.ResultRecord:
        with waiting():
            made, _segments = self.session.make_record()
        return replace(made, case=self._case())

    @property
    def _known(self) -> tuple:
        """What a record is made of, and what may change while a dialog stands there."""
        return self.session.state, self.session.desk, self._case()

    def _case(self) -> record.CaseLine | None:
        """What was typed for the report; nothing of it is kept anywhere else."""
        label, date = self.ui.caseLabelEdit.text.strip(), self.ui.ctDateEdit.text.strip()
        return record.CaseLine(label, date) if label or date else None

    def _require(self, token: int) -> None:
        """After a dialog: the patient on screen must still be the one that was to be exported."""
        if token != self.session.token:
            raise BadInput(_("another CT was chosen meanwhile."))

    @waiting()
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
        with waiting():
            path = export_dicom_seg(exporter, self.session.segmentation, folder, self.session.desk.reader)
        return _("Written: {path}").format(path=path)

    # Display

    def refresh(self) -> None:
        ui, session = self.ui, self.session
        stale = session.stale(session.kind)
        why_stale = session.stale_words(stale) if stale else ""
        computed = bool(session.state.computed)
        refused = session.refusal() or " ".join(entry["why"] for entry in session.state.refused.values())
        self._ready = computed and not stale and not refused
        self._written = self._written and self._ready
        for button in self._buttons:
            button.enabled = self._ready
            self._tip(button, _("Compute first: {why}").format(why=why_stale) if stale else refused)
        primary(ui.exportReportButton, self._ready and not self._written)
        possible, why = self._seg_state()
        ui.exportSegButton.enabled = possible
        self._tip(ui.exportSegButton, "" if possible else why)

    def _tip(self, button, why: str) -> None:
        """What the button does, or why it cannot."""
        button.toolTip = as_tip(why) or self._tips[button.objectName]

    def _seg_state(self) -> tuple[bool, str]:
        exporter, reason = self._exporter
        if exporter is None:
            return False, reason
        return can_export_dicom(self.session.segmentation, self.session.volume)
