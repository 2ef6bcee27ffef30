"""Records and features as files: version in each, read strictly, those of version 0.1.0 too."""

from __future__ import annotations

import json
from pathlib import Path

from .. import json_text
from ..errors import BadInput
from .older import RESULT_1, from_result_1
from .parts import FeatureValue
from .result import SCHEMA, FeaturesRecord, ResultRecord

SCHEMAS = Path(__file__).resolve().parents[2] / "Resources" / "Record"
"""``result.schema.json`` and ``features.schema.json``: the files' formats for other programs (JSON Schema 2020-12)."""

_BROKEN = (BadInput, KeyError, TypeError, ValueError, AttributeError)
"""What a file gives that lacks an entry, or has another kind of value there."""


def write(record: ResultRecord | FeaturesRecord, path: Path) -> None:
    text = json.dumps(record.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text, encoding="utf-8")


def read(path: str | Path) -> ResultRecord:
    """A record from its file, of this version or of 0.1.0.

    Raises
    ------
    BadInput
        Where it is none, or broken.
    """
    try:
        data = json_text.read(path)
    except (OSError, ValueError) as error:
        raise BadInput(f"'{path}' is no result record that can be read.") from error
    schema = data.get("schema") if isinstance(data, dict) else None
    if schema not in (SCHEMA, RESULT_1):
        raise BadInput(f"'{path}' is no result record of this version ({SCHEMA}).")
    try:
        return ResultRecord.from_dict(from_result_1(data) if schema == RESULT_1 else data)
    except _BROKEN as error:
        raise BadInput(f"'{path}' is a broken result record: an entry is missing or wrong ({error}).") from error


def read_features(path: str | Path) -> list[FeatureValue]:
    """The features of a file of ``ptlf features`` (also the bare list of its first version) or of a record.

    Raises
    ------
    BadInput
        When it is none of them.
    """
    try:
        data = json_text.read(path)
        listed = data["features"] if isinstance(data, dict) else data
        return [FeatureValue.from_dict({**item, "value": float(item["value"])}) for item in listed]
    except (OSError, *_BROKEN) as error:
        raise BadInput(f"'{path}' is no file of features that can be read.") from error
