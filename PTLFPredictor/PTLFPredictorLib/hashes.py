"""SHA-256 of JSON values and files: what results, evidence and ledgers are compared by."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any


def json_sha256(data: Any) -> str:
    """SHA-256 of a JSON value's canonical form (sorted keys, no spaces)."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def file_sha256(path: str | Path) -> str:
    """SHA-256 of a file's bytes."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
