"""Chips as files: GeoTIFF pairs of image and mask, and an index with their outlines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
from rasterio.windows import Window

from dfpenet_mm.preparation.chips.plan import Chip, each_once
from dfpenet_mm.preparation.chips.source import ChipSource
from dfpenet_mm.vocabulary import NODATA

INDEX = 'chips.gpkg'
TRAIN, VAL = 'train', 'val'


def write_chips(
    folder: Path,
    sources: Sequence[ChipSource],
    sides: Mapping[str, Sequence[Chip]],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Path:
    """Write ``{side}/{images,masks}/*.tif`` and the index.

    Args:
        folder: an empty folder.
        sources: the scenes.
        sides: chips by side, ``train`` and perhaps ``val``. Of overlapping chips of ``val`` the
            first one has the labels, so that no pixel is scored twice.
        progress: told chips written and their total.

    Returns:
        The index, a GeoPackage with a row a chip.
    """
    stems = [source.path.stem for source in sources]
    names = [
        stem if stems.count(stem) == 1 else f'{stem}-{index}'
        for index, stem in enumerate(stems, start=1)
    ]
    rows = []
    total = sum(map(len, sides.values()))
    for side, chips in sides.items():
        for kind in ('images', 'masks'):
            (folder / side / kind).mkdir(parents=True)
        for chip, counted in _labelled(side, chips):
            source, window = sources[chip.scene], chip.window
            name = f'{names[chip.scene]}_r{window.row_off:05d}_c{window.col_off:05d}.tif'
            _write_chip(folder / side, name, source, window, counted)
            rows.append(_row(side, name, source, chip))
            progress(len(rows), total)
    chips = [chip for part in sides.values() for chip in part]
    return _write_index(folder / INDEX, rows, sources, chips)


def _labelled(side: str, chips: Sequence[Chip]) -> Iterable[tuple[Chip, np.ndarray | None]]:
    if side != VAL or not chips:
        return ((chip, None) for chip in chips)
    return each_once(chips, chips[0].window.width)


def _write_chip(
    folder: Path, name: str, source: ChipSource, window: Window, counted: np.ndarray | None
) -> None:
    """Write one image and its mask, both on their place on the ground."""
    bands, labels = source.cut(window, counted)
    profile = {
        'driver': 'GTiff',
        'height': window.height,
        'width': window.width,
        'crs': source.grid.crs,
        'transform': source.grid.window(window).transform,
        'compress': 'deflate',
    }
    predictor = 3 if bands.dtype.kind == 'f' else 2
    image = profile | {'count': len(bands), 'dtype': bands.dtype.name, 'predictor': predictor}
    with rasterio.open(folder / 'images' / name, 'w', **image) as target:
        target.write(bands)
    mask = profile | {'count': 1, 'dtype': 'uint8', 'nodata': NODATA}
    with rasterio.open(folder / 'masks' / name, 'w', **mask) as target:
        target.write(labels, 1)


def _row(side: str, name: str, source: ChipSource, chip: Chip) -> dict[str, object]:
    return {
        'split': side,
        'file': name,
        'scene': source.path.name,
        'block': chip.block,
        'row': chip.window.row_off,
        'col': chip.window.col_off,
        'landslide_pixels': chip.landslide,
        'landslide_share': round(chip.landslide_share, 6),
        'ignored_share': round(1 - chip.valid / (chip.window.height * chip.window.width), 6),
    }


def _write_index(
    path: Path,
    rows: Sequence[Mapping[str, object]],
    sources: Sequence[ChipSource],
    chips: Sequence[Chip],
) -> Path:
    tables = []
    for number, source in enumerate(sources):
        mine = [place for place, chip in enumerate(chips) if chip.scene == number]
        outlines = [source.grid.window(chips[place].window).outline for place in mine]
        table = pd.DataFrame([rows[place] for place in mine], index=mine)
        placed = gpd.GeoDataFrame(table, geometry=outlines, crs=source.grid.crs)
        tables.append(placed.to_crs(sources[0].grid.crs))
    index = pd.concat([table for table in tables if len(table)]).sort_index()
    index.to_file(path, layer='chips', driver='GPKG', engine='pyogrio')
    return path
