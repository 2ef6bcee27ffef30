"""PyRadiomics parameter files in the shell: written from a signature, and read instead of one."""

import json

import pytest

from PTLFPredictorLib.cli import main


def values_of(path):
    data = json.loads(path.read_text(encoding="utf-8"))
    return {(item["voi"], item["feature"]): item["value"] for item in data["features"]}


@pytest.mark.parametrize("suffix", [".json", ".yaml"])
def test_a_signatures_parameter_file_gives_its_values(phantom_files, tmp_path, capsys, suffix):
    if suffix == ".yaml":
        pytest.importorskip("yaml")
    given = ["--ct", str(phantom_files["ct"]), "--segmentation", str(phantom_files["labels"])]
    params, by_signature, by_params = (tmp_path / name for name in (f"p{suffix}", "signature.json", "params.json"))
    assert main(["signatures", "params", "ptlf-published", "--out", str(params)]) == 0
    assert "the 10 features of ptlf-published" in capsys.readouterr().out
    assert main(["features", *given, "--signature", "ptlf-published", "--out", str(by_signature)]) == 0
    assert main(["features", *given, "--params", str(params), "--out", str(by_params)]) == 0
    asked, found = values_of(by_signature), values_of(by_params)
    assert len(asked) == 10
    assert len(found) == 2 * 13 * 8  # of both VOIs: 13 filtered images, 8 features
    assert {name: found[name] for name in asked} == pytest.approx(asked, rel=1e-9)
    written = json.loads(by_params.read_text(encoding="utf-8"))
    assert written["input"].get("signature") is None
    assert written["extraction"]["tumor"]["settings"]["image_types"]["LoG"] == {"sigma": [1.0]}


def test_a_parameter_file_that_cannot_be_honoured_is_bad_input(phantom_files, tmp_path, capsys):
    params = tmp_path / "p.json"
    params.write_text('{"setting": {"binwidth": 10}}', encoding="utf-8")
    given = ["--ct", str(phantom_files["ct"]), "--segmentation", str(phantom_files["labels"])]
    assert main(["features", *given, "--params", str(params), "--out", str(tmp_path / "f.json")]) == 2
    assert "The parameter 'binwidth' is not known here." in capsys.readouterr().err
    assert not (tmp_path / "f.json").exists()


def test_a_parameter_file_and_a_signature_exclude_each_other(phantom_files, tmp_path, capsys):
    given = ["--ct", str(phantom_files["ct"]), "--segmentation", str(phantom_files["labels"])]
    with pytest.raises(SystemExit, match="2"):
        main(["features", *given, "--params", "p.json", "--signature", "demo", "--out", str(tmp_path / "f.json")])
    assert "not allowed with argument" in capsys.readouterr().err
