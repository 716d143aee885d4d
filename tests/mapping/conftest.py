"""Small rasters for the mapping tests."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp
from rasterio.transform import from_origin

UTM54 = 'EPSG:32654'
TEN_METRES = from_origin(500_000, 4_700_000, 10, 10)


def _write(path: Path, bands: np.ndarray, *, alpha=None, mask=None, **profile) -> Path:
    extra = [] if alpha is None else [alpha]
    planes = [*bands, *extra]
    defaults = {'crs': UTM54, 'transform': TEN_METRES, 'dtype': bands.dtype}
    shape = {'height': bands.shape[1], 'width': bands.shape[2], 'count': len(planes)}
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(path, 'w', driver='GTiff', **defaults | shape | profile) as dataset,
    ):
        if alpha is not None:
            dataset.colorinterp = [ColorInterp.undefined] * len(bands) + [ColorInterp.alpha]
        dataset.write(np.stack(planes))
        if mask is not None:
            dataset.write_mask(mask)
    return path


@pytest.fixture(scope='session')
def write_raster() -> Callable[..., Path]:
    """Give ``write(path, bands (B, H, W), alpha=, mask=, **rasterio profile)``."""
    return _write


@pytest.fixture
def noise() -> Callable[..., np.ndarray]:
    """Give ``noise(rows, cols, dtype)``: three bands of values from 1 to 250."""

    def make(rows: int, cols: int, dtype: str = 'uint8') -> np.ndarray:
        return np.random.default_rng(7).integers(1, 251, (3, rows, cols)).astype(dtype)

    return make
