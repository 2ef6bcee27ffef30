"""What one segmentation is: ``python -m PTLFPredictorLib.segmentation.worker job.json``.

The job names the CT in the work folder (``ct``), the model (``model``, as `Model.to_dict` says it with the folder
below ``base``, and ``shipped``), and ``how`` it draws (`How.to_dict`).  The model's files are checked here, and nowhere
before.  Outputs: ``labels`` (0 background, 1 parenchyma, 2 tumour, in the CT's geometry) and ``facts`` (JSON: the
model's identity, device, software, seconds, and of each step where it looked and what it drew).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from .. import child
from ..ct import write_temporary
from ..errors import Cancelled, is_out_of_memory
from ..progress import Progress
from . import chain, effort, model_folder, nnunet_versions, price
from . import device as devices
from .effort import CHECKING, FINISHING, LOADING, WRITING
from .how import How, Runtime
from .model import Model
from .model_steps import Step, chain_sha256
from .names import Role
from .networks import Networks
from .origin import drawn_otherwise
from .runtime.choice import Choice, cannot, choose, device_for, said
from .segments import by_role
from .user_models import using

if TYPE_CHECKING:
    from .network import Drawing, Network

Emit = Callable[[child.Event], None]


def draw(job: Mapping[str, Any], work: Path, emit: Emit, networks: Networks) -> dict[str, Path]:
    """One job.

    Parameters
    ----------
    job : mapping
    work : Path
        Folder of this job alone: its CT, and its outputs.
    emit : callable
        Told progress, ``device``, ``work``, ``estimate`` and ``notice`` events.
    networks : Networks
        Verifies and loads; a process may keep them for the next job.
    """
    model = Model.from_dict(job["model"], Path(job["base"]), shipped=job["shipped"])
    with using(model.folder):
        return _draw(model, job, work, emit, networks)


def _draw(model: Model, job: Mapping[str, Any], work: Path, emit: Emit, networks: Networks) -> dict[str, Path]:
    start = time.monotonic()
    found = _verified(model, networks, emit)
    how = How.from_dict(job["how"])
    run = Run(networks, emit, device_for(how), dict(model.measured), how, model.id)
    run.tell_device()
    for step in model.steps:
        run.choose(step)  # what cannot be is said before anything is drawn
    run.seconds["model"] = time.monotonic() - start
    ct = sitk.ReadImage(str(work / job["ct"]))
    emit({"event": "work", "text": price.words(model, ct.GetSize(), ct.GetSpacing(), how)})
    if choice := price.otherwise(model, how):
        run.notice(price.notice(choice))
    image, told = run_steps(run, model.steps, ct)
    if far := run.far_from_torch:
        choice |= {"runtime": Runtime.OPENVINO}
        run.notice(far)
    identity = found.identity_with(found.sha256)
    child.progress_of(emit)(WRITING, 0, 1)
    output = work / "labels.nrrd"
    write_temporary(image, output)
    facts = {
        "model": {**identity, "weights_sha256": drawn_otherwise(identity["weights_sha256"], choice)},
        "device": run.device.name,
        "device_why": run.device.why,
        "steps": told,
        "notices": run.notices,
        "software": software(run.runtimes),
        "seconds": {name: round(s, 2) for name, s in (*run.seconds.items(), ("all", time.monotonic() - start))},
    }
    (work / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    return {"labels": output, "facts": work / "facts.json"}


def _verified(model: Model, networks: Networks, emit: Emit) -> Model:
    """The model with the checksums that its files were found to have."""
    progress, steps = child.progress_of(emit), []
    networks.keep_only(model.steps)
    for done, step in enumerate(model.steps):
        progress(CHECKING, done, len(model.steps))
        steps.append(replace(step, sha256=networks.verify(model.id, step)))
    nnunet_versions.require()
    progress(CHECKING, len(steps), len(steps))
    if not model.chain:
        return replace(model, sha256=steps[0].sha256)
    return replace(model, sha256=chain_sha256(steps), chain=tuple(steps))


@dataclass
class Run:
    """One job on its way: the device that it runs on, what was told, and the time that went by."""

    networks: Networks
    emit: Emit
    device: devices.Device
    measured: Mapping[str, Any]
    how: How = field(default_factory=How)
    model: str = ""
    runtimes: dict[str, Choice] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=lambda: {"model": 0.0, "network": 0.0})

    def tell_device(self) -> None:
        estimate = self.measured.get("cpu_s" if self.device.is_cpu else "gpu_s")
        event = {"event": "device", "device": self.device.name, "why": self.device.why, "estimate_s": estimate}
        self.emit(event)

    def notice(self, sentence: str) -> None:
        """What the network does otherwise, e.g. with less memory."""
        self.notices.append(sentence)
        self.emit({"event": "notice", "message": sentence})

    def estimate(self, seconds: float) -> None:
        self.emit({"event": "estimate", "seconds": round(seconds, 1)})

    def choose(self, step: Step) -> Choice:
        """What computes a step; told once: of OpenVINO when it can (`_network`)."""
        if step.name not in self.runtimes:
            found = choose(self.how, self.device, self.networks.converted_key(step), self.model)
            self.runtimes[step.name] = found
            if found.runtime is not Runtime.OPENVINO:
                self._tell_runtime(step, found)
        return self.runtimes[step.name]

    @property
    def far_from_torch(self) -> str:
        """That what OpenVINO drew is not as near to torch's as would be taken by itself; "" where it is."""
        found = [one.found for one in self.runtimes.values() if one.found is not None]
        compared = [converted.comparison(self.how.precision) for converted in found]
        words = next((one.words for one in compared if one is not None and not one.is_close), "")
        return words and f"OpenVINO drew, and its masks count as another model's than PyTorch's: {words}"

    def _tell_runtime(self, step: Step, found: Choice) -> None:
        if found.runtime is Runtime.OPENVINO and found.why:
            self.notices.append(found.why)
        if found.why:
            event = {"step": step.name, "runtime": found.runtime, "precision": self.how.precision, "text": found.why}
            self.emit({"event": "runtime", **event})

    def _network(self, step: Step, progress: Progress) -> Network:
        """Loaded; where OpenVINO was asked for, converted and compared before; torch's where OpenVINO, taken by
        itself, cannot draw."""
        found = self.choose(step)
        if found.runtime is not Runtime.OPENVINO:
            return self._got(step, found)
        if found.found is None:
            made = self.networks.convert(step, progress)
            found = replace(found, found=made, why=said(made, self.how.precision))
        try:
            network = self._got(step, found)
            network.load()
        except Cancelled:
            raise
        except Exception as error:
            if is_out_of_memory(error) or self.how.runtime is not Runtime.AUTO:
                raise
            found = cannot(self.how, error)
            network = self._got(step, found)
        self.runtimes[step.name] = found
        self._tell_runtime(step, found)
        return network

    def _got(self, step: Step, found: Choice) -> Network:
        return self.networks.get(step, replace(self.how.on(self.device.name), runtime=found.runtime), found.found)

    def predict(self, step: Step, ct: sitk.Image, progress: Progress) -> Drawing:
        """What the step's network draws; where a GPU failed on the way, what follows is drawn where this was."""
        start = time.monotonic()
        progress(LOADING, 0, 1)
        network = self._network(step, progress)
        progress(LOADING, 1, 1)
        loaded = time.monotonic()
        wanted = sorted(label for labels in step.label_roles.values() for label in labels)
        organ = wanted if step.label_roles.get(Role.PARENCHYMA) else []  # a lesion lies far from another one
        told = {"progress": progress, "on_estimate": self.estimate, "on_notice": self.notice}
        drawing = network.predict(ct, organ=organ, wanted=wanted, **told)
        self.seconds["model"] += loaded - start
        self.seconds["network"] += time.monotonic() - loaded
        if drawing.settings["device"] != self.device.name:
            self.device = devices.Device(drawing.settings["device"], self.notices[-1])
        return drawing


def run_steps(run: Run, steps: Sequence[Step], ct: sitk.Image) -> tuple[sitk.Image, list[dict[str, Any]]]:
    """What all steps draw, and what is to be told of each; one with nothing to look at does not run."""
    drawn: dict[str, sitk.Image] = {}
    told: list[dict[str, Any]] = []
    for number, step in enumerate(steps, start=1):
        if why := chain.why_not(step, steps[number:], drawn):
            told.append({"name": step.name, "title": step.title, "skipped": why})
            continue
        box = None if step.crop is None else chain.box_around(drawn[step.crop.of], step.crop.margin_mm)
        progress = child.progress_of(run.emit)
        if len(steps) > 1:
            progress = _named(progress, step, number, len(steps))
        image, facts = _run_step(run, step, ct if box is None else chain.cut(ct, box), progress)
        if box is not None:
            image = chain.put_back(image, box, ct)
            facts |= {"box": box.to_list(), "crop": {"of": step.crop.of, "margin_mm": step.crop.margin_mm}}
        drawn[step.name] = image
        told.append(facts)
    if len(steps) == 1:
        return drawn[steps[0].name], told
    labels, fates = chain.join(list(drawn.values()))
    for facts, fate in zip((one for one in told if "skipped" not in one), fates, strict=True):
        facts |= asdict(fate)
    return labels, told


def _run_step(run: Run, step: Step, ct: sitk.Image, progress: Progress) -> tuple[sitk.Image, dict[str, Any]]:
    """What one network draws (0, 1, 2 in the CT's geometry), and what is to be told of it."""
    start = time.monotonic()
    facts = run.networks.facts(step)
    axes = facts.axes(step.orientation)
    run.notices += facts.notes
    drawing = run.predict(step, sitk.DICOMOrient(ct, axes), progress)
    progress(FINISHING, 0, 1)
    image = in_geometry_of(ct, by_role(drawing.labels, step.label_roles), axes)
    if step.largest_organ_only:
        image = largest_organ(image)
    return image, {
        "name": step.name,
        "title": step.title,
        "weights_sha256": model_folder.weights_sha256(step.folder, step.folds),
        "volumes_ml": chain.volumes_ml(image, step),
        "device": run.device.name,
        "seconds": round(time.monotonic() - start, 2),
        "settings": {**drawing.settings, "largest_organ_only": step.largest_organ_only},
    }


def _named(progress: Progress, step: Step, number: int, count: int) -> Progress:
    """Stages that name the step."""
    return lambda stage, done, total: progress(effort.named(stage, step, number, count), done, total)


def largest_organ(image: sitk.Image) -> sitk.Image:
    """Only the largest connected piece of parenchyma and tumour together (neighbours share a face)."""
    box = chain.box_around(image, 0)
    if box is None:
        return image
    part = chain.cut(image, box)
    pieces = sitk.RelabelComponent(sitk.ConnectedComponent(part > 0))
    return chain.put_back(sitk.Mask(part, pieces == 1), box, image)


def in_geometry_of(ct: sitk.Image, labels: np.ndarray, orientation: str) -> sitk.Image:
    """An image of labels drawn on the CT as oriented for the model, brought back to the CT's own axes."""
    image = sitk.GetImageFromArray(labels)
    own = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(ct.GetDirection())
    if own != orientation:
        image.CopyInformation(sitk.DICOMOrient(ct, orientation))
        image = sitk.DICOMOrient(image, own)
    image.CopyInformation(ct)
    return image


def software(runtimes: Mapping[str, Choice]) -> dict[str, str]:
    """Versions of what the label map depends on."""
    from importlib.metadata import version

    names = ["torch", "nnunetv2", "dynamic-network-architectures", "numpy", "scipy", "SimpleITK"]
    names += ["openvino"] if any(one.runtime is Runtime.OPENVINO for one in runtimes.values()) else []
    return {"python": sys.version.split()[0], **{name: version(name) for name in names}}


if __name__ == "__main__":
    child.serve(draw, Networks)
