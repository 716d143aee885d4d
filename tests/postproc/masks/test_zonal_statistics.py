import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from rasterio.crs import CRS
from rasterio.features import shapes
from scipy import ndimage

import postproc.masks.zonal_statistics
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.grid import RasterGrid
from postproc.masks.product_rasters import scene_windows
from postproc.masks.zonal_statistics import zonal_statistics
from postproc.masks.zone_values import zone_values

UTM = CRS.from_epsg(32654)
TRANSFORMS = [
    Affine(10, 0, 500_000, 0, -10, 4_700_000),
    Affine(10, 0, 500_000, 0, 10, 4_700_000),
    Affine.translation(500_000, 4_700_000) @ Affine.rotation(40) @ Affine.scale(3, -7),
]
NUMPY = {
    'pixels': np.size,
    'count': lambda values: np.isfinite(values).sum(),
    'mean': np.nanmean,
    'std': np.nanstd,
    'min': np.nanmin,
    'max': np.nanmax,
    'median': np.nanmedian,
    'p10': lambda values: np.nanpercentile(values, 10),
    'p90': lambda values: np.nanpercentile(values, 90),
}


def traced(pixels, transform):
    """One polygon for every 4-connected region, and the label image behind them."""
    labels, count = ndimage.label(pixels)
    rings = list(shapes(np.int32(labels), mask=pixels, transform=transform))
    polygons = np.empty(count, dtype=object)
    for ring, number in rings:
        polygons[int(number) - 1] = shapely.geometry.shape(ring)
    return polygons, labels


def expected(values, labels, number):
    of_region = values[labels == number]
    known = np.isfinite(of_region).any()
    return [
        function(of_region) if known or name in ('pixels', 'count') else np.nan
        for name, function in NUMPY.items()
    ]


@given(
    pixels=npst.arrays(bool, npst.array_shapes(min_dims=2, max_dims=2, max_side=12)),
    size=st.integers(1, 12),
    transform=st.sampled_from(TRANSFORMS),
    seed=st.integers(0, 100),
)
@settings(max_examples=60)
def test_every_region_as_numpy_says_whatever_the_windows(pixels, size, transform, seed):
    rng = np.random.default_rng(seed)
    values = np.where(rng.random(pixels.shape) < 0.3, np.nan, rng.normal(size=pixels.shape))
    polygons, labels = traced(pixels, transform)
    grid = RasterGrid(UTM, transform, pixels.shape)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            postproc.masks.zonal_statistics,
            'zone_values',
            lambda *given, **options: zone_values(*given, **options, size=size),
        )
        found = zonal_statistics(polygons, grid, lambda w: [values[w.toslices()]], ['z'], [*NUMPY])

    wanted = [expected(values, labels, number) for number in range(1, len(polygons) + 1)]
    np.testing.assert_allclose(found['z'], np.reshape(wanted, (-1, len(NUMPY))), atol=1e-12)


@given(seed=st.integers(0, 1000), size=st.integers(3, 20), integers=st.booleans())
@settings(max_examples=30)
def test_large_regions_agree_with_small_ones(seed, size, integers):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 4, (17, 23)) * 1.0 if integers else rng.normal(size=(17, 23))
    values[rng.random(values.shape) < 0.2] = np.nan
    blobs = ndimage.gaussian_filter(rng.normal(size=values.shape), 2) > 0
    polygons, labels = traced(blobs, TRANSFORMS[0])
    grid = RasterGrid(UTM, TRANSFORMS[0], values.shape)
    names = [*NUMPY, 'argmin', 'argmax']

    def read(window):
        return [values[window.toslices()], -values[window.toslices()]]

    small = zonal_statistics(polygons, grid, read, ['z', 'minus'], names)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postproc.masks.zonal_statistics, 'MAX_PIXELS', 0)
        patch.setattr(
            postproc.masks.zonal_statistics,
            'scene_windows',
            lambda shape: scene_windows(shape, size),
        )
        large = zonal_statistics(polygons, grid, read, ['z', 'minus'], names)

    for layer, table in large.items():
        exact = [name for name in names if name not in ('median', 'p10', 'p90')]
        np.testing.assert_allclose(table[exact], small[layer][exact], atol=1e-9)
    for number, row in large['z'].iterrows():
        known = values[(labels == number + 1) & np.isfinite(values)]
        for name, share in (('median', 0.5), ('p10', 0.1), ('p90', 0.9)):
            wanted = np.quantile(known, share, method='lower') if known.size else np.nan
            reach = np.ptp(known) / 131_072 if known.size else 0.0
            np.testing.assert_allclose(row[name], wanted, atol=reach * 1.001)


def test_overlaps_and_regions_without_a_pixel_centre():
    values = np.arange(12.0).reshape(3, 4)
    grid = RasterGrid(UTM, TRANSFORMS[0], values.shape)
    left, top = 500_000, 4_700_000
    polygons = np.array(
        [
            shapely.box(left, top - 30, left + 40, top - 20),  # the last row of pixels
            shapely.box(left + 21, top - 13, left + 24, top - 11),  # in pixel (1, 2)
            shapely.box(left + 22, top - 13, left + 33, top - 11),  # in (1, 2) and (1, 3)
            shapely.box(left + 50, top, left + 60, top + 10),  # beside the scene
            shapely.box(left, top - 30, left + 20, top - 20),  # on the first one
            shapely.Polygon(),
        ]
    )

    found = zonal_statistics(
        polygons, grid, lambda w: [values[w.toslices()]], ['z'], ['pixels', 'mean']
    )['z']

    assert found['pixels'].tolist() == [4, 1, 2, 0, 2, 0]
    np.testing.assert_array_equal(found['mean'], [9.5, 6, 6.5, np.nan, 8.5, np.nan])


def test_masked_and_infinite_pixels_have_no_data():
    values = np.ma.masked_equal([[1, 2, 9, 9]], 9)
    other = np.array([[np.inf, 4, 5, -np.inf]])
    grid = RasterGrid(UTM, TRANSFORMS[0], values.shape)
    polygons = np.array([shapely.box(500_000, 4_699_990, 500_040, 4_700_000)])

    found = zonal_statistics(
        polygons, grid, lambda _: [values, other], ['a', 'b'], ['count', 'max']
    )

    assert found['a'].to_numpy().tolist() == [[2, 2]]
    assert found['b'].to_numpy().tolist() == [[2, 5]]


def test_extremes_are_found_by_their_pixel():
    values = np.array([[3.0, 1, 1, 7], [7, np.nan, 1, 2]])
    grid = RasterGrid(UTM, TRANSFORMS[0], values.shape)
    polygons = np.array([shapely.box(500_000, 4_699_980, 500_040, 4_700_000)])

    found = zonal_statistics(
        polygons, grid, lambda w: [values[w.toslices()]], ['z'], ['argmin', 'argmax']
    )

    assert found['z'].to_numpy().tolist() == [[1, 3]]


def test_no_polygon_gives_empty_tables():
    grid = RasterGrid(UTM, TRANSFORMS[0], (5, 5))

    found = zonal_statistics(np.array([], dtype=object), grid, None, ['z'], ['mean'])

    assert list(found['z'].columns) == ['mean']
    assert len(found['z']) == 0


def test_only_the_part_with_regions_is_read():
    grid = RasterGrid(UTM, TRANSFORMS[0], (3000, 3000))
    polygons = np.array([shapely.box(520_000, 4_699_000, 521_000, 4_699_500)])
    read = []

    zonal_statistics(
        polygons, grid, lambda w: read.append(w) or [np.ones((w.height, w.width))], ['z'], ['mean']
    )

    # Columns 2000 to 2099 of the windows that meet at 2048.
    assert [w.flatten() for w in read] == [(2000, 50, 48, 50), (2048, 50, 52, 50)]


def test_pixels_are_held_only_until_their_region_ends():
    """Two columns of 200 small regions: never more than those of one window are waiting."""
    pixels = np.zeros((400, 100), bool)
    pixels[::2, 10:14] = pixels[::2, 60:64] = True
    polygons, _ = traced(pixels, TRANSFORMS[0])
    grid = RasterGrid(UTM, TRANSFORMS[0], pixels.shape)

    groups = list(zone_values(polygons, grid, lambda w: [pixels[w.toslices()]], size=20))

    assert len(groups) == 40
    assert max(len(group.rows) for group in groups) == 40


def test_every_region_comes_once_and_whole():
    pixels = np.zeros((30, 30), bool)
    pixels[2:5, 2:28] = pixels[8:25, 8:25] = pixels[1:28, 29] = True
    polygons, labels = traced(pixels, TRANSFORMS[0])
    grid = RasterGrid(UTM, TRANSFORMS[0], pixels.shape)

    groups = list(zone_values(polygons, grid, lambda w: [pixels[w.toslices()]], size=10))

    found = np.concatenate([np.column_stack([group.rows, group.pixels]) for group in groups])
    there = np.flatnonzero(labels)
    wanted = np.column_stack([labels.ravel()[there] - 1, there])
    assert sorted(found.tolist()) == sorted(wanted.tolist())
    assert len(np.concatenate([np.unique(group.rows) for group in groups])) == len(polygons)


@pytest.mark.parametrize('statistic', ['medium', 'p101', 'p-1', 7, 'P10'])
def test_unknown_statistics_are_refused(statistic):
    with pytest.raises(ConfigError, match='percentile such as'):
        zonal_statistics(np.array([]), None, None, ['z'], [statistic])


@pytest.mark.parametrize(
    'values',
    [
        np.float32([-2.5, -0.0, 0.1, 1e-40, 3.5, -1e30, np.nan, -7.0]),
        [0.1, -0.2, np.nan, np.inf, 0.3, 0.1 + 0.2, -1e-300, 0.2],
        [1e300, -1e300, 2.0, 1.0, 0.0, -1.0, np.nan, 1e39],
    ],
    ids=['float32', 'float64', 'beyond float32'],
)
def test_quantiles_are_exact_whatever_the_values(values):
    grid = RasterGrid(UTM, TRANSFORMS[0], (2, 8))
    pixels = np.array([values, values[::-1]])
    boxes = np.array([box_of_row(row) for row in range(2)])

    found = zonal_statistics(boxes, grid, lambda w: [pixels[w.toslices()]], ['z'], ['p10', 'p90'])

    known = [float(value) for value in values if np.isfinite(value)]
    wanted = [np.quantile(known, share) for share in (0.1, 0.9)]
    np.testing.assert_allclose(found['z'], [wanted, wanted], rtol=1e-12)


def box_of_row(row):
    left, top = TRANSFORMS[0] @ (0, row)
    return shapely.box(left, top - 10, left + 80, top)
