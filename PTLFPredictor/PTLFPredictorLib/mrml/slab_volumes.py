"""CT volumes in slabs: a node of its own beside the thin slices that it was averaged from.

What one sees is what is computed.  The node says how it was made and of what; neither is believed: the slices are
averaged again and compared, voxel by voxel.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import SimpleITK as sitk

from ..ct import CT, Finding, same_geometry, slabs
from ..ct.slabs import Plan
from ..json_text import loads
from . import volumes
from .header import SLICES_OF, uids_of

PLAN = "PTLF.Slabs"
"""Attribute of a volume node: the plan of its slabs, as JSON."""

SLICES = "PTLF.Slices"
"""Reference from a volume node in slabs to the one that it was averaged from."""

SLICES_GONE = (
    " The CT that they were averaged from is no longer in the scene, or has other voxels now: that these are its slabs "
    "cannot be shown."
)


def add(image: sitk.Image, plan: Plan, slices):
    """A volume node of the canonical CT of another node, `slices`, averaged by `plan`."""
    volume = volumes.add_volume(slabs.apply_ct(image, plan), "CT in slabs")  # the other's name may be the patient's
    volume.SetAttribute(PLAN, json.dumps(plan.to_dict(), sort_keys=True))
    volume.SetNodeReferenceID(SLICES, slices.GetID())
    if uids := uids_of(slices):
        volume.SetAttribute(SLICES_OF, " ".join(uids))
    return volume


def plan_of(volume) -> Plan | None:
    """How a volume says that its slabs were made."""
    text = volume.GetAttribute(PLAN)
    if not text:
        return None
    try:
        plan = Plan.from_dict(loads(text))
        return plan if plan.slabs == volume.GetImageData().GetDimensions()[2] and slabs.finding(plan) else None
    except (ValueError, TypeError, KeyError, ArithmeticError, IndexError, AttributeError):
        return None


def slices_of(volume):
    """The node of the slices that a volume says it was averaged from; None where there is none."""
    return volume.GetNodeReference(SLICES) if plan_of(volume) is not None else None


def are_of(image: sitk.Image, plan: Plan, slices: sitk.Image) -> bool:
    """Whether an image holds what `slices` give when they are averaged by `plan`; both canonical, of one clip range."""
    try:
        made = slabs.apply_ct(slices, plan)
    except (ValueError, TypeError, ArithmeticError, IndexError, RuntimeError):
        return False  # a plan that is not for these slices
    arrays = (sitk.GetArrayViewFromImage(one) for one in (made, image))
    return same_geometry(made, image) and np.array_equal(*arrays)


def without_slices(found: CT, plan: Plan) -> CT:
    """A CT that says that it is in slabs, with nothing to show it by."""
    told = slabs.finding(plan)
    told = Finding(told.code, told.level, told.message + SLICES_GONE, told.values)
    return replace(found, findings=(*found.findings, told), slabs=plan)
