"""The product that hooks pass on: polygons, the rasters behind them, and a log of findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from dfpenet_mm.grid import RasterGrid


@dataclass(frozen=True)
class LandslideProduct:
    """Landslides of one scene, passed from hook to hook and never changed in place.

    Args:
        landslides: one landslide a row, in the scene's CRS, with one column a measure. A hook
            that changes a geometry drops the columns that no longer describe it.
        grid: grid of the post-event scene; every raster in ``rasters`` shares it.
        rasters: paths by role. The engine gives ``mask`` (uint8: 0 background, 1
            landslide, 255 nodata) and ``probability``, and with a pre-event image
            ``pre_mask`` and ``pre_probability`` (255 and NaN where there is no
            pre-event data).
        out_dir: folder in which a hook may write products of its own.
        layers: paths of auxiliary rasters by name, on any grid and in any CRS, such as ``dem``.
        reference: inventory to evaluate against, vector or raster; None without one.
        rejected: landslides that a hook took away, with columns ``hook`` and ``reason``.
        results: what hooks found out, by hook name; plain JSON values.
        warnings: sentences the analyst must read, in order.
        provenance: where the product comes from; plain JSON values, written into every file.
    """

    landslides: gpd.GeoDataFrame
    grid: RasterGrid
    rasters: Mapping[str, Path]
    out_dir: Path
    layers: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))
    reference: Path | None = None
    rejected: gpd.GeoDataFrame | None = None
    results: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    warnings: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def replace(self, **changes: Any) -> LandslideProduct:
        """Return a copy with the named fields changed."""
        return replace(self, **changes)

    def reject(self, rows: np.ndarray, hook: str, reasons: Sequence[str]) -> LandslideProduct:
        """Move landslides to ``rejected``, where an analyst can take them back.

        Args:
            rows: boolean, shape (landslides,); True takes the landslide away.
            hook: name of the hook that takes them.
            reasons: why, one sentence for every True in ``rows``.

        Returns:
            A product with both tables renumbered from 0.
        """
        if not rows.any():
            return self
        lost = self.landslides[rows].assign(hook=hook, reason=list(reasons))
        earlier = [] if self.rejected is None else [self.rejected]
        return self.replace(
            landslides=self.landslides[~rows].reset_index(drop=True),
            rejected=pd.concat([*earlier, lost], ignore_index=True),
        )

    def with_result(self, hook: str, result: Any) -> LandslideProduct:
        """Add what a hook found out; a hook's second run is kept as ``<hook>_2``."""
        name, run = hook, 1
        while name in self.results:
            run += 1
            name = f'{hook}_{run}'
        return self.replace(results=MappingProxyType({**self.results, name: result}))

    def with_warning(self, sentence: str) -> LandslideProduct:
        """Add a sentence that the analyst must read; said twice, it is kept once."""
        if sentence in self.warnings:
            return self
        return self.replace(warnings=(*self.warnings, sentence))
