"""Whether cases of a validation are among those that the signature was fitted on, as far as that can be told."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ...errors import BadInput
from ...hashes import file_sha256
from ...signature import Signature
from .. import lock
from ..extraction import ExtractedCase
from ..fingerprints import fingerprint, fitted_on

UNKNOWN = (
    "Whether these cases are others than those that the signature was fitted on cannot be told: its file does not say "
    "which they were."
)

NONE = "None of these CTs is among those that the signature was fitted on. Another CT of the same patient is not found."


def checked(signature: Signature, cases: Iterable[ExtractedCase]) -> str:
    """What can be said of it, in a sentence.

    Raises
    ------
    BadInput
        Where cases are among those that it was fitted on.
    """
    known = None if signature.evidence is None else fitted_on(signature.evidence.calibration)
    if known is None:
        return UNKNOWN
    cases = list(cases)
    if again := sum(fingerprint(case) in known for case in cases):
        raise BadInput(
            f"{again} of the {len(cases)} cases are among those that the signature was fitted on: their performance "
            "would be apparent, not validated. Leave them out, or say in the table's column 'split' which cases are "
            "for validation."
        )
    return NONE


def refuse_own_table(signature: Signature, path: Path, table_sha256: str) -> None:
    """For a table without split: refuse the one that the lock beside the signature's file names.

    Raises
    ------
    BadInput
    """
    beside = path.with_name(lock.NAME)
    if signature.evidence is None or not beside.is_file() or file_sha256(beside) != signature.evidence.lock_sha256:
        return
    table = lock.read(beside).recipe.inputs.get("table")
    if table is not None and table.sha256 == table_sha256:
        raise BadInput(
            "This is the table that the signature was fitted on, and it does not say which cases are for validation. "
            "Validate on other cases."
        )
