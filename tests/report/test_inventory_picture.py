import geopandas as gpd
import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.transform import from_origin
from shapely.geometry import box

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.report.inventory_picture import draw_inventory, nice_length, read_backdrop


@pytest.fixture
def scene(tmp_path):
    path = tmp_path / 'scene.tif'
    pixels = np.full((3, 200, 300), 100, np.uint8)
    pixels[:, :, :150] = 200
    pixels[:, :50] = 0
    with rasterio.open(
        path,
        'w',
        driver='GTiff',
        width=300,
        height=200,
        count=3,
        dtype='uint8',
        nodata=0,
        crs='EPSG:32654',
        transform=from_origin(500_000, 4_700_000, 10, 10),
    ) as target:
        target.write(pixels)
    return path


@pytest.fixture
def inventory(tmp_path):
    path = tmp_path / 'landslides.gpkg'
    shape = box(501_800, 4_698_600, 502_600, 4_699_200)
    table = gpd.GeoDataFrame({'area_m2': [480_000.0]}, geometry=[shape], crs='EPSG:32654')
    table.to_crs('EPSG:4326').to_file(path, layer='landslides')
    return path


def test_outline_lies_where_the_landslide_is(scene, inventory, tmp_path):
    target = tmp_path / 'picture.png'
    draw_inventory(scene, inventory, target)
    pixels = np.asarray(Image.open(target).convert('RGB')).astype(int)
    magenta = (pixels[..., 0] > 200) & (pixels[..., 1] < 80) & (pixels[..., 2] > 150)
    rows, cols = np.nonzero(magenta)
    height, width = magenta.shape
    # The legend's sample line lies in the upper quarter.
    drawn = rows > 0.35 * height
    assert drawn.any()
    assert cols[drawn].min() / width == pytest.approx(180 / 300, abs=0.06)
    assert cols[drawn].max() / width == pytest.approx(260 / 300, abs=0.06)


def test_backdrop_is_decimated_and_its_nodata_white(scene):
    colours, grid = read_backdrop(scene, 100)
    assert grid.shape == (67, 100)
    assert grid.pixel_size[0] == pytest.approx(30, rel=0.01)
    assert (colours[:15] == 1).all()
    assert (colours[20:, 60:] == 0).all()
    assert (colours[20:, :45] == 1).all()


@pytest.mark.parametrize(('length', 'nice'), [(1, 1), (4.9, 2), (730, 500), (19_999, 10_000)])
def test_nice_length(length, nice):
    assert nice_length(length) == nice


def test_foreign_files_are_refused(scene, inventory, tmp_path):
    with pytest.raises(InputFileError, match=r'scene\.tif'):
        draw_inventory(scene, scene, tmp_path / 'x.png')
    with pytest.raises(InputFileError, match='cannot be drawn'):
        draw_inventory(inventory, inventory, tmp_path / 'x.png')
