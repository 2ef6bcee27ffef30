"""Take the pictures of the panel: every section, every width, and the states that matter.

    python docs/panel_pictures.py --out docs/panel --screenshots Resources/Screenshots   # synthetic sample case
    python docs/panel_pictures.py --out /tmp/ircad --ct DICOM --labels labels.nii.gz   # a real CT: keep it out

Each picture is of the real panel in the stand-in (Testing/host), with real child processes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "Testing"), str(ROOT / "Testing" / "panel"), str(ROOT / "PTLFPredictor")]

import host  # noqa: E402

host.start()

import gestures  # noqa: E402
import numpy as np  # noqa: E402
import qt  # noqa: E402
import SimpleITK as sitk  # noqa: E402
import slicer  # noqa: E402

from host import scripted  # noqa: E402
from host.views import HostWindow  # noqa: E402
from host.window import load  # noqa: E402
from PTLFPredictorLib.mrml import volumes  # noqa: E402
from PTLFPredictorLib.panel import segmentation_section  # noqa: E402
from PTLFPredictorLib.panel.run_state import State  # noqa: E402
from PTLFPredictorLib.sample import known  # noqa: E402
from PTLFPredictorLib.segmentation.catalogue import default_model  # noqa: E402

WIDTHS = (340, 413, 560, 900)
SECTIONS = ("ct", "segments", "radscore", "nomogram", "report")
SAMPLE_SEED, SAMPLE_MATRIX = 11, 512
CATALOGUE = {"panel.png": "08-result-demonstration", "nomogram.png": "12-drag-light"}
"""Pictures that PTLFPredictor.s4ext and CMakeLists.txt name."""


class Pictures:
    def __init__(self, out: Path):
        self.out = out
        out.mkdir(parents=True, exist_ok=True)
        self.entry = scripted.load(ROOT / "PTLFPredictor" / "PTLFPredictor.py")
        self.container, self.widget = scripted.open_widget(self.entry)
        self.panel, self.ui, self.session = self.widget.panel, self.widget.ui, self.widget.panel.session
        self.panel.choose_file = lambda title, name: str(out / name)
        self.window = HostWindow(self.container, 640)
        self.window.resize(1180, 900)
        self.window.show()
        self.settle()

    def settle(self, seconds: float = 0.0) -> None:
        end = time.monotonic() + seconds
        while True:
            for _ in range(6):
                gestures.process_events()
            if time.monotonic() >= end:
                return
            time.sleep(0.05)

    def take(self, name: str, widget=None) -> None:
        self.settle()
        picture = (widget or self.window).grab()
        picture.save(str(self.out / f"{name}.png"))
        print(f"{name}: {picture.width()} x {picture.height()}")

    def whole_window(self, name: str, *sections: str) -> None:
        """The window with only these sections open."""
        for section in SECTIONS:
            getattr(self.ui, f"{section}Section").collapsed = section not in sections
        self.settle()
        self.window.go_to_tumour()
        self.take(name)

    def wait(self, run, seconds: float = 600) -> None:
        gestures.wait_for(lambda: not run.state.busy, seconds, run.what)
        self.settle()

    def compute(self) -> None:
        self.ui.computeButton.click()
        gestures.wait_for(
            lambda: not self.panel.radscore.run.state.busy and not self.panel.radscore._queue, 600, "features"
        )
        self.settle()

    def type(self, edit, text: str) -> None:
        gestures.type_text(edit, text)
        self.settle()

    def dark(self, on: bool) -> None:
        palette = qt.QPalette()
        if on:
            colours = {"Window": "#202326", "Base": "#17191b", "Button": "#2d3135", "AlternateBase": "#2d3135"}
            colours |= dict.fromkeys(("WindowText", "Text", "ButtonText", "BrightText"), "#f0f0f0")
            colours |= {"Highlight": "#2f6f9f", "HighlightedText": "#ffffff", "PlaceholderText": "#a0a0a0"}
            for role, colour in colours.items():
                palette.setColor(getattr(qt.QPalette, role), qt.QColor(colour))
        slicer.app.setPalette(palette)
        self.settle()

    # The story

    def opened(self) -> None:
        self.whole_window("01-open", "ct", "segments")
        self.panel.acknowledge()

    def ct(self, ct: Path | None, labels: Path | None):
        """Load the CT; returns the label map to use where no model draws one."""
        if ct is None:
            case = known.draw(SAMPLE_SEED, matrix=SAMPLE_MATRIX)
            volume = volumes.add_volume(case.ct, "PTLF sample (synthetic)")
            volumes.show_liver_window(volume)
            self.session.select_volume(volume)
            truth = None if default_model().folder.is_dir() else case.labels
        else:
            load(ct, self.panel)
            truth = sitk.ReadImage(str(labels)) if labels else None
        self.settle(1)
        self.ui.eligibilityButton.checked = True
        self.whole_window("02-ct", "ct")
        self.ui.eligibilityButton.checked = False
        return truth

    def failed(self) -> None:
        """A run whose child is killed from outside."""
        real = segmentation_section.WORKER, segmentation_section.write_job
        segmentation_section.WORKER = "child_of_tests"
        segmentation_section.write_job = lambda image, model, work, how: {"how": "killed"}
        os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[:3])
        run = self.panel.segmentation.run
        self.wait(self.panel.segmentation.probe)
        self.ui.segmentButton.click()
        self.wait(run)
        self.whole_window("03-failed-run", "segments")
        segmentation_section.WORKER, segmentation_section.write_job = real
        run.state.reset()

    def segment(self, truth) -> None:
        """By the demo model on its synthetic case; on a given CT from its label map, as if a model had drawn it."""
        run = self.panel.segmentation.run
        if truth is None:
            self.ui.segmentButton.click()
            gestures.wait_for(lambda: _drawing(run) or not run.state.busy, 300, "progress")
            self.whole_window("04-segmenting", "segments")
            self.wait(run, 1200)
            if run.state.state is not State.DONE:
                raise SystemExit(run.state.cause)
        else:
            origin = {"source": "truth", "model": {"id": "truth", "version": "1", "sha256": "0" * 64, "licence": "-"}}
            self.session.take_labels(sitk.DICOMOrient(truth, "LPS"), origin)
        self.settle(1)
        self.whole_window("05-segmented", "segments")

    def score(self) -> None:
        shipped = self.panel.radscore._signatures.values
        if "ptlf-demo" in shipped:
            self.panel.radscore.choose_signature("ptlf-demo")
        self.type_open("nomogram")
        self.type(self.ui.albEdit, "43.6")
        self.type(self.ui.inrEdit, "1.09")
        self.panel.open_sections("radscore")
        self.compute()
        self.whole_window("06-radscore", "radscore")
        self.whole_window("07-result-withheld", "nomogram", "report")
        if "ptlf-demo" in shipped:
            self.ui.demonstrationBox.checked = True
            self.settle()
            self.whole_window("08-result-demonstration", "nomogram", "report")

    def type_open(self, section: str) -> None:
        self.panel.open_sections(section)
        self.settle()

    def edited(self) -> None:
        node, volume = self.session.segmentation, self.session.volume
        array = np.array(slicer.util.arrayFromSegmentBinaryLabelmap(node, "tumor", volume))
        used = np.flatnonzero(array.any(axis=(1, 2)))
        array[used[: len(used) // 3]] = 0
        slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, "tumor", volume)
        self.settle(1)
        self.whole_window("09-stale", "segments", "radscore")
        self.compute()
        self.whole_window("10-recomputed", "radscore")
        self.panel.open_sections("segments")
        self.type(self.ui.readerEdit, "A. Reader")
        self.ui.signOffButton.click()
        self.whole_window("11-signed-off", "segments")

    def left_out(self) -> None:
        """The smallest lesion unticked, as a reader does who takes it for a cyst."""
        self.panel.open_sections("segments")
        table = self.panel.lesions.list
        table.item(table.rowCount - 1, 0).setCheckState(qt.Qt.Unchecked)
        self.settle(0.6)
        self.whole_window("09-left-out", "segments")
        table.item(table.rowCount - 1, 0).setCheckState(qt.Qt.Checked)
        self.settle(0.6)

    def models(self) -> None:
        self.panel.models.show()
        self.settle()
        self.whole_window("04-models", "segments")
        self.ui.modelsButton.checked = False

    def what_if(self) -> None:
        """Two pinned scenarios, then INR dragged, in both themes; values beyond the axes."""
        self.type_open("nomogram")
        self.ui.whatIfBox.checked = True
        self.settle()
        for text in ("1.20", "1.40"):
            self.type(self.ui.inrEdit, text)
            self.ui.pinButton.click()
            self.settle()
        nomogram = self.panel.nomogram.pane.nomogram
        for theme in ("light", "dark"):
            self.dark(theme == "dark")
            self.whole_window("13-what-if" if theme == "light" else "13-what-if-dark", "nomogram")
            x, y = nomogram.marker_at("INR")
            gestures.press(nomogram, x, y - 4)
            gestures.move(nomogram, x - 25, y - 4)
            self.settle()
            self.take(f"12-drag-{theme}", self.ui.nomogramSection)
            gestures.release(nomogram, x - 25, y - 4)
            self.settle()
        self.dark(False)
        for edit, text in ((self.ui.radscoreEdit, "38"), (self.ui.inrEdit, "1.9"), (self.ui.albEdit, "58")):
            self.type(edit, text)
        self.take("14-out-of-range", self.ui.nomogramSection)
        self.ui.whatIfBox.click()
        self.settle()

    def widths(self) -> None:
        """The panel alone, everything open, at the widths that a dock may have, in both themes."""
        self.panel.open_sections(*SECTIONS)
        for theme in ("light", "dark"):
            self.dark(theme == "dark")
            for width in WIDTHS:
                for _ in range(2):  # the window's least size follows one turn later
                    self.window.show_panel_alone(width, 2700)
                    self.settle(0.3)
                self.take(f"panel-{width}" + ("-dark" if theme == "dark" else ""), self.container)
        self.dark(False)
        self.window.show_panel_alone(413, 2700)
        self.settle(0.3)
        for section in SECTIONS:
            self.take(f"section-{section}", getattr(self.ui, f"{section}Section"))


def _drawing(run) -> bool:
    """The network is at work on the CT, and its pace is known."""
    return run.total > 2 and 0 < run.done < run.total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--ct", type=Path)
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--screenshots", type=Path, help="also the two pictures of the extension catalogue, into here")
    given = parser.parse_args()
    own = tempfile.TemporaryDirectory()
    os.environ["PTLF_DATA"] = own.name  # models and ledger of whoever takes the pictures are nobody's business
    pictures = Pictures(given.out)
    pictures.opened()
    truth = pictures.ct(given.ct, given.labels)
    pictures.models()
    pictures.failed()
    pictures.segment(truth)
    pictures.score()
    pictures.left_out()
    pictures.edited()
    pictures.what_if()
    pictures.widths()
    scripted.close_widget(pictures.entry, pictures.container)
    own.cleanup()
    for name, picture in CATALOGUE.items() if given.screenshots else ():
        shutil.copyfile(given.out / f"{picture}.png", given.screenshots / name)


if __name__ == "__main__":
    main()
