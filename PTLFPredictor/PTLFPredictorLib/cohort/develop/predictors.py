"""Clinical variables as predictors of a signature file: ids, labels, units, what can be meant, axes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import BadInput
from ...measures.clinical.quantity import in_ascii
from ...measures.clinical.units import QUANTITIES
from ...measures.value import DIMENSIONLESS
from ...signature import Signature
from ...signature.predictors import RADSCORE, PredictorSource
from ...signature.reading.predictors import quantity_called
from .. import signature_file
from .variables import BINARY, Variable

if TYPE_CHECKING:
    import pandas as pd

RADSCORE_ENTRY = {"id": RADSCORE, "label": RADSCORE, "kind": "continuous", "source": "radscore", "unit": DIMENSIONLESS}

BINARY_LABELS = {"0": "no", "1": "yes"}

BEYOND = 1.0
"""Of a quantity that the program does not know: widths of the cases' range beyond each end that can be meant."""


def ids(variables: Sequence[Variable]) -> dict[str, str]:
    """An id of a signature file for each variable, by its name: "Tumour size" -> "Tumour_size"."""
    found: dict[str, str] = {}
    taken = {RADSCORE.casefold(), "intercept"}
    for one in variables:
        plain = re.sub(r"[^A-Za-z0-9]+", "_", one.name).strip("_") or "variable"
        plain = plain if plain[0].isalpha() else f"v_{plain}"
        new, count = plain, 2
        while new.casefold() in taken:
            new, count = f"{plain}_{count}", count + 1
        taken.add(new.casefold())
        found[one.name] = new
    return found


def entry(variable: Variable, name: str, values: pd.Series, base: Signature) -> dict[str, Any]:
    """The file's predictor: as `base` has it where it knows the variable, else of its unit, levels and values.

    Parameters
    ----------
    variable : Variable
    name : str
        Its id.
    values : Series
        Of the cases that the model was fitted on.
    base : Signature
        Whose entries and predictors the table was read for.

    Raises
    ------
    BadInput
        For a quantity that the program knows, in a unit that it does not.
    """
    if (known := next((dict(one) for one in base.data["predictors"] if one["id"] == variable.name), None)) is not None:
        if "levels" in known:
            levels = {level["value"]: level for level in known["levels"]}
            known["levels"] = [levels[value] for value in variable.levels]
        return known
    if variable.categorical:
        return _categorical(variable, name, base)
    asked = next((one for one in base.entries if one.id == variable.name), None)
    made = {"id": name, "label": variable.name, "kind": "continuous", "source": str(PredictorSource.ENTERED)}
    if asked is not None:
        made["label"] = asked.label
    quantity = quantity_called(made["label"]) or quantity_called(name) or (asked and asked.quantity_name)
    if quantity:
        return made | _quantity(quantity, variable)
    low, high = float(values.min()), float(values.max())
    ends = [low - BEYOND * (high - low), high + BEYOND * (high - low)]
    if low >= 0:
        ends[0] = max(ends[0], 0.0)
    unit = in_ascii(variable.unit) or DIMENSIONLESS
    return made | {"unit": unit, "range": signature_file.axis(*ends)["range"]}


def axis(predictor: Mapping[str, Any], values: pd.Series, base: Signature) -> dict[str, Any] | None:
    """The file's axis of a continuous predictor over the values of the cases; None for a categorical one.

    The warning of `base` on an end of the axis (INR above 1.5 is itself a criterion of the outcome) is taken over.
    """
    if predictor["kind"] == "categorical":
        return None
    made = signature_file.axis(float(values.min()), float(values.max()), predictor.get("range"))
    of_base = base.data["nomogram"]["axes"].get(predictor["id"], {})
    return made | {name: of_base[name] for name in ("hatched_above", "hatch_note") if name in of_base}


def _categorical(variable: Variable, name: str, base: Signature) -> dict[str, Any]:
    asked = next((one for one in base.entries if one.id == variable.name), None)
    labels = {level.value: level.label for level in asked.levels} if asked else {}
    if variable.levels == BINARY:
        labels = BINARY_LABELS | labels
    return {
        "id": name,
        "label": asked.label if asked else variable.name,
        "kind": "categorical",
        "source": str(PredictorSource.ENTERED),
        "levels": [{"value": value, "label": labels.get(value, value)} for value in variable.levels],
    }


def _quantity(known_as: str, variable: Variable) -> dict[str, Any]:
    """What a file says of a quantity that the program knows, in the column's unit."""
    registered = QUANTITIES[known_as]
    try:
        here = registered.in_unit(variable.unit or DIMENSIONLESS)
    except BadInput as error:
        raise BadInput(f"The column '{variable.name}' cannot be a predictor: {error.message}") from error
    others = [{"unit": unit.name, "factor": float(unit.factor)} for unit in here.units[1:]]
    made = {"quantity": known_as, "unit": here.unit, "range": [float(end) for end in here.range]}
    return made | ({"units": others} if others else {})
