"""DICOM SEG of the segments through Slicer's own exporter."""

from __future__ import annotations

from typing import Any

from ..errors import BadInput, PTLFError
from . import segments as mrml_segments

FILE_NAME = "ptlf_segments.dcm"


def can_export_dicom(node, volume) -> tuple[bool, str]:
    """Whether the segments can become a DICOM SEG, or the reason why not."""
    if node is None or volume is None:
        return False, "There are no segments yet."
    if not volume.GetAttribute("DICOM.instanceUIDs"):
        return False, "The CT was not loaded from Slicer's DICOM database; a DICOM SEG must refer to its images."
    return True, "Write the segments with their codes as a DICOM SEG."


def export_dicom_seg(exporter: type, node, folder: str, reader: str) -> str:
    """Write liver, tumour and lesions that were left out into `folder`; returns the file.

    Parameters
    ----------
    exporter : type
        Slicer's ``DICOMSegmentationExporter``.
    reader : str
        Content creator, "" for none.
    """
    metadata: dict[str, Any] = {
        "SeriesDescription": "PTLF segments, research use only",
        "ClinicalTrialCoordinatingCenterName": "PTLFPredictor",
    }
    all_ids = [i for role in mrml_segments.ROLES for i in mrml_segments.segment_ids(node, role)]
    ids = [i for i in all_ids if not mrml_segments.is_empty(node, i)]
    if not ids:  # an empty list means all segments to the exporter
        raise BadInput("Liver and tumour are empty; there is nothing to write.")
    writer = exporter(node, contentCreatorName=reader or "PTLFPredictor")
    try:
        writer.export(folder, FILE_NAME, metadata, ids, skipEmpty=True)
    except OSError:
        raise
    except Exception as error:  # Slicer's or an extension's code: errors of any kind
        raise PTLFError(f"Slicer's DICOM exporter refused: {error}") from error
    finally:
        writer.cleanup()
    return f"{folder}/{FILE_NAME}"
