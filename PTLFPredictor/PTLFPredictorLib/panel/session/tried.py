"""What is tried in place of the patient's values: the what-if on screen, and the scenarios that were pinned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ... import signature
from ...signature import RADSCORE, Entered, Prediction
from ...signature.predictors import Value
from .ct_of_scene import CTOfScene
from .results import Results, given, refusal
from .scene import Scene


class Tried:
    def __init__(self, scene: Scene, cts: CTOfScene, results: Results):
        self._scene, self._cts, self._results = scene, cts, results

    def tried(self) -> dict[str, Value | None]:
        """What a what-if begins with: the patient's entries, each in its own unit, and no Radscore but the CT's own.

        None stands for that one, so that a what-if never keeps a score which is withheld or stale by now.
        """
        entered = self._results.entered().values
        return {**{one.id: entered.get(one.id) for one in self._scene.signature.entries}, RADSCORE: None}

    def _score_of(self, tried: Mapping[str, Value | None]) -> float | None:
        """The Radscore of a what-if: typed, else the CT's own."""
        typed = tried.get(RADSCORE)
        return self._results.radscore() if typed is None else typed

    def tried_values(self) -> dict[str, Value | None]:
        """The predictors of the what-if, for the markers; a Radscore that is refused is no value."""
        chosen, tried = self._scene.signature, self._scene.state.what_if
        refused = RADSCORE in self._scene.state.what_if_refused
        known = chosen.values_of(_entries(tried), None if refused else self._score_of(tried))
        return {one.id: known.get(one.id) for one in chosen.predictors}

    def what_if(self) -> Prediction | None:
        """Prediction of the what-if, None while it is off, has no Radscore or an entry that is no value."""
        state = self._scene.state
        return self._predicted(state.what_if) if state.what_if and not state.what_if_refused else None

    def _predicted(self, tried: Mapping[str, Value | None]) -> Prediction | None:
        """Of a what-if's entries and Radscore, None without a Radscore.

        With the Radscore of the CT it is what the patient would have with these values, where the patient's own risk
        is shown and all that withholds a patient's risk lets this one pass.  With another Radscore it has bands, as
        where something withholds, which is then said beside them.
        """
        scene, score = self._scene, self._score_of(tried)
        if score is None:
            return None
        own, against = tried.get(RADSCORE) is None, ()
        if own and _is_shown(self._results.patient().prediction):
            found = self._results.of_others(_entries(tried))
            if found is not None and _is_shown(found):
                return found.as_what_if()
            against = () if found is None else found.reasons
        prediction = signature.what_if(
            scene.signature,
            _entries(tried),
            score,
            demonstration=scene.desk.demonstration,
            sample=scene.volume is None or self._cts.is_sample,
            typed=not own,
        )
        more = tuple(reason for reason in against if reason not in prediction.warnings)
        return replace(prediction, warnings=(*prediction.warnings, *more))

    def scenario(self, changes: Mapping[str, Value | None]) -> Prediction | None:
        """Prediction of a pinned scenario, which is what is tried in place of the patient's own; see `what_if`.

        None without a Radscore, and where the signature does not take what is tried.
        """
        begun = self.tried()
        return self._predicted({**begun, **changes}) if set(changes) <= set(begun) else None

    def shown(self) -> Prediction:
        """What the markers stand for: the what-if's prediction, else the patient's, else points alone."""
        scene = self._scene
        if not scene.state.what_if:
            return self._results.own()
        found = self.what_if()
        if found is not None:
            return found
        points = signature.points_of(scene.signature, given(self.tried_values()))
        return self._results.patient().prediction.without_risk(refusal(scene) or "no Radscore", points)


def _is_shown(prediction: Prediction) -> bool:
    """Whether a patient's risk, or its range, is shown."""
    return prediction.risk is not None or prediction.risk_interval is not None


def _entries(tried: Mapping[str, Value | None]) -> Entered:
    return Entered({name: value for name, value in tried.items() if name != RADSCORE})
