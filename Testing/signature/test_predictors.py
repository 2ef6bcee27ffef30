"""Predictors as data: a signature with four, one computed and one categorical, and one of the Radscore alone."""

import copy
import json
import math
from dataclasses import replace

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_signatures import ALONE_VARIANCES, FOUR, FOUR_VARIANCES, four_predictors, normalised, radscore_alone, site
from PTLFPredictorLib.ct import Finding
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.measures.clinical.units import QUANTITIES
from PTLFPredictorLib.signature import (
    Entered,
    PredictionState,
    PredictorKind,
    PredictorSource,
    ScoreState,
    assess,
    checklist,
    eligibility,
    equation,
    evidence,
    geometry,
    load,
    outcome,
    parse,
    what_if,
)
from PTLFPredictorLib.signature.files import FOLDER

SCHEMA = json.loads((FOLDER / "signature.schema.json").read_text(encoding="utf-8"))
WHOLE = {"ALB": 40.0, "bilirubin": 20.0, "Tumours": "multiple"}

ALBI = 0.66 * math.log10(20.0) - 0.085 * 40.0
"""Of `WHOLE`, by Johnson's formula."""


@pytest.fixture(scope="module")
def four(published_data):
    return parse(four_predictors(published_data))


@pytest.fixture(scope="module")
def alone(published_data):
    return parse(radscore_alone(published_data))


def expit(x):
    return 1 / (1 + math.exp(-x))


def score_of(signature, z=0.5):
    return z * math.fsum(term.coefficient for term in signature.terms)


def shown_by(signature, entered, findings=(), z=0.5, **options):
    raw = {term.key: 10.0 + 2.0 * z for term in signature.terms}
    return assess(signature, raw, Entered(entered), findings, **options)


def changed(data, *path, to):
    data = copy.deepcopy(data)
    at = data
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = to
    return data


# What is entered


def test_both_files_fit_the_schema(published_data):
    for made in (four_predictors(published_data), radscore_alone(published_data)):
        jsonschema.validate(made, SCHEMA)
        assert parse(made).evidence is not None


def test_entries_are_the_entered_predictors_and_what_the_measures_need_beside_them(four, alone):
    assert [entry.id for entry in four.entries] == ["ALB", "Tumours", "bilirubin"]
    albumin, tumours, bilirubin = four.entries
    assert [(unit.unit, unit.factor, unit.range) for unit in albumin.units] == [
        ("g/L", 1.0, (15.0, 60.0)),
        ("g/dL", 10.0, (1.5, 6.0)),
    ]
    assert albumin.needed_by == ("ALB", "ALBI")
    assert (bilirubin.label, bilirubin.unit, bilirubin.needed_by) == ("Bilirubin", "umol/L", ("ALBI",))
    assert [unit.unit for unit in bilirubin.units] == ["umol/L", "mg/dL"]
    assert tumours.kind is PredictorKind.CATEGORICAL
    assert [level.value for level in tumours.levels] == ["single", "multiple"]
    assert alone.entries == ()


def test_the_published_signature_asks_for_albumin_and_inr():
    albumin, inr = load("ptlf-published").entries
    assert (albumin.id, albumin.label, albumin.unit) == ("ALB", "Albumin", "g/L")
    assert albumin.note.startswith("In this model a higher albumin raises the risk")
    assert (inr.id, inr.unit, [unit.range for unit in inr.units]) == ("INR", "1", [(0.5, 6.0)])


@pytest.mark.parametrize(
    ("given_as", "expected"),
    [
        ({"ALB": (4.0, "g/dL"), "bilirubin": (20.0, None), "Tumours": ("multiple", None)}, WHOLE),
        ({"ALB": (40.0, None), "bilirubin": (1.0, "mg/dL"), "Tumours": (None, None)}, {"ALB": 40.0, "bilirubin": 17.1}),
        ({}, {}),
    ],
)
def test_what_was_typed_is_held_in_the_entries_own_units(four, given_as, expected):
    assert dict(Entered.checked(four, given_as).values) == expected


@pytest.mark.parametrize(
    ("entry", "value", "unit", "sentence"),
    [
        ("ALB", 4.0, "g/L", "Albumin 4 g/L is implausible; is it 4 g/dL? Then choose the unit g/dL."),
        ("ALB", 40.0, "mg/L", "The unit of albumin is 'mg/L'; it must be g/L or g/dL."),
        ("bilirubin", 1.0, "umol/L", "is implausible; is it 1 mg/dL?"),
        ("Tumours", "many", None, "Tumours is 'many'; it must be single or multiple."),
        ("INR", 1.1, None, "The signature takes no INR; it takes ALB, Tumours, bilirubin."),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(four, entry, value, unit, sentence):
    with pytest.raises(BadInput) as refusal:
        Entered.checked(four, {entry: (value, unit)})
    assert sentence in str(refusal.value)


def test_a_prothrombin_time_for_an_inr_is_asked_about():
    with pytest.raises(BadInput, match=r"INR 12 cannot be used: above 6\. Is it the prothrombin time in seconds"):
        Entered.checked(load("ptlf-published"), {"INR": (12.0, None)})


def test_values_of_the_predictors_come_from_the_entries_the_measure_and_the_score(four):
    values = four.values_of(Entered(WHOLE), radscore=2.0)
    assert list(values) == list(FOUR)
    assert values == pytest.approx({"ALB": 40.0, "ALBI": ALBI, "Tumours": "multiple", "Radscore": 2.0})
    assert four.values_of(Entered({"ALB": 40.0})) == {"ALB": 40.0}
    assert four.known(Entered(WHOLE)).measured["ALBI"].source.startswith("Johnson PJ")


# Risk, interval, words


def test_the_equation_says_every_predictor_with_unit_and_level(four, alone):
    assert equation(four) == (
        "logit P(PTLF) = 0.5 + 0.1 x ALB [g/L] + 2 x ALBI + 0.7 x [Tumours is multiple] + 0.3 x Radscore"
    )
    assert equation(alone) == "logit P(PTLF) = -1.5 + 0.3 x Radscore"


@pytest.mark.parametrize(("tumours", "column"), [("single", 0.0), ("multiple", 1.0)])
def test_risk_and_interval_of_four_predictors(four, tumours, column):
    shown = shown_by(four, {**WHOLE, "Tumours": tumours})
    score = score_of(four)
    lp = 0.5 + 0.1 * 40.0 + 2.0 * ALBI + 0.7 * column + 0.3 * score
    assert shown.radscore.state is ScoreState.RELATIVE or shown.radscore.state is ScoreState.COMPUTED
    assert shown.prediction.state is PredictionState.RISK
    assert shown.prediction.linear_predictor == pytest.approx(lp)
    assert shown.prediction.risk == pytest.approx(expit(lp))
    x = np.array([1.0, 40.0, ALBI, column, score])
    half = 1.959964 * math.sqrt(x @ np.diag(list(FOUR_VARIANCES.values())) @ x)
    assert shown.prediction.risk_interval == pytest.approx((expit(lp - half), expit(lp + half)))
    assert shown.prediction.points == pytest.approx(
        {"ALB": 24.0, "ALBI": 20.0 * (ALBI + 4.0), "Tumours": 7.0 * column, "Radscore": 3.0 * (score + 22.0)}
    )


def test_risk_and_interval_of_the_radscore_alone(alone):
    shown = shown_by(alone, {}).prediction
    lp = -1.5 + 0.3 * score_of(alone)
    half = 1.959964 * math.sqrt(ALONE_VARIANCES["intercept"] + ALONE_VARIANCES["Radscore"] * score_of(alone) ** 2)
    assert shown.state is PredictionState.RISK
    assert (shown.risk, *shown.risk_interval) == pytest.approx((expit(lp), expit(lp - half), expit(lp + half)))
    assert list(shown.points) == ["Radscore"]
    typed = what_if(alone, Entered(), 4.0)
    assert (typed.state, typed.risk) == (PredictionState.WHAT_IF, pytest.approx(expit(-0.3)))


def test_the_rules_of_what_may_be_shown_hold_for_other_predictors_too(published_data, four):
    void = changed(four_predictors(published_data), "outcome", "coefficients", "Tumours=multiple", "value", to=0.8)
    for signature, entered, findings, state in (
        (parse(void), WHOLE, (), PredictionState.WITHHELD),
        (four, WHOLE, [Finding("phase", "withhold", "Arterial.")], PredictionState.WITHHELD),
        (parse(four_predictors(published_data, covariance=None)), WHOLE, (), PredictionState.WITHHELD),
        (parse({**four.data, "evidence": None}), WHOLE, (), PredictionState.WITHHELD),
        (parse({**four.data, "normalisation": None}), WHOLE, (), PredictionState.NOT_COMPUTABLE),
        (parse(four_predictors(published_data, synthetic=True)), WHOLE, (), PredictionState.WITHHELD),
    ):
        shown = shown_by(signature, entered, findings).prediction
        assert (shown.state, shown.risk, shown.risk_interval, shown.total_points) == (state, None, None, None)
        assert shown.reason
    demo = parse(four_predictors(published_data, synthetic=True))
    shown = shown_by(demo, WHOLE, demonstration=True, sample=True).prediction
    assert shown.state is PredictionState.DEMONSTRATION


@pytest.mark.parametrize(
    ("without", "reason", "note", "places"),
    [
        (
            "ALB",
            "Albumin is missing: the range of the risk over its central 95 % (26.5 to 49.3).",
            "range over Albumin 26.5 to 49.3, not a confidence interval",
            # ALBI follows albumin
            [(alb, 0.66 * math.log10(20.0) - 0.085 * alb, 1.0) for alb in (26.5, 49.3)],
        ),
        (
            "bilirubin",
            "Bilirubin is missing: the range of the risk over the central 95 % of ALBI score (-3.2 to -1.2).",
            "range over ALBI score -3.2 to -1.2, not a confidence interval",
            [(40.0, albi, 1.0) for albi in (-3.2, -1.2)],
        ),
        (
            "Tumours",
            "Tumours is missing: the range of the risk over its categories (single or multiple).",
            "range over Tumours single or multiple, not a confidence interval",
            [(40.0, ALBI, column) for column in (0.0, 1.0)],
        ),
    ],
)
def test_one_input_missing_gives_the_range_over_where_it_may_lie(four, without, reason, note, places):
    entered = {name: value for name, value in WHOLE.items() if name != without}
    shown = shown_by(four, entered).prediction
    rest = 0.5 + 0.3 * score_of(four)
    risks = [expit(rest + 0.1 * alb + 2.0 * albi + 0.7 * column) for alb, albi, column in places]
    assert (shown.state, shown.risk) == (PredictionState.RANGE, None)
    assert shown.risk_interval == pytest.approx((min(risks), max(risks)))
    assert (shown.reason, shown.interval_note) == (reason, note)
    (band,) = what_if(four, Entered(entered), 3.0).bands
    assert note.removeprefix("range over ").removesuffix(", not a confidence interval") in band.over
    assert not band.confidence


def test_a_development_range_of_what_a_measure_takes_is_ranged_over_itself(published_data):
    data = four_predictors(published_data)
    proven = replace(parse(data).evidence, content_sha256="")
    data = changed(data, "development_ranges", "bilirubin", to=[6.0, 60.0])
    signature = parse(evidence.write(data, proven))
    shown = shown_by(signature, {"ALB": 40.0, "Tumours": "single"}).prediction
    assert shown.reason == "Bilirubin is missing: the range of the risk over its central 95 % (6 to 60)."
    rest = 0.5 + 4.0 + 0.3 * score_of(signature)
    ends = [expit(rest + 2.0 * (0.66 * math.log10(value) - 3.4)) for value in (6.0, 60.0)]
    assert shown.risk_interval == pytest.approx(tuple(ends))


@pytest.mark.parametrize(
    ("entered", "words"),
    [({}, "ALB, Tumours and bilirubin are missing"), ({"ALB": 40.0}, "Tumours and bilirubin are missing")],
)
def test_more_than_one_input_missing_gives_nothing(four, entered, words):
    shown = shown_by(four, entered).prediction
    assert (shown.state, shown.risk_interval) == (PredictionState.NOT_COMPUTABLE, None)
    assert shown.reason == f"cannot be computed: {words}"


def test_warnings_name_the_predictor_beyond_its_axis_or_range_and_what_the_measure_doubts(four):
    shown = shown_by(four, {**WHOLE, "bilirubin": 700.0, "ALB": 20.0}).prediction
    albi = 0.66 * math.log10(700.0) - 0.085 * 20.0
    assert f"ALBI score {albi:.4g} lies beyond the axis (-4 to 0)." in shown.warnings
    assert "Albumin 20 is outside the development range (26.5 to 49.3)." in shown.warnings
    doubted = shown_by(four, {**WHOLE, "bilirubin": 2.0}).prediction
    assert any("is the unit right?" in warning for warning in doubted.warnings)


def test_bilirubin_that_is_itself_the_outcome_withholds_wherever_it_was_entered(four):
    answers = checklist(four, {})
    found = [f.code for f in eligibility.findings(four, answers, Entered({**WHOLE, "bilirubin": 85.0}))]
    assert "outcome_present_bilirubin" in found
    found = [f.code for f in eligibility.findings(four, answers, Entered({**WHOLE, "bilirubin": 84.0}))]
    assert "outcome_present_bilirubin" not in found


def test_a_category_that_the_cohort_did_not_have_gives_no_risk(published_data):
    data = four_predictors(published_data)
    data["predictors"][2] = {
        "id": "ChildPugh", "label": "Child-Pugh class", "kind": "categorical", "source": "measure",
        "measure": "clinical.child_pugh_class",
        "levels": [{"value": "A", "label": "A"}, {"value": "B", "label": "B"}],
    }  # fmt: skip
    data["outcome"]["coefficients"] = {
        {"Tumours=multiple": "ChildPugh=B"}.get(name, name): value
        for name, value in data["outcome"]["coefficients"].items()
    }
    data["nomogram"]["axes"]["ChildPugh"] = {"zero_points_at": "A"}
    del data["nomogram"]["axes"]["Tumours"], data["evidence"]
    signature = parse(data)
    assert [entry.id for entry in signature.entries] == [
        *("ALB", "bilirubin", "ascites", "encephalopathy", "inr"),
    ]
    entered = {"ALB": 25.0, "bilirubin": 80.0, "ascites": "absent", "encephalopathy": "none", "inr": 1.0}
    ascites, brain = signature.entries[2].levels, signature.entries[3].levels
    entered |= {"ascites": ascites[-1].value, "encephalopathy": brain[-1].value}
    prediction = what_if(signature, Entered(entered), 1.0)
    assert prediction.state is PredictionState.NOT_COMPUTABLE
    assert prediction.reason == ("cannot be computed: Child-Pugh class is C; the signature was fitted on A and B alone")
    entered |= {"ascites": ascites[0].value, "encephalopathy": brain[0].value, "ALB": 40.0, "bilirubin": 20.0}
    assert signature.values_of(Entered(entered))["ChildPugh"] == "A"
    assert what_if(signature, Entered(entered), 1.0).risk is not None
    (found,) = [f for f in eligibility.findings(signature, checklist(signature, {}), Entered({"inr": 1.6}))
                if f.code == "outcome_present_inr"]  # fmt: skip
    assert "INR 1.6 is above 1.5" in found.message


# The nomogram


def test_axes_follow_the_predictors_and_a_category_has_a_tick_per_level(four, alone):
    drawn = geometry(four)
    assert [axis.name for axis in drawn.axes] == list(FOUR)
    tumours = drawn.axis("Tumours")
    assert tumours.is_categorical
    assert tumours.ticks == (("single", "single"), ("multiple", "multiple"))
    assert (tumours.low, tumours.high) == ("single", "multiple")
    assert (tumours.points_low, tumours.points_high) == pytest.approx((0.0, 7.0))
    assert (drawn.value("Tumours", 3.0), drawn.value("Tumours", 4.0)) == ("single", "multiple")
    assert drawn.axis("ALBI").unit == ""
    assert (drawn.points_max, drawn.points_step, drawn.total_high, drawn.total_step) == (160.0, 20.0, 300.0, 50.0)
    assert [axis.name for axis in geometry(alone).axes] == ["Radscore"]
    assert geometry(alone).risk_of_total(31.25) == pytest.approx(expit(-1.5 - 0.3 * 22 + 31.25 / 6.25))


def test_the_total_points_are_the_equation(four):
    shown = shown_by(four, WHOLE).prediction
    assert geometry(four).risk_of_total(shown.total_points) == pytest.approx(shown.risk, abs=1e-12)


NUMBERS = st.floats(-5, 5).filter(lambda x: abs(x) > 0.01)


@st.composite
def random_signatures(draw, data=None):
    """Predictors of every kind, their number, effects, ranges and levels at random; the base is the published file."""
    predictors, coefficients, axes, values = [], {}, {}, {}
    for index in range(draw(st.integers(0, 4))):
        name = f"X{index}"
        if draw(st.booleans()):
            levels = [f"level {n}" for n in range(draw(st.integers(2, 4)))]
            effects = [0.0, *(draw(NUMBERS) for _ in levels[1:])]
            coefficients |= {f"{name}={level}": effect for level, effect in zip(levels[1:], effects[1:], strict=True)}
            axes[name] = {"zero_points_at": levels[int(np.argmin(effects))]}
            levels_of = [{"value": level, "label": level} for level in levels]
            predictors.append(
                {"id": name, "label": name, "kind": "categorical", "source": "entered", "levels": levels_of}
            )
            values[name] = draw(st.sampled_from(levels))
        else:
            low = draw(st.floats(-100, 100))
            high = low + draw(st.floats(1, 100))
            predictors.append(
                {"id": name, "label": name, "kind": "continuous", "source": "entered", "unit": "1",
                 "range": [low - 50, high + 50]}
            )  # fmt: skip
            coefficients[name] = draw(NUMBERS)
            axes[name] = axis_of(low, high, coefficients[name])
            values[name] = draw(st.floats(low - 40, high + 40))
    predictors.append({"id": "Radscore", "label": "Radscore", "kind": "continuous", "source": "radscore", "unit": "1"})
    coefficients["Radscore"] = draw(NUMBERS)
    axes["Radscore"] = axis_of(-22, 31, coefficients["Radscore"])
    values["Radscore"] = draw(st.floats(-30, 40))
    return predictors, coefficients, axes, values, draw(st.floats(-3, 3)), draw(st.floats(0.5, 20))


def axis_of(low, high, coefficient):
    zero = low if coefficient > 0 else high
    return {"range": [low, high], "zero_points_at": zero, "tick_rule": "multiples and ends", "step": (high - low) / 7}


@given(made=random_signatures())
def test_of_any_predictors_the_total_points_are_the_equation_and_axes_read_back(published_data, made):
    predictors, coefficients, axes, values, intercept, per_logit = made
    data = normalised(published_data, "site")
    data |= {"predictors": predictors, "development_ranges": {}, "notes": []}
    data["outcome"] |= {
        "kind": "logistic",
        "intercept": {"value": intercept, "origin": "fitted", "how": "test"},
        "coefficients": {name: {"value": value} for name, value in coefficients.items()},
    }
    data["nomogram"] |= {"points_per_logit": per_logit, "axes": axes}
    data["nomogram"]["points"] = {"range": [0, 1e6], "step": 1e4}
    data["nomogram"]["total"] = {"range": [0, 1e6], "step": 1e4}
    signature = parse(data)
    drawn = geometry(signature)
    expected = intercept + sum(
        coefficients.get(f"{name}={value}", 0.0) if isinstance(value, str) else coefficients[name] * value
        for name, value in values.items()
    )
    assert signature.risk_model.linear_predictor(values) == pytest.approx(expected, abs=1e-9)
    total = drawn.total(values)
    assert drawn.offset + total / per_logit == pytest.approx(expected, abs=1e-6)
    for name, value in values.items():
        back = drawn.value(name, drawn.points(name, value))
        axis = drawn.axis(name)
        assert min(axis.points_low, axis.points_high) >= -1e-6
        if isinstance(value, str):
            assert drawn.points(name, back) == pytest.approx(drawn.points(name, value))
        else:
            assert back == pytest.approx(value, abs=1e-6)
    entered = Entered({name: value for name, value in values.items() if name != "Radscore"})
    shown = what_if(signature, entered, values["Radscore"])
    assert shown.linear_predictor == pytest.approx(expected, abs=1e-9)
    assert shown.total_points == pytest.approx(total, abs=1e-9)


# What a file may say of predictors


def test_the_schema_names_what_the_library_has():
    of_predictors = SCHEMA["$defs"]["predictor"]["properties"]
    assert of_predictors["quantity"]["enum"] == list(QUANTITIES)
    assert of_predictors["kind"]["enum"] == list(PredictorKind)
    assert of_predictors["source"]["enum"] == list(PredictorSource)
    assert SCHEMA["properties"]["outcome"]["properties"]["kind"]["enum"] == list(outcome.KINDS)


def test_a_listed_axis_has_the_ticks_of_the_file(published_data):
    data = radscore_alone(published_data)
    axis = data["nomogram"]["axes"]["Radscore"]
    del axis["step"]
    axis |= {"tick_rule": "listed", "ticks": [-22, 0, 31]}
    jsonschema.validate(data, SCHEMA)
    assert [text for _, text in geometry(parse(data)).axis("Radscore").ticks] == ["-22", "0", "31"]


BROKEN = [
    (["predictors", 0, "quantity"], "inr", "'predictors[0]' cannot be used: The unit of INR is 'g/L'; it has none."),
    (["predictors", 0, "range"], [10, 60], "'predictors[0].range' is 10 to 60, wider than what can be meant, 15 to 60"),
    (["predictors", 0, "units", 0, "factor"], 9.0, "'predictors[0].units': one g/dL is not 9 g/L"),
    (["predictors", 0, "id"], "intercept", "'predictors[0].id' is 'intercept', a name that is taken"),
    (["predictors", 1, "id"], "ALB", "'predictors[1].id' is 'ALB', a name that is taken"),
    (["predictors", 1, "id"], "AL BI", "'predictors[1].id' must be a text"),
    (["predictors", 1, "measure"], "clinical.meld", "'predictors[1].measure' is 'clinical.meld'"),
    (["predictors", 1, "measure"], "clinical.albi_grade", "ALBI grade is one of some categories"),
    (["predictors", 1, "unit"], "g/L", "'predictors[1].unit' must be '1', in which ALBI score is computed"),
    (["predictors", 1, "range"], [0, 1], "'predictors[1]' has range"),
    (["predictors", 2, "levels"], [{"value": "single", "label": "single"}], "at least 2"),
    (["predictors", 2, "levels", 1, "value"], "single", "'predictors[2].levels' has a value twice"),
    (["predictors", 2, "source"], "measure", "'predictors[2].measure' is missing"),
    (["predictors", 3, "id"], "Score", "the Radscore, and no other predictor, is called Radscore"),
    (["predictors", 3, "source"], "entered", "is called Radscore"),
    (["outcome", "kind"], "cox", "'outcome.kind' is 'cox'; it must be one of logistic"),
    (["outcome", "coefficients", "Tumours=single"], {"value": 1}, "'outcome.coefficients' has Tumours=single"),
    (["nomogram", "axes", "Tumours", "zero_points_at"], "multiple", "The level of 0 points is 'single'"),
    (["nomogram", "axes", "Tumours", "zero_points_at"], "none", "it must be one of single, multiple"),
    (["nomogram", "points", "range"], [0, 100], "'nomogram.points.range' must hold all a predictor's points: 0 to 159"),
    (["nomogram", "total", "range"], [0, 200], "'nomogram.total.range' must hold all total points: 0 to 290"),
    (["nomogram", "risk_ticks"], [0.5, 0.1], "'nomogram.risk_ticks' must be risks between 0 and 1, ascending"),
    (["nomogram", "axes", "ALB", "tick_rule"], "pretty", "'nomogram.axes.ALB.tick_rule' is 'pretty'"),
    (["development_ranges", "INR"], [1, 2], "'development_ranges' has INR; the signature has"),
    (["terms", 0, "measure"], "deep", "'terms[0].measure' is 'deep'"),
    (["terms", 0, "phase"], "arterial", "'terms[0].phase' is 'arterial'; it must be one of portal venous"),
]


@pytest.mark.parametrize(("path", "value", "sentence"), BROKEN, ids=[".".join(map(str, b[0])) for b in BROKEN])
def test_a_broken_entry_is_refused_by_name(published_data, path, value, sentence):
    with pytest.raises(BadInput) as refusal:
        parse(changed(four_predictors(published_data), *path, to=value))
    assert sentence in str(refusal.value)


def test_without_the_radscore_or_with_two_it_is_refused(published_data):
    data = four_predictors(published_data)
    data["predictors"].pop()
    with pytest.raises(BadInput, match="must have exactly one whose source is 'radscore'"):
        parse(data)


def test_what_is_called_inr_must_be_the_inr_whose_limit_withholds(published_data):
    """Else its plausible values, and the limit above which the outcome is present, would be lost."""
    data = site(published_data)
    inr = data["predictors"][1]
    del inr["quantity"]
    inr["range"] = [0.1, 50]
    with pytest.raises(BadInput, match=r"The predictor 'INR' must have the 'quantity' inr\."):
        parse(data)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["predictors", 2, "levels", 1, "label"], "several"),
        (["predictors", 0, "range"], [16.0, 60.0]),
        (["outcome", "coefficients", "ALBI", "value"], 2.1),
        (["nomogram", "risk_ticks"], [0.1, 0.5]),
        (["nomogram", "total", "step"], 25),
        (["terms", 0, "phase"], None),
    ],
)
def test_a_change_of_predictors_model_or_nomogram_voids_the_evidence(published_data, path, value):
    assert parse(changed(four_predictors(published_data), *path, to=value)).evidence is None


def test_sources_of_the_four_predictors(four):
    assert [one.source for one in four.predictors] == [
        PredictorSource.ENTERED,
        PredictorSource.MEASURE,
        PredictorSource.ENTERED,
        PredictorSource.RADSCORE,
    ]
