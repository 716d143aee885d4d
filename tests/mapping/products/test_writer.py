import resource

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from dfpenet_mm.errors import OutputError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.products.writer import COLORS, MASK, open_products, open_rows

GRID = RasterGrid(rasterio.CRS.from_epsg(32654), from_origin(500_000, 4_700_000, 3, 3), (1100, 700))


def write_products(folder, rows_at_once=1100, grid=GRID):
    """Write a made-up scene; returns its probability and mask."""
    probability = np.random.default_rng(3).random(grid.shape, np.float32)
    mask = (probability >= 0.5).astype(np.uint8)
    probability[:10], mask[:10] = np.nan, 255
    with open_products(
        probability=folder / 'probability.tif', mask=folder / 'mask.tif', grid=grid
    ) as writers:
        for row in range(0, grid.shape[0], rows_at_once):
            for writer, pixels in zip(writers, (probability, mask), strict=True):
                writer.write(pixels[row : row + rows_at_once])
    return probability, mask


@pytest.mark.parametrize('rows_at_once', [1, 384, 1100])
def test_rows_of_any_number_come_back(rows_at_once, tmp_path):
    probability, mask = write_products(tmp_path, rows_at_once)
    with rasterio.open(tmp_path / 'probability.tif') as dataset:
        np.testing.assert_array_equal(dataset.read(1), probability)
    with rasterio.open(tmp_path / 'mask.tif') as dataset:
        np.testing.assert_array_equal(dataset.read(1), mask)


def test_files_do_not_depend_on_how_rows_came(tmp_path):
    folders = [tmp_path / '1', tmp_path / '2']
    for folder, rows_at_once in zip(folders, (1, 700), strict=True):
        folder.mkdir()
        write_products(folder, rows_at_once)
    for name in ('probability.tif', 'mask.tif'):
        first, second = ((folder / name).read_bytes() for folder in folders)
        assert first == second


def test_products_are_tiled_compressed_and_georeferenced(tmp_path):
    write_products(tmp_path)
    for name, dtype in (('probability.tif', 'float32'), ('mask.tif', 'uint8')):
        with rasterio.open(tmp_path / name) as dataset:
            assert dataset.profile['blockxsize'] == dataset.profile['blockysize'] == 512
            assert dataset.profile['tiled']
            assert dataset.compression.name == 'deflate'
            assert dataset.dtypes == (dtype,)
            assert RasterGrid.from_dataset(dataset) == GRID
            assert dataset.descriptions[0].startswith('landslide')


def test_viewers_see_nodata_and_colours(tmp_path):
    write_products(tmp_path)
    with rasterio.open(tmp_path / 'probability.tif') as dataset:
        assert np.isnan(dataset.nodata)
        assert not dataset.dataset_mask()[:10].any()
    with rasterio.open(tmp_path / 'mask.tif') as dataset:
        assert dataset.nodata == 255
        assert dataset.colormap(1)[1][:3] == COLORS[1]


class Stop(BaseException):
    """Ends a body the way Ctrl-C does."""


def write_half(folder):
    """Write half of a scene, then stop."""
    with open_products(
        probability=folder / 'probability.tif', mask=folder / 'mask.tif', grid=GRID
    ) as writers:
        for writer, kind in zip(writers, (np.float32, np.uint8), strict=True):
            writer.write(np.zeros((600, 700), kind))
        assert len(list(folder.glob('.part-*/*.tif'))) == 2
        raise Stop


def test_a_body_that_is_stopped_leaves_nothing(tmp_path):
    with pytest.raises(Stop):
        write_half(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_body_that_is_stopped_leaves_older_products_alone(tmp_path):
    (tmp_path / 'mask.tif').write_text('older')
    with pytest.raises(Stop):
        write_half(tmp_path)
    assert (tmp_path / 'mask.tif').read_text() == 'older'
    assert len(list(tmp_path.iterdir())) == 1


def test_products_replace_older_ones(tmp_path):
    (tmp_path / 'mask.tif').write_text('older')
    _, mask = write_products(tmp_path)
    with rasterio.open(tmp_path / 'mask.tif') as dataset:
        np.testing.assert_array_equal(dataset.read(1), mask)


def test_missing_rows_are_an_error(tmp_path):
    part = tmp_path / 'mask.tif'
    with (
        pytest.raises(OutputError, match='got 600 of 1100 rows'),
        open_rows(part, GRID, MASK, 'mask') as rows,
    ):
        rows.write(np.zeros((600, 700), np.uint8))


@pytest.mark.parametrize('lacking', [10, 4000, 1_000_000], ids=str)
def test_a_disk_that_fills_up_leaves_nothing(lacking, tmp_path):
    first, second = tmp_path / '1', tmp_path / '2'
    first.mkdir()
    second.mkdir()
    write_products(first)
    wanted = (first / 'probability.tif').stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (wanted - lacking, limits[1]))
    try:
        with pytest.raises(OutputError, match='cannot be written'):
            write_products(second)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(second.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path):
    path = tmp_path / 'gone' / 'mask.tif'
    with (
        pytest.raises(OutputError, match=r'gone.*cannot be written'),
        open_rows(path, GRID, MASK, 'mask'),
    ):
        pass


def test_a_name_that_is_taken_by_a_folder_is_named(tmp_path):
    (tmp_path / 'mask.tif').mkdir()
    with pytest.raises(OutputError, match=r'mask\.tif cannot be written'):
        write_products(tmp_path)
