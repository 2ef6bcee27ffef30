"""``bench radiomics``: how its figures are taken, and what it says of them.  No figure is asserted here."""

import importlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

from PTLFPredictorLib.cli import main as ptlf

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("measuring", "radiomics_cases", "radiomics_figures", "radiomics_page", "radiomics_run", "radiomics_scaling")


@pytest.fixture(scope="module")
def bench():
    """benchmarks/radiomics.py, which is not to be what "import radiomics" finds."""
    before = list(sys.path)
    spec = importlib.util.spec_from_file_location("bench_radiomics", ROOT / "benchmarks" / "radiomics.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in PARTS:
        setattr(module, name, importlib.import_module(name))
    yield module
    sys.path[:] = before


def a_run(seconds, processor, values=None):
    cost = {"seconds": seconds, "processor_seconds": processor, "process_seconds": processor + 1, "peak_gb": 0.5}
    return {**cost, "load": 1.0, "filters": {"LoG": processor / 2}, "values": values or {"liver": {"a": 1.0, "b": 2.0}}}


# ---- how figures are taken


def test_what_is_compared_runs_in_turn(bench):
    order = []
    ways = {name: lambda name=name: order.append(name) or {"seconds": len(order)} for name in ("ours", "theirs")}
    runs = bench.measuring.in_turn(ways, 3)
    assert order == ["ours", "theirs"] * 3
    assert [run["seconds"] for run in runs["theirs"]] == [2, 4, 6]
    assert all("load" in run for taken in runs.values() for run in taken)


def test_a_figure_is_the_median_and_one_that_a_run_lacks_is_none(bench):
    runs = [{"seconds": s, "peak_gb": gb} for s, gb in ((9.0, 1.0), (2.0, None), (3.0, 1.0))]
    assert bench.measuring.medians(runs, ("seconds", "peak_gb")) == {"seconds": 3.0, "peak_gb": None}


def test_processor_and_load_before_and_after_are_said(bench):
    found = {"processor": "P 1", "cores": 2, "python": "3.11", "platform": "Linux", "load_before": 0.5}
    assert "P 1, 2 cores" in bench.measuring.in_words(found)
    assert "load 0.5 before, 7.5 after" in bench.measuring.in_words(found | {"load_after": 7.5})
    assert bench.measuring.machine().keys() == found.keys()


def test_a_shells_number_of_threads_is_not_handed_to_what_is_measured(bench, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    _, environment = bench.interpreter.__wrapped__("builtin", ROOT)
    assert environment.get("OMP_NUM_THREADS") != "7"
    assert environment["PYTHONPATH"] == str(ROOT / "PTLFPredictor")


def test_processor_seconds_count_what_ran_and_not_what_waited(bench):
    before = bench.measuring.cpu_seconds()
    time.sleep(0.3)
    assert bench.measuring.cpu_seconds() - before < 0.25
    if os.name != "nt":  # does not tell those of children
        ran = "import time\nwhile time.process_time() < 0.3: pass"
        subprocess.run([sys.executable, "-c", ran], check=True)
        assert bench.measuring.cpu_seconds() - before >= 0.25  # told in hundredths


# ---- what is said of them


def test_ratios_are_of_processor_seconds_and_values_are_compared(bench):
    theirs = {"liver": {"a": 1.0, "b": 2.0000002, "c": 3.0}}
    runs = {
        "builtin": [a_run(1.0, 2.0), a_run(8.0, 3.0), a_run(9.0, 100.0)],
        "pyradiomics": [a_run(50.0, 60.0, theirs)] * 3,
    }
    found = bench.compared("signature", runs)
    assert found["processor_seconds"] == 3.0
    assert found["ratio_processor"] == found["pyradiomics"]["ratio"] == 20.0
    assert found["ratio"] == 50.0 / 8.0
    assert found["max_rel_diff"] == pytest.approx(1e-7, rel=1e-6)
    assert found["largest_differences"] == {"liver b": found["max_rel_diff"], "liver a": 0.0}
    assert found["pyradiomics"]["values_that_differ"] == 1
    assert found["pyradiomics"]["missing"] == ["liver c"]
    assert found["filters"]["LoG"]["ratio"] == 20.0
    assert found["repeated_equal"]


def test_runs_that_gave_different_values_are_told(bench, capsys):
    runs = {"builtin": [a_run(1.0, 1.0), a_run(1.0, 1.0, {"liver": {"a": 1.0, "b": 3.0}})]}
    found = bench.compared("signature", runs)
    assert not found["repeated_equal"]
    bench.print_table("signature", found)
    assert "GAVE DIFFERENT VALUES" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("processor", "way", "word"),
    [(60.0, "pyradiomics", "aim reached"), (50.0, "pyradiomics", ": reached"), (40.0, "pyradiomics", "FELL SHORT"),
     (4.0, "against", ": reached"), (3.0, "against", "FELL SHORT")],
)  # fmt: skip
def test_what_was_reached_is_said(bench, processor, way, word):
    runs = {"builtin": [a_run(1.0, 2.5)], way: [a_run(1.0, processor)]}
    assert word in bench.compared("signature", runs)["targets"][0]


def test_filtered_voxels_are_counted_by_the_last_place_and_by_bin(bench):
    ours = np.linspace(-200, 200, 401, dtype=np.float32)
    parts = [np.arange(401) < 300, np.arange(401) >= 300]
    assert bench.radiomics_run.beside(ours, ours.copy(), parts, 25.0, "log") == {
        "voxels": 401, "differ": 0, "largest_of_range": 0.0, "largest_ulp": 0.0, "other_bin": 0,
    }  # fmt: skip
    theirs = ours.copy()
    theirs[7] = np.nextafter(theirs[7], np.float32(9999))  # -193, inside its bin
    theirs[330] += 30
    found = bench.radiomics_run.beside(ours, theirs, parts, 25.0, "log")
    assert (found["differ"], found["other_bin"]) == (2, 1)
    theirs[330] = ours[330]
    assert bench.radiomics_run.beside(ours, theirs, parts, 25.0, "log")["largest_ulp"] == 1.0
    assert "log 1 of 401 voxels by at most 4e-08 of the range or 1 ulp" in bench.layers_in_words(
        {"log": bench.radiomics_run.beside(ours, theirs, parts, 25.0, "log")}, "ITK"
    )


@given(fixed=st.floats(0.1, 5), slope=st.floats(0.1, 20))
def test_a_straight_line_gives_its_own_intercept_and_slope(bench, fixed, slope):
    rows = [{"voxels": m * 1e6, "processor_seconds": fixed + slope * m, "peak_gb": m} for m in (0.1, 1.0, 8.0)]
    found = bench.radiomics_scaling.lines(rows)
    assert found["intercept_s"] == pytest.approx(fixed, rel=1e-6)
    assert found["s_per_million"] == pytest.approx(slope, rel=1e-6)
    assert found["largest_peak_gb"] == 8.0


def test_what_scaling_reached_is_said(bench):
    found = {"intercept_s": 1.8, "s_per_million": 1.0, "loglog_slope": 0.5, "largest_peak_gb": 1.4}
    words = bench.radiomics_scaling.in_words("ten", found, {"peak_gb": 1.5, "intercept_s": 1.7})
    assert "whatever the VOI (at most 1.7: FELL SHORT)" in words
    assert "1.40 GB (at most 1.5: reached)" in words


# ---- the CTs


def test_every_slice_of_the_full_ct_is_body_and_air(bench):
    voxels = sitk.GetArrayFromImage(bench.radiomics_cases.full_ct(90, 64))
    assert voxels.shape == (90, 64, 64)
    body, air = voxels > -500, voxels < -500
    assert (np.abs(body.mean(axis=(1, 2)) - np.pi / 4 * 0.9 * 0.7) < 0.03).all()
    assert voxels[body].mean() == pytest.approx(60, abs=2)
    assert voxels[air].mean() == pytest.approx(-1000, abs=2)
    assert voxels[air].std() == pytest.approx(28, rel=0.1)
    assert not (voxels[0] == voxels[40]).all()


def test_vois_have_the_voxels_that_are_asked_for(bench):
    ct = bench.radiomics_cases.full_ct(60, 96)
    before = sitk.GetArrayFromImage(ct)
    image, labels = bench.radiomics_cases.place_vois(ct, 0.03)
    liver, tumour = (sitk.GetArrayFromImage(labels) == label for label in (1, 2))
    assert (liver | tumour).sum() == pytest.approx(30_000, rel=0.03)
    assert tumour.sum() == pytest.approx(3_000, rel=0.05)
    voxels = sitk.GetArrayFromImage(image)
    assert voxels[liver].mean() == pytest.approx(105, abs=2)
    assert voxels[tumour].mean() == pytest.approx(75, abs=8)  # some 130 independent values of noise
    assert (sitk.GetArrayFromImage(ct) == before).all()
    with pytest.raises(ValueError, match="does not fit"):
        bench.radiomics_cases.place_vois(ct, 0.5)


# ---- the whole


def test_this_checkout_beside_itself_on_a_small_case(bench, tmp_path, monkeypatch, capsys):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{bench.radiomics_page.BEGIN}\nold\n{bench.radiomics_page.END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(bench.cases, "ircad17", lambda: bench.cases.synthetic(0.02))
    asked = {"pairs": 1, "only": "signature", "against": ROOT, "without_pyradiomics": True, "page": page}
    bench.main(tmp_path / "bench.json", **asked)
    result = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    found = result["signature"]
    assert found["features"] == 10
    assert found["against"]["max_rel_diff"] == 0.0
    assert found["against"]["values_that_differ"] == 0
    assert sum(one["other_bin"] for one in result["layers"].values()) == 0
    assert all(one["largest_of_range"] <= 1e-7 for one in result["layers"].values())
    assert set(result["layers"]) == {f"log-sigma-{sigma}-0-mm-3D" for sigma in (1, 2, 3)}
    assert {"processor", "load_before", "load_after"} <= result["machine"].keys()
    assert "LoG" in capsys.readouterr().err  # stages
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "| ten features of the signature | built-in |" in text
    bench.radiomics_page.put(page, result)
    assert page.read_text(encoding="utf-8") == text


def test_a_page_without_a_place_for_the_figures_is_left_alone(bench, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("nothing", encoding="utf-8")
    with pytest.raises(ValueError, match="no place for the figures"):
        bench.radiomics_page.put(page, {})
    assert page.read_text(encoding="utf-8") == "nothing"


def test_the_page_of_the_engine_has_the_place(bench):
    text = (ROOT / "docs" / "radiomics.md").read_text(encoding="utf-8")
    assert text.count(bench.radiomics_page.BEGIN) == text.count(bench.radiomics_page.END) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["panel", "--against", "x"], "'bench panel' has no --against"),
        (["panel", "--slow"], "'bench panel' has no --slow"),
        (["radiomics", "--ct", "x"], "--ct and --segmentation go together"),
        (["radiomics", "--pairs", "0"], "at least 1"),
    ],
)
def test_what_a_benchmark_does_not_take_is_refused(words, sentence, capsys, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, words[0], raising=False)
    assert ptlf(["bench", *words]) == 2
    monkeypatch.delitem(sys.modules, words[0], raising=False)
    assert sentence in capsys.readouterr().err
