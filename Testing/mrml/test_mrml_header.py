"""The header of a volume's DICOM file, in a real MRML scene: what scanners and anonymisers make of its entries."""

from pathlib import Path

import pydicom
import pytest
import slicer
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from test_mrml_segments import ct_image

from PTLFPredictorLib.ct import describe, header_of
from PTLFPredictorLib.mrml.header import acquisition_of
from PTLFPredictorLib.mrml.volumes import add_volume

SLICES = ct_image().GetSize()[2]


@pytest.fixture
def volume_of(tmp_path):
    """A volume node whose storage node names a DICOM file with these entries."""

    def made(**entries):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, "1.2.3"
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, "1.2.3"
        data.Modality, data.Rows, data.Columns = "CT", 2, 2
        with pydicom.config.disable_value_validation():
            for keyword, value in entries.items():
                tag = pydicom.datadict.tag_for_keyword(keyword)
                raw = pydicom.dataelem.RawDataElement(
                    pydicom.tag.Tag(tag), pydicom.datadict.dictionary_VR(tag), len(value), value, 0, False, True
                )
                data._dict[pydicom.tag.Tag(tag)] = raw  # as it was read: written back byte by byte
            pydicom.dcmwrite(tmp_path / "first", data)
        return volume_on(tmp_path / "first")

    return made


def volume_on(path):
    volume = add_volume(ct_image(), "CT")
    storage = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLVolumeArchetypeStorageNode")
    storage.SetFileName(str(path))
    volume.SetAndObserveStorageNodeID(storage.GetID())
    return volume


@pytest.mark.parametrize(
    ("entry", "value", "key", "read"),
    [
        ("SliceThickness", b"5.0 ", "slice_thickness_mm", 5.0),
        ("SliceThickness", b"5,0 ", "slice_thickness_mm", None),
        ("SliceThickness", b"", "slice_thickness_mm", None),
        ("SliceThickness", b"5.0\\5.0 ", "slice_thickness_mm", None),
        ("SliceThickness", b"-5", "slice_thickness_mm", None),
        ("SliceThickness", b"nan ", "slice_thickness_mm", None),
        ("KVP", b"120 ", "kvp", 120.0),
        ("KVP", b"120,0 ", "kvp", None),
        ("KVP", b"120\\140 ", "kvp", None),
        ("ConvolutionKernel", b"I31f\\3 ", "kernel", "I31f/3"),
        ("ConvolutionKernel", b"", "kernel", None),
        ("Manufacturer", b"SIEMENS\\GE ", "manufacturer", "other"),
        ("Manufacturer", b"\xff\xfe", "manufacturer", "other"),
    ],
)
def test_an_entry_is_read_or_left_out_and_never_stops_the_panel(volume_of, entry, value, key, read):
    volume = volume_of(**{entry: value})
    phase, source = acquisition_of(volume)
    assert source.get(key) == read
    assert (source["format"], source["slices"], phase.name) == ("DICOM", SLICES, "unknown")
    assert (phase, source) == describe(header_of(Path(volume.GetStorageNode().GetFileName())).get, SLICES)


@pytest.mark.parametrize(
    ("entries", "name"),
    [
        ({"SeriesDescription": b"portal venous "}, "portal venous"),
        ({"SeriesDescription": b"liver\\late arterial "}, "arterial"),
        ({"AcquisitionTime": b"101110", "ContrastBolusStartTime": b"101000"}, "portal venous"),
        ({"AcquisitionTime": b"10:11:10", "ContrastBolusStartTime": b"101000"}, "unknown"),
        ({"AcquisitionTime": b"101110\\101112", "ContrastBolusStartTime": b"101000"}, "unknown"),
    ],
)
def test_the_phase_that_a_header_names(volume_of, entries, name):
    assert acquisition_of(volume_of(**entries))[0].name == name


def test_a_damaged_or_other_file_is_no_header(tmp_path, volume_of):
    path = tmp_path / "first"
    volume = volume_of(KVP=b"120 ")
    for content in (path.read_bytes()[:140], b"no DICOM at all", b""):
        path.write_bytes(content)
        assert acquisition_of(volume) == (None, {"format": "scene volume", "slices": SLICES})
    path.unlink()
    assert acquisition_of(volume) == (None, {"format": "scene volume", "slices": SLICES})
