"""What a run maps itself: its rasters, as cloud-optimised GeoTIFFs, and the area asked for.

Both say where they come from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely

from dfpenet_mm.cli.provenance import TAG
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.products.cog import write_cog
from dfpenet_mm.mapping.scene.aoi import AreaOfInterest
from postproc.inventory.formats import write_inventory
from postproc.inventory.layer import AREA, Layer


def write_rasters(rasters: Mapping[str, Path], folder: Path, origin: Mapping[str, Any]) -> None:
    """Write the products of a run.

    Args:
        rasters: complete rasters by the names of the products.
        folder: where to write them, as ``NAME.tif``.
        origin: the lasting part of the run's provenance.

    Raises:
        OutputError: if the disk refuses.
    """
    for name, path in rasters.items():
        write_cog(path, folder / f'{name}.tif', {TAG: json.dumps(origin, sort_keys=True)})


def write_area(
    area: AreaOfInterest, grid: RasterGrid, folder: Path, origin: Mapping[str, Any]
) -> None:
    """Write the area of interest as ``area_of_interest.gpkg``, in the scene's CRS.

    Args:
        area: as read.
        grid: the scene's.
        folder: where to write it.
        origin: the lasting part of the run's provenance.

    Raises:
        OutputError: if the disk refuses.
    """
    table = gpd.GeoDataFrame(
        {'name': [area.path.name]}, geometry=[shapely.union_all(area.polygons)], crs=grid.crs
    )
    write_inventory([Layer(AREA, AREA, table)], folder, [f'{AREA}.gpkg'], origin)
