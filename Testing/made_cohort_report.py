"""A whole report as `develop` might write it, of r_reference's synthetic cohort: to be looked at, and for tests."""

from __future__ import annotations

import numpy as np

import r_reference
from PTLFPredictorLib.cohort.flow import Flow, FlowStep
from PTLFPredictorLib.cohort.report import basis, characteristics, figures
from PTLFPredictorLib.cohort.report.characteristics import Term, Variable
from PTLFPredictorLib.cohort.report.checklists import Place, Study, metrics, tripod
from PTLFPredictorLib.cohort.report.figures import Cases, CrossValidation, Group, Odds, Performance, Roc
from PTLFPredictorLib.record.statements import WATERMARK
from PTLFPredictorLib.render.report import (
    Beside,
    Column,
    Document,
    Equation,
    Estimate,
    Facts,
    Figure,
    Items,
    Section,
    Table,
    Text,
    fixed,
    p_value,
    percent,
    ref,
)
from PTLFPredictorLib.signature import load
from PTLFPredictorLib.signature.evidence import ObservedMasks, ObservedProtocol

DELONG = "95 % confidence interval (logit DeLong)"
PROFILE = "95 % CI, profile likelihood"

VARIABLES = (
    Variable("age", "Age", "years"),
    Variable("male", "Male sex"),
    Variable("bclc", "BCLC stage"),
    Variable("multiple", "Several tumours"),
    Variable("cirrhosis", "Liver cirrhosis"),
    Variable("ascites", "Ascites before TACE", levels=((0, "none"), (1, "slight"), (2, "moderate"))),
    Variable("child_b", "Child-Pugh class B"),
    Variable("neutrophil", "Neutrophils", "%"),
    Variable("rbc", "Red blood cells", "10\u00b9\u00b2/L"),
    Variable("plt", "Platelets", "10\u2079/L"),
    Variable("alb", "Albumin", "g/L"),
    Variable("inr", "INR"),
    Variable("tbil", "Total bilirubin", "\u00b5mol/L"),
    Variable("afp", "Alpha-fetoprotein", "ng/mL"),
)

FEATURES = {
    "f010": "liver__log-sigma-1-0-mm-3D_gldm_DependenceNonUniformityNormalized",
    "f064": "liver__wavelet-HHL_firstorder_Mean",
    "f023": "tumor__exponential_glrlm_RunLengthNonUniformity",
    "f055": "liver__lbp-3D-m2_firstorder_Mean",
    "f191": "liver__wavelet-LLH_firstorder_Kurtosis",
    "f065": "liver__log-sigma-1-0-mm-3D_glcm_Imc1",
    "f100": "liver__lbp-3D-m1_firstorder_Skewness",
    "f037": "tumor__wavelet-HHH_glszm_SizeZoneNonUniformity",
    "f046": "liver__wavelet-LHH_firstorder_Mean",
    "f001": "liver__original_glcm_Idn",
}
"""Names that such features have, for the columns of ``features.csv``."""


def document() -> Document:
    """The report."""
    train, test = r_reference.train(), r_reference.validation()
    of_train = Cases(len(train), int(train.ptlf.sum()), "training")
    of_test = Cases(len(test), int(test.ptlf.sum()), "validation")
    return Document(
        "A signature of post-TACE liver failure, developed here",
        "147 training cases (centre A), 63 validation cases (centre B); ptlf cohort develop",
        (
            _summary(of_train, of_test),
            _patients(of_train, of_test),
            _images(),
            _radscore(of_train, train),
            _model(of_train),
            _performance(of_train, of_test, train, test),
            _checklists(of_train, of_test),
        ),
        watermark=WATERMARK,
        made="PTLFPredictor 0.1.0, plan of 2026-11-26 07:44:30 UTC, lock.json beside this file makes it again.",
    )


def _summary(of_train: Cases, of_test: Cases) -> Section:
    auc = r_reference.values("roc")["auc_validation"]["combined"]
    riley = 623
    return Section(
        "In short",
        (
            Facts(
                (
                    ("AUC in validation", f"{auc['auc']:.2f} (0.63 to 0.91)"),
                    ("Calibration slope", "0.71 (0.31 to 1.11)"),
                    ("Mean risk / observed", "45 % / 30 %"),
                    ("Training", f"{of_train.n} cases, {of_train.events} events"),
                    ("Validation", f"{of_test.n} cases, {of_test.events} events"),
                    ("Riley's sample size", f"{riley} needed, {of_train.n} had"),
                ),
                headline=True,
            ),
            basis.use(risk=True),
            Items(
                (
                    f"The risks are too high in centre B ({ref('calibration_validation')}): re-calibrate there.",
                    f"The Radscore adds to albumin and INR ({ref('auc')}).",
                )
            ),
        ),
    )


def _patients(of_train: Cases, of_test: Cases) -> Section:
    cohort = r_reference.table("cohort_logistic")
    steps = (
        FlowStep("Eligibility: earlier TACE", "eligibility:first_tace", 21),
        FlowStep("Eligibility not answered", "unanswered", 9),
        FlowStep("CT checks: slice thickness outside 4.5 to 5.5 mm", "checks:slice_thickness", 14),
        FlowStep("CT checks: contrast phase not portal venous", "checks:phase", 6),
        FlowStep("Features could not be computed (no tumour segment)", "failed", 3),
        FlowStep("Outcome not known within 4 weeks", "outcome", 11),
    )
    flow = Flow(274, steps, 210)
    groups = [Group("Training (centre A)", of_train.n, of_train.events)]
    groups.append(Group("Validation (centre B)", of_test.n, of_test.events))
    train = (cohort.split == "train").to_numpy()
    event = (cohort.ptlf == 1).to_numpy()
    splits = {"Training": train, "Validation": ~train}
    return Section(
        "Patients",
        (
            Text(
                "Who came in, and who was left out. Outcome: post-TACE liver failure within 4 weeks, by the rule "
                "paper_any (bilirubin at least 85 \u00b5mol/L, or INR above 1.5, or new ascites or encephalopathy)."
            ),
            basis.eligibility(load("ptlf-published")),
            figures.flow("flow", flow, groups),
            characteristics.compared("characteristics", "Training and validation", cohort, splits, VARIABLES),
            characteristics.compared(
                "univariate", "Training cases with and without liver failure", cohort,
                {"PTLF": train & event, "No PTLF": train & ~event}, VARIABLES,
            ),
            characteristics.missing("missing", "Missing values", cohort, splits, VARIABLES, "Complete cases."),
        ),
        new_page=False,
    )  # fmt: skip


def _radscore(of_train: Cases, train) -> Section:
    from sklearn.linear_model import lasso_path

    found = r_reference.values("lasso")["cv_deviance"]
    features = r_reference.table("features")
    x = features.drop(columns=["id", "y"]).to_numpy(float)
    y = features.y.to_numpy(float)
    z = (x - x.mean(0)) / x.std(0)
    path = lasso_path(z, y - y.mean(), alphas=np.array(found["lambda"]))[1].T
    lambdas, chosen = np.array(found["lambda"]), found["index_min_0based"]
    cross = CrossValidation(
        lambdas, np.array(found["cvm"]), np.array(found["cvsd"]), chosen, chosen, found["index_1se_0based"],
        "binomial deviance", 10, "minimum of the deviance",
    )  # fmt: skip
    scale = r_reference.values("lasso")["radscore"]
    weights = scale["weights"]
    names = [FEATURES[one] for one in weights]
    every = [FEATURES.get(one, f"liver__{one}") for one in features.columns[2:]]
    shares = np.random.default_rng(1).beta(0.6, 3, len(every))
    shares[[every.index(name) for name in names]] += 0.3
    return Section(
        "Radscore",
        (
            Text("3748 features of each case; 1411 left by the Spearman filter; 200 with univariate P < 0.05; LASSO."),
            figures.lasso("lasso", path, cross, of_train),
            figures.coefficients("coefficients", names, np.array(list(weights.values())), of_train),
            figures.selection_frequencies("frequencies", every, np.clip(shares, 0, 1), names, 200, of_train),
            Table(
                "terms",
                "Terms of the Radscore",
                ("Feature", Column("Coefficient", fixed(4)), "Mean", "SD", Column("Selected", percent())),
                [
                    (
                        FEATURES[one], weight, scale["mean"][one], scale["sd_1_over_N"][one],
                        float(shares[every.index(FEATURES[one])]),
                    )
                    for one, weight in weights.items()
                ],
                "Radscore = sum of coefficient x (value - mean) / SD; SD with 1/n, on the training cases only.",
            ),
            figures.distribution("radscore", train.radscore.to_numpy(), train.ptlf.to_numpy(), of_train),
        ),
        new_page=False,
    )  # fmt: skip


def _model(of_train: Cases) -> Section:
    fit = r_reference.values("logistic")["combined"]
    names = ("alb", "inr", "radscore")
    labels = {"alb": "Albumin", "inr": "INR", "radscore": "Radscore"}
    per = {"alb": 1.0, "inr": 0.1, "radscore": 1.0}
    unit = {"alb": "g/L", "inr": "1", "radscore": "1"}
    interval = r_reference.matrix(fit["profile_ci_exact"])
    terms = [
        Term(
            labels[name], fit["coefficients"][name], fit["standard_error"][name],
            Estimate(*np.exp(per[name] * np.array((fit["coefficients"][name], *interval[place])))), fit["wald_p"][name],
            per[name], unit[name],
        )
        for place, name in enumerate(names, 1)
    ]  # fmt: skip
    odds = [
        Odds(one.label, f"per {one.per:g} {unit['alb'] if one.label == 'Albumin' else ''}".strip(), one.ratio)
        for one in terms
    ]
    b = fit["coefficients"]
    return Section(
        "Combined model",
        (
            characteristics.multivariable(
                "multivariable", "Combined model", terms, f"{of_train} Maximum likelihood; P by Wald.", PROFILE
            ),
            figures.forest("forest", odds, of_train, "95 % CI (profile likelihood)"),
            Equation(
                f"linear predictor = {b['(Intercept)']:.4f} + ({b['alb']:.4f}) x ALB [g/L] + {b['inr']:.4f} x INR "
                f"+ {b['radscore']:.4f} x Radscore\nrisk = 1 / (1 + exp(-linear predictor))"
            ),
            figures.nomogram("nomogram", load("ptlf-demo"), of_train),
        ),
        new_page=False,
    )


def _performance(of_train: Cases, of_test: Cases, train, test) -> Section:
    from sklearn.metrics import roc_curve

    scores = _scores(test)
    told = r_reference.values("roc")["auc_validation"]
    y = test.ptlf.to_numpy()
    curves, rows = [], []
    for label, score in scores.items():
        false_positive, sensitivity, _ = roc_curve(y, score, drop_intermediate=False)
        auc = Estimate(told[label]["auc"], *told[label]["ci_logit"])
        point = (0.27, 0.79) if label == "combined" else None
        curves.append(Roc(label, false_positive, sensitivity, auc, point))
        rows.append((label, auc, 0.013 if label != "combined" else None))
    net = r_reference.values("decision_curve")["validation"]
    curve = r_reference.values("calibration")["validation"]
    apparent = r_reference.values("calibration")["train_apparent"]
    return Section(
        "Performance",
        (
            figures.optimism(
                "optimism",
                [
                    Performance("Clinical", 0.77, Estimate(0.76, 0.68, 0.83)),
                    Performance("Radiomics", 0.93, Estimate(0.74, 0.64, 0.82)),
                    Performance("Combined", 0.95, Estimate(0.79, 0.70, 0.86)),
                ],
                of_train,
                "Harrell's bootstrap, 200 samples, the whole selection repeated in each",
            ),
            Table(
                "auc",
                "Discrimination in validation",
                ("Model", Column(f"AUC ({DELONG})", fixed(3)), Column("P against combined (DeLong)", p_value)),
                rows,
                str(of_test),
            ),
            Beside(
                (
                    figures.roc("roc", curves, of_test, DELONG),
                    figures.decision_curve(
                        "decision", np.array(net["thresholds"]), {one: np.array(net[one]) for one in scores},
                        np.array(net["treat_all"]), of_test,
                    ),
                )
            ),
            Beside(
                (
                    _calibration("calibration_training", train, apparent, of_train, "Calibration, training (apparent)"),
                    _calibration("calibration_validation", test, curve, of_test, "Calibration, validation"),
                )
            ),
        ),
        new_page=False,
    )  # fmt: skip


def _calibration(name: str, rows, told: dict, cases: Cases, title: str) -> Figure:
    curve = np.array(told["lowess"]["p_sorted"]), np.array(told["lowess"]["smoothed"])
    return figures.calibration(
        name, _scores(rows)["combined"], rows.ptlf.to_numpy(), curve, "lowess, span 2/3", cases, title
    )


def _scores(rows) -> dict[str, np.ndarray]:
    from scipy.special import expit

    found = {}
    for model, names in {
        "clinical": ["alb", "inr"],
        "radiomics": ["radscore"],
        "combined": ["alb", "inr", "radscore"],
    }.items():
        b = r_reference.values("logistic")[model]["coefficients"]
        found[model] = expit(b["(Intercept)"] + sum(b[name] * rows[name].to_numpy() for name in names))
    return found


def _images() -> Section:
    protocol = ObservedProtocol(("portal venous",), (5.0, 5.0), (0.62, 0.94), (120.0,), ("soft", "standard"))
    return Section("CTs and segments", (basis.imaging(protocol, ObservedMasks(("1f" * 32,), False, 0.0)),))


def _checklists(of_train: Cases, of_test: Cases) -> Section:
    study = Study(
        develops=True,
        evaluates=True,
        outcome="Post-TACE liver failure within 4 weeks after TACE, by the rule paper_any.",
        population="Hepatocellular carcinoma before the first TACE.",
        training=of_train,
        validation=of_test,
        centres=2,
        other_centre=True,
        automatic_masks=True,
        extraction="PTLFPredictor 0.1.0, built-in engine, equal to PyRadiomics 3.0.1.",
        missing="Complete cases.",
        predictors="Albumin and INR linear; features standardised by the training cases.",
        steps=("Spearman filter above 0.8.", "Univariate P < 0.05.", "LASSO, ten folds, minimum of the deviance."),
        internal="Harrell's bootstrap, 200 samples, the whole selection in each.",
        sample_size="46 events for 3 predictors; Riley's size 623.",
        large_enough=False,
        robust=False,
        measures="AUC, calibration in the large, slope, curve, Brier score, decision curve.",
        updating="",
        code="ptlf cohort develop 0.1.0",
        places={
            Place.FLOW: "flow",
            Place.CHARACTERISTICS: "univariate",
            Place.BETWEEN_SPLITS: "characteristics",
            Place.MISSING: "missing",
            Place.TERMS: "terms",
            Place.MODEL: "multivariable",
            Place.OPTIMISM: "optimism",
            Place.PERFORMANCE: "auc",
            Place.CALIBRATION: "calibration_validation",
        },
    )
    return Section("Checklists", (tripod.table(study), metrics.table(study)), new_page=True)
