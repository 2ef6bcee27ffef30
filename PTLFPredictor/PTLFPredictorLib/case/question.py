"""What is asked of a patient's CT and segments: by which signature, with which values and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..ct import ConfirmedPhase
from ..signature import Entered, Signature


@dataclass(frozen=True)
class Question:
    """What a person asks, whatever CT and segments it is asked of.

    Parameters
    ----------
    signature : Signature
    entered : Entered
        What was entered by hand.
    radscore : float, optional
        Typed Radscore for a what-if beside the patient's own result.
    answers : mapping
        Eligibility answers; see `signature.checklist`.
    phase : ConfirmedPhase, optional
        The contrast phase, where a reader has answered for it.
    demonstration : bool
        Whether a demo signature may show its risk.
    """

    signature: Signature
    entered: Entered = field(default_factory=Entered)
    radscore: float | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    phase: ConfirmedPhase | None = None
    demonstration: bool = False
