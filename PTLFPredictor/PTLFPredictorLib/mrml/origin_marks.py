"""Who drew the segments of a node, written on the node and on its segments, and read again.

Beside the short mark that also goes into DICOM SEG (`segmentation.marks`): these hold the whole identity of the model
and the run, which that has no room for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..json_text import loads
from ..segmentation import chain_words
from ..segmentation.origin import Drawn, Known, Origin
from . import segments
from .segment_roles import STYLES

ORIGIN = "PTLF.Origin"
"""Attribute of a segmentation node, and tag of its segments: `Origin.to_dict` as JSON."""

DRAWN = "PTLF.Drawn"
"""Attribute beside it: content hashes of the segments as the model drew them."""

IDENTITY = {"id", "title", "version", "sha256", "licence", "for_patients", "shipped", "warning"}
"""Keys of `catalogue.Model.identity`: a mark without them tells nobody which model it was."""


def mark_origin(node, origin: Origin) -> None:
    """Write on a segmentation node, and on its segments, who drew them as they are now.

    The segments' own tags go with them into another segmentation and into a seg.nrrd, where the node's does not.
    """
    marks = {ORIGIN: _line(origin.to_dict()), DRAWN: _line(segments.content_hashes(node))}
    for name, text in marks.items():
        node.SetAttribute(name, text)
        for segment in _counted(node):
            segment.SetTag(name, text)


def _line(value: Any) -> str:
    """JSON without the sign that separates tags in a seg.nrrd."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True).replace("|", "\\u007c")


def _counted(node) -> list[Any]:
    return [node.GetSegmentation().GetSegment(i) for role in STYLES for i in segments.segment_ids(node, role)]


def marks_on(node, name: str) -> list[str]:
    """What a node and its segments say, the node first."""
    texts = [node.GetAttribute(name), *(segments.tag_of(segment, name) for segment in _counted(node))]
    return list(dict.fromkeys(filter(None, texts)))


def origin_of(node) -> Origin:
    """Who drew the segments of a node, by its marks; unknown where it has none that can be read.

    A model's mark on any of the segments is the mark of all.  How much was changed since, `segment_agreement.compare`
    tells; where that cannot be told, `changed_unseen` says so.
    """
    found = [origin for text in marks_on(node, ORIGIN) if (origin := _origin(text)).drawn is not Drawn.UNKNOWN]
    models = [origin for origin in found if origin.drawn is Drawn.MODEL]
    if not found:
        return Origin()
    return (models or found)[0].with_changes(known=Known.FILE, sign_off=None)


def _origin(text: str) -> Origin:
    try:
        origin = Origin.from_dict(loads(text))
        whole = isinstance(origin.changed, (int, float)) and isinstance(origin.run, Mapping)
        if origin.drawn is Drawn.MODEL:
            whole = whole and isinstance(origin.model, Mapping) and origin.model.keys() >= IDENTITY
            chain_words.findings(origin)  # steps that cannot be put into words
    except (ValueError, TypeError, KeyError, AttributeError):
        return Origin()
    return origin if whole else Origin()


def changed_unseen(node) -> bool:
    """Whether marked segments were changed while nobody kept what the model drew: by which share is then unknown."""
    if not marks_on(node, ORIGIN) or segments.automatic_of(node) is not None:
        return False
    now = segments.content_hashes(node)
    return any(_read(text) != now for text in marks_on(node, DRAWN) or [""])


def _read(text: str) -> Any:
    try:
        return loads(text)
    except ValueError:
        return None
