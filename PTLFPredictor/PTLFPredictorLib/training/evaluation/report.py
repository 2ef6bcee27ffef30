"""The report on a trained model: Table 1, lesions, the best, median and worst case drawn, the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from ...errors import BadInput
from ...record.statements import WATERMARK
from ...render import agreement, report
from ...render.compared_slices import chosen, compared
from ...render.report import Block, Document, Facts, Section, Text
from ...segmentation.agreement import CaseMeasures
from . import chapters, table1
from .network_picture import network
from .network_shape import shape_of

Images = Callable[[str], tuple[sitk.Image, sitk.Image, sitk.Image]]
"""CT, manual and automatic label map of a case, on one grid."""

CLASSES = ("background", "parenchyma", "tumour")


def write(
    folder: Path,
    rows: Sequence[CaseMeasures],
    images: Images | None = None,
    *,
    title: str,
    subtitle: str,
    facts: Sequence[tuple[str, str]] = (),
    plans: Mapping[str, Any] | None = None,
    configuration: str = "",
    classes: Sequence[str] = CLASSES,
    synthetic: bool = False,
    made: str = "",
) -> tuple[Path, ...]:
    """Write ``table1.csv``, ``table1.json``, ``report.html`` and its tables into a folder that is there.

    Parameters
    ----------
    folder : Path
        A staging folder of `outputs`.
    rows : sequence of CaseMeasures
        Validation cases of the folds (part "fold 0", ...) and of the test ("test").  Their ids stand on the page.
    images : callable, optional
        Asked for the two or three cases that are drawn.
    title, subtitle : str
        Of the model; of its cases.
    facts : sequence of (str, str)
        How it was trained: names and values.
    plans : mapping, optional
        plans.json, for the network's picture.
    configuration : str
        Of the plans.
    classes : sequence of str
        What the network tells apart.
    synthetic : bool
        Every page says that it is a demonstration.
    made : str
        The last line.

    Returns
    -------
    tuple of Path
        What was written, the report first.

    Raises
    ------
    BadInput
        Without cases.
    """
    if not rows:
        raise BadInput("There are no cases that the model was measured on.")
    sections = [chapters.in_short(rows), chapters.table_1(rows), agreement.lesions(rows)]
    sections += _drawn(rows, images)
    in_order = [row for cases in table1.parts(rows).values() for row in sorted(cases, key=lambda one: one.case)]
    sections.append(agreement.every_case(in_order))
    trained = _trained(facts, plans, configuration, classes)
    sections += [Section("How it was trained", trained)] if trained else []
    sections.append(agreement.definitions())
    watermark = WATERMARK if synthetic else ""
    written = report.write(Document(title, subtitle, tuple(sections), watermark, made), folder)
    return (*written, *table1.write(rows, folder))


def _drawn(rows: Sequence[CaseMeasures], images: Images | None) -> list[Section]:
    if images is None:
        return []
    figures = []
    of_test = [row for row in rows if row.part == table1.TEST]
    for number, one in enumerate(chosen(of_test or rows), start=1):
        ct, true, found = images(one.row.case)
        figures.append(compared(one, f"case-{number}", ct, true, found))
    told = Text("The best, the median and the worst case by the tumour's Dice, chosen by that rule alone.")
    return [Section("Cases drawn", (told, *figures), new_page=True)] if figures else []


def _trained(
    facts: Sequence[tuple[str, str]], plans: Mapping[str, Any] | None, configuration: str, classes: Sequence[str]
) -> tuple[Block, ...]:
    blocks: list[Block] = [Facts(tuple(facts))] if facts else []
    if plans is not None:
        blocks.append(network(shape_of(plans, configuration), classes))
    return tuple(blocks)
