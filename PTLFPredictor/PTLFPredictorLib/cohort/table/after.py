"""The quantities that are measured after TACE: wider than those before it, for a failing liver."""

from __future__ import annotations

from dataclasses import replace

from ...measures.clinical import Quantity
from ...measures.clinical.quantity import Unit
from ...measures.clinical.units import BILIRUBIN, INR

BILIRUBIN_AFTER = replace(BILIRUBIN, name="bilirubin after TACE", range=(1.71, 1710.0), usual=None)

INR_AFTER = replace(INR, name="INR after TACE", range=(0.5, 20.0))

PTA_AFTER = Quantity("prothrombin activity after TACE", (Unit("%"),), (2.0, 200.0))
