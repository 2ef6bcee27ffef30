"""Count the clicks and keys of five everyday tasks on the real panel, in this checkout and in an older one.

    python docs/everyday_tasks.py                        # this checkout, one line a task
    python docs/everyday_tasks.py --of ../old-checkout   # the panel of another commit

A click is a press of the mouse (a choice from a list is two, a stroke of the brush one); a key is one key, with
Return.  Scrolling, file dialogs and waiting are not counted.  Each task is done in the real panel (Testing/host) with
real child processes, and what it was for is asserted at its end.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def usable(widget) -> None:
    """A person could press it."""
    if not (widget.isVisible() and widget.enabled):
        raise SystemExit(f"{widget.objectName} cannot be used: {widget.toolTip}")


class Hand:
    """Does what a person does, and counts it."""

    def __init__(self, panel, ui, settle):
        self.panel, self.ui, self._settle = panel, ui, settle
        self.clicks = self.keys = 0
        self.steps: list[str] = []

    def _did(self, what: str, clicks: int = 0, keys: int = 0) -> None:
        self.clicks, self.keys = self.clicks + clicks, self.keys + keys
        self.steps.append(what)
        self._settle()

    def unfold(self, name: str) -> None:
        section = getattr(self.ui, f"{name}Section")
        if section.collapsed:
            section.collapsed = False
            self._did(f"unfold {section.text}", 1)

    def click(self, button, what: str = "") -> None:
        usable(button)
        text = what or button.text.replace("&", "")
        button.click()
        self._did(text, 1)

    def next(self, words: str) -> None:
        """The strip's button, which says what the next step is."""
        button = self.ui.nextButton
        usable(button)
        if button.text.replace("&", "") != words:
            raise SystemExit(f"the strip's button says {button.text!r}, not {words!r}")
        self.click(button)

    def choose(self, selector, node) -> None:
        usable(selector)
        selector.setCurrentNode(node)
        self._did(f"choose {selector.objectName}", 2)

    def pick(self, box, text: str) -> None:
        usable(box)
        box.currentIndex = next(i for i in range(box.count) if text in box.itemText(i))
        self._did(f"choose {text}", 2)

    def type(self, edit, text: str, selected: bool = False) -> None:
        """Click into a field and type; where it has the focus and its text is selected, only the keys count."""
        import gestures

        usable(edit)
        gestures.type_text(edit, text)
        self._did(f"type {text}", 0 if selected else 1, len(text) + 1)

    def press_key(self, what: str, action) -> None:
        action()
        self._did(what, 0, 1)

    def effect(self, name: str) -> None:
        """The editor's own button of an effect."""
        editor = self.panel.correction.editor
        assert editor.isVisible()
        editor.setActiveEffectByName(name)
        self._did(name, 1)

    def stroke(self, session) -> None:
        """One stroke of the brush: voxels of the tumour go."""
        import numpy as np
        import slicer

        node, volume = session.segmentation, session.volume
        array = np.array(slicer.util.arrayFromSegmentBinaryLabelmap(node, "tumor", volume))
        used = np.flatnonzero(array.any(axis=(1, 2)))
        array[used[: len(used) // 3]] = 0
        slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, "tumor", volume)
        self._did("a stroke", 1)


class Desk:
    """One panel for all tasks."""

    def __init__(self, root: Path, out: Path):
        from host import scripted

        self.out = out
        self.entry = scripted.load(root / "PTLFPredictor" / "PTLFPredictor.py")
        self.container, widget = scripted.open_widget(self.entry)
        self.panel, self.ui, self.session = widget.panel, widget.ui, widget.panel.session
        self.panel.acknowledge()
        self.panel.choose_file = lambda title, name: str(out / name)
        self.container.resize(413, 900)
        self.container.show()
        self.settle()

    def settle(self, seconds: float = 0.4) -> None:
        import time

        import gestures

        end = time.monotonic() + seconds
        while time.monotonic() < end:
            gestures.process_events()
            time.sleep(0.02)

    def wait(self) -> None:
        import gestures

        self.settle()
        gestures.wait_for(lambda: not any(run.state.busy for run in self.panel.runs), 900, "the runs")
        self.settle(0.8)
        if any(run.state.busy for run in self.panel.runs):  # features of the second kind
            self.wait()

    def hand(self) -> Hand:
        return Hand(self.panel, self.ui, self.settle)

    def new_scene(self) -> None:
        import slicer

        slicer.mrmlScene.Clear(0)
        self.settle()
        fresh = list(type(self.session.desk)().closed_sections)
        self.session.update(closed_sections=fresh, signature="ptlf-published", demonstration=False, reader="")
        self.ui.readerEdit.text = ""
        self.panel._fold()
        self.settle()

    def enter_the_patient(self, hand: Hand) -> None:
        """Albumin, INR, the reader's name and the criteria: then there is a risk."""
        hand.type(self.ui.albEdit, "43.6")
        hand.type(self.ui.inrEdit, "1.09")
        hand.type(self.ui.readerEdit, "A. Reader")
        hand.click(self.ui.allMetButton)
        assert self.session.patient().prediction.risk is not None

    def bring_ct(self, own: bool):
        """A CT that is in the scene already, with the reader's own segments of it where `own`; nothing is chosen."""
        import SimpleITK as sitk
        import slicer

        from PTLFPredictorLib.mrml import segments, volumes
        from PTLFPredictorLib.sample import make_case

        case = make_case(11, matrix=256)
        volume = volumes.add_volume(case.ct, "CT")
        node = None
        if own:
            node = segments.add_segmentation(volume, "Segmentation")
            values = sitk.GetArrayFromImage(sitk.DICOMOrient(case.labels, "LPS"))
            for name, mask in (("Liver", values > 0), ("HCC", values == 2)):
                identifier = node.GetSegmentation().AddEmptySegment(name, name)
                slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype("uint8"), node, identifier, volume)
        self.settle()
        return volume, node


def before(desk: Desk, task: int, hand: Hand) -> None:
    """As the panel was at cd03a8a."""
    ui, session = desk.ui, desk.session
    if task == 1:
        hand.click(ui.sampleButton)
        desk.wait()
        hand.click(ui.segmentButton)
        desk.wait()
        hand.pick(ui.signatureSelector, "Demonstration")
        hand.click(ui.demonstrationBox)
        hand.click(ui.computeButton)
        desk.wait()
        desk.enter_the_patient(hand)
    elif task == 2:
        volume, own = desk.bring_ct(own=True)
        hand.choose(ui.volumeSelector, volume)
        hand.choose(ui.existingSelector, own)
        hand.click(ui.useExistingButton)
        hand.unfold("radscore")
        hand.click(ui.computeButton)
        desk.wait()
    elif task == 3:
        hand.unfold("correction")
        hand.effect("Paint")
        hand.stroke(session)
        hand.click(ui.computeButton)
        desk.wait()
    elif task == 4:
        hand.unfold("nomogram")
        hand.click(ui.whatIfBox)
        hand.type(ui.inrEdit, "1.20")
        hand.press_key("select all", ui.inrEdit.selectAll)
        hand.type(ui.inrEdit, "1.40", selected=True)
        desk.ui.whatIfBox.click()
        desk.settle()
    elif task == 5:
        hand.unfold("result")
        hand.click(ui.exportReportButton)
        assert (desk.out / "report.html").is_file()


def after(desk: Desk, task: int, hand: Hand) -> None:
    """As the panel is now: the strip's button is the next step."""
    ui, session = desk.ui, desk.session
    if task == 1:
        hand.click(ui.sampleButton)
        desk.wait()
        hand.next("Segment")
        desk.wait()
        hand.next("Compute")
        desk.wait()
        hand.next("Show demonstration")
        desk.wait()
        desk.enter_the_patient(hand)
    elif task == 2:
        desk.bring_ct(own=True)
        hand.next("Use this CT")
        hand.next("Use these segments")
        hand.next("Compute")
        desk.wait()
    elif task == 3:
        hand.click(ui.correctButton)
        assert desk.panel.correction.editor.activeEffect() is not None
        hand.stroke(session)
        desk.settle(1)
        hand.next("Recompute")
        desk.wait()
    elif task == 4:
        hand.unfold("nomogram")
        hand.click(ui.whatIfBox)
        hand.type(ui.inrEdit, "1.20")
        hand.click(ui.pinButton)
        hand.type(ui.inrEdit, "1.40", selected=True)
        assert len(session.state.scenarios) == 1
        desk.ui.whatIfBox.click()
        desk.settle()
    elif task == 5:
        hand.next("Export report")
        assert list(desk.out.glob("report.*"))


TASKS = (
    "sample CT to risk, with eligibility",
    "CT and own segments in the scene to features",
    "correct and compute anew",
    "what-if: two INR values compared",
    "export the report",
)

ORDER = (2, 1, 3, 4, 5)
"""Tasks 3 to 5 go on from the first."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    here = Path(__file__).resolve().parents[1]
    parser.add_argument("--of", type=Path, default=here, help="another checkout")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    root = given.of.resolve()
    sys.path[:0] = [str(root / "Testing"), str(root / "Testing" / "panel"), str(root / "PTLFPredictor")]
    import tempfile

    import host

    host.start()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(root, Path(folder))
        do = after if hasattr(desk.ui, "segmentsSection") else before
        for task in ORDER:
            if task in (1, 2):
                desk.new_scene()
            hand = desk.hand()
            do(desk, task, hand)
            if task in (1, 2, 3):
                assert desk.session.stale(desk.session.kind) is None, "nothing was computed"
            found[task] = {"clicks": hand.clicks, "keys": hand.keys, "steps": hand.steps}
        from host import scripted

        scripted.close_widget(desk.entry, desk.container)
    for task in sorted(found):
        one = found[task]
        print(f"{task}. {TASKS[task - 1]}: {one['clicks']} clicks, {one['keys']} keys ({'; '.join(one['steps'])})")
    if given.json is not None:
        given.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
