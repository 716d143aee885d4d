"""The bands of an image that are red, green and blue, by names and colours in the file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rasterio.enums import ColorInterp
from rasterio.io import DatasetReader

from dfpenet_mm.errors import RasterFormatError
from dfpenet_mm.wording import counted

RGB = (1, 2, 3)
COLOURS = ('red', 'green', 'blue')
# Bands of Sentinel-2 and of Landsat 8 and 9.
NAMES = {'b04': 'red', 'b03': 'green', 'b02': 'blue', 'b4': 'red', 'b3': 'green', 'b2': 'blue'}
# Of Landsat 4 to 7, B2 to B4 are green, red and infrared; they come with these, and not with those.
OLDER, LATER = {'b1', 'b5', 'b7'}, {'b8a', 'b9', 'b10', 'b11', 'b12'}
# Words that make another colour of a colour, as in "red edge" and PlanetScope's "green_i", or
# that are light of another colour.
OTHER_LIGHT = {'edge', 'rededge', 'nir', 'infrared', 'near', 'swir', 'coastal', 'aerosol', 'i'}
OTHER_LIGHT |= {'yellow', 'deep', 'ultra', 'pan', 'panchromatic', 'thermal'}


@dataclass(frozen=True)
class BandChoice:
    """The bands of one image that are read.

    Args:
        bands: counted from 1, in the order the network wants.
        notice: one sentence if they are not those asked for, else None.
        doubt: one sentence if the file may mean others, else None.
    """

    bands: tuple[int, ...]
    notice: str | None = None
    doubt: str | None = None


def choose_bands(
    dataset: DatasetReader, bands: Sequence[int], *, by_colour: bool = True
) -> BandChoice:
    """Choose the bands of an image.

    Bands 1, 2, 3 mean red, green and blue: in a file that says which of its bands these are, by
    colours or names, they are read where they are. Transparency is never taken for one
    of them. Other bands are those asked for.

    Args:
        dataset: the open image.
        bands: those asked for, counted from 1.
        by_colour: bands 1, 2, 3 may be others; False takes them at their word.

    Raises:
        RasterFormatError: if transparency is one of bands 1, 2, 3 and too few others are left.
    """
    asked, name = tuple(bands), Path(dataset.name).name
    if asked[:3] != RGB or not by_colour or dataset.count < len(RGB):
        return BandChoice(asked)
    named, coloured = _rgb(_by_name(dataset)), _rgb(_by_colour(dataset))
    found = named or coloured
    if named and coloured and named != coloured:
        return BandChoice(
            asked,
            doubt=f'{name} contradicts itself: by their names, bands {_listed(named)} are '
            f'red, green and blue, by their colours bands {_listed(coloured)}; bands '
            f'{_listed(asked)} were read, give the right ones with --bands',
        )
    if found and RGB not in (found, asked):
        return BandChoice(
            asked,
            doubt=f'{name} calls its bands {_listed(found)} red, green and blue, but bands '
            f'{_listed(asked)} were read; if the network wants these three first, give all with '
            f'--bands',
        )
    reason = 'as the file declares'
    if not found:
        found, reason = _opaque(dataset), 'as transparency is none of them'
    if found == RGB or asked != RGB:
        return BandChoice(asked, doubt=_doubt_names(dataset))
    return BandChoice(
        found,
        notice=f'{name}: bands {_listed(found)} are read as red, green and blue, {reason}; '
        f'--bands 1,2,3 reads the first three instead',
    )


def _rgb(colours: Mapping[int, str]) -> tuple[int, ...] | None:
    """Return the bands of red, green and blue; None unless each of them is there once."""
    found = tuple(band for colour in COLOURS for band, name in colours.items() if name == colour)
    return found if sorted(colours.values()) == sorted(COLOURS) else None


def _by_colour(dataset: DatasetReader) -> dict[int, str]:
    named = {number: use.name for number, use in enumerate(dataset.colorinterp, start=1)}
    return {number: name for number, name in named.items() if name in COLOURS}


def _by_name(dataset: DatasetReader) -> dict[int, str]:
    names = _names(dataset)
    colours = {}
    for number, words in names.items():
        spoken = [word for word in words if word in COLOURS]
        if len(spoken) == 1 and not OTHER_LIGHT & {*words}:
            colours[number] = spoken[0]
    if colours or _is_older(names):
        return colours
    # The first word that is a band's number, as in "SR_B4".
    return {
        number: found[0]
        for number, words in names.items()
        if (found := [NAMES[word] for word in words if word in NAMES])
    }


def _names(dataset: DatasetReader) -> dict[int, list[str]]:
    """Split the descriptions of the bands into words, such as ``b04`` and ``red``."""
    return {
        number: [word for word in re.split(r'[^a-z0-9]+', (text or '').lower()) if word]
        for number, text in enumerate(dataset.descriptions, start=1)
    }


def _is_older(names: Mapping[int, Sequence[str]]) -> bool:
    words = {word for words in names.values() for word in words}
    return bool(words & OLDER) and not words & LATER


def _doubt_names(dataset: DatasetReader) -> str | None:
    """Return a doubt where names contradict that bands 1, 2, 3 are red, green and blue."""
    names, colours = _names(dataset), _by_name(dataset)
    said = {word for words in names.values() for word in words}
    if _rgb(colours) == RGB or not (
        any(COLOURS.index(colour) + 1 != number for number, colour in colours.items())
        or any(OTHER_LIGHT & {*names[number]} for number in RGB)
        or (_is_older(names) and {'b2', 'b3', 'b4'} <= said)
    ):
        return None
    name = Path(dataset.name).name
    return (
        f'{name} calls its bands {", ".join(filter(None, dataset.descriptions))}, and bands 1, 2, '
        f'3 were read as red, green and blue; if they are others, give the right ones with --bands'
    )


def _opaque(dataset: DatasetReader) -> tuple[int, ...]:
    """Return the first three bands that are not transparency."""
    found = tuple(
        number
        for number, use in enumerate(dataset.colorinterp, start=1)
        if use is not ColorInterp.alpha
    )[: len(RGB)]
    if len(found) < len(RGB):
        raise RasterFormatError(
            f'{dataset.name} has transparency and {counted(len(found), "other band")}, wanted are '
            f'red, green and blue; give an image that has them, or name bands with --bands'
        )
    return found


def _listed(bands: Sequence[int]) -> str:
    return ', '.join(map(str, bands))
