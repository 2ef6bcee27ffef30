"""Which column of a table holds what: by its name, its usual synonyms, and the unit that stands in it."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ...measures.clinical import Quantity
from ...measures.clinical.units import BILIRUBIN
from ...measures.value import DIMENSIONLESS
from ...signature import Signature
from .after import BILIRUBIN_AFTER, INR_AFTER, PTA_AFTER


class Field(StrEnum):
    """What a column may hold beside the signature's entries and criteria; the value is the name that is documented."""

    ID = "case"
    CT = "ct"
    SEGMENTATION = "segmentation"
    SEGMENTATION_2 = "segmentation_2"
    LABELS = "labels"
    MASK_ORIGIN = "mask_origin"
    READER = "reader"
    MASK_READER = "mask_reader"
    PHASE_READER = "phase_reader"
    CRITERIA_READER = "criteria_reader"
    ANSWERED_AT = "answered_at"
    PHASE = "phase"
    SERIES = "series"
    ACQUISITION = "acquisition"
    ALL_MET = "all_criteria_met"
    BILIRUBIN = "bilirubin"
    OUTCOME = "outcome"
    BILIRUBIN_AFTER = "bilirubin_after"
    INR_AFTER = "inr_after"
    PTA_AFTER = "pta_after"
    ASCITES_BEFORE = "ascites_before"
    ASCITES_AFTER = "ascites_after"
    ENCEPHALOPATHY_BEFORE = "encephalopathy_before"
    ENCEPHALOPATHY_AFTER = "encephalopathy_after"
    PATIENT = "patient"
    CENTRE = "centre"
    SPLIT = "split"
    SYNTHETIC = "synthetic"


QUANTITIES: Mapping[str, Quantity] = {
    Field.BILIRUBIN: BILIRUBIN,
    Field.BILIRUBIN_AFTER: BILIRUBIN_AFTER,
    Field.INR_AFTER: INR_AFTER,
    Field.PTA_AFTER: PTA_AFTER,
}

_BILIRUBIN = ("bilirubin", "total bilirubin", "serum bilirubin", "serum total bilirubin", "tbil", "t bil", "tb", "bili")
_INR = ("inr", "pt inr", "international normalised ratio", "international normalized ratio")
_ASCITES = ("ascites", "hydroperitoneum", "aszites")
_ENCEPHALOPATHY = ("encephalopathy", "hepatic encephalopathy", "he", "enzephalopathie")

_BY_QUANTITY = {
    "albumin": ("alb", "albumin", "serum albumin", "s albumin"),
    "bilirubin": _BILIRUBIN,
    "inr": _INR,
    "prothrombin_prolongation": ("prothrombin prolongation", "pt prolongation"),
    "tumour_count": ("number of tumours", "number of tumors", "tumour count", "tumor count", "tumour number"),
    "tumour_diameter": ("tumour diameter", "tumor diameter", "largest diameter", "tumour size", "tumor size"),
    "ecog": ("ecog", "ecog ps", "performance status"),
}
"""Usual names of the quantities that a signature may ask for."""


def _around(names: Sequence[str], words: Sequence[str]) -> tuple[str, ...]:
    return tuple(text for name in names for word in words for text in (f"{name} {word}", f"{word} {name}"))


_AFTER = (
    "after",
    "after tace",
    "post",
    "post tace",
    "postoperative",
    "peak",
    "max",
    "maximum",
    "worst",
    "peak after tace",
)
_BEFORE = ("before", "before tace", "baseline", "pre", "pre tace", "preoperative")

_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    Field.ID: ("case", "case id", "caseid", "case no", "case number", "id", "pseudonym", "fall", "fallnummer"),
    Field.CT: ("ct", "ct path", "ct file", "ct folder", "image", "image path", "dicom", "dicom folder"),
    Field.SEGMENTATION: ("segmentation", "segmentations", "segmentation file", "mask", "masks", "mask file", "seg"),
    Field.SEGMENTATION_2: ("segmentation 2", "second segmentation", "mask 2", "second mask"),
    Field.LABELS: ("labels", "segmentation labels", "mask labels"),
    Field.MASK_ORIGIN: ("mask origin", "segmentation origin", "drawn by", "segmented by"),
    Field.READER: ("reader", "radiologist"),
    Field.MASK_READER: ("mask reader", "mask origin reader", "segmentation reader"),
    Field.PHASE_READER: ("phase reader",),
    Field.CRITERIA_READER: ("criteria reader", "eligibility reader", "all criteria met reader", "answered by"),
    Field.ANSWERED_AT: ("answered at", "reader time", "read at"),
    Field.PHASE: ("phase", "contrast phase", "confirmed phase"),
    Field.SERIES: ("series", "series uid", "seriesinstanceuid", "series instance uid"),
    Field.ACQUISITION: ("acquisition", "acquisition number"),
    Field.ALL_MET: ("all criteria met", "eligible", "eligibility"),
    Field.BILIRUBIN: (*_BILIRUBIN, *_around(_BILIRUBIN, _BEFORE)),
    Field.OUTCOME: ("outcome", "ptlf", "event", "liver failure", "liver failure after tace", "post tace liver failure"),
    Field.BILIRUBIN_AFTER: _around(_BILIRUBIN, _AFTER),
    Field.INR_AFTER: _around(_INR, _AFTER),
    Field.PTA_AFTER: _around(("pta", "prothrombin activity"), _AFTER),
    Field.ASCITES_BEFORE: _around(_ASCITES, _BEFORE),
    Field.ASCITES_AFTER: _around(_ASCITES, _AFTER),
    Field.ENCEPHALOPATHY_BEFORE: _around(_ENCEPHALOPATHY, _BEFORE),
    Field.ENCEPHALOPATHY_AFTER: _around(_ENCEPHALOPATHY, _AFTER),
    Field.PATIENT: ("patient", "patient id", "patientid", "patient no", "patient number", "subject", "subject id"),
    Field.CENTRE: ("centre", "center", "hospital", "site", "institution"),
    Field.SPLIT: ("split", "set", "cohort", "data set", "dataset"),
    Field.SYNTHETIC: ("synthetic",),
}

IDENTIFYING = frozenset(
    (
        *("name", "patient name", "patientname", "surname", "last name", "family name", "first name", "given name"),
        *("full name", "birth date", "date of birth", "birthdate", "birthday", "dob", "mrn", "medical record number"),
        *("address", "phone", "telephone", "email", "e mail", "ssn", "insurance number"),
        *("nachname", "vorname", "geburtsdatum", "adresse", "姓名"),
    )
)  # fmt: skip
"""Columns that are not read, and never end in an output."""


@dataclass(frozen=True)
class Column:
    """A column of the sheet.

    Parameters
    ----------
    index : int
    title : str
        As the table names it.
    holds : str
        A `Field`, an entry's or a criterion's id; "" for a further column.
    stated : str
        What stands behind its name, or below it: a unit, or the role of a segmentation; "" for nothing.
    unit_index : int or None
        The column that holds its unit row by row.
    name : str
        Without what is `stated`.
    """

    index: int
    title: str
    holds: str
    stated: str = ""
    unit_index: int | None = None
    name: str = ""


class Vocabulary:
    """The names that columns may have for one signature."""

    def __init__(self, signature: Signature) -> None:
        self._names: dict[str, str] = {}
        self.quantities: dict[str, Quantity] = dict(QUANTITIES)
        for entry in signature.entries:
            if entry.quantity is not None:
                self.quantities[entry.id] = entry.quantity
            usual = _BY_QUANTITY.get(entry.quantity_name, ())
            for name in (entry.id, entry.label, *usual, *_around(usual, _BEFORE)):
                self._names.setdefault(normal(name), entry.id)
        for criterion in signature.eligibility:
            for name in (criterion.id, criterion.text):
                self._names.setdefault(normal(name), criterion.id)
        for field, names in _SYNONYMS.items():
            for name in (field, *names):
                self._names.setdefault(normal(name), field)
        self._by_length = sorted(self._names, key=len, reverse=True)

    def known(self, row: Sequence[str], needs_ct: bool = True) -> int:
        """How many columns are known, if a row can be the header; 0 where it cannot."""
        held = [self.column(k, cell).holds for k, cell in enumerate(row) if cell]
        has_id = Field.ID in held or Field.PATIENT in held
        return sum(map(bool, held)) if has_id and len(held) > 1 and (Field.CT in held or not needs_ct) else 0

    def is_unit(self, text: str) -> bool:
        """Whether a text can only be a unit, of any quantity that is known here."""
        return any(unit_named(text, one) for one in self.quantities.values()) and not text.isdecimal()

    def column(self, index: int, title: str) -> Column:
        """What a column of this name holds."""
        name, stated = _parted(title)
        if held := self._names.get(normal(title)):
            return Column(index, title, held, name=title)
        if held := self._names.get(normal(name)):
            return Column(index, title, held, stated, name=name)
        whole = normal(title)
        for known in self._by_length:  # "albumin g/L", "albumin_g_per_dl"
            held = self._names[known]
            rest = whole.removeprefix(f"{known} ")
            if rest != whole and held in self.quantities and (unit := _unit_of(rest, self.quantities[held])):
                return Column(index, title, held, unit, name=title)
        return Column(index, title, "", stated, name=name)

    def like(self, holds: str, titles: Sequence[str]) -> str:
        """A title that is nearly a name of what no column holds; "" where there is none."""
        names = [name for name, held in self._names.items() if held == holds]
        return next((t for t in titles if difflib.get_close_matches(normal(_parted(t)[0]), names, 1, 0.8)), "")


def normal(text: str) -> str:
    """A name without case, accents and separators."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return " ".join(re.split(r"[^\w%]+|_", "".join(c for c in plain if not unicodedata.combining(c)))).strip()


def _parted(title: str) -> tuple[str, str]:
    """Name, and what stands in brackets (or after a comma) behind it."""
    match = re.fullmatch(r"(.+?)\s*(?:\[([^\[\]]*)\]|\(([^()]*)\)|,\s+(\S+))", title, re.DOTALL)
    return (title, "") if match is None else (match[1].strip(), next(filter(None, match.groups()[1:]), "").strip())


def unit_named(text: str, quantity: Quantity) -> str | None:
    """The unit that a text means, in any case and spelling; None where it is none of the quantity's."""
    wanted = _spelled(text)
    if quantity.unit == DIMENSIONLESS and wanted in ("", "1", "-", "ratio"):
        return DIMENSIONLESS
    return next((unit.name for unit in quantity.units if _spelled(unit.name) == wanted), None)


def _spelled(unit: str) -> str:
    text = unicodedata.normalize("NFKC", unit).casefold().replace("\u03bc", "u").replace("\xb5", "u")
    return re.sub(r"[\s_]*(?:/|\bper\b|_per_)[\s_]*", "/", text.replace("micromol", "umol")).strip()


def _unit_of(words: str, quantity: Quantity) -> str:
    """The unit that is meant by normalised words, "g dl" and "g per dl" alike; "" for none."""
    spelled = words.replace(" per ", " ")
    return next(
        (unit.name for unit in quantity.units if normal(unit.name) == spelled and unit.name != DIMENSIONLESS), ""
    )


def listed(columns: Sequence[Column], holds: str) -> Iterator[Column]:
    """The columns that hold one thing."""
    return (column for column in columns if column.holds == holds)
