"""Which cases are left out of an analysis, each for the first of its reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..ct import Finding, Level, Protocol
from ..ct.protocol import scan_findings
from ..errors import BadInput
from ..hashes import json_sha256
from ..signature import Signature, checklist
from ..signature.entries import within_a_sentence
from ..signature.policy import eligibility
from ..signature.policy.eligibility import CriterionState
from .extraction import ExtractedCase, Extraction, ObservedCase
from .flow import Exclusion, Reason
from .table import Case, CohortTable

PROTOCOL = {
    "phase": "contrast phase not the signature's, or not known",
    "slice_thickness": "slice thickness outside the signature's",
    "in_plane_spacing": "pixel spacing outside the signature's",
    "kvp": "tube voltage outside the signature's",
    "kernel": "convolution kernel not of the signature's kind",
    "saturated_hu": "HU cut off at one end",
    "fractional_hu": "fractional HU: the CT was resampled",
}
"""Findings that depend on a signature's protocol, in the words of a flow."""

OWN = frozenset(PROTOCOL) - {"phase"}
"""Of these, what a signature that is developed on the cases may have otherwise than the one that they are read for."""

OTHERS = {
    "mask_origin_unknown": "nobody said who drew the segments",
    "mask_origin_contradicted": "what was said of the segments' origin contradicts what is known",
    "model_not_for_patients": "segments drawn by a model that is not for patients",
    "step_skipped": "a step of the segmentation model did not run",
    "sample_changed": "a sample case of this program whose voxels were changed",
    "truncated_liver": "the liver is cut off by the edge of the CT",
    "no_tumor": "no tumour segment",
    "tumor_features": "the tumour is too small for its features",
    "segments_unknown": "segments of unknown meaning in the file",
    "mixed_thickness": "slices of different thickness",
    "uneven_slices": "slices unevenly spaced",
    "orientation_not_told": "the file does not say how the CT lies in the body",
    "orientation_told_twice": "the file says in two ways how the CT lies in the body",
}

OF_DEMONSTRATIONS = frozenset(("model_not_for_patients", "sample_changed"))
"""Findings that leave no synthetic case out."""


def of_table(table: CohortTable, extraction: Extraction) -> Iterator[Exclusion]:
    """Rows that are no case, cases that were not extracted, and cases that failed."""
    for row in table.left_out:
        yield Exclusion(f"row {row.row}", Reason.ROW, f"row:{row.reason}", f"row of the table: {row.reason}")
    extracted = {case.id: case for case in extraction.cases}
    for case in table.cases:
        found = extracted.get(case.id)
        if found is None:
            yield Exclusion(case.id, Reason.NOT_EXTRACTED, Reason.NOT_EXTRACTED, "not in the extraction")
        elif not found.done:
            yield Exclusion(case.id, Reason.FAILED, Reason.FAILED, "features could not be computed")


def duplicates(cases: Sequence[Case], extracted: Mapping[str, ExtractedCase]) -> Iterator[Exclusion]:
    """Cases whose images another case has: the later of two with the same CT, both of two with the same segments.

    Raises
    ------
    BadInput
        Where the same CT is on both sides of the split.
    """
    by_ct: dict[str, Case] = {}
    by_labels: dict[str, list[Case]] = {}
    for case in cases:
        found = extracted[case.id]
        first = by_ct.setdefault(found.ct_identity, case)
        if first is not case:
            if first.split is not case.split:
                raise BadInput(
                    f"Rows {first.row} and {case.row} of the table hold the same CT, under two names, on both sides of "
                    "the split: what is validated would be known from training. Mend the table."
                )
            yield Exclusion(case.id, Reason.DUPLICATE, "duplicate:ct", "the same CT as another case")
        else:
            by_labels.setdefault(found.labels_sha256, []).append(case)
    for same in by_labels.values():
        for case in same if len(same) > 1 else ():
            yield Exclusion(case.id, Reason.DUPLICATE, "duplicate:segments", "the same segments on two different CTs")


def by_eligibility(case: Case, signature: Signature) -> Exclusion | None:
    """By the study's criteria, and where the outcome is present before TACE."""
    items = checklist(signature, case.answers)
    for item in items.of_state(CriterionState.VIOLATED):
        words = f"criterion not met: {within_a_sentence(item.criterion)}"
        return Exclusion(case.id, Reason.ELIGIBILITY, f"eligibility:{item.id}", words)
    if case.all_criteria_met is False:
        words = "not all criteria of the study are met"
        return Exclusion(case.id, Reason.ELIGIBILITY, "eligibility:all_criteria_met", words)
    for finding in eligibility.findings(signature, items, case.entered):
        if finding.code.startswith("outcome_present"):
            words = "liver failure by its laboratory criteria before TACE"
            return Exclusion(case.id, Reason.ELIGIBILITY, f"eligibility:{finding.code}", words)
    if items.of_state(CriterionState.UNCONFIRMED):
        return Exclusion(case.id, Reason.UNANSWERED, Reason.UNANSWERED, "criteria of the study not answered")
    return None


def by_checks(
    found: ExtractedCase, extraction: Extraction, signature: Signature, synthetic: bool, own_protocol: bool
) -> Exclusion | None:
    """By what the checks of CT, segments and features withhold, against the signature's protocol, or but for `OWN`."""
    asked = extraction.asked.get("signature") or {}
    findings: Iterable[Finding] = found.findings
    if asked.get("sha256") != json_sha256(signature.data) and found.protocol is not None:
        findings = [one for one in found.findings if one.code not in PROTOCOL]
        findings += against(found.protocol, signature.protocol)
    for finding in findings:
        if finding.level.severity < Level.WITHHOLD.severity or (synthetic and finding.code in OF_DEMONSTRATIONS):
            continue
        if own_protocol and finding.code in OWN:
            continue
        words = {**PROTOCOL, **OTHERS}.get(finding.code, f"check of CT or segments: {finding.code.replace('_', ' ')}")
        return Exclusion(found.id, Reason.CHECKS, f"checks:{finding.code}", words)
    return None


def against(observed: ObservedCase, protocol: Protocol) -> list[Finding]:
    """What an observed scan has against a protocol: of a signature that the extraction was not asked for."""
    thickness, spacing = protocol.slice_thickness_mm, protocol.in_plane_spacing_mm
    holds = {
        "phase": observed.phase in protocol.phases,
        "slice_thickness": thickness[0] <= observed.slice_thickness_mm <= thickness[1],
        "in_plane_spacing": spacing[0] - 5e-4 <= observed.in_plane_spacing_mm <= spacing[1] + 5e-4,
        "saturated_hu": protocol.saturated_hu or not observed.saturated_hu,
        "fractional_hu": protocol.fractional_hu or not observed.fractional_hu,
    }
    found = [Finding(code, Level.WITHHOLD, PROTOCOL[code]) for code, inside in holds.items() if not inside]
    return [*found, *scan_findings({"kvp": observed.kvp, "kernel": observed.kernel or None}, protocol)]


def require_marked(cases: Sequence[Case], extracted: Mapping[str, ExtractedCase]) -> None:
    """Refuse sample cases that the table does not call synthetic.

    Raises
    ------
    BadInput
    """
    unmarked = [case.row for case in cases if extracted[case.id].sample is not None and not case.synthetic]
    if unmarked:
        raise BadInput(
            f"{len(unmarked)} of the {len(cases)} cases are sample cases, drawn by this program, and the table does "
            f"not say so (row {unmarked[0]}{' and others' if len(unmarked) > 1 else ''}): nothing that is fitted on "
            "them is evidence for patients. Mark them in a column 'synthetic'."
        )


def require_no_demonstration(signature: Signature, synthetic: bool) -> None:
    """Refuse patients together with a demonstration signature: nothing of it may go into a file for patients.

    Raises
    ------
    BadInput
    """
    if signature.is_demo and not synthetic:
        raise BadInput(
            f"The signature {signature.id} is a demonstration, fitted on synthetic cases, and the table's cases are "
            "patients. Take the published signature, or one that was fitted on patients."
        )
