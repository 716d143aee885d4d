import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from rasterio.features import rasterize
from scipy import ndimage

from dfpenet_mm.errors import ConfigError, InputFileError, RasterFormatError
from postproc.masks.polygonise import polygonise

STRUCTURES = {4: ndimage.generate_binary_structure(2, 1), 8: np.ones((3, 3))}
TRANSFORMS = {
    'north-up': Affine(10, 0, 500_000, 0, -10, 4_700_000),
    'south-up': Affine(10, 0, 500_000, 0, 10, 4_700_000),
    'oblong': Affine(10, 0, 500_000, 0, -2.5, 4_700_000),
    'rotated': Affine.translation(500_000, 4_700_000) @ Affine.rotation(30) @ Affine.scale(10, -5),
}

# Two landslides that meet at a corner, one with a hole, nodata in a corner.
SCENE = np.array(
    [
        [0, 0, 0, 0, 0, 255],
        [0, 1, 1, 1, 0, 255],
        [0, 1, 0, 1, 0, 0],
        [0, 1, 1, 1, 0, 0],
        [0, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 0],
    ],
    dtype=np.uint8,
)


def test_corner_neighbours_are_one_landslide_and_holes_stay(write_raster):
    regions = polygonise(write_raster('mask.tif', SCENE, nodata=255))

    assert len(regions) == 1
    assert regions.geometry[0].geom_type == 'MultiPolygon'
    assert regions.area[0] == 900.0
    assert not regions.contains(shapely.Point(500_025, 4_699_975))[0]
    assert regions.crs == 'EPSG:32654'


def test_four_connectivity_parts_corner_neighbours(write_raster):
    regions = polygonise(write_raster('mask.tif', SCENE), connectivity=4)

    assert sorted(regions.area) == [100.0, 800.0]


@given(
    pixels=npst.arrays(
        np.uint8,
        npst.array_shapes(min_dims=2, max_dims=2, max_side=9),
        elements=st.sampled_from([0, 1, 255]),
    ),
    connectivity=st.sampled_from([4, 8]),
    transform=st.sampled_from(sorted(TRANSFORMS)),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_regions_are_the_connected_components(write_raster, pixels, connectivity, transform):
    affine = TRANSFORMS[transform]
    regions = polygonise(
        write_raster('mask.tif', pixels, transform=affine), connectivity=connectivity
    )

    labels, count = ndimage.label(pixels == 1, STRUCTURES[connectivity])
    sizes = np.bincount(labels.ravel())[1:] * abs(affine.determinant)
    assert len(regions) == count
    assert regions.is_valid.all()
    np.testing.assert_allclose(sorted(regions.area), sorted(sizes), rtol=1e-6)
    if count:
        again = rasterize(regions.geometry, pixels.shape, transform=affine)
        np.testing.assert_array_equal(again == 1, pixels == 1)
        # No overlap: the union is as large as the sum.
        assert regions.union_all().area == pytest.approx(sizes.sum())


def test_large_region_has_no_tile_seam(tmp_path):
    path = tmp_path / 'tiled.tif'
    profile = {'driver': 'GTiff', 'height': 200, 'width': 200, 'count': 1, 'dtype': 'uint8'}
    tiles = {'tiled': True, 'blockxsize': 16, 'blockysize': 16}
    with rasterio.open(
        path, 'w', **profile, **tiles, crs='EPSG:32654', transform=TRANSFORMS['north-up']
    ) as dataset:
        dataset.write(np.ones((200, 200), np.uint8), 1)

    regions = polygonise(path)

    assert len(regions) == 1
    assert shapely.get_num_coordinates(regions.geometry[0]) == 5


@pytest.mark.parametrize('transform', sorted(TRANSFORMS))
def test_all_landslide_is_one_box(write_raster, transform):
    affine = TRANSFORMS[transform]

    (box,) = polygonise(
        write_raster('mask.tif', np.ones((4, 6), np.uint8), transform=affine)
    ).geometry

    corners = [affine @ corner for corner in [(0, 0), (6, 0), (6, 4), (0, 4)]]
    assert box.normalize().equals_exact(shapely.Polygon(corners).normalize(), 1e-6)


def test_a_mask_may_be_wider_than_65535_pixels(write_raster):
    pixels = np.zeros((3, 70_000), np.uint8)
    pixels[1, 65_530:] = 1
    pixels[2, 0] = 1

    regions = polygonise(write_raster('wide.tif', pixels))

    assert regions.area.tolist() == [447_000.0, 100.0]
    assert regions.total_bounds.tolist() == [500_000, 4_699_970, 1_200_000, 4_699_990]


def test_300_000_single_pixels(write_raster):
    pixels = np.zeros((1000, 1200), np.uint8)
    pixels[::2, ::2] = 1

    regions = polygonise(write_raster('specks.tif', pixels))

    assert len(regions) == 300_000
    assert (regions.area == 100).all()
    x, y = np.meshgrid(500_005 + 20 * np.arange(600), 4_699_995 - 20 * np.arange(500))
    centres = shapely.get_coordinates(regions.centroid.to_numpy())
    np.testing.assert_allclose(centres, np.column_stack([x.ravel(), y.ravel()]))


def test_a_checkerboard_is_one_region_by_corners(write_raster):
    board = np.uint8(np.indices((60, 50)).sum(axis=0) % 2)

    (region,) = polygonise(write_raster('board.tif', board)).geometry
    apart = polygonise(write_raster('board.tif', board), connectivity=4)

    assert region.is_valid
    assert (shapely.get_num_geometries(region), region.area) == (1500, 150_000)
    assert len(apart) == 1500


def test_nodata_everywhere_gives_nothing(write_raster):
    assert polygonise(write_raster('mask.tif', np.full((4, 4), 255, np.uint8))).empty


def test_a_mask_cut_short_is_named(write_raster):
    path = write_raster('mask.tif', np.ones((100, 100), np.uint8))
    path.write_bytes(path.read_bytes()[:5000])

    with pytest.raises(InputFileError, match=r'mask\.tif cannot be read to its end'):
        polygonise(path)


def test_empty_mask_gives_empty_table_with_crs(write_raster):
    regions = polygonise(write_raster('mask.tif', np.zeros((4, 4), np.uint8)))

    assert len(regions) == 0
    assert regions.crs == 'EPSG:32654'
    assert regions.geometry.name == 'geometry'


def test_refuses_what_is_no_mask(write_raster, tmp_path):
    with pytest.raises(RasterFormatError, match='float32'):
        polygonise(write_raster('probability.tif', np.zeros((3, 3), np.float32)))
    with pytest.raises(RasterFormatError, match='no CRS'):
        polygonise(write_raster('no_crs.tif', np.zeros((3, 3), np.uint8), crs=None))
    with pytest.raises(InputFileError, match=r'missing\.tif'):
        polygonise(tmp_path / 'missing.tif')
    with pytest.raises(ConfigError, match='4 or 8'):
        polygonise(tmp_path / 'missing.tif', connectivity=6)
