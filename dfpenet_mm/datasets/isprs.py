"""What the two ISPRS data sets of urban scenes share: classes, layout, windows of tiles."""

from __future__ import annotations

from pathlib import Path

from mmseg.datasets import BaseSegDataset

from dfpenet_mm.datasets.window_list import TileWindow, read_window_list
from dfpenet_mm.errors import InputFileError


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
