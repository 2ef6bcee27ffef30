"""One patient through the whole way; what the command line and the panel both call."""

from .run import OUTPUTS, Case, Score, make_record, output_folder, run, score_case

__all__ = ["OUTPUTS", "Case", "Score", "make_record", "output_folder", "run", "score_case"]
