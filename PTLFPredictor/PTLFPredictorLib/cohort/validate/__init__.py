"""A signature, or the models that it was developed beside, on cases that it was not fitted on.

`performance` measures arrays, `models` scores cases by the product's own way, `validation` puts both together;
`blocks` are the tables and figures, `document` the report, `run` the command.
"""

from .performance import AtCutoff, Compared, Cutoff, Performance, Scale
from .plan import Cases, ValidationPlan, Withheld
from .run import COMMAND, RESULT, run
from .validation import Validation, validate

__all__ = [
    "COMMAND",
    "RESULT",
    "AtCutoff",
    "Cases",
    "Compared",
    "Cutoff",
    "Performance",
    "Scale",
    "Validation",
    "ValidationPlan",
    "Withheld",
    "run",
    "validate",
]
