"""Features of all cases: resumable, each case on its own, on one machine or several.

>>> extraction = Extraction.read("features")
>>> extraction.features()
"""

from .observed import ObservedCase, ObservedMask
from .result import CaseState, ExtractedCase, Extraction
from .tables import column_of, key_of

__all__ = ["CaseState", "ExtractedCase", "Extraction", "ObservedCase", "ObservedMask", "column_of", "key_of"]
