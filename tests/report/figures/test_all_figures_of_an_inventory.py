import json
import os

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from matplotlib.image import imread
from rasterio.transform import from_origin
from shapely.geometry import box

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.figures.all_figures import draw_inventory_file, read_layers
from dfpenet_mm.report.figures.run_view import areas_m2


def write_scene(path, crs='EPSG:32654'):
    pixels = np.full((3, 200, 300), 100, np.uint8)
    with rasterio.open(
        path,
        'w',
        driver='GTiff',
        width=300,
        height=200,
        count=3,
        dtype='uint8',
        crs=crs,
        transform=from_origin(500_000, 4_700_000, 10, 10),
    ) as target:
        target.write(pixels)
    return path


def grid_of(path):
    with rasterio.open(path) as source:
        return RasterGrid.from_dataset(source)


@pytest.fixture
def scene(tmp_path):
    return write_scene(tmp_path / 'scene.tif')


@pytest.fixture
def inventory(tmp_path):
    path = tmp_path / 'landslides.gpkg'
    shape = box(501_800, 4_698_600, 502_600, 4_699_200)
    table = gpd.GeoDataFrame({'area_m2': [480_000.0]}, geometry=[shape], crs='EPSG:32654')
    table.to_crs('EPSG:4326').to_file(path, layer='landslides')
    return path


@pytest.mark.usefixtures('foreign_style')
def test_an_inventory_in_another_crs_is_drawn_in_its_place(scene, inventory, tmp_path):
    assert draw_inventory_file(scene, inventory, tmp_path / 'a.png') == tmp_path / 'a.png'
    pixels = (imread(tmp_path / 'a.png')[..., :3] * 255).round().astype(int)
    # Lines end between dots, where they are paler.
    magenta = (pixels[..., 0] - pixels[..., 1] > 80) & (pixels[..., 2] - pixels[..., 1] > 60)
    rows, cols = np.nonzero(magenta[: len(magenta) // 2])
    # The map is 8.43 of 9 inches wide and begins at 0.45.
    across = (np.array([cols.min(), cols.max()]) / 150 - 0.45) / 8.43
    assert across == pytest.approx([180 / 300, 260 / 300], abs=0.01)
    assert len(rows) > 100


def test_layers_are_read(inventory):
    landslides, rejected = read_layers(inventory)
    assert len(landslides) == 1
    assert rejected is None
    landslides.to_file(inventory, layer='rejected')
    assert len(read_layers(inventory)[1]) == 1


def test_foreign_files_are_refused(scene, inventory, tmp_path):
    with pytest.raises(InputFileError, match=r'scene\.tif cannot be read'):
        draw_inventory_file(scene, scene, tmp_path / 'x.png')
    with pytest.raises(InputFileError, match='cannot be drawn'):
        draw_inventory_file(inventory, inventory, tmp_path / 'x.png')
    other = tmp_path / 'other.gpkg'
    gpd.read_file(inventory).to_file(other, layer='fields')
    with pytest.raises(InputFileError, match='wanted is landslides'):
        draw_inventory_file(scene, other, tmp_path / 'x.png')


def test_what_has_no_place_is_refused(scene, inventory, tmp_path):
    nowhere = write_scene(tmp_path / 'nowhere.tif', crs=None)
    with pytest.raises(InputFileError, match=r'nowhere\.tif has no CRS'):
        draw_inventory_file(nowhere, inventory, tmp_path / 'x.png')
    gpd.read_file(inventory).set_crs(None, allow_override=True).to_file(
        inventory, layer='landslides'
    )
    with pytest.raises(InputFileError, match='cannot be brought into the CRS'):
        draw_inventory_file(scene, inventory, tmp_path / 'x.png')


def test_text_where_numbers_belong_and_outlines_that_do_not_close(scene, tmp_path):
    """As an inventory comes back from a spreadsheet, or from a program with loose rings."""
    path = tmp_path / 'landslides.gpkg'
    shapes = [
        box(501_000, 4_699_000, 501_300, 4_699_200),
        box(502_000, 4_699_000, 502_500, 4_699_400),
    ]
    fields = {'id': ['1', 'two'], 'area_m2': ['10.000,5', '200000.0'], 'length_m': ['a', None]}
    table = gpd.GeoDataFrame(fields, geometry=shapes, crs='EPSG:32654')
    assert areas_m2(table, grid_of(scene)) == pytest.approx([60_000, 200_000])
    open_ring = bytearray(shapely.to_wkb(shapes[1]))
    # One position less.
    open_ring[9:13] = (4).to_bytes(4, 'little')
    meta = {'geometry_type': 'Polygon', 'crs': 'EPSG:32654', 'driver': 'GPKG'}
    pyogrio.raw.write(
        path,
        np.array([shapely.to_wkb(shapes[0]), bytes(open_ring[:-16])], dtype=object),
        field_data=[np.array(fields['area_m2'], dtype=object)],
        fields=['area_m2'],
        layer='landslides',
        **meta,
    )

    landslides, _ = read_layers(path)

    assert landslides.area.tolist() == [60_000, 200_000]
    assert draw_inventory_file(scene, path, tmp_path / 'a.png').exists()


def test_a_pipe_is_refused(scene, tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    for files in ((scene, tmp_path / 'pipe'), (tmp_path / 'pipe', tmp_path / 'pipe')):
        with pytest.raises(InputFileError, match='is a pipe or a device'):
            draw_inventory_file(*files, tmp_path / 'a.png')


def test_images_are_shown_as_the_run_read_them(inventory, tmp_path):
    """Bands and nodata that were given on the command line stand in the summary beside it."""
    scene = tmp_path / 'scene.tif'
    write_scene(scene)
    with rasterio.open(scene, 'r+') as target:
        pixels = target.read()
        pixels[0], pixels[:, :, :60] = np.arange(300), 7
        target.write(pixels)
    pictures = []
    for mapping in ({}, {'nodata': [7]}, {'bands': [3, 2, 1], 'by_colour': False}):
        told = {'provenance': {'settings': {'mapping': mapping}}}
        (tmp_path / 'summary.json').write_text(json.dumps(told))
        pictures.append(imread(draw_inventory_file(scene, inventory, tmp_path / 'a.png')))
    plain, hidden, swapped = (picture[150:450, 100:220, :3].mean((0, 1)) for picture in pictures)
    assert abs(hidden - plain).max() > 0.05
    plain, _, swapped = (picture[150:450, 900:1100, :3].mean((0, 1)) for picture in pictures)
    assert swapped == pytest.approx(plain[::-1], abs=0.02)
    assert abs(swapped - plain).max() > 0.1
