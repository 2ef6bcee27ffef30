"""``bench segmentation``: what is taken of runs in turn, and what is said of them; nothing is drawn here."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bench():
    before = list(sys.path)
    spec = importlib.util.spec_from_file_location("bench_segmentation", ROOT / "benchmarks" / "segmentation.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_segmentation"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["bench_segmentation"]
    sys.path[:] = before


LABELS = np.array([[[0, 1, 1, 2]]])


def cost(cpu_s, gb=1.0):
    return {"seconds": 2 * cpu_s, "cpu_s": cpu_s, "peak_gb": gb}


@pytest.fixture
def drawn(bench, monkeypatch):
    """Two CTs by runs that cost what is written here; OpenVINO differs in one voxel from the others."""
    order, stock = [], iter([40.0, 50.0, 900.0, 60.0, 45.0, 70.0])
    cases = [bench.Case(name, name, sitk.Image(4, 1, 1, sitk.sitkInt16)) for name in ("a", "b")]

    def by_stock(ct, model, device):
        order.append("stock")
        return cost(next(stock)), LABELS

    def by_us(model, device, runtime, *, first, warm):
        order.append(f"{runtime} {first.name}")
        labels = LABELS if runtime == "torch" else np.array([[[0, 1, 2, 2]]])
        yield "first", first, cost(10.0, 2.0), labels
        yield "warm", warm, cost(5.0), labels
        if runtime == "torch":
            yield "tile step 0.75", first, cost(3.0), np.array([[[1, 2, 1, 2]]])

    monkeypatch.setattr(bench, "_stock", by_stock)
    monkeypatch.setattr(bench, "_ours", by_us)
    monkeypatch.setattr(bench, "_runtimes", lambda model, device: ("torch", "openvino"))
    return bench._compared(cases, None, "cpu", 3), order


def test_stock_torch_and_openvino_run_in_turn(drawn):
    assert drawn[1] == ["stock", "stock", "torch a", "torch b", "openvino a", "openvino b"] * 3


def test_each_figure_is_the_median(drawn):
    found = drawn[0]["a"]
    assert found["stock"]["cpu_s"] == 45.0  # of 40, 900 and 45
    assert (found["ratio_first_cpu_s"], found["ratio_warm_cpu_s"]) == (4.5, 9.0)
    assert found["openvino"]["ratio_warm_seconds"] == 9.0
    assert drawn[0]["b"]["stock"]["cpu_s"] == 60.0  # of 50, 60 and 70


def test_label_voxels_that_differ_are_told_of_each_way(drawn):
    found = drawn[0]["a"]
    assert found["differing_voxels"] == 0
    assert found["dice"] == {"parenchyma": 1.0, "tumor": 1.0}
    assert found["openvino"]["differing_voxels"] == 1
    assert found["openvino"]["beside_torch"]["dice"]["parenchyma"] == pytest.approx(2 / 3)
    assert found["choices"]["tile step 0.75"]["differing_voxels"] == 2


def test_memory_above_stock_is_told(drawn, bench):
    assert not drawn[0]["a"]["peak_not_above_stock"]
    assert bench.ratios(cost(10.0, 2.0), {"first": cost(5.0, 2.0)})["peak_not_above_stock"]


def test_what_openvino_reached_is_said(bench):
    first, warm = bench.targets({"ratio_first_cpu_s": 5.0, "ratio_warm_cpu_s": 7.9})
    assert first.endswith(": reached")
    assert warm.endswith("FELL SHORT")
    assert bench.targets({}) == []


def test_every_choice_is_one_of_how(bench):
    from PTLFPredictorLib.segmentation.how import How

    assert "tile step 0.75" in bench.CHOICES
    for chosen in bench.CHOICES.values():
        assert How("cpu", **chosen) != How("cpu")
