"""A small UTM scene, and products made of literal masks on it."""

import resource
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from affine import Affine

from dfpenet_mm.grid import RasterGrid
from postproc.masks.polygonise import polygonise
from postproc.product import LandslideProduct

UTM = 'EPSG:32654'
TEN_METRES = Affine(10, 0, 500_000, 0, -10, 4_700_000)


@pytest.fixture
def write_raster(tmp_path):
    def write(name, pixels, *, crs=UTM, transform=TEN_METRES, nodata=None) -> Path:
        path = tmp_path / name
        pixels = np.asarray(pixels)
        profile = {
            'driver': 'GTiff',
            'height': pixels.shape[0],
            'width': pixels.shape[1],
            'count': 1,
            'dtype': pixels.dtype,
            'crs': crs,
            'transform': transform,
            'nodata': nodata,
        }
        with rasterio.open(path, 'w', **profile) as dataset:
            dataset.write(pixels, 1)
        return path

    return write


@pytest.fixture
def write_vector(tmp_path):
    def write(geometries, *, name='reference.gpkg', crs=UTM, wanted=None, **options):
        path = tmp_path / name
        table = gpd.GeoDataFrame(geometry=geometries, crs=crs)
        (table if wanted is None else table.to_crs(wanted)).to_file(path, **options)
        return path

    return write


@pytest.fixture
def make_product(tmp_path, write_raster):
    """Build a product from masks; all further rasters share the mask's grid."""

    def make(mask, *, pre_mask=None, probability=None, reference=None, **grid) -> LandslideProduct:
        rasters = {'mask': write_raster('mask.tif', np.uint8(mask), nodata=255, **grid)}
        if pre_mask is not None:
            rasters['pre_mask'] = write_raster(
                'pre_mask.tif', np.uint8(pre_mask), nodata=255, **grid
            )
        if probability is not None:
            rasters['probability'] = write_raster(
                'probability.tif', np.float32(probability), nodata=float('nan'), **grid
            )
        with rasterio.open(rasters['mask']) as dataset:
            scene = RasterGrid.from_dataset(dataset)
        out_dir = tmp_path / 'out'
        out_dir.mkdir(exist_ok=True)
        landslides = polygonise(rasters['mask'])
        return LandslideProduct(landslides, scene, rasters, out_dir, reference=reference)

    return make


@pytest.fixture
def read_band():
    def read(path) -> np.ndarray:
        with rasterio.open(path) as dataset:
            return dataset.read(1)

    return read


@pytest.fixture
def full_disk():
    """Let every file grow to a number of bytes only."""

    @contextmanager
    def limited(size):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited
