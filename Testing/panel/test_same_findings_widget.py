"""Panel and shell find the same on the same files: codes and levels, series by series.  Runs in Slicer, too."""

import dicom_series
import numpy as np
import slicer
import vtk
from dicom_series import SLICES, slices
from panel_case import PanelCase

from PTLFPredictorLib.ct import read_ct
from PTLFPredictorLib.errors import BadInput


def moved(at, x=0.0, y=0.0, z=0.0):
    """Every slice k by `at(k)` times x, y, z."""

    def change(series):
        for k, one in enumerate(series):
            one.ImagePositionPatient = list(np.add(one.ImagePositionPatient, np.multiply(at(k), (x, y, z))))
        return series

    return change


def tagged(at=lambda k: True, **tags):
    def change(series):
        for k, one in enumerate(series):
            if at(k):
                one.update(tags)
        return series

    return change


def with_phases_in_turn(series):
    for k, one in enumerate(series):
        one.AcquisitionNumber, one.AcquisitionTime = 1 + k % 2, ("101500", "101535")[k % 2]
    return series


def with_two_kernels(series):
    for k, one in enumerate(series):
        one.ConvolutionKernel = "B70f" if k > 6 else "B30f"
    return series


def with_picture(series):
    (picture,) = slices(1)
    picture.ImageType = ["DERIVED", "SECONDARY", "MIP"]
    picture.ImagePositionPatient = [*picture.ImagePositionPatient[:2], 100.0 + 5 * SLICES]
    return [*series, picture]


def without(*numbers):
    return lambda series: [one for k, one in enumerate(series) if k not in numbers]


def with_metal(series):
    for one in series:
        one.hu[10:14, 10:14] = 3071
    return series


def cut_off(series):
    for one in series:
        one.hu = np.minimum(one.hu, 400)
        one.hu[8:20, 8:20] = 400
    return series


def offset(series):
    for one in series:
        one.hu = one.hu + 1024
    return series


SERIES = {
    "even": ({}, lambda series: series, ""),
    "a slice is missing": ({}, without(5), "missing_slices"),
    "three slices are missing": ({"count": 16}, without(5, 6, 7), "missing_slices"),
    "steps of 4 and 6 mm": ({}, moved(lambda k: max(k - 6, 0) - min(k, 6), z=1.0), "uneven_slices"),
    "steps of 4.5 and 5.5 mm": ({}, moved(lambda k: max(k - 6, 0) - min(k, 6), z=0.5), "uneven_slices"),
    "steps a little uneven": ({}, moved(lambda k: k % 2, z=0.3), "uneven_slices"),
    "gantry tilted": ({}, moved(lambda k: k, y=1.5), "gantry_tilt"),
    "gantry tilted a little": ({}, moved(lambda k: k, y=0.02), "gantry_tilt"),
    "slices shifted sideways": ({}, moved(lambda k: k % 2, x=2.5), "shifted_slices"),
    "thickness mixed": ({}, tagged(lambda k: k > 6, SliceThickness="4.6"), "mixed_thickness"),
    "two acquisitions in turn": ({}, with_phases_in_turn, "not_one_volume"),
    "two kernels": ({}, with_two_kernels, "not_one_volume"),
    "two scans end to end": ({}, tagged(lambda k: k > 6, AcquisitionTime="101600"), "joined_scans"),
    "two patients": ({}, tagged(lambda k: k > 6, PatientID="OTHER"), "not_one_volume"),
    "a derived picture": ({}, with_picture, "derived_pictures"),
    "a slice twice": ({}, lambda series: [*series, series[4]], "duplicate_slices"),
    "another pixel spacing": ({"pixel": 1.4}, lambda series: series, "in_plane_spacing"),
    "oblong pixels": ({}, tagged(PixelSpacing=["0.8", "0.9"]), "oblong_pixels"),
    "thin slices": ({"step": 1.25, "count": 24}, lambda series: series, "slice_thickness"),
    "thick slices, close together": ({}, tagged(SliceThickness="8"), "slice_thickness"),
    "thickness not told": ({}, tagged(SliceThickness=None), ""),
    "another voltage": ({}, tagged(KVP="80"), "kvp"),
    "voltage not told": ({}, tagged(KVP=None), "kvp"),
    "a sharp kernel": ({}, tagged(ConvolutionKernel="B70f"), "kernel"),
    "arterial": ({}, tagged(SeriesDescription="arterial"), "phase"),
    "phase not told": ({}, tagged(SeriesDescription="abdomen"), "phase"),
    "saturated": ({}, cut_off, ""),
    "metal": ({}, with_metal, ""),
    "stored values, not HU": ({}, offset, ""),
    "no rescale": ({}, tagged(RescaleSlope=None, RescaleIntercept=None), "no_rescale"),
    "no rescale, no HU": ({}, lambda series: tagged(RescaleSlope=None)(offset(series)), "not_one_volume"),
    "two slices": ({"count": 2}, lambda series: series, ""),
    "from head to feet": ({}, lambda series: series[::-1], ""),
    "lying on the side": ({}, tagged(ImageOrientationPatient=[0, 1, 0, -1, 0, 0]), ""),
}  # fmt: skip
"""How a series is made, how it is damaged, and a finding that it must have ("": none in particular)."""

HELD_TOO = {"a derived picture", "a slice twice"}
"""A shell leaves out what is no slice; Slicer's volume holds it, and that withholds."""


class SameFindings(PanelCase):
    def case(self, number, title):
        options, damage, _code = SERIES[title]
        folder = dicom_series.folder_of(self, f"{number}")
        database = dicom_series.in_place_of_slicer_s(self, dicom_series.write(folder, damage(slices(**options))))
        return folder, database

    def on_panel(self, volume):
        self.ui.volumeSelector.setCurrentNode(volume)
        self.settle()
        self.assertIs(self.session.volume, volume)
        return {(finding.code, finding.level) for finding in self.session.ct().findings}

    def in_shell(self, folder):
        """(findings, the sentence of a refusal)."""
        try:
            found = read_ct(folder, self.session.signature.protocol, self.session.signature.extraction.clip_hu)
        except BadInput as error:
            return set(), error.message
        return {(finding.code, finding.level) for finding in found.findings}, ""

    def test_the_same_files_have_the_same_findings(self):
        for number, (title, (_options, _damage, code)) in enumerate(SERIES.items()):
            with self.subTest(title):
                folder, database = self.case(number, title)
                shell, refused = self.in_shell(folder)
                panel = self.on_panel(database.load())
                if refused:
                    self.assertIn(("not_one_volume", "fail"), panel)
                    told = next(f.message for f in self.session.ct().findings if f.code == "not_one_volume")
                    self.assertTrue(refused.startswith(told), f"{told} / {refused}")
                    self.assertEqual(code, "not_one_volume")
                    continue
                extra = {("volume_not_series", "withhold")} if title in HELD_TOO else set()
                self.assertEqual(panel, shell | extra)
                if code:
                    self.assertIn(code, {code for code, level in panel if level != "pass"} | ({"kernel"} & {code}))

    def test_the_section_shows_them(self):
        _folder, database = self.case(0, "a slice is missing")
        self.on_panel(database.load())
        self.assertTrue(any("Slices are missing" in f.message for f in self.panel.ct.findings._shown))

    def test_what_hardening_a_transform_hides_is_still_known(self):
        _folder, database = self.case(0, "steps of 4.5 and 5.5 mm")
        volume = database.load()
        before = self.on_panel(volume)
        transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTransformNode")
        matrix = vtk.vtkMatrix4x4()
        matrix.SetElement(2, 3, 0.4)
        transform.SetMatrixTransformToParent(matrix)
        volume.SetAndObserveTransformNodeID(transform.GetID())
        volume.HardenTransform()
        self.settle()
        after = {(f.code, f.level) for f in self.session.ct().findings}
        self.assertIn(("uneven_slices", "withhold"), before)
        self.assertEqual(after, before)

    def test_files_that_the_database_has_not_are_told_and_nothing_is_made_up(self):
        _folder, database = self.case(0, "even")
        volume = database.load()
        database.forget(3)
        found = {f.code: f.level for f in (self.on_panel(volume), self.session.ct().findings)[1]}
        self.assertEqual(found.get("series_not_at_hand"), "warn")
        self.assertNotIn("missing_slices", found)

    def test_a_closed_database_is_not_asked(self):
        _folder, database = self.case(0, "even")
        volume = database.load()
        database.isOpen = False
        self.assertIn(("series_not_at_hand", "warn"), self.on_panel(volume))

    def test_headers_are_read_once(self):
        _folder, database = self.case(0, "even")
        volume = database.load()
        self.on_panel(volume)
        asked = database.asked
        for _ in range(5):
            self.panel.refresh()
            self.session.ct()
        self.assertEqual(database.asked, asked)

    def test_several_acquisitions_are_listed_and_one_is_chosen(self):
        folder, database = self.case(0, "two acquisitions in turn")
        self.on_panel(database.load())
        box = self.ui.acquisitionSelector
        self.assertTrue(box.isVisible())
        words = [box.itemText(at) for at in range(box.count)]
        self.assertEqual(words[1:], [
            "1: 6 slices, 10:15:00, portal venous by the header", "2: 6 slices, 10:15:35, portal venous by the header",
        ])  # fmt: skip
        told = [f.message for f in self.session.ct().findings if f.code == "not_one_volume"]
        self.assertIn("several phases are mixed", told[0])
        self.assertNotIn("--acquisition", told[0])
        self.panel.ct.choose_acquisition(2)
        self.settle()
        chosen = self.session.ct()
        self.assertNotIn("not_one_volume", {f.code for f in chosen.findings})
        protocol, clip = self.session.signature.protocol, self.session.signature.extraction.clip_hu
        alone = read_ct(folder, protocol, clip, acquisition=2)
        self.assertEqual(chosen.identity, alone.identity)
        self.assertEqual({(f.code, f.level) for f in chosen.findings}, {(f.code, f.level) for f in alone.findings})
        self.assertFalse(box.isVisible())

    def test_a_single_acquisition_offers_no_choice(self):
        _folder, database = self.case(0, "even")
        self.on_panel(database.load())
        self.assertFalse(self.ui.acquisitionSelector.isVisible())
