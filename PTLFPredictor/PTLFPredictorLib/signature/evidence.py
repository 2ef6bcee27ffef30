"""Evidence: what a signature's numbers were fitted on, written into its file by the program that fitted them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..errors import BadInput
from .evidence_block import (
    Evidence,
    Excluded,
    ObservedMasks,
    ObservedProtocol,
    content_sha256,
    settings_sha256,
)
from .files import parse
from .reading import schema1

__all__ = [
    "Evidence",
    "Excluded",
    "ObservedMasks",
    "ObservedProtocol",
    "content_sha256",
    "settings_sha256",
    "write",
]


def write(signature_data: Mapping[str, Any], evidence: Evidence) -> dict[str, Any]:
    """The signature file's JSON, in schema 2, with its evidence: the one way to make it.

    Parameters
    ----------
    signature_data : mapping
        A signature file's JSON, complete; evidence that it has already is replaced.
    evidence : Evidence
        Without `content_sha256`; without `settings_sha256`, that of the file's extraction is taken.

    Raises
    ------
    BadInput
        Where the file would be refused: a number that is none, limits looser than the evidence covers, features
        computed with other settings.
    """
    if signature_data.get("schema") == schema1.SCHEMA:
        signature_data = schema1.upgrade({**signature_data, "evidence": None}).data
    settings = settings_sha256(signature_data["extraction"])
    if evidence.settings_sha256 not in ("", settings):
        raise BadInput("The features were computed with other settings than the signature's 'extraction'.")
    block = {**evidence.to_dict(), "settings_sha256": settings}
    try:
        data = json.loads(json.dumps({**signature_data, "evidence": block}, allow_nan=False))
    except ValueError as error:
        raise BadInput(f"The evidence cannot be written: {error}.") from error
    data["evidence"]["content_sha256"] = content_sha256(data)
    signature = parse(data)
    if signature.evidence is None:
        raise BadInput(f"The evidence cannot be written: {signature.evidence_problem}.")
    return data
