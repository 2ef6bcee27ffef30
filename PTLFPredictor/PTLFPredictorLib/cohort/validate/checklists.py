"""TRIPOD+AI and METRICS, filled as far as a validation's data answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import __version__
from ...render.report import Section
from ...render.report.drawing import Cases
from ...signature import Signature
from ..report.checklists import Place, Study, metrics, tripod
from .plan import ValidationPlan
from .validation import Validation

if TYPE_CHECKING:
    from ..data import CohortData

PLACES = {
    Place.FLOW: "flow",
    Place.CHARACTERISTICS: "characteristics",
    Place.MISSING: "missing",
    Place.PERFORMANCE: "auc",
    Place.CALIBRATION: "calibration",
    Place.CENTRES: "subgroups",
    Place.CUTOFFS: "cutoffs",
}


def section(
    validation: Validation, signature: Signature, chosen: CohortData, plan: ValidationPlan, names: set[str]
) -> Section:
    """Both checklists.

    Parameters
    ----------
    chosen : CohortData
        The cases of the validation.
    names : set of str
        Of the tables and figures of the report.
    """
    centres = {centre for centre in chosen.centre if centre}
    own = validation.own
    study = Study(
        develops=False,
        evaluates=True,
        outcome=f"{signature.outcome} {signature.horizon}, by the rule {plan.rule}.",
        population=signature.population,
        training=None,
        validation=Cases(own.n, own.events, "validation"),
        centres=len(centres),
        other_centre=False,  # the signature does not say which centres it is from
        automatic_masks=not chosen.masks.by_hand and not chosen.masks.edited_share,
        extraction=f"PTLFPredictor {__version__}; the settings stand in the signature file.",
        missing="Complete cases; the others are counted in the flow.",
        predictors="As in the signature's equation.",
        steps=(),
        internal="",
        sample_size=f"{own.events} events in {own.n} cases.",
        large_enough=False,  # Riley's size is one of a development
        robust=False,
        measures="AUC, calibration in the large, slope, curve, ICI, Brier score, decision curve.",
        updating="",
        code=f"ptlf cohort validate {__version__}; lock.json.",
        places={place: name for place, name in PLACES.items() if name in names},
    )
    return Section("Checklists", (tripod.table(study), metrics.table(study)), new_page=True)
