"""Values of the patient on the command line: by their own options and by name, with their units."""

from pathlib import Path

import pytest

from PTLFPredictorLib.cli import main

V1 = Path(__file__).parents[1] / "signature" / "data" / "ptlf-published.v1.json"


def nomogram(capsys, *words):
    code = main(["nomogram", "--radscore", "7.72", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.parametrize(
    "words",
    [
        ("--alb", "4.36", "--alb-unit", "g/dL", "--inr", "1.09"),
        ("--value", "ALB=43.6", "--value", "INR=1.09"),
        ("--value", "alb=4.36 g/dL", "--inr", "1.09"),
        ("--value", "ALB = 4.36g/dL", "--value", "inr=1.09"),
    ],
)
def test_a_value_by_name_is_the_same_as_by_its_option(capsys, words):
    code, out, _ = nomogram(capsys, *words)
    assert code == 0
    assert out.startswith("Points: ALB 26.58, INR 17.50, Radscore 55.66; total 99.74")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--value", "bilirubin=18"), "The signature takes no bilirubin; it takes ALB, INR."),
        (("--value", "ALB=4.36"), "is it 4.36 g/dL?"),
        (("--value", "ALB=43.6 mg/dL"), "must be g/L or g/dL"),
        (("--value", "ALB=much"), "'much' is no number"),
        (("--value", "ALB"), "cannot be read"),
        (("--alb", "40", "--value", "ALB=43.6"), "ALB is given twice"),
        ((), "Give --alb and --inr too"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_with_what_would_be_right(capsys, words, sentence):
    code, out, err = nomogram(capsys, *words)
    assert code == 2
    assert sentence in err
    assert out == ""


def test_a_file_of_schema_1_works_says_so_and_can_be_written_anew(capsys, tmp_path):
    words = ("--alb", "43.6", "--inr", "1.09")
    code, out, err = nomogram(capsys, *words, "--signature", str(V1))
    assert code == 0
    assert "read as schema 2" in err
    assert out == nomogram(capsys, *words)[1]
    assert main(["signatures", "check", str(V1)]) == 0
    assert "'predictors' are now data: Albumin, INR, Radscore" in capsys.readouterr().out
    new = tmp_path / "new.json"
    assert main(["signatures", "upgrade", str(V1), "--out", str(new)]) == 0
    assert "no number was changed" in capsys.readouterr().out
    assert nomogram(capsys, *words, "--signature", str(new))[1:] == (out, "")
    assert main(["signatures", "upgrade", str(new), "--out", str(tmp_path / "again.json")]) == 2
    assert "schema 2 already" in capsys.readouterr().err
    assert not (tmp_path / "again.json").exists()
