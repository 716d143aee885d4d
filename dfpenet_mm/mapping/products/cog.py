"""Cloud-optimised GeoTIFFs: overviews and tiles in the order in which viewers ask for them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil

from dfpenet_mm.files import whole_file
from dfpenet_mm.mapping.products.writer import TILE, check_complete

# Overview pixels: the mean of a probability's valid pixels, a mask's most frequent value. By
# nearest neighbour small landslides would flicker in and out of view.
AVERAGE, MODE = 'AVERAGE', 'MODE'


def write_cog(source: Path, target: Path, tags: Mapping[str, str]) -> None:
    """Write a raster of one band as a cloud-optimised GeoTIFF.

    Its bytes depend on the source's pixels, georeference, nodata, colours, description and on
    tags only, not on how the source is laid out, nor on the number of threads. The disk must
    hold both files and the overviews once more.

    Args:
        source: a complete raster; floating-point values get predictor 3.
        target: where to write; it appears when it is complete.
        tags: what to add to its metadata.

    Raises:
        OutputError: if the disk refuses.
    """
    with whole_file(target) as part:
        with _tagged(source, tags) as (dataset, is_float):
            rasterio.shutil.copy(
                dataset,
                part,
                driver='COG',
                BLOCKSIZE=TILE,
                COMPRESS='DEFLATE',
                # As in writer.py: higher levels take time and save next to nothing.
                LEVEL=1,
                PREDICTOR='FLOATING_POINT' if is_float else 'NO',
                OVERVIEW_RESAMPLING=AVERAGE if is_float else MODE,
                BIGTIFF='IF_SAFER',
                NUM_THREADS='ALL_CPUS',
            )
        check_complete(part)


@contextmanager
def _tagged(source: Path, tags: Mapping[str, str]) -> Iterator[tuple[rasterio.DatasetReader, bool]]:
    """Lend the raster with more tags, leaving the file alone.

    Tags written into a finished COG would move its directory to the file's end.
    """
    name = f'/vsimem/{uuid.uuid4().hex}.vrt'
    rasterio.shutil.copy(source.absolute(), name, driver='VRT', strict=False)
    try:
        with rasterio.open(name, 'r+') as dataset:
            dataset.update_tags(**tags)
        with rasterio.open(name) as dataset:
            yield dataset, np.dtype(dataset.dtypes[0]).kind == 'f'
    finally:
        rasterio.shutil.delete(name, driver='VRT')
