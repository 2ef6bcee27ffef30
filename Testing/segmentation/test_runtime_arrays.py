"""Drawing without torch: preparing and labels are those of `network`, which are nnU-Net's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from PTLFPredictorLib.segmentation import model_folder
from PTLFPredictorLib.segmentation.network.folds import Folds
from PTLFPredictorLib.segmentation.network.preparing import prepare
from PTLFPredictorLib.segmentation.network.resampling import SPLINES, TORCH, Resampling, taps_of
from PTLFPredictorLib.segmentation.runtime import arrays
from random_models import TINY, phantom, write_model

torch = pytest.importorskip("torch", reason="torch is not installed: './ptlf test' installs it")
pytest.importorskip("nnunetv2", reason="nnunetv2 is not installed: './ptlf test' installs it")

KINDS = {
    "torch": TINY,
    "z-scores": replace(TINY, normalization="ZScoreNormalization"),
    "masked z-scores": replace(TINY, normalization="ZScoreNormalization", masked=True),
    "transposed": replace(TINY, transposed=(2, 0, 1), spacing=(2.5, 3.0, 4.0)),
    "thick slices": replace(TINY, spacing=(12.0, 3.0, 3.0)),
    "as the CT": replace(TINY, spacing=(3.0, 2.0, 2.0)),
    "splines": replace(TINY, splines=True),
    "splines, thick slices": replace(TINY, splines=True, spacing=(12.0, 3.0, 3.0)),
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_ct_is_prepared_as_with_torch(kind, tmp_path):
    planned = Folds(model_folder.check(write_model(tmp_path / "model", kind)), "", ()).planned
    array = sitk.GetArrayFromImage(phantom((40, 37, 21), (2.0, 2.0, 3.0)))
    before = array.copy()
    theirs, their_frame = prepare(array, (3.0, 2.0, 2.0), planned, "cpu")
    ours, frame = arrays.prepared(array, (3.0, 2.0, 2.0), planned)
    assert np.array_equal(array, before)
    assert frame == their_frame
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=2e-6)  # of values from -3.4 to 2.5


@st.composite
def drawings(draw_one):
    """Outputs of a network in half precision, many of them ties, and how they come to the CT's grid."""
    size = [draw_one(st.integers(1, 5)) for _ in range(3)]
    wanted = [draw_one(st.integers(1, 9)) for _ in range(3)]
    orders = [draw_one(st.sampled_from((1, 1, 0))) for _ in range(3)]
    heads, seed = draw_one(st.integers(1, 10)), draw_one(st.integers(0, 999))
    values = np.random.default_rng(seed).integers(-3, 4, (heads, *size)) / draw_one(st.sampled_from((1.0, 3.0)))
    name = draw_one(st.sampled_from((TORCH, SPLINES)))
    kind = np.float32 if name == TORCH else np.float64
    taps = [taps_of(n, w, order, kind) for n, w, order in zip(size, wanted, orders, strict=True)]
    regions = draw_one(st.sampled_from((None, tuple(range(1, heads + 1)), tuple(range(heads, 0, -1)))))
    wanted = draw_one(st.sets(st.integers(1, heads - 1))) if heads > 1 else ()
    return values.astype(np.float16), taps, regions, name, tuple(wanted)


@settings(max_examples=60, deadline=None)
@given(drawings(), st.sampled_from((1, 7, 1 << 20)))
def test_labels_are_drawn_as_with_torch(drawing, slab_voxels):
    from PTLFPredictorLib.segmentation.network.drawing import draw, labels_of

    outputs, taps, regions, name, wanted = drawing
    theirs = draw(torch.from_numpy(outputs), taps, regions, name, wanted=wanted)
    told = []
    options = {"wanted": wanted, "slab_voxels": slab_voxels, "told": lambda *event: told.append(event)}
    ours = arrays.draw(outputs, taps, regions, name, **options)
    assert ours.dtype == np.uint8
    assert np.array_equal(ours, theirs)
    assert (told[0], told[-1]) == ((0, len(ours)), (len(ours), len(ours)))
    assert np.array_equal(arrays.labels_of(outputs, regions), labels_of(torch.from_numpy(outputs), regions).numpy())


MM = st.sampled_from((0.7, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 9.0))


@settings(max_examples=80, deadline=None)
@given(st.tuples(MM, MM, MM), st.tuples(MM, MM, MM), st.sampled_from((None, True, False)))
def test_thick_slices_are_resampled_on_their_own_where_nnunet_does_so(spacing, new_spacing, forced):
    from nnunetv2.configuration import ANISO_THRESHOLD
    from nnunetv2.preprocessing.resampling.default_resampling import determine_do_sep_z_and_axis

    separate, axis = determine_do_sep_z_and_axis(forced, spacing, new_spacing, ANISO_THRESHOLD)
    assert Resampling(TORCH, 1, 0, forced, None).separate_axis(spacing, new_spacing) == (axis if separate else None)
