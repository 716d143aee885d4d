"""Data sets of ground without landslides: a folder of pictures, or a scene cut to chips."""

from __future__ import annotations

import json
import re
import shutil
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from dfpenet_mm.errors import ConfigError, InputFileError, RasterFormatError
from dfpenet_mm.files import check_free_folder, whole_folder
from dfpenet_mm.mapping.scene.scaling import Scaling
from dfpenet_mm.polygons import Polygons
from dfpenet_mm.preparation.chips.chip_files import TRAIN, VAL, write_chips
from dfpenet_mm.preparation.chips.plan import Chip, chip_windows
from dfpenet_mm.preparation.chips.source import ChipSource
from dfpenet_mm.vocabulary import BACKGROUND, SUMMARY, WGS84

PICTURES = ('.tif', '.tiff', '.png', '.jpg', '.jpeg')
# Every so many-th picture is held out, counted by the number in its name.
HELD_OUT = 3


def copy_pictures(
    folder: Path,
    out: Path,
    *,
    overwrite: bool = False,
    origin: Callable[[], Mapping[str, Any]] = dict,
) -> dict[str, int]:
    """Make a data set of a folder of pictures, none of which shows a landslide.

    A picture whose number, the last one in its name, is divisible by 3 is held out; pictures
    without a number are counted in the order of their names.

    Args:
        folder: 8-bit pictures of three bands or more, GeoTIFF, PNG or JPEG.
        out: folder of the data set, ``{train,val}/{images,masks}``; it appears when all is
            complete. Pictures are copied as they are, masks are 0.
        overwrite: replace a data set that an earlier run wrote.
        origin: gives further facts for the summary.

    Returns:
        Pictures by side.

    Raises:
        InputFileError: if there is no picture, or one cannot be read.
        RasterFormatError: if one is not of 8 bit, or has fewer than three bands.
        OutputError: if ``out`` is in use, or the disk refuses.
    """
    check_free_folder(out, overwrite=overwrite, marker=SUMMARY)
    pictures = [
        path
        for path in (sorted(folder.iterdir()) if folder.is_dir() else ())
        if path.suffix.lower() in PICTURES and not path.name.startswith('.')
    ]
    if not pictures:
        raise InputFileError(
            f'{folder} holds no picture ending in {", ".join(PICTURES)}; name the folder that the '
            f'pictures themselves are in'
        )
    _require_distinct(pictures)
    shapes = [_shape(path) for path in pictures]
    counts = {TRAIN: 0, VAL: 0}
    with whole_folder(out, overwrite=overwrite, marker=SUMMARY) as whole:
        for order, (path, shape) in enumerate(zip(pictures, shapes, strict=True)):
            side = VAL if _number(path.stem, order) % HELD_OUT == 0 else TRAIN
            counts[side] += 1
            for kind in ('images', 'masks'):
                (whole / side / kind).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, whole / side / 'images' / path.name)
            _write_mask(whole / side / 'masks' / f'{path.stem}.png', shape)
        _write_summary(whole, origin(), counts)
    return counts


def _require_distinct(pictures: Iterable[Path]) -> None:
    stems: dict[str, Path] = {}
    for path in pictures:
        other = stems.setdefault(path.stem, path)
        if other != path:
            raise InputFileError(
                f'{other.name} and {path.name} would share one mask; rename one of them'
            )


def _number(stem: str, order: int) -> int:
    numbers = re.findall(r'\d+', stem)
    return int(numbers[-1]) if numbers else order


def _shape(path: Path) -> tuple[int, int]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', NotGeoreferencedWarning)
            with rasterio.open(path) as picture:
                kinds, bands, shape = set(picture.dtypes), picture.count, picture.shape
    except RasterioError as error:
        raise InputFileError(
            f'{path} cannot be read as an image ({error}); replace it or take it away'
        ) from error
    if kinds != {'uint8'} or bands < 3:
        raise RasterFormatError(
            f'{path} has {bands} bands of {", ".join(sorted(kinds))}, wanted are three or more of '
            f'8 bit; give it as a scene, whose values are stretched to 8 bit, or take it away'
        )
    return shape


def _write_mask(path: Path, shape: tuple[int, int]) -> None:
    profile = {'driver': 'PNG', 'count': 1, 'dtype': 'uint8'}
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        with rasterio.open(path, 'w', height=shape[0], width=shape[1], **profile) as mask:
            mask.write(np.full(shape, BACKGROUND, np.uint8), 1)


def _write_summary(folder: Path, origin: Mapping[str, Any], counts: Mapping[str, int]) -> None:
    text = json.dumps({**origin, 'samples': counts}, indent=2, ensure_ascii=False)
    (folder / SUMMARY).write_text(f'{text}\n', encoding='utf-8')


@dataclass(frozen=True)
class GroundCut:
    """The way in which a scene without landslides is cut.

    Args:
        chip: side of a chip, pixels.
        stride: step from chip to chip, pixels.
        train_columns: columns from the left edge that train; what lies beyond is held out. None
            trains on all.
        max_nodata: largest share of a chip without data, in [0, 1).

    Raises:
        ConfigError: if a number is out of its range.
    """

    chip: int = 128
    stride: int = 96
    train_columns: int | None = None
    max_nodata: float = 0.03

    def __post_init__(self) -> None:
        if not (1 <= self.stride <= self.chip and 0 <= self.max_nodata < 1):
            raise ConfigError(
                f'chips of {self.chip} pixels every {self.stride} with up to {self.max_nodata} '
                f'nodata cannot be cut; give a stride of 1 to the chip and a share in [0, 1)'
            )

    def sides(self, shape: tuple[int, int]) -> dict[str, Window]:
        """Return the parts of a scene of some rows and columns that train and are held out."""
        rows, cols = shape
        cut = cols if self.train_columns is None else self.train_columns
        if rows < self.chip or not self.chip <= cut <= cols or 0 < cols - cut < self.chip:
            raise ConfigError(
                f'a scene of {rows} x {cols} pixels whose left {cut} columns train has no place '
                f'for chips of {self.chip}; give a smaller chip, or training columns that leave '
                f'as much on both sides'
            )
        parts = {TRAIN: Window(0, 0, cut, rows)}
        return parts | ({VAL: Window(cut, 0, cols - cut, rows)} if cut < cols else {})


def cut_scene(
    scene: Path,
    out: Path,
    cut: GroundCut,
    *,
    bands: Sequence[int] = (1, 2, 3),
    scaling: Scaling | None = None,
    overwrite: bool = False,
    origin: Callable[[], Mapping[str, Any]] = dict,
) -> dict[str, int]:
    """Cut a scene in which no landslide is visible to chips.

    Args:
        scene: a raster with a place on Earth.
        out: folder of the data set, ``{train,val}/{images,masks}/*.tif``; it appears when all
            is complete. Masks are 0, and 255 where the scene has no data.
        cut: how to cut.
        bands: bands of the chips, from 1.
        scaling: fitted to the whole scene, as when it is mapped; None keeps its values.
        overwrite: replace a data set that an earlier run wrote.
        origin: gives further facts for the summary.

    Returns:
        Chips by side.

    Raises:
        DfpenetError: a branch of it for whatever the user can mend; nothing is written then.
    """
    check_free_folder(out, overwrite=overwrite, marker=SUMMARY)
    nowhere = Polygons(
        path=scene,
        layer='',
        role='inventory',
        shapes=gpd.GeoSeries([], crs=WGS84),
        records=np.empty(0, int),
        fids=np.empty(0, int),
        ids=None,
        mended=0,
    )
    with closing(ChipSource(scene, nowhere, bands=bands, scaling=scaling)) as source:
        sides = {
            side: tuple(_full_chips(source, part, cut))
            for side, part in cut.sides(source.grid.shape).items()
        }
        if not sides[TRAIN]:
            raise RasterFormatError(
                f'{scene} has no chip of {cut.chip} pixels with at most {cut.max_nodata:.0%} '
                f'without data to train on; give smaller chips or a larger share'
            )
        with whole_folder(out, overwrite=overwrite, marker=SUMMARY) as whole:
            write_chips(whole, [source], sides)
            counts = {side: len(chips) for side, chips in sides.items()}
            _write_summary(whole, origin(), counts)
    return counts


def _full_chips(source: ChipSource, part: Window, cut: GroundCut) -> Iterable[Chip]:
    for window in chip_windows(part, cut.chip, cut.stride):
        chip = source.count(Chip(0, 0, window))
        if chip.valid >= (1 - cut.max_nodata) * cut.chip**2:
            yield chip
