import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.windows import Window

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.grid import RasterGrid
from postproc.masks.warped_layer import WarpedLayer

UTM = CRS.from_epsg(32654)
# 30 m cells under a scene of 10 m pixels that begins two pixels before them.
CELLS = Affine(30, 0, 500_000, 0, -30, 4_700_000)
SCENE = RasterGrid(UTM, Affine(10, 0, 499_980, 0, -10, 4_700_020), (24, 24))
ALL = Window(0, 0, 24, 24)
VALUES = np.arange(36).reshape(6, 6)
HOLE = (2, 2)


@pytest.fixture
def write(tmp_path):
    def write(values, *, transform=CELLS, crs=UTM, alpha=None, mask=None, **profile):
        bands = values if values.ndim == 3 else values[None]
        bands = bands if alpha is None else np.concatenate([bands, alpha[None]])
        path = tmp_path / 'layer.tif'
        count, rows, cols = bands.shape
        with (
            rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
            rasterio.open(
                path,
                'w',
                driver='GTiff',
                count=count,
                height=rows,
                width=cols,
                crs=crs,
                transform=transform,
                dtype=values.dtype,
                **profile,
            ) as dataset,
        ):
            if alpha is not None:
                dataset.colorinterp = [ColorInterp.gray, ColorInterp.alpha]
            dataset.write(bands.astype(values.dtype))
            if mask is not None:
                dataset.write_mask(mask)
        return path

    return write


def holed(fill, dtype):
    values = VALUES.astype(dtype)
    values[HOLE] = fill
    return values


def shown():
    mask = np.full(VALUES.shape, 255, np.uint8)
    mask[HOLE] = 0
    return mask


@pytest.mark.parametrize(
    ('values', 'options'),
    [
        (holed(-99, 'int16'), {'nodata': -99}),
        (holed(np.nan, 'float32'), {}),
        (holed(np.nan, 'float64'), {'nodata': float('nan')}),
        (holed(-99, 'float32'), {'nodata': -99}),
        (VALUES.astype('int16'), {'alpha': shown()}),
        (VALUES.astype('uint8'), {'mask': shown()}),
    ],
    ids=['nodata', 'nan', 'nan nodata', 'float nodata', 'alpha', 'mask'],
)
def test_every_way_to_say_no_data(write, values, options):
    with WarpedLayer(write(values, **options), SCENE) as layer:
        (found,) = layer.read(ALL)

    row, col = (np.indices(SCENE.shape) - 2) // 3
    outside = (row < 0) | (col < 0) | (row > 5) | (col > 5)
    hole = (row == HOLE[0]) & (col == HOLE[1])
    np.testing.assert_array_equal(np.isnan(found), outside | hole)
    # The middle of a cell has its value; on the way to the next one it rises evenly.
    assert found[6, 15:19].tolist() == pytest.approx([10, 10 + 1 / 3, 10 + 2 / 3, 11])


def test_a_raster_without_nodata_ends_somewhere(write):
    with WarpedLayer(write(VALUES.astype('uint8')), SCENE) as layer:
        (found,) = layer.read(Window(0, 0, 6, 5))

    assert np.isnan(found[:2]).all()
    assert np.isnan(found[:, :2]).all()
    assert found[3, 3] == 0


def test_classes_are_not_mixed(write):
    with WarpedLayer(write(VALUES.astype('uint8')), SCENE, resampling='nearest') as layer:
        (found,) = layer.read(Window(2, 2, 6, 3))

    assert found.tolist() == [[0, 0, 0, 1, 1, 1]] * 3


def test_a_finer_raster_is_averaged(write):
    rng = np.random.default_rng(0)
    fine = rng.normal(size=(240, 240))
    transform = Affine(1, 0, 499_980, 0, -1, 4_700_020)

    with WarpedLayer(write(fine, transform=transform), SCENE) as layer:
        (found,) = layer.read(ALL)

    # One value of a hundred would scatter by 1, their average by a tenth or so.
    assert found.std() < 0.15


def test_bands_scales_and_offsets(write):
    path = write(np.stack([VALUES, VALUES * 2, VALUES * 3]).astype('int16'))
    with rasterio.open(path, 'r+') as dataset:
        dataset.scales, dataset.offsets = (1, 1, 0.5), (0, 7, 1)

    with WarpedLayer(path, SCENE, bands=(3, 2)) as layer:
        third, second = layer.read(Window(3, 3, 1, 1))

    assert (third.item(), second.item()) == (1, 7)


def test_another_crs_and_a_turned_scene(write):
    """A plane of degrees is a plane on any scene."""
    row, col = np.indices((90, 90)) + 0.5
    plane = 1000 * (col + 2 * row) / 90
    lon_lat = Affine(1e-4, 0, 140.995, 0, -1e-4, 42.455)
    turned = Affine.translation(500_000, 4_700_000) @ Affine.rotation(33) @ Affine.scale(9, 7)
    scene = RasterGrid(UTM, turned, (20, 20))

    with WarpedLayer(write(plane, transform=lon_lat, crs='EPSG:4326'), scene) as layer:
        (found,) = layer.read(Window(4, 6, 10, 9))

    pixel_row, pixel_col = np.indices((9, 10)) + 0.5
    x, y = turned @ (pixel_col + 4, pixel_row + 6)
    lon, lat = rasterio.warp.transform(UTM, 'EPSG:4326', x.ravel(), y.ravel())
    at_col, at_row = ~lon_lat @ (np.array(lon), np.array(lat))
    wanted = 1000 * (at_col + 2 * at_row) / 90
    np.testing.assert_allclose(found.ravel(), wanted, atol=2)


def test_a_file_that_breaks_off_is_named(write):
    path = write(np.random.default_rng(0).random((300, 300)), transform=CELLS @ Affine.scale(0.1))
    path.write_bytes(path.read_bytes()[:50_000])

    with (
        WarpedLayer(path, SCENE) as layer,
        pytest.raises(InputFileError, match=r'layer\.tif cannot be read on'),
    ):
        layer.read(ALL)


def test_bands_have_data_each_by_itself(write):
    values = np.stack([VALUES, VALUES]).astype('float32')
    values[(1, *HOLE)] = np.nan
    with WarpedLayer(write(values), SCENE, bands=(1, 2)) as layer:
        slope, aspect = layer.read(ALL)

    row, col = 2 + 3 * HOLE[0] + 1, 2 + 3 * HOLE[1] + 1
    assert slope[row, col] == pytest.approx(VALUES[HOLE])
    assert np.isnan(aspect[row, col])


def test_what_no_measurement_is_does_not_count(write):
    with WarpedLayer(write(holed(1e308, 'float64')), SCENE) as layer:
        (found,) = layer.read(ALL)

    assert np.nanmax(found) == 35
