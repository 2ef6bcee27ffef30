"""The model card of a package: what a reader of it must know before the model draws on a patient's CT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..segmentation.model import Model

NOT_SAID = "not said"

TEMPLATE = """\
# Model card: {title}, version {version}

**Research use only. Not a medical device.** {warning}

| | |
|---|---|
| id | `{id}` |
| what it draws | {draws} |
| what it is | {network} |
| input | {intended_input} |
| index axes of its training images | {orientation} |
| post-processing | {post_processing} |
| trained on patients' CTs | {for_patients} |
| licence of the weights | {licence} |
| how to cite | {citation} |
| measured | {measured} |
| who answers for it | {contact} |

## Trained on

{trained_on}

## How it was trained

{how}

## How well it draws

{evaluated_on}

{table}

## Not tried

{not_tried}
"""

EXPLAINED = {
    "title": "what the panel shows, e.g. Liver and HCC, our site",
    "version": "new for every training",
    "warning": "one sentence for every record: for whom it must not be used, what nobody has validated",
    "id": "letters, digits, '.', '_', '-': the name for --model",
    "draws": "each label of the model and what it counts as: parenchyma 1, tumor 2",
    "network": "nnU-Net's version, configuration, folds, parameters",
    "intended_input": "CT phase, slice thickness, disease, scanners, who may be on the CT",
    "orientation": "LPS for DICOM read by SimpleITK, RAS for NiBabel",
    "post_processing": "what the product does with the labels that nnU-Net has drawn",
    "for_patients": "yes or no",
    "licence": "SPDX name; data and weights must allow it",
    "citation": "paper or web address",
    "measured": "seconds of one CT: wall and processor, of what CT, on what computer",
    "contact": "a person or group, not a patient's doctor",
    "trained_on": (
        "How many patients and CTs, from when and where, chosen how, disease and treatment, scanners, phase and "
        "slice thickness; who drew the segments, by what rule, read once or twice. Ethics approval. No names, "
        "no case numbers."
    ),
    "how": "Configuration, trainer, epochs, folds, seed, computer, hours; what was tried and dropped.",
    "evaluated_on": "Which cases, seen in training or not, from which site; what the numbers are means of.",
    "table": "Table 1: Dice, Jaccard, precision, recall, HD95, volume error per fold and on the test cases.",
    "not_tried": "Other phases, scanners, sites, diseases; resected or transplanted livers, ascites, metal.",
}
"""What belongs into each place of `TEMPLATE`."""


@dataclass(frozen=True)
class Card:
    """What a card says that the catalogue's entry does not; plain text or Markdown without case numbers.

    Attributes
    ----------
    trained_on, how, evaluated_on, not_tried, contact, network : str
        See `EXPLAINED`.
    table : sequence of mapping
        Rows of one table, all with the same keys.
    """

    trained_on: str = NOT_SAID
    how: str = NOT_SAID
    evaluated_on: str = NOT_SAID
    not_tried: str = NOT_SAID
    contact: str = NOT_SAID
    network: str = NOT_SAID
    table: Sequence[Mapping[str, object]] = ()

    def text(self, model: Model) -> str:
        """The card in Markdown."""
        draws = (f"{role} {', '.join(map(str, labels))}" for role, labels in model.label_roles.items())
        organ = "the largest connected piece of the organ, tumours included, is kept"
        cells = {
            "title": model.title,
            "version": model.version,
            "id": model.id,
            "draws": "; ".join(draws),
            "network": self.network,
            "intended_input": model.intended_input or NOT_SAID,
            "orientation": model.orientation,
            "post_processing": organ if model.largest_organ_only else "none",
            "for_patients": "yes" if model.for_patients else "no",
            "licence": model.licence,
            "citation": model.citation or NOT_SAID,
            "measured": _measured(model.measured),
            "contact": self.contact,
        }
        return TEMPLATE.format(
            **{name: _cell(value) for name, value in cells.items()},
            warning=model.warning,
            trained_on=self.trained_on,
            how=self.how,
            evaluated_on=self.evaluated_on,
            table=_table(self.table),
            not_tried=self.not_tried,
        )


def template() -> str:
    """The card with an explanation in every place (``docs/model-card-template.md``)."""
    return TEMPLATE.format(**{name: f"<{what}>" for name, what in EXPLAINED.items()})


def _measured(measured: Mapping[str, object]) -> str:
    units = {"cpu_s": "s on the CPU", "processor_s": "s of processor time", "gpu_s": "s on the GPU"}
    found = [f"{value:.3g} {units[key]}" for key in units if isinstance(value := measured.get(key), (int, float))]
    return f"{', '.join(found)} ({measured.get('of', NOT_SAID)})" if found else NOT_SAID


def _table(rows: Sequence[Mapping[str, object]]) -> str:
    if not rows:
        return "No table."
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(value: object) -> str:
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    return " ".join(text.replace("|", "\\|").split())
