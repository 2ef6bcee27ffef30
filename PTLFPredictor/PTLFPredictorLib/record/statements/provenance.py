"""What is said of where a result comes from: CT, segments, software, hashes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...segmentation import chain_words, lesions
from ...segmentation.lesions import ml_text
from ...segmentation.origin import Drawn, Origin
from ..parts import SegmentsUsed
from ..result import ResultRecord


@dataclass(frozen=True)
class LesionStatement:
    """One lesion, numbered as in the panel: the largest first, whether it counts or not."""

    number: int
    volume: str
    diameter: str
    counted: bool


@dataclass(frozen=True)
class SegmentsStatements:
    """The segments in words.

    Parameters
    ----------
    liver, parenchyma, tumour : str
        Volumes: "1590.4 mL"; the liver is the whole organ.
    lesions : str
        "3 lesions, largest diameter 21.3 mm"; "" without lesions.
    each : tuple of LesionStatement
        Where the record lists them.
    left_out : str
        Lesions that a reader left out, and who: a sentence; "" without.
    share : str
        Of the tumour in the liver: "1.2 % of the liver"; "" without a tumour.
    source : str
        Who drew them, in a few words.
    steps : tuple of str
        Of a model of several networks: which drew what, a sentence or two for each.
    """

    liver: str
    parenchyma: str
    tumour: str
    lesions: str
    each: tuple[LesionStatement, ...]
    left_out: str
    share: str
    source: str
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Hash:
    """A SHA-256 and what it is of."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Provenance:
    """Versions, CT and hashes in words; `notices` are what the network had to do otherwise, sentences."""

    software: str
    features: str
    ct: str
    hashes: tuple[Hash, ...]
    notices: tuple[str, ...]


def of_segments(used: SegmentsUsed) -> SegmentsStatements:
    volumes, counted = used.volumes_ml, used.lesions
    return SegmentsStatements(
        liver=ml_text(volumes["liver"]),
        parenchyma=ml_text(volumes["parenchyma"]),
        tumour=ml_text(volumes["tumor"]),
        lesions="" if counted is None else lesions.text(counted.count, counted.largest_diameter_mm),
        each=_each(used),
        left_out=_left_out(used),
        share=_share(volumes),
        source=_source(used.origin),
        steps=chain_words.lines(used.origin),
    )


def _each(used: SegmentsUsed) -> tuple[LesionStatement, ...]:
    """All lesions, or none where the record has not listed them all."""
    found = [(used.lesions, True), (used.excluded.lesions if used.excluded else None, False)]
    if any(some is not None and some.count > len(some.listed) for some, _counted in found):
        return ()
    listed = [(one, counted) for some, counted in found if some is not None for one in some.listed]
    listed.sort(key=lambda one: (-one[0].volume_ml, -one[0].diameter_mm))
    return tuple(
        LesionStatement(number, ml_text(one.volume_ml), f"{one.diameter_mm:.1f} mm", counted)
        for number, (one, counted) in enumerate(listed, 1)
    )


def _left_out(used: SegmentsUsed) -> str:
    """ "Not counted, left out by A. Reader, 26 Nov 2026, 09:12: 1 lesion, largest diameter 17.0 mm, 2.4 mL."."""
    if used.excluded is None:
        return ""
    found, by = used.excluded.lesions, used.excluded.by
    volume = ml_text(used.volumes_ml["excluded"])
    who = f"{by.reader}, {by.when}" if by else "a reader"
    return f"Not counted, left out by {who}: {lesions.text(found.count, found.largest_diameter_mm)}, {volume}."


def _share(volumes: Mapping[str, float]) -> str:
    share = 100 * volumes["tumor"] / volumes["liver"] if volumes["liver"] else 0.0
    if not share:
        return ""
    return f"{share:.1f} % of the liver" if share >= 0.1 else "<0.1 % of the liver"


def _source(origin: Origin) -> str:
    title = (origin.model or {}).get("title", "")
    if not origin.run:
        drawn = {Drawn.MODEL: f", drawn by {title}", Drawn.HAND: ", drawn by hand"}
        given = f"given label map ({origin.format})" if origin.format else "segments of the scene"
        return f"{given}{drawn.get(origin.drawn, '')}"
    return f"nnU-Net, {title} (version {origin.model['version']}), on {origin.run['device']}"


def of_provenance(record: ResultRecord) -> Provenance:
    ct, signature, model = record.input.ct, record.input.signature, record.segmentation.origin.model
    size, spacing = " x ".join(map(str, ct.size)), " x ".join(f"{step:.3f}" for step in ct.spacing_mm)
    engines = sorted({f"{how.engine} {how.engine_version}" for how in record.extraction.values()})
    hashes = [
        Hash("CT", ct.sha256),
        Hash("label map", record.segmentation.sha256),
        Hash(f"signature {signature.id}, version {signature.version}", signature.sha256),
    ]
    if model:
        digest = model["sha256"] or model.get("weights_sha256", "")
        hashes.append(Hash(f"model {model['id']}, version {model['version']}", digest))
        steps = chain_words.steps_of(record.segmentation.origin)
        hashes += [Hash(f"its step {step['name']}, weights", step["weights_sha256"]) for step in steps]
    return Provenance(
        software=", ".join(f"{name} {version}" for name, version in record.software.items()),
        features=", ".join(engines) or "none",
        ct=", ".join(
            filter(None, (ct.source.get("format"), f"{size} voxels of {spacing} mm", f"phase {ct.phase.name}"))
        ),
        hashes=tuple(hashes),
        notices=tuple(record.segmentation.origin.run.get("notices", ())),
    )
