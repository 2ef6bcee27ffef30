"""Names of segments and labels, read as wholes: what is certainly liver, parenchyma, tumour or another structure."""

from __future__ import annotations

import re

import pytest

from PTLFPredictorLib.errors import UnusableModel
from PTLFPredictorLib.segmentation.catalogue import _roles_by_name
from PTLFPredictorLib.segmentation.names import Role, plain, role_of

LIVER = """liver|Liver|LIVER|liver_1|Liver mask|liver_segment_4|whole liver|left liver lobe|hepar|Leber|
foie|hígado|fegato|lever|肝|肝脏|肝臓|간|печень|liver + tumor|liver with tumor"""
PARENCHYMA = """parenchyma|Liver parenchyma|hepatic parenchyma|liver without tumor|Tumour-free liver|
non-tumor liver|liver minus tumor|Leberparenchym|Leber ohne Tumor|parenchyme hépatique|parénquima"""
TUMOUR = """tumor|Tumour|tumors|HCC|HCC 2|HCC segment 5|HCC S8|lesion|lesion 1|Lesion_02|lesion no 2|
lesion 4a|mass|Mass|liver tumor|liver_lesions|LiverTumor|hepatic tumor|tumor of the liver|Neoplasm|
Neoplasm, Primary|Necrosis|cancer|Hepatocellular carcinoma|tumor (HCC)|viable tumor|liver metastasis|
GTV tumor|Läsion 3|Lebertumor|tumeur|lésion|lesione|肿瘤|腫瘍|종양|опухоль печени"""
OTHER = """spleen|Portal vein|Abdominal aorta|kidney_right|vertebrae_L5|vertebrae_C1|vertebrae_S1|
rib_left_11|gallbladder|lung_lower_lobe_left|portal_vein_and_splenic_vein|hepatic vein|inferior_vena_cava|
Milz|kidney_lesion|kidney_cyst_left|Muscle mass|pancreatic tumor|lung nodules|colon cancer primaries|
background"""
NOTHING = """peritumoral 10 mm|Peritumoural margin|peritumoral ring|Tumor bed|Tumor bed after ablation|
tumor 5 mm|tumor?|no tumor|non-tumor|CTV|GTV|metastasis|liver - tumor|liver/spleen|liver vessels|liver cyst|
normal liver|Delivered dose|ablation zone|left lobe|tumor old|Segment_3|label 2|7|Smith liver"""


def every(names):
    return [name for name in re.split(r"\|\s*", names) if name]


@pytest.mark.parametrize(
    ("names", "role"),
    [(LIVER, Role.LIVER), (PARENCHYMA, Role.PARENCHYMA), (TUMOUR, Role.TUMOUR), (OTHER, Role.OTHER), (NOTHING, None)],
    ids=["liver", "parenchyma", "tumour", "another structure", "nothing for certain"],
)
def test_names_mean_something_only_as_wholes(names, role):
    assert {name: role_of(name) for name in every(names)} == dict.fromkeys(every(names), role)


@pytest.mark.parametrize("name", every(LIVER + "|" + TUMOUR + "|" + PARENCHYMA))
def test_one_unknown_word_makes_every_name_uncertain(name):
    assert role_of(f"{name} xyz") is None
    assert role_of(f"peri{name}") is None


@pytest.mark.parametrize(
    ("name", "coded", "region", "role"),
    [
        ("Segment_1", "Liver", "", Role.LIVER),
        ("", "Mass", "", Role.TUMOUR),
        ("Segment_2", "Neoplasm", "Liver", Role.TUMOUR),
        ("Segment_2", "Neoplasm", "Kidney", Role.OTHER),
        ("Segment_3", "Tissue", "", None),
        ("tumor", "Tissue", "", Role.TUMOUR),
        ("tumor", "Neoplasm", "Liver", Role.TUMOUR),
        ("parenchyma", "Liver", "", Role.PARENCHYMA),
        ("lesion", "Neoplasm", "Kidney", None),
        ("tumor", "Liver", "", None),
        ("Peritumoral ring", "Neoplasm", "Liver", None),
    ],
)
def test_a_coded_meaning_decides_where_the_name_is_none_and_never_against_it(name, coded, region, role):
    assert role_of(name, coded, region) is role


def test_a_known_name_in_the_tables_own_words_holds_nothing_else():
    assert plain("Left_Kidney 2") == "kidney"
    assert plain("rib_left_11") == "rib"


def test_labels_of_models():
    whole = {"liver": (1,), "liver_tumor": (2,), "spleen": (3,)}
    assert _roles_by_name(whole) == {"parenchyma": (1,), "tumor": (2,)}
    with pytest.raises(UnusableModel, match=r"None of the model's labels \(spleen\)"):
        _roles_by_name({"spleen": (1,)})


@pytest.mark.parametrize("name", ["peritumoral", "vessels", "liver cyst"])
def test_a_models_label_that_may_be_anything_is_asked_about(name):
    with pytest.raises(UnusableModel, match=f"not certain what the model's label\\(s\\) {name} mean.*--labels"):
        _roles_by_name({"liver": (1,), "tumor": (2,), name: (3,)})
