"""Contrast phase: measured first, then the header, then a reader; withheld unless it is known to be the signature's."""

import numpy as np
import pytest
import SimpleITK as sitk

from abdomen import image_of
from abdomen import small_arrays as phantom_arrays
from PTLFPredictorLib.confirmation import written_time
from PTLFPredictorLib.ct import ConfirmedPhase, Phase, canonical, phase, phase_finding, read_ct
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.segmentation.reading import parse_labels, read_segments
from PTLFPredictorLib.signature import load

PROTOCOL = load("ptlf-published").protocol
NOTHING = Phase()


def aorta_with_fat(shape, radius):
    _, row, column = np.indices(shape)
    return np.hypot(row - 74, column - 80) <= radius


def phantom_with(liver, aorta):
    """CT and parenchyma of the phantom with these attenuations."""
    hu, labels = phantom_arrays()
    hu = hu.astype(float)
    hu[labels == 1] += liver - 105
    hu[aorta_with_fat(hu.shape, 17)] = -80
    hu[aorta_with_fat(hu.shape, 9)] = aorta
    return canonical(image_of(np.rint(hu).astype(np.int16)), PROTOCOL), image_of((labels == 1).astype(np.uint8))


def of_phantom(liver, aorta):
    ct, parenchyma = phantom_with(liver, aorta)
    return phase.from_attenuation(ct.image, parenchyma)


def called(description):
    return phase.from_header({"SeriesDescription": description}.get)


def measured(liver=None, aorta=None):
    values = {name: value for name, value in (("liver_hu", liver), ("aorta_hu", aorta)) if value is not None}
    name = phase.classify(liver, aorta) if len(values) == 2 else "unknown"
    return Phase(name, "attenuation" if name != "unknown" else "", values)


def settled(description, liver=None, aorta=None, reader=None):
    """(name of the phase, its source, the finding)."""
    confirmed = None if reader is None else ConfirmedPhase.now(reader, "Dr Reader")
    found, finding = phase_finding.settle(called(description), measured(liver, aorta), confirmed, PROTOCOL)
    return found, finding


# Measured


@pytest.mark.parametrize(
    ("liver", "aorta", "name"),
    [
        (105, 150, "portal venous"),
        (60, 300, "arterial"),
        (55, 42, "unenhanced"),
        (80, 90, "delayed"),
        (80, 200, "unknown"),
        (120, 300, "unknown"),
    ],
)
def test_phase_of_the_phantom(liver, aorta, name):
    found = of_phantom(liver, aorta)
    assert found.name == name
    if name not in ("unknown", "unenhanced"):
        assert found.values["aorta_hu"] == pytest.approx(aorta, abs=12)


def test_without_an_aorta_the_answer_is_unknown():
    hu, labels = phantom_arrays()
    hu[aorta_with_fat(hu.shape, 9.5)] = 45
    ct = canonical(image_of(hu))
    assert phase.from_attenuation(ct.image, image_of((labels == 1).astype(np.uint8))).name == "unknown"


def test_real_portal_venous_cts_are_recognised(shared):
    cases = [
        ("ircad17/dicom", "ircad17/liver1_tumour2.nii.gz", None, 163),
        ("totalseg_small/dicom", "totalseg_small/example_seg_dicom.nii.gz", "liver=5", 151),
    ]
    for folder, labels, roles, aorta in cases:
        ct = read_ct(shared / folder)
        segments = read_segments(shared / labels, ct, parse_labels(roles))
        found = phase.from_attenuation(ct.image, segments.mask(1))
        assert found.name == "portal venous"
        assert found.values["aorta_hu"] == pytest.approx(aorta, abs=8)


def test_an_empty_mask_tells_nothing(phantom):
    empty = sitk.Image(phantom[0].GetSize(), sitk.sitkUInt8)
    assert phase.from_attenuation(phantom[0], empty).name == "unknown"
    assert phase.from_attenuation(phantom[0], None).name == "unknown"


# The header's words

NAMES = [
    # coverage, protocol or contrast as such: no phase
    *(
        (text, "unknown")
        for text in ("C-A-P", "LIVER 3 PHASE (AP)", "Recon 2: LIVER 3 PHASE (AP)", "CT CAP", "+C", "C+")
    ),
    *(
        (text, "unknown")
        for text in ("Recon 3: LIVER 2 PHASE (C/A/P)", "2.5 STANDARD", "CT Body 3.0", "Abdomen C-", "")
    ),
    *((text, "unknown") for text in ("C-Spine", "CE", "3 PHASE LIVER", "CT ANGIO ABD", "Dose Report", "Br38f 3")),
    # a word within a word is no word
    *((text, "unknown") for text in ("ARTIFACT", "ARTERY", "Adventure", "PREPARED", "PLAINFIELD", "relate", "170s")),
    # two phases name none; nor does "before" a treatment, or with and without
    *(
        (text, "unknown")
        for text in ("arterial and portal venous", "ART/PV", "late venous", "pre and post KM", "w/wo C")
    ),
    *(
        (text, "unknown")
        for text in ("portal vein thrombosis", "Pfortaderthrombose", "r/o PV thrombosis", "Portal hypertension")
    ),
    *(
        (text, "unknown")
        for text in ("W/WO CONTRAST", "PRE TACE", "pre-op", "PreTACE 5.0", "平扫+增强", "nativ und art")
    ),
    *(
        (text, "unenhanced")
        for text in ("PRE LIVER", "Recon 2: PRE LIVER", "PRE CONTRAST", "PRE", "NON-CONTRAST", "NC")
    ),
    *((text, "unenhanced") for text in ("noncontrast 5.0", "WITHOUT CONTRAST", "ABD W/O", "LeberNativ 5.0", "native")),
    *(
        (text, "unenhanced")
        for text in ("Abdomen ohne KM", "sans injection", "sin contraste", "senza mdc", "平扫", "単純CT")
    ),
    *((text, "arterial") for text in ("HAP", "art.", "Leber_art", "LATE ARTERIAL", "ART5.0", "portal inflow phase")),
    *(
        (text, "arterial")
        for text in ("Oberbauch spätarteriell", "temps artériel", "temps artériel tardif", "fase arteriosa")
    ),
    *((text, "arterial") for text in ("fase arterial", "动脉期", "肝动脉晚期 5mm", "動脈相", "ＡＲＴ")),
    *(
        (text, "portal venous")
        for text in ("VP", "PV", "PVP", "PV 70s", "PV5.0", "Abd_PVP_ThorAbd  3.0  Br40  3", "VEN.")
    ),
    *(
        (text, "portal venous")
        for text in ("Abdomen portal venous 5.0", "PORTAL-VENOUS", "portalvenous", "AbdomenVenous")
    ),
    *(
        (text, "portal venous")
        for text in ("Abdomen portalvenös 5.0 B30f", "portalvenoes", "temps portal", "fase portale")
    ),
    *((text, "portal venous") for text in ("fase venosa", "temps porto-veineux", "门静脉期", "静脉期", "門脈相")),
    *((text, "delayed") for text in ("DELAYED", "5 MIN DELAY", "equilibrium", "LATE", "Spätphase", "temps tardif")),
    *((text, "delayed") for text in ("fase tardía", "fase tardiva", "延迟期", "平衡相", "240s")),
]


@pytest.mark.parametrize(("description", "name"), NAMES)
def test_what_a_series_description_names(description, name):
    assert called(description).name == name


def test_only_the_table_s_word_is_kept_of_a_description():
    found = called("SECRET^NAME portal_VENOUS 1950")
    assert (found.name, found.word) == ("portal venous", "portal venous")
    assert "SECRET" not in repr(found)


# Header, measurement and reader together: (description, liver, aorta, reader) -> phase, source, level

PORTAL, ARTERIAL, NATIVE, BETWEEN, LATE = (103, 139), (55, 389), (48, 36), (82, 205), (90, 105)


@pytest.mark.parametrize(
    ("description", "hu", "reader", "name", "source", "level"),
    [
        # measured to be the signature's
        ("", PORTAL, None, "portal venous", "attenuation", "pass"),
        ("C-A-P", PORTAL, None, "portal venous", "attenuation", "pass"),
        ("PV 70s", PORTAL, None, "portal venous", "attenuation", "pass"),
        ("PRE LIVER", PORTAL, None, "portal venous", "attenuation", "warn"),
        # measured to be another, whatever the header says
        ("", ARTERIAL, None, "arterial", "attenuation", "withhold"),
        ("portal venous", ARTERIAL, None, "arterial", "attenuation", "withhold"),
        ("PV", NATIVE, None, "unenhanced", "attenuation", "withhold"),
        ("PV", LATE, None, "delayed", "attenuation", "withhold"),
        # not decided by the measurement
        ("PV", BETWEEN, None, "portal venous", "header", "pass"),
        ("PV", (95, None), None, "portal venous", "header", "pass"),
        ("HAP", BETWEEN, None, "arterial", "header", "withhold"),
        ("", BETWEEN, None, "unknown", "", "withhold"),
        ("C-A-P", (95, None), None, "unknown", "", "withhold"),
        ("", (None, None), None, "unknown", "", "withhold"),
        ("PV", (None, None), None, "portal venous", "header", "pass"),
        # a liver that hardly is enhanced, an aorta that is arterial: the header's word is not enough
        ("PV", (70, None), None, "unknown", "", "withhold"),
        ("PV", (110, 320), None, "unknown", "", "withhold"),
        # nor over an aorta without contrast (iron, amiodarone)
        ("PV", (84, 40), None, "unknown", "", "withhold"),
        ("PV", (110, 70), None, "unknown", "", "withhold"),
        # a liver that rules the phase out
        ("PV", (60, None), None, "unknown", "", "withhold"),
        ("PV", (60, 150), None, "unknown", "", "withhold"),
        ("PV", (60, 150), "portal venous", "unknown", "", "withhold"),
        # a reader lifts what is unknown or borderline, and nothing that is certain
        ("", BETWEEN, "portal venous", "portal venous", "reader", "warn"),
        ("", (70, None), "portal venous", "portal venous", "reader", "warn"),
        ("", (None, None), "portal venous", "portal venous", "reader", "warn"),
        ("", LATE, "portal venous", "portal venous", "reader", "warn"),
        ("HAP", BETWEEN, "portal venous", "portal venous", "reader", "warn"),
        ("PRE", PORTAL, "portal venous", "portal venous", "reader", "warn"),
        ("", PORTAL, "portal venous", "portal venous", "attenuation", "pass"),
        ("", ARTERIAL, "portal venous", "arterial", "attenuation", "withhold"),
        ("PV", NATIVE, "portal venous", "unenhanced", "attenuation", "withhold"),
        # a reader who says that it is another phase
        ("PV", PORTAL, "arterial", "arterial", "reader", "withhold"),
        ("", BETWEEN, "delayed", "delayed", "reader", "withhold"),
    ],
)
def test_the_phase_by_all_that_is_known(description, hu, reader, name, source, level):
    found, finding = settled(description, *hu, reader)
    assert (found.name, found.source, finding.level) == (name, source, level)
    assert finding.code == "phase"
    answered = [] if reader else finding.values.get("answers", [])
    assert ('--phase "portal venous" --reader NAME' in finding.message) == bool(answered)


def test_a_contradiction_states_both_by_the_table_s_word():
    _, finding = settled("SECRET PRE LIVER", *PORTAL)
    assert finding.message == (
        "Contrast phase: portal venous (liver 103 HU, aorta 139 HU), while the DICOM header says unenhanced ('pre')."
    )
    assert "SECRET" not in repr(finding)


def test_an_unknown_phase_says_what_was_measured_and_how_to_answer():
    _, finding = settled("C-A-P", *BETWEEN)
    assert finding.message == (
        "The contrast phase cannot be told: liver 82 HU, aorta 205 HU, and the DICOM header names none. Look at the "
        'CT: if it is portal venous, a reader can confirm it (in a shell: --phase "portal venous" --reader NAME).'
    )
    assert finding.values["answers"] == ["portal venous"]


def test_a_reader_s_answer_is_stated_with_name_time_and_measurement():
    found, finding = settled("", *LATE, "portal venous")
    time = found.confirmed.by.time
    assert finding.message == (
        f"Dr Reader confirmed the portal venous phase ({written_time(time)}); measured: liver 90 HU, aorta 105 HU, "
        "which looks delayed."
    )
    assert found.to_dict() == {
        "name": "portal venous",
        "source": "reader",
        "values": {"liver_hu": 90, "aorta_hu": 105},
        "header": None,
        "confirmed": {"name": "portal venous", "reader": "Dr Reader", "time": time},
    }


def test_an_answer_needs_a_name_and_a_phase_that_there_is():
    with pytest.raises(BadInput, match="Who answers for the contrast phase"):
        ConfirmedPhase.now("portal venous", " ")
    with pytest.raises(BadInput, match="There is no contrast phase 'venus'"):
        ConfirmedPhase.now("venus", "Dr Reader")
    assert ConfirmedPhase.now("Portal-Venous", "Dr Reader").name == "portal venous"


def test_without_a_signature_nothing_is_withheld():
    assert phase_finding.settle(called(""), measured(*BETWEEN), None, None)[1].level == "warn"
    assert phase_finding.settle(called(""), measured(*ARTERIAL), None, None)[1].level == "pass"


def test_an_answer_belongs_to_one_look_and_leaves_the_ct_as_it_was():
    ct, parenchyma = phantom_with(90, 105)
    answered = ct.with_liver(parenchyma, PROTOCOL, ConfirmedPhase.now("portal venous", "Dr Reader"))
    assert next(f.level for f in answered.findings if f.code == "phase") == "warn"
    again = answered.with_liver(parenchyma, PROTOCOL)
    assert next(f.level for f in again.findings if f.code == "phase") == "withhold"
    assert sum(f.code == "phase" for f in again.findings) == 1


# One patient with HCC before TACE


@pytest.fixture(scope="module")
def hcc005(shared):
    """Phase -> CT and the rough portal mask on its grid."""
    rough = sitk.ReadImage(str(shared / "hcc005" / "portal_rough_liver1_tumour2.nii.gz")) == 1
    cts = {
        name: read_ct(shared / "hcc005" / f"{name}.nii.gz", PROTOCOL) for name in ("portal", "arterial", "unenhanced")
    }
    return {
        name: (ct, sitk.Resample(rough, ct.image, sitk.Transform(), sitk.sitkNearestNeighbor))
        for name, ct in cts.items()
    }


def part_of(mask, share):
    """A poor mask: the part of the liver that lies furthest to the patient's right, as the demo model draws here."""
    array = sitk.GetArrayFromImage(mask)
    column = np.quantile(np.nonzero(array)[2], share)
    array[:, :, int(column) :] = 0
    part = sitk.GetImageFromArray(array)
    part.CopyInformation(mask)
    return part


def volume_ml(mask):
    return float(sitk.GetArrayViewFromImage(mask).sum() * np.prod(mask.GetSpacing()) / 1000)


def told(ct, mask):
    return next(f for f in ct.with_liver(mask, PROTOCOL).findings if f.code == "phase")


@pytest.mark.parametrize(("name", "level"), [("portal", "pass"), ("arterial", "withhold"), ("unenhanced", "withhold")])
def test_hcc005_with_the_portal_mask(hcc005, name, level):
    assert told(*hcc005[name]).level == level


@pytest.mark.parametrize(("name", "share"), [("unenhanced", 0.16), ("arterial", 0.065)])
def test_hcc005_with_a_mask_as_poor_as_the_demo_model_s(hcc005, name, share):
    """The demo model drew 349.8 mL on the unenhanced CT and 138.6 mL on the arterial one: "cannot be told", a note."""
    ct, mask = hcc005[name]
    poor = part_of(mask, share)
    assert 120 < volume_ml(poor) < 370
    assert told(ct, poor).level == "withhold"


def of_dicom(hcc005, name, description, folder, write_dicom):
    """The middle of a CT of hcc005, half as fine in plane, as DICOM of that description."""
    ct, mask = hcc005[name]
    middle = ct.image.GetSize()[2] // 2
    image, mask = (x[::2, ::2, middle - 10 : middle + 10] for x in (ct.image, mask))
    return read_ct(write_dicom(folder, image, tags={"SeriesDescription": description}), PROTOCOL), mask


@pytest.mark.parametrize(
    ("name", "description", "level"),
    [
        ("arterial", "portal venous", "withhold"),
        ("unenhanced", "portal venous", "withhold"),
        ("portal", "C-A-P", "pass"),
        ("portal", "PRE LIVER", "warn"),
    ],
)
def test_hcc005_under_a_header_that_lies(hcc005, tmp_path, write_dicom, name, description, level):
    ct, mask = of_dicom(hcc005, name, description, tmp_path / "d", write_dicom)
    mask.CopyInformation(ct.image)
    assert told(ct, mask).level == level
