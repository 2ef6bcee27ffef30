"""What is kept in the scene comes back exactly."""

import math
from dataclasses import dataclass, field

import slicer
from hypothesis import given, settings
from hypothesis import strategies as st

from PTLFPredictorLib.mrml import tables
from PTLFPredictorLib.mrml.parameter_node import load, parameter_node, refer, referred, save


@dataclass(frozen=True)
class Kept:
    number: float | None = None
    text: str = ""
    nested: dict = field(default_factory=dict)


@settings(max_examples=30)
@given(
    number=st.floats(allow_nan=False, allow_infinity=False),
    text=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20),
)
def test_numbers_and_texts_come_back_bit_by_bit_from_a_saved_scene(tmp_path_factory, number, text):
    slicer.mrmlScene.Clear(0)
    value = Kept(number, text, {"z": [number, 0.1 + 0.2], "who": text})
    save(parameter_node("PTLFTest"), value)
    path = str(tmp_path_factory.mktemp("scene") / "s.mrb")
    assert slicer.util.saveScene(path)
    slicer.mrmlScene.Clear(0)
    assert load(parameter_node("PTLFTest"), Kept()) == Kept()
    slicer.util.loadScene(path)
    back = load(parameter_node("PTLFTest"), Kept())
    assert back == value
    assert math.copysign(1, back.number) == math.copysign(1, number)


def test_there_is_one_parameter_node_whatever_happens_to_the_scene():
    first = parameter_node("PTLFTest")
    assert parameter_node("PTLFTest") is first
    slicer.mrmlScene.Clear(0)
    parameter_node("PTLFTest")
    nodes = slicer.util.getNodesByClass("vtkMRMLScriptedModuleNode")
    assert [node.GetSingletonTag() for node in nodes].count("PTLFTest") == 1
    assert parameter_node("PTLFTest").GetAttribute("ModuleName") == "PTLFTest"


def test_saving_the_same_value_changes_nothing():
    node = parameter_node("PTLFTest")
    save(node, Kept(1.5))
    before = node.GetMTime()
    save(node, Kept(1.5))
    assert node.GetMTime() == before


def test_a_reference_names_a_node():
    node, volume = parameter_node("PTLFTest"), slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    refer(node, "ct", volume)
    assert referred(node, "ct") is volume
    refer(node, "ct", None)
    assert referred(node, "ct") is None


def test_a_table_keeps_every_digit():
    node = tables.add_table("Result", ["feature", "value"], [["a", 0.1 + 0.2], ["b", None]])
    assert node.GetTable().GetColumn(1).GetValue(0) == "0.30000000000000004"
    assert "Research use only" in node.GetDescription()
