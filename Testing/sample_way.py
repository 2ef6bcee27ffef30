"""Sixty sample cases through ``cohort calibrate`` against the published signature, by the commands that the README has:
once, for all tests that go on from there."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PTLFPredictorLib import cli

ROOT = Path(__file__).resolve().parents[1]

KEPT = "PTLF_SAMPLE_COHORT"
"""Environment variable: a folder in which the cohort and its features stay from one run of the tests to the next."""

READER = "A. Reader"

PROMPT = "./ptlf cohort "


@dataclass(frozen=True)
class Answer:
    """What a command returned and printed."""

    code: int
    out: str
    err: str


def ptlf(*words: object) -> Answer:
    """Run a command of the command line."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.main([str(word) for word in words])
    return Answer(code, out.getvalue(), err.getvalue())


def documented(page: str) -> list[list[str]]:
    """The commands on many patients that a page of the documentation has for the sample cohort, word by word."""
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    commands = [shlex.split(line, comments=True)[1:] for line in lines if line.startswith(PROMPT)]
    ours = ("sample/", "sample", "calibrated/lock.json")
    return [words for words in commands if any(word in ours or word.startswith(ours[0]) for word in words)]


@dataclass(frozen=True)
class Way:
    """Where everything lies."""

    folder: Path

    @property
    def table(self) -> Path:
        return self.folder / "sample" / "cohort.csv"

    @property
    def held_out(self) -> Path:
        return self.folder / "sample" / "held-out.csv"

    @property
    def features(self) -> Path:
        return self.folder / "features"

    @property
    def calibrated(self) -> Path:
        return self.folder / "calibrated"

    @property
    def signature(self) -> Path:
        return self.calibrated / "signature.json"

    def run(self, words: list[str]) -> Answer:
        """A command as a person types it who stands in the folder."""
        with contextlib.chdir(self.folder):
            return ptlf(*words)

    def calibrate(self, table: Path, out: Path, *options: object) -> Answer:
        return ptlf("cohort", "calibrate", "--table", table, "--features", self.features, "--out", out, *options)


@functools.cache
def walked() -> tuple[Way, Answer]:
    """The README's way from the sample cohort to the calibrated signature; what its last step said."""
    way = Way(Path(os.environ.get(KEPT) or tempfile.mkdtemp(prefix="ptlf-sample-cohort-")))
    answer = Answer(1, "", "the README has no such commands")
    for action in ("sample", "extract", "calibrate"):
        (words,) = [words for words in documented("README.md") if words[1] == action]
        answer = way.run(words)
        if answer.code:
            break
    return way, answer
