"""Analytic surfaces as DEMs."""

import numpy as np
import pytest
import rasterio
from affine import Affine

UTM = 'EPSG:32654'


@pytest.fixture
def write_dem(tmp_path):
    """Write elevations given as a function of map coordinates, or as an array."""

    def write(surface, *, shape=(60, 80), transform=None, crs=UTM, name='dem.tif', **profile):
        transform = transform or Affine(10, 0, 500_000, 0, -10, 4_700_000)
        if callable(surface):
            row, col = np.indices(shape) + 0.5
            surface = surface(*(transform @ (col, row)))
        surface = np.asarray(surface)
        path = tmp_path / name
        profile = {'dtype': 'float64', 'nodata': float('nan'), 'count': 1, **profile}
        rows, cols = surface.shape
        with rasterio.open(
            path,
            'w',
            driver='GTiff',
            height=rows,
            width=cols,
            crs=crs,
            transform=transform,
            **profile,
        ) as dataset:
            dataset.write(
                np.repeat(surface[None], profile['count'], axis=0).astype(profile['dtype'])
            )
        return path

    return write
