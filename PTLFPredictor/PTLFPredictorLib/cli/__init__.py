"""The command line: ``ptlf COMMAND ...``; ``ptlf COMMAND --help`` says what a command takes.

Progress goes to stderr, results to stdout or files.  Exit codes: 0 done, 2 bad input, 3 missing dependency,
4 out of memory, 5 unusable model, 130 cancelled, 1 anything else.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from .. import RESEARCH_USE, __version__
from ..errors import BadInput, Cancelled, OutOfMemory, PTLFError, is_out_of_memory
from ..outputs import refuse_inputs
from . import agreement, cohort, features, maps, models, nomogram, patient, segments, signatures, tools, train
from .command import ROOT
from .stderr import mute, say

__all__ = ["ROOT", "main", "parser"]

FAMILIES = (patient, segments, features, nomogram, agreement, cohort, models, train, signatures, tools)
"""Commands by family, in the order of ``ptlf --help``; each module's `add` adds its commands."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a traceback is shown only with ``--debug``."""
    try:
        given = parser().parse_args(arguments)
    except KeyboardInterrupt:  # reading the options of all commands takes a second
        say(f"ptlf: {Cancelled().message}")
        return Cancelled.exit_code
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
        kind = getattr(signal, name, None)
        if kind is not None and signal.getsignal(kind) is not signal.SIG_IGN:  # as nohup asks for
            signal.signal(kind, _interrupt)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show
    try:
        _check_paths(given)
        _check_outputs(given)
        return given.function(given) or 0
    except PTLFError as error:
        problem, code = error.message, error.exit_code
        if given.debug:
            raise
    except KeyboardInterrupt:
        problem, code = Cancelled().message, Cancelled.exit_code
    except BrokenPipeError:
        mute(sys.stdout)
        return 0
    except Exception as error:
        if given.debug:
            raise
        problem, code = f"An unexpected error ({type(error).__name__}: {error}). --debug shows where.", 1
        if is_out_of_memory(error):
            problem, code = "There is too little free memory for this. Close other programs.", OutOfMemory.exit_code
    say(f"ptlf: {problem}")
    return code


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _check_paths(given: argparse.Namespace) -> None:
    """SimpleITK ends the whole process at a name that is no text."""
    for value in vars(given).values():
        for name in value if isinstance(value, list) else [value]:
            try:
                str(name).encode()
            except UnicodeEncodeError as error:
                raise BadInput(f"The name {str(name)!a} is not valid text; rename the file or folder.") from error


def _check_outputs(given: argparse.Namespace) -> None:
    """No output may replace what the command reads, whatever the option that names it."""
    written = [value for name in ("out", "json", "screenshot") if isinstance(value := getattr(given, name, None), Path)]
    if isinstance(folder := getattr(given, "out_maps", None), Path):
        written.append(folder / maps.RECORD)
    if not written:
        return
    from ..case import OUTPUTS, files_read, paths

    if given.command in ("predict", "demo"):
        written = [given.out / name for name in OUTPUTS.values()]
    options = {name: value for name, value in vars(given).items() if name not in ("out", "json", "screenshot")}
    model = options.get("model")
    model = model if model is not None and Path(model).exists() else None
    files, closed = files_read(options.get("ct"), options.get("segmentation"), model)
    others = [path for value in options.values() for path in paths(value) if path.is_file()]
    refuse_inputs(written, [*files, *others], closed)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="ptlf", description=f"Risk of post-TACE liver failure from CT. {RESEARCH_USE}")
    top.add_argument("--version", action="version", version=f"PTLFPredictor {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, function: Callable[[argparse.Namespace], int | None], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.add_argument("--debug", action="store_true", help="show the traceback of an error")
        added.set_defaults(function=function)
        return added

    for family in FAMILIES:
        family.add(command)
    return top
