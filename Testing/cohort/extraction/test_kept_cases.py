"""What a finished case is kept under: every byte and every option that its features depend on, and nothing else."""

from __future__ import annotations

import string
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from abdomen import image_of
from PTLFPredictorLib.case import Sources
from PTLFPredictorLib.child.system import CORES, cpu_cores
from PTLFPredictorLib.cohort.extraction import here, tables
from PTLFPredictorLib.cohort.extraction.cache import Cache, key_of
from PTLFPredictorLib.cohort.extraction.contained import Outcome
from PTLFPredictorLib.cohort.extraction.job import Options, job_of
from PTLFPredictorLib.cohort.extraction.names import file_names, nameless
from PTLFPredictorLib.cohort.table import Case
from PTLFPredictorLib.confirmation import Confirmation
from PTLFPredictorLib.ct import ConfirmedPhase
from PTLFPredictorLib.segmentation import default_model, provenance
from PTLFPredictorLib.segmentation.how import How
from PTLFPredictorLib.segmentation.names import Role
from PTLFPredictorLib.segmentation.postprocess import PostProcessing
from PTLFPredictorLib.segmentation.reading import Source
from PTLFPredictorLib.signature import Entered, load
from PTLFPredictorLib.vois import VOI

PUBLISHED = load("ptlf-published")
VERSIONS = {"numpy": "1"}


@pytest.fixture
def case(tmp_path) -> Case:
    image = image_of(np.zeros((4, 8, 8), np.int16))
    for name in ("ct.nii.gz", "first.nii.gz", "second.nii.gz"):
        sitk.WriteImage(image, str(tmp_path / name))
    return Case(
        2,
        "a",
        tmp_path / "ct.nii.gz",
        (Source(tmp_path / "first.nii.gz"),),
        (Source(tmp_path / "second.nii.gz"),),
        mask_origin=provenance.said("hand", "A. Reader"),
        phase=ConfirmedPhase.now("portal venous", "A. Reader"),
    )


def key(case: Case, versions=VERSIONS, **options) -> str:
    return key_of(job_of(case, Options(**{"signature": PUBLISHED, **options}), versions))


def test_it_changes_with_everything_that_a_value_or_finding_depends_on(case):
    bins = replace(PUBLISHED.extraction, bin_width=24.0)
    protocol = replace(PUBLISHED, protocol=replace(PUBLISHED.protocol, phases=("arterial",)))
    tumour = (Source(case.segmentation[0].path, Role.TUMOUR),)
    keys = [
        key(case),
        key(replace(case, segmentation=tumour)),
        key(replace(case, labels={Role.LIVER: (5,)})),
        key(replace(case, mask_origin=None)),
        key(replace(case, mask_origin=provenance.said("hand", "Another"))),  # whose name stands in findings
        key(replace(case, phase=None)),
        key(replace(case, series_uid="1.2")),
        key(replace(case, acquisition=2)),
        key(case, settings=bins),
        key(case, wanted=dict.fromkeys(VOI)),
        key(case, signature=protocol),
        key(case, engine="pyradiomics"),
        key(case, to_protocol=True),
        key(case, second=True),
        key(case, post_processing=PostProcessing(fill_holes=True)),
        key(case, {"numpy": "2"}),
    ]
    assert len(set(keys)) == len(keys)


def test_it_changes_with_how_a_model_draws_the_segments_and_only_then(case):
    drawn, model = replace(case, segmentation=()), default_model()
    ways = [
        *(How(), How("cpu"), How(runtime="torch"), How(runtime="openvino"), How(precision="bf16")),
        *(How(mirroring="none"), How(mirroring="left-right"), How(tile_step=0.75)),
    ]
    assert len({key(drawn, model=model, how=how) for how in ways}) == len(ways)
    assert len({key(case, model=model, how=how) for how in ways}) == 1


@pytest.mark.parametrize("name", ["ct.nii.gz", "first.nii.gz"])
def test_it_changes_with_the_bytes_of_ct_and_segments(case, tmp_path, name):
    before = key(case)
    path = tmp_path / name
    path.write_bytes(path.read_bytes() + b"\0")
    changed = key(case)
    path.unlink()
    assert len({before, changed, key(case)}) == 3


def test_the_second_segments_count_where_they_are_measured(case, tmp_path):
    first, both = key(case), key(case, second=True)
    (tmp_path / "second.nii.gz").write_bytes(b"other")
    assert key(case) == first
    assert key(case, second=True) != both


def test_it_stays_whatever_a_case_is_called_and_wherever_and_whenever(case, tmp_path):
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("ct.nii.gz", "first.nii.gz"):
        (tmp_path / name).rename(moved / name)
    other = replace(
        case,
        id="b",
        row=99,
        ct=moved / "ct.nii.gz",
        segmentation=(Source(moved / "first.nii.gz"),),
        phase=replace(case.phase, by=Confirmation("A. Reader", "2020-01-01")),
        mask_origin=case.mask_origin.with_changes(named=Confirmation("A. Reader", "2020-01-01")),
        entered=Entered({"ALB": 30.0}),
        outcome=True,
        centre="north",
    )
    there = key(other)
    for name in ("ct.nii.gz", "first.nii.gz"):
        (moved / name).rename(tmp_path / name)
    assert there == key(case)


def test_an_entry_that_is_damaged_or_another_ones_is_none(tmp_path):
    cache = Cache(tmp_path)
    cache.keep("a" * 64, Outcome({"case": b'{"features": []}'}))
    assert cache.get("a" * 64) == {"key": "a" * 64, "problem": "", "features": []}
    path = tmp_path / f"{'a' * 64}.json"
    path.rename(tmp_path / f"{'b' * 64}.json")
    assert cache.get("b" * 64) is None
    path.write_bytes(b'{"key"')
    assert cache.get("a" * 64) is None


@pytest.mark.parametrize(("code", "again"), [(2, False), (1, False), (3, True), (4, True), (5, True)])
def test_a_failure_is_kept_where_it_would_happen_again(tmp_path, code, again):
    cache = Cache(tmp_path)
    assert cache.keep("a", Outcome(problem="No.", exit_code=code))["problem"] == "No."
    assert (cache.get("a") is None) == again


# ---- tables

KEYS = st.tuples(st.sampled_from(VOI), st.text(string.ascii_letters + "-_", min_size=1, max_size=8))
ROWS = st.dictionaries(
    st.text(min_size=1, max_size=5),
    st.dictionaries(KEYS, st.floats(allow_nan=False, allow_infinity=False), max_size=4),
    min_size=1,
    max_size=4,
)


@settings(max_examples=30)
@given(rows=ROWS)
def test_every_digit_comes_back_from_a_table_whose_bytes_depend_on_nothing_else(rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    for name in ("a", "b"):
        tables.write(rows, folder / name)
    assert tables.read_rows(folder / "a") == rows
    assert (folder / "a").read_bytes() == (folder / "b").read_bytes()
    frame = tables.frame_of(rows)
    assert list(frame.index) == list(rows)
    assert {tables.key_of(column) for column in frame.columns} == {key for row in rows.values() for key in row}


def test_a_table_has_the_tumours_columns_first_and_names_the_parenchyma_liver():
    rows = {"a": {(VOI.PARENCHYMA, "x_y"): 1.0, (VOI.TUMOUR, "x_y"): 2.0}, "b": {}}
    assert list(tables.frame_of(rows).columns) == ["tumor__x_y", "liver__x_y"]
    assert tables.frame_of(rows).loc["b"].isna().all()


# ---- names


@given(ids=st.lists(st.text(max_size=8) | st.sampled_from(["a", "A", "con", "../x", "case-0001"]), unique=True))
def test_every_id_becomes_a_file_name_of_its_own(ids):
    names = file_names(ids)
    assert len({name.lower() for name in names}) == len(ids)
    assert all(name and not set(name) - set(string.ascii_letters + string.digits + "._-") for name in names)
    assert not {name.split(".")[0].lower() for name in names} & {"con", "prn", "aux", "nul", "com1"}


def test_a_sentence_names_no_file_of_a_case(tmp_path):
    folder = tmp_path / "Miller^John"
    folder.mkdir()
    (folder / "MILLER_1.dcm").touch()
    sources = Sources(folder, [Source(tmp_path / "miller.nrrd")])
    said = f"'{folder}' and 'MILLER_1.dcm' do not fit '{tmp_path / 'miller.nrrd'}' (miller.nrrd) in {tmp_path}."
    assert nameless(said, sources) == "The CT and the CT do not fit the segmentation (the segmentation) in the CT."


# ---- how many at a time


@pytest.mark.parametrize(
    ("cores", "free_gb", "each_gb", "once_gb", "jobs"),
    [(16, 64, 2, 0, 16), (16, 9, 2, 0, 4), (16, 1, 2, 0, 1), (2, None, 2, 0, 2), (16, 9, 2, 4, 2), (16, 9, 2, 10, 1)],
)
def test_as_many_at_a_time_as_cores_and_memory_allow(monkeypatch, cores, free_gb, each_gb, once_gb, jobs):
    monkeypatch.setattr(here, "cpu_cores", lambda: cores)
    monkeypatch.setattr(here, "free_memory_bytes", lambda: None if free_gb is None else free_gb * here.GB)
    found, why = here.jobs_for(each_gb * here.GB, once_gb * here.GB)
    assert found == jobs
    assert f"{cores} cores" in why


def test_a_child_uses_the_cores_that_it_is_given(monkeypatch):
    there = cpu_cores()
    monkeypatch.setenv(CORES, "1")
    assert cpu_cores() == 1
    monkeypatch.setenv(CORES, str(there + 7))
    assert cpu_cores() == there
