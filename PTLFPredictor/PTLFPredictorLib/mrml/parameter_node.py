"""A typed value in the scene: a dataclass kept in one singleton vtkMRMLScriptedModuleNode.

Each field is a parameter of JSON text.  JSON writes a float by its shortest exact representation, so numbers come
back bit by bit, which a table node's six digits do not.  References to nodes are node references, which MRML
renames on import.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any, TypeVar

import slicer

Value = TypeVar("Value")

PREFIX = "PTLF."


def parameter_node(tag: str):
    """The scene's one parameter node, made where it is missing."""
    node = slicer.mrmlScene.GetSingletonNode(tag, "vtkMRMLScriptedModuleNode")
    if node is None:
        node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
        node.UnRegister(None)
        node.SetSingletonTag(tag)
        node.SetName(tag)
        node = slicer.mrmlScene.AddNode(node)
    if node.GetAttribute("ModuleName") != tag:  # closing the scene keeps the node and empties it
        node.SetAttribute("ModuleName", tag)
    return node


def save(node, value) -> None:
    """Write the fields of a dataclass that differ from what the node holds, as one modification."""
    modified = node.StartModify()
    try:
        for item in fields(value):
            text = json.dumps(getattr(value, item.name), ensure_ascii=False, sort_keys=True)
            if node.GetParameter(PREFIX + item.name) != text:
                node.SetParameter(PREFIX + item.name, text)
    finally:
        node.EndModify(modified)


def load(node, default: Value) -> Value:
    """A dataclass from the node; a field that the node has not (an older scene) is that of `default`."""
    return replace(default, **read(node, [item.name for item in fields(default)]))


def read(node, names: Iterable[str]) -> dict[str, Any]:
    """Parameters by name, as far as the node has them."""
    names = list(names)
    return {name: json.loads(text) for name, text in zip(names, texts(node, names), strict=True) if text}


def texts(node, names: Iterable[str]) -> tuple[str, ...]:
    """Parameters as they stand in the node, "" for one that it has not."""
    return tuple(node.GetParameter(PREFIX + name) for name in names)


def forget(node, names: Iterable[str]) -> None:
    """Take parameters of an earlier version away."""
    for name in names:
        node.UnsetParameter(PREFIX + name)


def refer(node, role: str, other) -> None:
    node.SetNodeReferenceID(role, other.GetID() if other is not None else None)


def referred(node, role: str):
    return node.GetNodeReference(role)
