"""What is said of a result, once; and how to add an output: a function of `Statements` that lays them out."""

from dataclasses import fields, is_dataclass, replace

import pytest

from made_records import demo_data, record_of
from PTLFPredictorLib.ct import Finding
from PTLFPredictorLib.record.statements import (
    Statements,
    of_prediction,
    of_radscore,
    of_record,
    sentence,
    sentences,
)
from PTLFPredictorLib.render import html, terminal
from PTLFPredictorLib.signature import (
    Entered,
    IntervalKind,
    Prediction,
    PredictionState,
    Radscore,
    ScoreState,
    load,
    parse,
    what_if,
)


@pytest.fixture(scope="module")
def published():
    return of_record(record_of(load("ptlf-published"), radscore=7.72))


@pytest.fixture(scope="module")
def demonstration(published_data):
    return of_record(record_of(parse(demo_data(published_data)), demonstration=True, sample=True))


def markdown(said: Statements) -> str:
    """An output from outside the library: everything that a patient's letter needs, in Markdown."""
    lines = [f"# {said.title}", f"**{said.research_use}**", ""]
    lines.append(f"**{said.risk.shown or 'Risk not shown'}** {said.risk.horizon if said.risk.shown else ''}".strip())
    lines += [sentences(said.risk.reason, said.risk.interval_words), ""]
    lines += [f"- {one.label}: {one.words}" for one in said.inputs]
    lines += [f"- Radscore: {said.score.words}", "", "| term | VOI | z |", "|---|---|---|"]
    lines += [f"| {one.short} | {one.where} | {one.z} |" for one in said.score.terms]
    lines += ["", *(f"- {one.level}: {one.message}" for one in said.findings), "", said.model.equation, said.signed]
    return "\n".join(lines)


def test_a_renderer_from_outside_needs_nothing_but_statements(published):
    page = markdown(published)
    assert page.startswith("# Pre-procedural risk of post-TACE liver failure\n**Research use only.")
    assert "\n**Risk not shown**\nCannot be computed: the paper does not give the training cohort's mean" in page
    assert "\n- Albumin: 43.6 g/L\n- INR: 1.09\n- Radscore: not shown\n" in page
    assert "| Run-length non-uniformity (exponential) | tumour | None |" in page
    assert "\n- withhold: 8 of 8 criteria of the study are not answered" in page
    assert page.endswith("\nnot signed off by a reader")
    assert "logit P(PTLF) = -16.2 + 0.163 x ALB [g/L] + 7.597 x INR + 0.317 x Radscore" in page


def test_it_says_what_the_librarys_own_outputs_say(demonstration):
    page, lines = markdown(demonstration), "\n".join(terminal.lines_of(demonstration))
    for words in (demonstration.risk.shown, "not for patients. Predicted risk of PTLF", "within 4 weeks after TACE"):
        assert words in page
        assert words in html.page(demonstration)
        assert words in lines


def test_statements_are_frozen_and_hold_no_json(published):
    """What an output is made of has types and names all the way down, so that a misspelt one is an error."""

    def visit(value, path):
        assert not isinstance(value, dict) or path[-1] in ("points", "volumes_ml", "values", "data"), path
        if is_dataclass(value) and type(value).__module__.startswith("PTLFPredictorLib.record.statements"):
            assert type(value).__dataclass_params__.frozen, path
            for one in fields(value):
                visit(getattr(value, one.name), (*path, one.name))
        elif isinstance(value, tuple):
            for number, item in enumerate(value):
                visit(item, (*path, number))

    visit(published, ("said",))


def test_a_changed_statement_changes_every_output_that_shows_it(demonstration):
    changed = replace(demonstration, risk=replace(demonstration.risk, reason="Another reason."))
    for output in (markdown, html.page, lambda said: "\n".join(terminal.lines_of(said))):
        assert "Another reason." in output(changed)
        assert "Demonstration on synthetic cases, not for patients." not in output(changed)


# A live panel and a shell's what-if have no record


def test_a_what_if_is_told_in_bands_and_never_as_one_number():
    prediction = what_if(load("ptlf-published"), Entered({"ALB": 43.6, "INR": 1.09}), 7.72)
    said = of_prediction(prediction, "within 4 weeks after TACE")
    assert (said.state, said.risk, said.shown) == (PredictionState.WHAT_IF, "", "43-96 %")
    assert [band.split(" over ")[0] for band in said.bands] == ["74-86 %", "43-96 %"]
    assert said.interval_words == "; ".join(said.bands)
    assert said.banner == "WHAT-IF - not this patient's result"
    assert said.assumes.startswith("This assumes that 24.5 % get PTLF")


@pytest.mark.parametrize(
    ("prediction", "shown", "words", "banner"),
    [
        (Prediction(PredictionState.WITHHELD, "withheld: a reason", {"ALB": 1.0}), "", "", ""),
        (
            Prediction(
                PredictionState.RISK, "Computed.", {}, risk=0.004, risk_interval=(0.001, 0.02),
                interval_kind=IntervalKind.CONFIDENCE, interval_note="95 % confidence interval",
            ),
            "<1 %", "95 % confidence interval <1 to 2 %", "",
        ),
        (
            Prediction(
                PredictionState.RANGE, "INR is missing.", {}, risk_interval=(0.2, 0.6),
                interval_kind=IntervalKind.MISSING_INPUT, interval_note="range over INR 0.8 to 1.4",
            ),
            "20-60 %", "20-60 % (range over INR 0.8 to 1.4)", "",
        ),
        (
            Prediction(PredictionState.DEMONSTRATION, "Demonstration.", {}, risk=0.5),
            "50 %", "", "DEMONSTRATION - not this patient's result",
        ),
    ],
)  # fmt: skip
def test_what_is_said_of_a_prediction(prediction, shown, words, banner):
    said = of_prediction(prediction, "within 4 weeks")
    assert (said.shown, said.interval_words, said.banner) == (shown, words, banner)


@pytest.mark.parametrize(
    ("value", "state", "reason", "words"),
    [
        (7.718, ScoreState.COMPUTED, "", "7.72"),
        (7.718, ScoreState.RELATIVE, "", "7.72 (relative)"),
        (7.718, ScoreState.REFERENCE, "scale of 103 CTs", "7.72 (scale of 103 CTs)"),
        (7.718, ScoreState.DEMONSTRATION, "", "7.72 (demonstration)"),
        (None, ScoreState.WITHHELD, "withheld: a reason", "not shown"),
        (None, ScoreState.NOT_COMPUTABLE, "cannot be computed", "not shown"),
    ],
)
def test_a_radscore_is_called_by_its_state_not_by_its_sentence(value, state, reason, words):
    said = of_radscore(Radscore(value, state, reason, ()), load("ptlf-published"))
    assert said.words == words
    assert said.status == (reason or str(state))


def test_findings_pass_through_with_their_level(published):
    assert all(isinstance(finding, Finding) for finding in published.findings)
    assert {finding.level for finding in published.findings} == {"pass", "warn", "withhold"}


@pytest.mark.parametrize(
    ("text", "told"), [("", ""), ("  a reason ", "A reason."), ("Why?", "Why?"), ("95 % of all", "95 % of all.")]
)
def test_a_sentence_begins_large_and_ends_once(text, told):
    assert sentence(text) == told


def test_sentences_leave_out_what_is_empty():
    assert sentences("one", "", "two.") == "One. Two."
