"""What series are called in each contrast phase.

Whole words only, in any case and with any separators: "portal venous" is also "portal-venous", "Portal_Venous" and
"portalvenous".  A description with words of two phases names none.  What only tells coverage, protocol or that there
was contrast ("C-A-P", "(C/A/P)", "AP", "3 PHASE", "+C", "C+", "CE", "CTA", "DP") is in no row, and "C-" neither,
since it begins "C-A-P" and "C-spine".

Sources of the rows (each word was seen there or is the language's own term for the phase):
(a) series of HCC-TACE-Seg (TCIA): "PRE LIVER", "Recon 2: PRE LIVER", "LIVER 3 PHASE (AP)", "C-A-P", "2.5 STANDARD";
(b) names of phases in public data sets (MCT-LTDiag, WAW-TACE, FLL cohorts): NC, ART, HAP, PV, PVP, VP, DL; a Siemens
    series "Abd_PVP_ThorAbd  3.0  Br40  3";
(c) DICOM PS3.16 CID 10014 and RadLex (RID11081 "delayed phase"); the late arterial is also called portal inflow phase;
(d) German, French, Spanish, Italian, Chinese and Japanese report templates and protocol lists.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum


class ContrastPhase(StrEnum):
    """A contrast phase by its name, in files as on screen."""

    UNENHANCED = "unenhanced"
    ARTERIAL = "arterial"
    PORTAL_VENOUS = "portal venous"
    DELAYED = "delayed"
    UNKNOWN = "unknown"
    """An answer too: nothing tells the phase without doubt."""


UNENHANCED, ARTERIAL, PORTAL_VENOUS, DELAYED, UNKNOWN = ContrastPhase

_NO_PHASE = (
    # contrast before and after, or all phases: a protocol, no phase
    "pre and post", "pre & post", "pre + post", "pre/post", "pre post", "w/wo", "w wo", "w/ & w/o",
    "w and w/o", "w & w/o", "with and without", "with & without", "with/without", "w + w/o",
    "mit und ohne", "mit/ohne", "nativ und KM", "nativ + KM", "nativ/KM",
    "sans et avec", "avec et sans", "sin y con", "con y sin", "senza e con",
    "平扫+增强", "平扫加增强", "平扫及增强", "単純+造影",
    # before a treatment, not before contrast
    "pre op", "pre tace", "pre treatment", "pre therapy", "pre chemo", "pre tx", "pre rfa", "pre ablation",
    "pre surgery", "pre transplant", "pre tips", "pre stent", "pre y90", "pre rt", "pre mwa", "pre sirt",
    # a question about the portal vein
    "portal hypertension", "portal vein thrombosis", "portal venous thrombosis", "portal thrombosis", "PV thrombosis",
    "venous thrombosis", "portal vein embolization", "portal vein embolisation", "Pfortaderthrombose",
)  # fmt: skip

_TABLE = {
    UNENHANCED: (
        "native", "non contrast", "no contrast", "non con", "non enhanced", "unenhanced", "without contrast",
        "without iv", "w/o contrast", "w/o", "wo contrast", "plain", "pre contrast", "pre", "NC", "NCCT", "NECT",
        "nativ", "ohne KM", "ohne Kontrast", "ohne Kontrastmittel", "o. KM",
        "natif", "sans injection", "sans contraste", "sans IV", "sans PDC",
        "sin contraste", "fase simple", "fase basal", "nativo", "nativa",
        "senza mdc", "senza m.d.c.", "senza contrasto", "fase basale", "fase diretta",
        "平扫", "平掃", "非增强", "增强前", "単純", "非造影", "造影前",
    ),
    ARTERIAL: (
        "late arterial", "early arterial", "arterial", "art", "HAP", "late art", "early art",
        "portal inflow", "portal venous inflow",
        "arteriell", "arterielle", "spätarteriell", "spaetarteriell", "frühart", "frühe arterielle", "späte arterielle",
        "artériel", "artérielle", "artériel tardif", "artérielle tardive",
        "arterioso", "arteriosa", "arteriosa tardiva", "arterial tardía", "arterial tardia",
        "动脉期", "动脉晚期", "动脉早期", "動脈期", "動脈相", "動脈優位相", "肝动脉期",
    ),
    PORTAL_VENOUS: (
        "portal venous", "porto venous", "portal", "venous", "ven", "PV", "PVP", "VP", "PVPH", "hepatic venous",
        "60s", "65s", "70s", "75s", "80s", "60 sec", "65 sec", "70 sec", "75 sec", "80 sec",
        "portalvenös", "portalvenoes", "portalvenöse", "portovenös", "venös", "venoes", "venöse", "portalven",
        "veineux", "veineuse", "porto veineux", "portal veineux", "temps porte",
        "venoso", "venosa", "portale", "portal venosa", "portale venosa", "porto venosa",
        "门静脉期", "门脉期", "静脉期", "門靜脈期", "靜脈期", "門脈相", "門脈期", "門脈優位相",
    ),
    DELAYED: (
        "delayed", "delay", "equilibrium", "late", "180s", "240s", "300s", "180 sec", "240 sec", "300 sec",
        "3 min", "5 min", "10 min", "15 min",
        "spät", "spaet", "Spätphase", "spätvenös", "verzögert",
        "tardif", "tardive", "équilibre",
        "tardía", "tardia", "tardío", "tardio", "equilibrio", "tardiva", "tardivo", "retardada",
        "延迟期", "延遲期", "延时期", "平衡期", "平衡相", "遅延相", "後期相",
    ),
}  # fmt: skip
"""Phase -> its words; the finding quotes the word from here, never the header's text."""

_LATIN = "a-z"
_CAMEL = re.compile(r"(?<=[a-zß-ÿ])(?=[A-Z])")
"""Siemens and others write "LeberNativ", "AbdVenous"."""


def _plain(text: str) -> str:
    """Lower case without accents; full-width letters as usual ones."""
    folded = unicodedata.normalize("NFKD", _CAMEL.sub(" ", text)).casefold()
    return "".join(letter for letter in folded if not unicodedata.combining(letter))


def _pattern(word: str) -> str:
    parts = [re.escape(part) for part in re.split(r"[\s.]+", _plain(word)) if part]
    joined = r"[\W_]*".join(parts)
    if not re.search(rf"[{_LATIN}]", joined):
        return joined  # Chinese and Japanese write no spaces
    before = rf"(?<![{_LATIN}\d])" if word[0].isdigit() else rf"(?<![{_LATIN}])"
    return rf"{before}{joined}(?![{_LATIN}])"


def _entries() -> list[tuple[re.Pattern[str], ContrastPhase | None, str]]:
    """Pattern, phase (None: its words are taken out and name none) and word; longer words first."""
    rows = [(word, phase) for phase, words in _TABLE.items() for word in words]
    rows.sort(key=lambda row: -len(_plain(row[0])))  # "late arterial" before "late" and "arterial"
    rows = [(word, None) for word in sorted(_NO_PHASE, key=len, reverse=True)] + rows
    return [(re.compile(_pattern(word)), phase, word) for word, phase in rows]


_ENTRIES = _entries()


def words_in(text: str) -> dict[ContrastPhase, str]:
    """Phase -> the first (longest) word of the table that names it in `text`."""
    text, found = _plain(text), {}
    for pattern, phase, word in _ENTRIES:
        text, count = pattern.subn(" | ", text)
        if count and phase:
            found.setdefault(phase, word)
    return found


def named_by(text: str) -> tuple[ContrastPhase, str]:
    """(phase, word of the table) that a description names; (unknown, "") where it names none or several."""
    found = words_in(text)
    return next(iter(found.items())) if len(found) == 1 else (UNKNOWN, "")
