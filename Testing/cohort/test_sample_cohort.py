"""The synthetic cohort: what its table says is what it was drawn from, and nobody takes it for patients."""

import csv

import numpy as np
import pytest
import SimpleITK as sitk

from PTLFPredictorLib import cli
from PTLFPredictorLib.cohort import sample_cohort
from PTLFPredictorLib.cohort.table import CohortTable, OutcomeRule, Split
from PTLFPredictorLib.ct import Level
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.sample import Disease, SampleCase, draw_outcome, known
from PTLFPredictorLib.sample.outcomes import FREQUENT_INTERCEPT
from PTLFPredictorLib.segmentation.origin import Drawn
from PTLFPredictorLib.signature import checklist, load
from PTLFPredictorLib.signature.policy.eligibility import CriterionState
from sample_way import ptlf

PUBLISHED = load("ptlf-published")


@pytest.fixture
def drawn(monkeypatch) -> list[tuple[int, dict]]:
    """Seeds and options that were drawn, each as a tiny image in the place of a CT."""
    calls = []

    def draw(seed, **options):
        calls.append((seed, options))
        ct, labels = sitk.Image(4, 4, 4, sitk.sitkInt16), sitk.Image(4, 4, 4, sitk.sitkUInt8)
        ct.SetMetaData(known.KEY, known.claim_text(seed, options))
        return SampleCase(ct, labels, seed, 1500.0, 50.0, 0.5, (), "")

    monkeypatch.setattr(known, "draw", draw)
    return calls


def test_four_in_ten_have_the_event():
    outcomes = [draw_outcome(seed, Disease.draw(seed), FREQUENT_INTERCEPT) for seed in range(500_000, 504_000)]
    assert np.mean([one.risk for one in outcomes]) == pytest.approx(0.40, abs=0.015)
    assert np.mean([one.ptlf for one in outcomes]) == pytest.approx(0.40, abs=0.025)


def test_the_table_is_read_without_a_finding_that_matters(drawn, tmp_path):
    made = sample_cohort.make(tmp_path, 60)
    table = CohortTable.read(made.table, PUBLISHED)
    assert {(one.code, one.column) for one in table.findings if one.level is not Level.PASS} == set()
    assert len(table.cases) == 60
    assert table.synthetic
    assert all(case.synthetic for case in table.cases)
    for case, member in zip(table.cases, made.members, strict=True):
        outcome = member.outcome
        assert dict(case.entered.values) == {"ALB": outcome.albumin_g_per_l, "INR": outcome.inr}
        assert case.outcome is outcome.ptlf, case
        assert {item.status for item in checklist(PUBLISHED, case.answers).items} == {CriterionState.CONFIRMED}
        assert case.mask_origin.drawn is Drawn.HAND
    assert made.events == sum(case.outcome for case in table.cases) >= 20
    strict = CohortTable.read(made.table, PUBLISHED, rule=OutcomeRule.APASL_ALL)
    assert {case.outcome for case in strict.cases} == {True, False}
    assert all(loose.outcome or not case.outcome for loose, case in zip(table.cases, strict.cases, strict=True))
    assert [(one.name, one.unit, one.levels) for one in table.clinical] == [
        ("age", "years", ()),
        ("AFP", "ng/mL", ()),
        ("tumours", "", ("multiple", "one")),
        ("bilirubin", "umol/L", ()),
        ("ascites_before", "", ()),
        ("encephalopathy_before", "", ()),
    ]


def test_two_centres_scan_differently_and_within_the_protocol(drawn, tmp_path):
    made = sample_cohort.make(tmp_path, 20)
    by_seed = dict(drawn)
    protocol = PUBLISHED.protocol
    for member in made.members:
        options = by_seed[member.seed]
        low, high = protocol.in_plane_spacing_mm
        assert low <= 400 / options["matrix"] <= high
        assert protocol.slice_thickness_mm[0] <= options["slice_mm"] <= protocol.slice_thickness_mm[1]
    assert len({tuple(options.values()) for options in by_seed.values()}) == 2
    assert {case.split for case in CohortTable.read(made.table, PUBLISHED).cases} == {Split.NONE}
    table = CohortTable.read(made.split_table, PUBLISHED)
    assert {(case.centre, case.split.value) for case in table.cases} == {("A", "training"), ("B", "validation")}
    assert sum(case.centre == "B" for case in table.cases) == 6


def test_what_was_drawn_is_kept_and_more_cases_change_no_earlier_one(drawn, tmp_path):
    sample_cohort.make(tmp_path, 3)
    assert [seed for seed, _ in drawn] == [7300, 7301, 7302, 7299]
    before = list(csv.reader((tmp_path / "cohort.csv").open(encoding="utf-8-sig")))
    drawn.clear()
    (tmp_path / "segmentation" / "7301.nii.gz").unlink()
    sample_cohort.make(tmp_path, 4)
    assert [seed for seed, _ in drawn] == [7301, 7303]
    after = list(csv.reader((tmp_path / "cohort.csv").open(encoding="utf-8-sig")))
    assert after[:4] == before
    drawn.clear()
    sample_cohort.make(tmp_path, 4, matrix=480)
    assert len(drawn) == 5


def test_the_held_out_case_is_in_no_cohort(drawn, tmp_path):
    made = sample_cohort.make(tmp_path, 3)
    (case,) = CohortTable.read(made.held_out, PUBLISHED).cases
    assert case.id == "S7299"
    assert case.ct == tmp_path / "held-out" / "ct.nrrd"
    assert made.held_out_member not in made.members


@pytest.mark.parametrize("asked", [{"cases": 0}, {"first_seed": 0}, {"matrix": 64}, {"matrix": 600}, {"jobs": 0}])
def test_numbers_that_cannot_be_meant_are_refused(drawn, tmp_path, asked):
    with pytest.raises(BadInput, match="A sample cohort has at least one case"):
        sample_cohort.make(tmp_path, **asked)
    assert not drawn


def test_the_command_says_what_it_made_and_that_nobody_is_a_patient(drawn, tmp_path):
    answer = ptlf("cohort", "sample", "--cases", 10, "--seed", 7400, "--jobs", 1, "--out", tmp_path)
    assert answer.code == 0, answer.err
    assert "10 synthetic cases, no patients" in answer.out
    assert "7 of centre A, 3 of centre B" in answer.out
    assert [seed for seed, _ in drawn] == [*range(7400, 7410), 7399]
    assert len(CohortTable.read(tmp_path / "cohort.csv", PUBLISHED).cases) == 10


@pytest.mark.slow
def test_real_cases_are_known_as_samples_of_their_centre(tmp_path):
    from PTLFPredictorLib.ct import read_ct

    made = sample_cohort.make(tmp_path, 4, jobs=2)
    for member in (made.members[0], made.members[3]):
        ct = read_ct(tmp_path / "ct" / f"{member.seed}.nrrd", PUBLISHED.protocol)
        assert known.seed_of(ct.identity) == member.seed
        assert not [one for one in ct.findings if one.level.severity >= Level.WITHHOLD.severity]


def _stopped(*_, **__):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ((cli, "parser"), "Cancelled. Nothing was written."),
        ((sample_cohort, "make"), "Cancelled. Cases that are drawn are kept; the same command goes on from there."),
    ],
    ids=["while the options are read", "while cases are drawn"],
)
def test_ctrl_c_ends_with_a_sentence_that_is_true(monkeypatch, capsys, tmp_path, place, says):
    monkeypatch.setattr(*place, _stopped)
    assert cli.main(["cohort", "sample", "--cases", "3", "--out", str(tmp_path / "out")]) == 130
    assert capsys.readouterr().err.endswith(f"ptlf: {says}\n")
