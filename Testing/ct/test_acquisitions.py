"""One series with several acquisitions: listed with number, slices, time and phase, and one of them can be chosen."""

import json

import numpy as np
import pytest
import SimpleITK as sitk

from PTLFPredictorLib.cli import main
from PTLFPredictorLib.ct import list_acquisitions, read_ct
from PTLFPredictorLib.errors import BadInput

SERIES = "1.2.3.1"

EARLY = {"AcquisitionNumber": 3, "AcquisitionTime": "101400", "SeriesDescription": "Secret^Name arterial"}
LATE = {"AcquisitionNumber": 4, "AcquisitionTime": "101435", "SeriesDescription": "Secret^Name portal venous"}


@pytest.fixture
def two_phases(phantom, tmp_path, write_dicom):
    """(folder, arterial CT, portal venous CT): at the same places, in one series; the later one has the first files."""
    late, early = phantom[0], sitk.ShiftScale(phantom[0], 7)
    late_files = write_dicom(tmp_path / "d" / "a", late, series=SERIES, tags=LATE)
    write_dicom(tmp_path / "d" / "b", early, series=SERIES, tags=EARLY)
    return late_files.parent, early, late


def refusal(folder, **which):
    with pytest.raises(BadInput) as told:
        read_ct(folder, **which)
    assert "Secret" not in told.value.message
    return told.value.message


def voxels(image):
    return sitk.GetArrayViewFromImage(image)


def test_they_are_listed_in_the_order_of_time_with_slices_time_and_phase(two_phases):
    message = refusal(two_phases[0])
    assert "Two different images lie at the same slice position" in message
    assert message.endswith(
        "choose one of these with --acquisition N:\n"
        "  1: 16 slices, 10:14:00, arterial by the header\n"
        "  2: 16 slices, 10:14:35, portal venous by the header"
    )


@pytest.mark.parametrize("number", [1, 2])
def test_the_chosen_one_is_read_as_if_it_were_alone(two_phases, number):
    folder, *images = two_phases
    ct = read_ct(folder, acquisition=number)
    assert np.array_equal(ct.array, voxels(images[number - 1]))
    assert ct.source["slices"] == 16
    assert ct.phase.name == ("arterial", "portal venous")[number - 1]


@pytest.mark.parametrize("number", [0, 3, -1])
def test_one_that_there_is_not_is_refused_with_the_list(two_phases, number):
    message = refusal(two_phases[0], acquisition=number)
    assert message.startswith(f"There is no acquisition {number} in this series.")
    assert "2: 16 slices" in message


def test_slices_of_two_phases_between_each_other_are_never_one_volume_but_each_can_be_read(
    phantom, tmp_path, write_dicom
):
    image = phantom[0]
    for name, first, tags in (("a", 0, EARLY), ("b", 1, LATE)):
        write_dicom(tmp_path / "d" / name, image[:, :, first::2], series=SERIES, tags={**tags, "SeriesDescription": ""})
    message = refusal(tmp_path / "d")
    assert "slices lie between each other" in message
    assert "1: 8 slices, 10:14:00, phase not named\n  2: 8 slices, 10:14:35" in message
    ct = read_ct(tmp_path / "d", acquisition=2)
    assert np.array_equal(ct.array, voxels(image)[1::2])


def test_phases_end_to_end_are_listed_and_each_can_be_read(phantom, tmp_path, write_dicom):
    image = phantom[0]
    for name, part, tags in (("a", image[:, :, :8], EARLY), ("b", image[:, :, 8:], LATE)):
        write_dicom(tmp_path / "d" / name, part, series=SERIES, tags=tags)
    assert "mixes slices of several contrast phases" in refusal(tmp_path / "d")
    assert "2: 8 slices, 10:14:35, portal venous by the header" in refusal(tmp_path / "d")
    assert read_ct(tmp_path / "d", acquisition=1).image.GetSize()[2] == 8


def test_reconstructions_are_told_by_their_kernels(phantom, tmp_path, write_dicom):
    for name, kernel in (("a", "B30f"), ("b", "B70f")):
        write_dicom(
            tmp_path / "d" / name, phantom[0] + (name == "b"), series=SERIES, tags={"ConvolutionKernel": kernel}
        )
    message = refusal(tmp_path / "d")
    assert "1: 16 slices, phase not named, kernel B30f" in message
    assert "2: 16 slices, phase not named, kernel B70f" in message


def test_a_series_of_one_acquisition_lists_none_and_has_none_to_choose(phantom, tmp_path, write_dicom):
    folder = write_dicom(tmp_path / "d", phantom[0], series=SERIES, tags=LATE)
    assert list_acquisitions(folder) == []
    assert "leave --acquisition out" in refusal(folder, acquisition=1)


def test_a_scan_by_single_rotations_is_no_list_of_acquisitions(phantom, tmp_path, write_dicom):
    folder = tmp_path / "d"
    for k in range(16):
        tags = {"AcquisitionNumber": k + 1, "AcquisitionTime": f"1014{k:02d}"}
        write_dicom(folder / str(k), phantom[0][:, :, k : k + 1], series=SERIES, tags=tags)
    assert list_acquisitions(folder) == []
    assert np.array_equal(read_ct(folder).array, voxels(phantom[0]))


def test_a_panel_gets_the_files_of_each(two_phases):
    folder, *_ = two_phases
    first, second = list_acquisitions(folder)
    assert (first.number, first.phase, first.seconds) == (1, "arterial", 10 * 3600 + 14 * 60)
    assert {slice_.path.parent.name for slice_ in second.images} == {"a"}


def test_a_file_has_no_acquisitions(phantom_files):
    with pytest.raises(BadInput, match="is one volume"):
        read_ct(phantom_files["ct"], acquisition=1)


def test_the_shell_lists_them_and_takes_the_choice(two_phases, phantom_files, tmp_path, capsys):
    asked = ["predict", "--ct", str(two_phases[0]), "--segmentation", str(phantom_files["labels"])]
    assert main([*asked, "--out", str(tmp_path / "out")]) == 2
    assert "--acquisition N:\n  1: 16 slices" in capsys.readouterr().err
    assert main([*asked, "--acquisition", "2", "--out", str(tmp_path / "out")]) == 0
    result = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert result["input"]["ct"]["phase"]["name"] == "portal venous"
