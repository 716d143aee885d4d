"""Two inventories in files as a product that the consistency evaluator takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import ColorInterp

from dfpenet_mm.errors import ConfigError, GridMismatchError
from dfpenet_mm.files import BREAKS_OFF, WHOLE, disk_errors, read_errors
from dfpenet_mm.grid import RasterGrid, horizontal, planar_within
from dfpenet_mm.polygons import read_polygons
from dfpenet_mm.rasters import check_placed
from dfpenet_mm.validity import ValidityRule
from dfpenet_mm.vocabulary import NODATA, WGS84
from postproc.evaluation.evaluation_area import ROLE as AREA_ROLE
from postproc.inventory.measures import areas_m2
from postproc.masks.polygonise import polygonise
from postproc.masks.product_rasters import edit_mask, mask_profile, open_raster, scene_windows
from postproc.product import LandslideProduct
from postproc.reference.reference import is_raster
from postproc.reference.reference_raster import check_landslide_value, warp_reference
from postproc.reference.reference_vector import read_landslides

# A landslide of median size gets about this many pixels, unless there would be too many.
PIXELS_OF_MEDIAN = 100
MOST_PIXELS = 500_000_000
# GDAL counts rows and columns in 32 bits.
LONGEST_SIDE = 2**31 - 1


def derive_grid(
    inventories: Sequence[gpd.GeoDataFrame],
    area: gpd.GeoDataFrame | None = None,
    pixel_size_m: float | None = None,
) -> RasterGrid:
    """Lay a grid over inventories.

    Args:
        inventories: polygons, each with a CRS; at least one has a row. The first projected CRS
            in which areas are true is taken, otherwise the UTM zone of their middle.
        area: further polygons to cover, in which the inventories are compared; None without.
        pixel_size_m: side of a pixel, metres; None for a round number at which a landslide of
            median size has about ``PIXELS_OF_MEDIAN`` pixels and the grid at most
            ``MOST_PIXELS``.

    Returns:
        A north-up grid around all polygons, one pixel wider on every side.

    Raises:
        ConfigError: if the pixel size is not above 0, or so small that no raster holds the grid.
        GridMismatchError: if the inventories lie apart and no area says that this is meant.
    """
    if pixel_size_m is not None and not 0 < pixel_size_m < math.inf:
        raise ConfigError(f'the pixel size is {pixel_size_m}; give one above 0, in metres')
    filled = [table for table in inventories if len(table)]
    crs = _metric_crs(filled)
    covered = [*filled, *([] if area is None else [area])]
    frames = [shapely.box(*table.to_crs(crs).total_bounds) for table in covered]
    if area is None and not shapely.intersects(frames[0], frames[-1]):
        raise GridMismatchError(
            'the prediction and the reference lie apart; give inventories of one place, check '
            'their CRS, or give the area in which they are to be compared'
        )
    left, bottom, right, top = shapely.total_bounds(frames)
    _, unit = crs.linear_units_factor
    if pixel_size_m is None:
        median = float(np.median(np.concatenate([areas_m2(table) for table in filled])))
        extent = (right - left) * (top - bottom) * unit**2
        pixel_size_m = _round_up(
            max(math.sqrt(median / PIXELS_OF_MEDIAN), math.sqrt(extent / MOST_PIXELS))
        )
    side = pixel_size_m / unit
    # Whole multiples of the pixel, so that grids of one place and pixel size fit together.
    left, top = math.floor(left / side) - 1, math.ceil(top / side) + 1
    cols, rows = math.ceil(right / side) + 1 - left, top - math.floor(bottom / side) + 1
    if max(rows, cols) > LONGEST_SIDE or rows * cols > LONGEST_SIDE * 64:
        raise ConfigError(
            f'pixels of {pixel_size_m:g} m make a grid of {rows} rows and {cols} columns, more '
            f'than a raster can hold; give a larger pixel size, or an evaluation area'
        )
    return RasterGrid(crs, Affine(side, 0, left * side, 0, -side, top * side), (rows, cols))


def _metric_crs(tables: Sequence[gpd.GeoDataFrame]) -> CRS:
    for table in tables:
        crs = horizontal(CRS.from_user_input(table.crs))
        if planar_within(crs, table.total_bounds):
            return crs
    return CRS.from_user_input(tables[0].to_crs(WGS84).estimate_utm_crs())


def _round_up(length: float) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that is not below ``length``."""
    power = 10.0 ** math.floor(math.log10(length))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= length)


PREDICTION = 'prediction'
# Of a scene so many bands are looked at for nodata, as when it is mapped.
RGB = 3


@dataclass(frozen=True, kw_only=True)
class InventoryFiles:
    """Two inventories to compare, and the grid on which that is done.

    Args:
        predicted: vector file or mask raster.
        reference: likewise.
        area: evaluation area, a vector file; None for everything.
        layer: layer of a vector prediction; None for the only one, or ``landslides``.
        reference_layer: likewise of a vector reference.
        area_layer: layer of the area; None for the only one.
        landslide_value: value of landslide pixels in a raster prediction.
        scene: raster whose grid and nodata are taken; None for those of the prediction if it
            is a raster, else of the reference if that is one, else a grid is derived.
        pixel_size_m: side of a derived grid's pixels, metres; None for a suitable one.
    """

    predicted: Path
    reference: Path
    area: Path | None = None
    layer: str | None = None
    reference_layer: str | None = None
    area_layer: str | None = None
    landslide_value: int = 1
    scene: Path | None = None
    pixel_size_m: float | None = None

    def grid_source(self) -> Path | None:
        """Return the raster whose grid is taken; None if a grid has to be derived.

        Raises:
            InputFileError: if a file is missing.
        """
        if self.scene is not None:
            return self.scene
        roles = (
            (self.predicted, PREDICTION, self.layer),
            (self.reference, 'reference', self.reference_layer),
        )
        return next((path for path, role, layer in roles if is_raster(path, role, layer)), None)

    def product(self, folder: Path, out_dir: Path) -> LandslideProduct:
        """Read the prediction.

        Args:
            folder: where the rasters that are needed may be written.
            out_dir: folder of the product.

        Returns:
            A product with the predicted landslides, their grid, a mask and the reference.

        Raises:
            InputFileError: if a file is missing or unreadable.
            RasterFormatError: if a raster has several bands or no CRS.
            VectorFormatError: if a vector has no CRS, no polygon or no such layer.
            ConfigError: if the pixel size does not serve.
            OutputError: if the disk refuses.
        """
        source = self.grid_source()
        grid = self._derived_grid() if source is None else _grid_of(source)
        mask = _scene_mask(folder / 'scene.tif', grid, self.scene)
        if is_raster(self.predicted, PREDICTION, self.layer):
            mask = _predicted_mask(self.predicted, mask, folder, self.landslide_value)
            landslides, notes = polygonise(mask), tuple[str, ...]()
        else:
            found = read_landslides(
                self.predicted,
                grid.crs,
                self.layer,
                role=PREDICTION,
                may_be_empty=True,
                center_x=grid.center[0],
            )
            landslides, notes = found.table, found.notes
        product = LandslideProduct(
            landslides, grid, {'mask': mask}, out_dir, reference=self.reference
        )
        for note in notes:
            product = product.with_warning(note)
        return product

    def _derived_grid(self) -> RasterGrid:
        inventories = [
            read_landslides(path, None, layer, role=role, may_be_empty=role == PREDICTION).table
            for path, layer, role in (
                (self.predicted, self.layer, PREDICTION),
                (self.reference, self.reference_layer, 'reference'),
            )
        ]
        area = None
        if self.area is not None:
            area = read_polygons(self.area, AREA_ROLE, self.area_layer).shapes.to_frame('geometry')
        return derive_grid(inventories, area, self.pixel_size_m)


def _grid_of(path: Path) -> RasterGrid:
    with open_raster(path) as dataset:
        check_placed(dataset, str(path))
        return RasterGrid.from_dataset(dataset)


def _scene_mask(path: Path, grid: RasterGrid, scene: Path | None) -> Path:
    """Write a mask of background, with 255 where the scene has no data."""
    with (
        disk_errors(path, advice='free some space for temporary files'),
        rasterio.open(path, 'w', sparse_ok=True, **mask_profile(grid)) as mask,
    ):
        if scene is not None:
            _copy_nodata(scene, mask)
    return path


def _copy_nodata(scene: Path, mask: rasterio.io.DatasetWriter) -> None:
    with open_raster(scene) as source:
        seen = [n for n, use in enumerate(source.colorinterp, 1) if use is not ColorInterp.alpha]
        rule = ValidityRule.of(source, seen[:RGB])
        for window in scene_windows(mask.shape):
            with read_errors(scene, how=BREAKS_OFF, advice=WHOLE):
                invalid = ~rule.read(source, source.read(rule.bands, window=window), window=window)
            if invalid.any():
                mask.write(np.where(invalid, NODATA, 0).astype(np.uint8), 1, window=window)


def _predicted_mask(path: Path, scene: Path, folder: Path, landslide_value: int) -> Path:
    """Bring a raster prediction onto the scene's grid, without landslides on its nodata."""
    with open_raster(scene) as blank:
        grid = RasterGrid.from_dataset(blank)
    check_landslide_value(path, grid, landslide_value, role=PREDICTION, may_be_empty=True)
    warped = warp_reference(path, scene, folder / 'predicted.tif', landslide_value)
    with open_raster(scene) as blank:

        def within_scene(window, pixels):
            return np.where(blank.read(1, window=window) == NODATA, NODATA, pixels)

        return edit_mask(warped, warped, within_scene)
