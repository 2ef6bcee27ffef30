"""Lock files: what a run was made from; the same result from the same input, and nothing half-written."""

import dataclasses
import enum
import json

import pytest

from PTLFPredictorLib.cohort import lock, plan
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.signature import load


class Rule(enum.StrEnum):
    MIN = "min"
    ONE_SE = "1se"


@dataclasses.dataclass(frozen=True)
class Inner:
    folds: int = 10


@dataclasses.dataclass(frozen=True)
class Plan:
    rule: Rule = Rule.MIN
    limit: float = 0.8
    seed: int = 7
    inner: Inner = Inner()
    names: tuple[str, ...] = ("ALB",)
    units: "dict[str, float]" = dataclasses.field(default_factory=lambda: {"INR": 0.1})
    grid: tuple[float, ...] | None = None


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "cohort.csv"
    path.write_text("case\n1\n")
    return path


@pytest.fixture
def features(tmp_path):
    folder = tmp_path / "features"
    folder.mkdir()
    (folder / "features.parquet").write_bytes(b"numbers")
    return folder


def made(out, recipe, text="report", **more):
    with lock.result_folder(out) as folder:
        (folder / "report.html").write_text(text)
        (folder / "tables").mkdir()
        for name in more.pop("tables", ("roc",)):
            (folder / "tables" / f"{name}.csv").write_text(name)
        lock.write(folder, recipe, **more)


def stopped(out, error):
    with lock.result_folder(out) as folder:
        (folder / "report.html").write_text("half")
        raise error


class TestPlan:
    def test_every_default_is_spelled_out(self):
        assert plan.to_json(Plan()) == {
            "rule": "min",
            "limit": 0.8,
            "seed": 7,
            "inner": {"folds": 10},
            "names": ["ALB"],
            "units": {"INR": 0.1},
            "grid": None,
        }

    @pytest.mark.parametrize(
        "one", [Plan(), Plan(Rule.ONE_SE, 0.9, 0, Inner(5), (), {}, (0.1, 0.2)), Plan(names=("ALB", "INR"))]
    )
    def test_it_comes_back_from_json_as_it_was(self, one):
        back = plan.from_json(Plan, json.loads(json.dumps(plan.to_json(one))))
        assert back == one
        assert type(back.rule) is Rule

    @pytest.mark.parametrize(
        ("change", "word"),
        [
            ({"rule": "largest"}, "plan.rule.*min, 1se"),
            ({"limit": "0.8"}, "plan.limit"),
            ({"limit": True}, "plan.limit"),
            ({"seed": 7.5}, "plan.seed"),
            ({"inner": {}}, "plan.inner"),
            ({"names": [1]}, r"plan.names\[0\]"),
            ({"strange": 1}, "exactly rule"),
        ],
    )
    def test_what_it_cannot_be_is_refused_with_its_place(self, change, word):
        with pytest.raises(BadInput, match=word):
            plan.from_json(Plan, plan.to_json(Plan()) | change)


class TestLock:
    def test_it_holds_all_that_a_run_was_made_from(self, tmp_path, table, features):
        recipe = lock.Recipe.of("develop", Plan(), {"table": table, "features": features, "signature": None})
        made(tmp_path / "out", recipe, seeds={"folds": 7})
        back = lock.read(tmp_path / "out" / "lock.json")
        assert back.recipe == recipe
        assert back.seeds == {"folds": 7}
        assert set(back.outputs) == {"report.html", "tables/roc.csv"}
        assert set(back.recipe.inputs) == {"table", "features"}
        assert back.versions["python"].startswith("3.")
        assert back.versions["statsmodels"]
        assert back.recipe.time.endswith("+00:00")

    def test_the_same_recipe_gives_the_same_bytes(self, tmp_path, table):
        recipe = lock.Recipe.of("develop", Plan(), {"table": table})
        for name in ("one", "two"):
            made(tmp_path / name, lock.found(lock.Lock(recipe, {}, {}, {}), {}))
        assert (tmp_path / "one/lock.json").read_bytes() == (tmp_path / "two/lock.json").read_bytes()

    def test_a_signature_is_known_by_what_it_is_without_its_evidence(self, tmp_path, table):
        recipe = lock.Recipe.of("develop", Plan(), {"table": table})
        data = dict(load("ptlf-demo").data)
        made(tmp_path / "out", recipe, signature=data)
        sealed = lock.read(tmp_path / "out/lock.json").signature
        assert sealed == lock.content_sha256({**data, "evidence": {"lock_sha256": "0" * 64}})
        assert sealed != lock.content_sha256({**data, "radscore_intercept": 1.0})

    def test_a_shipped_signature_goes_by_its_id(self, table):
        recipe = lock.Recipe.of("calibrate", Plan(), {"signature": "ptlf-published"})
        assert recipe.inputs["signature"].name == "ptlf-published"
        assert recipe.path("signature").name == "ptlf-published.json"
        assert recipe.path("table") is None

    @pytest.mark.parametrize("text", ["{", "{}", '{"schema": "ptlf-lock/1"}', "[]"])
    def test_what_is_no_lock_file_is_refused(self, tmp_path, text):
        (tmp_path / "lock.json").write_text(text)
        with pytest.raises(BadInput, match=r"lock\.json"):
            lock.read(tmp_path / "lock.json")


class TestInputs:
    def test_a_changed_input_is_refused(self, table):
        first = lock.Lock(lock.Recipe.of("develop", Plan(), {"table": table}), {}, {}, {})
        table.write_text("case\n2\n")
        with pytest.raises(BadInput, match="is not the one of the first run"):
            lock.found(first, {})

    @pytest.mark.parametrize("change", ["content", "added", "removed"])
    def test_so_is_a_changed_folder_of_features(self, features, change):
        first = lock.Lock(lock.Recipe.of("develop", Plan(), {"features": features}), {}, {}, {})
        assert lock.found(first, {}) == first.recipe
        file = features / "features.parquet"
        if change == "content":
            file.write_bytes(b"other numbers")
        elif change == "added":
            (features / "cases.json").write_text("{}")
        else:
            file.unlink()
        with pytest.raises(BadInput, match="is not the one of the first run"):
            lock.found(first, {})

    def test_a_moved_input_is_named_and_the_lock_says_what_it_said(self, tmp_path, table):
        first = lock.Lock(lock.Recipe.of("develop", Plan(), {"table": table}), {}, {}, {})
        moved = table.rename(tmp_path / "elsewhere.csv")
        with pytest.raises(BadInput, match="--table PATH"):
            lock.found(first, {})
        again = lock.found(first, {"table": moved})
        assert again.path("table") == moved
        assert again.inputs["table"].name == first.recipe.inputs["table"].name
        with pytest.raises(BadInput, match="read no features"):
            lock.found(first, {"table": moved, "features": tmp_path})


class TestResultFolder:
    def test_the_former_result_is_replaced_whole(self, tmp_path, table):
        recipe, out = lock.Recipe.of("develop", Plan(), {"table": table}), tmp_path / "out"
        made(out, recipe, tables=("roc", "univariate"))
        (out / "notes.txt").write_text("mine")
        made(out, recipe, text="newer", tables=("roc",))
        assert (out / "report.html").read_text() == "newer"
        assert [path.name for path in (out / "tables").iterdir()] == ["roc.csv"]
        assert (out / "notes.txt").read_text() == "mine"

    @pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
    def test_a_run_that_fails_leaves_the_former_result(self, tmp_path, table, error):
        recipe, out = lock.Recipe.of("develop", Plan(), {"table": table}), tmp_path / "out"
        made(out, recipe)
        before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
        with pytest.raises(error):
            stopped(out, error)
        assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before

    def test_and_no_folder_where_there_was_none(self, tmp_path):
        with pytest.raises(RuntimeError):
            stopped(tmp_path / "new", RuntimeError)
        assert not (tmp_path / "new").exists()
