"""A synthetic cohort with images: CTs and true segments of sample cases, and the table that goes with them.

Two centres scan differently, both within the published protocol.  Albumin, INR and outcome follow the stated model of
`sample.outcomes`; the outcome stands in the table as its components, of which either rule makes one.  Every row is
marked synthetic, and every CT is known as a sample case whatever becomes of that mark.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from ..errors import BadInput
from ..measures.clinical.units import UMOL_PER_MG
from ..outputs import output_file
from ..progress import Progress, no_progress
from ..sample import Disease, Outcome, draw_outcome, known
from ..sample.cases import stream
from ..sample.outcomes import FREQUENT_INTERCEPT
from ..sample.scan import NOISE_SD_AT_5_MM
from ..signature import load
from ..signature.model import CriterionKind
from .table import Split
from .table.outcome import COAGULOPATHY_INR, JAUNDICE_UMOL_PER_L

FIRST_SEED = 7300
CASES = 60
MATRIX = 512
FEWEST_PIXELS, MOST_PIXELS = 64, 512
"""Of a matrix that is drawn again for a claim (`sample.known`)."""

READER = "sample cohort"
"""Who answers for a synthetic row: its segments are the truth, its criteria are met by construction."""

TABLE, SPLIT_TABLE, HELD_OUT = "cohort.csv", "cohort-split.csv", "held-out"
"""The second is the first with a column `split`: centre A to learn from, B to validate on."""

IN_B = (3, 6, 9)
"""Which of ten cases are of centre B: three, as the paper's validation has 63 of 210; more cases change no earlier."""


@dataclass(frozen=True)
class Centre:
    """How a centre scans, and on which side of the split it is.

    Parameters
    ----------
    name : str
    split : Split
    matrix_share : float
        Of the matrix that is asked for.
    slice_mm : float
    noise_sd_hu : float
        At 5 mm.
    """

    name: str
    split: Split
    matrix_share: float
    slice_mm: float
    noise_sd_hu: float

    def options(self, matrix: int) -> dict[str, Any]:
        """Of `sample.known.draw`."""
        return {
            "matrix": round(self.matrix_share * matrix),
            "slice_mm": self.slice_mm,
            "noise_sd_hu": self.noise_sd_hu,
        }


CENTRES = (
    Centre("A", Split.TRAINING, 1.0, 5.0, NOISE_SD_AT_5_MM),
    Centre("B", Split.VALIDATION, 0.875, 4.6, 16.0),
)
"""With a matrix of 512: pixels of 0.781 and 0.893 mm, slices of 5.0 and 4.6 mm; the protocol takes both."""


@dataclass(frozen=True)
class Member:
    """One case of the cohort."""

    seed: int
    centre: Centre

    @property
    def name(self) -> str:
        return f"S{self.seed}"

    @property
    def outcome(self) -> Outcome:
        return draw_outcome(self.seed, Disease.draw(self.seed), FREQUENT_INTERCEPT)


@dataclass(frozen=True)
class SampleCohort:
    """Where a sample cohort was written.

    Parameters
    ----------
    table, split_table : Path
        Of the cohort, and the same with centre A for training and centre B for validation.
    held_out : Path
        Table of the one case that is in no cohort; its files stand in the folder of the same name.
    members : tuple of Member
    held_out_member : Member
    """

    table: Path
    split_table: Path
    held_out: Path
    members: tuple[Member, ...]
    held_out_member: Member

    @property
    def events(self) -> int:
        return sum(member.outcome.ptlf for member in self.members)


def make(
    out: Path,
    cases: int = CASES,
    *,
    first_seed: int = FIRST_SEED,
    matrix: int = MATRIX,
    jobs: int = 1,
    progress: Progress = no_progress,
) -> SampleCohort:
    """Draw the cases that are not in `out` yet, and write the tables.

    Parameters
    ----------
    out : Path
    cases : int
    first_seed : int
        The cases are of this seed and the next ones, the held-out case of the one before.
    matrix : int
        Rows and columns of centre A's slices; from 468 on both centres are within the published protocol.
    jobs : int
        Cases drawn at a time.

    Raises
    ------
    BadInput
        For numbers that are implausible.
    """
    smallest = min(centre.options(matrix)["matrix"] for centre in CENTRES)
    if cases < 1 or first_seed < 1 or not FEWEST_PIXELS <= smallest <= matrix <= MOST_PIXELS or jobs < 1:
        raise BadInput(
            f"A sample cohort has at least one case, seeds from 1 on and a matrix of 74 to {MOST_PIXELS}; asked for "
            f"are {cases} cases from seed {first_seed} on, matrix {matrix}."
        )
    members = tuple(Member(first_seed + k, CENTRES[k % 10 in IN_B]) for k in range(cases))
    held_out = Member(first_seed - 1, CENTRES[0])
    places = [places_of(member) for member in members]
    places.append(Places(held_out, f"{HELD_OUT}/ct.nrrd", f"{HELD_OUT}/segmentation.nii.gz"))
    draw_missing(out, places, matrix, jobs, progress)
    rows = [_row(place) for place in places[:-1]]
    _write_table(out / TABLE, rows)
    splits = ({"split": member.centre.split.value} for member in members)
    _write_table(out / SPLIT_TABLE, [{**row, **split} for row, split in zip(rows, splits, strict=True)])
    table = out / f"{HELD_OUT}.csv"
    _write_table(table, [_row(places[-1])])
    return SampleCohort(out / TABLE, out / SPLIT_TABLE, table, members, held_out)


@dataclass(frozen=True)
class Places:
    """Where the images of a case lie, relative to the cohort's folder."""

    member: Member
    ct: str
    segmentation: str


def places_of(member: Member) -> Places:
    """Its files, named after its seed."""
    return Places(member, f"ct/{member.seed}.nrrd", f"segmentation/{member.seed}.nii.gz")


def draw_missing(
    out: Path, places: Sequence[Places], matrix: int = MATRIX, jobs: int = 1, progress: Progress = no_progress
) -> None:
    """Draw CTs and true segments of the cases that are not there yet, each whole or not at all."""
    from joblib import Parallel, delayed

    for folder in {(out / place).parent for one in places for place in (one.ct, one.segmentation)}:
        folder.mkdir(parents=True, exist_ok=True)
    missing = [place for place in places if not _is_there(out, place, matrix)]
    progress("Sample cases", len(places) - len(missing), len(places))
    drawn = Parallel(n_jobs=min(jobs, max(1, len(missing))), return_as="generator_unordered")(
        delayed(_draw)(out, place, matrix) for place in missing
    )
    for done, _ in enumerate(drawn, start=len(places) - len(missing) + 1):
        progress("Sample cases", done, len(places))


def _is_there(out: Path, one: Places, matrix: int) -> bool:
    """Whether this very case was written whole: the segments come last."""
    claim = known.claim_text(one.member.seed, one.member.centre.options(matrix))
    return (out / one.segmentation).exists() and known.claim_of(out / one.ct) == claim


def _draw(out: Path, one: Places, matrix: int) -> None:
    case = known.draw(one.member.seed, **one.member.centre.options(matrix))
    (out / one.segmentation).unlink(missing_ok=True)
    for image, place in ((case.ct, one.ct), (case.labels, one.segmentation)):
        with output_file(out / place) as part:
            sitk.WriteImage(image, str(part), True)


def _write_table(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    with output_file(path) as part, open(part, "w", newline="", encoding="utf-8-sig") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _row(one: Places) -> dict[str, Any]:
    """The row of a case: images, values before TACE, answers to the criteria, what followed."""
    member = one.member
    rng = stream(member.seed, "clinical")
    disease, outcome = Disease.draw(member.seed), member.outcome
    return {
        "case": member.name,
        "ct": one.ct,
        "segmentation": one.segmentation,
        "mask_origin": "hand",
        "reader": READER,
        "synthetic": "yes",
        "centre": member.centre.name,
        "albumin [g/L]": outcome.albumin_g_per_l,
        "INR": outcome.inr,
        "bilirubin [umol/L]": round(float(np.clip(rng.lognormal(np.log(16), 0.45), 4, 70)), 1),
        "age [years]": int(np.clip(rng.normal(58, 11), 25, 88)),
        "AFP [ng/mL]": float(f"{rng.lognormal(np.log(60), 2.2):.3g}"),
        "tumours": "multiple" if disease.tumour_count > 1 else "one",
        **{
            asked.id: "yes" if asked.kind is CriterionKind.INCLUSION else "no"
            for asked in load("ptlf-published").eligibility
        },
        **dict(_after(rng, outcome)),
    }


def _after(rng: np.random.Generator, outcome: Outcome) -> Iterator[tuple[str, Any]]:
    """The worst within four weeks, so that the paper's rule gives the outcome; mg/dL, as half of the world measures."""
    criteria = rng.random(3) < (0.6, 0.5, 0.5)
    if not criteria.any():
        criteria[rng.integers(3)] = True
    jaundice, coagulopathy, decompensation = criteria & outcome.ptlf
    ascites, encephalopathy = decompensation, bool(decompensation and rng.random() < 0.3)
    before = rng.random() < 0.24
    limit = JAUNDICE_UMOL_PER_L / float(UMOL_PER_MG)
    yield (
        "bilirubin_after [mg/dL]",
        round(float(limit * (rng.uniform(1.05, 3) if jaundice else rng.uniform(0.15, 0.9))), 1),
    )
    low, high = (1.05, 1.6) if coagulopathy else (0.6, 0.95)
    yield "inr_after", round(float(COAGULOPATHY_INR * rng.uniform(low, high)), 2)
    yield "ascites_before", "slight" if before else "none"
    yield "ascites_after", ("moderate" if before else "slight") if ascites else ("slight" if before else "none")
    yield "encephalopathy_before", "none"
    yield "encephalopathy_after", "grade 1" if encephalopathy else "none"
