"""A package comes in with its entry, whole or not at all, and says nothing that only the product may say."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

import made_package
import slicer_nnunet
from PTLFPredictorLib.cli import main
from PTLFPredictorLib.segmentation import default_model, find_model, model_folder, model_package
from PTLFPredictorLib.segmentation.model import OF_ONE_NETWORK
from PTLFPredictorLib.training import package as packing


@pytest.fixture(scope="module")
def package(tmp_path_factory, needs_nnunet) -> Path:
    return made_package.package(tmp_path_factory.mktemp("package"))


@pytest.fixture(autouse=True)
def users(tmp_path, monkeypatch) -> Path:
    """The folder of the user's models."""
    monkeypatch.setenv("PTLF_MODELS", str(tmp_path / "users"))
    return tmp_path / "users"


def forged(package: Path, target: Path, **entry: object) -> Path:
    """The package with another entry and a manifest that fits it."""
    root = target.with_suffix("")
    with zipfile.ZipFile(package) as archive:
        archive.extractall(root)
    said = json.loads((root / "model.json").read_text())
    model_package.write_json(root / "model.json", {**said, **entry})
    model_package.write_json(root / "manifest.json", model_package.manifest(root))
    return Path(shutil.make_archive(str(root), "zip", root))


def test_a_package_is_added_with_all_that_it_says(package, users, capsys):
    assert main(["models", "add", "--no-conversion", str(package)]) == 0
    assert "Its maker says of its limits: Validated nowhere." in capsys.readouterr().out
    model = find_model("site-7")
    for name in ("title", "version", "licence", "citation", "for_patients", "intended_input", "measured"):
        assert getattr(model, name) == made_package.ENTRY[name]
    assert {role: list(labels) for role, labels in model.label_roles.items()} == made_package.ENTRY["label_roles"]
    assert not model.shipped
    assert (users / "site-7" / "card.md").is_file()
    assert main(["models", "verify", "site-7"]) == 0


def test_what_was_added_keeps_nnunets_folders(package, users):
    assert main(["models", "add", "--no-conversion", str(package)]) == 0
    assert find_model("site-7").folder == users / "site-7" / made_package.INNER
    assert slicer_nnunet.refusal(users / "site-7", (0, 1)) == ""


def test_what_the_user_says_counts_more_than_the_package(package, users):
    assert main(["models", "add", "--no-conversion", str(package), "--id", "ours", "--labels", "liver=1"]) == 0
    model = find_model("ours")
    assert model.title == made_package.ENTRY["title"]
    assert dict(model.label_roles) == {"parenchyma": (1,)}


def test_an_unpacked_package_and_a_zip_that_is_not_added_are_known_by_their_entry(package, tmp_path):
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path / "unpacked")
    for spec in (package, tmp_path / "unpacked"):
        model = find_model(spec)
        assert (model.id, model.licence) == ("site-7", "CC-BY-4.0")


def test_a_changed_zip_is_refused_with_a_sentence_and_leaves_nothing(package, users, tmp_path, capsys):
    with zipfile.ZipFile(package) as whole, zipfile.ZipFile(tmp_path / "changed.zip", "w") as changed:
        for member in whole.infolist():
            data = whole.read(member)
            changed.writestr(
                member, data.replace(b"CC-BY-4.0", b"CC0-1.0  ") if member.filename == "model.json" else data
            )
    assert main(["models", "add", "--no-conversion", str(tmp_path / "changed.zip")]) == 5
    assert "'model.json' of the package is not as it was packed" in capsys.readouterr().err
    assert not [path for path in users.rglob("*") if path.is_file()]


def test_no_package_takes_the_place_of_another_model(package, tmp_path, capsys):
    assert main(["models", "add", "--no-conversion", str(package)]) == 0
    assert main(["models", "add", "--no-conversion", str(package)]) == 2
    assert (
        main(
            [
                "models",
                "add",
                "--no-conversion",
                str(forged(package, tmp_path / "as-shipped.zip", id=default_model().id)),
            ]
        )
        == 2
    )
    assert capsys.readouterr().err.count("already") == 2
    assert find_model(default_model().id).shipped


def test_no_package_claims_to_be_shipped(package, users, tmp_path, capsys):
    assert main(["models", "add", "--no-conversion", str(forged(package, tmp_path / "f.zip", shipped=True))]) == 5
    assert "unknown: shipped" in capsys.readouterr().err


def test_the_demo_models_weights_stay_not_for_patients_whatever_their_package_says(tmp_path, needs_nnunet, capsys):
    packed = made_package.package(tmp_path, default_model().folder, title="Validated on 10000 patients", warning="")
    assert main(["models", "add", "--no-conversion", str(packed)]) == 0
    assert default_model().warning in capsys.readouterr().out
    model = find_model("site-7")
    assert (model.for_patients, model.warning) == (False, default_model().warning)
    assert not find_model(packed).for_patients


def test_the_shipped_model_is_laid_out_as_packages_are(tmp_path, needs_nnunet):
    again = packing.lay_out(default_model().folder, tmp_path)
    assert again.relative_to(tmp_path).parts == default_model().folder.parts[-2:]


@pytest.mark.parametrize("unpacked", [False, True])
def test_a_package_in_a_chain_counts_as_its_entry_says(package, users, tmp_path, unpacked):
    """Its axes and labels too: on others its networks would draw elsewhere, in silence."""
    odd = forged(package, tmp_path / "odd.zip", orientation="RAI", label_roles={"parenchyma": [2], "tumor": [1]})
    part = odd.with_suffix("") if unpacked else odd
    assert main(["models", "chain", "--id", "two", "--liver", str(part), "--tumor", str(part)]) == 0
    model = find_model("two")
    assert [dict(step.label_roles) for step in model.steps] == [{"parenchyma": (2,)}, {"tumor": (1,)}]
    assert {(step.orientation, step.licence) for step in model.steps} == {("RAI", made_package.ENTRY["licence"])}
    assert all(step.says.endswith("Its maker says of its limits: Validated nowhere.") for step in model.steps)
    assert [path.name for path in users.iterdir()] == ["two"]
    assert main(["models", "verify", "two"]) == 0


def test_a_package_may_be_a_chain_of_some_of_its_folds(package, users, tmp_path):
    root = tmp_path / "opened"
    with zipfile.ZipFile(package) as archive:
        archive.extractall(root)
    entry = json.loads((root / "model.json").read_text())
    network = {"folder": made_package.INNER, "folds": ["1"]}
    network["sha256"] = model_folder.checksum(root / made_package.INNER, ("1",))
    steps = [{"name": "liver", "title": "Liver", "label_roles": {"parenchyma": [1]}, **network}]
    steps += [{"name": "lesions", "title": "Lesions", "label_roles": {"tumor": [2]}, **network}]
    chain = {key: value for key, value in entry.items() if key not in OF_ONE_NETWORK} | {"folder": ".", "steps": steps}
    (root / "model.json").write_text(json.dumps(chain))
    model_package.write_json(root / "manifest.json", model_package.manifest(root))
    assert main(["models", "add", "--no-conversion", str(root)]) == 0
    assert main(["models", "verify", "site-7"]) == 0
