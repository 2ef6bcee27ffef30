"""A file that is cut, damaged or silent about its voxels is refused, as CT and as label map; what is sound is read."""

from __future__ import annotations

import bz2
import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from PTLFPredictorLib.ct import image_files, read_ct, read_image_file
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.segmentation.reading import read_segments

FORMATS = ["nii", "nii.gz", "nrrd", "raw.nrrd", "mha", "packed.mha"]


def write(image: sitk.Image, path: Path) -> Path:
    """As SimpleITK writes it: NRRD packed unless the name says raw, MHA raw unless it says packed."""
    sitk.WriteImage(image, str(path), ("raw" not in path.name and path.suffix == ".nrrd") or "packed" in path.name)
    return path


@pytest.fixture
def sound(phantom, tmp_path):
    """Name -> (CT file, label map file)."""

    def of(name: str) -> tuple[Path, Path]:
        return write(phantom[0], tmp_path / f"ct.{name}"), write(phantom[1], tmp_path / f"labels.{name}")

    return of


@pytest.fixture(scope="session")
def ct_of_the_phantom(phantom_files):
    return read_ct(phantom_files["ct"])


def same_voxels(a, b) -> bool:
    return np.array_equal(a.array, b.array)


def refused(path: Path, ct_of_the_phantom, sentence: str) -> None:
    """By the one function, as a CT and as a label map."""
    with pytest.raises(BadInput, match=sentence):
        read_ct(path)
    with pytest.raises(BadInput, match=sentence):
        read_segments(path, ct_of_the_phantom)


@pytest.mark.parametrize("name", FORMATS)
def test_a_whole_file_is_read(sound, phantom, ct_of_the_phantom, name):
    ct, labels = sound(name)
    assert np.array_equal(sitk.GetArrayFromImage(read_ct(ct).image), sitk.GetArrayFromImage(phantom[0]))
    found = read_segments(labels, ct_of_the_phantom)
    assert np.array_equal(found.array, sitk.GetArrayFromImage(phantom[1]))


@pytest.mark.parametrize("left", [0.5, 0.9, 0.999])
@pytest.mark.parametrize("name", FORMATS)
def test_a_cut_file_is_refused(sound, ct_of_the_phantom, name, left):
    for path in sound(name):
        path.write_bytes(path.read_bytes()[: int(left * path.stat().st_size)])
        refused(path, ct_of_the_phantom, "is cut off.*Copy or export it again")


@pytest.mark.parametrize("name", ["nii.gz", "nrrd", "packed.mha"])
def test_a_flipped_byte_in_compressed_voxels_is_refused(sound, ct_of_the_phantom, name):
    for path in sound(name):
        data = bytearray(path.read_bytes())
        data[-2 if name == "packed.mha" else -8] ^= 1  # a byte of the checksum: nothing else is wrong
        path.write_bytes(data)
        refused(path, ct_of_the_phantom, "is damaged: its compressed voxels and their checksum do not agree")


@pytest.mark.parametrize("name", ["nii", "raw.nrrd", "mha"])
def test_a_header_that_names_fewer_slices_than_there_are_is_refused(phantom, tmp_path, ct_of_the_phantom, name):
    slices = phantom[0].GetSize()[2]
    path = write(phantom[0], tmp_path / f"ct.{name}")
    data = path.read_bytes()
    size = " ".join(map(str, phantom[0].GetSize()))
    fewer = size.removesuffix(str(slices)) + str(slices - 1)
    data = data.replace(size.encode(), fewer.encode())
    if name == "nii":
        data = data[:46] + struct.pack("<h", slices - 1) + data[48:]
    path.write_bytes(data)
    refused(path, ct_of_the_phantom, "holds more voxels than its header names")


def nifti(image: sitk.Image, order: str = "<") -> bytes:
    """NIfTI-1 in either byte order, by hand; the directions are those of `image`, in RAS."""
    size, spacing = image.GetSize(), image.GetSpacing()
    columns = np.reshape(image.GetDirection(), (3, 3)) * spacing
    rows = np.diag([-1, -1, 1]) @ np.column_stack([columns, image.GetOrigin()])
    head = bytearray(352)
    fields = [(0, "i", [348]), (40, "8h", [3, *size, 1, 1, 1, 1]), (70, "2h", [4, 16])]
    fields += [(76, "8f", [1, *spacing, 0, 0, 0, 0]), (108, "f", [352]), (112, "f", [1]), (123, "b", [2])]
    fields += [(252, "2h", [0, 1]), (280, "12f", rows.ravel()), (344, "4s", [b"n+1"])]
    for at, form, values in fields:
        struct.pack_into(order + form, head, at, *values)
    return bytes(head) + sitk.GetArrayFromImage(image).astype(f"{order}i2").tobytes()


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("ending", ["nii", "nii.gz"])
def test_nifti_of_both_byte_orders(phantom, tmp_path, ct_of_the_phantom, order, ending):
    path = tmp_path / f"ct.{ending}"
    data = nifti(phantom[0], order)
    path.write_bytes(gzip.compress(data) if ending == "nii.gz" else data)
    assert same_voxels(read_ct(path), ct_of_the_phantom)
    assert read_ct(path).image.GetSpacing() == ct_of_the_phantom.image.GetSpacing()
    path.write_bytes(gzip.compress(data[:-2]) if ending == "nii.gz" else data[:-2])
    refused(path, ct_of_the_phantom, "is cut off")


@pytest.mark.parametrize("order", "<>")
def test_nifti_2_is_named(tmp_path, ct_of_the_phantom, order):
    """The ITK in SimpleITK 2.5 does not read it."""
    (tmp_path / "ct.nii").write_bytes(struct.pack(f"{order}i", 540) + b"n+2\0\r\n\x1a\n" + bytes(1000))
    refused(tmp_path / "ct.nii", ct_of_the_phantom, "is NIfTI-2")


def test_several_gzip_members_are_one_file(phantom, tmp_path, ct_of_the_phantom):
    """As bgzip and parallel packers write them."""
    data = nifti(phantom[0])
    (tmp_path / "ct.nii.gz").write_bytes(gzip.compress(data[:1000]) + gzip.compress(data[1000:]))
    assert same_voxels(read_ct(tmp_path / "ct.nii.gz"), ct_of_the_phantom)


@pytest.mark.parametrize("name", ["ct.nhdr", "ct.mhd", "ct.hdr"])
def test_a_header_beside_its_voxels(phantom, tmp_path, ct_of_the_phantom, name):
    path = write(phantom[0], tmp_path / name)
    (data,) = [file for file in tmp_path.iterdir() if file != path]
    assert same_voxels(read_ct(path), ct_of_the_phantom)
    assert image_files(path) == [path, data]
    whole = data.read_bytes()
    data.write_bytes(whole[: len(whole) // 2])
    refused(path, ct_of_the_phantom, "is cut off")
    data.unlink()
    refused(path, ct_of_the_phantom, "is not there")
    if os.name != "nt":
        os.mkfifo(data)
        refused(path, ct_of_the_phantom, "is no plain file")


def nrrd(path: Path, image: sitk.Image, **changes: str | None) -> Path:
    """A raw NRRD; `changes` replace fields of its header (None leaves one out)."""
    size = " ".join(map(str, image.GetSize()))
    vectors = " ".join(
        f"({','.join('%g' % (s if i == j else 0) for j in range(3))})" for i, s in enumerate(image.GetSpacing())
    )
    fields = {
        "type": "short",
        "dimension": "3",
        "space dimension": None,
        "space": "left-posterior-superior",
        "sizes": size,
    }
    fields |= {"space directions": vectors, "endian": "little", "encoding": "raw"}
    fields |= {name.replace("_", " "): value for name, value in changes.items()}
    head = "\n".join(["NRRD0004", *(f"{name}: {value}" for name, value in fields.items() if value is not None)])
    path.write_bytes(head.encode() + b"\n\n" + sitk.GetArrayFromImage(image).astype("<i2").tobytes())
    return path


SILENT = {
    "a direction of none": {"space_directions": "(0.9,0,0) none (0,0,5)"},
    "directions of none": {"space_directions": "none none none"},
    "a direction without end": {"space_directions": "(0.9,0,0) (0,0.9,0) (0,0,1e300)"},
    "a direction of nothing": {"space_directions": "(0.9,0,0) (0,0.9,0) (0,0,0)"},
    "a direction of nan": {"space_directions": "(0.9,0,0) (0,nan,0) (0,0,5)"},
    "no directions": {"space_directions": None},
    "two spacings": {"space_directions": None, "spacings": "0.9 0.9 nan"},
}


@pytest.mark.parametrize("what", SILENT)
def test_an_nrrd_that_says_no_voxel_size_is_not_taken_for_1_mm(phantom, tmp_path, ct_of_the_phantom, what):
    path = nrrd(tmp_path / "ct.nrrd", phantom[0], **SILENT[what])
    refused(path, ct_of_the_phantom, "does not say how large its voxels are")


@pytest.mark.parametrize("spacing", [None, "0 0.9 5", "nan 0.9 5", "1e300 0.9 5", "0.9 0.9"])
def test_an_mha_that_says_no_voxel_size_is_not_taken_for_1_mm(phantom, tmp_path, ct_of_the_phantom, spacing):
    path = write(phantom[0], tmp_path / "ct.mha")
    head, rest = path.read_bytes().split(b"ElementSpacing = ")
    line = b"" if spacing is None else f"ElementSpacing = {spacing}\n".encode()
    path.write_bytes(head + line + rest.split(b"\n", 1)[1])
    refused(path, ct_of_the_phantom, "does not say how large its voxels are")


@pytest.mark.parametrize("value", [0.0, -0.9, float("nan"), float("inf"), 1e30])
def test_a_nifti_that_says_no_voxel_size_is_not_taken_for_1_mm(phantom, tmp_path, ct_of_the_phantom, value):
    data = bytearray(nifti(phantom[0]))
    struct.pack_into("<f", data, 80, value)
    (tmp_path / "ct.nii").write_bytes(data)
    refused(tmp_path / "ct.nii", ct_of_the_phantom, "does not say how large its voxels are")


def test_a_nifti_that_gives_two_voxel_sizes_is_refused(phantom, tmp_path, ct_of_the_phantom):
    data = bytearray(nifti(phantom[0]))
    struct.pack_into("<f", data, 80, 2 * phantom[0].GetSpacing()[0])
    (tmp_path / "ct.nii").write_bytes(data)
    refused(tmp_path / "ct.nii", ct_of_the_phantom, "says in two ways how large its voxels are")


@pytest.mark.parametrize(
    "changes",
    [{"space": None, "space_dimension": "3"}, {"space": None, "space_directions": None, "spacings": "0.9 0.9 5"}],
)
def test_a_file_that_does_not_say_how_the_volume_lies_is_withheld(phantom, tmp_path, changes):
    found = {f.code: f for f in read_ct(nrrd(tmp_path / "ct.nrrd", phantom[0], **changes)).findings}
    assert found["orientation_not_told"].level == "withhold"
    assert "left, front and top are assumed" in found["orientation_not_told"].message


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_says_how_the_volume_lies_is_not_withheld_for_it(sound, name):
    assert "orientation_not_told" not in {f.code for f in read_ct(sound(name)[0]).findings}


@pytest.mark.parametrize("axes", [5, 8, 10, 11, 16, 17, 10**9])
def test_an_nrrd_of_many_dimensions_ends_with_a_sentence(phantom, tmp_path, ct_of_the_phantom, axes):
    sizes = " ".join(["2"] * min(axes, 20))
    path = nrrd(tmp_path / "ct.nrrd", phantom[0], dimension=str(axes), sizes=sizes, space=None, space_directions=None,
                spacings=" ".join(["1"] * min(axes, 20)))  # fmt: skip
    refused(path, ct_of_the_phantom, "dimensions; a volume has 3")


@pytest.mark.parametrize("ending", ["nii", "nii.gz", "nrrd", "mha"])
def test_a_fourth_axis_of_one_is_no_fourth_axis(phantom, tmp_path, ct_of_the_phantom, ending):
    for image, name in zip(phantom, ("ct", "labels"), strict=True):
        sitk.WriteImage(sitk.JoinSeries([image]), str(tmp_path / f"{name}.{ending}"))
    assert same_voxels(read_ct(tmp_path / f"ct.{ending}"), ct_of_the_phantom)
    assert read_segments(tmp_path / f"labels.{ending}", ct_of_the_phantom).volumes_ml["tumor"] > 0


def test_a_header_that_says_something_twice_is_refused(phantom, tmp_path, ct_of_the_phantom):
    path = nrrd(tmp_path / "ct.nrrd", phantom[0])
    path.write_bytes(path.read_bytes().replace(b"endian: little", b"endian: little\nspace: right-anterior-superior"))
    refused(path, ct_of_the_phantom, "says twice what its 'space' is")


def test_an_encoding_that_cannot_be_read_is_named(phantom, tmp_path, ct_of_the_phantom):
    path = nrrd(tmp_path / "ct.nrrd", phantom[0], encoding="bzip2")
    head, voxels = path.read_bytes().split(b"\n\n", 1)
    path.write_bytes(head + b"\n\n" + bz2.compress(voxels))
    refused(path, ct_of_the_phantom, "has the encoding 'bzip2'; save it as raw or gzip")


def test_analyze_does_not_say_which_side_is_left(phantom, tmp_path, ct_of_the_phantom):
    path = write(phantom[0], tmp_path / "ct.hdr")
    data = bytearray(path.read_bytes())
    data[344:348] = bytes(4)
    path.write_bytes(data)
    refused(path, ct_of_the_phantom, "Analyze 7.5")


@pytest.mark.skipif(os.name == "nt", reason="pipes and devices are POSIX")
def test_a_pipe_or_a_device_is_not_waited_for(tmp_path, ct_of_the_phantom):
    os.mkfifo(tmp_path / "ct.nii.gz")
    for path in (tmp_path / "ct.nii.gz", Path("/dev/zero")):
        refused(path, ct_of_the_phantom, "is no plain file")


def test_the_real_files_are_whole(shared):
    for path in (*shared.glob("hcc005/*.nii.gz"), *shared.glob("ibsi/digital_phantom/**/*.nii.gz")):
        assert min(read_image_file(path, "CT").GetSize()) > 1
