"""Axes of an image file: nearly perpendicular ones are read so, sheared ones and two forms that differ are withheld."""

import gzip
import struct

import numpy as np
import pytest
import SimpleITK as sitk

from abdomen import image_of
from abdomen import small_arrays as phantom_arrays
from PTLFPredictorLib.ct import canonical, read_ct, same_geometry
from PTLFPredictorLib.ct.axes import perpendicular, skew
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.segmentation.reading import read_segments
from PTLFPredictorLib.signature import load

PROTOCOL = load("ptlf-published").protocol
FORMATS = ["nii", "nii.gz", "nrrd", "mha"]
SIZE = (16, 120, 128)


def columns_of(image, shear=0.0):
    """Steps of the index axes in mm, LPS; the third leans by `shear` mm per mm to the back."""
    columns = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    return columns + np.outer([0, shear * columns[2, 2], 0], [0, 0, 1])


def write(path, image, columns=None, quaternion=None, codes=(0, 1)):
    """An image file with these axes, whatever they are; `quaternion` are the six numbers of a NIfTI's qform."""
    columns = columns_of(image) if columns is None else columns
    sitk.WriteImage(image, str(path))
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if ".nii" in path.name:
        raw = bytearray(raw)
        rows = np.diag([-1, -1, 1]) @ np.column_stack([columns, image.GetOrigin()])
        struct.pack_into("<2h", raw, 252, *codes)
        struct.pack_into("<12f", raw, 280, *rows.ravel())
        for axis in range(3):
            struct.pack_into("<f", raw, 80 + 4 * axis, np.linalg.norm(columns[:, axis]))
        if quaternion is not None:
            struct.pack_into("<6f", raw, 256, *quaternion)
    elif path.suffix == ".nrrd":
        vectors = " ".join("(" + ",".join(f"{x:.9g}" for x in column) + ")" for column in columns.T)
        head, rest = raw.split(b"space directions: ")
        raw = head + b"space directions: " + vectors.encode() + b"\n" + rest.split(b"\n", 1)[1]
    else:
        matrix = " ".join(f"{x:.9g}" for x in (columns / image.GetSpacing()).T.ravel())
        head, rest = raw.split(b"TransformMatrix = ")
        raw = head + b"TransformMatrix = " + matrix.encode() + b"\n" + rest.split(b"\n", 1)[1]
    path.write_bytes(gzip.compress(bytes(raw)) if path.suffix == ".gz" else raw)
    return path


def found(path):
    return {f.code: f for f in read_ct(path, PROTOCOL).findings}


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize(
    ("shear", "level"), [(0, None), (1e-6, None), (1e-4, None), (1e-3, None), (4e-3, "warn"), (0.02, "withhold")]
)
def test_sheared_axes_of_a_file(phantom, tmp_path, ending, shear, level):
    """75 mm from the first slice to the last: up to 0.1 mm nothing is said, up to 1 mm a note."""
    path = write(tmp_path / f"ct.{ending}", phantom[0], columns_of(phantom[0], shear))
    ct = read_ct(path, PROTOCOL)
    tilt = {f.code: f for f in ct.findings}.get("gantry_tilt")
    assert (tilt.level if tilt else None) == level
    assert np.array_equal(ct.array, sitk.GetArrayFromImage(phantom[0]))
    assert same_geometry(ct.image, phantom[0])  # each slice where it lay, in its distance
    if tilt:
        assert tilt.values["shift_mm"] == pytest.approx(75 * shear, rel=0.01)


@pytest.mark.parametrize("ending", FORMATS)
def test_a_turned_volume_of_perpendicular_axes_is_not_sheared(phantom, tmp_path, ending):
    c, s = np.cos(0.2), np.sin(0.2)
    turn = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    path = write(tmp_path / f"ct.{ending}", phantom[0], turn @ columns_of(phantom[0]))
    assert "gantry_tilt" not in found(path)
    assert found(path)["oblique"].level == "warn"


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("shear", [1e-4, 1e-3, 0.1])
def test_a_label_map_lies_on_the_ct_whose_axes_it_has(phantom, tmp_path, ending, shear):
    ct, labels = (
        write(tmp_path / f"{name}.{ending}", image, columns_of(image, shear))
        for name, image in zip(("ct", "labels"), phantom, strict=True)
    )
    read = read_segments(labels, read_ct(ct))
    assert np.array_equal(read.array, sitk.GetArrayFromImage(phantom[1]))
    assert "segmentation_resampled" not in {f.code for f in read.findings}


@pytest.mark.parametrize("ending", FORMATS)
def test_a_sheared_label_map_is_refused_for_a_ct_that_is_not(phantom, tmp_path, ending):
    ct = canonical(phantom[0])
    near = write(tmp_path / f"near.{ending}", phantom[1], columns_of(phantom[1], 1e-3))
    assert np.array_equal(read_segments(near, ct).array, sitk.GetArrayFromImage(phantom[1]))
    far = write(tmp_path / f"far.{ending}", phantom[1], columns_of(phantom[1], 0.1))
    with pytest.raises(BadInput, match=r"axes of 'far.*' are not perpendicular \(by 5.7 degrees, 7.5 mm at the edge\)"):
        read_segments(far, ct)


@pytest.mark.parametrize("ending", FORMATS)
def test_axes_that_do_not_span_space_are_named(phantom, tmp_path, ending):
    flat = columns_of(phantom[0]) @ np.array([[1, 0, 0], [0, 1, 6], [0, 0, 1e-3]])
    with pytest.raises(BadInput, match=r"axes in the header of 'ct.* do not span space"):
        read_ct(write(tmp_path / f"ct.{ending}", phantom[0], flat))


def test_a_sheared_volume_of_a_scene_is_withheld_as_its_file():
    """Slicer's IJKToRAS follows the slices of a tilted gantry, without a transform."""
    image = image_of(phantom_arrays()[0])
    image.SetDirection((1, 0, 0, 0, 1, 0.28, 0, 0, 0.96))
    tilt = {f.code: f.level for f in canonical(image, PROTOCOL).findings}
    assert tilt["gantry_tilt"] == "withhold"


def test_perpendicular_axes_keep_slices_their_distance_and_the_volume():
    rng = np.random.default_rng(0)
    for _ in range(20):
        turn, lean = np.linalg.qr(rng.normal(size=(3, 3)))[0], np.eye(3) + rng.normal(0, 0.05, (3, 3))
        vectors = np.diag([0.8, 0.8, 5]) @ turn @ lean
        spacing, direction = perpendicular(vectors)
        assert np.allclose(direction.T @ direction, np.eye(3))
        assert np.prod(spacing) * np.linalg.det(direction) == pytest.approx(np.linalg.det(vectors))
        assert np.allclose(np.cross(direction[:, 0], direction[:, 1]) @ vectors[:, :2], 0)
        assert skew(direction * spacing, SIZE)[1] < 1e-9


# sform and qform

UPRIGHT = (0.0, 0.0, 1.0)
"""b, c, d of the turn by 180 degrees about the feet-head axis: left and front, as in DICOM."""


def forms(path, phantom, turn=UPRIGHT, shift=0.0, codes=(1, 1)):
    x, y, z = phantom.GetOrigin()
    return write(path, phantom, quaternion=(*turn, -x + shift, -y, z), codes=codes)


@pytest.mark.parametrize("ending", ["nii", "nii.gz"])
@pytest.mark.parametrize("codes", [(1, 1), (1, 2), (2, 1), (4, 2)])
def test_two_forms_that_agree_are_one(phantom, tmp_path, ending, codes):
    path = forms(tmp_path / f"ct.{ending}", phantom[0], codes=codes)
    assert "orientation_told_twice" not in found(path)
    assert same_geometry(read_ct(path).image, phantom[0])


@pytest.mark.parametrize("codes", [(1, 1), (1, 2), (2, 1)])
@pytest.mark.parametrize(
    "other",
    [{"turn": (0.0, 1.0, 0.0)}, {"turn": (0.0, 0.0, 0.0)}, {"shift": 40.0}, {"turn": (0.1, 0.0, 0.995)}],
    ids=["mirrored", "upside down", "shifted", "turned"],
)
def test_two_forms_that_disagree_withhold_and_a_label_map_is_refused(phantom, tmp_path, other, codes):
    ct = found(forms(tmp_path / "ct.nii", phantom[0], codes=codes, **other))["orientation_told_twice"]
    assert ct.level == "withhold"
    assert "says in two ways where it lies in the body" in ct.message
    with pytest.raises(BadInput, match=r"'labels\.nii' says in two ways where it lies in the body"):
        read_segments(forms(tmp_path / "labels.nii", phantom[1], codes=codes, **other), canonical(phantom[0]))


@pytest.mark.parametrize("codes", [(0, 1), (1, 0)])
def test_a_form_whose_code_is_0_is_not_looked_at(phantom, tmp_path, codes):
    path = forms(tmp_path / "ct.nii", phantom[0], codes=codes, turn=UPRIGHT if codes[0] else (0.0, 1.0, 0.0))
    if not codes[1]:
        raw = bytearray(path.read_bytes())
        struct.pack_into("<12f", raw, 280, *np.arange(12.0))
        path.write_bytes(raw)
    assert not {"orientation_told_twice", "orientation_not_told"} & set(found(path))
    assert same_geometry(read_ct(path).image, phantom[0])


def test_both_codes_0_stay_what_they_were(phantom, tmp_path):
    path = forms(tmp_path / "ct.nii", phantom[0], codes=(0, 0))
    assert found(path)["orientation_not_told"].level == "withhold"


def test_a_shift_below_a_millimetre_between_the_forms_is_rounding(phantom, tmp_path):
    assert "orientation_told_twice" not in found(forms(tmp_path / "ct.nii", phantom[0], shift=0.3))
