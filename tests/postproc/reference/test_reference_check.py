"""A reference that cannot serve is refused before the scene is mapped."""

import numpy as np
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS

from dfpenet_mm.errors import (
    GridMismatchError,
    InputFileError,
    RasterFormatError,
    VectorFormatError,
)
from dfpenet_mm.grid import RasterGrid
from postproc.reference.reference import check_reference

X, Y = 500_000, 4_700_000
GRID = RasterGrid(CRS.from_epsg(32654), Affine(10, 0, X, 0, -10, Y), (6, 6))
INSIDE = shapely.box(X, Y - 20, X + 20, Y)
FAR = shapely.box(X + 900, Y - 20, X + 920, Y)
LINE = shapely.LineString([(X, Y), (X + 50, Y - 50)])


def values(*rows):
    return np.array(rows, np.uint8)


def test_passes_what_shows_a_landslide_on_the_scene(write_vector, write_raster):
    check_reference(write_vector([FAR, INSIDE, LINE], driver='GPKG'), GRID)
    check_reference(write_vector([INSIDE], name='degrees.geojson', wanted='EPSG:4326'), GRID)
    check_reference(write_raster('one.tif', values([0, 1], [0, 0])), GRID)
    check_reference(
        write_raster('tagged.tif', values([0, 255]), nodata=255), GRID, landslide_value=255
    )


def test_refuses_a_vector_that_shows_none(write_vector):
    cases = {
        'lines': ([LINE], VectorFormatError, 'has 1 feature.* and no polygon'),
        'empty': ([], VectorFormatError, 'has no feature'),
        'far': ([FAR], GridMismatchError, 'none of 1 landslide .* lies on the scene grid'),
    }
    for name, (geometries, error, sentence) in cases.items():
        with pytest.raises(error, match=sentence) as caught:
            check_reference(write_vector(geometries, name=f'{name}.gpkg'), GRID)
        assert '\n' not in str(caught.value)


def test_overlap_is_judged_in_the_crs_of_the_scene(write_vector):
    here = write_vector([INSIDE], name='here.gpkg', wanted='EPSG:3857')
    elsewhere = write_vector([INSIDE], name='zone_55.gpkg', crs='EPSG:32655')

    check_reference(here, GRID)
    with pytest.raises(GridMismatchError, match='lies on the scene grid'):
        check_reference(elsewhere, GRID)


def test_a_layer_named_is_the_one_that_counts(write_vector):
    path = write_vector([LINE], layer='roads')
    write_vector([INSIDE], layer='slides', mode='a')

    check_reference(path, GRID, layer='slides')
    with pytest.raises(VectorFormatError, match='no polygon'):
        check_reference(path, GRID, layer='roads')
    with pytest.raises(VectorFormatError, match=r'--cfg-options postproc\.N\.layer=NAME'):
        check_reference(path, GRID)


@pytest.mark.parametrize(
    ('pixels', 'nodata', 'sentence'),
    [
        (values([0, 255]), None, 'the values 0 and 255 on .* set landslide_value=255 in Consist'),
        (values([0, 2], [3, 4]), None, 'the values 0, 2, 3 and 4 on .* landslide_value=VALUE'),
        (values([0, 0]), None, 'only the value 0 on the scene, so no landslide'),
        (values([0, 9]), 9, 'the values 0 and 9 on the scene, so no landslide'),
        (np.full((2, 2), np.nan, np.float32), None, 'only the value NaN on'),
        (np.arange(16, dtype=np.float32).reshape(4, 4) + 2, None, 'many values, such as 2, 3, '),
    ],
)
def test_says_what_a_raster_holds_instead(write_raster, pixels, nodata, sentence):
    path = write_raster('reference.tif', pixels, nodata=nodata)

    with pytest.raises(RasterFormatError, match=sentence) as caught:
        check_reference(path, GRID)
    assert '\n' not in str(caught.value)


def test_a_landslide_of_the_raster_beyond_the_scene_does_not_help(write_raster):
    pixels = np.zeros((6, 20), np.uint8)
    pixels[:, 10:] = 1

    with pytest.raises(RasterFormatError, match='only the value 0'):
        check_reference(write_raster('reference.tif', pixels), GRID)


@pytest.mark.parametrize('place', ['EPSG:32654', 'EPSG:32754', 'EPSG:4326'])
def test_refuses_a_raster_of_another_place(write_raster, place):
    far = (
        Affine(0.1, 0, -60, 0, -0.1, -40) if place == 'EPSG:4326' else Affine(10, 0, 9e5, 0, -10, Y)
    )
    path = write_raster('reference.tif', np.ones((4, 4), np.uint8), crs=place, transform=far)

    with pytest.raises(GridMismatchError, match='does not overlap the scene grid'):
        check_reference(path, GRID)


def test_refuses_what_is_no_reference_at_all(write_raster, tmp_path):
    (tmp_path / 'empty').mkdir()
    whole = write_raster('cut.tif', np.zeros((300, 300), np.uint8))
    whole.write_bytes(whole.read_bytes()[:2000])
    no_crs = write_raster('no_crs.tif', np.ones((6, 6), np.uint8), crs=None)

    with pytest.raises(InputFileError, match='does not exist'):
        check_reference(tmp_path / 'missing.gpkg', GRID)
    with pytest.raises(InputFileError, match='neither as a raster nor as a vector') as caught:
        check_reference(tmp_path / 'empty', GRID)
    assert '\n' not in str(caught.value)
    with pytest.raises(RasterFormatError, match='has no CRS'):
        check_reference(no_crs, GRID)
    with pytest.raises(InputFileError, match='cannot be read on the scene grid'):
        check_reference(whole, GRID)
