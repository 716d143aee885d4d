import numpy as np
import pytest
import rasterio
from affine import Affine

from dfpenet_mm.errors import ConfigError, GridMismatchError, RasterFormatError
from postproc.rules.layer_rule import LayerRule, check_sources
from postproc.rules.rule_values import rule_values

# Three landslides on a scene of 10 m pixels.
MASK = np.zeros((12, 16))
MASK[2:5, 2:6] = MASK[8, 2:12] = MASK[3:6, 10:14] = 1
SLIDES = [np.s_[2:5, 2:6], np.s_[3:6, 10:14], np.s_[8, 2:12]]  # in the order of polygonise


@pytest.fixture
def with_layers(make_product):
    def make(**layers):
        return make_product(MASK).replace(layers=layers)

    return make


def values_of(product, *rules):
    return rule_values(product, [LayerRule(min=0, **rule) for rule in rules])


def test_any_layer_by_any_statistic(with_layers, write_raster):
    rng = np.random.default_rng(0)
    geology, age = (rng.random(MASK.shape) for _ in range(2))
    product = with_layers(
        geology=write_raster('geology.tif', geology), age=write_raster('age.tif', age)
    )

    found = values_of(
        product,
        {'layer': 'geology', 'statistic': 'p10'},
        {'layer': 'age'},
        {'layer': 'age', 'statistic': 'max'},
    )

    assert list(found) == ['geology_p10', 'age_mean', 'age_max']
    for row, slide in enumerate(SLIDES):
        wanted = [np.percentile(geology[slide], 10), age[slide].mean(), age[slide].max()]
        np.testing.assert_allclose(found.iloc[row], wanted)


def test_ndvi_from_two_bands(with_layers, tmp_path, write_raster):
    rng = np.random.default_rng(0)
    bands = rng.integers(1, 200, (4, *MASK.shape)).astype('uint16')
    bands[:, 2:5, 2:6] = 0  # black is no data to an index
    with (
        rasterio.open(write_raster('grid.tif', np.uint8(MASK))) as grid,
        rasterio.open(
            tmp_path / 's2.tif', 'w', **grid.profile | {'count': 4, 'dtype': 'uint16'}
        ) as s2,
    ):
        s2.write(bands)

    found = values_of(
        with_layers(s2=tmp_path / 's2.tif'), {'layer': 'ndvi', 'raster': 's2', 'red': 3, 'nir': 4}
    )

    red, nir = bands[2:].astype(float)
    assert np.isnan(found['ndvi_s2_mean'][0])
    for row, slide in enumerate(SLIDES[1:], start=1):
        wanted = (nir[slide] - red[slide]) / (nir[slide] + red[slide])
        assert found['ndvi_s2_mean'][row] == pytest.approx(wanted.mean())


def test_everything_a_dem_gives(with_layers, write_raster):
    """A valley that falls to the north, on a grid of its own."""
    transform = Affine(20, 0, 499_000, 0, -20, 4_701_000)
    col, row = np.meshgrid(np.arange(110) + 0.5, np.arange(110) + 0.5)
    x, y = transform @ (col, row)
    dem = 500 - (y - 4_700_000) / 4 + (x - 500_080) ** 2 / 2000
    product = with_layers(dem=write_raster('dem.tif', dem, transform=transform))
    names = (
        'elevation',
        'slope',
        'aspect',
        'curvature',
        'profile_curvature',
        'plan_curvature',
        'relief',
    )
    rules = [LayerRule(layer=name, min=0, max=360) for name in names]

    found = rule_values(product, rules)

    assert list(found) == [f'{name}_mean' for name in names]
    assert found.notna().all(axis=None)
    for row, (slide_rows, slide_cols) in enumerate([(s[0], s[1]) for s in SLIDES]):
        rows, cols = np.mgrid[
            slide_rows if isinstance(slide_rows, slice) else slice(8, 9), slide_cols
        ]
        x, y = 500_005 + 10 * cols, 4_699_995 - 10 * rows
        along, across = -1 / 4, (x - 500_080) / 1000
        slide = found.iloc[row]
        assert slide['elevation_mean'] == pytest.approx(
            np.mean(500 - (y - 4_700_000) / 4 + (x - 500_080) ** 2 / 2000), abs=0.1
        )
        steep = np.degrees(np.arctan(np.hypot(along, across)))
        assert slide['slope_mean'] == pytest.approx(np.mean(steep), abs=0.05)
        assert slide['curvature_mean'] == pytest.approx(-1 / 1000, rel=2e-3)
        parts = slide[['profile_curvature_mean', 'plan_curvature_mean']]
        assert parts.sum() == pytest.approx(-1 / 1000, rel=2e-3)
        assert slide['plan_curvature_mean'] < slide['profile_curvature_mean'] < 0
        # 500 m (and a cell) of the way down, and 250 m up the nearer side, not always both.
        assert 125 < slide['relief_mean'] < 190
    # Left and right of the valley's line they face it; north is up to 360 or from 0.
    assert 0 < found['aspect_mean'][0] < 45
    assert 315 < found['aspect_mean'][1] < 360


def test_a_given_layer_is_not_computed(with_layers, write_raster):
    product = with_layers(slope=write_raster('slope.tif', np.full(MASK.shape, 33.0)))

    assert values_of(product, {'layer': 'slope'})['slope_mean'].tolist() == [33] * 3
    with pytest.raises(ConfigError, match=r"'aspect', which is computed from 'dem'.*--dem PATH"):
        rule_values(product, [LayerRule(layer='aspect', min=0, max=90)])


def test_classes_keep_their_numbers(with_layers, write_raster):
    classes = np.where(np.indices((4, 6)).sum(axis=0) % 2, 10, 20)
    path = write_raster(
        'classes.tif', np.uint8(classes), transform=Affine(30, 0, 500_000, 0, -30, 4_700_000)
    )
    rules = [
        {'layer': 'classes', 'statistic': 'max', 'resampling': 'nearest'},
        {'layer': 'classes', 'statistic': 'min', 'resampling': 'nearest'},
    ]

    found = values_of(with_layers(classes=path), *rules)

    assert set(np.unique(found)) <= {10, 20}


def test_a_small_part_does_not_speak_for_the_landslide(with_layers, write_raster):
    wet = np.ones(MASK.shape)
    wet[2:5, 2:4] = wet[8, 2:8] = np.nan  # six of twelve, six of ten

    found = values_of(with_layers(wet=write_raster('wet.tif', wet)), {'layer': 'wet'})

    np.testing.assert_array_equal(found['wet_mean'], [1, 1, np.nan])


def test_no_landslide_no_value(make_product, write_raster):
    layers = {'dem': write_raster('dem.tif', np.random.default_rng(0).random((3, 3)))}
    product = make_product(np.zeros((3, 3))).replace(layers=layers)

    assert values_of(product, {'layer': 'slope'}, {'layer': 'elevation'}).shape == (0, 2)


def test_missing_and_foreign_layers_are_refused(make_product, write_raster):
    product = make_product(MASK)
    layers = {
        'far': write_raster('far.tif', np.ones((2, 2)), transform=Affine(2, 0, 0, 0, -2, 0)),
        'rgb': write_raster('rgb.tif', np.ones((2, 2))),
    }

    def check(**rule):
        check_sources([LayerRule(min=0, **rule)], layers, product.grid)

    with pytest.raises(ConfigError, match=r"on 'slope', which is .* \['far', 'rgb'\]; .* --dem"):
        check(layer='slope')
    with pytest.raises(ConfigError, match=r"on 'geology', but .* --layer geology=PATH"):
        check(layer='geology')
    with pytest.raises(ConfigError, match=r"from 's2', but .* --layer s2=PATH"):
        check(layer='ndvi', raster='s2', red=1, nir=2)
    with pytest.raises(RasterFormatError, match='has 1 bands, and band 2'):
        check(layer='ndvi', raster='rgb', red=1, nir=2)
    with pytest.raises(GridMismatchError, match="'far'"):
        check(layer='far')


def test_an_index_before_and_after_the_event_are_two_columns(with_layers, tmp_path, write_raster):
    with rasterio.open(write_raster('grid.tif', np.uint8(MASK))) as grid:
        profile = {**grid.profile, 'count': 2, 'dtype': 'uint8', 'nodata': None}
    for name, red, nir in (('before', 1, 3), ('after', 3, 1)):
        with rasterio.open(tmp_path / f'{name}.tif', 'w', **profile) as image:
            image.write(np.stack([np.full(MASK.shape, value, 'uint8') for value in (red, nir)]))

    found = values_of(
        with_layers(before=tmp_path / 'before.tif', after=tmp_path / 'after.tif'),
        *({'layer': 'ndvi', 'raster': name, 'red': 1, 'nir': 2} for name in ('before', 'after')),
    )

    assert (found['ndvi_before_mean'] == 0.5).all()
    assert (found['ndvi_after_mean'] == -0.5).all()
