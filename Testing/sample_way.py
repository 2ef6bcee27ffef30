"""Sixty sample cases through ``cohort calibrate`` against the published signature: once, for all tests that go on."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PTLFPredictorLib import cli

KEPT = "PTLF_SAMPLE_COHORT"
"""Environment variable: a folder in which the cohort and its features stay from one run of the tests to the next."""

READER = "A. Reader"


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


@dataclass(frozen=True)
class Way:
    """Where everything lies."""

    folder: Path

    @property
    def table(self) -> Path:
        return self.folder / "cohort.csv"

    @property
    def features(self) -> Path:
        return self.folder / "features"

    @property
    def signature(self) -> Path:
        return self.folder / "calibrated" / "signature.json"

    @property
    def held_out(self) -> Path:
        return self.folder / "held-out"

    def calibrate(self, table: Path, out: Path, *options: object) -> Answer:
        return ptlf("cohort", "calibrate", "--table", table, "--features", self.features, "--out", out, *options)


@functools.cache
def walked() -> tuple[Way, Answer]:
    """The cohort drawn, its features extracted, the published signature calibrated; what the last step said."""
    way = Way(Path(os.environ.get(KEPT) or tempfile.mkdtemp(prefix="ptlf-sample-cohort-")))
    for words in (
        ("cohort", "sample", "--cases", 60, "--out", way.folder),
        ("cohort", "extract", "--table", way.table, "--out", way.features),
    ):
        answer = ptlf(*words)
        if answer.code:
            raise RuntimeError(f"{words[1]} failed: {answer.err}")
    return way, way.calibrate(way.table, way.folder / "calibrated")
