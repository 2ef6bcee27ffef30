"""Files of schema 1: read, converted without a changed number, evidence kept as valid or as void as it was."""

import copy
import json
import math
from pathlib import Path

import jsonschema
import pytest

from made_signatures import MODEL
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.hashes import json_sha256
from PTLFPredictorLib.signature import Entered, assess, completeness, geometry, load, parse, upgrade, what_if
from PTLFPredictorLib.signature.evidence import settings_sha256
from PTLFPredictorLib.signature.files import FOLDER

FILES = Path(__file__).parent / "data"
SHIPPED = ("ptlf-published", "ptlf-demo")
COVERED = (
    *("input", "voi_source", "extraction", "radscore_intercept", "normalisation"),
    *("risk_model", "nomogram", "development_ranges", "eligibility", "limits"),
)


MOVED = ("benchmarks/fit_demo_signature.py", "cohort/demo_signature.py")
"""What made the demo signature, as it is cited: where it lay when the older file was made, and where it lies now."""


def older_text(name):
    return (FILES / f"{name}.v1.json").read_text(encoding="utf-8").replace(*MOVED)


def older(name):
    return json.loads(older_text(name))


@pytest.fixture(scope="module", params=SHIPPED)
def name(request):
    return request.param


def numbers_of(value, path=()):
    """Every number of a JSON value with its place."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from numbers_of(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from numbers_of(item, (*path, index))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path, value


def test_a_shipped_file_is_what_upgrade_makes_of_the_older_one(name, tmp_path):
    (tmp_path / "older.json").write_text(older_text(name), encoding="utf-8")
    became = upgrade(tmp_path / "older.json", tmp_path / "out.json")
    assert (tmp_path / "out.json").read_bytes() == (FOLDER / f"{name}.json").read_bytes()
    assert became[0] == "Schema 1 became schema 2; no number was changed."
    assert any("Albumin, INR, Radscore" in sentence for sentence in became)
    jsonschema.validate(
        json.loads((tmp_path / "out.json").read_text()), json.loads((FOLDER / "signature.schema.json").read_text())
    )


def test_every_number_of_the_older_file_stands_in_the_new_one(name):
    new = dict(numbers_of(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))))
    seen = 0
    for path, value in numbers_of(older(name)):
        path = ("outcome", *path[1:]) if path[0] == "risk_model" else path
        assert new[path] == value, path
        seen += 1
    assert seen >= 65


def test_both_readings_are_the_same_signature(name):
    first, second = parse(older(name)), load(name)
    for field in first.__dataclass_fields__:
        if field in ("upgraded", "risk_model"):
            continue
        assert getattr(first, field) == getattr(second, field), field
    assert (first.risk_model.intercept, first.risk_model.coefficients) == (
        second.risk_model.intercept,
        second.risk_model.coefficients,
    )
    assert first.upgraded
    assert second.upgraded == ()


def test_the_published_example_and_the_geometry_are_those_of_before():
    """Values that version 0.1 gave for the paper's example and drew for its nomogram."""
    for signature in (parse(older("ptlf-published")), load("ptlf-published")):
        shown = what_if(signature, Entered({"ALB": 43.6, "INR": 1.09}), 7.72)
        assert shown.points == pytest.approx({"ALB": 26.5789104, "INR": 17.50439964, "Radscore": 55.66068592})
        assert (shown.linear_predictor, shown.risk) == pytest.approx((1.63477, 0.83682203), abs=1e-8)
        drawn = geometry(signature)
        assert (drawn.points_max, drawn.points_step) == (100.0, 10.0)
        assert (drawn.total_low, drawn.total_high, drawn.total_step) == (0.0, 180.0, 20.0)
        percents = (1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99)
        assert [text for _, text in drawn.risk_ticks] == [f"{percent} %" for percent in percents]
        assert [text for _, text in drawn.axis("ALB").ticks] == [str(n) for n in range(16, 61, 4)]
        assert [text for _, text in drawn.axis("INR").ticks] == "0.7 0.8 0.9 1 1.1 1.2 1.3 1.4 1.5".split()
        assert [text for _, text in drawn.axis("Radscore").ticks] == "-20 -15 -10 -5 0 5 10 15 20 25 30".split()
        assert (drawn.axis("ALB").dev_low, drawn.axis("ALB").dev_high) == (26.5, 49.3)
        assert (drawn.axis("INR").hatched_above, drawn.axis("INR").note) == (
            1.5,
            "INR above 1.5 is itself a criterion of liver failure.",
        )
        assert drawn.axis("ALB").note.startswith("In this model a higher albumin raises the risk")


def test_the_demonstration_is_that_of_before():
    """At the values of ``ptlf demo``, where version 0.1 showed 0.4821838 with the interval 0.27607 to 0.69454."""
    rest = -12.168681495296433 + 0.13342351934389696 * 43.6 + 6.027923320487459 * 1.09
    score = (math.log(0.4821838 / (1 - 0.4821838)) - rest) / 0.09672524946983004
    for signature in (parse(older("ptlf-demo")), load("ptlf-demo")):
        shown = what_if(signature, Entered({"ALB": 43.6, "INR": 1.09}), score, demonstration=True)
        assert shown.risk == pytest.approx(0.4821838, abs=1e-7)
        assert shown.risk_interval == pytest.approx((0.27607, 0.69454), abs=1e-5)
        assert [band.confidence for band in shown.bands] == [True]


def with_older_evidence(estimated=("intercept", "ALB", "INR", "Radscore")):
    """A file of schema 1 as version 0.1 wrote it, its hash computed here from the description of that schema."""
    data = older("ptlf-demo")
    data |= {"id": "site", "kind": "site"}
    data["normalisation"]["origin"] = "site"
    data["risk_model"]["covariance"] = None
    matrix = older("ptlf-demo")["risk_model"]["covariance"]["matrix"]
    data["evidence"] = {
        "written_by": "ptlf cohort calibrate 0.1.0", "time": "2026-11-25T10:00:00+01:00",
        "report_sha256": "1" * 64, "lock_sha256": "2" * 64, "n": 150, "events": 40,
        "estimated": list(estimated), "fixed": [], "covariance": {"names": list(estimated), "matrix": matrix},
        "calibration": {}, "excluded": [],
        "protocol": {
            "phase": ["portal venous"], "slice_thickness_mm": [5.0, 5.0], "in_plane_spacing_mm": [0.6, 0.9],
            "kvp": [120.0], "kernels": [], "saturated_hu": False, "fractional_hu": False,
        },
        "masks": {"models": [MODEL["weights_sha256"]], "by_hand": False, "edited_share": 0.0},
        "percentiles": [], "axes": {}, "settings_sha256": settings_sha256(data["extraction"]), "synthetic": False,
    }  # fmt: skip
    covered = {key: data.get(key) for key in COVERED}
    covered["terms"] = [[term["voi"], term["feature"], term["coefficient"]] for term in data["terms"]]
    covered["outcome"] = {key: data["outcome"].get(key) for key in ("name", "horizon")}
    covered["evidence"] = copy.deepcopy(data["evidence"])
    data["evidence"]["content_sha256"] = json_sha256(floats(covered))
    return data


def floats(value):
    if isinstance(value, dict):
        return {key: floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [floats(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def test_valid_evidence_stays_valid_and_its_numbers_stand(tmp_path):
    data = with_older_evidence()
    first = parse(data)
    assert first.evidence_problem == ""
    assert completeness(first) == "complete"
    assert "'evidence' was valid, and is" in first.upgraded[-1]
    (tmp_path / "old.json").write_text(json.dumps(data))
    upgrade(tmp_path / "old.json", tmp_path / "new.json")
    second = load(tmp_path / "new.json")
    assert second.evidence is not None
    written = json.loads((tmp_path / "new.json").read_text())["evidence"]
    assert {**written, "content_sha256": ""} == {**data["evidence"], "content_sha256": ""}
    raw = {term.key: first.normalisation.mean[term.key] for term in first.terms}
    of_both = [assess(one, raw, Entered({"ALB": 40.0, "INR": 1.1}), []).prediction for one in (first, second)]
    assert of_both[0] == of_both[1]
    assert of_both[0].risk_interval is not None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda data: data["risk_model"]["intercept"].update(value=-11.0), "a number was changed"),
        (lambda data: data["nomogram"]["axes"]["ALB"].update(step=5), "a number was changed"),
        (lambda data: data["evidence"].update(n=151), "a number was changed"),
    ],
)
def test_void_evidence_stays_void(tmp_path, change, why):
    data = with_older_evidence()
    change(data)
    (tmp_path / "old.json").write_text(json.dumps(data))
    assert upgrade(tmp_path / "old.json", tmp_path / "new.json")[-1] == "'evidence' was void, and is."
    for signature in (load(tmp_path / "old.json"), load(tmp_path / "new.json")):
        assert signature.evidence is None
        assert why in signature.evidence_problem
        assert completeness(signature) == "unproven"


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("risk_model", "intercept", "value"), 5.0, "'risk_model.intercept.range' does not contain the intercept"),
        (("risk_model", "coefficients", "INR"), ..., "'risk_model.coefficients.INR' is missing"),
        (("risk_model", "coefficients", "AFP"), {"value": 1}, "'risk_model.coefficients' has AFP"),
        (("risk_model", "coefficients", "ALB", "unit"), "g/dL", "'risk_model.coefficients.ALB.unit' is 'g/dL'"),
        (("risk_model",), ..., "'risk_model' is missing"),
        (("nomogram", "axes", "ALB"), ..., "'nomogram.axes.ALB' is missing"),
        (("nomogram", "axes", "ALB", "label"), 5, "'nomogram.axes.ALB.label' must be a text"),
        (("nomogram", "axes", "INR", "zero_points_at"), 1.0, "'nomogram.axes.INR.zero_points_at' is 1"),
        (("terms", 0), 5, "'terms[0]' must be a JSON object"),
        (("outcome",), [], "'outcome' must be a JSON object"),
        (("input", "phase"), [], "'input.phase' must be a list"),
    ],
)
def test_a_broken_file_of_schema_1_is_refused_by_its_own_names(path, value, sentence):
    data = older("ptlf-published")
    at = data
    for key in path[:-1]:
        at = at[key]
    if value is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    with pytest.raises(BadInput) as refusal:
        parse(data)
    assert sentence in str(refusal.value)


def test_a_file_of_schema_2_is_not_upgraded(tmp_path):
    with pytest.raises(BadInput, match="is of schema 2 already"):
        upgrade(FOLDER / "ptlf-demo.json", tmp_path / "out.json")
    assert not (tmp_path / "out.json").exists()
