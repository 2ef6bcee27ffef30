"""Features as tables: Parquet whose bytes depend on the values alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ...vois import VOI

if TYPE_CHECKING:
    import pandas

CASE, BETWEEN = "case", "__"
"""In tables of features: the column of the case's id, and what stands between VOI and feature."""

Key = tuple[VOI, str]
"""A feature: VOI and PyRadiomics' name."""


def column_of(key: Key) -> str:
    """Name of a feature's column: ``(VOI.PARENCHYMA, "original_glcm_Idm")`` -> ``"liver__original_glcm_Idm"``."""
    voi, name = key
    return f"{voi.in_files}{BETWEEN}{name}"


def key_of(column: str) -> Key:
    """VOI and name of a feature's column; ValueError for another column."""
    voi, _, name = column.partition(BETWEEN)
    return VOI.of_file(voi), name


def columns(values: Mapping[str, Mapping[Key, float]]) -> list[Key]:
    """All features of the cases: the tumour's first, in the order in which the cases have them."""
    found = dict.fromkeys(key for features in values.values() for key in features)
    return sorted(found, key=lambda key: list(VOI).index(key[0]))


def write(values: Mapping[str, Mapping[Key, float]], path: Path) -> None:
    """Write one row a case: ``case`` and a float64 column a feature, null where it is missing.

    Without pandas' metadata, and with the writer's options stated, the bytes are the same for the same values and
    version of pyarrow.
    """
    import pyarrow
    import pyarrow.parquet

    names = columns(values)
    arrays = [pyarrow.array(list(values), pyarrow.string())]
    arrays += [pyarrow.array([row.get(key) for row in values.values()], pyarrow.float64()) for key in names]
    table = pyarrow.table(dict(zip([CASE, *map(column_of, names)], arrays, strict=True)))
    pyarrow.parquet.write_table(table, path, compression="zstd", use_dictionary=[CASE], version="2.6")


def read_rows(path: Path) -> dict[str, dict[Key, float]]:
    """The features of each case of `write`; those that are missing are left out.

    Raises
    ------
    ValueError
        Where the file is no such table.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
    except pyarrow.ArrowException as error:
        raise ValueError(f"{path.name} cannot be read: {error}") from error
    cases = table.column(CASE).to_pylist()
    rows: dict[str, dict[Key, float]] = {case: {} for case in cases}
    if len(rows) < len(cases):
        raise ValueError(f"{path.name} names a case twice")
    for name in table.column_names:
        if name != CASE:
            key = key_of(name)
            for case, value in zip(cases, table.column(name).to_pylist(), strict=True):
                if value is not None:
                    rows[case][key] = value
    return rows


def frame_of(values: Mapping[str, Mapping[Key, float]]) -> pandas.DataFrame:
    """The same as a frame, its index "case"."""
    import numpy as np
    import pandas

    names = columns(values)
    data = np.full((len(values), len(names)), np.nan)
    for row, features in zip(data, values.values(), strict=True):
        row[:] = [features.get(key, np.nan) for key in names]
    return pandas.DataFrame(data, index=pandas.Index(list(values), name=CASE), columns=list(map(column_of, names)))
