import math

import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from rasterio.crs import CRS

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.figures.map_axes import (
    draw_north_arrow,
    draw_scale_bar,
    frame,
    length_text,
    nice_length,
    north,
)

UTM, DEGREES = CRS.from_epsg(32654), CRS.from_epsg(4326)
# On the central meridian, where grid north is true north.
MIDDLE = Affine(10, 0, 500_000, 0, -10, 4_700_000)


def turned(degrees):
    return RasterGrid(
        UTM,
        Affine.translation(500_000, 4_700_000) @ Affine.rotation(degrees) @ Affine.scale(10, -10),
        (40, 40),
    )


def axes_for(grid, size=(4, 4)):
    axes = Figure(figsize=size).add_axes((0, 0, 1, 1))
    frame(axes, grid)
    return axes


@pytest.mark.parametrize(('length', 'nice'), [(1, 1), (4.9, 2), (730, 500), (19_999, 10_000)])
def test_nice_length(length, nice):
    assert nice_length(length) == nice


@given(st.floats(1e-3, 1e9))
def test_nice_lengths_fill_at_least_two_fifths(length):
    assert 0.4 * length <= nice_length(length) <= length * (1 + 1e-9)


def test_lengths_are_said_in_metres_or_kilometres():
    assert [length_text(length) for length in (0.5, 500, 1000, 20_000)] == [
        '0.5 m',
        '500 m',
        '1 km',
        '20 km',
    ]


@pytest.mark.parametrize('degrees', [0, 30, 90, 180, 250])
def test_north_turns_against_the_scene(degrees):
    right, up = north(turned(degrees))
    # A scene turned counter-clockwise on the ground shows north turned clockwise.
    expected = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    assert (right, up) == pytest.approx(expected, abs=3e-3)


@pytest.mark.parametrize('latitude', [68, -45, 0])
def test_north_is_up_in_longitudes_and_latitudes(latitude):
    grid = RasterGrid(DEGREES, Affine(2e-4, 0, 141, 0, -1e-4, latitude), (50, 50))
    assert north(grid) == pytest.approx((0, 1), abs=1e-6)


def test_north_leans_away_from_a_central_meridian():
    east = RasterGrid(UTM, Affine(10, 0, 800_000, 0, -10, 4_700_000), (50, 50))
    right, up = north(east)
    # Grid convergence: about the difference of longitude times the sine of the latitude.
    expected = -math.radians(3.66) * math.sin(math.radians(42.4))
    assert math.atan2(right, up) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize(
    ('grid', 'length'),
    [
        (RasterGrid(UTM, MIDDLE, (300, 400)), 1000),
        (RasterGrid(DEGREES, Affine(1e-4, 0, 141, 0, -1e-4, 60), (300, 400)), 500),
    ],
    ids=['metres', 'degrees'],
)
def test_the_scale_bar_is_as_long_as_it_says(grid, length):
    axes = axes_for(grid)
    draw_scale_bar(axes, grid)
    for line in axes.lines:
        ends = line.get_xdata()
        assert (ends[1] - ends[0]) * grid.pixel_size[0] == pytest.approx(length)
    assert [text.get_text() for text in axes.texts] == [length_text(length)]


def test_the_arrow_shrinks_with_its_map_and_is_left_out_of_a_sliver():
    grid = RasterGrid(UTM, MIDDLE, (40, 40))
    heights = []
    for size in ((4, 4), (1, 4), (0.3, 4)):
        axes = axes_for(grid, size)
        draw_north_arrow(axes, grid)
        heights.append([text.get_fontsize() for text in axes.texts])
    assert heights[0] > heights[1]
    assert heights[2] == []
