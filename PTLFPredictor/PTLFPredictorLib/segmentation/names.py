"""What the name of a segment or label means: one table for files, models and the panel.

A name is read as a whole, word by word.  It has a role only where every word of it is known here; a name with one
unknown word ("peritumoral 10 mm", "Tumor bed", "liver without vessels") means nothing for certain, and whoever reads
the segments must ask.  Case, accents, separators, numbers and sides do not matter.

Sources of the names: TotalSegmentator (``total``, ``liver_vessels``, ``liver_lesions``), MONAI VISTA3D, AMOS, BTCV,
FLARE, the Medical Segmentation Decathlon and LiTS, the TCIA collections HCC-TACE-Seg and Colorectal-Liver-Metastases,
the DICOM master list of 3D Slicer's terminologies.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

NAME_LENGTH = 64
"""Of a file's own name where it is shown."""


class Role(StrEnum):
    """What a segment or label stands for."""

    LIVER = "liver"
    """The whole organ, with or without the tumours in it."""

    PARENCHYMA = "parenchyma"
    """The liver without tumour."""

    TUMOUR = "tumor"
    """Tumour tissue of the liver; necrosis inside it belongs to it."""

    EXCLUDED = "excluded"
    """A lesion that a reader left out, e.g. a cyst: of the organ, and neither tumour nor parenchyma."""

    OTHER = "other"
    """Neither: another structure, which is not counted."""


LABEL_OF = {Role.PARENCHYMA: 1, Role.TUMOUR: 2, Role.EXCLUDED: 3}
"""Numbers of the derived label map (`segments`), where everything above 0 is of the organ."""

ORGAN_ROLES = (Role.LIVER, Role.PARENCHYMA)


def role_named(word: str) -> Role | None:
    """The role that a person writes: ``liver``, ``parenchyma``, ``tumor`` (``tumour``), ``excluded`` or ``other``."""
    word = word.strip().lower()
    word = {"tumour": "tumor"}.get(word, word)
    return Role(word) if word in {role.value for role in Role} else None


def role_of(name: str, coded: str = "", region: str = "") -> Role | None:
    """The role that a segment's name tells for certain; None where a person must be asked.

    Parameters
    ----------
    name : str
        Name of a segment or label.
    coded : str
        Meaning of its coded type (DICOM SEG's property type, 3D Slicer's terminology), "" where there is none.
    region : str
        Meaning of its coded anatomic region.

    Returns
    -------
    Role or None
        `Role.OTHER` for what is certainly something else.  A coded type decides where the name is none
        ("Segment_3"); where name and code say different things, nothing is certain.
    """
    by_name, by_code = _of_text(name), _of_text(coded)
    if by_code is Role.TUMOUR and region and _of_text(region) is not Role.LIVER:
        by_code = Role.OTHER if _of_text(region) is Role.OTHER else None
    if not is_telling(name):
        return by_code
    if by_name is Role.EXCLUDED and by_code is Role.TUMOUR:
        return by_name  # the code says that it is a lesion, the name that it is left out
    if by_name is None or by_code is None or by_name is by_code:
        return by_name
    return Role.PARENCHYMA if {by_name, by_code} == {Role.PARENCHYMA, Role.LIVER} else None


def of_terminology(entry: str) -> tuple[str, str]:
    """Meanings of type and region in an entry of 3D Slicer's terminology, "" where there are none."""
    meanings = [field.split("^")[-1] for field in entry.split("~")]
    return (meanings[2] if len(meanings) > 2 else "", meanings[5] if len(meanings) > 5 else "")


def is_telling(name: str) -> bool:
    """Whether a name is more than a number or a program's default ("Segment_3", "label 2")."""
    return any(word not in _DEFAULTS and not word.isdigit() for word in _words(name))


def plain(name: str) -> str:
    """A known name in the table's own words, without numbers and sides: safe to write anywhere."""
    return " ".join(_core(_words(name)))


def shown(name: str) -> str:
    """A file's own name as it may stand on a terminal: printable and short."""
    name = "".join(character if character.isprintable() else "?" for character in name).strip()
    return name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 3]}..."


# The table


def _known(words: str) -> frozenset[str]:
    """Words parted by spaces, or phrases parted by bars, as `_words` gives them."""
    text = unicodedata.normalize("NFKD", " ".join(words.split()))
    text = "".join(character for character in text if not unicodedata.combining(character))
    return frozenset(part.strip() for part in text.split("|" if "|" in text else " "))


_DEFAULTS = _known("segment segmentation label labels mask roi voi seg unnamed unknown tissue structure")
"""Words that programs write where nobody gave a name."""

_FORM = _known("segmentation mask roi voi label labels contour seg")
_SIDES = _known("left right l r links rechts gauche droit droite lobe lobes upper lower middle lappen")
_SEGMENT = _known("segment seg s sg")
_ROMAN = _known("i ii iii iv v vi vii viii iva ivb")
_LETTER = _known("a b c d e f")

_LIVER = _known(
    """liver livers hepar leber foie higado figado fegato lever maksa watroba jatra ficat 肝 肝脏 肝臓 肝臟 간
    печень печени"""
)
_HEPATIC = _known("hepatic hepatique hepatico hepatica epatico epatica hepatis hepatocellular hepatozellular")
_WHOLE = _known("whole entire total complete ganze gesamte organ entier")
_PARENCHYMA = _known("parenchyma parenchym parenchyme parenquima parenchima leberparenchym lebergewebe 肝实质 肝実質")

_TUMOUR = _known(
    """tumor tumors tumour tumours tumore tumori tumeur tumeurs tumores tumoren lesion lesions lesione lesioni lesiones
    lasion lasionen laesion laesionen lesao lesoes hcc hccs carcinoma carcinomas karzinom carcinome mass masses neoplasm
    neoplasms neoplasia cancer cancers necrosis necroses nekrose necrose necrosi lebertumor lebertumore lebertumoren
    leberlasion leberlasionen leberlaesion leberkarzinom 肿瘤 腫瘍 腫瘤 肝癌 肝肿瘤 肝腫瘍 病灶 종양 опухоль опухоли"""
)
_SPREAD = _known("metastasis metastases metastase metastasen metastasi metastatic")
"""Of the liver only where the liver is named with it."""

_KIND = _known(
    """primary main index target dominant largest viable enhancing necrotic malignant gtv first second third in of the
    de du del della da do der la le"""
)
"""What may stand beside a word for tumour without changing that it is all tumour."""

_CONNECTED = r"(?:liver|(?:liver|hepatic) parenchyma|parenchyma)(?: tissue)?"
_LESIONS = r"(?:the )?(?:tumou?rs?|lesions?|hcc|mass|masses)"

_WITHOUT_TUMOUR = re.compile(
    rf"{_CONNECTED} (?:without|minus|excluding|except|w / o) {_LESIONS}"
    rf"|(?:tumou?r|lesion) free {_CONNECTED}"
    rf"|non ?(?:tumou?r|tumou?rous|tumou?ral|lesional) {_CONNECTED}"
    r"|leber ohne tumor(?:en)?|tumorfreie leber|foie (?:sans tumeurs?|non tumoral)|higado sin tumor|fegato senza tumore"
)

_WITH_TUMOUR = re.compile(
    rf"liver (?:and|with|incl|including|plus|[+&]) {_LESIONS}|leber mit tumor(?:en)?|foie avec tumeurs?"
)

_LEFT_OUT = re.compile(rf"(?:excluded|unticked) {_LESIONS}|{_LESIONS} (?:excluded|unticked|not counted)")
"""As the panel names what a reader left out, and what else says it without doubt; "cyst" alone does not."""

_ORGANS = _known(
    """kidney kidneys renal lung lungs pulmonary pancreas pancreatic spleen splenic bone colon colonic rectal adrenal
    gastric stomach bladder prostate brain breast thyroid muscle ovarian ovary uterus uterine esophageal oesophageal"""
)
"""What makes a tumour one of another organ."""

_IN_ORGANS = _known("cyst cysts nodule nodules primaries")

_OTHER = _known(
    """spleen|milz|rate|kidney|kidneys|niere|nieren|rein|reins|pancreas|pankreas|gallbladder|gall bladder|gallenblase
    |stomach|magen|duodenum|small bowel|small intestine|bowel|intestine|colon|rectum|esophagus|oesophagus|bladder
    |urinary bladder|prostate|uterus|prostate uterus|adrenal gland|adrenal glands|adrenal|thyroid gland|trachea|airway
    |heart|heart myocardium|heart atrium|heart ventricle|atrial appendage|lung|lungs|brain|skull|spinal cord
    |spinal canal|aorta|abdominal aorta|thoracic aorta|portal vein|portal veins|vena portae|portal vein and splenic vein
    |portal and splenic vein|portal vein splenic vein|splenic vein|superior mesenteric vein|superior mesenteric artery
    |celiac trunk|celiac artery|hepatic artery|common hepatic artery|hepatic vein|hepatic veins|inferior vena cava
    |superior vena cava|vena cava|ivc|postcava|pulmonary vein|pulmonary artery|brachiocephalic trunk
    |brachiocephalic vein|common carotid artery|subclavian artery|iliac artery|iliac vena|iliac vein|renal artery
    |renal vein|liver remnant|future liver remnant|common bile duct|bile duct|vertebra|vertebrae|vertebrae c|vertebrae t
    |vertebrae s|rib|ribs|sternum|costal cartilages|clavicula|clavicle|scapula|humerus|femur|hip|sacrum|pelvis|spine
    |bone|bones|gluteus maximus|gluteus medius|gluteus minimus|autochthon|iliopsoas|psoas|muscle|muscles
    |skeletal muscle|subcutaneous fat|torso fat|visceral fat|intermuscular fat|fat|skin|body|external|background|air
    |diaphragm|table|lymph node|lymph nodes|ascites|pleural effusion|catheter|stent"""
)
"""Structures that are certainly not counted.  Vessels inside the liver ("hepatic vessels") are not among them: on a
map of one label a voxel they would be holes in it."""


def _words(name: str) -> list[str]:
    """Words of a name: small letters without accents, parted at separators, digits and changes of case."""
    text = unicodedata.normalize("NFKD", name)
    text = "".join(character for character in text if not unicodedata.combining(character))
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).casefold()
    text = re.sub(r"\s-\s", " ~ ", text)  # "liver - tumor" is no "liver tumor"
    text = re.sub(r"[\s_.,:;()\[\]#'\"-]+", " ", text)
    return re.findall(r"\d+|[^\W\d_]+|[^\w\s]", text)


def _core(words: list[str]) -> list[str]:
    """Words without numbers, sides, Couinaud segments and the words of a file's form."""
    kept: list[str] = []
    for position, word in enumerate(words):
        before = words[position - 1] if position else ""
        after = words[position + 1] if position + 1 < len(words) else ""
        numbered = after.isdigit() or after in _ROMAN
        if word.isdigit() or word in _SIDES or word in _FORM or (word in _SEGMENT and numbered):
            continue
        if (word in _ROMAN and before in _SEGMENT) or (word in ("no", "nr") and after.isdigit()):
            continue
        if word in _LETTER and not after and kept:
            continue
        kept.append(word)
    return kept


def _of_text(text: str) -> Role | None:
    core = _core(_words(text))
    said, words = " ".join(core), set(core)
    if not core:
        return None
    if _WITHOUT_TUMOUR.fullmatch(said):
        return Role.PARENCHYMA
    if _WITH_TUMOUR.fullmatch(said):
        return Role.LIVER
    if _LEFT_OUT.fullmatch(said):
        return Role.EXCLUDED
    if said in _OTHER:
        return Role.OTHER
    if words <= _LIVER | _WHOLE and words & _LIVER:
        return Role.LIVER
    if words <= _LIVER | _HEPATIC | _WHOLE | _PARENCHYMA and words & _PARENCHYMA:
        return Role.PARENCHYMA
    tumour, of_liver = words & (_TUMOUR | _SPREAD), words & (_LIVER | _HEPATIC)
    if tumour and words <= _TUMOUR | _SPREAD | _KIND | _LIVER | _HEPATIC:
        return None if words & _SPREAD and not of_liver else Role.TUMOUR
    if words & _ORGANS and words & (_TUMOUR | _SPREAD | _IN_ORGANS):
        return Role.OTHER if words <= _ORGANS | _TUMOUR | _SPREAD | _IN_ORGANS | _KIND else None
    return None
