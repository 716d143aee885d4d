"""Chips as files: GeoTIFF pairs of image and mask, an index of their places, a contact sheet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rasterio.windows import Window

from dfpenet_mm.preparation.chips.plan import Chip, each_once
from dfpenet_mm.preparation.chips.source import ChipSource
from dfpenet_mm.vocabulary import LANDSLIDE, NODATA

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


SHEET = 'quick_look.png'
COLOURS = {'train': '#1f77b4', 'val': '#ff7f0e'}
OUTLINE, UNKNOWN = '#ffe600', '#00e5ff'
STRETCH_PERCENTILES = (1, 99)


@style.context('default')  # not the user's matplotlibrc
def draw_sheet(folder: Path, *, rows: int = 4, cols: int = 6, seed: int = 0) -> Path:
    """Draw the places of all chips and some of the chips themselves.

    Args:
        folder: a complete chip data set.
        rows: of chips on the sheet.
        cols: likewise.
        seed: of the draw; three of four drawn chips have landslides, where there are so many.

    Returns:
        The picture, ``quick_look.png`` in the folder.
    """
    index = gpd.read_file(folder / INDEX)
    chosen = index.loc[_choose(index, rows * cols, np.random.default_rng(seed))]
    figure = Figure(figsize=(2.1 * (cols + 2 * rows / 3) + 1, 2.3 * rows), layout='constrained')
    grid = figure.add_gridspec(rows, cols + rows)
    _draw_places(figure.add_subplot(grid[:, :rows]), index)
    for place, chip in enumerate(chosen.itertuples()):
        axes = figure.add_subplot(grid[place // cols, rows + place % cols])
        _draw_chip(axes, folder / chip.split, chip.file)
        axes.set_title(
            f'{chip.split}, {chip.landslide_share:.1%}', fontsize=9, color=COLOURS[chip.split]
        )
    figure.suptitle(
        f'{len(index)} chips: yellow outlines are landslides, cyan ones ignored', fontsize=12
    )
    figure.savefig(folder / SHEET, dpi=110)
    return folder / SHEET


def _stretch(bands: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Make colours in [0, 1], (rows, cols, 3), of the first three bands, or the first in grey."""
    shown = bands[:3] if len(bands) >= 3 else bands[[0, 0, 0]]
    colours = np.zeros((*shown.shape[1:], 3))
    for channel, band in enumerate(shown.astype(float)):
        low, high = np.percentile(band[known] if known.any() else band, STRETCH_PERCENTILES)
        colours[..., channel] = np.clip((band - low) / max(high - low, 1e-9), 0, 1)
    return colours


def _choose(index: gpd.GeoDataFrame, count: int, rng: np.random.Generator) -> Sequence[int]:
    """Draw half of the chips from each side, the larger part of them with landslides."""
    chosen: list[int] = []
    for _, part in index.groupby('split'):
        wanted = count // index['split'].nunique()
        with_landslides = rng.permutation(part.index[part.landslide_pixels > 0])
        without = rng.permutation(part.index[part.landslide_pixels == 0])
        plain = min(len(without), max(wanted // 4, wanted - len(with_landslides)))
        chosen += [*with_landslides[: wanted - plain], *without[:plain]]
    return chosen


def _draw_places(axes: Axes, index: gpd.GeoDataFrame) -> None:
    for side, part in index.groupby('split'):
        part.plot(ax=axes, color=COLOURS[side], alpha=0.3, edgecolor=COLOURS[side], aspect='equal')
        hit = part.landslide_pixels.gt(0).sum()
        label = f'{side}: {len(part)} chips, {hit} with landslides'
        axes.plot([], [], color=COLOURS[side], linewidth=6, label=label)
    axes.legend(loc='lower center', bbox_to_anchor=(0.5, 1.01), fontsize=9)
    axes.tick_params(labelsize=7)
    axes.ticklabel_format(style='plain', useOffset=False)
    axes.tick_params(axis='x', rotation=30)


def _draw_chip(axes: Axes, folder: Path, name: str) -> None:
    with rasterio.open(folder / 'images' / name) as image:
        bands = image.read()
    with rasterio.open(folder / 'masks' / name) as mask:
        labels = mask.read(1)
    axes.imshow(_stretch(bands, labels != NODATA))
    for value, colour in ((LANDSLIDE, OUTLINE), (NODATA, UNKNOWN)):
        inside = labels == value
        if inside.any() and not inside.all():
            axes.contour(inside, levels=[0.5], colors=[colour], linewidths=0.9)
    axes.set_axis_off()
