"""One patient through the whole way; what the command line and the panel both call."""

from .assess import Assessed, assess_case, assess_found, examine, make_record
from .inputs import files_read, paths
from .question import Question
from .ready import ready_segments
from .run import OUTPUTS, require_own, run
from .sources import SAMPLE_UNKNOWN, Sources, draw_or_read, read_case_ct

__all__ = [
    "OUTPUTS",
    "SAMPLE_UNKNOWN",
    "Assessed",
    "Question",
    "Sources",
    "assess_case",
    "assess_found",
    "draw_or_read",
    "examine",
    "files_read",
    "make_record",
    "paths",
    "read_case_ct",
    "ready_segments",
    "require_own",
    "run",
]
