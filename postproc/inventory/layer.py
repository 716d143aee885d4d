"""A layer of the inventory, as every format writes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd

LANDSLIDES = 'landslides'
REJECTED = 'rejected'
HEADSCARPS = 'headscarps'
AREA = 'area_of_interest'
# A fixed day instead of today's keeps a file a function of its data: the same run writes the
# same bytes.
WRITTEN = '2000-01-01'
# Key of a file's metadata that holds the product's provenance as JSON.
PROVENANCE_KEY = 'DFPENET_MM'


@dataclass(frozen=True)
class Layer:
    """A layer to write.

    Args:
        role: ``LANDSLIDES``, ``REJECTED``, ``HEADSCARPS`` or ``AREA``.
        name: as a user sees it.
        table: its rows, polygons or, of headscarps, points.
        pixel_m: shorter side of the scene's pixels, metres: what rounding may not spoil.
    """

    role: str
    name: str
    table: gpd.GeoDataFrame
    pixel_m: float = 1.0

    @property
    def geometry_type(self) -> str:
        """One type for the layer: a region whose parts meet at corners has two polygons."""
        return 'Point' if self.role == HEADSCARPS else 'MultiPolygon'

    def beside(self, path: Path) -> Path:
        """Return this layer's file where a format holds one layer a file.

        Args:
            path: of the landslides; the others lie beside it, such as ``NAME_rejected.shp``.
        """
        if self.role == LANDSLIDES:
            return path
        return path.with_name(f'{path.stem}_{self.role}{path.suffix}')
