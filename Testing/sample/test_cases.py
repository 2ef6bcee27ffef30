"""Synthetic CTs: known truth, plausible anatomy and attenuation, and what a scanner does to them."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from PTLFPredictorLib.sample import Disease, SampleCase, make_case
from PTLFPredictorLib.sample.geometry import Grid
from PTLFPredictorLib.sample.scan import noise
from samples import drawn

SEEDS = (2000, 2013)
"""The smallest liver and the brightest lesion: what the segments' tests take, too."""


@pytest.fixture(scope="module")
def cases() -> dict[int, SampleCase]:
    return {seed: drawn(seed, matrix=128) for seed in SEEDS}


def arrays(case: SampleCase) -> tuple[np.ndarray, np.ndarray]:
    return sitk.GetArrayFromImage(case.ct), sitk.GetArrayFromImage(case.labels)


def test_one_seed_is_one_patient(cases):
    again = make_case(2000, matrix=128)
    for image, other in ((again.ct, cases[2000].ct), (again.labels, cases[2000].labels)):
        assert sitk.Hash(image) == sitk.Hash(other)
    assert sitk.Hash(cases[2013].ct) != sitk.Hash(cases[2000].ct)


@pytest.mark.parametrize("matrix", [128, pytest.param(512, marks=pytest.mark.slow)])
def test_canonical_geometry_within_the_published_protocol(matrix):
    case = drawn(2000, matrix=matrix)
    assert case.ct.GetPixelID() == sitk.sitkInt16
    assert case.labels.GetPixelID() == sitk.sitkUInt8
    assert case.ct.GetSize() == (matrix, matrix, 46)
    assert case.ct.GetSpacing() == (400 / matrix, 400 / matrix, 5.0)
    assert 0.586 < 400 / 512 < 0.977  # of the sample case and the demo
    assert case.ct.GetDirection() == case.labels.GetDirection() == (1, 0, 0, 0, 1, 0, 0, 0, 1)
    assert (case.ct.GetOrigin(), case.ct.GetSize()) == (case.labels.GetOrigin(), case.labels.GetSize())


def test_thin_slices_show_the_same_patient(cases):
    thin, thick = make_case(2013, matrix=128, slice_mm=2.5), cases[2013]
    assert thin.ct.GetSize() == (128, 128, 92)
    assert thin.liver_ml == pytest.approx(thick.liver_ml, rel=0.02)
    assert thin.tumour_ml == pytest.approx(thick.tumour_ml, rel=0.06)
    pairs = sitk.GetArrayFromImage(thin.labels).reshape(46, 2, 128, 128)
    inside = pairs.min(axis=1) > 0
    assert (sitk.GetArrayFromImage(thick.labels) > 0)[inside].mean() > 0.995


@pytest.mark.parametrize("seed", SEEDS)
def test_the_truth_is_what_was_asked_for(cases, seed):
    case, drawn = cases[seed], Disease.draw(seed)
    _, labels = arrays(case)
    ml = np.prod(case.ct.GetSpacing()) / 1000
    assert case.tumour_ml == pytest.approx((labels == 2).sum() * ml)
    assert case.liver_ml == pytest.approx(drawn.liver_ml, rel=0.05)
    assert 1000 < case.liver_ml < 2200
    assert case.tumour_ml == pytest.approx(drawn.tumour_ml, rel=0.35)
    assert len(case.tumours) == drawn.tumour_count
    assert "Synthetic" in case.description
    assert "Not a patient" in case.description


@pytest.mark.parametrize("seed", SEEDS)
def test_the_liver_is_whole_on_the_right_and_in_one_piece(cases, seed):
    case = cases[seed]
    _, labels = arrays(case)
    liver = labels > 0
    assert not liver[[0, -1]].any()
    z, y, x = np.argwhere(liver).mean(axis=0)
    centre = case.ct.TransformContinuousIndexToPhysicalPoint((x, y, z))
    assert -95 < centre[0] < -30
    pieces = sitk.RelabelComponent(sitk.ConnectedComponent(case.labels > 0))
    assert (sitk.GetArrayViewFromImage(pieces) == 1).sum() > 0.99 * liver.sum()


@pytest.mark.parametrize("seed", SEEDS)
def test_attenuation_of_the_portal_venous_phase(cases, seed):
    hu, labels = arrays(cases[seed])
    case = cases[seed]

    def at(x: float, y: float, z: float, radius: int = 2) -> float:
        i, j, k = case.ct.TransformPhysicalPointToIndex((x, y, z))
        return float(np.median(hu[k, j - radius : j + radius + 1, i - radius : i + radius + 1]))

    parenchyma = float(np.median(hu[labels == 1]))
    aorta = at(3.5, 20.5, -135, 1)
    assert 85 < parenchyma < 130
    assert 135 < aorta < 185
    assert aorta > parenchyma + 15
    assert max(at(0, 48, z, 1) for z in (-75, -65, -55, -45)) > 110  # a vertebral body
    assert hu[0, 0].max() < -900  # air beside the body
    assert -120 < np.median(hu[(hu > -150) & (hu < -60)]) < -90  # fat
    assert (hu < -800)[-4:, 30:90, 20:108].mean() > 0.25  # lung


@pytest.mark.parametrize("seed", SEEDS)
def test_tumours_can_be_seen(cases, seed):
    case = cases[seed]
    hu, labels = arrays(case)
    for tumour in case.tumours:
        assert abs(tumour.contrast_hu) >= 28
    background = hu[labels == 1]
    inside = hu[labels == 2].astype(float)
    separated = np.abs(inside - np.median(background)) > background.std() / 2
    assert separated.mean() > 0.5


@pytest.fixture(scope="module")
def quiet() -> SampleCase:
    """A healthy liver in a CT without noise."""
    return make_case(15, matrix=128, tumours=0, noise_sd_hu=0.0)


def test_a_healthy_liver(quiet):
    case = quiet
    assert case.tumours == ()
    assert case.tumour_ml == 0
    assert set(np.unique(sitk.GetArrayViewFromImage(case.labels))) == {0, 1}


def test_many_tumours():
    case = make_case(16, matrix=128, tumours=4)
    pieces = sitk.ConnectedComponent(case.labels == 2, True)
    assert 2 <= len(case.tumours) <= 4
    assert sitk.GetArrayViewFromImage(pieces).max() >= 2


def test_volumes_span_the_stated_ranges():
    drawn = [Disease.draw(seed) for seed in range(400)]
    volumes, burdens = np.array([d.liver_ml for d in drawn]), np.array([d.tumour_ml for d in drawn])
    assert 1050 <= volumes.min() < 1100
    assert 2050 < volumes.max() <= 2100
    assert 5 <= burdens.min() < 10
    assert 300 < burdens.max() <= 400
    assert (burdens < 0.25 * volumes + 1e-9).all()


def test_noise_has_the_spectrum_of_filtered_back_projection():
    grid = Grid((-100, -100, 0), (0.78125, 0.78125, 5), (256, 256, 24))
    field = noise(grid, np.ones(grid.shape), 12.0, np.random.default_rng(0))
    power = (np.abs(np.fft.fft2(field[:, 64:192, 64:192] * np.hanning(128)[:, None] * np.hanning(128))) ** 2).mean(
        axis=0
    )
    frequency = np.hypot(*np.meshgrid(*[np.fft.fftfreq(128, 0.78125)] * 2))
    radial = [power[(frequency >= f) & (frequency < f + 0.05)].mean() for f in np.arange(0, 0.6, 0.05)]
    peak = int(np.argmax(radial))
    assert 0.15 <= 0.05 * peak <= 0.35
    assert radial[0] < 0.4 * radial[peak]
    assert radial[-1] < 0.45 * radial[peak]
    middle = field[:, 118:138, 118:138]
    assert middle.std() == pytest.approx(12, rel=0.15)
    assert field[:, :20, :20].std() < 0.8 * middle.std()


@pytest.mark.parametrize(("thickness", "sd"), [(5.0, 12.0), (1.25, 24.0)])
def test_thin_slices_are_noisier(thickness, sd):
    grid = Grid((-25, -25, 0), (0.78125, 0.78125, thickness), (64, 64, 40))
    field = noise(grid, np.ones(grid.shape), 12.0, np.random.default_rng(1))
    assert field[:, 22:42, 22:42].std() == pytest.approx(sd, rel=0.15)


def test_edges_have_partial_volume(quiet):
    hu = sitk.GetArrayFromImage(quiet.ct)
    row = hu[23, 64]
    skin = int(np.flatnonzero(row > -500)[0])
    assert -1000 < row[skin - 1] < -500 or -500 < row[skin] < 20
    assert (hu != hu.round()).sum() == 0
