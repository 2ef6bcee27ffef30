"""Read a CT, bring it to canonical form, check it, describe it."""

from .canonical import CT, DEFAULT_CLIP_HU, canonical
from .description import describe
from .dicom import acquisitions_of, checked_series, list_acquisitions, read_acquisition
from .dicom_files import header_of, is_dicom
from .files import ct_files, image_files, read_image_file
from .findings import Finding, Level, Protocol, of_level
from .geometry import Grid, bounding_box, image_sha256, same_geometry
from .phase import PHASES, ConfirmedPhase, Phase
from .phase_words import ContrastPhase
from .raster import Raster
from .read import read_ct, write_temporary

__all__ = [
    "CT",
    "DEFAULT_CLIP_HU",
    "PHASES",
    "ConfirmedPhase",
    "ContrastPhase",
    "Finding",
    "Grid",
    "Level",
    "Phase",
    "Protocol",
    "Raster",
    "acquisitions_of",
    "bounding_box",
    "canonical",
    "checked_series",
    "ct_files",
    "describe",
    "header_of",
    "image_files",
    "image_sha256",
    "is_dicom",
    "list_acquisitions",
    "of_level",
    "read_acquisition",
    "read_ct",
    "read_image_file",
    "same_geometry",
    "write_temporary",
]
