"""One row of a cohort's table, read: what `extraction`, `calibrate`, `develop` and `validate` know of a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from ...ct import ConfirmedPhase
from ...segmentation.origin import Origin
from ...segmentation.reading import Labels, Source
from ...signature import Entered
from .outcome import Components


class Split(StrEnum):
    """On which side of the split a case is."""

    TRAINING = "training"
    VALIDATION = "validation"
    EXTERNAL = "external validation"
    NONE = ""
    """The table does not say."""


@dataclass(frozen=True)
class Case:
    """One case.

    Parameters
    ----------
    row : int
        As a spreadsheet numbers it.
    id : str
        Unique in the table.
    ct : Path
        DICOM folder or image file; there when the table was read.
    segmentation : tuple of Source
        None: the model draws.
    segmentation_2 : tuple of Source
        A second reader's, for the agreement of features; none where there is none.
    labels : mapping, optional
        What the labels mean; see `segmentation.reading.parse_labels`.
    mask_origin : Origin or None
        What a reader says of who drew the segments.
    series_uid, acquisition
        See `case.Sources`.
    phase : ConfirmedPhase or None
        The contrast phase, where a reader answers for it.
    entered : Entered
        The signature's entries, each in its own unit.
    clinical : mapping of str to float or str
        Further clinical columns, by the column's name (`CohortTable.clinical`).
    outcome : bool or None
        By `rule`, or as the table's own column says.
    components : Components
    all_criteria_met : bool or None
        What the column of that name says; False: the patient does not fit the study, and it is not said why.
    answers : mapping
        To the eligibility criteria, as `signature.checklist` takes them.
    patient : str
        Who it is of, where a patient may have several rows; "" where the table does not say.
    centre : str
    split : Split
    synthetic : bool
        The table says that it is no patient.
    """

    row: int
    id: str
    ct: Path
    segmentation: tuple[Source, ...] = ()
    segmentation_2: tuple[Source, ...] = ()
    labels: Labels | None = None
    mask_origin: Origin | None = None
    series_uid: str | None = None
    acquisition: int | None = None
    phase: ConfirmedPhase | None = None
    entered: Entered = field(default_factory=Entered)
    clinical: Mapping[str, float | str] = field(default_factory=dict)
    outcome: bool | None = None
    components: Components = field(default_factory=Components)
    all_criteria_met: bool | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    patient: str = ""
    centre: str = ""
    split: Split = Split.NONE
    synthetic: bool = False


@dataclass(frozen=True)
class LeftOut:
    """A row that cannot be a case: without an id, a CT, or of another width than the header."""

    row: int
    id: str
    reason: str

    @property
    def named(self) -> tuple[str, str]:
        """Its id, or its row where it has none, and why."""
        return self.id or f"row {self.row}", self.reason


@dataclass(frozen=True)
class ClinicalColumn:
    """A further clinical column, with a unit where its header states one.

    Parameters
    ----------
    name : str
        As in `Case.clinical`, and as a column of `CohortData.clinical`.
    unit : str
        "" where none is stated.
    levels : tuple of str
        Of a categorical one, sorted; none for numbers.
    """

    name: str
    unit: str = ""
    levels: tuple[str, ...] = ()
