"""A model package: nnU-Net's own folders, nothing private, the same bytes again, and nothing believed unread."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import trained_folder
from made_package import CARD, ENTRY, INNER
from PTLFPredictorLib.errors import UnusableModel
from PTLFPredictorLib.segmentation import default_model, model_folder, model_package
from PTLFPredictorLib.training import card as cards
from PTLFPredictorLib.training.card import Card
from PTLFPredictorLib.training.package import lay_out, write

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def source(tmp_path_factory, needs_nnunet) -> Path:
    return trained_folder.trained(tmp_path_factory.mktemp("trained"), folds=("0", "1"))


@pytest.fixture(scope="module")
def package(source, tmp_path_factory) -> Path:
    return write(source, tmp_path_factory.mktemp("package") / "site-7.zip", ENTRY, CARD)


@pytest.fixture
def unpacked(package, tmp_path) -> Path:
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path / "unpacked")
    return tmp_path / "unpacked"


def test_the_zip_has_nnunets_own_folders_and_a_manifest_of_all_files(package):
    with zipfile.ZipFile(package) as archive:
        assert archive.namelist() == [
            f"{INNER}/dataset.json",
            f"{INNER}/fold_0/checkpoint_final.pth",
            f"{INNER}/fold_1/checkpoint_final.pth",
            f"{INNER}/plans.json",
            "card.md",
            "manifest.json",
            "model.json",
        ]
        listed = json.loads(archive.read("manifest.json"))["files"]
        assert {name: facts["sha256"] for name, facts in listed.items()} == {
            name: hashlib.sha256(archive.read(name)).hexdigest()
            for name in archive.namelist()
            if name != "manifest.json"
        }


def test_nothing_of_the_training_is_in_any_byte(package, source):
    inputs = b"".join(path.read_bytes() for path in source.rglob("*") if path.is_file())
    private = [*(word.encode() for word in trained_folder.PLANTED), struct.pack(">d", trained_folder.LOSS)]
    assert all(data in inputs for data in private)  # they were there
    packed = package.read_bytes()
    assert [data for data in private if data in packed] == []
    with zipfile.ZipFile(package) as archive:
        assert all(member.compress_type == zipfile.ZIP_STORED for member in archive.infolist())  # none is hidden


def test_a_checkpoint_holds_what_inference_needs_in_tensors_once(unpacked, source):
    import torch

    path = Path("fold_1", "checkpoint_final.pth")
    packed = torch.load(unpacked / INNER / path, weights_only=True)  # without any allow-list
    whole = torch.load(source / path, weights_only=False)
    weights = packed.pop("network_weights")
    assert packed == {
        "trainer_name": "nnUNetTrainer",
        "init_args": {"configuration": "3d_tiny"},
        "inference_allowed_mirroring_axes": (0, 1, 2),
    }
    assert weights.keys() == whole["network_weights"].keys()
    assert all(torch.equal(weights[name], whole["network_weights"][name]) for name in weights)
    tensors = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in weights.values()}
    assert len(tensors) < len(weights)  # the state dict names most of them twice
    assert (unpacked / INNER / path).stat().st_size < sum(tensors.values()) + 40_000


def test_half_the_bytes_in_float16(source, package, tmp_path):
    import torch

    folder = lay_out(source, tmp_path, half=True)
    weights = torch.load(folder / "fold_0" / "checkpoint_final.pth", weights_only=True)["network_weights"]
    assert {tensor.dtype for tensor in weights.values()} == {torch.float16}


def test_plans_have_one_configuration_that_inherits_from_none(unpacked):
    plans = json.loads((unpacked / INNER / "plans.json").read_text())
    configuration = plans["configurations"].pop("3d_tiny")
    assert plans["configurations"] == {}
    assert "inherits_from" not in configuration
    assert configuration["patch_size"] == [32, 64, 64]
    assert configuration["spacing"] == [5.0, 2.5, 2.5]  # inherited


def test_the_same_training_gives_the_same_bytes(source, package, tmp_path):
    moved = shutil.copytree(source.parent, tmp_path / "elsewhere" / source.parent.name) / source.name
    again = write(moved, tmp_path / "other.zip", ENTRY, CARD)
    assert again.read_bytes() == package.read_bytes()


def test_a_package_is_read_with_its_entry(unpacked):
    model = model_package.model_of(unpacked)
    assert model.folder == unpacked / INNER
    for name in ("id", "title", "version", "licence", "citation", "for_patients", "intended_input", "measured"):
        assert getattr(model, name) == ENTRY[name]
    assert model.label_roles == {"parenchyma": (1,), "tumor": (2,)}
    assert model.sha256 == model_folder.checksum(model.folder)
    assert model.warning.startswith("Of this model nothing was checked here but that its files are whole.")
    assert model.warning.endswith("Validated nowhere.")
    assert not model.shipped


def test_a_package_that_was_unpacked_and_packed_again_in_a_folder_is_read(unpacked, tmp_path):
    (tmp_path / "again").mkdir()
    unpacked.rename(tmp_path / "again" / "site-7")
    assert model_package.model_of(tmp_path / "again").id == "site-7"


def test_a_plain_export_of_nnunet_is_no_package(source):
    assert model_package.model_of(source.parent) is None


def changed(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def changes(root: Path) -> None:
        (root / name).write_bytes(change((root / name).read_bytes()))

    return changes


def entry(**changes) -> Callable[[Path], None]:
    """An entry that claims something else, in a package whose maker has made the manifest fit."""

    def changes_it(root: Path) -> None:
        path = root / "model.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
        model_package.write_json(root / "manifest.json", model_package.manifest(root))

    return changes_it


def no_schema(root: Path) -> None:
    (root / "manifest.json").write_text("{}")


TAMPERED = {
    "a fold's weights": (
        changed(f"{INNER}/fold_1/checkpoint_final.pth", lambda data: data[:5000] + b"x" + data[5001:]),
        r"'Dataset555_Made/.*/fold_1/checkpoint_final.pth' of the package is not as it was packed",
    ),
    "plans": (changed(f"{INNER}/plans.json", lambda data: data + b" "), r"plans.json' of the package is not as it was"),
    "the entry": (changed("model.json", lambda data: data + b" "), r"'model.json' of the package is not as it was"),
    "the card": (changed("card.md", lambda data: b""), r"'card.md' of the package is not as it was packed"),
    "a fold less": (lambda root: shutil.rmtree(root / INNER / "fold_1"), r"lacks 'Dataset555_Made/.*fold_1"),
    "a fold more": (
        lambda root: shutil.copytree(root / INNER / "fold_1", root / INNER / "fold_2"),
        r"holds 'Dataset555_Made/.*/fold_2/checkpoint_final.pth', which its manifest.json does not list",
    ),
    "no entry": (lambda root: (root / "model.json").unlink(), r"lacks 'model.json'"),
    "another manifest": (no_schema, r"manifest.json is not of this version"),
    "shipped": (entry(shipped=True), r"entry of model 'site-7' cannot be used \(unknown: shipped\)"),
    "other weights": (entry(sha256="0" * 64), r"'site-7' is not the one in the catalogue"),
    "labels that it has not": (entry(label_roles={"parenchyma": [1], "tumor": [7]}), r"the label\(s\) 7"),
    "a folder elsewhere": (entry(folder="../../other"), r"leads out of the model's folder"),
    "a title that runs backwards": (entry(title="Model \u202egnihton"), r"too long or cannot be shown"),
    "seconds that are a text": (entry(measured={"cpu_s": "1 s"}), r"measured 'cpu_s' is '1 s'; seconds are needed"),
    "seconds below none": (entry(measured={"cpu_s": -1}), r"measured 'cpu_s' is -1; seconds are needed"),
    "seconds without end": (entry(measured={"gpu_s": 1e300}), r"measured 'gpu_s' is 1e\+300; seconds are needed"),
    "a citation that is no text": (entry(citation=["a"]), r"'citation' is \['a'\]"),
    "an endless text": (entry(warning="safe " * 1000), r"too long or cannot be shown"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_tampered_package_is_refused(unpacked, what):
    tamper, sentence = TAMPERED[what]
    tamper(unpacked)
    with pytest.raises(UnusableModel, match=sentence):
        model_package.model_of(unpacked)


def own_network(source: Path) -> None:
    plans = json.loads((source / "plans.json").read_text())
    plans["configurations"]["3d_fullres"]["architecture"]["arch_kwargs"]["features_per_stage"] = [4, 8, 16]
    (source / "plans.json").write_text(json.dumps(plans))


def cascade(source: Path) -> None:
    plans = json.loads((source / "plans.json").read_text())
    plans["configurations"]["3d_tiny"]["previous_stage"] = "3d_lowres"
    (source / "plans.json").write_text(json.dumps(plans))


def still_training(source: Path) -> None:
    fold = source / "fold_1"
    (fold / "checkpoint_final.pth").rename(fold / "checkpoint_best.pth")
    shutil.rmtree(source / "fold_0")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (still_training, "fold_1 of .* has no checkpoint_final.pth: its training has not ended"),
        (own_network, "its trainer builds a network of its own"),
        (cascade, "the second stage of a cascade"),
    ],
)
def test_what_stock_nnunet_could_not_run_is_not_packed(source, tmp_path, change, sentence):
    copied = shutil.copytree(source.parent, tmp_path / source.parent.name) / source.name
    change(copied)
    with pytest.raises(UnusableModel, match=sentence):
        write(copied, tmp_path / "p.zip", ENTRY, CARD)
    assert [path.name for path in tmp_path.iterdir()] == [source.parent.name]  # nothing half-written


def test_one_network_of_all_cases_is_fold_0_in_a_package(source, tmp_path):
    copied = shutil.copytree(source.parent, tmp_path / source.parent.name) / source.name
    (copied / "fold_1").rename(copied / "fold_all")
    shutil.rmtree(copied / "fold_0")
    folder = lay_out(copied, tmp_path / "out")
    assert [path.parent.name for path in folder.rglob("*.pth")] == ["fold_0"]
    assert model_folder.weights_sha256(folder) == model_folder.weights(lay_out(source, tmp_path / "both"))[1]


def test_an_entry_that_does_not_fit_is_not_packed(source, tmp_path):
    with pytest.raises(UnusableModel, match=r"the label\(s\) 9"):
        write(source, tmp_path / "p.zip", {**ENTRY, "label_roles": {"parenchyma": [1], "tumor": [9]}}, CARD)
    with pytest.raises(UnusableModel, match="no id of a model"):
        write(source, tmp_path / "p.zip", {**ENTRY, "id": "../x"}, CARD)
    assert not list(tmp_path.iterdir())


def test_the_card_says_what_the_entry_and_its_maker_say(unpacked):
    text = (unpacked / "card.md").read_text(encoding="utf-8")
    for words in (
        "# Model card: Liver and HCC of a made site, version 1",
        "Research use only. Not a medical device.** Validated nowhere.",
        "| what it draws | parenchyma 1; tumor 2 |",
        "| measured | 31.5 s on the CPU, 58.2 s of processor time (512 x 512 x 119 voxels, 2 CPU cores) |",
        "| trained on patients' CTs | yes |",
        "25 made cases",
        "|  | Dice |\n| --- | --- |\n| mean of folds | 0.910 |\n| test | 0.876 |",
        "## Not tried\n\nnot said",
    ):
        assert words in text


def test_a_text_cannot_break_the_cards_table():
    model = replace(default_model(), intended_input="CT | one\n\n# heading")
    assert "| input | CT \\| one # heading |" in Card().text(model)


def test_the_template_in_docs_is_the_cards():
    assert (ROOT / "docs" / "model-card-template.md").read_text(encoding="utf-8").endswith(cards.template())
