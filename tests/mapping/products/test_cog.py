import hashlib
import resource

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from dfpenet_mm.errors import OutputError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.products.cog import write_cog
from dfpenet_mm.mapping.products.writer import COLORS, MASK, PROBABILITY, open_rows

GRID = RasterGrid(
    rasterio.CRS.from_epsg(32654), from_origin(500_000, 4_700_000, 3, 3), (1100, 1700)
)
TAGS = {'ORIGIN': '{"a": "b = c, d"}'}


@pytest.fixture
def rasters(tmp_path):
    """A probability and a mask as a run leaves them, and their pixels."""
    probability = np.random.default_rng(3).random(GRID.shape, np.float32)
    probability[:10, :1000] = np.nan
    mask = (probability >= 0.5).astype(np.uint8)
    mask[np.isnan(probability)] = 255
    for name, pixels, profile in (
        ('probability', probability, PROBABILITY),
        ('mask', mask, MASK),
    ):
        with open_rows(tmp_path / f'{name}.tif', GRID, profile, f'landslide {name}') as rows:
            rows.write(pixels)
    return {'probability': probability, 'mask': mask}


def cog(tmp_path, name, target='cog.tif'):
    write_cog(tmp_path / f'{name}.tif', tmp_path / target, TAGS)
    return tmp_path / target


def offsets(path, level):
    """Places of the tiles of a level in the file, in the order of the grid; 0 is full size."""
    kwargs = {} if level == 0 else {'OVERVIEW_LEVEL': level - 1}
    with rasterio.open(path, **kwargs) as dataset:
        assert dataset.block_shapes == [(512, 512)]
        return [
            int(dataset.get_tag_item(f'BLOCK_OFFSET_{col}_{row}', 'TIFF', bidx=1))
            for (row, col), _ in dataset.block_windows(1)
        ]


@pytest.mark.parametrize('name', ['probability', 'mask'])
def test_pixels_and_all_that_belongs_to_them_are_kept(name, rasters, tmp_path):
    with rasterio.open(cog(tmp_path, name)) as dataset:
        np.testing.assert_array_equal(dataset.read(1), rasters[name])
        assert RasterGrid.from_dataset(dataset) == GRID
        assert dataset.descriptions == (f'landslide {name}',)
        assert dataset.tags()['ORIGIN'] == TAGS['ORIGIN']
        assert dataset.nodata == 255 or np.isnan(dataset.nodata)
        if name == 'mask':
            assert dataset.colormap(1)[1][:3] == COLORS[1]
    with rasterio.open(tmp_path / f'{name}.tif') as source:
        assert 'ORIGIN' not in source.tags()


@pytest.mark.parametrize('name', ['probability', 'mask'])
@pytest.mark.usefixtures('rasters')
def test_the_file_is_laid_out_for_reading_over_a_network(name, tmp_path):
    """Directories first, then the overviews, coarse before fine, then the full size in order."""
    path = cog(tmp_path, name)
    with rasterio.open(path) as dataset:
        assert dataset.tags(ns='IMAGE_STRUCTURE')['LAYOUT'] == 'COG'
        assert dataset.overviews(1) == [2, 4]
        directory = int(dataset.get_tag_item('IFD_OFFSET', 'TIFF', bidx=1))
    places = [offsets(path, level) for level in (2, 1, 0)]
    assert directory < min(min(tiles) for tiles in places)
    flat = [place for tiles in places for place in tiles]
    assert flat == sorted(flat)


def test_overviews_average_probabilities_and_count_masks(rasters, tmp_path):
    path = cog(tmp_path, 'probability')
    with rasterio.open(path, OVERVIEW_LEVEL=0) as half:
        found = half.read(1)
    blocks = rasters['probability'].reshape(550, 2, 850, 2)
    with np.errstate(invalid='ignore'):
        count = np.isfinite(blocks).sum(axis=(1, 3))
        expected = np.nansum(blocks, axis=(1, 3)) / np.where(count, count, np.nan)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    with rasterio.open(cog(tmp_path, 'mask'), OVERVIEW_LEVEL=0) as half:
        found = half.read(1)
    counts = (rasters['mask'].reshape(550, 2, 850, 2) == 1).sum(axis=(1, 3))
    assert (found[counts > 2] == 1).all()
    assert (found[(counts < 2) & (found != 255)] == 0).all()


def test_bytes_depend_on_pixels_and_not_on_the_sources_layout(rasters, tmp_path):
    first = cog(tmp_path, 'mask', 'first.tif').read_bytes()
    with rasterio.open(tmp_path / 'mask.tif') as source:
        profile = source.profile | {'compress': 'lzw', 'blockxsize': 128, 'blockysize': 64}
    with rasterio.open(tmp_path / 'other.tif', 'w', **profile) as dataset:
        dataset.write(rasters['mask'], 1)
        dataset.write_colormap(1, COLORS)
        dataset.set_band_description(1, 'landslide mask')
    second = cog(tmp_path, 'other', 'second.tif').read_bytes()
    assert hashlib.sha256(first).digest() == hashlib.sha256(second).digest()


@pytest.mark.parametrize('share', [0.1, 0.7, 0.999])
@pytest.mark.usefixtures('rasters')
def test_a_disk_that_fills_up_leaves_nothing(share, tmp_path):
    size = cog(tmp_path, 'probability').stat().st_size
    (tmp_path / 'cog.tif').unlink()
    before = sorted(path.name for path in tmp_path.iterdir())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(size * share), limits[1]))
    try:
        with pytest.raises(OutputError, match=r'cog\.tif cannot be written'):
            cog(tmp_path, 'probability')
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_scene_smaller_than_a_tile_needs_no_overview(tmp_path):
    grid = RasterGrid(GRID.crs, GRID.transform, (5, 7))
    with open_rows(tmp_path / 'mask.tif', grid, MASK, 'mask') as rows:
        rows.write(np.eye(5, 7, dtype=np.uint8))
    with rasterio.open(cog(tmp_path, 'mask')) as dataset:
        np.testing.assert_array_equal(dataset.read(1), np.eye(5, 7))
