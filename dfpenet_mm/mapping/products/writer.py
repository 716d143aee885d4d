"""GeoTIFFs that appear under their name only when they are complete."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.io import DatasetWriter
from rasterio.windows import Window

from dfpenet_mm.errors import OutputError
from dfpenet_mm.files import disk_errors, staged_file
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.vocabulary import BACKGROUND, LANDSLIDE, LANDSLIDE_COLOUR, NODATA

TILE = 512
COLORS = {BACKGROUND: (0, 0, 0), LANDSLIDE: LANDSLIDE_COLOUR, NODATA: (255, 255, 255)}
PROFILE = {
    'driver': 'GTiff',
    'count': 1,
    'tiled': True,
    'blockxsize': TILE,
    'blockysize': TILE,
    'compress': 'DEFLATE',
    'bigtiff': 'IF_SAFER',
}
# The rasters of a run in the making, which become COGs at its end.
# Deflate's higher levels save no byte of a float's noisy low bits and take half of a cheap
# predictor's time (8192 x 8192: 99 MB at levels 1 and 6, 4.6 s and 7.2 s in all).
PROBABILITY = {'dtype': 'float32', 'nodata': np.nan, 'predictor': 3, 'zlevel': 1}
MASK = {'dtype': 'uint8', 'nodata': NODATA, 'zlevel': 1}


class RowWriter:
    """Writes rows of any number, in order, as whole rows of tiles.

    A tile written in parts would be compressed, and stored, more than once.

    Args:
        dataset: a raster of one band, open for writing.
    """

    def __init__(self, dataset: DatasetWriter) -> None:
        self._dataset = dataset
        self._pending = np.empty((TILE, dataset.width), dataset.dtypes[0])
        self._filled = 0
        self._row = 0

    def write(self, rows: np.ndarray) -> None:
        """Append rows.

        Args:
            rows: shape (rows, cols), of the raster's type.

        Raises:
            OutputError: if the disk refuses.
        """
        while len(rows):
            part = rows[: TILE - self._filled]
            self._pending[self._filled : self._filled + len(part)] = part
            self._filled += len(part)
            rows = rows[len(part) :]
            if self._filled == TILE:
                self._flush()

    def finish(self) -> None:
        """Write what is left.

        Raises:
            OutputError: if rows are missing, or the disk refuses.
        """
        self._flush()
        if self._row != self._dataset.height:
            raise OutputError(
                f'{self._dataset.name} got {self._row} of {self._dataset.height} rows; '
                f'write every block of the plan'
            )

    def _flush(self) -> None:
        if not self._filled:
            return
        window = Window(0, self._row, self._dataset.width, self._filled)
        with disk_errors(self._dataset.name):
            self._dataset.write(self._pending[: self._filled], 1, window=window)
        self._row += self._filled
        self._filled = 0


@contextmanager
def open_rows(
    path: Path, grid: RasterGrid, profile: Mapping[str, Any], description: str
) -> Iterator[RowWriter]:
    """Open a raster of one band to write it row by row.

    Args:
        path: where to write; see ``staged_file`` for a name that is not final.
        grid: its grid.
        profile: its type and nodata, PROBABILITY or MASK.
        description: what the band shows.

    Yields:
        The writer; every row must be written before the body ends.

    Raises:
        OutputError: if the file cannot be written, or rows are missing.
    """
    rows, cols = grid.shape
    place = {'height': rows, 'width': cols, 'crs': grid.crs, 'transform': grid.transform}
    with disk_errors(path):
        dataset = rasterio.open(path, 'w', **PROFILE, **place, **profile)
    try:
        dataset.set_band_description(1, description)
        if profile is MASK:
            dataset.write_colormap(1, COLORS)
        writer = RowWriter(dataset)
        yield writer
        writer.finish()
    finally:
        with disk_errors(path):
            dataset.close()
    check_complete(path)


def check_complete(path: Path) -> None:
    """Raise unless every tile of a GeoTIFF lies inside the file.

    GDAL writes the last tiles and the directory when it closes a file, and a full disk then
    goes unreported.

    Raises:
        OutputError: if it does not.
    """
    length = path.stat().st_size
    with disk_errors(path), rasterio.open(path) as dataset:
        for (row, col), _ in dataset.block_windows(1):
            start, size = (
                int(dataset.get_tag_item(f'BLOCK_{what}_{col}_{row}', 'TIFF', bidx=1) or 0)
                for what in ('OFFSET', 'SIZE')
            )
            if not 0 < start < start + size <= length:
                raise OSError(f'tile {row}, {col} is not in the file')


@contextmanager
def open_products(
    *, probability: Path, mask: Path, grid: RasterGrid
) -> Iterator[tuple[RowWriter, RowWriter]]:
    """Open the two rasters of a scene.

    Args:
        probability: final path of the probability raster.
        mask: final path of the mask.
        grid: the scene's grid.

    Yields:
        Their writers: of float32, NaN on nodata; and of uint8, 0 background, 1 landslide, 255
        nodata. Both files appear when the body has ended well, and neither otherwise.

    Raises:
        OutputError: if they cannot be written.
    """
    with (
        staged_file(probability) as probability_part,
        staged_file(mask) as mask_part,
        open_rows(probability_part, grid, PROBABILITY, 'landslide probability') as first,
        open_rows(mask_part, grid, MASK, 'landslide mask (1) and nodata (255)') as second,
    ):
        yield first, second
