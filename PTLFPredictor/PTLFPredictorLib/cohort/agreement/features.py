"""What two readings of the same cases measure: ICC(2,1) of each feature and volume, with its interval.

The paper: two radiologists drew liver and tumour of 20 patients again, one week later.  ICC(2,1) is of single readings
by readers drawn from many, in absolute agreement (Shrout and Fleiss 1979; McGraw and Wong 1996): a reader who always
draws more counts against it.  Koo and Li (J Chiropr Med 2016, 15:155) call 0.75 to 0.9 good, above 0.9 excellent, and
ask to judge by the interval, not by the estimate alone.  Volumes are compared on the logarithmic scale.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import BadInput
from ...segmentation.agreement import bland_altman, icc
from ...segmentation.names import Role
from ..extraction import Extraction
from ..extraction.result import CASES
from ..extraction.tables import CASE

if TYPE_CHECKING:
    import pandas as pd

GOOD, EXCELLENT = 0.75, 0.9

FEWEST = 3
"""Cases that an intraclass correlation needs."""

VOLUME = "volume_ml__"
"""Before the names of volumes: compared as logarithms."""

Values = Mapping[str, Mapping[str, float]]
"""Case -> name -> value."""


@dataclass(frozen=True)
class Quantity:
    """One feature or volume in two readings.

    Attributes
    ----------
    name : str
    n : int
        Cases that have it in both.
    icc, low, high : float
        ICC(2,1) with its 95 % interval; NaN where nothing varies or too few cases have it.
    bias, sd : float
        Second minus first (Bland and Altman), in the feature's unit; of logarithms for volumes.
    logarithmic : bool
    """

    name: str
    n: int
    icc: float
    low: float
    high: float
    bias: float
    sd: float
    logarithmic: bool = False


@dataclass(frozen=True)
class FeatureAgreement:
    """All quantities of two readings.

    Attributes
    ----------
    quantities : tuple of Quantity
        Volumes first.
    cases : tuple of str
        In both readings.
    alone : tuple of str
        In one of them only.
    """

    quantities: tuple[Quantity, ...]
    cases: tuple[str, ...]
    alone: tuple[str, ...] = ()

    @property
    def volumes(self) -> tuple[Quantity, ...]:
        return tuple(one for one in self.quantities if one.logarithmic)

    @property
    def features(self) -> tuple[Quantity, ...]:
        return tuple(one for one in self.quantities if not one.logarithmic)

    def at_least(self, limit: float, of: Callable[[Quantity], float] = lambda one: one.icc) -> int:
        """Features whose ICC (or the end of its interval that `of` takes) is at least so large."""
        return sum(of(one) >= limit for one in self.features)

    def to_dict(self) -> dict[str, Any]:
        def number(value: Any) -> Any:
            return None if isinstance(value, float) and not math.isfinite(value) else value

        return {
            "form": "ICC(2,1)",
            "cases": list(self.cases),
            "in_one_reading_only": list(self.alone),
            "features": {
                "n": len(self.features),
                "not_computed": sum(math.isnan(one.icc) for one in self.features),
                **{f"icc_at_least_{limit:g}": self.at_least(limit) for limit in (GOOD, EXCELLENT)},
                **{f"low_end_at_least_{x:g}": self.at_least(x, lambda one: one.low) for x in (GOOD, EXCELLENT)},
            },
            "quantities": [{name: number(x) for name, x in asdict(one).items()} for one in self.quantities],
        }


def compare_features(first: Values, second: Values) -> FeatureAgreement:
    """Agreement of every quantity that both readings have.

    Raises
    ------
    BadInput
        For fewer than `FEWEST` cases in both, or no quantity in common.
    """
    cases = [case for case in first if case in second]
    if len(cases) < FEWEST:
        raise BadInput(
            f"{len(cases)} cases are in both readings; their agreement needs {FEWEST} at least. Are the ids the same?"
        )
    names = dict.fromkeys(name for case in cases for name in first[case])
    names = [name for name in names if any(name in second[case] for case in cases)]
    if not names:
        raise BadInput("The two readings have no feature in common.")
    names.sort(key=lambda name: not name.startswith(VOLUME))
    whole = np.full((len(names), len(cases), 2), np.nan)
    for reader, values in enumerate((first, second)):
        for place, case in enumerate(cases):
            whole[:, place, reader] = [values[case].get(name, np.nan) for name in names]
    logarithmic = np.array([name.startswith(VOLUME) for name in names])
    volumes = whole[logarithmic]
    with np.errstate(divide="ignore", invalid="ignore"):
        whole[logarithmic] = np.where(volumes > 0, np.log(volumes), np.nan)
    alone = [case for case in (*first, *second) if (case in first) != (case in second)]
    together = icc(whole)  # nan where a case lacks it
    found = []
    for k, (name, x) in enumerate(zip(names, whole, strict=True)):
        x = x[np.isfinite(x).all(axis=1)]
        if len(x) < FEWEST:
            numbers = (math.nan,) * 5
        else:
            whose, at = (together, k) if len(x) == len(cases) else (icc(x), ())
            apart = bland_altman(*x.T)
            numbers = (*(float(part[at]) for part in (whose.value, whose.low, whose.high)), apart.bias, apart.sd)
        found.append(Quantity(name, len(x), *numbers, bool(logarithmic[k])))
    return FeatureAgreement(tuple(found), tuple(cases), tuple(alone))


def read_features(path: Path, *, second: bool = False) -> Values:
    """Features and volumes of each case of an extraction's folder, or of a CSV or Parquet table with a column "case".

    Parameters
    ----------
    path : Path
    second : bool
        Those of the extraction's second segmentations.

    Raises
    ------
    BadInput
        Where there are none.
    """
    if path.is_dir():
        extraction = Extraction.read(path)
        frame = extraction.second() if second else extraction.features()
        values = _values(frame)
        if not any(values.values()):
            which = "second segmentations" if second else "features"
            raise BadInput(f"The extraction '{path}' has no {which}.")
        if not second:
            volumes = {case.id: case.volumes_ml for case in extraction.cases}
            for case, row in values.items():
                row |= {f"{VOLUME}{name}": value for name, value in volumes[case].items() if name != Role.EXCLUDED}
        return values
    return _values(_table(path))


def is_of_features(path: Path) -> bool:
    """Whether a path is an extraction's folder or a table of features, not a label map or a folder of them."""
    return (path / CASES).is_file() if path.is_dir() else path.suffix.lower() in (".csv", ".parquet")


def _table(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        frame = pd.read_parquet(path) if path.suffix.lower() == ".parquet" else pd.read_csv(path, dtype={CASE: str})
        frame = frame.set_index(CASE)
        if not frame.index.is_unique:
            raise BadInput(f"'{path.name}' names a case more than once.")
        return frame.select_dtypes("number")
    except (OSError, ValueError, KeyError) as error:
        raise BadInput(
            f"'{path.name}' is no table of features: a column 'case' is needed, and one of numbers for each feature."
        ) from error


def _values(frame: pd.DataFrame) -> dict[str, dict[str, float]]:
    names: Sequence[str] = list(frame.columns)
    rows = zip(frame.index, frame.to_numpy(float), strict=True)
    return {
        str(case): {name: float(x) for name, x in zip(names, row, strict=True) if math.isfinite(x)}
        for case, row in rows
    }
