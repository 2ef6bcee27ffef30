"""Performance of arrays: R's numbers in one place, through JSON and back, and a sentence for what does not exist."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import r_reference
from PTLFPredictorLib.cohort.statistics.calibration_curve import Smoother
from PTLFPredictorLib.cohort.validate import performance
from PTLFPredictorLib.cohort.validate.performance import Cutoff, Performance, Scale
from PTLFPredictorLib.errors import BadInput

R = r_reference.values("calibration")["validation"]
ROC = r_reference.values("roc")
P, Y = np.array(R["p"]), np.array(R["y"], float)
LP = np.log(P / (1 - P))
TRAINED = ROC["cutoff_from_train_in_validation"]["value"]
YOUDEN = Cutoff("Youden, training cases", math.log(TRAINED["threshold"] / (1 - TRAINED["threshold"])), Scale.SCORE)


def found(**changes):
    return performance.of(LP, Y, **{"cutoffs": (YOUDEN, Cutoff("chosen", 0.3)), "groups": 5, **changes})


def test_every_number_is_the_one_that_r_gives_for_these_cases():
    one = found()
    assert (one.n, one.events, one.problems) == (63, 19, ())
    assert one.auc.auc == pytest.approx(ROC["auc_validation"]["combined"]["auc"])
    assert one.auc.preferred == pytest.approx(ROC["auc_validation"]["combined"]["ci_logit"], abs=1e-8)
    calibration = one.calibration
    assert calibration.in_the_large.value == pytest.approx(R["calibration_in_the_large"]["intercept"], abs=1e-8)
    assert calibration.joint.slope.interval == pytest.approx(R["slope"]["ci"], abs=1e-8)
    assert calibration.expected_observed.ratio == pytest.approx(R["expected_over_observed"], abs=1e-8)
    assert calibration.brier.scaled == pytest.approx(R["Brier_scaled"], abs=1e-8)
    assert calibration.curve.errors.smoother is Smoother.LOWESS
    assert calibration.curve.errors.ici == pytest.approx(R["lowess"]["errors"]["ICI"], abs=1e-8)
    icis = [R[name]["errors"]["ICI"] for name in ("lowess", "loess_direct", "rcs3", "rcs4", "logistic_recalibration")]
    assert [item.ici for item in calibration.by_smoother] == pytest.approx(icis, abs=1e-8)
    groups = r_reference.values("calibration")["hosmer_lemeshow"]["validation_g5_df5_external"]
    assert (calibration.groups.df, calibration.groups.p) == (5, pytest.approx(groups["p"], abs=1e-8))
    curve = r_reference.values("decision_curve")["validation"]
    at = one.decision.thresholds.index(0.25)
    assert one.decision.net_benefit[at] == pytest.approx(curve["combined"][4], abs=1e-12)
    assert one.decision.treat_all[at] == pytest.approx(curve["treat_all"][4], abs=1e-12)


def test_cutoffs_are_those_that_were_brought_and_no_other():
    youden, chosen = found().cutoffs
    for at, expected in ((youden, TRAINED), (chosen, ROC["fixed_cutoffs"]["0.3"])):
        counts = at.counts
        assert (counts.tp, counts.fp, counts.fn, counts.tn) == tuple(
            expected[name] for name in ("tp", "fp", "fn", "tn")
        )
    assert found(cutoffs=()).cutoffs == ()


def test_it_goes_through_json_and_comes_back_the_same():
    for one in (found(), found(has_risk=False), performance.of(np.array([-1.0, -0.5, 2, 3]), np.array([0.0, 0, 1, 1]))):
        text = json.dumps(one.to_dict(), allow_nan=False)
        back = Performance.from_dict(json.loads(text))
        assert json.dumps(back.to_dict(), allow_nan=False) == text
        assert (back.risk == one.risk).all()
    with pytest.raises(BadInput, match="performance"):
        Performance.from_dict({**found().to_dict(), "auc": "high"})


def test_a_score_without_risk_has_discrimination_alone():
    one = found(has_risk=False)
    assert one.auc.auc == pytest.approx(found().auc.auc)
    assert (one.calibration, one.decision) == (None, None)
    assert [at.cutoff.scale for at in one.cutoffs] == [Scale.SCORE], "a risk cannot be compared with a score"


def test_nothing_is_turned():
    assert performance.of(-LP, Y).auc.auc == pytest.approx(1 - found().auc.auc)
    assert performance.of(-LP, Y).calibration.joint.slope.value < 0


def test_what_does_not_exist_has_a_sentence_and_the_rest_is_there():
    apart = performance.of(np.array([-1.0, -0.5, 2, 3]), np.array([0.0, 0, 1, 1]))
    assert apart.calibration.joint is None
    assert apart.calibration.brier.score > 0
    assert apart.auc.auc == 1
    assert apart.problems
    assert performance.of(np.array([-1.0, 0, 1]), np.zeros(3)).auc is None


def test_apparent_performance_has_other_degrees_of_freedom():
    assert found(fitted_here=True).calibration.groups.df == 3


def test_models_are_compared_pair_by_pair_on_the_same_cases():
    scores = {name: np.array(ROC["scores_validation"][name]) for name in ("combined", "clinical", "radiomics")}
    lps = {name: np.log(p / (1 - p)) for name, p in scores.items()}
    pairs = performance.compare(lps, Y, {"combined": True, "clinical": True, "radiomics": False})
    assert [(one.first, one.second) for one in pairs] == [
        ("combined", "clinical"), ("combined", "radiomics"), ("clinical", "radiomics"),
    ]  # fmt: skip
    for one in pairs:
        expected = ROC["delong_paired_validation"][f"{one.first}_{one.second}"]
        assert (one.auc.statistic, one.auc.p) == pytest.approx((expected["Z"], expected["p"]), abs=1e-10)
    assert pairs[0].reclassification.idi == pytest.approx(ROC["nri_idi"]["idi"], abs=1e-10)
    assert pairs[1].reclassification is None
