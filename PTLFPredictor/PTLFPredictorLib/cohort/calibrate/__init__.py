"""The published signature brought to life in a hospital: normalisation and risk model calibrated to its cases.

`run` makes report, lock and signature of a recipe; `calibrate` computes on arrays: `scaling`, `update`, `shrinkage`,
`bootstrap`, `closed_testing`; `start` says what may be calibrated, `limits` what may be given, `written` and `texts`
what the file says.
"""

from .run import run

__all__ = ["run"]
