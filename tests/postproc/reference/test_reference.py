import numpy as np
import pytest
import shapely
from affine import Affine

from dfpenet_mm.errors import (
    GridMismatchError,
    InputFileError,
    RasterFormatError,
    VectorFormatError,
)
from postproc.reference.reference import read_reference

X, Y = 500_000, 4_700_000
UTM = 'EPSG:32654'


def pixels(left, top, right, bottom):
    return shapely.box(X + 10 * left, Y - 10 * bottom, X + 10 * right, Y - 10 * top)


@pytest.fixture
def scene(write_raster):
    mask = np.zeros((6, 6), np.uint8)
    mask[:, 5] = 255
    return write_raster('scene.tif', mask, nodata=255)


@pytest.fixture
def read(scene, tmp_path):
    def run(path, **options):
        return read_reference(path, scene, tmp_path / 'warped.tif', **options)

    return run


@pytest.mark.parametrize('name', ['reference.gpkg', 'reference.shp', 'reference.geojson'])
def test_vector_of_any_format_and_crs(write_vector, read, name):
    path = write_vector([pixels(0, 0, 2, 2), pixels(3, 3, 4, 5)], name=name, wanted='EPSG:4326')

    reference = read(path)

    assert reference.regions.crs == UTM
    assert reference.regions.area.tolist() == pytest.approx([400, 200], rel=1e-3)
    assert (reference.mask, reference.ignored, reference.outside) == (None, 0, 0)


def test_a_feature_is_one_landslide_whatever_touches_it(write_vector, read):
    whole = shapely.MultiPolygon([pixels(0, 0, 1, 1), pixels(1, 1, 2, 2), pixels(3, 3, 4, 4)])

    reference = read(write_vector([whole, pixels(2, 2, 3, 3)]))

    # The single pixel touches parts of the record, yet is a landslide of its own.
    assert sorted(reference.regions.area) == [100, 300]
    assert reference.regions.is_valid.all()


def test_what_no_valid_pixel_shows_is_outside(write_vector, read):
    inside, speck = pixels(0, 0, 2, 2), pixels(3.1, 3.1, 3.2, 3.2)
    hidden_by_later = pixels(2, 0, 3, 1)
    nodata, far = pixels(5, 0, 6, 3), pixels(20, 20, 22, 22)

    reference = read(
        write_vector([inside, speck, nodata, far, hidden_by_later, pixels(2, 0, 4, 2)])
    )

    assert reference.outside == 2
    assert sorted(reference.regions.area) == pytest.approx([1, 100, 400, 400])


def test_mends_and_ignores_what_it_must(write_vector, read):
    bow_tie = shapely.Polygon([(X, Y), (X + 20, Y - 20), (X + 20, Y), (X, Y - 20)])
    with_z = shapely.force_3d(pixels(3, 3, 4, 4), 100.0)
    path = write_vector(
        [bow_tie, with_z, shapely.Point(X, Y), None, shapely.Polygon()], driver='GPKG'
    )

    reference = read(path)

    assert reference.ignored == 3
    assert sorted(reference.regions.area) == [100, 200]
    assert not reference.regions.has_z.any()


def test_layers_are_chosen_by_name(write_vector, read):
    path = write_vector([pixels(0, 0, 1, 1)], layer='roads')
    assert len(read(path).regions) == 1
    write_vector([pixels(0, 0, 1, 1), pixels(3, 3, 4, 4)], layer='slides', mode='a')

    with pytest.raises(VectorFormatError, match=r"roads, slides and none is 'landslides'"):
        read(path)
    assert len(read(path, layer='slides').regions) == 2
    write_vector([pixels(0, 0, 4, 4)], layer='landslides', mode='a')
    assert read(path).regions.area.tolist() == [1600]


@pytest.mark.filterwarnings('ignore:Field')
def test_a_folder_may_be_a_geodatabase_or_hold_shapefiles(write_vector, read, tmp_path):
    slides = [pixels(0, 0, 2, 2), pixels(3, 3, 4, 5)]
    database = write_vector(slides, name='slides.gdb', driver='OpenFileGDB', layer='slides')
    (tmp_path / 'folder').mkdir()
    write_vector(slides, name='folder/slides.shp')

    assert database.is_dir()
    for path in (database, tmp_path / 'folder'):
        assert read(path).regions.area.tolist() == pytest.approx([400, 200])


def test_raster_of_another_grid_and_crs(write_raster, read, read_band):
    # 20 m pixels, one column of pixels beyond the scene's left edge.
    coarse = np.array([[0, 1, 0], [0, 0, 0], [0, 0, 1]], np.uint8)
    path = write_raster(
        'coarse.tif', coarse, transform=Affine(20, 0, X - 20, 0, -20, Y), nodata=255
    )

    reference = read(path)

    wanted = np.zeros((6, 6), int)
    wanted[0:2, 0:2] = 1
    wanted[4:6, 2:4] = 1
    wanted[:, 4:] = 255
    np.testing.assert_array_equal(read_band(reference.mask), wanted)
    assert reference.regions.area.tolist() == [400, 400]


def test_nodata_of_zero_is_background_and_255_is_unknown(write_raster, read, read_band):
    pixels = np.zeros((6, 6), np.uint8)
    pixels[0, 0], pixels[1] = 1, 255

    reference = read(write_raster('reference.tif', pixels, nodata=0))

    np.testing.assert_array_equal(read_band(reference.mask), pixels)


def test_landslide_value_may_be_255_or_a_float(write_raster, read):
    pixels = np.zeros((6, 6), np.uint8)
    pixels[0, :2] = 255
    path = write_raster('reference.tif', pixels)

    with pytest.raises(GridMismatchError, match='landslide value'):
        read(path)
    assert read(path, landslide_value=255).regions.area.tolist() == [200]
    float_path = write_raster('float.tif', np.float32(pixels > 0), nodata=float('nan'))
    assert read(float_path).regions.area.tolist() == [200]


def test_bad_references_end_in_one_sentence(write_vector, write_raster, read, tmp_path):
    text = tmp_path / 'notes.txt'
    text.write_text('no map')
    cases = {
        tmp_path / 'missing.gpkg': (InputFileError, 'does not exist'),
        text: (InputFileError, 'neither as a raster nor as a vector'),
        write_vector([pixels(0, 0, 1, 1)], name='no_crs.gpkg', crs=None): (
            VectorFormatError,
            'has no CRS',
        ),
        write_vector([], name='empty.gpkg'): (VectorFormatError, 'has no feature'),
        write_vector([shapely.Point(X, Y)], name='points.gpkg'): (VectorFormatError, 'no polygon'),
        write_vector([pixels(50, 50, 60, 60)], name='far.gpkg'): (
            GridMismatchError,
            'none of 1 landslide',
        ),
        write_raster('no_crs.tif', np.ones((6, 6), np.uint8), crs=None): (
            RasterFormatError,
            'has no CRS',
        ),
        write_raster('zeros.tif', np.zeros((6, 6), np.uint8)): (
            GridMismatchError,
            'none of 0 landslides',
        ),
    }
    for path, (error, sentence) in cases.items():
        with pytest.raises(error, match=sentence) as caught:
            read(path)
        assert '\n' not in str(caught.value)
