"""The pixels of whole regions, gathered window by window."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rasterio.windows import Window

from dfpenet_mm.grid import RasterGrid
from postproc.masks.burner import PolygonBurner, pixel_bounds
from postproc.masks.product_rasters import WINDOW_SIZE, scene_windows

Reader = Callable[[Window], Sequence[np.ndarray]]


@dataclass(frozen=True)
class ZoneValues:
    """Every pixel of some regions, in any order.

    Args:
        rows: the pixel's region, its row in the table, shape (pixels,).
        pixels: the pixel's number in the scene, row x cols + col, shape (pixels,).
        values: float64, NaN without data, shape (layers, pixels).
    """

    rows: np.ndarray
    pixels: np.ndarray
    values: np.ndarray

    def of(self, chosen: np.ndarray) -> ZoneValues:
        """Return some of the pixels."""
        return ZoneValues(self.rows[chosen], self.pixels[chosen], self.values[:, chosen])

    @classmethod
    def joined(cls, parts: Sequence[ZoneValues]) -> ZoneValues:
        """Return the pixels of all parts."""
        return cls(
            np.concatenate([part.rows for part in parts]),
            np.concatenate([part.pixels for part in parts]),
            np.concatenate([part.values for part in parts], axis=1),
        )


def zone_values(
    geometries: np.ndarray,
    grid: RasterGrid,
    read: Reader,
    *,
    all_touched: bool = False,
    size: int = WINDOW_SIZE,
) -> Iterator[ZoneValues]:
    """Gather the pixels that belong to polygons.

    A region's pixels are held from the first window that shows it to the last one, so memory
    grows with the regions that cross windows, not with the scene.

    Args:
        geometries: polygons in the grid's CRS, shape (polygons,); where they overlap, a pixel
            belongs to each of them.
        grid: grid of the layers.
        read: gives the layers of a window, each numeric, boolean or masked, (rows, cols). It is
            asked for the part of a window with polygons, and not where there is none.
        all_touched: False takes pixels whose centre lies in a polygon, True all it shares.
        size: side of a window, pixels.

    Yields:
        The pixels of regions that are complete; every region comes once, and one without a
        pixel on the grid never.
    """
    burner = PolygonBurner(geometries, grid.transform, all_touched=all_touched)
    last = _last_windows(geometries, grid, size)
    waiting: dict[int, list[ZoneValues]] = {}
    for number, window in enumerate(scene_windows(grid.shape, size)):
        part = window_values(burner, grid, read, window)
        if part is not None:
            for end, pixels in _by_end(part, last):
                waiting.setdefault(end, []).append(pixels)
        if number in waiting:
            yield ZoneValues.joined(waiting.pop(number))


def _by_end(part: ZoneValues, last: np.ndarray) -> Iterator[tuple[int, ZoneValues]]:
    """Divide a window's pixels, which come by region, by their region's last window."""
    fresh = np.insert(part.rows[1:] != part.rows[:-1], 0, True)
    ends = np.unique(last[part.rows[fresh]])
    closing = last[part.rows] if len(ends) > 1 else None
    for end in ends.tolist():
        yield end, part if closing is None else part.of(closing == end)


def window_values(
    burner: PolygonBurner, grid: RasterGrid, read: Reader, window: Window
) -> ZoneValues | None:
    """Return the pixels of a window that lie in polygons, or None without any."""
    flat, rows = burner.pixels(window)
    if not flat.size:
        return None
    row, col = np.divmod(flat, int(window.width))
    top, left = int(row.min()), int(col.min())
    box = Window(
        window.col_off + left,
        window.row_off + top,
        int(col.max()) - left + 1,
        int(row.max()) - top + 1,
    )
    inside = (row - top) * int(box.width) + col - left
    values = [_floats(layer.ravel()[inside]) for layer in read(box)]
    pixels = (row + window.row_off) * grid.shape[1] + col + window.col_off
    return ZoneValues(rows, pixels, np.array(values))


def _floats(values: np.ndarray) -> np.ndarray:
    plain = np.ma.filled(values.astype(float), np.nan)
    plain[~np.isfinite(plain)] = np.nan
    return plain


def _last_windows(geometries: np.ndarray, grid: RasterGrid, size: int) -> np.ndarray:
    """Return the number of the last window, row by row, that may show a pixel of a polygon."""
    _, _, right, bottom = pixel_bounds(geometries, grid.transform).T
    rows, cols = grid.shape
    # An empty geometry has no bounds. A window too many does no harm.
    col, row = (
        np.clip(np.nan_to_num(np.floor(edge)), 0, side - 1).astype(np.int64) // size
        for edge, side in ((right, cols), (bottom, rows))
    )
    return row * -(-cols // size) + col
