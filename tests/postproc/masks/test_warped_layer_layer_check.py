import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from dfpenet_mm.errors import GridMismatchError, InputFileError, RasterFormatError
from dfpenet_mm.grid import RasterGrid
from postproc.masks.warped_layer import check_layer

SCENE = RasterGrid(
    CRS.from_epsg(32654), Affine(10, 0, 500_000, 0, -10, 4_700_000), (100, 200)
)  # lon 141.00 to 141.024, lat 42.443 to 42.452
SMALL = np.zeros((4, 4), np.uint8)


@pytest.mark.parametrize(
    ('crs', 'transform'),
    [
        ('EPSG:4326', Affine(90, 0, -180, 0, -45, 90)),  # the whole world
        ('EPSG:4326', Affine(1e-3, 0, 141.010, 0, -1e-3, 42.450)),  # inside of the scene
        ('EPSG:32654', Affine(10, 0, 501_990, 0, -10, 4_700_000)),  # one pixel of it
        ('EPSG:32653', Affine(1000, 0, 991_000, 0, -1000, 4_719_000)),  # of the next zone
        ('EPSG:32654', Affine(10, 0, 500_100, 0, 10, 4_699_100)),  # south up
    ],
)
def test_layers_that_meet_the_scene_serve(write_raster, crs, transform):
    check_layer(write_raster('a.tif', SMALL, crs=crs, transform=transform), SCENE, 'geology')


@pytest.mark.parametrize(
    ('crs', 'transform'),
    [
        ('EPSG:4326', Affine(1e-3, 0, 141.1, 0, -1e-3, 42.450)),
        ('EPSG:32654', Affine(10, 0, 502_010, 0, -10, 4_700_000)),
        ('EPSG:3031', Affine(10, 0, 0, 0, -10, 0)),
    ],
)
def test_layers_beside_the_scene_are_refused(write_raster, crs, transform):
    layer = write_raster('a.tif', SMALL, crs=crs, transform=transform)

    with pytest.raises(GridMismatchError, match=r"the layer 'geology' .* lies beside the scene"):
        check_layer(layer, SCENE, 'geology')


def test_bands_and_crs_are_wanted(write_raster):
    with pytest.raises(RasterFormatError, match=r"'ndvi' .* has no CRS"):
        check_layer(write_raster('a.tif', SMALL, crs=None), SCENE, 'ndvi')
    with pytest.raises(RasterFormatError, match='has 1 bands, and band 4 is asked for'):
        check_layer(write_raster('a.tif', SMALL), SCENE, 'ndvi', bands=(1, 4))


def test_complex_values_are_refused(write_raster):
    layer = write_raster('radar.tif', SMALL.astype('complex64'))

    with pytest.raises(RasterFormatError, match=r"'coherence' .* holds complex64 values"):
        check_layer(layer, SCENE, 'coherence')


def test_a_layer_that_breaks_off_is_refused_where_the_scene_needs_it(write_raster):
    noise = np.random.default_rng(1).normal(size=(64, 64)).astype('float32')
    layer = write_raster(
        'a.tif', noise, crs='EPSG:32654', transform=Affine(10, 0, 500_000, 0, -10, 4_700_000)
    )
    layer.write_bytes(layer.read_bytes()[:-5000])

    with pytest.raises(InputFileError, match=r'a\.tif cannot be read .* copy or download it again'):
        check_layer(layer, SCENE, 'geology')
    north = RasterGrid(SCENE.crs, SCENE.transform, (10, 200))
    check_layer(layer, north, 'geology')


def test_a_mosaic_of_missing_tiles_is_refused(tmp_path):
    layer = tmp_path / 'dem.vrt'
    layer.write_text(
        '<VRTDataset rasterXSize="64" rasterYSize="64"><SRS>EPSG:32654</SRS><GeoTransform>500000, '
        '10, 0, 4700000, 0, -10</GeoTransform><VRTRasterBand dataType="Float32" band="1">'
        '<SimpleSource><SourceFilename relativeToVRT="1">gone.tif</SourceFilename><SourceBand>1'
        '</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>'
    )

    with pytest.raises(InputFileError, match=r'dem\.vrt cannot be read \(.*gone\.tif'):
        check_layer(layer, SCENE, 'dem')
