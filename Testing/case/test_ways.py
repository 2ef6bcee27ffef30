"""docs/ways.md tells the truth: its functions are called, in its order."""

import re
import sys
from pathlib import Path

import pytest

from made_hospital import hospital
from PTLFPredictorLib.cli import main

WAYS = Path(__file__).resolve().parents[2] / "docs" / "ways.md"
LIBRARY = "PTLFPredictorLib"


def listed(title: str) -> list[str]:
    """The functions in the numbered rows of one chapter, in their order."""
    chapter = WAYS.read_text(encoding="utf-8").split(f"## {title}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| \d+ \| `([\w.]+)` \|", chapter, re.M)


def calls(words: list[object]) -> dict[str, list[int]]:
    """Function of the library -> places in the command's run at which it was called."""
    called: dict[str, list[int]] = {}
    count = 0

    def note(frame, event, _):
        nonlocal count
        if event == "call" and (module := frame.f_globals.get("__name__", "")).startswith(LIBRARY):
            count += 1
            name = f"{module}.{frame.f_code.co_qualname}".removeprefix(f"{LIBRARY}.")
            called.setdefault(name, []).append(count)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        assert main([*map(str, words)]) == 0
    finally:
        sys.setprofile(before)
    return called


@pytest.fixture(scope="module")
def of_a_patient(phantom_files, tmp_path_factory) -> dict[str, list[int]]:
    words = ["predict", "--ct", phantom_files["ct"], "--segmentation", phantom_files["labels"], "--mask-origin", "hand"]
    words += ["--reader", "A. Reader", "--alb", "4.36", "--alb-unit", "g/dL", "--inr", "1.09", "--radscore", "7.72"]
    return calls([*words, "--out", tmp_path_factory.mktemp("ways") / "out"])


@pytest.fixture(scope="module")
def of_a_cohort(tmp_path_factory) -> dict[str, list[int]]:
    folder = tmp_path_factory.mktemp("cohort")
    made = hospital(folder)
    words = ["cohort", "calibrate", "--table", made.table, "--features", made.features, "--samples", "100"]
    return calls([*words, "--out", folder / "out"])


@pytest.mark.parametrize(
    ("title", "steps", "run"),
    [
        ("A CT", 20, "of_a_patient"),
        ("An albumin value", 14, "of_a_patient"),
        ("A case of a cohort", 21, "of_a_cohort"),
    ],
)
def test_the_functions_of_a_way_are_called_in_its_order(title, steps, run, request):
    called, functions = request.getfixturevalue(run), listed(title)
    assert len(functions) == steps
    at = 0
    for function in functions:
        later = [place for place in called.get(function, []) if place > at]
        assert later, f"{function} is not called after {functions[functions.index(function) - 1]}"
        at = later[0]


def test_every_name_in_the_text_exists():
    text = WAYS.read_text(encoding="utf-8")
    for name in set(
        re.findall(r"`((?:case|cohort|ct|cli|segmentation|measures|signature|record|render|mrml)\.[\w.]+)`", text)
    ):
        parts = name.split(".")
        path = WAYS.parents[1] / "PTLFPredictor" / LIBRARY
        while parts and ((path / parts[0]).is_dir() or (path / f"{parts[0]}.py").is_file()):
            path = path / parts[0] if (path / parts[0]).is_dir() else path / f"{parts[0]}.py"
            parts = parts[1:]
        file = path if path.is_file() else path / "__init__.py"
        for part in parts:
            assert re.search(rf"\b{part}\b", file.read_text(encoding="utf-8")), name
