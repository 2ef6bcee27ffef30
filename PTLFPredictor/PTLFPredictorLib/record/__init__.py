"""The result record: typed, one JSON file with its version in it, and what it says in words (`statements`)."""

from . import slices
from .files import read, read_features, write
from .inputs import InputValue
from .making import make, make_features
from .parts import CaseLine, FeatureValue, SegmentsKind, SignOff, WhatIf
from .result import FeaturesRecord, ResultRecord

__all__ = [
    "CaseLine",
    "FeatureValue",
    "FeaturesRecord",
    "InputValue",
    "ResultRecord",
    "SegmentsKind",
    "SignOff",
    "WhatIf",
    "make",
    "make_features",
    "read",
    "read_features",
    "slices",
    "write",
]
