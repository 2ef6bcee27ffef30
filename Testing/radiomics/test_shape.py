"""Shape: known bodies, brute force, and a mesh without holes."""

from itertools import combinations
from math import pi, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from PTLFPredictorLib.measures.radiomics import cubes, shape

SPACING = (1.6, 0.8, 0.7)


def ball(radius_mm, spacing):
    reach = [int(radius_mm / step) + 2 for step in spacing]
    grid = np.ogrid[tuple(slice(-n, n + 1) for n in reach)]
    return sum((g * step) ** 2 for g, step in zip(grid, spacing, strict=True)) <= radius_mm**2


def all_of(mask, spacing=SPACING):
    return {k.removeprefix("original_shape_"): v for k, v in shape.features(mask, spacing, shape.FEATURES).items()}


def test_a_ball_has_the_volume_and_diameters_of_a_ball():
    found = all_of(ball(20.0, (1, 1, 1)), (1, 1, 1))
    assert found["MeshVolume"] == pytest.approx(4 / 3 * pi * 20**3, rel=5e-3)
    assert found["VoxelVolume"] == pytest.approx(4 / 3 * pi * 20**3, rel=5e-3)
    assert 41.0 <= found["Maximum3DDiameter"] <= 41.1
    assert found["Maximum2DDiameterSlice"] == found["Maximum2DDiameterRow"] == found["Maximum2DDiameterColumn"]
    assert found["Elongation"] == pytest.approx(1, abs=1e-9)
    assert found["Flatness"] == pytest.approx(1, abs=1e-9)
    # The steps of the voxels make the surface larger, by some 10 %.
    assert found["Sphericity"] == pytest.approx(0.92, abs=0.02)


def test_a_box_by_hand():
    found = all_of(np.ones((3, 5, 10), dtype=bool), (2.0, 1.0, 1.0))
    assert found["VoxelVolume"] == 300.0
    variances = [(n**2 - 1) / 12 * step**2 for n, step in ((3, 2.0), (5, 1.0), (10, 1.0))]
    least, minor, major = sorted(variances)
    assert found["MajorAxisLength"] == pytest.approx(4 * sqrt(major))
    assert found["MinorAxisLength"] == pytest.approx(4 * sqrt(minor))
    assert found["LeastAxisLength"] == pytest.approx(4 * sqrt(least))
    # Vertices in an axial plane: a column through the middle of voxels at each end, half a voxel outwards.
    assert found["Maximum2DDiameterSlice"] == pytest.approx(np.hypot(10, 4))
    assert found["SurfaceVolumeRatio"] == found["SurfaceArea"] / found["MeshVolume"]


def test_one_voxel_is_an_octahedron():
    found = shape.Shape(np.ones((1, 1, 1), dtype=bool), (2.0, 2.0, 2.0))
    assert found.mesh_volume() == pytest.approx(4 / 3)
    assert found.surface_area() == pytest.approx(4 * sqrt(3))
    assert found.maximum_3d_diameter() == pytest.approx(2.0)


def brute_diameters(mask, spacing):
    """All pairs of mesh vertices: largest distance, and among vertices in one plane across each axis."""
    padded, points = np.pad(mask, 1), []
    for axis in range(3):
        for index in np.argwhere(np.diff(padded.astype(int), axis=axis)):
            points.append(index + 0.5 * (np.arange(3) == axis))
    largest = np.zeros(4)
    for a, b in combinations(points, 2):
        distance = np.linalg.norm((a - b) * spacing)
        same = [*(a == b), True]
        largest = np.maximum(largest, np.where(same, distance, 0))
    return largest


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), fill=st.sampled_from([0.1, 0.5, 0.9]))
def test_diameters_are_those_of_the_farthest_vertices(seed, fill):
    rng = np.random.default_rng(seed)
    mask = rng.random(rng.integers(1, 5, 3)) < fill
    mask.flat[0] = True
    found = shape.Shape(mask, SPACING)
    axial, coronal, sagittal, space = brute_diameters(mask, SPACING)
    assert found.maximum_3d_diameter() == pytest.approx(space)
    assert found.maximum_2d_diameter_slice() == pytest.approx(axial)
    assert found.maximum_2d_diameter_column() == pytest.approx(coronal)
    assert found.maximum_2d_diameter_row() == pytest.approx(sagittal)


@settings(max_examples=40)
@given(
    semi_axes=st.tuples(*[st.floats(1.0, 6.0)] * 3),
    centre=st.tuples(*[st.floats(0.0, 1.0)] * 3),
    shift=st.tuples(*[st.integers(0, 5)] * 3),
)
def test_the_mesh_of_a_smooth_body_is_closed(semi_axes, centre, shift):
    """A mesh with a hole or a triangle inside out changes its volume when it is moved."""
    grid = np.ogrid[-7:8, -7:8, -7:8]
    mask = sum(((g - c) / a) ** 2 for g, c, a in zip(grid, centre, semi_axes, strict=True)) <= 1
    if not mask.any():
        return
    moved = np.pad(mask, [(s, 0) for s in shift])
    here, there = shape.Shape(mask, SPACING), shape.Shape(moved, SPACING)
    assert here.mesh_volume() == pytest.approx(there.mesh_volume(), rel=1e-9)
    assert here.surface_area() == pytest.approx(there.surface_area(), rel=1e-12)
    assert 0 < here.mesh_volume() < here.voxel_volume()


def test_every_cube_with_both_kinds_of_corners_has_triangles_on_cut_edges_only():
    assert len(cubes.TRIANGLES) == 128
    for number, triangles in enumerate(cubes.TRIANGLES):
        inside = [number >> corner & 1 for corner in range(8)]
        cut = {edge for edge, (a, b) in enumerate(cubes.EDGES) if inside[a] != inside[b]}
        assert set(triangles.ravel().tolist()) == cut


def test_axis_lengths_of_a_flat_voi_end_in_zero():
    found = all_of(np.ones((1, 4, 6), dtype=bool))
    assert found["LeastAxisLength"] == pytest.approx(0, abs=1e-6)
    assert found["Flatness"] == pytest.approx(0, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), number=st.sampled_from([1, 2, 40, 255, 256, 257, 700]), axes=st.sampled_from([2, 3])
)
def test_the_largest_distance_is_that_of_all_pairs_to_the_last_bit(seed, number, axes):
    points = np.random.default_rng(seed).integers(-300, 300, (number, axes)) * np.array([0.35, 0.4, 0.8])[:axes]
    expected = max(np.sum((points - point) ** 2, axis=1).max() for point in points)
    assert shape._largest_distance(points) == sqrt(expected)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), share=st.sampled_from([0.05, 0.5, 0.95]))
def test_axes_are_those_of_the_covariance_of_the_voxels(seed, share):
    rng = np.random.default_rng(seed)
    mask = rng.random(rng.integers(2, 9, 3)) < share
    mask[0, 0, 0] = mask[-1, -1, -1] = True
    covariance = np.cov((np.argwhere(mask) * SPACING).T, bias=True)
    expected = 4 * np.sqrt(np.clip(np.linalg.eigvalsh(covariance), 0, None))
    found = shape.features(mask, SPACING, ["LeastAxisLength", "MinorAxisLength", "MajorAxisLength"])
    np.testing.assert_allclose(list(found.values()), expected, atol=1e-6)
