"""One patient through the whole way; what the command line and the panel both call."""

from .inputs import files_read, paths
from .run import OUTPUTS, Case, Score, make_record, run, score_case

__all__ = ["OUTPUTS", "Case", "Score", "files_read", "make_record", "paths", "run", "score_case"]
