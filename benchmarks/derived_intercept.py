"""The intercept that the paper does not print, derived again, and what it hangs on: docs/derived-intercept.md.

    python benchmarks/derived_intercept.py [--page FILE]

The paper gives distributions by outcome: albumin (normal), INR (quartiles; log-normal here), and the Radscore's AUC;
the Radscore has the mean 0, since its inputs are Z-scores.  b0 is solved so that the mean risk over both groups is the
training cohort's 36 of 147.  By quadrature, not by simulation: the numbers are the same on every run.
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "PTLFPredictor"))

from PTLFPredictorLib.cohort.statistics.newton import expit  # noqa: E402
from PTLFPredictorLib.signature import load  # noqa: E402

NODES = 60
QUARTILE = 0.6744897501960817
"""Of the standard normal distribution."""

LITERATURE = 0.075
"""Prevalence of liver failure in the literature that the paper quotes."""

EXAMPLE = {"ALB": 43.6, "INR": 1.09, "Radscore": 7.72}
"""The paper's worked example."""

SDS, AUCS = (3.0, 4.0, 5.0, 6.3), (0.815, 0.84, 0.86, 0.88, 0.90)


@dataclass(frozen=True)
class Group:
    """Patients with or without the outcome: mean and SD of albumin, and quartiles of INR (``facts.json``)."""

    albumin: tuple[float, float]
    inr: tuple[float, float, float]


WITH, WITHOUT = Group((40.48, 7.74), (1.21, 1.07, 1.29)), Group((37.05, 4.77), (1.01, 0.94, 1.10))


@dataclass(frozen=True)
class Setting:
    """What is assumed.

    Parameters
    ----------
    sd : float
        Of the Radscore within each group.
    auc : float
        Of the Radscore.
    prevalence : float
        For which b0 is wanted; the groups are always those of the training cohort.
    albumin, inr, radscore : float
        Coefficients.
    """

    sd: float = 4.0
    auc: float = 0.815
    prevalence: float = 36 / 147
    albumin: float = 0.163
    inr: float = 7.597
    radscore: float = 0.317


CENTRAL = Setting()
STUDY = 36 / 147


def without_intercept(setting: Setting, group: Group, radscore_mean: float) -> tuple[np.ndarray, np.ndarray]:
    """Linear predictor without b0 at the nodes of a quadrature over one group, and their weights."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    weights = weights / weights.sum()
    median, low, high = group.inr
    inr = median * np.exp(nodes * math.log(high / low) / (2 * QUARTILE))
    spread = math.hypot(setting.albumin * group.albumin[1], setting.radscore * setting.sd)
    middle = setting.albumin * group.albumin[0] + setting.radscore * radscore_mean
    eta = middle + setting.inr * inr[:, None] + spread * nodes[None, :]
    return eta.ravel(), np.outer(weights, weights).ravel()


def intercept(setting: Setting = CENTRAL) -> float:
    """b0 at which the mean risk is the prevalence."""
    from scipy.optimize import brentq
    from scipy.special import ndtri

    shift = math.sqrt(2) * setting.sd * float(ndtri(setting.auc))
    sick = without_intercept(setting, WITH, shift * (1 - STUDY))
    well = without_intercept(setting, WITHOUT, -shift * STUDY)

    def excess(b0: float) -> float:
        risk = (expit(b0 + eta) @ weights for eta, weights in (sick, well))
        return setting.prevalence * next(risk) + (1 - setting.prevalence) * next(risk) - setting.prevalence

    return brentq(excess, -60, 30)


def example_risk(setting: Setting, b0: float) -> float:
    """Of the worked example."""
    coefficients = {"ALB": setting.albumin, "INR": setting.inr, "Radscore": setting.radscore}
    return float(expit(b0 + sum(coefficients[name] * value for name, value in EXAMPLE.items())))


def over(**changes) -> tuple[float, float]:
    """b0 and the example's risk with something changed."""
    setting = replace(CENTRAL, **changes)
    b0 = intercept(setting)
    return b0, example_risk(setting, b0)


def reach() -> tuple[float, float]:
    """Lowest and highest b0 over the Radscore's SDs and AUCs."""
    found = [over(sd=sd, auc=auc)[0] for sd, auc in itertools.product(SDS, AUCS)]
    return min(found), max(found)


def by_standard_errors(draws: int = 2000, seed: int = 1) -> np.ndarray:
    """b0 and the example's risk with all coefficients drawn from their printed errors, as if independent."""
    errors = load("ptlf-published").risk_model.standard_errors
    drawn = np.random.default_rng(seed).normal(size=(draws, 3))
    found = []
    for a, b, c in drawn:
        changes = {
            "albumin": CENTRAL.albumin + a * errors["ALB"],
            "inr": CENTRAL.inr + b * errors["INR"],
            "radscore": CENTRAL.radscore + c * errors["Radscore"],
        }
        found.append(over(**changes))
    return np.array(found)


def tables() -> str:
    text = "b0 over the Radscore's SD within the groups, and its AUC (prevalence 24.5 %):\n\n"
    text += "| SD | " + " | ".join(f"AUC {auc:g}" for auc in AUCS) + " |\n|---|" + "---|" * len(AUCS) + "\n"
    for sd in SDS:
        text += f"| {sd:g} | " + " | ".join(f"{over(sd=sd, auc=auc)[0]:.2f}" for auc in AUCS) + " |\n"
    errors = load("ptlf-published").risk_model.standard_errors
    text += "\nOne thing changed at a time, from SD 4 and AUC 0.815:\n\n"
    text += "| changed | b0 | risk of the worked example |\n|---|---|---|\n"
    rows = [("nothing", {})]
    rows += [(f"prevalence {100 * p:g} %", {"prevalence": p}) for p in (LITERATURE, 0.15, 0.20, 0.30, 0.40)]
    for name, field in (("ALB", "albumin"), ("INR", "inr"), ("Radscore", "radscore")):
        value, error = getattr(CENTRAL, field), errors[name]
        rows += [
            (
                f"coefficient of {name} {value + sign * error:.3f} ({words} one standard error)",
                {field: value + sign * error},
            )
            for sign, words in ((-1, "less"), (1, "plus"))
        ]
    for words, changes in rows:
        b0, risk = over(**changes)
        text += f"| {words} | {b0:.2f} | {100 * risk:.0f} % |\n"
    found = np.percentile(by_standard_errors(), (2.5, 97.5), axis=0)
    text += (
        "| all three coefficients, drawn from their standard errors as if independent (central 95 %) | "
        f"{found[0, 0]:.1f} to {found[1, 0]:.1f} | {100 * found[0, 1]:.0f} to {100 * found[1, 1]:.0f} % |\n"
    )
    return text


def page() -> str:
    """docs/derived-intercept.md."""
    low, high = reach()
    return f"""# The derived intercept, and what it hangs on

Written by `python benchmarks/derived_intercept.py --page docs/derived-intercept.md`.

The paper prints no intercept. From its distributions by outcome (albumin, INR), its AUC of the Radscore and the fact
that a sum of Z-scores has the mean 0, b0 follows from the prevalence of the training cohort, 36 of 147:
**{intercept():.2f}** at a Radscore SD of 4 within the groups and an AUC of 0.815 (the radiomics model in the validation
cohort); {low:.1f} to {high:.1f} over SDs of 3 to 6.3 and AUCs of 0.815 to 0.90. The published signature's file has
-16.2 (-16.8 to -16.0). It is for what-ifs alone: no patient gets a risk from it.

{tables()}
Read so:

- The Radscore's SD and AUC move b0 by less than one logit; **the prevalence moves it more**. A hospital in which 7.5 %
  get liver failure would see risks far too high with -16.2: this is what `ptlf cohort calibrate` is for.
- A coefficient's error moves b0 much and the risk of a typical patient little, because b0 is solved again so that the
  mean risk stays. Of the worked example, whose values are all high, the risk moves with it.
- The groups are taken as the paper describes them, each variable independent of the others within its group: it
  prints no correlations.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", type=Path, help="write the page to this file")
    given = parser.parse_args()
    print(tables())
    if given.page:
        given.page.write_text(page(), encoding="utf-8")
        print(f"Written: {given.page}")


if __name__ == "__main__":
    main()
