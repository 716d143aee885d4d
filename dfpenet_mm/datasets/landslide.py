"""Folders of image chips and landslide masks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeGuard

import numpy as np
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from dfpenet_mm.errors import ConfigError, InputFileError
from dfpenet_mm.files import read_errors
from dfpenet_mm.wording import counted

# How many files an error names; the rest is counted.
NAMED = 10


def list_named(items: Iterable[object]) -> str:
    """Name up to ``NAMED`` items and count the others."""
    items = list(items)
    rest = f' and {len(items) - NAMED} more' if len(items) > NAMED else ''
    return ', '.join(map(str, items[:NAMED])) + rest


def find_chips(folder: Path, suffixes: Sequence[str]) -> dict[str, Path]:
    """Find the files of a folder and of those below it that end in one of some suffixes.

    Args:
        folder: where to look; hidden files are left out.
        suffixes: what names end in, such as ``.tif`` or ``_sat.jpg``; capitals count the same.

    Returns:
        Path by name, sorted. A name is the path below ``folder`` without the suffix, with ``/``.

    Raises:
        InputFileError: if two files have one name.
    """
    # The longest suffix counts: _mask.png comes before .png.
    ordered = sorted(suffixes, key=len, reverse=True)
    chips: dict[str, Path] = {}
    for path in sorted(folder.rglob('*')):
        name = path.relative_to(folder).as_posix()
        suffix = next((end for end in ordered if name.lower().endswith(end.lower())), None)
        if suffix is None or path.name.startswith('.') or not path.is_file():
            continue
        name = name[: len(name) - len(suffix)]
        if name in chips:
            raise InputFileError(
                f'{folder} holds both {chips[name].name} and {path.name}; take one away, or name '
                f'the suffix of the images in img_suffix and of the masks in seg_map_suffix'
            )
        chips[name] = path
    return chips


def _read_split(path: Path, known: Iterable[str], suffixes: Sequence[str]) -> list[str]:
    """Read the names of chips, one a line, with or without suffix; lines with # are skipped."""
    with read_errors(
        f'the split {path}', ValueError, advice='give a text file with one chip a line'
    ):
        lines = [line.strip() for line in path.read_text(encoding='utf-8').splitlines()]
    known = set(known)
    names = [_strip(line, known, suffixes) for line in lines if line and line[0] != '#']
    lost = [name for name in names if name not in known]
    if lost:
        raise InputFileError(
            f'the split {path} names {counted(len(lost), "missing chip")}: {list_named(lost)}; '
            f'correct the list, or data_root and img_suffix in the config'
        )
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice or not names:
        fault = f'names {list_named(twice)} more than once' if twice else 'names no chip'
        raise InputFileError(f'the split {path} {fault}; list every chip once')
    return names


def _strip(line: str, known: set[str], suffixes: Sequence[str]) -> str:
    if line in known:
        return line
    ends = (end for end in suffixes if line.lower().endswith(end.lower()))
    return next((line[: -len(end)] for end in ends if line[: -len(end)] in known), line)


IMAGE_SUFFIXES = ('.tif', '.tiff', '.png', '.jpg', '.jpeg')
# JPEG blurs a mask's values; who has such masks may name the suffix.
MASK_SUFFIXES = ('.tif', '.tiff', '.png')


@DATASETS.register_module()
class LandslideDataset(BaseSegDataset):
    """Image chips under one folder, masks of the same names under another.

    Values of the mask files are mapped to classes by the ``LoadRasterMask`` transform, and
    bands are chosen by ``LoadRasterImage``. Several data sets join in mmengine's ConcatDataset.
    Landslides of several kinds are classes of their own where ``metainfo`` names them.

    Args:
        data_root: the folder that the others are in.
        data_prefix: ``img_path`` and ``seg_map_path`` below it; by default ``images`` and
            ``masks``. Without ``seg_map_path`` there are no masks, as in prediction.
        img_suffix: what names of images end in, one suffix or several.
        seg_map_suffix: what names of masks end in, one suffix or several.
        split: text file with one chip a line, below ``data_root``, with or without suffix; blank
            lines and those that begin with ``#`` are skipped. None for all chips.
        fraction: share of the chips that is used, in (0, 1], at least one chip. They are drawn
            at random such that every fraction of a seed holds all smaller ones.
        fraction_seed: of that draw.
        pixel_size: size of the images' pixels on the ground, metres, which
            ``RandomPixelSize`` needs; None if it is not known.
        metainfo: other ``classes`` than background and landslide, in the order of their labels,
            and their ``palette``, RGB each; without one the colours are drawn.
        **base_settings: those of mmseg's ``BaseSegDataset``.

    Raises:
        InputFileError: when the folder holds no image, an image has no mask, or the split
            does not fit the folder.
        ConfigError: if ``fraction`` or ``pixel_size`` is out of its range.

    Source: section 4.1.1, the landslide database; Fig. 10 for the fractions.
    """

    METAINFO = {'classes': ('background', 'landslide'), 'palette': [[0, 0, 0], [255, 0, 0]]}

    def __init__(
        self,
        *,
        data_root: str,
        data_prefix: dict | None = None,
        img_suffix: str | Sequence[str] = IMAGE_SUFFIXES,
        seg_map_suffix: str | Sequence[str] = MASK_SUFFIXES,
        split: str | None = None,
        fraction: float = 1.0,
        fraction_seed: int = 0,
        pixel_size: float | None = None,
        metainfo: Mapping | None = None,
        **base_settings,
    ) -> None:
        if not (_above_0(fraction) and fraction <= 1):
            raise ConfigError(f'fraction is {fraction!r}; give a number above 0 and up to 1')
        if pixel_size is not None and not _above_0(pixel_size):
            raise ConfigError(f'pixel_size is {pixel_size!r}; give metres on the ground, above 0')
        self.fraction = fraction
        self.pixel_size = pixel_size
        self.fraction_seed = fraction_seed
        super().__init__(
            data_root=data_root,
            data_prefix=data_prefix or {'img_path': 'images', 'seg_map_path': 'masks'},
            img_suffix=_several(img_suffix),
            seg_map_suffix=_several(seg_map_suffix),
            ann_file=split or '',
            metainfo=_with_palette(metainfo),
            **base_settings,
        )

    @classmethod
    def get_label_map(cls, new_classes: Sequence[str] | None = None) -> dict[int, int] | None:
        """Return how labels of the shipped classes become those of others, for mmseg's loader.

        mmseg takes no classes but a subset of the shipped ones.

        Returns:
            None for other classes, whose labels are what ``LoadRasterMask`` makes them.
        """
        if new_classes is None or not set(new_classes) <= set(cls.METAINFO['classes']):
            return None
        return super().get_label_map(new_classes)

    def load_data_list(self) -> list[dict]:
        """List the chips, sorted by name, after checking that every mask is there."""
        images = self._find('img_path', self.img_suffix)
        if not images:
            raise InputFileError(
                f'{self.data_prefix["img_path"]} holds no image ending in '
                f'{" or ".join(self.img_suffix)}; set data_root, data_prefix and img_suffix in '
                f'the config to where they are'
            )
        names = list(images)
        if self.ann_file:
            names = _read_split(Path(self.ann_file), names, self.img_suffix)
        names = self._draw(names)
        chips = [{'img_path': str(images[name]), **self._label_fields()} for name in names]
        if self.data_prefix.get('seg_map_path') is not None:
            masks = self._find('seg_map_path', self.seg_map_suffix)
            self._require_masks(names, masks)
            for chip, name in zip(chips, names, strict=True):
                chip['seg_map_path'] = str(masks[name])
        return chips

    def unused_masks(self) -> list[str]:
        """Return the names of masks that have no image, and so are silently left out."""
        if self.data_prefix.get('seg_map_path') is None:
            return []
        images = self._find('img_path', self.img_suffix)
        return [
            name for name in self._find('seg_map_path', self.seg_map_suffix) if name not in images
        ]

    def _find(self, prefix: str, suffixes: Sequence[str]) -> dict[str, Path]:
        return find_chips(Path(self.data_prefix[prefix]), suffixes)

    def _draw(self, names: list[str]) -> list[str]:
        """Take the first chips of one random order, so that larger draws hold smaller ones."""
        count = max(1, round(self.fraction * len(names)))
        order = np.random.default_rng(self.fraction_seed).permutation(len(names))
        return [names[index] for index in sorted(order[:count])]

    def _label_fields(self) -> dict:
        known = {} if self.pixel_size is None else {'pixel_size': float(self.pixel_size)}
        return known | {
            'label_map': self.label_map,
            'reduce_zero_label': self.reduce_zero_label,
            'seg_fields': [],
        }

    def _require_masks(self, names: Sequence[str], masks: dict[str, Path]) -> None:
        lost = [name for name in names if name not in masks]
        if lost:
            raise InputFileError(
                f'{len(lost)} of {len(names)} images have no mask ending in '
                f'{" or ".join(self.seg_map_suffix)} in {self.data_prefix["seg_map_path"]}: '
                f'{list_named(lost)}; add the masks or take their images away'
            )


def _above_0(value: object) -> TypeGuard[float]:
    """Tell whether a setting is a finite number above 0; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


def _several(suffix: str | Sequence[str]) -> tuple[str, ...]:
    return (suffix,) if isinstance(suffix, str) else tuple(suffix)


def _with_palette(metainfo: Mapping | None) -> Mapping | None:
    """Let mmseg draw the colours of classes that come without, not take those of two others."""
    shipped = LandslideDataset.METAINFO['classes']
    if not metainfo or 'palette' in metainfo or len(metainfo.get('classes', shipped)) == 2:
        return metainfo
    return {**metainfo, 'palette': []}
