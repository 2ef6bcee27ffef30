"""What a model's labels were taken as, in words: whoever adds a model must see it before it draws."""

from __future__ import annotations

from ..errors import UnusableModel
from .chain_words import in_words
from .model import Model
from .model_files import DATASET, check_dataset, read_json
from .model_steps import Step
from .names import Role

NO_TUMOUR = "It draws no tumour: draw them by hand, or make a chain of it and a model of tumours (docs/chains.md)."


def labels_taken(model: Model) -> tuple[str, ...]:
    """Which labels count as what, a line for each network, and whether tumours are drawn at all.

    >>> labels_taken(find_model("ours"))  # doctest: +SKIP
    ('Taken as liver: label 1 (liver). Not used: 2 (spleen).', "It draws no tumour: ...")
    """
    lines = [f"{in_words(step.name)}: {_taken(step)}" if model.chain else _taken(step) for step in model.steps]
    if not any(step.label_roles.get(Role.TUMOUR) for step in model.steps):
        lines.append(NO_TUMOUR)
    return tuple(lines)


def _taken(step: Step) -> str:
    names = _names(step)
    used = {word: step.label_roles.get(role, ()) for role, word in _WORDS.items()}
    taken = "; ".join(f"as {word}: {_listed(labels, names)}" for word, labels in used.items() if labels)
    rest = sorted(names.keys() - {label for labels in used.values() for label in labels})
    others = ", ".join(_called(label, names) for label in rest[:MOST])
    more = f" and {len(rest) - MOST} more" if len(rest) > MOST else ""
    return f"Taken {taken}." + (f" Not used: {others}{more}." if rest else "")


_WORDS = {Role.PARENCHYMA: "liver", Role.TUMOUR: "tumour"}

MOST = 6
"""Labels that are named of those that are not used: TotalSegmentator's models have a hundred."""


def _listed(labels: tuple[int, ...], names: dict[int, str]) -> str:
    shown = ", ".join(_called(label, names) for label in labels[:MOST])
    more = f" and {len(labels) - MOST} more" if len(labels) > MOST else ""
    return f"label{'s' if len(labels) > 1 else ''} {shown}{more}"


def _called(label: int, names: dict[int, str]) -> str:
    return f"{label} ({names[label]})" if label in names else str(label)


def _names(step: Step) -> dict[int, str]:
    """Of the labels, as the folder has them; {} where it cannot be read: the check before a run says why."""
    try:
        named = check_dataset(read_json(step.folder / DATASET))
    except UnusableModel:
        return {}
    return {label: name for name, labels in named.items() for label in labels}
