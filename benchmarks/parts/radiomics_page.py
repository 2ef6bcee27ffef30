"""Puts the figures of `benchmarks/radiomics.py` into ``docs/radiomics.md``, between its two marks.

    python benchmarks/parts/radiomics_page.py docs/radiomics.md signature.json all.json scaling.json

puts in those of several runs, of ``--only`` one thing each.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import measuring
from radiomics_figures import AGAINST, OURS, REFERENCE, differing_layers
from radiomics_scaling import LABELS, TARGETS, in_words

BEGIN, END = "<!-- figures: made by ./ptlf bench radiomics --page -->", "<!-- end of the figures -->"


def put(page: Path, *results: Mapping[str, Any]) -> None:
    """Exchange what stands between the marks; ValueError where the page does not have them."""
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no place for the figures ({BEGIN} ... {END})")
    figures = "\n\n".join("\n".join(lines(result)) for result in results)
    page.write_text(f"{before}{BEGIN}\n\n{figures}\n\n{END}{after}", encoding="utf-8")


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """The figures as Markdown; of what was not measured nothing."""
    sets = {name: result[name] for name in LABELS if name in result}
    runs = "One run of each" if result["pairs"] == 1 else f"Medians of {result['pairs']} runs in turn"
    yield f"{measuring.in_words(result['machine'])}. {runs}."
    if sets:
        yield from _engines(result, sets)
    if result.get("layers"):
        yield from _layers(result["layers"])
    if result.get("peers"):
        yield from _peers(result["peers"])
    if result.get("scaling"):
        yield from _scaling(result["scaling"])


def _engines(result: Mapping[str, Any], sets: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    voxels = ", ".join(f"{name} {count:,}" for name, count in result["voxels"].items())
    yield ""
    yield f"{result['case']}; voxels: {voxels}."
    yield ""
    yield "| | engine | processor s | wall s | peak GB | ratio | largest relative difference |"
    yield "|---|---|---|---|---|---|---|"
    for name, row in sets.items():
        for way in (OURS, *(way for way in row["runs"] if way != OURS)):
            one = row if way == OURS else row[way]
            beside = "| | |" if way == OURS else f"| {one['ratio']:.2f} | {one['max_rel_diff']:.2g} |"
            yield (
                f"| {LABELS[name]} | {_words(way, one)} | {one['processor_seconds']:.2f} | {one['seconds']:.2f} "
                f"| {one['peak_gb'] or float('nan'):.2f} {beside}"
            )
    yield ""
    for name, row in sets.items():
        for sentence in row["targets"]:
            yield f"- {LABELS[name]}: {sentence}."
        faster = {one: of["ratio"] for one, of in row.get("filters", {}).items() if of["ratio"]}
        if faster:
            by_filter = ", ".join(f"{one} {ratio:.0f}x" for one, ratio in faster.items())
            yield f"- {LABELS[name]}, each filter with its features beside PyRadiomics: {by_filter}."


def _words(way: str, one: Mapping[str, Any]) -> str:
    return {
        OURS: "built-in",
        REFERENCE: "PyRadiomics 3.0.1",
        AGAINST: f"built-in of commit {one.get('commit', '')}",
    }.get(way, way)


def _layers(layers: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    other = sum(one["other_bin"] for one in layers.values())
    yield f"- Filtered voxels: {len(layers)} images, {other} voxels in another bin; {differing_layers(layers)}."


def _peers(peers: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield ""
    yield "| package | of the ten: offered, right to 1e-6 | processor s (whole process) | peak GB | |"
    yield "|---|---|---|---|---|"
    for name, one in peers.items():
        if "why_not" in one:
            yield f"| {name} | | | | {one['why_not']} |"
        else:
            yield (
                f"| {name} | {one['offered']}, {one['right']} | {one['process_seconds']:.1f} "
                f"| {one['peak_gb'] or float('nan'):.2f} | {one['words']} |"
            )


def _scaling(scaling: Mapping[str, Any]) -> Iterator[str]:
    names = [name for name in LABELS if name in scaling]
    yield ""
    yield f"The features child on a CT of {scaling['ct']} (a body in air, every slice full):"
    yield ""
    yield "| VOI voxels |" + "".join(f" {LABELS[name]}: processor s | peak GB |" for name in names)
    yield "|---|" + "---|---|" * len(names)
    for rows in zip(*(scaling[name]["rows"] for name in names), strict=True):
        cells = "".join(f" {row['processor_seconds']:.1f} | {row['peak_gb'] or float('nan'):.2f} |" for row in rows)
        yield f"| {rows[0]['voxels'] / 1e6:.2f} M |{cells}"
    yield ""
    for name in names:
        yield f"- {in_words(LABELS[name], scaling[name], TARGETS.get(name, {}))}."


if __name__ == "__main__":
    put(Path(sys.argv[1]), *(json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[2:]))
