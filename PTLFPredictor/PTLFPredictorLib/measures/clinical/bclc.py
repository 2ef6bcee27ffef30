"""BCLC stage of a hepatocellular carcinoma, by the definitions of 2022; what they leave open is refused, not guessed.

| stage | tumours | liver function | ECOG |
|---|---|---|---|
| 0 | one, up to 2 cm | preserved* | 0 |
| A | one, or up to three of up to 3 cm | preserved* | 0 |
| B | several, beyond A | preserved* | 0 |
| C | vascular invasion or extrahepatic spread | preserved | 1-2 (0 too: see `stage`) |
| D | any | end stage | 3-4 |

Neither invasion nor spread in 0, A and B.  * But for a tumour burden that is acceptable for a transplant.
"""

from __future__ import annotations

from enum import StrEnum

from ...errors import BadInput
from ..value import Measure
from .child_pugh import ASCITES, Ascites, ChildPughClass
from .choice import Choice
from .units import ECOG, TUMOUR_COUNT, TUMOUR_DIAMETER, to_unit

SOURCE = (
    "Reig M, Forner A, Rimola J, et al. BCLC strategy for prognosis prediction and treatment recommendation: the 2022 "
    "update. J Hepatol 2022;76:681-693. doi:10.1016/j.jhep.2021.11.018"
)

SOURCE_LIVER_FUNCTION = (
    "European Association for the Study of the Liver. Clinical practice guidelines: management of hepatocellular "
    "carcinoma. J Hepatol 2018;69:182-236. doi:10.1016/j.jhep.2018.03.019"
)


class Stage(StrEnum):
    VERY_EARLY = "0"
    EARLY = "A"
    INTERMEDIATE = "B"
    ADVANCED = "C"
    TERMINAL = "D"


class Presence(StrEnum):
    ABSENT = "absent"
    PRESENT = "present"


class Answer(StrEnum):
    NO = "no"
    YES = "yes"


class LiverFunction(StrEnum):
    """The two words of the definitions, and what is neither."""

    PRESERVED = "preserved"
    END_STAGE = "end stage"
    NEITHER = "neither"


class SymptomsAlone(StrEnum):
    """ECOG 1 or 2 without invasion or spread, of which the definitions of 2022 have no row."""

    OPEN = "open"
    STAGE_C = "stage C"


class NotSettled(BadInput):
    """The definitions do not say which stage this is."""


CHILD_PUGH_CLASS = Choice("Child-Pugh class", tuple(ChildPughClass))

INVASION = Choice("vascular invasion", tuple(Presence))

SPREAD = Choice("extrahepatic spread", tuple(Presence))

LIVER_FUNCTION = Choice("liver function", tuple(LiverFunction))

TRANSPLANTABLE = Choice("tumour burden acceptable for a transplant", tuple(Answer))

SYMPTOMS_ALONE = Choice(
    "reading of ECOG 1-2 without invasion or spread",
    tuple(SymptomsAlone),
    {
        SymptomsAlone.OPEN: "no stage, as the definitions of 2022 have no row for it",
        SymptomsAlone.STAGE_C: "stage C where the symptoms are the cancer's, as in the editions of 1999 and 2018",
    },
)


def liver_function_of(child_pugh_class: str, ascites: str) -> LiverFunction:
    """Preserved: class A without ascites (the guideline of 2018); end stage: class C; else neither.

    The definitions of 2022 name no class: who knows the patient may say it better.
    """
    chosen, fluid = CHILD_PUGH_CLASS.chosen(child_pugh_class), ASCITES.chosen(ascites)
    if chosen is ChildPughClass.C:
        return LiverFunction.END_STAGE
    if chosen is ChildPughClass.A and fluid is Ascites.ABSENT:
        return LiverFunction.PRESERVED
    return LiverFunction.NEITHER


def stage(
    *,
    tumours: float,
    largest_tumour: float,
    vascular_invasion: str,
    extrahepatic_spread: str,
    ecog: float,
    liver_function: str,
    transplantable: str | None = None,
    symptoms_alone: str = SymptomsAlone.OPEN,
) -> Stage:
    """BCLC stage.

    Parameters
    ----------
    tumours : int
        Number of nodules; diffuse growth that cannot be counted has none.
    largest_tumour : float
        Diameter, mm.
    vascular_invasion, extrahepatic_spread : Presence
        Macrovascular invasion; lymph nodes or metastases.
    ecog : int
        0 to 4, as far as it is the cancer's.
    liver_function : LiverFunction
    transplantable : Answer, optional
        Whether the tumour burden is acceptable for a transplant and nothing else forbids it: needed at end stage only.
    symptoms_alone : SymptomsAlone

    Raises
    ------
    NotSettled
        Where the definitions have no row for the patient.
    BadInput
        For values that are implausible.

    Notes
    -----
    With invasion or spread the table says ECOG 1-2; ECOG 0 is read as C too, because no other stage allows them.
    """
    ecog = int(to_unit(ecog, "1", ECOG))
    function = LIVER_FUNCTION.chosen(liver_function)
    invades = Presence.PRESENT in (INVASION.chosen(vascular_invasion), SPREAD.chosen(extrahepatic_spread))
    burden = _burden(int(to_unit(tumours, "1", TUMOUR_COUNT)), to_unit(largest_tumour, "mm", TUMOUR_DIAMETER))
    open_or_c = SYMPTOMS_ALONE.chosen(symptoms_alone)
    transplant = None if transplantable is None else TRANSPLANTABLE.chosen(transplantable)
    if ecog > 2:
        return Stage.TERMINAL
    if function is LiverFunction.NEITHER:
        raise NotSettled(
            "BCLC 2022 knows preserved and end-stage liver function, and nothing between. Choose the one that fits "
            "this patient, or use no BCLC stage."
        )
    if function is LiverFunction.END_STAGE:
        return _at_end_stage(burden, invades, ecog, transplant)
    if invades:
        return Stage.ADVANCED
    if ecog == 0:
        return burden
    if open_or_c is SymptomsAlone.STAGE_C:
        return Stage.ADVANCED
    raise NotSettled(
        f"BCLC 2022 has no stage for ECOG {ecog} without vascular invasion or extrahepatic spread: 0, A and B ask for "
        "ECOG 0, and C for invasion or spread. Where the symptoms are not the cancer's, ECOG 0 holds; where they are, "
        "earlier editions say C, which can be chosen."
    )


def _burden(tumours: int, largest: float) -> Stage:
    """Stage by number and diameter (mm) alone."""
    if tumours == 1:
        return Stage.VERY_EARLY if largest <= 20 else Stage.EARLY
    return Stage.EARLY if tumours <= 3 and largest <= 30 else Stage.INTERMEDIATE


def _at_end_stage(burden: Stage, invades: bool, ecog: int, transplantable: str | None) -> Stage:
    if transplantable is None:
        raise BadInput(
            "With end-stage liver function the BCLC stage needs the answer whether a transplant is an option."
        )
    if transplantable is Answer.NO:
        return Stage.TERMINAL
    if invades:
        raise NotSettled(
            "BCLC 2022 takes no tumour with vascular invasion or extrahepatic spread for a transplant. Say that a "
            "transplant is no option, which makes it stage D, or correct the tumour's extent."
        )
    if ecog > 0:
        raise NotSettled(
            f"BCLC 2022 has no stage for end-stage liver function, a transplant as an option and ECOG {ecog}: 0, A and "
            "B ask for ECOG 0, and C for preserved liver function."
        )
    return burden


INPUTS = {
    "tumours": TUMOUR_COUNT,
    "largest_tumour": TUMOUR_DIAMETER,
    "vascular_invasion": INVASION,
    "extrahepatic_spread": SPREAD,
    "ecog": ECOG,
    "liver_function": LIVER_FUNCTION,
    "transplantable": TRANSPLANTABLE,
    "symptoms_alone": SYMPTOMS_ALONE,
}

MEASURES = {
    "bclc_liver_function": Measure(
        "Liver function for BCLC",
        {"child_pugh_class": CHILD_PUGH_CLASS, "ascites": ASCITES},
        liver_function_of,
        SOURCE_LIVER_FUNCTION,
        categories=tuple(LiverFunction),
    ),
    "bclc": Measure(
        "BCLC stage", INPUTS, stage, SOURCE, categories=tuple(Stage), optional=("transplantable", "symptoms_alone")
    ),
}
