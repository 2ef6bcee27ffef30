"""What a trained model is worth: Table 1 and the report page, on cases whose measures are known."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from abdomen import image_of, small_arrays
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.segmentation import find_model
from PTLFPredictorLib.segmentation.agreement import CaseMeasures
from PTLFPredictorLib.training.evaluation import as_json, measure, network, paper, shape_of, write
from PTLFPredictorLib.training.evaluation.table1 import lines

ROOT = Path(__file__).resolve().parents[2]


def case(number: int, part: str, drawn) -> tuple[CaseMeasures, tuple[sitk.Image, ...]]:
    """A small abdomen, and what `drawn` makes of its label map."""
    hu, true = small_arrays(number)
    found = image_of(drawn(true.copy()))
    return measure(f"P{number}", found, image_of(true), part), (image_of(hu), image_of(true), found)


def no_tumour(labels: np.ndarray) -> np.ndarray:
    return np.minimum(labels, 1)


def half(labels: np.ndarray) -> np.ndarray:
    """Every other slice of the tumour is parenchyma."""
    labels[::2] = np.minimum(labels[::2], 1)
    return labels


@pytest.fixture(scope="module")
def cases():
    """Two folds (of two cases and one) and a test of two."""
    made = [
        case(0, "fold 0", lambda labels: labels),
        case(1, "fold 0", no_tumour),
        case(2, "fold 1", lambda labels: labels),
        case(3, "test", half),
        case(4, "test", lambda labels: labels),
    ]
    return [row for row, _ in made], {row.case: images for row, images in made}


PLANS = json.loads((find_model("ptlf-demo-1").folder / "plans.json").read_text())


@pytest.fixture(scope="module")
def written(cases, tmp_path_factory):
    rows, images = cases
    folder = tmp_path_factory.mktemp("report")
    made = write(
        folder, rows, images.__getitem__, title="Model site-1", subtitle="5 cases", facts=[("Epochs", "1000")],
        plans=PLANS, configuration="3d_demo", synthetic=True, made="PTLFPredictor",
    )  # fmt: skip
    return folder, made


def test_the_mean_counts_each_fold_once(cases):
    rows, _ = cases
    tumour = next(line for line in lines(rows, ("dice",)) if line.region == "tumor")
    assert tumour.values["fold 0"] == pytest.approx(0.5), "1 and 0"
    assert tumour.mean == pytest.approx(0.75), "of 0.5 and 1, not 2/3 of three cases"
    assert tumour.sd == pytest.approx(0.5 / 2**0.5)
    assert tumour.test == pytest.approx(np.mean([rows[3].regions["tumor"].dice, 1]))


def test_the_papers_numbers_are_those_of_its_text():
    for region, told in {"tumor": (83.05, 92.15, 88.37), "parenchyma": (92.72, 92.65, 94.24)}.items():
        means = [paper.mean_of_folds(name, region) for name in ("dice", "precision", "recall")]
        assert means == pytest.approx(told, abs=0.006), region


def test_the_papers_numbers_are_those_of_the_facts():
    facts = ROOT.parent / "shared" / "spec" / "facts.json"
    if not facts.exists():
        pytest.skip("no ../shared here")
    table = json.loads(facts.read_text())["ptlf"]["segmentation"]["table1_percent"]
    of_paper = {"parenchyma": "liver", "tumor": "tumor"}
    for (name, region), values in paper.PERCENT.items():
        assert list(values) == table[name.capitalize()][of_paper[region]]


def test_table_1_as_a_file(written, cases):
    folder, _ = written
    with open(folder / "table1.csv", newline="") as stream:
        rows = {(row["measure"], row["region"]): row for row in csv.DictReader(stream)}
    dice = rows["dice", "tumor"]
    assert list(dice)[2:7] == ["fold 0", "fold 1", "test", "mean of folds", "SD of folds"]
    assert float(dice["mean of folds"]) == pytest.approx(0.75)
    assert dice["paper: mean of folds"] == "0.8305"
    assert rows["sensitivity", "tumor"]["fold 0"] == "0.5"
    assert rows["hd95_mm", "tumor"]["paper: test"] == "", "the paper prints none"
    everything = json.loads((folder / "table1.json").read_text())
    assert everything == json.loads(json.dumps(as_json(cases[0])))
    assert everything["means"]["tumor"]["dice"] == pytest.approx(0.75)
    assert everything["parts"]["test"]["cases"] == 2
    assert [CaseMeasures.from_dict(row) for row in everything["cases"]] == cases[0]


def test_the_page_shows_what_it_must(written):
    folder, made = written
    assert {path.name for path in made} >= {"report.html", "table1.csv", "table1.json", "overlap.csv"}
    page = (folder / "report.html").read_text()
    assert "75.00\u00a0%" in page
    assert "83.05\u00a0%" in page, "the paper's, beside ours"
    assert "on other patients" in page
    assert "Best case, P4: Dice 1.000 parenchyma, 1.000 tumour" in page
    assert "Median, worst case, P3" in page
    assert page.count("data:image/png;base64,") >= 12, "two cases, two slices or more, CT, manual, automatic"
    assert "NOT FOR PATIENTS" in page
    assert not re.search(r'(?:src|href)="(?!data:|#)', page), "nothing from elsewhere"
    assert "<script" not in page
    assert str(folder) not in page


def test_the_same_rows_are_the_same_page(written, cases, tmp_path):
    rows, _ = cases
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, rows, title="Model", subtitle="")
    assert (tmp_path / "one" / "report.html").read_bytes() == (tmp_path / "two" / "report.html").read_bytes()


def test_a_model_that_nobody_measured_has_no_report(tmp_path):
    with pytest.raises(BadInput, match="no cases"):
        write(tmp_path, [], title="Model", subtitle="")


def test_without_folds_the_page_tells_the_test_alone(cases, tmp_path):
    rows, _ = cases
    write(tmp_path, [row for row in rows if row.part == "test"], title="Model", subtitle="")
    assert json.loads((tmp_path / "table1.json").read_text())["means"]["tumor"]["dice"] is None


def test_the_network_of_the_demo_model():
    shape = shape_of(PLANS, "3d_demo")
    assert [stage.size for stage in shape.stages] == [
        (32, 96, 96), (32, 48, 48), (16, 24, 24), (8, 12, 12), (4, 6, 6),
    ]  # fmt: skip
    assert [stage.features for stage in shape.stages] == [8, 24, 48, 96, 128]
    assert [stage.down for stage in shape.stages] == [1, 2, 2, 2, 2]
    assert [stage.up for stage in shape.stages] == [1, 1, 1, 1, 0]
    assert not shape.residual
    figure = network(shape, ("background", "parenchyma", "tumour"))
    for words in (
        "32\u00d796\u00d796",
        "128 channels, 3\u00d73\u00d73",
        "/ 1\u00d72\u00d72",
        "softmax: background, parenchyma, tumour",
    ):
        assert words in figure.svg, words


RESIDUAL = {
    "configurations": {
        "3d_fullres": {
            "patch_size": [48, 192, 192], "spacing": [1.0, 0.75, 0.75], "batch_size": 2,
            "architecture": {
                "network_class_name": "dynamic_network_architectures.architectures.unet.ResidualEncoderUNet",
                "arch_kwargs": {
                    "n_stages": 6, "features_per_stage": [32, 64, 128, 256, 320, 320], "kernel_sizes": 3,
                    "strides": [1, [1, 2, 2], 2, 2, 2, 2], "n_blocks_per_stage": [1, 3, 4, 6, 6, 6],
                    "n_conv_per_stage_decoder": 1, "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
                    "nonlin": "torch.nn.LeakyReLU",
                },
            },
        },
        "3d_fullres_high": {"inherits_from": "3d_fullres", "spacing": [0.5, 0.5, 0.5]},
    }
}  # fmt: skip


def test_a_residual_encoder_that_inherits_from_another_configuration():
    shape = shape_of(RESIDUAL, "3d_fullres_high")
    assert shape.residual
    assert shape.spacing_mm == (0.5, 0.5, 0.5)
    assert shape.stages[-1].size == (3, 6, 6)
    assert [stage.down for stage in shape.stages] == [1, 3, 4, 6, 6, 6]
    assert "residual block" in network(shape, ("background", "liver")).svg


@pytest.mark.parametrize(
    ("plans", "configuration"),
    [({}, "3d"), (RESIDUAL, "2d"), ({"configurations": {"a": {"inherits_from": "a"}}}, "a")],
    ids=["empty", "unknown", "circle"],
)
def test_plans_without_such_a_network(plans, configuration):
    with pytest.raises(BadInput, match="do not describe the network"):
        shape_of(plans, configuration)


def test_the_drawn_stages_are_those_of_the_network_that_nnunet_builds():
    """PyTorch's own sizes and channels, stage by stage."""
    torch = pytest.importorskip("torch")
    unet = pytest.importorskip("dynamic_network_architectures.architectures.unet")
    from pydoc import locate

    kwargs = dict(PLANS["configurations"]["3d_demo"]["architecture"]["arch_kwargs"])
    kwargs |= {name: locate(kwargs[name]) for name in ("conv_op", "norm_op", "nonlin")}
    net = unet.PlainConvUNet(input_channels=1, num_classes=3, deep_supervision=False, **kwargs)
    shape = shape_of(PLANS, "3d_demo")
    with torch.no_grad():
        skips = net.encoder(torch.zeros(1, 1, *shape.stages[0].size))
    assert [tuple(one.shape[2:]) for one in skips] == [stage.size for stage in shape.stages]
    assert [one.shape[1] for one in skips] == [stage.features for stage in shape.stages]
