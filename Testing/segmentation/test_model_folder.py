"""A model folder is untrusted: every bad one is refused with its sentence before anything of it is executed."""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from PTLFPredictorLib.cli import main
from PTLFPredictorLib.errors import BadInput, UnusableModel
from PTLFPredictorLib.segmentation import (
    add,
    catalogue,
    default_model,
    find_model,
    from_folder,
    model_archive,
    model_digests,
    model_folder,
    model_weights,
    remove,
    verify,
)
from PTLFPredictorLib.segmentation.catalogue import broken, by_weights

MARKER = "it-was-executed"


class RunsCode:
    """Unpickling it writes a file."""

    def __init__(self, marker: Path):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch '{self.marker}'",)


@pytest.fixture
def model(tmp_path, monkeypatch) -> Path:
    """A good model folder to break; the user's models lie in the test's folder."""
    monkeypatch.setenv("PTLF_MODELS", str(tmp_path / "user"))
    return Path(shutil.copytree(default_model().folder, tmp_path / "model"))


def edit(name: str, change: Callable[[dict], None]) -> Callable[[Path], None]:
    def breaks(folder: Path) -> None:
        data = json.loads((folder / name).read_text())
        change(data)
        (folder / name).write_text(json.dumps(data))

    return breaks


def configuration(**changes) -> Callable[[Path], None]:
    return edit("plans.json", lambda plans: plans["configurations"]["3d_demo"].update(changes))


def architecture(**changes) -> Callable[[Path], None]:
    return edit("plans.json", lambda plans: plans["configurations"]["3d_demo"]["architecture"].update(changes))


def layer(**changes) -> Callable[[Path], None]:
    return edit(
        "plans.json", lambda plans: plans["configurations"]["3d_demo"]["architecture"]["arch_kwargs"].update(changes)
    )


def labels(**values) -> Callable[[Path], None]:
    return edit("dataset.json", lambda dataset: dataset.update(labels=values))


def intensities(**changes) -> Callable[[Path], None]:
    return edit("plans.json", lambda plans: plans["foreground_intensity_properties_per_channel"]["0"].update(changes))


def replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    def breaks(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))

    return breaks


def weights_of(pickled: Callable[[Path], bytes]) -> Callable[[Path], None]:
    """Replace the pickle inside the weights, as torch.save would have written it."""

    def breaks(folder: Path) -> None:
        path = folder / "fold_0" / "checkpoint_final.pth"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", pickled(folder.parent / MARKER))
            archive.writestr("archive/version", "3\n")

    return breaks


def truncate(folder: Path) -> None:
    path = folder / "fold_0" / "checkpoint_final.pth"
    path.write_bytes(path.read_bytes()[:-100_000])


def old_format(folder: Path) -> None:
    (folder / "fold_0" / "checkpoint_final.pth").write_bytes(pickle.dumps(RunsCode(folder.parent / MARKER)))


def weights_are(make: Callable[[Path], None]) -> Callable[[Path], None]:
    def breaks(folder: Path) -> None:
        path = folder / "fold_0" / "checkpoint_final.pth"
        path.unlink()
        make(path)

    return breaks


def packed_weights(folder: Path) -> None:
    path = folder / "fold_0" / "checkpoint_final.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(100 << 20))


def link(folder: Path) -> None:
    (folder / "fold_0" / "notes.txt").symlink_to("/etc/hostname")


BAD = {
    "no dataset.json": (lambda f: (f / "dataset.json").unlink(), "has no dataset.json"),
    "no plans.json": (lambda f: (f / "plans.json").unlink(), "has no plans.json"),
    "no weights": (lambda f: shutil.rmtree(f / "fold_0"), "no weights: there is no fold_0/checkpoint_final.pth"),
    "cut weights": (truncate, "weights fold_0/checkpoint_final.pth are damaged or cut off"),
    "code in the weights": (weights_of(lambda m: pickle.dumps(RunsCode(m), 2)), "want to run code \\(posix.system\\)"),
    "code in a newer pickle": (weights_of(lambda m: pickle.dumps(RunsCode(m), 4)), "want to run code \\(STACK_GLOBAL"),
    "a pickle that grows": (packed_weights, "not as PyTorch 1.6 or newer writes them"),
    "code in an old file": (old_format, "damaged or cut off"),
    "damaged pickle": (weights_of(lambda m: b"\x80\x02ccollections\nOrderedDict\n\xff\xff"), "damaged or cut off"),
    "plans are no JSON": (lambda f: (f / "plans.json").write_text("{"), "'plans.json' of model 'model' cannot be read"),
    "deep JSON": (lambda f: (f / "plans.json").write_text("[" * 100_000), "cannot be read"),
    "no configurations": (edit("plans.json", lambda p: p.pop("configurations")), "has no configurations"),
    "network of another package": (
        architecture(network_class_name="subprocess.Popen"),
        "network class 'subprocess.Popen' .* nothing was imported",
    ),
    "layer of another package": (layer(conv_op="os.system"), "wants to import 'os.system'; nothing was imported"),
    "unknown normalisation": (configuration(normalization_schemes=["Evil"]), "'normalization_schemes' .* is 'Evil'"),
    "unknown resampling": (configuration(resampling_fn_seg="evil"), "'resampling_fn_seg' in plans.json is 'evil'"),
    "unknown preprocessor": (configuration(preprocessor_name="Evil"), "'preprocessor_name' .* is 'Evil'"),
    "patch of nothing": (configuration(patch_size=[0, 96, 96]), "'patch_size' of configuration '3d_demo'"),
    "spacing is text": (configuration(spacing="fine"), "'spacing' of configuration '3d_demo'"),
    "resampling is a list of lists": (configuration(resampling_fn_data=[["x"]]), "'resampling_fn_data' in plans.json"),
    "heir of a list": (configuration(inherits_from=["3d_demo"]), "inherits from"),
    "spacing without end": (configuration(spacing=[float("inf"), 1, 1]), "Infinity is no number of JSON"),
    "spacing of 0": (configuration(spacing=[0.0, 1, 1]), "'spacing' of configuration '3d_demo'"),
    "a label that no output draws": (labels(background=0, parenchyma=1, tumor=200), "3 outputs and can never draw 200"),
    "labels with a gap": (labels(background=0, liver=1, tumor=3), "3 outputs and can never draw 3"),
    "one label twice and a third": (labels(background=0, liver=1, lesion=1, tumor=2, cyst=4), "can never draw 4"),
    "ignored in between": (
        labels(background=0, liver=1, tumor=2, ignore=1),
        "'ignore' in dataset.json is 1; it must be 3",
    ),
    "ignored beyond": (labels(background=0, liver=1, tumor=2, ignore=9), "'ignore' in dataset.json is 9; it must be 3"),
    "a region drawn as label 300": (
        edit(
            "dataset.json",
            lambda d: d.update(labels={"background": 0, "liver": [1, 2], "tumor": 2}, regions_class_order=[1, 300]),
        ),
        "regions_class_order in dataset.json is",
    ),
    "NaN as spread": (intensities(std=float("nan")), "NaN is no number of JSON"),
    "Infinity as mean": (intensities(mean=float("-inf")), "-Infinity is no number of JSON"),
    "a number too large": (
        replace("plans.json", '"std": 26', '"std": 1e999, "old": 26'),
        "1e999 is too large for a number",
    ),
    "no spread": (intensities(std=0.0), "have no spread"),
    "an empty window": (intensities(percentile_00_5=170.0), "have no spread"),
    "no mean": (intensities(mean=None), "are no numbers in HU \\(mean None"),
    "text as spread": (intensities(std="wide"), "are no numbers in HU"),
    "no intensities": (
        edit("plans.json", lambda p: p.pop("foreground_intensity_properties_per_channel")),
        "no numbers in HU",
    ),
    "a key twice in plans": (replace("plans.json", '"std": 26', '"std": 25, "std": 26'), "'std' stands there twice"),
    "a key twice in labels": (
        replace("dataset.json", '"tumour": 2', '"tumour": 1, "tumour": 2'),
        "'tumour' stands there twice",
    ),
    "axes turned back wrongly": (
        edit("plans.json", lambda p: p.update(transpose_forward=[1, 2, 0], transpose_backward=[1, 2, 0])),
        "does not undo 'transpose_forward'",
    ),
    "network of a list": (architecture(network_class_name=["x"]), "network class .* nothing was imported"),
    "layer of an object": (layer(conv_op={"a": 1}), "wants to import .* nothing was imported"),
    "imports of objects": (architecture(_kw_requires_import=[{}]), "has no arguments"),
    "axes are words": (edit("plans.json", lambda p: p.update(transpose_forward=["a", 1, 2])), "'transpose_forward'"),
    "axes are a number": (edit("plans.json", lambda p: p.update(transpose_backward=5)), "'transpose_backward'"),
    "regions in an order of words": (
        edit("dataset.json", lambda d: d.update(labels={"background": 0, "liver": [1, 2]}, regions_class_order=["a"])),
        "no regions_class_order that fits",
    ),
    "weights are a folder": (weights_are(Path.mkdir), "no weights: there is no fold_0"),
    "heir of nothing": (configuration(inherits_from="gone"), "inherits from 'gone', which is not there"),
    "axes in no order": (edit("plans.json", lambda p: p.update(transpose_forward=[0, 0, 1])), "'transpose_forward'"),
    "labels are words": (edit("dataset.json", lambda d: d.update(labels={"background": 0, "liver": "one"})), "'one'"),
    "labels without background": (edit("dataset.json", lambda d: d.update(labels={"liver": 1})), "background 0"),
    "no liver": (
        edit("dataset.json", lambda d: d.update(labels={"background": 0, "spleen": 1, "kidney": 2})),
        "None of the model's labels \\(spleen, kidney\\) is named liver or parenchyma",
    ),
    "for MR, normalised as a CT": (
        edit("dataset.json", lambda d: d.update(channel_names={"0": "T1w_portal"})),
        "does not take one CT alone",
    ),
    "for what nobody says": (
        lambda folder: (
            edit("dataset.json", lambda d: d.update(channel_names={"0": "image"}))(folder),
            configuration(normalization_schemes=["ZScoreNormalization"])(folder),
        ),
        "Nothing says that the model takes a CT: its channel is named 'image' and normalised by ZScoreNormalization",
    ),
    "read by a reader of photographs": (
        edit("plans.json", lambda p: p.update(image_reader_writer="NaturalImage2DIO")),
        "names the reader 'NaturalImage2DIO'",
    ),
    "the second stage of a cascade": (
        edit(
            "plans.json",
            lambda p: p["configurations"].update(
                {"3d_demo": {**p["configurations"]["3d_demo"], "previous_stage": "3d_lowres"}}
            ),
        ),
        "'3d_demo' is the second stage of a cascade: it needs what '3d_lowres' draws",
    ),
    "the heir of a second stage": (
        edit(
            "plans.json",
            lambda p: p["configurations"].update(
                stage={**p["configurations"]["3d_demo"], "previous_stage": "3d_lowres"},
                **{"3d_demo": {"inherits_from": "stage"}},
            ),
        ),
        "'3d_demo' is the second stage of a cascade",
    ),
    "weights of another plan": (
        edit("plans.json", lambda p: p.update(configurations={"3d_full": p["configurations"]["3d_demo"]})),
        "There is no configuration '3d_demo' in plans.json: 3d_full",
    ),
    "for MR": (edit("dataset.json", lambda d: d.update(channel_names={"0": "T1"})), "does not take one CT alone"),
    "for two images": (edit("dataset.json", lambda d: d.update(channel_names={"0": "CT", "1": "PET"})), "one CT alone"),
    "symbolic link": (link, "has a symbolic link \\(notes.txt\\)"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_folder_is_refused_and_nothing_executed(model, what):
    breaks, sentence = BAD[what]
    breaks(model)
    with pytest.raises(UnusableModel, match=sentence) as caught:
        find_model(model)
    assert len(caught.value.message) < 500
    assert not (model.parent / MARKER).exists()


def test_the_good_folder_is_found(model):
    found = find_model(model)
    assert found.label_roles == {"parenchyma": (1,), "tumor": (2,)}
    assert found.sha256 == default_model().sha256
    assert found.warning == default_model().warning  # it goes with the weights


GOOD = {
    "an ignored label": (labels(background=0, parenchyma=1, tumor=2, ignore=3), {1, 2}),
    "labels in a list": (labels(background=0, parenchyma=[1], tumor=[2]), {1, 2}),
    "in another order": (labels(tumor=2, background=0, parenchyma=1), {1, 2}),
    "regions": (
        edit(
            "dataset.json",
            lambda d: d.update(labels={"background": 0, "liver": [1, 2], "tumor": 2}, regions_class_order=[1, 2]),
        ),
        {1, 2},
    ),
    "regions of labels with a gap, as they are drawn": (
        edit(
            "dataset.json",
            lambda d: d.update(
                labels={"background": 0, "liver": [1, 2], "tumor": [2, 5], "ignore": 6}, regions_class_order=[7, 9]
            ),
        ),
        {7, 9},
    ),
    "a CT channel of another name": (edit("dataset.json", lambda d: d.update(channel_names={"0": "abdomen"})), {1, 2}),
    "a CT channel with the z-score that nnU-Net gives to that name": (
        lambda folder: (
            edit("dataset.json", lambda d: d.update(channel_names={"0": "portal"}))(folder),
            configuration(normalization_schemes=["ZScoreNormalization"])(folder),
        ),
        {1, 2},
    ),
    "a cascade that is planned but not this one": (
        edit(
            "plans.json",
            lambda p: p["configurations"].update(cascade={"inherits_from": "3d_demo", "previous_stage": "3d_lowres"}),
        ),
        {1, 2},
    ),
    "turned axes": (
        edit("plans.json", lambda p: p.update(transpose_forward=[1, 2, 0], transpose_backward=[2, 0, 1])),
        {1, 2},
    ),
    "intensities that nothing uses": (
        lambda folder: (
            configuration(normalization_schemes=["ZScoreNormalization"])(folder),
            intensities(std=0)(folder),
        ),
        {1, 2},
    ),
}


@pytest.mark.parametrize("what", GOOD)
def test_what_nnunet_itself_writes_is_accepted(model, what):
    changes, drawn = GOOD[what]
    changes(model)
    assert model_folder.check(model).labels == drawn


def with_files(model: Path, *names: str) -> None:
    weights = (model / "fold_0/checkpoint_final.pth").read_bytes()
    shutil.rmtree(model / "fold_0")
    for name in names:
        (model / name).parent.mkdir(exist_ok=True)
        (model / name).write_bytes(weights)


@pytest.mark.parametrize(
    ("there", "used", "notes"),
    [
        (("fold_0/checkpoint_final.pth", "fold_0/checkpoint_best.pth"), ("fold_0/checkpoint_final.pth",), ()),
        (("fold_0/checkpoint_best.pth",), ("fold_0/checkpoint_best.pth",), ("training's best state",)),
        (("fold_all/checkpoint_final.pth",), ("fold_all/checkpoint_final.pth",), ()),
        (
            ("fold_0/checkpoint_final.pth", "fold_1/checkpoint_final.pth", "fold_all/checkpoint_final.pth"),
            ("fold_0/checkpoint_final.pth", "fold_1/checkpoint_final.pth"),
            ("fold_0, fold_1 drew, not fold_all",),
        ),
        (
            ("fold_0/checkpoint_final.pth", "fold_1/checkpoint_best.pth"),
            ("fold_0/checkpoint_final.pth",),
            ("fold_0 drew, not fold_1",),
        ),
        (
            ("fold_0/checkpoint_best.pth", "fold_all/checkpoint_final.pth"),
            ("fold_all/checkpoint_final.pth",),
            ("fold_all drew, not fold_0",),
        ),
    ],
)
def test_folds_as_nnunet_takes_them(model, there, used, notes):
    """nnU-Net's `auto_detect_available_folds`: the numbered folds with the checkpoint of that name, never fold_all."""
    with_files(model, *there)
    facts = model_folder.check(model)
    assert tuple(path.relative_to(model).as_posix() for path in facts.checkpoints) == used
    assert len(facts.notes) == len(notes)
    assert all(part in note for part, note in zip(notes, facts.notes, strict=True))
    assert facts.configuration == "3d_demo"


@pytest.mark.slow  # imports nnU-Net's predictor
def test_nnunet_itself_takes_the_same_folds(model):
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    with_files(model, *(f"fold_{n}/checkpoint_final.pth" for n in (0, 3, "all")), "fold_2/checkpoint_best.pth")
    theirs = nnUNetPredictor.auto_detect_available_folds(str(model), "checkpoint_final.pth")
    ours = [int(path.parent.name.removeprefix("fold_")) for path in model_folder.checkpoint_files(model)]
    assert ours == sorted(theirs) == [0, 3]


def test_folds_that_are_asked_for(model):
    with_files(model, *(f"fold_{n}/checkpoint_final.pth" for n in (0, 1, "all")))
    for folds in (("all",), ("1",), ("0", "1")):
        used = {path.parent.name for path in model_folder.check(model, folds=folds).checkpoints}
        assert used == {f"fold_{fold}" for fold in folds}
    with pytest.raises(UnusableModel, match="has no weights of fold 4"):
        model_folder.check(model, folds=("4",))
    added = add(model, id="all-of-it", folds=("all",))
    assert [path.parent.name for path in model_folder.checkpoint_files(added.folder)] == ["fold_all"]


@pytest.mark.parametrize(
    ("reader", "axes"),
    [
        ("SimpleITKIO", "LPS"),
        ("NibabelIO", "LPS"),
        ("NibabelIOWithReorient", "RAS"),
        ("SimpleITKIOWithReorient", "RAS"),
    ],
)
def test_the_axes_are_those_of_the_reader_that_the_plans_name(model, reader, axes):
    edit("plans.json", lambda plans: plans.update(image_reader_writer=reader))(model)
    assert find_model(model).orientation == model_folder.check(model).axes() == axes
    assert model_folder.check(model).axes("RAS") == "RAS"
    assert add(model, id="mine").orientation == axes


def test_axes_that_contradict_the_reader_are_refused(model):
    """So is a model that was added before its reader was looked at: it would be drawn mirrored."""
    edit("plans.json", lambda plans: plans.update(image_reader_writer="NibabelIOWithReorient"))(model)
    with pytest.raises(UnusableModel, match=r"trained on RAS axes .* says LPS. Remove it and add it again"):
        add(model, id="mine", orientation="LPS")
    entry = add(model, id="mine").folder / "model.json"
    entry.write_text(entry.read_text().replace('"RAS"', '"LPS"'))
    with pytest.raises(UnusableModel, match="trained on RAS axes"):
        verify(find_model("mine"))


def test_a_label_that_the_model_does_not_draw_is_not_added(model, capsys):
    assert main(["models", "add", "--no-conversion", str(model), "--id", "mine", "--labels", "liver=1,tumor=7"]) == 5
    assert "the label(s) 7 that were said to mean something are not in its dataset.json" in capsys.readouterr().err
    assert [m.id for m in catalogue()] == ["ptlf-demo-1"]
    assert main(["models", "add", "--no-conversion", str(model), "--id", "mine", "--labels", "liver=1,tumor=2"]) == 0


def test_one_of_several_trainings_is_chosen_by_its_configuration(model, tmp_path):
    results = tmp_path / "Dataset901_PTLFSample"
    shutil.copytree(model, results / "nnUNetTrainer__nnUNetPlans__3d_demo")
    shutil.copytree(model, results / "nnUNetTrainer__nnUNetPlans__3d_lowres")
    with pytest.raises(UnusableModel, match=r"holds several models .* or its --configuration"):
        add(results, id="mine")
    archive = shutil.make_archive(str(tmp_path / "both"), "zip", results)
    with pytest.raises(UnusableModel, match=r"'both.zip' holds several models"):
        add(archive, id="mine")
    assert main(["models", "add", "--no-conversion", str(results), "--id", "mine", "--configuration", "3d_demo"]) == 0
    assert find_model("mine").folder.name == "nnUNetTrainer__nnUNetPlans__3d_demo"


def test_a_model_whose_weights_are_large_is_not_read_in_a_windows_thread(model, monkeypatch):
    """Its digest was kept when it was added; of one without, the digest is not known, and nothing is read."""
    monkeypatch.setattr(model_digests, "SMALL_BYTES", 1000)
    unread = replace_weights(model)
    assert find_model(unread).weights_known == ""
    added = add(model, id="mine")
    assert added.weights_known == added.weights_sha256 == added.identity["weights_sha256"] != ""

    digest = model_digests.tensors_sha256

    def read(path: Path, changed: int) -> str:
        assert added.folder not in path.parents, "the weights were read"
        return digest(path, changed)

    monkeypatch.setattr(model_digests, "tensors_sha256", read)
    assert by_weights(added.weights_known, "min") == find_model("mine")
    (added.folder / "weights.json").unlink()
    assert added.weights_known == ""


def test_a_kept_digest_is_not_believed_of_changed_weights_nor_of_a_folder_from_elsewhere(model):
    added = add(model, id="mine")
    kept = json.loads((added.folder / "weights.json").read_text())
    forged = {name: {**facts, "sha256": "f" * 64} for name, facts in kept.items()}
    (added.folder / "weights.json").write_text(json.dumps(forged))
    assert find_model("mine").weights_sha256 == "f" * 64
    os.utime(added.folder / "fold_0/checkpoint_final.pth", ns=(1, 1))
    assert find_model("mine").weights_sha256 == default_model().weights_sha256
    elsewhere = model / "fold_0/checkpoint_final.pth"
    os.utime(elsewhere, ns=(1, 1))
    forged = {name: {**facts, "changed_ns": 1} for name, facts in forged.items()}
    (model / "weights.json").write_text(json.dumps(forged))
    assert find_model(model).weights_sha256 == default_model().weights_sha256


def replace_weights(model: Path) -> Path:
    """Other weights than the demo model's: one tensor's data changed."""
    path = model / "fold_0" / "checkpoint_final.pth"
    with zipfile.ZipFile(path) as archive:
        members = [(member, archive.read(member)) for member in archive.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for member, data in members:
            changed = member.filename.endswith("data/0")
            archive.writestr(member.filename, data[:-1] + bytes([data[-1] ^ 1]) if changed else data)
    return model


def test_a_key_twice_in_a_users_entry_is_told_and_hides_no_other_model(model):
    entry = add(model, id="mine").folder / "model.json"
    entry.write_text(entry.read_text().replace('"for_patients": false', '"for_patients": false, "for_patients": true'))
    assert [m.id for m in catalogue()] == ["ptlf-demo-1"]
    assert "'for_patients' stands there twice" in broken()["mine"]


@pytest.mark.skipif(os.name == "nt", reason="pipes are POSIX")
def test_a_pipe_is_no_archive(model, tmp_path):
    os.mkfifo(tmp_path / "m.zip")
    with pytest.raises(UnusableModel, match=r"is no zip archive that can be read"):
        add(tmp_path / "m.zip")


def test_a_changed_file_is_noticed(model):
    found = find_model(model)
    with open(model / "fold_0" / "checkpoint_final.pth", "r+b") as weights:
        weights.seek(1_000_000)
        weights.write(b"\0\1\2\3")
    with pytest.raises(UnusableModel, match=r"not the one in the catalogue.*Get it again"):
        verify(found)


def archive(path: Path, members: dict[str, bytes], links: tuple[str, ...] = ()) -> Path:
    with zipfile.ZipFile(path, "w") as opened:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o120777 if name in links else 0o100644) << 16
            opened.writestr(entry, data)
    return path


@pytest.mark.parametrize("name", ["../../plans.json", "/tmp/plans.json", "a/../../plans.json", "C:\\plans.json"])
def test_an_archive_that_writes_elsewhere_is_not_unpacked(model, tmp_path, name):
    path = archive(tmp_path / "evil.zip", {"model/dataset.json": b"{}", name: b"{}"})
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UnusableModel, match=r"wants to write outside its folder .* it was not unpacked"):
        find_model(path)
    assert [p for p in sorted(tmp_path.rglob("*")) if p not in before and p.is_file()] == []


def test_an_archive_with_a_link_is_not_unpacked(model, tmp_path):
    path = archive(tmp_path / "evil.zip", {"model/plans.json": b"/etc/passwd"}, links=("model/plans.json",))
    with pytest.raises(UnusableModel, match=r"holds a symbolic link"):
        find_model(path)


def test_an_archive_that_grows_without_end_is_not_unpacked(model, tmp_path, monkeypatch):
    monkeypatch.setattr(model_archive, "ARCHIVE_BYTES", 1000)
    path = archive(tmp_path / "bomb.zip", {"model/plans.json": bytes(2000)})
    with pytest.raises(UnusableModel, match=r"unpack to more than a model has"):
        find_model(path)


def test_a_damaged_archive(model, tmp_path):
    (tmp_path / "cut.zip").write_bytes(b"PK\3\4 and nothing else")
    with pytest.raises(UnusableModel, match=r"'cut.zip' is no zip archive that can be read"):
        find_model(tmp_path / "cut.zip")


def test_an_archive_with_a_damaged_member(model, tmp_path):
    path = tmp_path / "m.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.write(model / "plans.json", "m/plans.json")
    data = bytearray(path.read_bytes())
    data[60:80] = bytes(20)
    path.write_bytes(data)
    with pytest.raises(UnusableModel, match=r"'m.zip' is no zip archive that can be read, or it is damaged"):
        find_model(path)


def test_an_archive_in_a_compression_that_nnunet_does_not_use(model, tmp_path):
    with zipfile.ZipFile(tmp_path / "m.zip", "w", zipfile.ZIP_BZIP2) as opened:
        opened.write(model / "plans.json", "m/plans.json")
    with pytest.raises(UnusableModel, match=r"compressed in an unusual way"):
        find_model(tmp_path / "m.zip")


def test_an_archive_is_unpacked_once_and_gone_when_the_process_ends(model, tmp_path):
    path = exported(model, tmp_path / "livers.zip")
    script = (
        "import sys; from PTLFPredictorLib.segmentation import find_model as f; a, b = f(sys.argv[1]), f(sys.argv[1])"
    )
    told = f"{script}; print(a.folder.is_dir(), a == b, a.sha256)"
    run = subprocess.run([sys.executable, "-c", told, str(path)], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["True", "True", default_model().sha256]
    assert list((tmp_path / "user").iterdir()) == []


def test_what_killed_runs_and_earlier_versions_left_is_removed(model, tmp_path):
    old, new = tmp_path / "user/.adding-old", tmp_path / "user/.adding-new"
    for folder in (old, new, tmp_path / "user/.unpacked/0123456789abcdef"):
        (folder / "fold_0").mkdir(parents=True)
    os.utime(old, (0, 0))
    add(model, id="mine")
    assert sorted(path.name for path in (tmp_path / "user").iterdir()) == [".adding-new", "mine"]


def test_an_archive_without_a_model(model, tmp_path):
    path = archive(tmp_path / "other.zip", {"readme.txt": b"hello"})
    with pytest.raises(UnusableModel, match=r"is no nnU-Net v2 model: it has no plans.json"):
        find_model(path)


def exported(folder: Path, path: Path) -> Path:
    """As `nnUNetv2_export_model_to_zip` nests it."""
    inside = "Dataset901_PTLFSample/nnUNetTrainer__nnUNetPlans__3d_demo"
    with zipfile.ZipFile(path, "w") as opened:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                opened.write(file, f"{inside}/{file.relative_to(folder).as_posix()}")
        opened.writestr(f"{inside}/fold_0/debug.json", "{}")
    return path


def test_an_export_of_nnunet_is_found_added_verified_and_removed(model, tmp_path):
    path = exported(model, tmp_path / "livers.zip")
    added = catalogue_add(path)
    assert added in catalogue()
    assert added.folder == tmp_path / "user/livers/Dataset901_PTLFSample/nnUNetTrainer__nnUNetPlans__3d_demo"
    assert sorted(p.name for p in (tmp_path / "user/livers").rglob("*") if p.is_file()) == [
        "checkpoint_final.pth",
        "dataset.json",
        "model.json",
        "plans.json",
        "weights.json",
    ]
    assert verify(find_model("livers")) == added
    with pytest.raises(BadInput, match="There is a model 'livers' already"):
        catalogue_add(path)
    remove("livers")
    assert [m.id for m in catalogue()] == ["ptlf-demo-1"]
    assert list((tmp_path / "user").iterdir()) == []


def test_a_model_trained_on_other_axes_is_added_with_them(model):
    assert main(["models", "add", "--no-conversion", str(model), "--id", "nifti", "--orientation", "RAS"]) == 0
    assert find_model("nifti").orientation == "RAS"
    assert main(["models", "add", "--no-conversion", str(model), "--id", "odd", "--orientation", "LLP"]) == 5


def catalogue_add(path: Path):
    return add(path, licence="CC-BY-4.0", version="2", title="Livers", for_patients=True, warning="")


def test_the_shipped_model_cannot_be_removed():
    with pytest.raises(BadInput, match="comes with the product"):
        remove("ptlf-demo-1")


@pytest.mark.parametrize(
    "change",
    [{"id": 5}, {"title": None}, {"orientation": 1}, {"for_patients": "no"}, {"measured": None}, {"label_roles": []}],
    ids=str,
)
def test_a_broken_entry_of_a_user_hides_no_other_model(model, tmp_path, change):
    added = add(model, id="mine")
    entry = added.folder / "model.json"
    entry.write_text(json.dumps({**json.loads(entry.read_text()), **change}))
    assert [m.id for m in catalogue()] == ["ptlf-demo-1"]
    assert "cannot be used" in broken()["mine"]


@pytest.mark.parametrize("name", ["..", "../../etc", "no-such-model", ""])
def test_only_models_of_the_user_are_removed(model, name):
    with pytest.raises(BadInput, match="no model"):
        remove(name)


def test_an_unknown_model_is_named_with_those_that_exist(model):
    with pytest.raises(BadInput, match=r"There is no model 'abc'\. Known are: ptlf-demo-1"):
        find_model("abc")


def test_every_shipped_model_is_as_the_catalogue_says():
    import jsonschema

    resources = Path(__file__).resolve().parents[2] / "PTLFPredictor" / "Resources"
    schema = json.loads((resources / "Models-schema.json").read_text())
    jsonschema.validate(json.loads((resources / "Models.json").read_text()), schema)
    for shipped in (m for m in catalogue() if m.shipped):
        assert verify(shipped) is shipped
        size = sum(path.stat().st_size for path in shipped.folder.rglob("*") if path.is_file())
        assert size < 8e6
        assert not shipped.for_patients
        assert "not for patients" in shipped.warning


def test_a_pickle_names_everything_that_it_would_import():
    buffer = io.BytesIO()
    pickle.Pickler(buffer, 2).dump({"a": RunsCode(Path("x")), "b": pytest.approx})
    named = set(model_weights._globals(buffer.getvalue()))
    assert "posix system" in named
    assert any("approx" in name for name in named)


@pytest.fixture
def chosen(tmp_path, monkeypatch) -> Path:
    """The demo model as nnU-Net's results folder holds a model, which SlicerNNUnet demands."""
    monkeypatch.setenv("PTLF_MODELS", str(tmp_path / "user"))
    folder = tmp_path / "results" / "Dataset731_Liver" / "nnUNetTrainer__nnUNetPlans__3d_demo"
    return Path(shutil.copytree(default_model().folder, folder))


def test_a_model_chosen_in_slicernnunet_is_taken_where_it_lies(chosen, tmp_path):
    before = [model.id for model in catalogue()]
    for folder in (chosen, chosen.parent, chosen.parents[1]):
        model = from_folder(folder, "SlicerNNUnet")
        assert (model.id, model.folder) == ("Dataset731_Liver", chosen)
        assert model.title.endswith("(Dataset731_Liver), chosen in SlicerNNUnet")
        assert model.label_roles == {"parenchyma": (1,), "tumor": (2,)}
        assert not model.for_patients
        assert model.warning == default_model().warning  # the weights are the demo model's, under whatever name
    assert [model.id for model in catalogue()] == before
    assert not (tmp_path / "user").exists()


def test_labels_that_are_not_certain_are_asked_for_as_in_a_model_that_is_added(chosen):
    edit("dataset.json", lambda data: data.update(labels={"background": 0, "liver": 1, "vessels in it": 2}))(chosen)
    with pytest.raises(UnusableModel, match=r"not certain what the model's label\(s\) vessels in it mean: add it"):
        from_folder(chosen, "SlicerNNUnet")
    edit("dataset.json", lambda data: data.update(labels={"background": 0, "tooth": 1}))(chosen)
    with pytest.raises(UnusableModel, match=r"None of the model's labels \(tooth\) is named liver"):
        from_folder(chosen)


def test_a_chosen_folder_that_is_gone_or_no_model(chosen, tmp_path):
    with pytest.raises(BadInput, match=r"There is no model folder '.*gone'"):
        from_folder(tmp_path / "gone")
    (chosen / "plans.json").unlink()
    (chosen / "dataset.json").unlink()
    with pytest.raises(UnusableModel, match=r"is no nnU-Net v2 model: it has no plans.json"):
        from_folder(chosen.parents[1])


def test_the_first_look_at_a_chosen_model_reads_no_weights(chosen):
    """They may have gigabytes, and the panel shows the model at every start; who runs it reads them."""
    (chosen / "fold_0" / "checkpoint_final.pth").write_bytes(bytes(50_000_000))
    assert from_folder(chosen).sha256 == ""
    with pytest.raises(UnusableModel, match=r"fold_0/checkpoint_final.pth are damaged or cut off"):
        verify(from_folder(chosen))
