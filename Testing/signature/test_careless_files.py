"""Signature files as a careless person leaves them: refused by name, or read so that no number is another one."""

import copy
import json

import jsonschema
import pytest
from test_schema_1 import FILES, older, with_older_evidence

from made_signatures import four_predictors, site
from PTLFPredictorLib.cli import main
from PTLFPredictorLib.ct import Finding
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.signature import (
    Entered,
    PredictionState,
    checklist,
    eligibility,
    evidence,
    parse,
    what_if,
)
from PTLFPredictorLib.signature.files import FOLDER

SCHEMA = json.loads((FOLDER / "signature.schema.json").read_text(encoding="utf-8"))
WHOLE = {"ALB": 40.0, "bilirubin": 20.0, "Tumours": "multiple"}


@pytest.fixture
def four(published_data):
    """The file of four predictors, without evidence."""
    return {**copy.deepcopy(four_predictors(published_data)), "evidence": None}


def with_predictor(data, predictor, axis, coefficients):
    data["predictors"].insert(0, predictor)
    data["nomogram"]["axes"][predictor["id"]] = axis
    data["outcome"]["coefficients"] |= {name: {"value": value} for name, value in coefficients.items()}
    for ruler in ("points", "total"):
        data["nomogram"][ruler] = {"range": [0, 1e9], "step": 1e7}
    return data


def with_number(data, name, label, unit, ends, coefficient=0.01, **more):
    """One more number that is entered."""
    predictor = {
        "id": name, "label": label, "kind": "continuous", "source": "entered", "unit": unit, "range": list(ends), **more
    }  # fmt: skip
    step = (ends[1] - ends[0]) / 10
    axis = {"range": list(ends), "zero_points_at": ends[0], "tick_rule": "multiples and ends", "step": step}
    return with_predictor(data, predictor, axis, {name: coefficient})


def refused(data):
    with pytest.raises(BadInput) as refusal:
        parse(data)
    return str(refusal.value)


# Names, units, levels


@pytest.mark.parametrize(
    ("name", "label", "quantity"),
    [
        ("PT_INR", "PT-INR", "inr"),
        ("inr", "Prothrombin ratio", "inr"),
        ("X", "INR", "inr"),
        ("bilirubin", "Serum value", "bilirubin"),
        ("TBIL", "Serum value", "bilirubin"),
        ("X", "Total bilirubin", "bilirubin"),
        ("Albumin", "Serum value", "albumin"),
    ],
)
def test_what_is_called_like_a_quantity_must_be_it(four, name, label, quantity):
    """Else the limits above which the outcome is present, and the measures that take it, would miss it."""
    four["predictors"].pop(0)
    four["nomogram"]["axes"].pop("ALB")
    four["outcome"]["coefficients"].pop("ALB")
    four["development_ranges"].pop("ALB")
    four["notes"] = []
    message = refused(with_number(four, name, label, "umol/L", (1, 50)))
    assert message == f"The predictor '{name}' must have the 'quantity' {quantity}."


def test_a_categorical_predictor_cannot_be_called_inr(four):
    four["predictors"][2] |= {"label": "INR"}
    assert refused(four) == "The predictor 'Tumours' must have the 'quantity' inr."


@pytest.mark.parametrize("unit", ["ug/L", "ng/mL", " ug/L "])
def test_a_unit_that_stands_there_twice_is_refused(four, unit):
    units = [{"unit": "ug/L", "factor": 1}, {"unit": unit, "factor": 1000}]
    message = refused(with_number(four, "AFP", "AFP", "ng/mL", (0, 1e5), units=units))
    assert f"'predictors[0].units' has {unit.strip()} twice" in message


@pytest.mark.parametrize("unit", ["", " "])
def test_a_unit_without_a_name_is_refused(four, unit):
    assert "'predictors[0].unit' is empty; a number without a unit has '1'" in refused(
        with_number(four, "AFP", "AFP", unit, (0, 1e5))
    )


def test_a_micro_sign_in_the_unit_is_the_same_unit_for_the_coefficient(four):
    data = with_number(four, "Crea", "Creatinine", "µmol/L", (10, 2000))
    data["outcome"]["coefficients"]["Crea"]["unit"] = "µmol/L"
    assert parse(data).predictor("Crea").unit == "umol/L"


def test_a_count_stays_a_whole_number(four):
    signature = parse(with_number(four, "Number", "Tumours, counted", "1", (1, 50), quantity="tumour_count"))
    with pytest.raises(BadInput, match=r"must be a whole number, not 2\.5"):
        Entered.checked(signature, {"Number": (2.5, None)})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda four: four["predictors"][2].update(label=" "), "'predictors[2].label' is empty"),
        (lambda four: four["predictors"][1].update(label="albumin"), "'predictors[1].label' is 'albumin', a name that"),
        (lambda four: four["predictors"][2]["levels"][1].update(label="single "), "'predictors[2].levels' has a label"),
        (lambda four: four["predictors"][2]["levels"][1].update(value="Single"), "'predictors[2].levels' has a value"),
        (lambda four: four["predictors"][2]["levels"][1].update(value=""), "'predictors[2].levels[1].value' is empty"),
        (lambda four: four["predictors"][1].update(id="alb"), "'predictors[1].id' is 'alb', a name that is taken"),
        (lambda four: four["predictors"][1].update(id="Bilirubin", label="B"), "quantity"),
        (lambda four: four["normalisation"].update(n=60.5), "'normalisation.n' is 60.5; it must be a whole number"),
        (
            lambda four: four["eligibility"].append(dict(four["eligibility"][0])),
            "'eligibility' has hcc_confirmed twice",
        ),
        (
            lambda four: four["development_ranges"].update(ALB=[2.65, 4.93]),
            "'development_ranges.ALB' is 2.65 to 4.93; of Albumin only 15 to 60 g/L can be meant",
        ),
    ],
)
def test_what_reads_two_ways_is_refused(four, change, sentence):
    change(four)
    assert sentence in refused(four)


def test_a_covariance_of_texts_is_refused(published_data):
    data = four_predictors(published_data)
    block = data["evidence"]["covariance"]
    block["matrix"] = [[str(number) for number in row] for row in block["matrix"]]
    assert "'evidence.covariance.matrix' must be five rows of five numbers" in refused(data)


def test_a_predictor_that_is_computed_is_not_called_like_what_is_entered(four):
    four["predictors"][1] |= {"id": "ecog", "label": "BCLC stage", "kind": "categorical", "measure": "clinical.bclc"}
    del four["predictors"][1]["unit"]
    four["predictors"][1]["levels"] = [{"value": "A", "label": "A"}, {"value": "B", "label": "B"}]
    del four["nomogram"]["axes"]["ALBI"], four["outcome"]["coefficients"]["ALBI"], four["development_ranges"]["ALBI"]
    four["nomogram"]["axes"]["ecog"] = {"zero_points_at": "A"}
    four["outcome"]["coefficients"]["ecog=B"] = {"value": 1.0}
    assert "'ecog'" in refused(four)


def test_levels_of_what_a_measure_takes_are_the_measures(four):
    """Else each patient of one level would be refused by the measure, and none would know why."""
    ascites = {
        "id": "ascites", "label": "Ascites", "kind": "categorical", "source": "entered",
        "levels": [{"value": "no", "label": "no"}, {"value": "yes", "label": "yes"}],
    }  # fmt: skip
    data = with_predictor(four, ascites, {"zero_points_at": "no"}, {"ascites=yes": 1.0})
    score = {
        "id": "CP", "label": "Child-Pugh", "kind": "continuous", "source": "measure", "measure": "clinical.child_pugh",
        "unit": "1",
    }  # fmt: skip
    axis = {"range": [5, 15], "zero_points_at": 5, "tick_rule": "multiples and ends", "step": 1}
    with_predictor(data, score, axis, {"CP": 0.3})
    assert "'ascites' has the levels no and yes; for clinical.child_pugh they are absent, slight and" in refused(data)


def test_a_large_number_is_told_in_full(four):
    signature = parse(with_number(four, "AFP", "AFP", "ng/mL", (0, 1e7)))
    assert signature.entries[0].words(123456.0) == "123456 ng/mL"
    entered = Entered({**WHOLE, "AFP": 20000000.0})
    assert "AFP 20000000 lies beyond the axis (0 to 1e+07)." in what_if(signature, entered, 1.0).warnings


def test_each_of_two_notes_stands_beside_its_predictor(four):
    four["notes"].append({"id": "alb_direction", "text": "Bromocresol green.", "predictor": "ALB"})
    note = parse(four).predictor("ALB").note
    assert parse(four).notes["alb_direction"] == note
    assert note.startswith("In this model a higher albumin raises the risk")
    assert note.endswith("Bromocresol green.")


# Limits and ranges


def test_the_highest_inr_is_the_one_that_withholds(four):
    """Two INRs, say of two days: the second alone shows that the outcome is present."""
    data = with_number(four, "INR_before", "INR of the day before", "1", (0.5, 6), quantity="inr")
    data = with_number(data, "INR", "INR", "1", (0.5, 6), quantity="inr")
    signature = parse(data)
    for first, second in ((1.0, 1.6), (1.6, 1.0)):
        entered = Entered({**WHOLE, "INR": first, "INR_before": second})
        found = eligibility.findings(signature, checklist(signature, {}), entered)
        assert "outcome_present_inr" in [finding.code for finding in found if isinstance(finding, Finding)]


def test_no_range_over_places_of_which_some_have_no_risk(four):
    """Without ascites the class may be C, which the cohort did not have: a range over A and B alone is too narrow."""
    four["predictors"][1] = {
        "id": "ChildPugh", "label": "Child-Pugh class", "kind": "categorical", "source": "measure",
        "measure": "clinical.child_pugh_class",
        "levels": [{"value": "A", "label": "A"}, {"value": "B", "label": "B"}],
    }  # fmt: skip
    del four["nomogram"]["axes"]["ALBI"], four["outcome"]["coefficients"]["ALBI"], four["development_ranges"]["ALBI"]
    four["nomogram"]["axes"]["ChildPugh"] = {"zero_points_at": "A"}
    four["outcome"]["coefficients"]["ChildPugh=B"] = {"value": 1.0}
    signature = parse(four)
    entered = {"ALB": 25.0, "Tumours": "single", "bilirubin": 30.0, "encephalopathy": "grade 1-2", "inr": 1.2}
    shown = what_if(signature, Entered(entered), 1.0)
    assert (shown.state, shown.risk_interval) == (PredictionState.NOT_COMPUTABLE, None)
    assert shown.reason == (
        "cannot be computed: Ascites is missing, and for some of its values Child-Pugh class is C; the signature was "
        "fitted on A and B alone"
    )


# Nomogram


@pytest.mark.parametrize(
    ("place", "value", "sentence"),
    [
        (("axes", "ALB", "step"), 1e-9, "'nomogram.axes.ALB.step' is 1e-09: that would be more than 1000 ticks"),
        (("points", "step"), 1e-9, "'nomogram.points.step' is 1e-09: that would be more than 1000 ticks"),
        (("total", "step"), 1e-9, "'nomogram.total.step' is 1e-09: that would be more than 1000 ticks"),
    ],
)
def test_a_step_too_small_to_draw_is_refused_at_once(four, place, value, sentence):
    at = four["nomogram"]
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    assert sentence in refused(four)


@pytest.mark.parametrize("ticks", [[], [10, 20], [20, 20], [30, 20]])
def test_listed_ticks_ascend_along_the_axis(four, ticks):
    axis = four["nomogram"]["axes"]["ALB"]
    del axis["step"]
    axis |= {"tick_rule": "listed", "ticks": ticks}
    assert "'nomogram.axes.ALB.ticks' must be values from 16 to 60, ascending" in refused(four)


# Broken files, with evidence too: a sentence, no traceback


@pytest.mark.parametrize("key", ["terms", "extraction", "outcome", "nomogram", "input", "evidence"])
@pytest.mark.parametrize("value", [5, [5]])
def test_a_broken_part_of_a_file_with_evidence_is_refused_by_name(published_data, key, value):
    for data in (copy.deepcopy(four_predictors(published_data)), with_older_evidence()):
        message = refused({**data, key: value})
        assert key in message or (key == "outcome" and "risk_model" in message)


@pytest.mark.parametrize("entry", ["voi", "feature", "coefficient"])
def test_a_term_of_schema_1_that_lacks_something_is_refused_by_name(entry):
    data = with_older_evidence()
    del data["terms"][3][entry]
    assert f"'terms[3].{entry}' is missing" in refused(data)


def test_schema_1_is_refused_by_its_own_names_with_evidence_too():
    data = with_older_evidence()
    assert "'nomogram.axes.INR.label' is empty" in refused(changed(data, ("nomogram", "axes", "INR", "label"), ""))
    del data["terms"]
    assert refused(data) == "'terms' is missing."


# Schema 1 with more in it than the program reads


def test_extra_entries_of_schema_1_take_nobodys_place():
    data = older("ptlf-published")
    plain = parse(copy.deepcopy(data))
    data["risk_model"] |= {"name": "Logistic regression", "title": "x", "horizon": "x", "kind": "glm", "criteria": []}
    data["outcome"] |= {"kind": "binary", "coefficients": {}, "intercept": 5, "covariance": 7}
    data["terms"][0] |= {"measure": "GLRLM", "phase": "arterial"}
    data["predictors"] = ["ALB", "INR"]
    data["notes"][0] |= {"predictor": "albumin"}
    data["development_ranges"]["AFP"] = [1, 400]
    found = parse(data)
    for field in ("outcome", "horizon", "terms", "predictors", "development_ranges"):
        assert getattr(found, field) == getattr(plain, field), field
    assert found.risk_model.coefficients == plain.risk_model.coefficients
    assert found.risk_model.intercept == plain.risk_model.intercept
    assert found.data["outcome"]["criteria"] == plain.data["outcome"]["criteria"]


# The schema for editors and other programs


def test_what_is_of_the_wrong_type_is_refused_by_the_schema_and_by_the_program(published_data):
    """An object in the place of each text, number and list; of what the program does not read, by the schema alone."""
    data = four_predictors(published_data)
    checked = jsonschema.Draft202012Validator(SCHEMA)
    unread = {"$schema", "voi_note", "extraction_note", "how", "note", "standard_errors_note", "criteria", "origin"}
    unread |= {"extraction", "calibration", "citation", "outcome", "input"}
    assert checked.is_valid(data)
    for path, _ in leaves(data):
        if unread & {path[0], path[-1], path[1] if path[0] in ("outcome", "evidence") else ""}:
            continue
        edited = changed(data, path, {"x": 1})
        assert not checked.is_valid(edited), path
        refused(edited)


# Upgrade and set-intercept


def test_upgrade_replaces_no_input_and_no_folder(tmp_path, capsys):
    mine = tmp_path / "mine.json"
    mine.write_bytes((FILES / "ptlf-published.v1.json").read_bytes())
    before = mine.read_bytes()
    assert main(["signatures", "upgrade", str(mine), "--out", str(mine)]) == 2
    assert "would replace an input of this run" in capsys.readouterr().err
    assert mine.read_bytes() == before
    for arguments in ([str(tmp_path), "--out", str(tmp_path / "o.json")], [str(mine), "--out", str(tmp_path)]):
        assert main(["signatures", "upgrade", *arguments]) == 2
        assert "Traceback" not in capsys.readouterr().err
    intercept = ["set-intercept", "--point", "100", "0.84", "--point", "60", "0.2", "--signature", str(mine)]
    assert main(["signatures", *intercept, "--out", str(mine)]) == 2
    assert "would replace an input of this run" in capsys.readouterr().err
    assert mine.read_bytes() == before


def test_upgrade_names_the_file_that_cannot_be_used(tmp_path, capsys):
    data = older("ptlf-published")
    data["terms"] = []
    (tmp_path / "mine.json").write_text(json.dumps(data))
    assert main(["signatures", "upgrade", str(tmp_path / "mine.json"), "--out", str(tmp_path / "o.json")]) == 2
    assert "The signature file mine.json cannot be used: 'terms' must be a list" in capsys.readouterr().err


# Evidence


def test_no_edit_of_a_number_or_a_choice_that_a_risk_depends_on_keeps_the_evidence(published_data):
    """Each number, text and truth value of a file but those that the hash leaves out on purpose."""
    for data in (four_predictors(published_data), site(published_data)):
        free = {
            "$schema",
            "id",
            "version",
            "title",
            "citation",
            "population",
            "notes",
            "missing",
            "kind",
            "voi_note",
            "extraction_note",
        }
        of_outcome, of_terms = {"title", "criteria"}, {"short", "measures", "cannot_vary"}
        intact = evidence.content_sha256(data)
        for path, value in leaves(data):
            if path[0] in free or path == ("evidence", "content_sha256") or path[0] == "schema":
                continue
            if (path[0] == "outcome" and path[1] in of_outcome) or (path[0] == "terms" and path[2] in of_terms):
                continue
            edited = changed(data, path, other_than(value))
            assert evidence.content_sha256(edited) != intact, path


def changed(data, path, value):
    edited = at = copy.deepcopy(data)
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return edited


def leaves(value, path=()):
    if isinstance(value, (dict, list)) and value:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*path, key))
    else:
        yield path, value


def other_than(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value * 1.0001 + 1e-6
    return f"{value}x"
