"""Servers that fail in every way, and windows that are kept."""

from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS
from rasterio.windows import Window

from dfpenet_mm.errors import InputFileError, NetworkError, RasterFormatError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.imagery.items import SourceAsset, read_item
from dfpenet_mm.imagery.offsets import ItemRefusedError
from dfpenet_mm.imagery.reading import ItemReader, KeptWindows, windows
from tests.imagery.world import EPSG, ORIGIN, ground, write_cog

GRID = RasterGrid(
    CRS.from_epsg(EPSG), Affine(10, 0, ORIGIN[0] + 200, 0, -10, ORIGIN[1] - 300), (40, 30)
)
WHOLE = Window(0, 0, 30, 40)


@pytest.fixture
def item(world):
    return read_item(world.image('S2', '2018-09-10T01:20:00Z', without=('green', 'blue', 'nir')))


def read(item, role='red'):
    with ItemReader(item, GRID) as reader:
        return reader.read(role, WHOLE, classes=role == 'scl')


def wanted():
    return np.rint(ground(EPSG, GRID.transform, GRID.shape)[0])


def test_on_its_own_pixels_nothing_is_resampled(item):
    np.testing.assert_array_equal(read(item), wanted())


def test_half_a_pixel_off_is_interpolated(item):
    moved = replace(GRID, transform=GRID.transform @ Affine.translation(0.5, 0))
    with ItemReader(item, moved) as reader:
        found = reader.read('red', WHOLE).astype(float)
    expected = ground(EPSG, moved.transform, moved.shape)[0]
    # Rounding of the numbers, and the bend of the wave between two pixels.
    assert np.abs(found - expected).max() <= 1.2


@pytest.mark.parametrize('code', [401, 403, 404, 410])
def test_what_a_server_does_not_give_refuses_the_image(world, item, code):
    world.faults['red'] = [code]
    with pytest.raises(ItemRefusedError, match='file of red is not given by the server'):
        read(item)


@pytest.mark.parametrize('fault', [429, 500, 503, ('breaks',)])
def test_what_fails_for_good_is_the_networks_fault(world, item, fault):
    world.faults['red'] = [fault]
    with pytest.raises(NetworkError, match='give the same command again'):
        read(item)


@pytest.mark.parametrize(
    'faults', [[429, None], [500, 500, None], [('breaks',), None], [None, ('breaks',), None]]
)
def test_what_fails_for_a_moment_is_asked_again(world, item, faults):
    world.faults['red'] = faults
    np.testing.assert_array_equal(read(item), wanted())


def test_a_server_that_lies_about_the_size(world, item):
    world.faults['red'] = [('lies',)]
    with pytest.raises(NetworkError, match='cannot be read to its end'):
        read(item)


def test_a_slow_server_is_waited_for(world, item):
    world.faults['red'] = [('slow',)]
    np.testing.assert_array_equal(read(item), wanted())


def test_a_redirect_is_followed(world, item):
    world.faults['red'] = [f'{world.url}', None]
    np.testing.assert_array_equal(read(item), wanted())


def test_no_file_and_no_place(tmp_path, item):
    with pytest.raises(ItemRefusedError, match='S2 has no file of nir'):
        read(item, 'nir')
    lost = replace(item, assets={'red': SourceAsset(str(tmp_path / 'gone.tif'))})
    with pytest.raises(InputFileError, match='copy it again'):
        read(lost)
    write_cog(
        tmp_path / 'nowhere.tif', np.ones((8, 8), np.uint8), EPSG, Affine.identity(), nodata=0
    )
    placeless = replace(item, assets={'red': SourceAsset(str(tmp_path / 'nowhere.tif'))})
    with pytest.raises(RasterFormatError, match='has no georeference'):
        read(placeless)


def test_windows_fill_a_grid():
    count = np.zeros((5, 7), int)
    for window in windows((5, 7), 3):
        rows, cols = window.toslices()
        count[rows, cols] += 1
    assert (count == 1).all()


def test_kept_windows_are_whole_or_read_anew(tmp_path, item):
    asked = []

    def fresh():
        asked.append(1)
        return np.arange(12, dtype=np.uint16).reshape(3, 4)

    for _ in range(2):
        kept = KeptWindows(tmp_path / 'w', 'grid')
        np.testing.assert_array_equal(kept.get(item, 'red 0 0', fresh), fresh())
    assert len(asked) == 1 + 2
    kept.get(item, 'red 0 1', fresh)
    KeptWindows(tmp_path / 'w', 'another grid').get(item, 'red 0 0', fresh)
    paths = sorted((tmp_path / 'w').iterdir())
    assert len(paths) == 3
    for path in paths:
        path.write_bytes(path.read_bytes()[:-1])
    asked.clear()
    KeptWindows(tmp_path / 'w', 'grid').get(item, 'red 0 0', fresh)
    assert asked == [1]
