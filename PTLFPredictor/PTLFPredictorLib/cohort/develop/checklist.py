"""TRIPOD+AI and METRICS of a development, filled where the data answer."""

from __future__ import annotations

from ... import __version__
from ...render.report import Section
from ...render.report.drawing import Cases
from ...signature import Signature
from ..report.checklists import Place, Study, metrics, tripod
from .chapters import missing_words, selection_steps
from .development import Development
from .performance import prefix_of


def checklists(made: Development, base: Signature) -> Section:
    """TRIPOD+AI and METRICS, filled where the data answer."""
    train, plan = made.parts.training, made.plan
    first = made.validation[0] if made.validation else None
    centres = {centre for part in (train, *made.parts.validation.values()) for centre in part.centre if centre}
    others = {centre for part in made.parts.validation.values() for centre in part.centre if centre}
    places = {
        Place.FLOW: "flow",
        Place.CHARACTERISTICS: "univariate",
        Place.MISSING: "missing",
        Place.BETWEEN_SPLITS: "characteristics" if made.validation else "",
        Place.TERMS: "terms" if len(made.pipeline.radscore_.names_) else "",
        Place.MODEL: "model_combined" if made.pipeline.models_ else "",
        Place.OPTIMISM: "optimism" if made.bootstrapped or made.nested else "",
    }
    judged = first if first is not None and first.models else made.training if made.training.models else None
    if judged is not None:
        prefix = prefix_of(judged)
        places |= {
            Place.CALIBRATION: f"{prefix}calibration",
            Place.CUTOFFS: "youden" if judged is made.training else f"{prefix}cutoffs",
        }
        places[Place.PERFORMANCE] = f"{prefix}auc"
    booted = f"Harrell's bootstrap, {plan.resampling.bootstraps} samples" if made.bootstrapped is not None else ""
    crossed = f"nested cross-validation, {plan.resampling.folds} folds, {plan.resampling.repeats} times"
    internal = "; ".join(one for one in (booted, crossed if made.nested is not None else "") if one)
    study = Study(
        develops=True,
        evaluates=bool(made.validation),
        outcome=f"{base.data['outcome'].get('title', base.outcome)} {base.horizon}, by the rule {plan.rule}.",
        population=base.population,
        training=Cases(train.n, train.events, "training"),
        validation=None if first is None else Cases(first.cases.n, first.cases.events, first.name),
        centres=len(centres),
        other_centre=bool(others) and not others & {centre for centre in train.centre if centre},
        automatic_masks=not train.masks.by_hand and not train.masks.edited_share,
        extraction=f"PTLFPredictor {__version__}; the settings stand in the signature file.",
        missing=missing_words(made),
        predictors="Clinical numbers linear, levels against the first; features standardised by the training cases.",
        steps=selection_steps(made),
        internal=f"{internal}, the whole selection in each." if internal else "",
        sample_size=f"{train.events} events for {made.size.candidates} candidate coefficients.",
        large_enough=made.size.is_enough,
        robust=plan.selection.icc_at_least is not None,
        measures="AUC, calibration in the large, slope, curve, Brier score, decision curve.",
        updating="",
        code=f"ptlf cohort develop {__version__}; lock.json.",
        places={place: name for place, name in places.items() if name},
    )
    return Section("Checklists", (tripod.table(study), metrics.table(study)), new_page=True)
