"""Child process that segments: ``python -m PTLFPredictorLib.segmentation.worker job.json``.

The job names the CT in the work folder (``ct``), the model (``model``, as `Model.to_dict` says it with the folder
below ``base``, and ``shipped``), the wanted ``device`` and ``tta``.  The model's files are checked here, and nowhere
before.  Outputs: ``labels`` (0 background, 1 parenchyma, 2 tumour, in the CT's geometry) and ``facts`` (JSON: the
model's identity, device, software, seconds).
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from .. import child
from ..ct import write_temporary
from ..errors import PTLFError, UnusableModel, is_out_of_memory
from . import device as devices
from . import model_folder, nnunet_versions
from .model import Model
from .names import Role
from .segments import derive

if TYPE_CHECKING:
    from .nnunet import Network


def segment(job: dict[str, Any], work: Path, emit: Callable[[child.Event], None]) -> dict[str, Path]:
    progress = child.progress_of(emit)
    seconds = {}
    start = time.monotonic()
    progress("Checking the model", 0, 1)
    model = Model.from_dict(job["model"], Path(job["base"]), shipped=job["shipped"])
    checked = model_folder.verified(model.folder, model.id, model.label_roles, model.sha256)
    identity = model.identity_with(model.sha256 or model_folder.checksum(model.folder))
    cpu_s = model.measured.get("cpu_s")
    nnunet_versions.require()
    progress("Checking the model", 1, 1)
    progress("Loading the model", 0, 1)
    from .nnunet import Network

    network = Network(model.folder, job["tta"], checked)
    device = devices.choose(job["device"])
    _tell(emit, device, cpu_s if device.is_cpu else None)
    progress("Loading the model", 1, 1)
    seconds["model"] = time.monotonic() - start

    ct = sitk.ReadImage(str(work / job["ct"]))
    axes = checked.axes(model.orientation)
    oriented = sitk.DICOMOrient(ct, axes)
    labels, device = predict(network, oriented, device, emit, cpu_s)
    seconds["network"] = time.monotonic() - start - seconds["model"]
    image = in_geometry_of(ct, by_role(labels, model.label_roles), axes)
    if model.largest_organ_only:
        image = largest_organ(image)
    output = work / "labels.nrrd"
    write_temporary(image, output)
    seconds["all"] = time.monotonic() - start
    facts = {
        "model": identity,
        "device": device.name,
        "device_why": device.why,
        "configuration": network.configuration,
        "folds": len(network.folds),
        "tta": network.tta,
        "software": software(),
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
    }
    (work / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    return {"labels": output, "facts": work / "facts.json"}


def predict(
    network: Network,
    ct: sitk.Image,
    device: devices.Device,
    emit: Callable[[child.Event], None],
    estimate_s: float | None,
) -> tuple[np.ndarray, devices.Device]:
    """The model's labels, and the device that drew them: the CPU, told first, when the GPU fails on the way."""
    import torch

    def estimate(seconds: float) -> None:
        emit({"event": "estimate", "seconds": round(seconds, 1)})

    progress = child.progress_of(emit)
    try:
        if not device.is_cpu:
            try:
                return network.predict(ct, device.name, progress=progress, on_estimate=estimate), device
            except RuntimeError as error:
                device = devices.after_failure(device, error)
            with contextlib.suppress(RuntimeError):
                torch.cuda.empty_cache()
            _tell(emit, device, estimate_s)
        return network.predict(ct, device.name, progress=progress, on_estimate=estimate), device
    except (PTLFError, ImportError):
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        traceback.print_exc()
        raise UnusableModel(
            f"nnU-Net cannot apply this model: {type(error).__name__}: {' '.join(str(error).split())[:300]}. "
            "plans.json, dataset.json and weights must be of one training."
        ) from error


def _tell(emit, device: devices.Device, estimate_s: float | None) -> None:
    emit({"event": "device", "device": device.name, "why": device.why, "estimate_s": estimate_s})


def by_role(labels: np.ndarray, roles: Mapping[str, Sequence[int]]) -> np.ndarray:
    """The model's labels -> 0 background, 1 parenchyma, 2 tumour (uint8); labels without a role are background."""
    parenchyma, tumour = (np.isin(labels, roles.get(role, [])) for role in (Role.PARENCHYMA, Role.TUMOUR))
    return derive(parenchyma, tumour)


def largest_organ(image: sitk.Image) -> sitk.Image:
    """Only the largest connected piece of parenchyma and tumour together (neighbours share a face)."""
    pieces = sitk.RelabelComponent(sitk.ConnectedComponent(image > 0))
    return sitk.Mask(image, pieces == 1)


def in_geometry_of(ct: sitk.Image, labels: np.ndarray, orientation: str) -> sitk.Image:
    """An image of labels drawn on the CT as oriented for the model, brought back to the CT's own axes."""
    image = sitk.GetImageFromArray(labels)
    image.CopyInformation(sitk.DICOMOrient(ct, orientation))
    own = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(ct.GetDirection())
    image = sitk.DICOMOrient(image, own)
    image.CopyInformation(ct)
    return image


def software() -> dict[str, str]:
    """Versions of what the label map depends on."""
    from importlib.metadata import version

    names = ("torch", "nnunetv2", "dynamic-network-architectures", "numpy", "scipy", "SimpleITK")
    return {"python": sys.version.split()[0], **{name: version(name) for name in names}}


if __name__ == "__main__":
    child.serve(segment)
