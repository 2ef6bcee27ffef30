"""Choosing a model: searched for, described, tried on the sample, deleted after a question; a download taken back."""

import os
from pathlib import Path
from unittest import mock

import gestures
from panel_case import PanelCase

from PTLFPredictorLib.mrml import volumes
from PTLFPredictorLib.panel.model_choice import ADD
from PTLFPredictorLib.panel.run_state import State
from PTLFPredictorLib.sample import known
from PTLFPredictorLib.segmentation import add, catalogue, default_model, user_models, weights_store
from PTLFPredictorLib.segmentation.weights_store import place

LESIONS, VESSELS = "totalseg-liver-lesions", "totalseg-liver-vessels"
SHIPPED = default_model().id


class ModelsCase(PanelCase):
    """The list is unfolded; a liver model of the user's own is there where `added` was called."""

    def setUp(self):
        super().setUp()
        self.panel.open_sections("segments")
        self.settle()
        self.panel.models.show()
        self.settle()

    def added(self):
        model = add(default_model().folder, {"parenchyma": (1,)}, id="ours", title="Our liver model")
        self.panel.models.open()
        self.choose("ours")
        return model

    def choose(self, value):
        self.ui.modelList.setCurrentRow(self.panel.models.values.index(value))
        self.settle()

    def shown(self):
        return [self.ui.modelList.item(row).text().splitlines()[0] for row in range(self.ui.modelList.count)]


class TestTheList(ModelsCase):
    def test_it_is_folded_until_it_is_asked_for(self):
        self.ui.modelsButton.checked = False
        self.settle()
        self.assertFalse(self.ui.modelList.isVisible())
        self.assertEqual(self.ui.modelLine.text, f"Model: {default_model().title} (not for patients)")
        gestures.click(self.ui.modelsButton)
        self.settle()
        self.assertTrue(self.ui.modelList.isVisible())

    def test_it_says_of_each_where_it_is_and_its_size(self):
        self.added()
        lines = [self.ui.modelList.item(row).text() for row in range(self.ui.modelList.count)]
        self.assertEqual(lines[0], f"{default_model().title}\ncomes with this software; not for patients")
        self.assertEqual(lines[1], "Our liver model\non this computer, 4 MB; not for patients")
        self.assertEqual(lines[2], f"{weights_store.offer(LESIONS).title}\nnot here yet, 465 MB")
        self.assertEqual(lines[-1], "Add a model of your own...")

    def test_all_that_is_known_of_the_chosen_one_is_shown_below(self):
        note = self.ui.modelNote.text
        for words in (
            default_model().about,
            default_model().warning,
            f"Made for: {default_model().intended_input}",
            "Taken as liver: label 1 (parenchyma); as tumour: label 2 (tumour).",
            "8 s on the CPU, 10 s on a GPU",
            "Dice: liver 0.98, tumour 0.86",
            "Version: 2, Size: 4 MB, Licence: Apache-2.0",
            "Isensee",
        ):
            self.assertIn(words, note)

    def test_the_search_looks_into_all_that_is_said(self):
        self.ui.modelSearch.text = "decathlon VESSELS"
        self.assertEqual(self.shown(), [weights_store.offer(VESSELS).title, "Add a model of your own..."])
        self.assertEqual(self.panel.models.model.id, SHIPPED)  # a search chooses nothing
        self.assertEqual(self.ui.modelList.currentRow, -1)
        self.ui.modelList.setCurrentRow(0)
        self.settle()
        self.assertEqual(self.session.desk.model, VESSELS)
        self.ui.modelSearch.text = "nothing is like this"
        self.assertEqual(self.shown(), ["Add a model of your own..."])
        self.ui.modelSearch.text = ""
        self.assertEqual(len(self.shown()), 5)
        self.assertEqual(self.ui.modelList.currentRow, 3)

    def test_return_in_the_search_takes_the_first_that_was_found(self):
        gestures.activate(self.container)
        self.type(self.ui.modelSearch, "vessels")
        self.assertEqual(self.session.desk.model, VESSELS)
        self.assertTrue(self.ui.modelList.hasFocus())

    def test_a_file_of_offers_that_cannot_be_read_takes_no_model_away(self):
        path = Path(self.folder.name, "offers.json")
        path.write_text("[]", encoding="utf-8")
        with mock.patch.dict(os.environ, PTLF_OFFERS=str(path)):
            self.panel.models.open()
            self.settle()
        self.assertEqual(self.panel.models.model.id, SHIPPED)
        self.assertIn("offers.json", self.ui.messageLabel.text)

    def test_one_that_cannot_be_used_says_why_and_draws_nothing(self):
        self.added()
        (user_models.user_folder() / "ours" / "model.json").write_text("{}", encoding="utf-8")
        self.panel.models.open()
        self.choose("ours")
        self.assertIn("Cannot be used: The catalogue entry of model", self.ui.modelNote.text)
        self.assertIsNone(self.panel.models.model)
        self.assertEqual(self.panel.models.unmet(), ["The chosen model cannot be used; choose another."])
        self.assertFalse(self.ui.tryButton.isVisible())
        self.assertTrue(self.ui.deleteButton.isVisible())


class TestDeleting(ModelsCase):
    def ids(self):
        return [model.id for model in catalogue()]

    def test_the_shipped_one_and_one_that_is_not_here_cannot_be(self):
        for value in (SHIPPED, LESIONS, ADD):
            self.choose(value)
            self.assertFalse(self.ui.deleteButton.isVisible(), value)

    def test_nothing_goes_before_the_question_was_answered(self):
        self.added()
        gestures.click(self.ui.deleteButton)
        self.settle()
        self.assertTrue(self.ui.askFrame.isVisible())
        self.assertEqual(
            self.ui.askLabel.text, "Delete 'Our liver model' (4 MB) from this computer? It cannot be undone."
        )
        self.assertIn("ours", self.ids())
        gestures.click(self.ui.refuseButton)
        self.settle()
        self.assertFalse(self.ui.askFrame.isVisible())
        self.assertIn("ours", self.ids())
        gestures.click(self.ui.deleteButton)
        self.settle()
        self.choose(SHIPPED)  # the question was about another one
        self.assertFalse(self.ui.askFrame.isVisible())
        self.panel.models.actions.answer(True)
        self.assertIn("ours", self.ids())

    def test_it_goes_as_a_whole_and_another_one_is_chosen(self):
        folder = self.added().folder
        gestures.click(self.ui.deleteButton)
        self.settle()
        gestures.click(self.ui.confirmButton)
        self.settle()
        self.assertFalse(folder.exists())
        self.assertEqual(self.ids(), [SHIPPED])
        self.assertNotIn("ours", self.panel.models.values)
        self.assertEqual(self.panel.models.model.id, SHIPPED)
        self.assertEqual(self.ui.getStatus.text, "'Our liver model' was deleted.")

    def test_one_that_a_run_of_another_program_uses_stays(self):
        folder = self.added().folder
        gestures.click(self.ui.deleteButton)
        self.settle()
        with user_models.using(folder):
            gestures.click(self.ui.confirmButton)
            self.settle()
        self.assertIn("A run draws with the model 'ours'", self.ui.getStatus.text)
        self.assertTrue(folder.is_dir())
        self.assertEqual(self.panel.models.model.id, "ours")

    def test_while_the_panel_draws_no_model_is_exchanged_or_deleted(self):
        folder = self.added().folder
        run = self.panel.segmentation.run
        gestures.click(self.ui.deleteButton)
        self.settle()
        for state in (State.CHECKING, State.PREPARING, State.RUNNING):
            run.state.to(state)
        self.settle()
        self.assertFalse(self.ui.modelList.enabled)
        self.assertFalse(self.ui.deleteButton.enabled)
        self.assertFalse(self.ui.tryButton.enabled)
        gestures.click(self.ui.confirmButton)
        self.settle()
        self.assertEqual(self.ui.getStatus.text, "A run draws with it. Cancel it, or wait for its end.")
        self.assertTrue(folder.is_dir())
        run.state.to(State.FAILED)
        self.settle()
        self.assertTrue(self.ui.modelList.enabled)

    def test_what_came_of_a_download_can_be_removed(self):
        first = weights_store.offer(LESIONS).downloads[0]
        part = place.downloads_folder() / f"{first.step}-{first.file_name}.part"
        part.parent.mkdir(parents=True)
        part.write_bytes(bytes(3_000_000))
        self.panel.models.open()
        self.choose(LESIONS)
        self.assertIn("3 MB of 465 MB have come", self.ui.modelList.currentItem().text())
        self.assertEqual(self.ui.getButton.text, "I agree: continue the download")
        self.assertEqual(self.ui.deleteButton.text, "Remove what came...")
        gestures.click(self.ui.deleteButton)
        self.settle()
        self.assertIn("Remove the 3 MB that came of", self.ui.askLabel.text)
        self.assertTrue(part.exists())
        with place.alone(lambda *_: None):  # another program fetches
            gestures.click(self.ui.confirmButton)
            self.settle()
            self.assertIn("A download is running.", self.ui.getStatus.text)
            self.assertTrue(part.exists())
        gestures.click(self.ui.deleteButton)
        self.settle()
        gestures.click(self.ui.confirmButton)
        self.settle()
        self.assertEqual(self.ui.getStatus.text, "3 MB were removed.")
        self.assertFalse(part.exists())
        self.assertEqual(self.ui.getButton.text, "I agree: download")
        self.assertFalse(self.ui.deleteButton.isVisible())


class TestBringingAndTrying(ModelsCase):
    def bring(self, labels):
        self.choose(ADD)
        self.ui.labelsEdit.text = labels
        self.panel.models.choose_folder = lambda: str(default_model().folder)
        gestures.click(self.ui.importFolderButton)
        gestures.wait_for(lambda: not self.panel.models.run.state.busy, 60, "the model")
        self.settle()

    def test_after_an_import_it_is_said_what_the_labels_were_taken_as(self):
        self.bring("liver=1")
        self.assertEqual(self.panel.models.run.state.cause, "")
        said = self.ui.getStatus.text
        self.assertIn("is here.", said)
        self.assertIn("Taken as liver: label 1 (parenchyma). Not used: 2 (tumour).", said)
        self.assertIn("It draws no tumour", said)
        self.assertEqual(self.panel.models.model.label_roles, {"parenchyma": (1,)})
        self.assertEqual(self.ui.labelsEdit.text, "")

    def test_labels_that_cannot_be_read_are_said_before_anything_is_copied(self):
        self.bring("liver five")
        self.assertIn("cannot be read", self.ui.getStatus.text)
        self.assertEqual([model.id for model in catalogue()], [SHIPPED])
        self.assertEqual(self.ui.labelsEdit.text, "liver five")

    def test_one_click_brings_the_sample_and_draws_on_it(self):

        def bring_the_sample():
            self.volume = volumes.add_volume(known.draw(11, matrix=64, slice_mm=5.0).ct, "Sample")
            self.session.select_volume(self.volume)

        segmentation = self.panel.segmentation
        with (
            mock.patch.object(self.panel.ct, "load_sample", bring_the_sample),
            mock.patch.object(segmentation, "press") as press,
        ):
            gestures.click(self.ui.tryButton)
            self.settle()
            self.assertIs(self.session.volume, self.volume)
            press.assert_called_once_with()
            self.panel.refresh()
            press.assert_called_once_with()
            with mock.patch.object(self.panel.ct, "load_sample", self.fail):  # it is there already
                gestures.click(self.ui.tryButton)
                self.settle()
            self.assertEqual(press.call_count, 2)

    def test_a_patient_makes_room_for_the_sample_only_where_that_is_wanted(self):
        self.load()
        for wanted in (False, True):
            self.panel.models.actions.confirm = lambda question, wanted=wanted: wanted
            with mock.patch.object(self.panel.ct, "load_sample") as load:
                gestures.click(self.ui.tryButton)
                self.settle()
            self.assertEqual(load.called, wanted)
            self.assertIs(self.session.volume, self.volume)

    def test_where_the_sample_does_not_come_nothing_is_drawn(self):
        self.load()  # a patient's CT, which a try must never be made on
        self.panel.models.actions.confirm = lambda question: True
        with (
            mock.patch.object(self.panel.ct, "load_sample"),
            mock.patch.object(self.panel.segmentation, "press") as press,
        ):
            gestures.click(self.ui.tryButton)
            self.settle()
            self.assertTrue(self.ui.tryButton.enabled)
            press.assert_not_called()

    def test_a_patient_s_ct_that_claims_to_be_the_sample_is_not_drawn_on(self):
        self.load()
        volumes.mark_sample(self.volume, 11)
        self.panel.models.actions.confirm = lambda question: True
        with (
            mock.patch.object(self.panel.ct, "load_sample") as load,
            mock.patch.object(self.panel.segmentation, "press") as press,
        ):
            gestures.click(self.ui.tryButton)
            self.settle()
        load.assert_called_once_with()
        press.assert_not_called()


class TestTheBarOfADownload(ModelsCase):
    def test_it_is_of_all_archives_by_their_bytes(self):
        offer = weights_store.offer(LESIONS)
        self.choose(LESIONS)
        with mock.patch.object(self.panel.models.run, "start") as start:
            gestures.click(self.ui.getButton)
        (_prepare, _take, expected) = start.call_args.args
        stages = expected().stages
        liver, lesions = offer.downloads
        self.assertEqual(
            [stage.name for stage in stages],  # as `test_weights_store` has them told
            [
                f"Fetching the weights of {liver.title} (kB)",
                f"Checking the weights of {liver.title}",
                f"Fetching the weights of {lesions.title} (kB)",
                f"Checking the weights of {lesions.title}",
                "Unpacking and checking",
            ],
        )
        self.assertAlmostEqual(stages[0].seconds / stages[2].seconds, liver.bytes / lesions.bytes)


class TestAtItsNarrowest(ModelsCase):
    def test_every_view_of_it_fits(self):
        """Slicer's dock opens at some 340 px; the panel may be 325 px wide there."""
        self.added()
        for value in (SHIPPED, LESIONS, "ours", ADD):
            self.choose(value)
            if value == "ours":
                gestures.click(self.ui.deleteButton)
                self.settle()
            width = self.ui.modelsFrame.minimumSizeHint.width()
            self.assertLessEqual(width, 300, value)

    def test_every_control_has_a_name_and_says_what_it_does(self):
        names = "modelsButton modelSearch modelList licenceText labelsEdit getButton importZipButton importFolderButton"
        for name in (*names.split(), "tryButton", "deleteButton", "confirmButton", "refuseButton"):
            control = getattr(self.ui, name)
            self.assertTrue(control.toolTip, name)
            self.assertTrue(control.accessibleName or getattr(control, "text", ""), name)

    def test_tab_leaves_the_licence(self):
        self.assertTrue(self.ui.licenceText.tabChangesFocus)
