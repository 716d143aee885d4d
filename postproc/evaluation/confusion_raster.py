"""A GeoTIFF of hits, false alarms and misses, in the colours of the paper's maps."""

from __future__ import annotations

import errno
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError
from rasterio.windows import Window

from dfpenet_mm.grid import RasterGrid
from postproc.atomic import write_errors, written_beside
from postproc.evaluation.confusion import Verdict
from postproc.masks.rasters import NODATA, mask_profile

# TP green, FP red and FN blue as in the paper; what a boundary tolerance leaves out is paler.
COLOURS = {
    Verdict.BACKGROUND: (235, 235, 235, 255),
    Verdict.TP: (0, 158, 60, 255),
    Verdict.FP: (214, 30, 30, 255),
    Verdict.FN: (30, 80, 220, 255),
    Verdict.FP_AT_BOUNDARY: (244, 170, 170, 255),
    Verdict.FN_AT_BOUNDARY: (165, 190, 245, 255),
    Verdict.NOT_COMPARED: (255, 255, 255, 0),
}
PROVENANCE_TAG = 'DFPENET_MM'


@contextmanager
def confusion_raster(
    path: Path, grid: RasterGrid, provenance: Mapping[str, Any]
) -> Iterator[Callable[[Window, np.ndarray], None]]:
    """Lend a function that writes verdicts by window; the file appears when all are written.

    Args:
        path: GeoTIFF to write: uint8, tiled, compressed, with a colour table, nodata 255.
        grid: the scene's grid.
        provenance: plain JSON values for the file's metadata.

    Yields:
        The function: it takes a window and its verdicts, uint8, shape (rows, cols).

    Raises:
        OutputError: if the disk refuses.
    """
    written: list[tuple[Window, int]] = []
    with write_errors(path, RasterioError), written_beside(path) as part:
        with rasterio.open(part, 'w', nodata=NODATA, **mask_profile(grid)) as dataset:
            dataset.colorinterp = [ColorInterp.palette]
            dataset.write_colormap(1, {int(value): colour for value, colour in COLOURS.items()})
            dataset.update_tags(1, **{verdict.name: str(int(verdict)) for verdict in Verdict})
            dataset.update_tags(**{PROVENANCE_TAG: json.dumps(dict(provenance))})

            def write(window: Window, verdicts: np.ndarray) -> None:
                dataset.write(verdicts, 1, window=window)
                written.append((window, _checksum(verdicts)))

            yield write
        _require_written(part, written)


def _require_written(path: Path, written: Sequence[tuple[Window, int]]) -> None:
    # What GDAL still holds when a file is closed is lost without an error on a full disk.
    with rasterio.open(path) as dataset:
        for window, checksum in written:
            if _checksum(dataset.read(1, window=window)) != checksum:
                raise OSError(errno.EIO, 'the file does not hold the pixels that were written')


def _checksum(verdicts: np.ndarray) -> int:
    return zlib.crc32(np.ascontiguousarray(verdicts))
