"""What the runs of `benchmarks/radiomics.py` say: medians, ratios, how equal the values are, what was to be reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import measuring

OURS, REFERENCE, AGAINST = "builtin", "pyradiomics", "against"
FIGURES = ("seconds", "processor_seconds", "process_seconds", "peak_gb")
TARGETS = {
    "signature": {REFERENCE: (19, 22), AGAINST: 0.7},
    "all": {REFERENCE: (9, 12), AGAINST: 0.78},
}
"""Ratio to PyRadiomics at least, and aimed at; part of the other checkout's seconds at most (commit 65ba2de)."""


def compared(name: str, runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """The figures of a set of features.

    Returns
    -------
    dict
        The built-in engine's medians (`FIGURES`), ``features``, ``runs``; for every other way a dict of its own: its
        medians, ``ratio`` (its processor seconds over ours), ``ratio_seconds``, ``max_rel_diff``,
        ``largest_differences``, ``values_that_differ``; and what was compared with PyRadiomics also at the top, where
        readers of older files look: ``ratio`` (of wall seconds), ``ratio_processor``, ``max_rel_diff``, ``filters``.
    """
    ours, first = measuring.medians(runs[OURS], FIGURES), runs[OURS][0]
    found: dict[str, Any] = {
        **ours,
        "features": sum(len(values) for values in first["values"].values()),
        "repeated_equal": all(run["values"] == first["values"] for run in runs[OURS]),
        "runs": {way: [{k: run[k] for k in (*FIGURES, "load")} for run in taken] for way, taken in runs.items()},
    }
    for way, taken in runs.items():
        if way == OURS:
            continue
        theirs = measuring.medians(taken, FIGURES)
        found[way] = {
            **theirs,
            "ratio": theirs["processor_seconds"] / ours["processor_seconds"],
            "ratio_seconds": theirs["seconds"] / ours["seconds"],
            **differences(first["values"], taken[0]["values"]),
        }
    if REFERENCE in found:
        reference = found[REFERENCE]
        found |= {
            "ratio": reference["ratio_seconds"],
            "ratio_processor": reference["ratio"],
            "max_rel_diff": reference["max_rel_diff"],
            "largest_differences": reference["largest_differences"],
            "filters": _filters(runs[OURS], runs[REFERENCE]),
        }
    found["targets"] = targets(name, found)
    return found


def targets(name: str, found: Mapping[str, Any]) -> list[str]:
    """What was to be reached, what was, in sentences."""
    wanted, sentences = TARGETS.get(name, {}), []
    if REFERENCE in found and REFERENCE in wanted:
        least, aim = wanted[REFERENCE]
        ratio = found[REFERENCE]["ratio"]
        reached = "aim reached" if ratio >= aim else "reached" if ratio >= least else "FELL SHORT"
        sentences.append(
            f"{ratio:.1f} times PyRadiomics' speed in processor seconds; at least {least}, aim {aim}: {reached}"
        )
    if AGAINST in found and AGAINST in wanted:
        part = 1 / found[AGAINST]["ratio"]
        reached = "reached" if part <= wanted[AGAINST] else "FELL SHORT"
        sentences.append(
            f"{part:.2f} of the other checkout's processor seconds; at most {wanted[AGAINST]} of 65ba2de's: {reached}"
        )
    return sentences


def _filters(ours: Sequence[Mapping[str, Any]], reference: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Processor seconds per image type."""
    found = {}
    for image_type in reference[0]["filters"]:
        own = measuring.median([run["filters"] for run in ours], image_type)
        theirs = measuring.median([run["filters"] for run in reference], image_type)
        found[image_type] = {OURS: own, REFERENCE: theirs, "ratio": theirs / own if own and theirs else None}
    return found


def differences(ours: Mapping[str, Mapping[str, float]], theirs: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """Relative differences of all values that both have, ``missing`` those that one lacks."""
    own = {f"{voi} {name}": value for voi, values in ours.items() for name, value in values.items()}
    other = {f"{voi} {name}": value for voi, values in theirs.items() for name, value in values.items()}
    found = {name: relative_difference(own[name], other[name]) for name in own.keys() & other.keys()}
    worst = sorted(found, key=lambda name: (-found[name], name))[:5]
    return {
        "max_rel_diff": max(found.values(), default=None),
        "largest_differences": {name: found[name] for name in worst},
        "values_that_differ": sum(value > 0 for value in found.values()),
        "missing": sorted(own.keys() ^ other.keys()),
    }


def relative_difference(value: float, reference: float) -> float:
    if value == reference:
        return 0.0
    return abs(value - reference) / max(abs(reference), 1e-300)


def print_table(name: str, row: Mapping[str, Any]) -> None:
    """A line for each way, the image types beside PyRadiomics', and the targets."""
    print(f"{name}: {row['features']} features, medians of {len(row['runs'][OURS])} runs in turn")
    print(f"  {'':<16}{'processor s':>12}{'wall s':>9}{'peak GB':>9}{'ratio':>8}  largest relative difference")
    for way in (OURS, *(way for way in row["runs"] if way != OURS)):
        one = row if way == OURS else row[way]
        beside = ""
        if way != OURS:
            beside = f"{one['ratio']:>8.2f}  {one['max_rel_diff']:.2g}, {one['values_that_differ']} values differ"
            beside += f", {len(one['missing'])} missing" if one["missing"] else ""
        label = f"{way} {one['commit']}" if one.get("commit") else way
        print(
            f"  {label:<16}{one['processor_seconds']:>12.2f}{one['seconds']:>9.2f}"
            f"{one['peak_gb'] or float('nan'):>9.2f}{beside}"
        )
    for image_type, one in row.get("filters", {}).items():
        ratio = one["ratio"] or float("nan")
        print(
            f"    {image_type:<14}{one[OURS] or float('nan'):>9.2f} of {one[REFERENCE]:>8.2f} processor s: {ratio:.1f}"
        )
    if not row["repeated_equal"]:
        print("  THE BUILT-IN ENGINE'S RUNS GAVE DIFFERENT VALUES")
    print("\n".join(f"  {sentence}" for sentence in row["targets"]), flush=True)


def layers_in_words(layers: Mapping[str, Mapping[str, Any]], reference: str) -> str:
    """Filtered voxels and bins in a line."""
    other = sum(one["other_bin"] for one in layers.values())
    return (
        f"{len(layers)} filtered images beside {reference}: {other} voxels in another bin; {differing_layers(layers)}"
    )


def differing_layers(layers: Mapping[str, Mapping[str, Any]]) -> str:
    """How far each filtered image is from the reference's, those that are equal to the last bit together."""
    parts = []
    for name, one in layers.items():
        if one["differ"]:
            size = f"{one['largest_of_range']:.1g} of the range"
            size += f" or {one['largest_ulp']:g} ulp of single precision" if "largest_ulp" in one else ""
            parts.append(f"{name} {one['differ']} of {one['voxels']} voxels by at most {size}")
    equal = len(layers) - len(parts)
    return "; ".join([f"{equal} equal to the last bit", *parts])
