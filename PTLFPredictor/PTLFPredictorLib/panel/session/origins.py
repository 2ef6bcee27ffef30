"""Who drew the segments on screen, by how much they were changed since, and the segments as a value that says so."""

from __future__ import annotations

from ...confirmation import Confirmation
from ...ct import Finding, Level
from ...errors import BadInput, PTLFError
from ...mrml import origin_marks, volumes
from ...mrml import segments as mrml_segments
from ...segmentation import ledger, provenance, regions
from ...segmentation.catalogue import catalogue
from ...segmentation.marks import Mark, combined, of_tags, segment_tags, weights_of
from ...segmentation.names import Role, plain, role_of
from ...segmentation.origin import Drawn, Known, Origin
from ...segmentation.segments import Segments
from ..state import SegmentsKind
from .ct_of_scene import CTOfScene
from .masks import Masks
from .scene import Scene

HAND, MODEL = "hand", "model:"
"""Values of `PatientState.mask_origin`: by hand, or ``model:ID``."""

CHANGE_UNKNOWN = Finding(
    "mask_change_unknown",
    Level.WITHHOLD,
    "The segments were changed since a model drew them, by a share that cannot be told: what the model drew is no "
    "longer in the scene. Segment again and correct that.",
)


class Origins:
    def __init__(self, scene: Scene, cts: CTOfScene, masks: Masks):
        self._scene, self._cts, self._masks = scene, cts, masks
        self.forget()
        scene.on_begin.append(self.forget)

    def forget(self) -> None:
        self.look_again()

    def look_again(self) -> None:
        """Other segments lie there: marks and ledger are asked once more."""
        self._found: dict[str, tuple[tuple, tuple[Origin, tuple[Finding, ...]]]] = {}

    @property
    def drawn(self) -> Origin:
        """Who drew the segments, by what is known; a reader's word is not asked.  A stroke does not change it."""
        return self.resolved(None, at_least=True)[0]

    def mask_origin(self, kind: SegmentsKind, at_least: bool = False) -> Origin:
        """Provenance of the segments of one kind: mark, ledger or reader's word, share that is changed, sign-off.

        `at_least` takes what was found before the last strokes: for what is stale, and may not cost a look-up.
        """
        origin = self.resolved(self.word(), at_least)[0]
        if kind == SegmentsKind.CORRECTED:
            origin = origin.with_changes(changed=self.changed_share(origin))
            covers = True
        else:
            covers = not self._masks.edited
        return origin.with_changes(sign_off=self._masks.signed if covers else None)

    def word(self) -> Origin | None:
        """What a reader has answered to the question who drew the segments."""
        said = self._scene.state.mask_origin
        if not said:
            return None
        named = Confirmation.of(said)
        if said["value"] == HAND:
            return Origin(Drawn.HAND, Known.READER, named=named)
        wanted = said["value"].removeprefix(MODEL)
        model = next((one for one in catalogue() if one.id == wanted), None)
        return None if model is None else Origin(Drawn.MODEL, Known.READER, model.identity, named=named)

    def resolved(self, word: Origin | None, at_least: bool = False) -> tuple[Origin, tuple[Finding, ...]]:
        """Origin and findings: as the run said while its copy is there, else by marks and ledger, else by `word`."""
        scene = self._scene
        origin = Origin.from_dict(scene.state.origin)
        if scene.segmentation is None or (scene.automatic is not None and origin.drawn is not Drawn.UNKNOWN):
            return origin, ()
        key = (str(scene.state.origin), str(self._masks.hashes(SegmentsKind.CORRECTED)), self._cts.image())
        before = self._found.get(str(word))
        if before is None or (before[0] != key and not at_least):
            self._found[str(word)] = key, self._look_up(origin, word)
        return self._found[str(word)][1]

    def _look_up(self, origin: Origin, word: Origin | None) -> tuple[Origin, tuple[Finding, ...]]:
        segmentation = self._scene.segmentation
        marks = [of_tags(tags) for tags in mrml_segments.mark_tags(segmentation)]
        if origin.drawn is not Drawn.UNKNOWN and not any(mark and _says_as_much(mark, origin) for mark in marks):
            marks.append(Mark(origin))
        try:
            ct, labels = self._cts.ct(), self._masks.labels(segmentation)
        except PTLFError:
            return word or origin, ()
        mark = combined(marks)
        meant = mark is not None and mark.content == regions.content(labels)
        unseen = not meant and origin_marks.changed_unseen(segmentation)
        if unseen and ledger.find(ct.identity, labels) is None:  # nor is it remembered: that would be a share of 0
            return (word or origin if mark is None else mark.origin), (CHANGE_UNKNOWN,)
        found, told = provenance.resolve(labels, ct, marks, word)
        return found, tuple(told)

    @property
    def change_unknown(self) -> bool:
        return CHANGE_UNKNOWN in self.resolved(self.word())[1]

    def changed_share(self, origin: Origin) -> float:
        """Share of the voxels that differ from what the model drew; what the mark says where its copy is gone."""
        return float(origin.changed) if self._scene.automatic is None else self._masks.compared.changed

    def words(self, kind: SegmentsKind) -> str:
        """What the segments of a kind are called: corrected is what a model drew and a reader has changed."""
        if kind == SegmentsKind.AUTOMATIC:
            return "automatic segments"
        corrected = self._scene.automatic is not None or self.mask_origin(kind, at_least=True).edited
        return "corrected segments" if corrected else "segments"

    def remember(self, node, origin: Origin) -> None:
        """Write into the scene who drew the segments as they are now, and into this computer's ledger."""
        try:
            labels = self._masks.labels(node)
            trouble = ledger.remember(self._cts.ct().identity, labels, origin)
        except PTLFError:
            return
        mrml_segments.set_tags(node, segment_tags(origin, labels))
        if trouble is not None:
            self._scene.update(adoption=[*self._scene.state.adoption, trouble.to_dict()])

    # The segments as a value

    def segments(self, kind: SegmentsKind) -> Segments:
        """Label map of the segments on the canonical CT, checked."""
        node = self._masks.node(kind)
        if node is None:
            raise BadInput("There are no segments yet.")
        volumes.require_no_transform(self._scene.segmentation)
        found = tuple(self._segment_findings())
        labels, origin, by = self._masks.labels(node), self.mask_origin(kind), self.left_out_by
        return Segments(labels, origin, found, left_out_by=by).checked(self._cts.ct())

    @property
    def left_out_by(self) -> Confirmation | None:
        """Who left lesions out: whoever said so, else whoever signed the segments as they are."""
        return Confirmation.from_dict(self._scene.state.left_out) or self._masks.signed

    def _segment_findings(self) -> list[Finding]:
        """What the scene alone knows of the segments: segments that count as nothing, other grids, unseen changes."""
        segmentation = self._scene.segmentation
        found = [Finding.from_dict(item) for item in self._scene.state.adoption]
        found += self.resolved(self.word())[1]
        other = mrml_segments.not_counted(segmentation, Role.OTHER)
        if other:  # names of the table, in its own words: a segment's own name is free text
            listed = ", ".join(sorted({plain(n) if role_of(n) is Role.OTHER else "a coded structure" for n in other}))
            message = f"Not counted, other structures: {listed}."
            found.append(Finding("segments_other", Level.PASS, message, {"count": len(other)}))
        unknown = mrml_segments.not_counted(segmentation, None)
        if unknown:
            message = (
                f"{len(unknown)} segment(s) count neither as liver nor as tumour, and nobody has said what they are "
                "(section 2 names them). Name a lesion 'tumour ...', or 'lesion, not counted', and choose the "
                "segmentation once more, or delete what is no part of the case."
            )
            found.append(Finding("segments_unknown", Level.WITHHOLD, message, {"count": len(unknown)}))
        return found


def _says_as_much(mark: Mark, origin: Origin) -> bool:
    """Whether the mark of a segment names the model that its node names; it also says of which voxels."""
    if mark.origin.drawn is not Drawn.MODEL or origin.model is None:
        return mark.origin.drawn is Drawn.MODEL
    same_weights = provenance.drawn_by(mark.origin, (weights_of(origin.model),))
    return same_weights or mark.origin.model["id"] == origin.model["id"]
