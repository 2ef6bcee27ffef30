"""Read a CT, bring it to canonical form, check it, describe it."""

from .canonical import CT, DEFAULT_CLIP_HU, canonical, image_sha256, read_ct, same_geometry, write_temporary
from .description import described
from .dicom import acquisitions_of, checked_series, list_acquisitions, read_acquisition, series_findings
from .files import ct_files, image_files, read_image_file
from .findings import Finding, Level, Protocol, of_level
from .phase import PHASES, ConfirmedPhase, Phase, PhaseSource
from .phase_words import ContrastPhase

__all__ = [
    "CT",
    "DEFAULT_CLIP_HU",
    "PHASES",
    "ConfirmedPhase",
    "ContrastPhase",
    "Finding",
    "Level",
    "Phase",
    "PhaseSource",
    "Protocol",
    "acquisitions_of",
    "canonical",
    "checked_series",
    "ct_files",
    "described",
    "image_files",
    "image_sha256",
    "list_acquisitions",
    "of_level",
    "read_acquisition",
    "read_ct",
    "read_image_file",
    "same_geometry",
    "series_findings",
    "write_temporary",
]
