"""A model of the user goes whole or not at all, and never while a run draws with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from PTLFPredictorLib.cli import main
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.segmentation import add, catalogue, default_model, remove, user_models
from PTLFPredictorLib.segmentation.model_digests import user_folder


@pytest.fixture
def ours(tmp_path, monkeypatch) -> Path:
    """Folder of a liver model that a user has added."""
    monkeypatch.setenv("PTLF_MODELS", str(tmp_path / "user"))
    return add(default_model().folder, {"parenchyma": (1,)}, id="ours").folder


def ids() -> list[str]:
    return [model.id for model in catalogue()]


def left() -> list[str]:
    return sorted(path.name for path in user_folder().iterdir() if path.name != user_models.IN_USE)


def test_it_goes_with_all_its_files(ours):
    remove("ours")
    assert ids() == [default_model().id]
    assert left() == []


def test_the_shipped_one_and_what_is_no_model_stay(ours):
    for wrong, why in (
        (default_model().id, "comes with the product"),
        ("other", "There is no model 'other'"),
        ("..", "There is no model '..'"),
        ("", "There is no model ''"),
        (".in-use", "There is no model '.in-use'"),
    ):
        with pytest.raises(BadInput, match=why):
            remove(wrong)
    assert default_model().folder.is_dir()
    assert ids() == [default_model().id, "ours"]


HOLDS = """
import sys, time
from pathlib import Path
from PTLFPredictorLib.segmentation import user_models
with user_models.using(Path(sys.argv[1])):
    print("holds", flush=True)
    sys.stdin.readline()
"""


def holding(folder: Path) -> subprocess.Popen:
    """Another process that draws with the model of that folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(user_models.__file__).parents[2])},
    )  # fmt: skip
    assert process.stdout.readline() == "holds\n"
    return process


def test_while_another_process_draws_with_it_nothing_is_deleted(ours):
    process = holding(ours)
    with pytest.raises(BadInput, match=r"A run draws with the model 'ours'.*nothing was deleted"):
        remove("ours")
    assert main(["models", "remove", "ours", "--yes"]) == 2
    assert sorted(path.name for path in ours.iterdir())
    assert ids() == [default_model().id, "ours"]
    process.communicate("ended\n", timeout=30)
    remove("ours")
    assert left() == []


def test_a_run_that_was_killed_holds_it_no_longer(ours):
    process = holding(ours)
    process.kill()
    process.wait(30)
    assert list((user_folder() / user_models.IN_USE).iterdir())
    remove("ours")
    assert left() == []
    assert not list((user_folder() / user_models.IN_USE).iterdir())


def test_a_run_of_another_model_hinders_nothing(ours):
    with user_models.using(default_model().folder), user_models.using(ours.parent / "ours2"):
        remove("ours")
    assert ids() == [default_model().id]


def test_a_run_that_begins_in_between_keeps_it(ours, monkeypatch):
    asked = iter((False, True))
    monkeypatch.setattr(user_models, "in_use", lambda model_id: next(asked))
    before = sorted(path.stat().st_ino for path in ours.rglob("*"))
    with pytest.raises(BadInput, match="A run draws with"):
        remove("ours")
    assert sorted(path.stat().st_ino for path in ours.rglob("*")) == before
    assert left() == ["ours"]


def test_one_that_the_system_does_not_let_go_is_as_it_was(ours, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(BadInput, match=r"'ours' could not be deleted: Permission denied. It is as it was"):
        remove("ours")
    assert ids() == [default_model().id, "ours"]


def test_what_could_not_be_deleted_shows_in_no_list_and_goes_the_next_time(ours, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(user_models.shutil, "rmtree", lambda *_, **__: None)  # Windows: a scanner reads a file of it
        remove("ours")
    (there,) = left()
    assert there.startswith(user_models.GOING)
    assert ids() == [default_model().id]
    user_models.remove_leftovers()
    assert left() == []


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_of_a_link_only_the_link_goes(ours, tmp_path):
    elsewhere = ours.rename(tmp_path / "elsewhere")
    (user_folder() / "ours").symlink_to(elsewhere)
    remove("ours")
    assert left() == []
    assert (elsewhere / "plans.json").exists() or list(elsewhere.rglob("plans.json"))


def test_the_worker_holds_the_model_that_it_draws_with(ours, monkeypatch):
    from PTLFPredictorLib.segmentation import find_model, worker

    seen = []

    def stop(*_):
        seen.append(user_models.in_use("ours"))
        raise KeyboardInterrupt

    monkeypatch.setattr(worker, "_verified", stop)
    model = find_model("ours")
    folder = model.folder.resolve()
    job = {"model": model.to_dict(folder.parent), "base": str(folder.parent), "shipped": False}
    job["model"]["folder"] = folder.name
    with pytest.raises(KeyboardInterrupt):
        worker.draw(job, ours, lambda event: None, None)
    assert seen == [True]
    assert not user_models.in_use("ours")


def test_in_the_shell_it_is_confirmed(ours, capsys, monkeypatch):
    assert main(["models", "remove", "ours"]) == 2  # no terminal: nobody can confirm
    assert "Nobody has confirmed it (--yes); nothing was deleted" in capsys.readouterr().err
    asked = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or "n")
    assert main(["models", "remove", "ours"]) == 2
    assert asked == ["Delete the model 'ours' from this computer? [y/N] "]
    assert "ours" in ids()
    monkeypatch.setattr("builtins.input", lambda question: "y")
    assert main(["models", "remove", "ours"]) == 0
    assert "ours" not in ids()


def test_one_that_cannot_be_used_can_be_deleted(ours, capsys):
    (ours / "model.json").write_text("{}")
    assert main(["models", "list"]) == 0
    assert "ours                 cannot be used: " in capsys.readouterr().out
    assert main(["models", "remove", "ours", "--yes"]) == 0
    assert left() == []
