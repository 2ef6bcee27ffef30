"""What bringing thin slices to the protocol's does to the ten features: the tables of docs/to-protocol.md.

    python benchmarks/to_protocol.py DIR [--seeds 2000 2020] [--steps 2 3 3.75] [--json FILE] [--table FILE]

Sample cases (matrix 512) are drawn in thin slices and brought to 5 mm in several ways, and drawn at 5 mm: what the ways
should give.  Masks are the true ones.  Every case is kept in DIR, so that an interrupted run goes on where it was.

The noise of a sample case is another one at another slice distance, so that no way can give the same values: "the same
patient again" at 5 mm shows how far noise alone moves a feature.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

import numpy as np
import SimpleITK as sitk

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "PTLFPredictor"))

from PTLFPredictorLib.ct import slabs  # noqa: E402
from PTLFPredictorLib.measures.radiomics import extract  # noqa: E402
from PTLFPredictorLib.sample import cases  # noqa: E402
from PTLFPredictorLib.sample.scan import NOISE_SD_AT_5_MM, noise  # noqa: E402
from PTLFPredictorLib.signature import Signature, load  # noqa: E402

PROTOCOL_MM = 5.0
FULL_STEP_MM = 1.25
"""At this step all ways are measured, at others only slabs."""

NEIGHBOUR = 0.85 * 0.15 / (0.85**2 + 0.15**2)
"""Correlation of the noise of neighbouring slices in `sample.scan.noise`."""

WAYS = {
    "again": "5 mm again, other noise",
    "slabs": "slabs (`--to-protocol`)",
    "every fourth": "every fourth slice",
    "B-spline": "B-spline",
    "thin": "1.25 mm as they are",
}
"""Of one case at `FULL_STEP_MM`, against the case drawn at 5 mm."""

FAIR = "5 mm, four samples"
"""The case at 5 mm with slices that are the mean of four samples, as the slabs are: `sample.scan` takes two, which
leaves more detail across the slices.  Same noise and masks as in the case drawn at 5 mm."""

AGAINST_FAIR = {
    "slabs": "slabs",
    "slabs, real noise": "slabs, as noisy as 5 mm",
    "slabs, same noise": "slabs, the very noise of 5 mm (masks alone)",
    "every fourth": "every fourth slice",
    "B-spline": "B-spline",
    "5 mm": "5 mm as drawn (two samples)",
}
"""Of one case, against `FAIR`."""

Features = dict[str, float]


def draw(seed: int, step_mm: float) -> tuple[sitk.Image, sitk.Image, np.ndarray, tuple]:
    """CT, labels, and the noise in HU that is in the CT, with grid and body it was drawn for."""
    drawn = []

    def kept(*arguments):
        drawn.append((noise(*arguments), arguments))
        return drawn[0][0]

    with mock.patch.object(cases, "noise", kept):
        case = cases.make_case(seed, slice_mm=step_mm, matrix=512)
    return case.ct, case.labels, drawn[0][0], drawn[0][1][:2]


def changed(ct: sitk.Image, added: np.ndarray) -> sitk.Image:
    """The CT with `added` HU, whole numbers again (a second rounding: SD 0.3 HU)."""
    array = np.clip(np.rint(sitk.GetArrayViewFromImage(ct) + added), -1024, 3071).astype(np.int16)
    image = sitk.GetImageFromArray(array)
    image.CopyInformation(ct)
    return image


def plan_of(ct: sitk.Image) -> slabs.Plan:
    plan = slabs.plan(ct.GetSpacing()[2], ct.GetSize()[2], load("ptlf-published").protocol.slice_thickness_mm)
    if plan is None:
        raise SystemExit(f"slices of {ct.GetSpacing()[2]:g} mm need no slabs")
    return plan


def pairs(seed: int, step_mm: float) -> dict[str, tuple[sitk.Image, sitk.Image]]:
    """CT and labels of one seed by way."""
    thin, labels, thin_noise, _ = draw(seed, step_mm)
    plan = plan_of(thin)
    majority = slabs.apply_labels(labels, plan)
    result = {"slabs": (slabs.apply_ct(thin, plan), majority)}
    if step_mm != FULL_STEP_MM:
        return result
    ct, true, own_noise, (grid, body) = draw(seed, PROTOCOL_MM)
    other = noise(grid, body, NOISE_SD_AT_5_MM, cases.stream(seed, "noise of another scan"))
    too_noisy = math.sqrt(1 + 2 * (plan.count - 1) / plan.count * NEIGHBOUR)
    result["5 mm"] = (ct, true)
    result["again"] = (changed(ct, other - own_noise), true)
    result["slabs, real noise"] = (slabs.apply_ct(changed(thin, thin_noise * (1 / too_noisy - 1)), plan), majority)
    silent = slabs.apply_ct(changed(thin, -thin_noise), plan)
    result["slabs, same noise"] = (changed(silent, own_noise), majority)
    result[FAIR] = (result["slabs, same noise"][0], true)
    middle = plan.count // 2
    result["every fourth"] = tuple(image[:, :, middle :: plan.count] for image in (thin, labels))
    spline = sitk.Resample(thin, majority, sitk.Transform(), sitk.sitkBSpline, -1024, sitk.sitkFloat32)
    result["B-spline"] = (sitk.Cast(sitk.Round(spline), sitk.sitkInt16), majority)
    result["thin"] = (thin, labels)
    return result


def features_of(seed: int, step_mm: float, folder: Path) -> dict[str, Features]:
    """The ten features of one seed by way; kept in `folder`."""
    kept = folder / f"{seed}-{step_mm:g}.json"
    if kept.exists():
        return json.loads(kept.read_text())
    published = load("ptlf-published")
    found = {way: _features(*pair, published) for way, pair in pairs(seed, step_mm).items()}
    kept.write_text(json.dumps(found, indent=1))
    return found


def _features(ct: sitk.Image, labels: sitk.Image, signature: Signature) -> Features:
    masks = {"tumor": labels == 2, "liver": labels == 1}
    vectors = extract(ct, masks, signature.wanted, signature.extraction)
    ml = float(np.prod(ct.GetSpacing())) / 1000
    counts = np.bincount(sitk.GetArrayViewFromImage(labels).ravel(), minlength=3)
    volumes = {"parenchyma mL": float(counts[1]) * ml, "tumour mL": float(counts[2]) * ml}
    return {f"{voi} {name}": value for voi, v in vectors.items() for name, value in v.values.items()} | volumes


def with_radscore(found: list[Features], true: list[Features], signature: Signature) -> list[Features]:
    """With the Radscore by the signature's coefficients; Z-scores by mean and SD of the cases at 5 mm."""
    scale = {name: np.array([features[name] for features in true]) for name in true[0]}
    keys = {f"{term.voi} {term.feature}": term.coefficient for term in signature.terms}
    return [
        {
            **features,
            "Radscore": sum(c * (features[k] - scale[k].mean()) / scale[k].std(ddof=1) for k, c in keys.items()),
        }
        for features in found
    ]


def summary(
    by_way: Mapping[str, list[Features]], reference: list[Features], sd: Features
) -> dict[str, dict[str, dict[str, float]]]:
    """Mean and SD of the differences from `reference`, by way and feature, in units of `sd`."""
    result: dict[str, dict[str, dict[str, float]]] = {way: {} for way in by_way}
    for way, found in by_way.items():
        for name, unit in sd.items():
            apart = np.array([f[name] - want[name] for f, want in zip(found, reference, strict=True)]) / unit
            result[way][name] = {"mean": float(apart.mean()), "sd": float(apart.std(ddof=1))}
    return result


def cohort(true: list[Features]) -> str:
    """Markdown: mean and SD of each feature over the cases at 5 mm."""
    columns = {name: np.array([features[name] for features in true]) for name in true[0]}
    rows = [f"| {name} | {column.mean():.4g} | {column.std(ddof=1):.3g} |" for name, column in columns.items()]
    return "\n".join(["| | mean | SD |", "|---|---|---|", *rows])


def table(summed: Mapping[str, dict[str, dict[str, float]]], titles: Mapping[str, str]) -> str:
    """Markdown: a row per feature, a column per way, "mean difference ± SD of it" in units of the cohort's SD."""
    ways = [way for way in titles if way in summed]
    lines = ["| | " + " | ".join(titles[way] for way in ways) + " |", "|---" * (len(ways) + 1) + "|"]
    for name in (name for name in summed[ways[0]] if not name.endswith(" mL")):
        cells = [f"{summed[way][name]['mean']:+.2f} ± {summed[way][name]['sd']:.2f}" for way in ways]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=float, nargs="+", default=(), help="slices besides 1.25 mm, slabs only")
    parser.add_argument("--step-cases", type=int, default=8, help="so many cases of each of these")
    parser.add_argument("--seeds", type=int, nargs=2, default=(2000, 2020))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--table", type=Path)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    seeds = range(*arguments.seeds)
    found: dict[float, list[dict[str, Features]]] = {}
    for step in dict.fromkeys([FULL_STEP_MM, *arguments.steps]):
        for seed in seeds if step == FULL_STEP_MM else seeds[: arguments.step_cases]:
            found.setdefault(step, []).append(features_of(seed, step, arguments.folder))
            print(f"{step:g} mm: {len(found[step])} cases", file=sys.stderr, flush=True)
    published = load("ptlf-published")
    full = found[FULL_STEP_MM]
    plain = [features["5 mm"] for features in full]
    scored = {way: with_radscore([features[way] for features in full], plain, published) for way in full[0]}
    true = scored["5 mm"]
    sd = {name: float(np.std([features[name] for features in true], ddof=1)) for name in true[0]}
    results = {
        "against 5 mm": summary({way: scored[way] for way in WAYS}, true, sd),
        "against four samples": summary({way: scored[way] for way in AGAINST_FAIR}, scored[FAIR], sd),
    }
    tables = [cohort(true), table(results["against 5 mm"], WAYS), table(results["against four samples"], AGAINST_FAIR)]
    if len(found) > 1:
        of = {f"{step:g} mm": [f["slabs"] for f in listed[: arguments.step_cases]] for step, listed in found.items()}
        slabs_of = {step: with_radscore(listed, plain, published) for step, listed in of.items()}
        results["steps"] = summary(slabs_of, true[: arguments.step_cases], sd)
        tables.append(table(results["steps"], {step: f"slices of {step}" for step in slabs_of}))
    text = "\n\n".join(tables)
    print(text)
    if arguments.table:
        arguments.table.write_text(text + "\n")
    if arguments.json:
        result = {"seeds": list(seeds), "sd": sd, **results, "cases": {f"{s:g}": f for s, f in found.items()}}
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
