"""Contents of the ISPRS archives of Vaihingen and Potsdam, and the split of their tiles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from dfpenet_mm.errors import ConfigError

IMAGES, LABELS, ERODED = 'images', 'labels', 'labels_eroded'


@dataclass(frozen=True)
class IsprsCollection:
    """File names and splits of one data set.

    Args:
        title: its name, for people.
        patterns: regular expression of file names -> what such a file may be, of IMAGES,
            LABELS and ERODED. The group is the tile's number.
        prefix: what a tile's name has before its number.
        train: numbers of the training tiles.
        test: numbers of the test tiles.
        train_patches: random patches of a training tile.
        test_patches: random patches of a test tile.
        pretrain_extra: test tiles that pre-training looks at, too; none means that there is
            no pre-training split.
        pretrain_patches: random patches of a tile of the pre-training split.
        inexact: tiles whose published colours are only near the official ones.
    """

    title: str
    patterns: dict[str, tuple[str, ...]]
    prefix: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    train_patches: int
    test_patches: int
    pretrain_extra: tuple[str, ...] = ()
    pretrain_patches: int = 0
    inexact: tuple[str, ...] = ()

    @property
    def tiles(self) -> tuple[str, ...]:
        """Names of all tiles, training first."""
        return tuple(map(self.tile_name, (*self.train, *self.test)))

    def tile_name(self, number: str) -> str:
        """Return the name of a tile, which its files and the window lists use."""
        return f'{self.prefix}{number}'

    def holds(self, name: str, numbers: Sequence[str]) -> bool:
        """Tell whether a tile, by name, is among tiles, by number."""
        return name in map(self.tile_name, numbers)

    @property
    def examples(self) -> list[str]:
        """File names of the first tile, for messages."""
        names = (re.sub(r'\(.*\)', self.train[0], text) for text in self.patterns)
        return [name.replace('\\', '') for name in names]

    @cached_property
    def _compiled(self) -> list[tuple[re.Pattern, tuple[str, ...]]]:
        return [(re.compile(text, re.IGNORECASE), kinds) for text, kinds in self.patterns.items()]

    def recognise(self, file_name: str) -> tuple[str, tuple[str, ...]] | None:
        """Tell which tile a file is of, and what it may be; None if it is no tile's."""
        for pattern, kinds in self._compiled:
            match = pattern.fullmatch(file_name)
            if match and self.tile_name(match[1]) in self.tiles:
                return self.tile_name(match[1]), kinds
        return None


def _numbers(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# The paper's 24,800, 6,205 and 26,800 patches are exactly 1,550, 365 and 1,340 for each of its
# 16, 17 and 20 tiles, so every tile gives as many, whatever its area.
#
# Pre-training uses "16 images from the training set and 4 images from the validation set". All
# 33 tiles belong to the 16 or the 17, so these 4 are test tiles. The paper does not name them;
# here they are every fourth one. Scores over all 17 of a network pre-trained so are flattered:
# the split without the 4 tells by how much.
VAIHINGEN = IsprsCollection(
    title='ISPRS Vaihingen',
    # Images and ground truth have the same names: their content tells them apart.
    patterns={
        r'top_mosaic_09cm_area(\d+)\.tif': (IMAGES, LABELS),
        r'top_mosaic_09cm_area(\d+)_noBoundary\.tif': (ERODED,),
    },
    prefix='area',
    train=_numbers('1 3 5 7 11 13 15 17 21 23 26 28 30 32 34 37'),
    test=_numbers('2 4 6 8 10 12 14 16 20 22 24 27 29 31 33 35 38'),
    train_patches=1550,
    test_patches=365,
    pretrain_extra=_numbers('8 16 27 35'),
    pretrain_patches=1340,
)

# The paper did not use Potsdam; its tiles give as many patches as Vaihingen's.
POTSDAM = IsprsCollection(
    title='ISPRS Potsdam',
    patterns={
        r'top_potsdam_(\d+_\d+)_RGB\.tif': (IMAGES,),
        r'top_potsdam_(\d+_\d+)_label\.tif': (LABELS,),
        r'top_potsdam_(\d+_\d+)_label_noBoundary\.tif': (ERODED,),
    },
    prefix='',
    train=_numbers(
        '2_10 2_11 2_12 3_10 3_11 3_12 4_10 4_11 4_12 5_10 5_11 5_12 '
        '6_7 6_8 6_9 6_10 6_11 6_12 7_7 7_8 7_9 7_10 7_11 7_12'
    ),
    test=_numbers('2_13 2_14 3_13 3_14 4_13 4_14 4_15 5_13 5_14 5_15 6_13 6_14 6_15 7_13'),
    train_patches=1550,
    test_patches=365,
    # As published, 4_12 went through a lossy compression, and most cars of 6_7 are (252, 255, 0).
    inexact=('4_12', '6_7'),
)


POTSDAM_BANDS = ('RGB', 'IRRG', 'RGBIR')


def potsdam(bands: str) -> IsprsCollection:
    """Return Potsdam with images of the bands asked for.

    Args:
        bands: RGB, IRRG or RGBIR.

    Raises:
        ConfigError: if ISPRS publishes no such images.
    """
    if bands not in POTSDAM_BANDS:
        raise ConfigError(
            f'Potsdam has no {bands} images; choose one of {", ".join(POTSDAM_BANDS)}'
        )
    names = {text.replace('_RGB', f'_{bands}'): kinds for text, kinds in POTSDAM.patterns.items()}
    return replace(POTSDAM, patterns=names)
