"""What the terminal says of a case: each thing once; and the study's criteria answered from the shell."""

import pytest

from PTLFPredictorLib import json_text
from PTLFPredictorLib.cli import main


@pytest.fixture
def command(phantom_files, tmp_path):
    words = ["predict", "--ct", phantom_files["ct"], "--segmentation", phantom_files["labels"], "--alb", 43.6]
    return [str(word) for word in [*words, "--inr", 1.09, "--out", tmp_path / "out"]]


def test_the_phase_and_the_reason_for_no_score_are_said_once(command, capsys):
    assert main(command) == 0
    said = capsys.readouterr().out.lower()
    assert said.count("contrast phase: portal venous") == 1
    assert said.count("contrast phase") == 1
    assert said.count("cannot be computed") == 1
    assert "radscore: not shown" in said


def test_all_criteria_met_needs_the_readers_name(command, capsys, tmp_path):
    assert main([*command, "--all-criteria-met"]) == 2
    assert "Who answers for the study's criteria (--reader NAME)? Give the reader's name." in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_all_criteria_met_is_kept_with_name_and_time(command, capsys, tmp_path):
    assert main([*command, "--all-criteria-met", "--reader", "Dr Reader"]) == 0
    data = json_text.read(tmp_path / "out" / "result.json")
    assert {item["status"] for item in data["eligibility"]["items"]} == {"confirmed"}
    assert data["eligibility"]["answered"]["reader"] == "Dr Reader"
    assert data["eligibility"]["answered"]["time"]
    assert "eligibility" not in {finding["code"] for finding in data["findings"]}


def test_criteria_that_nobody_answered_withhold(command, capsys, tmp_path):
    assert main(command) == 0
    assert (
        "[blocks the risk] 8 of 8 criteria of the study are not answered for this patient." in capsys.readouterr().out
    )
    data = json_text.read(tmp_path / "out" / "result.json")
    assert data["eligibility"]["answered"] is None


def test_an_answers_file_is_the_readers_who_gives_it(command, tmp_path):
    path = tmp_path / "answers.json"
    path.write_text('{"first_tace": true}')
    assert main([*command, "--eligibility", str(path), "--reader", "Dr Reader"]) == 0
    data = json_text.read(tmp_path / "out" / "result.json")
    assert data["eligibility"]["answered"]["reader"] == "Dr Reader"


def test_a_file_of_answers_and_all_criteria_met_exclude_each_other(command, capsys, tmp_path):
    path = tmp_path / "answers.json"
    path.write_text("{}")
    with pytest.raises(SystemExit) as end:
        main([*command, "--eligibility", str(path), "--all-criteria-met", "--reader", "Dr Reader"])
    assert end.value.code == 2
    assert "not allowed with" in capsys.readouterr().err
