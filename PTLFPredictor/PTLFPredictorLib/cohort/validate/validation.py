"""A signature on cases that it was not fitted on: every number of the validation, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import BadInput
from ...signature import Signature, SignatureState, completeness, masks
from ...signature.policy import states
from .. import plan as json
from ..flow import Exclusion, Flow, Reason
from ..table import Case, Split
from . import overlap, performance, subgroups
from .models import NO_YOUDEN, ScoredCase, cutoffs_of, models_of, scored
from .performance import Compared, Performance, Scale
from .plan import Cases, ValidationPlan, Withheld
from .subgroups import Subgroup

if TYPE_CHECKING:
    from ..data import CohortData

SCHEMA = "ptlf-validation/1"

FEW_EVENTS = 100
"""Events, and cases without, below which a validation is imprecise (Collins and others, Stat Med 2016, 35:214)."""

VALIDATED = (Split.VALIDATION, Split.EXTERNAL)

WHY_WITHHELD = {
    "feature_far_from_cohort": "a feature unlike the signature's cohort",
    "radscore_off_axis": "a Radscore off its axis",
    masks.CODE: "segments not drawn as those that the signature was fitted on",
}
"""Reasons of the flow, by the code of a finding."""


@dataclass(frozen=True)
class Validation:
    """What came out.

    Attributes
    ----------
    signature : str
        Id and version.
    state : SignatureState
    synthetic : bool
        The cases are synthetic, or the signature is a demonstration.
    flow : Flow
        From the rows of the table; the cases of other splits are in `not_used`.
    not_used : int
        Included cases that are not for validation.
    models : mapping of str to Performance
        The signature's own first; all on the same cases.
    compared : tuple of Compared
    subgroups : tuple of Subgroup
        Of the signature's own model.
    with_withheld : Performance or None
        Of the signature's own model with the cases for which the product would withhold the score; None where there
        are none.
    notes : tuple of str
        What a reader must know.
    """

    signature: str
    state: SignatureState
    synthetic: bool
    flow: Flow
    not_used: int
    models: Mapping[str, Performance]
    compared: tuple[Compared, ...]
    subgroups: tuple[Subgroup, ...]
    with_withheld: Performance | None
    notes: tuple[str, ...]

    @property
    def own(self) -> Performance:
        """Of the signature's own model (on a reference scale: of its Radscore)."""
        return next(iter(self.models.values()))

    def to_dict(self) -> dict[str, Any]:
        """JSON; what does not exist is "nan", or null."""
        return {"schema": SCHEMA, **json.to_json(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Validation:
        """From `to_dict`; BadInput for anything else."""
        if data.get("schema") != SCHEMA:
            raise BadInput(f"This is no result of 'ptlf cohort validate': its 'schema' is not '{SCHEMA}'.")
        return json.from_json(cls, {name: value for name, value in data.items() if name != "schema"}, "result")


@dataclass(frozen=True)
class Scored:
    """A validation with the cases behind it, for tables by case.

    Attributes
    ----------
    validation : Validation
    cases : tuple of ScoredCase
        In the order of `Performance.score`.
    """

    validation: Validation
    cases: tuple[ScoredCase, ...]


def validate(signature: Signature, cases: Mapping[str, Case], data: CohortData, plan: ValidationPlan) -> Scored:
    """Validate a signature on the included cases of a cohort.

    Parameters
    ----------
    cases : mapping of str to Case
        The table's, by id: what was entered for them.
    data : CohortData
        Complete in the signature's predictors, outcome known.

    Raises
    ------
    BadInput
        Where it cannot be validated on these cases: cases that it was fitted on, no case
        with the outcome or none without, a signature without Radscore.
    """
    models = models_of(signature)
    cutoffs = cutoffs_of(signature, plan.cutoffs)
    chosen = chosen_of(data, plan)
    told = overlap.checked(signature, [data.extracted[name] for name in chosen])
    rows = [scored(signature, cases[name], data.extracted[name]) for name in chosen]
    shown = [row for row in rows if not row.withheld or plan.withheld is Withheld.INCLUDE]
    gone = [row for row in rows if row.withheld and plan.withheld is Withheld.EXCLUDE]
    y = data.outcome.loc[[row.id for row in shown]].to_numpy(float)
    if not 0 < y.sum() < len(y):
        raise BadInput(
            f"Of the {len(y)} cases for validation {int(y.sum())} have the outcome; a validation needs cases with and "
            "cases without."
        )
    options = {"smoother": plan.smoother, "groups": plan.groups, "prevalence": plan.prevalence}
    scores = {model.name: model.scores(shown) for model in models}
    risks = {model.name: model.has_risk for model in models}
    found = {
        name: performance.of(score, y, has_risk=risks[name], cutoffs=_for(cutoffs, place, risks[name]), **options)
        for place, (name, score) in enumerate(scores.items())
    }
    own = models[0]
    everyone = data.outcome.loc[[row.id for row in rows]].to_numpy(float)
    result = Validation(
        signature=f"{signature.id} {signature.version}",
        state=completeness(signature),
        synthetic=data.synthetic or signature.is_demo,
        flow=_flow(data, gone),
        not_used=data.n - len(chosen),
        models=found,
        compared=performance.compare(scores, y, risks),
        subgroups=subgroups.subgroups(
            scores[own.name], y, _columns(data, plan, shown), fewest=plan.fewest, has_risk=own.has_risk
        ),
        with_withheld=performance.of(own.scores(rows), everyone, has_risk=own.has_risk, **options) if gone else None,
        notes=_notes(signature, found[own.name], cutoffs, told),
    )
    return Scored(result, tuple(shown))


def chosen_of(data: CohortData, plan: ValidationPlan) -> list[str]:
    """Ids of the cases for validation."""
    if plan.cases is Cases.ALL or not (data.split != Split.NONE.value).any():
        return list(data.outcome.index)
    return list(data.outcome.index[data.split.isin([one.value for one in VALIDATED])])


def _for(cutoffs: tuple, place: int, has_risk: bool) -> tuple:
    """Cut-offs for a model: the signature's own one belongs to its own linear predictor."""
    if place == 0:
        return cutoffs
    return tuple(one for one in cutoffs if one.scale is Scale.RISK) if has_risk else ()


def _flow(data: CohortData, gone: list[ScoredCase]) -> Flow:
    more = [
        Exclusion(
            row.id,
            Reason.CHECKS,
            f"{Reason.CHECKS.value}:{row.withheld[0].code}",
            WHY_WITHHELD.get(row.withheld[0].code, row.withheld[0].code),
        )
        for row in gone
    ]
    if not more:
        return data.flow
    return Flow.of(data.flow.total, (*data.exclusions, *more))


def _columns(data: CohortData, plan: ValidationPlan, shown: list[ScoredCase]) -> list:
    ids = [row.id for row in shown]
    if strange := [name for name in plan.subgroups if name not in data.clinical.columns]:
        known = ", ".join(map(str, data.clinical.columns)) or "none"
        raise BadInput(f"The table has no column {', '.join(strange)} for subgroups; it has {known}.")
    centre = data.centre.loc[ids].rename("centre")
    return [centre, *(data.clinical.loc[ids, name] for name in plan.subgroups)]


def _notes(signature: Signature, own: Performance, cutoffs: tuple, told: str) -> tuple[str, ...]:
    state = completeness(signature)
    notes = []
    if state is SignatureState.UNPROVEN:
        why = states.unproven(signature)
        notes.append(
            f"The product shows no patient's risk with this signature ({why}); its equation is validated all the same."
        )
    if not own.has_risk:
        notes.append("The signature gives no risk, so only the discrimination of its score can be validated.")
    fewer = min(own.events, own.n - own.events)
    if fewer < FEW_EVENTS:
        which = "cases with the outcome" if own.events <= own.n - own.events else "cases without the outcome"
        notes.append(
            f"With {fewer} {which} every number here is imprecise: at least {FEW_EVENTS} are advised for a validation. "
            "Read the intervals, not the estimates."
        )
    if not any(one.scale is Scale.SCORE for one in cutoffs):
        notes.append(NO_YOUDEN)
    return (*notes, told, *own.problems)
