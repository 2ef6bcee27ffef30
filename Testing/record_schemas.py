"""Files against the JSON schemas that other programs read them by."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from PTLFPredictorLib import json_text
from PTLFPredictorLib.record.files import SCHEMAS

CONTENTS = {name: json_text.read(SCHEMAS / name) for name in ("result.schema.json", "features.schema.json")}
REGISTRY = Registry().with_resources((name, Resource.from_contents(data)) for name, data in CONTENTS.items())


def problems(data: Any, name: str = "result.schema.json") -> list[str]:
    """What of a file's JSON breaks its schema: place and why."""
    found = Draft202012Validator(CONTENTS[name], registry=REGISTRY).iter_errors(data)
    return [f"{error.json_path}: {error.message[:200]}" for error in found]
