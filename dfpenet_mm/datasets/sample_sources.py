"""What a data set reads, whatever it is wrapped in: its files, bands and mask values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dfpenet_mm.datasets.file_check import IGNORED, SampleFiles
from dfpenet_mm.datasets.transforms import LoadRasterImage, LoadRasterMask

# What mmcv's own loader, which cv2 stands behind, makes of any image.
CV2_BANDS = 3
# Attributes by which transforms hold others: Compose, wrappers, TestTimeAug.
NESTED = ('transforms', 'subroutines')


@dataclass(frozen=True)
class Reading:
    """How the pipeline of a data set reads a sample.

    Args:
        bands: bands read, from 1; None where mmcv's own loader reads three.
        value_map: pairs of mask value and class.
        grey_masks: whether a mask may have several equal bands, as ``LoadRasterMask`` allows.
    """

    bands: tuple[int, ...] | None
    value_map: tuple[tuple[int, int], ...]
    grey_masks: bool

    @property
    def band_count(self) -> int:
        """Bands that enter the network."""
        return CV2_BANDS if self.bands is None else len(self.bands)


def leaves(dataset: Any) -> Iterator[Any]:
    """Yield the data sets in ConcatDataset, RepeatDataset and their like."""
    if hasattr(dataset, 'datasets'):
        for part in dataset.datasets:
            yield from leaves(part)
    elif hasattr(dataset, 'dataset'):
        yield from leaves(dataset.dataset)
    else:
        yield dataset


def reading_of(leaf: Any) -> Reading:
    """Find out from its loading transforms how a data set reads."""
    transforms = list(_flatten(leaf.pipeline))
    images = [item for item in transforms if isinstance(item, LoadRasterImage)]
    masks = [item for item in transforms if isinstance(item, LoadRasterMask)]
    value_map = masks[0].value_map if masks else _plain_map(leaf)
    bands = images[0].bands if images else None
    return Reading(bands, tuple(sorted(value_map.items())), grey_masks=bool(masks))


def files_of(leaf: Any, reading: Reading) -> list[SampleFiles]:
    """List the distinct files of a data set, with the reach of the windows in them."""
    reaches: dict[tuple[str, str | None], tuple[int, int]] = {}
    for index in range(len(leaf)):
        info = leaf.get_data_info(index)
        key = info['img_path'], info.get('seg_map_path')
        row, col, height, width = info.get('window', (0, 0, 0, 0))
        rows, cols = reaches.get(key, (0, 0))
        reaches[key] = max(rows, row + height), max(cols, col + width)
    classes = len(leaf.metainfo['classes'])
    return [
        SampleFiles(
            image, mask, reading.bands, reading.value_map, classes, reach, reading.grey_masks
        )
        for (image, mask), reach in reaches.items()
    ]


def _flatten(transform: Any) -> Iterator[Any]:
    yield transform
    for name in NESTED:
        for part in getattr(transform, name, None) or ():
            yield from _flatten(part)


def _plain_map(leaf: Any) -> dict[int, int]:
    """Return what mmseg's ``LoadAnnotations`` makes of the values of a mask."""
    classes = len(leaf.metainfo['classes'])
    if leaf.reduce_zero_label:
        values = {0: IGNORED, **{label + 1: label for label in range(classes)}}
    else:
        values = leaf.label_map or {label: label for label in range(classes)}
    return {**values, IGNORED: IGNORED}
