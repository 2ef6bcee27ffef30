"""Tube voltage, kernel and the values of a CT against what a signature was fitted on: withheld, told, or passed."""

from dataclasses import replace

import numpy as np
import pytest

from abdomen import image_of
from abdomen import small_arrays as phantom_arrays
from made_signatures import SITE, site
from PTLFPredictorLib.ct import canonical, read_ct
from PTLFPredictorLib.ct.kernels import CLASSES, class_of
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.signature import load, parse

PUBLISHED = load("ptlf-published").protocol


def told(protocol, array=None, **source):
    """Findings by code on the phantom with this source."""
    image = image_of(phantom_arrays()[0] if array is None else array)
    return {finding.code: finding for finding in canonical(image, protocol, source=source).findings}


def levels(protocol, *codes, **source):
    found = told(protocol, **source)
    return [found[code].level for code in codes]


def fitted_on(data, **seen):
    """Protocol of a site's signature whose cases were scanned like this."""
    return parse(site(data, protocol=replace(SITE.protocol, **seen))).protocol


# Tube voltage


@pytest.mark.parametrize(("kvp", "level"), [(120.0, "pass"), (119.9, "pass"), (100.0, "withhold"), (80.0, "withhold")])
def test_the_published_signature_takes_120_kv_alone(kvp, level):
    assert levels(PUBLISHED, "kvp", kvp=kvp) == [level]


def test_another_voltage_is_told_with_both():
    message = told(PUBLISHED, kvp=80.0)["kvp"].message
    assert "scanned at 80 kV" in message
    assert "the signature takes 120 kV" in message


def test_a_file_without_its_voltage_is_a_note_and_withholds_nothing():
    found = told(PUBLISHED)["kvp"]
    assert found.level == "warn"
    assert found.message == "The file does not say the tube voltage (kVp); the signature takes 120 kV."


def test_a_voltage_that_the_evidence_saw_is_taken(published_data):
    protocol = fitted_on(published_data, kvp=(100.0, 120.0))
    assert [levels(protocol, "kvp", kvp=kv) for kv in (100.0, 120.0, 80.0)] == [["pass"], ["pass"], ["withhold"]]


def test_a_list_of_voltages_is_all_that_is_taken(published_data):
    data = {**published_data, "input": {**published_data["input"], "kvp": [120]}}
    protocol = fitted_on(data, kvp=(100.0, 120.0))
    assert levels(protocol, "kvp", kvp=100.0) == ["withhold"]


def test_a_looser_voltage_without_evidence_is_refused(published_data):
    data = {**published_data, "input": {**published_data["input"], "kvp": [100, 120]}}
    with pytest.raises(BadInput, match=r"'input.kvp' takes 100 kV, the published signature 120 kV alone"):
        parse(data)
    assert parse(site(data, protocol=replace(SITE.protocol, kvp=(100.0, 120.0)))).protocol.kvp == (100.0, 120.0)


def test_a_voltage_that_no_case_of_the_evidence_had_is_refused(published_data):
    with pytest.raises(BadInput, match=r"takes 120 kV, but the cases of its evidence were scanned at 100 kV"):
        site(published_data, protocol=replace(SITE.protocol, kvp=(100.0,)))


def test_without_a_signature_nothing_is_compared():
    assert not {"kvp", "kernel"} & told(None, kvp=80.0, kernel="B70f").keys()


# Kernel


@pytest.mark.parametrize(
    ("name", "sort"),
    [
        ("STANDARD", "standard"),
        ("SOFT", "soft"),
        ("DETAIL", "sharp"),
        ("BONE", "bone"),
        ("BONEPLUS", "bone"),
        ("LUNG", "lung"),
        ("B20f", "soft"),
        ("B30f", "standard"),
        ("B31s", "standard"),
        ("B40f", "standard"),
        ("B70f", "sharp"),
        ("I30f/3", "standard"),
        ("Br40d", "standard"),
        ("Qr40d/3", "standard"),
        ("Bl57d", "lung"),
        ("A", "soft"),
        ("B", "standard"),
        ("C", "sharp"),
        ("YA", "sharp"),
        ("L", "lung"),
        ("FC08", "standard"),
        ("FC18-H", "standard"),
        ("FC01", "soft"),
        ("FC30", "bone"),
        ("FC51", "lung"),
        ("standard", "standard"),
    ],
)
def test_a_kernel_is_classed_by_its_makers_name(name, sort):
    assert class_of(name) == sort
    assert sort in CLASSES


@pytest.mark.parametrize("name", ["", None, "other", "FC21", "H30s", "XYZ", "B3", "12", "B30f9999", "IMR"])
def test_a_name_in_no_table_is_not_guessed(name):
    assert class_of(name) is None


@pytest.mark.parametrize("kernel", ["B30f", "B70f", "other", None])
def test_the_published_signature_lists_no_kernel_so_it_is_recorded_only(kernel):
    found = told(PUBLISHED, **({} if kernel is None else {"kernel": kernel}))["kernel"]
    assert found.level == "pass"
    assert found.values["kernel"] == kernel
    assert "recorded only" in found.message


@pytest.mark.parametrize(
    ("kernel", "level"),
    [
        ("B30f", "pass"),
        ("STANDARD", "pass"),
        ("FC08", "pass"),
        ("B70f", "withhold"),
        ("LUNG", "withhold"),
        ("SOFT", "withhold"),
        ("H30s", "warn"),
        ("other", "warn"),
        (None, "warn"),
    ],
)
def test_a_kernel_of_another_class_than_the_evidence_s_withholds(published_data, kernel, level):
    source = {} if kernel is None else {"kernel": kernel}
    assert levels(fitted_on(published_data, kernels=("B30f",)), "kernel", **source) == [level]


def test_a_kernel_that_is_in_no_table_passes_where_the_evidence_names_it(published_data):
    assert levels(fitted_on(published_data, kernels=("H30s",)), "kernel", kernel="H30s") == ["pass"]
    assert levels(fitted_on(published_data, kernels=("H30s",)), "kernel", kernel="B70f") == ["warn"]


def test_kernels_of_the_file_are_stricter_than_its_evidence_never_looser(published_data):
    seen = replace(SITE.protocol, kernels=("B30f", "B50f"))
    strict = {**published_data, "input": {**published_data["input"], "kernels": ["standard"]}}
    assert levels(parse(site(strict, protocol=seen)).protocol, "kernel", kernel="B50f") == ["withhold"]
    loose = {**published_data, "input": {**published_data["input"], "kernels": ["lung"]}}
    with pytest.raises(BadInput, match=r"'input.kernels' takes lung; its evidence covers B30f, B50f alone"):
        site(loose, protocol=seen)


def test_voltage_and_kernel_of_a_dicom_series_are_compared(phantom, tmp_path, write_dicom):
    tags = {"KVP": "100", "ConvolutionKernel": "B70f", "Manufacturer": "SIEMENS"}
    ct = read_ct(write_dicom(tmp_path / "d", phantom[0], tags=tags), PUBLISHED)
    found = {finding.code: finding for finding in ct.findings}
    assert found["kvp"].level == "withhold"
    assert found["kernel"].message == "Kernel: B70f (sharp); the signature names none: recorded only."


# Saturated and fractional HU


@pytest.mark.parametrize(
    ("code", "changed"),
    [("fractional_hu", lambda a: a + 0.25), ("saturated_hu", lambda a: np.minimum(a, 160))],
)
def test_such_values_withhold_only_where_the_signature_was_not_fitted_on_them(published_data, code, changed):
    array = changed(phantom_arrays()[0].astype(np.float32))
    other = {"fractional_hu": "saturated_hu", "saturated_hu": "fractional_hu"}[code]
    assert told(PUBLISHED, array)[code].level == "withhold"
    assert told(fitted_on(published_data), array)[code].level == "withhold"
    assert told(fitted_on(published_data, **{other: True}), array)[code].level == "withhold"
    fitted = told(fitted_on(published_data, **{code: True}), array)[code]
    assert fitted.level == "warn"
    assert fitted.message.endswith("The signature was fitted on such CTs too.")


def test_void_evidence_covers_nothing(published_data):
    data = site(published_data, protocol=replace(SITE.protocol, saturated_hu=True, kvp=(100.0, 120.0)))
    data["radscore_intercept"] += 1
    protocol = parse(data).protocol
    assert (protocol.saturated_hu, protocol.kvp, protocol.kernels) == (False, (120.0,), ())
