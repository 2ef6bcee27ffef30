"""The shipped published signature: model card, TRIPOD+AI and METRICS, as documents.

    python -m PTLFPredictorLib.cohort.report.checklists.published docs

writes published-signature-card.md, tripod-ai.md and metrics.md of the signature's own file and of what a reader of the
publication answered (Resources/Checklists/ptlf-published.json).
"""

from __future__ import annotations

import sys
from pathlib import Path

from ....render.report.cells import words
from ....render.report.document import Table
from ....signature import Signature, equation, load
from ..basis import eligibility, terms
from . import metrics, tripod
from .answers import Answer, MetricState, TripodState, resource

SIGNATURE = "ptlf-published"

CARD, TRIPOD, METRICS = "published-signature-card.md", "tripod-ai.md", "metrics.md"

MADE = "Made by `python -m PTLFPredictorLib.cohort.report.checklists.published docs`; do not edit."


def documents() -> dict[str, str]:
    """Text of each document, by file name."""
    signature, read = load(SIGNATURE), resource(SIGNATURE)
    reported = {item: Answer(TripodState(one["state"]), one["text"]) for item, one in read["tripod-ai"].items()}
    met = {item: Answer(MetricState(one["state"]), one["text"]) for item, one in read["metrics"]["answers"].items()}
    conditions = read["metrics"]["conditions"]
    return {
        CARD: _card(signature, str(metrics.score(met, conditions)), reported),
        TRIPOD: _checklist("TRIPOD+AI of the published signature", tripod.filled(reported, True, True), read["read"]),
        METRICS: _checklist("METRICS of the published signature", metrics.filled(met, conditions), read["read"]),
    }


def _checklist(title: str, table: Table, read: str) -> str:
    return f"# {title}\n\n{MADE}\n\nWhat was read: {read}\n\n**{table.title}**\n\n{_table(table)}\n{table.note}\n"


def _table(table: Table) -> str:
    heads = [column.title for column in table.header]
    lines = [heads, ["---"] * len(heads)]
    for row in table.rows:
        shown = [words(cell, column.shown) for cell, column in zip(row, table.header, strict=True)]
        lines.append([cell.replace("|", "\\|") for cell in shown])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _card(signature: Signature, score: str, reported: dict[str, Answer]) -> str:
    states = [answer.state for answer in reported.values()]
    full, partly = states.count(TripodState.REPORTED), states.count(TripodState.PARTLY)
    protocol = signature.protocol
    low, high = protocol.slice_thickness_mm
    narrow, wide = protocol.in_plane_spacing_mm
    facts = {
        "what it is": "A Radscore of ten CT features joined with albumin and INR by logistic regression",
        "made by": "the authors of the publication; this project transcribed it and fitted nothing",
        "outcome": f"{signature.outcome}, {signature.horizon}",
        "population": signature.population,
        "CT": f"{', '.join(protocol.phases)}; slices {low:g} to {high:g} mm; pixels {narrow:g} to {wide:g} mm; "
        f"{', '.join(f'{kvp:g}' for kvp in protocol.kvp)} kV",
        "segments": f"{signature.voi_source.value}: {signature.data['voi_note']}",
        "file": f"`Resources/Signatures/{signature.id}.json`, version {signature.version}",
        "TRIPOD+AI": f"{full} of {len(states)} subitems reported, {partly} partly ([tripod-ai.md]({TRIPOD}))",
        "METRICS": f"{score} ([metrics.md]({METRICS}))",
    }
    bullets = "\n".join(f"- {text}" for text in eligibility(signature).items)
    missing = "\n".join(f"- {text}" for text in signature.missing)
    notes = "\n".join(f"- {text}" for text in signature.notes.values())
    rows = "".join(f"| {name} | {text} |\n" for name, text in facts.items())
    listed = terms("terms", signature)
    return f"""# Model card: `{signature.id}`, version {signature.version}

{MADE}

**As shipped it shows no Radscore and no risk of any patient**: means and SDs of the features were not published, nor
the intercept. A site supplies them from its own cases (`ptlf cohort calibrate`).

| | |
|---|---|
{rows}
## For whom

For radiologists and statisticians who want to evaluate it, or to calibrate it to their hospital. Research only: no
medical device, not for treatment decisions. No threshold was published, so none is offered.

{bullets}

## The model

`{equation(signature)}`

{_table(listed)}
{listed.note}

Performance as published: validation AUC 0.878 (0.761 to 0.994; 63 cases, 16 events), against 0.785 of albumin and INR
and 0.815 of the Radscore; calibration as curves without numbers. Nothing of it was reproduced here: the data are not
public.

## What was not published

{missing}

## What to know before using it

{notes}
- The printed odds ratio of albumin (1.117) is not that of its coefficient (exp(0.163) = 1.177).
- 36 events made a model chosen among 3748 features: its performance elsewhere must be expected to be lower.
- One of the ten features depends on the shape of the tumour's mask alone; others on image noise: see `docs/terms.md`.

Source: {signature.citation}
"""


def main(folder: Path) -> None:
    for name, text in documents().items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
