"""Whatever is done in whatever order, each value belongs to the patient on screen.  Runs in Slicer and in the stand-in.

Two patients, and numbers that are each used once: whatever of them stands in a field, a label, the nomogram, the
parameter node or an export after a step must have been entered since that patient came on screen.
"""

import json
import os
import random
import re
from pathlib import Path

import gestures
import numpy as np
import panel_case
import phantom
import qt
import slicer
from panel_case import ORIGIN, VECTORS, PanelCase

from PTLFPredictorLib.errors import BadInput, PTLFError
from PTLFPredictorLib.measures.radiomics import extract
from PTLFPredictorLib.mrml import volumes
from PTLFPredictorLib.panel.run_state import State
from PTLFPredictorLib.signature.policy.eligibility import CriterionState

PEOPLE = {"A": {"seed": 5}, "B": {"seed": 6, "size": 0.85, "origin": (-20.0, -45.0, 90.0)}}
SEEDS, STEPS = range(16), 40

NUMBER = re.compile(r"(?<![\d.])\d+\.\d+(?![\d.])")


class AnyOrder(PanelCase):
    def setUp(self):
        super().setUp()
        self.container.resize(760, 1600)
        self.panel.open_sections("segments", "radscore", "nomogram", "report")
        self.settle()
        self.images = {name: phantom.ct_and_labels(**how) for name, how in PEOPLE.items()}
        self.owner, self.visits, self.visit, self.counter = {}, 0, 0, 0
        self.did, self.late, self.saved = set(), [], None
        self.trail = []

    # Whose numbers are these

    def fresh(self, low, step, decimals):
        """A number, as text, that was never used and belongs to who is on screen."""
        self.counter += 1
        text = f"{low + step * self.counter:.{decimals}f}"
        if text.endswith("0"):  # what is dragged has a digit less
            return self.fresh(low, step, decimals)
        self.owner[text] = self.visit
        return text

    def somebody_else(self):
        self.visits += 1
        self.visit, self.did = self.visits, set()

    @property
    def person(self):
        volume = self.session.volume
        return None if volume is None else volume.GetAttribute("test.person")

    def ct_of(self, name):
        found = [
            v for v in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if v.GetAttribute("test.person") == name
        ]
        return found[0] if found else None

    # What a reader does

    def choose(self, volume):
        before = self.session.volume
        self.ui.volumeSelector.setCurrentNode(volume)
        if volume is not before and before is not None:
            self.somebody_else()

    def do_load(self):
        name = self.chance.choice("AB")
        volume = self.ct_of(name)
        if volume is None:
            nobody = self.session.volume is None
            volume = volumes.add_volume(self.images[name][0], f"CT of {name}")
            volume.SetAttribute("test.person", name)
            if nobody and self.session.volume is volume:  # the list takes the first one that comes
                return
        self.choose(volume)

    def do_choose(self):
        self.choose(self.ct_of(self.chance.choice("AB")) if self.chance.random() < 0.8 else None)

    def do_delete(self):
        volume = self.session.volume
        if volume is not None and self.chance.random() < 0.4:
            self.somebody_else()
            slicer.mrmlScene.RemoveNode(volume)

    def do_close(self):
        if self.chance.random() < 0.4:
            self.somebody_else()
            slicer.mrmlScene.Clear(0)
            self.panel.open_sections("segments", "radscore", "nomogram", "report")

    def do_scene(self):
        if self.saved is None:
            path = os.path.join(self.folder.name, "scene.mrb")
            if slicer.util.saveScene(path):
                self.saved = path, self.visit
        else:
            (path, visit), self.saved = self.saved, None
            slicer.mrmlScene.Clear(0)
            slicer.util.loadScene(path)
            self.visit, self.did = visit, {"scene"}
            self.panel.open_sections("segments", "radscore", "nomogram", "report")

    def do_type(self):
        edit, text = self.entry()
        self.type(edit, text)

    def do_type_without_return(self):
        edit, text = self.entry()
        edit.setFocus()
        edit.selectAll()
        gestures.key(edit, qt.Qt.Key_Delete)
        for character in text:
            qt.QCoreApplication.sendEvent(edit, qt.QKeyEvent(qt.QEvent.KeyPress, 0, qt.Qt.NoModifier, character))

    def entry(self):
        valid = self.chance.random() < 0.7
        which = self.chance.choice(("alb", "inr", "radscore"))
        if which == "alb":
            return self.ui.albEdit, self.fresh(30, 0.01, 2) if valid else self.fresh(4, 0.001, 3)
        if which == "inr":
            return self.ui.inrEdit, self.fresh(1, 0.001, 3) if valid else self.fresh(8, 0.001, 3)
        return self.ui.radscoreEdit, self.fresh(9, 0.001, 3) if valid else self.fresh(5000, 0.001, 3)

    def do_leave_field(self):
        self.chance.choice((self.ui.albEdit, self.ui.inrEdit, self.ui.readerEdit)).setFocus()

    def do_unit(self):
        self.ui.albUnit.currentIndex = self.chance.choice((0, 0, 1))

    def do_drag(self):
        nomogram = self.panel.nomogram.pane.nomogram
        place = nomogram.marker_at(self.chance.choice(("ALB", "INR", "Radscore")))
        if place is None or not nomogram.isVisible():
            return
        self.did.add("drag")
        x, y = place
        gestures.press(nomogram, x, y - 4)
        gestures.move(nomogram, x + self.chance.randint(-30, 30), y - 4)
        if self.chance.random() < 0.7:
            gestures.release(nomogram, x, y - 4)

    def do_key(self):
        nomogram = self.panel.nomogram.pane.nomogram
        self.did.add("drag")
        event = qt.QKeyEvent(
            qt.QEvent.KeyPress, self.chance.choice((qt.Qt.Key_Left, qt.Qt.Key_Right)), qt.Qt.NoModifier, ""
        )
        qt.QCoreApplication.sendEvent(nomogram, event)

    def do_what_if(self):
        if self.chance.random() < 0.5:
            self.session.update(what_if={}, what_if_refused={})
        else:
            self.ui.whatIfBox.checked = not self.ui.whatIfBox.checked

    def do_draw(self):
        if self.person is not None and self.session.node("second") is None:
            self.session.take_labels(self.images[self.person][1], ORIGIN)

    def do_adopt(self):
        """A segmentation of this scene, whoever it was drawn for: another patient's must be refused."""
        nodes = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
        nodes = [node for node in nodes if not node.GetHideFromEditors()]
        if nodes:
            self.ui.existingSelector.setCurrentNode(self.chance.choice(nodes))
            self.panel.segmentation.use_existing()

    def do_edit(self):
        node = self.session.segmentation
        if node is None:
            return
        array = np.array(slicer.util.arrayFromSegmentBinaryLabelmap(node, "tumor", self.session.volume))
        array[:7] = 0  # always the same, so that its features are known
        slicer.util.updateSegmentBinaryLabelmapFromArray(array, node, "tumor", self.session.volume)
        if self.chance.random() < 0.7:
            self.panel._look()

    def do_compute(self):
        if self.session.segmentation is not None and not self.panel.radscore.unmet():
            self.take_features()
            self.did.add("compute")

    def do_begin(self):
        """A computation whose child takes its time."""
        if self.session.segmentation is None or self.panel.radscore.unmet():
            return
        section, begun = self.panel.radscore, []
        results = self.session.results
        take_features, start = results.to_be_computed, section.run.start

        def keep(kind, segments):
            begun.append((take_features(kind, segments), segments, self.session.ct()))
            return begun[-1][0]

        def started(prepare, take, *_expected, **_options):
            folder = Path(self.folder.name, f"work{len(self.late)}-{self.counter}-{len(self.trail)}")
            folder.mkdir()
            prepare(folder)
            self.late.append((take, begun[-1]))

        results.to_be_computed, section.run.start = keep, started
        try:
            section.press()
        except PTLFError:
            pass
        finally:
            section._queue = []
            del results.to_be_computed
            section.run.start = start

    def do_arrive(self):
        if not self.late:
            return
        take, (begun, segments, ct) = self.late.pop(0)
        chosen = self.session.signature
        key = json.dumps([begun.hashes, begun.image, begun.recipe])
        if key not in VECTORS:
            vectors = extract(ct.image, segments.vois, chosen.wanted, chosen.extraction)
            VECTORS[key] = json.dumps([vector.to_dict() for vector in vectors.values()])
        path = Path(self.folder.name, "late.json")
        path.write_text(VECTORS[key], encoding="utf-8")
        try:
            take({"features": path})
        except PTLFError as error:
            self.assertIn("dropped", error.message)

    def do_answer(self):
        box = self.chance.choice(list(self.panel.ct.eligibility.boxes.values()))
        box.currentIndex = self.chance.choice((0, 1, 2))

    def do_bilirubin(self):
        edit = self.ui.baselineBilirubinEdit
        edit.setFocus()
        edit.selectAll()
        text = self.fresh(14, 0.001, 3) if self.chance.random() < 0.7 else self.fresh(7000, 0.001, 3)
        for character in text:
            qt.QCoreApplication.sendEvent(edit, qt.QKeyEvent(qt.QEvent.KeyPress, 0, qt.Qt.NoModifier, character))

    def do_sign_off(self):
        if self.session.segmentation is not None:
            self.session.sign_off(f"Reader of {self.visit}")

    def do_ask(self):
        if self.session.volume is not None:
            self.session.confirm_phase("portal venous", f"Reader of {self.visit}")
            if not self.session.eligibility.of_state(CriterionState.VIOLATED):
                self.session.confirm_all_criteria(f"Reader of {self.visit}")

    # What must hold after each step

    def check(self):
        session, state, person = self.session, self.session.state, self.person
        texts = self.on_screen()
        node = session.scene._node
        texts["node"] = " ".join(f"{node.GetParameter(n)}" for n in node.GetParameterNames() if "computed" not in n)
        made = self.record()
        if made is not None:
            given = {**made["input"], "signature": None}  # the study's own numbers may look like anybody's
            kept = {name: made[name] for name in ("findings", "eligibility", "segmentation", "prediction", "sign_off")}
            texts["record"] = json.dumps([given, kept])
        for where, text in texts.items():
            for number in NUMBER.findall(text):
                number = number.rstrip("0")
                if number in self.owner:
                    self.assertEqual(self.owner[number], self.visit, (where, number, text[:200]))
        for answer in (state.sign_off, state.phase, state.criteria, state.mask_origin):
            if answer:
                self.assertEqual(answer["reader"], f"Reader of {self.visit}")
        self.check_values(state)
        if session.segmentation is not None:
            reference = session.segmentation.GetNodeReference("referenceImageGeometryRef")
            self.assertEqual(reference.GetAttribute("test.person"), person)
        for kind in state.computed:
            self.assertEqual(state.of(kind).image, session.cts.read().sha256)
        if not self.did & {"compute", "scene"}:
            self.assertNotIn("Computed", self.ui.computeStatus.text)
        if made is not None:
            self.check_record(made, state)

    def on_screen(self):
        slicer.app.sendPostedEvents(None, qt.QEvent.DeferredDelete)  # rows that were taken away wait to be deleted
        texts = {}
        for kind in (qt.QLabel, qt.QLineEdit):
            for widget in self.container.findChildren(kind):
                texts[f"{widget.objectName} {len(texts)}"] = widget.text
        nomogram = self.panel.nomogram.pane.nomogram
        values = nomogram.picture()[1].values
        texts["nomogram"] = nomogram.accessibleDescription
        texts["markers"] = " ".join(str(value) for value in values.values() if value is not None)
        return texts

    def check_values(self, state):
        """Fields, markers and state agree; a what-if aside, each marker is a typed value of this patient."""
        values = self.panel.nomogram.pane.nomogram.picture()[1].values
        factor = 10 if state.units.get("ALB", "g/L") == "g/dL" else 1
        if not state.what_if:
            self.assertEqual(
                values["ALB"], None if state.values.get("ALB") is None else state.values.get("ALB") * factor
            )
            self.assertEqual(values["INR"], state.values.get("INR"))
        else:
            self.assertEqual({name: state.what_if[name] for name in values}, values)
        for name, value in (("ALB", state.values.get("ALB")), ("INR", state.values.get("INR"))):
            if value is not None:
                self.assertEqual(self.owner[f"{value}"], self.visit)
            if name in state.refused:
                self.assertIsNone(value)
            field = self.panel.nomogram.rows.fields[name]
            if not field.typing and not state.what_if:
                shown = state.refused[name]["text"] if name in state.refused else "" if value is None else f"{value}"
                self.assertEqual(field.edit.text.rstrip("0"), shown.rstrip("0"), name)
        if self.session.refused:
            self.assertTrue(self.ui.riskLabel.text.startswith("Risk not shown"), self.ui.riskLabel.text)
            self.assertFalse(self.ui.exportRecordButton.enabled)

    def record(self):
        try:
            return self.session.make_record()[0].to_dict()
        except BadInput:
            return None

    def check_record(self, made, state):
        self.assertEqual(made["input"]["values"][1]["value"], state.values.get("INR"))
        self.assertEqual(made["input"]["ct"]["sha256"], self.session.cts.read().sha256)
        vectors = state.of(self.session.kind).vectors.values()
        expected = [value for vector in vectors for value in vector.values.values()]
        self.assertEqual([item["value"] for item in made["features"]], expected)
        if made["sign_off"] is not None:
            self.assertEqual(made["sign_off"]["reader"], f"Reader of {self.visit}")

    def actions(self):
        return sorted(name for name in dir(self) if name.startswith("do_"))


class TestAnyOrder(AnyOrder):
    def test_every_value_belongs_to_the_patient_on_screen(self):
        steps = [*self.actions(), "do_load", "do_type", "do_type", "do_type_without_return", "do_draw", "do_choose"]
        for seed in SEEDS:
            self.chance, self.trail = random.Random(seed), []
            self.somebody_else()
            slicer.mrmlScene.Clear(0)
            self.late, self.saved = [], None
            self.panel.open_sections("segments", "radscore", "nomogram", "report")
            for _ in range(STEPS):
                name = self.chance.choice(steps)
                self.trail.append(f"{name[3:]}@{self.visit}")
                try:
                    getattr(self, name)()
                    self.settle()
                    self.check()
                except AssertionError as error:
                    raise AssertionError(f"seed {seed}, {' '.join(self.trail)}: {error}") from error


class TestWithARealChild(AnyOrder):
    def test_a_child_that_works_for_another_patient_ends_with_them(self):
        """Choose another CT, none, close the scene, delete the CT, cancel: the process is gone, nothing arrives."""
        self.chance = random.Random(1)
        run = self.panel.radscore.run

        def other():
            self.choose(self.ct_of("B"))

        def nobody():
            self.choose(None)

        def delete():
            self.somebody_else()
            slicer.mrmlScene.RemoveNode(self.session.volume)

        def close():
            self.somebody_else()
            slicer.mrmlScene.Clear(0)

        def cancel():
            gestures.click(self.ui.computeButton)

        for leave in (other, nobody, delete, close, cancel):
            slicer.mrmlScene.Clear(0)
            self.panel.open_sections("segments", "radscore", "nomogram", "report")
            self.somebody_else()
            for name in "BA":
                volume = volumes.add_volume(self.images[name][0], f"CT of {name}")
                volume.SetAttribute("test.person", name)
            self.ui.volumeSelector.setCurrentNode(volume)
            self.do_draw()
            self.settle()
            self.type(self.ui.albEdit, self.fresh(30, 0.01, 2))
            gestures.click(self.ui.computeButton)
            gestures.wait_for(lambda: run.state.state is State.RUNNING, 20, "running")
            pid = run._child.pid
            leave()
            self.assertFalse(run.state.busy)
            with self.assertRaises(ProcessLookupError):
                os.kill(pid, 0)
            self.settle()
            self.assertEqual(self.session.state.computed, {})
            self.check()


assert panel_case  # the cases above start from it
