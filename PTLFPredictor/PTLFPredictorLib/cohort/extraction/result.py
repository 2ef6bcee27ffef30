"""What an extraction gives: each case with its features, findings, scan and masks, as files and in memory.

>>> extraction = Extraction.read("features")
>>> extraction.features()  # a row a case, a column a feature: tumor__NAME, liver__NAME
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import json_text
from ...ct import ContrastPhase, Finding
from ...errors import BadInput
from ...measures.radiomics import ExtractionSettings
from ...sample import known
from . import tables
from .observed import ObservedCase, ObservedMask
from .tables import CASE, Key

if TYPE_CHECKING:
    import pandas

SCHEMA = "ptlf-extraction/1"

CASES, FEATURES, SECOND, TIMES = "cases.json", "features.parquet", "features_2.parquet", "log.csv"
"""Files of an extraction, beside those of its report; all but the last are the same bytes whatever computed them."""


class CaseState(StrEnum):
    """What became of a case."""

    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class ExtractedCase:
    """One case of an extraction.

    Parameters
    ----------
    id : str
    state : CaseState
    problem : str
        Why it failed, a sentence without the path or file name of anything; "" where it did not.
    features : mapping of (VOI, str) to float
        All finite; without a VOI that nothing could be computed of (a finding says so).
    findings : tuple of Finding
        Of `case.examine`: on CT, segments and features, against the protocol that the extraction was asked for.
    protocol : ObservedCase or None
        None of a failed case, as `masks`.
    masks : ObservedMask or None
    sample : int or None
        Seed, where the CT is known as a sample case.
    ct_identity : str
        `CT.identity`; "" of a failed case, as `labels_sha256`.
    labels_sha256 : str
        `Segments.sha256` of the label map that was measured.
    volumes_ml : mapping of str to float
        "liver" (the whole organ), "parenchyma", "tumor".
    second : mapping of (VOI, str) to float
        Features of the second segmentation, empty where there is none.
    seconds : mapping of str to float
        "ct", "segments", "features", of the run that computed it; not compared.
    """

    id: str
    state: CaseState
    problem: str = ""
    features: Mapping[Key, float] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    protocol: ObservedCase | None = None
    masks: ObservedMask | None = None
    sample: int | None = None
    ct_identity: str = ""
    labels_sha256: str = ""
    volumes_ml: Mapping[str, float] = field(default_factory=dict)
    second: Mapping[Key, float] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict, compare=False)

    @property
    def done(self) -> bool:
        return self.state is CaseState.DONE

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, without features (they stand in Parquet) and times (in the log)."""
        return {
            "id": self.id,
            "state": self.state.value,
            "problem": self.problem,
            "findings": [finding.to_dict() for finding in self.findings],
            "protocol": None if self.protocol is None else asdict(self.protocol),
            "masks": None if self.masks is None else asdict(self.masks),
            "sample": self.sample,
            "ct_identity": self.ct_identity,
            "labels_sha256": self.labels_sha256,
            "volumes_ml": dict(self.volumes_ml),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], **more: Any) -> ExtractedCase:
        """From `to_dict`; `more` are ``features``, ``second`` and ``seconds``."""
        found = {**data, "state": CaseState(data["state"])}
        found["findings"] = tuple(Finding.from_dict(item) for item in data["findings"])
        if data["protocol"] is not None:
            found["protocol"] = ObservedCase(**{**data["protocol"], "phase": ContrastPhase(data["protocol"]["phase"])})
        found["masks"] = None if data["masks"] is None else ObservedMask(**data["masks"])
        return cls(**found, **more)


@dataclass(frozen=True)
class Extraction:
    """A finished extraction.

    Parameters
    ----------
    cases : tuple of ExtractedCase
        In the table's order.
    settings : ExtractionSettings
    settings_sha256 : str
        As `signature.evidence.settings_sha256` counts it, for the evidence of a signature fitted on these features.
    engine, engine_version : str
    asked : mapping
        What the cases were asked for: signature (id, version, SHA-256) whose protocol they were checked against or
        None, "to_protocol", "post_processing", "model", "second" (whether second segmentations were measured).
    software : mapping of str to str
        Versions that a feature's value depends on.
    """

    cases: tuple[ExtractedCase, ...]
    settings: ExtractionSettings
    settings_sha256: str
    engine: str
    engine_version: str
    asked: Mapping[str, Any] = field(default_factory=dict)
    software: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: str | Path) -> Extraction:
        """An extraction from the folder that ``ptlf cohort extract`` wrote.

        Raises
        ------
        BadInput
            Where there is none, or its files do not belong together.
        """
        folder = Path(folder)
        try:
            data = json_text.read(folder / CASES)
            if data["schema"] != SCHEMA:
                raise ValueError(f"it is of schema {data['schema']}")
            first, second = _by_case(folder / FEATURES), _by_case(folder / SECOND)
            times = _times(folder / TIMES)
            cases = tuple(
                _as_known_here(
                    ExtractedCase.from_dict(
                        item,
                        features=first.get(item["id"], {}),
                        second=second.get(item["id"], {}),
                        seconds=times.get(item["id"], {}),
                    )
                )
                for item in data["cases"]
            )
            settings = ExtractionSettings.from_dict(data["settings"])
            rest = {name: data[name] for name in ("settings_sha256", "engine", "engine_version", "asked", "software")}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadInput(
                f"'{folder}' holds no extraction that can be read; 'ptlf cohort extract' makes one ({error})."
            ) from error
        if {case.id for case in cases} != first.keys():
            raise BadInput(f"'{folder / CASES}' and '{FEATURES}' are not of one extraction: their cases differ.")
        return cls(cases, settings, **rest)

    def features(self) -> pandas.DataFrame:
        """Features of all cases, shape (cases, features), index "case"; missing where a case or its VOI has none."""
        return tables.frame_of({case.id: case.features for case in self.cases})

    def second(self) -> pandas.DataFrame:
        """Features of the second segmentations, in the columns of `features`; no column where there are none."""
        return tables.frame_of({case.id: case.second for case in self.cases})

    def to_json(self) -> str:
        """Text of ``cases.json``."""
        data = {
            "schema": SCHEMA,
            "asked": dict(self.asked),
            "settings": self.settings.to_dict(),
            "settings_sha256": self.settings_sha256,
            "engine": self.engine,
            "engine_version": self.engine_version,
            "software": dict(self.software),
            "cases": [case.to_dict() for case in self.cases],
        }
        return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _as_known_here(case: ExtractedCase) -> ExtractedCase:
    """A CT that was not known as a sample case where it was computed may be known here."""
    if case.sample is None and case.ct_identity:
        return replace(case, sample=known.seed_of(case.ct_identity))
    return case


def _by_case(path: Path) -> dict[str, dict[Key, float]]:
    """Rows of a table of features, what is missing left out; none where there is no such file."""
    return tables.read_rows(path) if path.exists() else {}


def _times(path: Path) -> dict[str, dict[str, float]]:
    """Seconds by case and step, as the log has them; a log that is gone is no error."""
    if not path.exists():
        return {}
    with open(path, newline="", encoding="utf-8") as stream:
        return {
            row[CASE]: {
                name.removesuffix("_s"): float(text) for name, text in row.items() if name.endswith("_s") and text
            }
            for row in csv.DictReader(stream)
        }
