"""Commands come by families: one from outside the library is run, listed and refused like the product's own."""

from types import SimpleNamespace

import pytest

from PTLFPredictorLib import cli
from PTLFPredictorLib.errors import BadInput


@pytest.fixture
def with_count(monkeypatch):
    """``ptlf count N``: counts to N, below 4."""

    def count(given):
        if given.n > 3:
            raise BadInput(f"{given.n} is more than can be counted here.")
        print(*range(1, given.n + 1))

    def add(command):
        command("count", count, "counts to N").add_argument("n", type=int)

    monkeypatch.setattr(cli, "FAMILIES", (*cli.FAMILIES, SimpleNamespace(add=add)))


@pytest.mark.usefixtures("with_count")
def test_a_command_from_outside_runs_and_is_listed(capsys):
    assert cli.main(["count", "3"]) == 0
    assert capsys.readouterr().out == "1 2 3\n"
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    assert "counts to N" in capsys.readouterr().out


@pytest.mark.usefixtures("with_count")
def test_its_errors_are_sentences_with_their_exit_code(capsys):
    assert cli.main(["count", "4"]) == 2
    assert capsys.readouterr().err == "ptlf: 4 is more than can be counted here.\n"
