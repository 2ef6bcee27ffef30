"""Agreement of pairs of segmentations: read, measured, with features where they are wanted; and its files."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...case import features as case_features
from ...errors import BadInput, PTLFError
from ...measures.radiomics import DEFAULT_ENGINE, ExtractionSettings
from ...outputs import output_file, output_folder
from ...progress import Progress, no_progress
from ...render import report
from ...segmentation.agreement import MEASURES, CaseMeasures, measure, summary
from ...segmentation.origin import Origin
from ...segmentation.reading import Labels
from ...segmentation.segments import Segments
from ...vois import VOI
from ..extraction import column_of
from .features import FEWEST, VOLUME, FeatureAgreement, compare_features
from .pairs import Pair
from .reading import Readings, read_pair

NAME = "agreement.json"

Wanted = Mapping[VOI, Sequence[str] | None]


@dataclass(frozen=True)
class AgreementResult:
    """What was found.

    Attributes
    ----------
    rows : tuple of CaseMeasures
        None where tables of features alone were compared.
    measured : FeatureAgreement or None
        Volumes, and features where they were wanted; None for fewer than three cases.
    notes : tuple of str
        "case: what a reader must know".
    """

    rows: tuple[CaseMeasures, ...] = ()
    measured: FeatureAgreement | None = None
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": 1,
            "summary": summary(self.rows) if self.rows else None,
            "cases": [row.to_dict() for row in self.rows],
            "readings": None if self.measured is None else self.measured.to_dict(),
            "notes": list(self.notes),
        }


def run(
    pairs: Sequence[Pair],
    labels: Sequence[Labels | None] = (None, None),
    wanted: Wanted | None = None,
    settings: ExtractionSettings | None = None,
    *,
    engine: str = DEFAULT_ENGINE,
    progress: Progress = no_progress,
) -> AgreementResult:
    """Measure all pairs.

    Parameters
    ----------
    pairs : sequence of Pair
    labels : (mapping or None, mapping or None)
        What the labels of first and second mean.
    wanted, settings : optional
        Features of each VOI that are computed of both, with the CT.
    engine : str
    progress : Progress

    Raises
    ------
    BadInput
        With the case, as `read_pair`; for features without a CT.
    """
    rows, notes = [], []
    values: tuple[dict[str, dict[str, float]], ...] = ({}, {})
    for number, pair in enumerate(pairs):
        progress(f"Case {pair.case}", number, len(pairs))
        try:
            readings = read_pair(pair, labels)
            row = measure(pair.case, readings.first, readings.second, regions=readings.regions)
            for reader, held in enumerate(values):
                held[pair.case] = _volumes(row, reader)
                if wanted is not None:
                    held[pair.case] |= _features(readings, reader, wanted, settings, engine)
        except PTLFError as error:
            if len(pairs) == 1:
                raise
            raise type(error)(f"Case '{pair.case}': {error.message}") from error
        rows.append(row)
        notes += [f"{pair.case}: {note}" for note in readings.notes]
    progress("Cases", len(pairs), len(pairs))
    measured = compare_features(*values) if len(rows) >= FEWEST else None
    return AgreementResult(tuple(rows), measured, tuple(notes))


def _volumes(row: CaseMeasures, reader: int) -> dict[str, float]:
    name = ("volume_ml", "true_volume_ml")[reader]
    return {f"{VOLUME}{region}": getattr(one, name) for region, one in row.regions.items()}


def _features(
    readings: Readings, reader: int, wanted: Wanted, settings: ExtractionSettings | None, engine: str
) -> dict[str, float]:
    """Of one reader's segments; none of a VOI that is empty or too small for them."""
    if readings.ct is None:
        raise BadInput("Features are computed of the CT: give it (--ct, or the column ct).")
    segments = Segments((readings.first, readings.second)[reader], Origin())
    vectors = case_features.compute(readings.ct, segments, wanted, settings or ExtractionSettings(), engine=engine)
    return {column_of((voi, name)): x for voi, vector in vectors.items() for name, x in vector.values.items()}


def write(found: AgreementResult, out: Path, pairs: Sequence[Pair] = (), labels: Sequence[Labels | None] = ()) -> None:
    """Write the result: ``.json`` everything, ``.csv`` a row for each case and region (or each feature), a folder both
    and a report page.

    Parameters
    ----------
    found : AgreementResult
    out : Path
    pairs, labels
        As they were given to `run`: the page draws some cases whose CT is known.
    """
    if out.suffix.lower() in (".json", ".csv"):
        with output_file(out) as path:
            _write(found, path, out.suffix.lower())
        return
    from .document import document

    said = document(found, pairs, labels or (None, None))
    with output_folder(out, [NAME, "agreement.csv", *report.names(said)]) as folder:
        report.write(said, folder)
        for name in (NAME, "agreement.csv"):
            _write(found, folder / name, Path(name).suffix)


def _write(found: AgreementResult, path: Path, suffix: str) -> None:
    if suffix == ".json":
        path.write_text(json.dumps(found.to_dict(), indent=1, allow_nan=False) + "\n", encoding="utf-8")
        return
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        if found.rows:
            writer.writerow(["case", "region", *MEASURES, "lesions", "lesions_found", "lesions_false"])
            for row in found.rows:
                for region, one in row.regions.items():
                    lesions = row.lesions if region == "tumor" else None
                    told = [len(lesions.true), lesions.found, len(lesions.false)] if lesions else ["", "", ""]
                    numbers = one.to_dict().values()
                    writer.writerow([row.case, region, *("" if x is None else repr(x) for x in numbers), *told])
        elif found.measured is not None:
            quantities = found.measured.to_dict()["quantities"]
            writer.writerow(quantities[0])
            writer.writerows(["" if x is None else x for x in one.values()] for one in quantities)
