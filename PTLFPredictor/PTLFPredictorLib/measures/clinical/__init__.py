"""Clinical measures: ALBI, Child-Pugh, BCLC, each from its publication.  To add one, add an entry to `MEASURES`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import BadInput
from ..value import Input, Measure, Measured, in_words
from . import albi, bclc, child_pugh
from .choice import Choice
from .quantity import Amount, Quantity

__all__ = ["MEASURES", "Amount", "Choice", "Quantity", "compute", "inputs_of", "measure", "required_inputs"]

MEASURES: dict[str, Measure] = {**albi.MEASURES, **child_pugh.MEASURES, **bclc.MEASURES}
"""By the name that a signature's predictor uses."""


def measure(name: str) -> Measure:
    """The entry called `name`; `BadInput` where there is none."""
    if name not in MEASURES:
        raise BadInput(f"There is no clinical measure '{name}'; there are {in_words(sorted(MEASURES), 'and')}.")
    return MEASURES[name]


def required_inputs(name: str) -> dict[str, Input]:
    """The inputs without which the measure cannot be computed, each a `Quantity` or a `Choice`."""
    return measure(name).required()


def inputs_of(name: str) -> dict[str, Input]:
    """All inputs of the measure, optional ones too."""
    return dict(measure(name).inputs)


def compute(name: str, inputs: Mapping[str, Any]) -> Measured:
    """One clinical measure of a patient.

    Parameters
    ----------
    name : str
        A key of `MEASURES`.
    inputs : mapping of str to Amount or str
        What is known of the patient: an `Amount` for a quantity (a bare number where it has no unit), a text or enum
        member for a choice.  Inputs of other clinical measures may be among them.

    Raises
    ------
    BadInput
        Where the measure or an input is unknown, an input is missing or implausible, or the measure is not defined
        for this patient.
    """
    chosen = measure(name)
    known = {key for one in MEASURES.values() for key in one.inputs}
    if strange := sorted(set(inputs) - known):
        raise BadInput(f"No clinical measure takes {in_words(strange, 'or')}; {chosen.label} takes {_takes(chosen)}.")
    return chosen.compute(name, inputs)


def _takes(chosen: Measure) -> str:
    return in_words(list(chosen.inputs), "and")
