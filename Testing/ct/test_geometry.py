"""Where slices lie is judged in mm: rounding is no other geometry, and what does not lie on the grid is told.

Every series is read from its folder and judged from its headers alone (`checked_series`): with the same findings.
"""

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from PTLFPredictorLib.ct import checked_series, read_ct
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.signature import load

PROTOCOL = load("ptlf-published").protocol
STEP, SLICES = 5.0, 16


@pytest.fixture
def series(phantom, tmp_path, write_dicom):
    """Writes the phantom and changes each slice by `change(data, k)`, k from the feet; gives the folder."""

    def write(change=lambda data, k: None):
        folder = write_dicom(tmp_path / "ct", phantom[0])
        for k in range(SLICES):
            path = folder / f"image_{SLICES - k}"
            data = pydicom.dcmread(path)
            if change(data, k) == "left out":
                path.unlink()
            else:
                data.save_as(path)
        return folder

    return write


def moved(x=0.0, y=0.0, z=0.0):
    """A change that moves slice k by numbers, or functions of k, in mm."""

    def change(data, k):
        shift = [value(k) if callable(value) else value for value in (x, y, z)]
        data.ImagePositionPatient = [
            f"{float(p) + s:.4f}" for p, s in zip(data.ImagePositionPatient, shift, strict=True)
        ]

    return change


def told(folder):
    """{code: level} of what was found beside what every CT has, the same from the headers alone."""
    ct = read_ct(folder)
    found = {f.code: f.level for f in ct.findings if f.code not in ("hounsfield", "phase")}
    assert found == {f.code: f.level for f in checked_series(list(folder.iterdir())).findings}
    by_code = {f.code: f for f in ct.findings}
    assert all(by_code[f.code] == f for f in checked_series(list(folder.iterdir())).findings)
    return found


# Rounding


def turned(low, high, where):
    def change(data, k):
        e = high if where(k) else low
        data.ImageOrientationPatient = [1, e, 0, -e, 1, 0]

    return change


def scaled(low, high, where):
    def change(data, k):
        data.PixelSpacing = [high, high] if where(k) else [low, low]

    return change


@pytest.mark.parametrize("where", [lambda k: k % 2, lambda k: k > 11, lambda k: k == 3], ids=["in turn", "top", "one"])
@pytest.mark.parametrize(
    "change",
    [
        lambda where: turned(0.00049, 0.00051, where),
        lambda where: turned(0.0, 0.0004, where),
        lambda where: scaled("0.80004", "0.80006", where),
        lambda where: scaled("0.8", "0.8004", where),
    ],
    ids=["orientation", "orientation, rounded to three decimals", "spacing", "spacing, rounded to three decimals"],
)
def test_rounding_of_orientation_and_spacing_is_one_geometry(series, phantom, change, where):
    folder = series(change(where))
    assert not told(folder)
    assert np.array_equal(read_ct(folder).array, sitk.GetArrayFromImage(phantom[0]))


@pytest.mark.parametrize(
    "change", [turned(0.0, 0.08, lambda k: k == 15), scaled("0.8", "0.81", lambda k: k == 15)], ids=["turned", "scaled"]
)
def test_a_slice_of_another_geometry_is_left_out_and_told(series, change):
    folder = series(change)
    assert told(folder) == {"mixed_series": "warn"}
    assert read_ct(folder).source["slices"] == 15


def test_half_a_series_of_another_geometry_is_refused_by_folder_and_by_headers(series):
    folder = series(turned(0.0, 0.08, lambda k: k % 2))
    with pytest.raises(BadInput, match="mixes images of different size or orientation") as refused:
        read_ct(folder)
    (found,) = checked_series(list(folder.iterdir())).findings
    assert (found.code, found.level, found.message) == ("not_one_volume", "fail", refused.value.message)


# Steps

RNG = np.random.default_rng(0)
JITTER = RNG.uniform(-0.5, 0.5, SLICES)


@pytest.mark.parametrize(
    ("z", "expected"),
    [
        pytest.param(lambda k: 0, {}, id="even"),
        pytest.param(lambda k: 0.04 * (-1) ** k, {}, id="rounded to tenths"),
        pytest.param(lambda k: JITTER[k], {"uneven_slices": "warn"}, id="half a millimetre"),
        pytest.param(lambda k: -min(k, 8), {"uneven_slices": "withhold"}, id="4 mm below, 5 mm above"),
        pytest.param(lambda k: -max(k, 8), {"uneven_slices": "withhold"}, id="5 mm below, 4 mm above"),
        pytest.param(lambda k: 0.05 * k * (k - 15), {"uneven_slices": "withhold"}, id="from 4.3 to 5.7 mm"),
        pytest.param(lambda k: 2.0 * max(k - 8, 0), {"uneven_slices": "fail"}, id="5 mm below, 7 mm above"),
        pytest.param(lambda k: 5.0 * max(k - 8, 0), {"uneven_slices": "fail"}, id="5 mm below, 10 mm above"),
        pytest.param(lambda k: 5.0 * (k > 7), {"missing_slices": "fail"}, id="one missing"),
        pytest.param(lambda k: 5.0 * (k > 3) + 10.0 * (k > 9), {"missing_slices": "fail"}, id="three missing"),
        pytest.param(lambda k: 3.0 * (k > 7), {"uneven_slices": "fail"}, id="a step of 8 mm"),
    ],
)
def test_uneven_steps(series, z, expected):
    assert told(series(moved(z=z))) == expected


@pytest.mark.parametrize(
    ("z", "sentence"),
    [
        (
            lambda k: -min(k, 8),
            "The slices are not evenly spaced (the steps run from 4.00 to 5.00 mm): taken as 4.47 mm apart, they lie "
            "up to 3.7 mm from their places. Reconstruct the CT in even steps.",
        ),
        (
            lambda k: -min(k, 8) + 2 * max(k - 8, 0),
            "The slices are not evenly spaced (the steps run from 4.00 to 7.00 mm): they are no single volume. "
            "Reconstruct the CT in even steps, or export the part with the whole liver as a series of its own.",
        ),
        (
            lambda k: 5.0 * (k > 7),
            "Slices are missing: most lie 5.00 mm apart, but near 245.0 mm the step is 10.00 mm. Export the whole "
            "series again.",
        ),
    ],
)
def test_missing_is_said_only_where_slices_are(series, z, sentence):
    messages = [f.message for f in checked_series(list(series(moved(z=z)).iterdir())).findings]
    assert messages == [sentence]


def test_the_spacing_of_thin_slices_rounded_to_tenths_is_even(phantom, tmp_path, write_dicom):
    """0.65 mm written as 0.6 and 0.7: steps that differ by 15 %, slices at most 0.05 mm off."""
    folder = write_dicom(tmp_path / "ct", phantom[0])
    for path in folder.iterdir():
        data = pydicom.dcmread(path)
        k = round((float(data.ImagePositionPatient[2]) - 210) / STEP)
        data.ImagePositionPatient = [-57, -60, f"{round(210 + 0.65 * k + 1e-6, 1):.1f}"]
        data.save_as(path)
    assert not told(folder)


# Sideways and tilt


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        pytest.param(lambda k: 0.05 * (k == 7), {}, id="0.05 mm"),
        pytest.param(lambda k: 0.6 * (k == 7), {"shifted_slices": "warn"}, id="0.6 mm"),
        pytest.param(lambda k: 3 * (k == 7), {"shifted_slices": "withhold"}, id="one slice by 3 mm"),
        pytest.param(lambda k: 4 * (k > 7), {"gantry_tilt": "withhold", "shifted_slices": "withhold"}, id="half"),
        pytest.param(lambda k: 0.003 * k, {}, id="tilt of 0.03 degrees"),
        pytest.param(lambda k: 0.04 * k, {"gantry_tilt": "warn"}, id="tilt of 0.46 degrees"),
        pytest.param(lambda k: 0.08 * k, {"gantry_tilt": "withhold"}, id="tilt of 0.9 degrees"),
        pytest.param(lambda k: 1.5 * k, {"gantry_tilt": "withhold"}, id="tilt of 17 degrees"),
    ],
)
def test_slices_that_are_shifted_sideways(series, y, expected):
    assert told(series(moved(y=y))) == expected


def test_a_tilt_below_half_a_degree_withholds_where_the_scan_is_long(series):
    """0.43 degrees over slices 10 mm apart: the last one lies 1.1 mm off."""
    folder = series(moved(y=lambda k: 0.075 * k, z=lambda k: STEP * k))
    (found,) = checked_series(list(folder.iterdir())).findings
    assert (found.code, found.level) == ("gantry_tilt", "withhold")
    assert found.values["degrees"] < 0.5


def test_rows_and_columns_that_are_not_perpendicular_are_told(series):
    """By 0.3 degrees: 0.7 mm at the edge of 128 pixels of 0.8 mm."""

    def change(data, k):
        data.ImageOrientationPatient = [1, 0, 0, 0.005, 1, 0]

    assert told(series(change)) == {"gantry_tilt": "warn"}


# Mixed reconstructions and acquisitions


def test_slices_of_several_thicknesses_are_withheld(series):
    assert told(series(lambda data, k: setattr(data, "SliceThickness", "5" if k < 8 else "2.5"))) == {
        "mixed_thickness": "withhold"
    }


@pytest.mark.parametrize(
    "change",
    [
        lambda data, k: setattr(data, "SliceThickness", "5" if k % 2 else "4.999"),
        lambda data, k: delattr(data, "SliceThickness"),
        lambda data, k: k % 2 and delattr(data, "SliceThickness"),
    ],
)
def test_a_thickness_that_is_rounded_or_absent_is_not_another_one(series, change):
    assert not told(series(change))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data, k: setattr(data, "ConvolutionKernel", "B30f" if k % 2 else "B70s"), "mixes reconstructions"),
        (lambda data, k: setattr(data, "AcquisitionNumber", 1 + k % 2), "acquisitions whose slices lie between"),
        (lambda data, k: setattr(data, "PatientID", f"SECRET-{k // 8}"), "belong to several patients"),
        (lambda data, k: setattr(data, "Modality", "MR"), "This is MR, not CT"),
        (lambda data, k: delattr(data, "ImagePositionPatient"), "do not say where their slices lie"),
    ],
)
def test_what_a_folder_is_refused_for_stops_by_its_headers(series, change, sentence):
    folder = series(change)
    with pytest.raises(BadInput, match=sentence) as refused:
        read_ct(folder)
    (found,) = checked_series(list(folder.iterdir())).findings
    assert (found.code, found.level, found.message) == ("not_one_volume", "fail", refused.value.message)
    assert "SECRET" not in found.message


def test_duplicates_are_found_by_headers_as_by_reading(series):
    folder = series()
    (folder / "again").write_bytes((folder / "image_5").read_bytes())
    assert told(folder) == {"duplicate_slices": "warn"}


def test_nothing_is_found_on_a_sound_series_of_a_real_scanner(shared):
    for name in ("crlm1006/dicom", "ircad17/dicom", "totalseg_small/dicom", "dcmqi_seg/ct"):
        stops = [f for f in checked_series(sorted((shared / name).iterdir())).findings if f.level != "pass"]
        assert not stops, name
