"""The design's table "What may be shown" as a table of tests: for the library, the shell and the panel.

Each row makes a signature file of the published one and of a case's own features, says how it is asked, and what a
person reads.  Where one place begins a sentence with what another has in its middle, the words leave that out.  It
needs nothing that Slicer lacks.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from made_signatures import MODEL, Raw, Z, normalised, site, without_outcomes
from PTLFPredictorLib.signature.evidence import ObservedMasks

Data = Mapping[str, Any]

UNNORMALISED = "the paper does not give the training cohort's mean and SD of each feature"
WHAT_IF = "the Radscore was typed in, not computed from a CT"
REFERENCE = "the score lies on the reference scale of public CTs, for which no outcome is known"
RELATIVE = "the score is relative to this site's cases, and no risk model was fitted on outcomes here"
UNPROVEN = "a patient's risk needs the evidence that a fit on outcomes writes into the signature file"
COMPLETE = "95 % confidence interval"
ALB_MISSING = "Albumin is missing: the range of the risk over its central 95 % (26.5 to 49.3)"
INR_MISSING = "INR is missing: the range of the risk over its central 95 % (0.77 to 1.38)"
GIVES_NO_RISK = "12 of 150 cases have PTLF, and a risk needs 20 with it and 20 without"
DEMO = "Demonstration on synthetic cases, not for patients."
DEMO_NOT_ASKED_FOR = "shown only in demonstration mode"
DEMO_ON_ANOTHER_CT = "a demonstration signature shows a risk only on a sample CT, and this CT is none"


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Parameters
    ----------
    name : str
    make : callable
        (data of the published signature, features of the case, masks of the evidence) -> data of the row's file.
    own : str
        Words that a person must read, and that no row with other words shows.
    state : str
        `Prediction.state` of the patient.
    score : str
        What the Radscore is called in brackets behind its value; "" where there is no value to read.
    reads : tuple of str
        More that a person must read.
    never : tuple of str
        What a person must not read.
    alb, inr, radscore : float or None
        As they are typed in.
    demonstration, sample, answered : bool
        Whether demonstration mode is asked for, the CT is a sample case, the study's criteria are answered.
    beside : tuple of str
        Other rows' own words that rightly stand there too.
    """

    name: str
    make: Callable[[Data, Raw, ObservedMasks], dict]
    own: str
    state: str
    score: str = ""
    reads: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    alb: float | None = 43.6
    inr: float | None = 1.09
    radscore: float | None = None
    demonstration: bool = False
    sample: bool = False
    answered: bool = True
    beside: tuple[str, ...] = ()

    def signature(self, published: Data, raw: Raw, *, voi_source: str = "manual", models: tuple[str, ...] = ()) -> dict:
        """The signature file's data for a case with these features, whose segments were drawn as `voi_source` says.

        Parameters
        ----------
        published : mapping
            Data of the published signature.
        raw : mapping
            Features of the case; each lies half an SD above the mean.
        voi_source : str
            "manual" for segments that a reader has drawn, "automatic" for a model's.
        models : tuple of str
            SHA-256 of the weights of models whose segments the evidence covers, beside those drawn by hand.
        """
        masks = ObservedMasks((MODEL["weights_sha256"], *models), by_hand=True, edited_share=0.2)
        return self.make({**published, "voi_source": voi_source}, raw, masks)

    @property
    def others(self) -> Iterator[str]:
        """Words of the other rows, which nobody may read in this one."""
        allowed = (self.own, *self.beside)
        return (own for own in OWN if own not in allowed)


def shipped(data: Data, raw: Raw, masks: ObservedMasks) -> dict:
    return copy.deepcopy({**data, "voi_source": "automatic"})


def public(data: Data, raw: Raw, masks: ObservedMasks) -> dict:
    made = normalised(data, "public", raw=raw)
    middle = Z * sum(term["coefficient"] for term in made["terms"])
    made["normalisation"]["radscore_percentiles"] = {"p5": middle - 5, "p50": middle - 1, "p95": middle + 44}
    return made


def public_with_the_papers_intercept(data: Data, raw: Raw, masks: ObservedMasks) -> dict:
    return normalised(data, "public", intercept="published", raw=raw)


def typed(origin: str, intercept: str) -> Callable[[Data, Raw, ObservedMasks], dict]:
    """Numbers typed into a file by hand: complete, and no evidence."""
    return lambda data, raw, masks: normalised(data, origin, intercept=intercept, raw=raw)


def of_a_site_without_outcomes(data: Data, raw: Raw, masks: ObservedMasks) -> dict:
    return without_outcomes(data, raw=raw, masks=masks)


def with_evidence(data: Data, raw: Raw, masks: ObservedMasks) -> dict:
    return site(data, raw=raw, masks=masks)


def the_authors_with_a_local_intercept(data: Data, raw: Raw, masks: ObservedMasks) -> dict:
    return site(data, origin="published", estimated=("intercept",), raw=raw, masks=masks)


def with_a_number_changed_afterwards(data: Data, raw: Raw, masks: ObservedMasks) -> dict:
    made = with_evidence(data, raw, masks)
    made["outcome"]["intercept"]["value"] += 0.5
    return made


def with_evidence_that_gives_no_risk(data: Data, raw: Raw, masks: ObservedMasks) -> dict:
    return site(data, raw=raw, masks=masks, calibration={"no_risk": GIVES_NO_RISK})


def synthetic(data: Data, raw: Raw, masks: ObservedMasks) -> dict:
    return normalised(data, "demo", kind="demo", raw=raw)


def with_evidence_on_synthetic_cases(data: Data, raw: Raw, masks: ObservedMasks) -> dict:
    return site(data, raw=raw, masks=masks, synthetic=True)


PUBLIC = "reference scale of 103 public CTs (MCT-LTDiag, CC0 1.0), not the paper's"
NO_EVIDENCE = "the file has no evidence"
TWO_BANDS = (
    "74-86 % over the derived intercept's range",
    "43-96 % over that and the printed standard errors of the coefficients",
    "24.5 % get PTLF, as in the training cohort (36 of 147)",
    "7.5 %",
)
"""The paper's worked example as a what-if: 0.837, which nobody reads as a number."""

ROWS = (
    Row("the published signature as shipped", shipped, UNNORMALISED, "not computable"),
    Row(
        "a Radscore typed in by the user", shipped, WHAT_IF, "not computable",
        reads=TWO_BANDS, never=("84 %", "0.837", "0.84"), radscore=7.72, beside=(UNNORMALISED,),
    ),
    Row(
        "normalisation from a public cohort", public, REFERENCE, "withheld", f"{PUBLIC}; at their 51st percentile",
    ),
    Row(
        "normalisation from a public cohort, the paper's own intercept", public_with_the_papers_intercept, REFERENCE,
        "withheld", PUBLIC,
    ),
    Row("a site without outcomes", of_a_site_without_outcomes, RELATIVE, "withheld", "relative"),
    Row("a site's normalisation typed in, no outcomes", typed("site", "derived"), RELATIVE, "withheld", "relative"),
    Row("the site's model with evidence", with_evidence, COMPLETE, "risk", "computed"),
    Row(
        "the authors' normalisation with a local intercept", the_authors_with_a_local_intercept, COMPLETE, "risk",
        "computed",
    ),
    Row("a site's numbers typed in", typed("site", "fitted"), UNPROVEN, "withheld", "relative", (NO_EVIDENCE,)),
    Row(
        "published normalisation, intercept read off the figure", typed("published", "figure"), UNPROVEN, "withheld",
        "computed", (NO_EVIDENCE,),
    ),
    Row(
        "published normalisation and intercept", typed("published", "published"), UNPROVEN, "withheld", "computed",
        (NO_EVIDENCE,),
    ),
    Row(
        "published normalisation, derived intercept", typed("published", "derived"), UNPROVEN, "withheld", "computed",
        (NO_EVIDENCE,),
    ),
    Row(
        "published normalisation, an intercept said to be fitted", typed("published", "fitted"), UNPROVEN, "withheld",
        "computed", (NO_EVIDENCE,),
    ),
    Row(
        "a what-if on numbers typed in", typed("published", "figure"), WHAT_IF, "withheld", "computed",
        radscore=7.72, beside=(UNPROVEN,), never=("84 %", "0.837", "0.84"),
    ),
    Row(
        "evidence, a number changed afterwards", with_a_number_changed_afterwards, UNPROVEN, "withheld", "relative",
        ("void: a number was changed after it was written",),
    ),
    Row(
        "evidence that says itself that it gives no risk", with_evidence_that_gives_no_risk, UNPROVEN, "withheld",
        "relative", (GIVES_NO_RISK,),
    ),
    Row(
        "evidence, ALB missing", with_evidence, ALB_MISSING, "range", "computed",
        ("range over Albumin 26.5 to 49.3, not a confidence interval",), alb=None,
    ),
    Row(
        "evidence, INR missing", with_evidence, INR_MISSING, "range", "computed",
        ("range over INR 0.77 to 1.38, not a confidence interval",), inr=None,
    ),
    Row(
        "a demo signature without demonstration mode", synthetic, DEMO_NOT_ASKED_FOR, "withheld", "demonstration",
        sample=True,
    ),
    Row(
        "a demo signature in demonstration mode on a sample CT", synthetic, DEMO, "demonstration", "demonstration",
        ("8 of 8 criteria of the study are not answered for this patient",),
        demonstration=True, sample=True, answered=False,
    ),
    Row(
        "evidence on synthetic cases, a sample CT", with_evidence_on_synthetic_cases, DEMO, "demonstration",
        "demonstration", demonstration=True, sample=True, beside=(COMPLETE,),
    ),
    Row(
        "a demo signature in demonstration mode on another CT", synthetic, DEMO_ON_ANOTHER_CT, "withheld",
        "demonstration", demonstration=True,
    ),
    Row(
        "a Radscore typed in with a demo signature on another CT", synthetic, DEMO_ON_ANOTHER_CT, "withheld",
        "demonstration", never=("84 %", "Risk, what-if"), radscore=7.72, demonstration=True,
    ),
)  # fmt: skip

OWN = tuple(dict.fromkeys(row.own for row in ROWS))
