"""The questions of a statistician and a radiologist have their answers where docs/report-questions.md says.

Every name in backticks there is a table or a figure of the real report of that command.
"""

import dataclasses
import re
from pathlib import Path

import pytest

import made_cohort
import made_hospital
import made_validation
from PTLFPredictorLib.cohort import calibrate, develop, validate
from PTLFPredictorLib.cohort.calibrate.plan import CalibrationPlan
from PTLFPredictorLib.cohort.develop.plan import DevelopmentPlan
from PTLFPredictorLib.cohort.lock import Recipe
from PTLFPredictorLib.cohort.validate.plan import ValidationPlan
from PTLFPredictorLib.signature.files import text_of

PAGE = Path(__file__).resolve().parents[3] / "docs" / "report-questions.md"

COMMANDS = ("develop", "calibrate", "validate")

NO_BLOCK = r"[ .]"
"""What names of files and commands hold, and names of tables and figures do not."""


def asked():
    """(command, name) of every table and figure that the page names."""
    found = set()
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 7 and cells[1].isdigit():
            for command, text in zip(COMMANDS, cells[3:6], strict=True):
                names = re.findall(r"`(?:\.\.\.)?([^`]+)`", text)
                found |= {(command, name) for name in names if not re.search(NO_BLOCK, name)}
    return sorted(found)


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Names of the tables and figures of a report of each command."""
    folder = tmp_path_factory.mktemp("reports")
    hospital = made_hospital.hospital(folder / "hospital")
    given = {"table": hospital.table, "features": hospital.features, "signature": "ptlf-published"}
    calibrate.run(Recipe.of("calibrate", CalibrationPlan(samples=60), given), folder / "calibrate")

    signature = made_validation.signature()
    table, cases = made_validation.cohort(folder, signature)
    (folder / "signature.json").write_text(text_of(signature.data), encoding="utf-8")
    features = made_validation.write(cases, signature, folder / "features")
    given = {"table": table, "features": features, "signature": folder / "signature.json"}
    validate.run(Recipe.of("validate", ValidationPlan(cutoffs=(0.2,)), given), folder / "validate")

    (folder / "cohort").mkdir()
    table, features = made_cohort.write_cohort(folder / "cohort")
    plan = DevelopmentPlan()
    few = dataclasses.replace(plan.resampling, bootstraps=5, repeats=1, folds=3)
    given = {"table": table, "features": features, "signature": "ptlf-published"}
    recipe = Recipe.of("develop", dataclasses.replace(plan, resampling=few), given)
    develop.run(recipe, folder / "develop")
    pages = {command: (folder / command / "report.html").read_text(encoding="utf-8") for command in COMMANDS}
    return {command: re.findall(r'<(?:table|figure)[^>]* id="block-([^"]+)"', page) for command, page in pages.items()}


@pytest.mark.slow
def test_every_answer_is_where_the_page_says(reports):
    missing = [
        (command, name) for command, name in asked() if not any(found.endswith(name) for found in reports[command])
    ]
    assert missing == []


def test_ten_questions_each():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    numbers = [line.split("|")[1].strip() for line in lines if re.match(r"\| \d+ \|", line)]
    assert numbers == [str(i) for i in range(1, 11)] * 2
    assert len(asked()) > 20
