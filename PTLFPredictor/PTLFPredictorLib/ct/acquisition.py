"""Which slices of a series belong together: one patient, one acquisition, one reconstruction.

A series is not always one volume: two phases can lie between each other, slice by slice (Slicer#4801), and with equal
or missing series UIDs two patients can.  What is absent from the headers is never taken as different.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ..errors import BadInput
from .acquisition_labels import (
    MAY_CHANGE,
    MUST_NOT_CHANGE,
    PAUSE_S,
    Header,
    number_in,
    scans_of,
    seconds_in,
    words_of_phase,
)
from .description import OTHER
from .description import kernel as known_kernel
from .findings import Finding, Level
from .phase import from_header
from .phase_words import UNKNOWN, ContrastPhase

Image = TypeVar("Image", bound=Header)

_ONE_PATIENT = (
    ("PatientID", "several patients"),
    ("StudyInstanceUID", "several studies"),
    ("FrameOfReferenceUID", "several frames of reference, so that their positions cannot be compared"),
)

_PICTURES = frozenset(
    ("MIP", "MINIP", "MPR", "CURVED", "PROJECTION", "VRT", "SSD", "REFORMATTED", "VOLREN", "SCREEN SAVE")
)
"""Words of ImageType for pictures that were computed from slices."""


def one_patient(images: Sequence[Header]) -> None:
    """Refuse images of several patients, studies or frames of reference.

    Raises
    ------
    BadInput
        Naming the entry that differs, never its values.
    """
    for tag, what in _ONE_PATIENT:
        if len({str(image.get(tag)).strip() for image in images if image.get(tag)}) > 1:
            raise BadInput(
                f"The files of this series belong to {what} ({tag} differs). Export the CT of one patient and one "
                "examination into a folder of its own."
            )


def without_pictures(images: Sequence[Image], findings: list[Finding]) -> list[Image]:
    """The slices, without the few pictures that were derived from them (MIP, reformation); told in a finding."""
    kinds = Counter(_kind(image) for image in images)
    usual, count = kinds.most_common(1)[0]
    left_out = len(images) - count
    if not left_out:
        return list(images)
    if left_out > count // 2:
        raise BadInput(
            "The series mixes original slices and derived pictures (ImageType differs). Export the original axial "
            "slices as a series of their own."
        )
    findings.append(
        Finding(
            "derived_pictures",
            Level.WARN,
            f"{left_out} image(s) of another type than the slices (ImageType: derived, MIP?) were left out.",
            {"left_out": left_out},
        )
    )
    return [image for image in images if _kind(image) == usual]


def _kind(image: Header) -> tuple[bool, frozenset[str]]:
    """(derived or not, words of computed pictures); an absent ImageType is an original."""
    value = image.get("ImageType") or ()
    words = [str(word).upper().strip() for word in ([value] if isinstance(value, str) else value)]
    return "DERIVED" in words[:1], frozenset(words) & _PICTURES


def acquisitions(images: Sequence[Image]) -> list[list[Image]]:
    """The images by acquisition: number, time, time point, phase in words and kernel.

    Each list keeps the order of `images`; the lists come in the order of their first image.
    """
    labels = zip(*(labels_of(images) for _, labels_of in (*MAY_CHANGE, *MUST_NOT_CHANGE)), strict=True)
    groups: dict[Hashable, list[Image]] = {}
    for image, label in zip(images, labels, strict=True):
        groups.setdefault(label, []).append(image)
    return list(groups.values())


@dataclass(frozen=True)
class Acquisition:
    """One of several acquisitions in a series, as it is listed.

    Attributes
    ----------
    number : int
        From 1, in the order of time: what ``--acquisition`` takes.
    images : tuple
        Its slices, in the order in which they were given.
    seconds : float or None
        Of the day, of its first slice.
    phase : ContrastPhase
        By the header's words; "unknown" where they name none.
    kernel : str
        A known name; "" where there is none.
    """

    number: int
    images: tuple[Any, ...]
    seconds: float | None
    phase: ContrastPhase
    kernel: str

    @property
    def words(self) -> str:
        """One line of a list: number, slices, time of day, phase, kernel; no free text of the header."""
        phase = "phase not named" if self.phase is UNKNOWN else f"{self.phase} by the header"
        parts = [f"{len(self.images)} slices", _clock(self.seconds), phase, self.kernel and f"kernel {self.kernel}"]
        return f"{self.number}: {', '.join(filter(None, parts))}"


MOST_LISTED = 12
"""More acquisitions than a series of phases has: a scan by single rotations is not listed."""


def listed(images: Sequence[Image]) -> list[Acquisition]:
    """The acquisitions of a series, to choose one from; none where it is one alone, or a scan by single rotations."""
    groups = acquisitions(images)
    if not 2 <= len(groups) <= MOST_LISTED or max(map(len, groups)) < 2:
        return []
    groups.sort(key=lambda group: (_begin(group), number_in(group[0].get("AcquisitionNumber")) or 0))
    found = []
    for number, group in enumerate(groups, start=1):
        begin, name = _begin(group), group[0].get("ConvolutionKernel")
        seconds = begin if begin < math.inf else None
        sort = known_kernel(name) if name else ""
        phase = words_of_phase(group[:1])[0] or from_header(group[0].get).name
        found.append(Acquisition(number, tuple(group), seconds, phase, "" if sort == OTHER else sort))
    return found


def choose(images: Sequence[Image], number: int) -> list[Image]:
    """The slices of acquisition `number` of `listed`.

    Raises
    ------
    BadInput
        Naming those that there are.
    """
    known = listed(images)
    for acquisition in known:
        if acquisition.number == number:
            return list(acquisition.images)
    if not known:
        raise BadInput("The series holds one acquisition, as far as its headers tell: leave --acquisition out.")
    raise BadInput(f"There is no acquisition {number} in this series.{listing(known)}")


def listing(known: Sequence[Acquisition]) -> str:
    """Lines to be appended to a refusal; "" where there is nothing to choose."""
    if not known:
        return ""
    return " Or choose one of these with --acquisition N:" + "".join(f"\n  {one.words}" for one in known)


def _begin(images: Sequence[Header]) -> float:
    """Time of day of the first slice in seconds; infinite where there is none."""
    tags = ("AcquisitionDateTime", "AcquisitionTime", "ContentTime")
    times = [next((s for tag in tags if (s := seconds_in(image.get(tag))) is not None), math.inf) for image in images]
    return min(times)


def _clock(seconds: float | None) -> str:
    if seconds is None:
        return ""
    whole = int(seconds) % 86400
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


JOINED_SCANS = 4
"""Up to so many scans end to end are told as such; more are a scan by single rotations."""


def one_acquisition(images: Sequence[Header], findings: list[Finding], ways_out: bool = True) -> None:
    """Refuse a volume in which acquisitions lie between each other, or phases or reconstructions differ.

    Parameters
    ----------
    images : sequence
        In the order of their positions.  Acquisitions that follow each other from end to end are one volume: a scan
        slice by slice counts each rotation, and a helical scan writes a time for each slice.
    findings : list of Finding
        Gets one where a few scans were joined end to end: chest and liver may then differ in phase.
    ways_out : bool
        Whether a refusal lists the acquisitions to choose from.

    Raises
    ------
    BadInput
    """
    choices = listing(listed(images)) if ways_out else ""
    for what, labels_of in MUST_NOT_CHANGE:
        if len(set(labels_of(images)) - {None}) > 1:
            raise BadInput(
                f"The series mixes {what}. Export the portal venous phase, in one reconstruction, as a series of its "
                f"own.{choices}"
            )
    for what, labels_of in MAY_CHANGE:
        labels = [label for label in labels_of(images) if label is not None]
        if _interleaved(labels):
            raise BadInput(
                f"The series holds {len(set(labels))} acquisitions whose slices lie between each other ({what} "
                "differs): several phases are mixed. Export the portal venous phase as a series of its "
                f"own.{choices}"
            )
    scans = len(set(scans_of(images)) - {None})
    if 2 <= scans <= JOINED_SCANS:
        findings.append(
            Finding(
                "joined_scans",
                Level.WARN,
                f"The series joins {scans} scans end to end (their times differ by more than {PAUSE_S:g} s): see that "
                "the whole liver lies in one of them.",
                {"scans": scans},
            )
        )


def _interleaved(labels: Sequence[Hashable]) -> bool:
    """Whether a label comes back after another one."""
    runs = [label for i, label in enumerate(labels) if not i or label != labels[i - 1]]
    return len(runs) > len(set(runs))
