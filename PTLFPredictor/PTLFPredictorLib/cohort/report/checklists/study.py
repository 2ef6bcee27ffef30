"""What the data say of a study: the one thing that a command fills in for both checklists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from ....render.report.document import ref
from ....render.report.drawing import Cases


class Place(Enum):
    """Where in the report something stands; `Study.places` names the table or figure."""

    FLOW = "flow"
    CHARACTERISTICS = "characteristics"
    BETWEEN_SPLITS = "between splits"
    MISSING = "missing values"
    PROTOCOL = "protocol"
    TERMS = "terms of the score"
    MODEL = "model"
    OPTIMISM = "optimism"
    PERFORMANCE = "performance"
    CALIBRATION = "calibration"
    CENTRES = "by centre"
    UPDATING = "updating"
    SAMPLE_SIZE = "sample size"
    CUTOFFS = "cut-offs"


@dataclass(frozen=True)
class Study:
    """A study as far as the data tell it.

    Parameters
    ----------
    develops, evaluates : bool
        Whether a model is made (or updated), whether one is evaluated on cases that did not make it.
    outcome, population : str
        In a sentence each: with the rule and the horizon; with the criteria.
    training, validation : Cases or None
    centres : int
    other_centre : bool
        Whether the validation cases are of another centre than the training cases.
    automatic_masks : bool
        Whether a model drew all masks and nobody corrected them.
    extraction : str
        Engine with version, and where the settings are.
    missing : str
        How missing values were handled.
    predictors : str
        How they entered: linear, standardised, logarithms.
    steps : tuple of str
        Of building the model, in their order.
    internal : str
        How performance was corrected for optimism; "" where it was not.
    sample_size : str
        Events per variable, Riley's size.
    large_enough : bool
        Whether the cases reach Riley's size.
    robust : bool
        Whether features that two segmentations do not agree on were removed.
    measures : str
        Of performance.
    updating : str
        What was updated; "" for nothing.
    code : str
        Program and version.
    places : mapping of Place to str
        Names of tables and figures of this report.
    """

    develops: bool
    evaluates: bool
    outcome: str
    population: str
    training: Cases | None
    validation: Cases | None
    centres: int
    other_centre: bool
    automatic_masks: bool
    extraction: str
    missing: str
    predictors: str
    steps: tuple[str, ...]
    internal: str
    sample_size: str
    large_enough: bool
    robust: bool
    measures: str
    updating: str
    code: str
    places: Mapping[Place, str] = field(default_factory=dict)

    def see(self, *places: Place) -> str:
        """ "See Table 1, Figure 2." of those that the report has; "" where it has none."""
        found = [ref(self.places[place]) for place in places if place in self.places]
        return f"See {', '.join(found)}." if found else ""

    @property
    def groups(self) -> str:
        return " ".join(str(cases) for cases in (self.training, self.validation) if cases is not None)
