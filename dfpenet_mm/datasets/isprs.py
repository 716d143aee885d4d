"""The ISPRS data sets of urban scenes: Vaihingen and Potsdam, as windows of big tiles."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.files import read_errors

COMMENT = '#'
FIELDS = 'tile row col height width [seen_rows seen_cols]'


class TileWindow(NamedTuple):
    """A window of a tile, pixels.

    Attributes:
        tile: name of the tile's files, without folder and suffix.
        row: first row.
        col: first column.
        height: rows.
        width: columns.
        seen_rows: leading rows that an earlier window of the list holds.
        seen_cols: leading columns that an earlier window of the list holds.
    """

    tile: str
    row: int
    col: int
    height: int
    width: int
    seen_rows: int = 0
    seen_cols: int = 0


def read_window_list(path: Path) -> list[TileWindow]:
    """Read a list of windows.

    Raises:
        InputFileError: if the file is missing, empty, or holds a line that is no window.
    """
    with read_errors(
        path,
        ValueError,
        how='cannot be read as a list of windows',
        advice='prepare the data set with its converter in tools/dataset_converters, or set '
        'ann_file in the config',
    ):
        text = path.read_text(encoding='utf-8')
    lines = enumerate(text.splitlines(), start=1)
    kept = [(number, line) for number, line in lines if line.strip() and line[0] != COMMENT]
    if not kept:
        raise InputFileError(
            f'{path} lists no window; prepare the data set again, or name another split'
        )
    return [_parse(path, number, line) for number, line in kept]


def write_window_list(path: Path, windows: Iterable[TileWindow], *, comment: str) -> None:
    """Write a list of windows, with one line of comment on top."""
    lines = [f'{COMMENT} {comment}', f'{COMMENT} {FIELDS}']
    for window in windows:
        fields = window if window.seen_rows or window.seen_cols else window[:5]
        lines.append(' '.join(map(str, fields)))
    path.write_text('\n'.join(lines) + '\n', encoding='utf-8')


def _parse(path: Path, number: int, line: str) -> TileWindow:
    tile, *texts = line.split()
    # isdecimal: no signs, no fractions.
    numbers = [int(text) for text in texts if text.isdecimal() and text.isascii()]
    if len(numbers) == len(texts) and len(numbers) in (4, 6):
        window = TileWindow(tile, *numbers)
        if window.height > window.seen_rows and window.width > window.seen_cols:
            return window
    raise InputFileError(
        f'{path}, line {number} is {line[:60]!r}, wanted is {FIELDS!r} in whole pixels; '
        f'mend the line, or prepare the data set again'
    )


class IsprsDataset(BaseSegDataset):
    """Windows of GeoTIFF tiles, listed in a file.

    Samples are windows and not files, since the paper's overlapping patches of Vaihingen
    would fill 30 GB where the tiles take half of one. The loading transforms read ``window``,
    (row, col, height, width), from the tile. Of a window that shares pixels with earlier ones
    (``seen``, leading rows and columns) ``LoadRasterMask`` labels only those that are new.

    Args:
        data_root: folder that a converter of ``tools/dataset_converters`` has written.
        ann_file: list of windows, such as ``splits/train.txt``.
        data_prefix: folders of images and labels; by default the labels are not eroded.
        img_suffix: ending of the images' names.
        seg_map_suffix: ending of the labels' names.
        base_settings: further arguments of mmseg's ``BaseSegDataset``.

    Raises:
        InputFileError: when the list is missing or empty, or a tile lacks its image or labels.
    """

    METAINFO = {
        'classes': ('impervious_surface', 'building', 'low_vegetation', 'tree', 'car', 'clutter'),
        'palette': [
            [255, 255, 255],
            [0, 0, 255],
            [0, 255, 255],
            [0, 255, 0],
            [255, 255, 0],
            [255, 0, 0],
        ],
    }

    def __init__(
        self,
        *,
        data_root: str,
        ann_file: str,
        data_prefix: dict | None = None,
        img_suffix: str = '.tif',
        seg_map_suffix: str = '.tif',
        **base_settings,
    ) -> None:
        super().__init__(
            data_root=data_root,
            ann_file=ann_file,
            data_prefix={'img_path': 'images', 'seg_map_path': 'labels', **(data_prefix or {})},
            img_suffix=img_suffix,
            seg_map_suffix=seg_map_suffix,
            **base_settings,
        )

    def load_data_list(self) -> list[dict]:
        """List the windows, in the file's order, after checking that their tiles are there."""
        windows = read_window_list(Path(self.ann_file))
        tiles = sorted({window.tile for window in windows})
        wanted = [path for tile in tiles for path in self._files(tile)]
        lost = [path for path in wanted if not path.is_file()]
        if lost:
            raise InputFileError(
                f'{len(lost)} of the {len(wanted)} images and labels that {self.ann_file} asks '
                f'for are missing, the first is {lost[0]}; prepare the data set again, or set '
                f'data_prefix in the config to where they are'
            )
        return [self._sample(window) for window in windows]

    def _files(self, tile: str) -> tuple[Path, Path]:
        return (
            Path(self.data_prefix['img_path'], f'{tile}{self.img_suffix}'),
            Path(self.data_prefix['seg_map_path'], f'{tile}{self.seg_map_suffix}'),
        )

    def _sample(self, window: TileWindow) -> dict:
        image, labels = self._files(window.tile)
        return {
            'img_path': str(image),
            'seg_map_path': str(labels),
            'window': (window.row, window.col, window.height, window.width),
            'seen': (window.seen_rows, window.seen_cols),
            'label_map': self.label_map,
            'reduce_zero_label': self.reduce_zero_label,
            'seg_fields': [],
        }


# mmseg has taken the name PotsdamDataset for folders of chips whose labels start at 1.
@DATASETS.register_module()
class PotsdamTileDataset(IsprsDataset):
    """Windows of Potsdam's tiles: RGB, IRRG or RGB and infrared; 5 cm; six classes.

    ``tools/dataset_converters/potsdam.py`` prepares it. Arguments as of ``IsprsDataset``.

    Source: ISPRS 2D Semantic Labeling Contest.
    """


@DATASETS.register_module()
class VaihingenDataset(IsprsDataset):
    """Windows of Vaihingen's tiles: infrared, red, green; 9 cm; six classes.

    ``tools/dataset_converters/vaihingen.py`` prepares it. Arguments as of ``IsprsDataset``.

    Source: section 3.2.5 of the paper; ISPRS 2D Semantic Labeling Contest.
    """
