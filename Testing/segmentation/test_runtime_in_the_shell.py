"""OpenVINO in the shell: converted by a command, shown with what differs, drawn with, and refused in sentences."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
from dataclasses import replace

import pytest
import SimpleITK as sitk

from PTLFPredictorLib.cli import main
from PTLFPredictorLib.cli.options import add_how, how
from PTLFPredictorLib.segmentation import find_model
from PTLFPredictorLib.segmentation.how import How
from PTLFPredictorLib.segmentation.runtime import compiled, converted
from random_models import TINY, phantom, write_model


def chosen(*words) -> How:
    parser = argparse.ArgumentParser()
    add_how(parser)
    return how(parser.parse_args(words))


def test_runtime_and_precision_are_options_of_whatever_draws():
    assert chosen() == How()
    assert chosen("--runtime", "openvino", "--precision", "bf16") == How(runtime="openvino", precision="bf16")
    assert chosen("--runtime", "torch", "--device", "cpu") == How("cpu", "torch")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (
            ("--runtime", "openvino"),
            3,
            "OpenVINO is not installed: './ptlf segment --runtime openvino ...' installs it",
        ),
        (("--runtime", "openvino", "--device", "cuda:0"), 2, "OpenVINO computes on the CPU here, not on cuda:0"),
        (("--runtime", "torch", "--precision", "bf16"), 2, "bf16 is a precision of OpenVINO"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence_before_anything_is_drawn(words, code, sentence, monkeypatch):
    from PTLFPredictorLib.errors import PTLFError
    from PTLFPredictorLib.segmentation.runtime import choice

    monkeypatch.setattr(choice, "installed", lambda: "")
    with pytest.raises(PTLFError) as told:
        choice.device_for(chosen(*words))
    assert told.value.exit_code == code
    assert told.value.message.startswith(sentence)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--device", "gpu"), "'gpu' is no device"),
        (("--tile-step", "1.2"), "The tile step is 1.2; 0.1 to 1 tiles are possible."),
        (("--runtime", "torch", "--precision", "bf16"), "bf16 is a precision of OpenVINO"),
        (("--runtime", "openvino", "--device", "cuda:0"), "OpenVINO computes on the CPU here, not on cuda:0"),
    ],
)
@pytest.mark.parametrize("command", ["predict", "segment"])
def test_what_contradicts_itself_is_refused_before_the_ct_is_read(command, words, sentence, tmp_path, capsys):
    ct = tmp_path / "ct.nii.gz"
    ct.write_bytes(b"no image: whoever reads it says so")
    more = ["--out", str(tmp_path / "labels.nii.gz")] if command == "segment" else ["--out", str(tmp_path / "out")]
    more += ["--signature", "ptlf-published"] if command == "predict" else []
    assert main([command, "--ct", str(ct), *more, *words]) == 2
    assert capsys.readouterr().err.startswith(f"ptlf: {sentence}")
    assert main([command, "--ct", str(ct), *more]) == 2
    assert sentence not in capsys.readouterr().err


def test_doctor_says_whether_openvino_is_there(capsys):
    assert main(["doctor"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "openvino" in line]
    assert line.split()[:2] == (["found", "openvino"] if compiled.installed() else ["missing", "openvino"])


# Converted: a small model in a folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    pytest.importorskip("openvino", reason="OpenVINO is not installed: './ptlf test' installs it")
    folder = tmp_path_factory.mktemp("shell")
    write_model(folder / "model", replace(TINY, labels={"background": 0, "liver": 1, "tumor": 2}))
    sitk.WriteImage(phantom((40, 40, 30), (2.0, 2.0, 3.0)), str(folder / "ct.nii.gz"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PTLF_DATA", str(folder / "data"))
        patch.setenv("PTLF_MODELS", str(folder / "models"))
        yield folder


@pytest.fixture(scope="module")
def said(made):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(["models", "convert", str(made / "model"), "--ct", str(made / "ct.nii.gz")]) == 0
    return out.getvalue()


@pytest.mark.slow
def test_the_command_shows_label_voxels_and_dice_against_torch(made, said):
    assert f"model: converted for OpenVINO {compiled.installed()}" in said
    assert "voxels have another label than with torch (Dice of the " in said
    assert "measured on a CT of yours." in said
    (entry,) = converted.base().iterdir()
    facts = json.loads((entry / "facts.json").read_text(encoding="utf-8"))
    assert facts["converted"]["comparisons"][0]["voxels"] > 10_000


@pytest.mark.slow
def test_a_run_draws_with_it_and_says_so(made, said, capfd):
    words = ["--ct", str(made / "ct.nii.gz"), "--model", str(made / "model"), "--device", "cpu"]
    assert main(["segment", *words, "--out", str(made / "labels.nii.gz")]) == 0
    assert f"OpenVINO {compiled.installed()} draws, in f32." in capfd.readouterr().err
    assert main(["segment", *words, "--runtime", "torch", "--out", str(made / "torch.nii.gz")]) == 0
    assert "OpenVINO" not in capfd.readouterr().err


@pytest.mark.slow
def test_added_models_are_converted_at_once_and_forgotten_when_asked(made, capsys):
    os.environ["PTLF_CORES"] = "1"
    try:
        words = ["models", "add", str(made / "model"), "--id", "mine"]
        assert main(words) == 0
    finally:
        del os.environ["PTLF_CORES"]
    assert "mine: converted for OpenVINO" in capsys.readouterr().out
    assert main(["models", "convert", "mine", "--forget"]) == 0
    assert find_model("mine").folder.is_dir()
    assert not list(converted.base().iterdir())


def test_what_the_labels_of_a_folder_mean_is_said_where_their_names_do_not(made, capsys):
    nameless = write_model(made / "nameless", replace(TINY, labels={"background": 0, "organ_1": 1, "organ_2": 2}))
    given = ["models", "convert", str(nameless), "--ct", str(made / "ct.nii.gz")]
    assert main(given) == 5
    assert "Say which labels are meant, e.g. liver=1,tumor=2." in capsys.readouterr().err
    assert main([*given, "--labels", "liver=2"]) == 0
    assert "converted for OpenVINO" in capsys.readouterr().out


def test_what_the_labels_of_a_known_model_mean_is_not_said_again(capsys):
    for action in ("convert", "measure"):
        assert main(["models", action, "ptlf-demo-1", "--labels", "liver=1"]) == 2
        assert "What the labels of 'ptlf-demo-1' mean is known" in capsys.readouterr().err
