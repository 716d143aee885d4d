import numpy as np
import pytest
import rasterio
from affine import Affine
from pyproj import Transformer
from rasterio.transform import from_origin
from rasterio.windows import Window

from dfpenet_mm.errors import (
    ConfigError,
    EmptySceneError,
    GridMismatchError,
    InputFileError,
    RasterFormatError,
)
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.scene.scene import Scene

ROTATED = Affine.translation(500_000, 4_700_000) @ Affine.rotation(30) @ Affine.scale(10, -10)

# Over a scene of 4 x 4 pixels of the fixtures' grid.
TWICE_AS_FINE = RasterGrid(
    rasterio.CRS.from_epsg(32654), from_origin(500_000, 4_700_000, 5, 5), (8, 8)
)


def read_all(scene):
    rows, cols = scene.shape
    return scene.read(Window(0, 0, cols, rows))


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'int16', 'float32', 'float64'])
def test_values_come_unchanged_as_float32(dtype, noise, write_raster, tmp_path):
    bands = noise(6, 7, dtype)
    with Scene(write_raster(tmp_path / 'scene.tif', bands)) as scene:
        values, valid = scene.read(Window(2, 1, 4, 3))
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, bands[:, 1:4, 2:6])
    assert valid.all()


def test_bands_are_read_in_the_order_asked_for(noise, write_raster, tmp_path):
    bands = noise(4, 4)
    with Scene(write_raster(tmp_path / 'scene.tif', bands), bands=(3, 1)) as scene:
        np.testing.assert_array_equal(read_all(scene)[0], bands[[2, 0]])


def hole_as(kind, bands):
    """Return bands and profile that hide the pixels [2:4, 1:3] in one of GDAL's ways."""
    shown = np.full(bands.shape[1:], 255, 'uint8')
    shown[2:4, 1:3] = 0
    if kind == 'mask':
        return bands, {'mask': shown}
    if kind == 'alpha':
        return bands, {'alpha': shown.astype(bands.dtype)}
    bands = bands.copy()
    bands[:, 2:4, 1:3] = {'nodata': 0, 'minus': -9999, 'nan': np.nan}[kind]
    return bands, {} if kind == 'nan' else {'nodata': bands[0, 2, 1].item()}


HOLES = [
    ('nodata', 'uint8'),
    ('nodata', 'uint16'),
    ('minus', 'int16'),
    ('minus', 'float32'),
    ('nan', 'float32'),
    ('mask', 'uint8'),
    ('alpha', 'uint8'),
    ('alpha', 'float32'),
]


@pytest.mark.parametrize(('kind', 'dtype'), HOLES)
def test_every_kind_of_nodata_is_invalid(kind, dtype, noise, write_raster, tmp_path):
    bands, profile = hole_as(kind, noise(6, 5, dtype))
    expected = np.ones((6, 5), bool)
    expected[2:4, 1:3] = False
    with Scene(write_raster(tmp_path / 'scene.tif', bands, **profile)) as scene:
        values, valid = read_all(scene)
    np.testing.assert_array_equal(valid, expected)
    np.testing.assert_array_equal(values[:, valid], bands[:, expected])


def test_a_nodata_value_beyond_float32_does_no_harm(noise, write_raster, tmp_path):
    lowest = float(np.finfo('float64').min)
    bands = noise(4, 4, 'float64')
    bands[:, 1, 1] = lowest
    with Scene(write_raster(tmp_path / 'scene.tif', bands, nodata=lowest)) as scene:
        values, valid = read_all(scene)
    assert not valid[1, 1]
    assert (values[:, 1, 1] == 0).all()


def test_alpha_counts_beside_a_nodata_value(noise, write_raster, tmp_path):
    bands, profile = hole_as('alpha', noise(6, 5))
    bands[:, 0, 0] = 0
    with Scene(write_raster(tmp_path / 'scene.tif', bands, nodata=0, **profile)) as scene:
        _, valid = read_all(scene)
    assert not valid[0, 0]
    assert not valid[2:4, 1:3].any()
    assert valid.sum() == 6 * 5 - 5


@pytest.mark.parametrize(('dtype', 'nodata'), [('int16', -9999), ('float32', -1.5)])
def test_a_value_never_measured_spoils_a_pixel(dtype, nodata, noise, write_raster, tmp_path):
    bands = noise(4, 4, dtype)
    bands[1, 2, 3] = nodata
    path = write_raster(tmp_path / 'scene.tif', bands, nodata=nodata)
    with Scene(path) as scene:
        assert not read_all(scene)[1][2, 3]
    with Scene(path, grid=TWICE_AS_FINE) as scene:
        values, valid = read_all(scene)
    assert valid.sum() == 8 * 8 - 4
    assert not valid[4:6, 6:8].any()
    assert values[:, valid].min() >= 1


@pytest.mark.parametrize('strange', [np.nan, np.inf, -np.inf])
def test_nan_beside_a_declared_value_takes_no_neighbours_with_it(
    strange, noise, write_raster, tmp_path
):
    bands = noise(4, 4, 'float32')
    bands[:, 0, 0] = -9999
    bands[:, 2, 2] = strange
    path = write_raster(tmp_path / 'scene.tif', bands, nodata=-9999)
    with Scene(path, grid=TWICE_AS_FINE) as scene:
        values, valid = read_all(scene)
    expected = np.ones((8, 8), bool)
    expected[:2, :2] = expected[4:6, 4:6] = False
    np.testing.assert_array_equal(valid, expected)
    assert values[:, valid].min() >= 1


@pytest.mark.parametrize('grid', [None, TWICE_AS_FINE], ids=['own', 'finer'])
def test_a_value_called_nodata_is_none(grid, noise, write_raster, tmp_path):
    bands = noise(4, 4, 'int16')
    bands[:, 2, 1] = -9999
    bands[0, 3, 3] = -9999
    path = write_raster(tmp_path / 'scene.tif', bands)
    with Scene(path, grid=grid, nodata=(-9999,)) as scene:
        values, valid = read_all(scene)
    assert (~valid).sum() == 2 * (1 if grid is None else 4)
    assert values[:, valid].min() >= 1


@pytest.mark.parametrize('nodata', [0, 255])
def test_a_dark_or_bright_band_does_not_spoil_a_pixel(nodata, noise, write_raster, tmp_path):
    bands = noise(4, 4)
    bands[1, 2, 3] = nodata
    path = write_raster(tmp_path / 'scene.tif', bands, nodata=nodata)
    with Scene(path) as scene:
        assert read_all(scene)[1].all()
    with Scene(path, grid=TWICE_AS_FINE) as scene:
        assert read_all(scene)[1].all()


def test_the_same_grid_is_never_resampled(noise, write_raster, tmp_path):
    bands = noise(9, 9)
    post = write_raster(tmp_path / 'post.tif', bands, transform=ROTATED)
    pre = write_raster(tmp_path / 'pre.tif', bands[:, ::-1], transform=ROTATED)
    with Scene(post) as scene, Scene(pre, grid=scene.grid) as other:
        assert not other.resampled
        np.testing.assert_array_equal(read_all(other)[0], bands[:, ::-1])


def test_a_shifted_rotated_raster_lands_on_the_right_pixels(noise, write_raster, tmp_path):
    bands = noise(12, 12)
    path = write_raster(tmp_path / 'pre.tif', bands, transform=ROTATED)
    with rasterio.open(path) as dataset:
        grid = RasterGrid(dataset.crs, ROTATED @ Affine.translation(3, 2), (12, 12))
    with Scene(path, grid=grid) as scene:
        values, valid = read_all(scene)
    np.testing.assert_array_equal(values[:, :10, :9], bands[:, 2:, 3:])
    assert valid[:10, :9].all()
    assert valid.sum() == 90


@pytest.mark.parametrize(('kind', 'dtype'), HOLES)
def test_another_resolution_keeps_nodata_out_of_values(kind, dtype, write_raster, tmp_path):
    bands, profile = hole_as(kind, np.full((3, 6, 5), 100, dtype))
    if kind in ('mask', 'alpha'):
        bands[:, 2:4, 1:3] = 250
    path = write_raster(tmp_path / 'pre.tif', bands, **profile)
    with rasterio.open(path) as dataset:
        # Half the pixel size, and one coarse pixel more on the left and at the top.
        grid = RasterGrid(dataset.crs, from_origin(499_990, 4_700_010, 5, 5), (14, 12))
    with Scene(path, grid=grid) as scene:
        values, valid = read_all(scene)
    expected = np.zeros((14, 12), bool)
    expected[2:, 2:] = True
    expected[6:10, 4:8] = False
    np.testing.assert_array_equal(valid, expected)
    np.testing.assert_array_equal(values[:, valid], 100)


def test_a_raster_in_degrees_is_read_on_a_grid_in_metres(write_raster, tmp_path):
    lon, lat, step = 141.0, 42.45, 0.0001
    rows, cols = np.mgrid[:60, :60]
    ramp = np.stack([cols, rows, rows + cols]).astype('float32')
    ramp[:, 30:, 30:] = np.nan
    transform = from_origin(lon - 30 * step, lat + 30 * step, step, step)
    path = write_raster(tmp_path / 'pre.tif', ramp, crs='EPSG:4326', transform=transform)
    grid = RasterGrid(
        rasterio.CRS.from_epsg(32654), from_origin(500_000 - 150, 4_699_700, 5, 5), (60, 60)
    )
    with Scene(path, grid=grid) as scene:
        values, valid = read_all(scene)
    # The reference: the position of every pixel centre in the source, by pyproj.
    to_degrees = Transformer.from_crs(32654, 4326, always_xy=True)
    grid_rows, grid_cols = np.mgrid[:60, :60] + 0.5
    lons, lats = to_degrees.transform(499_850 + 5 * grid_cols, 4_699_700 - 5 * grid_rows)
    source_cols = (np.asarray(lons) - transform.c) / step
    source_rows = (transform.f - np.asarray(lats)) / step
    inside = (source_cols >= 0.2) & (source_cols <= 59.8) & (source_rows >= 0.2)
    inside &= source_rows <= 59.8
    hole = (source_cols >= 30.2) & (source_rows >= 30.2)
    away_from_hole = (source_cols < 28.5) | (source_rows < 28.5)
    assert not valid[hole].any()
    assert valid[inside & away_from_hole].all()
    smooth = inside & away_from_hole & (source_cols > 1) & (source_rows > 1)
    smooth &= (source_cols < 59) & (source_rows < 59)
    np.testing.assert_allclose(values[0][smooth], source_cols[smooth] - 0.5, atol=0.15)
    np.testing.assert_allclose(values[1][smooth], source_rows[smooth] - 0.5, atol=0.15)
    assert np.isfinite(values[:, valid]).all()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputFileError, match=r'gone\.tif does not exist'):
        Scene(tmp_path / 'gone.tif')


def test_a_file_that_is_no_raster_is_named(tmp_path):
    path = tmp_path / 'notes.tif'
    path.write_text('not a raster')
    with pytest.raises(InputFileError, match=r'notes\.tif cannot be read as a raster'):
        Scene(path)


def test_a_truncated_file_is_named_with_its_window(noise, write_raster, tmp_path):
    path = write_raster(tmp_path / 'scene.tif', noise(2100, 8), blockysize=1)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    # Opening reads no further than the first valid pixel.
    with Scene(path) as scene:
        first, damaged, _ = scene.tiles()
        assert scene.read(first)[1].all()
        with pytest.raises(InputFileError, match=r'scene\.tif.*row_off=1024.*damaged'):
            scene.read(damaged)


@pytest.mark.parametrize('bands', [(), (0, 1, 2), (-1,)], ids=str)
def test_bands_are_counted_from_one(bands, noise, write_raster, tmp_path):
    path = write_raster(tmp_path / 'scene.tif', noise(4, 4))
    with pytest.raises(ConfigError, match='counted from 1'):
        Scene(path, bands=bands)


def test_complex_values_are_refused(noise, write_raster, tmp_path):
    path = write_raster(tmp_path / 'radar.tif', noise(4, 4, 'complex64'))
    with pytest.raises(RasterFormatError, match=r'radar\.tif holds complex64'):
        Scene(path)


def test_a_colour_table_is_refused(noise, write_raster, tmp_path):
    path = write_raster(tmp_path / 'map.tif', noise(4, 4)[:1], photometric='palette')
    with rasterio.open(path, 'r+') as dataset:
        dataset.write_colormap(1, {1: (255, 0, 0)})
    with pytest.raises(RasterFormatError, match=r'map\.tif .*-expand rgb'):
        Scene(path, bands=(1,))


def test_a_raster_without_crs_is_refused(noise, write_raster, tmp_path):
    path = write_raster(tmp_path / 'scene.tif', noise(4, 4), crs=None)
    with pytest.raises(RasterFormatError, match=r'scene\.tif has no CRS'):
        Scene(path)


def test_a_raster_without_georeference_is_refused(noise, write_raster, tmp_path):
    path = write_raster(tmp_path / 'scene.tif', noise(4, 4), transform=None)
    with pytest.raises(RasterFormatError, match=r'scene\.tif has no georeference'):
        Scene(path)


@pytest.mark.parametrize('kind', ['nodata', 'mask', 'alpha', 'nan'])
def test_a_scene_without_a_valid_pixel_is_refused(kind, write_raster, tmp_path):
    dtype = 'float32' if kind == 'nan' else 'uint8'
    empty = np.zeros((4, 4), 'uint8')
    bands = np.full((3, 4, 4), np.nan if kind == 'nan' else 0, dtype)
    profile = {'nodata': {'nodata': 0}, 'nan': {}}.get(kind, {kind: empty})
    path = write_raster(tmp_path / 'scene.tif', bands, **profile)
    with pytest.raises(EmptySceneError, match=r'scene\.tif has no valid pixel'):
        Scene(path)


@pytest.mark.parametrize('crs', ['EPSG:32654', 'EPSG:32633', 'EPSG:4326'])
def test_a_raster_elsewhere_is_refused(crs, noise, write_raster, tmp_path):
    post = write_raster(tmp_path / 'post.tif', noise(8, 8))
    origin = (10.0, 50.0, 1e-4, 1e-4) if crs == 'EPSG:4326' else (600_000, 4_700_000, 10, 10)
    pre = write_raster(tmp_path / 'pre.tif', noise(8, 8), crs=crs, transform=from_origin(*origin))
    with Scene(post) as scene, pytest.raises(GridMismatchError, match=r'pre\.tif .* overlap'):
        Scene(pre, grid=scene.grid)


def test_a_mosaic_round_the_world_overlaps(write_raster, tmp_path, noise):
    post = write_raster(tmp_path / 'post.tif', noise(8, 8))
    world = write_raster(
        tmp_path / 'world.tif',
        noise(180, 4500),
        crs='EPSG:4326',
        transform=from_origin(-180, 50, 0.08, 0.08),
    )
    with Scene(post) as scene, Scene(world, grid=scene.grid) as pre:
        assert read_all(pre)[1].all()


def test_data_only_beyond_the_scene_is_no_data(noise, write_raster, tmp_path):
    post = write_raster(tmp_path / 'post.tif', noise(4, 4))
    bands = noise(4, 8)
    bands[:, :, :4] = 0
    pre = write_raster(tmp_path / 'pre.tif', bands, nodata=0)
    with Scene(post) as scene, pytest.raises(EmptySceneError, match=r'pre\.tif .*scene grid'):
        Scene(pre, grid=scene.grid)
