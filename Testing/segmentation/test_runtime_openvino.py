"""OpenVINO as a runtime: what was converted draws what torch draws, is kept whole, and is never taken in silence."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk

from PTLFPredictorLib.child.system import CORES
from PTLFPredictorLib.errors import BadInput, Cancelled, MissingDependency, UnusableModel
from PTLFPredictorLib.segmentation import device as devices
from PTLFPredictorLib.segmentation import find_model, model_folder
from PTLFPredictorLib.segmentation.how import How, Precision, Runtime
from PTLFPredictorLib.segmentation.network import Box, Network
from PTLFPredictorLib.segmentation.networks import Networks
from PTLFPredictorLib.segmentation.run import write_job
from PTLFPredictorLib.segmentation.runtime import (
    beforehand,
    choice,
    compiled,
    conversion,
    converted,
    forget_model,
    prepare_model,
)
from PTLFPredictorLib.segmentation.runtime.network import CompiledNetwork
from PTLFPredictorLib.segmentation.segments import by_role
from PTLFPredictorLib.segmentation.worker import draw
from random_models import TINY, phantom, write_model

torch = pytest.importorskip("torch", reason="torch is not installed: './ptlf test' installs it")
pytest.importorskip("nnunetv2", reason="nnunetv2 is not installed: './ptlf test' installs it")
pytest.importorskip("openvino", reason="OpenVINO is not installed: './ptlf test' installs it")

CPU = devices.Device("cpu", "chosen")
GPU = devices.Device("cuda:0", "a GPU")
ON_OPENVINO = How("cpu", runtime="openvino")


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setenv(CORES, "1")


@pytest.fixture(scope="module")
def ct() -> sitk.Image:
    return phantom((40, 40, 30), (2.0, 2.0, 3.0))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Two folds that mirror along two axes."""
    kind = replace(TINY, folds=("0", "1"), mirror_axes=(0, 2))
    folder = write_model(tmp_path_factory.mktemp("model") / "Dataset999_Random__nnUNetPlans__3d_fullres", kind)
    return find_model(folder)


def run_job(ct, model, work, how, networks=None):
    work.mkdir()
    told = []
    outputs = draw(write_job(ct, model, work, how), work, told.append, networks or Networks())
    return json.loads(outputs["facts"].read_text()), sitk.ReadImage(str(outputs["labels"])), told


@pytest.fixture(scope="module")
def asked_for(model, ct, tmp_path_factory):
    """The first job that asks for OpenVINO: what it wrote and told, and the networks that it loaded."""
    networks = Networks()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CORES, "1")
        patch.setenv("PTLF_DATA", str(tmp_path_factory.mktemp("data")))
        patch.setattr(conversion.Sample, "own", classmethod(lambda cls: cls(ct, "a phantom")))
        facts, _, told = run_job(ct, model, tmp_path_factory.mktemp("job") / "work", ON_OPENVINO, networks)
        yield facts, told, networks.converted_key(model.steps[0])


@pytest.fixture(scope="module")
def made(asked_for):
    """The model's only step, converted and compared on the phantom."""
    return converted.find(asked_for[2])


@pytest.fixture
def kept(made, tmp_path, monkeypatch):
    """The same in a folder of this test alone."""
    monkeypatch.setenv("PTLF_DATA", str(tmp_path / "data"))
    shutil.copytree(made.folder, converted.base() / made.folder.name)
    return converted.find(made.folder.name)


def key_of(model) -> str:
    networks = Networks()
    networks.verify(model.id, model.steps[0])
    return networks.converted_key(model.steps[0])


def facts_of(model):
    return model_folder.check(model.folder)


@pytest.mark.parametrize(
    ("mirroring", "box", "cores"),
    [
        ("none", None, "1"),
        ("left-right", Box((3, 4, 2), (33, 30, 24)), "3"),
        pytest.param("all", Box((3, 4, 2), (33, 30, 24)), "3", marks=pytest.mark.slow),
    ],
)
def test_a_converted_network_draws_what_torch_draws(model, made, ct, mirroring, box, cores, monkeypatch):
    how = How("cpu", mirroring=mirroring)
    theirs = Network(facts_of(model), how=how).predict(ct, box=box)
    monkeypatch.setenv(CORES, cores)
    ours = CompiledNetwork(made, how).predict(ct, box=box)
    assert np.count_nonzero(theirs.labels) > 1000
    assert np.count_nonzero(ours.labels != theirs.labels) <= 1e-4 * ours.labels.size
    of_runtime = ("runtime",)
    assert {k: v for k, v in ours.settings.items() if k not in of_runtime} == {
        k: v for k, v in theirs.settings.items() if k not in of_runtime
    }
    assert theirs.settings["runtime"] == {"name": "torch", "version": torch.__version__, "precision": "f32"}
    assert ours.settings["runtime"]["name"] == "openvino"
    assert ours.settings["runtime"]["version"] == compiled.installed()
    json.dumps(ours.settings)


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    [
        replace(TINY, regions_class_order=[1, 2], labels={"background": 0, "liver": [1, 2], "tumour": 2}),
        replace(TINY, splines=True, spacing=(12.0, 3.0, 3.0), normalization="ZScoreNormalization"),
        replace(TINY, residual=True, transposed=(2, 0, 1)),
    ],
    ids=["regions", "splines of thick slices", "residual, transposed"],
)
def test_every_kind_of_network_is_converted(kind, ct, tmp_path, monkeypatch):
    monkeypatch.setenv("PTLF_DATA", str(tmp_path / "data"))
    model = find_model(write_model(tmp_path / "model", kind))
    found = prepare_model(model, sample=conversion.Sample(ct, "a phantom"))[0]
    compared = found.comparison(Precision.F32)
    assert compared.drawn > 100
    assert compared.differ <= 1e-3 * compared.voxels
    assert min(compared.dice.values()) > 0.99


def test_what_differs_is_counted_by_voxels_and_dice_of_each_role_and_said(model, made, ct):
    compared = made.comparison(Precision.F32)
    how = How("cpu", mirroring="none")
    theirs, ours = (one.predict(ct).labels for one in (Network(facts_of(model), how=how), CompiledNetwork(made, how)))
    assert compared.differ == np.count_nonzero(theirs != ours)
    assert compared.drawn == np.count_nonzero(theirs)
    assert compared.voxels == theirs.size
    for role, label in (("parenchyma", 1), ("tumor", 2)):
        both = ((theirs == label) & (ours == label)).sum()
        assert compared.dice[role] == pytest.approx(2 * both / ((theirs == label).sum() + (ours == label).sum()))
    assert compared.words.startswith(f"{compared.differ} of {compared.voxels:,} voxels have another label than with")
    assert compared.words.endswith("measured on a phantom.")
    assert compared.undrawn == ()
    assert replace(compared, undrawn=("tumor",)).words.endswith("measured on a phantom. Neither drew the tumour there.")


def test_of_a_ct_without_lesions_openvino_is_not_taken_for_lesions(model, ct, tmp_path, monkeypatch):
    monkeypatch.setenv("PTLF_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(conversion, "by_role", lambda labels, roles: (by_role(labels, roles) == 1).astype(np.uint8))
    (found,) = prepare_model(model, sample=conversion.Sample(ct, "a CT without lesions"))
    compared = found.comparison(Precision.F32)
    assert (compared.undrawn, list(compared.dice)) == (("tumor",), ["parenchyma"])
    assert not compared.is_close


def test_of_a_large_network_the_middle_alone_is_compared(made, ct):
    """27 tiles at most on the whole CT; else eight, which overlap by half."""
    planned = made.planned
    assert conversion._middle(ct, planned, 1, 0.5) is None
    many = phantom((150, 150, 60), (2.0, 2.0, 3.0))
    box = conversion._middle(many, planned, 1, 0.5)
    assert box.checked(many.GetSize()).size == (72, 72, 24)  # one and a half tiles of 96, 96 and 48 mm
    assert CompiledNetwork(made, How("cpu", mirroring="none")).predict(many, box=box).settings["tiles"] == 8 * 2


# What is kept


def test_an_entry_lies_in_the_users_data_and_comes_back_as_it_was(kept, made):
    assert kept.folder.parent == converted.base()
    assert replace(kept, folder=made.folder) == made
    assert np.array_equal(kept.gaussian(), made.gaussian())
    assert kept.is_of_here


@pytest.mark.parametrize("file", ["fold_1.bin", "fold_0.xml", "gaussian.npy", "facts.json"])
@pytest.mark.parametrize("harm", ["changed", "cut", "gone"])
def test_a_broken_entry_is_none(kept, file, harm):
    path = kept.folder / file
    data = path.read_bytes()
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(data[: len(data) // 2] if harm == "cut" else data[:-9] + b"!" + data[-8:])
    assert converted.find(kept.folder.name) is None


@pytest.mark.slow
def test_a_broken_entry_is_made_anew(kept, model, ct):
    (kept.folder / "fold_1.bin").write_bytes(b"")
    prepare_model(model, sample=conversion.Sample(ct, "a phantom"))
    assert converted.find(kept.folder.name).is_of_here
    assert [path.name for path in converted.base().iterdir()] == [kept.folder.name]


def test_two_that_keep_the_same_at_once_leave_one_whole_entry(kept):
    failed = []

    def keep_again() -> None:
        try:
            with converted.making(kept.folder.name) as folder:
                shutil.copytree(made_from, folder, dirs_exist_ok=True)
                (folder / "facts.json").unlink()
                converted.keep(replace(kept, folder=folder))
        except Exception as error:
            failed.append(error)

    made_from = kept.folder.parent.parent / "copy"
    shutil.copytree(kept.folder, made_from)
    threads = [threading.Thread(target=keep_again) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert converted.find(kept.folder.name) == kept


def test_other_files_other_folds_and_another_configuration_are_other_entries(model):
    one = converted.key_of("a" * 64, "", ())
    others = {converted.key_of("b" * 64, "", ()), converted.key_of("a" * 64, "", ("0",))}
    others.add(converted.key_of("a" * 64, "3d_lowres", ()))
    assert one not in others
    assert len(others) == 3
    assert one == converted.key_of("a" * 64, "", [])


def test_what_was_converted_can_be_forgotten(kept, model):
    forget_model(model)
    assert converted.find(kept.folder.name) is None
    assert not kept.folder.exists()


def test_a_folder_that_cannot_be_written_to_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PTLF_DATA", str(tmp_path / "file"))
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be written to"), converted.making("key"):
        pass


# What computes


def test_by_itself_openvino_is_taken_only_on_the_cpu_where_this_model_was_converted_and_compared_here(kept, model):
    key = key_of(model)
    taken = choice.choose(How("cpu"), CPU, key, "mine")
    assert (taken.runtime, taken.found) == (Runtime.OPENVINO, kept)
    assert taken.why.startswith(f"OpenVINO {compiled.installed()} draws, in f32. ")
    assert "voxels have another label than with torch" in taken.why
    assert choice.choose(How("cuda:0"), GPU, key, "mine") == choice.Choice(Runtime.TORCH)
    assert choice.choose(How("cpu", runtime="torch"), CPU, key, "mine") == choice.Choice(Runtime.TORCH)
    other = choice.choose(How("cpu"), CPU, converted.key_of("f" * 64, "", ()), "mine")
    assert other.runtime is Runtime.TORCH
    assert "not converted for OpenVINO on this computer: 'ptlf models convert mine'" in other.why


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"processor": {"name": "another", "flags": ""}}, "compared on another processor"),
        ({"openvino": "2001.1"}, "another OpenVINO"),
        ({"differ": 9, "dice": {"parenchyma": 0.998}}, "too much"),
        ({"drawn": 999}, "too little was drawn"),
        ({"dice": {"parenchyma": 1.0}, "undrawn": ("tumor",)}, "Neither drew the tumour there"),
    ],
)
def test_by_itself_torch_draws_where_the_comparison_does_not_hold_here(kept, model, changed, words):
    of_entry = {name: changed[name] for name in changed.keys() & {"processor", "openvino"}}
    of_comparison = {name: changed[name] for name in changed.keys() - of_entry.keys()}
    comparisons = tuple(replace(one, **of_comparison) for one in kept.comparisons)
    other = replace(kept, comparisons=comparisons, **of_entry)
    converted.keep(other)
    found = choice.choose(How("cpu"), CPU, key_of(model), "mine")
    assert found.runtime is Runtime.TORCH
    assert words in found.why


def test_a_damaged_conversion_is_said_to_be_one(kept, model):
    for file, was in (("fold_1.bin", b""), ("facts.json", b"{")):
        (kept.folder / file).write_bytes(was)
        found = choice.choose(How("cpu"), CPU, key_of(model), "mine")
        assert found.runtime is Runtime.TORCH
        assert "The converted files are damaged: convert again with 'ptlf models convert mine'." in found.why
        assert choice.choose(ON_OPENVINO, CPU, key_of(model), "mine").found is None  # made anew
    (kept.folder / "facts.json").write_text('{"schema": 0}')  # another version's
    assert "was not converted" in choice.choose(How("cpu"), CPU, key_of(model), "mine").why


def test_before_a_run_it_is_said_whether_openvino_draws_and_what_differed(kept, model):
    known = replace(model, sha256=model_folder.checksum(model.folder))
    for runtime in ("auto", "openvino"):
        said = beforehand.words(known, How(runtime=runtime), "cpu")
        assert said.startswith(f"OpenVINO {compiled.installed()} draws, in f32.")
        assert "measured on a phantom. It was converted on this computer." in said
    assert beforehand.words(known, How(), "cuda:0") == beforehand.words(known, How(runtime="torch"), "cpu") == ""
    state = beforehand.state(known)
    forget_model(model)
    assert beforehand.state(known) != state
    assert beforehand.words(known, ON_OPENVINO, "cpu") == beforehand.FIRST
    assert "was not converted for OpenVINO on this computer" in beforehand.words(known, How(), "cpu")
    unread = replace(model, sha256="")
    assert (beforehand.words(unread, ON_OPENVINO, ""), beforehand.words(unread, How(), "cpu")) == (
        beforehand.UNKNOWN,
        "",
    )


def test_where_it_was_asked_for_openvino_computes_on_the_cpu_alone(monkeypatch):
    assert choice.device_for(How(runtime="openvino")).name == "cpu"
    with pytest.raises(BadInput, match="OpenVINO computes on the CPU here, not on cuda:0"):
        choice.device_for(How("cuda:0", runtime="openvino"))
    monkeypatch.setattr(choice, "installed", lambda: "")
    with pytest.raises(MissingDependency, match="OpenVINO is not installed"):
        choice.device_for(How(runtime="openvino"))


def test_bf16_needs_a_processor_that_has_it_and_openvino(kept, model, monkeypatch):
    asked = How("cpu", precision="bf16")
    monkeypatch.setattr(compiled, "cpu_flags", lambda: frozenset({"avx512f", "avx2"}))
    assert compiled.precisions() == ("f32",)
    with pytest.raises(BadInput, match="does not compute in bf16"):
        choice.device_for(asked)
    for flag in ("avx512_bf16", "amx_bf16"):
        monkeypatch.setattr(compiled, "cpu_flags", lambda flag=flag: frozenset({flag}))
        assert compiled.precisions() == ("f32", "bf16")
        assert choice.device_for(asked).name == "cpu"
    with pytest.raises(BadInput, match="precision of OpenVINO"):
        choice.device_for(replace(asked, runtime=Runtime.TORCH))
    with pytest.raises(BadInput, match="precision of OpenVINO"):
        choice.choose(asked, GPU, key_of(model), "mine")
    with pytest.raises(BadInput, match=r"compared on another processor.*bf16 is a precision"):
        choice.choose(asked, CPU, key_of(model), "mine")  # bf16 was not compared
    rough = replace(kept.comparisons[0], precision=Precision.BF16, dice={"parenchyma": 0.99})
    converted.keep(replace(kept, comparisons=(*kept.comparisons, rough)))
    found = choice.choose(asked, CPU, key_of(model), "mine")
    assert found.runtime is Runtime.OPENVINO
    assert "draws, in bf16." in found.why
    assert "0.9900" in found.why


# A job


def test_a_job_says_in_events_and_record_that_openvino_draws_and_what_that_changes(kept, model, ct, tmp_path):
    facts, _, told = run_job(ct, model, tmp_path / "auto", How("cpu"))
    (said,) = [event for event in told if event["event"] == "runtime"]
    assert said["runtime"] == "openvino"
    assert kept.comparisons[0].words[4:] in said["text"]
    runtime = facts["steps"][0]["settings"]["runtime"]
    assert (runtime["name"], runtime["version"], runtime["precision"]) == ("openvino", compiled.installed(), "f32")
    assert runtime["compared"]["differ"] == kept.comparisons[0].differ
    assert runtime["compared"]["of"] == "a phantom"
    assert facts["software"]["openvino"] == compiled.installed()
    assert facts["notices"] == [said["text"]]  # what a report says of the run


@pytest.mark.slow
def test_a_job_with_torch_tells_of_no_openvino(kept, model, ct, tmp_path):
    with_torch, _, told = run_job(ct, model, tmp_path / "torch", How("cpu", runtime="torch"))
    assert "openvino" not in with_torch["software"]
    assert not [event for event in told if event["event"] == "runtime"]


@pytest.mark.parametrize("error", [ImportError("libtbb.so"), RuntimeError("no such instruction")])
def test_openvino_that_cannot_be_loaded_draws_nothing_by_itself_and_is_an_error_where_it_was_asked_for(
    kept, model, ct, tmp_path, monkeypatch, error
):
    class Broken:
        def find_spec(self, name, *_):
            if name == "openvino":
                raise error

    monkeypatch.delitem(sys.modules, "openvino", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    monkeypatch.setattr(compiled, "installed", lambda: kept.openvino)
    for module in (choice, converted):
        monkeypatch.setattr(module, "installed", lambda: kept.openvino)
    facts, labels, told = run_job(ct, model, tmp_path / "auto", How("cpu"))
    (said,) = [event for event in told if event["event"] == "runtime"]
    assert said["runtime"] == "torch"
    assert said["text"].startswith("PyTorch draws. OpenVINO was to draw, but cannot: OpenVINO is installed, but cannot")
    assert str(error) in said["text"]
    assert facts["steps"][0]["settings"]["runtime"]["name"] == "torch"
    assert "openvino" not in facts["software"]
    assert sitk.GetArrayViewFromImage(labels).any()
    with pytest.raises(MissingDependency, match="is installed, but cannot be loaded here") as refused:
        run_job(ct, model, tmp_path / "asked", ON_OPENVINO)
    assert refused.value.exit_code == 3


def test_a_network_that_does_not_compile_is_drawn_by_torch_unless_openvino_was_asked_for(
    kept, model, ct, tmp_path, monkeypatch
):
    (kept.folder / "fold_1.xml").write_text("<net>")
    converted.keep(kept)  # its checksums hold
    facts, _, told = run_job(ct, model, tmp_path / "auto", How("cpu"))
    assert [event["runtime"] for event in told if event["event"] == "runtime"] == ["torch"]
    assert facts["steps"][0]["settings"]["runtime"]["name"] == "torch"
    with pytest.raises(UnusableModel, match="OpenVINO cannot compile the network") as refused:
        run_job(ct, model, tmp_path / "asked", ON_OPENVINO)
    assert refused.value.exit_code == 5

    def stop(*_):
        raise Cancelled

    monkeypatch.setattr(CompiledNetwork, "load", stop)
    with pytest.raises(Cancelled):
        run_job(ct, model, tmp_path / "cancelled", How("cpu"))


def stages_of(told) -> set[str]:
    return {event["stage"] for event in told if event["event"] == "progress"}


def test_a_network_that_was_not_converted_is_where_openvino_was_asked_for(asked_for, kept, model, ct, tmp_path):
    facts, told, _ = asked_for
    assert {conversion.CONVERTING, conversion.COMPARING} <= stages_of(told)
    assert [event["runtime"] for event in told if event["event"] == "runtime"] == ["openvino"]
    assert facts["steps"][0]["settings"]["runtime"]["compared"]["of"] == "a phantom"
    _, _, told = run_job(ct, model, tmp_path / "again", ON_OPENVINO)
    assert not {conversion.CONVERTING, conversion.COMPARING} & stages_of(told)


def test_masks_far_from_torchs_count_as_another_models(kept, model, ct, tmp_path):
    """Such a network is not taken by itself; who asks is told, and evidence on torch's masks is none here."""
    near, _, _ = run_job(ct, model, tmp_path / "near", ON_OPENVINO)
    far_off = replace(kept.comparisons[0], dice={"parenchyma": 0.99})
    converted.keep(replace(kept, comparisons=(far_off,)))
    far, _, told = run_job(ct, model, tmp_path / "far", ON_OPENVINO)
    assert near["model"]["weights_sha256"] == model.weights_sha256
    assert far["model"]["weights_sha256"] != model.weights_sha256
    sentence = "OpenVINO drew, and its masks count as another model's than PyTorch's"
    assert [event["message"] for event in told if event["event"] == "notice" and sentence in event["message"]]
    assert [notice for notice in far["notices"] if sentence in notice]


def test_a_network_that_openvino_cannot_take_is_an_unusable_model_here(model, ct, tmp_path, monkeypatch):
    import openvino

    def cannot(*_, **__):
        raise RuntimeError("No conversion rule for aten::new_thing")

    monkeypatch.setenv("PTLF_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(openvino, "convert_model", cannot)
    with pytest.raises(
        UnusableModel, match=r"cannot convert the network; PyTorch draws with it.*aten::new_thing"
    ) as told:
        run_job(ct, model, tmp_path / "job", ON_OPENVINO)
    assert told.value.exit_code == 5
    assert not converted.base().exists()


@pytest.mark.parametrize("full", ["before", "while it is written", "unsaid"])
def test_a_full_disk_is_said_and_nothing_stays(model, ct, tmp_path, monkeypatch, full):
    import openvino

    def save_model(_, path, **__):
        path.write_text("half")
        path.with_suffix(".bin").write_bytes(b"half")
        if full != "unsaid":
            raise RuntimeError("Check 'bin_file' failed: basic_ios::clear: iostream error")

    monkeypatch.setenv("PTLF_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(openvino, "convert_model", lambda *_, **__: None)
    monkeypatch.setattr(openvino, "save_model", save_model)
    if full == "before":
        monkeypatch.setattr(conversion.shutil, "disk_usage", lambda _: SimpleNamespace(free=1 << 10))
    with pytest.raises(BadInput, match=r"cannot be written to '.*openvino'.*the disk (is )?full") as told:
        prepare_model(model, sample=conversion.Sample(ct, "a phantom"))
    assert told.value.exit_code == 2
    assert not converted.base().exists()


def test_a_conversion_that_is_cancelled_leaves_no_folder_but_what_was_there(kept, model, ct, tmp_path, monkeypatch):
    def stop(*_):
        raise Cancelled

    with pytest.raises(Cancelled), converted.making("other"):
        stop()
    assert [path.name for path in converted.base().iterdir()] == [kept.folder.name]
    monkeypatch.setenv("PTLF_DATA", str(tmp_path / "none"))
    with pytest.raises(Cancelled), converted.making("other"):
        stop()
    assert not converted.base().exists()


def test_a_process_that_stays_compiles_a_network_once(kept, model, ct, tmp_path, monkeypatch):
    networks, compilations = Networks(), []
    own = compiled.Compiled.__init__
    monkeypatch.setattr(
        compiled.Compiled, "__init__", lambda self, *given: (compilations.append(given), own(self, *given))[1]
    )
    for name in ("first", "second"):
        run_job(ct, model, tmp_path / name, How("cpu"), networks)
    assert len(compilations) == 2  # one for each fold


def test_a_run_that_is_stopped_leaves_nothing_and_the_next_is_whole(made, ct):
    network = CompiledNetwork(made, How("cpu"))
    whole = network.predict(ct).labels
    threads = threading.active_count()

    def stop(stage: str, done: int, _: int) -> None:
        if (stage, done) == ("Tiles", 3):
            raise Cancelled

    with pytest.raises(Cancelled):
        network.predict(ct, progress=stop)
    assert threading.active_count() == threads
    assert np.array_equal(network.predict(ct).labels, whole)


def test_a_process_that_draws_loads_neither_torch_nor_what_reports_to_openvinos_maker(made, ct, tmp_path):
    sitk.WriteImage(ct, str(tmp_path / "ct.nrrd"))
    code = f"""
import sys, SimpleITK as sitk
from PTLFPredictorLib.segmentation import device
from PTLFPredictorLib.segmentation.how import How
from PTLFPredictorLib.segmentation.runtime import converted
from PTLFPredictorLib.segmentation.runtime.network import CompiledNetwork
found = converted.find({made.folder.name!r})
CompiledNetwork(found, How("cpu")).predict(sitk.ReadImage({str(tmp_path / "ct.nrrd")!r}))
print([name for name in ("torch", "scipy", "openvino_telemetry.main") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
