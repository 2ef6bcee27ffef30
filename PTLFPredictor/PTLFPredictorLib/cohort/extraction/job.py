"""What is asked of every case, and of one: the job of its child process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...case import Question, Sources, paths
from ...confirmation import Confirmation
from ...ct import ConfirmedPhase
from ...errors import BadInput
from ...hashes import json_sha256
from ...measures.radiomics import DEFAULT_ENGINE, ExtractionSettings
from ...segmentation import Model
from ...segmentation.how import How
from ...segmentation.origin import Origin
from ...segmentation.postprocess import PostProcessing
from ...segmentation.reading import Source
from ...signature import Signature
from ...vois import VOI
from ..table import Case


@dataclass(frozen=True)
class Options:
    """What is asked of every case.

    Parameters
    ----------
    signature : Signature
        Whose protocol the CTs are checked against, and brought to with `to_protocol`.
    settings : ExtractionSettings, optional
        Instead of the signature's.
    wanted : mapping of VOI to sequence of str, or None
        The features; None for all that the settings describe.  The signature's, where it is not given.
    engine : str
    model : Model, optional
        Draws the segments of cases that have none.
    how : How
        It draws.
    post_processing : PostProcessing
    to_protocol : bool
        Average thin slices to the signature's.
    second : bool
        Measure the second segmentations too.
    """

    signature: Signature
    settings: ExtractionSettings | None = None
    wanted: Mapping[VOI, Sequence[str] | None] | None = None
    engine: str = DEFAULT_ENGINE
    model: Model | None = None
    how: How = field(default_factory=How)
    post_processing: PostProcessing = field(default_factory=PostProcessing)
    to_protocol: bool = False
    second: bool = False

    @property
    def extraction(self) -> ExtractionSettings:
        return self.settings or self.signature.extraction

    @property
    def features(self) -> Mapping[VOI, Sequence[str] | None]:
        return self.signature.wanted if self.wanted is None else self.wanted

    def to_dict(self) -> dict[str, Any]:
        """What of it an extraction's file tells beside settings and engine."""
        one = self.signature
        return {
            "signature": {"id": one.id, "version": one.version, "sha256": json_sha256(one.data)},
            "features": {
                voi.in_files: None if names is None else json_sha256(list(names))
                for voi, names in self.features.items()
            },
            "model": None if self.model is None else {"id": self.model.id, "version": self.model.version},
            "post_processing": self.post_processing.to_dict(),
            "to_protocol": self.to_protocol,
            "second": self.second,
        }


@dataclass(frozen=True)
class CaseJob:
    """One case as its child is asked for it.

    Parameters
    ----------
    sources : Sources
    second : tuple of Source
        A second segmentation, of another reader; none where there is none.
    question : Question
        Its signature has the settings of the extraction.
    wanted : mapping of VOI to sequence of str, or None
    software : mapping
        `software.software` of the asking process: another one's values could differ.
    """

    sources: Sources
    second: tuple[Source, ...]
    question: Question
    wanted: Mapping[VOI, Sequence[str] | None]
    software: Mapping[str, str]


def sources_of(case: Case, options: Options) -> Sources:
    """What is read of a case of the table."""
    drawn = not case.segmentation
    return Sources(
        case.ct,
        None if drawn else case.segmentation,
        labels=case.labels,
        mask_origin=None if drawn else case.mask_origin,
        series_uid=case.series_uid,
        acquisition=case.acquisition,
        model=options.model if drawn else None,
        how=options.how,
        post_processing=options.post_processing,
        to_protocol=options.to_protocol,
        engine=options.engine,
    )


def require_there(sources: Sources) -> None:
    """Refuse a case whose files are not there, in a sentence that names none of them."""
    given = sources.segmentation or ()
    for what, path in [("CT", sources.ct), *(("segmentation", path) for path in paths(given))]:
        if not path.exists():
            raise BadInput(f"The {what} is not at the place that the table names.")


def job_of(case: Case, options: Options, software: Mapping[str, str]) -> CaseJob:
    """The job of a case: without the times of a reader's answers, which would be other ones in every run."""
    sources = sources_of(case, options)
    question = Question(replace(options.signature, extraction=options.extraction), phase=_timeless_phase(case.phase))
    return CaseJob(
        replace(sources, mask_origin=_timeless(sources.mask_origin)),
        case.segmentation_2 if options.second else (),
        question,
        options.features,
        software,
    )


def _timeless(origin: Origin | None) -> Origin | None:
    if origin is None or origin.named is None:
        return origin
    return origin.with_changes(named=Confirmation(origin.named.reader, ""))


def _timeless_phase(phase: ConfirmedPhase | None) -> ConfirmedPhase | None:
    return None if phase is None else replace(phase, by=Confirmation(phase.by.reader, ""))
